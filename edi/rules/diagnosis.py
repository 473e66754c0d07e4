"""Diagnosis: form, number, repetition, the pointers of the lines, and whether a code exists and can be billed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from edi.codes.diagnoses import LONGEST
from edi.codes.identifiers import diagnosis_is_formed
from edi.codes.values import DiagnosisStanding
from edi.model.draft import ClaimDraft
from edi.model.finding import Location, Severity
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import DIAGNOSES, HEADER, SUMS

MOST: Final = 12
MOST_POINTERS: Final = 4
MOST_NAMED: Final = 6
"""Codes named in a message; a category may have dozens under it."""
BILLABLE: Final = "billable"
EXTERNAL_CAUSE: Final = "VWXY"
ICD10_BEGINS: Final = date(2015, 10, 1)
_ICD9: Final = re.compile(r"[0-9]{3,5}|V[0-9]{2,4}|E[0-9]{3,4}")


class Judged(msgspec.Struct, frozen=True, gc=False):
    """A diagnosis of the claim: its place (1 is the principal one), the day it is judged by and what the tables say."""

    place: int
    code: str
    day: date
    standing: DiagnosisStanding


def _troubled(draft: ClaimDraft, context: RuleContext) -> Iterator[Judged]:
    """The well-formed diagnoses that cannot be billed on a day of service, each with the first such day."""
    days = sorted({line.date_from for line in draft.claim.lines if line.date_from is not None})
    tables = context.tables
    for place, code in enumerate(draft.claim.diagnoses, 1):
        for day in days:
            standing = tables.diagnosis(code, day)
            if standing.state != BILLABLE:
                if diagnosis_is_formed(code):
                    yield Judged(place, code, day, standing)
                break


def _is_icd9(one: Judged) -> bool:
    """Whether a code that ICD-10-CM does not have could be one of ICD-9."""
    return _ICD9.fullmatch(one.code) is not None and one.standing.state == "unknown"


def _weight(one: Judged, context: RuleContext) -> Severity | None:
    """None (the rule's own weight) where the ICD-10-CM release was made for the day; else a warning."""
    return None if context.tables.diagnoses.release.holds_on(one.day) else WARNING


def _named(codes: tuple[str, ...]) -> str:
    shown = ", ".join(codes[:MOST_NAMED])
    return f"{shown} and {len(codes) - MOST_NAMED} more" if len(codes) > MOST_NAMED else shown


def _at(draft: ClaimDraft, one: Judged) -> Location:
    return at_claim(draft, "diagnosis_codes", f"HI{one.place:02d}-2")


@rule("DX001", severity=ERROR, carc="16", subject=HEADER)
def diagnosis_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim has no diagnosis.

    Why: HI*ABK is required; without it the claim is rejected.
    Fix: Give diagnosis_codes on the row or the case.
    Source: 005010X222A1 loop 2300 HI; CARC 16 with RARC M76.
    """
    if not draft.claim.diagnoses:
        yield Problem(
            message="the claim has no diagnosis", location=at_claim(draft, "diagnosis_codes", "HI01-2")
        )


@rule("DX002", severity=ERROR, carc="146", subject=HEADER)
def diagnosis_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A diagnosis does not have the form of an ICD-10-CM code.

    Why: Three to seven characters, a letter, a digit, then letters or digits; anything else is rejected.
    Fix: Correct the code; in X12 it has no dot.
    Source: claim_format_eligibility_rules.md, Identifiers.
    """
    for place, code in enumerate(draft.claim.diagnoses, 1):
        if not diagnosis_is_formed(code) and _ICD9.fullmatch(code) is None:
            yield Problem(
                message=f"diagnosis {place} ({code!r}) does not have the form of an ICD-10-CM code",
                location=at_claim(draft, "diagnosis_codes", f"HI{place:02d}-2"),
            )


@rule("DX003", severity=ERROR, carc="16", subject=SUMS)
def diagnosis_pointer_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line points to no diagnosis, to one that is not there, to one twice, or to more than four.

    Why: The payer judges a line by the diagnosis it points to; pyx12 does not look where a pointer leads.
    Fix: Give the line one to four diagnoses, the most important first.
    Source: 005010X222A1 SV107; CARC 16 with RARC M76.
    """
    last = len(draft.claim.diagnoses)
    if not last:
        return  # that there are none is told once
    for line in draft.claim.lines:
        pointers = line.pointers
        wrong = [one for one in pointers if not 1 <= one <= last]
        if not pointers:
            said = "points to no diagnosis"
        elif wrong:
            said = f"points to diagnosis {wrong[0]} of {last}"
        elif len(set(pointers)) < len(pointers):
            said = f"points to one diagnosis twice ({':'.join(str(one) for one in pointers)})"
        elif len(pointers) > MOST_POINTERS:
            said = f"has {len(pointers)} diagnosis pointers, {MOST_POINTERS} fit"
        else:
            continue
        yield Problem(
            message=f"line {line.number} ({line.procedure.code}) {said}",
            location=at_line(draft, line, "diagnosis_codes", "SV107"),
        )


@rule("DX004", severity=ERROR, carc="16", subject=HEADER)
def diagnosis_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim names the same diagnosis twice.

    Why: HI may hold each code once; several payers reject a repetition.
    Fix: Give each diagnosis once.
    Source: 005010X222A1 loop 2300 HI.
    """
    given = draft.claim.diagnoses
    if len(set(given)) < len(given):
        doubled = sorted({code for code in given if given.count(code) > 1})
        yield Problem(
            message=f"diagnosis {', '.join(doubled)} is on the claim more than once",
            location=at_claim(draft, "diagnosis_codes", "HI"),
        )


@rule("DX005", severity=ERROR, carc="16", subject=HEADER)
def too_many_diagnoses(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim has more than twelve diagnoses.

    Why: HI has twelve places on a professional claim.
    Fix: Leave out those that no line needs.
    Source: 005010X222A1 loop 2300 HI.
    """
    if len(draft.claim.diagnoses) > MOST:
        yield Problem(
            message=f"the claim has {len(draft.claim.diagnoses)} diagnoses, {MOST} fit",
            location=at_claim(draft, "diagnosis_codes", "HI"),
        )


@rule("DX006", severity=ERROR, carc="146", subject=DIAGNOSES)
def diagnosis_not_valid_on_date(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A diagnosis does not exist on the date of service.

    Why: Payers check each diagnosis against the ICD-10-CM release of the date of service; codes change on October 1 and
        April 1.
    Fix: Use the code of the release of that date.
    Source: The ICD-10-CM release of the package simple-icd-10-cm, and edi/codes/tables/diagnoses.csv. For dates that
        the release was not made for, a warning.
    """
    for one in _troubled(draft, context):
        standing = one.standing
        if standing.state == "ended":
            yield Problem(
                message=(
                    f"diagnosis {one.place} ({one.code}) ended on {standing.ended}, the service is of {one.day};"
                    f" use {_named(standing.meant)}"
                ),
                location=_at(draft, one),
                fix=f"Use the one that was documented: {_named(standing.meant)}.",
            )
        elif standing.state == "unknown" and not _is_icd9(one):
            release = context.tables.diagnoses.release.name
            yield Problem(
                message=f"diagnosis {one.place} ({one.code}) is not in {release}; the service is of {one.day}",
                location=_at(draft, one),
                severity=_weight(one, context),
            )


@rule("DX007", severity=ERROR, carc="16", subject=DIAGNOSES)
def diagnosis_too_short(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A diagnosis is a heading that has codes under it, and cannot be billed itself.

    Why: Only codes at their full length are billable; a heading comes back as an incomplete diagnosis (M76).
    Fix: Use the code under it that was documented.
    Source: The ICD-10-CM release of the package simple-icd-10-cm. For dates that it was not made for, a warning.
    """
    for one in _troubled(draft, context):
        under = one.standing.meant
        if one.standing.state != "header":
            continue
        lacks = "lacks its 7th character" if len(under[0]) == LONGEST else "is too short to bill"
        yield Problem(
            message=f"diagnosis {one.place} ({one.code}) {lacks}; under it are {_named(under)}",
            location=_at(draft, one),
            severity=_weight(one, context),
        )


@rule("DX008", severity=ERROR, carc="16", subject=DIAGNOSES)
def seventh_character_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A diagnosis has its 7th character in another place, or one that the code does not take.

    Why: A code shorter than six characters is filled with X so that the 7th stays in its place, as in S33.5XXA;
        otherwise there is no such code.
    Fix: Fill with X, or use a 7th character that the code takes.
    Source: claim_format_eligibility_rules.md, Identifiers; the ICD-10-CM release of the package simple-icd-10-cm. For
        dates that the release was not made for, a warning.
    """
    for one in _troubled(draft, context):
        if one.standing.state == "misplaced":
            meant = _named(one.standing.meant)
            yield Problem(
                message=f"diagnosis {one.place} ({one.code}) is no code; did you mean {meant}?",
                location=_at(draft, one),
                severity=_weight(one, context),
                fix=f"Use the one that was documented: {meant}.",
            )


@rule("DX009", severity=ERROR, carc="16", subject=HEADER)
def external_cause_first(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The first diagnosis says how an injury came about, not what is treated.

    Why: Codes V to Y explain another diagnosis and may not stand first; the claim comes back with MA63.
    Fix: Put the condition that is treated first, the external cause after it.
    Source: claim_format_eligibility_rules.md, Identifiers (from memory, unverified).
    """
    first = draft.claim.diagnoses[0] if draft.claim.diagnoses else ""
    if first[:1] and first[0] in EXTERNAL_CAUSE and diagnosis_is_formed(first):
        yield Problem(
            message=f"the first diagnosis ({first}) is an external cause",
            location=at_claim(draft, "diagnosis_codes", "HI01-2"),
        )


@rule("DX010", severity=WARNING, carc="16", subject=HEADER)
def side_not_specified(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A diagnosis leaves open which side, although there are codes for right and left.

    Why: Many payers deny a code of an unspecified side with N769, because the side is always known when it is treated.
    Fix: Use the code of the side that was treated.
    Source: claim_format_eligibility_rules.md, Identifiers; the ICD-10-CM release of the package simple-icd-10-cm.
    """
    diagnoses = context.tables.diagnoses
    for place, code in enumerate(draft.claim.diagnoses, 1):
        if diagnoses.has_unspecified_side(code) and diagnoses.known(code).state == BILLABLE:
            yield Problem(
                message=f"diagnosis {place} ({code}) does not say which side",
                location=at_claim(draft, "diagnosis_codes", f"HI{place:02d}-2"),
            )


@rule("DX011", severity=ERROR, carc="146", subject=DIAGNOSES)
def diagnosis_of_icd9(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A diagnosis looks like a code of ICD-9, which ended on 2015-09-30.

    Why: HI carries ICD-10-CM (ABK, ABF) for services from 2015-10-01 on; the two may not be mixed on a claim.
    Fix: Use the ICD-10-CM code of the condition.
    Source: claim_format_eligibility_rules.md, Limits and structure (from memory, unverified).
    """
    looking_so = [one for one in enumerate(draft.claim.diagnoses, 1) if _ICD9.fullmatch(one[1]) is not None]
    days = [line.date_from for line in draft.claim.lines if line.date_from is not None] if looking_so else []
    if not days or max(days) < ICD10_BEGINS:
        return
    for place, code in looking_so:
        if not diagnosis_is_formed(code) or context.tables.diagnosis(code, max(days)).state == "unknown":
            yield Problem(
                message=f"diagnosis {place} ({code}) is no ICD-10-CM code; it looks like one of ICD-9",
                location=at_claim(draft, "diagnosis_codes", f"HI{place:02d}-2"),
            )
