"""What reversals posted beside the answers that they took back: the opposite of these, whatever their own CAS say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, select

from edi.model.balance import REVERSAL
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.posting_rows import POSTED
from reconcile.store.schema import ClaimPaymentRow, ClaimRow, PostingRow

_CLAIM = table_of(ClaimRow)
_PAYMENT = table_of(ClaimPaymentRow)
_POSTING = table_of(PostingRow)
_PAID = "paid"
_Booked: TypeAlias = tuple[str, str | None, str | None, int, bool]
"""Account, group, reason, cents and whether it is a transfer."""


class TakenBack(msgspec.Struct, frozen=True):
    """What a posted reversal did.

    ``opposite``: on every service its adjustments are the opposite of what one answer posted there. ``remainders`` are
    the ordinals of the postings by which its cash differs from that answer's.
    """

    opposite: bool
    remainders: frozenset[int]


def taken_back(connection: Connection, reversals: Collection[int]) -> dict[int, TakenBack]:
    """Compare reversals with the answers of their claims.

    Args:
        connection: any transaction.
        reversals: ids of posted claim payments whose status is 22.

    Returns:
        By id what each did.
    """
    found: dict[int, TakenBack] = {}
    for some in chunks(sorted(reversals), IN_LIST):
        query = (
            select(_PAYMENT.c.id, _CLAIM.c.root)
            .join(_CLAIM, _CLAIM.c.id == _PAYMENT.c.claim_id)
            .where(_PAYMENT.c.id.in_(some), _PAYMENT.c.status == REVERSAL, _PAYMENT.c.outcome == POSTED)
        )
        roots: dict[int, int] = {row.id: row.root for row in connection.execute(query)}
        answers, rows = _booked(connection, set(roots.values()))
        for number, root in roots.items():
            found[number] = _compare(rows.get(number, {}), [rows[one] for one in answers.get(root, ())])
    return found


def _booked(
    connection: Connection, roots: Collection[int]
) -> tuple[Mapping[int, list[int]], Mapping[int, dict[int | None, list[Any]]]]:
    """By claim its answers that are no reversals, and by claim payment and service its postings in order."""
    query = (
        select(_CLAIM.c.root, _PAYMENT.c.status, _POSTING)
        .join(_PAYMENT, _PAYMENT.c.claim_id == _CLAIM.c.id)
        .join(_POSTING, _POSTING.c.claim_payment_id == _PAYMENT.c.id)
        .where(_CLAIM.c.root.in_(sorted(roots)), _PAYMENT.c.outcome == POSTED)
        .order_by(_POSTING.c.claim_payment_id, _POSTING.c.ordinal)
    )
    answers: dict[int, list[int]] = {}
    rows: dict[int, dict[int | None, list[Any]]] = {}
    for row in connection.execute(query):
        number = row.claim_payment_id
        if number not in rows and row.status != REVERSAL:
            answers.setdefault(row.root, []).append(number)
        rows.setdefault(number, {}).setdefault(row.line_id, []).append(row)
    return answers, rows


def _compare(
    own: Mapping[int | None, Sequence[Any]], answers: Sequence[Mapping[int | None, Sequence[Any]]]
) -> TakenBack:
    """A reversal's postings by service against those of each answer."""
    opposite, remainders = True, set()
    for service, listed in own.items():
        length = max((_length(listed, one.get(service, ())) for one in answers), default=0)
        if not length:
            opposite = opposite and all(one.transfer or one.account == _PAID for one in listed)
        elif len(listed) > length and not listed[length].transfer and listed[length].account == _PAID:
            remainders.add(listed[length].ordinal)
    return TakenBack(opposite, frozenset(remainders))


def _length(listed: Sequence[Any], answer: Sequence[Any]) -> int:
    """How many postings of an answer a reversal begins with the opposite of: all of them, or 0."""
    if len(answer) > len(listed):
        return 0
    alike = all(_values(one, -1) == _values(other, 1) for one, other in zip(listed, answer, strict=False))
    return len(answer) if alike else 0


def _values(row: Any, sign: int) -> _Booked:
    return row.account, row.group_code, row.reason, sign * row.cents, bool(row.transfer)
