"""Eligibility: what the payer itself said of the coverage when it was asked (271), against the day of service.

Nothing here speaks of a coverage that nobody asked about. The answer stands on the coverage (``confirmation``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.model.claim import ServiceLine
from edi.model.confirmation import INACTIVE, NOT_FOUND, Confirmation, OtherCoverage
from edi.model.draft import ClaimDraft
from edi.model.eligibility import SERVICE_TYPES_OF
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, WARNING, Subject, rule
from edi.rules.subjects import Parts, whole


def _asked(draft: ClaimDraft, context: RuleContext) -> Parts:
    return whole(draft) if draft.coverage.confirmation is not None else ()


ASKED: Final = Subject("asked", _asked)
"""A claim whose coverage the payer was asked about."""


@rule("ELG001", severity=ERROR, carc="27", subject=ASKED)
def coverage_inactive_when_asked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer said that the coverage is not in force on the day.

    Why: The payer has no contract for the day and pays nothing.
    Fix: Ask the patient who covers him now and bill that payer; if the answer is out of date, ask again.
    Source: 271 EB01 6, 7, 8; claim_format_eligibility_rules.md, Eligibility.
    """
    answer, known_end = draft.coverage.confirmation, draft.coverage.coverage_to
    if answer is None or answer.status != INACTIVE:
        return
    for line, day in _days(draft):
        if known_end is not None and day > known_end:
            continue
        if _inactive_on(answer, day):
            yield Problem(
                message=f"the payer answered on {answer.confirmed_on} that the coverage is inactive; "
                f"the service is of {day}",
                location=at_line(draft, line, "coverage.confirmation", "DTP03"),
            )


@rule("ELG002", severity=ERROR, carc="26", subject=ASKED)
def coverage_begins_later_when_asked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer said that the coverage begins after the day.

    Why: The payer owes nothing for a day before its coverage.
    Fix: Bill the coverage that was in force on the day, or the patient; correct coverage_from.
    Source: 271 EB01 6, 7, 8 with DTP 346, 348, 356 or 307; CARC 26.
    """
    answer = draft.coverage.confirmation
    if answer is None or answer.status != INACTIVE:
        return
    for line, day in _days(draft):
        if _begins_later(answer, day):
            yield Problem(
                message=f"the payer's coverage begins on {answer.coverage_from}; the service is of {day}",
                location=at_line(draft, line, "coverage.confirmation", "DTP03"),
            )


@rule("ELG003", severity=ERROR, carc="31", subject=ASKED)
def member_unknown_when_asked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer did not find the patient under the member id, name and birth date of the records.

    Why: A claim is searched for in the same file and comes back as one for a stranger.
    Fix: Compare member id, name and birth date with the card, correct them and ask again.
    Source: 271 AAA03 64 to 78; CARC 31.
    """
    answer = draft.coverage.confirmation
    if answer is not None and answer.status == NOT_FOUND:
        codes = ", ".join(sorted({code for code, _ in answer.rejections}))
        yield Problem(
            message=f"the payer answered on {answer.confirmed_on} that it does not find the patient (AAA {codes})",
            location=at_claim(draft, "coverage.member_id", "NM109"),
        )


