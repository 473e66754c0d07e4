"""`claimloop run` on every machine's timer at one minute: one works, the others say who does, nothing is sent twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import pytest

from reconcile.store import open_store
from reconcile.store.files import SENT, files
from tests.jobs.office import SETTINGS, Office, session
from tests.loop.shared_stage import ROOT

MACHINES = 4
TEMPORARY = 75
STORE = '[store]\ndatabase = "{url}"\nvault = "vault"\n'
RUN = '[run]\nsessions = {{ orchard = "sessions.csv" }}\nout = "{out}"\n'
TRANSPORT = (
    'transport = {{ kind = "folder", outbound = "{drop}", inbound = "{back}", quiet_seconds = {quiet} }}\n'
)
START = "import sys; sys.stdin.readline(); from cli.app import main; main()"


def office_of(folder, shared, url, quiet):
    """One machine: its own folder and settings, the clearinghouse and the store of all."""
    office = Office(folder)
    drop, back = shared / "drop", shared / "back"
    for one in (drop, back):
        one.mkdir(exist_ok=True)
    told = SETTINGS + TRANSPORT.format(drop=drop, back=back, quiet=quiet)
    told = (
        STORE.format(url=url).replace('"vault"', f'"{shared / "vault"}"')
        + told
        + RUN.format(out=shared / "out")
    )
    (folder / "claimloop.toml").write_text(told, encoding="utf-8")
    office.write("sessions", [session(f"V{one}", patient=f"P{one}") for one in range(1, 6)])
    return office


@pytest.mark.postgres
def test_of_four_runs_at_once_one_works_and_nothing_is_sent_twice(postgres_database, tmp_path):
    """The file that waits at the clearinghouse keeps the first one busy while the others come."""
    (tmp_path / "vault").mkdir(mode=0o700)
    open_store(postgres_database, tmp_path / "vault").close()
    offices = [
        office_of(tmp_path / f"machine-{one}", tmp_path, postgres_database, 6) for one in range(MACHINES)
    ]
    (tmp_path / "back" / "letter.txt").write_text("A letter.\n", encoding="utf-8")
    dropped: Counter[str] = Counter()
    runs = [started(office) for office in offices]
    for run in runs:
        run.stdin.write(b"go\n")
        run.stdin.flush()
    while any(run.poll() is None for run in runs):
        taken_away(tmp_path / "drop", dropped)
        time.sleep(0.02)
    ended = [(*run.communicate(), run.returncode) for run in runs]
    taken_away(tmp_path / "drop", dropped)
    worked = [json.loads(out) for out, _, code in ended if code != TEMPORARY]
    assert len(worked) == 1, [(code, err.decode()) for _, err, code in ended]
    others = [err.decode() for _, err, code in ended if code == TEMPORARY]
    numbers = {run.pid for run, (_, _, code) in zip(runs, ended, strict=True) if code != TEMPORARY}
    for said in others:
        assert "is at work on the store" in said
        assert f"process {next(iter(numbers))} on " in said
        assert "Traceback" not in said
    sent = set(worked[0]["sent"])
    assert len(sent) == 3
    assert dropped == dict.fromkeys(sent, 1)
    again = [started(office) for office in offices[:2]]
    for run in again:
        run.communicate(b"go\n", timeout=120)
        taken_away(tmp_path / "drop", dropped)
    assert dropped == dict.fromkeys(sent, 1), "nothing is sent a second time"
    with closing(open_store(postgres_database, tmp_path / "vault")) as store, store.read() as connection:
        assert {
            one.name: one.outcome for one in files(connection) if one.direction == "out"
        } == dict.fromkeys(sent, SENT)


def started(office):
    """A process that has everything loaded but the program, and begins on a word."""
    command = [sys.executable, "-c", START, "run", "--json", "--as-of", "2026-03-20"]
    return subprocess.Popen(
        [*command, "--config", str(office.folder / "claimloop.toml")],
        cwd=office.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def taken_away(folder, dropped):
    """The clearinghouse's part: it takes every whole file as soon as it sees it."""
    for path in folder.glob("*.837"):
        path.unlink()
        dropped[path.name] += 1
