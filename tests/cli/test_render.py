"""What is shown: masks, bars, rows in every form, findings in the contract's shape."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from cli.render import bar, finding_json, lay_out, mask, money, place, write_rows
from edi.model.finding import Finding, Location, Severity


@pytest.mark.parametrize(
    ("text", "show", "expected"),
    [
        ("TESTER", False, "T•••••"),
        ("T", False, "•"),
        ("Te", False, "T•"),
        ("T", True, "T"),
        ("", False, ""),
        (None, False, ""),
        ("TESTER", True, "TESTER"),
    ],
)
def test_mask(text, show, expected):
    assert mask(text, show) == expected


@pytest.mark.parametrize(
    ("value", "largest", "expected"), [(0, 5, ""), (5, 5, "████"), (1, 1000, "▏"), (3, 4, "███")]
)
def test_bar_is_in_proportion_and_never_empty_for_something(value, largest, expected):
    assert bar(value, largest, 4) == expected


def test_rows_in_every_form(capsys):
    rows = [
        {"claim": "A1", "amount": "85.00", "patient": None},
        {"claim": "=2+2", "amount": "-3.10", "patient": None},
    ]
    write_rows(rows, ["claim", "amount"], form="csv", path=None)
    assert capsys.readouterr().out == "claim,amount\nA1,85.00\n'=2+2,-3.10\n"
    write_rows(rows, ["claim", "amount"], form="json", path=None)
    assert json.loads(capsys.readouterr().out) == rows
    write_rows(rows, ["claim", "amount"], form="table", path=None)
    shown = capsys.readouterr().out
    assert "A1" in shown
    assert "85.00" in shown


def test_rows_go_to_a_file_instead_of_stdout(tmp_path, capsys):
    target = tmp_path / "rows.csv"
    write_rows([{"claim": "A1"}], ["claim"], form="csv", path=target)
    assert target.read_text() == "claim\nA1\n"
    assert capsys.readouterr().out == ""


def test_a_finding_is_flat_and_has_no_empty_places():
    finding = Finding(
        code="BAL001",
        severity=Severity.ERROR,
        message="off by a cent",
        location=Location(file="a.835", segment=17, element="SVC03"),
    )
    assert finding_json(finding) == {
        "code": "BAL001",
        "severity": "error",
        "message": "off by a cent",
        "file": "a.835",
        "segment": 17,
        "element": "SVC03",
    }
    assert place(finding) == "a.835, segment 17, SVC03"


def test_money_of_nothing_is_nothing():
    assert money(None) is None
    assert money(-53) == "-0.53"


ROWS = [
    {
        "patient_control_number": "A" * 20,
        "date_of_service": "2026-02-02",
        "category": "provider_credentialing_enrolment",
        "amount": "85.00",
        "next_action": "review_ncci_modifier_correct_or_writeoff",
        "payer_name": "HARBOR BLUE MUTUAL",
    },
    {"patient_control_number": "B1", "date_of_service": "2026-02-03", "amount": "5.00", "category": "other"},
]
WIDE = ("patient_control_number", "date_of_service", "payer_name", "category", "amount", "next_action")
NARROW = ("patient_control_number", "date_of_service", "category", "amount", "next_action")


def shown(width):
    """The lines of the table on a terminal of that width; None: no terminal."""
    table = lay_out(ROWS, WIDE, NARROW, width)
    console = Console(file=io.StringIO(), width=max(width or 0, table.width))
    console.print(table)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("width", "all_columns"), [(None, True), (160, True), (100, True), (80, True), (70, False)]
)
def test_a_table_fits_the_terminal_and_keeps_names_and_dates_whole(width, all_columns):
    lines = shown(width)
    assert width is None or max(map(len, lines)) <= width
    text = "\n".join(lines)
    for whole in ("A" * 20, "2026-02-02", "85.00", "control number"):
        assert whole in text
    assert ("HARBOR" in text) is all_columns


def test_a_key_is_folded_at_underscores_only():
    words = {word for text in shown(80) for word in text.split()}
    assert {"provider_", "credentialing_", "enrolment"} <= words
    assert "…" not in "".join(shown(80))
    assert "…" in "".join(shown(64)), "where not even a word fits"


def test_where_there_is_no_terminal_a_row_is_a_line(capsys, tmp_path):
    write_rows(ROWS, WIDE, form="table", path=None, narrow=NARROW, footer=["2 rows, 90.00"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(ROWS) + 2
    assert "review_ncci_modifier_correct_or_writeoff" in lines[1]
    assert lines[-1] == "2 rows, 90.00"
    write_rows(ROWS, WIDE, form="table", path=tmp_path / "rows.txt", footer=["2 rows, 90.00"])
    assert (tmp_path / "rows.txt").read_text().splitlines() == lines
