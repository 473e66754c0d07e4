"""The allocator against the examples of units_rules.md section 4 and against brute force."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.units import (
    Verdict,
    allocate,
    allocate_cms,
    allocate_late,
    compare_total,
    units_from_minutes,
)

FITTING = (Verdict.MATCHES, Verdict.TIE_ALTERNATIVE)
"""What a payer using the method has nothing to object to."""

# -- the table -----------------------------------------------------------------------------------------------------

BANDS = [(0, 7), (8, 22), (23, 37), (38, 52), (53, 67), (68, 82), (83, 97), (98, 112), (113, 127)]


@pytest.mark.parametrize(("units", "band"), list(enumerate(BANDS)))
def test_every_minute_of_the_table(units, band):
    assert {units_from_minutes(minute) for minute in range(band[0], band[1] + 1)} == {units}


def test_negative_minutes_are_the_callers_mistake():
    with pytest.raises(ValueError):
        units_from_minutes(-1)
    with pytest.raises(ValueError):
        allocate_cms([("97110", -1)])


# -- the worked examples: name, minutes, CMS units, how many equal choices, midpoint units ---------------------------

EXAMPLES = {
    "1 manual 47 minutes": ([("97112", 24), ("97110", 23)], (2, 1), 1, (2, 2)),
    "2 manual tie of 20 and 20": ([("97112", 20), ("97110", 20)], (2, 1), 2, (1, 1)),
    "3 manual 33 and 7": ([("97110", 33), ("97140", 7)], (2, 1), 1, (2, 0)),
    "4 manual four codes": (
        [("97110", 18), ("97140", 13), ("97116", 10), ("97035", 8)],
        (1, 1, 1, 0),
        1,
        (1, 1, 1, 1),
    ),
    "5 three of seven": ([("97112", 7), ("97110", 7), ("97140", 7)], (1, 0, 0), 3, (0, 0, 0)),
    "6 five and five": ([("97110", 5), ("97140", 5)], (1, 0), 2, (0, 0)),
    "7 twenty and seven": ([("97110", 20), ("97140", 7)], (1, 1), 1, (1, 0)),
    "8 three of ten": ([("97110", 10), ("97112", 10), ("97140", 10)], (1, 1, 0), 3, (1, 1, 1)),
    "9 tie of remainder eight": ([("97110", 23), ("97140", 8)], (2, 0), 2, (2, 1)),
    "10 with a modality": ([("97110", 30), ("97140", 15), ("97035", 8)], (2, 1, 1), 1, (2, 1, 1)),
    "11 tie across lengths": ([("97110", 25), ("97140", 15), ("97112", 10)], (2, 1, 0), 2, (2, 1, 1)),
    "12 evaluation outside the sum": ([("97110", 8)], (1,), 1, (1,)),
    "13 seven alone beside a group": ([("97110", 7)], (0,), 1, (0,)),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_by_cms(name):
    minutes, expected, choices, _ = EXAMPLES[name]
    allocation = allocate_cms(minutes)
    assert allocation.units == expected
    assert allocation.allowed == sum(expected)
    assert allocation.total_minutes == sum(each for _, each in minutes)
    spreads = [tuple(spread.values()) for spread in allocation.alternatives()]
    assert expected in spreads
    assert len(spreads) == len(set(spreads)) == choices
    verdicts = {allocation.compare(spread).verdict for spread in spreads}
    assert verdicts == ({Verdict.MATCHES} if choices == 1 else {Verdict.MATCHES, Verdict.TIE_ALTERNATIVE})


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_by_midpoint(name):
    minutes, _, _, expected = EXAMPLES[name]
    allocation = allocate("midpoint", minutes)
    assert allocation.units == expected
    assert allocation.compare(expected).verdict is Verdict.MATCHES


def test_strict15_counts_only_full_blocks():
    assert allocate("strict15", [("97110", 29), ("97140", 15), ("97112", 14)]).units == (1, 1, 0)


def test_a1_allocation_and_overbilling():
    """A1: 2+1 passes, 2+2 is one too many."""
    allocation = allocate_cms([("97112", 24), ("97110", 23)])
    assert allocation.compare((2, 1)).verdict in FITTING
    over = allocation.compare((2, 2))
    assert (over.verdict, over.over) == (Verdict.OVERBILLED, 1)


def test_a2_the_methods_differ():
    """A2: 33 and 7 minutes earn 2+1 under CMS, but under the midpoint the second line is an error."""
    minutes = [("97110", 33), ("97140", 7)]
    assert allocate("cms", minutes).compare((2, 1)).verdict in FITTING
    assert allocate("midpoint", minutes).units == (2, 0)
    assert allocate("midpoint", minutes).compare((2, 1)).verdict is Verdict.OVERBILLED


@pytest.mark.parametrize(
    ("billed", "verdict", "over", "under"),
    [
        ((2, 1), Verdict.MATCHES, 0, 0),
        ((3, 0), Verdict.WRONG_SPREAD, 0, 0),
        ((1, 2), Verdict.WRONG_SPREAD, 0, 0),
        ((2, 0), Verdict.UNDERBILLED, 0, 1),
        ((0, 2), Verdict.WRONG_SPREAD, 0, 1),
        ((2, 2), Verdict.OVERBILLED, 1, 0),
        ((0, 0), Verdict.UNDERBILLED, 0, 3),
    ],
)
def test_verdicts_of_cms(billed, verdict, over, under):
    comparison = allocate_cms([("97110", 33), ("97140", 7)]).compare(billed)
    assert (comparison.verdict, comparison.over, comparison.under) == (verdict, over, under)


@pytest.mark.parametrize(
    ("billed", "verdict"),
    [((2, 0), Verdict.MATCHES), ((1, 0), Verdict.UNDERBILLED), ((1, 1), Verdict.OVERBILLED)],
)
def test_verdicts_of_midpoint(billed, verdict):
    assert allocate("midpoint", [("97110", 33), ("97140", 7)]).compare(billed).verdict is verdict


@pytest.mark.parametrize(
    ("billed", "minutes", "verdict"),
    [
        (3, 47, Verdict.MATCHES),
        (4, 47, Verdict.OVERBILLED),
        (2, 47, Verdict.UNDERBILLED),
        (0, 7, Verdict.MATCHES),
    ],
)
def test_only_the_total_is_documented(billed, minutes, verdict):
    assert compare_total(billed, minutes).verdict is verdict


def test_one_code_on_two_lines_is_pooled():
    """8 + 8 minutes of one code are 16 of it, so the other code's 7 earn the second unit."""
    allocation = allocate_cms([("97110", 8), ("97110", 8), ("97140", 7)])
    assert allocation.units_by_code == {"97110": 1, "97140": 1}
    assert allocation.units == (1, 0, 1)
    assert allocation.compare((0, 1, 1)).verdict in FITTING
    assert allocate("midpoint", [("97110", 7), ("97110", 8)]).units == (0, 1)


