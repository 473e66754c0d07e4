"""How each good claim is spoiled: for every rule of the guide and of single payers, a claim that breaks it and its near miss.

``BREAKS`` has by code a pair of functions without arguments: the broken claim (a draft where more than the claim
matters), and one that nearly breaks the rule and does not.
"""

from __future__ import annotations

from datetime import date, timedelta

from edi.model.claim import Attachment, Patient
from edi.model.party import ClaimPayer
from edi.model.remittance import Adjustment, Procedure
from tests.builders import (
    DAY,
    PRACTICE_NPI,
    THERAPIST_NPI,
    make_address,
    make_billing,
    make_dependent,
    make_line,
    make_person,
    make_rendering,
    make_subscriber,
    npi,
)
from tests.rules.guide_claims import (
    change,
    chiropractic,
    claim,
    crash,
    decided_by_claim,
    dependent,
    draft,
    medicaid,
    medicare,
    other,
    passed_over,
    payer,
    secondary,
    veteran,
    worker,
)

NEXT, BEFORE = DAY + timedelta(days=1), DAY - timedelta(days=30)
CO45 = Adjustment("CO", "45", 1500)


def billing(**changes):
    return claim(billing=make_billing(**changes))


def subscriber(**changes):
    return claim(subscriber=make_subscriber(**changes))


def patient(**changes):
    return subscriber(person=make_person(**changes))


def child(**changes):
    given = {"first_name": "BEN", "birth_date": date(2015, 2, 3), "sex": "M"}
    return dependent(patient=make_dependent(person=make_person(**{**given, **changes})))


def line(**changes):
    return claim(lines=(make_line(**changes),))


def at(**changes):
    return claim(facility=facility(**changes))


def facility(**changes):
    given = {
        "npi": npi(40), "contact": None, "tax_id": "", "taxonomy": "", "last_name": "LAKE CLINIC",
        "address": make_address(line_1="9 LAKE STREET"),
    }  # fmt: skip
    return make_billing(**{**given, **changes})


def two_others(**changes):
    """Tertiary: the first payer decided by line, the second by claim; changes to the second."""
    given = {
        "rank": "S", "payer": ClaimPayer(name="SECOND HEALTH", id="88888"), "paid": 1000, "paid_on": date(2026, 3, 18),
        "adjustments": (Adjustment("OA", "23", 9000),),
    }  # fmt: skip
    return secondary(other(), other(**{**given, **changes}), subscriber=make_subscriber(rank="T"))


def referring(**changes):
    return make_rendering(**{"taxonomy": "", "npi": npi(30), "last_name": "REED", **changes})


def worker_under(**changes):
    made = worker()
    return change(made, subscriber=change(made.subscriber, **changes))


