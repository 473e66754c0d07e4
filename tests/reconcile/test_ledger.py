"""The books: every cent on a line, whatever comes, in whatever order."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes.lookup import load_tables
from edi.model.balance import claim_imbalances
from edi.model.finding import Severity
from edi.model.remittance import Adjustment, ClaimPayment, Procedure, ServicePayment
from reconcile.accounts import share, share_all
from reconcile.chain import build_chain
from reconcile.ledger import post
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
CODES = [
    ("CO", "45"), ("CO", "253"), ("CO", "144"), ("PR", "1"), ("PR", "2"), ("PR", "45"), ("CO", "97"), ("PR", "96"),
    ("CO", "2"), ("OA", "23"), ("OA", "133"), ("OA", "18"), ("CO", "ZZ9"), ("PI", "119"),
]  # fmt: skip
CHARGES = (15000, 6000, 9999)


def submitted(charges=CHARGES):
    lines = tuple(
        SubmittedLine(
            id=n, number=n, procedure_code="97110", modifiers=(), charge=charge, units="1", date_from=DAY,
            date_to=DAY, control_number=f"K{n}", allocated=True,
        )
        for n, charge in enumerate(charges, 1)
    )  # fmt: skip
    return SubmittedClaim(
        id=1, practice_id="P", patient_control_number="C1", charge=sum(charges), frequency="1", payer_key="a",
        payer_id="", payer_name="", member_ids=(), patient_last_name="", patient_first_name="", date_from=None,
        date_to=None, original_reference="", payer_claim_control_numbers=(), sequence=1, root=1, lines=lines,
    )  # fmt: skip


def adjudication(
    number, services, *, payer="a", status="1", claim_level=(), order=None, charge=None, paid=None
):
    """``services``: (line ids, charge, paid, adjustments) each."""
    lines = tuple(
        ServicePayment(
            segment=2,
            procedure=Procedure("HC", "97110"),
            charge=cents,
            paid=cash,
            adjustments=tuple(adjusted),
        )
        for _, cents, cash, adjusted in services
    )
    if charge is None:
        charge = sum(one.charge for one in lines)
    if paid is None:
        paid = sum(one.paid for one in lines) - sum(one.cents for one in claim_level)
    claim = ClaimPayment(
        segment=1, ordinal=0, patient_control_number="C1", status=status, charge=charge, paid=paid, lines=lines,
        adjustments=tuple(claim_level), payer_claim_control_number=f"{payer}1",
    )  # fmt: skip
    match = ClaimMatch(
        claim_id=1,
        evidence=ClaimEvidence.CONTROL_NUMBER,
        lines=tuple(LineMatch(line_ids=tuple(ids), evidence=LineEvidence.CODE_DATE) for ids, *_ in services),
    )
    return Adjudication(
        id=number, payer=payer, payer_kind="", capitated=False, order=order or (f"{number:04d}", 0, 0),
        payment_date=None, claim=claim, match=match,
    )  # fmt: skip


def reversal_of(one, number):
    services = [
        (
            match.line_ids,
            -line.charge,
            -line.paid,
            [Adjustment(a.group, a.reason, -a.cents) for a in line.adjustments],
        )
        for line, match in zip(one.claim.lines, one.match.lines, strict=True)
    ]
    level = [Adjustment(a.group, a.reason, -a.cents) for a in one.claim.adjustments]
    return adjudication(
        number,
        services,
        payer=one.payer,
        status="22",
        claim_level=level,
        charge=-one.claim.charge,
        paid=-one.claim.paid,
    )


@st.composite
def balanced_line(draw, charge, least=-300):
    """Payment and adjustments of at least so many cents that come to the charge."""
    adjusted, left = [], charge
    for group, reason in draw(st.lists(st.sampled_from(CODES), max_size=4)):
        cents = draw(st.integers(least, max(left, 1)))
        if cents:
            adjusted.append(Adjustment(group, reason, cents))
            left -= cents
    if left < 0:
        adjusted.append(Adjustment("CO", "144", left))
        left = 0
    return left, adjusted


@st.composite
def balanced(draw, number, payer, least=-300):
    """An adjudication of all lines: one by one, or with two of them merged, or one split, or a claim-level part."""
    shape = draw(st.sampled_from(["each", "merged", "split", "claim_level", "no_lines"]))
    charges = list(CHARGES)
    if shape == "merged":
        groups = [((1, 2), charges[0] + charges[1]), ((3,), charges[2])]
    elif shape == "split":
        part = draw(st.integers(1, charges[0] - 1))
        groups = [((1,), part), ((1,), charges[0] - part), ((2,), charges[1]), ((3,), charges[2])]
    else:
        groups = [((n,), charge) for n, charge in enumerate(charges, 1)]
    if shape == "no_lines":
        paid, adjusted = draw(balanced_line(sum(charges), least))
        return adjudication(number, [], payer=payer, claim_level=adjusted, charge=sum(charges), paid=paid)
    services = [(ids, charge, *draw(balanced_line(charge, least))) for ids, charge in groups]
    level = []
    if shape == "claim_level":
        cash = sum(paid for _, _, paid, _ in services)
        level = [Adjustment("PR", "3", draw(st.integers(1, cash)))] if cash else []
    return adjudication(number, services, payer=payer, claim_level=level)


def books_hold(ledger, adjudications):
    """Invariants of any ledger: lines whole, cash as paid."""
    booked = defaultdict(lambda: defaultdict(int))
    for one in ledger.postings:
        booked[one.line_id][one.account] += one.cents
    for balance in ledger.balances:
        mine = booked[balance.line_id]
        counted = sum(
            cents for account, cents in mine.items() if account not in (Account.MEMO, Account.PENDED)
        )
        assert counted + balance.open == balance.charge
        assert (balance.paid, balance.contractual, balance.patient, balance.denied, balance.pended) == tuple(
            mine[account]
            for account in (
                Account.PAID,
                Account.CONTRACTUAL,
                Account.PATIENT,
                Account.DENIED,
                Account.PENDED,
            )
        )
    cash = sum(one.cents for one in ledger.postings if one.account is Account.PAID)
    assert cash == sum(one.claim.paid for one in adjudications)


@given(st.data(), st.lists(st.sampled_from("aab"), min_size=1, max_size=4))
def test_every_cent_stands_on_a_line(data, payers):
    adjudications = [data.draw(balanced(n, payer)) for n, payer in enumerate(payers, 1)]
    for one in adjudications:
        assert not [found for found in claim_imbalances(one.claim) if found.severity is Severity.ERROR]
    ledger = post(adjudications, submitted().lines, TABLES)
    books_hold(ledger, adjudications)
    assert (
        post(adjudications[::-1], submitted().lines, TABLES) == ledger
    )  # the order of arrival does not matter


@given(st.data(), st.integers(1, 3))
def test_adjustments_of_later_payers_bring_no_line_below_zero(data, count):
    adjudications = [data.draw(balanced(1, "a", 0))]
    old = {one.line_id: one for one in post(adjudications, submitted().lines, TABLES).balances}
    for number in range(2, count + 2):
        adjudications.append(data.draw(balanced(number, f"later{number}", 0)))
        new = {one.line_id: one for one in post(adjudications, submitted().lines, TABLES).balances}
        for line_id, after in new.items():
            before = old[line_id]
            settled = after.paid + after.contractual
            assert settled <= max(after.charge, after.paid + before.contractual)  # only money overshoots
            assert after.open >= min(0, after.charge - settled)
        old = new


@given(st.data(), st.lists(st.sampled_from("abc"), max_size=3, unique=True))
def test_a_reversal_right_after_restores_what_was(data, earlier):
    before = [data.draw(balanced(n, payer)) for n, payer in enumerate(earlier, 1)]
    wrong = data.draw(balanced(10, "x"))
    taken_back = reversal_of(wrong, 11)
    lines = submitted().lines
    ledger = post([*before, wrong, taken_back], lines, TABLES)
    assert ledger.balances == post(before, lines, TABLES).balances
    assert [one.code for one in ledger.findings if one.code.startswith("REVERSAL")] == []
    net = defaultdict(int)
    for one in ledger.postings:
        if one.adjudication in (10, 11):
            net[one.line_id, one.account, one.group, one.reason] += one.cents
    assert not any(net.values())


@given(st.data())
def test_the_correction_after_a_reversal_stands_alone(data):
    wrong = data.draw(balanced(1, "a"))
    right = data.draw(balanced(3, "a"))
    lines = submitted().lines
    ledger = post([wrong, reversal_of(wrong, 2), right], lines, TABLES)
    assert ledger.balances == post([right], lines, TABLES).balances


@given(st.data())
def test_the_fast_way_posts_what_the_general_way_posts(data):
    one = data.draw(balanced(1, "a"))
    claim = submitted()
    fast = post([one], claim.lines, TABLES)
    general = post([one], claim.lines, TABLES, chain=build_chain([claim]))
    assert fast.balances == general.balances
    assert fast.postings == general.postings
    assert fast.live == general.live


def test_a_later_payment_draws_on_patient_share_before_denials():
    first = adjudication(
        1,
        [
            (
                (1,),
                15000,
                6000,
                [Adjustment("CO", "45", 5000), Adjustment("PR", "2", 2000), Adjustment("CO", "151", 2000)],
            )
        ],
    )
    second = adjudication(2, [((1,), 15000, 2000, [Adjustment("OA", "23", 13000)])], payer="b")
    (balance,) = post([first, second], submitted((15000,)).lines, TABLES).balances
    assert (balance.patient, balance.denied, balance.paid, balance.open) == (0, 2000, 8000, 0)


def test_a_payment_after_a_denial_without_reversal_recovers_it():
    denied = adjudication(1, [((1,), 15000, 0, [Adjustment("CO", "197", 15000)])])
    paid = adjudication(2, [((1,), 15000, 11000, [Adjustment("CO", "45", 4000)])])
    state = reconcile_claim([submitted((15000,))], [denied, paid], TABLES)
    (balance,) = state.balances
    assert (balance.denied, balance.paid, balance.contractual, balance.open) == (0, 11000, 4000, 0)
    (denial,) = state.denials
    assert (denial.status.value, denial.recovered) == ("recovered", 11000)
    assert state.status == "settled"


def test_a_second_payment_without_reversal_is_a_credit_balance_and_its_writeoff_memo():
    one = [((1,), 15000, 11000, [Adjustment("CO", "45", 4000)])]
    state = reconcile_claim([submitted((15000,))], [adjudication(1, one), adjudication(2, one)], TABLES)
    (balance,) = state.balances
    assert (balance.paid, balance.contractual, balance.open) == (22000, 4000, -11000)
    assert [finding.code for finding in state.findings] == ["ANSWERED_TWICE"]
    assert state.status == "overpaid"


def told_twice(*shares):
    """One payer pays 80.00 for each share that it leaves to the patient, of 150.00."""
    return [
        adjudication(
            number,
            [((1,), 15000, 8000, [Adjustment("CO", "45", 7000 - share), Adjustment("PR", "2", share)])],
        )
        for number, share in enumerate(shares, 1)
    ]


@pytest.mark.parametrize(
    ("first", "second", "patient"),
    [(2000, 2000, 2000), (2000, 1500, 1500), (2000, 3000, 2000), (2000, 0, 0), (0, 2000, 0)],
)
def test_money_twice_leaves_the_patient_what_both_answers_leave_to_him(first, second, patient):
    (balance,) = post(told_twice(first, second), submitted((15000,)).lines, TABLES).balances
    assert (balance.paid, balance.patient) == (16000, patient)
    assert balance.open == 15000 - 16000 - (7000 - first) - patient


def test_a_small_payment_twice_does_not_pay_the_patients_share():
    one = [((1,), 15000, 3000, [Adjustment("CO", "45", 5000), Adjustment("PR", "1", 7000)])]
    (balance,) = post(
        [adjudication(1, one), adjudication(2, one)], submitted((15000,)).lines, TABLES
    ).balances
    assert (balance.paid, balance.contractual, balance.patient, balance.open) == (6000, 5000, 7000, -3000)


def test_a_supplement_without_a_reversal_still_pays_the_patients_share():
    first = told_twice(2000)[0]
    more = adjudication(2, [((1,), 15000, 2000, [Adjustment("CO", "45", 13000)])])
    (balance,) = post([first, more], submitted((15000,)).lines, TABLES).balances
    assert (balance.paid, balance.patient, balance.open) == (10000, 0, 0)


def test_the_reversal_of_either_answer_leaves_the_other_whole():
    twice = told_twice(2000, 2000)
    for original in twice:
        ledger = reconcile_claim([submitted((15000,))], [*twice, reversal_of(original, 3)], TABLES)
        (balance,) = ledger.balances
        assert (balance.paid, balance.contractual, balance.patient, balance.open) == (8000, 5000, 2000, 0)


def test_another_payers_money_still_answers_the_patients_share():
    first = told_twice(2000)[0]
    second = adjudication(
        2, [((1,), 15000, 8000, [Adjustment("CO", "45", 5000), Adjustment("PR", "2", 2000)])], payer="b"
    )
    (balance,) = post([first, second], submitted((15000,)).lines, TABLES).balances
    assert (balance.patient, balance.open) == (0, -6000)


def test_primary_reversed_and_corrected_after_the_secondary_paid():
    primary = adjudication(
        1, [((1,), 15000, 8000, [Adjustment("CO", "45", 5000), Adjustment("PR", "2", 2000)])]
    )
    secondary = adjudication(2, [((1,), 15000, 2000, [Adjustment("OA", "23", 13000)])], payer="b")
    lines = submitted((15000,)).lines
    (balance,) = post([primary, secondary, reversal_of(primary, 3)], lines, TABLES).balances
    assert (balance.paid, balance.patient, balance.open) == (2000, 0, 13000)
    again = adjudication(
        4, [((1,), 15000, 8000, [Adjustment("CO", "45", 5000), Adjustment("PR", "2", 2000)])]
    )
    (balance,) = post([primary, secondary, reversal_of(primary, 3), again], lines, TABLES).balances
    assert (balance.paid, balance.contractual, balance.patient, balance.open) == (10000, 5000, 0, 0)


def test_a_reversal_without_original_waits_and_says_so():
    lone = adjudication(1, [((1,), -15000, -8000, [Adjustment("CO", "45", -7000)])], status="22")
    ledger = post([lone], submitted((15000,)).lines, TABLES)
    assert [finding.code for finding in ledger.findings] == ["REVERSAL_WITHOUT_ORIGINAL"]
    (balance,) = ledger.balances
    assert (balance.paid, balance.contractual, balance.open) == (0, 0, 15000)
    assert (ledger.waiting, ledger.postings) == (frozenset({1}), ())


def test_a_reversal_that_takes_back_other_cash_posts_the_cash_of_the_file():
    original = adjudication(1, [((1,), 15000, 8000, [Adjustment("CO", "45", 7000)])])
    odd = adjudication(2, [((1,), -15000, -7900, [Adjustment("CO", "45", -7100)])], status="22")
    ledger = post([original, odd], submitted((15000,)).lines, TABLES)
    assert [finding.code for finding in ledger.findings] == ["REVERSAL_DIFFERS"]
    assert ledger.balances[0].paid == 100


def test_final_decision_ends_a_wait():
    waiting = adjudication(1, [((1,), 15000, 0, [Adjustment("OA", "133", 15000)])])
    decided = adjudication(2, [((1,), 15000, 11000, [Adjustment("CO", "45", 4000)])])
    lines = submitted((15000,)).lines
    assert post([waiting], lines, TABLES).balances[0].pended == 15000
    (balance,) = post([waiting, decided], lines, TABLES).balances
    assert (balance.pended, balance.open) == (0, 0)


def test_claim_level_money_without_lines_goes_to_the_lines_by_charge():
    one = adjudication(1, [], claim_level=[Adjustment("CO", "45", 10001)], charge=30999, paid=20998)
    ledger = post([one], submitted().lines, TABLES)
    assert [balance.open for balance in ledger.balances] == [0, 0, 0]
    assert sum(balance.contractual for balance in ledger.balances) == 10001


def test_bundling_that_does_not_cancel_is_a_denial():
    one = adjudication(
        1,
        [((1,), 6000, 8000, [Adjustment("OA", "94", -6000), Adjustment("CO", "45", 4000)]),
         ((2,), 6000, 0, [Adjustment("CO", "97", 6000)]),
         ((3,), 5000, 0, [Adjustment("CO", "97", 5000)])],
    )  # fmt: skip
    ledger = post([one], submitted((6000, 6000, 5000)).lines, TABLES)
    assert sum(balance.denied for balance in ledger.balances) == 11000


def test_uncorrected_reversal_of_a_listed_reason_only():
    original = adjudication(1, [((1,), 15000, 8000, [Adjustment("CO", "45", 7000)])])
    state = reconcile_claim([submitted((15000,))], [original, reversal_of(original, 2)], TABLES)
    assert state.denials == ()
    assert (state.status, state.balances[0].open) == ("reversed", 15000)


@given(st.integers(-10000, 10000), st.lists(st.integers(0, 500), min_size=1, max_size=8))
def test_share_is_exact(cents, weights):
    shares = share(cents, weights)
    assert sum(shares) == cents
    if sum(weights):
        for one, weight in zip(shares, weights, strict=True):
            assert abs(one * sum(weights) - cents * weight) < sum(weights)


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=5), st.data())
def test_shares_of_a_whole_leave_no_line_open(weights, data):
    total = sum(weights)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=3)))
    amounts = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
    rows = share_all(amounts, weights)
    assert [sum(row) for row in rows] == amounts
    assert [sum(column) for column in zip(*rows, strict=True)] == weights


@pytest.mark.parametrize(
    ("group", "reason", "account"),
    [
        ("PR", "3", Account.PATIENT),
        ("CO", "3", Account.CONTRACTUAL),
        ("PR", "45", Account.PATIENT),
        ("CO", "45", Account.CONTRACTUAL),
        ("OA", "23", Account.MEMO),
        ("OA", "133", Account.PENDED),
        ("PR", "27", Account.DENIED),
        ("CO", "24", Account.DENIED),
        ("CO", "ZZ9", Account.DENIED),
        ("CR", "45", Account.CONTRACTUAL),
        ("OA", "18", Account.DENIED),
    ],
)
def test_account_of_a_partial_adjustment(group, reason, account):
    one = adjudication(1, [((1,), 15000, 10000, [Adjustment(group, reason, 5000)])])
    ledger = post([one], submitted((15000,)).lines, TABLES)
    assert {posting.account for posting in ledger.postings} == {Account.PAID, account}


CAPPED = {
    # paid, adjustments -> paid, contractual, patient, denied, open, memo
    "the write-off": (4000, [("CO", "45", 6000)], (4000, 1000, 0, 0, 0, 5000)),
    "the write-off before the patient": (4000, [("CO", "45", 5000), ("PR", "2", 1000)], (4000, 0, 1000, 0, 0, 5000)),
    "then the patient": (4500, [("CO", "45", 4000), ("PR", "2", 1500)], (4500, 0, 500, 0, 0, 5000)),
    "the denial last": (0, [("CO", "45", 4000), ("CO", "197", 6000)], (0, 0, 0, 5000, 0, 5000)),
    "never the money": (9000, [("CO", "45", 1000)], (9000, 0, 0, 0, -4000, 1000)),
}  # fmt: skip


@pytest.mark.parametrize("name", CAPPED)
@pytest.mark.parametrize("way", ["fast", "general"])
def test_adjustments_of_a_higher_charge_stay_within_the_submitted_one(name, way):
    paid, adjusted, expected = CAPPED[name]
    claim = submitted((5000,))
    one = adjudication(1, [((1,), 10000, paid, [Adjustment(*codes) for codes in adjusted])])
    ledger = post([one], claim.lines, TABLES, chain=build_chain([claim]) if way == "general" else None)
    (balance,) = ledger.balances
    memo = sum(posting.cents for posting in ledger.postings if posting.account is Account.MEMO)
    assert (
        balance.paid,
        balance.contractual,
        balance.patient,
        balance.denied,
        balance.open,
        memo,
    ) == expected
    assert [(found.code, found.severity) for found in ledger.findings] == [
        ("CHARGE_DIFFERS", Severity.WARNING)
    ]
    books_hold(ledger, [one])


def test_a_duplicate_of_a_higher_charge_is_told():
    claim = submitted((5000, 7000))
    one = adjudication(1, [((1,), 5001, 5000, [Adjustment("OA", "18", 1)]), ((2,), 7000, 7000, [])])
    ledger = post([one], claim.lines, TABLES)
    assert [balance.open for balance in ledger.balances] == [0, 0]
    assert [found.code for found in ledger.findings] == ["CHARGE_DIFFERS"]


@given(st.data(), st.integers(1, 20000))
def test_no_adjustment_of_a_first_answer_brings_a_line_below_zero(data, charge):
    paid, adjusted = data.draw(balanced_line(charge, 0))
    claim = submitted((5000, 7000))
    one = adjudication(1, [((1,), charge, paid, adjusted), ((2,), 7000, 7000, [])])
    ledger = post([one], claim.lines, TABLES)
    first, second = ledger.balances
    assert first.open >= min(0, 5000 - first.paid)
    assert (second.open, second.paid) == (0, 7000)
    kept_apart = any(
        posting.account is Account.MEMO
        and (posting.group, posting.reason) not in {("OA", "23"), ("OA", "133"), ("OA", "18")}
        for posting in ledger.postings
    )
    # A duplicate's own words are memo without a finding, unless the payer answered a higher charge.
    higher = charge > 5000 and [found.code for found in ledger.findings] == ["CHARGE_DIFFERS"]
    assert bool(ledger.findings) is (kept_apart or higher)
    reversed_too = post([one, reversal_of(one, 2)], claim.lines, TABLES)
    assert [balance.open for balance in reversed_too.balances] == [5000, 7000]


def test_lines_answered_together_are_measured_together():
    lines = submitted((5000, 3000)).lines
    bundled = adjudication(
        1,
        [
            ((1,), 8000, 6000, [Adjustment("OA", "94", -3000), Adjustment("CO", "45", 5000)]),
            ((2,), 0, 0, [Adjustment("CO", "97", 3000), Adjustment("CO", "45", -3000)]),
        ],
    )
    merged = adjudication(1, [((1, 2), 8000, 6000, [Adjustment("CO", "45", 2000)])])
    split = adjudication(
        1,
        [((1,), 3000, 1000, [Adjustment("CO", "45", 2000)]), ((1,), 2000, 2000, []), ((2,), 3000, 3000, [])],
    )
    for one in (bundled, merged, split):
        ledger = post([one], lines, TABLES)
        assert ledger.findings == ()
        assert sum(balance.open for balance in ledger.balances) == 0
        assert not [posting for posting in ledger.postings if posting.account is Account.MEMO]
