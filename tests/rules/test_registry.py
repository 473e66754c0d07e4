"""Declaring rules, a payer's levels, and the page made from the docstrings."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import edi.rules
from edi.codes import load_tables
from edi.model.finding import Location, Severity
from edi.payers import RuleOverride
from edi.rules import FAMILIES, RULES
from edi.rules.context import Problem
from edi.rules.docs import render
from edi.rules.registry import ERROR, rule, run_rule, sorted_rules

DOCUMENTED = "A defect.\n\nWhy: a.\nFix: b.\nSource: c."


def documented(text):
    def found(draft, context):
        yield Problem(message="found", location=Location())

    found.__doc__ = text
    return found


def test_the_rules_are_sorted_unique_and_frozen():
    codes = [one.code for one in RULES]
    assert codes == sorted(set(codes))
    assert isinstance(RULES, tuple)


def test_registration_does_not_depend_on_who_imported_what():
    program = "import edi.rules.units; import edi.rules; print(len(edi.rules.RULES))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(RULES)


def test_every_module_of_rules_is_a_family():
    folder = Path(edi.rules.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "context", "docs", "registry"}
    assert {family.__name__.rpartition(".")[2] for family in FAMILIES} == modules


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.code)
def test_every_rule_is_documented_and_names_a_living_carc(one):
    assert one.title.endswith(".")
    assert len(one.why) > 20
    assert one.fix
    assert one.source
    if one.severity is Severity.ERROR:
        assert one.carc, "an error is what a payer would deny"
    if one.carc is not None:
        known = load_tables().carc(one.carc)
        assert known is not None
        assert known.posting_class == "denial"


def test_a_code_belongs_to_one_family():
    families = {}
    for one in RULES:
        families.setdefault(one.code[:-3], set()).add(one.family)
    assert all(len(found) == 1 for found in families.values())


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (None, "Why, Fix, Source"),
        ("A defect.\n\nWhy: a.\nFix: b.", "Source"),
        ("A defect.\n\nWhy: a.\nFix: \nSource: c.", "Fix"),
        ("Why: a.\nFix: b.\nSource: c.", "a first line"),
    ],
)
def test_an_undocumented_rule_cannot_be_declared(text, lacks):
    with pytest.raises(ValueError, match=lacks):
        rule("XXX001", severity=ERROR)(documented(text))


@pytest.mark.parametrize("code", ["X001", "XXX1", "xxx001", "XXXX001"])
def test_a_code_has_its_form(code):
    with pytest.raises(ValueError, match="is not a rule code"):
        run_rule(code, severity=ERROR)(documented(DOCUMENTED))


def test_a_code_is_declared_once():
    one = rule("XXX001", severity=ERROR)(documented(DOCUMENTED))
    with pytest.raises(ValueError, match="declared twice: XXX001"):
        sorted_rules([one, one])


def test_a_rule_called_by_itself_gives_findings(make):
    one = rule("XXX001", severity=ERROR, carc="16")(documented(DOCUMENTED))
    (found,) = one(make.draft(), make.context())
    assert (found.code, found.severity, found.message, found.fix, found.why, found.carc) == (
        "XXX001",
        ERROR,
        "found",
        "b.",
        "a.",
        "16",
    )


@pytest.mark.parametrize(
    ("level", "valid_from", "valid_to", "severity"),
    [
        ("off", None, None, None),
        ("info", None, None, Severity.INFO),
        ("warning", date(2024, 8, 1), date(2024, 8, 1), Severity.WARNING),
        ("warning", date(2024, 8, 2), None, Severity.ERROR),
        ("off", None, date(2024, 7, 31), Severity.ERROR),
    ],
)
def test_a_payer_turns_a_rule_off_up_or_down_between_dates(make, level, valid_from, valid_to, severity):
    override = RuleOverride(code="AMT001", level=level, reason="x", valid_from=valid_from, valid_to=valid_to)
    payers = make.payers(rules=(override,))
    mine, other = make.draft(make.row(charge=0)), make.draft(make.row(charge=0), payer="commercial")
    assert [one.severity for one in make.findings(mine, payers=payers, code="AMT001")] == (
        [severity] if severity else []
    )
    assert [one.severity for one in make.findings(other, payers=payers, code="AMT001")] == [ERROR]


def test_a_payer_may_raise_a_warning_to_an_error(make):
    payers = make.payers(rules=(RuleOverride(code="BND003", level="error", reason="x"),))
    (found,) = make.findings(make.draft(make.row("97010")), payers=payers, code="BND003")
    assert found.severity is ERROR


def test_the_page_of_rules_is_in_step(golden):
    golden("../../docs/rules.md", render(RULES, FAMILIES, load_tables()))
