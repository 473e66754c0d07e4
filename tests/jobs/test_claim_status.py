"""Asking payers about claims and using what they answer: the loop, its second run, its ties, the work it makes."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest

from cli.jobs import placing
from cli.jobs.claim_status.words import code_words, sentence
from edi.codes import load_tables
from edi.model.status import ClaimStatus, StatusAnswer, StatusCode, StatusInquiry
from edi.transactions import t276, t277
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import open_store
from reconcile.store.bulk import table_of
from reconcile.store.claim_status.known import status_answers
from reconcile.store.files import SENT
from reconcile.store.schema import FileRow
from tests.builders import make_claim, make_directory
from tests.command_line import Office, claimloop
from tests.jobs.acks import functional_answer
from tests.loop.loop_stage import write_837

PARTNER = make_directory().trading_partners["house"]
LATE, LATER = "2026-05-31", "2026-06-01"
STC = {
    "paid": ClaimStatus(
        codes=(StatusCode("F1", "65"),), paid=10_00, remitted_on=date(2026, 5, 1), check_number="EFT9"
    ),
    "denied": ClaimStatus(codes=(StatusCode("F2", "88", "QC"),), paid=0),
    "pended": ClaimStatus(codes=(StatusCode("P3", "317"),)),
    "not_found": ClaimStatus(codes=(StatusCode("A4", "35"),)),
    "information": ClaimStatus(codes=(StatusCode("R4", "294"),)),
    "failed": ClaimStatus(codes=(StatusCode("E1", "0"),)),
}


class Asking:
    """An office whose claims went out and that asks about them, on one of the databases."""

    def __init__(self, folder: Path, url: str) -> None:
        self.office = Office(folder)
        self.url = url
        self.out = folder / "out"

    def create(self) -> None:
        """Make the claims of the office's sessions."""
        sessions = self.office.sessions
        assert self("claims", "create", sessions, "--out", self.out, "--as-of", "2026-03-31").code < 2
        store = open_store(self.url, self.office.folder / "vault")
        with store.write() as connection:  # sent on that day, which `send` can only do today
            connection.execute(table_of(FileRow).update().values(outcome=SENT))
        store.close()

    def __call__(self, *arguments: object):
        return self.office(*arguments, "--database", self.url)

    def ask(self, *options: object, as_of: str = LATE):
        """`claims status ask` as JSON."""
        return self("claims", "status", "ask", "--out", self.out, "--as-of", as_of, "--json", *options)

    def asked(self) -> list[StatusInquiry]:
        """What the last 276 asks."""
        return inquiries(max(self.out.glob("*.276")))

    def reply(self, *answers: StatusAnswer, name: str = "a.277", control: int = 7) -> Path:
        """A 277 file of these answers."""
        path = self.office.folder / name
        path.write_bytes(
            t277.write(
                [("0001", answers)],
                partner=PARTNER,
                interchange_control_number=control,
                created=datetime(2026, 6, 1, 9),
            )
        )
        return path

    def work(self) -> dict[str, dict]:
        """The rows of `work list` about answers, by claim."""
        rows = self("work", "list", "--json").json
        return {row["claim"]: row for row in rows if row["kind"] == "claim_status"}

    def stored(self):
        """Every answer of the store."""
        store = open_store(self.url, self.office.folder / "vault", read_only=True)
        try:
            with store.read() as connection:
                return status_answers(connection)
        finally:
            store.close()


def inquiries(path: Path) -> list[StatusInquiry]:
    return [
        one
        for item in read_transactions([path.read_bytes()])
        if isinstance(item, TransactionSet)
        for one in t276.read(item)
        if isinstance(one, StatusInquiry)
    ]


def answer_to(one: StatusInquiry, state: str, day: date = date(2026, 6, 1), **changes) -> StatusAnswer:
    """What a payer says of a claim that was asked about."""
    return msgspec.structs.replace(
        StatusAnswer(
            reference="R1",
            answered_on=day,
            trace_number=one.trace_number,
            payer_name=one.payer_name,
            payer_id=one.payer_id,
            payer_id_qualifier="PI",
            receiver_name="OFFICE",
            receiver_id="OFFICE",
            provider=one.provider,
            subscriber=one.subscriber,
            member_id=one.member_id,
            statuses=(STC[state],),
            patient_control_number=one.patient_control_number,
            date_from=one.date_from,
            date_to=one.date_to,
        ),
        **changes,
    )


