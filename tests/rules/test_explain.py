"""`claimloop explain`: every kind of code, codes that are several things, and codes that are none."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from cli.commands.explain import explain as command
from cli.exits import MEANING
from cli.jobs.explain import explain, similar
from edi.codes import load_tables
from edi.rules import RULES

TABLES = load_tables()


def kinds(code):
    return [one.kind for one in explain(code, TABLES, RULES)]


def run(*arguments):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("UNT003", ["rule"]),
        ("unt003", ["rule"]),
        ("97", ["carc"]),
        ("CO-97", ["carc"]),
        ("carc 97", ["carc"]),
        ("B7", ["carc"]),
        ("M15", ["rarc"]),
        ("bundling_ncci", ["category"]),
        ("143", ["carc", "exit_code"]),
        ("4", ["carc", "exit_code"]),
        ("0", ["exit_code"]),
        ("nothing", []),
        ("", []),
    ],
)
def test_what_a_code_may_be(code, expected):
    assert kinds(code) == expected


def test_a_carc_says_what_a_biller_needs():
    (one,) = explain("97", TABLES, RULES)
    assert one.title == "included in another adjudicated service"
    assert one.facts["category"] == "bundling_ncci"
    assert one.facts["posting_class"] == "denial"
    assert one.facts["next_action"] == "review_ncci_modifier_correct_or_writeoff"
    assert "never bill patient" in one.facts["group_dependence"]
    assert one.facts["valid_from"] == "1995-01-01"
    assert "CO 97 M15: bundling_ncci, write_off (status-B code e.g. 97010)" in one.facts["with_remarks"]


def test_a_deactivated_carc_names_its_end_and_successor():
    (one,) = explain("15", TABLES, RULES)
    assert one.title == "deactivated on 2018-05-01"
    assert one.facts["successor"] == "284/296/197"


def test_a_rule_says_why_fix_and_carc():
    (one,) = explain("UNT003", TABLES, RULES)
    assert {"why", "fix", "source", "severity"} <= set(one.facts)
    assert one.facts["would_come_back_as"].startswith("CARC 151: ")


def test_every_code_is_explained():
    for code in (*TABLES.carcs, *TABLES.rarcs, *TABLES.categories, *(one.code for one in RULES)):
        found = explain(code, TABLES, RULES)
        assert found, code
        assert all(one.title and all(one.facts.values()) for one in found), code


def test_every_exit_code_is_explained():
    for code, meaning in MEANING.items():
        assert meaning in [one.title for one in explain(str(int(code)), TABLES, RULES)]


@pytest.mark.parametrize(
    ("code", "meant"),
    [("UNT03", "UNT003"), ("MA1300", "MA130"), ("bundling_nci", "bundling_ncci")],
)
def test_what_was_meant(code, meant):
    near = similar(code, TABLES, RULES)
    assert len(near) <= 3
    assert meant in near


def test_json_is_one_document():
    done = run("4", "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    assert document["code"] == "4"
    assert [one["kind"] for one in document["explanations"]] == ["carc", "exit_code"]
    assert set(document["explanations"][0]) == {"kind", "code", "title", "facts"}


def test_text_has_a_heading_and_facts():
    done = run("97")
    assert done.exit_code == 0
    assert done.stdout.startswith(
        "CARC 97: included in another adjudicated service\n  category: bundling_ncci\n"
    )


def test_an_unknown_code_is_a_usage_error_with_a_question():
    done = run("UNT03")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "did you mean UNT003" in done.stderr
