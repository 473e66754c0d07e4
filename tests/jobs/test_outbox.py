"""`outbox`: a biller sees how far each outgoing file is, and is told when the far side holds something else."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from cli.jobs.lost import inquiry_rows
from cli.jobs.outbox import next_step
from cli.jobs.simulate import simulate
from edi.testpayer import parse_scenario
from edi.transport.folder import FolderTransport
from reconcile.store.bulk import table_of
from reconcile.store.open_work import open_work
from reconcile.store.outgoing import (
    ACKNOWLEDGED,
    ANSWERED,
    REJECTED,
    UPLOADED,
    WRITTEN,
    OutgoingFile,
    outgoing,
    refused_inquiries,
)
from reconcile.store.schema import (
    EligibilityAnswerRow,
    EligibilityInquiryRow,
    FileRow,
    FileTransactionRow,
    StatusAnswerRow,
    StatusInquiryRow,
)
from tests.builders import make_claim
from tests.command_line import claimloop
from tests.jobs.acks import from_partner, sent_file, whole_answer
from tests.jobs.conftest import NOW
from tests.jobs.office import SETTINGS, Office, session
from tests.jobs.test_run import SCENARIOS, TRANSPORT


class KilledError(BaseException):
    """Ends a run as a kill does."""


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    (tmp_path / "claimloop.toml").write_text(SETTINGS + TRANSPORT, encoding="utf-8")
    for name in ("drop", "back"):
        (tmp_path / name).mkdir()
    made.create(session("V1"), session("V2", patient="P2"))
    return made


def call(office, *words):
    return claimloop(*words, "--config", office.folder / "claimloop.toml")


def only(office, *options):
    (row,) = call(office, "outbox", "--all", "--json", *options).json
    return row


def test_a_file_is_seen_on_each_step_of_its_way(office, monkeypatch):
    first = only(office)
    assert (first["state"], first["far_size"], first["uploaded_at"]) == ("written", None, None)
    assert (first["claims"], first["waiting"], first["charge"]) == (2, 2, "120.00")
    for step, state in (("stage", "uploading"), ("reveal", "in_doubt")):

        def die(*_):
            raise KilledError

        with monkeypatch.context() as patch:
            patch.setattr(FolderTransport, step, die)
            with pytest.raises(KilledError):
                call(office, "send")
        assert only(office)["state"] == state
    call(office, "send")
    sent = only(office)
    assert (sent["state"], sent["far_size"]) == ("uploaded", sent["size"])
    assert sent["uploading_at"] <= sent["uploaded_at"]
    assert sent["acknowledged_at"] is None
    answers(office)
    for pattern, state, moment in (
        ("*.999", "acknowledged", "acknowledged_at"),
        ("*.277", "answered", "answered_at"),
        ("*.835", "adjudicated", "paid_at"),
    ):
        call(office, "ingest", *sorted((office.folder / "back").glob(pattern)))
        row = only(office)
        assert (row["state"], row[moment] is not None) == (state, True)
    assert (row["adjudicated"], row["waiting"]) == (2, 0)
    assert call(office, "outbox", "--json").json == [], "what is done is left out"
    assert call(office, "outbox", "--state", "adjudicated", "--json").json == [row]


def answers(office):
    text = (SCENARIOS / "clean.toml").read_text(encoding="utf-8")
    (path,) = (office.folder / "drop").glob("*.837")
    simulate(path, out=office.folder / "back", seed=7, today=date(2026, 4, 1), scenario=parse_scenario(text))


def test_the_far_side_is_asked_and_what_changed_there_is_said(office):
    assert only(office, "--look")["far_side"] == "", "nothing was sent yet"
    call(office, "send")
    (there,) = (office.folder / "drop").glob("*.837")
    assert only(office, "--look")["far_side"] == "there"
    there.write_bytes(b"another")
    told = call(office, "outbox", "--look")
    assert (told.code, "holds other content" in told.err, "changed" in told.out) == (3, True, True)
    there.unlink()
    gone = call(office, "outbox", "--look", "--json")
    assert (gone.code, gone.json[0]["far_side"]) == (0, "gone")
    (office.folder / "drop").rmdir()
    assert call(office, "outbox", "--look").code == 2
    assert call(office, "outbox").code == 0


def test_words_that_are_not_known_are_named(office):
    assert call(office, "outbox", "--state", "lost").code == 2
    assert call(office, "outbox", "--partner", "nobody").code == 2
    assert call(office, "outbox", "--partner", "house", "--json").json != []


def test_a_file_that_is_gone_is_sent_again_when_a_person_says_so(office):
    call(office, "send")
    (there,) = (office.folder / "drop").glob("*.837")
    again = ("send", "--again", there.name)
    assert call(office, *again).code == 2, "it counts as sent"
    assert call(office, *again, "--gone").code == 2, "it is there"
    assert call(office, "send", "--gone").code == 2, "of which file?"
    data = there.read_bytes()
    there.unlink()
    done = call(office, *again, "--gone", "--json")
    assert (done.code, [one["file"] for one in done.json["sent"]]) == (0, [there.name])
    assert there.read_bytes() == data
    answers(office)
    call(office, "ingest", *sorted((office.folder / "back").glob("*.999")))
    there.unlink(missing_ok=True)
    assert call(office, *again, "--gone").code == 2, "it was acknowledged"


def test_a_file_whose_claims_are_all_rejected_says_what_to_do_until_they_went_again(office):
    assert only(office)["next_step"] == "send"
    call(office, "send")
    assert only(office)["next_step"] == "a TA1 or 999 is to come"
    office.sql("UPDATE claim SET acknowledged = '999:rejected:5', status = 'rejected'")
    (row,) = call(office, "outbox", "--json").json
    assert (row["state"], row["rejected"], row["waiting"], row["to_correct"]) == ("rejected", 2, 0, 2)
    assert row["next_step"] == "correct 2 claims: work list"
    listed = call(office, "outbox")
    assert "1 file (1 rejected), 0 claims waiting" in listed.out
    office.sql("UPDATE claim SET root = (SELECT MAX(id) FROM claim)")
    assert only(office)["to_correct"] == 1, "one of them went again"
    office.sql("UPDATE claim SET status = 'accepted'")
    assert call(office, "outbox", "--json").json == []
    assert call(office, "outbox", "--state", "rejected", "--json").json == [only(office)]


def test_a_file_that_a_277ca_rejects_whole_has_the_time_of_it(desk_lite):
    sent_file(desk_lite, "alpha", "A0000001", "A0000002")
    with desk_lite.store.write() as connection:
        sha256 = connection.exec_driver_sql("SELECT file_sha256 FROM claim").scalar()
        row = {"sha256": sha256, "name": "a.837", "kind": "837P", "direction": "out", "outcome": "sent"}
        insert_row(connection, FileRow, {**row, "first_seen": NOW, "size": 1})
    desk_lite.ingest(from_partner(whole_answer("0000000010001"), "alpha"))
    with desk_lite.store.read() as connection:
        (file,) = outgoing(connection)
    assert (file.state, file.rejected, file.answered_at) == ("rejected", 2, NOW)


# -- files of inquiries ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "state", "step"),
    [
        ("837P", ACKNOWLEDGED, "a 277CA is to come"),
        ("837P", ANSWERED, "an 835 is to come"),
        ("270", UPLOADED, "a TA1, 999 or 271 is to come"),
        ("270", ACKNOWLEDGED, "a 271 is to come"),
        ("276", ACKNOWLEDGED, "a 277 is to come"),
        ("276", WRITTEN, "send"),
        ("270", ANSWERED, ""),
        ("276", ANSWERED, ""),
        ("276", REJECTED, ""),
    ],
)
def test_what_a_file_waits_for_is_told_by_its_kind(kind, state, step):
    assert next_step(of_kind(kind, state), by_hand=False) == step


@pytest.mark.parametrize(
    ("kind", "command"), [("270", "eligibility ask --again"), ("276", "claims status ask --again")]
)
def test_what_a_rejected_file_of_inquiries_waits_for(kind, command):
    rejected = msgspec.structs.replace(of_kind(kind, REJECTED), to_correct=2)
    assert next_step(rejected, by_hand=False) == f"correct what the 999 or TA1 names, then {command}"


@pytest.mark.parametrize(
    ("later", "to_correct"),
    [(None, 2), (("270", "house"), 0), (("276", "house"), 2), (("270", "other"), 2)],
)
def test_a_rejected_file_of_inquiries_is_work_until_they_are_asked_again(desk_lite, later, to_correct):
    desk_lite.submit(make_claim())
    with desk_lite.store.write() as connection:
        asked_file(connection, "ask", "270", "house", NOW)
        if later is not None:
            asked_file(connection, "later", *later, NOW + timedelta(days=1))
        back = {"sha256": "back", "name": "back", "kind": "999", "direction": "in", "outcome": "posted"}
        insert_row(connection, FileRow, {**back, "first_seen": NOW, "size": 1})
        said = {"file_sha256": "back", "position": 0, "kind": "999", "outcome": "posted"}
        record = '{"files": ["ask"], "refused": ["ask"]}'
        insert_row(connection, FileTransactionRow, {**said, "record": record})
    with desk_lite.store.read() as connection:
        (file,) = (one for one in outgoing(connection) if one.sha256 == "ask")
        refused = refused_inquiries(connection)
        waiting = [one for one in open_work(connection, now=NOW).values() if one.kind == "inquiries"]
    assert (file.state, file.to_correct, file.is_done) == (REJECTED, to_correct, not to_correct)
    assert [(one.name, one.inquiries, one.refused_at) for one in refused] == [("ask", 2, NOW)][file.is_done :]
    assert [one.key for one in waiting] == ["inquiries:ask"][file.is_done :]
    again = [row["command"] for row in inquiry_rows(refused, {"ask": ("orchard",)})]
    assert again == ["claimloop eligibility ask --again"][file.is_done :]


def asked_file(connection, sha256, kind, partner, at):
    """A file of two inquiries that went out."""
    row = {"sha256": sha256, "name": sha256, "kind": kind, "direction": "out", "outcome": "sent"}
    insert_row(connection, FileRow, {**row, "first_seen": at, "size": 1})
    model = {"270": EligibilityInquiryRow, "276": StatusInquiryRow}[kind]
    for number in range(2):
        asked = {"trace_number": f"{sha256}{number}", "file_sha256": sha256, "partner": partner}
        insert_row(connection, model, {**asked, "claim_id": 1, "content": b""})


def of_kind(kind: str, state: str) -> OutgoingFile:
    told: dict[str, Any] = dict.fromkeys(OutgoingFile.__struct_fields__, 0)
    return OutgoingFile(**{**told, "kind": kind, "state": state})


ANSWER = {"file_sha256": "back", "content": b"", "answered_on": date(2026, 3, 12)}
ON_TRACE = [{"trace_number": one, "tied": "trace", **ANSWER} for one in ("T1", "T2")]
ON_SET = [{"trace_number": "SET1", "tied": "set", **ANSWER}]
ON_NUMBER = [{"trace_number": "", "claim_id": 1, "tied": "number", **ANSWER}]


@pytest.mark.parametrize(
    ("kind", "answers", "done"),
    [
        ("270", ON_TRACE, True),
        ("270", ON_TRACE[:1], False),
        ("270", [{**one, "tied": ""} for one in ON_TRACE], False),
        ("276", ON_TRACE, True),
        ("276", ON_TRACE[:1], False),
        ("276", ON_SET, True),
        ("276", ON_NUMBER, True),
        ("276", [{**ON_NUMBER[0], "answered_on": date(2026, 3, 1)}], False),
        ("276", [], False),
    ],
)
def test_a_file_of_inquiries_is_done_when_each_has_its_answer(desk_lite, kind, answers, done):
    desk_lite.submit(make_claim())
    asking, told = {
        "270": (EligibilityInquiryRow, EligibilityAnswerRow),
        "276": (StatusInquiryRow, StatusAnswerRow),
    }[kind]
    with desk_lite.store.write() as connection:
        for name, direction, outcome in (("ask", "out", "sent"), ("back", "in", "posted")):
            row = {"sha256": name, "name": name, "kind": kind, "direction": direction, "outcome": outcome}
            insert_row(connection, FileRow, {**row, "first_seen": NOW, "size": 1})
        for trace in ("T1", "T2"):
            asked = {"trace_number": trace, "claim_id": 1, "set_reference": "SET1", "file_sha256": "ask"}
            more = {"asked_on": date(2026, 3, 10), "content": b"", "partner": "house"}
            insert_row(connection, asking, {**asked, **more})
        for number, answer in enumerate(answers):
            insert_row(connection, told, {"digest": f"D{number}", "confirmation": b"", **answer})
    with desk_lite.store.read() as connection:
        (file,) = (one for one in outgoing(connection) if one.kind == kind)
    assert (file.is_done, file.state, file.partner) == (done, ANSWERED if done else UPLOADED, "house")
    assert file.answered_at == (NOW if done else None)


def insert_row(connection, model, values):
    """A row of what of the values is its table's, the rest of its columns empty."""
    table = table_of(model)
    empty = {column.name: 0 if column.type.python_type is int else "" for column in table.columns}
    told = {name: value for name, value in values.items() if name in table.columns}
    nothing = {column.name: None for column in table.columns if column.nullable}
    connection.execute(table.insert().values({**empty, **nothing, **told}))
