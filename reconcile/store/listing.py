"""What the store holds, as rows that people and reports read: denials, claims, held and unmatched money.

Everything here only reads. Amounts are integer cents. Names and member ids leave this module as they are; the
command line masks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select

from edi.model.control import normalise_control_number
from reconcile.store.bulk import table_of
from reconcile.store.denial_listing import DenialListing as DenialListing
from reconcile.store.denial_listing import denials as denials
from reconcile.store.files import held_sets
from reconcile.store.schema import (
    AcknowledgmentRow,
    ClaimFindingRow,
    ClaimPaymentRow,
    ClaimRow,
    DenialRow,
    FileRow,
    PostingRow,
    PracticeRow,
    ProviderAdjustmentRow,
    RemittanceRow,
    ResubmissionRow,
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
PRACTICE = table_of(PracticeRow)
PROVIDER_ADJUSTMENT = table_of(ProviderAdjustmentRow)
ACKNOWLEDGMENT = table_of(AcknowledgmentRow)
FILE = table_of(FileRow)
CLAIM_FINDING = table_of(ClaimFindingRow)
RESUBMISSION = table_of(ResubmissionRow)
RESEND = "resend"  # why a submission went out after others of its chain: another system sent it


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
    """Read back a column of codes or keys, which are joined by blanks."""
    return tuple(text.split())


_OF_WHOLE_SET = ("ING011", "ING012", "ING013", "BAL003")
"""What is wrong with a transaction set as a whole: it counts before what is wrong with a claim payment of it."""


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
        errors.sort(key=lambda found: found["code"] not in _OF_WHOLE_SET)
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
            REMITTANCE.c.practice_id,
            FILE.c.name.label("file"),
        )
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .outerjoin(FILE, FILE.c.sha256 == REMITTANCE.c.file_sha256)
        .where(condition)
        .order_by(CLAIM_PAYMENT.c.paid.desc(), CLAIM_PAYMENT.c.id)
    )


class WaitingPayment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A claim payment that is not posted and names claims; ``outcome`` is suspense or unmatched, ``paid`` cents.

    ``claims`` are ids: those that bear its control number, normalised, in a practice it may answer, or that matching
    found could be meant.
    """

    id: int
    outcome: str
    paid: int
    reason: str
    detail: str
    file: str
    claims: frozenset[int]


def waiting_payments(
    connection: Connection, submissions: Iterable[Any] | None = None
) -> tuple[WaitingPayment, ...]:
    """Return the claim payments in suspense or unmatched that name a claim, largest first.

    Args:
        connection: a read transaction.
        submissions: the rows of ``claim`` whose control numbers are looked at; None for all.
    """
    rows = connection.execute(_payments(CLAIM_PAYMENT.c.outcome.in_(("suspense", "unmatched")))).all()
    if not rows:
        return ()
    bearers: dict[str, list[tuple[int, str]]] = {}
    if submissions is None:
        submissions = connection.execute(select(CLAIM.c.id, CLAIM.c.practice_id, CLAIM.c.pcn_normalised))
    for claim in submissions:
        bearers.setdefault(claim.pcn_normalised, []).append((claim.id, claim.practice_id))
    found = []
    for row in rows:
        practices = row.practice_id.split("\n") if row.practice_id else None
        named = {
            claim
            for claim, practice in bearers.get(normalise_control_number(row.patient_control_number), ())
            if practices is None or practice in practices
        }
        named.update(int(number) for number in _words(row.candidates))
        if named:
            found.append(
                WaitingPayment(
                    id=row.id,
                    outcome=row.outcome,
                    paid=row.paid,
                    reason=row.reason,
                    detail=row.detail,
                    file=row.file or "",
                    claims=frozenset(named),
                )
            )
    return tuple(found)


def waiting_by_claim(connection: Connection) -> dict[tuple[str, str], int]:
    """Return cents in suspense or unmatched by the claim they name: practice and control number of the claim.

    A payment that names several submissions of one claim counts once, on the first; one that could mean several
    claims counts on each.
    """
    payments = waiting_payments(connection)
    if not payments:
        return {}
    claims = {
        row.id: row
        for row in connection.execute(
            select(CLAIM.c.id, CLAIM.c.root, CLAIM.c.practice_id, CLAIM.c.patient_control_number)
        )
    }
    cents: dict[tuple[str, str], int] = {}
    for payment in payments:
        for root in {claims[claim].root for claim in payment.claims if claim in claims}:
            name = (claims[root].practice_id, claims[root].patient_control_number)
            cents[name] = cents.get(name, 0) + payment.paid
    return cents


def practice_names(connection: Connection) -> tuple[str, ...]:
    """Return the ids of the practices the store knows."""
    return tuple(connection.execute(select(PRACTICE.c.id).order_by(PRACTICE.c.id)).scalars())


def claim_statuses(connection: Connection) -> tuple[str, ...]:
    """Return the statuses that claims of the store have."""
    return tuple(connection.execute(select(CLAIM.c.status).distinct().order_by(CLAIM.c.status)).scalars())
