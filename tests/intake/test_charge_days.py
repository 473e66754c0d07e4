"""Days with lines that earn no unit, and days of which an earlier claim billed a part."""

from __future__ import annotations

from datetime import timedelta

from edi.intake import ChargeSummary
from edi.model.session import BilledSession
from tests.builders import DAY, make_authorization, make_records
from tests.intake.charging import codes, drafts, line, only, payers, run, summary

CMS = {"units": {"method": "cms"}}


def timed(number, code, minutes, **changes):
    return line(number, procedure_code=code, minutes=minutes, units=None, charge=None, **changes)


def billed(number, code, minutes, units, **changes):
    return BilledSession(line=timed(number, code, minutes, **changes), units=units)


def units(items):
    return {one.procedure.code: one.units for draft in drafts(items) for one in draft.claim.lines}


# -- lines whose minutes earn no unit ----------------------------------------------------------------------------------


def test_a_line_without_a_unit_stays_with_its_claim():
    items = run(timed(1, "97112", 7), timed(2, "97110", 7), timed(3, "97140", 7), profiles=payers(**CMS))
    draft = only(items)
    assert [(one.procedure.code, one.units, one.session_line_ids) for one in draft.claim.lines] == [
        ("97112", "1", ("V1-1",))
    ]
    assert [one.line_id for one in draft.sessions] == ["V1-1", "V1-2", "V1-3"]
    assert codes(items) == ["CHG020", "CHG020"]
    assert summary(items) == ChargeSummary(lines=3, billed=1, claims=1, zero_units=2)


def test_a_line_without_a_unit_goes_with_the_claim_it_would_be_on():
    items = run(
        timed(1, "97110", 30, facility_id="main"),
        timed(2, "97112", 30, facility_id="north"),
        timed(3, "97140", 5, facility_id="north"),
        profiles=payers(**CMS),
    )
    assert [[one.line_id for one in draft.sessions] for draft in drafts(items)] == [
        ["V1-1"],
        ["V1-2", "V1-3"],
    ]


def test_a_line_without_a_unit_goes_with_any_claim_of_its_day():
    items = run(timed(1, "97110", 30), timed(2, "97140", 5, facility_id="north"), profiles=payers(**CMS))
    assert [one.line_id for one in only(items).sessions] == ["V1-1", "V1-2"]


def test_a_line_without_a_unit_makes_no_claim_and_joins_none_of_another_day_or_discipline():
    items = run(timed(1, "97110", 5), profiles=payers(**CMS))
    assert drafts(items) == []
    assert summary(items).zero_units == 1
    items = run(
        timed(1, "97110", 5),
        timed(2, "97110", 15, date_of_service=DAY + timedelta(days=1)),
        timed(3, "97110", 15, discipline="OT"),
        profiles=payers(**CMS),
    )
    assert sorted(one.line_id for draft in drafts(items) for one in draft.sessions) == ["V1-2", "V1-3"]


# -- days of which a part was billed -----------------------------------------------------------------------------------


def test_a_late_line_gets_what_the_day_leaves():
    late = timed(9, "97140", 12)
    assert units(run(late, profiles=payers(**CMS))) == {"97140": "1"}
    items = run(late, profiles=payers(**CMS), earlier=[billed(1, "97110", 8, 1)])
    assert units(items) == {}
    assert codes(items) == ["CHG020"]
    assert "beside what is billed" in items[0].message
    assert units(run(late, profiles=payers(**CMS), earlier=[billed(1, "97110", 15, 1)])) == {"97140": "1"}


def test_an_earlier_line_is_neither_billed_nor_counted_again():
    items = run(timed(9, "97140", 15), profiles=payers(**CMS), earlier=[billed(1, "97110", 15, 1)])
    draft = only(items)
    assert [one.procedure.code for one in draft.claim.lines] == ["97140"]
    assert [one.line_id for one in draft.sessions] == ["V1-9"]
    assert [(one.line.line_id, one.units) for one in draft.earlier] == [("V1-1", 1)]
    assert summary(items) == ChargeSummary(lines=1, billed=1, claims=1)


def test_only_earlier_lines_of_the_day_and_discipline_count():
    items = run(
        timed(9, "97140", 12),
        profiles=payers(**CMS),
        earlier=[
            billed(1, "97110", 8, 1, date_of_service=DAY - timedelta(days=1)),
            billed(2, "97110", 8, 1, discipline="OT"),
            billed(3, "97110", 8, 1, patient_id="P2"),
        ],
    )
    assert units(items) == {"97140": "1"}
    assert only(items).earlier == ()


def test_a_given_number_of_units_is_kept_for_the_rules():
    late = line(9, procedure_code="97140", minutes=12, units=1)
    items = run(late, profiles=payers(**CMS), earlier=[billed(1, "97110", 8, 1)])
    assert units(items) == {"97140": "1"}


# -- visits of authorizations ------------------------------------------------------------------------------------------


def test_a_late_line_of_a_counted_visit_uses_no_other():
    one = make_authorization(visits=1)
    records = make_records(authorizations=(one,))
    used = {("orchard", "P1", "AUTH0001"): {DAY}}
    assert only(run(records=records, visit_days=used)).claim.authorization == "AUTH0001"
    used = {("orchard", "P1", "AUTH0001"): {DAY - timedelta(days=1)}}
    items = run(records=records, visit_days=used)
    assert only(items).claim.authorization == ""
    assert codes(items) == ["CHG025"]
    others = {("orchard", "P2", "AUTH0001"): {DAY - timedelta(days=1)}}
    assert only(run(records=records, visit_days=others)).claim.authorization == "AUTH0001"
