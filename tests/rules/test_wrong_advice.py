"""shared/facts/wrong_advice.csv: what billing guides say wrongly, each with what a claim that follows it is told."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from edi.codes import load_tables
from edi.model.finding import Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING


def noted(make, code, note, **row):
    """What the rules say of a line's note."""
    draft = make.draft(make.row(code, session={"line_note": note}, **row))
    return [(one.code, one.severity) for one in make.findings(draft) if one.code == "COD015"]


def six_digits(make):
    (found,) = make.findings(make.draft(make.row("971110")), code="COD001")
    assert "did you mean 97110?" in found.message


def range_test_is_unsafe(make):
    for code in ("97001", "97122", "97250", "97504", "97520", "97532", "97703", "97762", "97770"):
        (found,) = make.findings(make.draft(make.row(code)), code="COD003")
        assert found.severity is ERROR
    assert make.findings(make.draft(make.row("97111")), code="COD002")


def knee_strapping_is_no_cast(make):
    assert noted(make, "29530", "Long leg cast applied") == [("COD015", ERROR)]
    assert noted(make, "29530", "Strapping of the knee") == []
    assert noted(make, "29530", "Taping, no cast") == []


def massage_is_no_physical_agent(make):
    assert noted(make, "97124", "Hot packs and electrical stimulation") == [("COD015", WARNING)]
    assert noted(make, "97124", "Hot pack, then massage of the back") == []


def manual_therapy_is_no_massage(make):
    for note in ("Therapeutic massage 15 min", "Effleurage, petrissage"):
        assert noted(make, "97140", note) == [("COD015", WARNING)]
    assert noted(make, "97140", "Massage and joint mobilization, grade III") == []


def manual_therapy_is_no_passive_motion(make):
    assert noted(make, "97140", "Passive ROM of the shoulder") == [("COD015", WARNING)]
    assert noted(make, "97140", "Manual traction and passive range of motion") == []


def one_of_massage_and_manual_therapy(make):
    draft = make.draft(make.row("97140"), make.row("97124"))
    (found,) = make.findings(draft, code="BND001")
    assert (found.severity, found.location.line) == (ERROR, "2")


def hot_packs_are_bundled_by_status(make):
    draft = make.draft(make.row("97010"), make.row("97124"))
    codes = {one.code: one.message for one in make.findings(draft)}
    assert "status B" in codes["BND003"]
    assert not {"BND001", "BND002"} & set(codes)
    assert load_tables().pair("97010", "97140", date(2024, 8, 1)) is None


def resistive_exercise_is_exercise(make):
    assert noted(make, "97140", "Manual resistive exercise of the quadriceps") == [("COD015", WARNING)]
    assert noted(make, "97110", "Manual resistive exercise of the quadriceps") == []


def group_therapy_is_one_unit(make):
    (found,) = make.findings(make.draft(make.row("97150", "3", 45, session={"group_size": 4})), code="UNT005")
    assert "1 a day, not 3" in found.message
    assert make.findings(make.draft(make.row("97150", "1", 45)), code="UNT005") == []


def group_therapy_is_no_manual_therapy(make):
    assert noted(make, "97150", "Manual therapy, cervical") == [("COD015", WARNING)]
    assert noted(make, "97150", "Group of 3, balance exercise") == []


ROWS = {
    "971110 for therapeutic exercise": six_digits,
    "PT codes run 97001 to 97799": range_test_is_unsafe,
    "29530 is a long leg cast": knee_strapping_is_no_cast,
    "97124 is physical agents (heat cold electricity)": massage_is_no_physical_agent,
    "97140 includes therapeutic massage": manual_therapy_is_no_massage,
    "97140 lists therapeutic massage and passive ROM": manual_therapy_is_no_passive_motion,
    "only one of 97140 and 97124 may be billed": one_of_massage_and_manual_therapy,
    "97010 mostly bundled with 97124/97140": hot_packs_are_bundled_by_status,
    "manual resistive exercise may be 97140": resistive_exercise_is_exercise,
    "97150 requires number of participants and group type on the claim": group_therapy_is_one_unit,
    "97150 listed as manual therapy code": group_therapy_is_no_manual_therapy,
}


@pytest.mark.parametrize("claim", ROWS)
def test_wrong_advice(make, claim):
    ROWS[claim](make)


@pytest.mark.corpus
def test_every_row_with_an_action_has_a_test(facts_dir):
    with facts_dir.joinpath("wrong_advice.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    acting = {
        row["claim_found_in_billing_guides"]
        for row in rows
        if not row["what_validator_should_do"].startswith("none")
    }
    assert acting == set(ROWS)
