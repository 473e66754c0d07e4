"""`claimloop report …`: one command for each report of the registry, all with the same options."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import typer

from cli.clock import as_utc
from cli.jobs.closing import dating_of
from cli.jobs.denial_work import read_contract
from cli.jobs.lists import counted
from cli.jobs.reports.answer import Asked, Found, ask, behind, document, kinds, row_set, scope_of, titles
from cli.jobs.reports.picture import check_picture, draw
from cli.jobs.reports.workbook import report_workbook
from cli.jobs.silence import silent
from cli.options import (
    AsJson,
    AsOf,
    By,
    Config,
    Database,
    Group,
    Output,
    Payer,
    Picture,
    Practice,
    RowFormat,
    Rows,
    Since,
    Until,
    moment,
    today,
)
from cli.private import write_output
from cli.render import Row, bar, check_target, money, stderr, stdout, write_json, write_rows
from cli.workspace import workspace
from edi.model.errors import UsageError
from reconcile.reports.registry import GROUP, REPORTS, Column, Report, RowSet, cell, report
from reconcile.reports.silence import OVERDUE

group = typer.Typer(name="report", help="The analyst's tables.", no_args_is_help=True)


def _command(one: Report) -> Callable[..., None]:
    """The command of a report."""

    def show(
        by: By = None,
        since: Since = None,
        until: Until = None,
        practice: Practice = None,
        payer: Payer = None,
        rows: Rows = None,
        only: Group = None,
        picture: Picture = None,
        form: RowFormat = "table",
        as_json: AsJson = False,
        as_of: AsOf = None,
        output: Output = None,
        config: Config = None,
        database: Database = None,
    ) -> None:
        form = "json" if as_json else form
        check_target(form, output)
        check_picture(picture, one.chart, one.name)
        if only is not None and rows is None:
            raise UsageError("--group goes with --rows")
        wanted = row_set(one, rows) if rows is not None else None
        grouping = _grouping(one, by)
        with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
            scope = scope_of(
                connection,
                today=today(as_of),
                as_of=as_of,
                practice=practice,
                payer=payer,
                since=since,
                until=until,
            )
            scope = msgspec.structs.replace(scope, dating=dating_of(opened.settings, scope.today))
            if one.needs_contract:
                scope = msgspec.structs.replace(scope, contract=read_contract(opened.settings))
            if one.needs_overdue and (rows == OVERDUE or opened.settings.directory is not None):
                late = silent(connection, opened.settings, as_utc(moment(as_of)))
                scope = msgspec.structs.replace(scope, overdue=late)
            asked = Asked(report=one, scope=scope, by=grouping)
            found = ask(connection, asked) if wanted is None or picture is not None else None
            listed = behind(connection, asked, wanted, only) if wanted is not None else []
        if found is not None and picture is not None:
            draw(found, picture)
            stderr().print(f"drawn: {picture}", markup=False, soft_wrap=True)
        if wanted is not None:
            _write_rows(one, wanted, listed, grouping, form, output)
        elif found is not None:
            _write(found, form, output, as_of)

    show.__doc__ = _told(one)
    return show


def _write_rows(
    one: Report, wanted: RowSet, rows: list[Row], grouping: str, form: str, path: Path | None
) -> None:
    """Write the rows behind the figures."""
    columns = [Column(GROUP), *wanted.columns] if one.groupings else list(wanted.columns)
    names = [each.name for each in columns]
    foot = [f"{counted(len(rows), 'row')}: {wanted.what}"]
    heads = titles(columns, grouping)
    write_rows(rows, names, form=form, path=path, kinds=kinds(columns), titles=heads, footer=foot)


def _grouping(one: Report, by: str | None) -> str:
    """The grouping that is meant."""
    try:
        return one.grouping(by)
    except ValueError:
        known = ", ".join(one.groupings) or "nothing: it has one shape"
        raise UsageError(f"--by: {by!r} is none of {known}") from None


def _told(one: Report) -> str:
    """The help of a report: what it is, what its options take, and how its rates are worked out."""
    parts = [one.help]
    if one.groupings:
        parts.append(f"--by takes {', '.join(one.groupings)}.")
    if one.row_sets:
        parts.append(f"--rows takes {', '.join(each.name for each in one.row_sets)}.")
    parts.append(f"--since and --until speak of {one.period}.")
    rates = {each.name: each.title for each in one.columns if each.kind in ("percent", "days") and each.title}
    told = [f"{rates[each.column]}: {each.formula}" for each in one.figures if each.column in rates]
    if told:
        parts.append("; ".join(told[:_MOST_FORMULAS]) + ".")
    return "\n\n".join(parts)


def _write(found: Found, form: str, path: Path | None, as_of: date | None) -> None:
    """Write the figures."""
    one = found.asked.report
    if form == "json":
        write_json(document(found), path)
        return
    if form == "xlsx":
        assert path is not None  # noqa: S101 - check_target has looked
        write_output(path, report_workbook(found, moment(as_of)))
        return
    rows: list[Any] = list(found.rows)
    if form in ("table", "csv") and found.total is not None:
        rows.append(found.total)
    heads = titles(one.columns, found.asked.by)
    write_rows(
        rows, found.columns, form=form, path=path, kinds=kinds(one.columns), titles=heads, footer=found.notes
    )
    if form == "table" and path is None:
        _print_bars(found)


def _print_bars(found: Found) -> None:
    """Under a table, the first column of the chart as bars, where it is an amount."""
    chart = found.asked.report.chart
    column = next((one for one in found.asked.report.columns if chart and one.name == chart.y[0]), None)
    if (
        column is None
        or column.kind != "cents"
        or not found.answer.rows
        or len(found.answer.rows) > _MOST_BARS
    ):
        return
    console = stdout()
    values = [(str(row[GROUP]), cell(row, column.name)) for row in found.answer.rows]
    largest, width = max(value for _, value in values), max(len(name) for name, _ in values)
    console.print()
    for name, value in values:
        console.print(f"{name:<{width}}  {bar(value, largest)} {money(value)}", markup=False)


_MOST_FORMULAS = 2
"""Formulas in the help; docs/reports.md and the workbook have all."""
_MOST_BARS = 40
"""Groups that are shown as bars under a table."""
for _name in REPORTS:
    group.command(_name)(_command(report(_name)))
