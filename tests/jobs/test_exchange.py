"""`send` and `fetch`: no file goes out twice, whatever ends a run, and none is taken away that was not fetched."""

from __future__ import annotations

import errno
import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.jobs.exchange import fetch, send
from cli.jobs.released import release
from cli.jobs.shelf import Shelf
from cli.settings import load_settings
from edi.model.errors import AccessError, TemporaryError, UsageError
from edi.transport.base import DamagedTransferError, RetryPolicy
from edi.transport.folder import FolderTransport
from reconcile.store import open_store
from reconcile.store.alone import LostHoldError, alone
from reconcile.store.silence import Expectations, silences
from tests.command_line import claimloop
from tests.jobs.office import NOW, SETTINGS, Office, session

TRANSPORT = 'transport = { kind = "folder", outbound = "drop", inbound = "back", quiet_seconds = 0 }\n'


class KilledError(BaseException):
    """Ends a run as a kill does: nothing after it runs."""


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    (tmp_path / "claimloop.toml").write_text(SETTINGS + TRANSPORT, encoding="utf-8")
    for name in ("drop", "back"):
        (tmp_path / name).mkdir()
    made.create(session("V1"))
    return made


def exchanged(office, **options):
    settings = load_settings(office.folder / "claimloop.toml", environment={})
    store = open_store(settings.store.database)
    try:
        return send(store, settings.directory.trading_partners.values(), office.folder, now=NOW, **options)
    finally:
        store.close()


def outcomes(office):
    return [row[0] for row in office.rows("SELECT outcome FROM file")]


def dropped(office):
    return [path.name for path in (office.folder / "drop").iterdir()]


@pytest.fixture
def killed(office, monkeypatch):
    """A run that was killed right after the delivery."""
    reveal = FolderTransport.reveal

    def reveal_and_die(self, *arguments):
        reveal(self, *arguments)
        raise KilledError

    monkeypatch.setattr(FolderTransport, "reveal", reveal_and_die)
    with pytest.raises(KilledError):
        exchanged(office)
    monkeypatch.undo()
    return office


def test_a_file_is_sent_once(office):
    assert [one.already_there for one in exchanged(office).sent] == [False]
    assert outcomes(office) == ["sent"]
    kinds = [row[0] for row in office.rows("SELECT kind FROM event WHERE subject LIKE 'file:%' ORDER BY id")]
    assert kinds == ["uploading", "sending", "sent"]
    assert exchanged(office).sent == ()


@pytest.mark.parametrize("step", ["look", "stage", "reveal"])
def test_a_run_killed_before_the_name_is_given_goes_on_by_itself(office, monkeypatch, step):
    def die(self, *arguments):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(FolderTransport, step, die)
        with pytest.raises(KilledError):
            exchanged(office)
    assert outcomes(office) == ["sending" if step == "reveal" else "uploading"]
    assert not any(not name.startswith(".") for name in dropped(office))
    assert [one.already_there for one in exchanged(office).sent] == [False]
    assert (outcomes(office), dropped(office)) == (["sent"], list(office.written()))


def test_a_delivery_that_is_seen_there_after_a_kill_counts(killed):
    assert outcomes(killed) == ["sending"]
    assert [one.already_there for one in exchanged(killed).sent] == [True]
    assert outcomes(killed) == ["sent"]


def test_a_delivery_that_was_swept_after_a_kill_is_not_repeated(killed):
    (name,) = dropped(killed)
    (killed.folder / "drop" / name).unlink()
    for dry_run in (True, False, False):
        exchange = exchanged(killed, dry_run=dry_run)
        (trouble,) = exchange.troubles
        assert (exchange.sent, trouble.exit_code, dropped(killed)) == ((), 3, [])
        assert f"claimloop send --again {name}" in trouble.message
    assert outcomes(killed) == ["sending"]


@pytest.mark.parametrize(("option", "there"), [("--again", True), ("--arrived", False)])
def test_a_person_settles_it(killed, option, there):
    (name,) = dropped(killed)
    (killed.folder / "drop" / name).unlink()
    config = ["--config", str(killed.folder / "claimloop.toml")]
    done = CliRunner().invoke(app, ["send", option, name, *config])
    assert (done.exit_code, outcomes(killed), dropped(killed)) == (0, ["sent"], [name] if there else [])
    assert CliRunner().invoke(app, ["send", option, name, *config]).exit_code != 0


def test_only_a_file_in_doubt_is_released(office):
    (name,) = office.written()
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}")
    with pytest.raises(UsageError):
        release(store, name, arrived=True, now=NOW)
    store.close()
    assert outcomes(office) == ["placed"]


