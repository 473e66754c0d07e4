"""Scenarios S01 to S09 as values: match, category, next action, guardrail, cents, end state.

Source: shared facts testpayer_scenarios.csv; the submissions are transcribed from its column submitted_837. What
concerns PLB, envelopes and suspense is asserted as far as it is pure.
"""

from __future__ import annotations

from datetime import date

from reconcile.values import LineEvidence
from tests.reconcile.scenario_segments import (
    S01_1,
    S02_1,
    S02_2,
    S03_1,
    S04_1,
    S05_1,
    S06_1,
    S07_1,
    S08_1,
    S09_1,
)
from tests.reconcile.scenario_sums import booked, ids, sums


def test_S01_paid_with_copay_line_numbers_echoed(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100001",
            [
                line(11, "97110-GP", "150", number=1, units="2", control="A1"),
                line(12, "97140-59-GP", "75", number=2, control="A2"),
            ],
        )
    )
    matches = scene.remit(S01_1)
    assert ids(matches) == [[(11,), (12,)]]
    assert {one.evidence for one in matches[0].lines} == {LineEvidence.LINE_CONTROL_NUMBER}
    state = scene.state(1)
    assert state.denials == ()
    assert totals(state) == sums(charge=22500, paid=15200, contractual=4800, patient=2500)
    assert state.next_actions == ("post_contractual_writeoff", "bill_patient")
    assert state.status == "settled"


def test_S02_deductible_only_claim_paid_zero(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100002",
            [
                line(11, "97110-GP", "150", number=1, units="2", control="A1"),
                line(12, "97530-GP", "80", number=2, control="A2"),
            ],
        ),
        claim(2, "C100902", [line(21, "97124", "60", number=1, control="A1", day=date(2026, 1, 6))]),
    )
    assert ids(scene.remit(S02_1)) == [[(11,), (12,)]]
    assert ids(scene.remit(S02_2)) == [[(21,)]]
    first, second = scene.state(1), scene.state(2)
    assert first.denials == second.denials == ()  # guardrail: nothing is denied because CLP04 is 0
    assert totals(first) == sums(charge=23000, contractual=7000, patient=16000)
    assert totals(second) == sums(charge=6000, patient=6000)
    assert first.next_actions[-1] == second.next_actions[-1] == "bill_patient"
    assert scene.state(1, has_next_payer=True).next_actions[-1] == "bill_secondary"


def test_S03_medicare_therapy_stack(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100003",
            [
                line(11, "97530-GP", "160", number=1, units="2", control="A1"),
                line(12, "97110-GP-CQ", "60", number=2, control="A2"),
            ],
        )
    )
    assert ids(scene.remit(S03_1, kind="medicare_b")) == [[(11,), (12,)]]
    state = scene.state(1, has_next_payer=True)
    assert state.denials == ()  # guardrail: N807 and N851 turn no CO-45 into a denial
    assert totals(state) == sums(charge=22000, paid=6893, contractual=13287, patient=1820)
    assert booked(state, "45") == {"contractual": 11700}
    assert booked(state, "59") == {"contractual": 1500}
    assert booked(state, "253") == {"contractual": 140}
    assert booked(state, "144") == {"contractual": -53}
    assert state.next_actions[-1] == "bill_secondary"


def test_S04_coverage_ended_group_pr(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100004",
            [
                line(11, "97110-GP", "150", number=1, units="2", control="A1"),
                line(12, "97140-GP", "75", number=2, control="A2"),
            ],
        )
    )
    assert ids(scene.remit(S04_1)) == [[(11,), (12,)]]
    state = scene.state(1)
    assert [(one.line_id, one.category, one.amount, one.extent) for one in state.denials] == [
        (11, "eligibility_coverage", 15000, "full"),
        (12, "eligibility_coverage", 7500, "full"),
    ]
    assert {one.next_action for one in state.denials} == {"verify_eligibility_bill_other_or_patient"}
    assert all("no_patient_bill_while_open" in one.guardrails for one in state.denials)
    assert "no_patient_bill_while_open" in state.guardrails
    assert "bill_patient" not in state.next_actions
    assert "COV002" in state.denials[0].preventable_by
    assert totals(state) == sums(charge=22500, denied=22500)


