"""The claim to the next payer, with what the one before did with it, or why it is not sent.

Source: 005010X222A1 2320, 2330A, 2330B, 2430; facts/remittance_835_rules.md, COB and crossover.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from edi.model.claim import Claim, ClaimPayer, Provider, ServiceLine
from edi.model.coordination import RANKS, OtherPayer
from edi.model.crossover import NOT_FORWARDED, sent_on
from edi.model.finding import Finding
from edi.model.remittance import ClaimPayment, Reference
from edi.payers.profile import SecondaryPolicy
from edi.resubmit.coverage import SELF, NextCoverage, next_rank
from edi.resubmit.payer_answer import Coordination
from edi.resubmit.refusals import NOT_ADJUDICATED, NOT_BYPASSED, PAID_ZERO, SENT_ON, TAKEN_BACK, refusal

PAYER_NUMBER: Final = "G2"
_OF_A_PAYER: Final = ("G1", "9F", PAYER_NUMBER)
"""References that only the payer knows to whom they were written."""
_OTHER_PAYER_IDS: Final = ("2U", "EI", "FY", "NF")
"""References of 2010BB that 2330B takes as well."""


def why_not_billed(
    claim: Claim,
    payments: Sequence[ClaimPayment],
    next_key: str,
    *,
    taken_back: bool,
    pended: bool,
    primary: SecondaryPolicy,
    following: SecondaryPolicy,
) -> Finding | None:
    """The reason for which the next payer is not billed, or None.

    Args:
        claim: the submission that was answered.
        payments: the payer's answers that stand.
        next_key: the next payer's key in payers.toml, "" when it has none.
        taken_back: there were answers, and the payer took all of them back.
        pended: money of the claim waits for the payer's decision.
        primary: [secondary] of the payer that answered: whom it crosses over to.
        following: [secondary] of the next one: whether it wants claims that were paid nothing.
    """
    number = claim.patient_control_number
    if taken_back:
        message = "its payer took the payment back, and nothing stands to be told to the next one"
        return refusal(TAKEN_BACK, number, message, "Wait for the corrected payment, or correct the claim.")
    if not payments:
        message = "its payer has not decided yet"
        return refusal(NOT_ADJUDICATED, number, message, "Wait for the 835 and ingest it.")
    if pended:
        message = "its payer holds it pended, and has not decided all of it"
        return refusal(NOT_ADJUDICATED, number, message, "Wait for the 835 with the decision and ingest it.")
    because = next((said for payment in payments if (said := sent_on(payment))), "")
    if because:
        fix = "Wait for the next payer's 835; a second claim there comes back as a duplicate."
        return refusal(SENT_ON, number, f"its payer sent it on to the next one ({because})", fix)
    remarks = {remark for payment in payments for remark in payment.remarks}
    if next_key and next_key in primary.crosses_over_to and not remarks & NOT_FORWARDED:
        message = f"its payer crosses over to {next_key} by itself (secondary.crosses_over_to)"
        fix = "Wait for the next payer's 835; take the payer out of crosses_over_to if it sends nothing on."
        return refusal(SENT_ON, number, message, fix)
    if not sum(payment.paid for payment in payments) and not following.bill_when_primary_paid_zero:
        message = (
            "its payer paid nothing, and the next one wants no such claims (bill_when_primary_paid_zero)"
        )
        return refusal(PAID_ZERO, number, message, "Work the denial, or bill what is the patient's share.")
    return None


def secondary_claim(claim: Claim, answer: Coordination, coverage: NextCoverage) -> Claim:
    """Return the claim to the next payer: CLM01 kept, line control numbers blank.

    Args:
        claim: the submission that was answered.
        answer: what its payer did.
        coverage: who is billed next.
    """
    other = msgspec.structs.replace(
        _other_payer(claim),
        adjustments=answer.adjustments,
        paid=answer.paid,
        remaining_patient_liability=answer.remaining,
        outpatient=answer.outpatient,
        paid_on=None if answer.lines else answer.paid_on,
    )
    if answer.payer_number:
        references = (*other.payer.references, ("F8", answer.payer_number))
        other = msgspec.structs.replace(
            other, payer=msgspec.structs.replace(other.payer, references=references)
        )
    lines = tuple(
        msgspec.structs.replace(line, adjudications=(*line.adjudications, *answer.lines.get(line.number, ())))
        for line in claim.lines
    )
    return _to_next(claim, other, lines, coverage)


def bypassed(claim: Claim, coverage: NextCoverage, *, adjudicated: bool) -> Claim | Finding:
    """Return the claim to the next payer where the law lets the first one be passed over (AMT*A8, RFI 1603).

    Args:
        claim: the claim to the payer that is passed over.
        coverage: who is billed in its place.
        adjudicated: that payer has decided; then it was not passed over, and the claim is refused.
    """
    if adjudicated:
        message = "its payer has decided on it, so it cannot count as passed over"
        return refusal(
            NOT_BYPASSED, claim.patient_control_number, message, "Send it without --bypass-primary."
        )
    other = msgspec.structs.replace(_other_payer(claim), noncovered=claim.charge)
    return _to_next(claim, other, claim.lines, coverage)


def _other_payer(claim: Claim) -> OtherPayer:
    """The coverage a claim was billed to, as another payer's: 2320, 2330A and 2330B without what it did."""
    subscriber = claim.subscriber
    kept: list[Reference] = [one for one in claim.payer.references if one[0] in _OTHER_PAYER_IDS]
    kept += [
        (kind, value) for kind, value in (("G1", claim.authorization), ("9F", claim.referral_number)) if value
    ]
    return OtherPayer(
        rank=subscriber.rank,
        relationship=SELF if claim.patient is None else claim.patient.relationship,
        group_number=subscriber.group_number,
        group_name=subscriber.group_name,
        insurance_type=subscriber.insurance_type,
        filing_indicator=subscriber.filing_indicator,
        benefits_assigned=claim.benefits_assigned,
        patient_signature_source=claim.patient_signature_source,
        release_of_information=claim.release_of_information,
        subscriber=subscriber.person,
        organization=subscriber.organization,
        member_id=subscriber.member_id,
        member_id_qualifier=subscriber.member_id_qualifier,
        subscriber_references=tuple(one for one in subscriber.references if one[0] == "SY"),
        payer=ClaimPayer(
            name=claim.payer.name,
            id=claim.payer.id,
            key=claim.payer.key,
            id_qualifier=claim.payer.id_qualifier,
            address=claim.payer.address,
            references=tuple(kept),
        ),
    )


