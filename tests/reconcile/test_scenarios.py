"""The 25 scenarios of the test payer at the level of values: match, category, next action, guardrail, cents, end state.

Source: shared facts testpayer_scenarios.csv. The 835 segments are the payers' words; the submissions are transcribed
from its column submitted_837. What concerns PLB, envelopes and suspense is asserted as far as it is pure.
"""

from __future__ import annotations

import csv
from datetime import date

import pytest

from edi.model.balance import transaction_imbalance
from edi.model.finding import Severity
from edi.model.remittance import ProviderAdjustment
from reconcile.values import DenialStatus, LineEvidence


def sums(**cents):
    """Expected cents by account; what is not named is 0."""
    names = ("charge", "paid", "contractual", "patient", "denied", "pended", "open", "memo")
    return {name: cents.get(name, 0) for name in names}


S01_1 = (
    "BPR*I*152*C*ACH~TRN*1*EFT0001*1999999999~CLP*C100001*1*225*152*25*12*P100001*11*1~"
    "SVC*HC:97110:GP*150*85**2~DTM*472*20260105~CAS*CO*45*40~CAS*PR*3*25~REF*6R*A1~AMT*B6*110~"
    "SVC*HC:97140:59:GP*75*67**1~DTM*472*20260105~CAS*CO*45*8~REF*6R*A2~AMT*B6*67~"
)
S02_1 = (
    "BPR*H*0*C*NON~TRN*1*0000000*1999999999~CLP*C100002*1*230*0*160*12*P100002*11*1~"
    "SVC*HC:97110:GP*150*0**2~DTM*472*20260105~CAS*CO*45*40~CAS*PR*1*110~REF*6R*A1~"
    "SVC*HC:97530:GP*80*0**1~DTM*472*20260105~CAS*CO*45*30~CAS*PR*1*50~REF*6R*A2~"
)
S02_2 = (
    "BPR*H*0*C*NON~TRN*1*0000000*1999999999~CLP*C100902*1*60*0*60*12*P100902*11*1~SVC*HC:97124*60*0**1~"
    "DTM*472*20260106~CAS*PR*1*60~REF*6R*A1~"
)
S03_1 = (
    "BPR*I*68.93*C*ACH~TRN*1*EFT0003*1999999999~CLP*C100003*1*220*68.93*18.2*MB*2226001000030*11*1~"
    "MOA***MA01~SVC*HC:97530:GP*160*52.27**2~DTM*472*20260105~CAS*CO*45*84**59*10**253*1.06**144*-.53~"
    "CAS*PR*2*13.2~REF*6R*A1~AMT*B6*66~LQ*HE*N807~SVC*HC:97110:GP:CQ*60*16.66**1~DTM*472*20260105~"
    "CAS*CO*45*33**59*5**253*.34~CAS*PR*2*5~REF*6R*A2~AMT*B6*25~LQ*HE*N851~"
)
S04_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0004*1999999999~CLP*C100004*1*225*0*225*12*P100004*11*1~"
    "SVC*HC:97110:GP*150*0**0~DTM*472*20260105~CAS*PR*27*150~REF*6R*A1~SVC*HC:97140:GP*75*0**0~"
    "DTM*472*20260105~CAS*PR*27*75~REF*6R*A2~"
)
S05_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0005*1999999999~CLP*C100005*1*150*0**MB*2226001000050*11*1~"
    "SVC*HC:97110:GP*150*0**0~DTM*472*20260105~CAS*CO*24*150~REF*6R*A1~"
)
S06_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0006*1999999999~CLP*C100006*1*150*0*150*MB*2226001000060*11*1~"
    "SVC*HC:97110:GP*150*0**0~DTM*472*20260105~CAS*PR*119*150~REF*6R*A1~"
)
S07_1 = (
    "BPR*I*45*C*ACH~TRN*1*EFT0007*1999999999~CLP*C100007*1*120*45**12*P100007*11*1~"
    "SVC*HC:98941:AT*65*45**1~DTM*472*20260105~CAS*CO*45*20~REF*6R*A1~SVC*HC:97140:GP*55*0**0~"
    "DTM*472*20260105~CAS*CO*236*55~REF*6R*A2~"
)
S08_1 = (
    "BPR*I*70*C*ACH~TRN*1*EFT0008*1999999999~CLP*C100008*1*240*70**12*P100008*11*1~"
    "SVC*HC:97110:GP*240*70**2**4~DTM*472*20260105~CAS*CO*45*50**151*120*2~REF*6R*A1~LQ*HE*N362~"
)
S09_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0009*1999999999~CLP*C100009*1*150*0**MB*2226001000090*11*1~MOA***MA130~"
    "SVC*HC:97110:GP*150*0**0~DTM*472*20260105~CAS*CO*16*150~REF*6R*A1~LQ*HE*N286~"
)
S10_1 = (
    "BPR*I*110*C*ACH~TRN*1*EFT0010*1999999999~CLP*C100010*1*150*110*40*12*P100010*11*1~"
    "SVC*HC:97110:GP*150*110**2~DTM*472*20260105~CAS*PR*3*40~REF*6R*A1~"
)
S10_2 = (
    "BPR*H*0*C*NON~TRN*1*RA0010*1999999999~CLP*C100010*1*150*0**12*P100010B*11*1~SVC*HC:97110:GP*150*0**0~"
    "DTM*472*20260105~CAS*OA*18*150~REF*6R*B1~"
)
S11_1 = (
    "BPR*I*100*C*ACH~TRN*1*EFT0011*1999999999~CLP*C100011*1*300*100*10*HM*P100011*11*1~"
    "SVC*HC:97110:GP*150*100**2~DTM*472*20260105~CAS*CO*45*40~CAS*PR*3*10~REF*6R*A1~"
    "SVC*HC:97110:GP*150*0**0~DTM*472*20260112~CAS*CO*197*150~REF*6R*A2~"
)
S12_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0012*1999999999~CLP*C100012*1*120*0**12*P100012*11*1~SVC*HC:97124*120*0**0~"
    "DTM*472*20260105~CAS*CO*B7*120~REF*6R*A1~LQ*HE*N570~"
)
S13_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0013*1999999999~CLP*C100013*1*150*0**MB*2226001000130*11*1~MOA***N211~"
    "SVC*HC:97110:GP*150*0**0~DTM*472*20241230~CAS*CO*29*150~REF*6R*A1~"
)
S14_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0014*1999999999~CLP*C100014*4*150*0**12*P100014*11*1~SVC*HC:97110:GP*150*0**0~"
    "DTM*472*20260105~CAS*CO*45*150~REF*6R*A1~"
)
S15_1 = (
    "BPR*I*130*C*ACH~TRN*1*EFT0015*1999999999~CLP*C100015*1*280*130**12*P100015*11*1~"
    "SVC*HC:97140*60*40**1~DTM*472*20260107~CAS*CO*45*20~SVC*HC:97530*80*50**1~DTM*472*20260105~"
    "CAS*CO*45*30~SVC*HC:97530*80*0**0~DTM*472*20260105~CAS*CO*97*80~SVC*HC:97140*60*40**1~"
    "DTM*472*20260105~CAS*CO*45*20~"
)
S16_1 = (
    "BPR*I*80*C*ACH~TRN*1*EFT0016*1999999999~CLP*C100016*1*120*80**12*P100016A*11*1~MOA***MA15~"
    "SVC*HC:97110*60*40**1~DTM*472*20260105~CAS*CO*45*20~REF*6R*1~SVC*HC:97112*60*40**1~DTM*472*20260105~"
    "CAS*CO*45*20~REF*6R*2~CLP*C100016*1*120*0**12*P100016B*11*1~MOA***MA15~SVC*HC:97140*60*0**0~"
    "DTM*472*20260105~CAS*CO*252*60~REF*6R*3~LQ*HE*N706~SVC*HC:97530*60*0**0~DTM*472*20260105~"
    "CAS*CO*252*60~REF*6R*4~LQ*HE*N706~"
)
S17_1 = (
    "BPR*I*80*C*ACH~TRN*1*EFT0017*1999999999~CLP*C100017*1*240*80**12*P100017*11*1~"
    "SVC*HC:97110:GP*120*80**2~DTM*472*20260105~CAS*CO*45*40~REF*6R*A1~SVC*HC:97110:GP*120*0**2~"
    "DTM*472*20260105~CAS*CO*198*120~REF*6R*A1~LQ*HE*N351~"
)
S18_1 = (
    "BPR*I*80*C*ACH~TRN*1*EFT0018*1999999999~CLP*C100018*1*120*80**12*P100018*11*1~"
    "SVC*HC:97530*60*80**1*HC:97110:GP~DTM*472*20260105~CAS*OA*94*-60~CAS*CO*45*40~REF*6R*A1~"
    "SVC*HC:97530*60*0**0*HC:97112:GP~DTM*472*20260105~CAS*CO*97*60~REF*6R*A2~"
)
S19_1 = (
    "BPR*I*80*C*ACH~TRN*1*EFT0019*1999999999~CLP*C100019*1*210*80*20*12*P100019*11*1~"
    "SVC*HC:97110:GP*150*80**2~DTM*472*20260105~CAS*CO*45*50~CAS*PR*2*20~REF*6R*A1~"
    "SVC*HC:97140:GP*60*0**0~DTM*472*20260105~CAS*CO*236*60~REF*6R*A2~"
)
S19_2 = (
    "BPR*I*30*C*ACH~TRN*1*EFT0119*1999999999~CLP*C100019*22*-210*-80**12*P100019*11*1~MOA***N694~"
    "SVC*HC:97110:GP*-150*-80**2~DTM*472*20260105~CAS*CO*45*-50~CAS*PR*2*-20~REF*6R*A1~"
    "SVC*HC:97140:GP*-60*0**0~DTM*472*20260105~CAS*CO*236*-60~REF*6R*A2~"
    "CLP*C100019*1*210*110*30*12*P100119*11*7~SVC*HC:97110:GP*150*80**2~DTM*472*20260105~CAS*CO*45*50~"
    "CAS*PR*2*20~REF*6R*B1~SVC*HC:97140:59:GP*60*30**1~DTM*472*20260105~CAS*CO*45*20~CAS*PR*2*10~"
    "REF*6R*B2~"
)
S20_1 = (
    "BPR*H*0*C*NON~TRN*1*RA0020*1999999999~CLP*C100020*22*-260*-160**12*P100020*11*1~MOA***N687~"
    "SVC*HC:97110:GP*-260*-160**2~DTM*472*20251201~CAS*CO*45*-100~REF*6R*A1~"
    "CLP*C100120*1*90*60**12*P100120*11*1~SVC*HC:97110:GP*90*60**1~DTM*472*20260105~CAS*CO*45*30~"
    "REF*6R*A1~PLB*1234567893*20261231*FB:RA0020*-100~"
)
S20_2 = (
    "BPR*I*150*C*ACH~TRN*1*EFT0120*1999999999~CLP*C100220*1*300*250**12*P100220*11*1~"
    "SVC*HC:97530:GP*300*250**4~DTM*472*20260119~CAS*CO*45*50~REF*6R*A1~"
    "PLB*1234567893*20261231*FB:RA0020*100~"
)
S21_1 = (
    "BPR*I*120.42*C*ACH~TRN*1*EFT0021*1999999999~CLP*C100121*1*300*240*60*MB*2226001001210*11*1~"
    "SVC*HC:97110:GP*300*240**4~DTM*472*20260105~CAS*PR*2*60~REF*6R*A1~"
    "PLB*1234567893*20261231*WO:2225300000210      C100021*120*L6:2226001001210*-.42~"
)
S22_1 = (
    "BPR*I*78.4*C*ACH~TRN*1*EFT0022*1999999999~CLP*C100022*19*150*78.4*20*MB*2226001000220*11*1~"
    "NM1*TT*2*ACME SUPPLEMENT*****PI*77777~MOA***MA01*MA18~SVC*HC:97110:GP*150*78.4**2~DTM*472*20260105~"
    "CAS*CO*45*50**253*1.6~CAS*PR*2*20~REF*6R*A1~"
)
S22_2 = (
    "BPR*I*20*C*ACH~TRN*1*EFT0122*1999999999~CLP*C100022*2*150*20**15*MG0022*11*1~"
    "SVC*HC:97110:GP*150*20**2~DTM*472*20260105~CAS*OA*23*130~REF*6R*A1~"
)
S23_1 = (
    "BPR*I*78.4*C*ACH~TRN*1*EFT0023*1999999999~CLP*C100023*1*150*78.4*20*MB*2226001000230*11*1~"
    "MOA***MA01*N782~SVC*HC:97110:GP*150*78.4**2~DTM*472*20260105~CAS*CO*45*50**253*1.6~CAS*PR*2*20~"
    "REF*6R*A1~"
)
S23_2 = (
    "BPR*I*5*C*ACH~TRN*1*EFT0123*1999999999~CLP*C100023*2*150*5**MC*MD0023*11*1~SVC*HC:97110:GP*150*5**2~"
    "DTM*472*20260105~CAS*CO*45*145~REF*6R*A1~"
)
S24_1 = (
    "BPR*I*80*C*ACH~TRN*1*EFT0024*1999999999~CLP*C100024*1*150*80*20*12*P100024*11*1~"
    "SVC*HC:97110:GP*150*80**2~DTM*472*20260105~CAS*CO*45*50~CAS*PR*2*20~REF*6R*A1~"
)
S24_2 = (
    "BPR*H*0*C*NON~TRN*1*RA0124*1999999999~CLP*C100024*2*150*0*150*12*Q100024*11*1~"
    "SVC*HC:97110:GP*150*0**0~DTM*472*20260105~CAS*PR*96*150~REF*6R*B1~LQ*HE*N130~"
)
S25_1 = (
    "BPR*I*190*C*ACH~TRN*1*EFT0025*1999999999~CLP*C100025*1*150*100*10*12*P100025*11*1~"
    "SVC*HC:97110:GP*150*100**2~DTM*472*20260105~CAS*CO*45*40~CAS*PR*3*10~REF*6R*A1~"
    "CLP*C100125*1*60*40**12*P100125*11*1~SVC*HC:97140:GP*60*40**1~DTM*472*20260105~CAS*CO*45*19.99~"
    "REF*6R*A1~CLP*C100225*1*155*50*30*12*P100225*11*1~SVC*HC:97530:GP*80*50**1~DTM*472*20260105~"
    "CAS*CO*45*5~CAS*PR*3*25~REF*6R*A1~SVC*HC:97110:GP*75*0**0~DTM*472*20260105~CAS*OA*133*75~REF*6R*A2~"
)

PAID_IN_DECEMBER = "CLP*C100020*1*260*160**12*P100020*11*1~SVC*HC:97110:GP*260*160**2~DTM*472*20251201~CAS*CO*45*100~REF*6R*A1~"
PAID_IN_NOVEMBER = "CLP*C100021*1*150*120**MB*2225300000210*11*1~SVC*HC:97110:GP*150*120**2~DTM*472*20251110~CAS*CO*45*30~REF*6R*A1~"


def ids(matches):
    return [[one.line_ids for one in match.lines] for match in matches]


def codes(state):
    return [finding.code for finding in state.findings]


def booked(state, reason):
    """Cents of a CARC by account, without transfers."""
    found = {}
    for one in state.postings:
        if one.reason == reason and not one.transfer:
            found[one.account.value] = found.get(one.account.value, 0) + one.cents
    return found


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
    assert state.denials[0].preventable_by == ("COV002",)
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
    with (facts_dir / "testpayer_scenarios.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            assert any(name.startswith(f"test_{row['id']}_") for name in globals()), row["id"]
            for number in (1, 2):
                text = row[f"set_{number}_segments"]
                if text:
                    assert globals()[f"{row['id']}_{number}"] == text
