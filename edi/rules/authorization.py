"""Prior authorization and referral: there where the payer asks, the right one, in force, and not used up.

Which authorization a line is billed with is chosen when the claim is made; here it is judged. Visits are dates of
service: those of earlier claims come first, then the run's in order of date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.codes.shown import reference_may_be_shown
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.model.records import Authorization
from edi.rules.billed import once_a_claim, replaces
from edi.rules.context import NOT_SHOWN, Problem, RuleContext, at_claim, at_line, session_of
from edi.rules.plan_of_care import treatment_days
from edi.rules.registry import ERROR, INFO, WARNING, Subject, rule, run_rule
from edi.rules.subjects import HEADER, Parts, whole

Applied: TypeAlias = tuple[ServiceLine, date, Authorization]
"""A line, its day, and the authorization it is billed with."""
Used: TypeAlias = tuple[str, str, str]
"""Practice, patient, authorization number."""
_LONG_AGO: Final = date(1900, 1, 1)
_FIELD: Final = "prior_authorization"


class _Usage(msgspec.Struct, frozen=True, gc=False):
    """How often an authorization was used up to and including each day of the run, earlier claims among it."""

    visits: Mapping[date, int]
    units: Mapping[date, int]


def _number(draft: ClaimDraft, line: ServiceLine) -> str:
    return line.authorization or draft.claim.authorization


def authorizations_by_number(context: RuleContext) -> Mapping[str, Sequence[Authorization]]:
    """The rows of authorizations.csv by number."""

    def made() -> dict[str, list[Authorization]]:
        found: dict[str, list[Authorization]] = {}
        for one in context.records.authorizations:
            found.setdefault(one.authorization_number, []).append(one)
        return found

    return context.once(("authorizations",), made)


def _kept(draft: ClaimDraft, context: RuleContext) -> bool:
    """Whether authorizations.csv has any row of the practice; else it is not kept."""
    practices = context.once(
        ("authorizing practices",), lambda: {one.practice_id for one in context.records.authorizations}
    )
    return not practices.isdisjoint(("", draft.practice_id))


def _of(draft: ClaimDraft, number: str, context: RuleContext) -> list[Authorization]:
    """The rows of a number that may be of the claim's practice."""
    rows = authorizations_by_number(context).get(number, ())
    return [one for one in rows if one.practice_id in ("", draft.practice_id)]


def _is_own(draft: ClaimDraft, one: Authorization) -> bool:
    return one.patient_id == draft.patient.patient_id and one.payer == draft.payer_key


def _applied(draft: ClaimDraft, context: RuleContext) -> tuple[Applied, ...]:
    """Each line billed with an authorization of its patient and payer, its day, and the row that fits it best."""
    if not any(_number(draft, line) for line in draft.claim.lines):
        return ()
    return once_a_claim(draft, context, "applied", lambda: tuple(_fitting(draft, context)))


def _fitting(draft: ClaimDraft, context: RuleContext) -> Iterator[Applied]:
    for line in draft.claim.lines:
        number, day, code = _number(draft, line), line.date_from, line.procedure.code
        if not number or day is None:
            continue
        own = [one for one in _of(draft, number, context) if _is_own(draft, one)]
        if len(own) == 1:
            yield line, day, own[0]
        elif own:
            yield line, day, max(own, key=lambda one: (one.holds_on(day), one.covers(code), one.approved))


def _usage(draft: ClaimDraft, one: Authorization, context: RuleContext) -> _Usage:
    """What is used of an authorization by earlier claims and this run."""
    key: Used = (draft.practice_id, draft.patient.patient_id, one.authorization_number)
    return context.once(("usage", *key, one.row, one.valid_from), lambda: _counted(draft, one, context, key))


def _counted(draft: ClaimDraft, one: Authorization, context: RuleContext, key: Used) -> _Usage:
    earlier: set[date] = set()
    units = 0
    for line in context.history.lines_between(key[0], key[1], one.valid_from, one.valid_to):
        counts = line.authorization == one.authorization_number and one.covers(line.procedure_code)
        if (
            counts
            and line.counts
            and not line.later_payer
            and not replaces(draft, line.patient_control_number)
        ):
            earlier.add(line.date_of_service)
            units += _whole(line.units)
    days = context.once(("authorized",), lambda: _authorized(context)).get(key, {})
    visits, visits_by_day, units_by_day = one.visits_used_elsewhere + len(earlier), {}, {}
    for day in sorted(days):
        counted = [line for line in days[day] if one.covers(line.procedure.code)]
        if not one.holds_on(day) or not counted:
            continue
        visits += day not in earlier
        units += sum(_whole(line.units) for line in counted)
        visits_by_day[day], units_by_day[day] = visits, units
    return _Usage(visits_by_day, units_by_day)


def _authorized(context: RuleContext) -> dict[Used, dict[date, list[ServiceLine]]]:
    """The run's lines with an authorization, by it and by day."""
    found: dict[Used, dict[date, list[ServiceLine]]] = {}
    for (practice, patient, _, day), lines in context.days.items():
        for at in lines:
            number = _number(at.draft, at.line)
            if number:
                found.setdefault((practice, patient, number), {}).setdefault(day, []).append(at.line)
    return found


