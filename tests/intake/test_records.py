"""patients.csv, cases.csv, authorizations.csv and fees.csv."""

from __future__ import annotations

from datetime import date

import pytest

from edi.intake import (
    RowRejected,
    TableSummary,
    read_authorizations,
    read_cases,
    read_fees,
    read_patients,
    rows_of,
)
from edi.model.claim import Address, Person
from edi.model.finding import Finding
from edi.model.records import Authorization, Case, Coverage, Fee, PatientRecord

PRACTICES = ("orchard",)


def run(reader, *records, practices=PRACTICES):
    return list(reader(rows_of(records), file="f.csv", practices=practices))


def of(items, kind):
    return [item for item in items if isinstance(item, kind)]


def codes(items):
    return [item.code for item in of(items, Finding) if item.severity == "error"]


# -- patients ------------------------------------------------------------------------------------------------------

PATIENT = {
    "patient_id": "P1",
    "last_name": "Tester",
    "first_name": "Ada",
    "birth_date": "05/17/1960",
    "sex": "f",
    "address_1": "1 Example Street",
    "city": "Boston",
    "state": "ma",
    "zip": "2139",
}
COVERAGE = {
    "coverage_rank": "1",
    "payer": "acme",
    "member_id": "W123",
    "coverage_from": "2026-01-01",
    "relationship": "self",
}
FIRST = PATIENT | COVERAGE
SECOND = FIRST | {"coverage_rank": "2", "payer": "other"}
CHILD = FIRST | {
    "relationship": "child",
    "subscriber_last_name": "Holder",
    "subscriber_first_name": "Bo",
    "subscriber_birth_date": "1980-01-02",
    "subscriber_sex": "M",
    "subscriber_address_1": "2 Example Street",
    "subscriber_city": "Boston",
    "subscriber_state": "MA",
    "subscriber_zip": "02139",
}


def test_a_patient_with_a_coverage():
    items = run(read_patients, FIRST)
    assert of(items, PatientRecord) == [
        PatientRecord(
            practice_id="orchard",
            patient_id="P1",
            person=Person(
                last_name="Tester",
                first_name="Ada",
                birth_date=date(1960, 5, 17),
                sex="F",
                address=Address(line_1="1 Example Street", city="Boston", state="MA", zip="02139"),
            ),
            coverages=(
                Coverage(rank=1, payer="acme", member_id="W123", coverage_from=date(2026, 1, 1), row=1),
            ),
            row=1,
        )
    ]
    assert items[-1] == TableSummary(file="f.csv", rows=1, accepted=1, rejected=0)
    assert {item.location.field for item in of(items, Finding)} == {"birth_date", "sex", "state", "zip"}


def test_rows_of_one_patient_need_not_stand_together():
    items = run(read_patients, SECOND, FIRST | {"patient_id": "P2"}, FIRST)
    first, second = of(items, PatientRecord)
    assert [one.rank for one in first.coverages] == [1, 2]
    assert second.patient_id == "P2"


def test_a_dependent_has_a_subscriber():
    (patient,) = of(run(read_patients, CHILD), PatientRecord)
    holder = patient.coverages[0].subscriber
    assert holder is not None
    assert (holder.last_name, holder.birth_date, holder.sex) == ("Holder", date(1980, 1, 2), "M")
    assert holder.address == Address(line_1="2 Example Street", city="Boston", state="MA", zip="02139")


def test_an_employer_is_a_subscriber():
    row = FIRST | {"relationship": "employee", "subscriber_organization": "Mill Works"}
    (patient,) = of(run(read_patients, row), PatientRecord)
    assert patient.coverages[0].subscriber_organization == "Mill Works"
    assert of(run(read_patients, FIRST | {"relationship": "employee"}), PatientRecord)


@pytest.mark.parametrize(
    "blank",
    [
        {},
        {"payer": "SELF", "coverage_rank": "1"},
        {"payer": "self"},
    ],
)
def test_self_pay_is_a_patient_without_coverage(blank):
    (patient,) = of(run(read_patients, PATIENT | blank), PatientRecord)
    assert patient.coverages == ()


@pytest.mark.parametrize(
    "name",
    [
        "patient_id", "last_name", "first_name", "birth_date", "sex", "address_1", "city", "state", "zip",
        "coverage_rank", "payer", "member_id", "coverage_from", "relationship",
    ],
)  # fmt: skip
def test_a_required_patient_value_that_is_blank(name):
    items = run(read_patients, FIRST | {name: ""})
    assert [(item.code, item.location.field) for item in of(items, Finding) if item.severity == "error"] == [
        ("INP020", name)
    ]
    assert of(items, PatientRecord) == []
    assert len(of(items, RowRejected)) == 1


