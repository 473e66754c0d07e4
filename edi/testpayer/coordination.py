"""What a secondary claim tells of the payers before it, as decisions: 2430 of each line, else 2320 of the claim."""

from __future__ import annotations

from edi.model.claim import Claim, ServiceLine
from edi.model.coordination import OtherPayer
from edi.model.remittance import Adjustment
from edi.testpayer.bookkeeping import Decision


def earlier_decisions(claim: Claim) -> list[Decision]:
    """What the last payer before this one decided, line by line.

    Reasons that stand on the claim alone are laid on its lines in their order, each as far as the line has room, so
    that every line balances.

    Returns:
        A decision for each line, in their order; nothing when no other payer adjudicated the claim.
    """
    decided = [other for other in claim.other_payers if other.paid is not None]
    if not decided:
        return []
    other = decided[-1]
    left = [one.cents for one in other.adjustments]
    return [_decision(line, other, left) for line in claim.lines]


def _decision(line: ServiceLine, other: OtherPayer, left: list[int]) -> Decision:
    """One line's: its own 2430, then as much of the claim's reasons as its payment has room for.

    ``left`` are the cents of the claim's reasons that no line has taken yet; what this one takes is drawn from it.
    """
    told = [one for one in line.adjudications if one.payer_id == other.payer.id]
    adjustments = [adjustment for one in told for adjustment in one.adjustments]
    paid = sum(one.paid for one in told) if told else line.charge
    for place, one in enumerate(other.adjustments):
        taken = min(left[place], paid)
        if taken > 0:
            adjustments.append(Adjustment(one.group, one.reason, taken))
            paid -= taken
            left[place] -= taken
    return Decision(charge=line.charge, paid=paid, adjustments=tuple(adjustments))
