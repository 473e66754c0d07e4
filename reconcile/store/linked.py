"""Claim payments around one that a person linked: what waits under the same numbers, and what followed the link."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select, text

from edi.model.control import normalise_control_number
from edi.model.remittance import ClaimPayment
from reconcile.store.adjudications import NO_ORIGINAL
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.content import unpack_claim_payment
from reconcile.store.holds import Alias, payment_subject, save_alias
from reconcile.store.schema import ClaimPaymentContentRow, ClaimPaymentRow, ClaimRow, RemittanceRow
from reconcile.values import ClaimEvidence

_CLAIM = table_of(ClaimRow)
_PAYMENT = table_of(ClaimPaymentRow)
_CONTENT = table_of(ClaimPaymentContentRow)
_REMITTANCE = table_of(RemittanceRow)


def queued_alike(connection: Connection, number: int, claim: ClaimPayment) -> list[int]:
    """The other claim payments without a claim that carry the same CLP01 or CLP07.

    Args:
        connection: any transaction.
        number: id of the claim payment.
        claim: its value.
    """
    query = select(
        _PAYMENT.c.id, _PAYMENT.c.patient_control_number, _PAYMENT.c.payer_claim_control_number
    ).where(_PAYMENT.c.outcome == "unmatched", _PAYMENT.c.id != number)
    own, payers = normalise_control_number(claim.patient_control_number), claim.payer_claim_control_number
    return [
        row.id
        for row in connection.execute(query.order_by(_PAYMENT.c.id))
        if (own and normalise_control_number(row.patient_control_number) == own)
        or (payers and row.payer_claim_control_number == payers)
    ]


def followers(connection: Connection, number: int) -> list[int]:
    """The claim payments tied by what a link taught: the number of the claim, or a payer's own number of it.

    What follows teaches its own number too, so those that follow it are among them; and so are reversals that wait for
    what they take back.
    """
    claims = linked_chain(connection, number)
    query = select(_PAYMENT.c.id, _PAYMENT.c.evidence, _PAYMENT.c.claim_id, _PAYMENT.c.candidates)
    tied = _tied_to(connection, query.where(_PAYMENT.c.id != number), claims)
    found = [row.id for row in tied if row.evidence == ClaimEvidence.ALIAS]
    learned = [row.id for row in tied if row.evidence == ClaimEvidence.PAYER_CLAIM_CONTROL_NUMBER]
    numbers = {
        one: _payers_numbers(value)
        for one, value in payment_values(connection, [number, *found, *learned]).items()
    }
    taught = set().union(*(numbers.pop(one) for one in (number, *found)))
    while more := [one for one, held in numbers.items() if held & taught]:
        found += more
        taught.update(*(numbers.pop(one) for one in more))
    return sorted(found)


def linked_chain(connection: Connection, number: int) -> list[int]:
    """The submissions of the claim that a claim payment is linked to."""
    query = select(_PAYMENT.c.claim_id, _PAYMENT.c.candidates).where(_PAYMENT.c.id == number)
    claim = _linked_to(connection.execute(query).one())
    root = select(_CLAIM.c.root).where(_CLAIM.c.id == claim).scalar_subquery()
    return list(connection.execute(select(_CLAIM.c.id).where(_CLAIM.c.root == root)).scalars())


def linked_under(
    connection: Connection, chains: Mapping[int, Collection[int]]
) -> dict[tuple[str, str, int], list[ClaimPayment]]:
    """The claim payments that a person linked to chains, by payer, number (CLP01, normalised) and root of the chain.

    Args:
        connection: any transaction.
        chains: root -> its submissions.
    """
    roots = {claim: root for root, claims in chains.items() for claim in claims}
    query = (
        select(_PAYMENT, _REMITTANCE.c.payer_key, _REMITTANCE.c.payer_id, _CONTENT.c.content)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .join(_CONTENT, _CONTENT.c.claim_payment_id == _PAYMENT.c.id)
        .where(_PAYMENT.c.evidence == ClaimEvidence.BY_HAND.value)
    )
    found: dict[tuple[str, str, int], list[ClaimPayment]] = {}
    for row in _tied_to(connection, query, roots):
        key = (row.payer_key or row.payer_id, normalise_control_number(row.patient_control_number))
        value = unpack_claim_payment(bytes(row.content))
        found.setdefault((*key, roots[_linked_to(row)]), []).append(value)
    return found


def _tied_to(connection: Connection, query: Select[Any], claims: Collection[int]) -> list[Any]:
    """The claim payments of a query that are posted on these submissions, or are reversals that wait on them."""
    rows = [
        row
        for some in chunks(sorted(claims), IN_LIST)
        for row in connection.execute(query.where(_PAYMENT.c.claim_id.in_(some)))
    ]
    waiting = query.where(text("claim_payment.outcome <> 'posted'"), _PAYMENT.c.reason == NO_ORIGINAL)
    return rows + [row for row in connection.execute(waiting) if _linked_to(row) in claims]


def _payers_numbers(claim: ClaimPayment) -> set[str]:
    """The payer's numbers of a claim payment: CLP07, and every REF*F8."""
    others = {value for kind, value in claim.references if kind == "F8"}
    return (others | {claim.payer_claim_control_number or ""}) - {""}