@rule("ELG004", severity=ERROR, carc="22", subject=ASKED)
def another_payer_is_primary(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer named another payer that pays first.

    Why: A secondary payer pays only after it has seen what the first one did.
    Fix: Add that coverage to patients.csv with rank 1, bill it first, then this one with its remittance.
    Source: 271 EB01 R with NM101 PRP, or an MSP type in EB04; CARC 22.
    """
    for other, day in _others(draft):
        if other.is_primary and not (other.is_managed and _is_medicare(draft, context)):
            kind = f" (type {other.insurance_type})" if other.insurance_type else ""
            yield Problem(
                message=f"the payer says that another payer is primary on {day}{kind}",
                location=at_claim(draft, "coverage.rank", "SBR01"),
            )
            return


@rule("ELG005", severity=WARNING, carc="119", subject=ASKED)
def no_visits_left(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer said how many visits are left, and the run bills more since.

    Why: Visits beyond the benefit are not paid.
    Fix: Ask for an extension or an authorization before the visit, or tell the patient that he pays.
    Source: 271 EB06 29 with EB09 VS; CARC 119.
    """
    answer = draft.coverage.confirmation
    left = _visits_left(draft, answer)
    if answer is None or left is None:
        return
    since = answer.confirmed_on or date.min
    visits = [day for day in _visit_days(draft, context) if day >= since]
    for line in draft.claim.lines:
        day = line.date_from
        if day is not None and day in visits[left:]:
            yield Problem(
                message=f"the payer answered on {since} that {left} visits are left; this is visit "
                f"{visits.index(day) + 1} of the run since then",
                location=at_line(draft, line, "coverage.confirmation", "DTP03"),
            )
            return


@rule("ELG006", severity=WARNING, carc="24", subject=ASKED)
def patient_is_in_managed_care(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Medicare said that the patient is enrolled in a Medicare Advantage plan.

    Why: Original Medicare pays nothing for a member of a plan; the plan does.
    Fix: Bill the plan that the answer names, and enter it in patients.csv.
    Source: Medicare's 271 EB01 R with EB04 HN and the like; claim_format_eligibility_rules.md, Eligibility (24, 109).
    """
    if not _is_medicare(draft, context):
        return
    for other, day in _others(draft):
        if other.is_managed:
            yield Problem(
                message=f"Medicare says that on {day} the patient is in a plan of type {other.insurance_type}",
                location=at_claim(draft, "coverage.payer", "NM109"),
            )
            return


def _is_medicare(draft: ClaimDraft, context: RuleContext) -> bool:
    return context.payer(draft).is_original_medicare


def _days(draft: ClaimDraft) -> Iterator[tuple[ServiceLine, date]]:
    """The lines that have a date, with their last day."""
    for line in draft.claim.lines:
        day = line.date_to or line.date_from
        if day is not None:
            yield line, day


def _inactive_on(answer: Confirmation, day: date) -> bool:
    """Whether an inactive answer speaks of the day: after the end it gives, else from the first day asked about."""
    if _begins_later(answer, day):
        return False
    if answer.coverage_to is not None:
        return day > answer.coverage_to
    return answer.asked_from is not None and day >= answer.asked_from


def _begins_later(answer: Confirmation, day: date) -> bool:
    return answer.coverage_from is not None and day < answer.coverage_from


def _others(draft: ClaimDraft) -> Iterator[tuple[OtherCoverage, date]]:
    """Other payers that the answer names, with the first day of the claim that they cover."""
    answer = draft.coverage.confirmation
    if answer is None or draft.coverage.rank > 1:
        return
    for other in answer.other_coverages:
        day = next((day for _, day in _days(draft) if other.covers(day)), None)
        if day is not None:
            yield other, day


def _visits_left(draft: ClaimDraft, answer: Confirmation | None) -> int | None:
    """The visits left for the claim's discipline: the least of the service types it may be filed under."""
    if answer is None:
        return None
    kinds = SERVICE_TYPES_OF.get(draft.discipline, ())
    return min((visits for kind, visits in answer.visits_left if kind in kinds), default=None)


def _visit_days(draft: ClaimDraft, context: RuleContext) -> tuple[date, ...]:
    """The days on which the run bills the claim's discipline for its patient to its payer, in order."""

    def every() -> dict[tuple[str, str, str, str], tuple[date, ...]]:
        days: dict[tuple[str, str, str, str], set[date]] = {}
        for (practice, patient, payer, day), lines in context.days.items():
            for discipline in {one.draft.discipline for one in lines}:
                days.setdefault((practice, patient, payer, discipline), set()).add(day)
        return {key: tuple(sorted(found)) for key, found in days.items()}

    key = (draft.practice_id, draft.patient.patient_id, draft.payer_key, draft.discipline)
    return context.once(("eligibility.visit_days",), every).get(key, ())
