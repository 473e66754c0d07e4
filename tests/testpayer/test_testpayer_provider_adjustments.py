"""What the test payer defers, advances, carries forward and takes: every payment adds up, and every chain ends at zero."""

from __future__ import annotations

import random
from datetime import date

import msgspec
import pytest

from edi.codes import load_tables
from edi.model.balance import transaction_imbalance
from edi.testpayer import answer, generate_claims, shipped_scenario
from reconcile.takebacks import ChainState, Entry, find_chains

TODAY = date(2026, 3, 2)
ALL = {
    "reversed": 0.3,
    "corrected_in_same_file": 0.2,
    "taken_back": 0.3,
    "interest": 0.2,
    "takeback_deferred": 0.6,
    "refund_received": 0.3,
    "adjusted": 0.3,
    "advanced": 0.3,
    "offset": 0.3,
    "unknown_adjustment": 0.2,
}


def answered(seed, *, spread=True, **rates):
    scenario = shipped_scenario("demo")
    changed = msgspec.structs.replace(scenario.rates, **{**dict.fromkeys(ALL, 0.0), **rates})
    scenario = msgspec.structs.replace(
        scenario, rates=changed, spread=spread, claims_per_payment=4, nasty=0.0
    )
    chance = random.Random(seed)
    return answer(list(generate_claims(chance, 60, today=TODAY)), rng=chance, today=TODAY, scenario=scenario)


def payments(made):
    return [one for file in made.files if file.outcome == "posted" for one in file.sets]


def chains_of(made):
    entries = [
        Entry(
            remittance=number,
            ordinal=ordinal,
            payer=one.header.payment.payer_id,
            payer_name="",
            payee=one.header.payee.npi or "",
            trace_number=one.header.payment.trace_number,
            place=f"{one.header.payment.date}|{one.header.payment.trace_number}",
            day=one.header.payment.date,
            bank=one.header.payment.amount,
            method=one.header.payment.method,
            reason=plb.reason,
            reference=plb.identifier,
            cents=plb.cents,
        )
        for number, one in enumerate(payments(made))
        for ordinal, plb in enumerate(one.trailer.provider_adjustments)
    ]
    return find_chains(entries, known=load_tables().code_set("PLB"))


@pytest.mark.parametrize("seed", range(6))
def test_every_chain_ends_at_zero_and_every_payment_adds_up(seed):
    made = answered(seed, **ALL)
    found = chains_of(made)
    reasons = {one.reason for chain in found for one in chain.entries}
    assert {"WO", "72", "CS", "AP", "L6", "J1", "ZZ"} <= reasons
    assert {chain.state for chain in found} == {ChainState.NET_ZERO, ChainState.FINAL, ChainState.UNKNOWN}
    assert all("bank_not_zero" not in chain.notes for chain in found)
    for one in payments(made):
        payment, trailer = one.header.payment, one.trailer
        assert payment.amount >= 0
        assert (payment.method == "NON") == (payment.amount == 0)
        assert transaction_imbalance(payment.amount, trailer.paid_total, trailer.provider_adjustments) is None


def test_without_a_last_settlement_what_is_owed_stays_open():
    found = chains_of(answered(1, spread=False, advanced=1.0))
    open_chains = [chain for chain in found if chain.state is ChainState.OPEN]
    assert open_chains
    assert all(chain.balance < 0 for chain in open_chains)


def test_a_deferred_reversal_is_taken_from_later_payments_under_the_same_claim():
    found = chains_of(answered(3, reversed=0.5, takeback_deferred=1.0))
    deferred = [chain for chain in found if chain.deferred and chain.reasons[0] == "WO"]
    assert deferred
    assert all(chain.taken == chain.deferred for chain in deferred)
    assert any(len(chain.reduced) > 1 for chain in deferred) or any(chain.refunded for chain in deferred)


def test_rates_of_zero_draw_nothing():
    """A scenario that knows nothing of these gives the answers that it gave before."""
    plain = answered(5, spread=False, reversed=0.3, taken_back=0.3)
    assert {one.reason for chain in chains_of(plain) for one in chain.entries} <= {"WO", "FB", "L6"}
