"""Liability: GA, GX, GY and GZ against the notice that the patient signed. Medicare Part B alone has the notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.payers.profile import ORIGINAL_MEDICARE
from edi.rules.context import Problem, RuleContext, at_line, sessions_of
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import TREATMENTS

WANTED: Final = {"GA": "signed", "GX": "voluntary", "GZ": "none"}
"""What abn of the row must say for the modifier to be true."""
MODIFIER_OF: Final = {"signed": "GA", "voluntary": "GX"}


def _notice(draft: ClaimDraft, line: ServiceLine) -> str:
    """``signed``, ``voluntary``, ``none``, or "" where the row says nothing."""
    return next((one.abn for one in sessions_of(draft, line) if one.abn), "")


@rule("ABN001", severity=ERROR, carc="50", payers=ORIGINAL_MEDICARE, subject=TREATMENTS)
def notice_contradicts_modifier(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """GA, GX or GZ says another thing of the notice than the row.

    Why: The modifier decides who pays after the denial; a wrong one bills the patient without right, or not at all.
    Fix: Correct the modifier or abn: GA for a signed notice, GX for a voluntary one, GZ for none.
    Source: modifiers.csv GA, GX, GZ; sessions.csv abn.
    """
    for line in draft.claim.lines:
        said = _notice(draft, line)
        wrong = [one for one in line.procedure.modifiers if said and WANTED.get(one, said) != said]
        if wrong:
            yield Problem(
                message=f"{line.procedure.code} has {' '.join(wrong)}, abn is {said}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("ABN002", severity=WARNING, carc="50", payers=ORIGINAL_MEDICARE, subject=TREATMENTS)
def notice_not_on_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The patient signed a notice, and the line does not say so.

    Why: Without GA (or GX for a voluntary notice) a denial is the practice's loss, though the patient agreed to pay.
    Fix: Add GA, or GX, if a denial is expected.
    Source: modifiers.csv GA, GX; sessions.csv abn.
    """
    for line in draft.claim.lines:
        wanted = MODIFIER_OF.get(_notice(draft, line))
        if wanted and WANTED.keys().isdisjoint(line.procedure.modifiers):
            yield Problem(
                message=f"{line.procedure.code}: abn is {_notice(draft, line)}, the line lacks {wanted}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("ABN003", severity=WARNING, carc="50", payers=ORIGINAL_MEDICARE, subject=TREATMENTS)
def notice_unknown(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: GA or GX states a notice, and the row does not say that there is one.

    Why: The notice must be on file when the claim goes out; a missing one makes the modifier false.
    Fix: Fill in abn.
    Source: modifiers.csv GA, GX; sessions.csv abn.
    """
    for line in draft.claim.lines:
        given = [one for one in line.procedure.modifiers if one in ("GA", "GX")]
        if given and sessions_of(draft, line) and not _notice(draft, line):
            yield Problem(
                message=f"UNCHECKED: {line.procedure.code} has {' '.join(given)}, abn is blank",
                location=at_line(draft, line, "abn", "SV101-3"),
            )
