"""The 15-minute services of a patient's day: gathered, set against the payer's method, and said in words.

All lines of one patient, day, payer and discipline count together, whatever claim they stand on, with those that
earlier claims billed. The arithmetic itself is ``edi.model.units``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from edi.codes import Tables
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.session import SessionLine
from edi.model.units import (
    Allocation,
    Comparison,
    Verdict,
    allocate,
    compare_total,
    units_from_minutes,
)
from edi.rules.billed import whole_units
from edi.rules.context import DayLine, RuleContext, sessions_of
from edi.rules.registry import Subject
from edi.rules.subjects import Parts, whole

ONCE_A_DAY: Final = ("untimed", "timed-initial", "timed-monthly")
"""Time bases of which one unit is billed, however long it took."""
_DAYS_KEPT: Final = 10_000
"""Days of equal minutes and units that are remembered."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """A 15-minute service of the day: minutes, units, its line and the session lines behind it.

    ``at`` is None when no claim of the run bills it: its minutes earned no unit, or an earlier claim billed it
    (``earlier``).
    """

    code: str
    minutes: int | None
    billed: int
    at: DayLine | None
    sessions: tuple[SessionLine, ...] = ()
    earlier: bool = False


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
            if item.earlier and item.billed:
                found[item.code] = found.get(item.code, 0) + item.billed
        return found

    @property
    def readable(self) -> bool:
        """Whether the units of all lines that the run bills are whole numbers above zero."""
        return all(whole_units(item.at.line) is not None for item in self.items if item.at is not None)

    def passing(self) -> dict[str, int]:
        """The spread that would pass, the one nearest to what is billed; empty without an allocation."""
        if self.allocation is None:
            return {}
        billed = self.billed()
        return min(
            self.allocation.alternatives(),
            key=lambda spread: sum(abs(units - billed[code]) for code, units in spread.items()),
        )


def _items(draft: ClaimDraft, context: RuleContext, day: date) -> Iterator[Item]:
    """The 15-minute services of a day: billed lines, sessions that earned no unit, and what was billed earlier."""
    lines = tuple(context.day(draft, day, draft.discipline))
    for at in lines:
        code = at.line.procedure.code
        if context.tables.counts_by_quarter_hour(code):
            sessions = sessions_of(at.draft, at.line)
            known = [session.minutes for session in sessions if session.minutes is not None]
            complete = bool(sessions) and len(known) == len(sessions)
            yield Item(code, sum(known) if complete else None, whole_units(at.line) or 0, at, sessions)
    drafts = {id(at.draft): at.draft for at in lines}
    yield from _billed_earlier(list(drafts.values()), context.tables, day)
    for session in unbilled(lines, day):
        if session.minutes and context.tables.counts_by_quarter_hour(session.procedure_code):
            yield Item(session.procedure_code, session.minutes, 0, None)


def unbilled(lines: Iterable[DayLine], day: date) -> Iterator[SessionLine]:
    """Session lines of these claims and that day whose minutes earned no unit, so that no line bills them."""
    seen: dict[int, tuple[ClaimDraft, set[str]]] = {}
    for at in lines:
        seen.setdefault(id(at.draft), (at.draft, set()))[1].update(at.line.session_line_ids)
    for draft, billed in seen.values():
        for session in draft.sessions:
            if session.line_id not in billed and session.date_of_service == day:
                yield session


def _billed_earlier(drafts: Sequence[ClaimDraft], tables: Tables, day: date) -> Iterator[Item]:
    """The 15-minute services of a day that earlier claims billed, each once though several claims know of it."""
    told = {one.line.line_id: one for draft in drafts for one in draft.earlier}
    for one in told.values():
        session = one.line
        if session.date_of_service == day and tables.counts_by_quarter_hour(session.procedure_code):
            yield Item(session.procedure_code, session.minutes, one.units, None, (session,), earlier=True)


def _visit_total(items: tuple[Item, ...]) -> int | None:
    """Timed minutes of the day from the visits' totals; None when a visit lacks its total."""
    totals: dict[str, int] = {}
    for item in items:
        for session in item.sessions:
            if session.visit_timed_minutes is None:
                return None
            totals[session.visit_id] = session.visit_timed_minutes
    return sum(totals.values()) if totals else None


