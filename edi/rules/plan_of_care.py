"""Plan of care: in force, certified, its visits not used up, and reported on, where the payer asks for one.

Plan dates do not go on the 837P; they are checked against cases.csv. Visits and treatment days are dates of service,
those of earlier claims among them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

from edi.codes.sets import THERAPY_MODIFIERS
from edi.model.days import days_after
from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.model.records import Case
from edi.payers.profile import PlanOfCarePolicy
from edi.rules.billed import own_days
from edi.rules.context import Problem, RuleContext, at_claim, at_line, first_day
from edi.rules.registry import ERROR, WARNING, Subject, rule, run_rule
from edi.rules.subjects import Parts, whole

Treated: TypeAlias = tuple[str, str, str]
"""Practice, patient, discipline."""


def treatment_days(draft: ClaimDraft, context: RuleContext, first: date, last: date) -> Sequence[date]:
    """The dates from one day to another on which the patient was treated in the claim's discipline, in order.

    Those of the run, and of earlier claims that name the discipline's modifier or none; both ends are included.
    """
    days = context.once(("treatment days",), lambda: _days_of_run(context))
    key = (draft.practice_id, draft.patient.patient_id, draft.discipline)
    own = days.get(key, ())
    found = set(own[bisect_left(own, first) : bisect_right(own, last)])
    modifier = THERAPY_MODIFIERS.get(draft.discipline, "")
    others = set(THERAPY_MODIFIERS.values()) - {modifier}
    for line in context.history.lines_between(draft.practice_id, draft.patient.patient_id, first, last):
        if not others.intersection(line.modifiers):
            found.add(line.date_of_service)
    return sorted(found)


def _days_of_run(context: RuleContext) -> Mapping[Treated, Sequence[date]]:
    found: dict[Treated, set[date]] = {}
    for (practice, patient, _, day), lines in context.days.items():
        for at in lines:
            found.setdefault((practice, patient, at.draft.discipline), set()).add(day)
    return {key: sorted(days) for key, days in found.items()}


def _asked(draft: ClaimDraft, context: RuleContext) -> PlanOfCarePolicy | None:
    """What the claim's payer asks of its plan of care; None when it asks for none."""
    policy = context.payer(draft).plan_of_care
    return policy if policy.required and draft.discipline in THERAPY_MODIFIERS else None


def _plan(draft: ClaimDraft, context: RuleContext) -> tuple[PlanOfCarePolicy, Case, date] | None:
    """What is asked of the plan, its case and its first day, where one is asked for and recorded."""
    policy, case = _asked(draft, context), draft.case
    if policy is None or case is None or case.plan_of_care_from is None:
        return None
    return policy, case, case.plan_of_care_from


def _planned(draft: ClaimDraft, context: RuleContext) -> Parts:
    return whole(draft) if _plan(draft, context) is not None else ()


PLANNED: Final = Subject("plan of care", _planned)
"""A claim whose payer asks for a plan of care, and whose case has one."""


