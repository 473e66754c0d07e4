"""`run`: what a scheduler calls every night. The whole round by itself, once, whoever is in trouble."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from cli.jobs.run import night as steps
from cli.jobs.simulate import simulate
from edi.model.errors import AccessError, SettingsError, StoreError, TemporaryError
from edi.testpayer import parse_scenario
from edi.transport import webhook
from edi.transport.base import RetryPolicy
from reconcile.store import open_store
from reconcile.store.alone import alone
from tests.command_line import claimloop
from tests.jobs.office import SETTINGS, Office, session

TRANSPORT = 'transport = { kind = "folder", outbound = "drop", inbound = "back", quiet_seconds = 0 }\n'
RUN = '[run]\nsessions = { orchard = "sessions*.csv" }\nsummary = "summary.txt"\n'
DAY = "2026-03-20"
SCENARIOS = Path(__file__).resolve().parents[2] / "edi" / "testpayer" / "scenarios"


class KilledError(BaseException):
    """Ends a run as a kill does."""


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    (tmp_path / "claimloop.toml").write_text(SETTINGS + TRANSPORT + RUN, encoding="utf-8")
    for name in ("drop", "back"):
        (tmp_path / name).mkdir()
    made.write("sessions", [session("V1"), session("V2", patient="P2"), session("V3", patient="P3")])
    return made


def nightly(office, *options, day=DAY):
    return claimloop("run", "--as-of", day, "--config", office.folder / "claimloop.toml", *options)


def answered(office):
    """The payer's part: everything that was dropped is denied, into the folder that is fetched from."""
    text = (SCENARIOS / "demo.toml").read_text(encoding="utf-8")
    text = text.replace("denied = 0.08", "denied = 1.0").replace("rejected = 0.02", "rejected = 0.0")
    for path in sorted((office.folder / "drop").glob("*.837")):
        simulate(
            path, out=office.folder / "back", seed=7, today=date(2026, 4, 1), scenario=parse_scenario(text)
        )
        path.unlink()


def test_a_night_without_work_ends_with_nothing_and_sends_once(office):
    first = nightly(office, "--json")
    assert (first.code, len(first.json["sent"])) == (0, 2)
    steps = {step["name"]: step["outcome"] for step in first.json["steps"]}
    assert {name for name, outcome in steps.items() if outcome == "done"} == {
        "fetch", "ingest", "claims create", "send",
    }  # fmt: skip
    assert set(steps.values()) == {"done", "skipped"}
    dropped = {path.name: path.read_bytes() for path in (office.folder / "drop").iterdir()}
    second = nightly(office, "--json")
    assert (second.code, second.json["sent"]) == (0, [])
    assert {path.name: path.read_bytes() for path in (office.folder / "drop").iterdir()} == dropped
    assert "out: 0 files" in (office.folder / "summary.txt").read_text(encoding="utf-8")


def test_denials_are_new_work_once(office):
    nightly(office)
    answered(office)
    first = nightly(office, "--json", day="2026-04-20")
    assert first.code == 1
    assert first.json["new_work"]["denial"] == first.json["open_work"]["denial"] > 0
    assert first.json["new_work_by_practice"] == {"orchard": sum(first.json["new_work"].values())}
    again = nightly(office, "--json", day="2026-04-21")
    assert (again.code, again.json["new_work"]) == (0, {})
    assert again.json["open_work"] == first.json["open_work"]
    assert not [path for path in (office.folder / "inbox" / "house").rglob("*") if path.is_file()]
    assert list((office.folder / "inbox" / "taken" / "house").iterdir())
    assert claimloop("verify", "--config", office.folder / "claimloop.toml").code == 0


def test_a_file_that_cannot_be_read_is_put_aside_and_named(office):
    (office.folder / "back" / "letter.835").write_bytes(b"%PDF-1.7")
    done = nightly(office, "--json")
    assert done.code == 3
    assert done.json["steps"][1]["messages"] == [
        "letter.835: rejected: ENV001 the file is not X12: no ISA, GS or ST was found"
    ]
    assert (office.folder / "inbox" / "not-taken" / "house" / "letter.835").exists()
    assert nightly(office).code == 0


