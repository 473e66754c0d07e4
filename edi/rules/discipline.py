"""Disciplines: GP, GO and GN say under whose plan of care a service was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.codes import Tables
from edi.codes.sets import THERAPY_MODIFIERS
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES

ONLY: Final = {modifier: f"({modifier} only)" for modifier in THERAPY_MODIFIERS.values()}
"""How therapy_list of procedures.csv marks a code of one discipline alone."""
_GIVEN: Final = frozenset(ONLY)


def only_under(tables: Tables, code: str) -> str:
    """GP, GO or GN when the code may stand under that discipline alone (evaluations), else ""."""
    known = tables.procedure(code)
    listed = known.therapy_list if known is not None else ""
    return next((modifier for modifier, mark in ONLY.items() if mark in listed), "")


@rule("DSC001", severity=ERROR, carc="4", subject=LINES)
def discipline_modifier_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A therapy line lacks GP, GO or GN, and the payer asks for it.

    Why: Without it the payer cannot tell under whose plan of care the service was given, and denies the line.
    Fix: Add GP (physical), GO (occupational) or GN (speech) from the plan of care, not from who treated.
    Source: modifiers.csv GP, GO, GN; payers.toml modifiers.discipline_required. For codes that are therapy only
        sometimes, or by an unverified list, a warning.
    """
    wanted = THERAPY_MODIFIERS.get(draft.discipline)
    if wanted is None or not context.payer(draft).modifiers.discipline_required:
        return
    for line in draft.claim.lines:
        if not _GIVEN.isdisjoint(line.procedure.modifiers):
            continue
        known = context.tables.procedure(line.procedure.code)
        listed = known.therapy_list if known is not None else ""
        if listed.startswith(("always", "sometimes")):
            sure = listed.startswith("always") and "?" not in listed
            yield Problem(
                message=f"{line.procedure.code} lacks {wanted}, which this payer asks for ({listed} therapy)",
                location=at_line(draft, line, "modifiers", "SV101-3"),
                fix=f"Add {wanted} to the line if the plan of care is {draft.discipline}.",
                severity=None if sure else WARNING,
            )


@rule("DSC002", severity=ERROR, carc="4", subject=LINES)
def two_disciplines_on_a_line(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line has two of GP, GO and GN.

    Why: A service is given under one plan of care; the line is returned.
    Fix: Keep the one of the plan of care.
    Source: modifiers.csv GP, GO, GN.
    """
    for line in draft.claim.lines:
        given = [one for one in dict.fromkeys(line.procedure.modifiers) if one in _GIVEN]
        if len(given) > 1:
            yield Problem(
                message=f"{line.procedure.code} has {' and '.join(given)}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("DSC003", severity=ERROR, carc="4", subject=LINES)
def discipline_modifier_contradicts(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """GP, GO or GN is not that of the discipline the row names.

    Why: The units, the threshold and the plan of care are counted for the wrong discipline.
    Fix: Correct the modifier, or the discipline of the row; both come from the plan of care.
    Source: modifiers.csv GP, GO, GN; sessions.csv discipline.
    """
    wanted = THERAPY_MODIFIERS.get(draft.discipline)
    if wanted is None:
        return
    for line in draft.claim.lines:
        given = [one for one in line.procedure.modifiers if one in _GIVEN]
        if len(given) == 1 and given[0] != wanted and not only_under(context.tables, line.procedure.code):
            yield Problem(
                message=f"{line.procedure.code} has {given[0]}, the discipline is {draft.discipline} ({wanted})",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("DSC004", severity=ERROR, carc="4", subject=LINES)
def evaluation_under_wrong_modifier(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An evaluation code has the modifier of another discipline.

    Why: 97161 to 97164 are physical therapy's and go with GP alone, 97165 to 97168 occupational therapy's with GO.
    Fix: Correct the code or the modifier to the evaluation that was done.
    Source: modifiers.csv GP, GO; procedures.csv therapy_list.
    """
    for line in draft.claim.lines:
        only = only_under(context.tables, line.procedure.code)
        wrong = [one for one in line.procedure.modifiers if one in _GIVEN and one != only] if only else []
        if wrong:
            yield Problem(
                message=f"{line.procedure.code} goes with {only} alone and has {' '.join(wrong)}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )
