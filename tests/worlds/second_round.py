"""What goes out after the payers of a world answered: claims to the next payer, replacements and voids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

import msgspec

from edi.model.claim import Claim, ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.remittance import Adjustment, ClaimPayment, ServicePayment
from edi.payers import PayerProfile
from edi.resubmit import (
    AnsweredClaim,
    Coordination,
    Correction,
    Standing,
    coordination,
    corrected,
    coverage_on_claim,
    secondary_claim,
    voided,
)

PAID_ON = date(2026, 3, 30)


def _paid(line: ServiceLine, rng: Random) -> ServicePayment:
    """A line's answer: paid in part, denied, or all of it the patient's; its parts always sum to its charge."""
    contractual = line.charge * rng.randint(0, 40) // 100
    share = line.charge * rng.randint(0, 30) // 100
    adjustments = [Adjustment("CO", "45", contractual), Adjustment("PR", rng.choice("123"), share)]
    paid = line.charge - contractual - share
    if rng.random() < 0.1:
        adjustments, paid = [Adjustment("CO", "45", line.charge - share), Adjustment("PR", "1", share)], 0
    if rng.random() < 0.1:
        adjustments, paid = [Adjustment("CO", "97", line.charge)], 0
    return ServicePayment(
        segment=1,
        procedure=line.procedure,
        charge=line.charge,
        paid=paid,
        units=line.units,
        adjustments=tuple(one for one in adjustments if one.cents),
    )


def answer_to(claim: Claim, rng: Random) -> AnsweredClaim:
    """The payer's answer to a claim, line by line."""
    lines = tuple(_paid(line, rng) for line in claim.lines)
    payment = ClaimPayment(
        segment=1,
        ordinal=0,
        patient_control_number=claim.patient_control_number,
        status="1",
        charge=claim.charge,
        paid=sum(line.paid for line in lines),
        payer_claim_control_number=f"ICN{claim.patient_control_number}",
        lines=lines,
    )
    return AnsweredClaim(
        payment=payment, lines=tuple((line.number,) for line in claim.lines), paid_on=PAID_ON
    )


def second_round(
    drafts: list[ClaimDraft], claims: list[Claim], payers: dict[str, PayerProfile], seed: int
) -> Iterator[ClaimDraft]:
    """Yield drafts of what follows the claims: to the next payer where there is one, else a replacement or a void.

    A draft of a secondary claim keeps the records it was made of, under the next payer's coverage.
    """
    rng = Random(seed)
    for draft, claim in zip(drafts, claims, strict=True):
        answered = answer_to(claim, rng)
        following = coverage_on_claim(claim)
        if following is not None and draft.other_coverages:
            coverage, *later = draft.other_coverages
            told = coordination(claim, [answered], rng.choice(("line", "claim")))
            assert isinstance(told, Coordination), told
            following = msgspec.structs.replace(
                following, payer=msgspec.structs.replace(following.payer, key=coverage.payer)
            )
            yield msgspec.structs.replace(
                draft,
                claim=secondary_claim(claim, told, following),
                coverage=coverage,
                payer_key=coverage.payer,
                other_coverages=tuple(later),
                answered_on=PAID_ON,
            )
            continue
        policy = payers[draft.payer_key].corrections
        standing = Standing(
            number=claim.patient_control_number,
            adjudicated=True,
            payer_number=f"ICN{claim.patient_control_number}",
        )
        if policy.method == "replace":
            again = corrected(claim, standing, Correction.REPLACEMENT, same_number=True)
            if policy.void and rng.random() < 0.3:
                void = voided(claim, standing, policy, same_number=True)
                assert isinstance(void, Claim), void
                again = void
            yield msgspec.structs.replace(draft, claim=again, answered_on=PAID_ON)
