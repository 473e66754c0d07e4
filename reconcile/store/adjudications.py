"""Claim payments of the store as values again: what was posted on a chain before, and what waits for a claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, text

from edi.model.remittance import ClaimPayment
from reconcile.store.bulk import IN_LIST, chunks, fetch, table_of
from reconcile.store.content import unpack_claim_payment
from reconcile.store.schema import (
    ClaimPaymentContentRow,
    ClaimPaymentRow,
    ClaimRow,
    RemittanceRow,
    ServicePaymentRow,
)
from reconcile.values import (
    Adjudication,
    ClaimEvidence,
    ClaimMatch,
    LineEvidence,
    LineMatch,
)

_CLAIM = table_of(ClaimRow)
_PAYMENT = table_of(ClaimPaymentRow)
_CONTENT = table_of(ClaimPaymentContentRow)
_SERVICE = table_of(ServicePaymentRow)
_REMITTANCE = table_of(RemittanceRow)


NO_ORIGINAL: Final = "no_original"
"""Why a reversal is unmatched although its claim is known: what it takes back is not in the books."""


class RemittanceFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What posting needs to know of the payment around a claim payment.

    ``payer_ids`` are the ids by which the 835 names its payer, ``practices`` whose claims it may answer (several when
    they share a tax id, none when the payee is unknown). ``payment_key`` is that of the payment's row: known at the
    header, but for a non-payment advice, whose key ends in its content digest and is provisional until the SE.
    ``place`` is what ``payment_place`` says.
    """

    id: int
    payment_key: str
    payer_key: str
    payer_id: str
    payer_kind: str
    payer_ids: tuple[str, ...]
    practices: frozenset[str]
    trace_number: str
    payment_date: date | None
    place: str
    capitated: bool = False

    @property
    def payer(self) -> str:
        """Who paid: the payers.toml key, else the 835's own id."""
        return self.payer_key or self.payer_id

    def order(self, ordinal: int) -> tuple[str, int, int]:
        """Where a claim payment stands among those of its claim: by its payment, then by its place there (from 0).

        It is the same whether the claim payment was read just now or comes out of the store, and however files arrived.
        """
        return (self.place, 0, ordinal)


