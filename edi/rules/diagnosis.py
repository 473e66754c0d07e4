"""Diagnosis: form, number, repetition, and the pointers of the lines. Whether a code exists is not checked (CHK002)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.codes.identifiers import diagnosis_is_formed
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, rule

MOST: Final = 12
MOST_POINTERS: Final = 4


@rule("DX001", severity=ERROR, carc="16")
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


@rule("DX002", severity=ERROR, carc="146")
def diagnosis_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A diagnosis does not have the form of an ICD-10-CM code.

    Why: Three to seven characters, a letter, a digit, then letters or digits; anything else is rejected.
    Fix: Correct the code; in X12 it has no dot.
    Source: claim_format_eligibility_rules.md, Identifiers.
    """
    for place, code in enumerate(draft.claim.diagnoses, 1):
        if not diagnosis_is_formed(code):
            yield Problem(
                message=f"diagnosis {place} ({code!r}) does not have the form of an ICD-10-CM code",
                location=at_claim(draft, "diagnosis_codes", f"HI{place:02d}-2"),
            )


@rule("DX003", severity=ERROR, carc="16")
def diagnosis_pointer_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line points to no diagnosis, to one that is not there, to one twice, or to more than four.

    Why: The payer judges a line by the diagnosis it points to; pyx12 does not look where a pointer leads.
    Fix: Give the line one to four diagnoses, the most important first.
    Source: 005010X222A1 SV107; CARC 16 with RARC M76.
    """
    last = len(draft.claim.diagnoses)
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


@rule("DX004", severity=ERROR, carc="16")
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


@rule("DX005", severity=ERROR, carc="16")
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
