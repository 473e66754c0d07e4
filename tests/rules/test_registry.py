"""Declaring rules, a payer's levels, and the page made from the docstrings."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

import edi.rules
from edi.codes import load_tables
from edi.model.finding import Location, Severity
from edi.payers import RuleOverride, shipped_packs
from edi.rules import FAMILIES, RULES
from edi.rules.context import Problem
from edi.rules.docs import render
from edi.rules.registry import (
    ERROR,
    WARNING,
    Subject,
    check_claim,
    check_run,
    plan_for,
    rule,
    rules_of,
    run_rule,
    sorted_rules,
)

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
    modules = {path.stem for path in folder.glob("*.py")} - {
        "__init__",
        "billed",
        "context",
        "docs",
        "registry",
        "repairs",
        "subjects",
    }
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
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


def bound(*payers):
    return rule("XXX001", severity=ERROR, carc="16", payers=payers)(documented(DOCUMENTED))


@pytest.mark.parametrize(
    ("payers", "level", "found"),
    [
        (("medicare_b",), None, [ERROR]),
        (("a_contractor",), None, [ERROR]),
        (("medicaid", "railroad"), None, []),
        (("medicaid",), "warning", [WARNING]),
        ((), "error", [ERROR]),
        ((), None, []),
        (("medicare_b",), "off", []),
    ],
)
def test_a_rule_for_some_payers_is_turned_on_for_another_by_a_row(make, payers, level, found):
    rows = (RuleOverride(code="XXX001", level=level, reason="x"),) if level else ()
    context = make.context(payers=make.payers(key="a_contractor", rules=rows))
    assert [one.severity for one in check_claim(make.draft(), context, (bound(*payers),))] == found


def test_rules_that_are_off_are_not_called(make):
    called = []

    def counting(draft, context):
        called.append(draft)
        yield from ()

    counting.__doc__ = DOCUMENTED
    one = rule("XXX001", severity=ERROR)(counting)
    off = RuleOverride(code="XXX001", level="off", reason="x", valid_to=date(2024, 7, 31))
    payers = make.payers(rules=(off,))
    drafts = [make.draft(make.row(day=day)) for day in (date(2024, 7, 31), date(2024, 8, 1))]
    assert list(check_run(drafts, make.context(payers=payers), (one,))) == []
    assert called == [drafts[1]], "each claim is judged by the rows of its own day"


def test_equal_parts_are_judged_once_for_a_payer_until_one_is_wrong(make):
    seen = []

    def odd_rank(draft, context):
        seen.append((draft.payer_key, draft.claim.place_of_service))
        if draft.claim.place_of_service == "12":
            yield Problem(message="found", location=Location())

    odd_rank.__doc__ = DOCUMENTED
    place = Subject("place", lambda draft, context: [one for one in (draft.claim.place_of_service,) if one])
    one = rule("XXX001", severity=ERROR, subject=place)(odd_rank)
    drafts = [make.draft(place_of_service=code) for code in ("11", "11", "12", "12", "", "11")]
    drafts.append(make.draft(payer="commercial"))
    found = list(check_run(drafts, make.context(), (one,)))
    assert seen == [("medicare", "11"), ("medicare", "12"), ("medicare", "12"), ("commercial", "11")]
    assert len(found) == 2


def test_of_two_rows_for_a_day_the_last_one_counts(make):
    one = bound("medicare_b")
    rows = tuple(RuleOverride(code="XXX001", level=level, reason="x") for level in ("off", "info"))
    payer = make.payers(rules=rows)["medicare"]
    assert [severity for _, _, severity in plan_for(payer, date(2024, 8, 1), (one,))] == [Severity.INFO]
    assert plan_for(make.replace(payer, rules=rows[::-1]), date(2024, 8, 1), (one,)) == ()


def test_a_row_that_names_no_rule_is_said_with_what_was_meant(make):
    rows = (
        RuleOverride(code="AMT0001", level="off", reason="x"),
        RuleOverride(code="unt003", level="off", reason="x"),
        RuleOverride(code="QQQ999", level="off", reason="x"),
        RuleOverride(code="AMT001", level="off", reason="x"),
    )
    found = make.findings(make.draft(), payers=make.payers(rules=rows), code="OVR001")
    assert [one.fix for one in found[:2]] == ["Did you mean AMT001?", "Did you mean UNT003?"]
    assert found[2].fix == "Write the code as docs/rules.md has it."
    assert {one.location.field for one in found} == {"payer.medicare.rule"}
    assert len(found) == 3


def test_a_family_that_is_a_folder_gives_the_rules_of_all_its_modules():
    for family in FAMILIES:
        inner = [one for one in RULES if one.family == family.__name__.rpartition(".")[2]]
        assert sorted(one.code for one in rules_of(family)) == [one.code for one in inner]


def test_the_page_says_whom_a_rule_is_for_and_what_packs_make_of_it(make):
    row = RuleOverride(code="XXX001", level="off", reason="never asked", valid_from=date(2024, 1, 1))
    packs = {"a": make.payers(rules=(row,))["medicare"], "b": make.payers()["commercial"]}
    one = rule("XXX001", severity=ERROR, carc="16", payers=("railroad",))(
        documented(DOCUMENTED.replace("Source: c.", "Source: payers.toml corrections.method."))
    )
    page = render((one,), [ModuleType("edi.rules.tests", "A family.")], load_tables(), packs)
    assert "- For: payers of kind railroad; off for `a` from 2024-01-01 (never asked)" in page
    assert "- By pack: `corrections.method` reopening (a), replace (b)" in page


def test_the_page_of_rules_is_in_step(golden):
    golden("../../docs/rules.md", render(RULES, FAMILIES, load_tables(), shipped_packs()))
