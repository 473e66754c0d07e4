"""shared/facts/acceptance_cases.csv, the cases of the rules, by their ids."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from edi.model.finding import Severity


def errors(findings):
    return {(one.code, one.location.line) for one in findings if one.severity is Severity.ERROR}


def test_a1_units_over_the_total_of_the_day(make):
    good = make.draft(make.row("97112", "2", 24), make.row("97110", "1", 23))
    assert errors(make.findings(good)) == set()
    bad = make.draft(make.row("97112", "2", 24), make.row("97110", "2", 23))
    (found,) = [one for one in make.findings(bad) if one.severity is Severity.ERROR]
    assert (found.code, found.location.line) == ("UNT003", "2")
    assert "97112 24 + 97110 23 = 47 min allow 3" in found.message
    assert "billed 97112 ×2, 97110 ×2 = 4" in found.message
    assert "what passes: 97112 ×2, 97110 ×1" in found.message
    assert found.message.endswith("overbilled by 1")


def test_a2_total_time_pools_remainders_and_the_midpoint_does_not(make):
    rows = make.row("97110", "2", 33), make.row("97140", "1", 7)
    assert errors(make.findings(make.draft(*rows))) == set()
    assert errors(make.findings(make.draft(*rows, payer="commercial"))) == {("UNT003", "2")}
    only = make.draft(make.row("97110", "2", 33), payer="commercial")
    assert errors(make.findings(only)) == set()


def test_a4_massage_beside_manual_therapy(make):
    draft = make.draft(make.row("97140"), make.row("97124", modifiers=("59", "GP")))
    (found,) = [one for one in make.findings(draft) if one.severity is Severity.ERROR]
    assert (found.code, found.location.line, found.carc) == ("BND001", "2", "236")
    assert "97140/97124 indicator 0" in found.message
    assert "97124 is the denied column 2" in found.message
    assert "modifier 59 cannot bypass" in found.message


@pytest.mark.parametrize(
    ("code", "day", "expected", "said"),
    [
        ("97001", date(2016, 12, 30), set(), ""),
        ("97001", date(2017, 1, 2), {("COD003", "1")}, "97161 or 97162 or 97163"),
        ("971110", date(2024, 8, 1), {("COD001", "1")}, "did you mean 97110?"),
    ],
)
def test_a9_codes_and_their_dates(make, code, day, expected, said):
    coverage = make.coverage(coverage_from=date(2010, 1, 1))
    draft = make.draft(make.row(code, day=day), payer="commercial", draft_coverage=coverage)
    found = [one for one in make.findings(draft, today=day) if one.severity is Severity.ERROR]
    assert errors(found) == expected
    assert all(said in one.message for one in found)


def test_a10_hot_packs_are_bundled_and_97014_is_g0283(make):
    found = make.findings(make.draft(make.row("97010"), make.row("97014")))
    by_code = {one.code: one for one in found}
    assert (by_code["BND003"].location.line, by_code["BND003"].carc) == ("1", "97")
    assert "bundled and not paid" in by_code["BND003"].message
    assert "status B" in by_code["BND003"].message
    assert by_code["COD005"].location.line == "2"
    assert "use G0283" in by_code["COD005"].message
    assert errors(found) == {("COD005", "2")}


def test_a5_manipulation_beside_manual_therapy_by_a_chiropractor(make):
    spinal = make.row("98941", modifiers=("AT",), session={"active_care": True})
    begun = {"discipline": "DC", "dates": (("454", date(2024, 7, 20)),)}
    found = make.findings(make.draft(spinal, make.row("97140"), **begun))
    assert errors(found) == {("BND002", "2")}
    assert "98941/97140 indicator 1" in next(one.message for one in found if one.code == "BND002")
    apart = make.findings(make.draft(spinal, make.row("97140", modifiers=("59", "GP")), **begun))
    assert errors(apart) == set()
    (warned,) = [one for one in apart if one.code == "CHI004"]
    assert (warned.severity, warned.location.line) == (Severity.WARNING, "2")
    assert "GY" in warned.message


def test_a8_group_beside_individual_treatment(make):
    group = make.row("97150", minutes=30)
    assert errors(make.findings(make.draft(group, make.row("97110")))) == {("BND002", "2")}
    assert errors(make.findings(make.draft(group, make.row("97110", modifiers=("59", "GP"))))) == set()
    for modifiers in (("GP",), ("59", "GP")):
        found = make.findings(make.draft(make.row("97750", modifiers=modifiers), group))
        assert {code for code, _ in errors(found)} == {"BND001"}
        found = make.findings(make.draft(make.row("97750"), make.row("97150", modifiers=modifiers)))
        assert {code for code, _ in errors(found)} == {"BND001"}


def test_a12_units_over_the_limit_of_a_day(make):
    for rows in ([("8", 120)], [("5", 75), ("3", 45)]):
        found = make.findings(make.draft(*(make.row("97110", units, minutes) for units, minutes in rows)))
        assert errors(found) == set()
        (over,) = [one for one in found if one.code == "MUE002"]
        assert (over.severity, over.carc) == (Severity.WARNING, "151")
        assert "8 units" in over.message
        assert "the limit of a day is 6 (MAI 3" in over.message
        assert "what passes: 97110 ×6" in over.message
    assert "MUE001" in {code for code, _ in errors(make.findings(make.draft(make.row("97161", "2", 40))))}
    evaluations = [
        make.findings(make.draft(make.row("97161", "1", 20), make.row("97161", "1", 20))),
        make.findings(make.draft(make.row("97161", "1", 20)), make.draft(make.row("97161", "1", 20))),
    ]
    for found in evaluations:
        assert {code for code, _ in errors(found)} == {"COD009"}, "one rule tells it"


@pytest.mark.corpus
def test_every_acceptance_case_has_a_test(facts_dir):
    """By id: a1 here, A14 where an 835 is read and posted."""
    tests = Path(__file__).resolve().parents[1]
    named = {
        found.upper()
        for path in tests.rglob("test_*.py")
        for found in re.findall(
            r"^def test_(a\d+)_", path.read_text(encoding="utf-8"), re.MULTILINE | re.IGNORECASE
        )
    }
    with facts_dir.joinpath("acceptance_cases.csv").open(encoding="utf-8", newline="") as file:
        wanted = {row["id"].upper() for row in csv.DictReader(file)}
    assert wanted
    assert wanted - named == set()
