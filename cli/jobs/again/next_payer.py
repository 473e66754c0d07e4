"""Whom a claim goes to next: the patient's coverage after the one that was billed, from the records or the claim."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from cli.jobs.again.drafts import first_day, patient_of
from cli.jobs.again.request import PAYER_UNKNOWN, refusal
from cli.jobs.again.targets import Target
from cli.settings import Settings
from edi.intake.charge.parties import claim_payer, rendering_provider, subscriber_and_patient
from edi.intake.charge.resolve import coverages_on
from edi.intake.charge.values import Ready
from edi.model.directory import Clinician, Practice
from edi.model.finding import Finding
from edi.model.records import Case, Coverage, PatientRecord, Records
from edi.model.session import SessionLine
from edi.payers import PayerProfile
from edi.resubmit import NextCoverage, coverage_on_claim
from edi.resubmit.refusals import COVERAGE_UNKNOWN, NO_NEXT_PAYER


class NextPayer(msgspec.Struct, frozen=True, kw_only=True):
    """The coverage billed next, its payer's profile, and the record it comes from (None: the claim told it)."""

    coverage: NextCoverage
    profile: PayerProfile
    record: Coverage | None = None


def next_payer(target: Target, records: Records, settings: Settings) -> NextPayer | Finding:
    """Find the coverage after the one that a claim was billed to.

    Args:
        target: the claim.
        records: patients.csv and cases.csv, as far as they were given.
        settings: payers and directory.

    Returns:
        The coverage, or why there is none to be billed.
    """
    claim = target.claim
    number = claim.patient_control_number
    patient = patient_of(claim, records)
    if patient is not None:
        after = _after(patient, target)
        if after:
            return _from_record(target, patient, after, records, settings)
    told = coverage_on_claim(claim)
    if told is not None:
        profile = settings.payers.get(told.payer.key) or _by_id(told.payer.id, settings.payers)
        if profile is None:
            fix = f"Add a payer with claim_id {told.payer.id} to payers.toml."
            return refusal(PAYER_UNKNOWN, number, "its next payer is not in payers.toml", fix)
        payer = msgspec.structs.replace(told.payer, key=profile.key)
        return NextPayer(coverage=msgspec.structs.replace(told, payer=payer), profile=profile)
    if claim.later_payers and patient is None:
        message = (
            f"the coverage by {claim.later_payers[0]} is not known here, for the patient's record is missing"
        )
        return refusal(
            COVERAGE_UNKNOWN, number, message, "Give --patients with the file that has the patient."
        )
    message = "no payer comes after the one that answered"
    fix = "Add the coverage to patients.csv and give --patients; else bill what is the patient's share."
    return refusal(NO_NEXT_PAYER, number, message, fix)


def _after(patient: PatientRecord, target: Target) -> tuple[Coverage, ...]:
    """The coverages in force on the claim's first day that come after the one it was billed to."""
    coverages = coverages_on(patient, first_day(target.claim))
    places = [place for place, one in enumerate(coverages) if one.payer == target.payer.key]
    return coverages[places[-1] + 1 :] if places else ()


def _by_id(number: str, payers: Mapping[str, PayerProfile]) -> PayerProfile | None:
    """The one payer that is sent claims under this id."""
    found = [payer for payer in payers.values() if number in payer.claim_id.values()]
    return found[0] if len(found) == 1 else None


def _from_record(
    target: Target,
    patient: PatientRecord,
    after: tuple[Coverage, ...],
    records: Records,
    settings: Settings,
) -> NextPayer | Finding:
    """The next coverage as the parties of a claim, made by intake's own hand."""
    coverage = after[0]
    profile = settings.payers.get(coverage.payer)
    if profile is None or profile.kind == "self":
        message = f"the payer of coverage {coverage.rank} is not in payers.toml"
        fix = "Correct the payer in patients.csv, or add it to payers.toml."
        return refusal(PAYER_UNKNOWN, target.claim.patient_control_number, message, fix)
    directory = settings.need_directory()
    practice = directory.practices[target.claim.practice_id]
    clinicians = {one.npi: one for one in directory.clinicians.values() if one.npi}
    numbers: dict[str, str] = {}
    rendering = target.claim.rendering
    ready = _ready(
        target, patient, after, profile, practice, clinicians.get(rendering.npi if rendering else "")
    )
    ready.case = _case(patient, records)
    made = rendering_provider(ready, directory)
    if made is not None:
        numbers.update((made.npi, value) for kind, value in made.references if kind == "G2")
    subscriber, dependent = subscriber_and_patient(ready)
    if profile.is_original_medicare and not subscriber.insurance_type:
        subscriber = msgspec.structs.replace(subscriber, insurance_type=coverage.msp_type)
    return NextPayer(
        coverage=NextCoverage(
            subscriber=subscriber,
            patient=dependent,
            payer=claim_payer(ready, directory),
            benefits_assigned="Y" if coverage.assignment_of_benefits else "N",
            authorization=_authorization(patient, first_day(target.claim), records, profile.key),
            later=tuple(one.payer for one in after[1:]),
            provider_numbers=numbers,
        ),
        profile=profile,
        record=coverage,
    )


def _ready(
    target: Target,
    patient: PatientRecord,
    coverages: tuple[Coverage, ...],
    payer: PayerProfile,
    practice: Practice,
    rendering: Clinician | None,
) -> Ready:
    """A line of the claim with what it refers to, as intake wants it to make the parties of a claim."""
    claim = target.claim
    treating = rendering or Clinician(id="", last_name="", first_name="")
    return Ready(
        line=SessionLine(
            practice_id=practice.id,
            visit_id="",
            line_id="",
            patient_id=patient.patient_id,
            date_of_service=first_day(claim),
            procedure_code=claim.lines[0].procedure.code if claim.lines else "",
        ),
        practice=practice,
        patient=patient,
        coverages=coverages,
        payer=payer,
        case=None,
        discipline="",
        treating=treating,
        rendering=rendering,
        supervising=None,
        facility=None,
        place_of_service=claim.place_of_service,
        diagnoses=claim.diagnoses,
    )


def _case(patient: PatientRecord, records: Records) -> Case | None:
    """The patient's case when there is only one."""
    found = [
        case
        for case in records.cases.values()
        if (case.practice_id, case.patient_id) == (patient.practice_id, patient.patient_id)
    ]
    return found[0] if len(found) == 1 else None


def _authorization(patient: PatientRecord, day: date, records: Records, payer: str) -> str:
    """The next payer's own authorization of the claim's first day, "" when there is none."""
    for one in records.authorizations:
        if (one.patient_id, one.payer) == (patient.patient_id, payer) and one.holds_on(day) and one.approved:
            return one.authorization_number
    return ""
