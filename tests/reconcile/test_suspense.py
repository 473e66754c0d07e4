"""What a released claim payment does not explain: all of it in suspense, none of it open, gone with what corrects it."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes.lookup import load_tables
from edi.model.remittance import Adjustment, ClaimPayment, Procedure, RemittanceParty, ServicePayment
from reconcile.accounts import unexplained, unexplained_of_claim, unexplained_of_line
from reconcile.ledger import post
from reconcile.match import match_by_hand
from reconcile.match.ranking import rank_candidates
from reconcile.reconciliation import reconcile_claim
from reconcile.values import (
    Account,
    Adjudication,
    ClaimEvidence,
    ClaimMatch,
    LineEvidence,
    LineMatch,
    SubmittedClaim,
    SubmittedLine,
)

TABLES = load_tables()
DAY = date(2026, 1, 5)
CHARGES = (15000, 6000)


def submitted(charges=CHARGES, **changes):
    lines = tuple(
        SubmittedLine(
            id=n, number=n, procedure_code=f"9711{n}", modifiers=(), charge=charge, units="1", date_from=DAY,
            date_to=DAY, control_number=f"K{n}", allocated=True,
        )
        for n, charge in enumerate(charges, 1)
    )  # fmt: skip
    fields = {
        "id": 1, "practice_id": "P", "patient_control_number": "C1", "charge": sum(charges), "frequency": "1",
        "payer_key": "a", "payer_id": "", "payer_name": "", "member_ids": ("M1",), "patient_last_name": "DOE",
        "patient_first_name": "ANN", "date_from": None, "date_to": None, "original_reference": "",
        "payer_claim_control_numbers": (), "sequence": 1, "root": 1, "lines": lines,
    }  # fmt: skip
    return SubmittedClaim(**{**fields, **changes})


def paid(number, rows, *, payer="a", status="1", own=(), cash=None, order=None):
    """``rows``: charge, paid and CO-45 of each line."""
    lines = tuple(
        ServicePayment(
            segment=2,
            procedure=Procedure("HC", f"9711{place}"),
            charge=charge,
            paid=given,
            date_from=DAY,
            adjustments=(Adjustment("CO", "45", off),) if off else (),
        )
        for place, (charge, given, off) in enumerate(rows, 1)
    )
    adjusted = tuple(Adjustment("CO", "253", cents) for cents in own)
    whole = sum(one.paid for one in lines) - sum(own) if cash is None else cash
    claim = ClaimPayment(
        segment=1, ordinal=0, patient_control_number="X", status=status, charge=sum(one.charge for one in lines),
        paid=whole, lines=lines, adjustments=adjusted, payer_claim_control_number="N1",
    )  # fmt: skip
    match = ClaimMatch(
        claim_id=1,
        evidence=ClaimEvidence.CONTROL_NUMBER,
        lines=tuple(
            LineMatch(line_ids=(n,), evidence=LineEvidence.CODE_DATE_CHARGE) for n in range(1, len(rows) + 1)
        ),
    )
    return Adjudication(
        id=number, payer=payer, payer_kind="", capitated=False, order=(order or f"{number:03d}", 0, 0),
        payment_date=DAY, claim=claim, match=match,
    )  # fmt: skip


def state(*adjudications):
    return reconcile_claim([submitted()], adjudications, TABLES)


def total(found, name):
    return sum(getattr(one, name) for one in found.balances)


cents = st.integers(0, 14000)


@given(
    first=st.tuples(cents, cents),
    second=st.tuples(cents, cents),
    own=st.integers(0, 500),
    extra=st.integers(-900, 900),
)
def test_all_that_is_unexplained_is_in_suspense_and_nothing_open(first, second, own, extra):
    rows = [(CHARGES[0], *first), (CHARGES[1], *second)]
    one = paid(1, rows, own=(own,) if own else ())
    one = paid(1, rows, own=(own,) if own else (), cash=one.claim.paid + extra)
    ledger = post([one], submitted().lines, TABLES)
    posted = {
        account: sum(each.cents for each in ledger.postings if each.account is account) for account in Account
    }
    assert posted[Account.PAID] == one.claim.paid
    assert posted[Account.SUSPENSE] == unexplained(one.claim)
    assert sum(each.open for each in ledger.balances) == 0
    for each in ledger.balances:
        assert (
            each.charge
            == each.paid + each.contractual + each.patient + each.denied + each.suspense + each.open
        )


@given(first=st.tuples(cents, cents), second=st.tuples(cents, cents))
def test_a_reversal_leaves_nothing_in_suspense(first, second):
    one = paid(1, [(CHARGES[0], *first), (CHARGES[1], *second)])
    back = paid(2, [(-CHARGES[0], -first[0], 0), (-CHARGES[1], -second[0], 0)], status="22")
    found = state(one, back)
    assert (total(found, "suspense"), total(found, "paid")) == (0, 0)


def test_a_balanced_claim_payment_has_nothing_in_suspense():
    one = paid(1, [(15000, 10000, 5000), (6000, 6000, 0)], own=(300,))
    assert (unexplained(one.claim), unexplained_of_claim(one.claim)) == (0, 0)
    assert all(unexplained_of_line(line) == 0 for line in one.claim.lines)
    assert not any(each.account is Account.SUSPENSE for each in state(one).postings)


def test_what_comes_later_is_taken_from_suspense_first_and_its_reversal_gives_it_back():
    released = paid(1, [(15000, 10000, 4000), (6000, 6000, 0)])
    assert total(state(released), "suspense") == 1000
    later = paid(2, [(15000, 1000, 0), (6000, 0, 0)], payer="b")
    found = state(released, later)
    assert (total(found, "paid"), total(found, "open")) == (17000, 0)
    assert found.balances[0].suspense == 0
    back = paid(3, [(-15000, -1000, 0), (-6000, 0, 0)], payer="b", status="22")
    assert state(released, later, back).balances[0].suspense == 1000


def test_a_claim_with_money_in_suspense_is_not_settled():
    assert state(paid(1, [(15000, 10000, 5000), (6000, 6000, 0)])).status == "settled"
    assert state(paid(1, [(15000, 10000, 4000), (6000, 6000, 0)])).status == "partly_answered"


def test_a_claim_payment_without_lines_leaves_what_it_lacks():
    one = paid(1, [])
    claim = ClaimPayment(
        segment=1, ordinal=0, patient_control_number="X", status="1", charge=21000, paid=20000
    )
    whole = Adjudication(
        id=1, payer="a", payer_kind="", capitated=False, order=("1", 0, 0), payment_date=DAY, claim=claim, match=one.match
    )  # fmt: skip
    found = state(whole)
    assert (total(found, "paid"), total(found, "suspense"), total(found, "open")) == (20000, 1000, 0)


@pytest.mark.parametrize(
    ("ties", "ids", "missing"),
    [({}, [(1,), (2,)], None), ({0: [2], 1: [1]}, [(2,), (1,)], None), ({0: [1, 2]}, [(1, 2), (2,)], None),
     ({1: [7]}, None, "paid line 2")],
)  # fmt: skip
def test_lines_are_tied_as_a_person_said(ties, ids, missing):
    payment = paid(1, [(15000, 10000, 5000), (6000, 6000, 0)]).claim
    match = match_by_hand(payment, [submitted()], ties)
    if missing:
        assert match.claim_id is None
        assert missing in match.detail
    else:
        assert (match.claim_id, match.evidence) == (1, ClaimEvidence.BY_HAND)
        assert [one.line_ids for one in match.lines] == ids


def test_the_submission_whose_lines_fit_is_taken():
    payment = paid(1, [(15000, 10000, 5000), (6000, 6000, 0)]).claim
    other = submitted((100,), id=7, sequence=2)
    assert match_by_hand(payment, [other, submitted()], {}).claim_id == 1
    assert match_by_hand(payment, [other], {}).reason == "lines_unmatched"


def test_candidates_are_ranked_by_what_speaks_for_them():
    party = RemittanceParty(role="QC", last_name="DOE", first_name="A", id="M1")
    payment = ClaimPayment(
        segment=1, ordinal=0, patient_control_number="C2", status="1", charge=21000, paid=0, parties=(party,),
        lines=paid(1, [(15000, 10000, 5000), (6000, 6000, 0)]).claim.lines,
    )  # fmt: skip
    named = submitted(
        (100,), id=2, root=2, patient_control_number="C2", patient_last_name="ELSE", member_ids=()
    )
    stranger = submitted((5,), id=3, root=3, patient_last_name="WHO", member_ids=(), payer_key="")
    ranked = rank_candidates(payment, [named, stranger, submitted()], payer_key="a")
    assert [(one.claim_id, one.score, one.margin) for one in ranked] == [(1, 100, 45), (2, 55, 55)]
    assert ranked[0].evidence == (
        "member_id", "patient_name", "charge", "dates_of_service", "payer", "lines 2 of 2",
    )  # fmt: skip
    assert ranked[1].evidence == ("control_number", "dates_of_service", "payer")
    assert rank_candidates(payment, [named], limit=0) == ()


def test_the_claim_of_that_very_patient_is_ranked_before_the_one_whose_number_it_has():
    party = RemittanceParty(role="QC", last_name="DOE", first_name="A", id="M1")
    payment = msgspec.structs.replace(
        paid(1, [(15000, 10000, 5000), (6000, 6000, 0)]).claim, patient_control_number="C2", parties=(party,)
    )
    other = submitted(
        id=2, root=2, patient_control_number="C2", patient_last_name="ELSE", member_ids=("Z987654321",)
    )
    ranked = rank_candidates(payment, [other, submitted()], payer_key="a")
    assert [one.claim_id for one in ranked] == [1, 2]
    assert [("another_patient" in one.evidence) for one in ranked] == [False, True]
