"""What the store holds, as rows that people and reports read: denials, claims, held and unmatched money.

Everything here only reads. Amounts are integer cents. Names and member ids leave this module as they are; the
command line masks them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from reconcile.store.bulk import table_of
from reconcile.store.files import held_sets
from reconcile.store.schema import (
    AcknowledgmentRow,
    ClaimFindingRow,
    ClaimPaymentRow,
    ClaimRow,
    DenialRow,
    FileRow,
    PostingRow,
    ProviderAdjustmentRow,
    RemittanceRow,
    ServiceLineRow,
    ServicePaymentRow,
)

CLAIM = table_of(ClaimRow)
LINE = table_of(ServiceLineRow)
DENIAL = table_of(DenialRow)
CLAIM_PAYMENT = table_of(ClaimPaymentRow)
SERVICE_PAYMENT = table_of(ServicePaymentRow)
REMITTANCE = table_of(RemittanceRow)
POSTING = table_of(PostingRow)
PROVIDER_ADJUSTMENT = table_of(ProviderAdjustmentRow)
ACKNOWLEDGMENT = table_of(AcknowledgmentRow)
FILE = table_of(FileRow)
CLAIM_FINDING = table_of(ClaimFindingRow)


class DenialListing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A denial with the claim, line and payment it stands on. ``remitted_on`` is the payment's date."""

    denial_id: str
    practice_id: str
    patient_control_number: str
    line_control_number: str
    procedure_code: str
    date_of_service: date | None
    payer: str
    payer_name: str
    group: str
    reason: str
    remarks: tuple[str, ...]
    category: str
    cause: str
    kind: str
    extent: str
    charge: int
    amount: int
    status: str
    counted: bool
    next_action: str
    guardrails: tuple[str, ...]
    preventable_by: tuple[str, ...]
    because: tuple[str, ...]
    remitted_on: date | None
    trace_number: str


class HeldListing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Money that is not posted: a claim payment in suspense, or a whole transaction set.

    ``id`` is ``claim_payment:N`` or ``transaction:SHA256/POSITION``; ``kind`` suspense, quarantined or conflict.
    """

    id: str
    kind: str
    patient_control_number: str
    trace_number: str
    payer_name: str
    amount: int
    reason: str
    detail: str
    file: str


class UnmatchedListing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A claim payment that found no claim, and why. ``candidates`` are patient control numbers it could mean."""

    id: int
    patient_control_number: str
    payer_name: str
    payer_claim_control_number: str
    charge: int
    paid: int
    reason: str
    detail: str
    candidates: tuple[str, ...]
    trace_number: str
    file: str


def _words(text: str) -> tuple[str, ...]:
    """Read back a column that holds several words."""
    return (
        tuple(text.split()) if text and not text.startswith("[") else tuple(msgspec.json.decode(text or "[]"))
    )


def denials(
    connection: Connection, *, open_only: bool = False, claim_ids: Collection[int] | None = None
) -> Iterator[DenialListing]:
    """Yield denials, largest amount first; ``open_only`` leaves out the recovered and reversed.

    Args:
        connection: a read transaction.
        open_only: only what still waits for somebody.
        claim_ids: only those of these claims; None for all.
    """
    query = (
        select(
            DENIAL,
            CLAIM.c.practice_id,
            CLAIM.c.patient_control_number,
            LINE.c.control_number,
            LINE.c.procedure_code,
            LINE.c.date_from,
            REMITTANCE.c.payer_key,
            REMITTANCE.c.payer_id,
            REMITTANCE.c.payer_name,
            REMITTANCE.c.payment_date,
            REMITTANCE.c.production_date,
            REMITTANCE.c.trace_number,
        )
        .select_from(DENIAL)
        .join(CLAIM, CLAIM.c.id == DENIAL.c.claim_id)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == DENIAL.c.claim_payment_id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .outerjoin(LINE, LINE.c.id == DENIAL.c.line_id)
        .order_by(DENIAL.c.amount.desc(), DENIAL.c.id)
    )
    if open_only:
        query = query.where(DENIAL.c.status == "open")
    if claim_ids is not None:
        query = query.where(DENIAL.c.claim_id.in_(claim_ids))
    for row in connection.execute(query):
        yield DenialListing(
            denial_id=row.id,
            practice_id=row.practice_id,
            patient_control_number=row.patient_control_number,
            line_control_number=row.control_number or "",
            procedure_code=row.procedure_code or "",
            date_of_service=row.date_from,
            payer=row.payer_key or row.payer_id,
            payer_name=row.payer_name,
            group=row.group_code,
            reason=row.reason,
            remarks=_words(row.remarks),
            category=row.category,
            cause=row.cause,
            kind=row.kind,
            extent=row.extent,
            charge=row.charge,
            amount=row.amount,
            status=row.status,
            counted=bool(row.counted),
            next_action=row.next_action,
            guardrails=_words(row.guardrails),
            preventable_by=_words(row.preventable_by),
            because=_words(row.because),
            remitted_on=row.payment_date or row.production_date,
            trace_number=row.trace_number,
        )


