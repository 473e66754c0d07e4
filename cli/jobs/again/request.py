"""What the commands for claims that go again are asked, and what they answer."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from cli.inputs import RecordFiles
from cli.jobs.submission import WrittenFile
from edi.model.finding import Finding, Location, Severity
from reconcile.store.work_items import WorkItem

REFUSALS: Final = "AGN"
"""How the codes of all findings begin that say why a claim does not go again."""
UNKNOWN: Final = "AGN001"
PAYER_UNKNOWN: Final = "AGN008"
PRACTICE_UNKNOWN: Final = "AGN009"
AMBIGUOUS: Final = "AGN010"
SESSION_MISSING: Final = "AGN011"
NOT_ONE_CLAIM: Final = "AGN012"
OTHER_PARTY: Final = "AGN013"
MEANWHILE: Final = "AGN014"
ROW_STAYS: Final = "AGN016"
SENT_ALREADY: Final = "AGN029"


class AgainRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which claims go again, and where to.

    Attributes:
        names: control numbers or ids of claims. due: every claim whose next payer is to be billed, too.
        folder: for the 837P files.
        now: the moment that goes into ISA and BHT, in local time; its day is today.
        sessions: session rows that correct the claims; none sends them as they were.
        records: patients, cases, authorizations and fees.
        practice: only claims of this practice. payer: the submission to this payer, not the newest of all.
        force: although the last submission has no answer yet.
        bypass_reason: why the payer before was lawfully passed over (``claims secondary``), "" when it was not.
        second_opinion: pyx12 judges the files.
        dry_run: walk the same path and write nothing.
    """

    names: tuple[str, ...] = ()
    due: bool = False
    folder: Path
    now: datetime
    sessions: tuple[Path, ...] = ()
    records: RecordFiles = RecordFiles()
    practice: str | None = None
    payer: str | None = None
    force: bool = False
    bypass_reason: str = ""
    second_opinion: bool = True
    dry_run: bool = False


class SentAgain(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that went out again. ``kind`` is a word of ``reconcile.values.Again``; ``charge`` is cents."""

    name: str
    kind: str
    practice_id: str
    payer: str
    frequency: str
    patient_control_number: str
    original_reference: str
    lines: int
    charge: int


class AgainResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the claims.

    Attributes:
        sent: those that went out. files: what carries them. put_back: files written again from the vault.
        work_items: work opened or open already where the payer takes no file.
        opened: how many of them are new.
        held: claims that a rule or the second opinion holds, by name.
        refused: claims that do not go again, by name: a finding of each says why.
        unknown: names that no claim has.
        findings: everything said.
    """

    sent: tuple[SentAgain, ...] = ()
    files: tuple[WrittenFile, ...] = ()
    put_back: tuple[str, ...] = ()
    work_items: tuple[WorkItem, ...] = ()
    opened: int = 0
    held: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def refusal(
    code: str, claim: str, message: str, fix: str, severity: Severity = Severity.ERROR, **place: str
) -> Finding:
    """A Finding about one claim."""
    location = Location(claim=claim, **place)  # type: ignore[arg-type]
    return Finding(code=code, severity=severity, message=message, fix=fix, location=location)
