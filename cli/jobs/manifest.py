"""The manifest: what an ingest or import did with every file and payment. Source: design/contract.md.

Only adds to the contract. Amounts are decimal strings; counts are whole numbers; nothing here is PHI.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from edi.model.finding import Finding, Severity

POSTED = "posted"
DUPLICATE = "duplicate"
PARTIAL = "partial"
CONFLICT = "conflict"
QUARANTINED = "quarantined"
REJECTED = "rejected"
KEPT = "kept"
"""A text report, or an archive whose members have entries of their own: nothing of it goes into the books."""

MOST_FINDINGS = 1000
"""How many findings of one payment the manifest lists; beyond that it says how many more there were."""


class FindingEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Finding as JSON shows it."""

    code: str
    severity: str
    message: str
    segment: int | None = None
    element: str | None = None
    claim: str | None = None
    line: str | None = None
    field: str | None = None
    transaction: str | None = None
    row: int | None = None
    fix: str = ""


class PaymentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One 835 transaction set. ``unmatched`` counts claim payments that wait in the queue.

    ``answered_twice`` counts claims that its payer had answered before without a reversal; they are posted.
    """

    st_control_number: str
    outcome: str
    trace_number: str | None = None
    amount: str | None = None
    claims: int = 0
    claims_matched: int = 0
    claims_held: int = 0
    lines: int = 0
    lines_matched: int = 0
    unmatched: int = 0
    denials: int = 0
    answered_twice: int = 0
    findings: tuple[FindingEntry, ...] = ()


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file. Acknowledgments and imported claims are counted here; payments are listed.

    ``patient_entries`` are payments of patients and what they owed before, ``opening_balances`` claims brought forward,
    ``claim_status_answers`` are what a 277 says of claims, ``claim_status_work`` those of them that make work,
    ``deposits`` credits of a bank account that were new; ``…_known`` count what was in the store already.
    ``duplicate_of`` is the name under which a duplicate was taken in first, ``archive`` that of the zip archive it was
    a member of; the archive's own entry stands before those of its members.
    """

    file: str
    sha256: str | None
    kind: str | None
    outcome: str
    payments: tuple[PaymentEntry, ...] = ()
    acknowledgments: int = 0
    acknowledgments_matched: int = 0
    rejections: int = 0
    claims_new: int = 0
    claims_known: int = 0
    eligibility_answers: int = 0
    claim_status_answers: int = 0
    claim_status_work: int = 0
    patient_entries: int = 0
    patient_entries_known: int = 0
    opening_balances: int = 0
    deposits: int = 0
    deposits_known: int = 0
    duplicate_of: str | None = None
    archive: str | None = None
    findings: tuple[FindingEntry, ...] = ()


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over all files. ``retried_matched`` counts claim payments that had waited and found their claim now."""

    files: int = 0
    posted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0
    rejected: int = 0
    kept: int = 0
    claims: int = 0
    claims_matched: int = 0
    claims_held: int = 0
    lines: int = 0
    lines_matched: int = 0
    unmatched: int = 0
    denials: int = 0
    answered_twice: int = 0
    acknowledgments: int = 0
    rejections: int = 0
    claims_new: int = 0
    claims_known: int = 0
    eligibility_answers: int = 0
    claim_status_answers: int = 0
    claim_status_work: int = 0
    patient_entries: int = 0
    patient_entries_known: int = 0
    opening_balances: int = 0
    retried_matched: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The document that ``--json`` prints and the store keeps by file."""

    schema_version: int = 1
    files: tuple[FileEntry, ...] = ()
    totals: Totals = Totals()

    def exit_code(self) -> int:
        """Exit code: 4 a file may not be read; 3 something was held, refused or missing; 1 work waits; 0 neither."""
        totals = self.totals
        held = totals.conflicts + totals.quarantined + totals.rejected + totals.claims_held
        broken = any(file.outcome in (PARTIAL, QUARANTINED, REJECTED) for file in self.files)
        if any(unreadable(file) for file in self.files):
            return 4
        if held or broken:
            return 3
        noted = any(
            finding.severity != Severity.INFO.value
            for file in self.files
            if file.outcome != DUPLICATE
            for finding in (*file.findings, *(one for payment in file.payments for one in payment.findings))
        )
        work = totals.unmatched or totals.denials or totals.rejections or totals.claim_status_work
        return 1 if work or noted else 0

    def remittance_files(self) -> list[str]:
        """The digests of the files of which a payment was taken in."""
        return [
            file.sha256
            for file in self.files
            if file.sha256 and any(payment.outcome == POSTED for payment in file.payments)
        ]

    def to_json(self) -> bytes:
        """The manifest as one JSON document."""
        return msgspec.json.encode(self)


