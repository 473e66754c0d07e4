"""One failing and one passing case for every rule; a rule without both fails here."""

from __future__ import annotations

from datetime import date

import pytest

from edi.model.claim import Address, Patient, Person
from edi.payers.profile import EditsPolicy, FilingPolicy, UnitsPolicy
from edi.rules import RULES, run

BAD_NPI = "1234567890"

# Rule: (claims that fail it, claims that pass it and nearly do not), each a function of the builders that gives findings.
CASES = {
    "AMT001": (
        lambda m: m.findings(m.draft(m.row(charge=0))),
        lambda m: m.findings(m.draft(m.row(charge=1))),
    ),
    "AMT002": (
        lambda m: m.findings(m.draft(charge=50_01)),
        lambda m: m.findings(m.draft(m.row(), m.row("97140"), charge=100_00)),
    ),
    "AMT003": (
        lambda m: m.findings(m.draft(m.row(charge=10_000_01))),
        lambda m: m.findings(m.draft(m.row(charge=10_000_00))),
    ),
    "AMT004": (
        lambda m: m.findings(m.draft(patient_paid=-1)) and m.findings(m.draft(patient_paid=50_01)),
        lambda m: m.findings(m.draft(patient_paid=0)) + m.findings(m.draft(patient_paid=50_00)),
    ),
    "BND001": (
        lambda m: m.findings(m.draft(m.row("97140"), m.row("97124", modifiers=("59", "GP")))),
        lambda m: m.findings(m.draft(m.row("97140"), m.row("97124"), payer="workers_comp")),
    ),
    "BND002": (
        lambda m: m.findings(m.draft(m.row("98941"), m.row("97140"))),
        lambda m: m.findings(m.draft(m.row("98941"), m.row("97140", modifiers=("XS", "GP")))),
    ),
    "BND003": (
        lambda m: m.findings(m.draft(m.row("97010"))),
        lambda m: m.findings(m.draft(m.row("97010"), payer="workers_comp")),
    ),
    "BND004": (
        lambda m: m.findings(
            m.draft(m.row("97110"), m.row("97530")),
            payers=m.payers(edits=EditsPolicy(pairs=(("97110", "97530"),))),
        ),
        lambda m: m.findings(
            m.draft(m.row("97110"), m.row("97112")),
            payers=m.payers(edits=EditsPolicy(pairs=(("97110", "97530"),))),
        ),
    ),
    "CHK001": (
        lambda m: m.findings(m.draft(m.row(day=date(2024, 6, 30)))),
        lambda m: m.findings(m.draft(m.row(day=date(2024, 7, 1)))),
    ),
    "CHK002": (lambda m: m.findings(m.draft()), lambda m: m.findings(m.draft(diagnoses=()))),
    "CHK003": (lambda m: m.findings(m.draft(), enrolments=()), lambda m: m.findings(m.draft())),
    "COD001": (
        lambda m: m.findings(m.draft(m.row("971110"))),
        lambda m: m.findings(m.draft(m.row("97110"))),
    ),
    "COD002": (
        lambda m: m.findings(m.draft(m.row("97111"))),
        lambda m: m.findings(m.draft(m.row("99213"))),
    ),
    "COD003": (
        lambda m: m.findings(m.draft(m.row("97001", day=date(2017, 1, 2)))),
        lambda m: m.findings(m.draft(m.row("97001", day=date(2016, 12, 31)))),
    ),
    "COD004": (
        lambda m: m.findings(m.draft(m.row("99213"))),
        lambda m: m.findings(m.draft(m.row("97161"))),
    ),
    "COD005": (
        lambda m: m.findings(m.draft(m.row("97014"))),
        lambda m: m.findings(m.draft(m.row("97014"), payer="commercial")),
    ),
    "COD006": (lambda m: m.findings(m.draft(m.row(day=None))), lambda m: m.findings(m.draft())),
    "COV001": (
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_from=date(2024, 8, 2)))),
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_from=date(2024, 8, 1)))),
    ),
    "COV002": (
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_to=date(2024, 7, 31)))),
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_to=date(2024, 8, 1)))),
    ),
    "COV003": (
        lambda m: m.findings(m.draft(draft_patient=m.patient(death_date=date(2024, 7, 31)))),
        lambda m: m.findings(m.draft(draft_patient=m.patient(death_date=date(2024, 8, 1)))),
    ),
    "DX001": (lambda m: m.findings(m.draft(diagnoses=())), lambda m: m.findings(m.draft())),
    "DX002": (
        lambda m: m.findings(m.draft(diagnoses=("M54.5",))),
        lambda m: m.findings(m.draft(diagnoses=("S83511A", "Z00"))),
    ),
    "DX003": (
        lambda m: m.findings(m.draft(m.row(pointers=(2,)))),
        lambda m: m.findings(m.draft(m.row(pointers=(2, 1)), diagnoses=("M5450", "M5416"))),
    ),
    "DX004": (
        lambda m: m.findings(m.draft(diagnoses=("M5450", "M5416", "M5450"))),
        lambda m: m.findings(m.draft(diagnoses=("M5450", "M5416"))),
    ),
    "DX005": (
        lambda m: m.findings(m.draft(diagnoses=tuple(f"M54{n}" for n in range(10, 23)))),
        lambda m: m.findings(m.draft(diagnoses=tuple(f"M54{n}" for n in range(10, 22)))),
    ),
    "DUP001": (
        lambda m: m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110"),)),
        lambda m: (
            m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110", payer="commercial"),))
            + m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110", modifiers=("GO",)),))
            + m.findings(m.draft(m.row("97140", day=date(2024, 8, 2))), earlier=(m.earlier("97110"),))
        ),
    ),
    "ENR001": (
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(valid_from=date(2024, 8, 2))),
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(valid_from=date(2024, 8, 1))),
    ),
    "ENR002": (
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(status="out")),
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(status="in")),
    ),
    "ENR003": (
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(role="billing", status="pending")),
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(role="billing", provider="")),
    ),
    "MOD001": (
        lambda m: m.findings(m.draft(m.row(modifiers=("59", "GP", "KX", "CQ", "96")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("59", "GP", "KX", "CQ")))),
    ),
    "MOD002": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "59", "GP")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "59")))),
    ),
    "MOD003": (
        lambda m: m.findings(m.draft(m.row(modifiers=("ZZ",)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("U9",)))),
    ),
    "MOD004": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP59",)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("ZZ",)))),
    ),
    "MOD005": (
        lambda m: m.findings(m.draft(m.row(modifiers=("SZ",), day=date(2018, 1, 1)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("SZ",), day=date(2017, 12, 31)))),
    ),
    "NPI001": (
        lambda m: m.findings(m.draft(billing=m.billing(npi=BAD_NPI))),
        lambda m: m.findings(m.draft(billing=m.billing(npi=""))),
    ),
    "NPI002": (
        lambda m: m.findings(m.draft(rendering=m.provider(BAD_NPI))),
        lambda m: m.findings(m.draft(rendering=None)),
    ),
    "NPI003": (
        lambda m: m.findings(m.draft(referring=m.provider(BAD_NPI))),
        lambda m: m.findings(m.draft(referring=None)),
    ),
    "NPI004": (
        lambda m: m.findings(m.draft(facility=m.provider(BAD_NPI, is_person=False))),
        lambda m: m.findings(m.draft(facility=m.provider("", is_person=False))),
    ),
    "NPI005": (
        lambda m: m.findings(m.draft(m.row(line={"supervising": m.provider(BAD_NPI)}))),
        lambda m: m.findings(m.draft(supervising=m.provider("1993999998"))),
    ),
    "REQ001": (
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=m.person(address=Address(line_1="X", city="Y", state="MA")))
            )
        ),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=m.person(address=Address(line_1="X", city="Y", country="FR")))
            )
        ),
    ),
    "REQ002": (
        lambda m: m.findings(m.draft(subscriber=m.subscriber(person=m.person(birth_date=None)))),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(is_patient=False, person=Person(last_name="DOE")),
                patient=Patient(relationship="19", person=m.person()),
            )
        ),
    ),
    "REQ003": (
        lambda m: m.findings(m.draft(subscriber=m.subscriber(member_id=" "))),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(member_id="", organization="ACME"),
                patient=Patient(relationship="20", person=m.person()),
            )
        ),
    ),
    "REQ004": (
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=Person()),
                patient=Patient(relationship="19", person=m.person()),
            )
        ),
        lambda m: m.findings(
            m.draft(
                subscriber=m.subscriber(person=Person(last_name="DOE")),
                patient=Patient(relationship="19", person=m.person()),
            )
        ),
    ),
    "REQ005": (
        lambda m: m.findings(
            m.draft(billing=m.billing(address=Address(line_1="1 A", city="B", state="MA", zip="02139")))
        ),
        lambda m: m.findings(
            m.draft(
                billing=m.billing(address=Address(line_1="1 BOXWOOD", city="B", state="MA", zip="021390001"))
            )
        ),
    ),
    "REQ006": (
        lambda m: m.findings(m.draft(billing=m.billing(tax_id="12-345678"))),
        lambda m: m.findings(m.draft(billing=m.billing(tax_id="123456789"))),
    ),
    "REQ007": (
        lambda m: m.findings(_without_payer_id(m)),
        lambda m: m.findings(m.draft()),
    ),
    "REQ008": (
        lambda m: m.findings(m.draft(*[m.row("97012")] * 51)),
        lambda m: m.findings(m.draft(*[m.row("97012")] * 50)),
    ),
    "REQ009": (
        lambda m: m.findings(m.draft(referring=None)),
        lambda m: m.findings(m.draft(referring=None, discipline="DC")),
    ),
    "REQ010": (
        lambda m: m.findings(m.draft(accident_causes=("AA",), dates=(("439", date(2024, 7, 1)),))),
        lambda m: m.findings(m.draft(accident_causes=("EM",), dates=(("439", date(2024, 7, 1)),))),
    ),
    "REQ011": (
        lambda m: m.findings(m.draft(frequency="7")),
        lambda m: m.findings(m.draft(frequency="7", original_reference="123")),
    ),
    "TIM001": (
        lambda m: m.findings(m.draft(), today=date(2024, 7, 31)),
        lambda m: m.findings(m.draft(), today=date(2024, 8, 1)),
    ),
    "TIM002": (
        lambda m: m.findings(m.draft(), today=date(2025, 8, 2)),
        lambda m: m.findings(m.draft(), today=date(2025, 8, 1)),
    ),
    "TIM003": (
        lambda m: m.findings(m.draft(), today=date(2025, 8, 2), payers=m.payers(filing=FilingPolicy())),
        lambda m: m.findings(m.draft(), today=date(2025, 8, 1), payers=m.payers(filing=FilingPolicy())),
    ),
    "UNT001": (
        lambda m: m.findings(m.draft(m.row(units="1.5"))),
        lambda m: m.findings(m.draft(m.row(units="2", minutes=30))),
    ),
    "UNT002": (
        lambda m: m.findings(m.draft(m.row(units="1", minutes=23))),
        lambda m: m.findings(m.draft(m.row(units="1", minutes=22))),
    ),
    "UNT003": (
        lambda m: m.findings(m.draft(m.row(units="2", minutes=22))),
        lambda m: m.findings(m.draft(m.row(units="2", minutes=23))),
    ),
    "UNT004": (
        lambda m: m.findings(m.draft(m.row("97110", "1", 30), m.row("97140", "2", 15))),
        lambda m: m.findings(m.draft(m.row("97110", "2", 30), m.row("97140", "1", 15))),
    ),
    "UNT005": (
        lambda m: m.findings(m.draft(m.row("97150", "2", 45))),
        lambda m: m.findings(m.draft(m.row("97150", "1", 45))),
    ),
    "UNT006": (
        lambda m: m.findings(m.draft(m.row(minutes=None))),
        lambda m: m.findings(m.draft(m.row(minutes=None, visit_timed_minutes=15))),
    ),
    "UNT007": (
        lambda m: m.findings(m.draft(m.row("97112", "2", 20), m.row("97110", "1", 20))),
        lambda m: m.findings(m.draft(m.row("97112", "2", 24), m.row("97110", "1", 16))),
    ),
    "UNT008": (
        lambda m: m.findings(
            m.draft(m.row(units="5", minutes=75)),
            payers=m.payers(units=UnitsPolicy(max_timed_units_per_day=4)),
        ),
        lambda m: m.findings(
            m.draft(m.row(units="4", minutes=60)),
            payers=m.payers(units=UnitsPolicy(max_timed_units_per_day=4)),
        ),
    ),
}


def _without_payer_id(m):
    draft = m.draft()
    return m.replace(draft, claim=m.replace(draft.claim, payer=m.replace(draft.claim.payer, id="")))


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


@pytest.mark.parametrize("payer", ["commercial", "medicaid", "workers_comp"])
def test_the_good_claim_passes_with_other_payers(make, payer):
    assert [one.code for one in make.findings(make.draft(payer=payer))] == ["CHK002"]


def test_findings_come_claim_by_claim_in_the_order_of_codes(make):
    bad = make.draft(make.row("971110", charge=0), diagnoses=())
    found = list(run((bad, make.draft(diagnoses=())), make.context()))
    assert [one.code for one in found] == ["AMT001", "COD001", "DX001", "DX003", "DX001", "DX003"]


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
