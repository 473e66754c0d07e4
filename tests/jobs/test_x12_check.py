"""`x12 check FILE`: our findings, pyx12's, and the exit code."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.jobs import x12_check
from edi.model.errors import InputError, UsageError
from tests.builders import make_claim
from tests.claim_strategies import write

RUNNER = CliRunner()


def lines_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def run(path, *arguments):
    return RUNNER.invoke(app, ["x12", "check", str(path), *arguments], catch_exceptions=True)


@pytest.fixture
def claims_file(tmp_path):
    def make(old: bytes = b"", new: bytes = b""):
        path = tmp_path / "claims.837"
        path.write_bytes(
            write([make_claim()]).data.replace(old, new, 1) if old else write([make_claim()]).data
        )
        return path

    return make


def test_a_conforming_file_ends_0(claims_file):
    result = run(claims_file())
    assert result.exit_code == 0
    assert "1 × 837" in result.stdout
    assert "our checks: nothing found" in result.stdout
    assert "pyx12 4.0.0: conforms" in result.stdout


def test_findings_of_both_end_1(claims_file):
    result = run(claims_file(b"CLM*A0000001*100*", b"CLM*A0000001*1OO*"))
    assert result.exit_code == 1
    assert "SUB005" in result.stdout
    assert "PYXE6" in result.stdout
    assert "does not conform" in result.stdout
    assert run(claims_file(b"CLM*A0000001*100*", b"CLM*A0000001*90*"), "--exit-zero").exit_code == 0


def test_json_lines(claims_file):
    path = claims_file(b"CLM*A0000001*100*", b"CLM*A0000001*90*")
    result = run(path, "--json")
    found, summary = lines_of(result)
    assert result.exit_code == 1
    assert (found["schema_version"], found["by"], found["file"]) == (1, "claimloop", str(path))
    assert (found["finding"]["code"], found["finding"]["claim"]) == ("SUB004", "A0000001")
    assert summary["transactions"] == {"837": 1}
    assert summary["second_opinion"] == {
        "engine": "pyx12 4.0.0",
        "given": True,
        "passed": True,
        "plain_because": None,
    }


def test_plain_pyx12_says_the_same(claims_file):
    path = claims_file(b"CLM*A0000001*100*", b"CLM*A0000001*1OO*")
    assert run(path, "--json").stdout == run(path, "--json", "--engine", "pyx12").stdout
    assert isinstance(run(path, "--engine", "other").exception, UsageError)


def test_a_finding_of_either_side_is_told_before_the_file_is_read_to_its_end(tmp_path, monkeypatch):
    data = write([make_claim(patient_control_number=f"A{number:07d}") for number in range(3000)]).data
    changed = data.replace(b"CLM*A0000000*100*", b"CLM*A0000000*1OO*")
    taken = []

    def chunks(_path):
        for start in range(0, len(changed), 1 << 16):
            taken.append(start)
            yield changed[start : start + (1 << 16)]

    monkeypatch.setattr(x12_check, "read_chunks", chunks)
    for side in ("claimloop", "pyx12"):
        taken.clear()
        checked = iter(x12_check.FileCheck(tmp_path / "large"))
        assert next(by for by, _ in checked if by == side) == side
        assert len(taken) <= 2 < len(changed) >> 16
        checked.close()


def test_odd_separators_are_judged_by_plain_pyx12_which_is_said(claims_file):
    path = claims_file()
    path.write_bytes(path.read_bytes().replace(b"*", b"|").replace(b":", b"*").replace(b"|", b"-"))
    assert "judged by plain pyx12: a separator" in run(path).stdout


def test_no_second_opinion_is_said(claims_file):
    result = run(claims_file(b"X222A1", b"X222"))
    assert "no second opinion" in result.stdout
    assert "conforms" not in result.stdout


def test_what_is_not_read_whole_ends_3(tmp_path, claims_file):
    empty = tmp_path / "empty"
    empty.touch()
    assert run(empty).exit_code == 3
    pdf = tmp_path / "some.pdf"
    pdf.write_bytes(b"%PDF-1.7\n%\xe2\xe3")
    assert run(pdf).exit_code == 3
    path = claims_file()
    path.write_bytes(path.read_bytes()[:-120])
    assert run(path).exit_code == 3


def test_a_file_that_is_not_there_is_an_input_error(tmp_path):
    result = run(tmp_path / "nothing")
    assert isinstance(result.exception, InputError)


@pytest.mark.corpus
def test_every_corpus_file_has_an_answer(corpus_dir):
    for folder in ("bad", "999", "277ca", "ta1"):
        for path in sorted((corpus_dir / folder).iterdir()):
            result = run(path, "--json")
            assert result.exit_code in (0, 1, 3), (path.name, result.exception)
            *_, summary = lines_of(result)
            assert summary["second_opinion"]["engine"]


@pytest.mark.corpus
def test_unbalanced_files_of_the_corpus_name_their_equation(corpus_dir):
    result = run(corpus_dir / "bad/IPerception+EDI-Workbench__unbalanced_claim.edi")
    assert result.exit_code == 1
    assert "CLM02 = sum(SV102)" in result.stdout
    result = run(corpus_dir / "bad/IPerception+EDI-Workbench__line_does_not_reconcile.edi")
    assert "BAL001" in result.stdout
