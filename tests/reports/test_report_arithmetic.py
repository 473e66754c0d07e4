"""Shares, percentages and percentiles: the arithmetic that every report uses."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.reports.payers import percentile
from reconcile.reports.registry import percent, tenths


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (200, 300, 667),
        (100, 300, 333),
        (1, 8, 125),
        (7, 8, 875),
        (1999, 2000, 1000),
        (1, 2000, 1),
        (0, 5, 0),
        (5, 0, None),
    ],
)
def test_percentages_are_rounded_half_up(numerator, denominator, expected):
    assert percent(numerator, denominator) == expected


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**12), st.sampled_from([1, 90, 100]))
def test_tenths_are_within_half_a_tenth(numerator, denominator, scale):
    exact = Fraction(numerator * scale * 10, denominator)
    found = tenths(numerator, denominator, scale)
    assert abs(found - exact) <= Fraction(1, 2)
    assert found == -tenths(-numerator, denominator, scale)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_the_nearest_rank(days, hundredths):
    histogram = {}
    for one in days:
        histogram[one] = histogram.get(one, 0) + 1
    found = percentile(histogram, hundredths)
    assert sum(one <= found for one in days) * 100 >= hundredths * len(days)
    assert sum(one < found for one in days) * 100 < hundredths * len(days)
    assert percentile({}, hundredths) is None
