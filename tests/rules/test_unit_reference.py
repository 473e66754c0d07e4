"""The unit rules against a reference that tries every spread of units, over random days.

The reference shares no code with the allocator: it counts minutes one by one and enumerates what a payer could accept.
A day has lines of several codes, codes on several lines, claims of two disciplines, minutes that earned no unit,
claims with an evaluation alone and lines that were billed before.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import product

import pytest

from edi.model.session import BilledSession
from edi.rules import RULES
from edi.rules.registry import check_each
from tests.rules.conftest import Make, Row

CODES = ("97110", "97112", "97116", "97140", "97530", "97035")
TIES = (5, 7, 8, 10, 15, 20, 22, 23, 25, 30)
METHODS = {"medicare": "cms", "commercial": "midpoint"}
JUDGED = ("UNT002", "UNT003", "UNT004", "UNT007")
SILENT = ("nothing billable", "of earlier claims")
"""Days of which no line of the run is told anything."""
UNIT_RULES = tuple(one for one in RULES if one.code in JUDGED)


def table(minutes: int) -> int:
    """8 minutes earn the first unit, and each 15 more another."""
    units = 0
    while minutes >= 8 + 15 * units:
        units += 1
    return units


def acceptable(minutes: dict[str, int]) -> set[tuple[int, ...]]:
    """Every spread that the total-time rule accepts, in the order of the codes."""
    each = list(minutes.values())
    allowed = table(sum(each))
    full = [sum(1 for minute in range(1, one + 1) if minute % 15 == 0) for one in each]
    rests = [one - 15 * blocks for one, blocks in zip(each, full, strict=True)]
    found: dict[tuple[int, ...], list[int]] = {}
    for extra in product((0, 1), repeat=len(each)):
        if sum(full) + sum(extra) == allowed:
            spread = tuple(blocks + one for blocks, one in zip(full, extra, strict=True))
            found[spread] = sorted(
                (rest for rest, one in zip(rests, extra, strict=True) if one), reverse=True
            )
    best = max(found.values())
    return {spread for spread, given in found.items() if given == best}


def verdict(method: str, minutes: dict[str, int], billed: dict[str, int]) -> set[str]:
    """The rules that must speak."""
    units = tuple(billed[code] for code in minutes)
    if method == "midpoint":
        earned = [table(each) for each in minutes.values()]
        if any(had > has for had, has in zip(units, earned, strict=True)):
            return {"UNT003"}
        return {"UNT002"} if units != tuple(earned) else set()
    spreads = acceptable(minutes)
    if sum(units) > table(sum(minutes.values())):
        return {"UNT003"}
    if units in spreads:
        return {"UNT007"} if len(spreads) > 1 else set()
    below = any(all(had <= has for had, has in zip(units, one, strict=True)) for one in spreads)
    short = sum(units) < table(sum(minutes.values()))
    return {"UNT002"} if short and below else {"UNT004"}


@dataclass
class Truth:
    """Minutes and units of each code on a day; ``before`` those of earlier claims, ``billable`` the run's codes."""

    minutes: dict[str, int] = field(default_factory=dict)
    billed: dict[str, int] = field(default_factory=dict)
    minutes_before: dict[str, int] = field(default_factory=dict)
    billed_before: dict[str, int] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    billable: set[str] = field(default_factory=set)

    def add(self, code: str, minutes: int, units: int, *, before: bool = False) -> None:
        """Count a line; of the run unless it was billed before."""
        told = [(self.minutes, self.billed)]
        if before:
            told.append((self.minutes_before, self.billed_before))
        for lengths, counts in told:
            lengths[code] = lengths.get(code, 0) + minutes
            counts[code] = counts.get(code, 0) + units
        if not before:
            self.own.add(code)
            self.billable |= {code} if units else set()

    def lies_before(self, method: str) -> bool:
        """Whether the run bills its codes rightly, and the earlier claims alone were already as wrong as the day."""
        if not self.billed_before:
            return False
        spreads = acceptable(self.minutes) if method == "cms" else {tuple(map(table, self.minutes.values()))}
        places = [place for place, code in enumerate(self.minutes) if code in self.own]
        units = tuple(self.billed.values())
        if not all(units[place] == one[place] for one in spreads for place in places):
            return False
        day = wrongness(method, self.minutes, self.billed)
        alone = wrongness(method, self.minutes_before, self.billed_before)
        told = verdict(method, self.minutes_before, self.billed_before) - {"UNT007"}
        return bool(told) and all(had >= has for had, has in zip(alone, day, strict=True))


