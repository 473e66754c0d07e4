"""What the store holds, as rows that people and reports read: denials, claims, held and unmatched money.

Everything here only reads. Amounts are integer cents. Names and member ids leave this module as they are; the
command line masks them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, func, or_, select

from edi.model.control import normalise_control_number
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


class DenialListing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A denial with the claim, line and payment it stands on.

    ``remitted_on`` is the payment's date. ``claim_root`` is the first submission of the claim, ``claim_payer`` the key
    of the payer it went to (who paid may not have been identified), ``claim_date_from`` its first day of service, and
    ``line_number`` the LX of the line (None: the whole claim is denied).
    """

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
    claim_root: int = 0
    claim_payer: str = ""
    claim_date_from: date | None = None
    line_number: int | None = None


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


def _reasons(text: str) -> tuple[str, ...]:
    """Read back a column of sentences, which are joined by line ends."""
    return tuple(one for one in text.split("\n") if one)


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
            CLAIM.c.root,
            CLAIM.c.payer_key.label("claim_payer"),
            CLAIM.c.date_from.label("claim_date_from"),
            LINE.c.number.label("line_number"),
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
            because=_reasons(row.because),
            remitted_on=row.payment_date or row.production_date,
            trace_number=row.trace_number,
            claim_root=row.root,
            claim_payer=row.claim_payer,
            claim_date_from=row.claim_date_from,
            line_number=row.line_number,
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


def rated(connection: Connection) -> tuple[int, int]:
    """Return the denial rate's denominators: claims adjudicated, and their charges in cents.

    A claim, however often it was submitted, counts once, with the charge that counts now. It counts when an answer of
    it decided something: one that posts a payment, a write-off or a patient share, one that denies on the merits (or
    allows nothing), or one without any posting. Claims whose only answers are pended, duplicates or unprocessable do
    not count.
    """
    posts = select(POSTING.c.claim_payment_id).where(POSTING.c.claim_payment_id == CLAIM_PAYMENT.c.id)
    denied = select(DENIAL.c.id).where(DENIAL.c.claim_payment_id == CLAIM_PAYMENT.c.id)
    decided = or_(
        posts.where(POSTING.c.account.in_(_DECIDING), POSTING.c.cents != 0).exists(),
        denied.where(DENIAL.c.kind.not_in(_UNDECIDED)).exists(),
        and_(~posts.where(POSTING.c.account == "pended").exists(), ~denied.exists()),
    )
    answer = CLAIM.alias("answer")
    roots = (
        select(answer.c.root)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.claim_id == answer.c.id)
        .where(CLAIM_PAYMENT.c.outcome == "posted", decided)
    )
    query = select(func.count(), func.coalesce(func.sum(CLAIM.c.billed), 0)).where(CLAIM.c.id.in_(roots))
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


_DECIDING = ("paid", "contractual", "patient")
_UNDECIDED = ("duplicate", "unprocessable")
