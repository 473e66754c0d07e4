"""The test payer asked about claims: it answers a 276 from the truth of what it adjudicated, as of a day.

A claim is paid or denied from the day of the last payment that speaks of it, pending before, not found when it was
rejected or never came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from edi.model.control import normalise_control_number
from edi.model.status import ClaimStatus, StatusAnswer, StatusCode, StatusInquiry
from edi.testpayer.values import TrueClaim, TruePayment, Truth

PAID, DENIED, PENDING, NOT_FOUND = "paid", "denied", "pending", "not_found"
_CODES: Final = {
    PAID: StatusCode("F1", "65"),
    DENIED: StatusCode("F2", "88", "QC"),
    PENDING: StatusCode("P1", "20"),
    NOT_FOUND: StatusCode("A4", "35"),
}


class AnsweredStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The truth about one answer: ``outcome`` is ``paid``, ``denied``, ``pending`` or ``not_found``; ``paid`` cents."""

    trace_number: str
    patient_control_number: str
    outcome: str
    paid: int = 0
    payment_trace_number: str = ""


def answer_status(
    inquiries: Iterable[StatusInquiry], truths: Sequence[Truth], *, today: date, reference: str
) -> Iterator[tuple[StatusAnswer, AnsweredStatus]]:
    """Answer each inquiry.

    Args:
        inquiries: of one 276.
        truths: of every 837P that the payer answered, in order; a later one of a claim stands for it.
        today: the day of the answer.
        reference: BHT03 of the answer.
    """
    claims: dict[tuple[str, str], tuple[TrueClaim, Mapping[tuple[str, str], TruePayment]]] = {}
    for truth in truths:
        payments = {(file.file, one.transaction): one for file in truth.files for one in file.payments}
        for claim in truth.claims:
            if claim.status != "again":
                claims[claim.payer_id, normalise_control_number(claim.patient_control_number)] = (
                    claim,
                    payments,
                )
    for inquiry in inquiries:
        found = claims.get((inquiry.payer_id, normalise_control_number(inquiry.patient_control_number)))
        told = _outcome(inquiry, found, today)
        outcome, status = told
        yield (
            _answer(inquiry, found[0] if found and outcome != NOT_FOUND else None, status, today, reference),
            AnsweredStatus(
                trace_number=inquiry.trace_number,
                patient_control_number=inquiry.patient_control_number,
                outcome=outcome,
                paid=status.paid or 0,
                payment_trace_number=status.check_number,
            ),
        )


def _outcome(
    inquiry: StatusInquiry,
    found: tuple[TrueClaim, Mapping[tuple[str, str], TruePayment]] | None,
    today: date,
) -> tuple[str, ClaimStatus]:
    """What became of a claim by that day, and its STC."""
    if found is None or found[0].status == "rejected":
        return NOT_FOUND, ClaimStatus(codes=(_CODES[NOT_FOUND],), effective_on=today, charge=inquiry.charge)
    claim, payments = found
    answers = {(one.file, one.transaction) for line in claim.lines for one in line.answered_by}
    mine = sorted((payments[one] for one in answers if one in payments), key=lambda one: one.payment_date)
    charge = sum(line.charge for line in claim.lines)
    if not mine or mine[-1].payment_date > today:
        return PENDING, ClaimStatus(codes=(_CODES[PENDING],), effective_on=today, charge=charge)
    last, cash = mine[-1], sum(line.cash for line in claim.lines)
    outcome = PAID if cash > 0 else DENIED
    return outcome, ClaimStatus(
        codes=(_CODES[outcome],),
        effective_on=last.payment_date,
        charge=charge,
        paid=max(cash, 0),
        finalized_on=last.payment_date,
        remitted_on=last.payment_date,
        check_number=last.trace_number,
    )


def _answer(
    inquiry: StatusInquiry, claim: TrueClaim | None, status: ClaimStatus, today: date, reference: str
) -> StatusAnswer:
    """The answer: who asked and about whom is repeated, the payer's own number is named where it has the claim."""
    return StatusAnswer(
        reference=reference,
        answered_on=today,
        trace_number=inquiry.trace_number,
        payer_name=inquiry.payer_name,
        payer_id=inquiry.payer_id,
        payer_id_qualifier=inquiry.payer_id_qualifier,
        receiver_name=inquiry.receiver_name,
        receiver_id=inquiry.receiver_id,
        provider=inquiry.provider,
        subscriber=inquiry.subscriber,
        member_id=inquiry.member_id,
        patient=inquiry.patient,
        statuses=(status,),
        payer_claim_control_number=claim.payer_claim_control_number if claim is not None else "",
        patient_control_number=inquiry.patient_control_number,
        date_from=inquiry.date_from,
        date_to=inquiry.date_to,
    )