def test_a_delivery_that_failed_is_tried_again_by_the_next_run(office):
    (name,) = office.written()
    (office.folder / "drop" / name).write_bytes(b"another")
    assert [one.exit_code for one in exchanged(office).troubles] == [3]
    assert outcomes(office) == ["placed"]
    (office.folder / "drop" / name).unlink()
    assert len(exchanged(office).sent) == 1


def test_a_name_that_is_taken_stops_that_file_alone(office):
    (first,) = office.written()
    office.create(session("V2", date_of_service="2026-03-11"))
    (office.folder / "drop" / first).write_bytes(b"another")
    done = exchanged(office)
    assert [(one.exit_code, first in one.message) for one in done.troubles] == [(3, True)]
    assert len(done.sent) == 1
    assert sorted(outcomes(office)) == ["placed", "sent"]


def fetched(office):
    settings = load_settings(office.folder / "claimloop.toml", environment={})
    partners = list(settings.directory.trading_partners.values())
    return fetch(partners, office.folder, office.folder / "inbox", policy=RetryPolicy(attempts=1))


@pytest.mark.parametrize(
    ("step", "error", "code"),
    [
        ("get", DamagedTransferError("a.835: it is still growing"), 75),
        ("get", FileNotFoundError(errno.ENOENT, "No such file or directory", "/somewhere/a.835"), 75),
        ("get", AccessError("not permitted"), 4),
        ("settle", PermissionError(errno.EACCES, "Permission denied", "/somewhere/archive"), 4),
    ],
)
def test_a_file_that_cannot_be_fetched_or_moved_stops_itself_alone(office, monkeypatch, step, error, code):
    for name in ("a.835", "b.835"):
        (office.folder / "back" / name).write_bytes(b"ISA")
    real = getattr(FolderTransport, step)

    def sometimes(self, file, *rest):
        if file.name == "a.835":
            raise error
        return real(self, file, *rest)

    monkeypatch.setattr(FolderTransport, step, sometimes)
    done = fetched(office)
    assert [one.exit_code for one in done.troubles] == [code]
    names = [Path(one.file).name for one in done.fetched]
    assert names == (["a.835", "b.835"] if step == "settle" else ["b.835"])
    assert [path.name for path in (office.folder / "back").glob("*.835")] == ["a.835"]


def test_an_error_of_the_system_stops_one_partner_only(office, monkeypatch):
    def listing(_self):
        raise OSError(errno.ENAMETOOLONG, "File name too long", "/somewhere/name")

    monkeypatch.setattr(FolderTransport, "listing", listing)
    (trouble,) = fetched(office).troubles
    assert (trouble.exit_code, trouble.message) == (75, "name: File name too long")


def test_files_of_a_partner_without_transport_are_named(office):
    (name,) = office.written()
    (office.folder / "claimloop.toml").write_text(SETTINGS, encoding="utf-8")
    config = ["--config", str(office.folder / "claimloop.toml")]
    told = CliRunner().invoke(app, ["send", *config])
    assert "nothing was waiting" not in told.output
    assert f"{name} waits for house" in told.output
    told = CliRunner().invoke(app, ["send", "--json", *config])
    assert json.loads(told.stdout)["waiting"] == [{"file": name, "partner": "house"}]


def test_a_file_that_grew_while_it_was_fetched_stays_for_the_next_fetch(office, monkeypatch):
    waiting = office.folder / "back" / "a.835"
    waiting.write_bytes(b"half")
    get = FolderTransport.get

    def get_and_grow(self, *arguments):
        path = get(self, *arguments)
        waiting.write_bytes(b"half and the rest")
        return path

    settings = load_settings(office.folder / "claimloop.toml", environment={})
    partners = list(settings.directory.trading_partners.values())
    with monkeypatch.context() as patch:
        patch.setattr(FolderTransport, "get", get_and_grow)
        fetch(partners, office.folder, office.folder / "inbox")
    assert waiting.read_bytes() == b"half and the rest"
    (got,) = fetch(partners, office.folder, office.folder / "inbox").fetched
    assert not waiting.exists()
    assert Path(got.file).read_bytes() == b"half and the rest"


def test_a_file_that_was_uploaded_by_hand_counts_as_sent_when_a_person_says_so(office):
    (name,) = office.written()
    config = ("--config", office.folder / "claimloop.toml")
    assert claimloop("send", "--arrived", name, *config).code == 2, "it goes by itself"
    (office.folder / "claimloop.toml").write_text(SETTINGS, encoding="utf-8")
    assert claimloop("send", "--again", name, *config).code == 2
    assert claimloop("send", "--arrived", name, *config).code == 0
    assert outcomes(office) == ["sent"]
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}")
    with store.read() as connection:
        expected = Expectations(partners={"house": {"999": 24}}, payers={})
        told = list(silences(connection, expected, datetime.now() + timedelta(days=3)))
    store.close()
    assert [(one.expected, one.subject) for one in told] == [("999", name)]