def _whole(units: str) -> int:
    return int(units) if units.isascii() and units.isdigit() else 0


def _authorized_lines(draft: ClaimDraft, context: RuleContext) -> Parts:
    return whole(draft) if any(_number(draft, line) for line in draft.claim.lines) else ()


AUTHORIZED: Final = Subject("authorized", _authorized_lines)
"""A claim with a line that has an authorization number, its own or the claim's."""


@rule("AUT001", severity=ERROR, carc="197")
def authorization_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer wants a prior authorization for the code, and the claim has none.

    Why: The line is denied, and the patient may not be billed.
    Fix: Get one, or retroactively where the payer allows it, and add it to authorizations.csv.
    Source: payers.toml authorization.required_for and from_visit; CARC 197.
    """
    policy = context.payer(draft).authorization
    if not policy.required_for:
        return
    lacking = [
        line
        for line in draft.claim.lines
        if line.date_from is not None
        and not _number(draft, line)
        and policy.required(line.procedure.code)
        and (policy.from_visit <= 1 or _visit(draft, line.date_from, context) >= policy.from_visit)
    ]
    if lacking:
        codes = ", ".join(dict.fromkeys(line.procedure.code for line in lacking))
        since = f" from visit {policy.from_visit} on" if policy.from_visit > 1 else ""
        yield Problem(
            message=f"payer {draft.payer_key} wants a prior authorization for {codes}{since}; there is none",
            location=at_line(draft, lacking[0], _FIELD, "REF02"),
        )


def _visit(draft: ClaimDraft, day: date, context: RuleContext) -> int:
    """Which visit of the case a day is, earlier claims counted."""
    case = draft.case
    begun = (
        (case.plan_of_care_from or case.initial_treatment_date or case.onset_date)
        if case is not None
        else None
    )
    return len(treatment_days(draft, context, begun or _LONG_AGO, day))


@rule("AUT002", severity=WARNING, carc="197", subject=AUTHORIZED)
def authorization_unknown(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The authorization number is not in authorizations.csv.

    Why: A number nobody wrote down is often mistyped, and its dates and visits are not known.
    Fix: Correct prior_authorization of the session, or add the authorization.
    Source: authorizations.csv; CARC 197.
    """
    told: set[str] = set()
    for line in draft.claim.lines:
        number = _number(draft, line)
        if number and number not in told and _kept(draft, context) and not _of(draft, number, context):
            told.add(number)
            yield Problem(
                message=f"authorization {number} is not in authorizations.csv",
                location=at_line(draft, line, _FIELD, "REF02"),
            )


