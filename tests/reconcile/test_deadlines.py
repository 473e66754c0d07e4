"""The payer's last days, and the order of work."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from edi.codes.lookup import load_tables
from edi.payers.profile import AppealLevel, AppealsPolicy, FilingPolicy, PayerProfile
from reconcile.deadlines import appeal_levels, deadlines
from reconcile.denial_rules import DenialContext, DenialRule
from reconcile.denials import categorise
from reconcile.priority import priority, urgency

PAYER = PayerProfile(
    key="p",
    name="P",
    filing=FilingPolicy(initial_days=120, corrected_days=30),
    appeals=AppealsPolicy(
        levels=(AppealLevel(days=90), AppealLevel(days=60, clock="decision")), reopening_days=365
    ),
)
SERVED, REMITTED = date(2026, 1, 5), date(2026, 3, 1)
LEVEL_1, CORRECTED, REOPENING = date(2026, 5, 30), date(2026, 3, 31), date(2027, 3, 1)
KNOWN = {"kind": "merits", "guardrails": (), "served": SERVED, "remitted_on": REMITTED}


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, [("appeal level 1", LEVEL_1), ("corrected claim", CORRECTED), ("reopening", REOPENING)]),
        ({"guardrails": ("no_appeal",)}, [("corrected claim", CORRECTED), ("reopening", REOPENING)]),
        ({"guardrails": ("no_resubmit",)}, []),
        ({"guardrails": ("no_frequency_7",)}, [("appeal level 1", LEVEL_1), ("reopening", REOPENING)]),
        ({"kind": "unprocessable"}, [("new claim", date(2026, 5, 5))]),
        ({"kind": "unprocessable", "served": None}, []),
        ({"kind": "duplicate"}, []),
        ({"remitted_on": None}, []),
        ({"appealed_level": 1}, [("corrected claim", CORRECTED), ("reopening", REOPENING)]),
        (
            {"appealed_level": 1, "decided_on": date(2026, 6, 1)},
            [("appeal level 2", date(2026, 7, 31)), ("corrected claim", CORRECTED), ("reopening", REOPENING)],
        ),
        (
            {"appealed_level": 2, "decided_on": date(2026, 6, 1)},
            [("corrected claim", CORRECTED), ("reopening", REOPENING)],
        ),
    ],
)
def test_every_last_day_that_runs(changes, days):
    assert [(one.what, one.on) for one in deadlines(PAYER, **{**KNOWN, **changes})] == days


def test_nothing_runs_at_a_payer_that_is_not_known():
    assert deadlines(None, **KNOWN) == ()
    assert appeal_levels(None, (), "merits") == 0
    assert appeal_levels(PAYER, (), "merits") == 2
    assert appeal_levels(PAYER, ("no_appeal",), "merits") == 0


@pytest.mark.parametrize(
    ("left", "percent"),
    [(None, 100), (-1, 10), (0, 300), (7, 300), (8, 200), (14, 200), (15, 150), (30, 150), (31, 100)],
)
def test_urgency_grows_until_the_right_is_gone(left, percent):
    assert urgency(left) == percent


def test_the_priority_is_the_product_of_its_parts():
    found = priority(10000, 3944, 40, 10)
    assert (found.cents, found.expected) == (3944 * 40 * 200 // 10000, 3944)
    assert found.said("medical_necessity", 10) == (
        "priority 31.55 = expected 39.44 x chance 40 % (medical_necessity) x urgency 200 % (10 days left)"
    )
    assert priority(10000, None, 40, None).expected == 5000
    assert priority(10000, 3944, 5, 3, kind="duplicate").cents == 0


def test_a_rule_holds_between_its_days():
    rule = DenialRule(id="x", carc=frozenset({"50"}), valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30))
    for day, holds in (
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 7, 1), False),
        (None, True),
    ):
        assert rule.holds("CO", "50", (), "", DenialContext(on=day)) is holds, day
    dated = msgspec.convert({"id": "x", "from": "2026-01-01"}, DenialRule, strict=False)
    assert dated.valid_from == date(2026, 1, 1)


def test_because_tells_a_code_that_was_not_in_force_and_one_that_another_stands_for():
    tables = load_tables()

    def because(code, day):
        return categorise("CO", code, (), DenialContext(on=day), tables).because[0]

    assert because("50", date(1990, 1, 1)) == "CARC 50: medical_necessity (not in force on 1990-01-01)"
    assert because("50", date(2026, 3, 1)) == "CARC 50: medical_necessity"
    ended = next(
        row
        for row in tables.carcs.values()
        if row.valid_to is not None and getattr(tables.carc(row.successor), "posting_class", "")
    )
    assert f"(deactivated; read as its successor {ended.successor})" in because(ended.code, date(2026, 3, 1))
