"""Workers' compensation and auto claims: the shape the guide gives them. They are known by SBR09, WC and AM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.model.claim import Claim
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import PROPERTY

WORK: Final = "WC"
AUTO: Final = "AM"
EMPLOYEE: Final = "20"


def _claim_numbers(claim: Claim) -> tuple[bool, bool]:
    """Whether REF*Y4 stands with the subscriber, and with the patient of 2010CA."""
    patient = claim.patient.references if claim.patient is not None else ()
    return (
        any(kind == "Y4" for kind, _ in claim.subscriber.references),
        any(kind == "Y4" for kind, _ in patient),
    )


@rule("PNC001", severity=ERROR, carc="16", subject=PROPERTY)
def workers_compensation_without_employer(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A workers' compensation claim does not have the employer as its subscriber.

    Why: The employer holds the coverage; under the worker's own name the carrier finds no policy.
    Fix: Give subscriber_organization in patients.csv, or employer on the case.
    Source: claim_format_eligibility_rules.md, Subscriber and patient loops.
    """
    subscriber = draft.claim.subscriber
    if subscriber.filing_indicator == WORK and not subscriber.organization:
        yield Problem(
            message="SBR09 is WC and the subscriber is a person",
            location=at_claim(draft, "subscriber_organization", "NM102"),
        )


@rule("PNC002", severity=ERROR, carc="16", subject=PROPERTY)
def worker_is_not_employee(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The employer is the subscriber, and the patient is not written as his employee.

    Why: PAT01 20 ties the worker to the employer's policy; another relationship is rejected.
    Fix: Set relationship to employee.
    Source: claim_format_eligibility_rules.md, Subscriber and patient loops.
    """
    claim = draft.claim
    if claim.subscriber.filing_indicator != WORK or not claim.subscriber.organization:
        return
    if claim.patient is None or claim.patient.relationship != EMPLOYEE:
        yield Problem(
            message="the patient of a workers' compensation claim is not PAT01 20",
            location=at_claim(draft, "relationship", "PAT01"),
        )


@rule("PNC003", severity=ERROR, carc="16", subject=PROPERTY)
def claim_number_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A workers' compensation or auto claim lacks the number the carrier gave the accident.

    Why: The carrier files everything under that number; a bill without it is sent back.
    Fix: Ask the adjuster, and give claim_number on the case.
    Source: 005010X222A1 2010BA and 2010CA REF*Y4.
    """
    claim = draft.claim
    if claim.subscriber.filing_indicator in (WORK, AUTO) and not any(_claim_numbers(claim)):
        yield Problem(
            message=f"a claim of filing indicator {claim.subscriber.filing_indicator} without REF*Y4",
            location=at_claim(draft, "claim_number", "REF02"),
        )


@rule("PNC004", severity=ERROR, carc="16", subject=PROPERTY)
def claim_number_misplaced(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The accident's claim number stands with the subscriber although another person is the patient.

    Why: REF*Y4 stands once, with the patient; with the subscriber alone it is not read.
    Fix: Put REF*Y4 into 2010CA, and only there.
    Source: 005010X222A1 2010BA and 2010CA REF*Y4; pyx12 passes it.
    """
    with_subscriber, _ = _claim_numbers(draft.claim)
    if with_subscriber and draft.claim.patient is not None:
        yield Problem(
            message="REF*Y4 stands with the subscriber, and the patient is another person",
            location=at_claim(draft, "claim_number", "REF01"),
        )


@rule("PNC005", severity=WARNING, carc="16", subject=PROPERTY)
def claim_number_on_health_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A health plan's claim has a property and casualty claim number.

    Why: REF*Y4 tells the plan that somebody else is liable; it pends or denies the claim.
    Fix: Bill the liable carrier, or take the number out.
    Source: 005010X222A1 2010BA and 2010CA REF*Y4.
    """
    filing = draft.claim.subscriber.filing_indicator
    if filing and filing not in (WORK, AUTO, "LM") and any(_claim_numbers(draft.claim)):
        yield Problem(
            message=f"REF*Y4 on a claim of filing indicator {filing}",
            location=at_claim(draft, "claim_number", "REF01"),
        )


@rule("PNC006", severity=ERROR, carc="16", subject=PROPERTY)
def accident_cause_not_said(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A workers' compensation claim does not say employment, or an auto claim not auto accident.

    Why: The carrier pays for that cause alone.
    Fix: Give accident_type and accident_date on the case.
    Source: 005010X222A1 CLM11; claim_format_eligibility_rules.md, Subscriber and patient loops.
    """
    claim = draft.claim
    wanted = {WORK: "EM", AUTO: "AA"}.get(claim.subscriber.filing_indicator)
    if wanted is not None and wanted not in claim.accident_causes:
        yield Problem(
            message=f"a claim of filing indicator {claim.subscriber.filing_indicator} without {wanted} in CLM11",
            location=at_claim(draft, "accident_type", "CLM11"),
        )
