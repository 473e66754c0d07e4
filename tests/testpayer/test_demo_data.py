"""The shipped demo: made from its seed, big enough, fictitious, with the problems it promises."""

from __future__ import annotations

import csv
import importlib.util
import io
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from edi.testpayer import shipped_scenario

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"sessions.csv", "patients.csv", "cases.csv", "authorizations.csv", "fees.csv"}


@pytest.fixture(scope="module")
def generator() -> Any:
    spec = importlib.util.spec_from_file_location("demo_generator", ROOT / "fixtures" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shipped(name: str) -> str:
    return (files("cli") / "demo_data" / name).read_text(encoding="utf-8")


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shipped(name))))


def test_the_shipped_files_are_what_the_generator_makes(generator: Any) -> None:
    made = generator.generate()
    assert set(made) == NAMES
    for name, text in made.items():
        assert shipped(name) == text, f"{name}: run python fixtures/generate.py"


def test_another_seed_makes_another_practice(generator: Any) -> None:
    assert generator.generate(1)["sessions.csv"] != generator.generate()["sessions.csv"]


def test_at_least_300_visits_of_three_practices_over_three_payers() -> None:
    sessions = rows("sessions.csv")
    assert len({row["visit_id"] for row in sessions}) >= 300
    assert {row["practice_id"] for row in sessions} == {"quill", "marrow", "saltmarsh"}
    payer = {row["patient_id"]: row["payer"] for row in rows("patients.csv") if row["coverage_rank"] == "1"}
    assert {payer[row["patient_id"]] for row in sessions} == {"medicare", "larkspur", "harbor_blue"}
    assert len({row["line_id"] for row in sessions}) == len(sessions)


def test_problems_are_there_and_are_few(generator: Any) -> None:
    """Every kind of problem is in, and the spoilt visits hold 4 to 9 % of the lines."""
    clean = generator.PROBLEMS
    spoilt = rows("sessions.csv")
    generator.PROBLEMS = ()
    try:
        untouched = {
            row["line_id"]: row for row in csv.DictReader(io.StringIO(generator.generate()["sessions.csv"]))
        }
    finally:
        generator.PROBLEMS = clean
    keys = ("procedure_code", "treating_npi", "minutes", "units", "diagnosis_codes")
    changed = [
        row
        for row in spoilt
        if row["line_id"] not in untouched or any(row[key] != untouched[row["line_id"]][key] for key in keys)
    ]
    assert 0.04 < len(changed) / len(spoilt) < 0.09
    codes = {row["procedure_code"] for row in spoilt}
    assert {"971110", "97001", "97124"} <= codes
    assert any(row["treating_npi"] == "1.71E+09" for row in spoilt)
    assert any(row["units"] == "3" and row["minutes"] == "15" for row in spoilt)
    lapsed = {row["patient_id"] for row in rows("patients.csv") if row["coverage_to"]}
    assert any(row["patient_id"] in lapsed and row["date_of_service"].startswith("2026-03") for row in spoilt)


def test_everyone_in_the_tables_is_in_the_settings() -> None:
    """But for the NPIs that are meant to be wrong."""
    settings = tomllib.loads(shipped("claimloop.toml"))
    payers = tomllib.loads(shipped("payers.toml"))["payer"]
    people = {one["npi"] for one in settings["provider"]} | {one["id"] for one in settings["provider"]}
    treating = {row["treating_npi"] or row["treating_id"] for row in rows("sessions.csv")}
    assert len(treating - people) <= 4
    assert {one["id"] for one in settings["practice"]} == {row["practice_id"] for row in rows("sessions.csv")}
    assert {row["payer"] for row in rows("patients.csv")} <= set(payers)
    assert {one["payer"] for one in settings["enrolment"]} <= set(payers)


@pytest.mark.parametrize("name", ["claimloop.toml", "payers.toml"])
def test_settings_are_shipped(name: str) -> None:
    assert tomllib.loads(shipped(name))


def test_names_of_payers_are_those_of_the_shipped_scenario() -> None:
    """The 835s of the demo must call themselves as payers.toml says."""
    payers = tomllib.loads(shipped("payers.toml"))["payer"]
    identity = {
        entry["claim_id"]["default"]: (entry["remit"]["n104"], entry["remit"]["trn03"], entry["name"].upper())
        for entry in payers.values()
    }
    said = [
        (payer.ids[0], payer.id, payer.originator_id, payer.name)
        for payer in shipped_scenario().payers
        if payer.ids
    ]
    said += [
        (later.id, later.id, later.originator_id, later.name)
        for payer in shipped_scenario().payers
        if (later := payer.crosses_over_to) is not None
    ]
    assert len(said) == 5
    for claim_id, remit_id, originator, name in said:
        assert identity[claim_id] == ([remit_id], [originator], name)
