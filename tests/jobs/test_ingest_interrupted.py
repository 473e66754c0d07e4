"""An ingest that is killed, at any moment and after each commit: a plain rerun ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconcile.store import Store
from tests.builders import make_claim, make_line
from tests.jobs.conftest import Desk
from tests.remits import claim, file_of, line, payment

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
from pathlib import Path
from tests.jobs.conftest import Desk
desk = Desk(sys.argv[1], Path(sys.argv[2]))
print("ready", flush=True)
desk.ingest(*[Path(name) for name in sys.argv[3:]])
"""


def number(index: int) -> str:
    return f"K{index:06d}"


def claims_of(count: int):
    return [
        make_claim(
            patient_control_number=number(index),
            lines=(
                make_line(1, line_control_number=f"L{index:06d}A"),
                make_line(2, "97140", line_control_number=f"L{index:06d}B"),
            ),
        )
        for index in range(count)
    ]


def files_of(count: int, per_set: int) -> list[bytes]:
    """Files of two sets each: claims paid, one denied in ten, a quarantined set and a conflict among them."""
    sets: list[list[str]] = []
    for first in range(0, count, per_set):
        rows = [
            claim(
                number(index),
                line("97110", 5000, 4000),
                line("97140", 5000, 0, adjustments=["CO*197*50"])
                if index % 10 == 0
                else line("97140", 5000, 4000),
                payer_number=f"P{index}",
            )
            for index in range(first, min(first + per_set, count))
        ]
        sets.append(payment(rows, trace=f"T{first}", control=f"{len(sets) + 1:04d}"))
    bad = payment([claim("K000000", line("97110", 5000, 4000))], trace="BAD", control="9998", bank=1)
    conflict = payment([claim("K000000", line("97110", 5000, 1000))], trace="T0", control="9999", bank=None)
    files = [file_of(*sets[place : place + 2], control=place + 1) for place in range(0, len(sets), 2)]
    return [*files, file_of(bad, conflict, control=99)]


def prepared(folder: Path, claims: int, per_set: int) -> tuple[Desk, list[Path]]:
    folder.mkdir()
    desk = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
    desk.submit(*claims_of(claims))
    return desk, [desk.file(data) for data in files_of(claims, per_set)]


def outcomes(desk: Desk) -> list[tuple]:
    return desk.rows("SELECT f.outcome, t.position, t.outcome, t.record FROM file f JOIN file_transaction t"
                     " ON t.file_sha256 = f.sha256 ORDER BY f.sha256, t.position")  # fmt: skip


class Killed(BaseException):
    """Stands for the signal."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Digest and outcomes of a run without a kill, and how many commits it has."""
    desk, files = prepared(tmp_path_factory.mktemp("whole") / "store", 12, 3)
    commits = 0
    write = Store.write

    @contextmanager
    def counted(self):
        nonlocal commits
        with write(self) as connection:
            yield connection
        commits += 1

    Store.write = counted
    try:
        desk.ingest(*files)
    finally:
        Store.write = write
    told = desk.digest(with_files=True), outcomes(desk), commits
    assert desk.broken() == []
    desk.store.close()
    return told


def test_a_kill_after_each_commit_changes_nothing(tmp_path, monkeypatch, uninterrupted):
    digest, told, commits = uninterrupted
    assert commits > 10
    for point in range(commits):
        desk, files = prepared(tmp_path / f"run{point}", 12, 3)
        write = Store.write
        done = 0

        @contextmanager
        def until(self, write=write, point=point):
            nonlocal done
            with write(self) as connection:
                yield connection
            done += 1
            if done > point:
                raise Killed

        monkeypatch.setattr(Store, "write", until)
        with pytest.raises(Killed):
            desk.ingest(*files)
        monkeypatch.setattr(Store, "write", write)
        desk.ingest(*files)
        assert (point, desk.digest(with_files=True)) == (point, digest)
        assert outcomes(desk) == told
        desk.store.close()


def test_a_kill_before_each_commit_changes_nothing(tmp_path, monkeypatch, uninterrupted):
    digest, told, commits = uninterrupted
    for point in range(commits):
        desk, files = prepared(tmp_path / f"run{point}", 12, 3)
        write = Store.write
        done = 0

        @contextmanager
        def until(self, write=write, point=point):
            nonlocal done
            with write(self) as connection:
                yield connection
                done += 1
                if done > point:
                    raise Killed

        monkeypatch.setattr(Store, "write", until)
        with pytest.raises(Killed):
            desk.ingest(*files)
        monkeypatch.setattr(Store, "write", write)
        desk.ingest(*files)
        assert (point, desk.digest(with_files=True)) == (point, digest)
        assert outcomes(desk) == told
        desk.store.close()


def started(desk: Desk, files: list[Path]) -> subprocess.Popen[bytes]:
    """The same ingest in a process of its own, at the moment it begins."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, desk.url, str(desk.folder), *map(str, files)],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    )
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline() == b"ready\n"
    return process


def kill_and_rerun(tmp_path: Path, rng: random.Random, *, claims: int, per_set: int, times: int) -> int:
    """Kill as many runs at uniform moments; returns how many the signal ended, after twice as many tries at most."""
    desk, files = prepared(tmp_path / "whole", claims, per_set)
    process = started(desk, files)
    begun = time.monotonic()
    assert process.wait(timeout=300) == 0
    lasts = time.monotonic() - begun
    digest = desk.digest(with_files=True)
    desk.store.close()
    ended = 0
    for index in range(2 * times):
        if ended == times:
            break
        desk, files = prepared(tmp_path / f"kill{index}", claims, per_set)
        process = started(desk, files)
        begun = time.monotonic()
        time.sleep(rng.uniform(0, lasts * 0.95))
        process.send_signal(signal.SIGKILL)
        if process.wait(timeout=60) == -signal.SIGKILL:
            ended += 1
        else:  # the machine has become faster
            lasts = min(lasts, time.monotonic() - begun)
        desk.ingest(*files)
        assert (index, desk.digest(with_files=True)) == (index, digest)
        assert desk.broken() == []
        desk.store.close()
    return ended


def test_a_killed_process_leaves_nothing_half_done(tmp_path, rng):
    assert kill_and_rerun(tmp_path, rng, claims=200, per_set=25, times=3) >= 1


@pytest.mark.soak
def test_twenty_kills_at_any_moment(tmp_path, rng):
    assert kill_and_rerun(tmp_path, rng, claims=4000, per_set=250, times=20) == 20
