"""From decisions to 835 lines: plain, split, merged or bundled, then with what payers lose on the way.

Source: facts/remittance_835_rules.md (procedure changed, bundled, split); facts/testpayer_scenarios.csv S15, S17, S18.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from edi.model.claim import Claim, ServiceLine
from edi.model.remittance import Adjustment, Procedure, ServicePayment
from edi.testpayer.adjudicate import hits, whole_units
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.values import Rates

BUNDLES = ("97530", "97112", "97110", "97140", "97535")
"""Codes that a bundle may be paid under; the first that the claim does not have."""


class AnsweredLine(msgspec.Struct, frozen=True, kw_only=True):
    """One 835 line and the LX01s of the submitted lines it answers. ``shape`` is plain, split, merged or bundled."""

    numbers: tuple[int, ...]
    shape: str
    payment: ServicePayment


def answer_lines(
    claim: Claim,
    decisions: Sequence[Decision],
    rates: Rates,
    rng: Random,
    *,
    reshape: bool = True,
    pairs: bool = True,
) -> list[AnsweredLine]:
    """Return the 835 lines that carry these decisions.

    Args:
        claim: as submitted.
        decisions: one a line, in order.
        rates: how often lines are merged or split, numbers and modifiers dropped, lines reordered.
        rng: chance.
        reshape: False keeps every line on its own (corrections, later payers).
        pairs: False splits but does not merge or bundle (a later payer answers the lines one by one).
    """
    answered = _shaped(claim, decisions, rates, rng, pairs=pairs) if reshape else _plain_all(claim, decisions)
    answered = [_worn(line, rates, rng) for line in answered]
    if hits(rng, rates.lines_out_of_order):
        rng.shuffle(answered)
    return answered


def reversed_line(line: AnsweredLine) -> AnsweredLine:
    """Return the line that takes it back: charge, payment and adjustments negated, units as they were."""
    payment = line.payment
    negated = tuple(Adjustment(a.group, a.reason, -a.cents, a.quantity) for a in payment.adjustments)
    changed = msgspec.structs.replace(
        payment, charge=-payment.charge, paid=-payment.paid, adjustments=negated, allowed=None, remarks=()
    )
    return msgspec.structs.replace(line, payment=changed)


def _plain_all(claim: Claim, decisions: Sequence[Decision]) -> list[AnsweredLine]:
    return [_plain(line, decision) for line, decision in zip(claim.lines, decisions, strict=True)]


def _shaped(
    claim: Claim, decisions: Sequence[Decision], rates: Rates, rng: Random, *, pairs: bool
) -> list[AnsweredLine]:
    """Merge, bundle or split lines: as many as are drawn, though not always the drawn ones; a pair counts as two."""
    answered: list[AnsweredLine] = []
    done: set[int] = set()
    bundles = owed = 0
    for place, line in enumerate(claim.lines):
        owed += hits(rng, rates.lines_merged_or_split)
        style = rng.random()
        if place in done:
            continue
        done.add(place)
        decision = decisions[place]
        if owed > 0 and decision.paid > 0 and not decision.denied:
            partner = _partner(claim, decisions, place, done) if pairs else None
            if partner is not None and not bundles and (style < 0.5 or _alike(line, claim.lines[partner])):
                done.add(partner)
                other = (claim.lines[partner], decisions[partner])
                pair = pair_lines(claim, (line, decision), other)
                bundles += pair[0].shape == "bundled"
                owed -= 2
                answered.extend(pair)
                continue
            if whole_units(line) > 1:
                owed -= 1
                answered.extend(split_line(line, decision))
                continue
        answered.append(_plain(line, decision))
    return answered


def _alike(line: ServiceLine, other: ServiceLine) -> bool:
    """Whether two lines have the same code, so that they can be paid in one 835 line."""
    return line.procedure.code == other.procedure.code


def _partner(claim: Claim, decisions: Sequence[Decision], place: int, done: set[int]) -> int | None:
    """Return the place of a later paid line of the same day, the same code first; None when there is none."""
    line = claim.lines[place]
    if any(item.reason == "97" for decision in decisions for item in decision.adjustments):
        return None
    others = [
        other
        for other in range(place + 1, len(claim.lines))
        if other not in done
        and claim.lines[other].date_from == line.date_from
        and decisions[other].paid > 0
        and not decisions[other].denied
    ]
    same = [other for other in others if _alike(line, claim.lines[other])]
    return next(iter(same or others), None)


def _plain(line: ServiceLine, decision: Decision) -> AnsweredLine:
    submitted = f"{whole_units(line)}" if decision.cut else None
    return AnsweredLine(
        numbers=(line.number,),
        shape="plain",
        payment=ServicePayment(
            segment=0,
            procedure=line.procedure,
            charge=decision.charge,
            paid=decision.paid,
            units=str(decision.units),
            submitted_units=submitted,
            date_from=line.date_from,
            date_to=line.date_to,
            line_control_number=line.line_control_number or None,
            allowed=decision.allowed,
            adjustments=decision.adjustments,
            remarks=decision.remarks,
        ),
    )


def split_line(line: ServiceLine, decision: Decision) -> list[AnsweredLine]:
    """Pay a line in two parts whose charges, payments, adjustments and units sum to the line's."""
    units = whole_units(line)
    first = units // 2
    charge = decision.charge * first // units
    parts = [
        Adjustment(a.group, a.reason, a.cents * first // units, a.quantity) for a in decision.adjustments
    ]
    rests = [
        Adjustment(a.group, a.reason, a.cents - part.cents, a.quantity)
        for a, part in zip(decision.adjustments, parts, strict=True)
    ]
    whole = _plain(line, decision)
    pieces = []
    for cents, adjustments, count in (
        (charge, parts, first),
        (decision.charge - charge, rests, units - first),
    ):
        kept = tuple(item for item in adjustments if item.cents)
        paid = cents - sum(item.cents for item in kept)
        payment = msgspec.structs.replace(
            whole.payment, charge=cents, paid=paid, units=str(count), adjustments=kept, allowed=None
        )
        pieces.append(msgspec.structs.replace(whole, shape="split", payment=payment))
    return pieces


def pair_lines(
    claim: Claim, first: tuple[ServiceLine, Decision], second: tuple[ServiceLine, Decision]
) -> list[AnsweredLine]:
    """Pay two lines as one: in one 835 line if the code is the same, else bundled under a third code."""
    (line, decision), (other, absorbed) = first, second
    together = _summed(decision.adjustments + absorbed.adjustments)
    whole = _plain(line, decision)
    units = whole_units(line) + whole_units(other)
    paid = decision.paid + absorbed.paid
    if _alike(line, other):
        payment = msgspec.structs.replace(
            whole.payment,
            charge=line.charge + other.charge,
            paid=paid,
            units=str(units),
            adjustments=together,
            allowed=None,
        )
        return [AnsweredLine(numbers=(line.number, other.number), shape="merged", payment=payment)]
    taken = {item.procedure.code for item in claim.lines}
    bundle = Procedure(qualifier="HC", code=next((code for code in BUNDLES if code not in taken), "97039"))
    head = msgspec.structs.replace(
        whole.payment,
        procedure=bundle,
        submitted_procedure=line.procedure,
        paid=paid,
        adjustments=(Adjustment("OA", "94", -other.charge), *together),
        allowed=None,
    )
    tail = msgspec.structs.replace(
        _plain(other, absorbed).payment,
        procedure=bundle,
        submitted_procedure=other.procedure,
        paid=0,
        units="0",
        adjustments=(Adjustment("CO", "97", other.charge),),
        allowed=None,
    )
    return [
        AnsweredLine(numbers=(line.number,), shape="bundled", payment=head),
        AnsweredLine(numbers=(other.number,), shape="bundled", payment=tail),
    ]


def _summed(adjustments: Sequence[Adjustment]) -> tuple[Adjustment, ...]:
    """Add up adjustments of one group and reason, in the order they first come."""
    sums: dict[tuple[str, str], int] = {}
    for item in adjustments:
        key = (item.group, item.reason)
        sums[key] = sums.get(key, 0) + item.cents
    return tuple(Adjustment(group, reason, cents) for (group, reason), cents in sums.items())


def _worn(line: AnsweredLine, rates: Rates, rng: Random) -> AnsweredLine:
    """Drop the line's control number or its modifiers, each at its rate."""
    number_lost, modifiers_lost = hits(rng, rates.line_number_dropped), hits(rng, rates.modifiers_dropped)
    payment = line.payment
    if number_lost:
        payment = msgspec.structs.replace(payment, line_control_number=None)
    if modifiers_lost:
        submitted = payment.submitted_procedure
        payment = msgspec.structs.replace(
            payment,
            procedure=_bare(payment.procedure),
            submitted_procedure=_bare(submitted) if submitted is not None else None,
        )
    return msgspec.structs.replace(line, payment=payment)


def _bare(procedure: Procedure) -> Procedure:
    return msgspec.structs.replace(procedure, modifiers=())
