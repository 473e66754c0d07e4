"""Units beyond the acceptance cases: days over several claims, totals only, ties, spreads, sessions without a unit."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.finding import Severity
from edi.model.session import BilledSession
from edi.model.units import Verdict, allocate
from edi.payers.profile import EditsPolicy, UnitsPolicy
from tests.rules.conftest import Make

METHODS = {"medicare": "cms", "commercial": "midpoint"}
IN_QUARTER, AFTER_IT = date(2024, 8, 1), date(2026, 3, 2)
TIMED = ("97110", "97112", "97140", "97530", "97035")


def unit_codes(make, *drafts, **context):
    return [
        (one.code, one.location.line)
        for one in make.findings(*drafts, **context)
        if one.code.startswith("UNT") and one.code != "UNT007"
    ]


# units_rules.md, section 4: minutes, units under CMS, units under the midpoint rule.
EXAMPLES = [
    ([("97112", 24), ("97110", 23)], (2, 1), (2, 2)),
    ([("97112", 20), ("97110", 20)], (2, 1), (1, 1)),
    ([("97110", 33), ("97140", 7)], (2, 1), (2, 0)),
    ([("97110", 18), ("97140", 13), ("97116", 10), ("97035", 8)], (1, 1, 1, 0), (1, 1, 1, 1)),
    ([("97112", 7), ("97110", 7), ("97140", 7)], (1, 0, 0), (0, 0, 0)),
    ([("97110", 5), ("97140", 5)], (1, 0), (0, 0)),
    ([("97110", 20), ("97140", 7)], (1, 1), (1, 0)),
    ([("97110", 10), ("97112", 10), ("97140", 10)], (1, 1, 0), (1, 1, 1)),
    ([("97110", 23), ("97140", 8)], (2, 0), (2, 1)),
    ([("97110", 25), ("97140", 15), ("97112", 10)], (2, 1, 0), (2, 1, 1)),
]


@pytest.mark.parametrize(("minutes", "cms", "midpoint"), EXAMPLES)
def test_the_worked_examples_pass_under_their_method(make, minutes, cms, midpoint):
    for payer, units in (("medicare", cms), ("commercial", midpoint)):
        rows = [make.row(code, str(n), m, billed=n > 0) for (code, m), n in zip(minutes, units, strict=True)]
        assert unit_codes(make, make.draft(*rows, payer=payer)) == []


@pytest.mark.parametrize(("minutes", "cms", "midpoint"), EXAMPLES)
def test_one_unit_more_is_an_error_under_either(make, minutes, cms, midpoint):
    for payer, units in (("medicare", cms), ("commercial", midpoint)):
        rows = [
            make.row(code, str(n + (i == 0)), m, billed=n + (i == 0) > 0)
            for i, ((code, m), n) in enumerate(zip(minutes, units, strict=True))
        ]
        assert "UNT003" in {code for code, _ in unit_codes(make, make.draft(*rows, payer=payer))}


def test_a_claim_is_held_for_units_that_another_claim_of_the_day_used_up(make):
    other = make.draft(make.row("97112", "2", 24))
    mine = make.draft(make.row("97110", "2", 23))
    assert unit_codes(make, mine) == []
    assert unit_codes(make, other, mine) == [("UNT003", "1")]


def test_disciplines_days_and_payers_are_judged_apart(make):
    mine = make.draft(make.row("97110", "2", 23))
    apart = [
        make.draft(make.row("97112", "2", 24), discipline="OT"),
        make.draft(make.row("97112", "2", 24, day=date(2024, 8, 2))),
        make.draft(make.row("97112", "2", 24), payer="commercial"),
    ]
    assert unit_codes(make, mine, *apart) == []
    over = make.draft(make.row("97112", "3", 24), discipline="OT")
    assert unit_codes(make, mine, over) == [("UNT003", "1")]


def test_minutes_of_a_service_that_earned_no_unit_count(make):
    silent = make.row("97140", "0", 7, billed=False)
    assert unit_codes(make, make.draft(make.row("97110", "1", 7))) == [("UNT003", "1")]
    assert unit_codes(make, make.draft(make.row("97110", "1", 7), silent)) == []


def billed_before(make, code, minutes, units, **changes):
    (session,) = make.draft(make.row(code, str(units), minutes, **changes)).sessions
    return BilledSession(line=make.replace(session, line_id=f"E-{code}"), units=units)


def test_what_an_earlier_claim_billed_counts_with_the_day(make):
    before = billed_before(make, "97110", 8, 1)
    late = make.row("97140", "1", 12)
    assert unit_codes(make, make.draft(late)) == []
    assert unit_codes(make, make.draft(late, draft_earlier=(before,))) == [("UNT003", "1")]
    assert unit_codes(make, make.draft(late, draft_earlier=(before,), payer="commercial")) == []


def test_minutes_an_earlier_claim_counted_without_a_unit_count(make):
    before = billed_before(make, "97110", 7, 0)
    late = make.row("97140", "1", 7)
    assert unit_codes(make, make.draft(late)) == [("UNT003", "1")]
    assert unit_codes(make, make.draft(late, draft_earlier=(before,))) == []


def test_an_earlier_line_counts_once_though_two_claims_know_of_it(make):
    before = billed_before(make, "97110", 15, 1)
    drafts = [make.draft(make.row(code, "1", 15), draft_earlier=(before,)) for code in ("97140", "97112")]
    assert unit_codes(make, *drafts) == []


def test_totals_of_the_visit_take_in_what_was_billed(make):
    before = billed_before(make, "97110", None, 2, visit_timed_minutes=38)
    late = make.row("97140", "1", None, visit_timed_minutes=38)
    assert unit_codes(make, make.draft(late, draft_earlier=(before,))) == []
    late.units = "2"
    assert unit_codes(make, make.draft(late, draft_earlier=(before,))) == [("UNT003", "1")]


def test_a_late_claim_names_the_earlier_ones_and_what_is_not_known_of_them(make):
    late = make.draft(make.row("97140", "1", 15))
    (found,) = make.findings(late, code="DUP001", earlier=(make.earlier("97110"),))
    assert "claim A1 has 97110" in found.message
    assert "minutes of 97110 are not in this input" in found.message
    known = make.replace(late, earlier=(billed_before(make, "97110", 15, 1),))
    (found,) = make.findings(known, code="DUP001", earlier=(make.earlier("97110"),))
    assert "not in this input" not in found.message


def test_only_the_total_of_the_visit_is_documented(make):
    def rows(units):
        return [
            make.row(code, n, None, visit_timed_minutes=47)
            for code, n in zip(("97112", "97110"), units, strict=True)
        ]

    assert unit_codes(make, make.draft(*rows("21"))) == []
    assert unit_codes(make, make.draft(*rows("12"))) == []
    (found,) = make.findings(make.draft(*rows("22")), code="UNT003")
    assert "47 timed min allow 3" in found.message
    assert unit_codes(make, make.draft(*rows("11"))) == [("UNT002", "2")]
    assert unit_codes(make, make.draft(*rows("21"), payer="commercial")) == [("UNT006", "1"), ("UNT006", "2")]


def test_two_visits_of_a_day_add_up(make):
    rows = [make.row("97110", "2", None, visit=visit, visit_timed_minutes=30) for visit in ("V1", "V2")]
    assert unit_codes(make, make.draft(*rows)) == []
    rows[1].visit_timed_minutes = 22
    assert unit_codes(make, make.draft(*rows)) == [("UNT003", "1")]


def test_the_right_total_on_the_wrong_code_names_the_spread_that_passes(make):
    (found,) = make.findings(
        make.draft(make.row("97110", "1", 30), make.row("97140", "2", 15)), code="UNT004"
    )
    assert found.location.line == "2"
    assert "what passes: 97110 ×2, 97140 ×1" in found.message


def test_a_payer_that_takes_one_unit_a_code_is_not_billed_too_little(make):
    payers = make.payers(units=UnitsPolicy(method="midpoint", one_unit_per_code=True))
    draft = make.draft(make.row(units="1", minutes=45))
    assert unit_codes(make, draft, payers=payers) == []
    draft = make.draft(make.row(units="2", minutes=30))
    assert unit_codes(make, draft, payers=payers) == [("UNT008", "1")]


def test_a_tie_names_every_choice_once(make):
    for units in (("2", "1"), ("1", "2")):
        draft = make.draft(make.row("97112", units[0], 20), make.row("97110", units[1], 20))
        (found,) = make.findings(draft, code="UNT007")
        assert "97112 ×2, 97110 ×1 or 97112 ×1, 97110 ×2" in found.message
        assert unit_codes(make, draft) == []


@pytest.mark.parametrize("code", ["97546", "97130", "98981"])
def test_other_time_bases_are_unchecked_not_clean(make, code):
    draft = make.draft(make.row(code), payer="commercial")
    assert unit_codes(make, draft) == [("UNT006", "1")]


ONCE = [
    # code, units, day, payer, who says so
    ("97150", "2", IN_QUARTER, "medicare", {"UNT005"}),
    ("97161", "2", IN_QUARTER, "medicare", {"MUE001"}),
    ("97129", "2", IN_QUARTER, "medicare", {"MUE001"}),
    ("97161", "2", AFTER_IT, "medicare", {"UNT005"}),
    ("97161", "2", IN_QUARTER, "medicaid", {"UNT005"}),
    ("97161", "2", IN_QUARTER, "no limits", {"UNT005"}),
    ("97129", "2", IN_QUARTER, "no limits", {"UNT005"}),
    ("S9131", "2", IN_QUARTER, "commercial", {"UNT005"}),
    ("97161", "1", IN_QUARTER, "medicare", set()),
    ("95851", "3", IN_QUARTER, "medicare", set()),
    ("95851", "4", IN_QUARTER, "medicare", {"MUE002"}),
    ("95851", "4", AFTER_IT, "medicare", {"MUE002"}),
    ("95851", "4", IN_QUARTER, "no limits", set()),
    ("97598", "8", IN_QUARTER, "medicare", set()),
    ("97598", "9", IN_QUARTER, "medicare", {"MUE002"}),
]


@pytest.mark.parametrize(("code", "units", "day", "payer", "told"), ONCE)
def test_several_units_of_a_code_without_minutes_are_told_once(make, code, units, day, payer, told):
    """An error where one is the limit; what a higher limit says is the limits' affair."""
    payers = make.payers()
    payers["no limits"] = make.replace(payers["commercial"], edits=EditsPolicy(mue=False))
    draft = make.draft(make.row(code, units, 40, day=day), payer=payer)
    found = make.findings(draft, payers=payers, today=day)
    assert {one.code for one in found if one.code.startswith(("UNT", "MUE"))} == told
    severity = Severity.WARNING if told == {"MUE002"} else Severity.ERROR
    assert all(one.severity is severity for one in found if one.code in told)