def wrongness(method: str, minutes: dict[str, int], billed: dict[str, int]) -> tuple[int, int]:
    """Units too many and too few: of the day, or code by code."""
    if method == "cms":
        beyond = sum(billed.values()) - table(sum(minutes.values()))
        return max(0, beyond), max(0, -beyond)
    each = [billed[code] - table(length) for code, length in minutes.items()]
    return sum(max(0, one) for one in each), sum(max(0, -one) for one in each)


def near(rng: random.Random, minutes: int) -> int:
    """Units that are mostly near what the minutes would earn, alone or beside others."""
    return max(0, rng.choice((table(minutes), minutes // 15)) + rng.choice((0, 0, 0, 0, 0, 1, -1)))


def random_day(rng: random.Random, make: Make):
    """Claims of a day, and by discipline the minutes and units of each code; a claim may have untimed lines alone."""
    payer = rng.choice(list(METHODS))
    drafts, truths = [], {}
    for discipline in rng.sample(["PT", "OT"], rng.choice((1, 1, 2))):
        truth = truths[discipline] = Truth()
        first = True
        for _ in range(rng.choice((1, 1, 2))):
            rows: list[Row] = []
            earlier: list[BilledSession] = []
            if rng.random() < 0.2:
                rows.append(make.row(rng.choice(("97161", "G0283")), "1", 30))
            for number in range(rng.randint(1, 3)):
                code, each = rng.choice(CODES), length(rng)
                units = near(rng, each) if rows else max(1, near(rng, each))
                truth.add(code, each, units)
                rows.append(make.row(code, str(units), each, billed=units > 0))
                if first and rng.random() < 0.2:
                    code, each = rng.choice(CODES), length(rng)
                    units = near(rng, each)
                    truth.add(code, each, units, before=True)
                    (session,) = make.draft(make.row(code, minutes=each)).sessions
                    session = make.replace(session, line_id=f"E{discipline}{number}")
                    earlier.append(BilledSession(line=session, units=units))
            first = False
            drafts.append(make.draft(*rows, payer=payer, discipline=discipline, draft_earlier=tuple(earlier)))
    return payer, drafts, truths


def length(rng: random.Random) -> int:
    """Minutes that often tie."""
    return rng.choice(TIES) if rng.random() < 0.6 else rng.randint(1, 60)


def fitting_day(rng: random.Random, make: Make):
    """One claim billed with a spread that the total-time rule accepts, of lengths that often tie."""
    minutes = {code: rng.choice(TIES) for code in rng.sample(CODES, rng.randint(1, 5))}
    units = rng.choice(sorted(acceptable(minutes)))
    rows = [
        make.row(code, str(n), each, billed=n > 0)
        for (code, each), n in zip(minutes.items(), units, strict=True)
    ]
    truth = Truth()
    for (code, each), n in zip(minutes.items(), units, strict=True):
        truth.add(code, each, n)
    return "medicare", [make.draft(*rows)], {"PT": truth} if any(units) else {}


def check(rng: random.Random, days: int) -> dict[str, int]:
    """Judge random days both ways; return how often each rule spoke."""
    make = Make()
    context = make.context()
    counts = dict.fromkeys((*JUDGED, *SILENT), 0)
    for _ in range(days):
        payer, drafts, truths = (fitting_day if rng.random() < 0.3 else random_day)(rng, make)
        found: dict[str, set[str]] = {discipline: set() for discipline in truths}
        for draft, finding in check_each(drafts, context, UNIT_RULES):
            assert draft is not None
            found[draft.discipline].add(finding.code)
        for discipline, truth in truths.items():
            expected = verdict(METHODS[payer], truth.minutes, truth.billed)
            if not truth.billable:
                assert found[discipline] == set(), truth
                counts["nothing billable"] += 1
                continue
            # A tie is told at the first of the tied codes, when the run bills it.
            told = found[discipline] - {"UNT007"}
            if expected - {"UNT007"} and truth.lies_before(METHODS[payer]):
                assert told == set(), (payer, truth)
                counts["of earlier claims"] += 1
                continue
            assert told == expected - {"UNT007"}, (payer, truth)
            assert "UNT007" not in found[discipline] or expected == {"UNT007"}, (payer, truth)
            for code in expected:
                counts[code] += 1
    return counts


def test_the_rules_agree_with_trying_every_spread(rng):
    counts = check(rng, 2_000)
    assert min(counts[code] for code in JUDGED) > 100, counts
    assert min(counts[each] for each in SILENT) > 5, counts


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_rules_agree_with_trying_every_spread_for_long(rng):
    counts = check(rng, 100_000)
    assert min(counts[code] for code in JUDGED) > 5_000, counts
    assert min(counts[each] for each in SILENT) > 500, counts