def keeping(office):
    text = SETTINGS + TRANSPORT.replace("quiet_seconds = 0", 'quiet_seconds = 0, after_fetch = "keep"')
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")
    settings = load_settings(office.folder / "claimloop.toml", environment={})
    return list(settings.directory.trading_partners.values())


def test_files_that_stay_where_they_are_are_fetched_once(office):
    partners, waiting = keeping(office), office.folder / "back" / "a.835"
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}")

    def got():
        shelf = Shelf(store, NOW)
        done = fetch(partners, office.folder, office.folder / "inbox", shelf=shelf)
        assert done.troubles == ()
        return [Path(one.file).read_bytes() for one in done.fetched]

    waiting.write_bytes(b"monday")
    assert got() == [b"monday"]
    assert got() == []
    (office.folder / "inbox" / "house" / "a.835").unlink()
    assert got() == [], "what was taken in is not missed"
    waiting.write_bytes(b"wednesday")
    assert got() == [b"wednesday"]
    store.close()
    kept = [json.loads(row[0]) for row in office.rows("SELECT data FROM event WHERE kind = 'fetched'")]
    assert [(one["name"], one["size"]) for one in kept] == [("a.835", 6), ("a.835", 9)]
    assert all(len(one["sha256"]) == 64 and one["modified"] for one in kept)


def test_a_file_that_is_too_large_is_left_there_and_stops_itself_alone(office):
    with (office.folder / "back" / "a.835").open("wb") as hole:
        hole.truncate((1 << 20) + 1)
    (office.folder / "back" / "b.835").write_bytes(b"ISA")
    partners = keeping(office)
    done = fetch(partners, office.folder, office.folder / "inbox", largest=1)
    assert [Path(one.file).name for one in done.fetched] == ["b.835"]
    assert [(one.exit_code, "more than 1 megabytes" in one.message) for one in done.troubles] == [(3, True)]
    assert (office.folder / "back" / "a.835").exists()


def test_fetched_files_are_private_whatever_the_umask(office):
    (office.folder / "back" / "a.835").write_bytes(b"ISA")
    before = os.umask(0)
    try:
        fetched(office)
    finally:
        os.umask(before)
    inbox = office.folder / "inbox"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (inbox, *inbox.rglob("*"))}
    assert modes == {"inbox": 0o700, "house": 0o700, "a.835": 0o600}


class Turn:
    """A job's lock that is lost before a check."""

    def __init__(self, checks):
        self.left = checks

    def check(self):
        if not self.left:
            raise LostHoldError("lost")
        self.left -= 1


@pytest.mark.parametrize(
    ("checks", "outcome", "there"), [(0, "placed", 0), (1, "uploading", 0), (2, "sent", 1)]
)
def test_a_lost_turn_stops_before_the_next_step_and_the_next_run_goes_on(office, checks, outcome, there):
    if checks == 2:
        assert [one.file for one in exchanged(office, hold=Turn(2)).sent] == dropped(office)
    else:
        with pytest.raises(LostHoldError):
            exchanged(office, hold=Turn(checks))
    shown = [name for name in dropped(office) if not name.startswith(".")]
    assert (outcomes(office), len(shown)) == ([outcome], there)
    exchanged(office)
    assert outcomes(office) == ["sent"]


@pytest.mark.parametrize("checks", [0, 1])
def test_a_lost_turn_fetches_and_moves_nothing_more(office, tmp_path, checks):
    settings = load_settings(office.folder / "claimloop.toml", environment={})
    partners = list(settings.directory.trading_partners.values())
    waiting = office.folder / "back"
    for name in ("a.835", "b.835"):
        (waiting / name).write_text("ISA", encoding="utf-8")
    with pytest.raises(LostHoldError):
        fetch(partners, office.folder, tmp_path / "in", hold=Turn(checks), sleep=lambda _: None)
    assert len(list(waiting.glob("*.835"))) == 2
    assert len(list((tmp_path / "in").rglob("*.835"))) == checks


def test_fetch_waits_for_no_other_job(office):
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}")
    with alone(store):
        refused = CliRunner().invoke(app, ["fetch", "--config", str(office.folder / "claimloop.toml")])
    store.close()
    assert isinstance(refused.exception, TemporaryError)
