"""Rows as CSV, Parquet and Excel: exact amounts, real dates, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from python_calamine import CalamineWorkbook

from cli.render import csv_cells, write_rows
from cli.render.sheets import Sheet, workbook
from edi.model.errors import UsageError

ROWS = [
    {
        "claim": "=1+1",
        "charge": "85.00",
        "date_from": date(2026, 1, 31),
        "count": 3,
        "words": ("a", "b"),
        "sent": True,
    },
    {"claim": "-C1", "charge": "-1234567.89", "date_from": None, "count": None, "words": (), "sent": False},
    {
        "claim": "@x",
        "charge": None,
        "date_from": date(2026, 2, 1),
        "count": 0,
        "words": ("+c",),
        "sent": True,
    },
]
COLUMNS = ("claim", "charge", "date_from", "count", "words", "sent")


def test_csv_cells_are_no_formulas(tmp_path):
    write_rows(ROWS, COLUMNS, form="csv", path=tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["claim"] for row in rows] == ["'=1+1", "'-C1", "'@x"]
    assert [row["charge"] for row in rows] == ["85.00", "-1234567.89", ""]
    assert rows[2]["words"] == "'+c"


@given(st.text(min_size=1, max_size=8))
def test_no_csv_cell_begins_as_a_formula(text):
    (cell,) = csv_cells({"a": text}, ["a"])
    assert cell[:1] not in ("=", "+", "@", "\t", "\r")
    assert cell[:1] != "-" or cell[1:].replace(".", "", 1).isdigit()
    assert cell in (text, "'" + text)


def test_a_workbook_holds_texts_numbers_and_dates(tmp_path):
    write_rows(ROWS, COLUMNS, form="xlsx", path=tmp_path / "rows.xlsx")
    heading, *lines = CalamineWorkbook.from_path(tmp_path / "rows.xlsx").get_sheet_by_index(0).to_python()
    assert heading == ["claim", "charge", "service", "count", "words", "sent"]
    assert lines == [
        ["=1+1", 85.0, date(2026, 1, 31), 3.0, "a b", "yes"],
        ["-C1", -1234567.89, "", "", "", "no"],
        ["@x", "", date(2026, 2, 1), 0.0, "+c", "yes"],
    ]
    with zipfile.ZipFile(tmp_path / "rows.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        styles = parts.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet
    assert "#,##0.00" in styles
    assert "yyyy\\-mm\\-dd" in styles or "yyyy-mm-dd" in styles


def test_parquet_keeps_amounts_exact(tmp_path):
    write_rows(ROWS, COLUMNS, form="parquet", path=tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table["charge"].to_pylist() == [Decimal("85.00"), Decimal("-1234567.89"), None]
    assert table["date_from"].to_pylist() == [date(2026, 1, 31), None, date(2026, 2, 1)]
    assert table["count"].to_pylist() == [3, None, 0]
    assert table["claim"].to_pylist() == ["=1+1", "-C1", "@x"]
    assert table["words"].to_pylist() == ["a b", "", "+c"]


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "xlsx", "table"])
def test_no_rows_make_a_whole_file(tmp_path, form):
    write_rows([], COLUMNS, form=form, path=tmp_path / "rows")
    assert (tmp_path / "rows").stat().st_size > 0


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_binary_forms_want_a_file(form):
    with pytest.raises(UsageError, match="--output"):
        write_rows(ROWS, COLUMNS, form=form, path=None)


def test_a_sheet_has_no_more_rows_than_excel(monkeypatch):
    monkeypatch.setattr("cli.render.sheets._MOST_ROWS", 2)
    with pytest.raises(UsageError, match="csv or parquet"):
        workbook([Sheet(name="Rows", columns=COLUMNS, rows=ROWS)], "x", datetime(2026, 1, 1))
