"""In which order the adjudications of a claim are posted, whatever order their files came or were dated in.

Payers send a correction before the reversal that makes room for it, and date a reversal before its original. The books
must not depend on that: a reversal follows what it takes back, and the correction comes next, in the place of what it
corrects and so before a later payer's answer (facts/remittance_835_rules.md, reversal and correction).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from edi.model.balance import REVERSAL
from edi.model.remittance import ClaimPayment
from reconcile.values import Adjudication

_Figures: TypeAlias = tuple[int, int, frozenset[tuple[str, str, int]]]
"""What a reversal repeats with the opposite sign."""


def in_sequence(ordered: Sequence[Adjudication]) -> Sequence[Adjudication]:
    """Put adjudications of one claim in the order of posting.

    Args:
        ordered: sorted by their ``order``.

    Returns:
        The same adjudications; where they stand in another order than they came, with an ``order`` that says so.
    """
    reversals = [one for one in ordered if one.claim.status == REVERSAL]
    if not reversals or len(ordered) == len(reversals):
        return ordered
    place = {one.id: number for number, one in enumerate(ordered)}
    taken_back = _originals(ordered, reversals, place)
    arranged: list[Adjudication] = []
    done: set[int] = set()

    def follow(one: Adjudication) -> None:
        """Put one, what takes it back, and what then stands in its place."""
        current: Adjudication | None = one
        while current is not None:
            arranged.append(current)
            done.add(current.id)
            reversal = taken_back.get(current.id)
            if reversal is None:
                return
            arranged.append(reversal)
            done.add(reversal.id)
            current = _correction(current, ordered, done, taken_back)

    paired = {one.id for one in taken_back.values()}
    for one in ordered:
        if one.id in done:
            continue
        if one.claim.status != REVERSAL:
            follow(one)
        elif one.id not in paired:
            arranged.append(one)
            done.add(one.id)
    if all(one is other for one, other in zip(arranged, ordered, strict=True)):
        return ordered
    return [msgspec.structs.replace(one, order=("", 0, number)) for number, one in enumerate(arranged)]


def _originals(
    ordered: Sequence[Adjudication], reversals: Sequence[Adjudication], place: dict[int, int]
) -> dict[int, Adjudication]:
    """Adjudication -> the reversal that is its exact opposite; one that came before it first, then the earliest."""
    alike: dict[_Figures, list[Adjudication]] = {}
    for one in ordered:
        if one.claim.status != REVERSAL:
            alike.setdefault(_figures(one.claim, 1), []).append(one)
    found: dict[int, Adjudication] = {}
    for reversal in reversals:
        candidates = alike.get(_figures(reversal.claim, -1), [])
        best: tuple[tuple[bool, bool, int], Adjudication] | None = None
        for one in candidates:
            if not may_take_back(reversal, one):
                continue
            key = (not same_number(reversal, one), place[one.id] > place[reversal.id], place[one.id])
            if best is None or key < best[0]:
                best = (key, one)
            if best[0][:2] == (False, False):
                break  # they stand in order: none that follows is better
        if best is None:
            continue
        original = best[1]
        earlier = _told_otherwise(reversal, original, ordered, reversals) if best[0][1] else None
        if earlier is not None and earlier.id not in found:
            found[earlier.id] = reversal
        else:
            found[original.id] = reversal
            candidates.remove(original)
    return found


def _told_otherwise(
    reversal: Adjudication,
    following: Adjudication,
    ordered: Sequence[Adjudication],
    reversals: Sequence[Adjudication],
) -> Adjudication | None:
    """What a reversal means though it repeats the codes of the answer that follows it, and so of its correction.

    A payer whose answer did not balance, or that names a reason otherwise by now, takes it back in the words of the
    correction. Only the order inside one 835 tells that: dates alone do not (see ``in_sequence``).

    Returns:
        The last answer before the reversal under its payer number, of its charge and payment, that no reversal repeats;
        None where there is none, or the exact opposite does not follow in the reversal's own 835.
    """
    if following.order[0] != reversal.order[0]:
        return None
    repeated = {_figures(one.claim, -1) for one in reversals}
    sums = (-reversal.claim.charge, -reversal.claim.paid)
    found: Adjudication | None = None
    for one in ordered:
        if one.id == reversal.id:
            break
        if one.claim.status == REVERSAL or (one.claim.charge, one.claim.paid) != sums:
            continue
        if same_number(reversal, one) and _figures(one.claim, 1) not in repeated:
            found = one
    return found


def same_number(reversal: Adjudication, one: Adjudication) -> bool:
    """Whether both carry the same payer claim control number (CLP07)."""
    number = reversal.claim.payer_claim_control_number
    return bool(number) and one.claim.payer_claim_control_number == number


def may_take_back(reversal: Adjudication, one: Adjudication) -> bool:
    """Whether a reversal may mean an adjudication: the payer's number is the same, or the payer.

    A payer that names another number (CLP07) than the answer's means another answer, unless that repeats the reversal's
    figures and came no later: a duplicate of a reversal must not take back what the payer paid since.
    """
    if one.brought_forward:
        return False
    if same_number(reversal, one):
        return True
    if one.payer != reversal.payer:
        return False
    if not (reversal.claim.payer_claim_control_number and one.claim.payer_claim_control_number):
        return True
    if one.payment_date and reversal.payment_date and one.payment_date > reversal.payment_date:
        return False
    return _figures(one.claim, 1) == _figures(reversal.claim, -1)


def _by_its_payer(reversal: Adjudication, one: Adjudication) -> bool:
    """Whether an answer may correct what a reversal took back: the payer or the payer's number is the same."""
    return one.payer == reversal.payer or same_number(reversal, one)


def _figures(claim: ClaimPayment, sign: int) -> _Figures:
    """Charge, payment, and cents by group and reason over the claim and its lines, times ``sign``."""
    sums: dict[tuple[str, str], int] = {}
    for one in [*claim.adjustments, *(one for line in claim.lines for one in line.adjustments)]:
        sums[one.group, one.reason] = sums.get((one.group, one.reason), 0) + sign * one.cents
    codes = frozenset((*code, cents) for code, cents in sums.items() if cents)
    return sign * claim.charge, sign * claim.paid, codes


def _correction(
    original: Adjudication,
    ordered: Sequence[Adjudication],
    done: set[int],
    taken_back: dict[int, Adjudication],
) -> Adjudication | None:
    """The payer's next answer on lines of what was taken back.

    Where several answers stand on other lines (a split claim), only one that shares a line stands in its place.
    """
    reversal = taken_back[original.id]
    passed = False
    for one in ordered:
        passed = passed or one.id == original.id
        if not passed or one.id in done or one.claim.status == REVERSAL:
            continue
        if _by_its_payer(reversal, one) and _one_claim(original, one):
            return one
    return None


def _one_claim(original: Adjudication, one: Adjudication) -> bool:
    """Whether two answers share a submitted line, or answer two submissions, or the claim as a whole."""
    left, right = _lines_of(original), _lines_of(one)
    return not left or not right or bool(left & right) or original.match.claim_id != one.match.claim_id


def _lines_of(one: Adjudication) -> set[int]:
    return {line_id for match in one.match.lines for line_id in match.line_ids}
