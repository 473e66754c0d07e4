"""Units, charges and authorizations of claims."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes import load_tables
from edi.intake import ChargeSummary
from edi.rules import RULES, RuleContext
from edi.rules.registry import check_each
from tests.builders import (
    DAY,
    SUPERVISOR_NPI,
    make_authorization,
    make_directory,
    make_fee,
    make_records,
)
from tests.intake.charging import codes, drafts, line, only, payers, run, summary

# -- units ---------------------------------------------------------------------------------------------------------


def billed(items):
    return {one.session_line_ids[0]: one.units for draft in drafts(items) for one in draft.claim.lines}


def timed(number, code, minutes, **changes):
    return line(number, procedure_code=code, minutes=minutes, **{"units": None, "charge": None, **changes})


def test_units_by_the_payers_method():
    lines = [timed(1, "97112", 24), timed(2, "97110", 23)]
    assert billed(run(*lines, profiles=payers(units={"method": "cms"}))) == {"V1-1": "2", "V1-2": "1"}
    assert billed(run(*lines, profiles=payers(units={"method": "midpoint"}))) == {"V1-1": "2", "V1-2": "2"}
    assert billed(run(*lines, profiles=payers(units={"method": "strict15"}))) == {"V1-1": "1", "V1-2": "1"}
    capped = payers(units={"method": "midpoint", "one_unit_per_code": True})
    assert billed(run(*lines, profiles=capped)) == {"V1-1": "1", "V1-2": "1"}


def test_units_pool_over_the_day_whatever_claim():
    """Two therapists, two claims, one allowance: 20 and 20 minutes are three units."""
    lines = [timed(1, "97112", 20), timed(2, "97110", 20, treating_npi=SUPERVISOR_NPI)]
    items = run(*lines, profiles=payers(units={"method": "cms"}))
    assert len(drafts(items)) == 2
    assert sorted(billed(items).values()) == ["1", "2"]


def test_disciplines_do_not_pool():
    lines = [timed(1, "97112", 20), timed(2, "97110", 20, discipline="OT")]
    assert billed(run(*lines, profiles=payers(units={"method": "cms"}))) == {"V1-1": "1", "V1-2": "1"}


def test_given_units_are_kept_and_still_count():
    lines = [timed(1, "97110", 33, units=3), timed(2, "97140", 7)]
    items = run(*lines, profiles=payers(units={"method": "cms"}))
    assert billed(items) == {"V1-1": "3", "V1-2": "1"}


def test_untimed_codes_are_one_unit_and_out_of_the_pool():
    lines = [timed(1, "97162", 40), timed(2, "97110", 8)]
    assert billed(run(*lines, profiles=payers(units={"method": "cms"}))) == {"V1-1": "1", "V1-2": "1"}


def priced(*lines, **options):
    """`run` where every code has a charge."""
    return run(*lines, records=make_records(fees=(make_fee(code="*"),)), **options)


BLOCKS = {
    "a first block is one unit": ([("97129", 15)], ["1"]),
    "and past its middle": ([("97129", 8)], ["1"]),
    "its add-on counts what is beyond": ([("97129", 15), ("97130", 30)], ["1", "2"]),
    "wherever the minutes stand": ([("97129", 30), ("97130", 15)], ["1", "2"]),
    "past its middle, too": ([("97129", 15), ("97130", 8)], ["1", "1"]),
    "neither pools with 15-minute codes": ([("97129", 20), ("97110", 20)], ["1", "1"]),
    "though each has half a unit left": ([("97129", 8), ("97110", 8)], ["1", "1"]),
    "of hours": ([("97545", 120), ("97546", 60)], ["1", "1"]),
    "of half an hour": ([("97550", 30), ("97551", 15)], ["1", "1"]),
    "of needles": ([("97810", 15), ("97814", 15)], ["1", "1"]),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_first_blocks_and_add_ons_count_by_themselves(name):
    rows, wanted = BLOCKS[name]
    items = priced(
        *(timed(number, *row) for number, row in enumerate(rows, 1)), profiles=payers(units={"method": "cms"})
    )
    assert list(billed(items).values()) == wanted
    assert codes(items) == []


def test_a_payer_may_want_add_ons_full():
    lines = [timed(1, "97129", 15), timed(2, "97130", 22)]
    assert list(billed(priced(*lines)).values()) == ["1", "1"]
    assert list(billed(priced(timed(1, "97129", 15), timed(2, "97130", 23))).values()) == ["1", "2"]
    full = payers(units={"add_on_minutes": "full"})
    assert list(billed(priced(timed(1, "97129", 15), timed(2, "97130", 23), profiles=full)).values()) == [
        "1",
        "1",
    ]


@pytest.mark.parametrize(
    "rows", [[("97129", 7), ("97110", 15)], [("97129", 10), ("97130", 10), ("97110", 15)]]
)
def test_minutes_that_do_not_reach_a_block_leave_the_claim(rows):
    items = priced(*(timed(number, *row) for number, row in enumerate(rows, 1)))
    assert codes(items) == ["CHG020"]
    assert sum(int(units) for units in billed(items).values()) == len(rows) - 1


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("97129", 30)], "no row has the rest under 97130"),
        ([("97810", 40)], "no row has the rest under 97811 or 97814"),
        ([("97130", 15)], "is not among the lines of the day"),
        ([("97129", 15), ("97129", 15)], "several rows"),
        ([("97810", 15), ("97811", 15), ("97814", 15)], "several rows"),
        ([("97129", None), ("97130", 15)], "have their minutes"),
    ],
)
def test_blocks_that_the_minutes_do_not_decide_are_held(rows, reason):
    items = priced(*(timed(number, *row) for number, row in enumerate(rows, 1)))
    assert drafts(items) == []
    assert set(codes(items)) == {"CHG011"}
    assert reason in items[0].message


def test_given_units_of_a_block_are_kept_and_its_minutes_count():
    items = priced(timed(1, "97129", 15, units=1), timed(2, "97130", 15))
    assert list(billed(items).values()) == ["1", "1"]
    assert list(billed(priced(timed(1, "97129", 30, units=2))).values()) == ["2"]


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(("97110", "97140", "97129", "97130", "97810", "97811")), st.integers(1, 60)
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda row: row[0],
    )
)
def test_what_intake_works_out_is_what_the_rules_want(rows):
    items = priced(
        *(timed(number, *row) for number, row in enumerate(rows, 1)), profiles=payers(units={"method": "cms"})
    )
    # An error holds the day; where there is none the units are those of the rules.
    context = RuleContext(
        tables=load_tables(),
        payers=payers(units={"method": "cms"}),
        directory=make_directory(),
        today=DAY,
    )
    wrong = {"UNT002", "UNT003", "UNT004", "UNT005", "UNT006", "UNT009"}
    rules = [one for one in RULES if one.code in wrong]
    assert [found.code for _, found in check_each(drafts(items), context, rules)] == []


def test_minutes_that_earn_nothing_leave_the_claim():
    items = run(timed(1, "97110", 20), timed(2, "97140", 7))
    assert billed(items) == {"V1-1": "1"}
    assert codes(items) == ["CHG020"]
    assert summary(items) == ChargeSummary(lines=2, billed=1, claims=1, zero_units=1)


def test_a_zero_given_is_kept_for_the_rules():
    assert billed(run(line(units=0))) == {"V1-1": "0"}


# -- charges -------------------------------------------------------------------------------------------------------


def charge_of(*fees, **changes):
    items = run(line(charge=None, **changes), records=make_records(fees=fees))
    return only(items).claim.charge if drafts(items) else codes(items)


def test_the_most_specific_fee_wins():
    general = make_fee(amount=1000, code="*")
    coded = make_fee(amount=2000)
    modified = make_fee(amount=3000, modifier="GP")
    narrow = make_fee(amount=4000, modifier="GP", payer="acme")
    narrower = make_fee(amount=5000, modifier="GP", payer="acme", credential="PT", place_of_service="11")
    assert charge_of(general) == 1000
    assert charge_of(general, coded) == 2000
    assert charge_of(general, coded, modified) == 3000
    assert charge_of(general, coded, modified, narrow) == 4000
    assert charge_of(general, coded, modified, narrow, narrower) == 5000


def test_fees_that_do_not_apply():
    wrong = (
        make_fee(payer="other"),
        make_fee(modifier="KX"),
        make_fee(credential="PTA"),
        make_fee(place_of_service="12"),
        make_fee(practice_id="elsewhere"),
        make_fee(valid_to=date(2026, 3, 9)),
        make_fee(valid_from=date(2026, 3, 11)),
        make_fee(kind="expected", payer="acme"),
        make_fee(code="97140"),
    )
    assert charge_of(*wrong) == ["CHG012"]
    assert charge_of(*wrong, make_fee(amount=700, valid_from=DAY, valid_to=DAY)) == 700


def test_equally_specific_fees_are_an_error():
    assert charge_of(make_fee(payer="acme", row=3), make_fee(modifier="GP", row=4)) == ["CHG013"]


def test_per_unit_and_per_line():
    assert charge_of(make_fee(amount=2000), units=3) == 6000
    assert charge_of(make_fee(amount=2000, basis="per_line"), units=3) == 2000


# -- authorizations ------------------------------------------------------------------------------------------------


def authorized(*rows, lines=None, **options):
    items = run(*(lines or [line()]), records=make_records(authorizations=rows), **options)
    return [one.claim.authorization for one in drafts(items)], codes(items)


def test_an_authorization_is_looked_up():
    assert authorized(make_authorization()) == (["AUTH0001"], [])
    assert authorized(make_authorization(codes=("97110",))) == (["AUTH0001"], [])
    assert authorized(make_authorization(case_id="C1", status="Approved")) == (["AUTH0001"], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_id": "P2"},
        {"payer": "other"},
        {"codes": ("97140",)},
        {"valid_to": DAY - timedelta(days=1)},
        {"valid_from": DAY + timedelta(days=1)},
        {"case_id": "C2"},
        {"status": "Denied"},
        {"status": "pending"},
        {"practice_id": "elsewhere"},
    ],
)
def test_an_authorization_that_does_not_fit(changes):
    assert authorized(make_authorization(**changes)) == ([""], [])


def test_the_line_names_its_own():
    assert authorized(make_authorization(), lines=[line(prior_authorization="MINE")]) == (["MINE"], [])


def test_visits_left():
    one = make_authorization(visits=3, visits_used_elsewhere=1)
    lines = [line(10 * n + k, date_of_service=DAY + timedelta(days=n)) for n in range(3) for k in (1, 2)]
    assert authorized(one, lines=lines) == (["AUTH0001", "AUTH0001", ""], ["CHG025", "CHG025"])
    used = {("orchard", "P1", "AUTH0001"): {DAY - timedelta(days=1)}}
    assert authorized(one, lines=lines[:4], visit_days=used)[0] == ["AUTH0001", ""]


def test_the_next_authorization_takes_over():
    rows = (
        make_authorization(authorization_number="LATER", valid_to=date(2026, 12, 31)),
        make_authorization(authorization_number="SOON", visits=1),
    )
    lines = [line(n, date_of_service=DAY + timedelta(days=n)) for n in range(2)]
    assert authorized(*rows, lines=lines) == (["SOON", "LATER"], [])


# -- money from the patient, notes ---------------------------------------------------------------------------------


def test_patient_paid_goes_out_only_where_the_payer_wants_it():
    lines = [line(1, patient_paid=2000), line(2, patient_paid=500)]
    assert only(run(*lines)).claim.patient_paid is None
    wants = payers(claim={"report_patient_paid": True})
    assert only(run(*lines, profiles=wants)).claim.patient_paid == 2500
    assert only(run(profiles=wants)).claim.patient_paid is None


def test_a_note_goes_to_nte_or_describes_an_unlisted_code():
    plain = only(run(line(line_note="LEFT SHOULDER"))).claim.lines[0]
    assert (plain.notes, plain.procedure.description) == ((("ADD", "LEFT SHOULDER"),), None)
    unlisted = only(run(line(procedure_code="97139", line_note="CUPPING"))).claim.lines[0]
    assert (unlisted.notes, unlisted.procedure.description) == ((), "CUPPING")