def test_nothing_allocates_nothing():
    assert allocate_cms([]).units == ()
    assert allocate_cms([("97110", 0)]).units == (0,)


def test_wrong_calls():
    with pytest.raises(ValueError, match="method"):
        allocate("guess", [("97110", 15)])
    with pytest.raises(ValueError, match="as many"):
        allocate_cms([("97110", 15)]).compare((1, 1))


# -- brute force ---------------------------------------------------------------------------------------------------


def reference_cms(minutes: list[tuple[str, int]]) -> set[tuple[int, ...]]:
    """Every acceptable spread, by trying all: right total, full blocks honoured, no better remainder passed over."""
    total = sum(each for _, each in minutes)
    allowed = 0
    while 15 * allowed + 8 <= total:
        allowed += 1
    floors = [each // 15 for _, each in minutes]
    rests = [each - 15 * floor for (_, each), floor in zip(minutes, floors, strict=True)]
    spreads = [extra for extra in product((0, 1), repeat=len(minutes)) if sum(floors) + sum(extra) == allowed]
    ranks = [sorted((r for r, e in zip(rests, extra, strict=True) if e), reverse=True) for extra in spreads]
    best = max(ranks)
    return {
        tuple(f + e for f, e in zip(floors, extra, strict=True))
        for extra, rank in zip(spreads, ranks, strict=True)
        if rank == best
    }


def reference_midpoint(minutes: list[tuple[str, int]]) -> tuple[int, ...]:
    return tuple(sum(1 for start in range(8, each + 1, 15)) for _, each in minutes)


CODES = ["97110", "97112", "97116", "97140", "97530", "97035"]


def random_day(rng: random.Random) -> list[tuple[str, int]]:
    """A day of one to six codes; half of the days from few lengths, so that ties abound."""
    lengths = range(61) if rng.random() < 0.5 else (5, 7, 8, 10, 15, 20, 22, 23, 25, 30)
    return [(code, rng.choice(lengths)) for code in rng.sample(CODES, rng.randint(1, 6))]


def check_day(minutes: list[tuple[str, int]]) -> int:
    """Compare both methods with brute force; return the number of equal choices."""
    allocation = allocate_cms(minutes)
    acceptable = reference_cms(minutes)
    assert {tuple(spread.values()) for spread in allocation.alternatives()} == acceptable, minutes
    assert allocation.units in acceptable, minutes
    for extra in product((0, 1), repeat=len(minutes)):
        billed = tuple(each // 15 + e for (_, each), e in zip(minutes, extra, strict=True))
        assert (allocation.compare(billed).verdict in FITTING) == (billed in acceptable), (minutes, billed)
    assert allocate("midpoint", minutes).units == reference_midpoint(minutes), minutes
    return len(acceptable)


def test_brute_force_agrees(rng):
    ties = sum(check_day(random_day(rng)) > 1 for _ in range(2_000))
    assert ties > 200


@pytest.mark.soak
def test_brute_force_agrees_for_long(rng):
    ties = sum(check_day(random_day(rng)) > 1 for _ in range(100_000))
    assert ties > 10_000


lines = st.lists(st.tuples(st.sampled_from(CODES[:4]), st.integers(0, 90)), max_size=8)


@given(lines)
def test_properties_with_repeated_codes(minutes):
    allocation = allocate_cms(minutes)
    assert sum(allocation.units) == allocation.allowed == units_from_minutes(sum(each for _, each in minutes))
    by_code: dict[str, int] = {}
    for code, each in minutes:
        by_code[code] = by_code.get(code, 0) + each
    assert all(
        by_code[code] // 15 <= units <= by_code[code] // 15 + 1
        for code, units in allocation.units_by_code.items()
    )
    assert allocation.compare(allocation.units).verdict is Verdict.MATCHES
    for method in ("midpoint", "strict15"):
        own = allocate(method, minutes)
        assert own.compare(own.units).verdict is Verdict.MATCHES
        assert sum(own.units) == own.allowed


# -- late services of a day that was billed ---------------------------------------------------------------------------

LATE = {
    "the day earns one more": ([("97110", 24), ("97112", 20)], [2, None], (2, 1)),
    "the unit went to the first": ([("97110", 8), ("97140", 8)], [1, None], (1, 0)),
    "the longer one comes late": ([("97110", 8), ("97140", 12)], [1, None], (1, 0)),
    "seven and seven earn one": ([("97110", 7), ("97140", 7)], [0, None], (0, 1)),
    "two late ones share": ([("97110", 15), ("97112", 20), ("97140", 10)], [1, None, None], (1, 1, 1)),
    "more of the same code": ([("97110", 15), ("97110", 15)], [1, None], (1, 1)),
    "billed too little before": ([("97110", 30), ("97140", 15)], [1, None], (1, 1)),
}


@pytest.mark.parametrize("name", LATE)
def test_late_services_get_what_is_left_of_the_day(name):
    minutes, billed, expected = LATE[name]
    assert allocate_late("cms", minutes, billed) == expected


def test_late_services_code_by_code():
    minutes = [("97110", 8), ("97110", 8), ("97140", 8)]
    assert allocate_late("midpoint", minutes, [1, None, None]) == (1, 0, 1)
    assert allocate_late("strict15", minutes, [1, None, None]) == (1, 0, 0)


@given(
    day=st.lists(
        st.tuples(st.sampled_from(["97110", "97112", "97140"]), st.integers(0, 60)), min_size=1, max_size=5
    ),
    late=st.lists(st.booleans(), min_size=5, max_size=5),
    method=st.sampled_from(["cms", "midpoint", "strict15"]),
)
def test_late_services_never_make_the_day_overbilled(day, late, method):
    early = [item for item, is_late in zip(day, late, strict=False) if not is_late]
    billed_early = iter(allocate(method, early).units)
    billed = [None if is_late else next(billed_early) for _, is_late in zip(day, late, strict=False)]
    whole = allocate(method, day)
    units = allocate_late(method, day, billed)
    assert sum(units) <= whole.allowed
    assert all(now == before for now, before in zip(units, billed, strict=True) if before is not None)
    if all(one is None for one in billed):
        assert units == whole.units
