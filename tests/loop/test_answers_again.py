"""Claims that go again, and what a payer answers them: replaced, voided, sent twice; files in any order.

A correction comes under either CLP01; one payment may answer the first of two submissions, or the only answer is that
to the first; a reversal waits for what it takes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from edi.testpayer import shipped_scenario
from edi.testpayer.compare import compare
from edi.testpayer.values import Rates
from reconcile.store.digest import table_digests
from tests.loop.year_stage import Year, YearLoop

SCENARIO = msgspec.structs.replace(
    shipped_scenario(),
    rates=Rates(line_number_dropped=0.3, modifiers_dropped=0.1, denied=0.1),
    spread=True,
    claims_per_payment=20,
)


class Again:
    """Sixty claims of which every one goes again, in two stores."""

    def __init__(self, folder: Path, *, renumber: bool) -> None:
        self.year = Year(folder, 60, 4, SCENARIO, again=1.0, renumber=renumber)
        self.stores = [self.year.store("in-order"), self.year.store("shuffled")]
        self.stores[0].ingest(self.year.remittances)
        files = list(self.year.remittances)
        Random(9).shuffle(files)
        for path in files:
            self.stores[1].ingest([path])


@pytest.fixture(scope="module", params=["one CLM01", "a CLM01 of its own"])
def again(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Again]:
    made = Again(tmp_path_factory.mktemp("again"), renumber=request.param != "one CLM01")
    yield made
    for store in made.stores:
        store.close()


@pytest.mark.parametrize("trait", ["replaced", "voided", "resent"])
def test_every_line_is_as_decided(trait: str, again: Again) -> None:
    truth = again.year.answer.truth
    claims = tuple(claim for claim in truth.claims if trait in claim.traits)
    assert len(claims) >= 5
    for store in again.stores:
        result = compare(msgspec.structs.replace(truth, claims=claims), store.found_lines())
        assert (result.wrong, result.missed, result.miscategorised) == ((), (), ())


def test_a_void_leaves_nothing_billed(again: Again) -> None:
    truth = again.year.answer.truth
    voided = {claim.patient_control_number for claim in truth.claims if "voided" in claim.traits}
    rows = again.stores[0].rows(
        "SELECT patient_control_number AS number, billed, paid, open_balance FROM claim WHERE id = root"
    )
    sums = {(row["billed"], row["paid"], row["open_balance"]) for row in rows if row["number"] in voided}
    assert sums == {(0, 0, 0)}


def test_a_second_submission_is_no_second_denial(again: Again) -> None:
    for store in again.stores:
        assert store.scalar("SELECT COUNT(*) FROM denial WHERE reason = '18' AND amount <> 0") == 0


def test_both_orders_end_alike(again: Again) -> None:
    digests = []
    for store in again.stores:
        with store.store.read() as connection:
            digests.append(table_digests(connection))
        assert set(store.trial_balance().values()) == {0}
        assert store.broken_checks() == []
    assert {name for name in digests[0] if digests[0][name] != digests[1][name]} == set()


def _waiting(store: YearLoop) -> int:
    return store.scalar("SELECT COUNT(*) FROM claim_payment WHERE reason = 'no_original'")


def test_a_reversal_waits_for_its_original_and_is_posted_when_it_comes(again: Again, tmp_path: Path) -> None:
    store = again.year.store(f"late-{tmp_path.name}")
    first = set()
    for claim in again.year.answer.truth.claims:
        if "replaced" in claim.traits:
            first |= {one.file for line in claim.lines for one in line.answered_by if one.kind == "first"}
    late = [path for path in again.year.remittances if path.name in first]
    store.ingest([path for path in again.year.remittances if path not in late])
    assert _waiting(store) > 0
    assert set(store.trial_balance().values()) == {0}
    store.ingest(late)
    assert _waiting(store) == 0
    with store.store.read() as connection, again.stores[0].store.read() as other:
        assert table_digests(connection) == table_digests(other)
    store.close()


def test_a_rejected_void_leaves_the_reversed_claim_to_be_worked(tmp_path: Path) -> None:
    """Coverage was lost and the payment taken back; the void sent then was taken in, or rejected by its own 277CA."""
    lost = msgspec.structs.replace(
        SCENARIO, rates=Rates(rejected=0.3), nasty=1.0, patterns=("reversed_for_lost_coverage",)
    )
    year = Year(tmp_path, 80, 6, lost, again=1.0)
    truth = year.answer.truth
    voids = {claim.patient_control_number for claim in year.again if claim.frequency == "8"}
    repeats = truth.claims[len(year.claims) :]
    rejected = {one.patient_control_number for one in repeats if one.status == "rejected"} & voids
    taken_back = {
        one.patient_control_number for one in truth.claims if "reversed_for_lost_coverage" in one.traits
    }
    store = year.store("whole")
    store.ingest(year.remittances)
    result = compare(truth, store.found_lines())
    assert (result.wrong, result.missed, result.miscategorised) == ((), (), ())
    rows = store.rows("SELECT patient_control_number AS number, status FROM claim WHERE id = root")
    status = {row["number"]: row["status"] for row in rows}
    worked, gone = rejected & taken_back, (voids - rejected) & taken_back
    assert min(len(worked), len(gone)) >= 3
    assert {status[one] for one in worked} == {"denied"}
    assert {status[one] for one in gone} == {"reversed"}
    store.close()
