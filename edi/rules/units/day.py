"""The 15-minute services of a patient's day: gathered, set against the payer's method, and said in words.

All lines of one patient, day, payer and discipline count together, whatever claim they stand on, with those that
earlier claims billed. The arithmetic itself is ``edi.model.units``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from edi.codes import Tables
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.session import SessionLine
from edi.model.units import (
    UNIT_MINUTES,
    Allocation,
    Comparison,
    Verdict,
    allocate,
    compare_total,
    units_from_minutes,
)
from edi.rules.billed import whole_units
from edi.rules.context import DayLine, RuleContext, sessions_of

ONCE_A_DAY: Final = ("untimed", "timed-initial", "timed-monthly")
"""Time bases of which one unit is billed, however long it took."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """A 15-minute service of the day: minutes, units, its line and the session lines behind it.

    ``at`` is None when no claim of the run bills it: its minutes earned no unit, or an earlier claim billed it.
    """

    code: str
    minutes: int | None
    billed: int
    at: DayLine | None
    sessions: tuple[SessionLine, ...] = ()


class Judgement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The timed units of one patient, day, payer and discipline.

    Attributes:
        day: the date of service. items: its 15-minute services.
        allocation: what the minutes allow, None when only the visit's total is documented or nothing is.
        comparison: how the billed units compare, None when they cannot be judged (``UNCHECKED``).
        total: the visit's timed minutes, when only they are documented.
        method: cms, midpoint or strict15.
    """

    day: date
    items: tuple[Item, ...]
    allocation: Allocation | None = None
    comparison: Comparison | None = None
    total: int | None = None
    method: str = "cms"

    def billed(self) -> dict[str, int]:
        """Units billed, by code."""
        found: dict[str, int] = {}
        for item in self.items:
            found[item.code] = found.get(item.code, 0) + item.billed
        return found

    def billed_before(self) -> dict[str, int]:
        """Units that earlier claims billed, by code."""
        found: dict[str, int] = {}
        for item in self.items:
            if item.at is None and item.billed:
                found[item.code] = found.get(item.code, 0) + item.billed
        return found

    def passing(self) -> dict[str, int]:
        """The spread that would pass, the one nearest to what is billed; empty without an allocation."""
        if self.allocation is None:
            return {}
        billed = self.billed()
        return min(
            self.allocation.alternatives(),
            key=lambda spread: sum(abs(units - billed[code]) for code, units in spread.items()),
        )


def counts_by_quarter_hour(tables: Tables, code: str) -> bool:
    """Whether a unit of the code is 15 one-on-one minutes that pool with other codes."""
    known = tables.procedure(code)
    return known is not None and known.time_basis == "timed" and known.minutes == UNIT_MINUTES


def _items(draft: ClaimDraft, context: RuleContext, day: date) -> Iterator[Item]:
    """The 15-minute services of a day: billed lines, sessions that earned no unit, and what was billed earlier."""
    seen: dict[int, tuple[ClaimDraft, set[str]]] = {}
    for at in context.day(draft, day, draft.discipline):
        _, billed_sessions = seen.setdefault(id(at.draft), (at.draft, set()))
        billed_sessions.update(at.line.session_line_ids)
        code = at.line.procedure.code
        if counts_by_quarter_hour(context.tables, code):
            sessions = sessions_of(at.draft, at.line)
            known = [session.minutes for session in sessions if session.minutes is not None]
            complete = bool(sessions) and len(known) == len(sessions)
            yield Item(code, sum(known) if complete else None, whole_units(at.line) or 0, at, sessions)
    yield from _billed_earlier([other for other, _ in seen.values()], context.tables, day)
    for other, billed_sessions in seen.values():
        for session in other.sessions:
            if session.line_id in billed_sessions or session.date_of_service != day:
                continue
            if session.minutes and counts_by_quarter_hour(context.tables, session.procedure_code):
                yield Item(session.procedure_code, session.minutes, 0, None)


def _billed_earlier(drafts: Sequence[ClaimDraft], tables: Tables, day: date) -> Iterator[Item]:
    """The 15-minute services of a day that earlier claims billed, each once though several claims know of it."""
    told = {one.line.line_id: one for draft in drafts for one in draft.earlier}
    for one in told.values():
        session = one.line
        if session.date_of_service == day and counts_by_quarter_hour(tables, session.procedure_code):
            yield Item(session.procedure_code, session.minutes, one.units, None, (session,))


def _visit_total(items: tuple[Item, ...]) -> int | None:
    """Timed minutes of the day from the visits' totals; None when a visit lacks its total."""
    totals: dict[str, int] = {}
    for item in items:
        for session in item.sessions:
            if session.visit_timed_minutes is None:
                return None
            totals[session.visit_id] = session.visit_timed_minutes
    return sum(totals.values()) if totals else None


