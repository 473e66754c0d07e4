"""Real pairs of 837P and 835 through the commands: what is imported, what matches, what is held and why."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import claimloop

pytestmark = pytest.mark.corpus

Row = dict[str, Any]


class Shell:
    """The command line on a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, ends: int) -> Any:
        """Run with ``--json``; returns the document."""
        with contextlib.chdir(self.folder):
            done = claimloop(*arguments, "--json", "--database", f"sqlite:///{self.folder / 'claimloop.db'}")
        assert done.code == ends, done
        return done.json


class Pair:
    """One pair taken in: both manifests, and the store to ask."""

    def __init__(
        self, folder: Path, corpus: Path, sent: str, answer: str, *, ends: int, import_ends: int = 1
    ) -> None:
        self.run = Shell(folder)
        self.imported = self.run("claims", "import", str(corpus / "837p" / sent), ends=import_ends)
        self.ingested = self.run("ingest", str(corpus / "835" / answer), ends=ends)
        verification = self.run("verify", ends=0)
        assert verification["holds"] is True

    @property
    def payment(self) -> Row:
        """The one payment of the 835."""
        (file,) = self.ingested["files"]
        (payment,) = file["payments"]
        found: Row = payment
        return found

    def import_findings(self) -> set[str]:
        """Codes of what was odd about the 837P."""
        return {finding["code"] for file in self.imported["files"] for finding in file["findings"]}

    def claim(self, number: str) -> Row:
        """The claim's story; there is one submission."""
        story = self.run("claims", "show", number, ends=0)
        (claim,) = story["claims"]
        found: Row = claim
        return found


def scribe(folder: Path, corpus: Path, name: str, *, ends: int) -> Pair:
    """A pair of the scribe project."""
    return Pair(
        folder, corpus, f"AlexJReid+scribe__{name}_837.edi", f"AlexJReid+scribe__{name}_835.edi", ends=ends
    )


@pytest.mark.parametrize(
    ("name", "claim", "lines"),
    [("professional", "CLM-STROKE-RAD-PRO-001", 3), ("neurology", "CLM-STROKE-NEURO-001", 2)],
)
def test_scribe_matches_every_line(
    name: str, claim: str, lines: int, tmp_path: Path, corpus_dir: Path
) -> None:
    """Without a REF*6R, and although the 837P has no HL segment, which is said."""
    pair = scribe(tmp_path, corpus_dir, name, ends=0)
    assert pair.imported["totals"]["claims_new"] == 1
    assert "SUB002" in pair.import_findings()
    payment = pair.payment
    assert (payment["outcome"], payment["claims_matched"], payment["unmatched"]) == ("posted", 1, 0)
    assert (payment["lines"], payment["lines_matched"]) == (lines, lines)
    story = pair.claim(claim)
    assert [line["line_control_number"] for line in story["lines"]] == [""] * lines
    assert all(line["accounts"] for line in story["lines"])


def test_scribe_professional_shows_its_money(tmp_path: Path, corpus_dir: Path) -> None:
    pair = scribe(tmp_path, corpus_dir, "professional", ends=0)
    claim = pair.claim("CLM-STROKE-RAD-PRO-001")
    told = {name: claim[name] for name in ("charge", "paid", "contractual", "patient", "denied", "open")}
    assert told == {
        "charge": "390.00",
        "paid": "260.00",
        "contractual": "90.00",
        "patient": "40.00",
        "denied": "0.00",
        "open": "0.00",
    }
    assert [line["charge"] for line in claim["lines"]] == ["90.00", "120.00", "180.00"]
    assert [payment["paid"] for payment in claim["payments"]] == ["260.00"]
    assert [line["accounts"] for line in claim["lines"]] == [
        {"contractual": "20.00", "paid": "60.00", "patient": "10.00"},
        {"contractual": "30.00", "paid": "80.00", "patient": "10.00"},
        {"contractual": "40.00", "paid": "120.00", "patient": "20.00"},
    ]


def test_scribe_sample_is_held_at_its_clp04(tmp_path: Path, corpus_dir: Path) -> None:
    """Its line and claim equations fail, so its money waits, and both equations are named with their cents."""
    pair = scribe(tmp_path, corpus_dir, "sample", ends=3)
    payment = pair.payment
    assert (payment["claims_matched"], payment["claims_held"], payment["lines_matched"]) == (0, 1, 0)
    codes = [finding["code"] for finding in payment["findings"] if finding["severity"] == "error"]
    assert sorted(codes) == ["BAL001", "BAL002"]
    (held,) = pair.run("held", "list", ends=0)
    assert (held["patient_control_number"], held["kind"], held["amount"]) == ("CLM123", "suspense", "92.14")
    assert {"BAL001", "BAL002"} <= set(held["detail"].replace(";", " ").split())
    assert pair.claim("CLM123")["paid"] == "0.00"


def test_edi_workbench_pair_is_another_claim(tmp_path: Path, corpus_dir: Path) -> None:
    """Same claim id, other patient, other charge: not posted, in the queue, and it says what differs."""
    pair = Pair(
        tmp_path,
        corpus_dir,
        "IPerception+EDI-Workbench__sample_837p.edi",
        "IPerception+EDI-Workbench__sample_835.edi",
        ends=1,
        import_ends=0,
    )
    payment = pair.payment
    assert (payment["outcome"], payment["claims_matched"], payment["unmatched"]) == ("posted", 0, 2)
    waiting = pair.run("unmatched", "list", ends=0)
    assert [(one["patient_control_number"], one["reason"]) for one in waiting] == [
        ("PATIENTACCTNUM", "conflict"),
        ("PATIENTACCTNUM", "conflict"),
    ]
    for one in waiting:
        assert "patient" in one["detail"]
        assert "charge" in one["detail"]
    assert pair.claim("PATIENTACCTNUM")["paid"] == "0.00"
