"""Rows in every form that a command offers: a table, CSV, JSON, Parquet, an Excel workbook."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from cli.private import write_output
from cli.render.columns import Kind
from cli.render.console import Row, output, stdout, write_json
from cli.render.csv_text import write_csv
from cli.render.table import print_table
from cli.trail import noted
from edi.model.errors import UsageError

FORMS: Final = ("table", "csv", "json", "parquet", "xlsx")
"""What ``--format`` takes where rows are the answer."""
_BINARY: Final = ("parquet", "xlsx")
_CREATED: Final = datetime.combine(date(2000, 1, 1), time(12))
"""The moment that a workbook bears, so that the same rows give the same bytes."""


def check_target(form: str, path: Path | None) -> None:
    """Refuse a form that is not text where there is no file for it.

    Raises:
        UsageError: Parquet or xlsx without ``--output``.
    """
    if form in _BINARY and path is None:
        raise UsageError(f"--format {form} needs --output FILE")


def write_rows(
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    form: str,
    path: Path | None,
    narrow: Sequence[str] = (),
    footer: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    titles: Mapping[str, str] | None = None,
) -> None:
    """Write rows in one of ``FORMS`` to ``path`` or stdout.

    Args:
        rows: mappings that hold at least ``columns``; amounts are already decimal text.
        columns: which of them, in order; the keys of the JSON objects are all keys of the rows.
        form: one of ``FORMS``.
        path: where to, None for stdout.
        narrow: the columns of a table where the terminal is too narrow for ``columns``.
        footer: lines under a table: totals, what to do next.
        kinds: what columns hold, where neither name nor cells tell.
        titles: headings of a table and a sheet that are not the columns' names.

    Raises:
        UsageError: Parquet or xlsx without a path, or too many rows for a sheet.
    """
    check_target(form, path)
    if form == "json":
        write_json(list(rows), path)
    elif form == "csv":
        with output(path) as stream:
            write_csv(noted(rows), columns, stream)
    elif form in _BINARY:
        assert path is not None  # noqa: S101 - looked at above
        _write_binary(list(noted(rows)), columns, form, path, kinds or {}, titles or {})
    else:
        with output(path) as stream:
            width = stdout().width if path is None and sys.stdout.isatty() else None
            print_table(list(noted(rows)), columns, narrow, footer, stream, width, titles or {}, kinds or {})


def _write_binary(
    rows: Sequence[Row],
    columns: Sequence[str],
    form: str,
    path: Path,
    kinds: Mapping[str, Kind],
    titles: Mapping[str, str],
) -> None:
    from cli.render.sheets import Sheet, parquet_bytes, workbook

    if form == "parquet":
        write_output(path, parquet_bytes(rows, columns, kinds))
        return
    sheet = Sheet(name="Rows", columns=columns, rows=rows, kinds=kinds, titles=titles)
    write_output(path, workbook([sheet], "claimloop", _CREATED))
