"""docs/denials.md, and that every active CARC has one category, one posting class and one action."""

from __future__ import annotations

import csv

import pytest

from cli.jobs.denial_page import actions_without_text, active, render
from edi.codes.lookup import load_tables
from reconcile.denial_rules import denial_table

TABLES = load_tables()


def test_the_page_of_denials_is_in_step(golden):
    golden("../../docs/denials.md", render(TABLES, denial_table()))


def test_every_active_carc_has_one_category_class_and_action():
    rows = active(TABLES)
    assert len({row.code for row in rows}) == len(rows) > 290
    for row in rows:
        assert row.category in TABLES.categories, row.code
        assert row.posting_class in ("patient", "contractual", "memo", "pended", "denial"), row.code
        assert row.default_action, row.code
    assert actions_without_text(TABLES) == set()


def test_the_page_counts_what_may_decide():
    text = render(TABLES, denial_table())
    by = {
        kind: sum(row.assignment == kind for row in TABLES.rarcs.values())
        for kind in ("reviewed", "manual", "keyword_rule")
    }
    assert f"{by['reviewed']} reviewed and {by['manual']} assigned by hand" in text
    assert f"{by['keyword_rule']} sorted by keyword" in text


@pytest.mark.corpus
def test_the_facts_know_the_same_codes(facts_dir):
    def rows(name):
        with (facts_dir / name).open(encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    told = {row["carc"] for row in rows("carc_categories.csv") if row["status"] == "active"}
    assert told == {row.code for row in active(TABLES)}
    assert len(rows("rarc_categories.csv")) == len(TABLES.rarcs)
    combos = sum(
        len(TABLES.combos(group, code)) for group in ("CO", "PR", "OA", "PI", "CR") for code in TABLES.carcs
    )
    assert combos == len(rows("carc_rarc_combos.csv"))


def test_chances_are_percents_of_known_categories():
    table = denial_table()
    assert set(table.chance) <= {*TABLES.categories, "default", "underpaid"}
    assert all(0 < percent <= 100 for percent in table.chance.values())
    assert table.chance_of("nothing known") == table.chance["default"]
