"""Timely filing: not before the service was given, not after the payer's limit, and told while there is time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from edi.model.claim import Claim
from edi.model.days import days_after
from edi.model.draft import ClaimDraft
from edi.payers import PayerProfile
from edi.payers.profile import FilingPolicy
from edi.rules.context import Problem, RuleContext, at_claim, at_line, first_day
from edi.rules.registry import ERROR, WARNING, Subject, rule
from edi.rules.subjects import DAYS, Parts, whole

STALE_DAYS: Final = 365
"""Age at which a service is looked at twice when the payer's limit is not known."""
FIRST: Final = "first claim, from the date of service"
LATER: Final = "claim to a later payer"
REPLACEMENT: Final = "replacement"


class _Limit(msgspec.Struct, frozen=True, gc=False):
    """Until when a claim may be filed, and by which clock: ``kind`` of claim, and the day and event it counts from."""

    kind: str
    last: date
    since: date
    event: str


def _limit(draft: ClaimDraft, payer: PayerProfile) -> _Limit | None:
    """The limit of the claim; None where the payer has none, or the day that starts it is not known."""
    policy = payer.filing
    served = _served(draft.claim, policy)
    kind = _kind(draft.claim)
    if served is None or not kind:
        return None
    if kind == REPLACEMENT:
        return _of_replacement(draft, policy, served)
    if kind == LATER:
        return _of_later_payer(draft.claim, policy, served)
    last = policy.last_day(served)
    return _Limit(FIRST, last, served, "the service") if last is not None else None


def _kind(claim: Claim) -> str:
    """What the claim is to a filing limit; "" for a void, which has none."""
    if claim.frequency == "8":
        return ""
    if claim.frequency == "7":
        return REPLACEMENT
    return FIRST if claim.subscriber.rank == "P" else LATER


def _of_replacement(draft: ClaimDraft, policy: FilingPolicy, served: date) -> _Limit | None:
    since, event = served, "the service"
    if policy.corrected_clock == "remittance":
        if draft.answered_on is None:
            return None
        since, event = draft.answered_on, "the payer's answer"
    if policy.corrected_days is None:
        return None
    return _Limit(REPLACEMENT, days_after(since, policy.corrected_days), since, event)


def _of_later_payer(claim: Claim, policy: FilingPolicy, served: date) -> _Limit | None:
    if policy.clock == "date_of_service":
        days = policy.secondary_days
        limits = [policy.last_day(served), days_after(served, days) if days is not None else None]
        last = min((one for one in limits if one is not None), default=None)
        return _Limit(LATER, last, served, "the service") if last is not None else None
    answered = [one.paid_on for one in claim.other_payers]
    answered += [one.paid_on for line in claim.lines for one in line.adjudications]
    since = max((one for one in answered if one is not None), default=None)
    if since is None or policy.secondary_days is None:
        return None
    return _Limit(LATER, days_after(since, policy.secondary_days), since, "the remittance before it")


def _served(claim: Claim, policy: FilingPolicy) -> date | None:
    """The day a first claim counts from: of its lines the one that is too late first."""
    days = [(line.date_to if policy.range_end else None) or line.date_from for line in claim.lines]
    return min((day for day in days if day is not None), default=None)


def _late(draft: ClaimDraft, context: RuleContext, kind: str) -> Iterator[Problem]:
    """The claim, when it is of that kind and its limit has passed."""
    limit = _limit(draft, context.payer(draft)) if _kind(draft.claim) == kind else None
    if limit is not None and context.today > limit.last:
        age = (context.today - limit.since).days
        yield Problem(
            message=(
                f"{limit.event} of {limit.since} is {age} days ago on {context.today};"
                f" a {limit.kind.partition(',')[0]} could be filed until {limit.last}"
            ),
            location=at_claim(draft, "date_of_service", "DTP03"),
        )


def _filing(draft: ClaimDraft, context: RuleContext) -> Parts:
    if _kind(draft.claim) != FIRST:
        return whole(draft)
    return ((first_day(draft), _served(draft.claim, context.payer(draft).filing)),)


FILING: Final = Subject("filing", _filing)
"""A first claim's days that its limit counts from; any other claim whole."""


@rule("TIM001", severity=ERROR, carc="110", subject=DAYS)
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


@rule("TIM002", severity=ERROR, carc="29", subject=FILING)
def filed_too_late(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer's filing limit for first claims has passed.

    Why: The payer denies for lateness and the patient may not be billed.
    Fix: File an exception with proof of timely submission, or write the claim off.
    Source: payers.toml filing.initial_days and initial_months; Medicare 42 CFR 424.44; CARC 29.
    """
    yield from _late(draft, context, FIRST)


@rule("TIM003", severity=WARNING, carc="29", subject=FILING)
def service_is_old(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service is more than a year old and the payer's filing limit is not known.

    Why: Hardly any payer takes a claim after a year; a wrong year in a date looks the same.
    Fix: Look at the year; then give the payer its filing.initial_days in payers.toml.
    Source: claim_format_eligibility_rules.md, Timely filing.
    """
    day, policy = first_day(draft), context.payer(draft).filing
    if day is None or policy.initial_days is not None or policy.initial_months is not None:
        return
    age = (context.today - day).days
    if age > STALE_DAYS:
        yield Problem(
            message=f"the service of {day} is {age} days old on {context.today}",
            location=at_claim(draft, "date_of_service", "DTP03"),
        )


@rule("TIM004", severity=WARNING, carc="29", subject=FILING)
def limit_is_near(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer's filing limit passes within days.

    Why: A claim that is rejected on its way, or held for another error, will be too late.
    Fix: Send the claim at once, and see that the payer accepts it.
    Source: payers.toml filing and filing.warn_days (14 unless set); CARC 29.
    """
    payer = context.payer(draft)
    limit = _limit(draft, payer)
    if limit is None:
        return
    left = (limit.last - context.today).days
    if 0 <= left <= payer.filing.warn_days:
        yield Problem(
            message=(
                f"the last day to file is {limit.last}, {left} day{'' if left == 1 else 's'} from {context.today}"
                f" ({limit.kind.partition(',')[0]}, counted from {limit.event} of {limit.since})"
            ),
            location=at_claim(draft, "date_of_service", "DTP03"),
        )


@rule("TIM005", severity=ERROR, carc="29", subject=FILING)
def later_payer_too_late(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The filing limit of a later payer has passed.

    Why: A later payer counts from the first one's remittance, or as Medicare does from the service.
    Fix: File an exception with the first payer's remittance as proof, or write the rest off.
    Source: payers.toml filing.secondary_days and clock; CARC 29.
    """
    yield from _late(draft, context, LATER)


@rule("TIM006", severity=ERROR, carc="29", subject=FILING)
def replaced_too_late(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer's time for a replacement has passed.

    Why: After it the payer's first decision stands, and only an appeal is left.
    Fix: Appeal, if the levels of appeal are still open.
    Source: payers.toml filing.corrected_days and corrected_clock; CARC 29.
    """
    yield from _late(draft, context, REPLACEMENT)
