"""A folder of the practice's own tables and texts that is named by mistake is not kept; reports are."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.builders import make_claim
from tests.remits import claim, file_of, line, payment

PATIENTS = b"patient_id,last_name,first_name,birth_date\nP1,TESTER,TESSA,1960-05-02\n"
REPORT = b"Clearinghouse report\n\n3 claims received, 2 accepted\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("patients.csv", PATIENTS),
        ("patients.txt", b"\xef\xbb\xbf" + PATIENTS),
        ("patients", b"# exported\n" + PATIENTS.replace(b",", b";")),
        (
            "sessions.txt",
            b"line_id\tpatient_id\tdate_of_service\tprocedure_code\nV1\tP1\t2026-01-05\t97110\n",
        ),
        ("README.md", b"# Read me\n"),
        ("claimloop.toml", b"[submitter]\n"),
        ("claimloop.835", b'# settings\n[submitter]\nname = "EXAMPLE BILLING"\n'),
        ("other.csv", b"a,b\n1,2\n"),
        ("more.jsonl", b'{"patient_id": "P1"}\n'),
    ],
)
def test_records_are_refused_and_not_kept(desk_lite, name, data):
    found = desk_lite.ingest(desk_lite.file(data, name))
    (entry,) = found.files
    assert (entry.outcome, [one.code for one in entry.findings]) == ("rejected", ["ING009"])
    assert found.exit_code() == 3
    assert [path for path in (desk_lite.folder / "vault").rglob("*") if path.is_file()] == []
    assert desk_lite.rows("SELECT COUNT(*) FROM file") == [(0,)]


@pytest.mark.parametrize("name", ["a.txt", "a.rpt", "a.LOG", "a", "a.dat"])
def test_reports_are_kept(desk_lite, name):
    found = desk_lite.ingest(desk_lite.file(REPORT, name))
    assert ([one.outcome for one in found.files], found.exit_code()) == (["kept"], 0)


def test_x12_is_read_whatever_it_is_called(desk_lite):
    desk_lite.submit(make_claim())
    data = file_of(payment([claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))]))
    (entry,) = desk_lite.ingest(desk_lite.file(data, "remit.csv")).files
    assert (entry.outcome, entry.kind) == ("posted", "835")


def test_a_record_inside_an_archive_is_refused(desk_lite):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("patients.csv", PATIENTS)
        archive.writestr("report.txt", REPORT)
    found = desk_lite.ingest(desk_lite.file(packed.getvalue(), "a.zip"))
    assert {one.file: one.outcome for one in found.files} == {
        "a.zip": "kept",
        "patients.csv": "rejected",
        "report.txt": "kept",
    }