def test_links_and_pipes_in_the_inbox_are_put_aside_unread(office):
    inbox = office.folder / "inbox" / "house"
    inbox.mkdir(parents=True)
    os.mkfifo(inbox / "pipe.835")
    (inbox / "link.835").symlink_to("/dev/zero")
    done = nightly(office, "--json")
    assert done.code == 3
    assert [one[:19] for one in done.json["steps"][1]["messages"]] == [
        "link.835: rejected:",
        "pipe.835: rejected:",
    ]
    aside = office.folder / "inbox" / "not-taken" / "house"
    assert sorted(path.name[13:] for path in aside.iterdir()) == ["link.835", "pipe.835"]
    assert nightly(office).code == 0


def test_two_files_of_one_name_are_both_kept(office):
    for text in (b"%PDF-1.7", b"%PDF-1.8", b"%PDF-1.8"):
        (office.folder / "back" / "letter.835").write_bytes(text)
        nightly(office)
    aside = office.folder / "inbox" / "not-taken" / "house"
    assert sorted(path.read_bytes() for path in aside.iterdir()) == [b"%PDF-1.7", b"%PDF-1.8"]


def test_a_partner_in_trouble_stops_its_own_practices_only(office):
    second = SETTINGS.replace('trading_partners = ["house"]', 'trading_partners = ["house"]\n') + TRANSPORT
    other = (
        '[[practice]]\nid = "grove"\nname = "Grove Therapy"\nnpi = "1000000004"\ntax_id = "223456789"\n'
        'taxonomy = "261QP2000X"\ntrading_partners = ["gone"]\n'
        'address = { line_1 = "2 Grove Road", city = "Boston", state = "MA", zip = "021390001" }\n'
        '[[trading_partner]]\nid = "gone"\ntransport = { kind = "folder", outbound = "nowhere", inbound = "nowhere" }\n'
    )
    (office.folder / "claimloop.toml").write_text(second + other + RUN, encoding="utf-8")
    office.write("sessions", [{**session("V1"), "practice_id": "orchard"}])
    done = nightly(office, "--json")
    assert done.code == 2
    assert {one["practice_id"] for one in done.json["failed_practices"]} == {"grove"}
    assert len(done.json["sent"]) == 1


def test_a_session_file_that_cannot_be_read_stops_its_practice_only(office):
    (office.folder / "claimloop.toml").write_text(
        SETTINGS + TRANSPORT + RUN.replace("}", ', "*" = "all*.csv" }'), encoding="utf-8"
    )
    (office.folder / "all.csv").write_bytes(b"")
    done = nightly(office, "--json")
    assert done.code == 3
    assert [one["step"] for one in done.json["failed_practices"]] == ["claims create"]
    assert len(done.json["sent"]) == 2


@pytest.mark.parametrize("step", ["fetch", "ingest", "create_claims", "send", "open_work", "record_run"])
def test_a_run_that_was_killed_is_made_whole_by_the_next(office, monkeypatch, tmp_path_factory, step):
    plain = Office(tmp_path_factory.mktemp("plain"))
    (plain.folder / "claimloop.toml").write_text(SETTINGS + TRANSPORT + RUN, encoding="utf-8")
    plain.write("sessions", [session("V1"), session("V2", patient="P2"), session("V3", patient="P3")])
    for name in ("drop", "back"):
        (plain.folder / name).mkdir()
    nightly(plain)
    real = getattr(steps, step)

    def done_and_die(*arguments, **options):
        real(*arguments, **options)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(steps, step, done_and_die)
        with pytest.raises(KilledError):
            nightly(office)
    assert nightly(office).code == 0
    assert sorted(path.name for path in (office.folder / "drop").iterdir()) == sorted(
        path.name for path in (plain.folder / "drop").iterdir()
    )
    assert office.rows("SELECT outcome FROM file") == [("sent",), ("sent",)]


def test_a_visit_that_is_held_and_a_row_that_cannot_be_read_are_new_work_once(office):
    held = session("V5", patient="P4", modifiers="GP GP")
    unread = {**session("V6", patient="P5"), "minutes": "many"}
    office.write("sessions", [session("V1"), held])
    first = nightly(office, "--json")
    assert (first.code, first.json["new_work"]) == (1, {"unbilled": 1})
    assert nightly(office).code == 0
    office.write("sessions", [session("V1"), held, unread])
    third = nightly(office, "--json")
    assert (third.code, third.json["new_work"]) == (3, {"row": 1})
    fourth = nightly(office, "--json")
    assert (fourth.code, fourth.json["open_work"]) == (0, {"row": 1, "unbilled": 1})
    (office.folder / "sessions.csv").write_bytes(b"")
    assert nightly(office).code == 3
    office.write("sessions", [session("V1"), held, unread])
    assert nightly(office).code == 0, "it waited all the time"
    office.write("sessions", [session("V1"), session("V5", patient="P4")])
    assert nightly(office, "--json").json["open_work"] == {}


