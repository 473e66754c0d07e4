"""Claims that hold money they should not: more than their charge, an answer too many, another amount taken back.

Nothing of it is stored. A claim is here while its books say so, and gone when a reversal, or a take-back or refund in a
provider adjustment, settles it; which of two payments holds is for a person to find out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, func, or_, select, text

from edi.model.balance import REVERSAL
from reconcile.store.bulk import IN_LIST, chunks, fetch, table_of
from reconcile.store.posting_rows import POSTED
from reconcile.store.schema import ClaimFindingRow, ClaimPaymentRow, ClaimRow, RemittanceRow
from reconcile.store.submissions import normalised
from reconcile.store.takebacks import given_back

TWICE: Final = "ANSWERED_TWICE"
"""The ledger's finding that a payer answered a service again without a reversal."""

BEYOND: Final = "PAID_BEYOND_CHARGE"
"""What the manifest says of a claim on which payments of several payers come to more than its charge."""
DIFFERS: Final = "REVERSAL_DIFFERS"
"""The ledger's finding that a reversal takes back another amount than was paid."""
CHARGE: Final = "CHARGE_DIFFERS"
"""The ledger's finding that a payer answered a higher charge than was submitted."""
TOLD: Final = (TWICE, DIFFERS, CHARGE)
"""What the books say of a claim that a person is to look into."""

_CLAIM = table_of(ClaimRow)
_FINDING = table_of(ClaimFindingRow)
_PAYMENT = table_of(ClaimPaymentRow)
_REMITTANCE = table_of(RemittanceRow)


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A posted answer that no reversal of its amount took back: whose, in which payment, and its cents."""

    payer: str
    remittance: int
    paid_on: date | None
    trace_number: str
    paid: int


class Held(msgspec.Struct, frozen=True, gc=False):
    """A reversal that means a claim and is not posted: its id, ``suspense`` or ``unmatched``, and its cents."""

    id: int
    outcome: str
    paid: int


class Overpaid(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that holds more than its charge, or that a payer answered twice, reversed or charged otherwise.

    ``root`` is its first submission, ``cents`` what stands on it beyond the charge (0 where only write-offs came
    twice), ``payer`` who answered twice, else who answered last; ``answers`` are that payer's, else all, by date.
    """

    root: int
    practice_id: str
    patient_control_number: str
    payer: str
    cents: int
    twice: bool
    answers: tuple[Answered, ...]
    said: frozenset[str] = frozenset()
    """The codes of ``TOLD`` that the books say of it."""
    held: tuple[Held, ...] = ()
    """Reversals of that payer under its number, or the payer's numbers of its answers, that wait for a person."""


def overpaid(connection: Connection, roots: Collection[int] | None = None) -> tuple[Overpaid, ...]:
    """The claims that are overpaid, or of which the books say one of ``TOLD``, by their first submissions.

    Args:
        connection: any transaction.
        roots: only these claims; None for all.

    Returns:
        Those for which no take-back or refund has come that is as much as what stands beyond the charge.
    """
    found: list[Any] = []
    for some in [None] if roots is None else chunks(sorted(roots), IN_LIST):
        found += connection.execute(_standing(some))
    if not found:
        return ()
    returned = given_back(connection)
    left = [one for one in found if returned.get(one.id, 0) < max(-one.open_balance, 1)]
    answers = _answers(connection, [one.id for one in left])
    said = _said(connection, [one.id for one in left])
    told = tuple(_overpaid(one, answers.get(one.id, []), said.get(one.id, set())) for one in left)
    return _with_held(connection, told)


_HELD: Final = text(
    "SELECT p.id, p.outcome, p.paid, p.patient_control_number, p.payer_claim_control_number, p.candidates,"
    " r.payer_key, r.payer_id FROM claim_payment p JOIN remittance r ON r.id = p.remittance_id"
    " WHERE p.outcome <> 'posted' AND p.status = '22' ORDER BY p.id"
)
_NAMES: Final = (
    "SELECT c.root, c.id, c.pcn_normalised FROM claim c WHERE c.root {keys}",
    "SELECT c.root, c.id, n.number FROM claim c JOIN payer_claim_control_number n ON n.claim_id = c.id"
    " WHERE c.root {keys}",
)


