"""One store and several machines: files dealt shuffled, twice and overlapping to processes that take them in at once.

Meanwhile others read: every report is of one moment and balances. In the end the books are those of one process alone,
on the other database; nothing waits, nothing is half done, and no process has ended in a way it should not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from itertools import count, cycle
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest

from reconcile.store import open_store
from tests.loop.shared_stage import ROOT, Shared, assert_whole, batches, books, differing
from tests.loop.year_stage import YearLoop


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shared, dict[str, str]]:
    """Two dozen claims and the books that one process alone makes of them."""
    shared = Shared(tmp_path_factory.mktemp("shared") / "all", 24, 11, per_payment=4)
    return shared, shared.alone()


class Takers:
    """Threads with a store each, which to the database are as good as machines; what goes wrong in one is kept."""

    def __init__(self, store: YearLoop, url: str) -> None:
        self._store = store
        self._url = url
        self._threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []
        self.done = threading.Event()

    def take(self, files: list[Path]) -> None:
        """Start one that takes in files two by two."""
        self._start(lambda loop: [loop.ingest(some) for some in batches(files, 2)])

    def look(self) -> None:
        """Start one that sees again and again that what it reads balances and stays as it is while it looks."""

        def looking(loop: YearLoop) -> None:
            while not self.done.is_set():
                assert_one_moment(loop)

        self._start(looking)

    def _start(self, work: object) -> None:
        def run() -> None:
            loop = YearLoop.__new__(YearLoop)
            loop.__dict__.update(self._store.__dict__)
            try:
                with closing(open_store(self._url, self._store.folder / "vault")) as loop.store:
                    work(loop)  # type: ignore[operator]
            except BaseException as error:  # noqa: BLE001 - told to the test
                self.errors.append(error)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def join(self, readers: int) -> None:
        """Wait for those that take in, then end those that look."""
        for thread in self._threads[: len(self._threads) - readers]:
            thread.join(120)
        self.done.set()
        for thread in self._threads:
            thread.join(30)
        assert self.errors == []


def assert_one_moment(loop: YearLoop) -> None:
    """Several statements in one transaction see one state of the store, whoever writes meanwhile."""
    with loop.store.read() as connection:
        seen = [
            [
                int(connection.exec_driver_sql(query).scalar() or 0)
                for query in (
                    "SELECT COUNT(*) FROM claim_payment",
                    "SELECT SUM(cents) FROM posting WHERE account = 'paid'",
                    "SELECT SUM(paid) FROM claim WHERE id = root",
                    "SELECT SUM(amount) FROM remittance",
                )
            ]
            for _ in range(2)
        ]
        waiting = connection.exec_driver_sql(
            "SELECT SUM(paid) FROM claim_payment WHERE outcome <> 'posted'"
        ).scalar()
        adjusted = connection.exec_driver_sql("SELECT SUM(cents) FROM provider_adjustment").scalar()
    assert seen[0] == seen[1]
    _, posted, of_claims, bank = seen[0]
    assert posted == of_claims
    assert bank == posted + int(waiting or 0) - int(adjusted or 0)


def test_three_take_in_what_overlaps_while_one_looks(
    little: tuple[Shared, dict[str, str]], database_url: str, tmp_path: Path
) -> None:
    shared, alone = little
    store = shared.office(tmp_path.name, database_url)
    takers = Takers(store, database_url)
    for _ in range(3):
        takers.take(shared.deck())
    takers.look()
    takers.join(readers=1)
    shared.bring(store)
    assert_whole(store)
    assert differing(books(store), alone) == set()
    store.close()


SECONDS = 120
INGESTING, REPORTING = 4, 2
SERVER = "from tests.loop.shared_stage import serve; serve()"
LOOKS = (
    ("verify", "--json"),
    ("report", "kpi", "--json"),
    ("report", "payments", "--json"),
    ("denials", "list", "--json"),
    ("report", "aging", "--json"),
    ("ledger", "CL0000003", "--json"),
    ("report", "takebacks", "--json"),
    ("verify", "--json"),
    ("unmatched", "list", "--json"),
    ("deposits", "list", "--json"),
)
"""What an analyst asks for in turn."""
TWO_WORDS = ("report", "denials", "payments", "deposits")


class Machine(threading.Thread):
    """A process of its own that runs commands one after another until told to stop; how each ended, how long it took."""

    def __init__(self, folder: Path, until: float, rng: Random) -> None:
        super().__init__()
        self.folder = folder
        self.until = until
        self.rng = rng
        self.ended: Counter[str] = Counter()
        self.slowest: dict[str, float] = {}
        self.wrong: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def call(self, *words: object, allowed: tuple[int, ...] = (0, 1)) -> Any:
        """One command; the JSON that it wrote."""
        command = [*map(str, words), "--json"]
        name = " ".join(command[:2]) if words[0] in TWO_WORDS else command[0]
        started = time.monotonic()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = [*command, "--config", str(self.folder / "claimloop.toml")]
        self._process.stdin.write(msgspec.json.encode(asked) + b"\n")
        self._process.stdin.flush()
        code, out, err = msgspec.json.decode(self._process.stdout.readline())
        self.slowest[name] = max(self.slowest.get(name, 0), time.monotonic() - started)
        self.ended[f"{name}: {code}"] += 1
        if code not in allowed:
            self.wrong.append(f"{command} ended with {code}: {err[-2000:]}")
            return None
        return msgspec.json.decode(out)

    def count(self, name: str) -> int:
        """How many commands of a name ended."""
        return sum(count for ended, count in self.ended.items() if ended.startswith(f"{name}: "))

    def run(self) -> None:
        """Work until the time is over."""
        try:
            while time.monotonic() < self.until and not self.wrong:
                self.work()
        except BaseException as error:  # noqa: BLE001 - told to the test
            self.wrong.append(repr(error))
        finally:
            self._process.communicate(timeout=60)
            if self._process.returncode:
                self.wrong.append(f"the process ended with {self._process.returncode}")

    def work(self) -> None:
        """The next thing that it does."""
        raise NotImplementedError


class Ingesting(Machine):
    """Takes in handfuls of a deck, each with a file that it had before; what another has taken meanwhile is known."""

    def __init__(self, folder: Path, until: float, rng: Random, shared: Shared) -> None:
        super().__init__(folder, until, rng)
        self.outcomes: Counter[str] = Counter()
        self.had: list[Path] = []
        self._shared = shared
        self._left: list[Path] = []

    def work(self) -> None:
        """The next few files; what waits in suspense or is for nobody ends with 1 or 3."""
        if not self._left:
            self._left = self._shared.deck(self.rng)
        size = self.rng.randint(2, 9)
        files, self._left = self._left[:size], self._left[size:]
        files += self.rng.sample(self.had, min(1, len(self.had)))
        told = self.call("ingest", *files, "--quiet", allowed=(0, 1, 3))
        if told is not None:
            self.outcomes.update(one["outcome"] for one in told["files"])
            self.had += files


class Clerk(Machine):
    """Writes what a person writes: notes on denials, patients' payments, parts of the bank's file; again and again."""

    notes = 0

    def __init__(self, folder: Path, until: float, rng: Random, shared: Shared) -> None:
        super().__init__(folder, until, rng)
        self._shared = shared

    def work(self) -> None:
        """One of each."""
        rows = self.call("denials", "list", "--limit", "5") or []
        ids = [row["denial_id"] for row in rows[:3]]
        if ids:
            self.call("denials", "note", *ids, "--text", "called", "--by", "ann", allowed=(0,))
            self.notes += len(ids)
        self.call("deposits", "import", self.rng.choice(self._shared.bank))
        self.call("payments", "add", self.rng.choice(self._shared.by_hand))


class Looking(Machine):
    """Asks for one thing after another."""

    def __init__(self, folder: Path, until: float, rng: Random, first: int) -> None:
        super().__init__(folder, until, rng)
        self._asks = cycle([*LOOKS[first:], *LOOKS[:first]])

    def work(self) -> None:
        """The next question; verify must hold at every moment, whatever came before what it belongs to."""
        words = next(self._asks)
        told = self.call(*words[:-1], allowed=(0, 5) if words[0] == "verify" else (0, 1))
        if words[0] == "verify" and told is not None and not told["holds"]:
            self.wrong.append(f"verify: {[one for one in told['checks'] if not one['holds']]}")


def _given_up(url: str) -> tuple[int, int]:
    """Deadlocks and rolled back transactions of a database, as the server counted them."""
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        query = "SELECT deadlocks, xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_four_machines_take_in_and_two_report_for_two_minutes(
    postgres_database: str, tmp_path: Path, seed: int
) -> None:
    began = time.monotonic()
    shared = Shared(tmp_path / "all", 320, seed, per_payment=12)
    alone = shared.alone()
    store = shared.office("machines", postgres_database)
    started = time.monotonic()
    until = started + SECONDS
    folder = store.folder
    draws = (Random(seed + number) for number in count())
    takers = [Ingesting(folder, until, next(draws), shared) for _ in range(INGESTING)]
    clerk = Clerk(folder, until, next(draws), shared)
    lookers = [Looking(folder, until, next(draws), 5 * number) for number in range(REPORTING)]
    everyone: list[Machine] = [*takers, clerk, *lookers]
    for one in everyone:
        one.start()
    looked = 0
    while any(one.is_alive() for one in everyone):
        assert_one_moment(store)
        looked += 1
        time.sleep(0.1)
    ended = time.monotonic()
    commands = sum((one.ended for one in everyone), Counter[str]())
    slowest = {
        name: max(one.slowest.get(name, 0.0) for one in everyone) for one in everyone for name in one.slowest
    }
    outcomes = sum((one.outcomes for one in takers), Counter[str]())
    came = {path for one in takers for path in one.had}
    deadlocks, rolled_back = _given_up(postgres_database)
    print(
        f"\n{sum(outcomes.values())} files taken in, {len(came)} of {len(shared.files)} different: {dict(outcomes)}"
    )
    print(f"{looked} moments balanced, {clerk.notes} notes")
    print(f"commands: {dict(sorted(commands.items()))}")
    print(f"slowest, seconds: { {name: round(value, 1) for name, value in sorted(slowest.items())} }")
    print(f"deadlocks {deadlocks}, transactions rolled back {rolled_back}")
    assert [wrong for one in everyone for wrong in one.wrong] == []
    store.ingest([path for path in shared.files if path not in came])  # what no machine came to in its time
    shared.bring(store)
    assert_whole(store)
    assert differing(books(store), alone) == set()
    assert store.scalar("SELECT COUNT(*) FROM event WHERE kind = 'denial'") == clerk.notes
    store.close()
    print(
        f"seconds: before {started - began:.0f}, at work {ended - started:.0f}, after {time.monotonic() - ended:.0f}"
    )
    assert deadlocks == 0
    assert all(one.count("ingest") >= 5 for one in takers), "each took its part"
    assert outcomes["posted"] >= len(shared.files) // 4
    assert outcomes["duplicate"] >= 5 * INGESTING, "dealt again for certain"
    assert clerk.notes >= 6
    assert min(clerk.count("deposits import"), clerk.count("payments add")) >= 3
    assert all(sum(one.ended.values()) >= 5 for one in lookers)
    assert looked >= 50
