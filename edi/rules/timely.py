"""Timely filing: not before the service was given, not after the payer's limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line, first_day
from edi.rules.registry import ERROR, WARNING, rule

STALE_DAYS: Final = 365
"""Age at which a service is looked at twice when the payer's limit is not known."""


@rule("TIM001", severity=ERROR, carc="110")
def service_in_the_future(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The date of service has not come yet.

    Why: A claim cannot be made before the service; payers reject it.
    Fix: Correct the date of service, or wait.
    Source: 005010X222A1 DTP*472; CARC 110.
    """
    for line in draft.claim.lines:
        day = line.date_to or line.date_from
        if day is not None and day > context.today:
            yield Problem(
                message=f"the service of {day} lies after {context.today}, the day of this check",
                location=at_line(draft, line, "date_of_service", "DTP03"),
            )


@rule("TIM002", severity=ERROR, carc="29")
def filed_too_late(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer's filing limit has passed.

    Why: The payer denies for lateness and the patient may not be billed.
    Fix: File an exception with proof of timely submission, or write the claim off.
    Source: payers.toml filing.initial_days; CARC 29.
    """
    limit = context.payer(draft).filing.initial_days
    day = first_day(draft)
    if limit is None or day is None or draft.claim.frequency != "1":
        return
    age = (context.today - day).days
    if age > limit:
        yield Problem(
            message=f"the service of {day} is {age} days old on {context.today}; the payer takes {limit}",
            location=at_claim(draft, "date_of_service", "DTP03"),
        )


@rule("TIM003", severity=WARNING, carc="29")
def service_is_old(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service is more than a year old and the payer's filing limit is not known.

    Why: Hardly any payer takes a claim after a year; a wrong year in a date looks the same.
    Fix: Look at the year; then give the payer its filing.initial_days in payers.toml.
    Source: claim_format_eligibility_rules.md, Timely filing.
    """
    day = first_day(draft)
    if day is None or context.payer(draft).filing.initial_days is not None:
        return
    age = (context.today - day).days
    if age > STALE_DAYS:
        yield Problem(
            message=f"the service of {day} is {age} days old on {context.today}",
            location=at_claim(draft, "date_of_service", "DTP03"),
        )
