"""`payments add`, `export postings`, `close month`, `eob` as a person calls them."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.command_line import Office, claimloop

PAYER_ROW = (
    "kind,practice_id,payer,claim,procedure_code,date_of_service,date,amount,adjustments,reference,note\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An office whose claims were sent, and the first of them as `claims list` has it."""
    office = Office(tmp_path_factory.mktemp("hand") / "office")
    office.create()
    claim = office("claims", "list", "--json").json[0]
    return office, claim


def rows(office, claim, *lines: str):
    path = office.folder / "payments.csv"
    path.write_text(PAYER_ROW + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_the_round_of_a_check_on_paper(made):
    office, claim = made
    number, practice = claim["patient_control_number"], claim["practice_id"]
    lines = office("claims", "show", number, "--json").json["claims"][0]["lines"]
    paid = [
        f"paper_eob,{practice},{claim['payer']},{number},{one['procedure_code']},{one['date_of_service']},2026-03-25,"
        f"{float(one['charge']) - 5:.2f},PR-2=5.00,7001,SEEN BY QZX"
        for one in lines
    ]
    patient = f"patient,{practice},,{number},,,2026-03-26,8.00,,D1,"
    path = rows(office, claim, *paid, patient)
    before = office.digest()
    dry = office("payments", "add", path, "--dry-run", "--json")
    assert dry.json["totals"]["lines_matched"] == len(lines)
    assert office.digest() == before
    done = office("payments", "add", path)
    assert "1 payment: taken in" in done.out, done
    assert "1 patient payment" in done.out
    assert "taken in before" in office("payments", "add", path).out

    story = office("claims", "show", number)
    assert "(paper_eob, by hand)" in story.out
    owed = 5 * len(lines) - 8
    assert (f"the patient owes {owed}.00" if owed >= 0 else f"a credit of {-owed}.00") in story.out
    told = office("claims", "show", number, "--json").json["claims"][0]
    assert told["patient_balance"] == f"{owed}.00"
    assert [one["source"] for one in told["payments"]] == ["paper_eob"]

    shown = office("eob", number)
    assert "paper EOB, written down by hand" in shown.out
    assert "QZX" not in shown.out + shown.err
    assert "QZX" in office("eob", number, "--show-phi").out
    told = office("eob", number, "--json")
    assert [json.loads(one)["part"] for one in told.out.splitlines()] == ["head", "claim"]
    page = office.folder / "eob.html"
    assert office("eob", number, "--format", "html", "--output", page).code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    document = office.folder / "eob.pdf"
    assert office("eob", number, "--format", "pdf", "--output", document).code == 0
    assert document.read_bytes().startswith(b"%PDF")

    closed = office(
        "close", "month", "--through", "2026-03-31", "--practice", practice, "--as-of", "2026-04-02", "--json"
    )
    assert closed.json["closed"][0]["new_entries"] == 2 * len(lines) + 1
    again = office(
        "close",
        "month",
        "--through",
        "2026-04-01",
        "--practice",
        practice,
        "--as-of",
        "2026-04-02",
        "--dry-run",
    )
    assert (
        f"would be closed through 2026-04-01 with {2 * len(lines) + 1} postings up to that day" in again.out
    )
    assert "0 of them dated for good now" in again.out
    for path in (office.folder / "nowhere" / "x.csv", office.folder):
        unwritten = office("export", "postings", "--as-of", "2026-04-02", "--output", path)
        assert (unwritten.code, "check the path" in unwritten.err) == (3, True), unwritten
    told = office("export", "postings", "--practice", practice, "--as-of", "2026-04-02")
    assert f"batch 1: {2 * len(lines) + 1} postings told" in told.err
    exported = list(csv.DictReader(io.StringIO(told.out)))
    assert {one["patient_balance"] for one in exported} == {f"{owed}.00"}
    assert office("export", "postings", "--practice", practice, "--as-of", "2026-04-02").out.count("\n") == 1
    assert office("export", "postings", "--again", 1).out == told.out
    assert office("verify").code == 0
    report = office("report", "collections", "--by", "source", "--json")
    assert report.code == 0, report


def test_a_file_that_is_missing_or_empty_keeps_no_other_out(made):
    office, claim = made
    row = f"patient,{claim['practice_id']},,{claim['patient_control_number']},,,2026-03-28,2.00,,D3,"
    path = rows(office, claim, row)
    bare = office.folder / "bare.csv"
    bare.write_text(PAYER_ROW, encoding="utf-8")
    done = office("payments", "add", office.folder / "nosuch.csv", bare, path, "--json")
    assert done.code == 3
    missing, empty, taken = done.json["files"]
    assert [one["outcome"] for one in (missing, empty, taken)] == ["rejected", "rejected", "posted"]
    assert [one["findings"][0]["code"] for one in (missing, empty)] == ["ING001", "PAY029"]
    source = next((office.folder / "out").glob("*.837"))
    copied = claimloop(
        "redact", office.folder / "nosuch.837", source, "--out", office.folder / "copies", "--json"
    )
    assert (copied.code, len(copied.json["copies"]), len(copied.json["failed"])) == (3, 1, 1)


def test_a_batch_that_cannot_be_written_is_named_with_what_writes_it(made):
    office, claim = made
    path = rows(
        office,
        claim,
        f"patient,{claim['practice_id']},,{claim['patient_control_number']},,,2026-03-27,1.00,,D2,",
    )
    office("payments", "add", path)
    full = office("export", "postings", "--as-of", "2026-04-03", "--output", "/dev/full")
    assert full.code == 3, full
    assert "export postings --again" in full.err
    number = full.err.partition("--again ")[2].split()[0]
    again = list(csv.DictReader(io.StringIO(office("export", "postings", "--again", number).out)))
    assert {one["batch"] for one in again} == {number}


def test_a_folder_for_files_that_is_a_file_is_told_before_any_work(made):
    office, _ = made
    plain = office.folder / "plain"
    plain.write_bytes(b"")
    before = office.digest()
    for out in (plain, plain / "below"):
        asked = office("claims", "create", "sessions.csv", "--out", out)
        told = " ".join(asked.err.replace("│", " ").split())
        assert (asked.code, "is a file; name a folder" in told) == (2, True), asked
    assert office.digest() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "postings", "--again", 99), "no such batch"),
        (("export", "postings", "--again", 1, "--since", "2026-01-01"), "leave --practice"),
        (("export", "postings", "--practice", "nobody"), "is none of"),
        (("close", "month", "--through", "2026-05-31", "--as-of", "2026-05-31"), "days that are over"),
        (("eob", "NOBODY", "--format", "pdf"), "--output"),
    ],
)
def test_what_cannot_be_done_is_said(made, words, said):
    office, _ = made
    run = office(*words)
    assert run.code == 2
    assert said in run.err


def test_a_claim_without_an_answer(made):
    office, _ = made
    run = office("eob", "NOBODY")
    assert run.code == 3
    assert "no claim of that name" in run.err


def test_a_missing_file_of_payments(made):
    office, _ = made
    assert office("payments", "add", office.folder / "nothing.csv").code == 3


def test_eob_of_a_file_touches_no_store(made, tmp_path):
    office, _ = made
    (remit,) = sorted(office.answer().glob("*835*"))[:1]
    run = claimloop(
        "eob",
        remit,
        "--config",
        office.folder / "claimloop.toml",
        "--database",
        f"sqlite:///{tmp_path}/no.db",
    )
    assert run.code == 0, run
    assert "What the codes mean" in run.out
    assert not (tmp_path / "no.db").exists()
