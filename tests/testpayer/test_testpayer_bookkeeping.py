"""The truth's bookkeeping against hand-computed end states, and the shipped scenario against the facts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.remittance import Adjustment
from edi.testpayer import scenario_claims, scenario_expectation, scenario_remittances, shipped_scenario
from edi.testpayer.bookkeeping import Decision, end_state

CLASSES = {**shipped_scenario().classes, "144": "contractual", "24": "denial"}


def decision(charge: int, paid: int, *adjustments: tuple[str, str, int], later: bool = False) -> Decision:
    kept = tuple(Adjustment(group, reason, cents) for group, reason, cents in adjustments)
    return Decision(charge=charge, paid=paid, adjustments=kept, later=later)


FIRST = decision(15000, 8000, ("CO", "45", 5000), ("PR", "2", 2000))


@pytest.mark.parametrize(
    ("decisions", "cash", "contractual", "patient", "denied", "memo"),
    [
        ([FIRST], 8000, 5000, 2000, 0, 0),
        ([decision(15000, 0, ("CO", "45", 15000))], 0, 0, 0, 15000, 0),
        ([decision(15000, 0, ("PR", "27", 15000))], 0, 0, 0, 15000, 0),
        ([FIRST, decision(15000, 2000, ("OA", "23", 13000), later=True)], 10000, 5000, 0, 0, 13000),
        ([FIRST, decision(15000, 500, ("CO", "45", 14500), later=True)], 8500, 6500, 0, 0, 13000),
        ([FIRST, decision(15000, 0, ("PR", "96", 15000), later=True)], 8000, 5000, 0, 2000, 13000),
        (
            [FIRST, decision(15000, 1200, ("OA", "23", 13000), ("PR", "2", 800), later=True)],
            9200, 5000, 800, 0, 13000,
        ),
    ],
    ids=["paid", "whole charge as CO-45", "PR-27", "supplement", "overstated", "denied by the second", "part"],
)  # fmt: skip
def test_end_states(
    decisions: list[Decision], cash: int, contractual: int, patient: int, denied: int, memo: int
) -> None:
    sums = end_state(15000, decisions, CLASSES)
    assert (sums.cash, sums.contractual, sums.patient, sums.denied, sums.memo) == (
        cash, contractual, patient, denied, memo,
    )  # fmt: skip
    assert sums.open == 0


@pytest.mark.parametrize("scenario_id", ["S01", "S03", "S04", "S08", "S11", "S14", "S22", "S23", "S24"])
def test_the_named_adjudications_come_to_the_same(scenario_id: str) -> None:
    """The expectations were written by hand from the facts; the bookkeeping must reach them by itself."""
    claims, sets = scenario_claims(scenario_id), scenario_remittances(scenario_id)
    for expected in scenario_expectation(scenario_id).lines:
        (number,) = expected.lines
        submitted = claims[expected.submission].lines[number - 1]
        decisions = [
            Decision(
                charge=line.charge, paid=line.paid, adjustments=line.adjustments, later=payment.status == "2"
            )
            for _, payments, _ in sets
            for payment in payments
            for line in payment.lines
            if line.procedure.code == submitted.procedure.code and line.date_from == submitted.date_from
        ]
        sums = end_state(submitted.charge, decisions, CLASSES)
        assert sums.cash == expected.paid
        assert sums.contractual == expected.contractual
        assert sums.patient == expected.patient
        assert sums.denied == expected.denied
        assert sums.memo == expected.memo
        assert sums.open == expected.open


@given(
    charge=st.integers(1, 100_000),
    shares=st.lists(st.integers(0, 100), min_size=4, max_size=4),
    overstated=st.integers(0, 100_000),
)
def test_a_later_payer_never_takes_a_line_below_zero(charge: int, shares: list[int], overstated: int) -> None:
    total = sum(shares) or 1
    contractual, patient = charge * shares[0] // total, charge * shares[1] // total
    first = decision(charge, charge - contractual - patient, ("CO", "45", contractual), ("PR", "2", patient))
    second = decision(charge, 0, ("CO", "45", overstated), ("PR", "3", overstated), later=True)
    sums = end_state(charge, [first, second], CLASSES)
    assert min(sums.open, sums.contractual, sums.patient, sums.memo) >= 0
    assert sums.cash + sums.contractual + sums.patient + sums.denied + sums.open == charge
    assert sums.memo + sums.contractual + sums.patient - 2 * overstated == (
        contractual if sums.denied == 0 else contractual - sums.denied
    )


@pytest.mark.corpus
def test_the_scenario_speaks_as_the_facts_do(facts_dir: Path) -> None:
    """Posting classes and categories of the shipped scenario are those of the code tables."""
    with (facts_dir / "carc_categories.csv").open(encoding="utf-8", newline="") as file:
        table = {row["carc"]: row for row in csv.DictReader(file)}
    with (facts_dir / "carc_rarc_combos.csv").open(encoding="utf-8", newline="") as file:
        combos = {
            (row["group"], row["carc"], row["rarcs"]): row["resolved_category"]
            for row in csv.DictReader(file)
        }
    scenario = shipped_scenario()
    assert {carc: table[carc]["posting_class"] for carc in scenario.classes} == scenario.classes
    for reason in (*scenario.denials, *scenario.partial_denials):
        combined = combos.get((reason.group, reason.reason, "+".join(reason.remarks)))
        assert reason.category == (combined or table[reason.reason]["category"])
