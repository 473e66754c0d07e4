"""What is shown: masks, bars, rows in every form, findings in the contract's shape."""

from __future__ import annotations

import json

import pytest

from cli.render import bar, finding_json, mask, money, place, write_rows
from edi.model.finding import Finding, Location, Severity


@pytest.mark.parametrize(
    ("text", "show", "expected"),
    [
        ("TESTER", False, "T•••••"),
        ("T", False, "T"),
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
