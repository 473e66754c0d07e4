"""The equations of a claim that tells what other payers did.

005010X222A1 2320 and 2430, facts/remittance_835_rules.md: CLM02 = AMT*D + CAS of the claim + CAS of all lines, and
SV102 = the SVD02 of that payer on the line + their CAS. Both in cents, for each payer that adjudicated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from edi.model.claim import Claim
from edi.model.coordination_balance import Shortfall, claim_shortfalls, line_shortfalls
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
        yield from _too_many(claim, other.adjustments, None)
    for line in claim.lines:
        for one in line.adjudications:
            yield from _too_many(claim, one.adjustments, line.number)
    for short in line_shortfalls(claim):
        yield _unequal(claim, "SV102 = SVD02 + CAS", "SVD02", short)
    for short in claim_shortfalls(claim):
        yield _unequal(claim, "CLM02 = AMT*D + CAS", "AMT02", short)


def _unequal(claim: Claim, equation: str, element: str, short: Shortfall) -> Finding:
    line = short.line
    where = "" if line is None else f" of line {line}"
    return Finding(
        code=EQUATIONS,
        severity=Severity.ERROR,
        message=f"{equation}: the charge{where} is {decimal_text(short.charge)}, the other payer's answer comes to "
        f"{decimal_text(short.total)}",
        location=Location(
            claim=claim.patient_control_number or None,
            line=None if line is None else str(line),
            element=element,
        ),
        fix="The payer answered another charge than was sent; ask for a corrected 835, or send this claim on paper.",
    )


def _too_many(claim: Claim, adjustments: Iterable[Adjustment], line: int | None) -> Iterator[Finding]:
    """Reasons beyond the room of the loop."""
    runs = (sum(1 for _ in run) for _, run in groupby(adjustments, key=lambda one: one.group))
    needed = sum(-(-reasons // _REASONS) for reasons in runs)
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
