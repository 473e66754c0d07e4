"""The equations of a claim that tells what other payers did.

005010X222A1 2320 and 2430, facts/remittance_835_rules.md: CLM02 = AMT*D + CAS of the claim + CAS of all lines, and
SV102 = the SVD02 of that payer on the line + their CAS. Both in cents, for each payer that adjudicated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edi.model.claim import Claim
from edi.model.coordination import LineAdjudication
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import Adjustment
from edi.resubmit.refusals import EQUATIONS

MOST_SEGMENTS = 5
"""CAS segments that fit in a loop; each holds six reasons of one group."""
_REASONS = 6


def broken_equations(claim: Claim) -> Iterator[Finding]:
    """Yield an error for each equation of a payer that does not hold, and for reasons that fit in no five CAS."""
    for other in claim.other_payers:
        if other.paid is None:
            continue
        total = other.paid + cents_of(other.adjustments)
        yield from _too_many(claim, other.adjustments, None)
        for line in claim.lines:
            decided = [one for one in line.adjudications if one.payer_id == other.payer.id]
            if not decided:
                continue
            shares = _line_sum(decided)
            total += shares - sum(one.paid for one in decided)
            for one in decided:
                yield from _too_many(claim, one.adjustments, line.number)
            if shares != line.charge:
                yield _unequal(claim, "SV102 = SVD02 + CAS", "SVD02", line.charge, shares, line.number)
        if total != claim.charge:
            yield _unequal(claim, "CLM02 = AMT*D + CAS", "AMT02", claim.charge, total, None)


def cents_of(adjustments: Iterable[Adjustment]) -> int:
    """The sum of the adjustments, in cents."""
    return sum(one.cents for one in adjustments)


def _line_sum(decided: Iterable[LineAdjudication]) -> int:
    return sum(one.paid + cents_of(one.adjustments) for one in decided)


def _unequal(claim: Claim, equation: str, element: str, charge: int, found: int, line: int | None) -> Finding:
    where = "" if line is None else f" of line {line}"
    return Finding(
        code=EQUATIONS,
        severity=Severity.ERROR,
        message=f"{equation}: the charge{where} is {decimal_text(charge)}, the other payer's answer comes to "
        f"{decimal_text(found)}",
        location=Location(
            claim=claim.patient_control_number or None,
            line=None if line is None else str(line),
            element=element,
        ),
        fix="The payer answered another charge than was sent; ask for a corrected 835, or send this claim on paper.",
    )


def _too_many(claim: Claim, adjustments: Iterable[Adjustment], line: int | None) -> Iterator[Finding]:
    """Reasons beyond the room of the loop."""
    counts: dict[str, int] = {}
    for one in adjustments:
        counts[one.group] = counts.get(one.group, 0) + 1
    needed = sum(-(-count // _REASONS) for count in counts.values())
    if needed > MOST_SEGMENTS:
        yield Finding(
            code=EQUATIONS,
            severity=Severity.ERROR,
            message=f"the other payer's reasons need {needed} CAS segments, {MOST_SEGMENTS} fit",
            location=Location(
                claim=claim.patient_control_number or None,
                line=None if line is None else str(line),
                element="CAS01",
            ),
            fix="Send this claim on paper with the remittance advice.",
        )