@pytest.mark.parametrize("name", ["subscriber_last_name", "subscriber_first_name"])
def test_a_dependent_without_subscriber(name):
    assert codes(run(read_patients, CHILD | {name: ""})) == ["INP020"]


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("birth_date", "5/17/60", "INP022"),
        ("subscriber_birth_date", "1/2/80", "INP022"),
        ("member_id", "1.23E+09", "INP023"),
        ("sex", "woman", "INP027"),
        ("state", "Massachusetts", "INP032"),
        ("zip", "21", "INP031"),
        ("relationship", "cousin", "INP027"),
        ("coverage_rank", "4", "INP052"),
        ("coverage_rank", "0", "INP052"),
        ("coverage_to", "2025-12-31", "INP053"),
        ("msp_type", "99", "INP027"),
    ],
)
def test_a_refused_patient_value(name, raw, code):
    items = run(read_patients, CHILD | {name: raw})
    assert codes(items) == [code]
    assert of(items, PatientRecord) == []


def test_another_country_has_its_own_state_and_zip():
    row = FIRST | {"country": "CA", "state": "Quebec", "zip": "H2X 1Y4"}
    (patient,) = of(run(read_patients, row), PatientRecord)
    assert patient.person.address == Address(
        line_1="1 Example Street", city="Boston", state="Quebec", zip="H2X 1Y4", country="CA"
    )


@pytest.mark.parametrize("name", ["last_name", "birth_date", "sex", "address_1", "zip", "phone"])
def test_patient_columns_must_agree(name):
    changed = {"birth_date": "1960-05-18", "sex": "M", "zip": "02140"}.get(name, "Changed")
    items = run(read_patients, FIRST, SECOND | {name: changed})
    assert codes(items) == ["INP050", "INP054"]
    assert of(items, PatientRecord) == []
    assert len(of(items, RowRejected)) == 2


def test_a_refused_coverage_refuses_the_patient_but_no_other():
    """Else the second coverage would be billed as if it came first."""
    items = run(read_patients, FIRST | {"member_id": "1.23E+09"}, SECOND, FIRST | {"patient_id": "P2"})
    assert codes(items) == ["INP023", "INP054"]
    assert [one.patient_id for one in of(items, PatientRecord)] == ["P2"]
    assert items[-1] == TableSummary(file="f.csv", rows=3, accepted=1, rejected=2)


def test_two_coverages_of_one_rank_on_one_date():
    ended = FIRST | {"coverage_to": "2026-03-31"}
    overlapping = FIRST | {"payer": "other", "coverage_from": "2026-03-31"}
    assert codes(run(read_patients, ended, overlapping)) == ["INP051", "INP054"]
    assert codes(run(read_patients, overlapping, ended)) == ["INP051", "INP054"]
    following = overlapping | {"coverage_from": "2026-04-01"}
    (patient,) = of(run(read_patients, ended, following), PatientRecord)
    assert len(patient.coverages) == 2


def test_no_phi_in_any_finding():
    """A marker in each PHI column, each broken in turn."""
    marker = "ZQMARKER1.5E+09-1"
    for name in CHILD:
        if name in ("coverage_rank", "payer", "coverage_from", "relationship"):
            continue
        items = run(read_patients, CHILD | {name: marker}, CHILD | {name: marker + "2", "coverage_rank": "9"})
        assert all("ZQMARKER" not in str(item) for item in of(items, Finding)), name


# -- cases ---------------------------------------------------------------------------------------------------------

CASE = {"case_id": "C1", "patient_id": "P1", "discipline": "PT", "diagnosis_codes": "M54.50 R26.2"}


def test_a_case():
    row = CASE | {
        "onset_date": "2026-02-01",
        "accident_type": "auto",
        "accident_date": "2026-01-31",
        "accident_state": "ma",
        "referring_npi": "1234567893",
        "referring_last_name": "Reed",
        "plan_of_care_visits": "12",
        "therapy_dollars_used": "1,234.50",
    }
    assert of(run(read_cases, row), Case) == [
        Case(
            practice_id="orchard",
            case_id="C1",
            patient_id="P1",
            discipline="PT",
            diagnosis_codes=("M5450", "R262"),
            onset_date=date(2026, 2, 1),
            accident_type="auto",
            accident_date=date(2026, 1, 31),
            accident_state="MA",
            referring_npi="1234567893",
            referring_last_name="Reed",
            plan_of_care_visits=12,
            therapy_dollars_used=123450,
            file="f.csv",
            row=1,
        )
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"case_id": ""}, "INP020"),
        ({"patient_id": ""}, "INP020"),
        ({"discipline": ""}, "INP020"),
        ({"diagnosis_codes": ""}, "INP020"),
        ({"accident_type": "work"}, "INP020"),
        ({"accident_type": "auto", "accident_date": "2026-01-01"}, "INP020"),
        ({"accident_type": "fall"}, "INP027"),
        ({"referring_npi": "1234567893"}, "INP020"),
        ({"plan_of_care_from": "2026-02-01", "plan_of_care_to": "2026-01-01"}, "INP045"),
        ({"referring_npi": "1.2E+09", "referring_last_name": "Reed"}, "INP023"),
    ],
)
def test_a_refused_case(change, code):
    items = run(read_cases, CASE | change)
    assert codes(items) == [code]
    assert of(items, Case) == []
    assert items[-1] == TableSummary(file="f.csv", rows=1, accepted=0, rejected=1)


