"""`claims create`: what is written, held and remembered, over several runs and in spite of kills."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.jobs import create_claims as job
from cli.jobs import placing
from cli.jobs.scrub import check as scrub_check
from edi.model.errors import InputError, SettingsError, StoreError, UsageError
from edi.model.finding import Finding, Location, Severity
from edi.x12.conformance import Verdict
from reconcile.store import ClaimOrigin, open_store, save_claims
from tests.builders import make_claim, make_line
from tests.jobs.office import CASE, SETTINGS, Office, session

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


def codes(result, severity=None):
    return [one.code for one in result.findings if severity in (None, one.severity)]


def errors(result):
    return codes(result, Severity.ERROR)


def of(result, code):
    return [one for one in result.findings if one.code == code]


# -- one run -----------------------------------------------------------------------------------------------------------


def test_claims_are_written_and_stored(office):
    result = office.create(
        session("V1"), session("V1", 2, procedure_code="97140"), session("V2", patient="P2")
    )
    assert (errors(result), result.held) == ([], ())
    assert (result.lines, result.claims, result.claim_lines, result.charge) == (3, 2, 3, 18000)
    (file,) = result.files
    assert list(office.written()) == [Path(file.path).name]
    stored = "SELECT patient_id, charge, source, status FROM claim ORDER BY patient_id"
    assert office.rows(stored) == [
        ("P1", 12000, "created", "submitted"),
        ("P2", 6000, "created", "submitted"),
    ]
    assert len(office.rows("SELECT * FROM billed_session")) == 3


def test_an_error_holds_its_claim_and_no_other(office):
    result = office.create(session("V1", units="3"), session("V2", patient="P2"))
    assert errors(result) == ["UNT003"]
    assert [(one.session_line_ids, one.charge) for one in result.held] == [(("V1-1",), 18000)]
    assert result.claims == 1
    assert office.rows("SELECT patient_id FROM claim") == [("P2",)]


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    rows = [session(f"V{number}", patient=f"P{number}") for number in range(1, 6)]
    offices = [Office(tmp_path / name) for name in ("one", "two")]
    for one in offices:
        one.create(*rows)
    assert offices[0].written() == offices[1].written()
    assert len(offices[0].written()) == 3
    assert offices[0].digest() == offices[1].digest()


# -- what is in doubt is not sent --------------------------------------------------------------------------------------

ACCIDENT = {"accident_type": "work", "accident_date": "2026-02-20", "claim_number": "WC-77"}


def test_a_case_that_stands_in_two_files_holds_its_day(office):
    result = office.create(session("V1", **ACCIDENT), session("V1", 2), session("V2", patient="P2"))
    assert errors(result) == ["INP047", "CHG004", "CHG004"]
    (conflict,) = of(result, "INP047")
    assert (conflict.location.file, conflict.location.row) == ("sessions.csv", 2)
    assert "cases.csv" in conflict.message
    assert (result.claims, result.held_lines, result.held_lines_charge) == (1, 2, 12000)
    assert office.rows("SELECT patient_id FROM claim") == [("P2",)]


def test_a_case_refused_in_its_file_holds_its_lines_and_says_so(office):
    office.write("cases", [{"case_id": "CP1", "patient_id": "P1", **CASE, "discipline": ""}])
    named, blank = session("V1"), session("V2", date_of_service="2026-03-11", case_id="")
    result = office.create(named, blank, session("V3", patient="P2", case_id=""))
    assert errors(result)[:3] == ["INP020", "CHG004", "CHG004"]
    assert all("refused" in one.message for one in of(result, "CHG004"))
    assert {one.location.session for one in of(result, "CHG004")} == {"V1-1", "V2-1"}


def test_a_date_that_could_be_another_day_is_not_sent(office):
    days = ("13/02/2026", "03/02/2026", "20/02/2026")
    rows = [session(f"V{n}", patient=f"P{n}", date_of_service=day) for n, day in enumerate(days, 1)]
    result = office.create(*rows)
    assert errors(result) == ["INP021"] * 3
    assert {one.location.row for one in of(result, "INP021")} == {2, 3, 4}
    assert (result.lines, result.rejected_rows, result.claims) == (0, 3, 0)
    assert (result.refused_charge, result.unpriced) == (6000, 2), "fees.csv wants a date"


def test_rows_exported_twice_are_billed_once(office):
    rows = [session("V1"), session("V1", 2, procedure_code="97140")]
    result = office.create(*rows, rows[0], rows[0])
    assert errors(result) == []
    assert (result.lines, result.claim_lines, result.rejected_rows, result.charge) == (2, 2, 0, 12000)
    assert "2 rows" in of(result, "INP048")[0].message
    path = office.folder / "sessions.csv"
    again = office.create(sessions=(path, path))
    assert (errors(again), again.already_billed, again.claims) == ([], 2, 0)
    assert [one.message[:6] for one in of(again, "INP048")] == ["2 rows", "4 rows"]


def test_one_line_id_for_two_services_holds_both_and_tells_their_charge(office):
    result = office.create(session("V1"), session("V1", minutes="30"), session("V2", patient="P2"))
    assert errors(result) == ["INP040", "CHG017"]
    assert "row 2 already" in of(result, "INP040")[0].message
    assert (result.claims, result.held_lines_charge, result.refused_charge) == (1, 6000, 12000)


def test_a_line_held_beside_a_refused_row_is_counted_under_one_code(office):
    result = office.create(session("V1"), session("V1", 2, minutes="x1"), session("V2", 1))
    codes_of_lines = [one.code for one in result.findings if one.code.startswith("CHG")]
    assert sorted(codes_of_lines) == ["CHG016", "CHG017"]
    assert {one.severity for one in of(result, "CHG016")} == {Severity.WARNING}
    assert {one.severity for one in of(result, "CHG017")} == {Severity.ERROR}


def test_what_a_payer_said_of_a_row_names_its_file(office, monkeypatch):
    place = Location(row=3, field="coverage_to")
    said = Finding(code="ELI007", severity=Severity.WARNING, message="ends", location=place)
    monkeypatch.setattr(scrub_check, "confirmed", lambda records, *_: (records, (said,)))
    (found,) = of(office.create(session("V1")), "ELI007")
    assert (found.location.file, found.location.row) == ("patients.csv", 3)


# -- the second opinion ------------------------------------------------------------------------------------------------

REFUSED = {
    "a city that is too long": ({"city": "B" * 31}, "PYXE5", "subscriber.person.address.city"),
    "a letter without spelling": ({"last_name": "Тестер"}, "SUB020", "subscriber.person.last_name"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_writer_or_pyx12_refuses_is_held_alone(tmp_path, name):
    changes, code, field = REFUSED[name]
    office = Office(tmp_path, {"P1": {}, "P2": changes, "P3": {}})
    result = office.create(*(session(f"V{number}", patient=f"P{number}") for number in (1, 2, 3)))
    (held,) = result.held
    assert held.session_line_ids == ("V2-1",)
    found = of(result, code)[0]
    assert found in held.findings
    assert (found.location.file, found.location.row, found.location.session) == ("sessions.csv", 3, "V2-1")
    assert (found.location.field, found.location.claim) == (field, None)
    assert changes.popitem()[1] not in found.message
    assert (result.claims, len(result.files)) == (2, 2)
    assert office.rows("SELECT patient_id FROM claim ORDER BY patient_id") == [("P1",), ("P3",)]
    assert office.rows("SELECT line_id FROM billed_session ORDER BY line_id") == [("V1-1",), ("V3-1",)]


def test_a_refused_claim_takes_no_numbers(tmp_path):
    good, bad = {"P1": {}, "P3": {}}, {"P1": {}, "P2": {"city": "B" * 31}, "P3": {}}
    rows = [session("V1", patient="P1"), session("V3", patient="P3")]
    without, beside = Office(tmp_path / "without", good), Office(tmp_path / "beside", bad)
    for one in (without, beside):
        (one.folder / "claimloop.toml").write_text(
            (one.folder / "claimloop.toml")
            .read_text()
            .replace("max_claims_per_st = 2", "max_claims_per_st = 9")
        )
    without.create(*rows)
    beside.create(rows[0], session("V2", patient="P2"), rows[1])
    assert without.written() == beside.written()


def test_a_line_that_pyx12_refuses_is_named(office):
    note = "N" * 81
    result = office.create(session("V1"), session("V1", 2, procedure_code="97140", line_note=note))
    (found,) = of(result, "PYXE5")
    assert (found.location.session, found.location.row, found.location.line) == ("V1-2", 3, "2")
    assert result.claims == 0
    assert office.written() == {}


def test_without_a_second_opinion_the_claim_goes_out(tmp_path):
    office = Office(tmp_path, {"P1": {"city": "B" * 31}})
    assert office.create(session("V1"), second_opinion=False).claims == 1


# -- the second run ----------------------------------------------------------------------------------------------------


def test_the_same_run_again_is_silent(office):
    rows = [session("V1"), session("V1", 2, procedure_code="97140", minutes="4"), session("V2", patient="P2")]
    first = office.create(*rows)
    assert first.not_billed == {"zero_units": 1}
    before, files = office.digest(), office.everything()
    second = office.create()
    assert (second.claims, second.files, second.held, second.put_back) == (0, (), (), ())
    assert (second.already_billed, second.changed, second.not_billed) == (3, 0, {})
    assert errors(second) == []
    assert of(second, "CHG020") == []
    assert office.digest() == before
    assert office.everything().keys() == files.keys()


def test_minutes_that_earned_no_unit_are_counted_and_remembered(office):
    rows = [
        session("V1", number, procedure_code=code, minutes="7")
        for number, code in enumerate(("97110", "97112", "97140"), 1)
    ]
    first = office.create(*rows)
    assert (errors(first), first.claims, first.not_billed) == ([], 1, {"zero_units": 2})
    billed = "SELECT line_id, line_number FROM billed_session ORDER BY line_id"
    assert office.rows(billed) == [("V1-1", 1), ("V1-2", 0), ("V1-3", 0)]
    second = office.create()
    assert (second.already_billed, second.claims, second.held_lines, second.not_billed) == (3, 0, 0, {})


def test_a_line_changed_after_billing_is_named_not_billed(office):
    office.create(session("V1"))
    result = office.create(session("V1", minutes="30"), session("V2", patient="P2"))
    (found,) = of(result, "CHANGED_AFTER_BILLING")
    assert (found.location.row, found.location.session, found.severity) == (2, "V1-1", Severity.WARNING)
    assert (result.changed, result.claims) == (1, 1)


def test_a_file_that_never_got_into_its_folder_is_put_there(office):
    rows = [session(f"V{number}", patient=f"P{number}") for number in range(1, 6)]
    office.create(*rows)
    before = office.written()
    gone = sorted(before)[1]
    (office.out / gone).unlink()
    office.sql(f"UPDATE file SET outcome = 'written' WHERE name = '{gone}'")
    result = office.create()
    assert result.put_back == (gone,)
    assert office.written() == before
    assert result.claims == 0
    assert office.create().put_back == ()


def test_a_file_that_was_moved_away_by_hand_does_not_come_back(office):
    office.create(session("V1"))
    (name,) = office.written()
    (office.out / name).unlink()
    assert office.create().put_back == ()
    assert office.written() == {}


def test_another_file_of_the_same_name_is_never_replaced(office):
    office.out.mkdir(exist_ok=True)
    name = "house-000000001.837"
    (office.out / name).write_bytes(b"another store's")
    with pytest.raises(UsageError, match="--out"):
        office.create(session("V1"))
    assert (office.out / name).read_bytes() == b"another store's"
    (office.out / name).unlink()
    assert office.create(session("V1")).claims == 1


@pytest.mark.parametrize("stage", ["nothing stored", "one run stored", "a file missing"])
def test_a_dry_run_leaves_everything_as_it_is(office, stage):
    if stage != "nothing stored":
        office.create(session("V1"))
    else:
        office.create(session("V9", note_status="unsigned"))
    if stage == "a file missing":
        next(office.out.iterdir()).unlink()
    office.write("sessions", [session("V1"), session("V2", patient="P2"), session("V3", patient="P3")])
    digest, files = office.digest(), office.everything()
    dry = office.create(dry_run=True)
    assert dry.claims == (3 if stage == "nothing stored" else 2)
    assert office.digest() == digest
    assert office.everything() == files
    real = office.create()
    if stage == "nothing stored":
        assert real.files[0].sha256 == dry.files[0].sha256
    assert real.claims == dry.claims


# -- days that were billed before --------------------------------------------------------------------------------------


def test_a_late_line_goes_out_with_a_warning(office):
    office.create(session("V1"))
    result = office.create(session("V1"), session("V1", 2, procedure_code="97140"))
    assert errors(result) == []
    (found,) = of(result, "DUP001")
    assert (found.severity, found.carc, found.location.session) == (Severity.WARNING, "18", "V1-2")
    ((number,),) = office.rows("SELECT patient_control_number FROM claim ORDER BY id LIMIT 1")
    assert f"claim {number} has 97110" in found.message
    assert "not in this input" not in found.message
    assert (result.already_billed, result.claims, result.claim_lines) == (1, 1, 1)
    third = office.create()
    assert (third.already_billed, third.claims, codes(third)) == (2, 0, codes(third, Severity.INFO))


def test_a_late_line_whose_earlier_rows_are_not_in_the_input_says_so(office):
    early = session("V1", minutes="8")
    late = session("V1", 2, procedure_code="97140", minutes="12", units="1")
    office.create(early)
    alone = office.create(late)
    assert of(alone, "DUP001")[0].message.endswith("so units were checked without")
    assert alone.claims == 1


def test_a_late_line_is_held_by_the_minutes_of_the_whole_day(office):
    early = session("V1", minutes="8")
    late = session("V1", 2, procedure_code="97140", minutes="12", units="1")
    office.create(early)
    result = office.create(early, late)
    assert errors(result) == ["UNT003"]
    said = "97140 12 + 97110 8 = 20 min allow 1; billed 97140 ×1, 97110 ×1 = 2, of which 97110 ×1 before"
    assert said in of(result, "UNT003")[0].message
    assert (result.claims, [one.session_line_ids for one in result.held]) == (0, [("V1-2",)])


def test_a_late_line_without_units_gets_what_the_day_leaves(office):
    early = session("V1", minutes="8")
    office.create(early)
    result = office.create(early, session("V1", 2, procedure_code="97140", minutes="12"))
    assert (result.claims, result.not_billed) == (0, {"zero_units": 1})
    result = office.create(early, session("V1", 2, procedure_code="97140", minutes="15"))
    assert (errors(result), result.claims) == ([], 1)
    assert office.rows("SELECT units FROM service_line ORDER BY id") == [("1",), ("1",)]


def test_edits_reach_back_to_earlier_claims(office):
    office.create(session("V1", procedure_code="97140"))
    result = office.create(session("V2", procedure_code="97124"))
    (found,) = of(result, "BND001")
    assert "97140 billed before" in found.message
    assert found.location.session == "V2-1"
    other = office.create(session("V3", patient="P2", procedure_code="97124"))
    assert of(other, "BND001") == []


def test_edits_of_the_loaded_quarter_hold_the_late_claim(office):
    day = {"date_of_service": "2024-08-01"}
    text = (office.folder / "payers.toml").read_text() + "filing = { initial_days = 2000 }\n"
    (office.folder / "payers.toml").write_text(text)
    early = {**CASE, "plan_of_care_from": "2024-01-01", "plan_of_care_certified_on": "2024-01-02"}
    office.write("cases", [{"case_id": f"C{key}", "patient_id": key, **early} for key in ("P1", "P2")])
    office.write(
        "fees",
        [{"kind": "charge", "code": "*", "basis": "per_unit", "amount": "60.00", "from": "2024-01-01"}],
    )
    first = office.create(session("V1", procedure_code="97140", **day))
    assert (errors(first), first.claims) == ([], 1)
    second = office.create(session("V2", procedure_code="97124", **day))
    assert errors(second) == ["BND001"]
    assert second.claims == 0


def test_visits_of_an_authorization_are_counted_over_runs(office):
    office.write(
        "authorizations",
        [
            {
                "authorization_number": "AU1",
                "patient_id": "P1",
                "payer": "federal",
                "from": "2026-01-01",
                "to": "2026-12-31",
                "visits": "1",
            }
        ],
    )
    office.create(session("V1"))
    same_day = office.create(session("V1", 2, procedure_code="97140"))
    assert of(same_day, "CHG025") == []
    another = office.create(session("V2", date_of_service="2026-03-11"))
    assert len(of(another, "CHG025")) == 1


# -- kills -------------------------------------------------------------------------------------------------------------

RUN = """
import os, signal, sys, traceback
from pathlib import Path
import reconcile.store.engine as engine
from sqlalchemy import event
from tests.jobs.office import Office

