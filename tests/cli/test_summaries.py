"""What a summary says: how much of a payment found its claim, what a duplicate repeats, singular and plural."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli import summaries
from cli.jobs.create_claims import CreateResult
from cli.jobs.manifest import FileEntry, FindingEntry, PaymentEntry, summarise
from cli.jobs.scrub.check import HeldClaim
from edi.model.finding import Finding, Location, Severity


def payment(outcome="posted", **counts):
    return PaymentEntry(st_control_number="0001", outcome=outcome, **counts)


def said(capsys, *files):
    summaries.print_manifest(summarise(files))
    return " ".join(capsys.readouterr().out.split())


def entry(**more):
    return FileEntry(**{"file": "a.835", "sha256": "0" * 64, "kind": "835", "outcome": "posted", **more})


def test_a_payment_in_which_nothing_matched_says_so(capsys):
    text = said(capsys, entry(payments=(payment(claims=3, unmatched=3),)))
    assert "1 payment: taken in, 0 of 3 claims matched" in text


def test_only_what_is_posted_is_counted_and_outcomes_are_told_apart(capsys):
    posted = payment(claims=1, claims_matched=1, claims_held=0)
    text = said(capsys, entry(payments=(posted, payment("duplicate", claims=9))))
    assert "2 payments: 1 duplicate, 1 taken in, 1 of 1 claim matched" in text


def test_taken_in_is_not_posted(capsys):
    files = [entry(payments=(payment(claims=3, unmatched=3), payment(claims=1, claims_held=1)))]
    summaries.print_manifest(summarise(files), money_of={"posted": 0, "unmatched": 123456, "suspense": 500})
    out = capsys.readouterr().out
    assert "2 payments taken in: 0.00 posted to claims, 1234.56 unmatched, 5.00 in suspense" in out
    assert out.startswith("taken in    835")


def noted(severity, number):
    code = f"PYX{number:02}" if severity == "info" else f"{severity[0].upper()}{number:02}"
    return FindingEntry(code=code, severity=severity, message="m")


def test_remarks_are_counted_and_no_error_is_left_out(capsys):
    listed = [noted("info", n) for n in range(30)] + [noted("warning", n) for n in range(3)]
    listed += [noted("error", n) for n in range(25)]
    summaries.print_manifest(summarise([entry(findings=tuple(listed))]))
    codes = [line.split()[1] for line in capsys.readouterr().err.splitlines() if " a.835: m" in line]
    assert codes == [f"E{n:02}" for n in range(25)]
    note = FindingEntry(code="ING009", severity="info", message="m")
    summaries.print_manifest(summarise([entry(findings=(note, *listed[:33]))]))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines[:-1]] == ["W00", "W01", "W02", "ING009"]
    assert lines[-1] == "30 conformance remarks; --json lists them"


def test_one_is_singular(capsys):
    text = said(
        capsys, entry(payments=(payment(claims=1, claims_matched=1, lines=1, lines_matched=1, denials=1),))
    )
    assert "1 payment taken in" in text
    assert "1 of 1 claim matched (1 of 1 line)" in text
    assert "1 denial" in text
    assert not any(f" 1 {word}s" in f" {text}" for word in ("payment", "claim", "line", "denial"))


def test_a_duplicate_says_of_which_file(capsys):
    assert "taken in before as first.835" in said(
        capsys, entry(outcome="duplicate", duplicate_of="first.835")
    )


def problem(code, session=None, severity=Severity.ERROR):
    return Finding(code=code, severity=severity, message="m", location=Location(session=session))


def created(*held, findings=()):
    empty = dict.fromkeys(("lines", "rejected_rows", "already_billed", "changed", "held_lines", "claims"), 0)
    return CreateResult(
        **empty, claim_lines=0, charge=0, not_billed={}, files=(), put_back=(), held=held, findings=findings
    )


def held_claim(number):
    return HeldClaim(
        practice_id="p",
        payer="acme",
        session_line_ids=(f"V{number}-2", f"V{number}-1"),
        charge=9000,
        findings=(problem("UNT003"), problem("CHK001", severity=Severity.WARNING), problem("UNT003")),
    )


def test_what_is_held_is_named_by_its_session_lines():
    texts = list(summaries.held_text(created(held_claim(1), findings=(problem("CHG007", "V9-1"),)), most=5))
    assert texts == ["held V1-1 V1-2 (acme, 90.00): UNT003", "held V9-1 (no claim yet): CHG007"]


def test_a_long_list_of_held_claims_ends_with_where_the_rest_is():
    texts = list(summaries.held_text(created(*map(held_claim, range(7))), most=5))
    assert len(texts) == 6
    assert texts[-1].startswith("… and 2 more; claims create")


@pytest.mark.parametrize("found", [None, "/elsewhere/claimloop"])
def test_the_next_line_works_where_the_command_is_not_on_the_path(monkeypatch, tmp_path, found):
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "bin" / "claimloop")])
    monkeypatch.setattr(summaries, "which", lambda _name: found)
    assert summaries.this_command() == str(tmp_path / "bin" / "claimloop")


def test_the_next_line_is_short_where_the_command_is_on_the_path(monkeypatch, tmp_path):
    running = str(tmp_path / "claimloop")
    monkeypatch.setattr(sys, "argv", [running])
    monkeypatch.setattr(summaries, "which", lambda _name: running)
    assert summaries.this_command() == "claimloop"


@pytest.mark.parametrize("words", [["--version"], ["explain", "CO-97"], ["x12", "show", "absent.835"]])
def test_what_needs_no_store_does_not_load_it(words, tmp_path):
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom cli.app import app\n"
        f"CliRunner().invoke(app, {words!r})\n"
        "print(sorted({'sqlmodel', 'sqlalchemy', 'reconcile.store'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