BREAKS = {
    # -- 2010AA, 2010AB
    "BIL001": (
        lambda: billing(tax_id="000123456", tax_id_qualifier="SY"),
        lambda: billing(tax_id="000123456"),
    ),
    "BIL002": (
        lambda: billing(contact=("OFFICE", "617555010", "")),
        lambda: billing(contact=("OFFICE", "", "DESK@EXAMPLE.ORG")),
    ),
    "BIL003": (
        lambda: billing(address=make_address(zip="000000001")),
        lambda: billing(address=make_address(zip="021390100")),
    ),
    "BIL004": (
        lambda: claim(pay_to=make_address(line_1="PO BOX 7", zip="0213")),
        lambda: claim(pay_to=make_address(line_1="PO BOX 7", zip="02139")),
    ),
    "BIL005": (lambda: claim(pay_to=make_address()), lambda: claim(pay_to=make_address(line_2="SUITE 2"))),
    "BIL006": (
        lambda: billing(is_person=True, first_name="ADA", last_name="ORCHARD THERAPY"),
        lambda: billing(is_person=True, first_name="ADA", last_name="ORCHARD"),
    ),
    "BIL007": (
        lambda: billing(address=make_address(line_1="UNKNOWN")),
        lambda: billing(address=make_address(line_1="1 UNKNOWN ROAD")),
    ),
    "BIL008": (
        lambda: billing(address=make_address(state="ZZ")),
        lambda: billing(address=make_address(state="PR")),
    ),
    # -- 2300
    "CLM001": (
        lambda: claim(patient_control_number="A" * 21),
        lambda: claim(patient_control_number="A" * 20),
    ),
    "CLM002": (lambda: claim(patient_control_number="A-1"), lambda: claim(patient_control_number="")),
    "CLM003": (lambda: claim(frequency="Q"), lambda: claim(frequency="6")),
    "CLM004": (
        lambda: claim(original_reference="P123"),
        lambda: claim(original_reference="P123", frequency="7"),
    ),
    "CLM005": (
        lambda: medicare(original_reference="P123", frequency="7"),
        lambda: claim(original_reference="P123", frequency="8"),
    ),
    "CLM006": (
        lambda: claim(original_reference="A0000001", frequency="7"),
        lambda: claim(original_reference="B0000001", frequency="7"),
    ),
    "CLM007": (lambda: claim(authorization="PENDING"), lambda: claim(authorization="PENDING1")),
    "CLM008": (
        lambda: claim(authorization="A1", referral_number="A1"),
        lambda: claim(authorization="A1", referral_number="A2"),
    ),
    "CLM009": (lambda: claim(provider_signature="N"), lambda: claim(provider_signature="Y")),
    "CLM010": (
        lambda: claim(accident_causes=("OA", "OA"), dates=(("439", BEFORE),)),
        lambda: claim(accident_causes=("OA", "EM"), dates=(("439", BEFORE),)),
    ),
    "CLM011": (
        lambda: claim(accident_causes=("OA",), accident_state="MA", dates=(("439", BEFORE),)),
        lambda: claim(accident_causes=("OA", "AA"), accident_state="MA", dates=(("439", BEFORE),)),
    ),
    "CLM012": (
        lambda: claim(dates=(("439", BEFORE),)),
        lambda: claim(accident_causes=("OA",), dates=(("439", BEFORE),)),
    ),
    "CLM013": (
        lambda: claim(attachments=(Attachment(report="OZ", transmission="FX"),)),
        lambda: claim(attachments=(Attachment(report="OZ", transmission="AA"),)),
    ),
    "CLM014": (
        lambda: chiropractic(lines=(make_line(1, "97110"),)),
        lambda: chiropractic(),
    ),
    "CLM015": (
        lambda: claim(lines=tuple(make_line(number, "97012") for number in range(1, 52))),
        lambda: claim(lines=tuple(make_line(number, "97012") for number in range(1, 51))),
    ),
    "CLM016": (
        lambda: claim(lines=(make_line(1), make_line(2, date_from=NEXT, date_to=NEXT))),
        lambda: claim(lines=(make_line(1), make_line(2))),
    ),
    # -- DTP
    "DAT001": (lambda: claim(dates=(("431", NEXT),)), lambda: claim(dates=(("431", BEFORE),))),
    "DAT002": (
        lambda: claim(accident_causes=("OA",), dates=(("439", NEXT),)),
        lambda: claim(accident_causes=("OA",), dates=(("439", DAY),)),
    ),
    "DAT003": (lambda: chiropractic(dates=(("454", NEXT),)), lambda: chiropractic(dates=(("454", DAY),))),
    "DAT004": (lambda: line(other_dates=(("463", BEFORE),)), lambda: line(other_dates=(("454", BEFORE),))),
    "DAT005": (
        lambda: worker(dates=(("439", BEFORE), ("297", DAY), ("296", BEFORE))),
        lambda: worker(dates=(("439", BEFORE), ("297", BEFORE), ("296", DAY))),
    ),
    "DAT006": (
        lambda: claim(dates=(("444", BEFORE),)),
        lambda: worker(dates=(("439", BEFORE), ("444", BEFORE))),
    ),
    "DAT007": (
        lambda: patient(birth_date=NEXT),
        lambda: patient(birth_date=DAY),
    ),
    "DAT008": (
        lambda: line(code="97012", date_from=NEXT, date_to=DAY),
        lambda: line(code="97012", date_from=DAY, date_to=NEXT),
    ),
    "DAT009": (lambda: line(date_from=DAY, date_to=NEXT), lambda: line(date_from=DAY, date_to=DAY)),
    "DAT010": (
        lambda: claim(dates=(("431", DAY),)),
        lambda: claim(
            dates=(("431", DAY),), lines=(make_line(1), make_line(2, date_from=NEXT, date_to=NEXT))
        ),
    ),
    # -- 2400
    "LNE001": (lambda: line(line_control_number="L" * 31), lambda: line(line_control_number="L" * 30)),
    "LNE002": (
        lambda: claim(lines=(make_line(1, line_control_number="L1"), make_line(2, line_control_number="L1"))),
        lambda: claim(lines=(make_line(1, line_control_number=""), make_line(2, line_control_number=""))),
    ),
    "LNE003": (lambda: line(line_control_number="12345"), lambda: line(line_control_number="123456")),
    "LNE004": (lambda: line(unit_basis="MJ", units="15"), lambda: line(units="15")),
    "LNE005": (lambda: line(units="1000"), lambda: line(units="999")),
    "LNE006": (lambda: line(place_of_service="11"), lambda: line(place_of_service="12")),
    "LNE007": (lambda: line(procedure=Procedure("WK", "97110", ("GP",))), lambda: line()),
    "LNE008": (
        lambda: claim(authorization="A1", lines=(make_line(authorization="A1"),)),
        lambda: claim(authorization="A1", lines=(make_line(authorization="A2"),)),
    ),
    "LNE009": (lambda: line(authorization="N/A"), lambda: line(authorization="NA1")),
    # -- 2320, 2330, 2430
    "COB001": (lambda: secondary(other(rank="S"), other()), lambda: two_others()),
    "COB002": (lambda: secondary(other(rank="T")), lambda: secondary()),
    "COB003": (lambda: two_others(payer=ClaimPayer(name="SECOND", id="12345")), lambda: two_others()),
    "ADJ001": (
        lambda: secondary(lines=({}, {"payer_id": "77777"})),
        lambda: secondary(lines=({}, {"payer_id": "99999"})),
    ),
    "ADJ002": (
        lambda: secondary(lines=({}, {"paid": 3001})),
        lambda: secondary(lines=({}, {"paid": 0, "adjustments": (Adjustment("CO", "50", 5000),)})),
    ),
    "ADJ003": (lambda: secondary(other(paid=6001)), lambda: decided_by_claim()),
    "ADJ004": (
        lambda: secondary(other(remaining_patient_liability=1000)),
        lambda: two_others(remaining_patient_liability=1000),
    ),
    "COB004": (lambda: passed_over(paid=0), lambda: passed_over()),
    "COB005": (lambda: passed_over(noncovered=9999), lambda: passed_over(noncovered=10000)),
    "COB006": (
        lambda: change(passed_over(), payer=payer("commercial"), subscriber=make_subscriber(rank="S")),
        lambda: passed_over(),
    ),
    "ADJ005": (
        lambda: secondary(other(paid_on=date(2026, 3, 15))),
        lambda: two_others(),
    ),
    "ADJ006": (
        lambda: decided_by_claim(paid_on=None),
        lambda: secondary(other(paid=None), lines=(None, None)),
    ),
    "ADJ007": (
        lambda: secondary(
            lines=({}, {"adjustments": (CO45, Adjustment("PR", "2", 400), Adjustment("PR", "2", 100))})
        ),
        lambda: secondary(
            lines=({}, {"adjustments": (CO45, Adjustment("PR", "2", 400), Adjustment("CO", "2", 100))})
        ),
    ),
    "ADJ008": (
        lambda: secondary(
            lines=({}, {"adjustments": (CO45, Adjustment("PR", "2", 500), Adjustment("PR", "1", 0))})
        ),
        lambda: secondary(
            lines=({}, {"adjustments": (CO45, Adjustment("PR", "2", 499), Adjustment("PR", "1", 1))})
        ),
    ),
    "ADJ009": (
        lambda: decided_by_claim(adjustments=(Adjustment("CO", "15", 3000), Adjustment("PR", "2", 1000))),
        lambda: decided_by_claim(adjustments=(Adjustment("CO", "50", 3000), Adjustment("PR", "2", 1000))),
    ),
    "ADJ010": (lambda: secondary(lines=({}, None)), lambda: secondary(lines=(None, None))),
    "COB007": (
        lambda: secondary(other(paid=-100), lines=(None, None)),
        lambda: secondary(other(paid=0), lines=(None, None)),
    ),
    "ADJ011": (
        lambda: secondary(lines=({}, {"bundled_line": 2})),
        lambda: secondary(lines=({}, {"bundled_line": 1})),
    ),
    "ADJ013": (
        lambda: secondary(other(paid=None)),
        lambda: secondary(other(paid=None), lines=(None, None)),
    ),
    "ADJ012": (lambda: decided_by_claim(paid_on=BEFORE), lambda: decided_by_claim(paid_on=DAY)),
    "COB008": (lambda: two_others(rank="A"), lambda: two_others(rank="A", paid=None)),
    "COB009": (
        lambda: secondary(other(member_id="UNKNOWN")),
        lambda: secondary(other(member_id="UNKNOWN1")),
    ),
    # -- persons
    "PAT001": (
        lambda: medicaid(
            subscriber=make_subscriber(is_patient=False, filing_indicator="MC"), patient=make_dependent()
        ),
        lambda: dependent(),
    ),
    "PAT002": (
        lambda: child(birth_date=date(1959, 1, 1)),
        lambda: child(birth_date=date(2000, 1, 1)),
    ),
    "PAT003": (
        lambda: dependent(patient=Patient(relationship="01", person=make_person())),
        lambda: dependent(patient=Patient(relationship="01", person=make_person(first_name="EVA"))),
    ),
    "PAT004": (lambda: patient(last_name="TESTER0"), lambda: patient(last_name="TESTERO")),
    "PAT005": (lambda: patient(last_name="TESTER JR"), lambda: patient(last_name="TESTER", suffix="JR")),
    "PAT006": (lambda: patient(first_name="UNKNOWN"), lambda: patient(first_name="AA")),
    "PAT007": (lambda: patient(last_name="TESTER LLC"), lambda: patient(last_name="LLC")),
    "PAT008": (lambda: patient(first_name=""), lambda: patient(first_name="A")),
    "PAT009": (
        lambda: dependent(
            subscriber=make_subscriber(is_patient=False, person=make_person(birth_date=date(1905, 1, 1)))
        ),
        lambda: dependent(
            subscriber=make_subscriber(is_patient=False, person=make_person(birth_date=date(1906, 1, 1)))
        ),
    ),
    "PAT010": (
        lambda: patient(address=make_address(zip="0213")),
        lambda: patient(address=make_address(zip="02139")),
    ),
    "PAT011": (
        lambda: patient(address=make_address(line_1="N/A")),
        lambda: patient(address=make_address(line_1="GENERAL DELIVERY")),
    ),
    "PAT012": (
        lambda: dependent(
            subscriber=make_subscriber(
                is_patient=False, person=make_person(address=make_address(line_1="1 A", zip=""))
            )
        ),
        lambda: dependent(subscriber=make_subscriber(is_patient=False, person=make_person(address=None))),
    ),
    # -- workers' compensation and auto
    "PNC001": (
        lambda: claim(
            payer=payer("workers_comp"),
            accident_causes=("EM",),
            dates=(("439", BEFORE),),
            subscriber=make_subscriber(filing_indicator="WC", references=(("Y4", "WC1"),)),
        ),
        lambda: worker(),
    ),
    "PNC002": (
        lambda: worker(patient=make_dependent(relationship="G8", references=(("Y4", "WC1"),))),
        lambda: dependent(),
    ),
    "PNC003": (lambda: worker(patient=make_dependent(relationship="20")), lambda: crash()),
    "PNC004": (lambda: worker_under(references=(("Y4", "WC1"),)), lambda: crash()),
    "PNC005": (
        lambda: subscriber(references=(("Y4", "AM1"),)),
        lambda: subscriber(references=(("SY", "123456789"),)),
    ),
    "PNC006": (lambda: worker(accident_causes=("OA",)), lambda: worker(accident_causes=("OA", "EM"))),
    # -- 2310, 2420
    "PVD001": (
        lambda: claim(
            billing=make_billing(is_person=True, first_name="PAT", last_name="WALKER"),
            rendering=make_rendering(npi=PRACTICE_NPI),
        ),
        lambda: claim(billing=make_billing(is_person=True, first_name="PAT", last_name="WALKER")),
    ),
    "PVD002": (
        lambda: claim(referring=referring(npi=PRACTICE_NPI)),
        lambda: claim(referring=referring(npi=npi(30))),
    ),
    "PVD003": (
        lambda: line(rendering=make_rendering()),
        lambda: line(rendering=make_rendering(npi=npi(21))),
    ),
    "PVD004": (
        lambda: claim(referring=referring(last_name="LAKE CLINIC")),
        lambda: claim(referring=referring(last_name="CLINIC")),
    ),
    "PVD005": (
        lambda: at(address=make_address(line_1="9 LAKE STREET", zip="02139")),
        lambda: at(),
    ),
    "PVD006": (lambda: at(npi=PRACTICE_NPI), lambda: at(npi=THERAPIST_NPI)),
    "PVD007": (
        lambda: claim(place_of_service="12"),
        lambda: claim(place_of_service="12", facility=facility()),
    ),
    # -- 2000B, 2010BA
    "SBR001": (
        lambda: dependent(subscriber=make_subscriber(is_patient=True)),
        lambda: dependent(),
    ),
    "SBR002": (lambda: subscriber(is_patient=False), lambda: dependent()),
    "SBR003": (
        lambda: secondary(
            payer=payer("medicare_b"), subscriber=make_subscriber(rank="S", filing_indicator="MB")
        ),
        lambda: secondary(
            payer=payer("medicare_b"),
            subscriber=make_subscriber(rank="S", filing_indicator="MB", insurance_type="12"),
        ),
    ),
    "SBR004": (
        lambda: medicare(subscriber=make_subscriber(filing_indicator="MB", insurance_type="12")),
        lambda: secondary(
            payer=payer("medicare_b"),
            subscriber=make_subscriber(rank="S", filing_indicator="MB", insurance_type="12"),
        ),
    ),
    "SBR005": (
        lambda: medicare(subscriber=make_subscriber(filing_indicator="CI")),
        lambda: medicare(subscriber=make_subscriber(filing_indicator="")),
    ),
    "SBR006": (
        lambda: subscriber(group_number="G1", group_name="ACME"),
        lambda: subscriber(group_name="ACME"),
    ),
    "SBR007": (lambda: subscriber(member_id="W123-456"), lambda: subscriber(member_id="W123456")),
    "SBR008": (
        lambda: change(worker_under(filing_indicator="CI", member_id="W1"), payer=payer("commercial")),
        lambda: worker(),
    ),
    "SBR009": (
        lambda: subscriber(references=(("SY", "666123456"),)),
        lambda: subscriber(references=(("SY", "665123456"),)),
    ),
    "SBR010": (lambda: subscriber(filing_indicator=""), lambda: subscriber(filing_indicator="ZZ")),
    # -- single payers
    "MCB001": (
        lambda: chiropractic(lines=(make_line(1, "98941", ("AT", "GA")),)),
        lambda: claim(lines=(make_line(1, "98941", ("AT", "GA")),)),
    ),
    "MCB002": (
        lambda: chiropractic(dates=()),
        lambda: chiropractic(
            dates=(), lines=(make_line(1, "98941", ("AT",), other_dates=(("454", BEFORE),)),)
        ),
    ),
    "VAC002": (lambda: veteran(patient_paid=100), lambda: medicaid(patient_paid=100)),
}

