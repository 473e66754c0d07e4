"""Codes that the payer pays for, by its fee schedule and its list of therapy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.codes.sets import THERAPY_MODIFIERS
from edi.model.draft import ClaimDraft
from edi.payers.profile import MEDICARE
from edi.rules.billed import NO_BENEFIT
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES

NOT_ON_LIST: Final = "not on therapy list"


@rule("COD011", severity=ERROR, carc="16", subject=LINES)
def unlisted_code_without_description(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An unlisted code without a description of what was done.

    Why: 97039, 97139 and 97799 say nothing by themselves; the line is returned (RARC N350).
    Fix: Describe the service in line_note: what, with which equipment, how long.
    Source: 005010X222A1 SV101-7; input.md line_note; procedures.csv kind unlisted.
    """
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if (
            known is not None
            and known.kind == "unlisted"
            and not line.procedure.description
            and not line.notes
        ):
            yield Problem(
                message=f"{known.code} is an unlisted code and has no description",
                location=at_line(draft, line, "line_note", "SV101-7"),
            )


@rule("COD012", severity=ERROR, carc="96", payers=MEDICARE, subject=LINES)
def code_of_other_payers(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A code that Medicare does not take at all and has no other code for (status I).

    Why: Codes such as S8990 or S9131 exist for commercial payers and Medicaid; Medicare returns them.
    Fix: Bill the service under the code Medicare has for it, or not at all; GY where a denial is wanted.
    Source: MPFS status I in procedures.csv; 97014 has a rule of its own.
    """
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if (
            known is None
            or known.mpfs_status != "I"
            or known.successors
            or NO_BENEFIT in line.procedure.modifiers
        ):
            continue
        yield Problem(
            message=f"{known.code} is not valid for Medicare (status I)",
            location=at_line(draft, line, "procedure_code", "SV101-2"),
        )


@rule("COD013", severity=WARNING, carc="96", payers=MEDICARE, subject=LINES)
def code_not_covered(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A code that Medicare does not cover (status N), without GY.

    Why: It is always denied; GY says that the denial is wanted, and makes it the patient's.
    Fix: Add GY when the next payer needs the denial; else bill the patient and leave the line out.
    Source: MPFS status N of July 2024 in procedures.csv; modifiers.csv GY. A chiropractor's lines have a rule of their
        own.
    """
    if draft.discipline == "DC":
        return
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if known is not None and known.mpfs_status == "N" and NO_BENEFIT not in line.procedure.modifiers:
            yield Problem(
                message=f"{known.code} is not covered by Medicare (status N) and has no GY",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("COD014", severity=WARNING, carc="96", payers=MEDICARE, subject=LINES)
def code_not_therapy(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A therapist bills Medicare for a code that is not on its list of therapy services.

    Why: What is not therapy is not paid to a therapist in private practice, with GP, GO or GN or without.
    Fix: Check the code; bill the therapy that was given, or the patient after a notice.
    Source: procedures.csv therapy_list (always-therapy by MPFS 2024, the rest partly from memory, hence a warning).
    """
    if draft.discipline not in THERAPY_MODIFIERS:
        return
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if known is None or known.therapy_list != NOT_ON_LIST or NO_BENEFIT in line.procedure.modifiers:
            continue
        said_elsewhere = known.mpfs_status in ("I", "N") or (
            line.date_from is not None and not known.holds_on(line.date_from)
        )
        if not said_elsewhere and known.valid_to is None:
            yield Problem(
                message=f"{known.code} is not on Medicare's list of therapy services",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )
