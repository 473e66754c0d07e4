"""Thirty nights of `run` with nobody watching: payers answer over days, servers fail, the job is killed, files are lost.

In the end the books balance and equal what the payers decided, each claim went out once, what is silent is what was
kept back, and whatever is open has a name.
"""

from __future__ import annotations

import csv
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from edi.testpayer.compare import compare
from tests.command_line import DEMO, claimloop
from tests.loop.month_stage import OVERDUE_DAYS, PRACTICES, Injected, Month, Night, scenario
from tests.loop.year_stage import YearLoop

IN_DOUBT = "was being sent when the run ended"


class Books:
    """What the month came to: the store beside what the test payer knows."""

    def __init__(self, month: Month) -> None:
        self.month = month
        self.desk = YearLoop(month.office, ())
        self.last = month.ended[-1]
        self.answered = [one for house in month.houses.values() for one in house.answered]
        self.claims = {
            row["patient_control_number"]: row
            for row in self.desk.rows(
                "SELECT c.*, f.outcome, f.name FROM claim c JOIN file f ON f.sha256 = c.file_sha256"
            )
        }

    def silent(self, expected: str) -> set[str]:
        """The subjects of what the last run found silent."""
        return {one["subject"] for one in self.last.manifest["silence"] if one["expected"] == expected}

    def unanswered(self) -> tuple[set[str], set[str]]:
        """Claims no 835 speaks of though one should by now; and those of which one may: it names no claim for sure."""
        must, may = set(), set()
        late = self.month.nights - 1 - OVERDUE_DAYS
        for one in self.answered:
            for claim in one.truth.claims:
                came = {a for line in claim.lines for a in line.answered_by if a.file not in one.lost}
                number = claim.patient_control_number
                if claim.status == "rejected" and one.claims and not self._deaf(one):
                    continue
                if one.night >= late or (came and one.payable):
                    if came and not any(line.decidable for line in claim.lines):
                        may.add(number)
                    continue
                must.add(number)
        return must, may

    def _deaf(self, one: Any) -> bool:
        return not one.payable and one.night <= self.month.answered_nights


def check_books(books: Books) -> None:
    """`verify` is 0, and every line, payment and cent is what the payers decided."""
    month, desk = books.month, books.desk
    assert claimloop("verify", "--config", month.office / "claimloop.toml").code == 0
    assert set(desk.trial_balance().values()) == {0}
    found = desk.found_lines()
    decidable = denied = 0
    for one in books.answered:
        kept = [
            claim
            for claim in one.truth.claims
            if one.payable and not {a.file for line in claim.lines for a in line.answered_by} & one.lost
        ]
        result = compare(msgspec.structs.replace(one.truth, claims=tuple(kept)), found)
        assert (result.wrong, result.missed, result.miscategorised) == ((), (), ())
        decidable += result.decidable
        denied += result.denied
        numbers = {claim.patient_control_number for claim in kept}
        for claim in one.claims:
            if claim.patient_control_number not in numbers:
                lines = [found[claim.patient_control_number, line.number] for line in claim.lines]
                assert not any(line.answered or line.cash or line.denied for line in lines)
    bank = sum(
        payment.amount
        for one in books.answered
        if one.payable
        for file in one.truth.files
        if file.outcome == "posted" and file.file not in one.lost
        for payment in file.payments
    )
    assert desk.scalar("SELECT COALESCE(SUM(amount), 0) FROM remittance") == bank
    print(f"{decidable} lines answered as decided, {denied} denied groups, {bank / 100:.2f} in the bank")


def check_sent_once(books: Books) -> None:
    """The far side has each file and each claim exactly once, byte for byte."""
    month, desk = books.month, books.desk
    taken = [data for house in month.houses.values() for _, data in house.taken]
    vault = desk.store.vault
    out = desk.rows("SELECT sha256, outcome FROM file WHERE direction = 'out'")
    assert {row["outcome"] for row in out} == {"sent"}
    assert Counter(taken) == Counter(b"".join(vault.read(row["sha256"])) for row in out)
    sent = Counter(
        claim.patient_control_number
        for house in month.houses.values()
        for claims in (*(one.claims for one in house.answered), house.refused)
        for claim in claims
    )
    assert set(sent.values()) == {1}
    assert sent.keys() == books.claims.keys()
    print(f"{len(out)} files with {len(sent)} claims sent once")


def check_states(books: Books) -> None:
    """Every claim is final or waits for something that has a name."""
    states: Counter[str] = Counter()
    unmatched = books.desk.scalar("SELECT COUNT(*) FROM claim_payment WHERE outcome <> 'posted'")
    for number, row in books.claims.items():
        said = row["acknowledged"]
        if row["adjudications"]:
            states[row["status"]] += 1
        elif ":rejected:" in said:
            states["rejected"] += 1
        else:
            assert row["outcome"] == "sent", number
            states[f"waits after {said.split(':')[0] or 'sending'}"] += 1
    print(f"states: {dict(sorted(states.items()))}; {unmatched} payments in the queue")
    assert "" not in states


