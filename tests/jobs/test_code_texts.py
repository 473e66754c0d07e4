"""Every code that the program can say has its explanation, and none is explained that it cannot say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cli.jobs.code_texts import GUARDRAILS, code_text, finding_codes, title
from cli.jobs.explain import explain, next_actions, similar
from cli.jobs.fix_texts import FIXES
from edi.codes import load_tables
from edi.rules import RULES
from reconcile.denial_rules import denial_table
from reconcile.store.checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
TABLES = load_tables()
NUMBERED = re.compile(r"[A-Z]{3}\d{3}")
NAMED = re.compile(r"[A-Z]{3,}(_[A-Z]+)+|RECODED")


def constants(path: Path) -> set[str]:
    """The texts in a module, without the names that it hands out in ``__all__``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [
        one
        for one in tree.body
        if not (isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__all__")
    ]
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def emitted() -> set[str]:
    """What modules write as the code of a finding."""
    found: set[str] = set()
    for package in ("edi", "reconcile", "cli"):
        for path in (ROOT / package).rglob("*.py"):
            if path.name in ("catalogue.py", "code_texts.py", "fix_texts.py"):
                continue
            texts = constants(path)
            found |= {text for text in texts if NUMBERED.fullmatch(text)}
            if package == "reconcile" or path.name == "check.py":
                found |= {text for text in texts if NAMED.fullmatch(text)}
    return found


def test_every_code_in_the_sources_is_explained():
    assert {code for code in emitted() if not explain(code, TABLES, RULES)} == set()


def test_every_explained_code_is_in_the_sources():
    assert set(finding_codes()) - emitted() == set()


def test_every_code_that_is_no_rule_s_has_its_fix():
    assert set(finding_codes()) == set(FIXES)


def test_the_search_finds_codes():
    assert {"CHG020", "ENV012", "BAL001", "SUB020", "PYX900", "RMT008", "ING010", "CARC_UNKNOWN"} <= emitted()


def test_no_two_codes_say_the_same_and_no_code_belongs_to_a_rule():
    texts = [code_text(code) for code in finding_codes()]
    assert all(one is not None and one.text.endswith(".") for one in texts)
    repeated = {one.text for one in texts if one is not None and texts.count(one) > 1}
    assert repeated == set()
    assert {one.code for one in RULES} & set(finding_codes()) == set()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("chg020", "finding"),
        ("INP023", "finding"),
        ("ENV012", "finding"),
        ("PYXE7", "finding"),
        ("changed_after_billing", "finding"),
        ("bank", "check"),
        ("VER_BANK", "check"),
        ("no_patient_bill", "guardrail"),
        ("write_off", "next_action"),
        ("DUP001", "rule"),
    ],
)
def test_kinds(code, kind):
    assert kind in [one.kind for one in explain(code, TABLES, RULES)]


def test_what_pyx12_finds_is_told_by_its_letter():
    assert "element" in title("PYXE7")
    assert "segment" in title("PYXSHL1")
    assert title("PYXX1") == ""


def test_every_check_guardrail_and_next_action_is_explained():
    table = denial_table()
    rules = [*table.rule, *table.reversal]
    assert {word for rule in rules for word in rule.guardrails} == set(GUARDRAILS)
    words = {rule.next_action for rule in rules if rule.next_action}
    assert words <= set(next_actions(TABLES))
    for word in (*CHECKS, *GUARDRAILS, *next_actions(TABLES)):
        found = explain(word, TABLES, RULES)
        assert found, word
        assert all(one.title and one.facts for one in found), word


def test_a_slip_in_a_word_is_guessed():
    assert "no_patient_bill" in similar("no_patient_bil", TABLES, RULES)
    assert "CHG020" in similar("CHG0200", TABLES, RULES)


def test_titles_are_of_rules_and_of_all_other_findings():
    assert title("UNT003") == "More timed units billed than the documented minutes allow."
    assert title("CHG007") == "A therapist is not in claimloop.toml."
    assert title("NOTHING") == ""
