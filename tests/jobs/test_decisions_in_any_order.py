"""Files and decisions of people in any order, drawn from a seed: the books hold, and a rebuild gives the same store."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from cli.jobs.deposits import ImportRequest, import_deposits
from cli.jobs.holds import release, undo
from cli.jobs.linking import link, unlink
from cli.jobs.posting import Tools
from cli.jobs.taking import begin_kept_file
from edi.codes.lookup import load_tables
from edi.model.errors import InputError, UsageError
from reconcile.store.holds import payment_of_subject
from reconcile.store.listing import unmatched
from tests.builders import make_claim
from tests.jobs.conftest import NOW, Desk
from tests.jobs.hand_desk import PAYERS, add, both_lines, opening, paper, patient, table
from tests.jobs.test_held_release import decider, waiting_names
from tests.jobs.test_rebuild import lines, rebuilt
from tests.jobs.test_rebuild_places import wrong_count
from tests.loop.loop_stage import write_837
from tests.remits import claim, file_of, line, payment

SEQUENCES = 120
CLAIMS = {
    "A0000001": make_claim(),
    "B0000002": make_claim(patient_control_number="B0000002", lines=lines(10, "97530")),
    "C0000003": make_claim(patient_control_number="C0000003", lines=lines(20, "97110", "97140")),
}
CODES = {"A0000001": ("97110", "97140"), "B0000002": ("97530",), "C0000003": ("97110", "97140")}
STRANGE = ("X99", "Y77")
"""Numbers that no claim bears."""
BY_HAND = [
    both_lines(),
    both_lines(reference="T1"),
    table(patient("10.00")),
    table(paper("97110", "40.00", "CO-45=5.00", charge="50.00")),
    table(paper("97110", "40.00", "CO-45=10.00", charge="50.00"), patient("7.00", claim="C0000003")),
    table(opening("50.00", claim="X99")),
]


class Office:
    """A store, and somebody who does this and that with it."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir()
        self.desk = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
        self.random = random.Random(seed)
        self.done: list[str] = []
        self._begun: list[Path] = []
        self._read: list[Path] = []
        self._files = 0
        sent = [one for one in CLAIMS.values() if self.random.random() < 0.7]
        self.desk.submit(*(sent or [CLAIMS["A0000001"]]))

    def spend(self, steps: int) -> None:
        """Do so many things; what is refused changes nothing. What was begun is ended."""
        verbs: list[tuple[Callable[[], object], int]] = [
            (self.ingest, 5), (self.ingest_again, 1), (self.begin, 1), (self.end, 2), (self.release, 4),
            (self.undo, 3), (self.link, 4), (self.unlink, 3), (self.import_claims, 1), (self.add, 1), (self.deposit, 1),
        ]  # fmt: skip
        for verb in self.random.choices([one for one, _ in verbs], [weight for _, weight in verbs], k=steps):
            self.done.append(verb.__name__)
            with suppress(InputError, UsageError):
                verb()
        while self._begun:
            self.end()

    def ingest(self) -> None:
        path = self._remittance()
        self._read.append(path)
        self.desk.ingest(path, payers=PAYERS)

    def ingest_again(self) -> None:
        if self._read:
            self.desk.ingest(self.random.choice(self._read), payers=PAYERS)

    def begin(self) -> None:
        """Keep a file and be interrupted."""
        path = self._remittance()
        kept = self.desk.store.vault.keep([path.read_bytes()])
        begin_kept_file(self.desk.store, kept, path.name, NOW, takes_reports=True)
        self._begun.append(path)

    def end(self) -> None:
        if self._begun:
            self.desk.ingest(self._begun.pop(), payers=PAYERS)

    def release(self) -> None:
        if names := waiting_names(self.desk):
            release(self.random.choice(names)[0], "by phone", self._decider())

    def undo(self) -> None:
        if subjects := self.desk.rows("SELECT subject FROM hold_release ORDER BY subject"):
            (name,) = self.random.choice(subjects)
            if name.startswith("claim_payment:"):
                with self.desk.store.read() as connection:
                    name = f"claim_payment:{payment_of_subject(connection, name)}"
            undo(name, "not so", self._decider())

    def link(self) -> None:
        with self.desk.store.read() as connection:
            waiting = [one.id for one in unmatched(connection)]
        if waiting:
            link(str(self.random.choice(waiting)), self.random.choice(list(CLAIMS)), self._decider())

    def unlink(self) -> None:
        if linked := self.desk.rows("SELECT id FROM claim_payment WHERE evidence = 'by_hand' ORDER BY id"):
            unlink(str(self.random.choice(linked)[0]), "another", self._decider())

    def import_claims(self) -> None:
        some = self.random.sample(list(CLAIMS.values()), self.random.randint(1, 3))
        self.desk.import_claims(self.desk.file(write_837(some, self._number()), f"claims{self._files}.837"))

    def add(self) -> None:
        add(self.desk, self.random.choice(BY_HAND), f"payments{self._number()}.csv")

    def deposit(self) -> None:
        day, trace = self.random.randint(20, 29), self.random.choice(["T1", "T2"])
        amount = self.random.choice(["80.00", "40.00", "70.00"])
        rows = f"deposit_date,amount,trace_number\n2026-03-{day},{amount},{trace}\n".encode()
        path = self.desk.file(rows, f"bank{self._number()}.csv")
        request = ImportRequest(paths=(path,), now=NOW, today=date(2026, 4, 1))
        import_deposits(request, self.desk.store)

    def _decider(self):
        tools = Tools(load_tables(), PAYERS)
        return decider(self.desk, tools=tools, practices={one.id: one for one in self.desk.practices})

    def _number(self) -> int:
        self._files += 1
        return self._files

    def _remittance(self) -> Path:
        """An 835 of one or two payments; one in five has a wrong count, one in five of them a wrong amount."""
        payments = []
        for place in range(self.random.choice([1, 1, 2])):
            claims = [self._claim_payment() for _ in range(self.random.choice([1, 1, 2]))]
            paid = sum(round(float(one[0].split("*")[4]) * 100) for one in claims)
            payments.append(
                payment(
                    claims,
                    trace=self.random.choice(["T1", "T1", "T2", "T3"]),
                    control=f"{place + 1:04d}",
                    day=self.random.choice(["20260320", "20260320", "20260402"]),
                    bank=paid + 100 if self.random.random() < 0.2 else None,
                )
            )
        data = file_of(*payments, control=self._number())
        return self.desk.file(wrong_count(data) if self.random.random() < 0.2 else data)

    def _claim_payment(self) -> list[str]:
        """An answer or a reversal, to a claim or a number of nobody; one in five misses a dollar."""
        number = self.random.choice([*CLAIMS, "X99", *STRANGE])
        back = self.random.random() < 0.25
        short = self.random.random() < 0.2 and not back
        codes = CODES.get(number) or (self.random.choice(["97530", "97110"]),)
        cents = [self.random.choice([4000, 3000, 0, 500]), 4000]
        told = []
        for code, paid in zip(codes, cents, strict=False):
            sign, left = (-1 if back else 1), 5000 - paid - (100 if short else 0)
            group = "PR*1" if not back and self.random.random() < 0.2 else "CO*45"
            told.append(line(code, sign * 5000, sign * paid, adjustments=[f"{group}*{sign * left / 100:g}"]))
        payer_number = f"P{number if number in CLAIMS else self.random.choice([*CLAIMS, *STRANGE])}"
        return claim(number, *told, status="22" if back else "1", payer_number=payer_number)


def spent(folder: Path, seed: int, steps: tuple[int, int]) -> str:
    """What is wrong after a sequence; "" for nothing."""
    office = Office(folder, seed)
    office.spend(office.random.randint(*steps))
    broken = office.desk.broken()
    made, _, _ = rebuilt(office.desk, payers=PAYERS)
    office.desk.store.close()
    wrong = broken or made.differs or made.unplayed
    return f"seed {seed}: {broken} {made.differs} {made.unplayed} after {office.done}" if wrong else ""


@pytest.mark.parametrize("number", range(3))
def test_a_few_sequences_rebuild_the_same(tmp_path, number):
    assert spent(tmp_path / "office", number, (12, 12)) == ""


@pytest.mark.soak
def test_many_sequences_rebuild_the_same(tmp_path, seed):
    told = [spent(tmp_path / str(number), seed * 1000 + number, (8, 20)) for number in range(SEQUENCES)]
    assert [one for one in told if one] == []
