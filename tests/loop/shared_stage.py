"""Claims of several practices and payers, all that comes back about them, and decks of it for processes that share.

A deck holds every file in an order of its own, some twice and some in other clothes; what the bank and the patients
paid lies in files of the kinds that people bring.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from cli.jobs.retrying import retry_unmatched
from edi.testpayer import shipped_scenario
from reconcile.store.digest import table_digests
from tests.command_line import claimloop
from tests.jobs.hand_desk import table
from tests.loop.loop_stage import DEMO_PAYERS
from tests.loop.rewrap import WRAPPINGS
from tests.loop.year_stage import Year, YearLoop

ROOT: Final = Path(__file__).resolve().parents[2]
PARTS: Final = 4
"""How many files the bank and the patients' payments come in."""
OF_ARRIVAL: Final = ("event", "control_number")
"""Left out where two orders of arrival are compared: what was done when, and not what came of it."""
SETTINGS: Final = """[store]
database = "{url}"
vault = "vault"

[ingest]
second_opinion_megabytes = 0

[submitter]
organization_name = "DEMO OFFICE"
etin = "DEMO"
contact_name = "DESK"
phone = "5555550100"
"""
PRACTICE: Final = """
[[practice]]
id = "{id}"
name = "{name}"
npi = "{npi}"
tax_id = "{tax_id}"
taxonomy = "261QP2000X"
address = {{ line_1 = "1 Example Street", city = "Boston", state = "MA", zip = "021390001" }}
"""


class Shared:
    """A year that is over, and what came back of it.

    Args:
        folder: where everything goes.
        count: claims before those that go again.
        seed: decides every draw.
        per_payment: claims a payment.
    """

    def __init__(self, folder: Path, count: int, seed: int, *, per_payment: int) -> None:
        self.folder = folder
        self.rng = Random(seed)
        scenario = msgspec.structs.replace(
            shipped_scenario(), nasty=0.1, spread=True, claims_per_payment=per_payment, payments_per_file=2
        )
        self.year = Year(folder / "year", count, seed, scenario, again=0.1)
        self.files = [
            *self.year.acknowledgments,
            *self.year.acknowledgments_again,
            *self.year.remittances,
            *self._in_other_clothes(),
        ]
        self.by_hand: list[Path] = []
        self.bank: list[Path] = []

    def _in_other_clothes(self) -> list[Path]:
        """One remittance in four again, under another wrapping each time."""
        folder = self.folder / "again"
        folder.mkdir()
        names, made = sorted(WRAPPINGS), []
        for place, path in enumerate(self.year.remittances[::4]):
            made.append(folder / f"again-{path.name}")
            made[-1].write_bytes(WRAPPINGS[names[place % len(names)]](path.read_bytes()))
        return made

    def deck(self, rng: Random | None = None) -> list[Path]:
        """Every file once and one in five a second time, in an order of its own."""
        rng = rng or self.rng
        drawn = [*self.files, *rng.sample(self.files, len(self.files) // 5)]
        rng.shuffle(drawn)
        return drawn

    def office(self, name: str, url: str | None = None) -> YearLoop:
        """A folder with its settings, and a store that holds the claims and the first word about them."""
        folder = self.folder / name
        folder.mkdir()
        address = url or f"sqlite:///{folder / 'claimloop.db'}"
        practices = self.year.practices
        told = [SETTINGS.format(url=address), *(PRACTICE.format(**_named(one)) for one in practices)]
        (folder / "claimloop.toml").write_text("".join(told), encoding="utf-8")
        shutil.copy(DEMO_PAYERS, folder / "payers.toml")
        store = YearLoop(folder, practices, url=url)
        store.save(self.year.claims)
        store.ingest(self.year.acknowledgments)
        store.save(self.year.again)
        return store

    def write_what_people_bring(self, store: YearLoop) -> None:
        """The bank's and the patients' files, from a store that has all remittances; the bank's overlap."""
        paid = store.rows(
            "SELECT trace_number, payment_date, amount, payer_id FROM remittance ORDER BY payment_key"
        )
        heading = "deposit_date,amount,trace_number,payer_id,bank_reference"
        lines = [
            f"{str(row['payment_date'])[:10]},{row['amount'] / 100:.2f},{row['trace_number']},{row['payer_id']},B{place}"
            for place, row in enumerate(paid)
            if row["amount"] > 0
        ]
        size = -(-len(lines) // PARTS)
        for part in range(PARTS):
            self.bank.append(self.folder / f"bank-{part}.csv")
            some = lines[max(0, part * size - 2) : (part + 1) * size]
            self.bank[-1].write_text("\n".join([heading, *some]) + "\n", encoding="utf-8")
        owed = store.rows(
            "SELECT practice_id, patient_control_number, patient FROM claim WHERE id = root AND patient > 0"
            " ORDER BY practice_id, patient_control_number LIMIT 20"
        )
        entries = [
            {
                "kind": "patient",
                "practice_id": row["practice_id"],
                "claim": row["patient_control_number"],
                "date": "2026-04-01",
                "amount": f"{row['patient'] / 100:.2f}",
                "reference": f"P{place}",
            }
            for place, row in enumerate(owed)
        ]
        for part in range(PARTS):
            self.by_hand.append(self.folder / f"patients-{part}.csv")
            self.by_hand[-1].write_bytes(table(*entries[part::PARTS]))

    def bring(self, store: YearLoop) -> None:
        """What a person does with these files."""
        config = ("--config", store.folder / "claimloop.toml")
        for words in (("deposits", "import", *self.bank), ("payments", "add", *self.by_hand)):
            run = claimloop(*words, *config)
            assert run.code in (0, 1), run

    def alone(self) -> dict[str, str]:
        """The books of one process that takes everything in by the plain order, on SQLite."""
        store = self.office("alone")
        store.ingest(self.files)
        self.write_what_people_bring(store)
        self.bring(store)
        assert_whole(store)
        digests = books(store)
        store.close()
        return digests


def _named(practice: object) -> dict[str, str]:
    return {name: getattr(practice, name) for name in ("id", "name", "npi", "tax_id")}


def books(store: YearLoop) -> dict[str, str]:
    """The digest of every table of the books, those of arrival aside."""
    with store.store.read() as connection:
        digests = table_digests(connection)
    return {name: digest for name, digest in digests.items() if name not in OF_ARRIVAL}


def assert_whole(store: YearLoop) -> None:
    """What must be so whoever took in what, when and how often."""
    assert retry_unmatched(store.store, store.tools) == 0
    assert store.broken_checks() == []
    assert set(store.trial_balance().values()) == {0}
    carried = store.rows(
        "SELECT identifier, SUM(cents) AS cents FROM provider_adjustment WHERE reason = 'FB' GROUP BY identifier"
    )
    assert [row for row in carried if row["cents"]] == []
    assert store.rows("SELECT sha256 FROM file WHERE outcome IN ('started', 'rejected')") == []


def differing(first: dict[str, str], second: dict[str, str]) -> set[str]:
    """The tables in which two books differ."""
    return {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


def batches(files: Sequence[Path], size: int) -> list[list[Path]]:
    """Files in batches of a size."""
    return [list(files[start : start + size]) for start in range(0, len(files), size)]


def serve() -> None:
    """Run the commands that come as lines of JSON, one by one; for each a line: exit code, stdout and stderr."""
    for line in sys.stdin.buffer:
        sys.__stdout__.buffer.write(msgspec.json.encode(claimloop(*msgspec.json.decode(line))) + b"\n")  # type: ignore[union-attr]
        sys.__stdout__.buffer.flush()  # type: ignore[union-attr]
