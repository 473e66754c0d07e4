"""Chains of provider adjustments: what they tie, what they come to, and that no order of files matters."""

from __future__ import annotations

import random
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes import load_tables
from edi.model.remittance import Payment, ProviderAdjustment
from edi.testpayer import scenario_remittances
from reconcile.takebacks import (
    ChainState,
    Entry,
    Nature,
    Reversal,
    adjustment_findings,
    find_chains,
    nature_of,
    numbers_of,
)

KNOWN = load_tables().code_set("PLB")
DAY = date(2026, 1, 5)
MEDICARE = f"{'2225300000210':<19}C100021"


def entry(number, reason, reference, cents, *, ordinal=0, bank=10000, method="ACH", payer="acme"):
    day = DAY + timedelta(days=7 * number)
    return Entry(
        remittance=number,
        ordinal=ordinal,
        payer=payer,
        payer_name="ACME",
        payee="orchard",
        trace_number=f"T{number}",
        place=f"{day}|{day}|T{number}|",
        day=day,
        bank=bank,
        method=method,
        reason=reason,
        reference=reference,
        cents=cents,
    )


def reversal(number, claim=None, pcn="C100021", icn="2225300000210", paid=-12000):
    return Reversal(
        remittance=number,
        trace_number=f"T{number}",
        claim=claim,
        patient_control_number=pcn,
        payer_claim_control_number=icn,
        paid=paid,
    )


def chains(*entries, **given):
    return find_chains(entries, known=KNOWN, **given)


@pytest.mark.parametrize(
    ("reference", "numbers"),
    [
        (MEDICARE, ("2225300000210", "C100021")),
        ("RA0020", ("RA0020",)),
        ("P1 C2", ("P1 C2", "P1", "C2")),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", ("ABCDEFGHIJKLMNOPQRSTUVWXYZ",)),
        (f"{'':<19}C100021", ("C100021",)),
        ("  ", ()),
    ],
)
def test_the_numbers_of_a_reference(reference, numbers):
    assert numbers_of(reference) == numbers


@pytest.mark.parametrize(
    ("reason", "nature"),
    [
        ("WO", Nature.RECOVERY),
        ("72", Nature.RECOVERY),
        ("CS", Nature.RECOVERY),
        ("FB", Nature.FORWARD),
        ("AP", Nature.ADVANCE),
        *(
            (reason, Nature.FINAL)
            for reason in ("L6", "J1", "50", "51", "B2", "LE", "E3", "IR", "CT", "BN", "LS")
        ),
        ("ZZ", Nature.UNKNOWN),
    ],
)
def test_what_a_reason_does(reason, nature):
    assert nature_of(reason, KNOWN) is nature


def test_a_deferred_take_back_nets_when_it_is_released_and_names_reversal_and_payment():
    taken = reversal(1, claim=7)
    (one,) = chains(
        entry(1, "WO", MEDICARE, -12000),
        entry(2, "WO", "2225300000210", 5000),
        entry(3, "WO", MEDICARE, 7000),
        claims={("acme", "orchard", MEDICARE): 7},
        reversals=[taken, reversal(2, claim=8, pcn="OTHER", icn="X")],
    )
    assert (one.state, one.balance, one.deferred, one.taken) == (ChainState.NET_ZERO, 0, 12000, 12000)
    assert (one.claim, one.reversals) == (7, (taken,))
    assert [step.trace_number for step in one.reduced] == ["T2", "T3"]


def test_until_it_is_released_what_the_payer_will_take_is_open():
    (one,) = chains(entry(1, "WO", "P1", -12000), entry(2, "WO", "P1", 5000))
    assert (one.state, one.balance) == (ChainState.OPEN, -7000)


def test_money_taken_without_a_reversal_is_open_and_twice_taken_is_said():
    given = {"claims": {("acme", "orchard", "P1"): 7}}
    (one,) = chains(entry(1, "WO", "P1", 12000), **given)
    assert (one.state, one.balance, one.notes) == (ChainState.OPEN, 12000, ())
    (twice,) = chains(entry(1, "WO", "P1", 12000), reversals=[reversal(2, claim=7)], **given)
    assert twice.notes == ("reversed_too",)
    (once,) = chains(
        entry(1, "WO", "P1", 12000), entry(2, "WO", "P1", -12000), reversals=[reversal(2, claim=7)], **given
    )
    assert (once.state, once.notes) == (ChainState.NET_ZERO, ())


def test_references_that_name_one_claim_are_one_chain_and_those_that_name_two_are_not():
    claims = {("acme", "orchard", "P1"): 7, ("acme", "orchard", "C100021"): 7}
    steps = [entry(1, "WO", "P1", -12000), entry(2, "WO", "C100021", 12000)]
    (one,) = chains(*steps, claims=claims)
    assert (one.balance, one.claim) == (0, 7)
    assert len(chains(*steps)) == 2


