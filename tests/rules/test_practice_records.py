"""Rules on the practice's own records: how heavy they weigh, what they say, and what they leave unsaid."""

from __future__ import annotations

from datetime import date

import pytest

from edi.model.finding import Severity
from edi.model.records import Records
from edi.payers.profile import AuthorizationPolicy, FilingPolicy
from tests.rules.cases.coverage import accident_claim

NUMBER = "WC100"


def only(findings, code):
    (found,) = [one for one in findings if one.code == code]
    return found


@pytest.mark.parametrize(
    ("code", "kind", "payer"), [("COV006", "work", "workers_comp"), ("COV007", "auto", "auto")]
)
def test_an_accident_is_an_error_where_the_payer_of_accidents_is_known(make, code, kind, payer):
    known = only(accident_claim(make, kind, make.coverage(rank=2, payer=payer)), code)
    assert known.severity is Severity.ERROR
    other = only(accident_claim(make, kind, make.coverage(rank=2, payer="medicaid")), code)
    assert other.severity is Severity.WARNING
    ended = make.coverage(rank=2, payer=payer, coverage_to=date(2024, 7, 31))
    assert only(accident_claim(make, kind, ended), code).severity is Severity.WARNING


def test_massage_is_an_error_at_medicare_alone(make):
    for payer, severity in (("medicare", Severity.ERROR), ("commercial", Severity.WARNING)):
        found = only(make.findings(make.draft(payer=payer, discipline="LMT")), "PRO009")
        assert found.severity is severity


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("settled", "and was paid"),
        ("denied", "and was denied: correct or appeal that claim"),
        ("accepted", "and is with the payer"),
    ],
)
def test_a_day_billed_before_says_what_became_of_it(make, status, said):
    earlier = (make.earlier("97110", status=status),)
    found = only(make.findings(make.draft(make.row("97140")), earlier=earlier), "DUP001")
    assert f"claim A1 has 97110 {said}" in found.message


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2025, 7, 31), "the last day to file is 2025-08-01, 1 day from 2025-07-31"),
        (date(2025, 8, 1), "the last day to file is 2025-08-01, 0 days from 2025-08-01"),
    ],
)
def test_the_last_day_to_file_is_named(make, today, said):
    found = only(make.findings(make.draft(), today=today), "TIM004")
    assert found.message == f"{said} (first claim, counted from the service of 2024-08-01)"


def test_a_limit_in_days_takes_the_place_of_the_packs_months(make):
    payers = make.payers(filing=FilingPolicy(initial_days=2000, initial_months=12))
    assert make.findings(make.draft(), today=date(2026, 8, 1), payers=payers, code="TIM002") == []
    payers = make.payers(filing=FilingPolicy(initial_days=10, initial_months=12))
    assert make.findings(make.draft(), payers=payers, code="TIM002")


@pytest.mark.parametrize(
    ("served", "last"),
    [
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2023, 3, 1), date(2024, 3, 1)),
        (date(2023, 2, 28), date(2024, 2, 28)),
        (date(2024, 12, 31), date(2025, 12, 31)),
    ],
)
def test_twelve_months_are_not_365_days(served, last):
    assert FilingPolicy(initial_months=12).last_day(served) == last
    assert FilingPolicy(initial_months=2).last_day(date(2024, 12, 31)) == date(2025, 2, 28)
    assert FilingPolicy().last_day(served) is None


def test_visits_count_in_order_of_date_whatever_the_order_of_claims(make):
    """The last visit by date is the one too many, and it alone."""
    claims = [
        make.draft(make.row(day=date(2024, 8, day), visit=f"V{day}"), payer="workers_comp")
        for day in (9, 1, 5)
    ]
    records = Records(authorizations=(make.authorization(visits=2),))
    found = make.findings(*claims, records=records, code="AUT006")
    assert [one.message for one in found] == [f"2024-08-09 is visit 3 of the 2 of authorization {NUMBER}"]


def test_two_claims_of_one_day_are_one_visit(make):
    claims = [make.draft(make.row(code), payer="workers_comp") for code in ("97110", "97140")]
    records = Records(authorizations=(make.authorization(visits=1),))
    assert make.findings(*claims, records=records, code="AUT006") == []


def test_an_extension_under_the_same_number_has_dates_and_visits_of_its_own(make):
    first = make.authorization(valid_to=date(2024, 7, 31), visits=1)
    more = make.authorization(valid_from=date(2024, 8, 1), visits=1, row=3)
    draft = make.draft(payer="workers_comp")
    earlier = (
        make.earlier("97110", payer="workers_comp", date_of_service=date(2024, 7, 3), authorization=NUMBER),
    )
    found = make.findings(draft, records=Records(authorizations=(first, more)), earlier=earlier)
    assert not {one.code for one in found} & {"AUT005", "AUT006"}


def test_what_is_not_recorded_is_said_once_for_a_practice(make):
    drafts = [
        make.draft(
            make.row(visit=f"V{number}"),
            payer=payer,
            draft_case=None,
            draft_coverage=make.coverage(payer=payer),
        )
        for number, payer in enumerate(("medicare", "medicare", "workers_comp", "workers_comp"))
    ]
    found = make.findings(*drafts, records=Records(), clinicians=(make.clinician(licenses=()),))
    unchecked = [one for one in found if one.code in ("COV015", "PRO003", "POC006", "AUT010")]
    assert sorted(one.code for one in unchecked) == ["AUT010", "COV015", "POC006", "PRO003"]
    assert all(one.message.startswith("UNCHECKED: ") for one in unchecked)
    assert all(one.severity is not Severity.ERROR for one in unchecked)


def test_no_member_id_is_repeated(make):
    payers = make.payers()
    for payer, number in (
        ("medicare", "123456789A"),
        ("commercial", "1EG4TE5MK73"),
        ("commercial", "UNKNOWN"),
    ):
        found = make.findings(
            make.draft(payer=payer, subscriber=make.subscriber(member_id=number)), payers=payers
        )
        told = [one for one in found if one.code.startswith("COV01")]
        assert told
        assert number not in repr(told)


def test_a_lines_own_authorization_is_judged_beside_the_claims(make):
    own = make.authorization(authorization_number="WC200", codes=("97140",), row=3)
    rows = make.row(), make.row("97110", units="2", line={"authorization": "WC200"})
    found = make.findings(
        make.draft(*rows, payer="workers_comp"),
        records=Records(authorizations=(make.authorization(), own)),
        code="AUT004",
    )
    assert [(one.location.line, one.message) for one in found] == [
        ("2", "authorization WC200 does not cover 97110")
    ]


def test_a_visit_before_the_first_that_needs_one_passes(make):
    policy = AuthorizationPolicy(required_for=("*",), from_visit=2)
    payers = make.payers(authorization=policy)
    case = make.case(plan_of_care_from=None, initial_treatment_date=date(2024, 8, 1))
    first, second = (
        make.draft(make.row(day=date(2024, 8, day), visit=f"V{day}"), draft_case=case) for day in (1, 2)
    )
    found = make.findings(first, second, payers=payers, code="AUT001")
    assert [one.location.visit for one in found] == ["V2"]
