"""Provider adjustments beside the balances that payments carry forward: what a payer defers, advances and takes later.

Everything that is owed after a payment is kept by account, taken from the payments that follow as far as their money
goes, and settled when the answer ends: by a check of the practice (72), or given back. So every chain comes to zero.
Source: facts/remittance_835_rules.md, PLB patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import TypeAlias

import msgspec

from edi.model.remittance import ProviderAdjustment
from edi.testpayer.adjudicate import hits
from edi.testpayer.cases import Account, Case
from edi.testpayer.values import Rates

UNKNOWN_REASON = "ZZ"
"""A reason code that is in no code set."""
_SMALLEST, _LARGEST = 100, 5000


class Owing(msgspec.Struct, frozen=True):
    """What a chain lacks: cents to be taken, below zero to be given back, under a reason and reference."""

    reason: str
    reference: str
    cents: int


Owed: TypeAlias = dict[Account, list[Owing]]
"""What is owed by account. Changed as payments are made."""


def adjustment(account: Account, day: date, reason: str, reference: str, cents: int) -> ProviderAdjustment:
    """Return one PLB entry of a payment of that day."""
    return ProviderAdjustment(
        segment=0,
        provider=account.payee_npi,
        fiscal_date=date(day.year, 12, 31),
        reason=reason,
        identifier=reference,
        cents=cents,
    )


def reference_of(case: Case) -> str:
    """Return a claim's two numbers as Medicare lays out PLB03-2: the payer's in 1 to 19, the practice's from 20."""
    return f"{case.claim_number:<19}{case.claim.patient_control_number}"


def further_adjustments(
    account: Account,
    parts: Sequence[tuple[Case, int]],
    left: int,
    day: date,
    *,
    rng: Random,
    rates: Rates,
    owed: Owed,
) -> list[ProviderAdjustment]:
    """Take what is owed from a payment and make what this payment brings; draws only for rates above 0.

    Args:
        account: who pays whom.
        parts: each case of the payment with the place of what it sent.
        left: cents of the payment so far.
        day: of the payment.
        rng: all chance there is.
        rates: how often each thing happens.
        owed: changed: less what is taken now, more what is deferred or advanced now.
    """
    run = _Payment(account, day, left)
    kept = run.take(owed.pop(account, []))
    for case, place in parts:
        sent = case.sent[place]
        if sent.kind == "reversal" and sent.payment.paid < 0 and _hit(rng, rates.takeback_deferred):
            kept.append(run.defer("WO", reference_of(case), -sent.payment.paid))
    reference = reference_of(parts[0][0])
    if _hit(rng, rates.refund_received):
        cents = rng.randint(_SMALLEST, _LARGEST)
        run.add("WO", reference, cents)
        run.add("72", reference, -cents)
    for rate, reason in ((rates.adjusted, "CS"), (rates.advanced, "AP")):
        if _hit(rng, rate):
            kept.append(
                run.defer(reason, f"{reason}{reference.split()[0]}", rng.randint(_SMALLEST, _LARGEST))
            )
    for rate, reason in ((rates.offset, "J1"), (rates.unknown_adjustment, UNKNOWN_REASON)):
        if _hit(rng, rate) and run.left > _LARGEST:
            run.add(reason, reference, rng.randint(_SMALLEST, _LARGEST))
    if kept:
        owed[account] = kept
    return run.made


def settling_adjustments(account: Account, day: date, owed: Owed) -> list[ProviderAdjustment]:
    """Return what ends everything owed by an account: taken and refunded by check (72), or given back."""
    run = _Payment(account, day, 0)
    for one in owed.pop(account, []):
        run.add(one.reason, one.reference, one.cents)
        if one.cents > 0:
            run.add("72", one.reference, -one.cents)
    return run.made


def _hit(rng: Random, rate: float) -> bool:
    """Draw once, but not for a rate of 0: scenarios that know nothing of it give what they gave before."""
    return rate > 0 and hits(rng, rate)


class _Payment:
    """The adjustments of one payment while they are made; ``left`` is what it still comes to, in cents."""

    def __init__(self, account: Account, day: date, left: int) -> None:
        self._account, self._day = account, day
        self.left = left
        self.made: list[ProviderAdjustment] = []

    def add(self, reason: str, reference: str, cents: int) -> None:
        """Make one entry."""
        self.made.append(adjustment(self._account, self._day, reason, reference, cents))
        self.left -= cents

    def defer(self, reason: str, reference: str, cents: int) -> Owing:
        """Raise the payment now, and say what is to be taken later."""
        self.add(reason, reference, -cents)
        return Owing(reason, reference, cents)

    def take(self, owed: Sequence[Owing]) -> list[Owing]:
        """Take what is owed as far as the money goes; return what is left of it."""
        kept = []
        for one in owed:
            part = max(0, min(one.cents, self.left))
            if part:
                self.add(one.reason, one.reference, part)
            if part != one.cents:
                kept.append(Owing(one.reason, one.reference, one.cents - part))
        return kept