def _with_held(connection: Connection, told: Sequence[Overpaid]) -> tuple[Overpaid, ...]:
    """The claims with the reversals of their payers that name them and are not posted."""
    waiting = connection.execute(_HELD).all() if told else ()
    if not waiting:
        return tuple(told)
    ids: dict[int, set[int]] = {}
    numbers: dict[int, set[str]] = {}
    for query in _NAMES:
        for root, claim, number in fetch(connection, query, [one.root for one in told]):
            ids.setdefault(root, set()).add(claim)
            numbers.setdefault(root, set()).add(number)
    return tuple(
        msgspec.structs.replace(
            one,
            held=tuple(
                Held(row.id, row.outcome, row.paid)
                for row in waiting
                if (row.payer_key or row.payer_id) == one.payer
                and (
                    not ids[one.root].isdisjoint(int(number) for number in row.candidates.split())
                    or not numbers[one.root].isdisjoint(
                        {normalised(row.patient_control_number), row.payer_claim_control_number} - {""}
                    )
                )
            ),
        )
        for one in told
    )


def _said(connection: Connection, roots: Collection[int]) -> Mapping[int, set[str]]:
    """By claim the codes of ``TOLD`` that its books say."""
    found: dict[int, set[str]] = {}
    for some in chunks(sorted(roots), IN_LIST):
        query = select(_FINDING.c.claim_id, _FINDING.c.code)
        for root, code in connection.execute(query.where(_FINDING.c.claim_id.in_(some))):
            if code in TOLD:
                found.setdefault(root, set()).add(code)
    return found


def said_before(connection: Connection, roots: Collection[int]) -> Counter[tuple[int, str, str]]:
    """How often the store's books say what of claims: by first submission, code and message."""
    found: Counter[tuple[int, str, str]] = Counter()
    for some in chunks(sorted(roots), IN_LIST):
        query = select(_FINDING.c.claim_id, _FINDING.c.code, _FINDING.c.message)
        for root, code, message in connection.execute(query.where(_FINDING.c.claim_id.in_(some))):
            found[root, code, message] += 1
    return found


def _standing(roots: Collection[int] | None) -> Select[Any]:
    """First submissions whose books hold more than the charge, or one of the findings."""
    told = select(_FINDING.c.claim_id).where(_FINDING.c.code.in_(TOLD))
    query = select(
        _CLAIM.c.id, _CLAIM.c.practice_id, _CLAIM.c.patient_control_number, _CLAIM.c.open_balance
    ).where(or_(_CLAIM.c.open_balance < 0, _CLAIM.c.id.in_(told)))
    if roots is not None:
        query = query.where(_CLAIM.c.id.in_(roots))
    return query.order_by(_CLAIM.c.id)


def _answers(connection: Connection, roots: Collection[int]) -> Mapping[int, list[Answered]]:
    """By claim, what was answered and not taken back in the same amount by the same payer."""
    day = func.coalesce(_REMITTANCE.c.payment_date, _REMITTANCE.c.production_date)
    found: dict[int, list[Answered]] = {}
    taken: dict[int, Counter[tuple[str, int]]] = {}
    for some in chunks(sorted(roots), IN_LIST):
        query = (
            select(
                _CLAIM.c.root,
                _PAYMENT.c.status,
                _REMITTANCE.c.payer_key,
                _REMITTANCE.c.payer_id,
                _REMITTANCE.c.id,
                day,
                _REMITTANCE.c.trace_number,
                _PAYMENT.c.paid,
            )
            .select_from(_CLAIM)
            .join(_PAYMENT, _PAYMENT.c.claim_id == _CLAIM.c.id)
            .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
            .where(_CLAIM.c.root.in_(some), _PAYMENT.c.outcome == POSTED)
            .order_by(day, _REMITTANCE.c.trace_number, _PAYMENT.c.ordinal)
        )
        for root, status, key, number, remittance, on, trace, paid in connection.execute(query):
            payer = key or number
            if status == REVERSAL:
                taken.setdefault(root, Counter())[payer, -paid] += 1
            else:
                found.setdefault(root, []).append(Answered(payer, remittance, on, trace, paid))
    return {root: _not_taken(listed, taken.get(root, Counter())) for root, listed in found.items()}


def _not_taken(listed: list[Answered], taken: Counter[tuple[str, int]]) -> list[Answered]:
    """Without the earliest answers that reversals took back."""
    left: list[Answered] = []
    for one in listed:
        if taken[one.payer, one.paid] > 0:
            taken[one.payer, one.paid] -= 1
        else:
            left.append(one)
    return left


def _overpaid(claim: Any, answers: list[Answered], said: Collection[str]) -> Overpaid:
    """A claim with its answers."""
    counts = Counter(one.payer for one in answers)
    again = [one for one in answers if counts[one.payer] > 1]
    payer = (again or answers)[-1].payer if answers else ""
    return Overpaid(
        root=claim.id,
        practice_id=claim.practice_id,
        patient_control_number=claim.patient_control_number,
        payer=payer,
        cents=max(-claim.open_balance, 0),
        twice=bool(again),
        answers=tuple(one for one in again if one.payer == payer) if again else tuple(answers),
        said=frozenset(said),
    )
