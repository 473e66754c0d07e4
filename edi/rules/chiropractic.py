"""Chiropractic: what Medicare pays a chiropractor for, and how active care is marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.codes.sets import SPINAL_MANIPULATION
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.payers.profile import MEDICARE
from edi.rules.context import Problem, RuleContext, at_line, sessions_of
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES, TREATMENTS

NOT_EXPECTED: Final = frozenset({"GA", "GY", "GZ"})
"""Modifiers that say no payment is expected: then the care is not claimed as active."""


def _active(draft: ClaimDraft, line: ServiceLine) -> bool | None:
    """Whether the rows say active care; None when they say nothing."""
    said = [one.active_care for one in sessions_of(draft, line) if one.active_care is not None]
    return all(said) if said else None


@rule("CHI001", severity=ERROR, carc="50", subject=TREATMENTS)
def active_care_without_at(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Spinal manipulation in active care without AT, and the payer asks for it.

    Why: Without AT the payer takes the care for maintenance, and denies it as not necessary.
    Fix: Add AT when the note shows active, corrective care; else give the patient notice and bill as maintenance.
    Source: modifiers.csv AT; payers.toml modifiers.at. Where the row does not say, an UNCHECKED warning.
    """
    if not context.payer(draft).modifiers.at:
        return
    for line in draft.claim.lines:
        given = line.procedure.modifiers
        if (
            line.procedure.code not in SPINAL_MANIPULATION
            or "AT" in given
            or not NOT_EXPECTED.isdisjoint(given)
        ):
            continue
        active = _active(draft, line)
        if active:
            said = f"{line.procedure.code} in active care lacks AT"
        elif active is None:
            said = f"UNCHECKED: {line.procedure.code} lacks AT, and nothing says whether the care is active"
        else:
            continue
        yield Problem(
            message=said,
            location=at_line(draft, line, "modifiers", "SV101-3"),
            severity=None if active else WARNING,
        )


@rule("CHI002", severity=ERROR, carc="50", subject=TREATMENTS)
def at_on_maintenance_care(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """AT on care that the row says is not active.

    Why: AT states active, corrective care; on maintenance it is a false statement, and is taken back.
    Fix: Take AT off and follow the payer's way for maintenance care, or correct active_care.
    Source: modifiers.csv AT; sessions.csv active_care.
    """
    for line in draft.claim.lines:
        if "AT" in line.procedure.modifiers and _active(draft, line) is False:
            yield Problem(
                message=f"{line.procedure.code} has AT, active_care is N",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("CHI003", severity=WARNING, carc="4", subject=LINES)
def at_on_other_code(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """AT on a code that is not spinal manipulation.

    Why: AT belongs to 98940 to 98942; on other lines it is returned, unless the payer asks for it.
    Fix: Take it off.
    Source: modifiers.csv AT.
    """
    for line in draft.claim.lines:
        if "AT" in line.procedure.modifiers and line.procedure.code not in SPINAL_MANIPULATION:
            yield Problem(
                message=f"{line.procedure.code} has AT",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("CHI004", severity=WARNING, carc="96", payers=MEDICARE, subject=LINES)
def excluded_from_chiropractor(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A chiropractor bills Medicare for something other than spinal manipulation, without GY.

    Why: By statute Medicare pays chiropractors for 98940 to 98942 alone; the rest is denied, and is the patient's.
    Fix: Add GY when a denial is wanted for the next payer; else bill the patient and leave the line out.
    Source: claim_format_eligibility_rules.md, Medicare therapy (NGS 325495); modifiers.csv GY.
    """
    if draft.discipline != "DC":
        return
    for line in draft.claim.lines:
        if line.procedure.code not in SPINAL_MANIPULATION and "GY" not in line.procedure.modifiers:
            yield Problem(
                message=f"{line.procedure.code} by a chiropractor is excluded by statute and has no GY",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )
