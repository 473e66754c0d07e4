"""The test payer as the second payer: it reads what the first one did, and its truth counts both."""

from __future__ import annotations

from datetime import date
from random import Random

import msgspec
import pytest

from edi.model.balance import claim_imbalances
from edi.model.claim import ClaimPayer
from edi.model.coordination import LineAdjudication, OtherPayer
from edi.model.remittance import Adjustment, Procedure
from edi.testpayer import Scenario, answer
from edi.testpayer.bookkeeping import end_state
from edi.testpayer.coordination import earlier_decisions
from tests.builders import make_claim, make_line, make_subscriber

TODAY = date(2026, 3, 20)
SCENARIO = Scenario(name="plain", classes={"2": "patient", "23": "memo", "45": "contractual", "96": "denial"})
FIRST = ClaimPayer(name="FIRST", id="60601")
LINES = (make_line(1), make_line(2, "97140"))


def decided(paid: int, *adjustments: Adjustment) -> LineAdjudication:
    return LineAdjudication(
        payer_id="60601", paid=paid, procedure=Procedure("HC", "97110"), adjustments=adjustments
    )


def on_lines():
    """50.00 each: 30.00 paid and 8.00 left to the patient; 50.00 paid."""
    lines = (
        msgspec.structs.replace(
            LINES[0],
            adjudications=(decided(3000, Adjustment("CO", "45", 1200), Adjustment("PR", "2", 800)),),
        ),
        msgspec.structs.replace(LINES[1], adjudications=(decided(5000),)),
    )
    other = OtherPayer(rank="P", paid=8000, payer=FIRST)
    return make_claim(lines=lines, subscriber=make_subscriber(rank="S"), other_payers=(other,))


def on_claim():
    """The same, told on the claim alone."""
    adjustments = (Adjustment("CO", "45", 1200), Adjustment("PR", "2", 800))
    other = OtherPayer(rank="P", paid=8000, adjustments=adjustments, payer=FIRST)
    return make_claim(lines=LINES, subscriber=make_subscriber(rank="S"), other_payers=(other,))


def test_the_lines_say_what_the_first_payer_decided():
    first, second = earlier_decisions(on_lines())
    assert (first.paid, first.adjustments) == (
        3000,
        (Adjustment("CO", "45", 1200), Adjustment("PR", "2", 800)),
    )
    assert (second.paid, second.adjustments) == (5000, ())


def test_what_stands_on_the_claim_is_laid_on_its_lines():
    first, second = earlier_decisions(on_claim())
    assert (first.paid, second.paid) == (3000, 5000)
    for decision in (first, second):
        assert decision.paid + sum(one.cents for one in decision.adjustments) == decision.charge


@pytest.mark.parametrize("claim", [on_lines, on_claim])
@pytest.mark.parametrize("seed", range(5))
def test_the_second_payer_pays_at_most_what_was_left_to_the_patient(claim, seed):
    made = answer([claim()], rng=Random(seed), today=TODAY, scenario=SCENARIO)
    (file,) = made.files
    ((payment,),) = [one.claims for one in file.sets]
    assert payment.status == "2"
    assert payment.paid in (800, 400)
    assert list(claim_imbalances(payment)) == []
    assert {one.reason for line in payment.lines for one in line.adjustments} <= {"23", "2"}
    totals = made.truth.totals
    assert totals.cash == 8000 + payment.paid
    assert (totals.contractual, totals.patient, totals.open) == (1200, 800 - payment.paid, 0)


def test_a_claim_that_tells_of_no_answer_is_decided_as_the_first():
    named = OtherPayer(rank="S", payer=FIRST)
    passed_over = OtherPayer(rank="P", noncovered=10000, payer=FIRST)
    for other in (named, passed_over):
        assert earlier_decisions(make_claim(other_payers=(other,))) == []


def test_a_reason_that_only_the_first_payer_gave_has_its_groups_account():
    """The scenario names the classes of its own reasons; the claim brings others."""
    strange = msgspec.structs.replace(
        LINES[0],
        adjudications=(decided(3000, Adjustment("CO", "P12", 1200), Adjustment("PR", "66", 800)),),
    )
    other = OtherPayer(rank="P", paid=3000, payer=FIRST)
    claim = make_claim(lines=(strange,), subscriber=make_subscriber(rank="S"), other_payers=(other,))
    sums = end_state(5000, earlier_decisions(claim), SCENARIO.classes)
    assert (sums.cash, sums.patient, sums.denied, sums.open) == (3000, 800, 1200, 0)