@lru_cache(maxsize=_DAYS_KEPT)
def _compared(
    method: str, minutes: tuple[tuple[str, int], ...], billed: tuple[int, ...]
) -> tuple[Allocation, Comparison]:
    """What the minutes allow and how the billed units compare; many days are alike in both."""
    allocation = allocate(method, minutes)
    return allocation, allocation.compare(billed)


def judge(draft: ClaimDraft, context: RuleContext, day: date) -> Judgement:
    """Set the billed timed units of the claim's patient, payer and discipline on a day against the minutes."""
    items = tuple(_items(draft, context, day))
    method = context.payer(draft).units.method
    if not items:
        return Judgement(day=day, items=items, method=method)
    minutes = [(item.code, item.minutes) for item in items if item.minutes is not None]
    billed = [item.billed for item in items]
    if len(minutes) == len(items):
        allocation, comparison = _compared(method, tuple(minutes), tuple(billed))
        return Judgement(day=day, items=items, allocation=allocation, comparison=comparison, method=method)
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


def _odd_times(draft: ClaimDraft, context: RuleContext) -> Parts:
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if known is None or (known.time_basis == "untimed" and known.minutes is None and not known.add_on_to):
            continue
        if not known.counts_by_quarter_hour:
            return whole(draft)
        if line.date_from is None:
            continue
        one = judged(draft, context, line.date_from)
        if one.comparison is None or one.comparison.verdict is not Verdict.MATCHES:
            return whole(draft)
        if one.allocation is not None and one.allocation.tied:
            return whole(draft)
    return ()


ODD_TIMES: Final = Subject("odd times", _odd_times)
"""A claim with a code that is neither untimed nor counted by quarter hours alone, or with a day whose timed units are
not simply those of the minutes."""


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
    """Codes with units too many; what was billed earlier cannot be held, so the last line of the run stands for it.

    None when the units too many are all of earlier claims: then no line of the run adds to them.
    """
    billed = judgement.billed()
    over = {code for code, units in judgement.passing().items() if billed[code] > units}
    return _told_at(judgement, over)


def under_codes(judgement: Judgement) -> set[str]:
    """Codes with units too few, else the last of the run; none when earlier claims alone are short."""
    billed = judgement.billed()
    short = {code for code, units in judgement.passing().items() if billed[code] < units}
    return _told_at(judgement, short)


def _told_at(judgement: Judgement, wrong: set[str]) -> set[str]:
    """The codes of the run at which something wrong with these codes is told."""
    billable = {item.code for item in judgement.items if item.at is not None}
    if wrong & billable:
        return wrong & billable
    return set() if _of_earlier_claims(judgement) else last_code(judgement)


def _of_earlier_claims(judgement: Judgement) -> bool:
    """Whether the run bills its codes as every valid spread has them, and earlier claims were as wrong without it."""
    earlier = [item for item in judgement.items if item.earlier]
    if judgement.allocation is None or judgement.comparison is None or not earlier:
        return False
    billed, own = judgement.billed(), {item.code for item in judgement.items if not item.earlier}
    spreads = judgement.allocation.alternatives()
    if not all(spread[code] == billed[code] for spread in spreads for code in own):
        return False
    minutes = [(item.code, item.minutes or 0) for item in earlier]
    alone = allocate(judgement.method, minutes).compare([item.billed for item in earlier])
    agreed = alone.verdict in (Verdict.MATCHES, Verdict.TIE_ALTERNATIVE)
    return (
        not agreed and alone.over >= judgement.comparison.over and alone.under >= judgement.comparison.under
    )


def last_code(judgement: Judgement) -> set[str]:
    """Where only the total is known no line is the wrong one; the last that the run bills stands for all, if any."""
    return set([item.code for item in judgement.items if item.at is not None][-1:])