def test_S05_medicare_says_managed_care(stage, claim, line, totals):
    submitted = claim(1, "C100005", [line(11, "97110-GP", "150", number=1, units="2", control="A1")])
    scene = stage(submitted)
    assert ids(scene.remit(S05_1, kind="medicare_b")) == [[(11,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.category, denial.amount) == ("eligibility_coverage", 15000)
    assert denial.next_action == "verify_plan_bill_mco"
    assert {"frequency_1_new_claim", "contractual_only_if_capitated", "no_patient_bill"} <= set(
        denial.guardrails
    )
    assert totals(state) == sums(charge=15000, denied=15000)
    capitated = stage(submitted)
    capitated.remit(S05_1, capitated=True)
    assert capitated.state(1).denials == ()
    assert totals(capitated.state(1)) == sums(charge=15000, contractual=15000)


def test_S06_therapy_threshold_kx_missing(stage, claim, line, totals):
    scene = stage(claim(1, "C100006", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]))
    assert ids(scene.remit(S06_1, kind="medicare_b")) == [[(11,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.category, denial.cause, denial.amount) == (
        "units_frequency_benefit_max",
        "kx_missing",
        15000,
    )
    assert denial.next_action == "attest_kx_then_reopen"
    assert {"kx_is_an_attestation", "no_frequency_7", "no_patient_bill_while_open"} <= set(denial.guardrails)
    assert totals(state) == sums(charge=15000, denied=15000)


def test_S07_ncci_bundling_beside_a_paid_line(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100007",
            [
                line(11, "98941-AT", "65", number=1, control="A1"),
                line(12, "97140-GP", "55", number=2, control="A2"),
            ],
        )
    )
    assert ids(scene.remit(S07_1)) == [[(11,), (12,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.line_id, denial.category, denial.amount) == (12, "bundling_ncci", 5500)
    assert denial.next_action == "review_ncci_modifier_correct_or_writeoff"
    assert {"no_patient_bill", "document_before_59"} <= set(denial.guardrails)
    assert "BND002" in denial.preventable_by
    assert totals(state) == sums(charge=12000, paid=4500, contractual=2000, denied=5500)


def test_S08_units_cut(stage, claim, line, totals):
    scene = stage(claim(1, "C100008", [line(11, "97110-GP", "240", number=1, units="4", control="A1")]))
    matches = scene.remit(S08_1)
    assert ids(matches) == [[(11,)]]
    assert "units_differ" not in matches[0].lines[0].notes  # SVC07 is what was submitted
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.category, denial.amount, denial.extent) == (
        "units_frequency_benefit_max",
        12000,
        "partial",
    )
    assert denial.next_action == "correct_units_or_appeal"
    assert "no_patient_bill" in denial.guardrails
    assert [one.quantity for one in state.postings if one.reason == "151"] == ["2"]
    assert totals(state) == sums(charge=24000, paid=7000, contractual=5000, denied=12000)


def test_S09_unprocessable_certifying_physician_missing(stage, claim, line, totals):
    scene = stage(claim(1, "C100009", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]))
    assert ids(scene.remit(S09_1, kind="medicare_b")) == [[(11,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert denial.remarks == ("N286", "MA130")
    assert (denial.category, denial.amount) == ("missing_invalid_information", 15000)
    assert denial.next_action == "correct_resubmit_new_claim"
    assert {"no_appeal", "no_frequency_7", "frequency_1_new_claim"} <= set(denial.guardrails)
    assert (denial.kind, denial.counted) == ("unprocessable", False)
    assert "REQ009" in denial.preventable_by
    assert totals(state) == sums(charge=15000, denied=15000)
