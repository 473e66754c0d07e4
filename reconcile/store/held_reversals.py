"""Reversals that do not balance because they take back, to the cent, an answer that did not balance and was released.

They are as right as the release was: such a reversal is posted and takes the suspense back with the rest, whichever of
the two came first, and waits in suspense again where the release is undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, text

from edi.model.balance import REVERSAL
from edi.model.remittance import Adjustment, ClaimPayment
from reconcile.store.content import unpack_claim_payment
from reconcile.store.submissions import normalised

_ANSWER: Final = """SELECT r.payer_key, r.payer_id, x.content FROM claim_payment p
    JOIN remittance r ON r.id = p.remittance_id JOIN claim_payment_content x ON x.claim_payment_id = p.id
    WHERE p.id = :number"""
_Figures: TypeAlias = tuple[Any, ...]
_POSTED: Final = """SELECT p.id, p.status, r.payer_key, r.payer_id, x.content FROM claim_payment p
    JOIN claim c ON c.id = p.claim_id JOIN remittance r ON r.id = p.remittance_id
    JOIN claim_payment_content x ON x.claim_payment_id = p.id
    WHERE p.outcome = 'posted' AND p.charge = :charge AND p.paid = :paid AND c.root IN (
        SELECT root FROM claim WHERE pcn_normalised = :name
        UNION SELECT k.root FROM payer_claim_control_number n JOIN claim k ON k.id = n.claim_id
            WHERE n.number = :number AND n.number <> '')
    ORDER BY p.id"""
_ASIDE: Final = """SELECT p.id, p.status, r.payer_key, r.payer_id, x.content FROM claim_payment p
    JOIN remittance r ON r.id = p.remittance_id JOIN claim_payment_content x ON x.claim_payment_id = p.id
    WHERE p.outcome <> 'posted' AND p.charge = :charge AND p.paid = :paid AND p.detail NOT LIKE 'RMT%'
        AND (p.reason = 'unbalanced' OR p.reason = 'no_original')
    ORDER BY p.id"""


def takes_back_released(connection: Connection, reversal: ClaimPayment, payer: str) -> bool:
    """Whether a reversal that does not balance is the exact opposite of a posted answer of its payer.

    That answer does not balance either, so a person released it.

    Args:
        connection: any transaction.
        reversal: a claim payment.
        payer: who sent it (the payers.toml key, else the 835's own id).
    """
    return reversal.status == REVERSAL and bool(_opposites(connection, _POSTED, reversal, payer))


def reversals_of(connection: Connection, number: int) -> list[int]:
    """The reversals, posted or aside, that are the exact opposite of an answer of their payer, by id.

    Args:
        connection: any transaction.
        number: id of the answer, a claim payment.
    """
    row = connection.execute(text(_ANSWER), {"number": number}).one()
    answer, payer = unpack_claim_payment(bytes(row.content)), row.payer_key or row.payer_id
    if answer.status == REVERSAL:
        return []
    return sorted(one for query in (_POSTED, _ASIDE) for one in _opposites(connection, query, answer, payer))


def _opposites(connection: Connection, query: str, claim: ClaimPayment, payer: str) -> list[int]:
    """The claim payments of a query that are the exact opposite of one."""
    name, number = normalised(claim.patient_control_number), claim.payer_claim_control_number or ""
    given: dict[str, Any] = {"charge": -claim.charge, "paid": -claim.paid}
    if query is _POSTED:
        given |= {"name": name, "number": number}
    found: list[int] = []
    for one in connection.execute(text(query), given):
        other = unpack_claim_payment(bytes(one.content))
        same = normalised(other.patient_control_number) == name or (
            number and other.payer_claim_control_number == number
        )
        if (
            same
            and (one.status == REVERSAL) != (claim.status == REVERSAL)
            and (one.payer_key or one.payer_id) == payer
            and _figures(other, -1) == _figures(claim, 1)
        ):
            found.append(one.id)
    return found


def _figures(claim: ClaimPayment, sign: int) -> _Figures:
    """What a reversal repeats with the opposite sign: every charge, payment and adjustment."""
    lines = sorted(
        (line.procedure.code, sign * line.charge, sign * line.paid, _adjusted(line.adjustments, sign))
        for line in claim.lines
    )
    return sign * claim.charge, sign * claim.paid, _adjusted(claim.adjustments, sign), lines


def _adjusted(adjustments: Iterable[Adjustment], sign: int) -> list[tuple[str, str, int]]:
    return sorted((one.group, one.reason, sign * one.cents) for one in adjustments)