def payment_place(day: date | None, production_date: date | None, trace_number: str, payment_key: str) -> str:
    """Where a payment stands among all payments, as text that sorts.

    Args:
        day: of the payment: BPR16, else DTM*405.
        production_date: DTM*405.
        trace_number: TRN02, "" when absent.
        payment_key: of the payment's row. It tells payments of one day and trace number apart, so the place is total.
            Non-payment advices that agree in all else follow each other by content digest, which is as good as any
            order and not that of arrival; until its SE is read, such an advice stands behind the others.
    """
    days = [one.isoformat() if one else "" for one in (day, production_date)]
    return "|".join((*days, trace_number, payment_key))


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A claim payment that is not posted: in suspense, or unmatched."""

    id: int
    outcome: str
    remittance: RemittanceFacts
    claim: ClaimPayment


def posted_on(
    connection: Connection, roots: Iterable[int], capitated: frozenset[str]
) -> dict[int, list[Adjudication]]:
    """The adjudications posted on chains, in no order.

    Args:
        connection: any transaction.
        roots: the chains.
        capitated: keys of payers that pay by capitation.
    """
    found: dict[int, list[Adjudication]] = {}
    for some in chunks(sorted(roots), IN_LIST):
        query = _query().join(_CLAIM, _CLAIM.c.id == _PAYMENT.c.claim_id).add_columns(_CLAIM.c.root)
        rows = connection.execute(query.where(_CLAIM.c.root.in_(some), _PAYMENT.c.outcome == "posted")).all()
        lines = _line_matches(connection, [row.id for row in rows])
        for row in rows:
            found.setdefault(row.root, []).append(_adjudication(row, lines.get(row.id, ()), capitated))
    return found


def _adjudication(row: Any, lines: Iterable[LineMatch], capitated: frozenset[str]) -> Adjudication:
    """A claim payment of the store that is tied to a claim."""
    facts = _facts(row, capitated)
    return Adjudication(
        id=row.id,
        payer=facts.payer,
        payer_kind=facts.payer_kind,
        capitated=facts.capitated,
        order=facts.order(row.ordinal),
        payment_date=facts.payment_date,
        claim=unpack_claim_payment(row.content),
        match=_claim_match(row, lines),
        payer_ids=facts.payer_ids,
    )


def waiting(
    connection: Connection,
    outcome: str,
    capitated: frozenset[str],
    *,
    after: int = 0,
    limit: int = IN_LIST,
    ids: Iterable[int] | None = None,
    linked: bool = True,
) -> list[Waiting]:
    """Claim payments in suspense or unmatched, by id.

    Args:
        connection: any transaction.
        outcome: ``suspense`` or ``unmatched``.
        capitated: keys of payers that pay by capitation.
        after: only those with a greater id.
        limit: at most so many.
        ids: only these.
        linked: also reversals that a person linked and that wait for their original alone.
    """
    query = _query().where(_PAYMENT.c.outcome == outcome, _PAYMENT.c.id > after)
    if not linked:
        query = query.where(_PAYMENT.c.evidence != ClaimEvidence.BY_HAND.value)
    if ids is not None:
        query = query.where(_PAYMENT.c.id.in_(list(ids)))
    return [
        Waiting(
            id=row.id,
            outcome=outcome,
            remittance=_facts(row, capitated),
            claim=unpack_claim_payment(row.content),
        )
        for row in connection.execute(query.order_by(_PAYMENT.c.id).limit(limit))
    ]


def waiting_reversals(connection: Connection) -> dict[int, int]:
    """The reversals that wait for their original: claim payment -> the submission that it was tied to."""
    query = select(_PAYMENT.c.id, _PAYMENT.c.candidates).where(
        text("claim_payment.outcome <> 'posted'"), _PAYMENT.c.reason == NO_ORIGINAL
    )
    return {row.id: int(row.candidates.split()[0]) for row in connection.execute(query)}


def waited_at(connection: Connection, payments: Iterable[int]) -> set[int]:
    """The roots of the chains at which reversals among claim payments wait for their original."""
    waiting = waiting_reversals(connection)
    claims = {waiting[one] for one in payments if one in waiting}
    query = select(_CLAIM.c.root).where(_CLAIM.c.id.in_(sorted(claims)))
    return {int(root) for root in connection.execute(query).scalars()} if claims else set()


def waiting_adjudications(
    connection: Connection, claims: Mapping[int, int], capitated: frozenset[str]
) -> list[Adjudication]:
    """Reversals that wait, as they were matched.

    Args:
        connection: any transaction.
        claims: claim payment -> the submission that it was tied to (``waiting_reversals``).
        capitated: keys of payers that pay by capitation.
    """
    found: list[Adjudication] = []
    for some in chunks(sorted(claims), IN_LIST):
        lines = _line_matches(connection, some)
        for row in connection.execute(_query().where(_PAYMENT.c.id.in_(some))):
            one = _adjudication(row, lines.get(row.id, ()), capitated)
            match = msgspec.structs.replace(one.match, claim_id=claims[one.id], reason="", detail="")
            found.append(msgspec.structs.replace(one, match=match))
    return found


def waiting_under(connection: Connection, payer_numbers: Iterable[str]) -> list[int]:
    """The claim payments without a claim that carry one of these payer claim control numbers."""
    query = (
        "SELECT id FROM claim_payment WHERE outcome <> 'posted' AND reason = 'no_claim'"
        " AND payer_claim_control_number {keys}"
    )
    return sorted(row[0] for row in fetch(connection, query, sorted(set(payer_numbers) - {""})))


def _query() -> Any:
    """Claim payments with their content and the payment around them."""
    return (
        select(
            _PAYMENT,
            _CONTENT.c.content,
            _REMITTANCE.c.payment_key,
            _REMITTANCE.c.payer_key,
            _REMITTANCE.c.payer_id,
            _REMITTANCE.c.payer_ids,
            _REMITTANCE.c.payer_kind,
            _REMITTANCE.c.practice_id,
            _REMITTANCE.c.trace_number,
            _REMITTANCE.c.payment_date,
            _REMITTANCE.c.production_date,
        )
        .join(_CONTENT, _CONTENT.c.claim_payment_id == _PAYMENT.c.id)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
    )


def _facts(row: Any, capitated: frozenset[str]) -> RemittanceFacts:
    """The payment around a claim payment, from a joined row."""
    day = row.payment_date or row.production_date
    return RemittanceFacts(
        id=row.remittance_id,
        payment_key=row.payment_key,
        payer_key=row.payer_key,
        payer_id=row.payer_id,
        payer_kind=row.payer_kind,
        payer_ids=_split(row.payer_ids),
        practices=frozenset(_split(row.practice_id)),
        trace_number=row.trace_number,
        payment_date=day,
        place=payment_place(day, row.production_date, row.trace_number, row.payment_key),
        capitated=bool(row.payer_key) and row.payer_key in capitated,
    )


def _split(column: str) -> tuple[str, ...]:
    """A list column as values."""
    return tuple(column.split("\n")) if column else ()


def _claim_match(row: Any, lines: Iterable[LineMatch]) -> ClaimMatch:
    """The match of a posted claim payment."""
    return ClaimMatch(
        claim_id=row.claim_id,
        evidence=ClaimEvidence(row.evidence),
        notes=tuple(row.notes.split()),
        lines=tuple(lines),
        reason=row.reason,
        detail=row.detail,
        candidates=tuple(int(number) for number in row.candidates.split()),
        runner_up=row.runner_up,
        margin=row.margin,
    )


def _line_matches(connection: Connection, payments: Iterable[int]) -> dict[int, list[LineMatch]]:
    """The line matches of claim payments, in order of their lines."""
    found: dict[int, list[LineMatch]] = {}
    for row in _service_rows(connection, payments):
        found.setdefault(row.claim_payment_id, []).append(
            LineMatch(
                line_ids=tuple(int(number) for number in row.line_ids.split()),
                evidence=LineEvidence(row.evidence),
                twin=row.twin,
                notes=tuple(row.notes.split()),
                runner_up=row.runner_up,
                margin=row.margin,
            )
        )
    return found


def _service_rows(connection: Connection, payments: Iterable[int]) -> Iterator[Any]:
    """The service payments of claim payments, in order."""
    for some in chunks(sorted(payments), IN_LIST):
        query = select(_SERVICE).where(_SERVICE.c.claim_payment_id.in_(some))
        yield from connection.execute(query.order_by(_SERVICE.c.claim_payment_id, _SERVICE.c.ordinal))
