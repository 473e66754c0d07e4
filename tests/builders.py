"""Valid values with defaults, for tests: each function takes only what the test is about.

Every person, number and address is made up. Amounts are integer cents. `npi(n)` has a right check digit.

    claim = make_claim(lines=(make_line(1, "97110", units="2"), make_line(2, "97140")))
"""

from __future__ import annotations

from datetime import date
from typing import Any

from edi.model.claim import Address, Claim, ClaimPayer, Patient, Person, Provider, ServiceLine, Subscriber
from edi.model.directory import Clinician, Directory, Enrolment, Facility, Practice, Submitter, TradingPartner
from edi.model.records import Authorization, Case, Coverage, Fee, PatientRecord, Records
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Payee,
    Payment,
    Procedure,
    RemittanceHeader,
    RemittancePayer,
    ServicePayment,
)
from edi.model.session import SessionLine

DAY = date(2026, 3, 10)
"""The date of service of everything here."""
TODAY = date(2026, 3, 20)


def npi(number: int, first: int = 1) -> str:
    """A ten-digit NPI with its check digit (Luhn over 80840 and the number); the same number, the same NPI."""
    body = f"{first}{number:08d}"
    total = 24
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


PRACTICE_NPI = npi(10)
THERAPIST_NPI = npi(20)
REFERRER_NPI = npi(30)
FACILITY_NPI = npi(40)
SUPERVISOR_NPI = npi(50)


def make_address(**changes: Any) -> Address:
    """A US address with a ZIP of nine digits."""
    fields: dict[str, Any] = {
        "line_1": "12 ORCHARD ROAD",
        "city": "BOSTON",
        "state": "MA",
        "zip": "021390001",
    }
    return Address(**{**fields, **changes})


def make_person(**changes: Any) -> Person:
    """A patient or subscriber."""
    fields: dict[str, Any] = {
        "last_name": "TESTER",
        "first_name": "ADA",
        "birth_date": date(1960, 5, 17),
        "sex": "F",
        "address": make_address(line_1="1 EXAMPLE STREET"),
    }
    return Person(**{**fields, **changes})


def make_billing(**changes: Any) -> Provider:
    """Loop 2010AA: the practice as an organisation."""
    fields: dict[str, Any] = {
        "is_person": False,
        "last_name": "ORCHARD THERAPY",
        "npi": PRACTICE_NPI,
        "taxonomy": "261QP2000X",
        "tax_id": "123456789",
        "address": make_address(),
        "contact": ("ORCHARD OFFICE", "6175550100", ""),
    }
    return Provider(**{**fields, **changes})


def make_rendering(**changes: Any) -> Provider:
    """Loop 2310B: a physical therapist."""
    fields: dict[str, Any] = {
        "is_person": True,
        "last_name": "WALKER",
        "first_name": "PAT",
        "npi": THERAPIST_NPI,
        "taxonomy": "225100000X",
    }
    return Provider(**{**fields, **changes})


def make_subscriber(**changes: Any) -> Subscriber:
    """Loops 2000B and 2010BA; the patient himself unless changed."""
    fields: dict[str, Any] = {"person": make_person(), "member_id": "W123456789", "filing_indicator": "CI"}
    return Subscriber(**{**fields, **changes})


def make_dependent(**changes: Any) -> Patient:
    """Loops 2000C and 2010CA: a child of the subscriber."""
    fields: dict[str, Any] = {
        "relationship": "19",
        "person": make_person(first_name="BEN", birth_date=date(2015, 2, 3), sex="M"),
    }
    return Patient(**{**fields, **changes})


def make_line(
    number: int = 1, code: str = "97110", modifiers: tuple[str, ...] = ("GP",), **changes: Any
) -> ServiceLine:
    """A service line of one unit at $50.00, pointing to the first diagnosis."""
    fields: dict[str, Any] = {
        "number": number,
        "procedure": Procedure("HC", code, modifiers),
        "charge": 5000,
        "units": "1",
        "pointers": (1,),
        "date_from": DAY,
        "date_to": DAY,
        "line_control_number": f"L{number:07d}",
        "session_line_ids": (f"V1-{number}",),
    }
    return ServiceLine(**{**fields, **changes})