def test_the_bank_is_taken_in_and_a_deposit_without_its_remittance_is_silence(office):
    text = SETTINGS + TRANSPORT + RUN.replace("summary =", 'deposits = "bank-*.csv"\nsummary =')
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")
    rows = [
        {"deposit_date": "2026-03-01", "amount": "12.00", "trace_number": "EFT77", "payer_id": "1512345678"},
        {"deposit_date": "2026-03-02", "amount": "30.00", "trace_number": "", "payer_id": ""},
    ]
    office.write("bank-1", rows)
    first = nightly(office, "--json")
    (step,) = [one for one in first.json["steps"] if one["name"] == "deposits import"]
    assert (step["outcome"], step["counts"]) == ("done", {"files": 1, "deposits": 2})
    assert (first.code, first.json["silent"]) == (1, {"remittance": 1})
    assert first.json["silence"][0]["subject"] == "EFT77"
    assert nightly(office).code == 0
    office.write("bank-2", [{**rows[0], "amount": "a lot"}])
    assert nightly(office, "--json").code == 3


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def zone(request, monkeypatch):
    """A time zone of the machine."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_a_rehearsal_has_the_time_it_is_given_and_says_so(office, monkeypatch, zone):
    monkeypatch.setenv("CLAIMLOOP_CLOCK", "2026-03-20T02:10:00")
    config = ("--config", office.folder / "claimloop.toml")
    done = claimloop("run", "--json", *config)
    assert (done.json["started"], done.json["rehearsal"]) == ("2026-03-20T02:10:00", True)
    assert {str(row[0])[:10] for row in office.rows("SELECT at FROM event")} == {"2026-03-20"}
    assert {str(row[0])[:19] for row in office.rows("SELECT first_seen FROM file")} == {"2026-03-20 02:10:00"}
    assert "rehearsal" in (office.folder / "summary.txt").read_text(encoding="utf-8")
    monkeypatch.setenv("CLAIMLOOP_CLOCK", "soon")
    assert claimloop("run", *config).code == 2
    monkeypatch.delenv("CLAIMLOOP_CLOCK")
    assert nightly(office, "--json").json["rehearsal"] is False


def test_two_runs_at_once_are_one(office):
    nightly(office)
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}")
    with alone(store):
        held = nightly(office)
    store.close()
    assert held.code == 75
    assert "another send or run" in held.err


def test_a_dry_run_writes_nothing(office):
    nightly(office)
    office.write("sessions", [session("V1"), session("V9", patient="P4")])
    (office.folder / "back" / "a.835").write_bytes(b"x")
    before, digest = left(office), office.digest()
    done = nightly(office, "--dry-run", "--json")
    assert done.json["dry_run"]
    assert (left(office), office.digest()) == (before, digest)


def left(office):
    """Every file but the store's own, in which the audit notes that somebody looked."""
    return {name: data for name, data in office.everything().items() if not name.startswith("claimloop.db")}


def test_nothing_leaves_on_a_holiday(office):
    text = SETTINGS + TRANSPORT + RUN + f"no_sending = [{DAY}]\n"
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")
    assert nightly(office, "--json").json["sent"] == []
    assert len(nightly(office, "--json", day="2026-03-21").json["sent"]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [("colour = 1\n", "colour"), ("quiet_exits = [5]\n", "quiet_exits"), ("out = 1\n", "out")],
)
def test_a_wrong_setting_is_named(office, text, said):
    (office.folder / "claimloop.toml").write_text(SETTINGS + TRANSPORT + "[run]\n" + text, encoding="utf-8")
    done = nightly(office)
    assert done.code == 2
    assert said in done.err


def test_quiet_exits_and_exit_zero(office):
    (office.folder / "back" / "letter.835").write_bytes(b"%PDF-1.7")
    text = SETTINGS + TRANSPORT + RUN + "quiet_exits = [3]\n"
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")
    done = nightly(office, "--json")
    assert (done.code, done.json["exit_code"]) == (0, 3)


