"""Units of codes that are not counted in quarters of an hour: first blocks with their add-ons, whole hours, months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from edi.codes import ProcedureCode
from edi.model.draft import ClaimDraft
from edi.model.units import units_of_base
from edi.rules.billed import codes_in_month, own_days, whole_units
from edi.rules.context import DayLine, Problem, RuleContext, at_line, sessions_of
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.units.day import ODD_TIMES, ONCE_A_DAY, judged, spelled, unbilled


class Series(msgspec.Struct, kw_only=True):
    """A first block and its add-ons on a day, or a code that stands alone: minutes, units and lines.

    ``minutes`` is by code, None as soon as a line's are not documented. ``first`` is the code of the first block, ""
    when none is billed. ``orphan``: an add-on whose first block the run does not bill.
    """

    first: str = ""
    first_minutes: int = 0
    base: int = 0
    orphan: bool = False
    minutes: dict[str, int | None] = {}
    units: dict[str, int] = {}
    lines: list[DayLine] = []

    def allowed(self, *, whole: bool) -> int | None:
        """Units that the minutes allow beyond the first block; None when not all minutes are documented."""
        if self.orphan:
            return None
        known = [each for each in self.minutes.values() if each is not None]
        if len(known) < len(self.minutes):
            return None
        return units_of_base(sum(known) - self.first_minutes, self.base, whole=whole) if self.base else 0

    def earned(self, *, whole: bool) -> bool:
        """Whether the minutes reach the first block."""
        known = sum(each or 0 for each in self.minutes.values())
        return not self.first_minutes or units_of_base(known, self.first_minutes, whole=whole) > 0


def has_other_base(known: ProcedureCode | None) -> bool:
    """Whether units of the code follow from minutes of one day, and not by quarters of an hour that pool."""
    if known is None or known.minutes is None or known.time_basis.startswith("timed-monthly"):
        return False
    return not known.counts_by_quarter_hour


def series_of(draft: ClaimDraft, context: RuleContext, day: date) -> tuple[Series, ...]:
    """The series of the claim's discipline on a day; worked out once in a run."""
    key = ("series", draft.practice_id, draft.patient.patient_id, draft.payer_key, day, draft.discipline)
    return context.once(key, lambda: tuple(_series(draft, context, day)))


def _series(draft: ClaimDraft, context: RuleContext, day: date) -> Iterator[Series]:
    found: dict[str, Series] = {}
    lines = tuple(context.day(draft, day, draft.discipline))
    timed = [
        (at, known)
        for at in lines
        if has_other_base(known := context.tables.procedure(at.line.procedure.code)) and known is not None
    ]
    billed = {known.code for _, known in timed}
    for at, known in timed:
        root = known.series_beside(billed)
        series = found.setdefault(root, Series())
        if known.time_basis == "timed-initial":
            series.first, series.first_minutes = known.code, known.minutes or 0
        else:
            series.base = known.minutes or 0
            series.orphan = bool(known.add_on_to) and root not in billed
        sessions = sessions_of(at.draft, at.line)
        minutes = [one.minutes for one in sessions if one.minutes is not None]
        before = series.minutes.get(known.code, 0)
        complete = bool(sessions) and len(minutes) == len(sessions) and before is not None
        series.minutes[known.code] = (before or 0) + sum(minutes) if complete else None
        series.units[known.code] = series.units.get(known.code, 0) + (whole_units(at.line) or 0)
        series.lines.append(at)
    for session in unbilled(lines, day):
        row = context.tables.procedure(session.procedure_code)
        within = found.get(row.series_beside(billed)) if row is not None and row.in_series else None
        if row is not None and within is not None:
            known_minutes = within.minutes.get(row.code, 0)
            if known_minutes is not None and session.minutes is not None:
                within.minutes[row.code] = known_minutes + session.minutes
    yield from found.values()


