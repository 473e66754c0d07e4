"""A claim that every rule passes, and the means to spoil it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
import pytest

from edi.codes import load_tables
from edi.model.claim import Address, Claim, ClaimPayer, Person, Provider, ServiceLine, Subscriber
from edi.model.directory import Clinician, Directory, Enrolment, License, Practice, Submitter
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding
from edi.model.history import EarlierLine
from edi.model.records import Authorization, Case, Coverage, PatientRecord, Records
from edi.model.remittance import Procedure
from edi.model.session import SessionLine
from edi.payers import PayerProfile, shipped_packs
from edi.rules import RuleContext, run

DAY = date(2024, 8, 1)
TODAY = date(2024, 8, 15)
BILLING, RENDERING, REFERRING = "1234567893", "1558598797", "1993999998"
MBI, AUTHORIZATION = "1EG4TE5MK73", "WC100"
FILING = {"medicare": "MB", "commercial": "CI", "medicaid": "MC", "workers_comp": "WC"}
STREET = Address(line_1="1 MAIN STREET", city="BOSTON", state="MA", zip="021390001")


@dataclass
class Row:
    """A service line and the session row it bills; ``minutes`` None is not documented, ``billed`` False has no line."""

    code: str = "97110"
    units: str = "1"
    minutes: int | None = 15
    modifiers: tuple[str, ...] = ("GP",)
    charge: int = 50_00
    day: date | None = DAY
    pointers: tuple[int, ...] = (1,)
    billed: bool = True
    visit: str = "V1"
    visit_timed_minutes: int | None = None
    line: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)


@dataclass
class Earlier:
    """A history with the given lines."""

    lines: tuple[EarlierLine, ...]

    def lines_on(self, practice_id: str, patient_id: str, day: date) -> tuple[EarlierLine, ...]:
        return tuple(line for line in self.lines if line.date_of_service == day)

    def lines_between(
        self, practice_id: str, patient_id: str, first: date, last: date
    ) -> tuple[EarlierLine, ...]:
        return tuple(line for line in self.lines if first <= line.date_of_service <= last)


class Make:
    """Builders; every argument not given is that of the claim that passes."""

    day, today = DAY, TODAY
    row = staticmethod(Row)
    replace = staticmethod(msgspec.structs.replace)

    def person(self, **changes: Any) -> Person:
        given = {
            "last_name": "DOE",
            "first_name": "JANE",
            "birth_date": date(1960, 1, 2),
            "sex": "F",
            "address": STREET,
        }
        return Person(**{**given, **changes})

    def provider(self, npi: str, **changes: Any) -> Provider:
        return Provider(**{"is_person": True, "last_name": "SMITH", "npi": npi, **changes})

    def billing(self, **changes: Any) -> Provider:
        given = {
            "npi": BILLING,
            "is_person": False,
            "last_name": "CLINIC",
            "tax_id": "123456789",
            "address": STREET,
        }
        return self.provider(**{**given, **changes})

    def subscriber(self, **changes: Any) -> Subscriber:
        return Subscriber(
            **{"person": self.person(), "member_id": MBI, "filing_indicator": FILING["medicare"], **changes}
        )

    def draft(
        self, *rows: Row, payer: str = "medicare", discipline: str = "PT", **changes: Any
    ) -> ClaimDraft:
        """A claim of the rows (one good row by default). Changes to the claim by name; ``draft_`` before the draft's own."""
        rows = rows or (Row(),)
        own = {
            key.removeprefix("draft_"): value for key, value in changes.items() if key.startswith("draft_")
        }
        changes = {key: value for key, value in changes.items() if not key.startswith("draft_")}
        sessions: list[SessionLine] = []
        lines: list[ServiceLine] = []
        for number, row in enumerate(rows, 1):
            line_id = f"{row.visit}-{number}"
            documented: dict[str, Any] = {
                "practice_id": "p1",
                "visit_id": row.visit,
                "line_id": line_id,
                "patient_id": "pat1",
                "date_of_service": row.day or DAY,
                "procedure_code": row.code,
                "minutes": row.minutes,
                "visit_timed_minutes": row.visit_timed_minutes,
                "file": "sessions.csv",
                "row": number + 1,
            }
            sessions.append(SessionLine(**{**documented, **row.session}))
            if row.billed:
                given: dict[str, Any] = {
                    "number": len(lines) + 1,
                    "procedure": Procedure("HC", row.code, row.modifiers),
                    "charge": row.charge,
                    "units": row.units,
                    "pointers": row.pointers,
                    "date_from": row.day,
                    "date_to": row.day,
                    "session_line_ids": (line_id,),
                }
                lines.append(ServiceLine(**{**given, **row.line}))
        claim = {
            "practice_id": "p1",
            "patient_id": "pat1",
            "charge": sum(line.charge for line in lines),
            "diagnoses": ("M5450",),
            "billing": self.billing(),
            "subscriber": self.subscriber(
                member_id=MBI if payer == "medicare" else "ABC900000123",
                filing_indicator=FILING.get(payer, "CI"),
            ),
            "payer": ClaimPayer(name="MEDICARE", id="14112", key=payer),
            "referring": self.provider(REFERRING),
            "rendering": self.provider(RENDERING),
            "authorization": AUTHORIZATION if payer == "workers_comp" else "",
            "lines": tuple(lines),
        }
        coverage = self.coverage(payer=payer, member_id=MBI, last_verified=DAY)
        draft = {
            "claim": Claim(**{**claim, **changes}),
            "sessions": tuple(sessions),
            "patient": PatientRecord(practice_id="p1", patient_id="pat1", person=self.person()),
            "coverage": coverage,
            "case": self.case(discipline=discipline),
            "payer_key": payer,
            "practice_id": "p1",
            "discipline": discipline,
        }
        return ClaimDraft(**{**draft, **own})

    def patient(self, **changes: Any) -> PatientRecord:
        return PatientRecord(practice_id="p1", patient_id="pat1", person=self.person(), **changes)

    def other_patient(self) -> PatientRecord:
        return PatientRecord(practice_id="p1", patient_id="pat2", person=self.person())

    def case(self, **changes: Any) -> Case:
        """An episode of care with a certified plan."""
        given = {
            "practice_id": "p1",
            "case_id": "c1",
            "patient_id": "pat1",
            "plan_of_care_from": date(2024, 7, 1),
            "plan_of_care_to": date(2024, 9, 28),
            "plan_of_care_certified_on": date(2024, 7, 8),
            "therapy_dollars_used": 0,
            "therapy_dollars_as_of": date(2024, 1, 1),
        }
        return Case(**{**given, **changes})

    def authorization(self, **changes: Any) -> Authorization:
        given = {
            "authorization_number": AUTHORIZATION,
            "patient_id": "pat1",
            "payer": "workers_comp",
            "valid_from": date(2024, 1, 1),
            "valid_to": date(2024, 12, 31),
            "row": 2,
        }
        return Authorization(**{**given, **changes})

    def coverage(self, **changes: Any) -> Coverage:
        given = {"rank": 1, "payer": "medicare", "member_id": "X", "coverage_from": date(2020, 1, 1)}
        return Coverage(**{**given, **changes})

    def payers(self, **changes: Any) -> dict[str, PayerProfile]:
        """``medicare``, ``commercial`` and ``medicaid`` as shipped; changes to ``medicare`` by name."""
        packs = shipped_packs()
        return {
            "medicare": msgspec.structs.replace(packs["medicare_b"], **changes),
            "commercial": packs["commercial"],
            "medicaid": packs["medicaid"],
            "workers_comp": packs["workers_comp"],
        }

    def enrolments(self, **changes: Any) -> tuple[Enrolment, ...]:
        rows = [
            Enrolment(**{"practice": "p1", "payer": payer, "provider": "t1", **changes})
            for payer in ("medicare", "commercial", "medicaid", "workers_comp")
        ]
        return tuple(rows)

    def clinician(self, **changes: Any) -> Clinician:
        licence = License(state="MA", number="1")
        given = {
            "id": "t1",
            "last_name": "SMITH",
            "first_name": "ANN",
            "npi": RENDERING,
            "credential": "PT",
            "licenses": (licence,),
        }
        return Clinician(**{**given, **changes})

    def context(self, **changes: Any) -> RuleContext:
        clinicians = changes.pop("clinicians", (self.clinician(),))
        directory = Directory(
            submitter=Submitter(organization_name="CLINIC", etin="123"),
            practices={"p1": Practice(id="p1", name="CLINIC", npi=BILLING)},
            clinicians={one.id: one for one in clinicians},
            enrolments=changes.pop("enrolments", self.enrolments()),
        )
        records = Records(authorizations=(self.authorization(),))
        given = {
            "tables": load_tables(),
            "payers": self.payers(),
            "directory": directory,
            "records": records,
            "today": TODAY,
        }
        if "earlier" in changes:
            changes["history"] = Earlier(changes.pop("earlier"))
        return RuleContext(**{**given, **changes})

    def earlier(
        self, code: str, payer: str = "medicare", modifiers: tuple[str, ...] = ("GP",), **changes: Any
    ) -> EarlierLine:
        given = {
            "practice_id": "p1",
            "patient_id": "pat1",
            "patient_control_number": "A1",
            "payer": payer,
            "procedure_code": code,
            "modifiers": modifiers,
            "date_of_service": DAY,
            "charge": 50_00,
            "units": "1",
        }
        return EarlierLine(**{**given, **changes})

    def findings(self, *drafts: ClaimDraft, code: str | None = None, **context: Any) -> list[Finding]:
        """What the rules say of the claims, under one code if one is given."""
        found = run(drafts, self.context(**context))
        return [one for one in found if code is None or one.code == code]


@pytest.fixture
def make() -> Make:
    return Make()
