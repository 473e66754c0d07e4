"""Rows as an Excel workbook and as a Parquet file. What writes them is loaded when it is asked for."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from cli.render.columns import Kind, kinds_of, label, number
from cli.render.console import Row
from cli.render.csv_text import text_of
from edi.model.errors import UsageError

_FORMATS: Final[dict[Kind, str]] = {
    "cents": "#,##0.00;[Red]-#,##0.00",
    "count": "#,##0",
    "percent": "0.0%",
    "days": "0.0",
    "date": "yyyy-mm-dd",
}
_MOST_ROWS: Final = 1_048_575
"""Rows that Excel has under a heading."""
_LONGEST_CELL: Final = 32_767
"""Characters that Excel takes in a cell."""
_WIDEST: Final = 60
_LOOKED_AT: Final = 2_000
"""Rows whose cells decide how wide a column is."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet of a workbook: rows under headings, the last of them bold where it is a total."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    kinds: Mapping[str, Kind] = {}
    titles: Mapping[str, str] = {}
    total: bool = False
    wrap: bool = False


def workbook(sheets: Sequence[Sheet], title: str, created: datetime) -> bytes:
    """Return sheets as the bytes of an xlsx file; the same sheets and moment give the same bytes.

    The heading stays in sight and has a filter. Every text stays a text: nothing is taken for a formula or a link.

    Raises:
        UsageError: a sheet has more rows than Excel takes.
    """
    import xlsxwriter

    made = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(made, options)
    book.set_properties({"title": title, "created": created})
    for sheet in sheets:
        _fill(book, sheet)
    book.close()
    return made.getvalue()


def _fill(book: Any, sheet: Sheet) -> None:
    """Write one sheet."""
    if len(sheet.rows) > _MOST_ROWS:
        raise UsageError(
            f"a sheet of Excel takes {_MOST_ROWS:,} rows and these are {len(sheet.rows):,}; use --format csv or parquet"
        )
    page = book.add_worksheet(sheet.name)
    kinds = kinds_of(sheet.columns, sheet.rows, sheet.kinds)
    headings = [sheet.titles.get(column) or label(column) for column in sheet.columns]
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    for place, (column, heading) in enumerate(zip(sheet.columns, headings, strict=True)):
        form = _form(book, kinds[column], wrap=sheet.wrap)
        page.set_column(place, place, _width(heading, column, sheet.rows), form)
        page.write_string(0, place, heading, bold)
        last = _form(book, kinds[column], total=True)
        for line, row in enumerate(sheet.rows, 1):
            is_total = sheet.total and line == len(sheet.rows)
            _write(page, line, place, row.get(column), kinds[column], last if is_total else form)
    page.freeze_panes(1, 1 if len(sheet.columns) > 1 else 0)
    under = len(sheet.rows) - sheet.total
    page.autofilter(0, 0, max(under, 1), max(len(sheet.columns) - 1, 0))


def _form(book: Any, kind: Kind, *, total: bool = False, wrap: bool = False) -> Any:
    """The format of a column's cells."""
    wanted: dict[str, Any] = {"num_format": _FORMATS[kind]} if kind in _FORMATS else {}
    if total:
        wanted |= {"bold": True, "top": 1}
    if wrap:
        wanted |= {"text_wrap": True, "valign": "top"}
    return book.add_format(wanted)


def _write(page: Any, line: int, place: int, cell: Any, kind: Kind, form: Any) -> None:
    """Write a cell as what its column holds."""
    if cell is None or cell == "":
        page.write_blank(line, place, None, form)
    elif kind == "date" and isinstance(cell, date):
        page.write_datetime(line, place, cell, form)
    elif kind in ("cents", "count", "days"):
        page.write_number(line, place, float(number(cell) or 0), form)
    elif kind == "percent":
        page.write_number(line, place, float((number(cell) or 0) / 100), form)
    else:
        write_text(page, line, place, text_of(cell), form)


def write_text(page: Any, line: int, place: int, text: str, form: Any) -> None:
    """Write a cell that is a text and stays one, whatever it begins with; Excel has a longest one."""
    page.write_string(line, place, text[:_LONGEST_CELL], form)


def _width(heading: str, column: str, rows: Sequence[Row]) -> int:
    """Characters of a column: what its cells need, in reason."""
    longest = max((len(text_of(row.get(column))) for row in rows[:_LOOKED_AT]), default=0)
    return min(max(longest + 2, min(len(heading) + 3, 16), 8), _WIDEST)


def parquet_bytes(rows: Sequence[Row], columns: Sequence[str], kinds: Mapping[str, Kind]) -> bytes:
    """Rows as a Parquet file: amounts as exact decimals, dates as dates, what is empty as null."""
    import pyarrow
    from pyarrow import parquet

    types = {
        "cents": pyarrow.decimal128(18, 2),
        "percent": pyarrow.decimal128(12, 1),
        "days": pyarrow.decimal128(12, 1),
        "count": pyarrow.int64(),
        "date": pyarrow.date32(),
        "text": pyarrow.string(),
    }
    found = kinds_of(columns, rows, kinds)
    fields = [pyarrow.field(column, types[found[column]]) for column in columns]
    arrays = [
        pyarrow.array([_value(row.get(column), found[column]) for row in rows], field.type)
        for column, field in zip(columns, fields, strict=True)
    ]
    made = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields)), made)
    return made.getvalue()


def _value(cell: Any, kind: Kind) -> Any:
    """A cell as Parquet keeps it."""
    if cell is None or kind in ("date", "count"):
        return cell if cell != "" else None
    if kind in ("cents", "percent", "days"):
        return number(cell)
    return text_of(cell)