def make_claim(**changes: Any) -> Claim:
    """A commercial claim of two lines, the patient being the subscriber. ``charge`` is the sum of the lines."""
    lines = changes.pop("lines", (make_line(1, "97110"), make_line(2, "97140")))
    fields: dict[str, Any] = {
        "practice_id": "orchard",
        "patient_id": "P1",
        "patient_control_number": "A0000001",
        "charge": sum(line.charge for line in lines),
        "diagnoses": ("M5450",),
        "billing": make_billing(),
        "subscriber": make_subscriber(),
        "payer": ClaimPayer(name="ACME HEALTH", id="12345", key="acme"),
        "rendering": make_rendering(),
        "lines": lines,
    }
    return Claim(**{**fields, **changes})


def make_session_line(**changes: Any) -> SessionLine:
    """One row of sessions.csv: 15 minutes of 97110, one unit."""
    fields: dict[str, Any] = {
        "practice_id": "orchard",
        "visit_id": "V1",
        "line_id": "V1-1",
        "patient_id": "P1",
        "date_of_service": DAY,
        "procedure_code": "97110",
        "diagnosis_codes": ("M5450",),
        "note_status": "signed",
        "discipline": "PT",
        "treating_npi": THERAPIST_NPI,
        "modifiers": ("GP",),
        "minutes": 15,
        "units": 1,
        "charge": 5000,
        "file": "sessions.csv",
        "row": 2,
    }
    return SessionLine(**{**fields, **changes})


def make_coverage(**changes: Any) -> Coverage:
    """A primary coverage by payer ``acme``, of the patient himself, open-ended."""
    fields: dict[str, Any] = {
        "rank": 1,
        "payer": "acme",
        "member_id": "W123456789",
        "coverage_from": date(2026, 1, 1),
        "last_verified": date(2026, 3, 1),
    }
    return Coverage(**{**fields, **changes})


def make_patient(**changes: Any) -> PatientRecord:
    """Patient P1 of practice orchard, with one coverage."""
    fields: dict[str, Any] = {
        "practice_id": "orchard",
        "patient_id": "P1",
        "person": make_person(),
        "phone": "6175550101",
        "coverages": (make_coverage(),),
    }
    return PatientRecord(**{**fields, **changes})


def make_case(**changes: Any) -> Case:
    """Case C1 of patient P1, with a referring physician and a certified plan of care."""
    fields: dict[str, Any] = {
        "practice_id": "orchard",
        "case_id": "C1",
        "patient_id": "P1",
        "discipline": "PT",
        "diagnosis_codes": ("M5450", "R262"),
        "onset_date": date(2026, 2, 1),
        "referring_npi": REFERRER_NPI,
        "referring_last_name": "REED",
        "referring_first_name": "DANA",
        "plan_of_care_from": date(2026, 2, 10),
        "plan_of_care_to": date(2026, 5, 10),
        "plan_of_care_certified_on": date(2026, 2, 12),
        "plan_of_care_visits": 24,
    }
    return Case(**{**fields, **changes})


def make_authorization(**changes: Any) -> Authorization:
    """An authorization of all codes for patient P1 and payer acme, twelve visits."""
    fields: dict[str, Any] = {
        "practice_id": "orchard",
        "authorization_number": "AUTH0001",
        "patient_id": "P1",
        "payer": "acme",
        "valid_from": date(2026, 2, 1),
        "valid_to": date(2026, 6, 30),
        "visits": 12,
    }
    return Authorization(**{**fields, **changes})


def make_fee(code: str = "97110", amount: int = 5000, **changes: Any) -> Fee:
    """Our charge for a unit of a code."""
    fields: dict[str, Any] = {
        "kind": "charge",
        "code": code,
        "basis": "per_unit",
        "amount": amount,
        "valid_from": date(2020, 1, 1),
    }
    return Fee(**{**fields, **changes})


def make_records(**changes: Any) -> Records:
    """Patient P1, case C1 and charges for the codes used here."""
    patients = changes.pop("patients", (make_patient(),))
    cases = changes.pop("cases", (make_case(),))
    fields: dict[str, Any] = {
        "patients": {(patient.practice_id, patient.patient_id): patient for patient in patients},
        "cases": {(case.practice_id, case.case_id): case for case in cases},
        "fees": tuple(
            make_fee(code) for code in ("97110", "97112", "97116", "97140", "97530", "97162", "97150")
        ),
    }
    return Records(**{**fields, **changes})


