"""Coverage: it is in force on the date of service, and the patient was alive."""

from __future__ import annotations

from collections.abc import Iterator

from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, rule


@rule("COV001", severity=ERROR, carc="26")
def service_before_coverage(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service was given before the coverage began.

    Why: The payer owes nothing for the day.
    Fix: Verify eligibility for the day; bill the coverage that was in force, or the patient.
    Source: patients.csv coverage_from; CARC 26.
    """
    for line in draft.claim.lines:
        if line.date_from is not None and line.date_from < draft.coverage.coverage_from:
            yield Problem(
                message=f"the service of {line.date_from} lies before the coverage ({draft.coverage.coverage_from})",
                location=at_line(draft, line, "coverage.coverage_from", "DTP03"),
            )


@rule("COV002", severity=ERROR, carc="27")
def service_after_coverage(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service was given after the coverage ended.

    Why: The payer owes nothing for the day, and pays back what it paid by mistake.
    Fix: Verify eligibility for the day; bill the coverage that was in force, or the patient.
    Source: patients.csv coverage_to; CARC 27.
    """
    ended = draft.coverage.coverage_to
    if ended is None:
        return
    for line in draft.claim.lines:
        day = line.date_to or line.date_from
        if day is not None and day > ended:
            yield Problem(
                message=f"the service of {day} lies after the end of the coverage ({ended})",
                location=at_line(draft, line, "coverage.coverage_to", "DTP03"),
            )


@rule("COV003", severity=ERROR, carc="13")
def service_after_death(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service is dated after the patient's death.

    Why: The payer knows the date and denies; more often the row has a wrong patient or date.
    Fix: Correct the date of service, the patient or the date of death.
    Source: patients.csv death_date; CARC 13.
    """
    died = draft.patient.death_date
    if died is None:
        return
    for line in draft.claim.lines:
        if line.date_from is not None and line.date_from > died:
            yield Problem(
                message=f"the service of {line.date_from} is later than the patient's date of death",
                location=at_line(draft, line, "date_of_service", "DTP03"),
            )
