"""Payers' answers onto records: what is stamped, what is left as the file says, and what a person is told."""

from __future__ import annotations

from datetime import date

import pytest

from edi.intake.confirmations import with_confirmations
from edi.intake.inquiries import confirmed_recently, inquiry_of
from edi.model.confirmation import Confirmation, TherapyDollars
from edi.model.directory import Practice
from edi.model.records import Case, Coverage, PatientRecord, Records
from edi.payers.profile import ClaimPolicy, CoveragePolicy, PayerProfile
from tests import builders

ANSWERED = date(2026, 3, 20)
BORN = date(1960, 5, 17)
PAYERS = {"acme": PayerProfile(key="acme", name="Acme Health", claim_id={"default": "12345", "house": "AC1"})}


def coverage(**changes) -> Coverage:
    given = {"rank": 1, "payer": "acme", "member_id": "W-123", "coverage_from": date(2025, 1, 1), "row": 7}
    return Coverage(**{**given, **changes})


def records(*coverages: Coverage, cases: tuple[Case, ...] = ()) -> Records:
    patient = PatientRecord(
        practice_id="orchard",
        patient_id="P1",
        person=builders.make_person(birth_date=BORN),
        coverages=coverages or (coverage(),),
    )
    return Records(
        patients={("orchard", "P1"): patient}, cases={(one.practice_id, one.case_id): one for one in cases}
    )


def said(**changes) -> Confirmation:
    given = {
        "practice_id": "orchard",
        "patient_id": "P1",
        "payer_key": "acme",
        "payer_id": "12345",
        "member_id": "w123",
        "birth_date": BORN,
        "name": ("TESTER", "ADA"),
        "confirmed_on": ANSWERED,
        "status": "active",
    }
    return Confirmation(**{**given, **changes})


def stamped(*answers: Confirmation, on: Coverage | None = None) -> Coverage:
    given = records(on or coverage())
    return with_confirmations(given, answers, PAYERS)[0].patients["orchard", "P1"].coverages[0]


def test_an_answer_stamps_its_coverage():
    answer = said()
    found = stamped(answer)
    assert (found.last_verified, found.confirmation, found.coverage_to) == (ANSWERED, answer, None)


@pytest.mark.parametrize(
    "answer",
    [
        said(member_id="W999"),
        said(payer_key="other"),
        said(patient_id="P2"),
        said(practice_id="other"),
        said(confirmed_on=None),
        said(birth_date=date(1961, 1, 1)),
        said(name=("TESTER", "EVE")),
        said(name=("MARRIED", "ADA")),
    ],
)
def test_an_answer_to_something_else_does_not(answer):
    assert stamped(answer) == coverage()


def test_the_latest_answer_counts():
    old, new = said(confirmed_on=date(2026, 3, 1), status="inactive"), said()
    assert stamped(old, new).confirmation == new


def test_a_later_word_of_the_file_counts_more():
    by_phone = coverage(last_verified=date(2026, 3, 21))
    assert stamped(said(status="inactive"), on=by_phone) == by_phone
    same_day = coverage(last_verified=ANSWERED)
    assert stamped(said(), on=same_day).confirmation is not None


@pytest.mark.parametrize("status", ["not_found", "rejected", "unknown"])
def test_what_confirms_nothing_is_no_verification(status):
    before = coverage(last_verified=date(2026, 1, 1))
    found = stamped(said(status=status), on=before)
    assert found.last_verified == date(2026, 1, 1)
    assert found.confirmation is not None
    assert found.confirmation.status == status


@pytest.mark.parametrize(
    ("ends", "file_says", "counts"),
    [
        (date(2026, 1, 31), None, date(2026, 1, 31)),
        (date(2026, 1, 31), date(2026, 6, 30), date(2026, 1, 31)),
        (date(2026, 12, 31), date(2026, 6, 30), date(2026, 6, 30)),
        (None, date(2026, 6, 30), date(2026, 6, 30)),
        (date(2024, 12, 31), None, None),
    ],
)
def test_the_earlier_end_counts(ends, file_says, counts):
    given = records(coverage(coverage_to=file_says))
    made, findings = with_confirmations(given, [said(coverage_to=ends)], PAYERS)
    assert made.patients["orchard", "P1"].coverages[0].coverage_to == counts
    assert [one.code for one in findings] == (["ELI007"] if counts != file_says else [])
    assert all((one.location.row, one.location.field) == (7, "coverage_to") for one in findings)


def test_another_member_id_is_told_without_it():
    _, (found,) = with_confirmations(records(), [said(answered_member_id="NEW9")], PAYERS)
    assert (found.code, found.severity.value, found.carc) == ("ELI006", "warning", "31")
    assert "NEW9" not in found.message + found.fix


@pytest.mark.parametrize(("payer_id", "counts"), [("12345", True), ("ac1", True), ("OTHER", False)])
def test_an_answer_nobody_asked_for_counts_where_it_fits(payer_id, counts):
    loose = said(practice_id="", patient_id="", payer_key="", payer_id=payer_id)
    assert (stamped(loose).confirmation == loose) == counts
    stranger = said(practice_id="", patient_id="", payer_key="", birth_date=date(1961, 1, 1))
    assert stamped(stranger) == coverage()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        (("TESTER", "ADA"), True),
        (("Tester", "A."), True),
        (("TESTER", "EVE"), False),
        (("TESTER", ""), False),
    ],
)
def test_an_answer_nobody_asked_for_is_of_the_same_name(name, counts):
    loose = said(practice_id="", patient_id="", payer_key="", name=name)
    assert (stamped(loose).confirmation == loose) == counts


