"""Units of first blocks and their add-ons: codes whose minutes count by themselves, and pool with no other code.

Source: units_rules.md 5; payers.toml units.add_on_minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from edi.codes import ProcedureCode, Tables
from edi.intake.charge.values import Ready
from edi.model.units import units_of_base

Series: TypeAlias = list[tuple[Ready, ProcedureCode]]
"""The rows of a day that share the minutes of one first block, with their codes."""


def fill_blocks(day: Sequence[Ready], tables: Tables) -> Iterator[tuple[Ready, str]]:
    """Set blank ``units`` of the first blocks and add-ons of one patient, date and discipline.

    The first block is one unit, its add-on what the minutes beyond it earn. Units given are kept; their lines take part
    by their minutes.

    Yields:
        A line of which the minutes do not decide the units, and why.
    """
    known = [(one, tables.procedure(one.line.procedure_code)) for one in day]
    counted = [(one, row) for one, row in known if row is not None and row.in_series]
    codes = {row.code for _, row in counted}
    every: dict[str, Series] = {}
    for one, row in counted:
        every.setdefault(row.series_beside(codes), []).append((one, row))
    for series in every.values():
        blank = [(one, row) for one, row in series if one.line.units is None and not one.earlier]
        reason = _undecided(series, tables) if blank else ""
        for one, row in blank:
            if reason:
                yield one, reason
            else:
                units = _earned(series, row)
                one.units = min(units, 1) if one.payer.units.one_unit_per_code else units


def _undecided(series: Series, tables: Tables) -> str:
    """Why the minutes of a series do not decide its units, or ""."""
    first = [row for _, row in series if not row.add_on_to]
    if not first:
        return "the first block that the code adds to is not among the lines of the day"
    if len(first) > 1 or len(series) > 2:
        return "several rows share the minutes of one first block"
    if any(one.earlier for one, _ in series):
        return "an earlier claim billed a part of the first block or its add-on"
    if any(one.line.minutes is None for one, _ in series):
        return "not all rows of the first block and its add-on have their minutes"
    added = [row for row in tables.procedures.values() if first[0].code in row.add_on_to]
    if len(series) == 1 and any(_earned(series, row) for row in added):
        codes = " or ".join(row.code for row in added)
        return f"the minutes are more than the first block, and no row has the rest under {codes}"
    return ""


def _earned(series: Series, row: ProcedureCode) -> int:
    """Units of a code of a series: of the first block, or beyond it."""
    first = next(one.minutes or 0 for _, one in series if not one.add_on_to)
    total = sum(ready.line.minutes or 0 for ready, _ in series)
    whole = series[0][0].payer.units.add_on_minutes == "full"
    if row.add_on_to:
        return units_of_base(total - first, row.minutes or 1, whole=whole)
    return min(1, units_of_base(total, first, whole=whole))