def judge(draft: ClaimDraft, context: RuleContext, day: date) -> Judgement:
    """Set the billed timed units of the claim's patient, payer and discipline on a day against the minutes."""
    items = tuple(_items(draft, context, day))
    method = context.payer(draft).units.method
    if not items:
        return Judgement(day=day, items=items, method=method)
    minutes = [(item.code, item.minutes) for item in items if item.minutes is not None]
    billed = [item.billed for item in items]
    if len(minutes) == len(items):
        allocation = allocate(method, minutes)
        return Judgement(
            day=day, items=items, allocation=allocation, comparison=allocation.compare(billed), method=method
        )
    total = _visit_total(items)
    if total is None or method != "cms":
        return Judgement(day=day, items=items, method=method)
    comparison = compare_total(sum(billed), total)
    return Judgement(day=day, items=items, comparison=comparison, total=total, method=method)


def judged(draft: ClaimDraft, context: RuleContext, day: date) -> Judgement:
    """``judge``, once for all claims and rules that ask for the same patient, payer, day and discipline."""
    key = ("units", draft.practice_id, draft.patient.patient_id, draft.payer_key, day, draft.discipline)
    return context.once(key, lambda: judge(draft, context, day))


def judgements(draft: ClaimDraft, context: RuleContext, *verdicts: Verdict) -> Iterator[Judgement]:
    """The judgements of the claim's days that came out as one of ``verdicts``; what is UNCHECKED has no verdict."""
    for day in sorted({line.date_from for line in draft.claim.lines if line.date_from is not None}):
        judgement = judged(draft, context, day)
        if judgement.comparison is not None and judgement.comparison.verdict in verdicts:
            yield judgement


def spelled(units: Mapping[str, int]) -> str:
    """Units by code as a biller writes them, ``97110 ×2, 97140 ×1``; ``nothing`` when there are none."""
    return ", ".join(f"{code} ×{count}" for code, count in units.items() if count) or "nothing"


def arithmetic(judgement: Judgement) -> str:
    """The sum a biller can check: minutes, what they allow, what is billed, what would pass."""
    billed = judgement.billed()
    said = f"billed {spelled(billed)} = {sum(billed.values())}"
    before = judgement.billed_before()
    if before:
        said += f", of which {spelled(before)} before"
    if judgement.allocation is None:
        total = judgement.total or 0
        allowed = units_from_minutes(total)
        return f"{total} timed min allow {allowed}; {said}; what passes: {allowed} in all, spread by minutes"
    pooled: dict[str, int] = {}
    for item in judgement.items:
        pooled[item.code] = pooled.get(item.code, 0) + (item.minutes or 0)
    passing = f"what passes: {spelled(judgement.passing())}"
    if judgement.method == "cms":
        minutes = " + ".join(f"{code} {each}" for code, each in pooled.items())
        total, allowed = judgement.allocation.total_minutes, judgement.allocation.allowed
        return f"{minutes} = {total} min allow {allowed}; {said}; {passing}"
    earned = judgement.allocation.units_by_code
    minutes = ", ".join(f"{code} {each} min = {earned[code]}" for code, each in pooled.items())
    return f"{minutes} ({judgement.method}, code by code); {said}; {passing}"


def own_lines(draft: ClaimDraft, judgement: Judgement, codes: set[str]) -> Iterator[ServiceLine]:
    """The first line of each of the codes, as far as it stands on this claim."""
    waiting = set(codes)
    for item in judgement.items:
        if item.code in waiting and item.at is not None and item.at.draft is draft:
            waiting.discard(item.code)
            yield item.at.line


def over_codes(judgement: Judgement) -> set[str]:
    """Codes with units too many; what was billed earlier cannot be held, so the last line of the run stands for it."""
    billed = judgement.billed()
    over = {code for code, units in judgement.passing().items() if billed[code] > units}
    return over & _billable(judgement) or last_code(judgement)


def under_codes(judgement: Judgement) -> set[str]:
    """Codes with units too few, else the last of the run."""
    billed = judgement.billed()
    short = {code for code, units in judgement.passing().items() if billed[code] < units}
    return short & _billable(judgement) or last_code(judgement)


def _billable(judgement: Judgement) -> set[str]:
    """Codes that claims of this run bill."""
    return {item.code for item in judgement.items if item.at is not None}


def last_code(judgement: Judgement) -> set[str]:
    """Where only the total is known no line is the wrong one; the last that is billed stands for all."""
    return {[item.code for item in judgement.items if item.at is not None][-1]}
