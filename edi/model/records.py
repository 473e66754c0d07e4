"""The practice's own records: patients with coverages, cases, authorizations, fees. Source: design/input.md."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

import msgspec

from edi.model.claim import Address, Person
from edi.model.confirmation import Confirmation


class Coverage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One coverage of a patient. ``rank`` is 1, 2 or 3; ``payer`` a key of payers.toml.

    ``relationship`` is self, spouse, child, employee or other. ``subscriber`` is given when it is not self;
    ``subscriber_organization`` is the employer in workers' compensation. ``confirmation`` is the payer's last answer
    about it (271), which ``edi.intake.confirmations`` puts here.
    """

    rank: int
    payer: str
    member_id: str
    group_number: str = ""
    group_name: str = ""
    plan_name: str = ""
    coverage_from: date
    coverage_to: date | None = None
    last_verified: date | None = None
    relationship: str = "self"
    patient_has_own_member_id: bool | None = None
    assignment_of_benefits: bool = True
    msp_type: str = ""
    subscriber: Person | None = None
    subscriber_organization: str = ""
    confirmation: Confirmation | None = None
    row: int = 0

    def covers(self, day: date) -> bool:
        """Whether the coverage is in force on that day (both ends included)."""
        return self.coverage_from <= day and (self.coverage_to is None or day <= self.coverage_to)


class PatientRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One patient of one practice with his coverages, sorted by rank then start. No coverage means self-pay."""

    practice_id: str
    patient_id: str
    person: Person
    phone: str = ""
    death_date: date | None = None
    signature_on_file: bool = True
    release_of_information: str = "Y"
    qmb: bool = False
    coverages: tuple[Coverage, ...] = ()
    row: int = 0


class Case(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An episode of care: cases.csv, or case columns of the sessions. ``therapy_dollars_used`` is cents.

    ``file`` and ``row`` say where it came from, for findings.
    """

    practice_id: str = ""
    case_id: str
    patient_id: str
    discipline: str = ""
    diagnosis_codes: tuple[str, ...] = ()
    onset_date: date | None = None
    initial_treatment_date: date | None = None
    last_xray_date: date | None = None
    last_seen_date: date | None = None
    spinal_condition: str = ""
    acute_manifestation_date: date | None = None
    accident_type: str = ""
    accident_date: date | None = None
    accident_state: str = ""
    claim_number: str = ""
    employer: str = ""
    adjuster_name: str = ""
    adjuster_phone: str = ""
    first_contact_date: date | None = None
    last_worked_date: date | None = None
    return_to_work_date: date | None = None
    referring_npi: str = ""
    referring_last_name: str = ""
    referring_first_name: str = ""
    plan_of_care_from: date | None = None
    plan_of_care_to: date | None = None
    plan_of_care_certified_on: date | None = None
    plan_of_care_visits: int | None = None
    last_progress_report: date | None = None
    referral_number: str = ""
    therapy_dollars_used: int | None = None
    therapy_dollars_as_of: date | None = None
    file: str = ""
    row: int = 0


NOT_APPROVED: Final = frozenset(
    {"denied", "pending", "requested", "cancelled", "canceled", "expired", "withdrawn", "void"}
)
"""Words in the status column of authorizations.csv that make an authorization unusable."""


class Authorization(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A prior authorization. ``codes`` empty means all codes."""

    practice_id: str = ""
    authorization_number: str
    patient_id: str
    payer: str
    case_id: str = ""
    codes: tuple[str, ...] = ()
    valid_from: date
    valid_to: date
    visits: int | None = None
    units: int | None = None
    visits_used_elsewhere: int = 0
    status: str = ""
    requested_on: date | None = None
    row: int = 0

    @property
    def approved(self) -> bool:
        """Whether the status does not say that it may not be used; a blank one does not."""
        return self.status.lower() not in NOT_APPROVED

    def holds_on(self, day: date) -> bool:
        """Whether its dates include that day (both ends)."""
        return self.valid_from <= day <= self.valid_to

    def covers(self, code: str) -> bool:
        """Whether it is for that procedure code."""
        return not self.codes or code in self.codes


class Fee(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row of fees.csv: what we charge (``kind`` charge) or what a payer should pay (``expected``). Cents.

    ``basis`` is per_unit, per_line, per_visit, visit_maximum or percent_of_charge; for the last ``amount`` is
    hundredths of a percent.
    """

    kind: str
    code: str
    basis: str
    amount: int
    valid_from: date
    valid_to: date | None = None
    practice_id: str = ""
    payer: str = ""
    modifier: str = ""
    credential: str = ""
    place_of_service: str = ""
    pe_amount: int | None = None
    source: str = ""
    row: int = 0

    @property
    def specificity(self) -> int:
        """How many of practice, payer, code, modifier, credential and place the row names; the most specific wins."""
        named = (self.practice_id, self.payer, self.modifier, self.credential, self.place_of_service)
        return sum(bool(value) for value in named) + (self.code != "*")

    def applies(
        self,
        day: date,
        *,
        practice_id: str,
        payer: str,
        modifiers: Collection[str],
        credential: str,
        place_of_service: str,
    ) -> bool:
        """Whether the row is for a line with these facts; the code is not looked at.

        Args:
            day: of service.
            practice_id: whose line.
            payer: key of the payer.
            modifiers: of the line.
            credential: of who treated, in capitals, "" when not known.
            place_of_service: of the line or its claim.
        """
        return (
            self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
            and self.practice_id in ("", practice_id)
            and self.payer in ("", payer)
            and (not self.modifier or self.modifier in modifiers)
            and self.credential in ("", credential)
            and self.place_of_service in ("", place_of_service)
        )


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """All records of a run, keyed for look-up. Patients and cases by (practice_id, id).

    ``refused_cases`` are those with an error, by (practice_id, case_id), and the patient_id of each: what depends on
    them waits.
    """

    patients: dict[tuple[str, str], PatientRecord] = {}
    cases: dict[tuple[str, str], Case] = {}
    authorizations: tuple[Authorization, ...] = ()
    fees: tuple[Fee, ...] = ()
    refused_cases: dict[tuple[str, str], str] = {}


__all__ = ["Address", "Authorization", "Case", "Coverage", "Fee", "PatientRecord", "Person", "Records"]
