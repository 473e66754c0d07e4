"""One failing and one passing case for every rule; a rule without both fails here.

The cases of a family stand in ``tests/rules/cases/<family>.py`` as ``CASES``: by code (claims that fail the rule, claims
that pass it and nearly do not), each a function of the builders that gives findings.
"""

from __future__ import annotations

import importlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edi.model.claim import Address, Patient
from edi.rules import RULES, run

BAD_NPI = "1234567890"

CASES: dict[str, Any] = {}
for _module in sorted(Path(__file__).parent.joinpath("cases").glob("*.py")):
    CASES |= importlib.import_module(f"tests.rules.cases.{_module.stem}").CASES


@pytest.mark.parametrize("code", sorted(CASES))
def test_the_failing_case_is_found(make, code):
    found = [one for one in CASES[code][0](make) if one.code == code]
    assert found
    rule = next(one for one in RULES if one.code == code)
    assert {(one.severity, one.carc, one.why) for one in found} == {(rule.severity, rule.carc, rule.why)}
    assert all(one.message and one.fix for one in found)


@pytest.mark.parametrize("code", sorted(CASES))
def test_the_passing_case_is_not(make, code):
    assert [one for one in CASES[code][1](make) if one.code == code] == []


def test_every_rule_has_its_cases():
    assert sorted(CASES) == [one.code for one in RULES]


def test_the_good_claim_passes_every_rule(make):
    assert [one.code for one in make.findings(make.draft())] == ["CHK002"]


@pytest.mark.parametrize("payer", ["commercial", "medicaid"])
def test_the_good_claim_passes_with_other_payers(make, payer):
    assert [one.code for one in make.findings(make.draft(payer=payer))] == ["CHK002"]


def test_the_good_claim_of_an_accident_at_work_passes(make):
    nobody = make.person(last_name="", first_name="", birth_date=None, sex="", address=None)
    employer = make.subscriber(
        person=nobody, organization="HARD HAT", member_id="", is_patient=False, filing_indicator="WC"
    )
    injured = date(2024, 6, 3)
    draft = make.draft(
        payer="workers_comp",
        subscriber=employer,
        patient=Patient(relationship="20", person=make.person(), references=(("Y4", "C1"),)),
        accident_causes=("EM",),
        dates=(("439", injured),),
        draft_case=make.case(accident_type="work", accident_date=injured, claim_number="C1"),
        draft_coverage=make.coverage(payer="workers_comp", relationship="employee", last_verified=make.day),
    )
    assert [one.code for one in make.findings(draft)] == ["CHK002"]


def test_findings_come_claim_by_claim_in_the_order_of_codes(make):
    bad = make.draft(make.row("971110", charge=0), diagnoses=())
    found = list(run((bad, make.draft(diagnoses=())), make.context()))
    assert [one.code for one in found] == ["AMT001", "COD001", "DX001", "DX001"]


def test_a_finding_names_file_row_line_and_session(make):
    (found,) = make.findings(make.draft(make.row(), make.row("971110")), code="COD001")
    where = found.location
    assert (where.file, where.row, where.field, where.line, where.session) == (
        "sessions.csv",
        3,
        "procedure_code",
        "2",
        "V1-2",
    )


def test_no_value_of_a_patient_is_repeated(make):
    marker = "ZQXJK"
    person = make.person(
        last_name=marker,
        first_name=marker,
        birth_date=None,
        sex="",
        address=Address(line_1=marker, line_2=marker, city=marker, zip=marker),
    )
    dependent = Patient(relationship="19", person=person, member_id=marker)
    subscriber = make.subscriber(person=person, member_id=f" {marker}", group_number=marker)
    row = make.row("971110", "9", 1, modifiers=("GP", "GP"), pointers=(), charge=-5)
    drafts = [
        make.draft(
            row, subscriber=subscriber, patient=patient, diagnoses=(), billing=make.billing(npi=BAD_NPI)
        )
        for patient in (None, dependent)
    ]
    found = make.findings(*drafts, today=date(2024, 1, 1), enrolments=make.enrolments(status="none"))
    assert len({one.code for one in found}) >= 10
    assert marker not in repr(found)


@pytest.mark.parametrize(
    ("pointers", "said"),
    [
        ((), "points to no diagnosis"),
        ((0,), "points to diagnosis 0 of 1"),
        ((2,), "points to diagnosis 2 of 1"),
        ((1, 1), "points to one diagnosis twice (1:1)"),
    ],
)
def test_every_wrong_pointer_is_told_apart(make, pointers, said):
    (found,) = make.findings(make.draft(make.row(pointers=pointers)), code="DX003")
    assert said in found.message


def test_more_than_four_pointers(make):
    diagnoses = tuple(f"M541{n}" for n in range(5))
    draft = make.draft(make.row(pointers=(1, 2, 3, 4, 5)), diagnoses=diagnoses)
    (found,) = make.findings(draft, code="DX003")
    assert "5 diagnosis pointers" in found.message


def test_another_therapists_enrolment_does_not_count(make):
    codes = [one.code for one in make.findings(make.draft(), enrolments=make.enrolments(provider="t2"))]
    assert "ENR001" in codes
    codes = [
        one.code for one in make.findings(make.draft(), enrolments=make.enrolments(provider="1558598797"))
    ]
    assert "ENR001" not in codes, "a row may name the NPI"


def test_a_lines_own_rendering_provider_must_be_enrolled_too(make):
    draft = make.draft(make.row(), make.row("97140", line={"rendering": make.provider("1993999998")}))
    (found,) = make.findings(draft, code="ENR001")
    assert found.location.line == "2"