def held(connection: Connection) -> Iterator[HeldListing]:
    """Yield claim payments in suspense, then quarantined and conflicting transaction sets."""
    query = _payments(CLAIM_PAYMENT.c.outcome == "suspense")
    for row in connection.execute(query):
        yield HeldListing(
            id=f"claim_payment:{row.id}",
            kind="suspense",
            patient_control_number=row.patient_control_number,
            trace_number=row.trace_number,
            payer_name=row.payer_name,
            amount=row.paid,
            reason=row.reason,
            detail=row.detail,
            file=row.file,
        )
    for file, held_set in held_sets(connection):
        findings = msgspec.json.decode(held_set.record or "{}").get("findings", [])
        errors = [found for found in findings if found.get("severity") == "error"] or findings
        yield HeldListing(
            id=f"transaction:{file.sha256[:12]}/{held_set.position}",
            kind=held_set.outcome,
            patient_control_number="",
            trace_number=held_set.trace_number,
            payer_name="",
            amount=held_set.amount,
            reason=errors[0]["code"] if errors else held_set.outcome,
            detail=errors[0]["message"] if errors else "",
            file=file.name,
        )


def unmatched(connection: Connection) -> Iterator[UnmatchedListing]:
    """Yield claim payments that found no claim, largest payment first."""
    names = {row.id: row.patient_control_number for row in connection.execute(_candidates())}
    for row in connection.execute(_payments(CLAIM_PAYMENT.c.outcome == "unmatched")):
        candidates = [int(number) for number in _words(row.candidates)]
        yield UnmatchedListing(
            id=row.id,
            patient_control_number=row.patient_control_number,
            payer_name=row.payer_name,
            payer_claim_control_number=row.payer_claim_control_number,
            charge=row.charge,
            paid=row.paid,
            reason=row.reason,
            detail=row.detail,
            candidates=tuple(names[number] for number in candidates if number in names),
            trace_number=row.trace_number,
            file=row.file,
        )


def _candidates() -> Select[Any]:
    """Claims whose control number is, normalised, that of an unmatched payment; few enough to hold."""
    waiting = select(CLAIM_PAYMENT.c.candidates).where(
        CLAIM_PAYMENT.c.outcome == "unmatched", CLAIM_PAYMENT.c.candidates != ""
    )
    return select(CLAIM.c.id, CLAIM.c.patient_control_number).where(waiting.exists())


def _payments(condition: Any) -> Select[Any]:
    """Claim payments with their remittance and file, largest first."""
    return (
        select(
            CLAIM_PAYMENT,
            REMITTANCE.c.trace_number,
            REMITTANCE.c.payer_name,
            FILE.c.name.label("file"),
        )
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .outerjoin(FILE, FILE.c.sha256 == REMITTANCE.c.file_sha256)
        .where(condition)
        .order_by(CLAIM_PAYMENT.c.paid.desc(), CLAIM_PAYMENT.c.id)
    )


