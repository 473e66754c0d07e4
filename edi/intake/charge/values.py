"""What charging passes from step to step: a session line with everything looked up, and the counts of the run."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from edi.model.directory import Clinician, Facility, Practice
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Case, Coverage, PatientRecord
from edi.model.session import SessionLine
from edi.payers import PayerProfile

PATIENT_UNKNOWN: Final = "CHG001"
PAYER_UNKNOWN: Final = "CHG002"
PRACTICE_UNKNOWN: Final = "CHG003"
CASE_UNKNOWN: Final = "CHG004"
CASE_AMBIGUOUS: Final = "CHG005"
DISCIPLINE_UNKNOWN: Final = "CHG006"
CLINICIAN_UNKNOWN: Final = "CHG007"
NOBODY_RENDERS: Final = "CHG008"
FACILITY_UNKNOWN: Final = "CHG009"
NO_DIAGNOSIS: Final = "CHG010"
NO_UNITS: Final = "CHG011"
NO_CHARGE: Final = "CHG012"
CHARGE_AMBIGUOUS: Final = "CHG013"
NO_EMPLOYER: Final = "CHG014"
CLAIM_KEY: Final = "CHG015"
DAY_HELD: Final = "CHG016"
VISIT_REFUSED: Final = "CHG017"
ZERO_UNITS: Final = "CHG020"
SPLIT_LINES: Final = "CHG021"
SPLIT_DIAGNOSES: Final = "CHG022"
DIAGNOSES_LEFT_OFF: Final = "CHG023"
LATER_COVERAGE_FIRST: Final = "CHG024"
AUTHORIZATION_USED_UP: Final = "CHG025"
COVERAGE_LEFT_OFF: Final = "CHG026"
PAID_OVER_CHARGE: Final = "CHG027"
BEFORE_BIRTH: Final = "CHG028"

DayKey: TypeAlias = tuple[str, str, object]
"""Practice, patient, date of service."""


class Ready(msgspec.Struct, kw_only=True):
    """A session line with what it refers to. ``units``, ``charge`` (cents) and ``authorization`` come in later steps.

    ``coverages`` are those in force on the day, the one to be billed first. ``rendering`` None: nobody but the billing
    provider. ``supervising`` is set when it belongs on the claim. ``earlier``: an earlier claim billed it, with
    ``units``; it only takes part in counting the day's units.
    """

    line: SessionLine
    practice: Practice
    patient: PatientRecord
    coverages: tuple[Coverage, ...]
    payer: PayerProfile
    case: Case | None
    discipline: str
    treating: Clinician
    rendering: Clinician | None
    supervising: Clinician | None
    facility: Facility | None
    place_of_service: str
    diagnoses: tuple[str, ...]
    units: int = 0
    charge: int = 0
    authorization: str = ""
    earlier: bool = False

    @property
    def day_key(self) -> DayKey:
        """Practice, patient and date: what is held together."""
        return (self.line.practice_id, self.line.patient_id, self.line.date_of_service)


class ChargeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Where every session line of a run went; ``lines`` is the sum of its counts but ``claims``.

    Attributes:
        lines: session lines given.
        billed: lines on claims. claims: claims made of them.
        held: lines with an error, or of a day with one.
        zero_units: lines whose minutes earn no unit.
        self_pay: lines of patients without a payer.
        unsigned, cancelled, no_show: by note_status.
        do_not_bill: by the reason given.
        held_charge: cents of the lines held, as far as the charge column or fees.csv tell.
        refused_charge: the same of the rows that gave no line.
        unpriced: lines held and rows refused of which neither tells.
    """

    lines: int = 0
    billed: int = 0
    claims: int = 0
    held: int = 0
    zero_units: int = 0
    self_pay: int = 0
    unsigned: int = 0
    cancelled: int = 0
    no_show: int = 0
    do_not_bill: dict[str, int] = {}
    held_charge: int = 0
    refused_charge: int = 0
    unpriced: int = 0


def problem(
    line: SessionLine,
    code: str,
    message: str,
    *,
    field: str,
    fix: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """A Finding at a session line."""
    return Finding(
        code=code,
        severity=severity,
        message=message,
        location=Location(
            file=line.file or None,
            row=line.row or None,
            field=field,
            session=line.line_id,
            visit=line.visit_id or None,
        ),
        fix=fix,
    )
