"""Who answers, and in which role: forwarded, secondary, tertiary, predetermined, paid to the patient, denied.

Source: facts/remittance_835_rules.md (COB and crossover, interest).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edi.model.remittance import Adjustment
from edi.testpayer.adjudicate import decide_later
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.patterns.stage import Stage
from edi.testpayer.values import LaterPayer

THIRD = LaterPayer(
    name="BRIAR COUNTY BENEFIT FUND", id="33440", originator_id="1334400000", filing_indicator="CI"
)
"""The third payer of claims that go that far."""


def supplement_pays(stage: Stage) -> bool:
    """Crossed over (CLP02 19); the next payer pays and repeats what was settled with OA-23."""
    return _next_payer(stage, "supplements")


def next_payer_without_oa_23(stage: Stage) -> bool:
    """The next payer writes off its whole difference (Medicaid), also of a patient whom nobody may bill (QMB)."""
    return _next_payer(stage, "overstates", remarks=("N782",))


def next_payer_denies_the_whole_charge(stage: Stage) -> bool:
    """The next payer puts the full charge to the patient (PR-96)."""
    return _next_payer(stage, "denies")


def tertiary(stage: Stage) -> bool:
    """Three payers: CLP02 19, 20, 3."""
    return _next_payer(stage, "supplements", third=True)


def _next_payer(stage: Stage, manner: str, *, remarks: tuple[str, ...] = (), third: bool = False) -> bool:
    next_payer = stage.case.payer.crosses_over_to
    decisions = stage.paid()
    codes = {line.procedure.code for line in stage.case.claim.lines}
    if next_payer is None or len(codes) < len(stage.case.claim.lines) or not all(map(_share, decisions)):
        return False
    lines = stage.lines(decisions)
    payment = stage.payment(lines, status="19", later=next_payer, remarks=(*remarks, "MA18"))
    stage.send(stage.case.wave, "first", payment, lines)
    second = [_half(one) if third else decide_later(one, stage.rng, manner) for one in decisions]
    run = stage.after(stage.case.wave)
    _answer_later(stage, run, second, next_payer, "20" if third else "2", "S", later=THIRD if third else None)
    if not third:
        stage.stands(decisions, second)
        return True
    last = [
        Decision(
            charge=one.charge,
            paid=_share(one),
            adjustments=(Adjustment("OA", "23", one.charge - _share(one)),),
            units=one.units,
            later=True,
        )
        for one in second
    ]
    _answer_later(stage, stage.after(run), last, THIRD, "3", "T")
    stage.stands(decisions, second, last)
    return True


def _answer_later(
    stage: Stage,
    run: int,
    decisions: Sequence[Decision],
    payer: LaterPayer,
    status: str,
    letter: str,
    later: LaterPayer | None = None,
) -> None:
    """Send a later payer's answer under a number of its own."""
    lines = stage.lines(decisions)
    payment = stage.payment(
        lines,
        status=status,
        claim_number=f"{letter}{stage.case.claim_number[1:]}",
        later=later,
        filing_indicator=payer.filing_indicator,
    )
    stage.send(run, "later", payment, lines, account=stage.case.later_account(payer))


def _half(decision: Decision) -> Decision:
    """The next payer pays half of what was left and leaves the rest."""
    share = _share(decision)
    paid = share // 2
    adjustments = (
        Adjustment("OA", "23", decision.charge - share),
        Adjustment("PR", "2", share - paid),
    )
    return Decision(
        charge=decision.charge, paid=paid, adjustments=adjustments, units=decision.units, later=True
    )


def _share(decision: Decision) -> int:
    return sum(one.cents for one in decision.adjustments if one.group == "PR")


def secondary_status_from_the_first_payer(stage: Stage) -> bool:
    """CLP02 2 although nobody paid before (Medicaid)."""
    decisions = stage.paid()
    stage.first(decisions, status="2")
    stage.stands(decisions)
    return True


