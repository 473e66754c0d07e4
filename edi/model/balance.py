"""The equations an 835 must satisfy, as arithmetic on the model. Source: facts/remittance_835_rules.md, three balances.

Judging lives here once: the reader's findings, ingest and verify all ask these functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import ClaimPayment, ProviderAdjustment, ServicePayment

REVERSAL = "22"
"""CLP02 of a reversal of a previous payment."""


class Imbalance(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One equation that does not hold.

    Attributes:
        code: BAL001 line, BAL002 claim, BAL003 transaction, BAL004 patient responsibility, BAL005 line charges.
        severity: an error holds money (suspense or quarantine), a warning does not.
        equation: the equation in X12 names.
        expected: cents the right-hand side comes to.
        actual: cents the file states.
        segment: ordinal of the segment whose element disagrees.
        element: its X12 reference.
        claim: CLP01, or None for the transaction.
        line: REF*6R of the line, if any.
    """

    code: str
    severity: Severity
    equation: str
    expected: int
    actual: int
    segment: int
    element: str
    claim: str | None = None
    line: str | None = None

    def finding(self, *, file: str | None = None, transaction: str | None = None) -> Finding:
        """Return the imbalance as a Finding that names the equation and the cents."""
        gap = decimal_text(self.actual - self.expected)
        return Finding(
            code=self.code,
            severity=self.severity,
            message=f"{self.equation}: {self.element} is {decimal_text(self.actual)} but the rest comes to "
            f"{decimal_text(self.expected)} (difference {gap})",
            location=Location(
                file=file,
                segment=self.segment,
                element=self.element,
                transaction=transaction,
                claim=self.claim,
                line=self.line,
            ),
        )


def line_imbalance(line: ServicePayment, claim: str | None = None) -> Imbalance | None:
    """BAL001: SVC03 = SVC02 - sum of the line's CAS amounts. Return the imbalance, or None when it holds."""
    expected = line.charge
    for adjustment in line.adjustments:
        expected -= adjustment.cents
    if expected == line.paid:
        return None
    return Imbalance(
        code="BAL001",
        severity=Severity.ERROR,
        equation="SVC03 = SVC02 - sum(CAS of the line)",
        expected=expected,
        actual=line.paid,
        segment=line.segment,
        element="SVC03",
        claim=claim,
        line=line.line_control_number,
    )


def claim_imbalances(claim: ClaimPayment) -> Iterator[Imbalance]:
    """Yield every equation the claim payment breaks: BAL001 and BAL002 (errors), BAL004 and BAL005 (warnings).

    BAL002: CLP04 = CLP03 - sum(CAS of the claim and of all its lines). BAL004: CLP05 = sum of the PR amounts, not
    asked of a reversal nor when CLP05 is absent and no PR is there. BAL005: sum(SVC02) = CLP03 where there are lines.
    """
    expected = claim.charge
    patient = 0
    number = claim.patient_control_number
    for adjustment in claim.adjustments:
        expected -= adjustment.cents
        if adjustment.group == "PR":
            patient += adjustment.cents
    charges = 0
    for line in claim.lines:
        charges += line.charge
        paid = line.charge
        for adjustment in line.adjustments:
            cents = adjustment.cents
            expected -= cents
            paid -= cents
            if adjustment.group == "PR":
                patient += cents
        if paid != line.paid:
            imbalance = line_imbalance(line, number)
            if imbalance is not None:
                yield imbalance
    if expected != claim.paid:
        yield Imbalance(
            code="BAL002",
            severity=Severity.ERROR,
            equation="CLP04 = CLP03 - sum(CAS of the claim and its lines)",
            expected=expected,
            actual=claim.paid,
            segment=claim.segment,
            element="CLP04",
            claim=number,
        )
    if claim.status != REVERSAL and (claim.patient_responsibility or 0) != patient:
        yield Imbalance(
            code="BAL004",
            severity=Severity.WARNING,
            equation="CLP05 = sum(CAS of group PR)",
            expected=patient,
            actual=claim.patient_responsibility or 0,
            segment=claim.segment,
            element="CLP05",
            claim=number,
        )
    if claim.lines and charges != claim.charge:
        yield Imbalance(
            code="BAL005",
            severity=Severity.WARNING,
            equation="CLP03 = sum(SVC02)",
            expected=charges,
            actual=claim.charge,
            segment=claim.segment,
            element="CLP03",
            claim=number,
        )


def transaction_imbalance(
    payment: int, paid_total: int, adjustments: Iterable[ProviderAdjustment], segment: int = 2
) -> Imbalance | None:
    """BAL003: BPR02 = sum(CLP04) - sum(PLB). Return the imbalance, or None when it holds. All in cents."""
    expected = paid_total - sum(adjustment.cents for adjustment in adjustments)
    if expected == payment:
        return None
    return Imbalance(
        code="BAL003",
        severity=Severity.ERROR,
        equation="BPR02 = sum(CLP04) - sum(PLB)",
        expected=expected,
        actual=payment,
        segment=segment,
        element="BPR02",
    )
