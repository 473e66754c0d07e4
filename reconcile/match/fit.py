"""How one submission fits a claim payment: which number they share, and what agrees beside it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from edi.model.control import normalise_control_number
from edi.model.remittance import ClaimPayment
from edi.payers.profile import MatchingPolicy
from reconcile.match.evidence import claim_date
from reconcile.match.lines import match_lines
from reconcile.match.patient import patient_agrees
from reconcile.values import ClaimEvidence, LineEvidence, LineMatch, SubmittedClaim

STRENGTH: Final = {
    ClaimEvidence.CONTROL_NUMBER: 4,
    ClaimEvidence.CONTROL_NUMBER_NORMALISED: 3,
    ClaimEvidence.LINE_CONTROL_NUMBER: 2,
    ClaimEvidence.PAYER_CLAIM_CONTROL_NUMBER: 1,
    ClaimEvidence.NONE: 0,
}
_CONTRARY: Final = frozenset({"charge_differs", "date_differs"})
_FULL: Final = (LineEvidence.LINE_CONTROL_NUMBER, LineEvidence.CODE_DATE_CHARGE, LineEvidence.LINE_NUMBER)


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """How one submission fits the claim payment. ``patient`` is 1 agrees, 0 not told, -1 differs.

    ``other_day``: a date of service of the payment is not that of the line, or of the claim, which it would answer.
    """

    claim: SubmittedClaim
    evidence: ClaimEvidence
    lines: tuple[LineMatch, ...]
    allocated: int
    tied: int
    sure: int
    charge: bool
    patient: int
    payer: bool
    payer_number: bool
    other_day: bool

    @property
    def by_payer_number(self) -> bool:
        """Whether the payer's own number (CLP07, REF*F8) alone names the claim; it is not always unique."""
        return self.evidence is ClaimEvidence.PAYER_CLAIM_CONTROL_NUMBER

    def told_apart(self) -> bool:
        """Whether more than a payer's number of several claims speaks for this one: patient and all lines agree too."""
        return not self.by_payer_number or (self.patient > 0 and 0 < self.sure == len(self.lines))

    def accepted(self, policy: MatchingPolicy) -> bool:
        """Whether enough agrees beside the number; under a payer's number another date of service is another visit."""
        count = len(self.lines)
        if self.evidence is ClaimEvidence.NONE or (self.by_payer_number and self.other_day):
            return False
        if policy.charge_or_patient and not (self.charge or self.patient > 0):
            return False
        if self.patient < 0:
            everything = self.charge and self.sure == count and count > 0
            return everything or (count > 0 and self.allocated == count and self.tied == count)
        if self.evidence is ClaimEvidence.LINE_CONTROL_NUMBER:
            if self.tied == count:
                return True
            if not self.payer_number:
                return False
        return self.charge or self.patient > 0 or self.sure > 0

    def identity(self) -> tuple[int, ...]:
        """What tells one claim from another, strongest first; equal tuples of two chains are ambiguous."""
        return (
            self.allocated,
            self.patient,
            int(self.charge),
            self.tied,
            self.sure,
            STRENGTH[self.evidence],
            int(self.payer_number),
            int(self.payer),
        )


def points_of(fit: Fit) -> int:
    """How strongly a claim fits, in points: only differences count, and only to say how sure a match is."""
    return (
        1000 * fit.allocated
        + 300 * fit.patient
        + 200 * int(fit.charge)
        + 50 * (fit.tied + fit.sure)
        + 20 * STRENGTH[fit.evidence]
        + 10 * int(fit.payer_number)
        + 5 * int(fit.payer)
    )


def shared_number(payment: ClaimPayment, claim: SubmittedClaim, *, known: bool) -> ClaimEvidence:
    """The strongest number the two share; ``known`` says that an allocated line control number does.

    That is before the payer's number of the claim, which is known or not by what has come in before.
    """
    if payment.patient_control_number == claim.patient_control_number:
        return ClaimEvidence.CONTROL_NUMBER
    normal = normalise_control_number(payment.patient_control_number)
    if normal and normal == normalise_control_number(claim.patient_control_number):
        return ClaimEvidence.CONTROL_NUMBER_NORMALISED
    if known:
        return ClaimEvidence.LINE_CONTROL_NUMBER
    if _payer_number_agrees(payment, claim):
        return ClaimEvidence.PAYER_CLAIM_CONTROL_NUMBER
    return ClaimEvidence.NONE


def _payer_number_agrees(payment: ClaimPayment, claim: SubmittedClaim) -> bool:
    """CLP07 or REF*F8 is a payer claim control number of the submission, or the one it refers to."""
    if not claim.payer_claim_control_numbers and not claim.original_reference:
        return False
    given = {value for qualifier, value in payment.references if qualifier == "F8"}
    if payment.payer_claim_control_number:
        given.add(payment.payer_claim_control_number)
    normal = {normalise_control_number(value) for value in given} - {""}
    held = (*claim.payer_claim_control_numbers, claim.original_reference)
    return any(normalise_control_number(value) in normal for value in held if value)


def fit_of(
    payment: ClaimPayment,
    claim: SubmittedClaim,
    payer_key: str | None,
    payer_ids: tuple[str, ...],
    answered: Collection[int],
) -> Fit:
    """Compare one submission with a claim payment; arguments as in ``reconcile.match.match_claim``."""
    lines = match_lines(payment, claim.lines, answered)
    numbers = {line.id: line.control_number for line in claim.lines if line.allocated}
    allocated = 0
    for service, match in zip(payment.lines, lines, strict=True):
        given = service.line_control_number
        if given and any(numbers.get(line_id) == given for line_id in match.line_ids):
            allocated += 1
    return Fit(
        claim=claim,
        evidence=shared_number(payment, claim, known=allocated > 0),
        lines=lines,
        allocated=allocated,
        tied=len([match for match in lines if match.line_ids]),
        sure=len([match for match in lines if _is_sure(match)]),
        charge=abs(payment.charge) == claim.charge,
        patient=patient_agrees(payment, claim),
        payer=payer_agrees(claim, payer_key, payer_ids),
        payer_number=_payer_number_agrees(payment, claim),
        other_day=_other_day(payment, claim, lines),
    )


def _other_day(payment: ClaimPayment, claim: SubmittedClaim, lines: Collection[LineMatch]) -> bool:
    """Whether a date of service differs: of a line, or of the whole claim where the payment has no lines."""
    if lines:
        return any("date_differs" in match.notes for match in lines if match.notes)
    day = claim_date(payment)
    if day is None or claim.date_from is None:
        return False
    return not claim.date_from <= day <= (claim.date_to or claim.date_from)


def _is_sure(match: LineMatch) -> bool:
    """Whether code, date and charge (or a number with them) agree: enough to speak for the claim."""
    return match.evidence in _FULL and (not match.notes or _CONTRARY.isdisjoint(match.notes))


def payer_agrees(claim: SubmittedClaim, payer_key: str | None, payer_ids: tuple[str, ...]) -> bool:
    """Whether the 835 comes from the payer that the submission went to, by key or by id."""
    return (payer_key is not None and payer_key == claim.payer_key) or claim.payer_id in payer_ids
