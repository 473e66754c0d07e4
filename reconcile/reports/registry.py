"""What a report is: its columns, the formula of each figure, and the rows that each figure is made of.

A report is a value named ``REPORT`` in its module; naming the module in ``REPORTS`` is all that adds a command, its
formats, its page in docs/reports.md and its sheet of formulas. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from importlib import import_module
from typing import Final, Literal, TypeAlias

import msgspec

from reconcile.store import Connection
from reconcile.store.report_rows.scope import UNKNOWN, Scope

Value: TypeAlias = str | int | date | None
Row: TypeAlias = dict[str, Value]
Kind: TypeAlias = Literal["text", "date", "cents", "count", "percent", "days"]
"""What a value is: text, a date, whole cents, a whole number, tenths of a percent, tenths of a day."""
TOTAL: Final = "total"
GROUP: Final = "group"
"""The key under which a row behind a figure names its group."""
ONCE: Final = "once_"
"""Begins the key under which a group says what of a figure the total has not counted in another group."""


class Column(msgspec.Struct, frozen=True):
    """A column of a table; ``title`` is its heading where that is not its name."""

    name: str
    kind: Kind = "text"
    title: str = ""


class RowSet(msgspec.Struct, frozen=True):
    """Rows behind a figure. ``what`` says which, in words; ``read`` gives them, ``group`` named in each."""

    name: str
    what: str
    columns: tuple[Column, ...]
    read: Callable[[Connection, Scope, str], Iterable[Row]]


class Part(msgspec.Struct, frozen=True):
    """One side of a figure: the sum of a column of a set of rows; "" counts the rows."""

    rows: str
    sum: str = ""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A column with its formula in words, and the rows above and below the line.

    A ``percent`` is numerator / denominator; a ``days`` figure is numerator / denominator × ``scale``. Other kinds are
    the numerator itself. ``only_total``: the formula is that of the total; a group's is its part of it.
    """

    column: str
    formula: str
    numerator: Part | None = None
    denominator: Part | None = None
    scale: int = 1
    only_total: bool = False


class Chart(msgspec.Struct, frozen=True):
    """A picture of a report: ``y`` columns over the groups, as bars beside each other, stacked, or lines.

    ``unit`` is what the axis counts, where several columns share it and it is no money.
    """

    kind: Literal["bar", "stack", "line"]
    y: tuple[str, ...]
    unit: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What a report says. ``more`` are named rows that only its JSON has, ``notes`` lines under the table."""

    rows: Sequence[Row]
    total: Row | None = None
    notes: tuple[str, ...] = ()
    more: Mapping[str, Row] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report.

    Attributes:
        name: of the command. title: of the workbook and the picture.
        help: one line. period: of what day ``--since`` and ``--until`` speak.
        columns: the first one names the group.
        figures: of the columns that are more than a name. row_sets: what ``--rows`` shows.
        read: from a connection, a scope and a grouping to the answer.
        groupings: what ``--by`` takes, the first without it; empty for a report of one shape.
        chart: what ``--picture`` draws; None for none.
        needs_contract: the scope must hold the settings' rates and payers.
        needs_overdue: the scope must hold what is overdue by the settings, as far as they say.
    """

    name: str
    title: str
    help: str
    period: str
    columns: tuple[Column, ...]
    figures: tuple[Figure, ...]
    row_sets: tuple[RowSet, ...]
    read: Callable[[Connection, Scope, str], Answer]
    groupings: tuple[str, ...] = ()
    chart: Chart | None = None
    needs_contract: bool = False
    needs_overdue: bool = False

    def grouping(self, by: str | None) -> str:
        """The grouping that is meant: the one given, else the first; "" where the report has one shape.

        Raises:
            ValueError: it is none of the report's.
        """
        if by is None:
            return self.groupings[0] if self.groupings else ""
        if by not in self.groupings:
            raise ValueError(by)
        return by

    def rows_of(self, name: str) -> RowSet:
        """The set of rows of a name.

        Raises:
            KeyError: the report has none of that name.
        """
        for one in self.row_sets:
            if one.name == name:
                return one
        raise KeyError(name)


