"""A made-up practice, its payers, patients, records and sessions, drawn whole from a seed.

Everything in a world is meant to be right: every claim of it should pass the rules and the second opinion. What is odd
in it is odd in the way that practices are: names with accents and apostrophes, PO boxes to pay to, assistants without
an NPI, dependents, employers as subscribers, second payers, months of visits on one claim.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import msgspec

from edi.model.claim import Address, Person
from edi.model.directory import (
    Clinician,
    Directory,
    Enrolment,
    Facility,
    License,
    Practice,
    Submitter,
    TradingPartner,
)
from edi.model.records import Authorization, Case, Coverage, Fee, PatientRecord, Records
from edi.model.session import SessionLine
from edi.payers import PayerProfile, load_payers
from tests.builders import npi

FIRST_DAY = date(2026, 2, 2)
LAST_DAY = date(2026, 3, 20)
TODAY = date(2026, 3, 31)

LAST = (
    "O'Neil-Smythe",
    "Núñez",
    "Müller",
    "van der Berg",
    "D’Arcy",
    "Łukasik",
    "Åström",
    "Groß",
    "Saint-Ünlü",
    "Brook",
)
FIRST = ("Zoë", "José", "Anne-Marie", "Çelik", "Bjørn", "Renée", "Siân", "Ada", "Þóra", "Mary Lou")
PRACTICE_NAMES = (
    "Quill & Feather Therapy",
    "Marrow/Stone (Chiropractic)",
    "Saltmarsh Hand + Massage",
    "Öresund Rehab",
    "Fern's",
)
STREETS = ("12 Orchard Rd. #4", "1 Example Street", "7 Harbor Way, Suite B", "900 Élan Ave")
CITIES = (
    ("Boston", "MA", "02139"),
    ("Salem", "MA", "01970"),
    ("Ithaca", "NY", "14850"),
    ("Española", "NM", "87532"),
)

PLANS = {
    "PT": (("97110", "97112", "97140"), ("97110", "97530"), ("97110", "97116"), ("97112", "97530")),
    "OT": (("97530", "97535"), ("97110", "97535")),
    "DC": (("98940",), ("98941",)),
    "LMT": (("97124",),),
}
DIAGNOSES = {
    "PT": ("M5450", "M25561", "R262", "M6281", "S83511A"),
    "OT": ("M79641", "M25641", "G5601"),
    "DC": ("M9903", "M5450", "M9901"),
    "LMT": ("M542", "M62830", "M7918"),
}
TIMED = {"97110", "97112", "97116", "97140", "97530", "97535", "97124"}
TAXONOMY = {"PT": "225100000X", "OT": "225X00000X", "DC": "111N00000X", "LMT": "225700000X"}
DISCIPLINE_MODIFIER = {"PT": ("GP",), "OT": ("GO",), "DC": (), "LMT": ()}

PAYERS = {
    "medicare": {"name": "FEDERAL PART B", "kind": "medicare_b", "claim_id": {"default": "04412"}},
    "bluebird": {
        "name": "BLUEBIRD HEALTH",
        "kind": "commercial",
        "claim_id": {"default": "60601", "house": "BB001"},
        "claim": {"span": "month"},
        "providers": {"lmt_payable": True},
    },
    "cedar": {
        "name": "CEDAR MUTUAL",
        "kind": "bcbs",
        "filing_indicator": "BL",
        "claim_id": {"default": "90909"},
        "claim": {"dependents_have_own_id": True},
        "providers": {"lmt_payable": True},
    },
    "state": {"name": "STATE MEDICAID", "kind": "medicaid", "claim_id": {"default": "77777"}},
    "veterans": {"name": "VETERANS COMMUNITY CARE", "kind": "va_ccn", "claim_id": {"default": "88888"}},
    "comp": {"name": "HARD HAT COMP", "kind": "workers_comp", "claim_id": {"default": "55555"}},
    "wheels": {
        "name": "WHEELS AUTO",
        "kind": "auto",
        "claim_id": {"default": "66666"},
        "filing": {"initial_days": 120},
    },
}


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One practice's whole input."""

    seed: int
    directory: Directory
    payers: dict[str, PayerProfile]
    records: Records
    lines: tuple[SessionLine, ...]


def make_world(seed: int) -> World:
    """The world of a seed."""
    return _Maker(seed).world()


