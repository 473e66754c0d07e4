"""Scenarios S10 to S18 as values: match, category, next action, guardrail, cents, end state.

Source: shared facts testpayer_scenarios.csv; the submissions are transcribed from its column submitted_837. What
concerns PLB, envelopes and suspense is asserted as far as it is pure.
"""

from __future__ import annotations

from datetime import date

from reconcile.values import DenialStatus, LineEvidence
from tests.reconcile.scenario_segments import (
    S10_1,
    S10_2,
    S11_1,
    S12_1,
    S13_1,
    S14_1,
    S15_1,
    S16_1,
    S17_1,
    S18_1,
)
from tests.reconcile.scenario_sums import codes, ids, sums


def test_S10_exact_duplicate_of_a_paid_claim(stage, claim, line, totals):
    scene = stage(
        claim(1, "C100010", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]),
        claim(
            2, "C100010", [line(21, "97110-GP", "150", number=1, units="2", control="B1")], root=1, sequence=2
        ),
    )
    (first,) = scene.remit(S10_1)
    before = scene.state(1)
    (second,) = scene.remit(S10_2)
    assert (first.claim_id, second.claim_id) == (1, 2)
    state = scene.state(1)
    assert state.balances == before.balances  # guardrail: the first submission's lines do not change
    assert totals(state) == sums(charge=15000, paid=11000, patient=4000, memo=15000)
    (denial,) = state.denials
    assert (denial.category, denial.kind, denial.counted) == ("duplicate", "duplicate", False)
    assert denial.next_action == "check_original_no_resubmit"
    assert (denial.amount, denial.status) == (
        0,
        DenialStatus.OPEN,
    )  # nothing posted; the second submission to close