@pytest.fixture
def asking(tmp_path, database_url) -> Asking:
    made = Asking(tmp_path / "office", database_url)
    made.create()
    return made


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """The folder of an office that made its claims; `lite` works on copies of it."""
    folder = tmp_path_factory.mktemp("template") / "office"
    Asking(folder, f"sqlite:///{folder / 'claimloop.db'}").create()
    return folder


@pytest.fixture
def lite(template, tmp_path) -> Asking:
    folder = tmp_path / "office"
    shutil.copytree(template, folder)
    return Asking(folder, f"sqlite:///{folder / 'claimloop.db'}")


# -- the loop ----------------------------------------------------------------------------------------------------------


def test_the_loop_from_silence_to_the_payment_that_ends_the_work(asking):
    folder = asking.office.answer()
    assert asking.ask("--silent", as_of="2026-04-02").json["asked"] == 0
    assert asking.ask("--silent", "--dry-run").json["asked"] == 6
    assert not list(asking.out.glob("*.276"))
    first = asking.ask("--silent")
    assert (first.code, first.json["asked"], len(first.json["files"])) == (0, 6, 1)
    assert asking.ask("--silent").json | {"asked": 0, "waiting": 6} == asking.ask("--silent").json
    path = Path(first.json["files"][0]["file"])
    told = claimloop("simulate", path, "--out", folder, "--as-of", "2026-06-01", "--json")
    assert told.json["outcomes"] == {"paid": 6}
    (name,) = told.json["files"]
    read = asking("ingest", folder / name, "--json")
    assert (
        read.code,
        read.json["totals"]["claim_status_answers"],
        read.json["totals"]["claim_status_work"],
    ) == (1, 6, 6)
    assert read.json["files"][0]["kind"] == "277"
    again = asking("claims", "status", "read", folder / name, "--json")
    assert (again.code, again.json["files"][0]["outcome"]) == (0, "duplicate")
    work = asking.work()
    assert set(work) == {one.patient_control_number for one in asking.asked()}
    assert all("paid" in row["reason"] and "835 is missing" in row["next_step"] for row in work.values())
    listed = asking("claims", "status", "list", "--json").json
    assert {(one["state"], one["tied"], one["file"]) for one in listed} == {("paid", "trace", name)}
    for remittance in sorted(folder.glob("*.835")):
        assert asking("ingest", remittance).code in (0, 1)
    assert asking.work() == {}
    assert asking("claims", "status", "list", "--json").json == []
    assert len(asking("claims", "status", "list", "--all", "--json").json) == 6
    paid = {one["claim"]: one["paid"] for one in listed}
    claims = {one["patient_control_number"]: one["paid"] for one in asking("claims", "list", "--json").json}
    assert paid == {number: claims[number] for number in paid}


def test_the_test_payer_tells_the_truth_of_each_day(lite):
    folder = lite.office.answer()
    lite.ask("--silent")
    (path,) = lite.out.glob("*.276")
    early = claimloop("simulate", path, "--out", folder, "--as-of", "2026-03-30", "--json").json
    assert early["outcomes"] == {"pending": 6}
    again = claimloop("simulate", path, "--out", folder, "--as-of", "2026-03-30", "--json").json
    assert again["outcomes"] == {"pending": 6}, "the truth of the first inquiries is none of claims"
    nowhere = claimloop(
        "simulate", path, "--out", lite.office.folder / "other", "--as-of", LATE, "--json"
    ).json
    assert nowhere["outcomes"] == {"not_found": 6}
    (truth,) = lite.office.folder.glob("answers-truth-0*.json")
    named = ("--out", lite.office.folder / "other", "--truth", truth, "--as-of", LATE, "--json")
    told = claimloop("simulate", path, *named).json
    assert told["outcomes"] == {"paid": 6}
    written = [Path(told["truth"]), *(Path(told["folder"]) / name for name in told["files"])]
    assert {one.stat().st_mode & 0o777 for one in written} == {0o600}
    assert claimloop("simulate", path, path, *named).code == 3, "the second answer would replace the first"
    assert claimloop("simulate", path, lite.office.submitted, "--out", folder).code == 2


