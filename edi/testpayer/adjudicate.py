"""How a payer decides: per line, money and reasons that balance to the cent. Nothing is dropped or mangled here."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

from edi.model.claim import Claim, ServiceLine
from edi.model.remittance import Adjustment
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.values import PayerBehaviour, Scenario


class Weighted(Protocol):
    """Anything that is drawn by weight."""

    @property
    def weight(self) -> int:
        """How often, against the others of its list."""
        ...


W = TypeVar("W", bound=Weighted)


def hits(rng: Random, share: float) -> bool:
    """Draw once: True in that share of the draws. Draws even at 0 and 1, so that a rate never shifts the others."""
    return rng.random() < share


def draw(rng: Random, choices: Sequence[W]) -> W:
    """Draw one of the choices by weight."""
    return rng.choices(choices, weights=[choice.weight for choice in choices])[0]


def percent(cents: int, rate: int) -> int:
    """Return that percentage of an amount of cents, half a cent up."""
    return (cents * rate + 50) // 100


def whole_units(line: ServiceLine) -> int:
    """SV104 as whole units, at least 1."""
    whole = line.units.partition(".")[0]
    return max(1, int(whole)) if whole.isdigit() else 1


def behaviour_of(claim: Claim, scenario: Scenario) -> PayerBehaviour:
    """Return how the claim's payer behaves: the one that names its id, else the one for everyone, else the default."""
    for payer in scenario.payers:
        if claim.payer.id in payer.ids:
            return payer
    return next((payer for payer in scenario.payers if not payer.ids), PayerBehaviour())


def decide_claim(
    claim: Claim, payer: PayerBehaviour, scenario: Scenario, rng: Random, *, final: bool = False
) -> list[Decision]:
    """Decide every line of a claim, in order. ``final`` (a correction) neither denies nor pends."""
    copay = rng.choice(payer.copays)
    decisions = []
    days = set()
    for line in claim.lines:
        reduced = line.date_from in days
        days.add(line.date_from)
        decision = None if final else _refusal(line, scenario, rng)
        if decision is None:
            decision = _payment(line, payer, scenario, rng, copay, reduced=reduced, final=final)
            copay -= sum(item.cents for item in decision.adjustments if item.reason == "3")
        decisions.append(decision)
    return decisions


def _refusal(line: ServiceLine, scenario: Scenario, rng: Random) -> Decision | None:
    """Draw whether the line is denied in full or pended; None when it is to be paid."""
    rates = scenario.rates
    if hits(rng, rates.denied) and scenario.denials:
        reason = draw(rng, scenario.denials)
        return Decision(
            charge=line.charge,
            paid=0,
            adjustments=(Adjustment(reason.group, reason.reason, line.charge),),
            remarks=reason.remarks,
            claim_remarks=reason.claim_remarks,
            category=reason.category,
            units=0,
        )
    if hits(rng, rates.pended):
        pending = (Adjustment("OA", "133", line.charge),)
        return Decision(charge=line.charge, paid=0, adjustments=pending, units=0)
    return None


def _payment(
    line: ServiceLine,
    payer: PayerBehaviour,
    scenario: Scenario,
    rng: Random,
    copay: int,
    *,
    reduced: bool,
    final: bool,
) -> Decision:
    """Pay a line by fee schedule, less reduction, patient share and sequestration; now and then cut its units."""
    rates = scenario.rates
    units = whole_units(line)
    if hits(rng, rates.paid_in_full) and not payer.sequestration_percent:
        return Decision(charge=line.charge, paid=line.charge, units=units, allowed=line.charge)
    cut, denial = 0, None
    if hits(rng, rates.denied_in_part) and units > 1 and scenario.partial_denials and not final:
        cut, denial = units // 2, draw(rng, scenario.partial_denials)
    refused = line.charge * cut // units
    basis = line.charge - refused
    allowed = percent(basis, rng.randint(*payer.allowed_percent))
    adjustments = [Adjustment("CO", "45", basis - allowed)]
    if denial is not None:
        adjustments.append(Adjustment(denial.group, denial.reason, refused, str(cut)))
    reduction = percent(allowed, payer.multiple_procedure_percent) if reduced else 0
    adjustments.append(Adjustment("CO", "59", reduction))
    share = _patient_share(allowed - reduction, payer, copay, deductible=hits(rng, rates.deductible))
    remaining = allowed - reduction - (share.cents if share else 0)
    sequestered = percent(remaining, payer.sequestration_percent)
    adjustments.append(Adjustment("CO", "253", sequestered))
    if share is not None:
        adjustments.append(share)
    return Decision(
        charge=line.charge,
        paid=remaining - sequestered,
        adjustments=tuple(item for item in adjustments if item.cents),
        remarks=denial.remarks if denial is not None else (),
        category=denial.category if denial is not None else "",
        units=units - cut,
        cut=cut,
        allowed=allowed,
    )


def _patient_share(allowed: int, payer: PayerBehaviour, copay: int, *, deductible: bool) -> Adjustment | None:
    """Return the patient's part of an allowed amount: deductible, copay or coinsurance, or None."""
    if deductible:
        return Adjustment("PR", "1", allowed)
    if copay:
        return Adjustment("PR", "3", min(copay, allowed))
    if payer.coinsurance_percent:
        return Adjustment("PR", "2", percent(allowed, payer.coinsurance_percent))
    return None


def decide_later(decision: Decision, rng: Random, manner: str) -> Decision:
    """Decide a line as the second payer, after the first one's decision.

    Args:
        decision: the first payer's.
        rng: chance.
        manner: ``supplements`` (pays the patient's share or a part of it, OA-23 for the rest), ``overstates`` (writes
            off its whole difference with CO-45) or ``denies`` (PR-96 on the whole charge).
    """
    share = sum(item.cents for item in decision.adjustments if item.group == "PR")
    charge = decision.charge
    if manner == "denies":
        refusal = (Adjustment("PR", "96", charge),)
        category = "eligibility_coverage"
        return Decision(
            charge=charge,
            paid=0,
            adjustments=refusal,
            remarks=("N130",),
            category=category,
            units=0,
            later=True,
        )
    paid = share if hits(rng, 0.7) else share // 2
    if manner == "overstates":
        adjustments = [Adjustment("CO", "45", charge - paid)]
    else:
        left = Adjustment("PR", "2", share - paid)
        adjustments = [Adjustment("OA", "23", charge - share), left]
    kept = tuple(item for item in adjustments if item.cents)
    return Decision(charge=charge, paid=paid, adjustments=kept, units=decision.units, later=True)
