"""Minutes to units of 15-minute timed codes: the allocator.

Takes only services already known to be timed, of one patient, date and discipline (GP, GO and GN apart). Evaluations,
group therapy and other untimed codes stay outside and are one unit each. Minutes of one code on several lines are
pooled before they are converted, then spread over those lines.

Source: facts/units_rules.md (CMS Pub. 100-04 ch. 5 s20.2 for ``cms``; the CPT midpoint for ``midpoint``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import Final

import msgspec

UNIT_MINUTES: Final = 15
HALF_MINUTES: Final = 8
"""From this many minutes on a unit is earned: 8-22 is 1, 23-37 is 2 and so on."""
METHODS: Final = ("cms", "midpoint", "strict15")
_KEPT: Final = 10_000
"""Allocations that are remembered."""


class Verdict(StrEnum):
    """How billed units compare with an allocation."""

    MATCHES = "matches"
    TIE_ALTERNATIVE = "tie_alternative"
    OVERBILLED = "overbilled"
    UNDERBILLED = "underbilled"
    WRONG_SPREAD = "wrong_spread"


class Comparison(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A verdict with the units billed too many (``over``) and too few (``under``)."""

    verdict: Verdict
    over: int = 0
    under: int = 0


class Allocation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What minutes earn.

    Attributes:
        method: cms, midpoint or strict15.
        total_minutes: all timed minutes.
        allowed: units that all services together may bill.
        units: units per item, in the order given: the deterministic choice where there is a tie.
        codes: the distinct codes, in order of first mention; the fields below follow this order.
        code_of_item: for each item, its place in ``codes``.
        sure: units per code that no choice changes.
        tied: places in ``codes`` that compete with equal remainders; empty when there is no tie.
        tied_units: how many of the tied codes get one more unit.
    """

    method: str
    total_minutes: int
    allowed: int
    units: tuple[int, ...]
    codes: tuple[str, ...]
    code_of_item: tuple[int, ...]
    sure: tuple[int, ...]
    tied: tuple[int, ...] = ()
    tied_units: int = 0

    @property
    def units_by_code(self) -> dict[str, int]:
        """The chosen units of each code."""
        return dict(zip(self.codes, self._per_code(self.units), strict=True))

    def alternatives(self) -> Iterator[dict[str, int]]:
        """Yield every equally valid spread over the codes, the chosen one among them; one when nothing is tied."""
        for winners in combinations(self.tied, self.tied_units):
            yield {code: self.sure[i] + (i in winners) for i, code in enumerate(self.codes)}

    def compare(self, billed: Sequence[int]) -> Comparison:
        """Judge billed units, given per item in the order of the allocation.

        ``cms`` judges the total first, then the spread over codes; the other methods judge each code by itself. How
        the units of one code lie on its lines is the practice's affair.

        Raises:
            ValueError: not as many units as items.
        """
        if len(billed) != len(self.units):
            raise ValueError("as many units as items are needed")
        per_code = self._per_code(billed)
        if self.method != "cms":
            return self._compare_codes(per_code)
        difference = sum(per_code) - self.allowed
        if difference > 0:
            return Comparison(verdict=Verdict.OVERBILLED, over=difference)
        extras = [units - sure for units, sure in zip(per_code, self.sure, strict=True)]
        fits = all(extra <= (i in self.tied) for i, extra in enumerate(extras))
        if not fits or sum(extra for extra in extras if extra > 0) > self.tied_units:
            return Comparison(verdict=Verdict.WRONG_SPREAD, under=-difference)
        if difference < 0:
            return Comparison(verdict=Verdict.UNDERBILLED, under=-difference)
        chosen = per_code == self._per_code(self.units)
        return Comparison(verdict=Verdict.MATCHES if chosen else Verdict.TIE_ALTERNATIVE)

    def _compare_codes(self, per_code: list[int]) -> Comparison:
        pairs = list(zip(per_code, self.sure, strict=True))
        over = sum(max(0, billed - sure) for billed, sure in pairs)
        under = sum(max(0, sure - billed) for billed, sure in pairs)
        verdict = Verdict.OVERBILLED if over else Verdict.UNDERBILLED if under else Verdict.MATCHES
        return Comparison(verdict=verdict, over=over, under=under)

    def _per_code(self, per_item: Sequence[int]) -> list[int]:
        sums = [0] * len(self.codes)
        for place, units in zip(self.code_of_item, per_item, strict=True):
            sums[place] += units
        return sums


def units_from_minutes(minutes: int) -> int:
    """Units of one timed code alone, or of the day's total under CMS: 0-7 is 0, 8-22 is 1, and so on.

    Raises:
        ValueError: negative minutes.
    """
    if minutes < 0:
        raise ValueError("minutes cannot be negative")
    return (minutes + UNIT_MINUTES - HALF_MINUTES) // UNIT_MINUTES


def allocate_cms(minutes: Sequence[tuple[str, int]]) -> Allocation:
    """Spread the units that the total of the day allows (the 8-minute rule).

    Each code gets one unit per full 15 minutes; what the total allows beyond goes, one each, to the largest
    remainders. Codes with equal remainders at the cut are a tie: the one with more minutes wins here, then the one
    named first, and ``alternatives`` lists the rest.

    Args:
        minutes: (code, one-on-one minutes) of each timed line of one patient, date and discipline.

    Returns:
        The allocation.

    Raises:
        ValueError: negative minutes.
    """
    codes, code_of_item, pooled = _pool(minutes)
    total = sum(pooled)
    allowed = units_from_minutes(total)
    sure = [each // UNIT_MINUTES for each in pooled]
    left = allowed - sum(sure)
    remainders = [each % UNIT_MINUTES for each in pooled]
    ranked = sorted(range(len(codes)), key=lambda i: (-remainders[i], -pooled[i], i))
    tied: list[int] = []
    if 0 < left < len(ranked) and remainders[ranked[left - 1]] == remainders[ranked[left]]:
        cut = remainders[ranked[left]]
        tied = sorted(i for i in ranked if remainders[i] == cut)
    chosen = list(sure)
    for i in ranked[:left]:
        chosen[i] += 1
        sure[i] += i not in tied
    return Allocation(
        method="cms",
        total_minutes=total,
        allowed=allowed,
        units=_spread(minutes, code_of_item, chosen),
        codes=codes,
        code_of_item=code_of_item,
        sure=tuple(sure),
        tied=tuple(tied),
        tied_units=sum(chosen) - sum(sure),
    )


def allocate(method: str, minutes: Sequence[tuple[str, int]]) -> Allocation:
    """Allocate by a payer's method (`METHODS`).

    ``midpoint`` converts each code by itself with the table of `units_from_minutes` (CPT midpoint, "rule of eights"),
    ``strict15`` each code by its full 15 minutes; neither pools codes nor caps by the total.

    Args:
        method: ``cms``, ``midpoint`` or ``strict15``.
        minutes: as `allocate_cms`.

    Raises:
        ValueError: negative minutes, or no such method.
    """
    return _allocate(method, tuple(minutes))


@lru_cache(maxsize=_KEPT)
def _allocate(method: str, minutes: tuple[tuple[str, int], ...]) -> Allocation:
    """The allocation; days are alike, and each is asked for when it is charged and when it is judged."""
    if method == "cms":
        return allocate_cms(minutes)
    if method not in METHODS:
        raise ValueError(f"no such method of counting units: {method}")
    return _allocate_each(minutes, method)


def allocate_late(
    method: str, minutes: Sequence[tuple[str, int]], billed: Sequence[int | None]
) -> tuple[int, ...]:
    """Units of services that turn up after others of their day were billed: what the whole day earns, less those.

    Args:
        method: as `allocate`.
        minutes: (code, one-on-one minutes) of every timed line of the day, billed or late.
        billed: the units each of them was billed with, None for the late ones.

    Returns:
        Units per item: those billed as they are; a late one may earn none.

    Raises:
        ValueError: as `allocate`.
    """
    allocation = allocate(method, minutes)
    places = allocation.code_of_item
    late = [item for item, units in enumerate(billed) if units is None]
    open_codes = {places[item] for item in late}
    taken = [0] * len(allocation.codes)
    for place, units in zip(places, billed, strict=True):
        taken[place] += units or 0

    def leaves(spread: Sequence[int]) -> list[int]:
        """What a spread leaves to the late services, by code."""
        pairs = enumerate(zip(taken, spread, strict=True))
        return [max(0, has - had) if place in open_codes else 0 for place, (had, has) in pairs]

    def nearness(spread: Sequence[int]) -> tuple[int, int]:
        """How many billed units a spread does not support, then how little it leaves."""
        beyond = sum(max(0, had - has) for had, has in zip(taken, spread, strict=True))
        return beyond, -sum(leaves(spread))

    spreads = [[spread[code] for code in allocation.codes] for spread in allocation.alternatives()]
    left = leaves(min(spreads, key=nearness))
    if method == "cms":
        over = max(0, sum(taken) + sum(left) - allocation.allowed)
        for place in reversed(range(len(left))):
            cut = min(over, left[place])
            left[place] -= cut
            over -= cut
    shared = _spread([minutes[item] for item in late], [places[item] for item in late], left)
    of_late = dict(zip(late, shared, strict=True))
    return tuple(of_late[item] if units is None else units for item, units in enumerate(billed))


def compare_total(billed: int, visit_timed_minutes: int) -> Comparison:
    """Judge a day of which only the total of timed minutes is documented: CMS asks for no more than that."""
    difference = billed - units_from_minutes(visit_timed_minutes)
    if difference > 0:
        return Comparison(verdict=Verdict.OVERBILLED, over=difference)
    if difference < 0:
        return Comparison(verdict=Verdict.UNDERBILLED, under=-difference)
    return Comparison(verdict=Verdict.MATCHES)


def _allocate_each(minutes: Sequence[tuple[str, int]], method: str) -> Allocation:
    codes, code_of_item, pooled = _pool(minutes)
    if method == "midpoint":
        sure = [units_from_minutes(each) for each in pooled]
    else:
        sure = [each // UNIT_MINUTES for each in pooled]
    return Allocation(
        method=method,
        total_minutes=sum(pooled),
        allowed=sum(sure),
        units=_spread(minutes, code_of_item, sure),
        codes=codes,
        code_of_item=code_of_item,
        sure=tuple(sure),
    )


def _pool(minutes: Sequence[tuple[str, int]]) -> tuple[tuple[str, ...], tuple[int, ...], list[int]]:
    """Distinct codes, the code of each item, and the minutes of each code."""
    places: dict[str, int] = {}
    pooled: list[int] = []
    code_of_item: list[int] = []
    for code, each in minutes:
        if each < 0:
            raise ValueError("minutes cannot be negative")
        if code not in places:
            places[code] = len(pooled)
            pooled.append(0)
        pooled[places[code]] += each
        code_of_item.append(places[code])
    return tuple(places), tuple(code_of_item), pooled


def _spread(
    minutes: Sequence[tuple[str, int]], code_of_item: Sequence[int], per_code: Sequence[int]
) -> tuple[int, ...]:
    """Lay each code's units on its lines: full 15 minutes first, then the largest remainders, then the longest."""
    units = [0] * len(minutes)
    lines_of: dict[int, list[int]] = {}
    for item, place in enumerate(code_of_item):
        lines_of.setdefault(place, []).append(item)
    for place, items in lines_of.items():
        left = per_code[place]
        for item in items:
            units[item] = min(left, minutes[item][1] // UNIT_MINUTES)
            left -= units[item]
        ranked = sorted(items, key=lambda i: (-(minutes[i][1] % UNIT_MINUTES), -minutes[i][1], i))
        for turn in range(left):
            units[ranked[turn % len(ranked)]] += 1
    return tuple(units)


def units_of_base(minutes: int, base: int, *, whole: bool = False) -> int:
    """Units of a code whose unit is not a quarter of an hour: an hour, half an hour, 20 minutes.

    Args:
        minutes: minutes of the code alone; less than none counts as none.
        base: minutes that one unit stands for.
        whole: a unit needs all its minutes; else it is earned past its middle (8 of 15, 31 of 60).

    Raises:
        ValueError: a base below one minute.
    """
    if base < 1:
        raise ValueError("a unit has at least one minute")
    needed = base if whole else base // 2 + 1
    return (max(0, minutes) + base - needed) // base


class AssistantShare(msgspec.Struct, frozen=True, gc=False):
    """Units of one service: ``marked`` carry CQ or CO, ``unmarked`` do not."""

    marked: int
    unmarked: int


def assistant_units(minutes: int, assistant_minutes: int, units: int) -> AssistantShare | None:
    """Which units of a timed code an assistant's minutes mark.

    Full 15 minutes belong to whoever gave them. Of a last unit the therapist's 8 minutes make it his, whatever the
    assistant added; else more than a tenth of it by the assistant marks it. Two last units to which both gave minutes
    are one each.

    Args:
        minutes: one-on-one minutes of the code on the day, the assistant's among them.
        assistant_minutes: those the assistant gave alone.
        units: units billed of the code.

    Returns:
        The share, or None when the units do not fit the minutes, which is the affair of `Allocation.compare`.

    Raises:
        ValueError: negative minutes, or more of the assistant than of all.

    Source: units_rules.md 6 (billing examples of CMS; the bounds of two last units from memory, unverified).
    """
    if not 0 <= assistant_minutes <= minutes:
        raise ValueError("an assistant's minutes lie between none and all of them")
    own_full, own_rest = divmod(minutes - assistant_minutes, UNIT_MINUTES)
    full, rest = divmod(assistant_minutes, UNIT_MINUTES)
    left = units - own_full - full
    if left < 0 or left > (own_rest > 0) + (rest > 0):
        return None
    over = beyond_de_minimis(own_rest + rest, rest)
    if left == 1:
        full += own_rest < HALF_MINUTES and over
    elif left:
        full += over
    return AssistantShare(full, units - full)


def beyond_de_minimis(minutes: int, assistant_minutes: int) -> bool:
    """Whether an assistant gave more than a tenth of a service's minutes. Source: units_rules.md 6."""
    return assistant_minutes * 10 > minutes
