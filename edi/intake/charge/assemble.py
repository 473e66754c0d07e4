"""A group of session lines to one Claim without control numbers. Source: 005010X222A1 loops 2300 and 2400."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from edi.codes import Tables
from edi.codes.sets import SPINAL_MANIPULATION
from edi.intake.charge import parties, values
from edi.intake.charge.coverages import other_payers
from edi.intake.charge.grouping import MAX_DIAGNOSES, pointed
from edi.intake.charge.values import Ready, problem
from edi.model.claim import Claim, ServiceLine, SpinalCondition
from edi.model.directory import Directory
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.model.records import Case
from edi.model.remittance import Procedure, QualifiedDate
from edi.model.session import BilledSession
from edi.payers import PayerProfile

ACCIDENT_CAUSES: Final = {"auto": "AA", "work": "EM", "other": "OA"}
"""CLM11 by the word in cases.csv."""
_CASE_DATES: Final = (
    ("431", "onset_date"),
    ("454", "initial_treatment_date"),
    ("304", "last_seen_date"),
    ("453", "acute_manifestation_date"),
    ("439", "accident_date"),
    ("455", "last_xray_date"),
    ("297", "last_worked_date"),
    ("296", "return_to_work_date"),
)
"""DTP qualifiers of loop 2300, in the order of the guide, and the column each date comes from."""


def make_draft(
    group: Sequence[Ready],
    directory: Directory,
    tables: Tables,
    payers: Mapping[str, PayerProfile],
    *,
    silent: Sequence[Ready] = (),
    earlier: Sequence[Ready] = (),
) -> tuple[ClaimDraft, list[Finding]]:
    """Make the claim of a group of lines that may share one; findings are warnings.

    Args:
        group: the lines it bills.
        directory: the billing side.
        tables: the code tables.
        payers: profiles by key, for the patient's other coverages.
        silent: lines of its days whose minutes earned no unit; they stand among its sessions without a service line.
        earlier: lines of its days that earlier claims billed.
    """
    first = group[0]
    diagnoses, findings = _diagnoses(group)
    subscriber, patient = parties.subscriber_and_patient(first)
    authorization = next((one.authorization for one in group if one.authorization), "")
    lines = tuple(
        _service_line(number, ready, first, diagnoses, authorization, directory, tables)
        for number, ready in enumerate(group, 1)
    )
    coverage, case, practice = first.coverages[0], first.case, first.practice
    paid = sum(one.line.patient_paid or 0 for one in group)
    others, left_off = other_payers(first, payers)
    findings += left_off
    accident = ACCIDENT_CAUSES.get(case.accident_type, "") if case is not None else ""
    claim = Claim(
        practice_id=practice.id,
        patient_id=first.patient.patient_id,
        charge=sum(line.charge for line in lines),
        place_of_service=first.place_of_service,
        provider_signature="Y" if practice.provider_signature_on_file else "N",
        accepts_assignment="A" if practice.accepts_assignment else "C",
        benefits_assigned="Y" if coverage.assignment_of_benefits else "N",
        release_of_information=first.patient.release_of_information,
        accident_causes=(accident,) if accident else (),
        accident_state=case.accident_state if case is not None and accident == "AA" else "",
        diagnoses=diagnoses,
        spinal=_spinal(first, group),
        dates=_dates(case, first, group),
        authorization=authorization,
        referral_number=case.referral_number if case is not None else "",
        patient_paid=paid if paid and first.payer.claim.report_patient_paid else None,
        billing=parties.billing_provider(first, directory),
        pay_to=practice.pay_to,
        subscriber=subscriber,
        patient=patient,
        payer=parties.claim_payer(first, directory),
        referring=parties.referring_provider(first),
        rendering=parties.rendering_provider(first, directory),
        facility=parties.service_facility(first),
        supervising=parties.supervising_provider(first, directory),
        other_payers=others,
        later_payers=tuple(one.payer for one in first.coverages[1:]),
        patient_protection="qmb" if first.patient.qmb else "",
        lines=lines,
    )
    if coverage.rank > 1:
        message = f"no coverage of a lower rank is in force; the one of rank {coverage.rank} is billed first"
        fix = "See whether the patient has another payer."
        findings.append(_warning(first, values.LATER_COVERAGE_FIRST, "coverage_rank", message, fix))
    draft = ClaimDraft(
        claim=claim,
        sessions=tuple(one.line for one in (*group, *silent)),
        patient=first.patient,
        coverage=coverage,
        case=case,
        payer_key=first.payer.key,
        practice_id=practice.id,
        discipline=first.discipline,
        other_coverages=first.coverages[1:],
        earlier=tuple(BilledSession(line=one.line, units=one.units) for one in earlier),
    )
    return draft, findings


def _service_line(
    number: int,
    ready: Ready,
    first: Ready,
    diagnoses: tuple[str, ...],
    authorization: str,
    directory: Directory,
    tables: Tables,
) -> ServiceLine:
    """One line; what differs from the claim's first line stands on it."""
    line = ready.line
    known = tables.procedure(line.procedure_code)
    unlisted = known is not None and known.kind == "unlisted"
    return ServiceLine(
        number=number,
        procedure=Procedure(
            "HC", line.procedure_code, line.modifiers, line.line_note if unlisted and line.line_note else None
        ),
        charge=ready.charge,
        units=str(ready.units),
        place_of_service="" if ready.place_of_service == first.place_of_service else ready.place_of_service,
        pointers=tuple(diagnoses.index(code) + 1 for code in pointed(ready) if code in diagnoses),
        date_from=line.date_of_service,
        date_to=line.date_of_service,
        authorization="" if ready.authorization in ("", authorization) else ready.authorization,
        rendering=(
            None if ready.rendering == first.rendering else parties.rendering_provider(ready, directory)
        ),
        session_line_ids=(line.line_id,),
        notes=(("ADD", line.line_note),) if line.line_note and not unlisted else (),
    )