def test_a_rebuild_and_a_backup_have_the_same_answers(asking, tmp_path):
    asking.ask("--silent")
    told = [answer_to(one, state) for one, state in zip(asking.asked(), STC, strict=True)]
    assert asking("ingest", asking.reply(*told)).code == 1
    built = asking("rebuild", "--json", "--into", f"sqlite:///{tmp_path / 'built.db'}")
    assert (built.code, built.json["differs"], built.json["unplayed"]) == (0, [], [])
    kept = tmp_path / "kept.backup"
    assert asking("backup", kept).code == 0
    other = tmp_path / "restored"
    other.mkdir()
    settings = asking.office.folder / "claimloop.toml"
    url = f"sqlite:///{other / 'claimloop.db'}"
    restored = claimloop("restore", kept, "--config", settings, "--database", url)
    assert restored.code == 0, restored
    listed = [
        claimloop("claims", "status", "list", "--json", "--config", settings, "--database", one).json
        for one in (asking.url, url)
    ]
    assert listed[0] == listed[1] != []


# -- asking ------------------------------------------------------------------------------------------------------------


def test_a_named_claim_is_asked_about_at_once_and_not_twice_within_the_interval(lite):
    number = lite("claims", "list", "--json").json[0]["patient_control_number"]
    assert lite.ask("--claim", number, as_of="2026-04-01").json["asked"] == 1
    assert lite.ask("--claim", number, as_of="2026-04-07").json["waiting"] == 1
    assert lite.ask("--claim", number, "--again", as_of="2026-04-07").json["asked"] == 1
    assert lite.ask("--claim", number, as_of="2026-04-14").json["asked"] == 1
    unknown = lite.ask("--claim", "NOBODY")
    assert (unknown.code, unknown.json["unknown"]) == (3, ["NOBODY"])
    assert lite.ask("--claim", number, "--practice", "nowhere").code == 2
    assert lite.ask().code == 2
    assert lite.ask("--silent", "--due").code == 2


def test_the_profile_says_who_is_asked_and_when(lite):
    payers = lite.office.folder / "payers.toml"
    text = payers.read_text(encoding="utf-8")
    payers.write_text(
        text
        + "\n[payer.larkspur.status]\ntakes_276 = false\n[payer.harbor_blue.status]\nafter_days = 3\npayer_id = 'HB9'\n"
        + "lines = true\n",
        encoding="utf-8",
    )
    due = lite.ask("--due", as_of="2026-04-06")
    assert due.json["asked"] == 2
    assert {one.payer_id for one in lite.asked()} == {"HB9"}
    assert all(one.lines and one.lines[0].line_control_number for one in lite.asked())
    late = lite.ask("--silent").json
    assert (late["not_asked"], late["asked"]) == (3, 3)


def test_inquiries_of_one_practice(lite):
    asked = lite.ask("--silent", "--practice", "quill").json["asked"]
    assert 0 < asked < 6
    assert lite.ask("--silent").json["asked"] == 6 - asked


def test_what_cannot_be_asked_is_held_and_named(lite):
    settings = lite.office.folder / "claimloop.toml"
    text = settings.read_text(encoding="utf-8")
    assert 'etin = "DEMOBILL"' in text
    settings.write_text(text.replace('etin = "DEMOBILL"', 'etin = ""'), encoding="utf-8")
    held = lite.ask("--silent")
    assert (held.code, held.json["held"], held.json["asked"]) == (1, 6, 0)
    assert {(one["code"], one["field"]) for one in held.json["findings"] if one["code"] == "CST001"} == {
        ("CST001", "submitter.etin")
    }


def test_two_that_ask_at_one_moment_ask_once(lite, monkeypatch):
    before, inner = placing.put_back, []

    def meanwhile(*arguments, **options):
        if not inner:
            inner.append(True)
            inner.append(lite.ask("--silent").json["asked"])
        return before(*arguments, **options)

    monkeypatch.setattr(placing, "put_back", meanwhile)
    late = lite("claims", "status", "ask", "--silent", "--out", lite.out, "--as-of", LATE)
    assert (late.code, inner) == (75, [True, 6])
    assert len(list(lite.out.glob("*.276"))) == 1


def test_an_interrupted_run_s_file_is_put_back_with_the_same_bytes(lite):
    written = Path(lite.ask("--silent").json["files"][0]["file"])
    data = written.read_bytes()
    written.unlink()
    store = open_store(lite.url, lite.office.folder / "vault")
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE file SET outcome = 'made' WHERE kind = '276'")
    store.close()
    assert lite.ask("--silent").json["put_back"] == [written.name]
    assert written.read_bytes() == data


# -- what an answer is tied to -----------------------------------------------------------------------------------------


def told(asking: Asking, answer: StatusAnswer):
    """How one answer is tied, and to which claim."""
    asking("ingest", asking.reply(answer, name=f"{answer.reference}.277"))
    (found,) = [one for one in asking.stored() if one.answer.reference == answer.reference]
    return found.tied, found.patient_control_number if found.claim_id else ""


