"""Reversals and corrections: in one file, across files, in either order, several times, never corrected.

Source: facts/remittance_835_rules.md (reversal and correction).
"""

from __future__ import annotations

import msgspec

from edi.model.remittance import Adjustment
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.patterns.stage import Stage


def corrected_in_one_file(stage: Stage) -> bool:
    """Reversal, then correction, in one 835."""
    return _corrected(stage, reversal=1, correction=1, first="reversal")


def correction_before_its_reversal(stage: Stage) -> bool:
    """The same in the other order."""
    return _corrected(stage, reversal=1, correction=1, first="correction")


def corrected_across_files(stage: Stage) -> bool:
    """The reversal in one file, the correction in a later one."""
    return _corrected(stage, reversal=1, correction=2, first="reversal")


def correction_a_file_before_its_reversal(stage: Stage) -> bool:
    """The correction in one file, the reversal in a later one."""
    return _corrected(stage, reversal=2, correction=1, first="correction")


def reversal_beside_its_original(stage: Stage) -> bool:
    """Original, reversal and correction all in one 835."""
    return _corrected(stage, reversal=0, correction=0, first="reversal")


def _corrected(stage: Stage, *, reversal: int, correction: int, first: str) -> bool:
    """First answer, reversal and correction, so many runs apart, under the old or a new payer number."""
    original = stage.first(stage.paid())
    runs = [stage.case.wave]
    for _ in range(2):
        runs.append(stage.after(runs[-1]))
    again = stage.paid()
    renumbered = stage.rng.random() < 0.5 and stage.case.readable
    if first == "reversal":
        stage.take_back(runs[reversal], original)
    stage.correct(runs[correction], again, renumbered=renumbered)
    if first == "correction":
        stage.take_back(runs[reversal], original)
    stage.stands(again)
    return True


def corrected_twice(stage: Stage) -> bool:
    """Two reversals and two corrections; the first correction repeats the original to the cent."""
    decisions = stage.paid()
    original = stage.first(decisions)
    run = stage.after(stage.case.wave)
    stage.take_back(run, original)
    repeated = stage.correct(run, decisions)
    run = stage.after(run)
    again = stage.paid()
    stage.take_back(run, repeated)
    lines = stage.lines(again)
    payment = stage.payment(lines, claim_number=f"{stage.case.claim_number}D")
    stage.send(run, "correction", payment, lines)
    stage.stands(again)
    return True


def reversed_for_lost_coverage(stage: Stage) -> bool:
    """A reversal with the reason N687 that nothing follows: the whole charge is work."""
    original = stage.first(stage.paid())
    stage.take_back(stage.after(stage.case.wave), original, "N687")
    stage.stands(
        [
            Decision(
                charge=line.charge,
                paid=0,
                adjustments=(Adjustment("CO", "27", line.charge),),
                category="eligibility_coverage",
                units=0,
            )
            for line in stage.case.claim.lines
        ]
    )
    return True


def reversed_without_a_reason(stage: Stage) -> bool:
    """A reversal that nothing follows: the claim is open again."""
    original = stage.first(stage.paid())
    stage.take_back(stage.after(stage.case.wave), original)
    stage.stands()
    return True


def denied_then_paid(stage: Stage) -> bool:
    """A denial of the whole claim, its reversal, and the payment."""
    denial = [
        Decision(charge=line.charge, paid=0, adjustments=(Adjustment("CO", "197", line.charge),), units=0)
        for line in stage.case.claim.lines
    ]
    original = stage.first(denial, status="4")
    run = stage.after(stage.case.wave)
    again = stage.paid()
    stage.take_back(run, original, "N689")
    stage.correct(run, again)
    stage.stands(again)
    return True


def pended_then_decided(stage: Stage) -> bool:
    """A line waits (OA-133), then the decision comes: without a reversal, or with one."""
    again = stage.paid()
    waits = [
        Decision(charge=line.charge, paid=0, adjustments=(Adjustment("OA", "133", line.charge),), units=0)
        for line in stage.case.claim.lines
    ]
    pended = stage.first(waits)
    run = stage.after(stage.case.wave)
    if stage.rng.random() < 0.5:
        stage.take_back(run, pended)
    stage.correct(run, again, renumbered=False)
    stage.stands(again)
    return True


def corrected_after_the_next_payer(stage: Stage) -> bool:
    """The first payer takes back and corrects what the next payer has answered in between."""
    next_payer = stage.case.payer.crosses_over_to
    decisions = stage.paid()
    if next_payer is None or not any(_share(one) for one in decisions):
        return False
    if len({line.procedure.code for line in stage.case.claim.lines}) < len(stage.case.claim.lines):
        return False  # twins: the next payer's answer would have to say which of them it means
    lines = stage.lines(decisions)
    original = stage.send(
        stage.case.wave,
        "first",
        stage.payment(lines, status="19", later=next_payer, remarks=("MA18",)),
        lines,
    )
    second = [
        Decision(
            charge=one.charge,
            paid=_share(one),
            adjustments=(Adjustment("OA", "23", one.charge - _share(one)),),
            units=one.units,
            later=True,
        )
        for one in decisions
    ]
    run = stage.after(stage.case.wave)
    answered = stage.lines(second)
    stage.send(
        run,
        "later",
        stage.payment(
            answered,
            status="2",
            claim_number=f"S{stage.case.claim_number[1:]}",
            filing_indicator=next_payer.filing_indicator,
        ),
        answered,
        account=stage.case.later_account(next_payer),
    )
    run = stage.after(run)
    again = [_a_dollar_more(one) for one in decisions]
    stage.take_back(run, original)
    stage.correct(run, again)
    stage.stands(again, second)
    return True


def _share(decision: Decision) -> int:
    return sum(one.cents for one in decision.adjustments if one.group == "PR")


def _a_dollar_more(decision: Decision) -> Decision:
    """The same with up to a dollar of the write-off paid."""
    more = 0
    adjustments = []
    for one in decision.adjustments:
        if one.reason == "45" and not more:
            more = min(100, one.cents - 1)
            one = Adjustment(one.group, one.reason, one.cents - more)
        adjustments.append(one)
    return msgspec.structs.replace(decision, paid=decision.paid + more, adjustments=tuple(adjustments))