def _diagnoses(group: Sequence[Ready]) -> tuple[tuple[str, ...], list[Finding]]:
    """The union in order of the lines; above twelve, those that a line points to come first and the rest is cut."""
    union = tuple(dict.fromkeys(code for one in group for code in one.diagnoses))
    if len(union) <= MAX_DIAGNOSES:
        return union, []
    pointed_first = tuple(dict.fromkeys([*(code for one in group for code in pointed(one)), *union]))
    message = f"{len(union)} diagnoses; the claim carries {MAX_DIAGNOSES}, those that no line points to are cut first"
    fix = "Nothing, or shorten the lists of diagnoses."
    return pointed_first[:MAX_DIAGNOSES], [
        _warning(group[0], values.DIAGNOSES_LEFT_OFF, "diagnosis_codes", message, fix)
    ]


def _spinal(first: Ready, group: Sequence[Ready]) -> SpinalCondition | None:
    """CR2, where the payer asks for it and a line is a spinal manipulation."""
    case = first.case
    asked = first.payer.claim.spinal_condition and case is not None and case.spinal_condition
    if not asked or not any(one.line.procedure_code in SPINAL_MANIPULATION for one in group):
        return None
    return SpinalCondition(nature=case.spinal_condition) if case is not None else None


def _dates(case: Case | None, first: Ready, group: Sequence[Ready]) -> tuple[QualifiedDate, ...]:
    """DTP of the claim. Onset equal to the date of service says nothing; first contact is property and casualty's."""
    if case is None:
        return ()
    found: list[QualifiedDate] = []
    for qualifier, name in _CASE_DATES:
        day = getattr(case, name)
        if day is None or (qualifier == "439" and not case.accident_type):
            continue
        if qualifier == "431" and all(one.line.date_of_service == day for one in group):
            continue
        found.append((qualifier, day))
    if case.first_contact_date is not None and first.payer.kind in parties.PROPERTY_AND_CASUALTY:
        found.append(("444", case.first_contact_date))
    return tuple(found)


def _warning(first: Ready, code: str, field: str, message: str, fix: str) -> Finding:
    return problem(first.line, code, message, field=field, fix=fix, severity=Severity.WARNING)
