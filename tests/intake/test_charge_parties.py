"""Who stands on a claim: therapists, facilities, cases, subscribers, patients."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from edi.model.claim import Address
from edi.model.directory import Clinician, Enrolment
from tests.builders import (
    DAY,
    FACILITY_NPI,
    PRACTICE_NPI,
    SUPERVISOR_NPI,
    THERAPIST_NPI,
    make_case,
    make_coverage,
    make_directory,
    make_patient,
    make_person,
    make_records,
    npi,
)
from tests.intake.charging import codes, line, only, payers, run, summary

OTHER_CASE = make_case(case_id="C2", plan_of_care_from=date(2026, 3, 1))


# -- who renders ---------------------------------------------------------------------------------------------------

ASSISTANT = {"treating_npi": "", "treating_id": "pta1"}


def rendering_npi(items):
    rendering = only(items).claim.rendering
    return rendering.npi if rendering is not None else None


def with_clinician(**changes):
    directory = make_directory()
    fields = {"id": "new", "last_name": "NEW", "first_name": "NIK", "disciplines": ("PT",), **changes}
    return make_directory(clinicians={**directory.clinicians, "new": Clinician(**fields)})


def test_an_assistants_supervisor_renders():
    assert rendering_npi(run(line(**ASSISTANT))) == SUPERVISOR_NPI


def test_a_supervisor_named_on_the_line_renders():
    draft = only(run(line(**ASSISTANT, supervising_npi=THERAPIST_NPI)))
    assert draft.claim.rendering is not None
    assert draft.claim.rendering.npi == THERAPIST_NPI
    assert draft.claim.supervising is None


def test_a_named_rendering_provider():
    assert rendering_npi(run(line(rendering_npi=SUPERVISOR_NPI))) == SUPERVISOR_NPI


def test_an_assistant_with_npi_renders_only_where_the_payer_lets_him():
    directory = with_clinician(npi=npi(77), credential="PTA", supervisor="senior")
    treated = line(treating_npi=npi(77))
    assert rendering_npi(run(treated, directory=directory)) == SUPERVISOR_NPI
    lenient = payers(providers={"assistant_may_render": True, "supervising_required": True})
    draft = only(run(treated, directory=directory, profiles=lenient))
    assert draft.claim.rendering is not None
    assert draft.claim.rendering.npi == npi(77)
    assert draft.claim.supervising is not None
    assert draft.claim.supervising.npi == SUPERVISOR_NPI


@pytest.mark.parametrize(
    "changes",
    [
        {"credential": "PTA"},
        {"credential": "LMT"},
        {"credential": "PTA", "supervisor": "senior", "supervised_to": DAY - timedelta(days=1)},
        {"credential": "PTA", "supervisor": "senior", "supervised_from": DAY + timedelta(days=1)},
    ],
)
def test_nobody_renders(changes):
    items = run(line(treating_npi="", treating_id="new"), directory=with_clinician(**changes))
    assert codes(items) == ["CHG008"]


def test_a_solo_practice_has_no_rendering_loop():
    directory = with_clinician(npi=PRACTICE_NPI, credential="PT")
    assert only(run(line(treating_npi=PRACTICE_NPI), directory=directory)).claim.rendering is None


def test_the_discipline_comes_from_the_therapist_or_the_case():
    assert only(run(line(discipline=""))).discipline == "PT"
    two = with_clinician(npi=npi(77), credential="PT", disciplines=("PT", "OT"))
    assert only(run(line(discipline="", treating_npi=npi(77)), directory=two)).discipline == "PT"
    no_case = make_records(cases=())
    assert codes(run(line(discipline="", treating_npi=npi(77)), directory=two, records=no_case)) == ["CHG006"]


def test_the_payers_number_of_a_provider():
    directory = make_directory(
        enrolments=(
            Enrolment(practice="orchard", payer="acme", provider="walker", provider_number="W1"),
            Enrolment(practice="orchard", payer="acme", provider="senior", provider_number="S1"),
            Enrolment(practice="orchard", payer="acme", role="billing", provider_number="B1"),
            Enrolment(practice="orchard", payer="other", provider="walker", provider_number="X1"),
        )
    )
    claim = only(run(directory=directory)).claim
    assert claim.rendering is not None
    assert claim.rendering.references == (("G2", "W1"),)
    assert claim.payer.references == (("G2", "B1"),)
    assert claim.billing.references == ()


# -- facility ------------------------------------------------------------------------------------------------------


def test_a_facility_elsewhere_is_named():
    facility = only(run(line(facility_id="north"))).claim.facility
    assert facility is not None
    assert (facility.npi, facility.last_name, facility.is_person) == (FACILITY_NPI, "ORCHARD NORTH", False)
    assert facility.address is not None
    assert facility.address.city == "SALEM"


def test_a_practice_of_one_address_needs_no_facility():
    practice = replace(make_directory().practices["orchard"], default_facility="")
    directory = make_directory(facilities={}, practices={"orchard": practice})
    claim = only(run(directory=directory)).claim
    assert (claim.facility, claim.place_of_service) == (None, "11")


def test_several_sites_and_no_default():
    directory = make_directory()
    practice = replace(directory.practices["orchard"], default_facility="")
    items = run(directory=replace(directory, practices={"orchard": practice}))
    assert codes(items) == ["CHG009"]


# -- cases ---------------------------------------------------------------------------------------------------------


def test_the_case_is_found_by_discipline_and_day():
    old = make_case(case_id="C0", plan_of_care_from=date(2025, 1, 1), plan_of_care_to=date(2025, 6, 1))
    speech = make_case(case_id="C3", discipline="SLP")
    found = only(run(records=make_records(cases=(old, speech, make_case())))).case
    assert found is not None
    assert found.case_id == "C1"


def test_two_open_cases_need_a_case_id():
    records = make_records(cases=(make_case(), OTHER_CASE))
    assert codes(run(records=records)) == ["CHG005"]
    assert only(run(line(case_id="C2"), records=records)).case == OTHER_CASE


def test_a_case_of_another_patient():
    records = make_records(cases=(make_case(patient_id="P2"),))
    assert codes(run(line(case_id="C1"), records=records)) == ["CHG004"]


def test_without_a_case():
    draft = only(run(records=make_records(cases=())))
    assert draft.case is None
    assert (draft.claim.dates, draft.claim.referring, draft.claim.accident_causes) == ((), None, ())


def test_dates_and_accident():
    case = make_case(
        onset_date=date(2026, 2, 1),
        initial_treatment_date=date(2026, 2, 2),
        acute_manifestation_date=date(2026, 2, 3),
        last_xray_date=date(2026, 2, 4),
        last_worked_date=date(2026, 2, 5),
        return_to_work_date=date(2026, 2, 6),
        first_contact_date=date(2026, 2, 7),
        accident_type="auto",
        accident_date=date(2026, 1, 31),
        accident_state="MA",
        claim_number="CL-1",
        referral_number="R9",
    )
    records = make_records(cases=(case,))
    claim = only(run(records=records, profiles=payers(kind="auto"))).claim
    assert dict(claim.dates) == {
        "431": date(2026, 2, 1), "454": date(2026, 2, 2), "453": date(2026, 2, 3), "455": date(2026, 2, 4),
        "297": date(2026, 2, 5), "296": date(2026, 2, 6), "444": date(2026, 2, 7), "439": date(2026, 1, 31),
    }  # fmt: skip
    assert (claim.accident_causes, claim.accident_state, claim.referral_number) == (("AA",), "MA", "R9")
    assert claim.subscriber.references == (("Y4", "CL-1"),)
    assert claim.subscriber.filing_indicator == "AM"
    health = only(run(records=records)).claim
    assert "444" not in dict(health.dates)
    assert health.subscriber.references == ()


def test_onset_on_the_day_of_service_is_not_sent():
    assert only(run(records=make_records(cases=(make_case(onset_date=DAY),)))).claim.dates == ()


@pytest.mark.parametrize(("word", "code"), [("work", "EM"), ("other", "OA")])
def test_accident_causes(word, code):
    case = make_case(accident_type=word, accident_date=date(2026, 1, 1))
    claim = only(run(records=make_records(cases=(case,)))).claim
    assert (claim.accident_causes, claim.accident_state) == ((code,), "")


# -- subscriber and patient ----------------------------------------------------------------------------------------

PARENT = make_person(first_name="PAM", address=Address(line_1="9 HILL", city="LYNN", state="MA", zip="01901"))


def covered(**changes):
    return make_records(patients=(make_patient(coverages=(make_coverage(**changes),)),))


@pytest.mark.parametrize(
    ("word", "code"), [("spouse", "01"), ("child", "19"), ("employee", "20"), ("other", "G8")]
)
def test_a_dependent(word, code):
    claim = only(run(records=covered(relationship=word, subscriber=PARENT, group_number="G1"))).claim
    assert not claim.subscriber.is_patient
    assert claim.subscriber.person == PARENT
    assert (claim.subscriber.member_id, claim.subscriber.group_number) == ("W123456789", "G1")
    assert claim.patient is not None
    assert (claim.patient.relationship, claim.patient.person.first_name) == (code, "ADA")


def test_a_dependent_with_an_id_of_his_own_is_the_subscriber():
    own = covered(relationship="child", subscriber=PARENT, patient_has_own_member_id=True)
    claim = only(run(records=own)).claim
    assert claim.patient is None
    assert claim.subscriber.is_patient
    assert claim.subscriber.person.first_name == "ADA"
    by_payer = payers(claim={"dependents_have_own_id": True})
    plain = covered(relationship="child", subscriber=PARENT)
    assert only(run(records=plain, profiles=by_payer)).claim.patient is None
    said_no = covered(relationship="child", subscriber=PARENT, patient_has_own_member_id=False)
    assert only(run(records=said_no, profiles=by_payer)).claim.patient is not None


def work_records(employer_in="coverage"):
    case = make_case(
        accident_type="work",
        accident_date=date(2026, 1, 5),
        claim_number="WC77",
        employer="MILL WORKS" if employer_in == "case" else "",
    )
    coverage = make_coverage(
        relationship="employee", subscriber_organization="MILL WORKS" if employer_in == "coverage" else ""
    )
    return make_records(patients=(make_patient(coverages=(coverage,)),), cases=(case,))


@pytest.mark.parametrize("employer_in", ["coverage", "case"])
def test_workers_compensation_is_billed_under_the_employer(employer_in):
    claim = only(run(records=work_records(employer_in), profiles=payers(kind="workers_comp"))).claim
    assert (claim.subscriber.organization, claim.subscriber.is_patient) == ("MILL WORKS", False)
    assert (claim.subscriber.member_id, claim.subscriber.filing_indicator) == ("", "WC")
    assert claim.patient is not None
    assert (claim.patient.relationship, claim.patient.references) == ("20", (("Y4", "WC77"),))
    assert claim.accident_causes == ("EM",)
    assert dict(claim.dates)["439"] == date(2026, 1, 5)


def test_workers_compensation_without_employer_is_held():
    items = run(records=work_records("nowhere"), profiles=payers(kind="workers_comp"))
    assert codes(items) == ["CHG014"]
    assert summary(items).held == 1


def test_the_chain_of_coverages():
    chain = (make_coverage(rank=2, payer="other", member_id="X2"), make_coverage())
    draft = only(run(records=make_records(patients=(make_patient(coverages=chain),))))
    assert draft.coverage.payer == "acme"
    assert [one.payer for one in draft.other_coverages] == ["other"]
    assert draft.claim.subscriber.rank == "P"


def test_a_later_coverage_alone_is_billed_first_and_said():
    chain = (make_coverage(coverage_to=date(2026, 2, 1)), make_coverage(rank=2, payer="other"))
    items = run(records=make_records(patients=(make_patient(coverages=chain),)))
    assert only(items).payer_key == "other"
    assert codes(items) == ["CHG024"]


def test_no_coverage_on_the_day_is_left_to_the_rules():
    """The draft carries the latest coverage of the first rank; rules COV001 and COV002 hold it."""
    draft = only(run(records=covered(coverage_to=date(2026, 1, 31))))
    assert not draft.coverage.covers(DAY)


def test_benefits_and_signatures():
    records = make_records(
        patients=(
            make_patient(
                release_of_information="I", coverages=(make_coverage(assignment_of_benefits=False),)
            ),
        )
    )
    claim = only(run(records=records)).claim
    assert (claim.benefits_assigned, claim.release_of_information) == ("N", "I")
