"""What the records say reaches its segment: other coverages, dates, numbers, CR2; and pyx12 takes the claims."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from edi.model.directory import Enrolment
from edi.model.finding import Finding
from edi.payers import load_payers
from edi.x12 import conformance
from tests.builders import (
    SUPERVISOR_NPI,
    THERAPIST_NPI,
    make_address,
    make_case,
    make_coverage,
    make_directory,
    make_patient,
    make_person,
    make_records,
)
from tests.claim_strategies import write
from tests.intake.charging import codes, line, only, run

SPOUSE = make_person(last_name="SPOUSE", first_name="SAM")


def payers(**tables):
    profiles, findings = load_payers(
        {
            "payer": {
                "acme": {"name": "ACME HEALTH", "claim_id": {"default": "12345"}, **tables},
                "second": {"name": "SECOND PLAN", "claim_id": {"default": "222"}, "filing_indicator": "BL"},
                "third": {
                    "name": "MEDICARE",
                    "kind": "medicare_b",
                    "claim_id": {"default": "333"},
                    "filing_indicator": "MB",
                },
                "nameless": {"name": "NAMELESS"},
                "SELF": {"name": "SELF", "kind": "self"},
            }
        }
    )
    assert findings == ()
    return profiles


def covered(*later, **patient):
    return make_records(patients=(make_patient(coverages=(make_coverage(), *later), **patient),))


def claimed(records=None, profiles=None, directory=None, **changes):
    """(the claim, its segments, all findings) of one session line; pyx12 has nothing against it."""
    items = run(line(**changes), records=records, profiles=profiles or payers(), directory=directory)
    claim = only(items).claim
    sent = msgspec.structs.replace(claim, patient_control_number="A1")
    written = write([sent])
    assert not written.findings
    assert conformance.check_bytes(written.data).passed
    segments = written.data.decode().replace("\n", "").split("~")
    return claim, segments, [item for item in items if isinstance(item, Finding)]


def test_later_coverages_stand_on_the_claim_unanswered():
    second = make_coverage(
        rank=2, payer="second", member_id="S2", relationship="spouse", subscriber=SPOUSE, group_number="G2"
    )
    third = make_coverage(rank=3, payer="third", member_id="1EG4TE5MK73", msp_type="12")
    claim, segments, findings = claimed(covered(second, third))
    assert not [one for one in findings if one.code == "CHG026"]
    start = segments.index("SBR*S*01*G2******BL")
    assert segments[start : segments.index("LX*1")] == [
        "SBR*S*01*G2******BL",
        "OI***Y***Y",
        "NM1*IL*1*SPOUSE*SAM****MI*S2",
        "N3*1 EXAMPLE STREET",
        "N4*BOSTON*MA*021390001",
        "NM1*PR*2*SECOND PLAN*****PI*222",
        "SBR*T*18***12****MB",
        "OI***Y***Y",
        "NM1*IL*1*TESTER*ADA****MI*1EG4TE5MK73",
        "N3*1 EXAMPLE STREET",
        "N4*BOSTON*MA*021390001",
        "NM1*PR*2*MEDICARE*****PI*333",
    ]
    assert [one.paid for one in claim.other_payers] == [None, None]
    assert claim.later_payers == ("second", "third")


@pytest.mark.parametrize(("marked", "protection"), [(True, "qmb"), (False, "")])
def test_a_claim_says_whether_its_patient_may_ever_be_billed(marked, protection):
    claim, _, _ = claimed(covered(qmb=marked))
    assert claim.patient_protection == protection


def test_the_insurance_type_is_medicares_alone():
    second = make_coverage(rank=2, payer="second", member_id="S2", msp_type="12")
    claim, _, _ = claimed(covered(second))
    assert claim.other_payers[0].insurance_type == ""


@pytest.mark.parametrize(
    ("later", "lacks"),
    [
        ({"payer": "unknown"}, "a payer of payers.toml"),
        ({"payer": "nameless"}, "the payer's claim_id"),
        ({"payer": "second", "member_id": ""}, "the member id"),
        ({"payer": "second", "relationship": "spouse"}, "the subscriber's name"),
    ],
)
def test_a_later_coverage_that_lacks_something_is_left_off_and_said(later, lacks):
    second = make_coverage(**{"rank": 2, "member_id": "S2", **later})
    claim, _, findings = claimed(covered(second))
    assert claim.other_payers == ()
    (found,) = [one for one in findings if one.code == "CHG026"]
    assert lacks in found.message
    assert found.location.field == "coverage_rank"


def test_a_later_self_pay_coverage_is_no_payer():
    claim, _, findings = claimed(covered(make_coverage(rank=2, payer="SELF", member_id="")))
    assert claim.other_payers == ()
    assert "CHG026" not in [one.code for one in findings]


def test_no_benefits_assigned_and_limited_release():
    second = make_coverage(rank=2, payer="second", member_id="S2", assignment_of_benefits=False)
    _, segments, _ = claimed(covered(second, release_of_information="I"))
    assert "OI***N***I" in segments


def test_the_date_of_death_of_subscriber_and_dependent():
    died = date(2026, 3, 12)
    _, segments, _ = claimed(covered(death_date=died))
    assert "PAT*****D8*20260312" in segments
    child = make_coverage(relationship="child", subscriber=SPOUSE)
    records = make_records(patients=(make_patient(coverages=(child,), death_date=died),))
    _, segments, _ = claimed(records)
    assert "PAT*19****D8*20260312" in segments


def test_the_payers_numbers_of_providers():
    numbers = (
        Enrolment(practice="orchard", payer="acme", role="billing", provider_number="B1"),
        Enrolment(practice="orchard", payer="acme", provider="walker", provider_number="R1"),
        Enrolment(practice="orchard", payer="acme", provider="senior", provider_number="S1"),
    )
    _, segments, _ = claimed(
        directory=make_directory(enrolments=numbers),
        supervising_npi=SUPERVISOR_NPI,
        rendering_npi=THERAPIST_NPI,
    )

    def after(name):
        start = next(index for index, text in enumerate(segments) if text.startswith(name))
        return segments[start + 1 : start + 3]

    assert "REF*G2*B1" in after("NM1*PR*")
    assert "REF*G2*R1" in after("NM1*82*")
    assert "REF*G2*S1" in after("NM1*DQ*")
    assert segments.count("REF*G2*B1") == 1


def test_the_dates_of_the_case():
    case = make_case(
        onset_date=date(2026, 2, 1),
        initial_treatment_date=date(2026, 2, 2),
        last_seen_date=date(2026, 2, 3),
        acute_manifestation_date=date(2026, 2, 4),
        accident_type="work",
        accident_date=date(2026, 2, 5),
        last_xray_date=date(2026, 2, 6),
        last_worked_date=date(2026, 2, 7),
        return_to_work_date=date(2026, 2, 8),
        first_contact_date=date(2026, 2, 9),
    )
    employed = make_coverage(member_id="", subscriber_organization="BIG EMPLOYER")
    records = make_records(cases=(case,), patients=(make_patient(coverages=(employed,)),))
    items = run(line(), records=records, profiles=payers(kind="workers_comp", filing_indicator="WC"))
    claim = msgspec.structs.replace(only(items).claim, patient_control_number="A1")
    text = write([claim]).data.decode().replace("\n", "").split("~")
    dates = [
        segment.split("*")[1] for segment in text if segment.startswith("DTP") and "*472*" not in segment
    ]
    assert dates == ["431", "454", "304", "453", "439", "455", "297", "296", "444"]


@pytest.mark.parametrize(
    ("code", "asked", "nature", "expected"),
    [
        ("98941", True, "A", ["CR2********A"]),
        ("98941", False, "A", []),
        ("98941", True, "", []),
        ("97110", True, "A", []),
    ],
)
def test_the_spinal_condition_where_the_payer_asks(code, asked, nature, expected):
    records = make_records(cases=(make_case(discipline="", spinal_condition=nature),))
    _, segments, _ = claimed(
        records, payers(claim={"spinal_condition": asked}), procedure_code=code, modifiers=()
    )
    assert [text for text in segments if text.startswith("CR2")] == expected


def test_codes_are_warnings():
    second = make_coverage(rank=2, payer="unknown", member_id="S2")
    items = run(line(), records=covered(second), profiles=payers())
    assert codes(items, "warning") == ["CHG026"]
    assert codes(items, "error") == []


def test_a_facility_elsewhere_and_a_pay_to_address():
    directory = make_directory()
    practice = msgspec.structs.replace(
        directory.practices["orchard"], pay_to=make_address(line_1="PO BOX 7"), phone="6175550199"
    )
    directory = make_directory(practices={"orchard": practice})
    _, segments, _ = claimed(directory=directory, facility_id="north")
    assert "NM1*87*2" in segments
    assert "N3*PO BOX 7" in segments
    assert "PER*IC*ORCHARD THERAPY*TE*6175550199" in segments
    assert any(text.startswith("NM1*77*2*ORCHARD NORTH") for text in segments)
