"""The coverage is in force on the date of service and was confirmed not long before; the patient was alive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.rules.context import Problem, RuleContext, at_claim, at_line, first_day
from edi.rules.registry import ERROR, INFO, WARNING, rule, run_rule
from edi.rules.subjects import DAYS


@rule("COV001", severity=ERROR, carc="26", subject=DAYS)
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


@rule("COV002", severity=ERROR, carc="27", subject=DAYS)
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


@rule("COV003", severity=ERROR, carc="13", subject=DAYS)
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


@rule("COV014", severity=WARNING, carc="27")
def coverage_confirmed_long_ago(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The coverage was last confirmed long before the date of service.

    Why: Coverages end with a job or a month; one that was not looked up again may have ended.
    Fix: Ask the payer again (270, or its portal) and write the day into last_verified.
    Source: patients.csv last_verified; payers.toml coverage.verified_within_days, 30 unless set (a custom, no fact).
    """
    allowed = context.payer(draft).coverage.verified_within_days
    verified, day = draft.coverage.last_verified, first_day(draft)
    if allowed is None or verified is None or day is None:
        return
    age = (day - verified).days
    if age > allowed:
        yield Problem(
            message=f"the coverage was last confirmed on {verified}, {age} days before the service of {day}",
            location=at_claim(draft, "coverage.last_verified"),
        )


@run_rule("COV015", severity=INFO, carc="27")
def coverage_never_confirmed(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: nothing says that the coverage was ever confirmed with the payer.

    Why: The dates in patients.csv are what the patient said; the payer may know others.
    Fix: Give last_verified in patients.csv, the day of the last 271 or look at the portal.
    Source: patients.csv last_verified.
    """
    claims: dict[str, int] = {}
    for draft in drafts:
        asked = context.payer(draft).coverage.verified_within_days is not None
        if asked and draft.coverage.last_verified is None:
            claims[draft.practice_id] = claims.get(draft.practice_id, 0) + 1
    for practice, count in sorted(claims.items()):
        yield Problem(
            message=f"UNCHECKED: of {count} claims of practice {practice} the coverage was never confirmed",
            location=Location(field="coverage.last_verified"),
        )