@rule("POC001", severity=ERROR, carc="176", subject=PLANNED)
def service_outside_plan(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service lies outside the dates of the plan of care.

    Why: Therapy is covered under a plan that is in force; before its first day and after its last there is none.
    Fix: Have the plan recertified and give its new dates in cases.csv, or correct the date of service.
    Source: cases.csv plan_of_care_from, plan_of_care_to; payers.toml plan_of_care.required.
    """
    found = _plan(draft, context)
    if found is None:
        return
    _, case, begun = found
    told: set[date] = set()
    for line in draft.claim.lines:
        day, ended = line.date_from, case.plan_of_care_to
        if day is None or day in told or (begun <= day and (ended is None or day <= ended)):
            continue
        told.add(day)
        yield Problem(
            message=f"the service of {day} lies outside the plan of care ({begun} to {ended or 'open'})",
            location=at_line(draft, line, "plan_of_care_to", "DTP03"),
        )


@rule("POC002", severity=WARNING, carc="175", subject=PLANNED)
def plan_not_certified(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The plan of care was to be certified by now, and cases.csv does not say that it was.

    Why: Without a signature, or an order that stands in for it, the services are not payable.
    Fix: Get the signature and give plan_of_care_certified_on; of a plan begun since 2025 keep the signed order on file.
    Source: claim_format_eligibility_rules.md, Eligibility (2025 rule); payers.toml plan_of_care.certification_days
    (from memory) and signed_order_from.
    """
    found = _plan(draft, context)
    if found is None:
        return
    policy, case, begun = found
    due = days_after(begun, policy.certification_days)
    if case.plan_of_care_certified_on is None and context.today > due and not _ordered(draft, policy, begun):
        yield Problem(
            message=f"the plan of care of {begun} was to be certified by {due}, and no certification is recorded",
            location=at_claim(draft, "plan_of_care_certified_on"),
        )


@rule("POC003", severity=WARNING, carc="175", subject=PLANNED)
def plan_certified_late(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The plan of care was certified late.

    Why: A late certification is accepted with a reason in the record; without one the services before it are not paid.
    Fix: Put the reason for the delay into the record before billing.
    Source: payers.toml plan_of_care.certification_days (30, from memory) and signed_order_from.
    """
    found = _plan(draft, context)
    if found is None:
        return
    policy, case, begun = found
    due, certified = days_after(begun, policy.certification_days), case.plan_of_care_certified_on
    if certified is not None and certified > due and not _ordered(draft, policy, begun):
        yield Problem(
            message=f"the plan of care of {begun} was certified on {certified}, after {due}",
            location=at_claim(draft, "plan_of_care_certified_on"),
        )


def _ordered(draft: ClaimDraft, policy: PlanOfCarePolicy, begun: date) -> bool:
    """Whether an order stands in for the signature: the plan began under that rule, and who ordered is known."""
    referring = draft.claim.referring
    since = policy.signed_order_from
    return since is not None and begun >= since and referring is not None and bool(referring.npi)


@rule("POC004", severity=WARNING, carc="151", subject=PLANNED)
def visits_beyond_plan(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More visits were given than the plan of care foresees.

    Why: What goes beyond the certified frequency and duration is not covered by the certification.
    Fix: Have the plan changed and certified, and give plan_of_care_visits anew.
    Source: cases.csv plan_of_care_visits; visits are dates of service, those of earlier claims among them.
    """
    found = _plan(draft, context)
    if found is None or found[1].plan_of_care_visits is None:
        return
    _, case, begun = found
    planned = found[1].plan_of_care_visits
    for day in own_days(draft):
        if not begun <= day <= (case.plan_of_care_to or day):
            continue
        count = len(treatment_days(draft, context, begun, day))
        if count > planned:
            yield Problem(
                message=f"the service of {day} is visit {count} of a plan of care of {planned}",
                location=at_claim(draft, "plan_of_care_visits"),
            )
            return


@rule("POC005", severity=WARNING, carc="B12", subject=PLANNED)
def progress_report_due(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The progress report is due: so many treatment days, or calendar days, went by since the last one.

    Why: Medicare pays therapy as long as a therapist reports progress at least every ten treatment days.
    Fix: Write the report and give its day as last_progress_report in cases.csv.
    Source: claim_format_eligibility_rules.md, Eligibility (from memory); payers.toml plan_of_care
    progress_report_visits and progress_report_days.
    """
    found = _plan(draft, context)
    if found is None or not _reports_are_kept(draft, context):
        return
    policy, case, begun = found
    reported = case.last_progress_report
    since = begun if reported is None else max(begun, reported)
    after = since if reported is None or reported < begun else days_after(since, 1)
    for day in own_days(draft):
        count = len(treatment_days(draft, context, after, day)) if day >= after else 0
        visits, days = policy.progress_report_visits, policy.progress_report_days
        if (visits is not None and count > visits) or (days is not None and (day - since).days > days):
            yield Problem(
                message=f"the service of {day} is treatment day {count} since {since}, without a progress report",
                location=at_claim(draft, "last_progress_report"),
            )
            return


def _reports_are_kept(draft: ClaimDraft, context: RuleContext) -> bool:
    """Whether cases.csv tells of any progress report of the practice; else the column is not kept."""
    keep = context.once(
        ("progress reports",),
        lambda: {
            one.practice_id for one in context.records.cases.values() if one.last_progress_report is not None
        },
    )
    own = draft.case is not None and draft.case.last_progress_report is not None
    return own or draft.practice_id in keep


@run_rule("POC006", severity=WARNING, carc="175")
def plan_not_recorded(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: the payer asks for a plan of care, and cases.csv has none.

    Why: Nothing says whether a plan was in force and certified; without one the payer takes its money back.
    Fix: Give plan_of_care_from, plan_of_care_to and plan_of_care_certified_on in cases.csv.
    Source: cases.csv; payers.toml plan_of_care.required.
    """
    without: dict[str, int] = {}
    for draft in drafts:
        if (
            _asked(draft, context) is not None
            and _plan(draft, context) is None
            and first_day(draft) is not None
        ):
            without[draft.practice_id] = without.get(draft.practice_id, 0) + 1
    for practice, count in sorted(without.items()):
        yield Problem(
            message=f"UNCHECKED: of {count} claims of practice {practice} no plan of care is recorded",
            location=Location(field="plan_of_care_from"),
        )
