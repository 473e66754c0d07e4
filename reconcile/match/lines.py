"""The lines of one claim payment x the lines of one submitted claim.

Two fast ways, then the whole problem at once:

1. every paid line echoes a line control number that this store allocated, each another one, and code, date or charge
   agree;
2. without them: code, date and charge point at exactly one submitted line each;
3. else all pairs are scored (control number, LX, code, date, charge; modifiers and units only tip the balance), the
   best one-to-one pairing is taken, and what is left over is explained as split, merged, unbundled or recoded.

Charges are compared without sign, so that a reversal finds the lines it takes back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from edi.model.remittance import ClaimPayment, ServicePayment
from reconcile.match.evidence import (
    claim_date,
    code_agrees_with,
    line_notes,
    line_number,
)
from reconcile.match.joint import JointLines
from reconcile.values import LineEvidence, LineMatch, SubmittedLine


def match_lines(
    payment: ClaimPayment, lines: Sequence[SubmittedLine], answered: Collection[int] = ()
) -> tuple[LineMatch, ...]:
    """Tie every line of a claim payment to lines of one submission.

    Args:
        payment: the claim payment; its line order is the order of the result.
        lines: the submitted lines of the claim, in any order.
        answered: ids of lines that another claim payment has answered already; among equals the others go first
            (and a reversal takes back what was answered).

    Returns:
        One LineMatch per paid line; ``line_ids`` is empty where nothing fits.
    """
    paid = payment.lines
    if not paid:
        return ()
    return (
        by_control_number(paid, lines)
        or _by_unique_keys(paid, lines, payment)
        or JointLines(paid, sorted(lines, key=lambda line: line.number), payment, answered).solve()
    )


def by_control_number(
    paid: Sequence[ServicePayment], lines: Sequence[SubmittedLine]
) -> tuple[LineMatch, ...] | None:
    """The fast way: every paid line echoes another control number this store allocated. None when not so."""
    if len(paid) > len(lines):
        return None
    found: list[LineMatch] = []
    taken: set[int] = set()
    for service in paid:
        number = service.line_control_number
        if not number:
            return None
        for line in lines:
            if line.control_number == number:
                break
        else:
            return None
        if not line.allocated or line.id in taken:
            return None
        code_agrees = code_agrees_with(service, line)
        charge_agrees = abs(service.charge) == line.charge
        if not (code_agrees and charge_agrees):
            if not (code_agrees or charge_agrees or service.date_from == line.date_from):
                return None
            if not charge_agrees and len(paid) < len(lines):
                return None  # it may stand for several lines
        taken.add(line.id)
        found.append(
            LineMatch(
                line_ids=(line.id,),
                evidence=LineEvidence.LINE_CONTROL_NUMBER,
                notes=line_notes(service, line),
            )
        )
    return tuple(found)


def _by_unique_keys(
    paid: Sequence[ServicePayment], lines: Sequence[SubmittedLine], payment: ClaimPayment
) -> tuple[LineMatch, ...] | None:
    """Code, date and charge together name one submitted line for each paid line. None when not so."""
    keys = {(line.procedure_code, line.date_from, line.charge): line for line in lines}
    if len(keys) != len(lines) or len(paid) > len(lines):
        return None
    found: list[LineMatch] = []
    for service in paid:
        code = (service.submitted_procedure or service.procedure).code
        line = keys.pop((code, service.date_from or claim_date(payment), abs(service.charge)), None)
        if line is None:
            return None
        number = service.line_control_number
        if not number:
            evidence = LineEvidence.CODE_DATE_CHARGE
        elif number == line.control_number:
            evidence = LineEvidence.LINE_CONTROL_NUMBER
        elif line_number(number) == line.number:
            evidence = LineEvidence.LINE_NUMBER
        elif _points_elsewhere(number, line, lines):
            return None
        else:
            evidence = LineEvidence.CODE_DATE_CHARGE
        found.append(LineMatch(line_ids=(line.id,), evidence=evidence, notes=line_notes(service, line)))
    return tuple(found)


def _points_elsewhere(number: str, line: SubmittedLine, lines: Sequence[SubmittedLine]) -> bool:
    """Whether a returned number is the control number or LX of another submitted line."""
    order = line_number(number)
    return any(
        other is not line and (other.control_number == number or other.number == order) for other in lines
    )
