"""Findings on the terminal: in the order of the files, and what is said of a whole visit once."""

from __future__ import annotations

from rich.console import Console

from cli.render import finding_json, print_findings
from edi.model.finding import Finding, Location, Severity


def finding(row, code="CHG007", severity=Severity.ERROR, message="not there", **place):
    place = {"file": "sessions.csv", "row": row, "visit": "V1", "field": "treating_npi", **place}
    return Finding(code=code, severity=severity, message=message, location=Location(**place), fix="Add it.")


def printed(*findings, limit=None):
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        print_findings(findings, console, limit=limit)
    return [line for line in capture.get().splitlines() if not line.startswith("        fix")]


def test_the_same_of_a_visit_is_said_once_with_its_rows():
    told = printed(finding(4), finding(2), finding(3), finding(9, visit="V2"))
    assert told == [
        "error   CHG007  sessions.csv, row 2, treating_npi: not there (and 2 more rows: 3, 4)",
        "error   CHG007  sessions.csv, row 9, treating_npi: not there",
    ]


def test_what_differs_is_said_apart():
    others = (
        finding(3, message="expired"),
        finding(4, field="rendering_npi"),
        finding(5, severity=Severity.WARNING),
        finding(6, code="CHG008"),
        finding(7, file="more.csv"),
        finding(8, visit=None),
        finding(9, visit=None),
    )
    assert len(printed(finding(2), *others)) == 8


def test_order_is_severity_then_file_and_row():
    told = printed(
        finding(1, severity=Severity.INFO, visit="A"),
        finding(None, visit=None, message="all of it"),
        finding(30, visit="B"),
        finding(4, visit="C"),
        finding(2, severity=Severity.WARNING, visit="D"),
    )
    assert [line.split(",")[1].split(":")[0].strip() for line in told] == [
        "row 4", "row 30", "treating_npi", "row 2", "row 1",
    ]  # fmt: skip


def test_the_limit_counts_what_is_shown_and_the_rest_is_counted():
    told = printed(finding(2), finding(3), finding(5, visit="V2"), finding(6, visit="V2"), limit=1)
    assert told[0].endswith("(and 1 more row: 3)")
    assert told[1].startswith("… and 2 more")


def test_json_names_the_visit():
    assert finding_json(finding(2))["visit"] == "V1"
