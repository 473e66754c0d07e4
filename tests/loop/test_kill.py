"""Ended by the signal in the middle of an ingest, run again: the same store as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from random import Random

import pytest

from cli.jobs.simulate import simulate
from cli.jobs.verify import verify
from edi.model.directory import Practice
from edi.testpayer import generate_claims
from reconcile.store import open_store, store_digest
from tests.loop.loop_stage import DEMO_PAYERS, Loop, demo_payers, write_837

TODAY = date(2026, 3, 2)
SCRIPT = Path(__file__).with_name("ingest_until.py")
ROOT = Path(__file__).resolve().parents[2]
DONE = (0, 1, 3)
TRIES, AT_LEAST = 20, 15


class Desk:
    """A store with claims, a folder with their answers, and copies of it to break."""

    def __init__(self, folder: Path, count: int, seed: int) -> None:
        self.folder = folder
        rng = Random(seed)
        claims = list(generate_claims(rng, count, today=TODAY))
        billing = {claim.billing.npi: claim.billing for claim in claims}
        practices = tuple(
            Practice(id=f"practice-{npi}", name=one.last_name, npi=npi, tax_id=one.tax_id)
            for npi, one in billing.items()
        )
        loop = Loop(folder / "filled", payers=demo_payers(), practices=practices)
        loop.submit(claims)
        loop.close()
        shutil.copy(DEMO_PAYERS, folder / "filled" / "payers.toml")
        (folder / "filled" / "claimloop.toml").write_text("", encoding="utf-8")
        sent = folder / "claims.837"
        sent.write_bytes(write_837(claims, 1))
        self.answer = folder / "answer"
        made = simulate(sent, out=self.answer, seed=rng.randrange(1 << 32), today=TODAY)
        for truth in made.truths:
            Path(truth).unlink()
        self.copies = 0

    def copy(self) -> Path:
        """A store filled with the claims, to be broken."""
        self.copies += 1
        target = self.folder / f"copy{self.copies}"
        shutil.copytree(self.folder / "filled", target)
        return target

    def command(self, store: Path, number: int = 0) -> list[str]:
        """The ingest that ends itself after that many commits; 0 is a whole one."""
        url = f"sqlite:///{store / 'claimloop.db'}"
        return [sys.executable, str(SCRIPT), str(number), str(self.answer), url, str(store / "commits")]

    def run(self, store: Path, number: int = 0) -> int:
        """Run an ingest to its end, whatever that is."""
        done = subprocess.run(
            self.command(store, number), cwd=store, env=_env(), capture_output=True, timeout=600
        )
        assert done.returncode in (*DONE, -signal.SIGKILL), done.stderr.decode()
        return done.returncode

    def run_for(self, store: Path, seconds: float) -> int:
        """Start an ingest, and kill it after so long."""
        process = subprocess.Popen(
            self.command(store), cwd=store, env=_env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait(timeout=60)

    def digest(self, store: Path) -> str:
        """The books and what is known of the files, all checks holding."""
        opened = open_store(f"sqlite:///{store / 'claimloop.db'}", read_only=True)
        assert verify(opened).holds
        with opened.read() as connection:
            digest = store_digest(connection, with_files=True)
        opened.close()
        return digest

    def commits(self, store: Path) -> int:
        """How often a whole run committed."""
        return int((store / "commits").read_text())


def _env() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def parts_left(store: Path) -> list[str]:
    """Half-written files of the vault that a killed run left."""
    return sorted(path.name for path in (store / "vault").glob(".part-*"))


def test_killed_after_a_commit_and_run_again(tmp_path: Path, seed: int) -> None:
    """In the middle of the files: something is stored, something is not, and a plain rerun completes it."""
    desk = Desk(tmp_path, 40, seed)
    whole = desk.copy()
    assert desk.run(whole) in DONE
    expected, commits = desk.digest(whole), desk.commits(whole)
    assert commits > 12
    broken = desk.copy()
    assert desk.run(broken, commits // 2) == -signal.SIGKILL
    assert desk.digest(broken) != expected
    assert desk.run(broken) in DONE
    assert desk.digest(broken) == expected


@pytest.mark.soak
def test_killed_after_each_commit_point(tmp_path: Path, seed: int) -> None:
    desk = Desk(tmp_path, 60, seed)
    whole = desk.copy()
    assert desk.run(whole) in DONE
    expected, commits = desk.digest(whole), desk.commits(whole)
    seen = set()
    for number in range(1, commits + 1):
        broken = desk.copy()
        assert desk.run(broken, number) == -signal.SIGKILL
        seen.add(desk.digest(broken))
        assert desk.run(broken) in DONE
        assert desk.digest(broken) == expected, number
        shutil.rmtree(broken)
    print(f"{commits} commit points, {len(seen)} different stores left by the signal, all completed")
    assert len(seen) > commits // 2


@pytest.mark.soak
def test_killed_twenty_times_at_any_moment(tmp_path: Path, seed: int) -> None:
    """Delays uniform over the measured run; each broken store is completed by a plain rerun."""
    desk = Desk(tmp_path, 1500, seed)
    measured = []
    for _ in range(2):
        whole = desk.copy()
        started = time.perf_counter()
        assert desk.run(whole) in DONE
        measured.append(time.perf_counter() - started)
    lasted, expected = min(measured), desk.digest(whole)
    rng = Random(seed)
    ended = unfinished = halves = 0
    for part in range(TRIES):
        broken = desk.copy()
        delay = lasted * (part + rng.random()) / TRIES  # uniform, one in each twentieth
        killed = desk.run_for(broken, delay) == -signal.SIGKILL
        if not killed:  # the machine is quicker than it was when the run was measured
            lasted = min(lasted, delay)
        ended += killed
        unfinished += killed and desk.digest(broken) != expected
        halves += bool(parts_left(broken))
        assert desk.run(broken) in DONE
        assert desk.digest(broken) == expected
        shutil.rmtree(broken)
    print(
        f"a run lasts {lasted:.1f} s; {ended} of {TRIES} ended by the signal, {unfinished} of them with work left, "
        f"{halves} with a half-written file in the vault"
    )
    assert ended >= AT_LEAST
    assert unfinished >= AT_LEAST // 2