@rule("UNT009", severity=ERROR, carc="151", subject=ODD_TIMES)
def units_exceed_other_base(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More units than the minutes allow of a code that counts hours, half hours, or time beyond a first block.

    Why: An add-on unit needs its own minutes after the first block; without them it is denied or taken back.
    Fix: Bill the units that the minutes allow.
    Source: units_rules.md 5. Whether a unit is earned past its middle or only when full is unverified: payers.toml
        units.add_on_minutes (middle unless said otherwise).
    """
    whole = context.payer(draft).units.add_on_minutes == "full"
    for day in own_days(draft):
        for series in series_of(draft, context, day):
            allowed = series.allowed(whole=whole)
            if allowed is None:
                continue
            beyond = sum(units for code, units in series.units.items() if code != series.first)
            if beyond <= allowed and series.earned(whole=whole):
                continue
            for at in series.lines:
                if at.draft is draft and (beyond > allowed) == (at.line.procedure.code != series.first):
                    yield Problem(
                        message=f"{at.line.procedure.code} on {day}: {_sum(series, allowed, whole=whole)}",
                        location=at_line(draft, at.line, "units", "SV104"),
                    )
                    break


def _sum(series: Series, allowed: int, *, whole: bool) -> str:
    """The sum a biller can check, and what would pass."""
    minutes = " + ".join(f"{code} {each}" for code, each in series.minutes.items())
    total = sum(each or 0 for each in series.minutes.values())
    first = f"the first {series.first_minutes} min are one block; " if series.first_minutes else ""
    passing: dict[str, int] = {}
    left = allowed
    for code, units in series.units.items():
        if code == series.first:
            passing[code] = int(series.earned(whole=whole))
        else:
            passing[code] = min(units, left)
            left -= passing[code]
    each = f"units of {series.base} min allow {allowed}; " if series.base else ""
    return f"{minutes} = {total} min; {first}{each}billed {spelled(series.units)}; what passes: {spelled(passing)}"


@rule("UNT010", severity=WARNING, carc="151", subject=ODD_TIMES)
def monthly_codes_together(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two codes for the first minutes of one calendar month of remote monitoring.

    Why: The shorter and the longer first block of a month stand for the same minutes; one of them is denied.
    Fix: Bill the code that the month's minutes reach, once.
    Source: units_rules.md 5 (98979 and 98980 not both in one month: unverified, hence a warning).
    """
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if known is None or known.time_basis != "timed-monthly" or line.date_from is None:
            continue
        others = sorted(
            code
            for code in codes_in_month(draft, context, line.date_from)
            if code != known.code
            and (other := context.tables.procedure(code)) is not None
            and other.time_basis == "timed-monthly"
        )
        if others:
            yield Problem(
                message=f"{known.code} and {' and '.join(others)} in the month of {line.date_from}",
                location=at_line(draft, line, "procedure_code", "SV101-2"),
            )


@rule("UNT006", severity=WARNING, carc="16", subject=ODD_TIMES)
def timed_units_unchecked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: nothing documents the minutes behind a line's timed units, or they are a whole month's.

    Why: Units without minutes cannot be defended; some payers ask for the time (RARC N443).
    Fix: Give minutes of the line, or visit_timed_minutes of the visit.
    Source: units_rules.md 2.7 and 5.
    """
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if known is None or known.time_basis in ONCE_A_DAY or line.date_from is None:
            continue
        said = _unchecked(draft, context, known, line.date_from)
        if said:
            yield Problem(
                message=f"UNCHECKED: {line.units} units of {known.code} on {line.date_from}: {said}",
                location=at_line(draft, line, "minutes", "SV104"),
            )


def _unchecked(draft: ClaimDraft, context: RuleContext, known: ProcedureCode, day: date) -> str:
    """Why the units of a timed code cannot be checked, or ""."""
    if known.counts_by_quarter_hour:
        unknown = judged(draft, context, day).comparison is None
        return "neither minutes nor a total this payer's method can use" if unknown else ""
    if not has_other_base(known):
        return f"a unit is {known.minutes} min of a month ({known.time_basis}), which is not checked"
    for one in series_of(draft, context, day):
        if known.code in one.minutes and one.allowed(whole=False) is None:
            lacking = "its first block is on no claim of this run" if one.orphan else "minutes are missing"
            return f"a unit is {known.minutes} min ({known.time_basis}), and {lacking}"
    return ""
