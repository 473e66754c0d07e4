"""Findings as an Excel workbook: one sheet to work through, one of sums, one of the claims that are held."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from cli.jobs.scrub.report import Report
from cli.render import money
from cli.render.sheets import write_text

_FINDINGS: Final = (
    ("severity", 10), ("code", 10), ("file", 18), ("row", 7), ("session", 16), ("line", 6), ("field", 20),
    ("message", 70), ("why", 50), ("fix", 50), ("carc", 7), ("done", 8),
)  # fmt: skip
_CODES: Final = (
    ("code", 10), ("severity", 10), ("what", 70), ("carc", 7), ("findings", 10), ("claims", 8),
    ("claims held", 12), ("charge held", 13),
)  # fmt: skip
_HELD: Final = (("practice", 16), ("payer", 18), ("charge", 12), ("codes", 30), ("session lines", 50))

Cell = str | int | None


def workbook(report: Report, created: datetime) -> bytes:
    """The report as the bytes of an xlsx file; the same report and moment give the same bytes.

    Every text stays a text: nothing is taken for a formula, a number or a link.
    """
    import xlsxwriter

    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(made, options)
    book.set_properties({"title": "claimloop scrub", "created": created})
    bold, wrapped = (
        book.add_format({"bold": True, "bottom": 1}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    for name, columns, rows in (
        ("Findings", _FINDINGS, _finding_rows(report)),
        ("Codes", _CODES, _code_rows(report)),
        ("Held claims", _HELD, _held_rows(report)),
    ):
        _sheet(book.add_worksheet(name), columns, rows, bold, wrapped)
    book.close()
    return made.getvalue()


def _sheet(
    sheet: Any, columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[Cell]], bold: Any, wrapped: Any
) -> None:
    """Fill a sheet: a heading that stays in sight, filters, widths."""
    for place, (name, width) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, bold)
    for number, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(number, place, cell, wrapped)
            elif cell:
                write_text(sheet, number, place, cell, wrapped)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)


def _finding_rows(report: Report) -> list[Sequence[Cell]]:
    return [
        (
            one.severity.value, one.code, one.location.file, one.location.row, one.location.session,
            one.location.line, one.location.field, one.message, one.why, one.fix, one.carc, None,
        )
        for one in report.findings
    ]  # fmt: skip


def _code_rows(report: Report) -> list[Sequence[Cell]]:
    return [
        (
            one.code, one.severity.value, one.title, one.carc, one.count, one.claims, one.held,
            money(one.held_charge),
        )
        for one in report.codes
    ]  # fmt: skip


def _held_rows(report: Report) -> list[Sequence[Cell]]:
    return [
        (
            one.practice_id,
            one.payer,
            money(one.charge),
            " ".join(dict.fromkeys(found.code for found in one.findings)),
            " ".join(one.session_line_ids),
        )
        for one in report.checked.held
    ]