def not_ours_and_forwarded(stage: Stage) -> bool:
    """CLP02 23: the payer passes the claim on unpaid; another one answers it."""
    payer = stage.case.payer.crosses_over_to or THIRD
    passed_on = [
        Decision(charge=line.charge, paid=0, adjustments=(Adjustment("OA", "B11", line.charge),), units=0)
        for line in stage.case.claim.lines
    ]
    stage.first(passed_on, status="23")
    decisions = stage.paid()
    _answer_later(stage, stage.after(stage.case.wave), decisions, payer, "1", "S")
    stage.stands(decisions)
    return True


def predetermined_then_paid(stage: Stage) -> bool:
    """CLP02 25: what would be paid, and nothing is; the payment comes later."""
    decisions = stage.paid()
    priced = [
        Decision(charge=line.charge, paid=0, adjustments=(Adjustment("OA", "101", line.charge),), units=0)
        for line in stage.case.claim.lines
    ]
    lines = stage.lines(priced)
    payment = msgspec.structs.replace(
        stage.payment(lines, status="25"), payer_claim_control_number=f"{stage.case.claim_number}E"
    )
    stage.send(stage.case.wave, "estimate", payment, ())
    lines = stage.lines(decisions)
    stage.send(stage.after(stage.case.wave), "first", stage.payment(lines), lines)
    stage.stands(decisions)
    return True


def paid_to_the_patient(stage: Stage) -> bool:
    """PR-100: the payer paid the patient, who owes us."""
    decisions = [
        msgspec.structs.replace(
            one, paid=0, adjustments=(*one.adjustments, Adjustment("PR", "100", one.paid)), allowed=None
        )
        if one.paid
        else one
        for one in stage.paid()
    ]
    stage.first(decisions)
    stage.stands(decisions)
    return True


def zero_paid(stage: Stage) -> bool:
    """The whole claim to the deductible: nothing is paid and nothing is denied."""
    decisions = []
    for line in stage.case.claim.lines:
        allowed = line.charge * 3 // 5
        adjustments = (Adjustment("CO", "45", line.charge - allowed), Adjustment("PR", "1", allowed))
        decisions.append(Decision(charge=line.charge, paid=0, adjustments=adjustments))
    stage.first(decisions)
    stage.stands(decisions)
    return True


def denied(stage: Stage) -> bool:
    """The whole claim denied (CLP02 4)."""
    decisions = [
        Decision(
            charge=line.charge,
            paid=0,
            adjustments=(Adjustment("CO", "197", line.charge),),
            category="authorization_referral",
            units=0,
        )
        for line in stage.case.claim.lines
    ]
    stage.first(decisions, status="4")
    stage.stands(decisions)
    return True


def pended(stage: Stage) -> bool:
    """Every line waits (OA-133), and still does at the end."""
    decisions = [
        Decision(charge=line.charge, paid=0, adjustments=(Adjustment("OA", "133", line.charge),), units=0)
        for line in stage.case.claim.lines
    ]
    stage.first(decisions)
    stage.stands(decisions)
    return True


def with_interest(stage: Stage) -> bool:
    """Interest: told by the claim (AMT*I), paid by PLB L6."""
    decisions = stage.paid()
    lines = stage.lines(decisions)
    interest = stage.rng.randint(1, 400)
    payment = msgspec.structs.replace(stage.payment(lines), amounts=(("I", interest),))
    stage.send(stage.case.wave, "first", payment, lines, interest=interest)
    stage.stands(decisions)
    return True


def sequestered(stage: Stage) -> bool:
    """Two percent of every payment withheld by law (CO-253)."""
    decisions = []
    for one in stage.paid():
        cut = one.paid // 50
        more = (Adjustment("CO", "253", cut),) if cut else ()
        decisions.append(
            msgspec.structs.replace(one, paid=one.paid - cut, adjustments=(*one.adjustments, *more))
        )
    stage.first(decisions)
    stage.stands(decisions)
    return True
