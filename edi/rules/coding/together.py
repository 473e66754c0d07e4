"""Codes that need another code on the day, and codes that stand on a day once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.codes import ProcedureCode, Tables
from edi.codes.sets import DISCIPLINE_OF
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.rules.billed import BILLED_DAYS, billed_on, codes_in_month
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.discipline import only_under
from edi.rules.registry import ERROR, rule
from edi.rules.subjects import LINES
from edi.rules.units.day import ODD_TIMES

EVALUATIONS: Final = ("evaluation", "reevaluation")
"""Kinds of procedure that evaluate a patient."""
MONTHLY: Final = "timed-monthly-additional"
OWNERS: Final = {"97169": "ATC", "97170": "ATC", "97171": "ATC", "97172": "ATC"}
"""Evaluations whose discipline procedures.csv does not name by GP, GO or GN."""


def _dated(draft: ClaimDraft, tables: Tables) -> Iterator[tuple[ServiceLine, date, ProcedureCode]]:
    """Each line that has a date and a known code."""
    for line in draft.claim.lines:
        known = tables.procedure(line.procedure.code)
        if known is not None and line.date_from is not None:
            yield line, line.date_from, known


def owner_of(tables: Tables, code: str) -> str:
    """The discipline that alone bills an evaluation code, or ""."""
    return DISCIPLINE_OF.get(only_under(tables, code), "") or OWNERS.get(code, "")


def is_evaluation(tables: Tables, code: str) -> bool:
    """Whether the code evaluates a patient, for the first time or again."""
    known = tables.procedure(code)
    return known is not None and known.kind in EVALUATIONS


def same_evaluation(tables: Tables, code: str, other: str) -> bool:
    """Whether both codes are evaluations of one discipline: on one day ``evaluated_twice`` tells of them."""
    return (
        is_evaluation(tables, code)
        and is_evaluation(tables, other)
        and owner_of(tables, code) == owner_of(tables, other)
    )


@rule("COD007", severity=ERROR, carc="107", subject=ODD_TIMES)
def add_on_without_parent(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An add-on code without the code it adds to.

    Why: An add-on is never paid alone: the first block must be billed on the same day, by the same practice.
    Fix: Bill the first code the message names, or correct the code.
    Source: procedures.csv add_on_to (CMS add-on edits of June 2024); for months, in the same calendar month.
    """
    for line, day, known in _dated(draft, context.tables):
        if not known.add_on_to:
            continue
        if known.time_basis == MONTHLY:
            there, when = codes_in_month(draft, context, day), f"in the month of {day}"
        else:
            there, when = frozenset(one.code for one in billed_on(draft, context, day)), f"on {day}"
        if there.isdisjoint(known.add_on_to):
            yield Problem(
                message=f"{known.code} {when} without {' or '.join(known.add_on_to)}",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


def _first_blocks(context: RuleContext, code: str) -> frozenset[str]:
    """The codes of first blocks that share an add-on with this one, itself among them."""
    parents = context.once(
        ("parents",),
        lambda: [
            frozenset(known.add_on_to) for known in context.tables.procedures.values() if known.add_on_to
        ],
    )
    return frozenset({code}).union(*(one for one in parents if code in one))


@rule("COD008", severity=ERROR, carc="119", subject=BILLED_DAYS)
def first_block_twice(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A second first block of one kind of treatment on a day: only one of them, and once.

    Why: The first 15 minutes (or hour, or two) are billed once a day; what follows is the add-on code.
    Fix: Bill one first block, and the rest of the time with its add-on code.
    Source: units_rules.md 5 (97129 once a day; only one of 97810 and 97813); procedures.csv time_basis.
    """
    for line, day, known in _dated(draft, context.tables):
        if known.time_basis != "timed-initial":
            continue
        alike = _first_blocks(context, known.code)
        same = [one for one in billed_on(draft, context, day) if one.code in alike]
        first = next((one for one in same if one.earlier), same[0] if same else None)
        if len(same) > 1 and first is not None and first.line is not line:
            yield Problem(
                message=f"{known.code} on {day} is the second first block: {' and '.join(one.code for one in same)}",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("COD009", severity=ERROR, carc="119", subject=BILLED_DAYS)
def evaluated_twice(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two evaluations of one discipline on one day.

    Why: A discipline evaluates a patient once a day; the second evaluation or re-evaluation is denied.
    Fix: Bill the evaluation that was done, once.
    Source: procedures.csv kind; mue.csv (1 a day, absolute).
    """
    for line, day, known in _dated(draft, context.tables):
        if known.kind not in EVALUATIONS:
            continue
        same = [
            one
            for one in billed_on(draft, context, day)
            if same_evaluation(context.tables, known.code, one.code)
        ]
        first = next((one for one in same if one.earlier), same[0] if same else None)
        if len(same) > 1 and first is not None and first.line is not line:
            yield Problem(
                message=f"{known.code} on {day} is a second evaluation beside {first.code}"
                + (" billed before" if first.earlier else ""),
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("COD010", severity=ERROR, carc="8", subject=LINES)
def evaluation_of_another_discipline(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An evaluation code of another discipline than the row's.

    Why: 97161 to 97164 are physical therapy's, 97165 to 97168 occupational therapy's; the line does not fit the
        therapist's specialty.
    Fix: Use the evaluation code of the discipline, or correct the discipline.
    Source: procedures.csv therapy_list; sessions.csv discipline.
    """
    for line, _, known in _dated(draft, context.tables):
        owner = owner_of(context.tables, known.code) if known.kind in EVALUATIONS else ""
        if owner and draft.discipline and owner != draft.discipline:
            yield Problem(
                message=f"{known.code} is an evaluation of {owner}, the discipline is {draft.discipline}",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )
