"""A report as an Excel workbook: the figures, what each of them means, and the rows that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cli.jobs.reports.answer import Found, kinds, titles
from cli.render import Row
from cli.render.sheets import Sheet, workbook
from reconcile.reports.registry import Part, Report, Scope

_FORMULAS = ("figure", "formula", "numerator", "denominator")


def report_workbook(found: Found, created: datetime) -> bytes:
    """The figures on one sheet with their total, the definitions on the next, what was asked for on the last."""
    report = found.asked.report
    rows = [*found.rows, *([found.total] if found.total is not None else [])]
    sheets = [
        Sheet(
            name=report.title[:31],
            columns=found.columns,
            rows=rows,
            kinds=kinds(report.columns),
            titles=titles(report.columns, found.asked.by),
            total=found.total is not None,
        ),
        Sheet(name="Formulas", columns=_FORMULAS, rows=formula_rows(report), wrap=True),
        Sheet(
            name="Asked", columns=("option", "value"), rows=_asked(report, found.asked.scope, found.asked.by)
        ),
    ]
    return workbook(sheets, report.title, created)


def formula_rows(report: Report) -> list[Row]:
    """One row a figure: its formula, and the rows above and below the line."""
    heads = {one.name: one.title or one.name.replace("_", " ") for one in report.columns}
    return [
        {
            "figure": heads.get(one.column, one.column),
            "formula": one.formula,
            "numerator": part_text(report, one.numerator),
            "denominator": part_text(report, one.denominator),
        }
        for one in report.figures
    ]


def part_text(report: Report, part: Part | None) -> str:
    """A side of a figure in words: which rows, and what of them is summed."""
    if part is None:
        return ""
    rows = report.rows_of(part.rows)
    summed = f"the sum of {part.sum} over" if part.sum else "the number of"
    return f"{summed} rows {part.rows}: {rows.what}"


def _asked(report: Report, scope: Scope, by: str) -> Sequence[Row]:
    """What was asked for, one option a row."""
    said = {
        "report": report.name,
        "by": by,
        "as of": str(scope.as_of or f"{scope.today} (all that is stored)"),
        "practice": scope.practice or "all",
        "payer": scope.payer or "all",
        "since": str(scope.since or ""),
        "until": str(scope.until or ""),
        "since and until speak of": report.period,
    }
    return [{"option": name, "value": value} for name, value in said.items()]
