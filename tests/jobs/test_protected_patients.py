"""A patient marked as QMB in patients.csv is never billed: not for a share, nor for what group PR denies."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.app import app
from edi.model.errors import InputError
from tests.builders import make_claim, make_coverage, make_patient, make_person, make_subscriber
from tests.jobs.office import PATIENT, Office, session
from tests.jobs.test_rebuild import rebuilt
from tests.loop.loop_stage import write_837
from tests.remits import claim, file_of, line, payment

CLAIM = "SELECT next_actions, guardrails FROM claim WHERE id = root"
DENIAL = "SELECT next_action, guardrails, because FROM denial"


def sent(*, denied: bool = False) -> bytes:
    """A share of the patient on the first line; the second one paid, or denied under PR."""
    share = line("97110", 5000, 4000, adjustments=["PR*2*10"])
    other = line("97140", 5000, 0, adjustments=["PR*204*50"]) if denied else line("97140", 5000, 5000)
    return file_of(payment([claim("A0000001", share, other)]))


@pytest.mark.parametrize(
    ("protection", "more", "action", "rails"),
    [
        ("", {}, "bill_patient", ""),
        ("qmb", {}, "bill_secondary", "no_patient_bill"),
        ("qmb", {"later_payers": ("medicaid",)}, "bill_secondary", "no_patient_bill"),
    ],
)
def test_the_share_goes_to_the_next_payer_or_to_nobody(desk, protection, more, action, rails):
    desk.submit(make_claim(patient_protection=protection, **more))
    desk.ingest(sent())
    ((actions, guardrails),) = desk.rows(CLAIM)
    assert (actions.split()[-1], guardrails) == (action, rails)
    assert desk.broken() == []


def test_what_is_left_after_the_last_payer_is_nobodys(desk_lite):
    """Medicare, then Medicaid left a share once more: it is written off."""
    desk_lite.submit(make_claim(patient_protection="qmb"))
    again = line("97110", 5000, 300, adjustments=["OA*23*40", "PR*3*7"])
    second = claim(
        "A0000001", again, line("97140", 5000, 0, adjustments=["OA*23*50"]), payer_number="P2", status="2"
    )
    desk_lite.ingest(
        sent(), file_of(payment([second], trace="T2", payer="1999999999", day="20260401"), control=2)
    )
    ((actions, guardrails),) = desk_lite.rows(CLAIM)
    assert "bill_patient" not in actions
    assert "write_off_no_patient_billing" in actions
    assert guardrails == "no_patient_bill"


@pytest.mark.parametrize("protection", ["", "qmb"])
def test_a_denial_under_group_pr_never_says_to_bill_such_a_patient(desk_lite, protection):
    desk_lite.submit(make_claim(patient_protection=protection))
    desk_lite.ingest(sent(denied=True))
    ((action, guardrails, because),) = desk_lite.rows(DENIAL)
    assert ("no_patient_bill" in guardrails.split()) is bool(protection)
    assert ("(QMB)" in because) is bool(protection)
    assert ("bill_patient" in action) is not bool(protection)
    assert desk_lite.broken() == []


def test_a_rebuild_knows_the_mark(desk_lite):
    desk_lite.submit(make_claim(patient_protection="qmb"))
    desk_lite.ingest(sent(denied=True))
    made, (digest, _), _ = rebuilt(desk_lite)
    assert made.same
    assert digest == desk_lite.digest()


# -- imported claims ---------------------------------------------------------------------------------------------------

OTHER_DAY = date(1990, 1, 2)


def imported(desk, *claims, name="in.837", patients=()):
    """Take in an 837P of another system, as one that says nothing of QMB."""
    return desk.import_claims(desk.file(write_837(claims, 1), name), patients=patients)


def record(**changes):
    """The patient of ``make_claim`` in patients.csv, marked as QMB."""
    return make_patient(
        practice_id="orchard", qmb=True, coverages=(make_coverage(member_id="W123456789"),), **changes
    )


def marks(desk):
    return desk.rows("SELECT patient_control_number, patient_protection, guardrails FROM claim ORDER BY id")


def actions(desk):
    return " ".join(row[0] for row in desk.rows("SELECT next_actions FROM claim WHERE id = root"))


@pytest.mark.parametrize(
    "order", ["with the import", "import again", "before the answer", "after the answer"]
)
def test_an_imported_claim_of_a_patient_of_the_records_is_protected(desk_lite, order):
    """Whenever the record comes: no action says to bill him, and the guardrail stands."""
    manifest = imported(desk_lite, make_claim(), patients=[record()] if order == "with the import" else ())
    said = [one.code for one in manifest.files[0].findings]
    assert ("IMP003" in said) is (order == "with the import")
    if order == "before the answer":
        desk_lite.import_claims(patients=[record()])
    desk_lite.ingest(sent(denied=True))
    if order == "import again":
        imported(desk_lite, make_claim(), name="again.837", patients=[record()])
    if order == "after the answer":
        assert "bill_patient" in actions(desk_lite)
        desk_lite.import_claims(patients=[record()])
    assert marks(desk_lite) == [("A0000001", "qmb", "no_patient_bill")]
    assert "bill_patient" not in actions(desk_lite)
    ((action, guardrails, _),) = desk_lite.rows(DENIAL)
    assert "bill_patient" not in action
    assert "no_patient_bill" in guardrails.split()
    assert desk_lite.broken() == []


@pytest.mark.parametrize("late", [False, True])
def test_a_rebuild_protects_imported_claims_too(desk_lite, late):
    imported(desk_lite, make_claim(), patients=() if late else [record()])
    desk_lite.ingest(sent(denied=True))
    desk_lite.import_claims(patients=[record()])
    made, (digest, _), _ = rebuilt(desk_lite)
    assert made.same
    assert digest == desk_lite.digest()


def test_a_claim_made_here_tells_who_is_protected(desk):
    desk.submit(make_claim(patient_control_number="B7", patient_protection="qmb"))
    imported(desk, make_claim())
    assert [one[:2] for one in marks(desk)] == [("B7", "qmb"), ("A0000001", "qmb")]


@pytest.mark.parametrize(
    "other",
    [
        {"subscriber": make_subscriber(member_id="W000000000", person=make_person(last_name="PATIENT"))},
        {"subscriber": make_subscriber(person=make_person(birth_date=OTHER_DAY))},
    ],
)
def test_nobody_else_is_protected(desk_lite, other):
    """Another member, or another person under the same member id."""
    imported(desk_lite, make_claim(**other), patients=[record()])
    desk_lite.ingest(sent())
    assert marks(desk_lite) == [("A0000001", "", "")]
    assert "bill_patient" in actions(desk_lite)


def test_a_patient_who_is_not_marked_is_billed(desk_lite):
    imported(
        desk_lite, make_claim(), patients=[make_patient(), make_patient(practice_id="elsewhere", qmb=True)]
    )
    desk_lite.ingest(sent())
    assert marks(desk_lite) == [("A0000001", "", "")]


def test_a_claim_that_was_made_here_before_there_was_a_mark_gets_it_from_the_records(desk_lite):
    """One that said nothing; what a claim of this version says of its patient stands."""
    old, _ = desk_lite.submit(make_claim(), make_claim(patient_control_number="B0000002"))
    with desk_lite.store.write() as connection:
        query = text("SELECT content FROM claim_content WHERE claim_id = :claim")
        kept = msgspec.msgpack.decode(connection.execute(query, {"claim": old}).scalar())
        del kept["patient_protection"]
        change = text("UPDATE claim_content SET content = :content WHERE claim_id = :claim")
        connection.execute(change, {"claim": old, "content": msgspec.msgpack.encode(kept)})
    desk_lite.ingest(sent())
    desk_lite.import_claims(patients=[record()])
    assert marks(desk_lite) == [("A0000001", "qmb", "no_patient_bill"), ("B0000002", "", "")]
    made, (digest, _), _ = rebuilt(desk_lite)
    assert made.same
    assert digest == desk_lite.digest()


@pytest.fixture
def office(tmp_path):
    """A practice whose patient is marked as QMB, and an 837P that another system made of him."""
    made = Office(tmp_path, {"P1": {"qmb": "Y"}, "P2": {"member_id": "1EG4TE5MK74"}})
    person = make_person(birth_date=date.fromisoformat(PATIENT["birth_date"]))
    subscriber = make_subscriber(member_id=PATIENT["member_id"], person=person)
    (tmp_path / "in.837").write_bytes(write_837([make_claim(subscriber=subscriber)], 1))
    return made


def command(office, *more):
    arguments = ["claims", "import", str(office.folder / "in.837"), *more]
    return CliRunner().invoke(app, [*arguments, "--config", str(office.folder / "claimloop.toml")])


@pytest.mark.parametrize("dry_run", [False, True])
def test_claims_that_are_made_later_bring_the_mark(office, dry_run):
    command(office)
    office.create(session("V1", patient="P2"), dry_run=dry_run)
    marked = office.rows("SELECT patient_protection FROM claim WHERE source = 'imported'")
    assert marked == [("" if dry_run else "qmb",)]


def test_the_import_reads_the_records_it_is_given(office):
    result = command(office, "--patients", str(office.folder / "patients.csv"))
    assert "IMP003" in result.output
    assert office.rows("SELECT patient_protection FROM claim") == [("qmb",)]


def test_the_import_says_what_it_cannot_read_of_the_records(office):
    office.write("patients", [{"patient_id": "P1", **PATIENT, "birth_date": "never"}])
    result = command(office, "--patients", str(office.folder / "patients.csv"))
    assert result.exit_code == 3
    assert "birth_date" in result.output
    gone = command(office, "--patients", str(office.folder / "gone.csv"))
    assert isinstance(gone.exception, InputError)
