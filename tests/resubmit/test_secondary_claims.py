"""What the next payer is told of the one before, and when it is told nothing."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.claim import ClaimPayer
from edi.model.coordination import OtherPayer
from edi.model.finding import Finding
from edi.model.remittance import Adjustment, Procedure, RemittanceParty
from edi.payers.profile import SecondaryPolicy
from edi.resubmit import (
    AnsweredClaim,
    CannotReport,
    Coordination,
    NextCoverage,
    broken_equations,
    bypassed,
    coordination,
    coverage_on_claim,
    secondary_claim,
    why_not_billed,
)
from tests.builders import (
    make_claim,
    make_claim_payment,
    make_dependent,
    make_line,
    make_person,
    make_rendering,
    make_service_payment,
    make_subscriber,
)

PAID_ON = date(2026, 3, 18)
CLAIM = make_claim(patient_control_number="C1")
NEXT = NextCoverage(
    subscriber=make_subscriber(member_id="B1", filing_indicator="BL"),
    patient=None,
    payer=ClaimPayer(name="BEACON", id="77177", key="beacon"),
    later=("third",),
    provider_numbers={make_rendering().npi: "BEACON7"},
)
LINES = (
    make_service_payment(
        charge=5000,
        paid=3000,
        adjustments=(Adjustment("CO", "45", 1000), Adjustment("PR", "2", 400), Adjustment("PR", "3", 600)),
    ),
    make_service_payment("97140", charge=5000, paid=5000, adjustments=()),
)
PAYMENT = make_claim_payment(lines=LINES)


def answered(payment=PAYMENT, lines=((1,), (2,)), paid_on=PAID_ON) -> AnsweredClaim:
    return AnsweredClaim(payment=payment, lines=lines, paid_on=paid_on)


def told(*answers: AnsweredClaim, wants="line", claim=CLAIM) -> Coordination:
    found = coordination(claim, answers or (answered(),), wants)
    assert isinstance(found, Coordination), found
    return found


def built(*answers: AnsweredClaim, wants="line", claim=CLAIM):
    return secondary_claim(claim, told(*answers, wants=wants, claim=claim), NEXT)


# -- levels ------------------------------------------------------------------------------------------------------


def test_reasons_stay_on_the_lines_where_they_were_given():
    claim = built()
    (other,) = claim.other_payers
    assert (other.rank, other.paid, other.adjustments, other.paid_on) == ("P", 8000, (), None)
    first, second = (line.adjudications[0] for line in claim.lines)
    assert (first.payer_id, first.paid, first.paid_on) == ("12345", 3000, PAID_ON)
    assert first.adjustments == LINES[0].adjustments
    assert (second.paid, second.adjustments) == (5000, ())
    assert list(broken_equations(claim)) == []


def test_what_remains_stands_on_the_lines_or_on_the_claim_and_never_on_both():
    on_lines = built()
    assert on_lines.other_payers[0].remaining_patient_liability is None
    assert [line.adjudications[0].remaining_patient_liability for line in on_lines.lines] == [1000, None]
    copay = msgspec.structs.replace(PAYMENT, adjustments=(Adjustment("PR", "3", 500),), paid=7500)
    on_claim = built(answered(copay))
    assert on_claim.other_payers[0].remaining_patient_liability == 1500
    assert [line.adjudications[0].remaining_patient_liability for line in on_claim.lines] == [None, None]
    assert on_claim.other_payers[0].adjustments == (Adjustment("PR", "3", 500),)
    assert list(broken_equations(on_claim)) == []


def test_a_payer_that_wants_it_on_the_claim_gets_the_sums_there():
    claim = built(wants="claim")
    (other,) = claim.other_payers
    assert other.adjustments == (
        Adjustment("CO", "45", 1000),
        Adjustment("PR", "2", 400),
        Adjustment("PR", "3", 600),
    )
    assert (other.remaining_patient_liability, other.paid_on) == (1000, PAID_ON)
    assert all(line.adjudications == () for line in claim.lines)
    assert list(broken_equations(claim)) == []


def test_merged_lines_are_told_on_the_claim():
    """Which part of the sum belongs to which line nobody knows."""
    merged = make_claim_payment(
        lines=(make_service_payment(charge=10000, paid=9000, adjustments=(Adjustment("CO", "45", 1000),)),)
    )
    claim = built(answered(merged, lines=((1, 2),)))
    assert claim.other_payers[0].adjustments == (Adjustment("CO", "45", 1000),)
    assert all(line.adjudications == () for line in claim.lines)


def test_a_line_paid_in_two_parts_has_two_decisions():
    parts = (
        make_service_payment(charge=2000, paid=2000, adjustments=()),
        make_service_payment(charge=3000, paid=1000, adjustments=(Adjustment("CO", "45", 2000),)),
        LINES[1],
    )
    claim = built(answered(make_claim_payment(lines=parts), lines=((1,), (1,), (2,))))
    assert [one.paid for one in claim.lines[0].adjudications] == [2000, 1000]
    assert list(broken_equations(claim)) == []


def test_a_bundled_line_names_the_line_that_carries_its_money():
    absorbed = make_service_payment(
        "97110", charge=5000, paid=0, adjustments=(Adjustment("CO", "97", 5000),),
        submitted_procedure=Procedure("HC", "97140", ("GP",)),
    )  # fmt: skip
    claim = built(answered(make_claim_payment(lines=(LINES[0], absorbed))))
    assert [line.adjudications[0].bundled_line for line in claim.lines] == [None, 1]


def test_an_answer_that_leaves_a_line_out_is_not_told():
    found = coordination(CLAIM, [answered(make_claim_payment(lines=LINES[:1]), lines=((1,),))], "line")
    assert isinstance(found, CannotReport)
    assert found.finding.code == "AGN027"


def test_the_newest_answer_of_a_line_counts_and_parts_of_a_claim_add_up():
    denied = make_claim_payment(
        lines=(
            make_service_payment(charge=5000, paid=0, adjustments=(Adjustment("CO", "50", 5000),)),
            LINES[1],
        )
    )
    assert told(answered(denied), answered()).paid == 8000
    split = [
        answered(make_claim_payment(lines=LINES[:1]), lines=((1,),)),
        answered(make_claim_payment(lines=LINES[1:]), lines=((2,),)),
    ]
    found = told(*split)
    assert (found.paid, sorted(found.lines)) == (8000, [1, 2])


def test_denied_lines_that_went_again_are_told_by_their_second_answer():
    """And the others by their first."""
    denied = make_service_payment("97140", charge=5000, paid=0, adjustments=(Adjustment("CO", "50", 5000),))
    first = answered(make_claim_payment(lines=(LINES[0], denied)))
    second = answered(make_claim_payment(lines=(LINES[1],)), lines=((2,),))
    claim = built(first, second)
    assert [line.adjudications[0].paid for line in claim.lines] == [3000, 5000]
    assert claim.other_payers[0].paid == 8000
    assert list(broken_equations(claim)) == []


# -- the claim ---------------------------------------------------------------------------------------------------


def test_the_claim_keeps_its_number_and_goes_to_the_next_coverage():
    claim = built()
    assert (claim.patient_control_number, claim.frequency, claim.original_reference) == ("C1", "1", "")
    assert (claim.subscriber.rank, claim.subscriber.member_id, claim.payer.id) == ("S", "B1", "77177")
    assert claim.later_payers == ("third",)
    assert [line.line_control_number for line in claim.lines] == ["", ""]
    (other,) = claim.other_payers
    assert (other.payer.id, other.member_id, other.relationship) == ("12345", "W123456789", "18")
    assert ("F8", "ACME0001") in other.payer.references


def test_what_only_the_first_payer_knows_stays_with_him():
    rendering = make_rendering(references=(("G2", "ACME7"), ("0B", "LICENCE")))
    claim = built(claim=make_claim(
        patient_control_number="C1", authorization="AUTH1", referral_number="REF1", rendering=rendering))  # fmt: skip
    assert (claim.authorization, claim.referral_number) == ("", "")
    assert {("G1", "AUTH1"), ("9F", "REF1")} <= set(claim.other_payers[0].payer.references)
    assert claim.rendering is not None
    assert claim.rendering.references == (("0B", "LICENCE"), ("G2", "BEACON7"))


def test_a_dependent_is_told_by_his_relationship():
    claim = built(claim=make_claim(patient_control_number="C1", patient=make_dependent(),
                                   subscriber=make_subscriber(is_patient=False)))  # fmt: skip
    assert claim.other_payers[0].relationship == "19"


def test_the_third_payer_hears_of_both():
    second = built()
    answer = make_claim_payment(
        payer_claim_control_number="BEACON1",
        lines=(
            make_service_payment(
                charge=5000, paid=600, adjustments=(Adjustment("OA", "23", 4000), Adjustment("PR", "2", 400))
            ),
            make_service_payment("97140", charge=5000, paid=0, adjustments=(Adjustment("OA", "23", 5000),)),
        ),
    )
    third = secondary_claim(second, told(answered(answer), claim=second), NEXT)
    assert (third.subscriber.rank, [one.rank for one in third.other_payers]) == ("T", ["P", "S"])
    assert [[one.payer_id for one in line.adjudications] for line in third.lines] == [["12345", "77177"]] * 2
    assert list(broken_equations(third)) == []


def test_a_payer_that_was_passed_over_is_told_by_the_whole_charge_alone():
    claim = bypassed(CLAIM, NEXT, adjudicated=False)
    assert not isinstance(claim, Finding)
    (other,) = claim.other_payers
    assert (other.noncovered, other.paid, other.adjustments, other.remaining_patient_liability) == (
        CLAIM.charge, None, (), None,
    )  # fmt: skip
    assert all(line.adjudications == () for line in claim.lines)
    refused = bypassed(CLAIM, NEXT, adjudicated=True)
    assert isinstance(refused, Finding)
    assert refused.code == "AGN028"


def test_the_next_coverage_may_stand_on_the_claim():
    later = OtherPayer(
        rank="S",
        relationship="01",
        member_id="B2",
        subscriber=make_person(last_name="HOLDER"),
        payer=ClaimPayer(name="BEACON", id="77177"),
    )
    found = coverage_on_claim(msgspec.structs.replace(CLAIM, other_payers=(later,)))
    assert found is not None
    assert (found.subscriber.person.last_name, found.subscriber.member_id) == ("HOLDER", "B2")
    assert found.patient is not None
    assert found.patient.relationship == "01"
    same = msgspec.structs.replace(later, payer=CLAIM.payer)
    for other in (same, msgspec.structs.replace(later, payer=ClaimPayer(name="", id=""))):
        assert coverage_on_claim(msgspec.structs.replace(CLAIM, other_payers=(other,))) is None


# -- when it is not sent -----------------------------------------------------------------------------------------

PLAIN = SecondaryPolicy()
REFUSED = {
    "status 19": ({"status": "19"}, PLAIN, PLAIN, False, "AGN023"),
    "status 21": ({"status": "21"}, PLAIN, PLAIN, False, "AGN023"),
    "NM1*TT": ({"parties": (RemittanceParty(role="TT", kind="2"),)}, PLAIN, PLAIN, False, "AGN023"),
    "MA18": ({"remarks": ("MA18",)}, PLAIN, PLAIN, False, "AGN023"),
    "N89": ({"remarks": ("N89",)}, PLAIN, PLAIN, False, "AGN023"),
    "the profile": ({}, SecondaryPolicy(crosses_over_to=("beacon",)), PLAIN, False, "AGN023"),
    "the profile, but MA19": (
        {"remarks": ("MA19",)},
        SecondaryPolicy(crosses_over_to=("beacon",)),
        PLAIN,
        False,
        None,
    ),
    "another payer's crossover": ({}, SecondaryPolicy(crosses_over_to=("other",)), PLAIN, False, None),
    "paid nothing": ({"paid": 0}, PLAIN, SecondaryPolicy(bill_when_primary_paid_zero=False), False, "AGN024"),
    "paid nothing, and it may": ({"paid": 0}, PLAIN, PLAIN, False, None),
    "taken back": ({}, PLAIN, PLAIN, True, "AGN025"),
    "plain": ({}, PLAIN, PLAIN, False, None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_when_the_next_payer_is_not_billed(name):
    changes, primary, following, taken_back, code = REFUSED[name]
    payment = msgspec.structs.replace(PAYMENT, **changes)
    known = {"taken_back": taken_back, "pended": False, "primary": primary, "following": following}
    found = why_not_billed(CLAIM, [payment], "beacon", **known)
    assert (found and found.code) == code
    if found is not None:
        assert found.location.claim == "C1"
        assert found.fix


@pytest.mark.parametrize(("payments", "pended"), [([], False), ([PAYMENT], True)])
def test_a_claim_without_answer_is_not_sent_on_nor_one_that_is_pended(payments, pended):
    known = {"taken_back": False, "pended": pended, "primary": PLAIN, "following": PLAIN}
    found = why_not_billed(CLAIM, payments, "beacon", **known)
    assert found is not None
    assert found.code == "AGN022"


# -- the equations -----------------------------------------------------------------------------------------------

cents = st.integers(min_value=0, max_value=50_000)
reasons = st.lists(
    st.tuples(
        st.sampled_from(("CO", "OA", "PI", "PR")), st.sampled_from(("1", "2", "45", "59", "253", "97"))
    ),
    max_size=8,
)


@st.composite
def answers(draw):
    """A claim of one to six lines and a balanced answer to it: reasons on lines and on the claim, in any order."""
    lines, payments = [], []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        paid = draw(cents)
        adjustments = tuple(Adjustment(*codes, draw(cents)) for codes in draw(reasons))
        charge = paid + sum(one.cents for one in adjustments)
        lines.append(make_line(number, charge=charge))
        payments.append(make_service_payment(charge=charge, paid=paid, adjustments=adjustments))
    on_claim = tuple(Adjustment(*codes, draw(cents)) for codes in draw(reasons))
    payment = make_claim_payment(lines=tuple(payments), adjustments=on_claim)
    payment = msgspec.structs.replace(payment, paid=payment.paid - sum(one.cents for one in on_claim))
    return make_claim(lines=tuple(lines)), payment


@given(answers(), st.sampled_from(("line", "claim")))
def test_the_equations_hold_and_what_remains_stands_at_one_level(both, wants):
    claim, payment = both
    answer = answered(payment, lines=tuple((line.number,) for line in claim.lines))
    made = built(answer, wants=wants, claim=claim)
    assert list(broken_equations(made)) == []
    (other,) = made.other_payers
    decided = [one for line in made.lines for one in line.adjudications]
    share = sum(one.cents for one in payment.adjustments if one.group == "PR")
    share += sum(one.cents for line in payment.lines for one in line.adjustments if one.group == "PR")
    on_lines = [one.remaining_patient_liability for one in decided if one.remaining_patient_liability]
    assert other.remaining_patient_liability is None or on_lines == []
    assert (other.remaining_patient_liability or 0) + sum(on_lines) == share
    kept = {(one.group, one.reason) for one in other.adjustments}
    kept |= {(one.group, one.reason) for line in decided for one in line.adjustments}
    every = [*payment.adjustments, *(one for line in payment.lines for one in line.adjustments)]
    sums: dict[tuple[str, str], int] = {}
    for one in every:
        sums[one.group, one.reason] = sums.get((one.group, one.reason), 0) + one.cents
    assert kept == {codes for codes, total in sums.items() if total}


@pytest.mark.parametrize("change", ["line", "claim"])
def test_an_answer_to_another_charge_breaks_an_equation(change):
    other = make_claim(patient_control_number="C1", lines=(make_line(1, charge=5001), make_line(2, "97140")))
    made = built(claim=other, wants=change)
    found = list(broken_equations(made))
    assert {one.code for one in found} == {"AGN026"}
    assert {one.location.element for one in found} == ({"SVD02", "AMT02"} if change == "line" else {"AMT02"})


def test_reasons_that_fit_in_no_five_segments_are_told():
    many = tuple(Adjustment("CO", str(number), 1) for number in range(1, 32))
    line = make_service_payment(charge=5000, paid=5000 - 31, adjustments=many)
    made = built(answered(make_claim_payment(lines=(line, LINES[1]))))
    assert [one.location.element for one in broken_equations(made)] == ["CAS01"]


MIXED = tuple(Adjustment("CO" if place % 2 else "PR", str(place), 1) for place in range(14))
"""Reasons of two groups in turn."""


def test_the_reasons_of_a_group_stand_together_so_that_they_fit():
    line = make_service_payment(charge=5000, paid=5000 - len(MIXED), adjustments=MIXED)
    made = built(answered(make_claim_payment(lines=(line, LINES[1]))))
    (decided,) = made.lines[0].adjudications
    assert [one.group for one in decided.adjustments] == ["PR"] * 7 + ["CO"] * 7
    assert [one.reason for one in decided.adjustments] == [one.reason for one in (*MIXED[::2], *MIXED[1::2])]
    assert list(broken_equations(made)) == []


def test_segments_are_counted_as_they_are_written():
    """A group that comes again after another one begins a segment anew."""
    made = built()
    (decided,) = made.lines[0].adjudications
    decided = msgspec.structs.replace(decided, paid=5000 - len(MIXED), adjustments=MIXED)
    line = msgspec.structs.replace(made.lines[0], adjudications=(decided,))
    found = list(broken_equations(msgspec.structs.replace(made, lines=(line, *made.lines[1:]))))
    assert "CAS01" in [one.location.element for one in found]


def test_a_line_that_is_denied_as_a_duplicate_takes_no_answers_place():
    denied = make_service_payment(charge=5000, paid=0, adjustments=(Adjustment("OA", "18", 5000),))
    again = make_claim_payment(paid=4000, lines=(denied, LINES[1]), payer_claim_control_number="AGAIN")
    later = msgspec.structs.replace(answered(again), repeated=frozenset({0}))
    made = told(answered(), later)
    assert [one.paid for one in made.lines[1]] == [LINES[0].paid]
    assert [one.paid for one in made.lines[2]] == [LINES[1].paid]
    assert made.paid == LINES[0].paid + LINES[1].paid
    everything = msgspec.structs.replace(later, repeated=frozenset({0, 1}))
    assert told(answered(), everything) == told()
