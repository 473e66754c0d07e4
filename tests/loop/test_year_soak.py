"""A year of claims of three payers, one in ten answered in an unusual way, its files taken in any order.

Whatever the order: no line posted wrong, the trial balance zero after every file, every chain of carried balances net,
and in the end the same books and denials. The truth is counted from what the test payer decided.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from edi.testpayer import Scenario, shipped_scenario
from edi.testpayer.compare import compare
from reconcile.store.digest import table_digests
from tests.loop.year_stage import Year, YearLoop

NASTY = 0.10
PER_EVENT = ("event", "control_number")
"""What is left out of the comparison of two orders: events and allocations are of arrival."""


def scenario(claims_per_payment: int) -> Scenario:
    """The demo's payers and rates, spread over the year, with the unusual share."""
    return msgspec.structs.replace(
        shipped_scenario(),
        nasty=NASTY,
        spread=True,
        claims_per_payment=claims_per_payment,
        payments_per_file=4,
    )


class Soak:
    """One year, and what each order of its files came to.

    Args:
        folder: for files and stores; a store is thrown away when it was looked at.
        count: claims. seed: decides every draw. per_payment: claims a payment.
    """

    def __init__(self, folder: Path, count: int, seed: int, *, per_payment: int) -> None:
        started = time.perf_counter()
        self.folder = folder
        self.rng = Random(seed)
        self.year = Year(folder, count, seed, scenario(per_payment), again=0.02)
        totals = self.year.answer.truth.totals
        print(
            f"\n{count} claims and {len(self.year.again)} again, {totals.lines} lines, "
            f"{len(self.year.remittances)} 835 files, made in {time.perf_counter() - started:.1f} s"
        )
        self.digests: list[dict[str, str]] = []

    def play(self, shuffles: int, *, whole_every: int) -> None:
        """Take all files in as many orders; each order's end against the truth, the first one's steps balanced.

        ``whole_every``: the trial balance of everything after so many files; after the others, of what they touched.
        """
        for number in range(shuffles):
            files = list(self.year.remittances)
            self.rng.shuffle(files)
            store = self.year.store(f"shuffle-{number}")
            started = time.perf_counter()
            for place, path in enumerate(files, start=1):
                store.ingest([path])
                if number == 0:
                    whole = place % whole_every == 0 or place == len(files)
                    assert_balanced(store, whole=whole, file=path.name)
            seconds = time.perf_counter() - started
            self.assert_true(store, seconds)
            with store.store.read() as connection:
                digests = table_digests(connection)
            self.digests.append({name: one for name, one in digests.items() if name not in PER_EVENT})
            if number == 0:
                assert store.broken_checks() == []
            store.close()
            shutil.rmtree(store.folder)

    def assert_true(self, store: YearLoop, seconds: float) -> None:
        """The store against the truth."""
        result = compare(self.year.answer.truth, store.found_lines())
        print(
            f"{seconds:.1f} s; wrong {len(result.wrong)}; recall {result.recall:.5f} of {result.decidable}; "
            f"category {result.category_share:.5f} of {result.denied}"
        )
        assert result.wrong == ()
        assert result.recall >= 0.999, result.missed
        assert result.category_share >= 0.995, result.miscategorised
        totals = self.year.answer.truth.totals
        assert store.scalar("SELECT SUM(amount) FROM remittance") == totals.bank
        assert set(chains(store).values()) == {0}
        assert store.scalar("SELECT COUNT(*) FROM claim_payment WHERE reason = 'no_original'") == 0


def chains(store: YearLoop) -> dict[str, int]:
    """Balances carried forward (FB), by the trace number under which they began: cents still open."""
    return {
        str(row["identifier"]): int(row["cents"])
        for row in store.rows(
            "SELECT identifier, SUM(cents) AS cents FROM provider_adjustment WHERE reason = 'FB' GROUP BY identifier"
        )
    }


def assert_balanced(store: YearLoop, *, whole: bool, file: str) -> None:
    """The trial balance: of everything, or of the last payments' claims, on which alone something can have moved."""
    if whole:
        assert set(store.trial_balance().values()) == {0}, file
        return
    wrong = store.rows(
        "SELECT p.id FROM claim_payment p LEFT JOIN posting q ON q.claim_payment_id = p.id AND q.account = 'paid'"
        " WHERE p.remittance_id > (SELECT MAX(id) FROM remittance) - 4 AND p.outcome = 'posted'"
        " GROUP BY p.id, p.paid HAVING p.paid <> COALESCE(SUM(q.cents), 0)"
    )
    assert wrong == [], file
    wrong = store.rows(
        "SELECT c.id FROM claim c WHERE c.id IN (SELECT r.root FROM claim r JOIN claim_payment p ON p.claim_id = r.id"
        " WHERE p.remittance_id > (SELECT MAX(id) FROM remittance) - 4)"
        " AND c.billed - c.paid - c.contractual - c.patient - c.denied - c.suspense - c.open_balance <> 0"
    )
    assert wrong == [], file


def assert_one_end(soak: Soak) -> None:
    """The books and denials of every order are the same."""
    first = soak.digests[0]
    for number, other in enumerate(soak.digests[1:], start=1):
        assert {name for name in first if first[name] != other[name]} == set(), number


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that is gone when the test ends: a year takes some gigabytes."""
    yield tmp_path / "year"
    shutil.rmtree(tmp_path / "year", ignore_errors=True)


def test_six_hundred_claims_in_two_orders(folder: Path, seed: int) -> None:
    soak = Soak(folder, 600, seed, per_payment=25)
    soak.play(2, whole_every=1)
    assert_one_end(soak)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_thousand_claims_in_five_orders(folder: Path, seed: int) -> None:
    soak = Soak(folder, 50_000, seed, per_payment=150)
    soak.play(5, whole_every=100)
    assert_one_end(soak)