def test_answers_are_tied_by_trace_then_by_number_and_never_against_payer_or_days(lite):
    lite.ask("--silent")
    one, other = lite.asked()[:2]
    number = one.patient_control_number
    plain = answer_to(one, "pended")
    change = msgspec.structs.replace
    assert told(lite, plain) == ("trace", number)
    assert told(lite, change(plain, reference="R2", patient_control_number="")) == ("trace", number)
    assert told(lite, change(plain, reference="R3", trace_number="X1")) == ("number", number)
    assert told(lite, change(plain, reference="R4", trace_number=other.trace_number)) == ("number", number)
    assert (
        told(lite, change(plain, reference="R5", trace_number="X1", patient_control_number="NOBODY"))[0] == ""
    )
    strange = change(plain, payer_id="99999", payer_name="OTHER")
    assert told(lite, change(strange, reference="R6", trace_number="X1"))[0] == ""
    assert told(lite, change(strange, reference="R7", patient_control_number=""))[0] == ""
    moved = change(plain, date_from=date(2025, 1, 1), date_to=date(2025, 1, 1))
    assert told(lite, change(moved, reference="R8", trace_number="X1"))[0] == ""
    loose = lite("claims", "status", "list", "--loose", "--json").json
    assert {one["tied"] for one in loose} == {None}
    assert len(loose) == 4


def test_an_answer_by_the_payer_s_number_alone_needs_payer_and_days(lite):
    lite.ask("--silent")
    one = lite.asked()[0]
    store = open_store(lite.url, lite.office.folder / "vault")
    with store.write() as connection:
        claim = "(SELECT id FROM claim WHERE patient_control_number = '" + one.patient_control_number + "')"
        connection.exec_driver_sql(f"INSERT INTO payer_claim_control_number VALUES ('ICN1', {claim})")
    store.close()
    plain = answer_to(
        one, "pended", trace_number="X", patient_control_number="", payer_claim_control_number="ICN1"
    )
    change = msgspec.structs.replace
    assert told(lite, plain) == ("payer_number", one.patient_control_number)
    assert told(lite, change(plain, reference="R2", date_from=None, date_to=None))[0] == ""
    assert told(lite, change(plain, reference="R3", payer_id="9", payer_name="OTHER"))[0] == ""


def test_an_answer_that_came_before_its_claim_is_tied_when_the_claim_is_imported(lite, tmp_path):
    """By the claim's number, payer and days; a rebuild, which reads both in the order they came, has the same."""
    lite.ask("--silent")
    claim = make_claim(patient_control_number="ELSEWHERE1")
    day = claim.lines[0].date_from
    about = {
        "trace_number": "X",
        "patient_control_number": "ELSEWHERE1",
        "payer_id": claim.payer.id,
        "payer_name": claim.payer.name,
        "date_from": day,
        "date_to": day,
    }
    plain = answer_to(lite.asked()[0], "denied", **about)
    moved = msgspec.structs.replace(
        plain, reference="R2", date_from=date(2025, 1, 1), date_to=date(2025, 1, 1)
    )
    assert (told(lite, plain)[0], told(lite, moved)[0]) == ("", "")
    path = lite.office.folder / "in.837"
    path.write_bytes(write_837([claim], 1))
    assert lite("claims", "import", path).code < 2
    assert {one.answer.reference: one.tied for one in lite.stored()} == {"R1": "number", "R2": ""}
    assert [*lite.work()] == ["ELSEWHERE1"]
    built = lite("rebuild", "--json", "--into", f"sqlite:///{tmp_path / 'built.db'}")
    assert (built.code, built.json["differs"]) == (0, [])


def test_an_answer_to_nothing_of_ours_is_said_and_kept(lite):
    lite.ask("--silent")
    stranger = answer_to(lite.asked()[0], "paid", trace_number="X", patient_control_number="NOBODY")
    run = lite("ingest", lite.reply(stranger), "--json")
    assert (run.code, [one["code"] for one in run.json["files"][0]["findings"]]) == (1, ["CST002"])
    assert lite.work() == {}