def test_S11_no_authorization_on_the_later_visit(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100011",
            [
                line(11, "97110-GP", "150", number=1, units="2", control="A1"),
                line(12, "97110-GP", "150", number=2, units="2", control="A2", day=date(2026, 1, 12)),
            ],
        )
    )
    assert ids(scene.remit(S11_1)) == [[(11,), (12,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.line_id, denial.category, denial.amount) == (12, "authorization_referral", 15000)
    assert denial.next_action == "retro_auth_or_appeal"
    assert "no_patient_bill" in denial.guardrails
    assert totals(state) == sums(charge=30000, paid=10000, contractual=4000, patient=1000, denied=15000)


def test_S12_therapist_not_enrolled(stage, claim, line, totals):
    scene = stage(claim(1, "C100012", [line(11, "97124", "120", number=1, units="2", control="A1")]))
    assert ids(scene.remit(S12_1)) == [[(11,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.category, denial.amount) == ("provider_credentialing_enrolment", 12000)
    assert denial.next_action == "fix_enrollment_resubmit"
    assert {"no_rebill_under_other_provider", "no_patient_bill"} <= set(denial.guardrails)
    assert "ENR001" in denial.preventable_by
    assert totals(state) == sums(charge=12000, denied=12000)


def test_S13_timely_filing_with_no_appeal_right(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100013",
            [line(11, "97110-GP", "150", number=1, units="2", control="A1", day=date(2024, 12, 30))],
        )
    )
    assert ids(scene.remit(S13_1, kind="medicare_b")) == [[(11,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.category, denial.amount) == ("timely_filing", 15000)
    assert denial.next_action == "seek_277ca_proof_or_cms_exception_reopening_no_appeal"
    assert {"no_appeal", "no_patient_bill"} <= set(denial.guardrails)
    assert "TIM002" in denial.preventable_by
    assert totals(state) == sums(charge=15000, denied=15000)


def test_S14_co_45_for_the_whole_charge(stage, claim, line, totals):
    scene = stage(claim(1, "C100014", [line(11, "97110-GP", "150", number=1, units="2", control="A1")]))
    assert ids(scene.remit(S14_1)) == [[(11,)]]
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.category, denial.cause, denial.kind) == (
        "contractual_fee_schedule",
        "zero_allowed",
        "zero_allowed",
    )
    assert denial.next_action == "contact_payer_contracting_appeal"
    assert "no_automatic_writeoff" in denial.guardrails
    assert totals(state) == sums(charge=15000, denied=15000)


def test_S15_modifiers_dropped_no_line_numbers_out_of_order_twins(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100015",
            [
                line(11, "97530-GP", "80", number=1, control="X1"),
                line(12, "97530-59-GP", "80", number=2, control="X2"),
                line(13, "97140-GP", "60", number=3, control="X3"),
                line(14, "97140-GP", "60", number=4, control="X4", day=date(2026, 1, 7)),
            ],
        )
    )
    (match,) = scene.remit(S15_1)
    assert [one.line_ids for one in match.lines] == [(14,), (11,), (12,), (13,)]
    assert [one.twin for one in match.lines] == [False, True, True, False]
    assert "modifiers_dropped" in match.lines[0].notes
    state = scene.state(1)
    (denial,) = state.denials
    assert (denial.category, denial.amount, denial.line_ids) == ("bundling_ncci", 8000, (11, 12))
    assert denial.next_action == "review_ncci_modifier_correct_or_writeoff"
    assert totals(state) == sums(charge=28000, paid=13000, contractual=7000, denied=8000)


def test_S16_payer_splits_a_claim_and_returns_lx(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100016",
            [
                line(11, "97110", "60", number=1),
                line(12, "97112", "60", number=2),
                line(13, "97140", "60", number=3),
                line(14, "97530", "60", number=4),
            ],
        ),
        claim(2, "C200016", [line(21, "97110", "60", number=1, control="1")]),
    )
    matches = scene.remit(S16_1)
    assert ids(matches) == [[(11,), (12,)], [(13,), (14,)]]
    assert {one.evidence for match in matches for one in match.lines} == {LineEvidence.LINE_NUMBER}
    assert all("split_claim" in match.notes for match in matches)
    assert scene.claims[1].payer_claim_control_numbers == ("P100016A", "P100016B")
    state = scene.state(1)
    assert [(one.line_id, one.category, one.amount) for one in state.denials] == [
        (13, "missing_invalid_information", 6000),
        (14, "missing_invalid_information", 6000),
    ]
    assert {one.next_action for one in state.denials} == {"send_documentation"}
    assert totals(state) == sums(charge=24000, paid=8000, contractual=4000, denied=12000)


def test_S17_payer_splits_a_line(stage, claim, line, totals):
    scene = stage(claim(1, "C100017", [line(11, "97110-GP", "240", number=1, units="4", control="A1")]))
    (match,) = scene.remit(S17_1)
    assert [one.line_ids for one in match.lines] == [(11,), (11,)]
    assert all("split" in one.notes for one in match.lines)
    state = scene.state(1)
    (denial,) = state.denials  # one, not two
    assert (denial.category, denial.amount, denial.extent) == ("authorization_referral", 12000, "partial")
    assert denial.next_action == "extend_auth_or_appeal"
    assert totals(state) == sums(charge=24000, paid=8000, contractual=4000, denied=12000)


def test_S18_two_codes_bundled_into_a_third(stage, claim, line, totals):
    scene = stage(
        claim(
            1,
            "C100018",
            [
                line(11, "97110-GP", "60", number=1, control="A1"),
                line(12, "97112-GP", "60", number=2, control="A2"),
            ],
        )
    )
    (match,) = scene.remit(S18_1)
    assert [one.line_ids for one in match.lines] == [(11,), (12,)]
    assert all(one.notes == ("recoded",) for one in match.lines)
    state = scene.state(1)
    assert state.denials == ()
    assert codes(state) == ["RECODED", "RECODED"]
    assert "review_payer_recode" in state.next_actions
    assert totals(state) == sums(charge=12000, paid=8000, contractual=4000)
    assert [(one.line_id, one.contractual, one.open) for one in state.balances] == [
        (11, -2000, 0),
        (12, 6000, 0),
    ]
