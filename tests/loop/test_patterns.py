"""Every adjudication pattern through the store: against the truth, in the order of arrival and in another one.

The truth is counted from what the test payer decided. The files of a pattern are those of one year in which each
claim gets one pattern, drawn at random among all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from edi.testpayer import shipped_scenario
from edi.testpayer.compare import Comparison, compare
from edi.testpayer.patterns import PATTERNS
from edi.testpayer.values import Rates, Truth
from reconcile.store.digest import table_digests
from tests.loop.year_stage import Year, YearLoop

COUNT = 700
SCENARIO = msgspec.structs.replace(
    shipped_scenario(),
    rates=Rates(line_number_dropped=0.2, modifiers_dropped=0.1, deductible=0.05),
    nasty=1.0,
    spread=True,
    claims_per_payment=25,
    payments_per_file=3,
)


class Played:
    """A year of patterns in two stores: one takes the files as they came, the other in any order."""

    def __init__(self, folder: Path) -> None:
        self.year = Year(folder, COUNT, 20261122, SCENARIO, again=0.0)
        self.in_order = self.year.store("in-order")
        self.in_order.ingest(self.year.remittances)
        self.shuffled = self.year.store("shuffled")
        files = list(self.year.remittances)
        Random(5).shuffle(files)
        for path in files:
            self.shuffled.ingest([path])

    def stores(self) -> dict[str, YearLoop]:
        return {"in order": self.in_order, "shuffled": self.shuffled}

    def truth_of(self, pattern: str) -> Truth:
        """The truth of the claims on which the pattern was played."""
        truth = self.year.answer.truth
        claims = tuple(claim for claim in truth.claims if pattern in claim.traits)
        return msgspec.structs.replace(truth, claims=claims)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    one = Played(tmp_path_factory.mktemp("patterns"))
    yield one
    for store in one.stores().values():
        store.close()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern(pattern: str, played: Played) -> None:
    truth = played.truth_of(pattern)
    assert len(truth.claims) >= 3, "drawn too seldom"
    for order, store in played.stores().items():
        result: Comparison = compare(truth, store.found_lines())
        assert result.wrong == (), order
        assert result.missed == (), order
        assert result.miscategorised == (), order


def test_the_books_do_not_depend_on_the_order_of_the_files(played: Played) -> None:
    digests = []
    for store in played.stores().values():
        with store.store.read() as connection:
            digests.append(table_digests(connection))
    assert {name for name in digests[0] if digests[0][name] != digests[1][name]} == set()
    assert Counter(played.shuffled.broken_checks()) == Counter()
    assert set(played.in_order.trial_balance().values()) == {0}
