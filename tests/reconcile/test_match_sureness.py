"""How sure a match must be (thresholds of the payer), what it tells of it, and what is named as none of ours."""

from __future__ import annotations

import msgspec
import pytest

from edi.payers.loader import load_payers
from edi.payers.profile import MatchingPolicy
from reconcile.match import match_claim

PATIENT = {"member_ids": ("MEMBER1",), "patient_last_name": "Doe", "patient_first_name": "Jo"}
LINE = "SVC*HC:97110:GP*100*60**1~DTM*472*20260105~CAS*CO*45*40~"
QC = "NM1*QC*1*DOE*JO****MI*MEMBER1~"


def two(claim, line, second_charge="90"):
    """Two claims that one payer number names: of one patient, told apart by the charge."""
    known = {**PATIENT, "payer_claim_control_numbers": ("P1",)}
    return [
        claim(1, "C1", [line(11, "97110-GP", "100", number=1)], **known),
        claim(2, "C2", [line(21, "97110-GP", second_charge, number=1)], **known),
    ]


def test_the_margin_to_the_next_claim_is_told(payments, claim, line):
    (payment,) = payments(f"CLP*X9*1*100*60**12*P1*11*1~{QC}{LINE}")
    match = match_claim(payment, two(claim, line), payer_key="first")
    assert (match.claim_id, match.runner_up) == (1, 2)
    assert match.margin > 0


@pytest.mark.parametrize(("asked", "found"), [(0, 1), (100, 1), (100_000, None)])
def test_a_claim_must_lead_by_what_the_payer_asks(payments, claim, line, asked, found):
    (payment,) = payments(f"CLP*X9*1*100*60**12*P1*11*1~{QC}{LINE}")
    match = match_claim(
        payment, two(claim, line), payer_key="first", policy=MatchingPolicy(claim_margin=asked)
    )
    assert match.claim_id == found
    assert match.reason == ("" if found else "ambiguous")


def test_claims_that_fit_alike_wait_whatever_the_policy(payments, claim, line):
    (payment,) = payments(f"CLP*X9*1*100*60**12*P1*11*1~{QC}{LINE}")
    assert match_claim(payment, two(claim, line, "100"), payer_key="first").reason == "ambiguous"


@pytest.mark.parametrize(("asked", "reason"), [(0, ""), (100_000, "ambiguous")])
def test_a_line_must_lead_by_what_the_payer_asks(payments, claim, line, asked, reason):
    held = claim(
        1,
        "C1",
        [line(11, "97110-GP", "100", number=1), line(12, "97110-GP", "80", number=2)],
        **PATIENT,
    )
    (payment,) = payments(
        f"CLP*C1*1*180*120**12*P1*11*1~{QC}SVC*HC:97110*100*60**1~CAS*CO*45*40~SVC*HC:97110*80*60**1~CAS*CO*45*20~"
    )
    match = match_claim(payment, [held], payer_key="first", policy=MatchingPolicy(line_margin=asked))
    assert match.reason == reason


@pytest.mark.parametrize(("strict", "found"), [(False, 1), (True, None)])
def test_a_number_alone_may_not_be_enough(payments, claim, line, strict, found):
    """The lines agree, and neither charge nor patient does: nobody is named in the 835."""
    held = claim(1, "C1", [line(11, "97110-GP", "100"), line(12, "97140-GP", "50", number=2)], **PATIENT)
    (payment,) = payments(f"CLP*C1*1*100*60**12*P1*11*1~{LINE}")
    policy = MatchingPolicy(charge_or_patient=strict)
    assert match_claim(payment, [held], payer_key="first", policy=policy).claim_id == found


def test_the_policy_is_in_payers_toml():
    document = {
        "payer": {"acme": {"name": "Acme", "matching": {"claim_margin": 50, "charge_or_patient": True}}}
    }
    profiles, findings = load_payers(document)
    assert findings == ()
    assert profiles["acme"].matching == MatchingPolicy(claim_margin=50, charge_or_patient=True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("CLP*S1*1*200*150**12*P1*13*1~SVC*NU:0420*200*150~CAS*CO*45*50~", "institutional (SVC01 NU)"),
        ("CLP*S1*1*200*150**12*P1*11*1~SVC*AD:D0120*200*150~CAS*CO*45*50~", "dental (SVC01 AD)"),
        ("CLP*S1*1*200*150**12*P1*01*1~SVC*N4:00093721410*200*150~CAS*CO*45*50~", "pharmacy (SVC01 N4)"),
        ("CLP*S1*1*200*150**12*P1*13*1~CAS*CO*45*50~MIA*1~", "institutional (MIA)"),
        (
            "CLP*S1*1*200*150**12*P1*13*1~SVC*HC:97110*200*150*0420~CAS*CO*45*50~",
            "institutional (SVC01 HC with SVC04)",
        ),
    ],
)
def test_claims_of_another_kind_are_named(payments, text, kind):
    (payment,) = payments(text)
    match = match_claim(payment, (), payer_key=None)
    assert match.reason == "not_ours"
    assert kind in match.detail


@pytest.mark.parametrize(
    "text",
    [
        "CLP*S1*1*200*150**12*P1*11*1~SVC*HC:99213*200*150~CAS*CO*45*50~",
        "CLP*S1*1*200*150**12*P1*11*1~SVC*HC:97110*100*75~CAS*CO*45*25~SVC*N4:00093721410*100*75~CAS*CO*45*25~",
        "CLP*S1*1*200*150**12*P1*11*1~CAS*CO*45*50~",
    ],
)
def test_what_may_be_ours_is_no_claim(payments, text):
    (payment,) = payments(text)
    assert match_claim(payment, (), payer_key=None).reason == "no_claim"


def test_a_claim_of_another_kind_that_we_sent_is_matched(payments, claim, line):
    """Whatever the qualifier says: a number of ours names a claim of ours."""
    held = claim(1, "C1", [line(11, "97110", "200")], **PATIENT)
    (payment,) = payments(f"CLP*C1*1*200*150**12*P1*11*1~{QC}SVC*HC:97110*200*150*0420~CAS*CO*45*50~")
    assert match_claim(payment, [held], payer_key="first").claim_id == 1


def test_a_predetermination_is_never_posted(payments, claim, line):
    held = claim(1, "C1", [line(11, "97110-GP", "100")], **PATIENT)
    (payment,) = payments(f"CLP*C1*25*100*0**12*P1*11*1~{QC}SVC*HC:97110:GP*100*0~CAS*OA*101*100~")
    match = match_claim(payment, [held], payer_key="first")
    assert (match.claim_id, match.reason, match.candidates) == (None, "predetermination", (1,))
    paid = msgspec.structs.replace(payment, status="1")
    assert match_claim(paid, [held], payer_key="first").claim_id == 1