def test_a_case_id_is_used_once():
    items = run(read_cases, CASE, CASE)
    assert codes(items) == ["INP044"]
    assert len(of(items, Case)) == 1


# -- authorizations ------------------------------------------------------------------------------------------------

AUTHORIZATION = {
    "authorization_number": "A1",
    "patient_id": "P1",
    "payer": "acme",
    "from": "2026-01-01",
    "to": "2026-06-30",
}


def test_an_authorization():
    row = AUTHORIZATION | {
        "codes": "97110,97140",
        "visits": "12",
        "visits_used_elsewhere": "2",
        "status": "approved",
    }
    assert of(run(read_authorizations, row), Authorization) == [
        Authorization(
            practice_id="orchard",
            authorization_number="A1",
            patient_id="P1",
            payer="acme",
            codes=("97110", "97140"),
            valid_from=date(2026, 1, 1),
            valid_to=date(2026, 6, 30),
            visits=12,
            visits_used_elsewhere=2,
            status="approved",
            row=1,
        )
    ]


@pytest.mark.parametrize("name", list(AUTHORIZATION))
def test_a_required_authorization_value_that_is_blank(name):
    assert codes(run(read_authorizations, AUTHORIZATION | {name: ""})) == ["INP020"]


def test_authorization_dates_reversed():
    assert codes(run(read_authorizations, AUTHORIZATION | {"to": "2025-01-01"})) == ["INP045"]


# -- fees ----------------------------------------------------------------------------------------------------------

FEE = {"kind": "charge", "code": "97110", "basis": "per_unit", "amount": "85.00", "from": "2026-01-01"}


def test_fees_of_every_basis():
    expected = FEE | {"kind": "expected", "payer": "acme"}
    items = run(
        read_fees,
        FEE,
        FEE
        | {
            "basis": "per_line",
            "modifier": "gp",
            "credential": "pt",
            "place_of_service": "1",
            "to": "2026-12-31",
        },
        expected | {"basis": "per_visit", "code": "*"},
        expected | {"basis": "visit_maximum", "code": "*"},
        expected | {"basis": "percent_of_charge", "amount": "62.5%"},
        expected | {"pe_amount": "12.5"},
        practices=("a", "b"),
    )
    assert codes(items) == []
    fees = of(items, Fee)
    assert [(fee.basis, fee.amount) for fee in fees] == [
        ("per_unit", 8500), ("per_line", 8500), ("per_visit", 8500), ("visit_maximum", 8500),
        ("percent_of_charge", 6250), ("per_unit", 8500),
    ]  # fmt: skip
    assert (fees[1].modifier, fees[1].credential, fees[1].place_of_service) == ("GP", "PT", "01")
    assert fees[5].pe_amount == 1250
    assert {fee.practice_id for fee in fees} == {""}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "-1"}, "INP025"),
        ({"kind": ""}, "INP020"),
        ({"from": ""}, "INP020"),
        ({"kind": "expected"}, "INP020"),
        ({"basis": "per_visit"}, "INP046"),
        ({"basis": "hourly"}, "INP027"),
        ({"to": "2025-01-01"}, "INP045"),
        ({"practice_id": "nowhere"}, "INP041"),
    ],
)
def test_a_refused_fee(change, code):
    items = run(read_fees, FEE | change)
    assert codes(items) == [code]
    assert of(items, Fee) == []


# -- dates of which nobody knows which part is the month ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "row", "column", "value"),
    [
        (read_cases, CASE, "onset_date", Case),
        (read_fees, {"kind": "charge", "code": "97110", "basis": "per_unit", "amount": "60"}, "from", Fee),
        (read_patients, FIRST, "coverage_from", PatientRecord),
        (read_patients, FIRST, "birth_date", PatientRecord),
    ],
)
def test_a_column_that_is_day_first_refuses_what_could_be_both(reader, row, column, value):
    keys = ("case_id", "patient_id") if reader is read_cases else ("patient_id",)
    if reader is read_fees:
        keys = ("code",)

    def rows(*days):
        return [row | dict.fromkeys(keys, f"9711{number}") | {column: day} for number, day in enumerate(days)]

    items = run(reader, *rows("03/02/2016", "13/02/2016", "2016-02-14"))
    assert [one.row for one in of(items, value)] == [3]
    assert {one.row for one in of(items, RowRejected)} == {1, 2}
    errors = [one for one in of(items, Finding) if one.severity == "error"]
    assert {(one.code, one.location.field) for one in errors} == {("INP021", column)}
    assert not any("03/02" in one.message for one in errors)
    assert items[-1] == TableSummary(file="f.csv", rows=3, accepted=1, rejected=2)
    assert len(of(run(reader, *rows("03/02/2016", "02/13/2016")), value)) == 2
