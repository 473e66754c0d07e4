"""Units: what the documented minutes allow, against what is billed.

Units of 15-minute codes are judged over all lines of one patient, day, payer and discipline, by the payer's method. The
arithmetic is ``edi.model.units``; here it is set against the lines, and said so that a biller can follow it.
Source: units_rules.md (CMS Pub. 100-04 ch. 5 s20.2; the CPT midpoint).
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
from edi.rules.context import DayLine, Problem, RuleContext, at_line, sessions_of
from edi.rules.registry import ERROR, INFO, WARNING, rule

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


def whole_units(line: ServiceLine) -> int | None:
    """The line's units as a whole number above zero, else None."""
    return int(line.units) if line.units.isascii() and line.units.isdigit() and int(line.units) > 0 else None


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


def _judged(draft: ClaimDraft, context: RuleContext, day: date) -> Judgement:
    """``judge``, once for all claims and rules that ask for the same patient, payer, day and discipline."""
    key = ("units", draft.practice_id, draft.patient.patient_id, draft.payer_key, day, draft.discipline)
    return context.once(key, lambda: judge(draft, context, day))


def _judgements(draft: ClaimDraft, context: RuleContext, *verdicts: Verdict) -> Iterator[Judgement]:
    """The judgements of the claim's days that came out as one of ``verdicts``; what is UNCHECKED has no verdict."""
    for day in sorted({line.date_from for line in draft.claim.lines if line.date_from is not None}):
        judgement = _judged(draft, context, day)
        if judgement.comparison is not None and judgement.comparison.verdict in verdicts:
            yield judgement


def _spelled(units: Mapping[str, int]) -> str:
    return ", ".join(f"{code} ×{count}" for code, count in units.items() if count) or "nothing"


def _arithmetic(judgement: Judgement) -> str:
    """The sum a biller can check: minutes, what they allow, what is billed, what would pass."""
    billed = judgement.billed()
    said = f"billed {_spelled(billed)} = {sum(billed.values())}"
    before = judgement.billed_before()
    if before:
        said += f", of which {_spelled(before)} before"
    if judgement.allocation is None:
        total = judgement.total or 0
        return f"{total} timed min allow {units_from_minutes(total)}; {said}"
    pooled: dict[str, int] = {}
    for item in judgement.items:
        pooled[item.code] = pooled.get(item.code, 0) + (item.minutes or 0)
    passing = f"what passes: {_spelled(judgement.passing())}"
    if judgement.method == "cms":
        minutes = " + ".join(f"{code} {each}" for code, each in pooled.items())
        total, allowed = judgement.allocation.total_minutes, judgement.allocation.allowed
        return f"{minutes} = {total} min allow {allowed}; {said}; {passing}"
    earned = judgement.allocation.units_by_code
    minutes = ", ".join(f"{code} {each} min = {earned[code]}" for code, each in pooled.items())
    return f"{minutes} ({judgement.method}, code by code); {said}; {passing}"


def _own_lines(draft: ClaimDraft, judgement: Judgement, codes: set[str]) -> Iterator[ServiceLine]:
    """The first line of each of the codes, as far as it stands on this claim."""
    waiting = set(codes)
    for item in judgement.items:
        if item.code in waiting and item.at is not None and item.at.draft is draft:
            waiting.discard(item.code)
            yield item.at.line


def _over(judgement: Judgement) -> set[str]:
    """Codes with units too many; what was billed earlier cannot be held, so the last line of the run stands for it."""
    billed = judgement.billed()
    over = {code for code, units in judgement.passing().items() if billed[code] > units}
    return over & _billable(judgement) or _last_code(judgement)


def _under(judgement: Judgement) -> set[str]:
    billed = judgement.billed()
    short = {code for code, units in judgement.passing().items() if billed[code] < units}
    return short & _billable(judgement) or _last_code(judgement)


def _billable(judgement: Judgement) -> set[str]:
    """Codes that claims of this run bill."""
    return {item.code for item in judgement.items if item.at is not None}


def _last_code(judgement: Judgement) -> set[str]:
    """Where only the total is known no line is the wrong one; the last that is billed stands for all."""
    return {[item.code for item in judgement.items if item.at is not None][-1]}


