"""Loop 2400: what a service line says of itself. Units, codes, modifiers and pointers have families of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.guide.forms import is_filler
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES, NUMBERS, SUMS

MOST_CHARACTERS: Final = 30
MOST_UNITS: Final = Decimal("999.9")
_SHORT_NUMBER: Final = re.compile(r"[0-9]{1,5}")


@rule("LNE001", severity=ERROR, carc="16", subject=NUMBERS)
def line_number_too_long(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The line control number has more than thirty characters.

    Why: Payers give back thirty; what is cut off ties no payment to its line.
    Fix: Shorten the line control number.
    Source: claim_format_eligibility_rules.md, Limits and structure; 005010X222A1 REF*6R.
    """
    for line in draft.claim.lines:
        if len(line.line_control_number) > MOST_CHARACTERS:
            yield Problem(
                message=f"REF*6R of line {line.number} has {len(line.line_control_number)} characters",
                location=at_line(draft, line, "line_control_number", "REF02"),
            )


@rule("LNE002", severity=ERROR, carc="16", subject=NUMBERS)
def line_number_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two lines of the claim have the same line control number.

    Why: A payment that gives the number back cannot be told to be of one line; pyx12 passes it.
    Fix: Give each line a number of its own.
    Source: 005010X222A1 REF*6R; claim_format_eligibility_rules.md, Limits and structure.
    """
    lines = draft.claim.lines
    if len({line.line_control_number for line in lines}) == len(lines):
        return
    counts = Counter(line.line_control_number for line in lines if line.line_control_number)
    for line in lines:
        if counts[line.line_control_number] > 1:
            yield Problem(
                message=f"line {line.number} shares its REF*6R with another line",
                location=at_line(draft, line, "line_control_number", "REF02"),
            )


@rule("LNE003", severity=WARNING, subject=NUMBERS)
def line_number_reads_like_a_line(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The line control number is all digits and shorter than six.

    Why: Payers that lose it give the line's place instead; 2 could be either, and says nothing of which submission.
    Fix: Make it longer, or begin it with a letter.
    Source: claim_format_eligibility_rules.md, Limits and structure.
    """
    for line in draft.claim.lines:
        if line.line_control_number and _SHORT_NUMBER.fullmatch(line.line_control_number):
            yield Problem(
                message=f"REF*6R of line {line.number} is a number of less than six digits",
                location=at_line(draft, line, "line_control_number", "REF02"),
            )


@rule("LNE004", severity=ERROR, carc="16", subject=LINES)
def minutes_instead_of_units(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line is measured in something else than units.

    Why: SV103 MJ (minutes) belongs to anaesthesia; 30 minutes would be read as 30 units or rejected.
    Fix: Bill therapy in units (UN).
    Source: claim_format_eligibility_rules.md, Limits and structure; CARC 16 with RARC M53.
    """
    for line in draft.claim.lines:
        if line.unit_basis != "UN":
            yield Problem(
                message=f"line {line.number} is measured in {line.unit_basis!r}, therapy in UN",
                location=at_line(draft, line, "units", "SV103"),
            )


@rule("LNE005", severity=ERROR, carc="16", subject=LINES)
def units_out_of_range(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line has more units than a claim may carry.

    Why: Payers' systems hold three digits before the point; more is rejected with the file.
    Fix: Correct the units.
    Source: claim_format_eligibility_rules.md, Charset, amounts, dates; CARC 16 with RARC M53.
    """
    for line in draft.claim.lines:
        if len(line.units) < 4:
            continue
        try:
            many = Decimal(line.units) > MOST_UNITS
        except InvalidOperation:
            continue
        if many:
            yield Problem(
                message=f"line {line.number} has {line.units} units, {MOST_UNITS} fit",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("LNE006", severity=WARNING, subject=LINES)
def place_of_service_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line repeats the claim's place of service.

    Why: SV105 is sent when the line's place differs; strict front ends reject a repetition.
    Fix: Leave the place of service of the line blank.
    Source: 005010X222A1 SV105.
    """
    place = draft.claim.place_of_service
    for line in draft.claim.lines:
        if line.place_of_service and line.place_of_service == place:
            yield Problem(
                message=f"line {line.number} repeats place of service {place}",
                location=at_line(draft, line, "place_of_service", "SV105"),
            )


@rule("LNE007", severity=ERROR, carc="16", subject=LINES)
def code_set_not_of_procedures(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line names its code under another code set than HCPCS.

    Why: SV101-1 HC says CPT or HCPCS, the only ones therapy is billed in; under another the code means nothing.
    Fix: Bill the CPT or HCPCS code under HC.
    Source: claim_format_eligibility_rules.md, Limits and structure; CARC 16 with RARC M51.
    """
    for line in draft.claim.lines:
        if line.procedure.qualifier not in ("HC", ""):
            yield Problem(
                message=f"line {line.number} has its code under {line.procedure.qualifier!r}",
                location=at_line(draft, line, "procedure_code", "SV101-1"),
            )


@rule("LNE008", severity=WARNING, subject=SUMS)
def line_authorization_repeats_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line repeats the claim's prior authorization.

    Why: REF*G1 of a line is sent when it differs from the claim's.
    Fix: Leave it on the claim alone.
    Source: 005010X222A1 loop 2400 REF*G1.
    """
    claim = draft.claim
    if not claim.authorization:
        return
    for line in claim.lines:
        if line.authorization == claim.authorization:
            yield Problem(
                message=f"line {line.number} repeats the claim's REF*G1",
                location=at_line(draft, line, "prior_authorization", "REF02"),
            )


@rule("LNE009", severity=ERROR, carc="16", subject=SUMS)
def line_authorization_is_a_filler(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line's prior authorization is a word instead of a number.

    Why: It is looked up as a number, not found, and the line denied.
    Fix: Give the number, or leave it blank.
    Source: 005010X222A1 loop 2400 REF*G1.
    """
    for line in draft.claim.lines:
        if line.authorization and is_filler(line.authorization):
            yield Problem(
                message=f"the prior authorization of line {line.number} is no number",
                location=at_line(draft, line, "prior_authorization", "REF02"),
            )
