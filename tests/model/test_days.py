"""Days counted from dates of files, up to the last and down to the first day there is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.days import days_after, months_after
from edi.payers import shipped_packs
from edi.payers.profile import FilingPolicy, PayerProfile
from reconcile.deadlines import appeal_by, deadlines
from reconcile.store.journal import posting_day

EDGES = (date.max, date.min, date(9999, 12, 1), date(1, 1, 31))


@given(st.dates(), st.integers(-10_000, 10_000))
def test_days_are_those_of_the_calendar_and_stop_at_its_ends(day, days):
    number = day.toordinal() + days
    assert days_after(day, days).toordinal() == min(max(number, 1), date.max.toordinal())


@given(st.dates(), st.integers(-300, 300))
def test_months_never_fail_and_keep_the_order(day, months):
    found = months_after(day, months)
    assert (found >= day) if months >= 0 else (found <= day)
    if date.min < found < date.max:
        assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(9999, 6, 1), 12, date.max),
        (date(1, 6, 1), -12, date.min),
    ],
)
def test_months(day, months, found):
    assert months_after(day, months) == found


@pytest.mark.parametrize("day", EDGES)
def test_deadlines_from_dates_at_the_ends_of_the_calendar(day):
    for profile in shipped_packs().values():
        for kind in ("unprocessable", "clinical", "duplicate", "timely"):
            for last in deadlines(
                profile,
                kind=kind,
                guardrails=(),
                served=day,
                remitted_on=day,
                appealed_level=1,
                decided_on=day,
            ):
                assert last.on >= day
        assert (appeal_by(profile, 1, day, day) or day) >= day
    assert deadlines(None, kind="clinical", guardrails=(), served=day, remitted_on=day) == ()
    assert (FilingPolicy(initial_days=365).last_day(day) or day) >= day
    assert (FilingPolicy(initial_months=12).last_day(day) or day) >= day
    assert PayerProfile(name="x").filing.last_day(day) is None
    assert posting_day(day, day) == days_after(day, 1)


def test_an_ordinary_day_is_counted_as_ever():
    assert days_after(date(2026, 3, 1), -1) == date(2026, 2, 28)
    assert days_after(date(2026, 3, 1), 30) == date(2026, 3, 1) + timedelta(days=30)
