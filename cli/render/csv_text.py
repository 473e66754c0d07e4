"""Cells as text, and rows as CSV that a spreadsheet cannot run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from typing import IO

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
    return [_safe_for_spreadsheets(text_of(row.get(column))) for column in columns]


def _safe_for_spreadsheets(text: str) -> str:
    """Keep a spreadsheet from running a cell as a formula; plain negative numbers stay numbers."""
    if text[:1] in "=+@\t\r" and text[:1]:
        return "'" + text
    if text[:1] == "-" and not text[1:].replace(".", "", 1).isdigit():
        return "'" + text
    return text
