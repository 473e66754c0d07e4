"""Where a cent of the bank went: payment, claim payments and provider adjustments, lines, postings, each level summing.

A proof starts from the stored payment and walks down to postings; every amount names its file, its segment and the rule
that posted it. Segments are ordinals inside the transaction set, from 1, as the reader counted them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from edi.model.remittance import ClaimPayment
from reconcile.ledger.names import account_name, adjustment_account, rule_of
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.content import unpack_claim_payment
from reconcile.store.reversals import taken_back
from reconcile.store.schema import (
    ClaimPaymentContentRow,
    ClaimPaymentRow,
    ClaimRow,
    FileRow,
    FileTransactionRow,
    PostingRow,
    ProviderAdjustmentRow,
    RemittanceRow,
    ServiceLineRow,
)
from reconcile.values import Account

_REMITTANCE = table_of(RemittanceRow)
_PAYMENT = table_of(ClaimPaymentRow)
_CONTENT = table_of(ClaimPaymentContentRow)
_CLAIM = table_of(ClaimRow)
_LINE = table_of(ServiceLineRow)
_POSTING = table_of(PostingRow)
_ADJUSTMENT = table_of(ProviderAdjustmentRow)
_FILE = table_of(FileRow)
_SET = table_of(FileTransactionRow)
_PAID: Final = Account.PAID.value


class PostingProof(msgspec.Struct, frozen=True, kw_only=True):
    """Cents on one account.

    ``segment`` is that of the SVC (of the CLP for claim-level money); ``line`` the LX01 of the submitted line that they
    stand on, ``line_control_number`` its REF*6R. A ``transfer`` moves cents that the file does not name.
    """

    account: str
    cents: int
    group: str | None
    reason: str | None
    rule: str
    file: str
    segment: int
    line: int | None
    line_control_number: str
    transfer: bool = False


class LineProof(msgspec.Struct, frozen=True, kw_only=True):
    """A paid line. ``stated`` is SVC03, ``cash`` what its postings say was paid: claim-level money is shared out.

    ``told`` sums all accounts but transfers; it is the charge (SVC02), less the line's share of claim-level cash moves.
    """

    segment: int
    procedure: str
    charge: int
    stated: int
    cash: int
    told: int
    postings: tuple[PostingProof, ...]


class ClaimProof(msgspec.Struct, frozen=True, kw_only=True):
    """A claim payment: CLP04 = cash of its lines + cash at the claim, when it is posted.

    ``outcome`` is posted, suspense or unmatched; what is not posted has no postings and its lines say SVC03 alone.
    """

    id: int
    segment: int
    patient_control_number: str
    outcome: str
    paid: int
    charge: int
    lines: tuple[LineProof, ...]
    postings: tuple[PostingProof, ...]
    holds: bool


class AdjustmentProof(msgspec.Struct, frozen=True, kw_only=True):
    """A provider adjustment; positive cents lower the payment. ``account`` is interest, take-back or neither."""

    account: str
    reason: str
    identifier: str
    cents: int


class PaymentProof(msgspec.Struct, frozen=True, kw_only=True):
    """A payment: BPR02 = posted + suspense + unmatched - provider adjustments + unexplained."""

    file: str
    st_control_number: str
    trace_number: str
    payer_name: str
    day: date | None
    amount: int
    posted: int
    suspense: int
    unmatched: int
    adjusted: int
    unexplained: int
    claims: tuple[ClaimProof, ...]
    adjustments: tuple[AdjustmentProof, ...]

    @property
    def comes_to(self) -> int:
        """What the parts come to."""
        return self.posted + self.suspense + self.unmatched - self.adjusted + self.unexplained

    @property
    def holds(self) -> bool:
        """Whether every level sums."""
        return self.amount == self.comes_to and all(one.holds for one in self.claims)


def payments_of(connection: Connection, *, trace: str = "", amount: int | None = None) -> list[int]:
    """The ids of payments with a trace number, or of an amount in cents; by day."""
    where = _REMITTANCE.c.trace_number == trace if trace else _REMITTANCE.c.amount == amount
    query = select(_REMITTANCE.c.id).where(where).order_by(_REMITTANCE.c.payment_date, _REMITTANCE.c.id)
    return [int(one) for one in connection.execute(query).scalars()]


def prove_payments(connection: Connection, payments: Iterable[int], tables: Tables) -> Iterator[PaymentProof]:
    """Walk payments down to their postings.

    Args:
        connection: a read transaction.
        payments: ids of remittances.
        tables: the code tables, to name the rules.
    """
    for number in payments:
        yield _payment(connection, number, tables)


def prove_claim_payments(
    connection: Connection, numbers: Sequence[int], file: str, tables: Tables
) -> tuple[ClaimProof, ...]:
    """Walk claim payments of one payment down to their postings.

    Args:
        connection: a read transaction.
        numbers: ids of claim payments.
        file: the name of their file.
        tables: the code tables.
    """
    found: list[ClaimProof] = []
    for some in chunks(numbers, IN_LIST):
        postings: dict[int, list[Any]] = {}
        query = (
            select(_POSTING, _LINE.c.number, _LINE.c.control_number)
            .outerjoin(_LINE, _LINE.c.id == _POSTING.c.line_id)
            .where(_POSTING.c.claim_payment_id.in_(some))
            .order_by(_POSTING.c.claim_payment_id, _POSTING.c.ordinal)
        )
        for row in connection.execute(query):
            postings.setdefault(row.claim_payment_id, []).append(row)
        values = (
            select(_PAYMENT.c.id, _PAYMENT.c.outcome, _CONTENT.c.content)
            .join(_CONTENT, _CONTENT.c.claim_payment_id == _PAYMENT.c.id)
            .where(_PAYMENT.c.id.in_(some))
            .order_by(_PAYMENT.c.id)
        )
        claims = [(row, unpack_claim_payment(bytes(row.content))) for row in connection.execute(values).all()]
        reversals = taken_back(connection, [row.id for row, claim in claims if claim.status == REVERSAL])
        for row, claim in claims:
            own = postings.get(row.id, ())
            beyond = reversals[row.id].remainders if row.id in reversals else frozenset()
            found.append(_claim(row.id, row.outcome, claim, own, file, tables, beyond))
    return tuple(found)


def _payment(connection: Connection, number: int, tables: Tables) -> PaymentProof:
    """One payment."""
    query = (
        select(_REMITTANCE, _FILE.c.name, _SET.c.st_control_number)
        .outerjoin(_FILE, _FILE.c.sha256 == _REMITTANCE.c.file_sha256)
        .outerjoin(
            _SET,
            (_SET.c.file_sha256 == _REMITTANCE.c.file_sha256) & (_SET.c.position == _REMITTANCE.c.position),
        )
    )
    row = connection.execute(query.where(_REMITTANCE.c.id == number)).one()
    ids = select(_PAYMENT.c.id).where(_PAYMENT.c.remittance_id == number).order_by(_PAYMENT.c.ordinal)
    claims = prove_claim_payments(
        connection, [int(one) for one in connection.execute(ids).scalars()], row.name or "", tables
    )
    adjustments = tuple(
        AdjustmentProof(
            account=adjustment_account(one.reason),
            reason=one.reason,
            identifier=one.identifier,
            cents=one.cents,
        )
        for one in connection.execute(
            select(_ADJUSTMENT).where(_ADJUSTMENT.c.remittance_id == number).order_by(_ADJUSTMENT.c.ordinal)
        )
    )
    sums = {name: sum(one.paid for one in claims if one.outcome == name) for name in _OUTCOMES}
    return PaymentProof(
        file=row.name or "",
        st_control_number=row.st_control_number or "",
        trace_number=row.trace_number,
        payer_name=row.payer_name,
        day=row.payment_date or row.production_date,
        amount=row.amount,
        posted=sums["posted"],
        suspense=sums["suspense"],
        unmatched=sums["unmatched"],
        adjusted=sum(one.cents for one in adjustments),
        unexplained=row.unexplained,
        claims=claims,
        adjustments=adjustments,
    )


_OUTCOMES: Final = ("posted", "suspense", "unmatched")


def _claim(
    number: int,
    outcome: str,
    claim: ClaimPayment,
    rows: Sequence[Any],
    file: str,
    tables: Tables,
    remainders: Collection[int],
) -> ClaimProof:
    """One claim payment with its postings by paid line; ``remainders`` are ordinals (reconcile.store.reversals)."""
    reversal = claim.status == REVERSAL
    by_line: dict[int | None, list[PostingProof]] = {}
    for row in rows:
        at = row.line if row.line is not None and row.line < len(claim.lines) else None
        segment = claim.segment if at is None else claim.lines[at].segment
        by_line.setdefault(at, []).append(
            PostingProof(
                account=account_name(row.account, row.reason),
                cents=row.cents,
                group=row.group_code,
                reason=row.reason,
                rule=rule_of(
                    row.account,
                    row.group_code,
                    row.reason,
                    transfer=bool(row.transfer),
                    reversal=reversal,
                    tables=tables,
                    remainder=row.ordinal in remainders,
                ),
                file=file,
                segment=segment,
                line=row.number,
                line_control_number=row.control_number or "",
                transfer=bool(row.transfer),
            )
        )
    lines = tuple(
        LineProof(
            segment=line.segment,
            procedure=" ".join((line.procedure.code, *line.procedure.modifiers)),
            charge=line.charge,
            stated=line.paid,
            cash=_sum(by_line.get(place, ()), cash=True),
            told=_sum(by_line.get(place, ())),
            postings=tuple(by_line.get(place, ())),
        )
        for place, line in enumerate(claim.lines)
    )
    own = tuple(by_line.get(None, ()))
    cash = sum(line.cash for line in lines) + _sum(own, cash=True)
    return ClaimProof(
        id=number,
        segment=claim.segment,
        patient_control_number=claim.patient_control_number,
        outcome=outcome,
        paid=claim.paid,
        charge=claim.charge,
        lines=lines,
        postings=own,
        holds=cash == (claim.paid if outcome == "posted" else 0),
    )


def _sum(postings: Iterable[PostingProof], *, cash: bool = False) -> int:
    """Cents of postings that the file names; of money alone with ``cash``."""
    return sum(one.cents for one in postings if not one.transfer and (not cash or one.account == _PAID))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A posted claim payment of a claim, with the payment it came in."""

    payer_name: str
    trace_number: str
    day: date | None
    claim: ClaimProof


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A submitted service line, by which its claim is charged; ``file`` is the 837P that carried it."""

    patient_control_number: str
    line: int
    line_control_number: str
    procedure: str
    day: date | None
    cents: int
    file: str


def charges_of(connection: Connection, root: int) -> list[Charge]:
    """The service lines of the first submission of a chain, with their charges."""
    query = (
        select(_LINE, _CLAIM.c.patient_control_number, _FILE.c.name)
        .join(_CLAIM, _CLAIM.c.id == _LINE.c.claim_id)
        .outerjoin(_FILE, _FILE.c.sha256 == _CLAIM.c.file_sha256)
        .where(_CLAIM.c.id == root)
        .order_by(_LINE.c.number)
    )
    return [
        Charge(
            patient_control_number=row.patient_control_number,
            line=row.number,
            line_control_number=row.control_number,
            procedure=f"{row.procedure_code} {row.modifiers}".strip(),
            day=row.date_from,
            cents=row.charge,
            file=row.name or "",
        )
        for row in connection.execute(query)
    ]


def answers_of(connection: Connection, root: int, tables: Tables) -> Iterator[Answer]:
    """The claim payments posted on a chain with their postings, by the day of the payment."""
    day = _REMITTANCE.c.payment_date
    query = (
        select(_PAYMENT.c.id, _REMITTANCE.c.payer_name, _REMITTANCE.c.trace_number, day, _FILE.c.name)
        .join(_CLAIM, _CLAIM.c.id == _PAYMENT.c.claim_id)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .outerjoin(_FILE, _FILE.c.sha256 == _REMITTANCE.c.file_sha256)
        .where(_CLAIM.c.root == root)
        .order_by(day, _PAYMENT.c.id)
    )
    for row in connection.execute(query).all():
        (claim,) = prove_claim_payments(connection, [row.id], row.name or "", tables)
        yield Answer(
            payer_name=row.payer_name, trace_number=row.trace_number, day=row.payment_date, claim=claim
        )
