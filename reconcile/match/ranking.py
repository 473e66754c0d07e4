"""Claims that a claim payment in the queue could mean, ranked: what speaks for each, and how far the next is behind.

The points only order the list that a person reads; nothing is posted by them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from edi.model.control import normalise_control_number
from edi.model.remittance import ClaimPayment
from reconcile.match.lines import match_lines
from reconcile.match.patient import another_patient
from reconcile.values import LineEvidence, SubmittedClaim

POINTS: Final = {
    "control_number": 40,
    "payer_claim_control_number": 40,
    "member_id": 25,
    "patient_name": 15,
    "charge": 15,
    "dates_of_service": 10,
    "payer": 5,
}
"""What each kind of evidence weighs; the lines weigh up to ``LINES`` together."""
ANOTHER_PATIENT: Final = "another_patient"
"""What speaks against a claim: last name and member id are both another's. It costs what they would weigh."""
LINES: Final = 30
_WEAK: Final = frozenset({"payer", "dates_of_service"})
"""What many claims share: alone it makes no candidate."""
_SURE: Final = (LineEvidence.LINE_CONTROL_NUMBER, LineEvidence.CODE_DATE_CHARGE, LineEvidence.LINE_NUMBER)


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that could be meant. ``margin`` is how many points the next claim is behind it."""

    claim_id: int
    practice_id: str
    patient_control_number: str
    score: int
    margin: int
    evidence: tuple[str, ...]


def rank_candidates(
    payment: ClaimPayment,
    claims: Iterable[SubmittedClaim],
    *,
    payer_key: str = "",
    payer_ids: Iterable[str] = (),
    limit: int = 5,
) -> tuple[Ranked, ...]:
    """Rank the claims that a claim payment could mean.

    Args:
        payment: the claim payment.
        claims: submissions; of one chain the best counts.
        payer_key: who paid, by key of payers.toml.
        payer_ids: how its 835 calls the payer.
        limit: at most so many.

    Returns:
        Claims with any evidence, the best first; equal ones by id.
    """
    best: dict[int, tuple[int, SubmittedClaim, tuple[str, ...]]] = {}
    numbers = frozenset(payer_ids)
    for claim in claims:
        score, evidence = _score(payment, claim, payer_key, numbers)
        held = best.get(claim.root)
        if score and (held is None or score > held[0]):
            best[claim.root] = (score, claim, evidence)
    ranked = sorted(best.values(), key=lambda one: (-one[0], one[1].id))
    behind = [score for score, _, _ in ranked[1:]] + [0]
    return tuple(
        Ranked(
            claim_id=claim.id,
            practice_id=claim.practice_id,
            patient_control_number=claim.patient_control_number,
            score=score,
            margin=score - following,
            evidence=evidence,
        )
        for (score, claim, evidence), following in zip(ranked[:limit], behind, strict=False)
    )


def _score(
    payment: ClaimPayment, claim: SubmittedClaim, payer_key: str, payer_ids: frozenset[str]
) -> tuple[int, tuple[str, ...]]:
    """The points of one submission, and what they are for; at the end what speaks against it."""
    found: list[str] = []
    number = normalise_control_number(payment.patient_control_number)
    if number and number == normalise_control_number(claim.patient_control_number):
        found.append("control_number")
    if payment.payer_claim_control_number and (
        payment.payer_claim_control_number in claim.payer_claim_control_numbers
    ):
        found.append("payer_claim_control_number")
    given = {payment.member_id, *(party.id for party in payment.parties if party.role in ("QC", "IL", "74"))}
    members = {normalise_control_number(one) for one in claim.member_ids if one}
    if members & {normalise_control_number(one) for one in given if one}:
        found.append("member_id")
    patient = payment.party("QC")
    if patient is not None and patient.last_name and claim.patient_last_name:
        names = (patient.last_name, patient.first_name or "")
        ours = (claim.patient_last_name, claim.patient_first_name)
        if names[0].upper() == ours[0].upper() and names[1][:1].upper() in ("", ours[1][:1].upper()):
            found.append("patient_name")
    if abs(payment.charge) == claim.charge:
        found.append("charge")
    days = {line.date_from for line in payment.lines if line.date_from}
    if days and days <= {line.date_from for line in claim.lines}:
        found.append("dates_of_service")
    if (payer_key and payer_key == claim.payer_key) or claim.payer_id in payer_ids:
        found.append("payer")
    points = sum(POINTS[one] for one in found)
    if payment.lines and claim.lines:
        sure = sum(1 for one in match_lines(payment, claim.lines) if one.evidence in _SURE)
        if sure:
            points += LINES * sure // len(payment.lines)
            found.append(f"lines {sure} of {len(payment.lines)}")
    if _WEAK.issuperset(found):
        return 0, ()
    if another_patient(payment, [claim]):
        points = max(points - POINTS["member_id"] - POINTS["patient_name"], 1)
        found.append(ANOTHER_PATIENT)
    return points, tuple(found)