def _linked_to(row: Any) -> int:
    """The claim of a linked claim payment: its own, or the first candidate where it is a reversal that waits; 0."""
    return int(row.claim_id or next(iter(row.candidates.split()), 0))


class LinkedPayment(msgspec.Struct, frozen=True, gc=False):
    """A claim payment that is linked by hand: its subject in the event log, and what its link teaches.

    ``payer`` and ``number`` (CLP01, normalised) as aliases have them, "" where there is none; ``root`` of the claim.
    """

    subject: str
    payer: str
    number: str
    root: int


def linked_payments(connection: Connection) -> Iterator[LinkedPayment]:
    """Yield the claim payments that are linked by hand, by their subjects."""
    query = (
        select(_PAYMENT, _REMITTANCE.c.payment_key, _REMITTANCE.c.payer_key, _REMITTANCE.c.payer_id)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .where(_PAYMENT.c.evidence == ClaimEvidence.BY_HAND.value)
    )
    rows = connection.execute(query.order_by(_REMITTANCE.c.payment_key, _PAYMENT.c.ordinal)).all()
    claims = select(_CLAIM.c.id, _CLAIM.c.root)
    roots: dict[int, int] = {}
    for some in chunks({_linked_to(row) for row in rows}, IN_LIST):
        roots.update((row.id, row.root) for row in connection.execute(claims.where(_CLAIM.c.id.in_(some))))
    for row in rows:
        yield LinkedPayment(
            subject=payment_subject(row.payment_key, row.ordinal),
            payer=row.payer_key or row.payer_id,
            number=normalise_control_number(row.patient_control_number),
            root=roots.get(_linked_to(row), 0),
        )


def learn_again(connection: Connection, lost: Collection[tuple[str, str]]) -> None:
    """Learn numbers, whose link ended, from the other links that stand.

    Args:
        connection: a write transaction in which that link has ended.
        lost: payer and number; where the links that are left disagree about one, nothing is learned of it.
    """
    if not lost:
        return
    left: dict[tuple[str, str], list[LinkedPayment]] = {}
    for one in linked_payments(connection):
        if (one.payer, one.number) in lost:
            left.setdefault((one.payer, one.number), []).append(one)
    for (payer, number), same in left.items():
        if len({one.root for one in same}) == 1:
            first = min(same, key=lambda one: one.subject)
            save_alias(
                connection, Alias(payer=payer, number=number, claim_id=first.root, subject=first.subject)
            )


def payment_values(connection: Connection, payments: Sequence[int]) -> dict[int, ClaimPayment]:
    """Claim payments as they were read, by id."""
    query = select(_CONTENT).where(_CONTENT.c.claim_payment_id.in_(list(payments)))
    return {
        row.claim_payment_id: unpack_claim_payment(bytes(row.content)) for row in connection.execute(query)
    }
