"""`report …` from the command line: every form, drill-down, filters, pictures, and what is refused."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from pyarrow import parquet
from python_calamine import CalamineWorkbook

from cli.jobs.reports.page import page
from cli.jobs.reports.workbook import formula_rows
from reconcile.reports.registry import REPORTS, report
from tests.command_line import claimloop


@pytest.fixture
def ask(looped_folder):
    """Runs a report on the demo's store; it ends 0."""

    def run(*words, code=0):
        done = claimloop("report", *words, "--config", looped_folder / "claimloop.toml")
        assert done.code == code, done.err
        return done

    return run


def test_the_page_of_reports_is_in_step(golden):
    golden("../../docs/reports.md", page())


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_answers_in_every_form(ask, tmp_path, name):
    one = report(name)
    columns = [column.name for column in one.columns]
    told = ask(name, "--json").json
    assert (told["schema_version"], told["report"]) == (1, name)
    assert told["formulas"] == {figure.column: figure.formula for figure in one.figures}
    assert all(list(row) == columns for row in told["rows"])
    lines = list(csv.DictReader(io.StringIO(ask(name, "--format", "csv").out)))
    assert [{key: value or None for key, value in line.items()} for line in lines] == [
        {key: None if value is None or value == "" else str(value) for key, value in row.items()}
        for row in [*told["rows"], *([told["total"]] if told["total"] else [])]
    ]
    assert ask(name).out.splitlines()[0].split()
    check_parquet(ask, tmp_path / "rows.parquet", one, told)
    check_workbook(ask, tmp_path / "book.xlsx", one, told)


def check_parquet(ask, path, one, told):
    ask(one.name, "--format", "parquet", "--output", path)
    table = parquet.read_table(path)
    types = {"cents": "decimal128(18, 2)", "percent": "decimal128(12, 1)", "days": "decimal128(12, 1)", "count": "int64",
             "date": "date32[day]", "text": "string"}  # fmt: skip
    assert {field.name: str(field.type) for field in table.schema} == {
        column.name: types[column.kind] for column in one.columns
    }
    for kept, row in zip(table.to_pylist(), told["rows"], strict=True):
        for column in one.columns:
            value = row[column.name]
            if value is not None and column.kind in ("cents", "percent", "days"):
                value = Decimal(value)
            elif value is not None and column.kind == "date":
                value = date.fromisoformat(value)
            assert kept[column.name] == value


def check_workbook(ask, path, one, told):
    ask(one.name, "--format", "xlsx", "--output", path)
    first = path.read_bytes()
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == [one.title[:31], "Formulas", "Asked"]
    heading, *lines = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert len(heading) == len(one.columns)
    rows = [*told["rows"], *([told["total"]] if told["total"] else [])]
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        for kept, column in zip(line, one.columns, strict=True):
            value = row[column.name]
            if column.kind in ("cents", "count", "days") and value is not None:
                assert kept == pytest.approx(float(value))
            elif column.kind == "percent" and value is not None:
                assert kept == pytest.approx(float(value) / 100)
    definitions = book.get_sheet_by_name("Formulas").to_python()
    assert [line[1] for line in definitions[1:]] == [row["formula"] for row in formula_rows(one)]
    assert first[:2] == b"PK"


def test_the_same_day_gives_the_same_workbook(ask, tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        ask("aging", "--as-of", "2026-04-01", "--format", "xlsx", "--output", tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_the_rows_behind_a_figure_sum_to_it(ask):
    rows = ask("rates", "--by", "payer", "--json").json["rows"]
    for row in rows:
        behind = ask("rates", "--by", "payer", "--rows", "denied", "--group", row["group"], "--json").json
        assert len(behind) == row["denied_claims"]
        assert sum(Decimal(one["denied_cents"]) for one in behind) == Decimal(row["denied"])
        assert {one["group"] for one in behind} <= {row["group"]}


def test_filters_narrow_what_counts(ask):
    whole = ask("collection", "--json").json
    parts = [
        ask("collection", "--practice", name, "--json").json["total"]["claims"]
        for name in ("quill", "saltmarsh", "marrow")
    ]
    assert sum(parts) == whole["total"]["claims"]
    assert all(0 < part < whole["total"]["claims"] for part in parts)
    first = ask("collection", "--until", "2026-02-28", "--json").json["total"]["claims"]
    rest = ask("collection", "--since", "2026-03-01", "--json").json["total"]["claims"]
    assert first + rest == whole["total"]["claims"]
    assert min(first, rest) > 0
    harbor = ask("rates", "--payer", "HARBOR", "--json").json
    assert [row["group"] for row in harbor["rows"]] == ["harbor_blue"]


def test_a_day_in_the_past_knows_no_later_money(ask):
    before = ask("payments", "--as-of", "2026-03-31", "--json").json
    after = ask("payments", "--json").json
    assert Decimal(before["total"]["amount"]) < Decimal(after["total"]["amount"])
    assert max(row["paid_on"] for row in before["rows"]) <= "2026-03-31"
    assert ask("collection", "--as-of", "2020-01-01", "--json").json["rows"] == []


@pytest.mark.parametrize("name", [name for name in REPORTS if report(name).chart is not None])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_pictures_are_drawn(ask, tmp_path, name, suffix):
    path = tmp_path / f"picture{suffix}"
    done = ask(name, "--picture", path, "--json")
    assert done.json["report"] == name
    begin = path.read_bytes()[:200]
    assert begin.startswith(b"\x89PNG") if suffix == ".png" else b"<?xml" in begin
    assert path.stat().st_size > 5_000


def test_an_svg_says_what_it_shows_and_is_the_same_each_time(ask, tmp_path):
    for name in ("a.svg", "b.svg"):
        ask("denials", "--picture", tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("denials", "--by", "moon"), "none of category"),
        (("kpi", "--by", "payer"), "one shape"),
        (("rates", "--rows", "moon"), "adjudicated, denied"),
        (("rates", "--group", "x"), "--rows"),
        (("rates", "--format", "xlsx"), "--output"),
        (("rates", "--format", "parquet"), "--output"),
        (("rates", "--picture", "x.gif"), ".png or .svg"),
        (("kpi", "--picture", "x.png"), "no picture"),
        (("rates", "--practice", "moon"), "none of"),
        (("rates", "--payer", "moon"), "none of"),
        (("rates", "--since", "2026-02-02", "--until", "2026-02-01"), "later than"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask, words, said):
    done = ask(*words, code=2)
    assert said in done.err
    assert done.out == ""


def test_kpi_has_the_totals_of_the_other_reports(ask):
    rows = {row["group"]: row for row in ask("kpi", "--json").json["rows"]}
    rates = ask("rates", "--json").json["total"]
    aging = ask("aging", "--json").json["total"]
    assert rows["denial rate in claims"]["percent"] == rates["rate_claims"]
    assert rows["denial rate in dollars"]["percent"] == rates["rate_dollars"]
    assert rows["open at payers and patients"]["amount"] == aging["total"]
    assert (
        rows["first-pass resolution"]["percent"]
        == ask("resolution", "--json").json["total"]["first_pass_resolution"]
    )
    assert (
        rows["nine in ten answers within"]["days"] == f"{ask('payers', '--json').json['total']['lag_p90']}.0"
    )