def _to_next(claim: Claim, other: OtherPayer, lines: Sequence[ServiceLine], coverage: NextCoverage) -> Claim:
    """The claim billed to the next coverage, ``other`` among its other payers."""
    rank = next_rank(claim.subscriber.rank)
    own = RANKS.find(claim.subscriber.rank)
    before = [one for one in claim.other_payers if RANKS.find(one.rank) < own]
    after = [one for one in claim.other_payers if RANKS.find(one.rank) > own and one.rank != rank]
    numbers = coverage.provider_numbers
    return msgspec.structs.replace(
        claim,
        frequency="1",
        original_reference="",
        benefits_assigned=coverage.benefits_assigned,
        authorization=coverage.authorization,
        referral_number=coverage.referral_number,
        other_payers=(*before, other, *after),
        later_payers=coverage.later,
        subscriber=msgspec.structs.replace(coverage.subscriber, rank=rank),
        patient=coverage.patient,
        payer=coverage.payer,
        billing=_numbered(claim.billing, numbers),
        rendering=claim.rendering and _numbered(claim.rendering, numbers),
        supervising=claim.supervising and _numbered(claim.supervising, numbers),
        referring=claim.referring and _numbered(claim.referring, {}),
        facility=claim.facility and _numbered(claim.facility, numbers),
        lines=tuple(
            msgspec.structs.replace(
                line,
                line_control_number="",
                authorization="",
                references=tuple(one for one in line.references if one[0] not in _OF_A_PAYER),
                rendering=line.rendering and _numbered(line.rendering, numbers),
                supervising=line.supervising and _numbered(line.supervising, numbers),
            )
            for line in lines
        ),
    )


def _numbered(provider: Provider, numbers: dict[str, str]) -> Provider:
    """The provider with the next payer's number of him in the place of the last one's."""
    kept = [one for one in provider.references if one[0] != PAYER_NUMBER]
    if provider.npi in numbers:
        kept.append((PAYER_NUMBER, numbers[provider.npi]))
    return msgspec.structs.replace(provider, references=tuple(kept))