@rule("UNT001", severity=ERROR, carc="16")
def units_not_whole(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line's units are not a whole number above zero.

    Why: Therapy is billed in whole units; zero or a fraction is rejected.
    Fix: Leave units blank so that they follow from the minutes, or correct them.
    Source: 005010X222A1 SV104; CARC 16 with RARC M53.
    """
    for line in draft.claim.lines:
        if whole_units(line) is None:
            yield Problem(
                message=f"line {line.number} ({line.procedure.code}) has {line.units or 'no'} units",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT002", severity=WARNING)
def units_below_minutes(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Fewer timed units billed than the documented minutes allow.

    Why: No payer objects; the practice is not paid for what it did.
    Fix: Bill the units the minutes allow, or leave units blank.
    Source: units_rules.md 2.6.
    """
    if context.payer(draft).units.one_unit_per_code:
        return
    for judgement in _judgements(draft, context, Verdict.UNDERBILLED):
        under = judgement.comparison.under if judgement.comparison is not None else 0
        codes = _under(judgement) if judgement.allocation is not None else _last_code(judgement)
        for line in _own_lines(draft, judgement, codes):
            yield Problem(
                message=f"{line.procedure.code} on {judgement.day}: {_arithmetic(judgement)}; {under} short",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT003", severity=ERROR, carc="151")
def units_exceed_minutes(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More timed units billed than the documented minutes allow.

    Why: The record does not support the units: a denial now, or a repayment after an audit.
    Fix: Bill what the minutes allow; never add minutes to fit the units.
    Source: units_rules.md 2 (CMS, total of the day) and 3 (midpoint, code by code); CMS Pub. 100-04 ch. 5 s20.2.
    """
    for judgement in _judgements(draft, context, Verdict.OVERBILLED):
        over = judgement.comparison.over if judgement.comparison is not None else 0
        codes = _over(judgement) if judgement.allocation is not None else _last_code(judgement)
        for line in _own_lines(draft, judgement, codes):
            yield Problem(
                message=f"{line.procedure.code} on {judgement.day}: {_arithmetic(judgement)}; overbilled by {over}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT004", severity=ERROR, carc="151")
def units_on_wrong_code(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The total of timed units is allowed, but they lie on the wrong codes.

    Why: Under the total-time rule a unit goes to the code with the most minutes left; another spread is not supported.
    Fix: Bill the spread named in the message; codes with equal remainders may be chosen freely.
    Source: units_rules.md 2.3 to 2.6.
    """
    for judgement in _judgements(draft, context, Verdict.WRONG_SPREAD):
        for line in _own_lines(draft, judgement, _over(judgement)):
            yield Problem(
                message=f"{line.procedure.code} on {judgement.day}: {_arithmetic(judgement)}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT005", severity=ERROR, carc="151")
def untimed_code_more_than_once(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A code that does not count minutes is billed with several units.

    Why: Evaluations, group therapy and supervised modalities are one unit, however long they took.
    Fix: Bill one unit.
    Source: units_rules.md 2.1; a code whose units-a-day limit in mue.csv is higher may reach it.
    """
    for line in draft.claim.lines:
        known, units = context.tables.procedure(line.procedure.code), whole_units(line)
        if known is None or units is None or known.time_basis not in ONCE_A_DAY:
            continue
        limit = context.tables.mue(known.code)
        most = max(1, limit.units if limit is not None else 1)
        if units > most:
            yield Problem(
                message=f"{known.code} is {known.time_basis}: {most} a day, not {units}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT006", severity=WARNING, carc="16")
def timed_units_unchecked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: nothing documents the minutes behind a line's timed units, or no rule is known for its time basis.

    Why: Units without minutes cannot be defended; some payers ask for the time (RARC N443).
    Fix: Give minutes of the line, or visit_timed_minutes of the visit.
    Source: units_rules.md 2.7 and 5.
    """
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if known is None or known.time_basis in ONCE_A_DAY or line.date_from is None:
            continue
        if counts_by_quarter_hour(context.tables, known.code):
            if _judged(draft, context, line.date_from).comparison is not None:
                continue
            said = "neither minutes nor a total this payer's method can use"
        else:
            said = f"a unit is {known.minutes} min ({known.time_basis}), which is not checked"
        yield Problem(
            message=f"UNCHECKED: {line.units} units of {known.code} on {line.date_from}: {said}",
            location=at_line(draft, line, "minutes", "SV104"),
        )


@rule("UNT007", severity=INFO)
def units_tied(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """TIE: codes have equal minutes left, and the practice may choose which of them gets the unit.

    Why: Both choices are right; the claim should be the same whenever it is made.
    Fix: Nothing; give units on the rows to choose otherwise.
    Source: units_rules.md 2.5.
    """
    for judgement in _judgements(draft, context, Verdict.MATCHES, Verdict.TIE_ALTERNATIVE):
        allocation = judgement.allocation
        if allocation is None or not allocation.tied:
            continue
        first = {allocation.codes[allocation.tied[0]]}
        spreads = " or ".join(_spelled(spread) for spread in allocation.alternatives())
        for line in _own_lines(draft, judgement, first):
            yield Problem(
                message=f"TIE on {judgement.day}: equally valid are {spreads}",
                location=at_line(draft, line, "units", "SV104"),
            )


@rule("UNT008", severity=WARNING, carc="119")
def payer_unit_limit_passed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More units than the payer's contract pays in a day.

    Why: Units above the contract's limit are denied as benefit maximum.
    Fix: Plan within the limit; bill what was given only if the contract wants it reported.
    Source: payers.toml units.max_timed_units_per_day and units.one_unit_per_code.
    """
    limits = context.payer(draft).units
    if limits.one_unit_per_code:
        for line in draft.claim.lines:
            if (whole_units(line) or 0) > 1:
                yield Problem(
                    message=f"the payer takes one unit a code and day, not {line.units} of {line.procedure.code}",
                    location=at_line(draft, line, "units", "SV104"),
                )
    if limits.max_timed_units_per_day is None:
        return
    for judgement in _judgements(draft, context, *Verdict):
        total = sum(item.billed for item in judgement.items)
        if total > limits.max_timed_units_per_day:
            for line in _own_lines(draft, judgement, _last_code(judgement)):
                yield Problem(
                    message=f"{total} timed units on {judgement.day}; the payer takes {limits.max_timed_units_per_day}",
                    location=at_line(draft, line, "units", "SV104"),
                )
