"""The test payer asked about coverage: an answer to each inquiry, from a seed, with the truth beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

import msgspec

from edi.model.eligibility import (
    GENERAL,
    Benefit,
    DatePeriod,
    EligibilityAnswer,
    EligibilityInquiry,
    Rejection,
    RelatedEntity,
)

OUTCOMES: Final = {
    "active": 60,
    "inactive": 10,
    "other_payer": 8,
    "visits_left": 10,
    "no_visits_left": 4,
    "not_found": 6,
    "cannot_answer": 2,
}
"""What an inquiry may meet with, and how often in a hundred."""
_MEDICARE_THERAPY: Final = {"AE": "PT/SLP", "AD": "OT"}
_BENEFIT_VISITS: Final = 30


class AnsweredInquiry(msgspec.Struct, frozen=True, kw_only=True):
    """The truth about one answer: ``outcome`` is a key of ``OUTCOMES``; visits left, and dollars used in cents."""

    trace_number: str
    outcome: str
    visits_left: int | None = None
    used: int | None = None


def answer_inquiries(
    inquiries: Iterable[EligibilityInquiry], *, rng: Random, today: date, reference: str
) -> Iterator[tuple[EligibilityAnswer, AnsweredInquiry]]:
    """Answer each inquiry as a payer would.

    Args:
        inquiries: of one 270.
        rng: decides every draw; the same inquiries and state give the same answers.
        today: the day of the answer.
        reference: BHT03 to repeat.
    """
    for inquiry in inquiries:
        outcome = rng.choices(list(OUTCOMES), weights=list(OUTCOMES.values()))[0]
        visits = _visits(outcome, rng)
        used = rng.randrange(0, 3_500_00, 100) if _is_medicare(inquiry) else None
        benefits, rejections = _said(inquiry, outcome, today, visits, used)
        answer = EligibilityAnswer(
            reference=reference,
            answered_on=today,
            traces=(("2", inquiry.trace_number, inquiry.trace_assigner),),
            payer_name=inquiry.payer_name,
            payer_id=inquiry.payer_id,
            payer_id_qualifier=inquiry.payer_id_qualifier,
            provider=inquiry.provider,
            subscriber=inquiry.subscriber,
            member_id=inquiry.member_id,
            patient=inquiry.patient,
            relationship=inquiry.relationship,
            benefits=benefits,
            rejections=rejections,
        )
        found = outcome in ("not_found", "cannot_answer")
        truth = AnsweredInquiry(
            trace_number=inquiry.trace_number,
            outcome=outcome,
            visits_left=visits,
            used=None if found or outcome == "inactive" else used,
        )
        yield answer, truth


def _visits(outcome: str, rng: Random) -> int | None:
    if outcome == "no_visits_left":
        return 0
    return rng.randint(1, _BENEFIT_VISITS) if outcome == "visits_left" else None


def _is_medicare(inquiry: EligibilityInquiry) -> bool:
    """Whether the inquiry asks as Medicare is asked: physical medicine and no code of its own for physical therapy."""
    return "AE" in inquiry.service_types and "PT" not in inquiry.service_types


def _said(
    inquiry: EligibilityInquiry, outcome: str, today: date, visits: int | None, used: int | None
) -> tuple[tuple[Benefit, ...], tuple[Rejection, ...]]:
    """The benefits, or why there are none."""
    level = "subscriber" if inquiry.patient is None else "dependent"
    if outcome == "not_found":
        return (), (Rejection(level, "75" if inquiry.patient is None else "67", "C"),)
    if outcome == "cannot_answer":
        return (), (Rejection(level, "42", "R"),)
    begin = DatePeriod("346", date(today.year - 1, 1, 1))
    kind = "MB" if used is not None else "C1"
    if outcome == "inactive":
        ended = DatePeriod("347", today - timedelta(days=60))
        return (Benefit(code="6", service_types=(GENERAL,), insurance_type=kind, dates=(begin, ended)),), ()
    benefits = [
        Benefit(code="1", coverage_level="IND", service_types=(GENERAL,), insurance_type=kind, dates=(begin,))
    ]
    if outcome == "other_payer":
        benefits.append(_other_payer(today))
    if visits is not None:
        benefits.append(_visits_benefit(inquiry, visits))
    if used is not None:
        benefits += _therapy(inquiry, today, used)
    return tuple(benefits), ()


def _other_payer(today: date) -> Benefit:
    payer = RelatedEntity(role="PRP", last_name="OTHER HEALTH PLAN", id_qualifier="PI", id="OTHER1")
    since = DatePeriod("290", date(today.year, 1, 1))
    return Benefit(code="R", service_types=(GENERAL,), insurance_type="C1", dates=(since,), entities=(payer,))


def _visits_benefit(inquiry: EligibilityInquiry, visits: int) -> Benefit:
    kinds = tuple(kind for kind in inquiry.service_types if kind != GENERAL) or (GENERAL,)
    return Benefit(
        code="F",
        coverage_level="IND",
        service_types=kinds,
        period="29",
        quantity_qualifier="VS",
        quantity=str(visits),
        in_network="Y",
    )


def _therapy(inquiry: EligibilityInquiry, today: date, used: int) -> Iterator[Benefit]:
    """Dollars used this year, as EB*D with the amount."""
    year = DatePeriod("292", date(today.year, 1, 1), date(today.year, 12, 31))
    for kind in inquiry.service_types:
        if kind in _MEDICARE_THERAPY:
            yield Benefit(
                code="D",
                coverage_level="IND",
                service_types=(kind,),
                insurance_type="MB",
                amount=used,
                dates=(year,),
                messages=("USED AMOUNT",),
            )
