"""How a payer cuts, joins and renames what was billed.

Source: facts/remittance_835_rules.md (procedure changed, bundled, split).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from edi.model.remittance import Adjustment, ClaimPayment, Procedure
from edi.testpayer.adjudicate import whole_units
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.lines import AnsweredLine, pair_lines, split_line
from edi.testpayer.patterns.stage import UNWORN, Stage, changed

OTHER_CODES = ("97150", "97039")
"""Codes that no generated claim bills."""


def split_claim(stage: Stage) -> bool:
    """Two claim payments of one CLP01 with two payer numbers in one 835."""
    return _split_claim(stage, apart=False)


def split_claim_across_files(stage: Stage) -> bool:
    """The same in two files."""
    return _split_claim(stage, apart=True)


def _split_claim(stage: Stage, *, apart: bool) -> bool:
    lines = stage.case.claim.lines
    if len(lines) < 2:
        return False
    decisions = stage.paid()
    answered = stage.lines(decisions)
    cut = stage.rng.randint(1, len(lines) - 1)
    number, run = stage.case.claim_number, stage.case.wave
    stage.send(run, "first", stage.payment(answered[:cut], remarks=("MA15",)), answered[:cut])
    rest = stage.payment(answered[cut:], claim_number=f"{number}B", remarks=("MA15",))
    stage.send(stage.after(run) if apart else run, "first", rest, answered[cut:])
    stage.stands(decisions)
    return True


def split_line_in_parts(stage: Stage) -> bool:
    """A line of several units in two lines of the same code."""
    claim = stage.case.claim
    place = next((n for n, line in enumerate(claim.lines) if whole_units(line) > 1), None)
    if place is None:
        return False
    decisions = stage.paid()
    answered = stage.lines(decisions, UNWORN)
    answered[place : place + 1] = split_line(claim.lines[place], decisions[place])
    return _sent(stage, decisions, answered)


def unbundled(stage: Stage) -> bool:
    """A line in two of other codes: the first keeps the charge, the second has none; SVC06 and SVC07 tell what was."""
    decisions = stage.paid()
    place = next((n for n, one in enumerate(decisions) if one.paid >= 300), None)
    if place is None:
        return False
    answered = stage.lines(decisions, UNWORN)
    line = answered[place]
    tail = line.payment.paid // 3
    billed = {
        "submitted_procedure": line.payment.procedure,
        "submitted_units": line.payment.units,
        "allowed": None,
    }
    head = changed(
        line,
        procedure=Procedure("HC", OTHER_CODES[0]),
        paid=line.payment.paid - tail,
        adjustments=(*line.payment.adjustments, Adjustment("CO", "45", tail)),
        **billed,
    )
    new = changed(
        line,
        procedure=Procedure("HC", OTHER_CODES[1]),
        charge=0,
        paid=tail,
        adjustments=(Adjustment("CO", "45", -tail),),
        **billed,
    )
    answered[place : place + 1] = [head, new]
    return _sent(stage, decisions, answered)


def bundled(stage: Stage) -> bool:
    """Two lines under a third code: OA-94 takes the second line's charge in, CO-97 gives it out."""
    decisions = stage.paid()
    answered = _bundled_lines(stage, decisions)
    return answered is not None and _sent(stage, decisions, answered)


def bundled_by_both_payers(stage: Stage) -> bool:
    """A bundle that crosses over: the next payer answers it in the same two lines."""
    return _bundled_and_sent_on(stage, second_bundles=True)


def bundled_by_the_first_payer_alone(stage: Stage) -> bool:
    """A bundle that crosses over: the next payer answers the lines as they were billed."""
    return _bundled_and_sent_on(stage, second_bundles=False)


def _bundled_and_sent_on(stage: Stage, *, second_bundles: bool) -> bool:
    next_payer = stage.case.payer.crosses_over_to
    decisions = stage.paid()
    answered = _bundled_lines(stage, decisions)
    if next_payer is None or answered is None or not any(_share(one) for one in decisions):
        return False
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
    lines = _bundled_lines(stage, second) if second_bundles else stage.lines(second, UNWORN)
    if lines is None:
        return False
    payment = stage.payment(answered, status="19", later=next_payer, remarks=("MA18",))
    stage.send(stage.case.wave, "first", payment, answered)
    stage.send(
        stage.after(stage.case.wave),
        "later",
        stage.payment(
            lines,
            status="2",
            claim_number=f"S{stage.case.claim_number[1:]}",
            filing_indicator=next_payer.filing_indicator,
        ),
        lines,
        account=stage.case.later_account(next_payer),
    )
    stage.stands(decisions, second)
    return True


def _bundled_lines(stage: Stage, decisions: Sequence[Decision]) -> list[AnsweredLine] | None:
    """The lines with the first two that may be bundled under one code; None when there are none."""
    lines = stage.case.claim.lines
    if len({line.procedure.code for line in lines}) < len(lines) or len(lines) < 2:
        return None
    if any(one.paid <= 0 for one in decisions[:2]):
        return None
    pair = pair_lines(stage.case.claim, (lines[0], decisions[0]), (lines[1], decisions[1]))
    return [*pair, *stage.lines(decisions, UNWORN)[2:]]


def merged(stage: Stage) -> bool:
    """Two lines of one code paid as one line of the summed charge and units."""
    lines = stage.case.claim.lines
    decisions = stage.paid()
    for place, line in enumerate(lines):
        for other in range(place + 1, len(lines)):
            if (
                lines[other].procedure.code == line.procedure.code
                and lines[other].date_from == line.date_from
            ):
                pair = pair_lines(
                    stage.case.claim, (line, decisions[place]), (lines[other], decisions[other])
                )
                answered = stage.lines(decisions, UNWORN)
                answered[place] = pair[0]
                del answered[other]
                return _sent(stage, decisions, answered)
    return False


