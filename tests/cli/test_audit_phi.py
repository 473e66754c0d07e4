"""No name, member id, birth date, address or telephone number in the audit or in a log, whatever goes wrong."""

from __future__ import annotations

import csv
import io
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_phi import MARKER, marked_office, patients, write_patients
from tests.command_line import AS_OF, DEMO, Office, Run, claimloop


@pytest.fixture
def log(tmp_path, monkeypatch) -> Iterator[io.StringIO]:
    """Everything that any library logs, down to DEBUG, as a program that sets the level of the root would see it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def audit_of(office: Office) -> str:
    run = office("audit", "list", "--json")
    assert run.code == 0, run
    return run.out


def unexpected(folder: Path) -> str:
    """The logs of unexpected errors."""
    return "".join(path.read_text(encoding="utf-8") for path in folder.glob("claimloop-*.log"))


COMMANDS: list[tuple[str, ...]] = [
    ("claims", "list"), ("claims", "show", "{claim}", "--show-phi"), ("claims", "show", "QZXLAST"),
    ("eob", "{claim}", "--show-phi"), ("eob", "{claim}", "--show-phi", "--format", "pdf", "--output", "{folder}/QZXLAST.pdf"),
    ("claims", "list", "--format", "xlsx", "--output", "{folder}/QZXLAST.xlsx"), ("ledger", "{claim}"),
    ("denials", "list", "--all", "--json"), ("denials", "note", "QZXLAST", "--text", "QZXLAST QZXFIRST called"),
    ("denials", "assign", "--category", "coding", "--yes", "--to", "QZXLAST"), ("verify", "--proof", "QZXLAST"),
    ("held", "show", "QZXLAST"), ("unmatched", "link", "QZXLAST", "QZXFIRST"), ("export", "postings"),
    ("report", "denials", "--payer", "QZXLAST"), ("claims", "correct", "QZXLAST", "--out", "{folder}"),
    ("claims", "void", "{claim}", "QZXLAST", "--out", "{folder}"), ("audit", "list", "--claim", "QZXLAST"),
    ("audit", "verify", "--head", "QZXLAST"), ("eligibility", "ask", "{sessions}", "--out", "{folder}"),
    ("redact", "{file}", "--out", "{folder}/redacted"), ("x12", "show", "{file}", "--show-phi"), ("x12", "show", "{folder}/QZXLAST"),
    ("scrub", "{sessions}", "--fix", "--output", "{folder}/QZXLAST.csv", "--show-phi"), ("backup", "{folder}/QZXLAST.age"),
    ("work", "list"), ("run",), ("ingest", "{folder}/QZXLAST.835"),
]  # fmt: skip


def test_no_command_leaves_a_word_about_a_patient(tmp_path, log, monkeypatch):
    office = marked_office(tmp_path / "office")
    monkeypatch.setenv("CLAIMLOOP_CONFIG", str(office.folder / "claimloop.toml"))
    assert office.create().code in (0, 1)
    answers = office.answer()
    assert MARKER.search(office.submitted.read_text(encoding="utf-8")), "the markers are in what went out"
    office("ingest", answers)
    claim = office("claims", "list", "--json").json[0]["patient_control_number"]
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "QZXLAST.835").write_bytes(min(answers.glob("*.835")).read_bytes().replace(b"QZX", b"QZXY"))
    places = {"claim": claim, "folder": folder, "sessions": office.sessions, "file": office.submitted}
    ran = {words: claimloop(*(word.format(**places) for word in words)) for words in COMMANDS}
    assert {run.code for run in ran.values()} <= {0, 1, 2, 3}
    seen = "".join(run.out for words, run in ran.items() if "--show-phi" in words)
    assert MARKER.search(seen), "what the commands showed does hold the markers"
    rows = audit_of(office)
    assert rows.count('"began"') > len(COMMANDS)
    for text in (rows, log.getvalue(), unexpected(tmp_path)):
        found = MARKER.search(text)
        assert found is None, text[max(0, found.start() - 200) : found.end() + 100]
    for path in (office.folder / "runs").iterdir():
        assert MARKER.search(path.read_text(encoding="utf-8")) is None, path.name


def test_a_failing_run_leaves_none_either(tmp_path, log, monkeypatch):
    office = marked_office(tmp_path / "office")

    def fail(*_args, **_given):
        raise ValueError("QZXLAST QZXFIRST 1903-07-19")

    rows = patients(office)
    write_patients(office, [{**row, "birth_date": "QZX/1903"} for row in rows])
    with (office.folder / "claimloop.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[run]\nsessions = { "*" = "sessions.csv" }\n')
    ran: list[Run] = [office("run", "--as-of", AS_OF)]
    monkeypatch.setattr("cli.commands.run.run_night", fail)
    ran.append(office("run", "--as-of", AS_OF))
    assert ran[-1].code == 70
    told = audit_of(office)
    assert '"failed"' in told
    assert unexpected(tmp_path)
    for text in (told, log.getvalue(), unexpected(tmp_path), *(run.out + run.err for run in ran)):
        assert MARKER.search(text) is None


def phi_of_the_demo() -> set[str]:
    """Every name, member id, birth date and street of the demo's patients."""
    columns = ("last_name", "first_name", "birth_date", "member_id", "address_1", "subscriber_last_name")
    with (DEMO / "patients.csv").open(encoding="utf-8", newline="") as stream:
        return {
            row[name] for row in csv.DictReader(stream) for name in columns if len(row.get(name) or "") > 4
        }


@pytest.mark.soak
def test_the_demo_and_a_look_at_it_log_nobody(tmp_path, log, monkeypatch):
    phi = phi_of_the_demo()
    assert len(phi) > 100
    run = claimloop("demo", tmp_path / "demo")
    assert run.code in (0, 1), run
    office = Office.__new__(Office)
    office.folder = next(path.parent for path in (tmp_path / "demo").rglob("claimloop.toml"))
    for words in (
        ("claims", "list"),
        ("denials", "list"),
        ("report", "kpi"),
        ("export", "postings"),
        ("verify",),
    ):
        assert office(*words).code in (0, 1), words
    for text in (audit_of(office), log.getvalue()):
        assert [one for one in phi if one in text] == []