def test_a_twin_s_later_answer_hides_nobody_s():
    own = said(practice_id="", patient_id="", payer_key="")
    twin = said(
        practice_id="", patient_id="", payer_key="", name=("TESTER", "EVE"), confirmed_on=date(2026, 3, 25)
    )
    assert stamped(own, twin).confirmation == own


def test_the_newer_of_a_tied_and_a_loose_answer_counts():
    loose = said(practice_id="", patient_id="", payer_key="", confirmed_on=date(2026, 3, 22))
    assert stamped(loose, said()).confirmation == loose


DOLLARS = (
    TherapyDollars("PT/SLP", 2025, 1),
    TherapyDollars("PT/SLP", 2026, 850_25),
    TherapyDollars("OT", 2026, 77),
)


@pytest.mark.parametrize(
    ("discipline", "file_used", "file_as_of", "counts"),
    [
        ("PT", None, None, (850_25, ANSWERED)),
        ("SLP", None, None, (850_25, ANSWERED)),
        ("OT", None, None, (77, ANSWERED)),
        ("DC", None, None, (None, None)),
        ("PT", 100, date(2026, 3, 1), (850_25, ANSWERED)),
        ("PT", 100, date(2026, 3, 21), (100, date(2026, 3, 21))),
    ],
)
def test_therapy_dollars_go_to_the_case_of_the_discipline(discipline, file_used, file_as_of, counts):
    case = Case(
        practice_id="orchard",
        case_id="C1",
        patient_id="P1",
        discipline=discipline,
        therapy_dollars_used=file_used,
        therapy_dollars_as_of=file_as_of,
    )
    other = Case(practice_id="orchard", case_id="C2", patient_id="P2", discipline="PT")
    made, _ = with_confirmations(records(cases=(case, other)), [said(therapy_dollars=DOLLARS)], PAYERS)
    found = made.cases["orchard", "C1"]
    assert (found.therapy_dollars_used, found.therapy_dollars_as_of) == counts
    assert made.cases["orchard", "C2"] == other


def test_without_answers_the_records_are_the_same():
    given = records()
    made, findings = with_confirmations(given, [], PAYERS)
    assert made is given
    assert findings == ()


# -- what is asked -----------------------------------------------------------------------------------------------------

PRACTICE = Practice(id="orchard", name="Orchard Therapy", npi=builders.PRACTICE_NPI, tax_id="123456789")


def asked(given: Coverage, *, disciplines=("PT",), profile: PayerProfile = PAYERS["acme"]):
    patient = records(given).patients["orchard", "P1"]
    days = [date(2026, 3, 12), date(2026, 3, 10)]
    return inquiry_of(
        patient,
        given,
        practice=PRACTICE,
        profile=profile,
        partner="house",
        days=days,
        disciplines=disciplines,
    )


def test_what_is_asked_about_a_subscriber():
    made = asked(coverage(group_number="G1"), disciplines=("PT", "OT", "PT"))
    assert (made.practice_id, made.patient_id, made.payer_key) == ("orchard", "P1", "acme")
    assert (made.payer_name, made.payer_id, made.trace_assigner) == ("Acme Health", "AC1", "1123456789")
    assert (made.subscriber.first_name, made.patient, made.relationship) == ("ADA", None, "")
    assert (made.member_id, made.group_number) == ("W-123", "G1")
    assert (made.date_from, made.date_to) == (date(2026, 3, 10), date(2026, 3, 12))
    assert made.service_types == ("30", "AD", "PT")


@pytest.mark.parametrize(
    ("kind", "disciplines", "types"),
    [
        ("medicare_b", ("PT", "OT", "SLP"), ("30", "AD", "AE", "AF")),
        ("medicare_b", ("DC",), ("30",)),
        ("commercial", ("DC", "LMT", "ACU", "SLP"), ("30", "64", "33", "BE", "AF")),
        ("commercial", ("MD", ""), ("30",)),
    ],
)
def test_service_types_by_discipline_and_payer(kind, disciplines, types):
    assert (
        asked(coverage(), disciplines=disciplines, profile=PayerProfile(name="X", kind=kind)).service_types
        == types
    )


@pytest.mark.parametrize(("word", "code"), [("spouse", "01"), ("child", "19"), ("other", "34")])
def test_a_dependent_is_asked_about_below_his_subscriber(word, code):
    holder = builders.make_person(first_name="HOLDER")
    made = asked(coverage(relationship=word, subscriber=holder))
    assert (made.subscriber.first_name, made.patient.first_name, made.relationship) == ("HOLDER", "ADA", code)


def test_a_dependent_with_an_id_of_his_own_is_asked_about_as_the_subscriber():
    own = asked(coverage(relationship="child", patient_has_own_member_id=True))
    by_payer = asked(
        coverage(relationship="child"),
        profile=PayerProfile(name="X", claim=ClaimPolicy(dependents_have_own_id=True)),
    )
    assert [(one.subscriber.first_name, one.patient) for one in (own, by_payer)] == [("ADA", None)] * 2


@pytest.mark.parametrize(
    ("verified", "policy", "within", "recent"),
    [
        (None, 30, None, False),
        (date(2026, 2, 18), 30, None, True),
        (date(2026, 2, 17), 30, None, False),
        (date(2026, 2, 17), None, None, True),
        (date(2026, 2, 17), 30, 31, True),
        (date(2026, 3, 19), 30, 0, False),
        (date(2026, 3, 20), 30, 0, True),
    ],
)
def test_when_a_payer_is_asked_again(verified, policy, within, recent):
    profile = PayerProfile(name="X", coverage=CoveragePolicy(verified_within_days=policy))
    assert confirmed_recently(coverage(last_verified=verified), profile, ANSWERED, within) == recent
