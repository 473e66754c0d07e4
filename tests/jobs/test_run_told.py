"""What a run tells: rejections of what is not here, what failed and why, and that it was stopped."""

from __future__ import annotations

import errno
import json
import os
import signal
from datetime import datetime, timedelta

import pytest

from cli.jobs.run import night as steps
from edi.model.errors import TemporaryError
from edi.transport.base import RetryPolicy, with_retries
from tests.command_line import claimloop
from tests.jobs.acks import HEAD, claim_answer, functional_answer
from tests.jobs.office import SETTINGS, Office, session
from tests.jobs.test_run import RUN, TRANSPORT, KilledError, nightly

TODAY = f"{datetime.now():%Y-%m-%d}"
TA1 = (HEAD.format(9) + "\nTA1*000000077*260320*1200*R*000~\nIEA*0*000000009~").encode()


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    (tmp_path / "claimloop.toml").write_text(SETTINGS + TRANSPORT + RUN, encoding="utf-8")
    for name in ("drop", "back"):
        (tmp_path / name).mkdir()
    made.write("sessions", [session("V1")])
    return made


def work(office):
    return claimloop("work", "list", "--json", "--config", office.folder / "claimloop.toml").json


def log_lines(office):
    paths = sorted((office.folder / "runs").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("data", "claim"),
    [(functional_answer("R", "8"), None), (TA1, None), (claim_answer("B9999999", "A3"), "B9999999")],
)
def test_a_rejection_of_what_is_not_here_is_work_for_thirty_days(office, data, claim):
    (office.folder / "back" / "answer.999").write_bytes(data)
    first = nightly(office, "--json", day=TODAY)
    assert (first.code, first.json["new_work"]) == (1, {"lost_rejection": 1})
    assert first.json["open_work"] == {"lost_rejection": 1}
    assert "new work: 1 lost rejection; " in (office.folder / "summary.txt").read_text("utf-8")
    (row,) = work(office)
    assert (row["kind"], row["claim"]) == ("lost_rejection", claim)
    assert (row["reason"][:6], row["command"]) == ("ACK007", "claimloop claims import FILE")
    assert "claims import" in row["next_step"]
    assert nightly(office, "--json", day=TODAY).code == 0, "told once"
    later = f"{datetime.now() + timedelta(days=32):%Y-%m-%d}"
    assert "lost_rejection" not in nightly(office, "--json", "--dry-run", day=later).json["open_work"]
    office.sql("UPDATE acknowledgment SET claims = 1")
    assert work(office) == [], "an import tied it"


def test_an_acceptance_of_what_is_not_here_is_no_work(office):
    (office.folder / "back" / "answer.999").write_bytes(functional_answer("A", "8"))
    assert nightly(office, "--json", day=TODAY).json["open_work"] == {}


def test_every_line_of_the_log_has_its_time_and_run_and_what_failed_its_reason(office):
    (office.folder / "back" / "empty.835").write_bytes(b"%PDF-1.7")
    settings = SETTINGS + TRANSPORT + RUN.replace("}", ', "*" = "all*.csv" }')
    (office.folder / "claimloop.toml").write_text(settings, encoding="utf-8")
    (office.folder / "all.csv").write_bytes(b"")
    done = nightly(office, "--json")
    lines = log_lines(office)
    assert {len(line["at"]) for line in lines} == {20}
    assert {line["run"] for line in lines} == {next((office.folder / "runs").glob("*.jsonl")).stem}
    by_step = {line["step"]: line for line in lines if line["event"] == "step"}
    assert by_step["ingest"]["refused"] == [
        {"file": "empty.835", "outcome": "rejected", "findings": ["ENV001"]}
    ]
    assert by_step["deposits import"]["why"] == "[run] deposits names no files"
    (failed,) = [line for line in lines if line["event"] == "failed"]
    assert failed["message"] == done.json["failed_practices"][0]["message"] != ""
    summary = (office.folder / "summary.txt").read_text("utf-8")
    assert "ingest: empty.835: rejected: ENV001 the file is not X12" in summary


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TemporaryError("west: the connection failed"), "TemporaryError: west: the connection failed"),
        (OSError(errno.ETIMEDOUT, "timed out", "sftp://west?key=secret"), "TimeoutError: timed out"),
        (ValueError("secret"), "ValueError"),
    ],
)
def test_a_retry_says_what_failed_and_no_secret(error, said):
    told: list[str] = []

    def action() -> None:
        if not told:
            raise error

    policy = RetryPolicy(attempts=2)
    with_retries(
        action,
        policy,
        on_retry=lambda _, what: told.append(what),
        sleep=lambda _: None,
        worth=lambda _: True,
    )
    assert told == [said]


@pytest.mark.parametrize(
    ("number", "code", "why"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_signal_leaves_the_log_and_a_manifest_of_what_was_done(office, monkeypatch, number, code, why):
    real = steps.ingest

    def stopped(*arguments, **options):
        os.kill(os.getpid(), number)
        return real(*arguments, **options)

    (office.folder / "back" / "letter.835").write_bytes(b"%PDF-1.7")
    with monkeypatch.context() as patch:
        patch.setattr(steps, "ingest", stopped)
        assert nightly(office).code == code
    last = log_lines(office)[-1]
    assert (last["event"], last["exit_code"], last["why"]) == ("run_stopped", code, why)
    (manifest,) = (office.folder / "runs").glob("*.json")
    left = json.loads(manifest.read_text("utf-8"))
    assert (left["exit_code"], left["stopped"], [one["name"] for one in left["steps"]]) == (
        code,
        why,
        ["fetch"],
    )
    assert why in (office.folder / "summary.txt").read_text("utf-8")
    monkeypatch.setenv("CLAIMLOOP_CLOCK", "2050-01-01T00:00:00")
    again = nightly(office, "--json")
    assert (again.code, again.json["unended_before"]) == (3, []), "it said why it ended"


def test_the_next_run_says_that_the_one_before_came_to_no_end(office, monkeypatch):
    def die(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(steps, "ingest", die)
        patch.setenv("CLAIMLOOP_CLOCK", "2026-03-20T02:10:00")
        with pytest.raises(KilledError):
            nightly(office)
    killed = "2026-03-20T02-10-00Z"
    done = nightly(office, "--json")
    assert done.json["unended_before"] == [killed]
    assert killed in (office.folder / "summary.txt").read_text("utf-8")
    (started,) = [line for line in log_lines(office) if line.get("unended_before")]
    assert (started["event"], started["unended_before"]) == ("run_started", [killed])
    monkeypatch.setenv("CLAIMLOOP_CLOCK", "2050-01-01T00:00:00")
    assert nightly(office, "--json").json["unended_before"] == [], "told once"
