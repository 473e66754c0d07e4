"""What speaks for a paid line answering a submitted line, one comparison at a time."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from edi.model.remittance import ClaimPayment, ServicePayment
from reconcile.values import LineEvidence, SubmittedLine

_LX: Final = re.compile(r"[A-Z]?0*([1-9]\d?)")


def claim_date(payment: ClaimPayment) -> date | None:
    """The one day a claim payment names for all its lines: DTM*232 (2100) unless DTM*233 names another. Or None."""
    begin = end = None
    for qualifier, day in payment.dates:
        if qualifier == "232":
            begin = day
        elif qualifier == "233":
            end = day
    return begin if end is None or end == begin else None


def line_number(text: str) -> int | None:
    """Read a REF*6R as the LX it may repeat: ``1``, ``0001``, ``01``, ``B1``. None when it cannot be one."""
    found = _LX.fullmatch(text.strip().upper())
    return int(found[1]) if found else None


def code_agrees_with(service: ServicePayment, line: SubmittedLine) -> bool:
    """Whether the submitted code (SVC06) or the adjudicated one (SVC01) is the line's."""
    submitted = service.submitted_procedure
    if submitted is not None and submitted.code == line.procedure_code:
        return True
    return service.procedure.code == line.procedure_code


def day_agrees_with(begin: date | None, end: date | None, line: SubmittedLine) -> bool:
    """Whether the line was rendered on the day, or in the days from ``begin`` to ``end``; False when not told."""
    if begin is None or line.date_from is None:
        return False
    return begin == line.date_from or (end is not None and begin <= line.date_from <= end)


def line_notes(service: ServicePayment, line: SubmittedLine) -> tuple[str, ...]:
    """Evidence words for what differs between a paid line and the submitted line it answers."""
    procedure = service.procedure
    submitted = service.submitted_procedure
    if (
        submitted is None
        and procedure.modifiers == line.modifiers
        and procedure.code == line.procedure_code
        and (service.charge == line.charge or -service.charge == line.charge)
        and (service.date_from is None or service.date_from == line.date_from)
        and (service.units == line.units or service.units == "0")
    ):
        return ()
    notes: list[str] = []
    if procedure.code != line.procedure_code:
        notes.append("recoded")
    given = (submitted or procedure).modifiers
    if given != line.modifiers and set(given) != set(line.modifiers):
        notes.append("modifiers_dropped" if set(given) < set(line.modifiers) else "modifiers_differ")
    units = service.submitted_units or service.units
    if not same_quantity(units, line.units) and _number(units) != 0:
        notes.append("units_differ")
    if service.date_from is not None and not day_agrees_with(service.date_from, service.date_to, line):
        notes.append("date_differs")
    if abs(service.charge) != line.charge:
        notes.append("charge_differs")
    return tuple(notes)


def _number(text: str | None) -> int | None:
    """A quantity in thousandths, or None when it is absent or no number."""
    whole, _, fraction = (text or "").strip().partition(".")
    if not (whole + fraction).isdigit():
        return None
    return int(whole or "0") * 1000 + int((fraction + "000")[:3])


def same_quantity(left: str | None, right: str | None) -> bool:
    """Whether two quantity texts are equal as numbers (``2`` and ``2.0``)."""
    return left == right or (_number(left) is not None and _number(left) == _number(right))


def evidence_of(service: ServicePayment, line: SubmittedLine, day: date | None) -> LineEvidence:
    """The strongest level that ties the two."""
    number = service.line_control_number
    begin = service.date_from or day
    date_agrees = day_agrees_with(begin, service.date_to, line)
    charge_agrees = abs(service.charge) == line.charge
    code_agrees = code_agrees_with(service, line)
    if number and number == line.control_number:
        return LineEvidence.LINE_CONTROL_NUMBER
    if number and line_number(number) == line.number and (date_agrees or charge_agrees):
        return LineEvidence.LINE_NUMBER
    if not code_agrees:
        return LineEvidence.ONLY_LINE
    if date_agrees:
        return LineEvidence.CODE_DATE_CHARGE if charge_agrees else LineEvidence.CODE_DATE
    return LineEvidence.CODE_CHARGE if charge_agrees else LineEvidence.ONLY_LINE
