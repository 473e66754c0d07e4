"""A report asked of a store, in the cells of the contract: amounts as decimal text, dates as dates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec

from cli.jobs.lists import known_word
from cli.render import SCHEMA_VERSION, Cell, Row, money
from cli.render.columns import Kind
from edi.model.errors import UsageError
from reconcile.reports.registry import GROUP, Answer, Column, Connection, Report, RowSet, Scope, Value
from reconcile.reports.registry import Row as ReportRow
from reconcile.store.listing import practice_names
from reconcile.store.report_rows.scope import payer_keys


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: a report, a scope, a grouping, and whose rows where not the figures were wanted."""

    report: Report
    scope: Scope
    by: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The answer with its cells ready to be written."""

    asked: Asked
    answer: Answer
    rows: list[Row]
    total: Row | None
    notes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(one.name for one in self.asked.report.columns)


def scope_of(
    connection: Connection,
    *,
    today: date,
    as_of: date | None,
    practice: str | None,
    payer: str | None,
    since: date | None,
    until: date | None,
) -> Scope:
    """The scope that options name; practice and payer in any case, a payer by a part of its name too.

    Raises:
        UsageError: a practice or a payer that the store does not know, or days in the wrong order.
    """
    if since is not None and until is not None and since > until:
        raise UsageError(f"--since {since} is later than --until {until}")
    if practice is not None:
        practice = known_word("--practice", practice, practice_names(connection))
    if payer is not None:
        payer = _known_payer(connection, payer)
    return Scope(today=today, as_of=as_of, practice=practice, payer=payer, since=since, until=until)


def _known_payer(connection: Connection, given: str) -> str:
    """The one payer whose key or name is, or contains, what was given."""
    wanted, known = given.casefold(), payer_keys(connection)
    spelled = {
        label: {label.casefold(), *(name.casefold() for name in names)} for label, names in known.items()
    }
    exact = [label for label, names in spelled.items() if wanted in names]
    found = exact or [label for label, names in spelled.items() if any(wanted in name for name in names)]
    if len(found) == 1:
        return found[0]
    word = "could be any of" if found else "is none of"
    raise UsageError(f"--payer: {given!r} {word} {', '.join(sorted(found or known)) or 'those known'}")


def ask(connection: Connection, asked: Asked) -> Found:
    """Ask a report and give its answer in cells."""
    answer = asked.report.read(connection, asked.scope, asked.by)
    columns = asked.report.columns
    return Found(
        asked=asked,
        answer=answer,
        rows=[cells(row, columns) for row in answer.rows],
        total=cells(answer.total, columns) if answer.total is not None else None,
        notes=answer.notes,
    )


def behind(connection: Connection, asked: Asked, rows: RowSet, group: str | None) -> list[Row]:
    """The rows behind the figures, in cells, with the group they count in first; only one group's if named."""
    columns = (Column(GROUP), *rows.columns) if asked.report.groupings else rows.columns
    found = rows.read(connection, asked.scope, asked.by)
    return [cells(row, columns) for row in found if group is None or row.get(GROUP) == group]


def row_set(report: Report, name: str) -> RowSet:
    """The set of rows that is meant.

    Raises:
        UsageError: the report has none of that name.
    """
    try:
        return report.rows_of(name)
    except KeyError:
        known = (
            ", ".join(one.name for one in report.row_sets) or "none: each line names the report that has them"
        )
        raise UsageError(f"--rows: {name!r} is none of report {report.name}'s rows: {known}") from None


def cells(row: ReportRow, columns: Iterable[Column]) -> Row:
    """A row of a report in cells; what it lacks is empty."""
    return {one.name: cell_of(row.get(one.name), one.kind) for one in columns}


def cell_of(value: Value, kind: Kind) -> Cell:
    """A value as a cell: cents with two places, tenths with one."""
    if not isinstance(value, int):
        return value
    if kind == "cents":
        return money(value)
    if kind in ("percent", "days"):
        return f"{'-' if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10}"
    return value


def kinds(columns: Sequence[Column]) -> dict[str, Kind]:
    """The kind of each column."""
    return {one.name: one.kind for one in columns}


def titles(columns: Sequence[Column], by: str = "") -> dict[str, str]:
    """The headings that columns have of their own; the group's is what it is grouped by."""
    named = {one.name: one.title for one in columns if one.title}
    return {GROUP: by.replace("_", " "), **named} if by else named


def document(found: Found) -> dict[str, Any]:
    """The answer as the contract's JSON."""
    report, scope = found.asked.report, found.asked.scope
    made: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "report": report.name,
        "by": found.asked.by or None,
        "as_of": scope.as_of,
        "practice": scope.practice,
        "payer": scope.payer,
        "since": scope.since,
        "until": scope.until,
        "formulas": {one.column: one.formula for one in report.figures},
        "rows": found.rows,
        "total": found.total,
    }
    for name, row in found.answer.more.items():
        made[name] = cells(row, [Column(key, kind) for key, kind in _more_kinds(report, row).items()])
    return made


def _more_kinds(report: Report, row: ReportRow) -> dict[str, Kind]:
    """The kinds of a row that only JSON has: counts where the name says so, else cents."""
    known = kinds(report.columns)
    return {name: known.get(name, "count" if name.endswith("claims") else "cents") for name in row}