def test_an_answer_to_the_whole_inquiry_is_tied_to_it_and_said(lite):
    lite.ask("--silent")
    one = lite.asked()[0]
    reference = "0000000020002"
    whole = StatusAnswer(
        level="receiver",
        reference="R1",
        answered_on=date(2026, 6, 1),
        trace_number=reference,
        payer_name=one.payer_name,
        payer_id=one.payer_id,
        payer_id_qualifier="PI",
        receiver_name="OFFICE",
        receiver_id="OFFICE",
        statuses=(STC["failed"],),
    )
    run = lite("ingest", lite.reply(whole), "--json")
    assert [one["code"] for one in run.json["files"][0]["findings"]] == ["CST003"]
    (found,) = lite.stored()
    assert (found.tied, found.claim_id) == ("set", 0)


def test_the_same_answer_in_another_file_changes_no_book(lite):
    lite.ask("--silent")
    answers = [answer_to(one, "pended") for one in lite.asked()]
    lite("ingest", lite.reply(*answers))
    before = lite.office.digest()
    run = lite("claims", "status", "read", lite.reply(*answers, name="b.277", control=8), "--json")
    assert run.json["files"][0]["outcome"] == "duplicate"
    assert lite.office.digest() == before


def test_a_file_that_is_no_answer_is_refused(lite):
    other = lite.office.folder / "other.999"
    other.write_bytes(functional_answer())
    run = lite("claims", "status", "read", other, "--json")
    assert (run.code, run.json["files"][0]["outcome"]) == (3, "rejected")


# -- what a person gets ------------------------------------------------------------------------------------------------


def test_what_each_answer_makes_of_a_claim(lite):
    lite.ask("--silent")
    asked = lite.asked()
    numbers = {state: one.patient_control_number for one, state in zip(asked, STC, strict=True)}
    run = lite(
        "ingest",
        lite.reply(*(answer_to(one, state) for one, state in zip(asked, STC, strict=True))),
        "--json",
    )
    assert run.json["totals"]["claim_status_work"] == 4
    work = lite.work()
    assert set(work) == {numbers[one] for one in ("paid", "denied", "not_found", "information")}
    paid = work[numbers["paid"]]
    assert "it paid 10.00 on 2026-05-01 by check or trace EFT9" in paid["reason"]
    assert (paid["amount"], paid["due_date"]) == ("10.00", None)
    assert work[numbers["information"]]["due_date"] == "2026-06-15"
    assert "claims correct" in work[numbers["not_found"]]["command"]
    shown = lite("claims", "status", "show", numbers["pended"], "--json").json["answers"]
    assert [(one["state"], one["says"], one["command"]) for one in shown] == [
        ("pended", "the payer has not decided yet", f"claimloop claims status show {numbers['pended']}")
    ]
    assert lite("claims", "status", "show", "NOBODY").code == 3
    assert [one["claim"] for one in lite("claims", "status", "list", "--state", "denied", "--json").json] == [
        numbers["denied"]
    ]
    shown = lite("claims", "status", "show", numbers["not_found"]).out
    assert "next: " in shown
    told = shown + lite("claims", "status", "list").out + lite("work", "list", "--json").out + run.out
    assert not any(one.patient_person.last_name in told or one.member_id in told for one in asked)


def test_the_last_answer_counts(lite):
    lite.ask("--silent")
    one = lite.asked()[0]
    lite("ingest", lite.reply(answer_to(one, "information")))
    assert set(lite.work()) == {one.patient_control_number}
    lite("ingest", lite.reply(answer_to(one, "pended", day=date(2026, 6, 5), reference="R2"), name="b.277"))
    assert lite.work() == {}
    lite(
        "ingest", lite.reply(answer_to(one, "not_found", day=date(2026, 6, 2), reference="R3"), name="c.277")
    )
    assert lite.work() == {}


def test_a_claim_that_the_payer_does_not_have_goes_again_as_a_new_one(lite):
    lite.ask("--silent")
    one = lite.asked()[0]
    again = ("claims", "correct", one.patient_control_number, "--out", lite.out, "--as-of", LATER, "--json")
    assert lite(*again).json["refused"][0]["code"] == "AGN002"
    lite("ingest", lite.reply(answer_to(one, "not_found")))
    done = lite(*again).json
    (sent,) = done["sent"]
    assert (sent["kind"], sent["frequency"]) == ("rejected", "1")
    assert "AGN017" not in [finding["code"] for finding in done["findings"]]
    assert lite.work() == {}


def test_a_claim_that_the_payer_rejected_when_asked_is_warned_of_when_it_goes_as_it_was(lite):
    lite.ask("--silent")
    one = lite.asked()[0]
    again = ("claims", "correct", one.patient_control_number, "--out", lite.out, "--as-of", LATER, "--json")
    refused = ClaimStatus(codes=(StatusCode("A7", "562"),))
    lite("ingest", lite.reply(answer_to(one, "failed", statuses=(refused,))))
    (said,) = [finding for finding in lite(*again).json["findings"] if finding["code"] == "AGN017"]
    assert "rejected again" in said["message"]


