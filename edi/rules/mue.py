"""Medically unlikely edits: the most units of a code that one patient can have in a day.

Limits with MAI 2 and 3 are summed over the day: lines, claims of the run and what was billed before. MAI 1 is judged
line by line. Source: edi/codes/tables/mue.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from edi.codes import Mue
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.finding import Severity
from edi.rules.billed import BILLED_DAYS, DISTINCT, billed_on, once_a_claim, whole_units
from edi.rules.coding.together import is_evaluation
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.units.day import ONCE_A_DAY

BY_LINE, ABSOLUTE, BENCHMARK = "1", "2", "3"
"""MAI: judged line by line, a limit of policy over the day, a limit that records may overcome."""
NOT_PAYABLE: Final = "BIN"
"""Fee schedule status of codes whose limit of 0 other rules tell better."""


class Over(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Units of a code above its limit.

    ``lines`` and ``claims`` say over what they were summed, ``distinct`` is a modifier of separate services on them,
    which does not help.
    """

    line: ServiceLine
    day: date
    limit: Mue
    units: int
    lines: int
    claims: int
    before: int
    distinct: str

    def said(self, release: str) -> str:
        """The sum a biller can check, and what would pass."""
        over = f" over {self.lines} lines of {self.claims} claims" if self.lines > 1 else ""
        before = f", {self.before} of them billed before" if self.before else ""
        split = "; units on several lines, sides or claims are added up" if self.lines > 1 else ""
        split += f", modifier {self.distinct} or not" if self.distinct else ""
        return (
            f"{self.limit.code} on {self.day}: {self.units} units{over}{before}, the limit of a day is"
            f" {self.limit.units} (MAI {self.limit.mai}, {release}){split};"
            f" what passes: {self.limit.code} ×{self.limit.units}"
        )


def _over(draft: ClaimDraft, context: RuleContext) -> tuple[Over, ...]:
    """The lines of the claim whose units pass a limit, worked out once in a run."""
    return once_a_claim(draft, context, "over", lambda: tuple(_passed(draft, context)))


def _passed(draft: ClaimDraft, context: RuleContext) -> Iterator[Over]:
    """The first line of each code and day of the claim whose units pass the limit; each line for MAI 1."""
    if not context.payer(draft).edits.mue:
        return
    seen: set[tuple[str, date]] = set()
    for line in draft.claim.lines:
        code, day = line.procedure.code, line.date_from
        if day is None or (code, day) in seen:
            continue
        limit = context.tables.mue(code, day)
        if limit is None or _told_by_status(context, limit):
            continue
        if limit.mai == BY_LINE:
            units, lines, claims, before = whole_units(line) or 0, 1, 1, 0
            distinct = ""
        else:
            seen.add((code, day))
            same = [one for one in billed_on(draft, context, day) if one.code == code]
            units, lines = sum(one.units for one in same), len(same)
            if units <= limit.units or (lines > 1 and is_evaluation(context.tables, code)):
                continue  # a second evaluation has a rule of its own
            claims = len({id(one.draft) for one in same})
            before = sum(one.units for one in same if one.earlier)
            distinct = next((mark for one in same for mark in one.modifiers if mark in DISTINCT), "")
        if units > limit.units:
            yield Over(
                line=line,
                day=day,
                limit=limit,
                units=units,
                lines=lines,
                claims=claims,
                before=before,
                distinct=distinct,
            )


def _told_by_status(context: RuleContext, limit: Mue) -> bool:
    """Whether the limit is 0 because of a fee schedule status that a rule of its own tells."""
    known = context.tables.procedure(limit.code) if not limit.units else None
    return known is not None and bool(known.mpfs_status) and known.mpfs_status in NOT_PAYABLE


def holds(draft: ClaimDraft, context: RuleContext, limit: Mue, day: date) -> bool:
    """Whether more than the limit is an error here, and not only worth a look."""
    return (
        context.payer(draft).edits.mue
        and limit.mai != BENCHMARK
        and not _told_by_status(context, limit)
        and _weight(draft, context, day) is None
    )


def _told_by_line(draft: ClaimDraft, context: RuleContext, over: Over) -> bool:
    """Whether it is one line of a code that is one unit whatever it took, which a rule of its own holds (UNT005)."""
    known = context.tables.procedure(over.limit.code)
    once = known is not None and known.time_basis in ONCE_A_DAY and over.limit.units == 1
    return once and over.lines == 1 and not holds(draft, context, over.limit, over.day)


def _problems(draft: ClaimDraft, context: RuleContext, mai: str) -> Iterator[Problem]:
    for over in _over(draft, context):
        if over.limit.mai != mai or _told_by_line(draft, context, over):
            continue
        yield Problem(
            message=over.said(context.tables.release_on("mue", over.day).release),
            location=at_line(draft, over.line, "units", "SV104"),
            severity=_weight(draft, context, over.day),
        )


def _weight(draft: ClaimDraft, context: RuleContext, day: date) -> Severity | None:
    """None (the rule's own weight) for Medicare's limits in a loaded quarter; else a warning."""
    own = context.payer(draft).edits.ncci == "medicare" and context.tables.covers("mue", day)
    return None if own else WARNING


@rule("MUE001", severity=ERROR, carc="151", subject=BILLED_DAYS)
def absolute_limit_passed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More units in a day than policy allows at all (MAI 2).

    Why: The limit is absolute: every unit of the day is denied, no modifier and no appeal helps.
    Fix: Bill no more than the limit; correct the code or the date if another service was given.
    Source: edi/codes/tables/mue.csv. Outside the loaded quarter, and for Medicaid, a warning.
    """
    yield from _problems(draft, context, ABSOLUTE)


@rule("MUE002", severity=WARNING, carc="151", subject=BILLED_DAYS)
def clinical_limit_passed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More units in a day than is thought likely (MAI 3).

    Why: The line is denied at first; records that show the need may overcome it. Splitting it over lines does not.
    Fix: Check the units; if they are right, have the records ready for the appeal.
    Source: edi/codes/tables/mue.csv.
    """
    yield from _problems(draft, context, BENCHMARK)


@rule("MUE003", severity=ERROR, carc="151", subject=BILLED_DAYS)
def line_limit_passed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More units on one line than the limit of a line allows (MAI 1).

    Why: The limit is judged line by line; the whole line is denied.
    Fix: Check the units; separate services may stand on lines of their own with the modifier that says so.
    Source: edi/codes/tables/mue.csv. Outside the loaded quarter, and for Medicaid, a warning.
    """
    yield from _problems(draft, context, BY_LINE)