REPORTS: Final[dict[str, str]] = {
    "kpi": "the headline figures on one page, each with its formula",
    "denials": "denials counted and summed by category, reason, payer, code, therapist, practice, month",
    "rates": "the denial rate in claims and dollars",
    "acceptance": "claims that passed the 999 and the 277CA at first",
    "resolution": "claims that the payer's first answer settled",
    "aging": "what is open by age, and the days in A/R",
    "collection": "what was collected of what can be, by month of service",
    "payers": "the payer scorecard: answers, lags, denials, what is open",
    "preventable": "denied dollars that a scrubber rule would have prevented",
    "collections": "cash of payers and patients, by practice, deposit and posting day",
    "underpayments": "lines that were allowed less than fees.csv expects",
    "payments": "each 835: trace number, amount, and where its money is",
    "silence": "claims that nobody has answered",
    "takebacks": "provider adjustments as chains: what payers will still take back, and what they took",
}
"""The reports by name, with the line that `report --help` has; ``reconcile.reports.NAME`` holds the value."""


def report(name: str) -> Report:
    """A report by its name.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in REPORTS:
        raise KeyError(name)
    found: Report = import_module(f"reconcile.reports.{name}").REPORT
    return found


def tenths(numerator: int, denominator: int, scale: int = 1) -> int | None:
    """A quotient in tenths, rounded half away from zero; None when there is nothing to divide by.

    Args:
        numerator: cents or a count.
        denominator: the same.
        scale: 100 for a percentage, days for days.
    """
    if not denominator:
        return None
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    above, below = abs(numerator) * scale * 10, abs(denominator)
    return sign * ((2 * above + below) // (2 * below))


def percent(numerator: int, denominator: int) -> int | None:
    """Tenths of a percent, rounded half away from zero; None when the denominator is 0."""
    return tenths(numerator, denominator, 100)


def summed(rows: Iterable[Row], columns: Iterable[str], name: str = TOTAL) -> Row:
    """One row that is the sum of rows over some columns, named ``total``; what is not known counts nothing."""
    names = tuple(columns)
    sums = dict.fromkeys(names, 0)
    for row in rows:
        for column in names:
            cell = row[column]
            sums[column] += cell if isinstance(cell, int) else 0
    return {GROUP: name, **sums}


def summed_once(rows: Iterable[Row], columns: Iterable[str]) -> Row:
    """The total where a claim may count in several groups: of the columns' ``once_…`` beside them, if any."""
    names, held = tuple(columns), list(rows)
    whole = summed(held, (ONCE + name for name in names))
    return {GROUP: TOTAL, **{name: whole[ONCE + name] for name in names}}


def cell(row: Mapping[str, Value], column: str) -> int:
    """A whole number of a row; what is not known is 0."""
    found = row[column]
    return found if isinstance(found, int) else 0


def by_amount(rows: Iterable[Row], column: str) -> list[Row]:
    """Rows with the largest of a column first, ties by name; by name alone where the groups are months."""
    return sorted(rows, key=lambda row: (-cell(row, column), str(row[GROUP])))


def by_name(rows: Iterable[Row]) -> list[Row]:
    """Rows by the name of their group, what is unknown last."""
    return sorted(rows, key=lambda row: (row[GROUP] == UNKNOWN, str(row[GROUP])))


__all__ = [
    "GROUP", "ONCE", "REPORTS", "TOTAL", "UNKNOWN", "Answer", "Chart", "Column", "Connection", "Figure", "Kind", "Part",
    "Report", "Row", "RowSet", "Scope", "Value", "by_amount", "by_name", "cell", "percent", "report", "summed",
    "summed_once", "tenths",
]  # fmt: skip