UNREADABLE: Final = "ING015"


def unreadable(file: FileEntry) -> bool:
    """Whether a file was refused because it may not be read."""
    return any(one.code == UNREADABLE for one in file.findings)


def entry(finding: Finding) -> FindingEntry:
    """A Finding as the manifest shows it."""
    place = finding.location
    return FindingEntry(
        code=finding.code,
        severity=finding.severity.value,
        message=finding.message,
        segment=place.segment,
        element=place.element,
        claim=place.claim,
        line=place.line,
        field=place.field,
        transaction=place.transaction,
        row=place.row,
        fix=finding.fix,
    )


def entries(findings: Iterable[Finding]) -> tuple[FindingEntry, ...]:
    """Findings as the manifest shows them, at most ``MOST_FINDINGS`` and then how many more."""
    listed = list(findings)
    shown = [entry(finding) for finding in listed[:MOST_FINDINGS]]
    if len(listed) > MOST_FINDINGS:
        more = len(listed) - MOST_FINDINGS
        worst = Severity.ERROR if any(one.severity is Severity.ERROR for one in listed) else Severity.WARNING
        shown.append(FindingEntry("ING000", worst.value, f"{more} more findings are not listed"))
    return tuple(shown)


def payments_outcome(payments: Iterable[PaymentEntry], *, flawed: bool = False) -> str:
    """The outcome of a file of payments: theirs when they agree, else partial.

    Args:
        payments: of one file, at least one.
        flawed: the file has an error outside its payments.
    """
    outcomes = {payment.outcome for payment in payments}
    held = any(payment.claims_held for payment in payments if payment.outcome == POSTED)
    if len(outcomes) == 1 and not held and not flawed:
        only = outcomes.pop()
        return PARTIAL if only == CONFLICT else only
    if outcomes == {QUARANTINED}:
        return QUARANTINED
    if outcomes <= {POSTED, DUPLICATE} and not held and not flawed:
        return POSTED
    return PARTIAL


def summarise(files: Iterable[FileEntry], *, retried_matched: int = 0) -> Manifest:
    """The manifest of files, with its totals. What a duplicate carries is not counted again."""
    listed = tuple(files)
    sums = dict.fromkeys(Totals.__struct_fields__, 0)
    for file in listed:
        sums["files"] += 1
        sums["rejected"] += file.outcome == REJECTED
        sums["kept"] += file.outcome == KEPT
        sums["quarantined"] += file.outcome == QUARANTINED and not file.payments
        if file.outcome == DUPLICATE and not file.payments:
            sums["duplicates"] += 1
            continue
        for name in (
            "acknowledgments", "rejections", "claims_new", "claims_known", "eligibility_answers",
            "claim_status_answers", "claim_status_work", "patient_entries", "patient_entries_known", "opening_balances",
        ):  # fmt: skip
            sums[name] += getattr(file, name)
        for payment in file.payments:
            sums["posted"] += payment.outcome == POSTED
            sums["duplicates"] += payment.outcome == DUPLICATE
            sums["conflicts"] += payment.outcome == CONFLICT
            sums["quarantined"] += payment.outcome == QUARANTINED
            if payment.outcome != POSTED:
                continue
            for name in (
                "claims", "claims_matched", "claims_held", "lines", "lines_matched", "unmatched", "denials",
                "answered_twice",
            ):  # fmt: skip
                sums[name] += getattr(payment, name)
    sums["retried_matched"] = retried_matched
    return Manifest(files=listed, totals=Totals(**sums))