def check_silence(books: Books) -> None:
    """What is silent at the end is what was kept back, no less and no more."""
    month = books.month
    must, may = books.unanswered()
    refused = {claim.patient_control_number for house in month.houses.values() for claim in house.refused}
    silent = books.silent("835")
    assert must - refused <= silent <= (must | may) - refused
    deaf = {name for house in month.houses.values() for name in house.deaf}
    for kind in ("TA1", "999", "277CA"):
        assert books.silent(kind) == deaf, kind
    end = month.day(month.nights - 1)
    payments = [one for house in month.houses.values() for one in house.payments]
    never = {one.trace for one in payments if one.night < 0}
    assert books.silent("deposit") == never
    lost = {one.trace for one in payments if not one.era and one.day + timedelta(days=7) < end}
    assert books.silent("remittance") == lost
    print(f"silent: {books.last.manifest['silent']}")


def check_nights(month: Month) -> None:
    """Exit codes, failed practices and new work of every run are what was injected."""
    plan = month.injected
    practices = dict(zip(("north", "south", "coast"), PRACTICES, strict=True))
    codes: Counter[int] = Counter()
    for night in month.ended:
        manifest = night.manifest
        failed = {one["practice_id"] for one in manifest["failed_practices"]}
        codes[night.code] += 1
        assert manifest["exit_code"] == night.code
        work = 3 if "row" in manifest["new_work"] else 1 if manifest["new_work"] else 0
        if night.number in plan.wrong_password:
            assert (night.code, failed) == (4, {practices["coast"]})
        elif night.number == plan.down:
            assert (night.code, failed) == (work if work == 3 else 75, {practices["south"]})
        elif night.number == plan.bad_sessions:
            assert (night.code, failed) == (3, {practices["south"]})
        elif failed:
            assert _in_doubt(night), manifest["failed_practices"]
        else:
            assert night.code == work, manifest
    print(f"exit codes: {dict(sorted(codes.items()))}; killed {month.killed} times")


def _in_doubt(night: Night) -> bool:
    return night.code == 3 and all(IN_DOUBT in one["message"] for one in night.manifest["failed_practices"])


def check_private(month: Month) -> None:
    """No name, member id or birth date in what the runs printed, logged or told; no file that others may read."""
    with (DEMO / "patients.csv").open(encoding="utf-8", newline="") as stream:
        people = list(csv.DictReader(stream))
    secret = {
        row[name] for row in people for name in ("last_name", "member_id", "birth_date") if row.get(name)
    }
    texts = [*month.said, (month.office / "summary.txt").read_text(encoding="utf-8")]
    texts += [path.read_text(encoding="utf-8") for path in (month.office / "runs").iterdir()]
    assert not {word for word in secret if any(word in text for text in texts)}
    kept = [path for name in ("runs", "inbox", "out", "vault") for path in (month.office / name).rglob("*")]
    assert kept
    assert {oct(path.stat().st_mode & 0o077) for path in kept} == {"0o0"}


def check(month: Month) -> None:
    """All of it."""
    books = Books(month)
    try:
        check_nights(month)
        check_sent_once(books)
        check_states(books)
        check_books(books)
        check_silence(books)
        check_private(month)
    finally:
        books.desk.close()


def drawn(seed: int) -> Injected:
    """What goes wrong in a month of thirty nights; no two of it in one night."""
    random = Random(f"injected {seed}")
    wrong = random.randrange(5, 20)
    password = frozenset(range(wrong, wrong + 3))
    free = [night for night in range(2, 28) if night not in password]
    random.shuffle(free)
    down, bad = (night for night in free[:2])
    kills = free[2:12]
    return Injected(
        wrong_password=password,
        down=down,
        bad_sessions=bad if bad + 1 not in password and bad + 1 != down else -1,
        kills=frozenset(kills),
        kill_at_rename=frozenset(free[12:14]),
        restarts=frozenset(free[14:18]),
        lost=3,
        deaf=22,
        refused=9,
        undeposited=3,
    )


@pytest.mark.soak
@pytest.mark.timeout(2400)
def test_a_month_with_nobody_watching(tmp_path: Path, seed: int) -> None:
    started, before = time.perf_counter(), os.times()
    injected = drawn(seed)
    month = Month(
        tmp_path, seed, nights=30, answered=20, rate=0.02, injected=injected, scenario=scenario(0.1)
    )
    month.play()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    print(f"\nseed {seed}: {injected}")
    print(f"{len(month.ended)} runs ended; {cpu:.0f} s of CPU, {time.perf_counter() - started:.0f} s")
    print("faults seen:", {name: house.server.faults.seen for name, house in month.houses.items()})
    check(month)
    assert month.killed >= 5
    assert any(one.lost for house in month.houses.values() for one in house.answered)


def test_five_nights_with_nobody_watching(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def called(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return claimloop(*words)

    quiet = Injected(wrong_password=frozenset({2}), bad_sessions=1)
    month = Month(
        tmp_path,
        seed,
        nights=5,
        answered=1,
        rate=0.0,
        injected=quiet,
        scenario=scenario(0),
        cutback=4,
        call=called,
    )
    month.play()
    check(month)
    assert sum(len(house.taken) for house in month.houses.values()) >= 3
