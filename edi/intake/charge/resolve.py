"""A session line to everything it refers to: patient, coverages, case, therapist, facility, diagnoses.

Source: design/input.md. What cannot be found is a Finding, and the line is held; whether what was found is right
(coverage dates, enrolment, identifiers) is for the rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Final

from edi.intake.charge import values
from edi.intake.charge.values import Ready, problem
from edi.model.directory import Clinician, Directory, Facility, Practice
from edi.model.finding import Finding
from edi.model.records import Case, Coverage, PatientRecord, Records
from edi.model.session import SessionLine
from edi.payers import PayerProfile

NAMED_PLACES: Final = frozenset({"12", "99"})
"""Places of service whose address the claim must name: home, other."""
_NPI: Final = re.compile(r"[12]\d{9}")
_KEY: Final = re.compile(r"(?!.*\d{5})[a-z][a-z0-9_-]{0,39}")
"""The form of a key of the settings; a member id that slipped into its column has a run of digits or capitals."""


class Resolver:
    """Looks up what session lines refer to; built once per run."""

    def __init__(self, records: Records, directory: Directory, payers: Mapping[str, PayerProfile]) -> None:
        self._records = records
        self._directory = directory
        self._payers = payers
        self._by_npi = {one.npi: one for one in directory.clinicians.values() if one.npi}
        self._sites: dict[str, list[Facility]] = {}
        for facility in directory.facilities.values():
            self._sites.setdefault(facility.practice, []).append(facility)
        self._cases: dict[tuple[str, str], list[Case]] = {}
        self._refused_of = {(key[0], patient) for key, patient in records.refused_cases.items()}
        for case in records.cases.values():
            self._cases.setdefault((case.practice_id, case.patient_id), []).append(case)

    def resolve(self, line: SessionLine) -> Ready | Finding | None:
        """Look everything up.

        Returns:
            The line with all of it; None when nobody is to be billed (self-pay); or the first problem.
        """
        practice = self._directory.practices.get(line.practice_id)
        if practice is None:
            fix = "Use the id of a [[practice]] in claimloop.toml."
            return problem(line, values.PRACTICE_UNKNOWN, "no such practice", field="practice_id", fix=fix)
        patient = self._records.patients.get((line.practice_id, line.patient_id))
        if patient is None:
            message = "the patient is not in patients.csv, or was refused there"
            fix = "Add the patient, or correct the rows refused."
            return problem(line, values.PATIENT_UNKNOWN, message, field="patient_id", fix=fix)
        coverages = coverages_on(patient, line.date_of_service)
        if not coverages:
            return None
        payer = self._payers.get(coverages[0].payer)
        if payer is None:
            # Shown only if it looks like a key: in a row of patients.csv that is shifted sideways it is a member id.
            key = coverages[0].payer
            near = get_close_matches(key, self._payers, n=1)
            named = f" {key}" if _KEY.fullmatch(key) else ""
            message = f"the payer{named} of coverage {coverages[0].rank} is not in payers.toml"
            fix = f"Did you mean {near[0]}? " if near else ""
            fix += "Correct the payer in patients.csv, or add it to payers.toml."
            return problem(line, values.PAYER_UNKNOWN, message, field="payer", fix=fix)
        if payer.kind == "self":
            return None
        return self._people(line, practice, patient, coverages, payer)

    def _people(
        self,
        line: SessionLine,
        practice: Practice,
        patient: PatientRecord,
        coverages: tuple[Coverage, ...],
        payer: PayerProfile,
    ) -> Ready | Finding:
        treating = self._clinician(line, line.treating_npi, line.treating_id, "treating")
        if isinstance(treating, Finding):
            return treating
        case = self._case(line, treating)
        if isinstance(case, Finding):
            return case
        discipline = _discipline(line, treating, case)
        if isinstance(discipline, Finding):
            return discipline
        people = self._rendering(line, treating, payer)
        if isinstance(people, Finding):
            return people
        place = self._place(line, practice)
        if isinstance(place, Finding):
            return place
        diagnoses = line.diagnosis_codes or (case.diagnosis_codes if case is not None else ())
        if not diagnoses:
            fix = "Fill in diagnosis_codes here or in the case."
            message = "the line has no diagnosis, and neither has its case"
            return problem(line, values.NO_DIAGNOSIS, message, field="diagnosis_codes", fix=fix)
        rendering, supervising = people
        facility, place_of_service = place
        return Ready(
            line=line,
            practice=practice,
            patient=patient,
            coverages=coverages,
            payer=payer,
            case=case,
            discipline=discipline,
            treating=treating,
            rendering=rendering if rendering.npi != practice.npi else None,
            supervising=supervising,
            facility=facility,
            place_of_service=place_of_service,
            diagnoses=tuple(dict.fromkeys(diagnoses)),
        )

    def _clinician(self, line: SessionLine, npi: str, key: str, role: str) -> Clinician | Finding:
        found = self._by_npi.get(npi) if npi else self._directory.clinicians.get(key)
        if found is not None:
            return found
        field = f"{role}_npi" if npi else f"{role}_id"
        shown = npi if _NPI.fullmatch(npi) else key if not npi and _KEY.fullmatch(key) else ""
        message = f"{field}{f' {shown}' if shown else ''} is not in claimloop.toml"
        fix = "Add a [[provider]] with its name and credential, or correct the id."
        return problem(line, values.CLINICIAN_UNKNOWN, message, field=field, fix=fix)

    def _case(self, line: SessionLine, treating: Clinician) -> Case | Finding | None:
        """The case named, else the patient's only one that fits the discipline and the day."""
        refused = self._refused_case(line)
        if refused:
            fix = "Correct the rows of the case that are named."
            return problem(line, values.CASE_UNKNOWN, refused, field="case_id", fix=fix)
        if line.case_id:
            case = self._records.cases.get((line.practice_id, line.case_id))
            if case is None or case.patient_id != line.patient_id:
                what = "is not in cases.csv" if case is None else "belongs to another patient"
                fix = "Correct case_id, or add the case." if case is None else "Correct case_id."
                return problem(line, values.CASE_UNKNOWN, f"the case {what}", field="case_id", fix=fix)
            return case
        found = self._cases.get((line.practice_id, line.patient_id), [])
        wanted = {line.discipline} if line.discipline else set(treating.disciplines)
        found = [case for case in found if not case.discipline or case.discipline in wanted] or found
        if len(found) > 1:
            found = [case for case in found if _case_open(case, line.date_of_service)]
            if len(found) != 1:
                message = "the patient has several cases, and none is the only one open on that day"
                fix = "Fill in case_id."
                return problem(line, values.CASE_AMBIGUOUS, message, field="case_id", fix=fix)
        return found[0] if found else None

    def _refused_case(self, line: SessionLine) -> str:
        """What is wrong when the case of a line has an error, or "". Without case_id any of the patient's may be it."""
        if line.case_id:
            if (line.practice_id, line.case_id) in self._records.refused_cases:
                return "the case was refused, in cases.csv or in the columns of the sessions"
            return ""
        if (line.practice_id, line.patient_id) in self._refused_of:
            return "a case of the patient was refused, and the line does not say that it belongs to another"
        return ""

    def _rendering(
        self, line: SessionLine, treating: Clinician, payer: PayerProfile
    ) -> tuple[Clinician, Clinician | None] | Finding:
        """Who goes on the claim as rendering, and as supervising where the payer wants that."""
        supervisor = self._supervisor(line, treating)
        if isinstance(supervisor, Finding):
            return supervisor
        if line.rendering_npi:
            rendering = self._clinician(line, line.rendering_npi, "", "rendering")
            if isinstance(rendering, Finding):
                return rendering
        else:
            assistant = treating.is_assistant
            may_render = bool(treating.npi) and (not assistant or payer.providers.assistant_may_render)
            chosen = treating if may_render else supervisor
            if chosen is None or not chosen.npi:
                who = (
                    "an assistant may not render for this payer" if assistant else "the therapist has no NPI"
                )
                message = f"{who}, and no supervising therapist with an NPI is known"
                fix = "Fill in supervising_npi, or supervisor in [[provider]]."
                return problem(line, values.NOBODY_RENDERS, message, field="rendering_npi", fix=fix)
            rendering = chosen
        named = payer.providers.supervising_required or bool(line.supervising_npi)
        return rendering, supervisor if named and supervisor is not rendering else None

    def _supervisor(self, line: SessionLine, treating: Clinician) -> Clinician | Finding | None:
        if line.supervising_npi:
            return self._clinician(line, line.supervising_npi, "", "supervising")
        day = line.date_of_service
        begun = treating.supervised_from is None or treating.supervised_from <= day
        if (
            treating.supervisor
            and begun
            and (treating.supervised_to is None or day <= treating.supervised_to)
        ):
            return self._directory.clinicians.get(treating.supervisor)
        return None

    def _place(self, line: SessionLine, practice: Practice) -> tuple[Facility | None, str] | Finding:
        """The site and place of service; a practice without [[facility]] treats at its own address."""
        sites = self._sites.get(practice.id, [])
        key = line.facility_id
        if not key and line.place_of_service not in NAMED_PLACES:
            key = practice.default_facility or (sites[0].id if len(sites) == 1 else "")
        facility = self._directory.facilities.get(key) if key else None
        if facility is not None and facility.practice == practice.id:
            return facility, line.place_of_service or facility.place_of_service
        if not key and not sites and line.place_of_service not in NAMED_PLACES:
            return None, line.place_of_service or "11"
        if key:
            message = "facility_id is not a site of the practice"
        elif line.place_of_service in NAMED_PLACES:
            message = f"place of service {line.place_of_service} needs a facility_id"
        else:
            message = "the practice has several sites; facility_id must say which"
        fix = "Fill in the id of a [[facility]], or give the practice a default_facility."
        return problem(line, values.FACILITY_UNKNOWN, message, field="facility_id", fix=fix)