done, moment, wanted = 0, "", 0

def count(connection):
    if not connection.get_execution_options().get("claimloop_write"):
        return
    global done
    done += 1
    if done == wanted:
        if moment == "after":
            connection.connection.driver_connection.execute("COMMIT")
        os.kill(os.getpid(), signal.SIGKILL)

made = engine._engine
def watched(*arguments, **options):
    one = made(*arguments, **options)
    event.listen(one, "commit", count)
    return one
engine._engine = watched

def create(folder):
    office = Office.__new__(Office)
    office.folder, office.out = Path(folder), Path(folder) / "out"
    office.create()

create(sys.argv[1])
print(done, flush=True)
for line in sys.stdin:
    moment, wanted, folder = line.rstrip().split(" ", 2)
    done, wanted = 0, int(wanted)
    child = os.fork()
    if not child:
        try:
            create(folder)
        except BaseException:
            traceback.print_exc()
        os._exit(done)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs the job in one folder and tells its commits, then in each folder of a line in a process that ends itself before
or after its n-th commit, and tells how that ended. Such a process is a fork: to load all that a run needs takes longer
than the run."""


class Killed:
    """Runs of the job that are killed; ``commits`` is how many an undisturbed one has."""

    def __init__(self, folder):
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.commits = int(self._process.stdout.readline())

    def run(self, moment, wanted, folder):
        """How the process ended that was to kill itself before or after a commit."""
        print(moment, wanted, folder, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def end(self):
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """An office after a run without kills, and what runs with kills."""
    office = Office(tmp_path_factory.mktemp("whole"))
    office.write("sessions", [session(f"V{number}", patient=f"P{number}") for number in range(1, 6)])
    killed = Killed(office.folder)
    yield office, killed
    killed.end()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_commit_point_is_made_good_by_running_again(tmp_path, undisturbed, moment):
    whole, killed = undisturbed
    assert killed.commits >= 4, "the schema and three files"
    for wanted in range(1, killed.commits + 1):
        office = Office(tmp_path / str(wanted))
        office.write("sessions", [session(f"V{number}", patient=f"P{number}") for number in range(1, 6)])
        assert killed.run(moment, wanted, office.folder) == -signal.SIGKILL
        office.create()
        assert office.written() == whole.written(), wanted
        assert office.digest() == whole.digest(), wanted
        assert office.create().claims == 0


# -- progress and the command ------------------------------------------------------------------------------------------


def test_the_phases_are_shown_with_how_much_there_is(office):
    told = []

    @contextmanager
    def phase(name, total):
        one = [name, total, 0]
        told.append(one)

        def advance(count):
            one[2] += count

        yield advance

    days = [(f"P{patient}", f"2026-03-{day:02}") for patient in range(1, 7) for day in (3, 4, 5)]
    rows = [session(f"V{n}", patient=patient, date_of_service=day) for n, (patient, day) in enumerate(days)]
    office.create(*rows, phase=phase)
    assert told == [["reading", None, 0], ["charging", 18, 18], ["checking", 18, 0], ["writing", 18, 18]]


@pytest.mark.parametrize(
    "arguments",
    [["nothing.csv"], ["."], ["sessions.csv", "nothing.csv"], ["sessions.csv", "--patients", "nothing.csv"]],
)
def test_an_input_that_is_missing_is_named_before_anything_is_made(office, monkeypatch, arguments):
    office.write("sessions", [session("V1")])
    monkeypatch.chdir(office.folder)
    files = office.everything()
    done = CliRunner().invoke(app, ["claims", "create", *arguments, "--out", "out"])
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 3
    assert office.everything() == files


def test_the_command_prints_a_visit_once_and_its_json_has_every_row(office, monkeypatch):
    office.write("sessions", [session("V1", number, treating_npi="1234567893") for number in (1, 2, 3)])
    monkeypatch.chdir(office.folder)
    command = ["claims", "create", "sessions.csv", "--out", "out", "--as-of", "2026-03-20"]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 1
    assert shown.stderr.count("CHG007") == 1
    assert "(and 2 more rows: 3, 4)" in shown.stderr
    document = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert [one["row"] for one in document["findings"] if one["code"] == "CHG007"] == [2, 3, 4]


# -- two runs at once --------------------------------------------------------------------------------------------------


def test_a_session_that_another_run_billed_meanwhile_is_not_billed_again(office, monkeypatch):
    rows = [session("V1"), session("V2", patient="P2")]
    writing, other = job.submit, []

    def after_the_other(drafts, to):
        with monkeypatch.context() as patch:
            patch.setattr(job, "submit", writing)
            other.append(office.create(rows[0]))
            office.write("sessions", rows)
        return writing(drafts, to)

    with monkeypatch.context() as patch:
        patch.setattr(job, "submit", after_the_other)
        result = office.create(*rows)
    assert other[0].claims == 1
    assert (result.claims, result.already_billed, result.held) == (1, 1, ())
    (found,) = of(result, "SUB030")
    assert (found.severity, found.location.session) == (Severity.WARNING, "V1-1")
    assert office.rows("SELECT patient_id FROM claim ORDER BY id") == [("P1",), ("P2",)]
    assert office.rows(
        "SELECT b.line_id, c.patient_id FROM billed_session b JOIN claim c ON c.id = b.claim_id ORDER BY 1"
    ) == [("V1-1", "P1"), ("V2-1", "P2")]


def test_a_billed_session_is_never_stored_twice(office):
    office.create(session("V1"))
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}")
    twice = make_claim(lines=(make_line(1, session_line_ids=("V1-1",)),))
    with pytest.raises(StoreError), store.write() as connection:
        save_claims(connection, [twice], ClaimOrigin(source="created"), {("orchard", "V1-1"): "x"})
    store.close()
    assert len(office.rows("SELECT id FROM claim")) == 1


def test_a_file_that_was_sent_before_it_was_placed_stays_sent(office, monkeypatch):
    place = placing.place

    def sent_meanwhile(*arguments, **named):
        office.sql("UPDATE file SET outcome = 'sent'")
        return place(*arguments, **named)

    monkeypatch.setattr(placing, "place", sent_meanwhile)
    office.create(session("V1"))
    assert office.rows("SELECT outcome FROM file") == [("sent",)]
    assert office.written() == {}, "nobody may upload it again"


def test_a_dry_run_in_which_every_claim_is_refused_writes_nothing(tmp_path):
    office = Office(tmp_path, {"P1": {}, "P2": {"city": "B" * 31}})
    office.create(session("V1"))
    before = office.rows("SELECT id FROM practice")
    settings = tmp_path / "claimloop.toml"
    more = SETTINGS[SETTINGS.index("[[practice]]") : SETTINGS.index("[[provider]]")]
    settings.write_text(SETTINGS + more.replace('"orchard"', '"harbor"'), encoding="utf-8")
    row = {**session("V2", patient="P2"), "practice_id": "orchard"}
    result = office.create(row, dry_run=True, practice="orchard")
    assert [one.session_line_ids for one in result.held] == [("V2-1",)]
    assert office.rows("SELECT id FROM practice") == before


@pytest.mark.parametrize("code", ["PYX900", "PYX901"])
def test_no_second_opinion_is_not_a_clean_file(office, monkeypatch, code):
    said = Finding(code=code, severity=Severity.INFO, message="no second opinion")
    verdict = Verdict(findings=(said,), engine="none", opinion=False)
    monkeypatch.setattr(job, "opinion_on", lambda *_arguments, **_options: verdict)
    result = office.create(session("V1"), session("V2", patient="P2"))
    assert (result.claims, len(result.held), office.written()) == (0, 2, {})
    assert {(found.code, found.severity) for one in result.held for found in one.findings} == {
        (code, Severity.ERROR)
    }


# -- test and production -----------------------------------------------------------------------------------------------


def with_usage(office, usage, more=""):
    """The office's settings for test or production claims."""
    partner = f'max_st_per_file = 1\nusage = "{usage}"\n{more}\n'
    text = SETTINGS.replace("max_st_per_file = 1\n", partner)
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("first", "second"), [("T", "P"), ("P", "T")])
@pytest.mark.parametrize("dry_run", [False, True])
def test_test_and_production_claims_of_a_partner_do_not_share_a_store(office, first, second, dry_run):
    with_usage(office, first)
    assert office.create(session("V1")).claims == 1
    before = office.everything()
    with_usage(office, second)
    with pytest.raises(SettingsError) as refused:
        office.create(session("V2", patient="P2"), dry_run=dry_run)
    words = {"T": "test (usage = T)", "P": "production (usage = P)"}
    assert f"trading partner house is set to {words[second]}" in str(refused.value)
    assert f"usage {first}" in str(refused.value)
    assert "test_and_production = true" in str(refused.value)
    after = office.everything()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"claimloop.toml", "sessions.csv"}


def test_both_usages_share_a_store_where_the_settings_say_so(office):
    with_usage(office, "T")
    office.create(session("V1"))
    with_usage(office, "P", "test_and_production = true")
    assert office.create(session("V2", patient="P2")).claims == 1
    with_usage(office, "P")
    with pytest.raises(SettingsError):
        office.create(session("V3", patient="P3"))


def test_a_second_run_of_the_same_usage_is_fine(office):
    with_usage(office, "P")
    office.create(session("V1"))
    assert office.create(session("V2", patient="P2")).claims == 1