def make_directory(**changes: Any) -> Directory:
    """One practice (orchard) with two sites, a PT, a supervising PT, a PTA, and a trading partner."""
    practice = Practice(
        id="orchard",
        name="ORCHARD THERAPY",
        npi=PRACTICE_NPI,
        tax_id="123456789",
        taxonomy="261QP2000X",
        address=make_address(),
        phone="6175550100",
        default_facility="main",
        trading_partners=("house",),
    )
    facilities = (
        Facility(id="main", practice="orchard", name="ORCHARD THERAPY", address=make_address()),
        Facility(
            id="north",
            practice="orchard",
            name="ORCHARD NORTH",
            npi=FACILITY_NPI,
            address=make_address(line_1="7 HARBOR WAY", city="SALEM", zip="019700002"),
        ),
    )
    clinicians = (
        Clinician(
            id="walker",
            last_name="WALKER",
            first_name="PAT",
            npi=THERAPIST_NPI,
            credential="PT",
            disciplines=("PT",),
            taxonomy="225100000X",
        ),
        Clinician(
            id="senior",
            last_name="SENIOR",
            first_name="SAM",
            npi=SUPERVISOR_NPI,
            credential="PT",
            disciplines=("PT",),
            taxonomy="225100000X",
        ),
        Clinician(
            id="pta1",
            last_name="HELPER",
            first_name="JO",
            credential="PTA",
            disciplines=("PT",),
            supervisor="senior",
        ),
    )
    fields: dict[str, Any] = {
        "submitter": Submitter(
            organization_name="ORCHARD BILLING", etin="ORCH01", contact_name="BILLING", phone="6175550100"
        ),
        "practices": {practice.id: practice},
        "facilities": {facility.id: facility for facility in facilities},
        "clinicians": {clinician.id: clinician for clinician in clinicians},
        "enrolments": (
            Enrolment(practice="orchard", payer="acme", provider="walker"),
            Enrolment(practice="orchard", payer="acme", provider="senior"),
        ),
        "trading_partners": {
            "house": TradingPartner(
                id="house",
                sender_id="ORCH01",
                receiver_id="HOUSE",
                receiver_name="TEST CLEARINGHOUSE",
                application_sender="ORCH01",
                application_receiver="HOUSE",
            )
        },
    }
    return Directory(**{**fields, **changes})


def make_adjustment(
    group: str = "CO", reason: str = "45", cents: int = 1000, quantity: str | None = None
) -> Adjustment:
    """A CAS reason; contractual $10.00 unless changed."""
    return Adjustment(group, reason, cents, quantity)


def make_service_payment(
    code: str = "97110", modifiers: tuple[str, ...] = ("GP",), **changes: Any
) -> ServicePayment:
    """An adjudicated line of $50.00: paid 40.00, contractual 10.00. Balanced unless changed."""
    fields: dict[str, Any] = {
        "segment": 20,
        "procedure": Procedure("HC", code, modifiers),
        "charge": 5000,
        "paid": 4000,
        "units": "1",
        "date_from": DAY,
        "date_to": DAY,
        "line_control_number": "L0000001",
        "allowed": 4000,
        "adjustments": (make_adjustment(),),
    }
    return ServicePayment(**{**fields, **changes})


def make_claim_payment(**changes: Any) -> ClaimPayment:
    """An adjudicated claim answering `make_claim`. ``charge`` and ``paid`` are the sums of the lines."""
    lines = changes.pop(
        "lines",
        (make_service_payment(), make_service_payment("97140", segment=25, line_control_number="L0000002")),
    )
    fields: dict[str, Any] = {
        "segment": 15,
        "ordinal": 0,
        "patient_control_number": "A0000001",
        "status": "1",
        "charge": sum(line.charge for line in lines),
        "paid": sum(line.paid for line in lines),
        "filing_indicator": "CI",
        "payer_claim_control_number": "ACME0001",
        "facility_code": "11",
        "frequency": "1",
        "member_id": "W123456789",
        "lines": lines,
    }
    return ClaimPayment(**{**fields, **changes})


def make_remittance_header(amount: int = 8000, **changes: Any) -> RemittanceHeader:
    """The head of an 835 from payer acme to practice orchard."""
    fields: dict[str, Any] = {
        "st_control_number": "0001",
        "interchange_control_number": "000000001",
        "group_control_number": "1",
        "version": "005010X221A1",
        "payment": Payment(
            amount=amount,
            method="ACH",
            date=date(2026, 3, 18),
            trace_number="T0001",
            payer_id="1512345678",
            credit_debit="C",
            handling="I",
        ),
        "payer": RemittancePayer(name="ACME HEALTH", id="PAYOR123", id_qualifier="XV"),
        "payee": Payee(name="ORCHARD THERAPY", npi=PRACTICE_NPI, tax_id="123456789"),
        "production_date": date(2026, 3, 18),
    }
    return RemittanceHeader(**{**fields, **changes})
