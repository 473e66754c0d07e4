"""Duplicates: a service or a day that was billed before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.model.draft import ClaimDraft
from edi.model.history import EarlierLine
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import WARNING, rule
from edi.rules.units import counts_by_quarter_hour

DISCIPLINES: Final = frozenset({"GP", "GO", "GN"})
"""Modifiers that name the plan of care; claims under two of them are two claims, not one billed twice."""


@rule("DUP001", severity=WARNING, carc="18")
def day_billed_before(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An earlier claim to this payer already bills the patient's day.

    Why: A second claim for one day may be denied as a duplicate, or its units counted with the first one's.
    Fix: Consider correcting the earlier claim so that it carries the late line too; else send this as a second claim.
    Source: CARC 18; design/input.md, one day is never split over two claims.
    """
    told: set[date] = set()
    for line in draft.claim.lines:
        day = line.date_from
        if day is None or day in told:
            continue
        told.add(day)
        modifiers = {one for each in draft.claim.lines for one in each.procedure.modifiers}
        earlier = [
            one for one in _billed_on(draft, context, day) if _same_plan(set(one.modifiers), modifiers)
        ]
        if earlier:
            yield Problem(
                message=_told(draft, context, day, earlier),
                location=at_line(draft, line, "date_of_service", "DTP03"),
            )


def _billed_on(draft: ClaimDraft, context: RuleContext, day: date) -> list[EarlierLine]:
    """What earlier claims to this payer bill of the patient's day."""
    lines = context.history.lines_on(draft.practice_id, draft.patient.patient_id, day)
    return [one for one in lines if one.payer == draft.payer_key]


def _same_plan(modifiers: set[str], others: set[str]) -> bool:
    """Whether two lots of modifiers may be of one plan of care: they share its modifier, or one lot names none."""
    one, other = modifiers & DISCIPLINES, others & DISCIPLINES
    return not one or not other or bool(one & other)


def _told(draft: ClaimDraft, context: RuleContext, day: date, earlier: list[EarlierLine]) -> str:
    codes: dict[str, list[str]] = {}
    for one in earlier:
        codes.setdefault(one.patient_control_number, []).append(one.procedure_code)
    claims = "; ".join(f"claim {number} has {', '.join(found)}" for number, found in codes.items())
    known = {one.line.procedure_code for one in draft.earlier}
    unknown = {
        one.procedure_code for one in earlier if counts_by_quarter_hour(context.tables, one.procedure_code)
    } - known
    rest = ""
    if unknown:
        rest = f"; the minutes of {', '.join(sorted(unknown))} are not in this input, so units were checked without"
    return f"{day} was billed before: {claims}{rest}"
