"""Scenarios S19 to S25, the checked example A14, and that none is left out as values: match, category, next action, guardrail, cents, end state.

Source: shared facts testpayer_scenarios.csv; the submissions are transcribed from its column submitted_837. What
concerns PLB, envelopes and suspense is asserted as far as it is pure.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from edi.model.balance import transaction_imbalance
from edi.model.finding import Severity
from edi.model.remittance import ProviderAdjustment
from reconcile.values import DenialStatus
from tests.reconcile import scenario_segments
from tests.reconcile.scenario_segments import (
    PAID_IN_DECEMBER,
    PAID_IN_NOVEMBER,
    S19_1,
    S19_2,
    S20_1,
    S20_2,
    S21_1,
    S22_1,
    S22_2,
    S23_1,
    S23_2,
    S24_1,
    S24_2,
    S25_1,
)
from tests.reconcile.scenario_sums import booked, codes, ids, sums


def chain_of_S19(claim, line, number="C100019"):
    return (
        claim(
            1,
            "C100019",
            [
                line(11, "97110-GP", "150", number=1, units="2", control="A1"),
                line(12, "97140-GP", "60", number=2, control="A2"),
            ],
        ),
        claim(
            2,
            number,
            [
                line(21, "97110-GP", "150", number=1, units="2", control="B1"),
                line(22, "97140-59-GP", "60", number=2, control="B2"),
            ],
            root=1,
            sequence=2,
            frequency="7",
            original_reference="P100019",
        ),
    )


@pytest.mark.parametrize("number", ["C100019", "C100019R"])
@pytest.mark.parametrize("dropped", [False, True], ids=["6R", "no-6R"])
def test_S19_replacement_pays_reversal_and_correction(stage, claim, line, totals, number, dropped):
    scene = stage(*chain_of_S19(claim, line, number))
    first, second = S19_1, S19_2
    if dropped:
        for name in ("A1", "A2", "B1", "B2"):
            first, second = first.replace(f"REF*6R*{name}~", ""), second.replace(f"REF*6R*{name}~", "")
    matches = scene.remit(first)
    assert totals(scene.state(1))["denied"] == 6000
    matches += scene.remit(second)
    if not dropped:
        assert [match.claim_id for match in matches] == [1, 1, 2]
        assert ids(matches) == [[(11,), (12,)], [(11,), (12,)], [(21,), (22,)]]
    state = scene.state(1)
    end = totals(state)
    assert (end["paid"], end["contractual"], end["patient"]) == (11000, 7000, 3000)
    assert (end["charge"], end["denied"], end["open"]) == (21000, 0, 0)
    (denial,) = state.denials  # the reversal is none
    assert (denial.line_id, denial.category) == (12, "bundling_ncci")
    assert (denial.status, denial.recovered) == (DenialStatus.RECOVERED, 4000)
    assert codes(state) == []  # no finding about the absent CLP05, none about the reversal
    assert "review_ncci_modifier_correct_or_writeoff" not in state.next_actions


def test_S20_reversal_without_correction(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100020",
            [line(11, "97110-GP", "260", number=1, units="2", control="A1", day=date(2025, 12, 1))],
        ),
        claim(2, "C100120", [line(21, "97110-GP", "90", number=1, control="A1")]),
        claim(
            3,
            "C100220",
            [line(31, "97530-GP", "300", number=1, units="4", control="A1", day=date(2026, 1, 19))],
        ),
    )
    scene.remit(PAID_IN_DECEMBER)
    matches = scene.remit(S20_1)
    assert ids(matches) == [[(11,)], [(21,)]]
    state = scene.state(1)
    assert totals(state) == sums(charge=26000, denied=26000)
    (denial,) = state.denials
    assert (denial.category, denial.amount, denial.cause) == ("eligibility_coverage", 26000, "reversed")
    assert denial.next_action == "verify_eligibility_bill_other"
    scene.remit(S20_2)
    assert totals(scene.state(2)) == sums(charge=9000, paid=6000, contractual=3000)
    assert totals(scene.state(3)) == sums(charge=30000, paid=25000, contractual=5000)
    assert scene.state(2).denials == scene.state(3).denials == ()  # the forwarded 100.00 touches no claim


def test_S21_overpayment_recovered_by_plb(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100021",
            [line(11, "97110-GP", "150", number=1, units="2", control="A1", day=date(2025, 11, 10))],
        ),
        claim(2, "C100121", [line(21, "97110-GP", "300", number=1, units="4", control="A1")]),
    )
    scene.remit(PAID_IN_NOVEMBER, kind="medicare_b")
    before = scene.state(1)
    assert ids(scene.remit(S21_1, kind="medicare_b")) == [[(21,)]]
    assert scene.state(1) == before  # the take-back is not posted to the lines of C100021
    assert totals(scene.state(2)) == sums(charge=30000, paid=24000, patient=6000)


def test_S22_crossover_then_the_supplement_pays(stage, claim, line, totals):
    scene = stage(claim(1, "C100022", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]))
    scene.remit(S22_1, kind="medicare_b")
    state = scene.state(1, has_next_payer=True)
    assert totals(state) == sums(charge=15000, paid=7840, contractual=5160, patient=2000)
    assert state.next_actions[-1] == "await_other_payer"
    assert "no_secondary_claim_sent_on_by_payer" in state.guardrails
    (match,) = scene.remit(S22_2, payer="medigap")
    assert (match.claim_id, match.lines[0].line_ids) == (1, (11,))
    assert "payer_differs" in match.notes
    state = scene.state(1, has_next_payer=True)
    assert state.denials == ()
    assert totals(state) == sums(charge=15000, paid=9840, contractual=5160, memo=13000)
    assert booked(state, "23") == {"memo": 13000}
    assert state.status == "settled"
    assert not {"bill_patient", "bill_secondary", "await_other_payer"} & set(state.next_actions)


def test_S23_medicaid_second_without_oa_23_qmb(stage, claim, line, totals):
    scene = stage(claim(1, "C100023", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]))
    scene.remit(S23_1, kind="medicare_b")
    state = scene.state(1)
    assert totals(state) == sums(charge=15000, paid=7840, contractual=5160, patient=2000)
    assert state.next_actions[-1] == "bill_secondary"
    assert "no_patient_bill" in state.guardrails
    scene.remit(S23_2, payer="medicaid", kind="medicaid")
    state = scene.state(1)
    assert totals(state) == sums(charge=15000, paid=8340, contractual=6660, memo=13000)
    assert [(one.code, one.severity) for one in state.findings] == [("COB_OVERSTATED", Severity.WARNING)]
    assert "130.00" in state.findings[0].message
    assert state.denials == ()
    assert "no_patient_bill" in state.guardrails
    assert "bill_patient" not in state.next_actions


def test_S24_second_payer_denies_as_non_covered(stage, claim, line, totals):
    scene = stage(
        claim(1, "C100024", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]),
        claim(
            2,
            "C100024",
            [line(21, "97110-GP", "150", number=1, units="2", control="B1")],
            root=1,
            sequence=2,
            payer_key="second",
        ),
    )
    scene.remit(S24_1)
    (match,) = scene.remit(S24_2, payer="second")
    assert (match.claim_id, match.lines[0].line_ids) == (2, (21,))
    state = scene.state(1)
    assert totals(state) == sums(charge=15000, paid=8000, contractual=5000, denied=2000, memo=13000)
    (denial,) = state.denials
    assert (denial.category, denial.amount) == ("eligibility_coverage", 2000)
    assert denial.next_action == "verify_benefits_bill_patient"
    assert "patient_share_capped_at_open_balance" in denial.guardrails
    assert "no_patient_bill_while_open" in denial.guardrails


def test_S25_one_broken_claim_in_a_good_deposit(stage, claim, line, totals):
    scene = stage(
        claim(1, "C100025", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]),
        claim(2, "C100125", [line(21, "97140-GP", "60", number=1, control="A1")]),
        claim(
            3,
            "C100225",
            [
                line(31, "97530-GP", "80", number=1, control="A1"),
                line(32, "97110-GP", "75", number=2, control="A2"),
            ],
        ),
    )
    scene.remit(S25_1)
    (held,) = scene.suspense
    assert (held.patient_control_number, held.paid) == ("C100125", 4000)
    first, second, third = scene.state(1), scene.state(2), scene.state(3)
    assert totals(first) == sums(charge=15000, paid=10000, contractual=4000, patient=1000)
    assert totals(second) == sums(charge=6000, open=6000)
    assert totals(third) == sums(
        charge=15500, paid=5000, contractual=500, patient=2500, open=7500, pended=7500
    )
    assert third.denials == ()
    assert "hold_wait" in third.next_actions
    assert third.status == "pended"
    assert totals(first)["paid"] + totals(third)["paid"] + held.paid == 19000


def test_A14_checked_example(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "A14",
            [
                line(11, "97110", "150", number=1, units="2", control="A1"),
                line(12, "97124", "60", number=2, control="A2"),
            ],
        )
    )
    text = (
        "CLP*A14*1*210*80*20*12*P14*11*1~SVC*HC:97110*150*80**2~DTM*472*20260105~CAS*CO*45*50~CAS*PR*2*20~"
        "SVC*HC:97124*60*0**0~DTM*472*20260105~CAS*CO*236*60~"
    )
    (match,) = scene.remit(text)
    assert [one.line_ids for one in match.lines] == [(11,), (12,)]
    assert scene.suspense == []  # the line and claim equations hold
    taken_back = (
        ProviderAdjustment(
            segment=1, provider="1", fiscal_date=None, reason="WO", identifier="A14", cents=3000
        ),
        ProviderAdjustment(
            segment=1, provider="1", fiscal_date=None, reason="L6", identifier="A14", cents=-42
        ),
    )
    assert transaction_imbalance(5042, 8000, taken_back) is None
    state = scene.state(1)
    assert totals(state) == sums(charge=21000, paid=8000, contractual=5000, patient=2000, denied=6000)
    (denial,) = state.denials
    assert (denial.category, denial.amount, denial.line_id) == ("bundling_ncci", 6000, 12)
    assert "BND001" in denial.preventable_by  # 97140 with 97124, or any pair
    assert "no_patient_bill" in denial.guardrails


@pytest.mark.corpus
def test_every_scenario_of_the_facts_has_a_test_with_its_segments(facts_dir):
    named = "".join(path.read_text() for path in Path(__file__).parent.glob("test_scenarios_*.py"))
    with (facts_dir / "testpayer_scenarios.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            assert f"def test_{row['id']}_" in named, row["id"]
            for number in (1, 2):
                text = row[f"set_{number}_segments"]
                if text:
                    assert getattr(scenario_segments, f"{row['id']}_{number}") == text