def test_log_and_manifest_are_kept_private_and_without_names(office):
    nightly(office)
    kept = sorted((office.folder / "runs").iterdir())
    assert [path.suffix for path in kept] == [".json", ".jsonl"]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert json.loads(kept[0].read_text(encoding="utf-8"))["sent"]
    names = [json.loads(line)["event"] for line in kept[1].read_text(encoding="utf-8").splitlines()]
    assert (names[0], names[-1]) == ("run_started", "run_ended")
    assert not any(
        word in path.read_text(encoding="utf-8") for path in kept for word in ("Ada", "1EG4TE5MK73")
    )


@contextmanager
def gateway(*answers, location=""):
    """A chat's web server: gives these statuses in turn, and keeps what it was told."""
    told, statuses = [], list(answers)

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(statuses.pop(0))
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def do_GET(self):
            told.append("GET")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret-token", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_summary_is_posted_after_a_failure_that_passed(office, monkeypatch):
    text = SETTINGS + TRANSPORT + RUN + '[notify]\nwebhook_env = "HOOK"\nwhen = "always"\n'
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")
    with gateway(503, 200) as (url, told):
        monkeypatch.setenv("HOOK", url)
        assert nightly(office).code == 0
    assert [one["text"] for one in told] == [(office.folder / "summary.txt").read_text(encoding="utf-8")] * 2


@pytest.mark.parametrize(
    ("error", "code", "is_told"),
    [
        (StoreError("the store is of a later version"), 3, True),
        (TemporaryError("try again later"), 75, False),
    ],
)
def test_a_run_that_came_to_no_end_is_told(office, monkeypatch, error, code, is_told):
    text = SETTINGS + TRANSPORT + RUN + '[notify]\nwebhook_env = "HOOK"\nwhen = "failure"\n'
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")
    assert nightly(office).code == 0
    before = (office.folder / "summary.txt").read_text(encoding="utf-8")

    def fail(*_, **__):
        raise error

    with gateway(200) as (url, told), monkeypatch.context() as patch:
        patch.setenv("HOOK", url)
        patch.setattr(steps, "open_work", fail)
        assert nightly(office).code == code
    after = (office.folder / "summary.txt").read_text(encoding="utf-8")
    assert [one["text"] for one in told] == ([after] if is_told else [])
    assert (str(error) in after, after == before) == (is_told, not is_told)
    logs = "".join(path.read_text(encoding="utf-8") for path in (office.folder / "runs").glob("*.jsonl"))
    assert f'"run_stopped","exit_code":{code}' in logs


def test_the_manifest_is_there_whole_or_not_at_all(office, monkeypatch):
    def die(*_):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KilledError):
            nightly(office)
    assert [path.suffix for path in (office.folder / "runs").iterdir()] == [".jsonl"]


def test_a_webhook_that_refuses_is_said_without_its_address(office, monkeypatch):
    text = SETTINGS + TRANSPORT + RUN + '[notify]\nwebhook_env = "HOOK"\nwhen = "always"\n'
    (office.folder / "claimloop.toml").write_text(text, encoding="utf-8")
    with gateway(403) as (url, _):
        monkeypatch.setenv("HOOK", url)
        done = nightly(office)
    assert done.code == 4
    assert "HTTP 403" in done.err
    assert "secret-token" not in done.err
    monkeypatch.delenv("HOOK")
    assert nightly(office).code == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x", "file:///etc/passwd", "https://", "https://[secret", "https://a b/secret",
        "https://example.org/secret\n", f"https://{'a' * 70}.example.org/secret",
    ],
)  # fmt: skip
def test_only_https_leaves_the_machine(url):
    with pytest.raises(SettingsError) as told:
        webhook.post(url, "x")
    assert "secret" not in str(told.value)


def test_a_webhook_that_leads_elsewhere_is_not_followed():
    quick = RetryPolicy(attempts=2, first_wait=0, longest_wait=0)
    for status in (301, 302, 303, 307, 308):
        with gateway(200) as (elsewhere, told), gateway(status, location=elsewhere) as (url, _):
            with pytest.raises(AccessError, match=f"HTTP {status}"):
                webhook.post(url, "x", quick)
            assert told == []


def test_a_gateway_that_is_away_is_temporary():
    quick = RetryPolicy(attempts=2, first_wait=0, longest_wait=0)
    with pytest.raises(TemporaryError):
        webhook.post("http://127.0.0.1:1/x", "x", quick)
    with gateway(404) as (url, _), pytest.raises(AccessError):
        webhook.post(url, "x", quick)