def claim_level_without_lines(stage: Stage) -> bool:
    """No SVC at all: the adjustments of the whole claim stand in its own CAS."""
    decisions = stage.paid()
    if sum(one.paid for one in decisions) <= 0:
        return False
    sums: dict[tuple[str, str], int] = {}
    for one in decisions:
        for adjustment in one.adjustments:
            key = (adjustment.group, adjustment.reason)
            sums[key] = sums.get(key, 0) + adjustment.cents
    adjustments = tuple(Adjustment(group, reason, cents) for (group, reason), cents in sums.items() if cents)
    payment = msgspec.structs.replace(
        stage.payment((), claim_adjustments=adjustments),
        charge=sum(one.charge for one in decisions),
        paid=sum(one.paid for one in decisions),
    )
    whole = AnsweredLine(
        numbers=tuple(line.number for line in stage.case.claim.lines),
        shape="whole",
        payment=stage.lines(decisions)[0].payment,
    )
    stage.case.one_sum = True
    stage.send(stage.case.wave, "first", payment, [whole])
    stage.stands(decisions)
    return True


def claim_level_with_lines(stage: Stage) -> bool:
    """A reduction of the whole claim (CO-104) beside the lines' own adjustments."""
    decisions = stage.paid()
    withheld = sum(one.paid for one in decisions) // 50
    if not withheld:
        return False
    answered = stage.lines(decisions)
    stage.case.written_off_at_claim = withheld
    payment = stage.payment(answered, claim_adjustments=(Adjustment("CO", "104", withheld),))
    stage.send(stage.case.wave, "first", payment, answered)
    stage.stands(decisions)
    return True


def many_adjustments(stage: Stage) -> bool:
    """Eight reasons in three groups on one line: more triplets than one CAS holds, one of them negative."""
    decisions = stage.paid()
    place = next((n for n, one in enumerate(decisions) if one.paid > 2000), None)
    if place is None:
        return False
    one = decisions[place]
    more = (
        Adjustment("CO", "59", 150),
        Adjustment("CO", "104", 120),
        Adjustment("CO", "144", -53),
        Adjustment("CO", "161", -20),
        Adjustment("CO", "223", 75),
        Adjustment("CO", "253", 31, "1"),
        Adjustment("PI", "104", 40),
        Adjustment("PR", "2", 200),
        Adjustment("PR", "3", 100),
    )
    decisions[place] = msgspec.structs.replace(
        one,
        paid=one.paid - sum(adjustment.cents for adjustment in more),
        adjustments=(*one.adjustments, *more),
        allowed=None,
    )
    return _sent(stage, decisions, stage.lines(decisions))


def recoded(stage: Stage) -> bool:
    """Another code than was billed, the billed one in SVC06."""
    decisions = stage.paid()
    answered = stage.lines(decisions, UNWORN)
    billed = answered[0].payment.procedure
    answered[0] = changed(answered[0], procedure=Procedure("HC", OTHER_CODES[0]), submitted_procedure=billed)
    return _sent(stage, decisions, answered)


def recoded_without_saying(stage: Stage) -> bool:
    """Another code than was billed, and no SVC06."""
    if not stage.case.claim.lines[0].line_control_number:
        return False
    decisions = stage.paid()
    answered = stage.lines(decisions, UNWORN)
    answered[0] = changed(answered[0], procedure=Procedure("HC", OTHER_CODES[0]))
    return _sent(stage, decisions, answered)


def modifiers_added(stage: Stage) -> bool:
    """Modifiers that were not billed."""
    decisions = stage.paid()
    answered = [
        changed(
            line,
            procedure=msgspec.structs.replace(
                line.payment.procedure, modifiers=(*line.payment.procedure.modifiers, "XU")[:4]
            ),
        )
        for line in stage.lines(decisions)
    ]
    return _sent(stage, decisions, answered)


def units_changed(stage: Stage) -> bool:
    """Other units than were billed, the billed ones in SVC07."""
    decisions = stage.paid()
    answered = [
        changed(line, units="1", submitted_units=line.payment.units)
        for line in stage.lines(decisions, UNWORN)
    ]
    return _sent(stage, decisions, answered)


def dates_changed(stage: Stage) -> bool:
    """Every line a day later than it was rendered."""
    decisions = stage.paid()
    answered = [
        changed(line, date_from=_next(line), date_to=_next(line)) for line in stage.lines(decisions, UNWORN)
    ]
    return _sent(stage, decisions, answered)


def _next(line: AnsweredLine) -> date | None:
    day = line.payment.date_from
    return None if day is None else day + timedelta(days=1)


def dates_on_the_claim(stage: Stage) -> bool:
    """No date on any line: DTM*232 and 233 of the claim say them all."""
    days = {line.date_from for line in stage.case.claim.lines}
    (day,) = days if len(days) == 1 else (None,)
    if day is None:
        return False
    decisions = stage.paid()
    answered = [changed(line, date_from=None, date_to=None) for line in stage.lines(decisions)]
    payment = stage.payment(answered)
    payment = msgspec.structs.replace(payment, dates=(*payment.dates, ("232", day), ("233", day)))
    return _sent(stage, decisions, answered, payment)


def _sent(
    stage: Stage,
    decisions: Sequence[Decision],
    answered: Sequence[AnsweredLine],
    payment: ClaimPayment | None = None,
) -> bool:
    """Send the only answer of a claim."""
    stage.send(stage.case.wave, "first", payment or stage.payment(answered), answered)
    stage.stands(decisions)
    return True


def _share(decision: Decision) -> int:
    return sum(one.cents for one in decision.adjustments if one.group == "PR")