def coverages_on(patient: PatientRecord, day: date) -> tuple[Coverage, ...]:
    """The coverages in force on a day by rank; when none is, the latest of the first rank, for the rules to judge."""
    in_force = tuple(sorted((one for one in patient.coverages if one.covers(day)), key=lambda one: one.rank))
    if in_force or not patient.coverages:
        return in_force
    lowest = min(one.rank for one in patient.coverages)
    return (max((one for one in patient.coverages if one.rank == lowest), key=lambda one: one.coverage_from),)


def _case_open(case: Case, day: date) -> bool:
    begin = case.plan_of_care_from or case.initial_treatment_date or case.onset_date
    return (begin is None or begin <= day) and (case.plan_of_care_to is None or day <= case.plan_of_care_to)


def _discipline(line: SessionLine, treating: Clinician, case: Case | None) -> str | Finding:
    if line.discipline:
        return line.discipline
    if len(treating.disciplines) == 1:
        return treating.disciplines[0]
    if case is not None and case.discipline:
        return case.discipline
    message = "the discipline is not given, and the therapist has not just one"
    return problem(
        line,
        values.DISCIPLINE_UNKNOWN,
        message,
        field="discipline",
        fix="Fill in PT, OT, SLP, DC, LMT, ACU, ATC or MD.",
    )
