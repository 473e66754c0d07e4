"""One claim's whole story: its submissions, lines, files, acknowledgments, payments, postings and denials."""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import Connection, and_, or_, select

from edi.codes import load_tables
from edi.model.control import normalise_control_number
from reconcile.store.bulk import table_of
from reconcile.store.listing import (
    CLAIM,
    CLAIM_FINDING,
    CLAIM_PAYMENT,
    FILE,
    LINE,
    POSTING,
    REMITTANCE,
    RESEND,
    RESUBMISSION,
    DenialListing,
    WaitingPayment,
    denials,
    waiting_payments,
)
from reconcile.store.patient_entries import EntryStory, entries_of_claim
from reconcile.store.rejections import Answer, Sent, answers_of, sent_as
from reconcile.store.schema import FileTransactionRow
from reconcile.store.takebacks import claim_chains
from reconcile.values import Account

FILE_SET = table_of(FileTransactionRow)


class LineStory(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A service line and its sums over all adjudications, in cents.

    ``accounts`` go by the name of ``reconcile.values.Account``, in its order.
    """

    number: int
    line_control_number: str
    procedure_code: str
    modifiers: str
    units: str
    date_of_service: date | None
    charge: int
    accounts: dict[str, int]


class PaymentStory(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One adjudication of the claim: where it came from, what it paid, how it was matched."""

    claim_payment_id: int
    payer_name: str
    trace_number: str
    payment_date: date | None
    status: str
    payer_claim_control_number: str
    charge: int
    paid: int
    outcome: str
    evidence: str
    notes: str
    file: str
    source: str = "835"
    """``835``, or what was written down by hand: ``paper_eob``, ``virtual_card``, ``opening_balance``."""


class TakebackStory(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A chain of provider adjustments about the claim, in cents, and the trace numbers of payments that it changed.

    ``balance`` below zero is what the payer will still take, above zero what it took without a reversal.
    """

    reasons: tuple[str, ...]
    reference: str
    state: str
    deferred: int
    taken: int
    refunded: int
    balance: int
    opened_on: date | None
    last_on: date | None
    deferred_by: tuple[str, ...]
    reduced: tuple[str, ...]
    notes: tuple[str, ...]


class ClaimStory(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One submission with everything that answers it.

    ``again`` says why it went out after others of its chain, "" for the first, which has the sums of all.
    """

    claim_id: int
    practice_id: str
    patient_control_number: str
    frequency: str
    again: str
    payer: str
    payer_name: str
    patient_last_name: str
    patient_first_name: str
    member_ids: str
    date_from: date | None
    date_to: date | None
    status: str
    acknowledged: str
    next_actions: tuple[str, ...]
    file: str
    charge: int
    paid: int
    contractual: int
    patient: int
    denied: int
    pended: int
    suspense: int
    open: int
    lines: tuple[LineStory, ...]
    acknowledgments: tuple[Answer, ...]
    payments: tuple[PaymentStory, ...]
    denials: tuple[DenialListing, ...]
    findings: tuple[str, ...]
    waiting: tuple[WaitingPayment, ...] = ()
    """Claim payments in suspense or unmatched that name this submission; nothing of theirs is in the sums."""
    patient_entries: tuple[EntryStory, ...] = ()
    """What the patient paid or owed before, on the first submission; nothing of it is in the sums."""
    patient_balance: int = 0
    """What the patient owes: ``patient`` and what he owed before, less what he paid; below zero a credit."""
    takebacks: tuple[TakebackStory, ...] = ()
    """Chains of provider adjustments tied to the claim, on its first submission; nothing of theirs is in the sums."""
    sent: Sent | None = None
    """The file it went out in, and its control numbers there."""


def claims(connection: Connection, name: str) -> tuple[ClaimStory, ...]:
    """Return every submission that a patient control number (as sent or as payers spell it) or claim id names."""
    wanted = CLAIM.c.pcn_normalised == normalise_control_number(name)
    if name.isdigit():
        wanted = or_(wanted, CLAIM.c.id == int(name))
    chains = select(CLAIM.c.root).where(wanted)
    rows = connection.execute(
        select(CLAIM).where(CLAIM.c.root.in_(chains)).order_by(CLAIM.c.sequence, CLAIM.c.id)
    )
    found = rows.all()
    waiting = waiting_payments(connection, found) if found else ()
    return tuple(_story(connection, row, waiting) for row in found)


def _story(connection: Connection, row: object, waiting: tuple[WaitingPayment, ...]) -> ClaimStory:
    claim = row._mapping  # type: ignore[attr-defined]
    file = connection.execute(select(FILE.c.name).where(FILE.c.sha256 == claim["file_sha256"])).scalar()
    findings = select(CLAIM_FINDING.c.code, CLAIM_FINDING.c.message).where(
        CLAIM_FINDING.c.claim_id == claim["id"]
    )
    plain = (
        "practice_id patient_control_number frequency payer_name patient_last_name patient_first_name member_ids "
        "date_from date_to status acknowledged charge paid contractual patient denied pended suspense"
    )
    entries = entries_of_claim(connection, claim["id"])
    return ClaimStory(
        claim_id=claim["id"],
        patient_entries=entries,
        patient_balance=claim["patient"] + sum(one.owed for one in entries),
        again=_again(connection, claim["id"], claim["root"]),
        payer=claim["payer_key"] or claim["payer_id"],
        file=file or "",
        open=claim["open_balance"],
        next_actions=tuple(claim["next_actions"].split()),
        lines=_lines(connection, claim["id"]),
        acknowledgments=answers_of(connection, [row]).get(claim["id"], ()),
        sent=sent_as(row),
        payments=_payments(connection, claim["id"]),
        denials=tuple(denials(connection, claim_ids=(claim["id"],))),
        findings=tuple(f"{found.code}: {found.message}" for found in connection.execute(findings)),
        waiting=tuple(one for one in waiting if claim["id"] in one.claims),
        takebacks=_takebacks(connection, claim["id"]) if claim["id"] == claim["root"] else (),
        **{key: claim[key] for key in plain.split()},
    )


def _takebacks(connection: Connection, root: int) -> tuple[TakebackStory, ...]:
    """The chains of provider adjustments about a claim."""
    return tuple(
        TakebackStory(
            reasons=chain.reasons,
            reference=chain.reference,
            state=chain.state.value,
            deferred=chain.deferred,
            taken=chain.taken,
            refunded=chain.refunded,
            balance=chain.balance,
            opened_on=chain.entries[0].day,
            last_on=chain.entries[-1].day,
            deferred_by=tuple(dict.fromkeys(one.trace_number for one in chain.entries if one.cents < 0)),
            reduced=tuple(dict.fromkeys(one.trace_number for one in chain.reduced)),
            notes=chain.notes,
        )
        for chain in claim_chains(connection, load_tables(), root)
    )


def _again(connection: Connection, claim_id: int, root: int) -> str:
    """Why a submission went out after others; "" for the first."""
    if claim_id == root:
        return ""
    query = select(RESUBMISSION.c.kind).where(RESUBMISSION.c.claim_id == claim_id)
    return connection.execute(query).scalar() or RESEND


def _lines(connection: Connection, claim_id: int) -> tuple[LineStory, ...]:
    lines = connection.execute(select(LINE).where(LINE.c.claim_id == claim_id).order_by(LINE.c.number)).all()
    sums: dict[int, dict[str, int]] = {line.id: {} for line in lines}
    postings = select(POSTING.c.line_id, POSTING.c.account, POSTING.c.cents).where(
        POSTING.c.line_id.in_(list(sums))
    )
    for posting in connection.execute(postings):
        accounts = sums[posting.line_id]
        accounts[posting.account] = accounts.get(posting.account, 0) + posting.cents
    return tuple(
        LineStory(
            number=line.number,
            line_control_number=line.control_number,
            procedure_code=line.procedure_code,
            modifiers=line.modifiers,
            units=line.units,
            date_of_service=line.date_from,
            charge=line.charge,
            accounts={name: sums[line.id][name] for name in Account if name in sums[line.id]},
        )
        for line in lines
    )


def _payments(connection: Connection, claim_id: int) -> tuple[PaymentStory, ...]:
    query = (
        select(
            CLAIM_PAYMENT,
            REMITTANCE.c.payer_name,
            REMITTANCE.c.trace_number,
            REMITTANCE.c.payment_date,
            FILE.c.name,
            FILE_SET.c.kind,
        )
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .outerjoin(FILE, FILE.c.sha256 == REMITTANCE.c.file_sha256)
        .outerjoin(
            FILE_SET,
            and_(
                FILE_SET.c.file_sha256 == REMITTANCE.c.file_sha256,
                FILE_SET.c.position == REMITTANCE.c.position,
            ),
        )
        .where(CLAIM_PAYMENT.c.claim_id == claim_id)
        .order_by(REMITTANCE.c.payment_date, CLAIM_PAYMENT.c.id)
    )
    return tuple(
        PaymentStory(
            claim_payment_id=row.id,
            payer_name=row.payer_name,
            trace_number=row.trace_number,
            payment_date=row.payment_date,
            status=row.status,
            payer_claim_control_number=row.payer_claim_control_number,
            charge=row.charge,
            paid=row.paid,
            outcome=row.outcome,
            evidence=row.evidence,
            notes=row.notes,
            file=row.name or "",
            source=row.kind or "835",
        )
        for row in connection.execute(query)
    )