def test_silence_names_the_state_and_a_run_asks_what_is_due(lite, monkeypatch):
    monkeypatch.setenv("CLAIMLOOP_CLOCK", "2026-05-31T12:00:00")
    settings = lite.office.folder / "claimloop.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "\n[run]\nclaim_status = true\n", encoding="utf-8"
    )
    night = lite("run", "--json").json
    (step,) = [one for one in night["steps"] if one["name"] == "claims status ask"]
    assert (step["outcome"], step["counts"]["claims"], step["counts"]["files"]) == ("done", 6, 1)
    one = lite.asked()[0]
    lite("ingest", lite.reply(answer_to(one, "pended"), answer_to(lite.asked()[1], "paid")))
    monkeypatch.setenv("CLAIMLOOP_CLOCK", "2026-06-02T12:00:00")
    night = lite("run", "--json").json
    (step,) = [one for one in night["steps"] if one["name"] == "claims status ask"]
    assert (step["counts"]["claims"], step["counts"]["waiting"]) == (0, 6)
    said = {row["subject"]: row["said"] for row in night["silence"] if row["expected"] == "835"}
    assert said[one.patient_control_number] == "pended P3:317 on 2026-06-01"
    assert night["new_work"]["claim_status"] == 1
    rows = {
        day: lite("report", "silence", "--rows", "claims", "--json", "--as-of", day).json
        for day in ("2026-05-31", "2026-06-01")
    }
    told = {
        day: [row["said"] for row in found if row["patient_control_number"] == one.patient_control_number]
        for day, found in rows.items()
    }
    assert told == {"2026-05-31": [""], "2026-06-01": ["pended P3:317 on 2026-06-01"]}


def test_send_delivers_inquiries(lite):
    lite.ask("--silent")
    (asked,) = lite.out.glob("*.276")
    for name in ("to", "from"):
        (lite.office.folder / "clearinghouse" / name).mkdir(parents=True)
    sent = lite("send", "--json")
    assert sent.code == 0, sent
    assert asked.name in {one["file"] for one in sent.json["sent"]}
    assert lite("send", "--json").json["sent"] == []
    (row,) = (one for one in lite("outbox", "--look", "--json").json if one["name"] == asked.name)
    assert (row["partner"], row["far_side"]) == ("meadowgate", "there")


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (StatusCode("A4", "35"), "not found (A4): code 35 (not known here)"),
        (
            StatusCode("F2", "88", "QC"),
            "finished (F2): not covered on the dates of service (88) of patient (QC)",
        ),
        (StatusCode("P3"), "pending (P3)"),
        (StatusCode("X9", "1"), "code X9 (not known here): code 1 (not known here)"),
    ],
)
def test_codes_in_words(code, words):
    assert code_words(code, load_tables()) == words


def test_every_state_has_its_sentence():
    assert sentence("nothing we know", ClaimStatus()).startswith("the answer has no category")
    assert sentence("finished", ClaimStatus(finalized_on=date(2026, 1, 2))).endswith("on 2026-01-02")


def test_x12_show_tells_both_without_names(lite):
    lite.ask("--silent")
    (path,) = lite.out.glob("*.276")
    names = {one.patient_person.last_name for one in lite.asked()} | {one.member_id for one in lite.asked()}
    reply = lite.reply(*(answer_to(one, "paid") for one in lite.asked()))
    for file, kind in ((path, "276"), (reply, "277")):
        for options in ((), ("--json",)):
            shown = claimloop("x12", "show", file, *options)
            assert shown.code == 0, shown
            assert kind in shown.out
            assert not any(name in shown.out for name in names)
    (document,) = claimloop("x12", "show", reply, "--json").json_lines
    assert {one["state"] for one in document["answers"]} == {"paid"}


def test_a_claim_that_was_not_sent_is_not_asked_about_unless_it_is_named(lite):
    store = open_store(lite.url, lite.office.folder / "vault")
    with store.write() as connection:
        connection.execute(table_of(FileRow).update().values(outcome="placed"))
    store.close()
    assert lite.ask("--silent", "--dry-run").json["asked"] == 0
    number = lite("claims", "list", "--json").json[0]["patient_control_number"]
    assert lite.ask("--claim", number, "--dry-run").json["asked"] == 1