@pytest.mark.parametrize("units", ["0", "1.5", ""])
def test_units_that_are_no_number_are_told_once(make, units):
    rows = [make.row("97110", units, 15)]
    assert unit_codes(make, make.draft(*rows)) == [("UNT001", "1")]
    rows.append(make.row("97140", "2", 15))
    assert unit_codes(make, make.draft(*rows)) == [("UNT001", "1")]
    rows[1].units = "3"
    assert unit_codes(make, make.draft(*rows)) == [("UNT001", "1"), ("UNT003", "2")]


def test_a_day_of_which_the_run_bills_nothing_timed_is_silent(make):
    """Minutes that earned no unit, and units of earlier claims, beside an evaluation."""
    for units in (1, 2, 3):
        draft = make.draft(
            make.row("97161", "1", 30), draft_earlier=(billed_before(make, "97110", 30, units),)
        )
        assert unit_codes(make, draft) == []
    draft = make.draft(make.row("97161", "1", 30), make.row("97110", "0", 8, billed=False))
    assert unit_codes(make, draft) == []


def test_what_is_wrong_of_earlier_claims_alone_is_not_told_of_this_one(make):
    for units in (1, 2, 3):
        draft = make.draft(
            make.row("97140", "1", 15), draft_earlier=(billed_before(make, "97110", 30, units),)
        )
        assert unit_codes(make, draft) == []
    # 45 minutes of one code allow 3, all billed before.
    draft = make.draft(make.row("97110", "1", 15), draft_earlier=(billed_before(make, "97110", 30, 3),))
    assert unit_codes(make, draft) == [("UNT003", "1")]
    # 8 and 12 minutes allow one unit, which was billed before.
    draft = make.draft(make.row("97140", "1", 12), draft_earlier=(billed_before(make, "97110", 8, 1),))
    assert unit_codes(make, draft) == [("UNT003", "1")]


@given(
    minutes=st.lists(st.tuples(st.sampled_from(TIMED), st.integers(0, 70)), min_size=1, max_size=4),
    units=st.lists(st.integers(1, 5), min_size=4, max_size=4),
    payer=st.sampled_from(sorted(METHODS)),
)
def test_the_findings_follow_the_allocator(minutes, units, payer):
    make = Make()
    rows = [make.row(code, str(n), m) for (code, m), n in zip(minutes, units, strict=False)]
    found = {code for code, _ in unit_codes(make, make.draft(*rows, payer=payer))}
    verdict = allocate(METHODS[payer], minutes).compare(units[: len(minutes)]).verdict
    expected = {
        Verdict.OVERBILLED: {"UNT003"},
        Verdict.UNDERBILLED: {"UNT002"},
        Verdict.WRONG_SPREAD: {"UNT004"},
        Verdict.MATCHES: set(),
        Verdict.TIE_ALTERNATIVE: set(),
    }
    assert found == expected[verdict]