BAD_NPI = "1234567890"
PASSED_BY_PYX12 = {
    "patient as subscriber without N3 and N4": ("REQ001", lambda: patient(address=None)),
    "patient as subscriber without DMG": ("REQ002", lambda: patient(birth_date=None)),
    "frequency 7 without F8": ("REQ011", lambda: claim(frequency="7")),
    "CLM11 AA without date or state": ("REQ010", lambda: claim(accident_causes=("AA",))),
    "CLM01 of 30 characters": ("CLM001", lambda: claim(patient_control_number="A" * 30)),
    "AMT*D with A8": ("COB004", lambda: secondary(other(noncovered=10000))),
    "blank SBR02": ("SBR002", lambda: subscriber(is_patient=False)),
    "Medicare second without SBR05": ("SBR003", BREAKS["SBR003"][0]),
    "wrong NPI check digit of the group": ("NPI001", lambda: billing(npi=BAD_NPI)),
    "wrong NPI check digit of the therapist": (
        "NPI002",
        lambda: claim(rendering=make_rendering(npi=BAD_NPI)),
    ),
    "wrong NPI check digit of the referrer": ("NPI003", lambda: claim(referring=referring(npi=BAD_NPI))),
    "wrong NPI check digit of the site": ("NPI004", lambda: at(npi=BAD_NPI)),
    "wrong NPI check digit of the supervisor": ("NPI005", lambda: claim(supervising=referring(npi=BAD_NPI))),
    "CLM02 not the sum of its lines": ("AMT002", lambda: claim(charge=10001)),
    "pointers to missing diagnoses": ("DX003", lambda: line(pointers=(2,))),
    "facility without state": ("PVD005", lambda: at(address=make_address(line_1="9 LAKE STREET", state=""))),
    "facility without ZIP": ("PVD005", lambda: at(address=make_address(line_1="9 LAKE STREET", zip=""))),
    "AMT*EAF of a line below zero": (
        "COB007",
        lambda: secondary(lines=({}, {"remaining_patient_liability": -1})),
    ),
    "AMT*EAF of a line above its charge": (
        "COB007",
        lambda: secondary(lines=({}, {"remaining_patient_liability": 5001})),
    ),
    "bad ICD": ("DX002", lambda: claim(diagnoses=("M54.5",))),
    "bad CPT": ("COD001", lambda: line(procedure=Procedure("HC", "971110", ("GP",)))),
    "bad taxonomy": ("PRO005", lambda: claim(rendering=make_rendering(taxonomy="225100000"))),
    "frequency Q": ("CLM003", lambda: claim(frequency="Q")),
    "5-digit billing ZIP": ("REQ005", lambda: billing(address=make_address(zip="02139"))),
    "PO box as billing address": ("REQ005", lambda: billing(address=make_address(line_1="PO BOX 12"))),
    "EIN of eight digits": ("REQ006", lambda: billing(tax_id="12345678")),
    "negative amounts": ("AMT001", lambda: line(charge=-5000)),
    "an eleven-digit charge": ("AMT005", lambda: line(charge=100_000_000_00)),
    "patient paid more than the charge": ("AMT004", lambda: claim(patient_paid=10001)),
    "zero units": ("UNT001", lambda: line(units="0")),
    "half a unit": ("UNT001", lambda: line(units="1.5")),
    "Medicare therapy without a certifying practitioner": ("REQ009", lambda: medicare(referring=None)),
}
"""What the fact file and our own probes say pyx12 lets pass, and the rule of any family that does not."""

PATCHES = {
    # The writer never writes what these rules find; other programs do.
    "SBR001": (b"SBR*P**", b"SBR*P*18*"),
    "DAT004": (b"DTP*454*", b"DTP*463*"),
}
"""By code: what is replaced in the bytes of the near miss to make the broken claim."""

__all__ = ["BREAKS", "PASSED_BY_PYX12", "PATCHES", "draft"]