@rule("AUT003", severity=ERROR, carc="197", subject=AUTHORIZED)
def authorization_of_another(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The authorization was given for another patient or by another payer.

    Why: The payer knows for whom it gave the number.
    Fix: Correct prior_authorization of the session, or patient_id and payer in authorizations.csv.
    Source: authorizations.csv patient_id, payer; CARC 197.
    """
    told: set[str] = set()
    for line in draft.claim.lines:
        number = _number(draft, line)
        rows = _of(draft, number, context) if number and number not in told else []
        if rows and not any(_is_own(draft, one) for one in rows):
            told.add(number)
            whose = "payer" if any(one.patient_id == draft.patient.patient_id for one in rows) else "patient"
            yield Problem(
                message=f"authorization {number} is of another {whose} (row {rows[0].row} of authorizations.csv)",
                location=at_line(draft, line, _FIELD, "REF02"),
            )


@rule("AUT004", severity=ERROR, carc="284", subject=AUTHORIZED)
def authorization_for_other_codes(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The authorization does not cover the code, which the payer wants authorized or the session names it for.

    Why: The line is denied although there is an authorization.
    Fix: Have the code added by the payer, and to codes in authorizations.csv.
    Source: authorizations.csv codes; CARC 284.
    """
    policy = context.payer(draft).authorization
    for line, _, one in _applied(draft, context):
        code = line.procedure.code
        session = session_of(draft, line)
        named = session is not None and session.prior_authorization == one.authorization_number
        if not one.covers(code) and (named or policy.required(code)):
            yield Problem(
                message=f"authorization {one.authorization_number} does not cover {code}",
                location=at_line(draft, line, _FIELD, "REF02"),
            )


@rule("AUT005", severity=ERROR, carc="302", subject=AUTHORIZED)
def authorization_out_of_dates(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service lies outside the dates of the authorization.

    Why: An authorization holds from its first day to its last.
    Fix: Have it extended and give its new dates, or bill the service under the one that was in force.
    Source: authorizations.csv from, to; CARC 302.
    """
    for line, day, one in _applied(draft, context):
        if not one.holds_on(day):
            yield Problem(
                message=(
                    f"authorization {one.authorization_number} holds from {one.valid_from} to {one.valid_to},"
                    f" not on {day}"
                ),
                location=at_line(draft, line, _FIELD, "DTP03"),
            )


@rule("AUT006", severity=ERROR, carc="198", subject=AUTHORIZED)
def authorized_visits_used_up(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The visits of the authorization are used up before this one.

    Why: Visits beyond the number that was authorized are denied.
    Fix: Have it extended, or correct visits and visits_used_elsewhere in authorizations.csv.
    Source: authorizations.csv visits, visits_used_elsewhere, earlier claims, and this run in order of date; CARC 198.
    """
    told: set[tuple[str, date]] = set()
    for line, day, one in _applied(draft, context):
        count = _usage(draft, one, context).visits.get(day, 0) if one.visits is not None else 0
        if one.visits is not None and count > one.visits and (one.authorization_number, day) not in told:
            told.add((one.authorization_number, day))
            yield Problem(
                message=f"{day} is visit {count} of the {one.visits} of authorization {one.authorization_number}",
                location=at_line(draft, line, _FIELD, "REF02"),
            )


@rule("AUT007", severity=ERROR, carc="198", subject=AUTHORIZED)
def authorized_units_used_up(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The units of the authorization are used up.

    Why: Units beyond the number that was authorized are denied.
    Fix: Have it extended, or correct units in authorizations.csv.
    Source: authorizations.csv units, earlier claims, and this run in order of date; CARC 198.
    """
    told: set[tuple[str, date]] = set()
    for line, day, one in _applied(draft, context):
        count = _usage(draft, one, context).units.get(day, 0) if one.units is not None else 0
        if one.units is not None and count > one.units and (one.authorization_number, day) not in told:
            told.add((one.authorization_number, day))
            yield Problem(
                message=(
                    f"with {day}, {count} units are used of the {one.units}"
                    f" of authorization {one.authorization_number}"
                ),
                location=at_line(draft, line, _FIELD, "SV104"),
            )


@rule("AUT008", severity=ERROR, carc="39", subject=AUTHORIZED)
def authorization_not_approved(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The authorization was not approved.

    Why: A number that was asked for, denied or withdrawn is none.
    Fix: Wait for the approval, appeal the refusal, or correct status in authorizations.csv.
    Source: authorizations.csv status; CARC 39 and 197.
    """
    told: set[str] = set()
    for line, _, one in _applied(draft, context):
        if not one.approved and one.authorization_number not in told:
            told.add(one.authorization_number)
            yield Problem(
                message=f"authorization {one.authorization_number} has the status {one.status.lower()}",
                location=at_line(draft, line, _FIELD, "REF02"),
            )


@run_rule("AUT009", severity=INFO, carc="198")
def authorization_ending(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """An authorization is nearly used up or about to end.

    Why: The next one takes the payer days or weeks.
    Fix: Ask for more visits or more time now, if the treatment goes on.
    Source: authorizations.csv; payers.toml authorization.warn_days and warn_visits.
    """
    told: set[tuple[str, str, int]] = set()
    for draft in drafts:
        policy = context.payer(draft).authorization
        for _, _, one in _applied(draft, context):
            key = (draft.practice_id, one.authorization_number, one.row)
            if key in told:
                continue
            told.add(key)
            left = []
            used = max(_usage(draft, one, context).visits.values(), default=0)
            if one.visits is not None and 0 <= one.visits - used <= policy.warn_visits:
                left.append(f"{one.visits - used} visits")
            if 0 <= (one.valid_to - context.today).days <= policy.warn_days:
                left.append(f"{(one.valid_to - context.today).days} days, until {one.valid_to}")
            if left:
                number = one.authorization_number
                shown = number if reference_may_be_shown(number) else NOT_SHOWN
                yield Problem(
                    message=f"authorization {shown} has {' and '.join(left)} left",
                    location=Location(field="authorizations", row=one.row or None),
                )


@run_rule("AUT010", severity=INFO, carc="197")
def authorizations_not_recorded(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: claims carry authorization numbers, and authorizations.csv has none of the practice.

    Why: Nothing says for which codes, days and visits the numbers hold.
    Fix: Give the authorizations in authorizations.csv.
    Source: authorizations.csv.
    """
    claims: dict[str, int] = {}
    for draft in drafts:
        numbered = draft.claim.authorization or any(line.authorization for line in draft.claim.lines)
        if numbered and not _kept(draft, context):
            claims[draft.practice_id] = claims.get(draft.practice_id, 0) + 1
    for practice, count in sorted(claims.items()):
        yield Problem(
            message=f"UNCHECKED: the authorizations of {count} claims of practice {practice} are not recorded",
            location=Location(field="authorizations"),
        )


@rule("AUT011", severity=ERROR, carc="288", subject=HEADER)
def referral_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer wants a referral number, and the claim has none.

    Why: Without the referral the service counts as not asked for.
    Fix: Give referral_number on the case in cases.csv.
    Source: payers.toml authorization.referral; 005010X222A1 REF*9F; CARC 288.
    """
    if context.payer(draft).authorization.referral and not draft.claim.referral_number:
        yield Problem(
            message=f"payer {draft.payer_key} wants a referral number; there is none",
            location=at_claim(draft, "referral_number", "REF02"),
        )
