"""The rows of payers.toml that turn rules, and what each shipped setting stands on."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import pytest

from edi.model.finding import Severity
from edi.payers import load_payers, shipped_packs
from edi.rules import RULES

SHIPPED = resources.files("edi.payers").joinpath("payers.toml").read_text(encoding="utf-8")
CODES = {one.code for one in RULES}
IDENTITY = ("name", "kind", "code", "reason")
"""Keys that are what they say; a reason is its own source."""


def load(text):
    return load_payers(tomllib.loads(text), "payers.toml")


ROW = """
[payer.x]
name = "X"
kind = "medicaid"
[[payer.x.rule]]
code = "CLM004"
level = "error"
from = {first}
to = {last}
reason = "{reason}"
"""


def test_own_rows_come_after_those_of_the_pack():
    text = ROW.format(first="2026-01-01", last="2026-12-31", reason="manual 4.2")
    profiles, findings = load(text)
    assert findings == ()
    assert [row.level for row in profiles["x"].rules] == ["warning", "error"]


@pytest.mark.parametrize(
    ("first", "last", "reason", "code", "field"),
    [
        ("2026-01-01", "2026-12-31", "  ", "SET015", "payer.x.rule.reason"),
        ("2026-01-02", "2026-01-01", "manual", "SET016", "payer.x.rule.to"),
        ("2026-01-01", "2026-01-01", "manual", None, None),
    ],
)
def test_a_row_has_a_reason_and_days(first, last, reason, code, field):
    profiles, findings = load(ROW.format(first=first, last=last, reason=reason))
    assert [(one.code, one.location.field) for one in findings] == ([(code, field)] if code else [])
    assert all(one.severity is Severity.ERROR for one in findings)
    assert "x" in profiles


def test_a_row_without_a_reason_at_all_is_refused():
    profiles, (finding,) = load('[payer.x]\nname="X"\n[[payer.x.rule]]\ncode="AMT001"\nlevel="off"')
    assert profiles == {}
    assert (finding.code, finding.location.field) == ("SET002", "payer.x.rule[0]")
    assert "reason" in finding.message


def test_the_packs_turn_rules_that_exist():
    assert {row.code for pack in shipped_packs().values() for row in pack.rules} <= CODES


def test_every_shipped_setting_says_what_it_stands_on():
    bare = [
        line
        for line in SHIPPED.splitlines()
        if (key := re.match(r"([a-z_0-9]+) = ", line)) and key[1] not in IDENTITY and "#" not in line
    ]
    assert bare == []