class _Maker:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.numbers = iter(range(100 + seed % 1000 * 100, 10**8))
        self.patients: list[PatientRecord] = []
        self.cases: list[Case] = []
        self.authorizations: list[Authorization] = []
        self.lines: list[SessionLine] = []

    def world(self) -> World:
        payers, findings = load_payers({"payer": PAYERS})
        assert findings == ()
        self.payers = payers
        directory = self.directory()
        for number in range(self.rng.randint(4, 8)):
            self.patient(number)
        if self.rng.random() < 0.3:
            self.long_claim()
        self.rng.shuffle(self.lines)
        records = Records(
            patients={(one.practice_id, one.patient_id): one for one in self.patients},
            cases={(one.practice_id, one.case_id): one for one in self.cases},
            authorizations=tuple(self.authorizations),
            fees=tuple(
                Fee(
                    kind="charge",
                    code=code,
                    basis="per_unit",
                    amount=self.rng.randint(1500, 9999),
                    valid_from=date(2020, 1, 1),
                )
                for code in sorted({code for plans in PLANS.values() for plan in plans for code in plan})
            ),
        )
        return World(
            seed=self.seed, directory=directory, payers=payers, records=records, lines=tuple(self.lines)
        )

    # -- who bills ---------------------------------------------------------------------------------------------------

    def npi(self, first: int = 1) -> str:
        return npi(next(self.numbers), first)

    def address(self, zip_digits: int = 9) -> Address:
        city, state, code = self.rng.choice(CITIES)
        tail = f"{self.rng.randint(1, 9998):04d}" if zip_digits == 9 else ""
        return Address(line_1=self.rng.choice(STREETS), city=city, state=state, zip=code + tail)

    def directory(self) -> Directory:
        rng = self.rng
        self.practice = Practice(
            id="p1",
            name=rng.choice(PRACTICE_NAMES),
            npi=self.npi(),
            tax_id=f"{rng.randint(10**8, 9 * 10**8)}",
            taxonomy="261QP2000X",
            address=self.address(),
            pay_to=Address(line_1="PO Box 12", city="Boston", state="MA", zip="021390001")
            if rng.random() < 0.4
            else None,
            phone="6175550100",
            accepts_assignment=rng.random() < 0.95,
            default_facility="main",
            trading_partners=("house",),
        )
        facilities = [
            Facility(id="main", practice="p1", name=self.practice.name, address=self.practice.address)
        ]
        if rng.random() < 0.5:
            facilities.append(
                Facility(id="north", practice="p1", name="North Site", npi=self.npi(), address=self.address())
            )
        self.facilities = facilities
        clinicians: list[Clinician] = []
        for discipline in TAXONOMY:
            for _ in range(rng.randint(1, 2)):
                clinicians.append(self.clinician(discipline, len(clinicians)))
        self.senior = next(one for one in clinicians if one.disciplines == ("PT",))
        clinicians.append(
            Clinician(
                id="pta",
                last_name="Helper",
                first_name="Jo",
                credential="PTA",
                disciplines=("PT",),
                supervisor=self.senior.id,
            )
        )
        self.clinicians = clinicians
        enrolments = [
            Enrolment(
                practice="p1",
                payer=payer,
                provider=one.id,
                provider_number="G2X" if rng.random() < 0.1 else "",
            )
            for payer in PAYERS
            for one in clinicians
            if one.npi
        ]
        return Directory(
            submitter=Submitter(
                organization_name="Wörld Billing", etin="WORLD1", contact_name="Office", phone="6175550100"
            ),
            practices={"p1": self.practice},
            facilities={one.id: one for one in facilities},
            clinicians={one.id: one for one in clinicians},
            enrolments=tuple(enrolments),
            trading_partners={
                "house": TradingPartner(
                    id="house",
                    sender_id="WORLD1",
                    receiver_id="HOUSE",
                    receiver_name="TEST CLEARINGHOUSE",
                    application_sender="WORLD1",
                    application_receiver="HOUSE",
                    max_claims_per_st=rng.choice((2, 500)),
                    line_ends=rng.random() < 0.5,
                    upper_case=rng.random() < 0.7,
                )
            },
        )

    def clinician(self, discipline: str, number: int) -> Clinician:
        return Clinician(
            id=f"t{number}",
            last_name=self.rng.choice(LAST),
            first_name=self.rng.choice(FIRST),
            npi=self.npi(),
            credential=discipline,
            disciplines=(discipline,),
            taxonomy=TAXONOMY[discipline],
            licenses=tuple(
                License(state=state, number=f"{discipline}{number}") for state in ("MA", "NY", "NM")
            ),
        )

    # -- who is treated ----------------------------------------------------------------------------------------------

    def person(self, youngest: int = 0, oldest: int = 90) -> Person:
        rng = self.rng
        return Person(
            last_name=rng.choice(LAST),
            first_name=rng.choice(FIRST),
            middle_name=rng.choice(("", "Q", "Ömer")),
            suffix=rng.choice(("", "", "III")),
            birth_date=date(2026, 1, 1) - timedelta(days=rng.randint(youngest * 365 + 1, oldest * 365)),
            sex=rng.choice("FMU"),
            address=self.address(rng.choice((5, 9))),
        )

    def member_id(self, payer: str) -> str:
        rng = self.rng
        if payer == "medicare":
            return f"{rng.randint(1, 9)}XA{rng.randint(0, 9)}QK{rng.randint(0, 9)}WY{rng.randint(0, 99):02d}"
        return f"W{rng.randint(10**8, 10**9 - 1)}"

    def patient(self, number: int) -> None:
        rng = self.rng
        kind = rng.choice(
            (
                "medicare",
                "medicare+",
                "bluebird",
                "dependent",
                "own-id",
                "both",
                "state",
                "veterans",
                "comp",
                "wheels",
            )
        )
        discipline = rng.choice(("PT", "PT", "OT", "DC", "LMT"))
        if kind in ("medicare", "medicare+", "state", "comp") and discipline == "LMT":
            discipline = "PT"
        if kind == "veterans" and discipline == "DC":
            discipline = "PT"
        person = self.person(65 if kind.startswith("medicare") else 1)
        self.patients.append(
            PatientRecord(
                practice_id="p1",
                patient_id=f"P{number}",
                person=person,
                phone="6175550101",
                coverages=self.coverages(kind),
                row=number + 2,
            )
        )
        case = self.case(number, discipline, kind)
        self.cases.append(case)
        payer = self.patients[-1].coverages[0].payer
        visits = rng.randint(1, 5)
        if payer in ("veterans", "comp"):
            self.authorizations.append(
                Authorization(
                    practice_id="p1",
                    authorization_number=f"AUTH{number:04d}",
                    patient_id=f"P{number}",
                    payer=payer,
                    valid_from=FIRST_DAY,
                    valid_to=date(2026, 6, 30),
                    visits=visits + 5,
                )
            )
        days = sorted(rng.sample(range((LAST_DAY - FIRST_DAY).days + 1), visits))
        for place, day in enumerate(days):
            self.visit(
                f"P{number}", f"P{number}V{place}", case, discipline, payer, FIRST_DAY + timedelta(days=day)
            )

    def coverages(self, kind: str) -> tuple[Coverage, ...]:
        rng = self.rng
        begin = date(2025, 1, 1)

        def one(rank: int, payer: str, **changes: object) -> Coverage:
            fields: dict[str, object] = {
                "rank": rank,
                "payer": payer,
                "member_id": self.member_id(payer),
                "group_number": rng.choice(("", "GRP-7")) if payer in ("bluebird", "cedar") else "",
                "coverage_from": begin,
                "last_verified": date(2026, 3, 15),
            }
            return Coverage(**{**fields, **changes})  # type: ignore[arg-type]

        if kind == "medicare":
            return (one(1, "medicare"),)
        if kind == "medicare+":
            return (one(1, "medicare"), one(2, "bluebird"))
        if kind == "bluebird":
            return (one(1, "bluebird"),)
        if kind == "dependent":
            return (
                one(1, "bluebird", relationship=rng.choice(("spouse", "other")), subscriber=self.person(20)),
            )
        if kind == "own-id":
            return (one(1, "cedar", relationship="spouse", subscriber=self.person(20)),)
        if kind == "both":
            return (one(1, "cedar"), one(2, "bluebird", relationship="spouse", subscriber=self.person(20)))
        if kind == "comp":
            return (one(1, "comp", relationship="employee", subscriber_organization="Ácme & Söhne Ltd"),)
        return (one(1, kind),)

    def case(self, number: int, discipline: str, kind: str) -> Case:
        rng = self.rng
        accident = {"comp": "work", "wheels": "auto"}.get(kind, "")
        diagnoses = rng.sample(DIAGNOSES[discipline], rng.randint(1, 3))
        return Case(
            practice_id="p1",
            case_id=f"C{number}",
            patient_id=f"P{number}",
            discipline=discipline,
            diagnosis_codes=tuple(diagnoses),
            onset_date=date(2026, 1, 15),
            initial_treatment_date=date(2026, 1, 20) if discipline == "DC" else None,
            accident_type=accident,
            accident_date=date(2026, 1, 10) if accident else None,
            accident_state="MA" if accident == "auto" else "",
            claim_number=f"CN{number:05d}" if accident else "",
            employer="Ácme & Söhne Ltd" if accident == "work" else "",
            first_contact_date=date(2026, 1, 21) if accident else None,
            referring_npi=self.npi(),
            referring_last_name=rng.choice(LAST),
            referring_first_name=rng.choice(FIRST),
            plan_of_care_from=date(2026, 1, 20),
            plan_of_care_to=date(2026, 4, 18),
            plan_of_care_certified_on=date(2026, 1, 22),
            plan_of_care_visits=40,
            last_progress_report=date(2026, 3, 1),
            referral_number="RF123" if kind == "veterans" else "",
            therapy_dollars_used=0 if kind.startswith("medicare") else None,
            therapy_dollars_as_of=date(2026, 1, 31) if kind.startswith("medicare") else None,
        )

    # -- what was done -----------------------------------------------------------------------------------------------

    def visit(self, patient: str, visit: str, case: Case, discipline: str, payer: str, day: date) -> None:
        rng = self.rng
        therapist = rng.choice(
            [one for one in self.clinicians if one.npi and one.disciplines == (discipline,)]
        )
        assisted = discipline == "PT" and rng.random() < 0.15
        facility = rng.choice(self.facilities)
        start = 8 * 60 + rng.randint(0, 20) * 15
        for place, code in enumerate(rng.choice(PLANS[discipline]), 1):
            minutes = 15 * rng.randint(1, 2) if code in TIMED else None
            modifiers = DISCIPLINE_MODIFIER[discipline]
            if assisted and payer in ("medicare", "veterans"):
                modifiers = ("CQ", *modifiers)
            if discipline == "DC" and payer == "medicare":
                modifiers = (*modifiers, "AT")
            self.lines.append(
                SessionLine(
                    practice_id="p1",
                    visit_id=visit,
                    line_id=f"{visit}-{place}",
                    patient_id=patient,
                    case_id=case.case_id,
                    date_of_service=day,
                    note_status="signed",
                    procedure_code=code,
                    discipline=discipline,
                    treating_npi="" if assisted else therapist.npi,
                    treating_id="pta" if assisted else "",
                    modifiers=modifiers,
                    minutes=minutes,
                    assistant_minutes=minutes if assisted else None,
                    active_care=True if discipline == "DC" else None,
                    facility_id=facility.id,
                    line_note=rng.choice(("", "", "Seen at the patient's request ~ *")),
                    file="sessions.csv",
                    row=len(self.lines) + 2,
                )
            )
            start += minutes or 0

    def long_claim(self) -> None:
        """A month of daily visits for a payer that takes a month on a claim: more than fifty lines."""
        number = len(self.patients)
        self.patients.append(
            PatientRecord(
                practice_id="p1",
                patient_id=f"P{number}",
                person=self.person(),
                coverages=self.coverages("bluebird"),
                row=number + 2,
            )
        )
        case = self.case(number, "PT", "bluebird")
        self.cases.append(case)
        therapist = self.senior
        for day in range(20):
            for place, code in enumerate(PLANS["PT"][0], 1):
                self.lines.append(
                    SessionLine(
                        practice_id="p1",
                        visit_id=f"P{number}V{day}",
                        line_id=f"P{number}V{day}-{place}",
                        patient_id=f"P{number}",
                        case_id=case.case_id,
                        date_of_service=date(2026, 3, 1) + timedelta(days=day),
                        procedure_code=code,
                        discipline="PT",
                        treating_npi=therapist.npi,
                        modifiers=("GP",),
                        minutes=15,
                        facility_id="main",
                        file="sessions.csv",
                        row=len(self.lines) + 2,
                    )
                )