def test_a_refund_that_arrived_pairs_with_its_recovery():
    (one,) = chains(entry(1, "72", "P1", -4000), entry(1, "WO", "P1", 4000, ordinal=1))
    assert (one.state, one.reasons) == (ChainState.NET_ZERO, ("72", "WO"))


@pytest.mark.parametrize(
    ("steps", "balance"),
    [
        ([("WO", 4000), ("72", -4000)], 0),  # a refund of our own accord: taken and given back
        ([("WO", -4000), ("WO", 4000), ("72", -4000)], 0),  # deferred, then settled by our check
        ([("WO", -4000), ("WO", 1500), ("72", -1500)], -2500),
        ([("WO", 4000), ("72", -1500)], 2500),
        ([("72", -4000)], 0),  # beside the reversal itself
        ([("WO", -4000)], -4000),
    ],
)
def test_a_refund_by_check_is_money_that_no_adjustment_shows(steps, balance):
    made = [entry(number, reason, "P1", cents) for number, (reason, cents) in enumerate(steps, 1)]
    (one,) = chains(*made)
    assert (one.balance, one.state is ChainState.NET_ZERO) == (balance, balance == 0)


def test_a_forwarded_balance_is_followed_through_every_payment_that_carries_it_on():
    steps = [
        entry(1, "FB", "T1", -20000, bank=0, method="NON"),
        entry(2, "FB", "T1", 20000, bank=0, method="NON"),
        entry(2, "FB", "T2", -15000, ordinal=1, bank=0, method="NON"),
        entry(3, "FB", "T2", 15000),
    ]
    (before,) = chains(*steps[:3])
    assert (before.state, before.balance) == (ChainState.OPEN, -15000)
    (after,) = chains(*steps, reversals=[reversal(1, claim=7)])
    assert (after.state, after.notes, after.claim) == (ChainState.NET_ZERO, (), 7)


def test_a_rest_that_keeps_the_first_reference_is_the_same_chain():
    (one,) = chains(
        entry(1, "FB", "T1", -20000, bank=0, method="NON"),
        entry(2, "FB", "T1", 20000, bank=0, method="NON"),
        entry(2, "FB", "T1", -15000, ordinal=1, bank=0, method="NON"),
    )
    assert one.balance == -15000


def test_what_is_odd_about_a_forwarded_balance_is_said():
    (paid,) = chains(entry(1, "FB", "T1", -20000, bank=100))
    assert paid.notes == ("bank_not_zero",)
    (unseen,) = chains(entry(2, "FB", "T1", 20000))
    assert (unseen.notes, unseen.state) == (("not_forwarded_here",), ChainState.OPEN)


def test_interest_is_final_an_unknown_reason_is_unknown_and_neither_mixes_with_a_take_back():
    found = chains(
        entry(1, "L6", "P1", -42), entry(1, "ZZ", "P1", 100, ordinal=1), entry(1, "WO", "P1", 500, ordinal=2)
    )
    assert {chain.reasons: chain.state for chain in found} == {
        ("L6",): ChainState.FINAL,
        ("ZZ",): ChainState.UNKNOWN,
        ("WO",): ChainState.OPEN,
    }


def test_payers_and_payees_keep_their_chains_apart():
    one = entry(1, "WO", "P1", -100)
    other = msgspec.structs.replace(one, remittance=2, payee="willow")
    assert len(chains(one, other, entry(3, "WO", "P1", 100, payer="beta"))) == 3


def test_without_a_reference_the_chain_says_so():
    (one,) = chains(entry(1, "WO", "", 100))
    assert one.notes == ("no_reference",)


# -- the ledger of a payer: any history of it nets, in any order of files -------------------------------------------


@st.composite
def ledgers(draw):
    """Entries of payments that defer, release, pair and carry forward, until nothing is left; and their matters."""
    weeks = draw(st.integers(4, 10))
    made: dict[int, list[tuple[str, str, int]]] = {week: [] for week in range(weeks + 1)}
    matters = draw(st.integers(0, 6))
    for number in range(matters):
        cents = draw(st.integers(1, 50000))
        kind = draw(st.sampled_from(["WO", "CS", "AP", "72"]))
        reference = draw(st.sampled_from([f"P{number}", f"{f'P{number}':<19}C{number}"]))
        start = draw(st.integers(0, weeks - 1))
        if kind == "72":
            made[start] += [("72", reference, -cents), ("WO", reference, cents)]
            continue
        made[start].append((kind, reference, -cents))
        left = cents
        for week in range(start + 1, weeks):
            part = draw(st.integers(0, left))
            if part:
                made[week].append((kind, reference, part))
                left -= part
        if left:
            made[weeks].append((kind, reference, left))
    short = draw(st.integers(0, 90000))
    first = draw(st.integers(0, weeks - 1))
    carried, named = short, f"T{first}"
    keeps = draw(st.booleans())
    if short:
        made[first].append(("FB", named, -short))
    for week in range(first + 1, weeks + 1):
        if not carried:
            break
        made[week].append(("FB", named, carried))
        carried = 0 if week == weeks else draw(st.integers(0, carried))
        if carried:
            named = named if keeps else f"T{week}"
            made[week].append(("FB", named, -carried))
    entries = [
        entry(week, reason, reference, cents, ordinal=ordinal, bank=0, method="NON")
        for week, listed in made.items()
        for ordinal, (reason, reference, cents) in enumerate(listed)
    ]
    return entries, matters + bool(short)


