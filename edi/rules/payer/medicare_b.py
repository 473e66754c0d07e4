"""Medicare Part B and Railroad Medicare: chiropractic claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.codes.sets import SPINAL_MANIPULATION
from edi.model.draft import ClaimDraft
from edi.payers.profile import ORIGINAL_MEDICARE
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, rule
from edi.rules.subjects import LINES

_INITIAL_TREATMENT: Final = "454"


@rule("MCB001", severity=ERROR, carc="4", payers=ORIGINAL_MEDICARE, subject=LINES)
def active_care_with_notice(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line says active care (AT) and expected denial (GA) at once.

    Why: AT states that the care is covered, GA that it is not; Medicare rejects a line with both.
    Fix: Keep AT for active treatment, or GA alone for maintenance care with a signed notice.
    Source: claim_format_eligibility_rules.md, Eligibility (Palmetto A22JLH1132).
    """
    for line in draft.claim.lines:
        if "AT" in line.procedure.modifiers and "GA" in line.procedure.modifiers:
            yield Problem(
                message=f"line {line.number} ({line.procedure.code}) has AT and GA",
                location=at_line(draft, line, "modifiers", "SV101"),
            )


@rule("MCB002", severity=ERROR, carc="16", payers=ORIGINAL_MEDICARE)
def initial_treatment_date_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Spinal manipulation without the date of the initial treatment.

    Why: Medicare judges by it whether the care is active, and returns the claim without it.
    Fix: Give initial_treatment_date on the case.
    Source: claim_format_eligibility_rules.md, Limits and structure (Noridian); CARC 16 with RARC MA122.
    """
    claim = draft.claim
    if any(kind == _INITIAL_TREATMENT for kind, _ in claim.dates):
        return
    for line in claim.lines:
        if line.procedure.code in SPINAL_MANIPULATION and not any(
            kind == _INITIAL_TREATMENT for kind, _ in line.other_dates
        ):
            yield Problem(
                message=f"line {line.number} ({line.procedure.code}) without DTP*454 on claim or line",
                location=at_claim(draft, "initial_treatment_date", "DTP03"),
            )
            return
