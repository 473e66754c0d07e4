"""Claim payments around one that a person linked: what waits under the same numbers, and what followed the link."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from edi.model.control import normalise_control_number
from edi.model.remittance import ClaimPayment
from reconcile.store.bulk import table_of
from reconcile.store.content import unpack_claim_payment
from reconcile.store.schema import ClaimPaymentContentRow, ClaimPaymentRow, ClaimRow
from reconcile.values import ClaimEvidence

_CLAIM = table_of(ClaimRow)
_PAYMENT = table_of(ClaimPaymentRow)
_CONTENT = table_of(ClaimPaymentContentRow)


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
    """The claim payments posted by what a link taught: the number of the claim, or the payer's own number of it."""
    own = connection.execute(
        select(_CLAIM.c.root, _PAYMENT.c.payer_claim_control_number)
        .join(_PAYMENT, _PAYMENT.c.claim_id == _CLAIM.c.id)
        .where(_PAYMENT.c.id == number)
    ).one()
    query = (
        select(_PAYMENT.c.id, _PAYMENT.c.evidence, _PAYMENT.c.payer_claim_control_number)
        .join(_CLAIM, _CLAIM.c.id == _PAYMENT.c.claim_id)
        .where(_CLAIM.c.root == own.root, _PAYMENT.c.id != number)
        .order_by(_PAYMENT.c.id)
    )
    return [
        row.id
        for row in connection.execute(query)
        if row.evidence == ClaimEvidence.ALIAS
        or (
            row.evidence == ClaimEvidence.PAYER_CLAIM_CONTROL_NUMBER
            and row.payer_claim_control_number == own.payer_claim_control_number
        )
    ]


def payment_values(connection: Connection, payments: Sequence[int]) -> dict[int, ClaimPayment]:
    """Claim payments as they were read, by id."""
    query = select(_CONTENT).where(_CONTENT.c.claim_payment_id.in_(list(payments)))
    return {
        row.claim_payment_id: unpack_claim_payment(bytes(row.content)) for row in connection.execute(query)
    }