@given(ledgers(), st.randoms(use_true_random=False))
def test_every_history_of_take_backs_nets_to_zero_in_any_order_of_files(ledger, chance: random.Random):
    entries, matters = ledger
    found = find_chains(entries, known=KNOWN)
    assert len(found) == matters
    assert {chain.state for chain in found} <= {ChainState.NET_ZERO}
    assert [chain.notes for chain in found] == [()] * matters
    shuffled = list(entries)
    chance.shuffle(shuffled)
    assert find_chains(shuffled, known=KNOWN) == found


@given(ledgers(), st.randoms(use_true_random=False), st.integers(0, 10))
def test_no_cent_is_lost_or_counted_twice_whatever_has_arrived(ledger, chance: random.Random, most: int):
    entries = list(ledger[0])
    chance.shuffle(entries)
    some = entries[:most]
    found = find_chains(some, known=KNOWN)
    assert sorted(one for chain in found for one in ((e.place, e.ordinal) for e in chain.entries)) == sorted(
        (e.place, e.ordinal) for e in some
    )
    assert sum(chain.taken - chain.deferred - chain.refunded for chain in found) == sum(e.cents for e in some)


# -- what ingest says ------------------------------------------------------------------------------------------------


def plb(reason, identifier, cents):
    return ProviderAdjustment(
        segment=9, provider="1", fiscal_date=None, reason=reason, identifier=identifier, cents=cents
    )


@pytest.mark.parametrize(
    ("amount", "method", "codes"),
    [(0, "NON", []), (100, "ACH", ["TKB001"]), (0, "ACH", ["TKB001"])],
)
def test_a_balance_is_carried_forward_by_a_payment_of_zero_only(amount, method, codes):
    payment = Payment(amount=amount, method=method, trace_number="T1")
    found = adjustment_findings(payment, [plb("FB", "T1", -500)], KNOWN)
    assert [one.code for one in found] == codes
    assert adjustment_findings(payment, [plb("FB", "T0", 500), plb("WO", "P1", 3)], KNOWN) == ()


def test_an_unknown_reason_is_named_and_a_garbled_one_is_not_echoed():
    payment = Payment(amount=100, trace_number="T1")
    one, other = adjustment_findings(payment, [plb("ZZ", "P1", 1), plb("SMITH JOHN", "P1", 1)], KNOWN)
    assert (one.code, other.code) == ("TKB002", "TKB002")
    assert "ZZ" in one.message
    assert "SMITH" not in other.message


# -- the scenarios of the facts --------------------------------------------------------------------------------------


def entries_of(scenario):
    return [
        Entry(
            remittance=number,
            ordinal=ordinal,
            payer=header.payment.payer_id or "",
            payer_name="",
            payee="",
            trace_number=header.payment.trace_number or "",
            place=f"{number:04d}",
            day=header.payment.date,
            bank=header.payment.amount,
            method=header.payment.method or "",
            reason=plb.reason,
            reference=plb.identifier or "",
            cents=plb.cents,
        )
        for number, (header, _, trailer) in enumerate(scenario_remittances(scenario))
        for ordinal, plb in enumerate(trailer.provider_adjustments)
    ]


def test_s20_a_negative_total_is_forwarded_and_released():
    first, second = entries_of("S20")
    (carried,) = chains(first)
    assert (carried.state, carried.balance, carried.notes) == (ChainState.OPEN, -10000, ())
    (settled,) = chains(first, second)
    assert settled.state is ChainState.NET_ZERO


def test_s21_an_overpayment_recovered_without_a_reversal_is_open_and_the_interest_beside_it_is_final():
    taken, interest = chains(*entries_of("S21"))
    assert (taken.reasons, taken.balance, taken.state) == (("WO",), 12000, ChainState.OPEN)
    assert (interest.reasons, interest.balance, interest.state) == (("L6",), -42, ChainState.FINAL)
    assert numbers_of(taken.entries[0].reference) == ("2225300000210", "C100021")
