"""Which deposit is for which remittance: trace first, then what only one answer fits, and never a guess."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.deposits import MOST_IN_BATCH, BankDeposit, DepositStatus, ExpectedPayment, match_deposits

DAY = date(2026, 3, 20)
TODAY = date(2026, 4, 30)


def deposit(number, amount, *, day=0, trace="", payer="", text="", practice=""):
    return BankDeposit(
        id=number,
        key=f"d{number:03d}",
        practice=practice,
        day=DAY + timedelta(days=day),
        amount=amount,
        trace_number=trace,
        payer_id=payer,
        payer_text=text,
    )


def era(
    number,
    amount,
    *,
    day=0,
    trace="T1",
    payer="1512345678",
    name="ACME HEALTH",
    method="ACH",
    practice="orchard",
):
    return ExpectedPayment(
        id=number,
        key=f"p{number:03d}",
        practices=(practice,),
        payer_ids=(payer, "PAYOR123"),
        payer_names=(name,),
        trace_number=trace,
        day=None if day is None else DAY + timedelta(days=day),
        amount=amount,
        method=method,
    )


def tied(deposits, payments, today=TODAY, window=10, late=7):
    found = match_deposits(deposits, payments, today=today, window_days=window, late_after_days=late)
    return [(one.status.value, one.deposit, one.payments, one.evidence or one.note) for one in found]


@pytest.mark.parametrize(
    ("given_trace", "payer"),
    [("T1", "1512345678"), ("t1", "512345678"), ("00T1", ""), ("T1", "PAYOR123")],
)
def test_the_trace_number_ties_in_any_spelling_and_whatever_the_date(given_trace, payer):
    found = tied([deposit(1, 8000, trace=given_trace, payer=payer, day=40)], [era(1, 8000)])
    assert found == [("matched", 1, (1,), "trace")]


@pytest.mark.parametrize(
    "text",
    ["EFT00000100006 MEDICARE", "PMT MEDICARE ID:eft00000100006,", "MEDICARE #EFT00000100006/0406"],
)
def test_a_trace_number_that_is_a_word_of_the_text_ties(text):
    payments = [era(1, 8000, trace="EFT00000100006", day=-20), era(2, 8000, trace="EFT00000100007", day=-20)]
    assert tied([deposit(1, 8000, text=text)], payments)[0] == ("matched", 1, (1,), "trace")


@pytest.mark.parametrize(
    ("given_deposit", "given_payment"),
    [
        (deposit(1, 8000, text="XEFT00000100006 MEDICARE"), era(1, 8000, trace="EFT00000100006", day=-20)),
        (deposit(1, 8001, text="EFT00000100006 MEDICARE"), era(1, 8000, trace="EFT00000100006", day=-20)),
        (
            deposit(1, 8000, text="EFT00000100006", payer="1999999999"),
            era(1, 8000, trace="EFT00000100006", day=-20),
        ),
        (
            deposit(1, 8000, text="EFT00000100006", practice="plum"),
            era(1, 8000, trace="EFT00000100006", day=-20),
        ),
        (deposit(1, 8000, text="STORE 0042 DEPOSIT"), era(1, 8000, trace="42", day=-20)),
    ],
    ids=["part of a word", "amount", "payer", "practice", "short"],
)
def test_a_trace_number_in_the_text_does_not_tie_alone(given_deposit, given_payment):
    assert tied([given_deposit], [given_payment])[0][0] == "deposit_without_era"


def test_a_trace_number_in_the_text_that_fits_two_ties_none():
    text = "EFT00000100006 MEDICARE"
    one = era(1, 8000, trace="EFT00000100006", day=-20)
    again = era(2, 8000, trace="EFT00000100006", day=-40)
    assert tied([deposit(1, 8000, text=text)], [one, again])[0][3] == "ambiguous"
    twice = tied([deposit(1, 8000, text=text), deposit(2, 8000, text=text)], [one])
    assert [row[3] for row in twice[:2]] == ["ambiguous", "ambiguous"]


def test_a_trace_number_of_another_payer_or_practice_does_not_tie():
    assert tied([deposit(1, 8000, trace="T1", payer="1999999999")], [era(1, 8000)]) == [
        ("deposit_without_era", 1, (), ""),
        ("era_without_deposit", None, (1,), ""),
    ]
    assert (
        tied([deposit(1, 8000, trace="T1", practice="willow")], [era(1, 8000)])[0][0] == "deposit_without_era"
    )


def test_an_amount_that_differs_is_said_not_hidden():
    assert tied([deposit(1, 7900, trace="T1")], [era(1, 8000)]) == [("amount_differs", 1, (1,), "trace")]


def test_a_trace_number_used_again_goes_by_amount_then_date():
    payments = [era(1, 8000), era(2, 8000, day=7), era(3, 500, day=7)]
    found = tied([deposit(1, 8000, trace="T1", day=8), deposit(2, 500, trace="T1", day=8)], payments)
    assert found == [
        ("matched", 2, (3,), "trace"),
        ("matched", 1, (2,), "trace"),
        ("era_without_deposit", None, (1,), ""),
    ]


def test_one_transfer_under_one_trace_number_may_pay_several_remittances():
    payments = [era(1, 8000), era(2, 500), era(3, 9900, day=200)]
    assert tied([deposit(1, 8500, trace="T1", day=2)], payments)[0] == ("matched", 1, (2, 1), "trace")
    assert tied([deposit(1, 8400, trace="T1", day=2)], payments)[0] == ("amount_differs", 1, (2, 1), "trace")


def test_two_deposits_of_one_trace_number_that_fit_nothing_are_left():
    found = tied([deposit(1, 1, trace="T1"), deposit(2, 2, trace="T1")], [era(1, 8000)])
    assert [one[0] for one in found] == ["deposit_without_era", "deposit_without_era", "era_without_deposit"]
    assert found[0][3] == "ambiguous"


@pytest.mark.parametrize(
    ("more", "evidence"),
    [
        ({"payer": "1512345678"}, "amount"),
        ({"text": "ACME HEALTH HCCLAIMPMT 0320"}, "amount"),
        ({"text": "Orig CO Name:Acme-Health"}, "amount"),
        ({}, ""),
        ({"text": "BETA HEALTH"}, ""),
        ({"payer": "1999999999", "text": "ACME HEALTH"}, ""),
        ({"payer": "1512345678", "day": 11}, ""),
        ({"payer": "1512345678", "day": -11}, ""),
        ({"payer": "1512345678", "practice": "willow"}, ""),
    ],
)
def test_without_a_trace_number_amount_date_and_payer_must_agree(more, evidence):
    assert tied([deposit(1, 8000, **more)], [era(1, 8000)])[0][3] == evidence


def test_what_two_answers_fit_is_left_to_a_person():
    one = deposit(1, 8000, payer="1512345678")
    found = tied([one], [era(1, 8000), era(2, 8000, day=3, trace="T2")])
    assert found[0] == ("deposit_without_era", 1, (), "ambiguous")
    found = tied([one, deposit(2, 8000, day=1, payer="1512345678")], [era(1, 8000)])
    assert [row[3] for row in found] == ["ambiguous", "ambiguous", ""]


def test_a_batch_deposit_is_the_one_set_that_adds_up():
    payments = [era(1, 8000, trace="A"), era(2, 500, trace="B"), era(3, 70, trace="C")]
    assert tied([deposit(1, 8070, payer="1512345678")], payments)[0] == ("matched", 1, (3, 1), "batch")
    twice = [*payments, era(4, 430, trace="D")]
    assert tied([deposit(1, 500, payer="1512345678")], twice[2:])[0] == ("matched", 1, (3, 4), "batch")
    two_ways = [era(number, 100 * number, trace=f"A{number}") for number in (1, 2, 3, 4)]
    assert tied([deposit(1, 500, payer="1512345678")], two_ways)[0][3] == "ambiguous"


def test_a_set_that_two_deposits_want_is_left():
    payments = [era(1, 100, trace="A"), era(2, 200, trace="B")]
    found = tied([deposit(1, 300, payer="1512345678"), deposit(2, 300, payer="1512345678")], payments)
    assert [row[0] for row in found] == ["deposit_without_era"] * 2 + ["era_without_deposit"] * 2


def test_checks_of_several_payers_are_one_deposit_where_the_bank_names_nobody():
    checks = [
        era(1, 100, trace="A", method="CHK"),
        era(2, 200, trace="B", method="CHK", payer="1777", name="BETA CARE"),
    ]
    assert tied([deposit(1, 300, text="DEPOSIT")], checks)[0][3] == "batch"
    transfers = [era(1, 100, trace="A"), era(2, 200, trace="B")]
    assert tied([deposit(1, 300, text="DEPOSIT")], transfers)[0][3] == ""


def test_among_too_many_payments_no_batch_is_looked_for():
    payments = [era(number, 2**number, trace=f"A{number}") for number in range(MOST_IN_BATCH + 1)]
    one = [deposit(1, 2**MOST_IN_BATCH + 1, payer="1512345678")]
    assert tied(one, payments)[0][0] == "deposit_without_era"
    assert tied([deposit(1, 3, payer="1512345678")], payments[:MOST_IN_BATCH])[0][0] == "matched"


def test_a_payment_is_late_after_the_days_set_and_one_without_money_never():
    def status(days):
        return tied([], [era(1, 8000)], today=DAY + timedelta(days=days))[0][0]

    assert (status(7), status(8)) == ("awaiting_deposit", "era_without_deposit")
    assert tied([], [era(1, 0, method="NON"), era(2, 0), era(3, 500, method="NON")]) == []
    assert tied([], [era(1, 5, day=None)])[0][0] == "era_without_deposit"


@given(st.lists(st.integers(1, 40000), min_size=0, max_size=25), st.randoms(use_true_random=False))
def test_every_payment_whose_deposit_tells_the_trace_number_is_found_in_any_order(
    amounts, chance: random.Random
):
    payments = [
        era(number, cents, trace=f"E{number}", day=number % 30) for number, cents in enumerate(amounts, 1)
    ]
    deposits = [
        deposit(number, cents, trace=f"E{number}", payer="1512345678", day=number % 30 + 2)
        for number, cents in enumerate(amounts, 1)
    ]
    expected = match_deposits(deposits, payments, today=TODAY, window_days=10, late_after_days=7)
    assert {one.deposit: one.payments for one in expected} == {
        number: (number,) for number in range(1, len(amounts) + 1)
    }
    chance.shuffle(payments)
    chance.shuffle(deposits)
    again = match_deposits(deposits, payments, today=TODAY, window_days=10, late_after_days=7)
    assert again == expected


@given(st.data())
def test_nothing_is_tied_twice_and_a_match_always_adds_up(data):
    amounts = st.integers(1, 6).map(lambda cents: cents * 100)
    payments = [
        era(
            number,
            data.draw(amounts),
            day=data.draw(st.integers(0, 15)),
            trace=data.draw(st.sampled_from("AB")),
        )
        for number in range(1, data.draw(st.integers(0, 6)) + 1)
    ]
    deposits = [
        deposit(
            number,
            data.draw(amounts),
            day=data.draw(st.integers(0, 15)),
            trace=data.draw(st.sampled_from(["", "A"])),
            payer="1512345678",
        )
        for number in range(1, data.draw(st.integers(0, 6)) + 1)
    ]
    found = match_deposits(deposits, payments, today=TODAY, window_days=10, late_after_days=7)
    assert sorted(one.deposit for one in found if one.deposit) == [one.id for one in deposits]
    assert sorted(number for one in found for number in one.payments) == [one.id for one in payments]
    cents = {one.id: one.amount for one in payments}
    of = {one.id: one.amount for one in deposits}
    for one in found:
        if one.status is DepositStatus.MATCHED:
            assert sum(cents[number] for number in one.payments) == of[one.deposit]