class Totals(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Sums over the whole store, in cents but for the counts.

    ``bank`` is the sum of BPR02; ``posted``, ``suspense`` and ``unmatched`` the sums of CLP04 by outcome, and
    ``provider_adjustments`` the sum of PLB: bank = posted + suspense + unmatched - provider_adjustments.
    """

    claims: int
    charge: int
    paid: int
    contractual: int
    patient: int
    denied: int
    pended: int
    open: int
    bank: int
    posted: int
    suspense: int
    unmatched: int
    suspense_count: int
    unmatched_count: int
    provider_adjustments: int
    by_status: dict[str, int]
    by_acknowledgment: dict[str, int]


def totals(connection: Connection) -> Totals:
    """Return the sums over the whole store."""
    columns = ("charge", "paid", "contractual", "patient", "denied", "pended", "open_balance")
    sums = connection.execute(
        select(func.count(), *(func.coalesce(func.sum(CLAIM.c[name]), 0) for name in columns))
    ).one()
    outcomes = {
        row[0]: (int(row[1]), int(row[2]))
        for row in connection.execute(
            select(CLAIM_PAYMENT.c.outcome, func.count(), func.sum(CLAIM_PAYMENT.c.paid)).group_by(
                CLAIM_PAYMENT.c.outcome
            )
        )
    }
    nothing = (0, 0)
    return Totals(
        claims=int(sums[0]),
        charge=int(sums[1]),
        paid=int(sums[2]),
        contractual=int(sums[3]),
        patient=int(sums[4]),
        denied=int(sums[5]),
        pended=int(sums[6]),
        open=int(sums[7]),
        bank=_sum(connection, REMITTANCE.c.amount),
        posted=outcomes.get("posted", nothing)[1],
        suspense=outcomes.get("suspense", nothing)[1],
        unmatched=outcomes.get("unmatched", nothing)[1],
        suspense_count=outcomes.get("suspense", nothing)[0],
        unmatched_count=outcomes.get("unmatched", nothing)[0],
        provider_adjustments=_sum(connection, PROVIDER_ADJUSTMENT.c.cents),
        by_status=_counts(connection, CLAIM.c.status),
        by_acknowledgment=_counts(connection, CLAIM.c.acknowledged),
    )


def _sum(connection: Connection, column: Any) -> int:
    return int(connection.execute(select(func.coalesce(func.sum(column), 0))).scalar_one())


def _counts(connection: Connection, column: Any) -> dict[str, int]:
    query = select(column, func.count()).group_by(column).order_by(column)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def adjudicated(connection: Connection) -> tuple[int, int]:
    """Return how many claims have been adjudicated, and their charges in cents: the denial rate's denominators."""
    query = select(func.count(), func.coalesce(func.sum(CLAIM.c.charge), 0)).where(CLAIM.c.adjudications > 0)
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


class ClaimListing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One submission with its sums, in cents."""

    patient_control_number: str
    practice_id: str
    payer: str
    date_from: date | None
    date_to: date | None
    frequency: str
    status: str
    acknowledged: str
    charge: int
    paid: int
    contractual: int
    patient: int
    denied: int
    pended: int
    open: int


def claim_listing(
    connection: Connection, *, status: str | None = None, practice_id: str | None = None
) -> Iterator[ClaimListing]:
    """Yield claims, newest service first, of one status or practice if named."""
    query = select(CLAIM).order_by(CLAIM.c.date_from.desc(), CLAIM.c.patient_control_number, CLAIM.c.sequence)
    if status is not None:
        query = query.where(CLAIM.c.status == status)
    if practice_id is not None:
        query = query.where(CLAIM.c.practice_id == practice_id)
    for row in connection.execute(query):
        yield ClaimListing(
            patient_control_number=row.patient_control_number,
            practice_id=row.practice_id,
            payer=row.payer_key or row.payer_name or row.payer_id,
            date_from=row.date_from,
            date_to=row.date_to,
            frequency=row.frequency,
            status=row.status,
            acknowledged=row.acknowledged,
            charge=row.charge,
            paid=row.paid,
            contractual=row.contractual,
            patient=row.patient,
            denied=row.denied,
            pended=row.pended,
            open=row.open_balance,
        )
