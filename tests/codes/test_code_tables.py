"""The shipped tables and their look-ups."""

from __future__ import annotations

import csv
import re
from datetime import date
from importlib import resources

import msgspec
import pytest

from edi.codes import Tables, load_tables
from edi.codes.lookup import FILES

DAY = date(2024, 8, 1)
TABLES = load_tables()
FOLDER = resources.files("edi.codes").joinpath("tables")


def facts(facts_dir, name):
    with (facts_dir / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def changed(**texts):
    """The shipped tables, some with another text."""
    return Tables(lambda name: texts.get(name) or FOLDER.joinpath(f"{name}.csv").read_text(encoding="utf-8"))


# -- the tables as they are shipped ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_every_row_is_dated_and_sourced(name):
    rows = list(csv.DictReader(FOLDER.joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()))
    assert rows
    assert {"code", "valid_from", "valid_to", "source"} <= set(rows[0])
    assert [row for row in rows if not row["code"] or not row["source"]] == []
    assert [
        row for row in rows if row["valid_from"] and row["valid_to"] and row["valid_from"] > row["valid_to"]
    ] == []


def test_every_file_is_a_table_and_described():
    readme = FOLDER.joinpath("README.md").read_text(encoding="utf-8")
    names = {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert names == {f"{name}.csv" for name in FILES}
    for name in FILES:
        count = sum(
            1 for _ in csv.DictReader(FOLDER.joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines())
        )
        assert re.search(rf"^\| {name}\.csv \| {count:,} \|", readme, re.MULTILINE), f"{name}: {count:,}"


def test_every_category_in_use_is_in_words():
    used = {one.category for one in TABLES.carcs.values()} | {one.category for one in TABLES.rarcs.values()}
    used |= {one.category for group, carc in TABLES._combos for one in TABLES.combos(group, carc)}
    assert used == set(TABLES.categories)


def test_active_carcs_have_a_posting_class_and_an_action():
    for one in TABLES.carcs.values():
        deactivated = one.valid_to is not None
        assert (one.posting_class == "") is deactivated
        assert one.default_action
        assert one.label or deactivated


def test_successors_and_add_ons_are_codes_of_the_table():
    for one in TABLES.procedures.values():
        assert set(one.successors) | set(one.add_on_to) <= set(TABLES.procedures), one.code


# -- against the facts -------------------------------------------------------------------------------------------------


@pytest.mark.corpus
def test_procedures_are_the_facts(facts_dir):
    rows = {row["code"]: row for row in facts(facts_dir, "cpt_therapy.csv")}
    assert set(rows) == set(TABLES.procedures)
    for code, one in TABLES.procedures.items():
        row = rows[code]
        assert (one.time_basis, one.kind, one.mpfs_status) == (
            row["time_basis"],
            row["kind"],
            row["mpfs_status_2024"],
        )
        assert (str(one.valid_to or ""), str(one.valid_from or "")) == (
            row["last_valid_dos"],
            row["effective_from"],
        )


@pytest.mark.corpus
def test_carcs_and_rarcs_are_the_facts(facts_dir):
    rows = {row["carc"]: row for row in facts(facts_dir, "carc_categories.csv")}
    assert {
        one.code: (one.category, one.posting_class, one.default_action, str(one.valid_to or ""))
        for one in TABLES.carcs.values()
    } == {
        code: (row["category"], row["posting_class"], row["default_action"], row["stop_date"])
        for code, row in rows.items()
    }
    remarks = {row["rarc"]: row for row in facts(facts_dir, "rarc_categories.csv")}
    assert {
        one.code: (one.category, one.effect, one.assignment, one.alert) for one in TABLES.rarcs.values()
    } == {
        code: (row["category"], row["effect_on_carc_category"], row["assignment"], row["is_alert"] == "yes")
        for code, row in remarks.items()
    }


@pytest.mark.corpus
def test_each_active_pair_of_the_facts_is_found_and_no_other(facts_dir):
    rows = facts(facts_dir, "ncci_therapy_ptp.csv")
    active = {
        (r["column1"], r["column2"]): r["modifier_indicator"] for r in rows if r["status_2024q3"] == "active"
    }
    codes = {code for pair in active for code in pair}
    found = {
        (one, other): edit.indicator
        for one in codes
        for other in codes
        if (edit := TABLES.ptp(one, other, DAY)) is not None
    }
    assert found == active


@pytest.mark.corpus
def test_each_combination_of_the_facts_answers_with_its_category(facts_dir):
    for row in facts(facts_dir, "carc_rarc_combos.csv"):
        rarcs = [one for one in row["rarcs"].split("+") if one]
        found = TABLES.combo(row["group"], row["carc"], rarcs)
        assert found is not None
        assert (found.category, found.action) == (row["resolved_category"], row["next_action"])


# -- look-ups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "day", "state"),
    [
        ("97110", DAY, "valid"),
        ("97001", date(2016, 12, 31), "valid"),
        ("97001", date(2017, 1, 1), "ended"),
        ("97161", date(2016, 12, 31), "not_begun"),
        ("97161", date(2017, 1, 1), "valid"),
        ("98979", date(2025, 12, 31), "not_begun"),
        ("97111", DAY, "unknown"),
        ("97799", DAY, "valid"),
        ("97798", DAY, "unknown"),
        ("97800", DAY, "unchecked"),
        ("97000", DAY, "unchecked"),
        ("97111", date(2027, 1, 1), "unchecked"),
        ("99213", DAY, "unchecked"),
        ("L1833", DAY, "unchecked"),
        ("0552T", DAY, "valid"),
        ("971110", DAY, "malformed"),
        ("9711O", DAY, "malformed"),
        ("9711", DAY, "malformed"),
        ("", DAY, "malformed"),
        ("W1234", DAY, "malformed"),
    ],
)
def test_what_is_known_of_a_code_on_a_day(code, day, state):
    assert TABLES.standing(code, day).state == state
    assert (TABLES.procedure_on(code, day) is not None) is (state == "valid")


def test_successors_are_valid_on_the_day():
    assert TABLES.successors("97001", DAY) == ("97161", "97162", "97163")
    assert TABLES.successors("97001", date(2016, 12, 31)) == ()
    assert TABLES.successors("97532", date(2018, 6, 1)) == ("97127", "G0515")
    assert TABLES.successors("97532", date(2020, 6, 1)) == ("97129", "97130")
    assert TABLES.successors("97014", DAY) == ("G0283",)
    assert TABLES.successors("99213", DAY) == ()


@pytest.mark.parametrize(
    ("text", "meant"),
    [("971110", ("97110",)), ("79110", ("97110",)), ("g0238", ("G0283",)), ("ABCDE", ())],
)
def test_what_a_slip_may_have_meant(text, meant):
    assert TABLES.similar_procedures(text, DAY) == meant


def test_a_slip_never_means_a_code_that_ended():
    assert "97020" not in TABLES.similar_procedures("97021", DAY)


@pytest.mark.parametrize(
    ("code", "timed"), [("97110", True), ("97150", False), ("97129", True), ("99213", False)]
)
def test_timed(code, timed):
    assert TABLES.is_timed(code) is timed


def test_pairs_have_an_order_and_days():
    edit = TABLES.ptp("97140", "97124", DAY)
    assert edit is not None
    assert edit.indicator == "0"
    assert TABLES.ptp("97124", "97140", DAY) is None
    assert TABLES.pair("97124", "97140", DAY) == edit
    assert TABLES.ptp("97530", "97116", date(2019, 12, 31)) is not None
    assert TABLES.ptp("97530", "97116", date(2020, 1, 1)) is None
    assert TABLES.ptp("97161", "97140", date(2020, 3, 1)) is None, "indicator 9 never took effect"


def test_a_row_that_was_replaced_answers_for_its_own_days():
    text = (
        "code,column_2,indicator,valid_from,valid_to,rationale,source\n"
        "97110,97112,1,,,x,y\n97110,97112,0,,2019-12-31,x,y\n"
    )
    tables = changed(ptp=text)
    found = [tables.ptp("97110", "97112", day) for day in (date(2019, 12, 31), date(2020, 1, 1))]
    assert [one.indicator if one else None for one in found] == ["0", "1"]


def test_the_quarter_that_is_loaded():
    days = (date(2024, 6, 30), date(2024, 7, 1), date(2024, 9, 30), date(2024, 10, 1))
    assert [TABLES.covers("ptp", day) for day in days] == [False, True, True, False]
    assert TABLES.releases["mue"].release == "2024Q3"


def test_limits_and_modifiers():
    limits = {code: TABLES.mue(code) for code in ("97110", "97161", "97010")}
    assert {code: (one.units, one.mai) for code, one in limits.items() if one} == {
        "97110": (6, "3"),
        "97161": (1, "2"),
        "97010": (0, "3"),
    }
    assert TABLES.mue("99999") is None
    modifier = TABLES.modifier("59")
    assert modifier is not None
    assert modifier.ncci_associated
    assert TABLES.modifier("UD") is not None
    assert TABLES.modifier("ZZ") is None


@pytest.mark.parametrize(
    ("group", "carc", "rarcs", "action"),
    [
        ("CO", "16", {"MA36", "N704", "N1"}, "verify_demographics_correct"),
        ("CO", "16", {"MA36"}, None),
        ("CO", "236", set(), "review_ncci_modifier_correct_or_writeoff"),
        ("CO", "236", {"N519"}, "correct_resubmit"),
        ("CO", "236", {"N1"}, "review_ncci_modifier_correct_or_writeoff"),
        ("PR", "236", set(), None),
    ],
)
def test_the_most_specific_combination_wins(group, carc, rarcs, action):
    found = TABLES.combo(group, carc, rarcs)
    assert (found.action if found else None) == action


def test_code_sets():
    assert TABLES.code_set("CLP02")["22"].meaning.startswith("reversal")
    assert TABLES.code_set("CLP06") == {**TABLES.code_set("CLP06"), "12": TABLES.code_set("SBR09")["12"]}
    assert {"01", "11", "27", "58", "66", "99"} <= set(TABLES.code_set("POS"))
    assert len(TABLES.code_set("POS")) == 52
    with pytest.raises(KeyError):
        TABLES.code_set("nothing")


def test_unknown_codes_are_none():
    assert TABLES.carc("9999") is None
    assert TABLES.rarc("Z1") is None
    assert TABLES.procedure("99999") is None


def test_the_version_follows_every_table():
    assert load_tables() is load_tables()
    versions = {changed(**{name: "code\n"}).version for name in FILES if name != "releases"}
    assert len(versions | {TABLES.version}) == len(FILES)
    assert changed().version == TABLES.version


def test_a_row_that_does_not_fit_is_an_error():
    with pytest.raises(msgspec.ValidationError):
        changed(mue="code,units,mai\n97110,many,3\n").mue("97110")


def test_tables_are_read_when_asked_and_once():
    asked = []

    def read(name):
        asked.append(name)
        return FOLDER.joinpath(f"{name}.csv").read_text(encoding="utf-8")

    tables = Tables(read)
    assert asked == []
    tables.carc("45")
    tables.carc("97")
    assert asked == ["carc"]
