"""An assistant's share of units, and units that are no quarters of an hour, against counting by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.units import (
    AssistantShare,
    assistant_units,
    beyond_de_minimis,
    units_from_minutes,
    units_of_base,
)

# minutes, of the assistant, units: marked, unmarked. units_rules.md section 6.
SHARES = {
    "the CMS example: 13 of 36 by the therapist": (36, 23, 2, 1, 1),
    "all by the assistant": (30, 30, 2, 2, 0),
    "all by the therapist": (30, 0, 2, 0, 2),
    "a unit each": (30, 15, 2, 1, 1),
    "the therapist's eight minutes make the last unit his": (15, 7, 1, 0, 1),
    "seven do not": (15, 8, 1, 1, 0),
    "a tenth is de minimis": (10, 1, 1, 0, 1),
    "more than a tenth is not, where the therapist lacks eight": (8, 1, 1, 1, 0),
    "two last units of 12 and 12 are one each": (24, 12, 2, 1, 1),
    "two last units of 9 and 14": (23, 14, 2, 1, 1),
    "two last units of 14 and 14": (28, 14, 2, 1, 1),
    "the rest after full blocks of both": (53, 23, 4, 2, 2),
    "no unit at all": (7, 3, 0, 0, 0),
}


@pytest.mark.parametrize("name", SHARES)
def test_share_of_the_assistant(name):
    minutes, assistant, units, marked, unmarked = SHARES[name]
    assert assistant_units(minutes, assistant, units) == AssistantShare(marked, unmarked)


@pytest.mark.parametrize(("minutes", "assistant", "units"), [(30, 15, 1), (15, 0, 2), (20, 10, 3), (0, 0, 1)])
def test_units_that_do_not_fit_the_minutes_have_no_share(minutes, assistant, units):
    assert assistant_units(minutes, assistant, units) is None


@pytest.mark.parametrize(("minutes", "assistant"), [(10, 11), (10, -1), (-1, -2)])
def test_impossible_minutes_are_the_callers_mistake(minutes, assistant):
    with pytest.raises(ValueError):
        assistant_units(minutes, assistant, 1)


@given(own=st.integers(0, 120), assistant=st.integers(0, 120), units=st.integers(0, 18))
def test_a_share_is_all_of_the_units_and_honours_full_blocks(own, assistant, units):
    share = assistant_units(own + assistant, assistant, units)
    if share is None:
        return
    assert share.marked + share.unmarked == units
    assert share.marked >= assistant // 15
    assert share.unmarked >= own // 15
    if not assistant:
        assert share.marked == 0
    if not own:
        assert share.unmarked == 0


@given(own=st.integers(0, 120), assistant=st.integers(0, 120))
def test_units_by_the_table_always_have_a_share(own, assistant):
    units = units_from_minutes(own + assistant)
    share = assistant_units(own + assistant, assistant, units)
    assert share is not None
    # Units beyond the full blocks of both: a single one is the therapist's from 8 of his minutes on.
    if units - own // 15 - assistant // 15 == 1 and own % 15 >= 8:
        assert share.unmarked == own // 15 + 1


@pytest.mark.parametrize(
    ("minutes", "assistant", "over"),
    [(40, 4, False), (40, 5, True), (0, 0, False), (10, 1, False), (9, 1, True)],
)
def test_de_minimis_is_a_tenth(minutes, assistant, over):
    assert beyond_de_minimis(minutes, assistant) is over


BASES = {
    15: [7, 22, 37, 52],
    20: [10, 30, 50],
    30: [15, 45, 75],
    60: [30, 90, 150],
    120: [60, 180],
}
"""The last minute of no unit, one unit and so on, past the middle of each."""


@pytest.mark.parametrize("base", BASES)
def test_units_are_earned_past_the_middle_or_when_full(base):
    for units, last in enumerate(BASES[base]):
        assert units_of_base(last, base) == units
        assert units_of_base(last + 1, base) == units + 1
    for units in range(4):
        assert units_of_base(units * base, base, whole=True) == units
        assert units_of_base((units + 1) * base - 1, base, whole=True) == units
    assert units_of_base(-5, base) == 0


@given(st.integers(0, 300))
def test_fifteen_minutes_are_the_table(minutes):
    assert units_of_base(minutes, 15) == units_from_minutes(minutes)


def test_a_base_has_minutes():
    with pytest.raises(ValueError):
        units_of_base(10, 0)
