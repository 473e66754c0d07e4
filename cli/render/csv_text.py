"""Cells as text, and rows as CSV that a spreadsheet cannot run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import IO, Final

from cli.render.console import Cell, Row


def text_of(cell: Cell) -> str:
    """Return a cell as text: nothing for None, yes or no for a truth value, words of a list between blanks."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str | int | date):
        return str(cell)
    return " ".join(cell)


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: IO[str]) -> None:
    """Write a heading and the rows."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(csv_cells(row, columns))


def csv_cells(row: Row, columns: Sequence[str]) -> list[str]:
    """Return the cells of a CSV row as text, safe to open in a spreadsheet."""
    return [harmless(text_of(row.get(column))) for column in columns]


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula: one that begins like one gets an apostrophe before it.

    Plain numbers stay numbers, negative ones too. Every CSV that leaves goes through here; the cells of workbooks are
    typed, and go through `cli.render.sheets.write_text`.
    """
    if text[:1] in _BEGINS_FORMULA and text and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


_BEGINS_FORMULA: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""With the wide forms of =, +, - and @, which some spreadsheets take for the same."""
_NUMBER: Final = re.compile(r"-[0-9]+(?:\.[0-9]+)?")
