"""Files on disk to records and session lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from cli.inputs import RecordFiles, column_mapping, load_records, session_items, with_cases
from edi.intake import TableSummary
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.model.session import SessionLine
from tests.builders import make_case, make_directory, make_records

PATIENTS = (
    "patient_id,last_name,first_name,birth_date,sex,address_1,city,state,zip,coverage_rank,payer,member_id,"
    "coverage_from,relationship\n"
    "P1,Tester,Ada,1960-05-17,F,1 Example,Boston,MA,02139,1,acme,W1,2026-01-01,self\n"
)
CASES = "case_id,patient_id,discipline,diagnosis_codes\nC1,P1,PT,M5450\n"
AUTHORIZATIONS = (
    '{"authorization_number":"A1","patient_id":"P1","payer":"acme","from":"2026-01-01","to":"2026-12-31"}\n'
)
FEES = "kind;code;basis;amount;from\ncharge;97110;per_unit;85,00;2026-01-01\ncharge;97140;per_unit;85.00;2026-01-01\n"
SESSIONS = (
    "visit_id,line_id,patient_id,DOS,treating_npi,procedure_code,diagnosis_codes\n"
    "V1,{line},P1,2026-03-10,1234567893,97110,M5450\n"
)


def with_columns(columns):
    directory = make_directory()
    practice = replace(directory.practices["orchard"], columns=columns)
    other = replace(practice, id="other", columns={"DOS": "birth_date"})
    return directory, practice, other


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "patients.csv").write_text(PATIENTS)
    (tmp_path / "cases.csv").write_text(CASES)
    (tmp_path / "authorizations.jsonl").write_text(AUTHORIZATIONS)
    (tmp_path / "fees.csv").write_text(FEES)
    (tmp_path / "sessions.csv").write_text(SESSIONS.format(line="V1-1"))
    (tmp_path / "more.csv").write_text(SESSIONS.format(line="V1-1"))
    return tmp_path


def test_records_beside_the_sessions(folder):
    files = RecordFiles.beside(folder / "sessions.csv")
    assert files.authorizations == folder / "authorizations.jsonl"
    loaded = load_records(files, make_directory())
    assert list(loaded.records.patients) == [("orchard", "P1")]
    assert list(loaded.records.cases) == [("orchard", "C1")]
    assert [one.authorization_number for one in loaded.records.authorizations] == ["A1"]
    assert [one.code for one in loaded.records.fees] == ["97140"]
    assert [(one.code, one.location.file, one.location.row) for one in loaded.findings] == [
        ("INP024", "fees.csv", 2)
    ]
    assert [(one.file, one.accepted, one.rejected) for one in loaded.summaries] == [
        ("patients.csv", 1, 0), ("cases.csv", 1, 0), ("authorizations.jsonl", 1, 0), ("fees.csv", 1, 1),
    ]  # fmt: skip


def test_optional_files_may_be_absent(tmp_path):
    loaded = load_records(RecordFiles.beside(tmp_path / "sessions.csv"))
    assert (loaded.records.patients, loaded.findings, loaded.summaries) == ({}, (), ())


def test_a_row_of_two_files_is_counted_once_and_headings_are_mapped(folder):
    directory, practice, _ = with_columns({"DOS": "date_of_service"})
    directory = replace(directory, practices={"orchard": practice})
    items = list(session_items([folder / "sessions.csv", folder / "more.csv"], directory))
    assert [type(item) for item in items if isinstance(item, SessionLine | TableSummary)] == [
        SessionLine, TableSummary, TableSummary,
    ]  # fmt: skip
    assert [item.code for item in items if isinstance(item, Finding)] == ["INP048"]


def test_two_practices_that_map_a_heading_differently(folder):
    directory, practice, other = with_columns({"DOS": "date_of_service"})
    both = replace(directory, practices={"orchard": practice, "other": other})
    assert [finding.code for finding in column_mapping(both)[1]] == ["SET014"]
    assert [item.code for item in session_items([folder / "sessions.csv"], both)] == ["SET014"]
    assert column_mapping(both, "orchard") == ({"DOS": "date_of_service"}, ())
    named = list(session_items([folder / "sessions.csv"], both, "orchard"))
    assert isinstance(named[0], SessionLine)
    assert named[0].practice_id == "orchard"


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(InputError):
        list(session_items([tmp_path / name]))


def test_cases_of_the_sessions_are_added():
    records = make_records()
    merged, findings = with_cases(records, [make_case(case_id="C2")])
    assert findings == ()
    assert set(merged.cases) == {("orchard", "C1"), ("orchard", "C2")}
    assert with_cases(records, [make_case(file="s.csv", row=9)])[1] == (), "the same content is no conflict"


def test_a_case_that_disagrees_with_cases_csv_is_taken_out_and_named():
    records = make_records(cases=(make_case(file="cases.csv", row=5),))
    other = make_case(onset_date=None, file="sessions.csv", row=2)
    kept, findings = with_cases(records, [other])
    (finding,) = findings
    assert (finding.code, finding.location.file, finding.location.row) == ("INP047", "sessions.csv", 2)
    assert "row 5 of cases.csv" in finding.message
    assert kept.cases == {}
    assert kept.refused_cases == {("orchard", "C1"): "P1"}


def test_cases_of_two_sessions_files_must_agree():
    first = make_case(case_id="C2", file="a.csv", row=2)
    kept, findings = with_cases(make_records(), [first, replace(first, file="b.csv", row=7)])
    assert findings == ()
    assert kept.cases["orchard", "C2"] == first
    other = replace(first, accident_type="work", file="b.csv", row=7)
    kept, findings = with_cases(make_records(), [first, other])
    assert [(one.code, one.location.file, one.location.row) for one in findings] == [("INP042", "b.csv", 7)]
    assert ("orchard", "C2") not in kept.cases
    assert ("orchard", "C2") in kept.refused_cases


def test_a_case_refused_in_its_file_is_remembered_and_not_replaced(folder):
    (folder / "cases.csv").write_text(CASES.replace(",PT,", ",,"))
    records = load_records(RecordFiles.beside(folder / "sessions.csv"), make_directory()).records
    assert records.cases == {}
    assert records.refused_cases == {("orchard", "C1"): "P1"}
    kept, findings = with_cases(records, [make_case(file="sessions.csv", row=2)])
    assert kept.cases == {}
    assert [one.code for one in findings] == ["INP047"]
