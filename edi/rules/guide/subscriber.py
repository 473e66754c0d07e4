"""Loops 2000B and 2010BA: who holds the coverage, and by which payer. No value of a person is repeated here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edi.model.draft import ClaimDraft
from edi.payers.profile import ORIGINAL_MEDICARE
from edi.rules.context import Problem, RuleContext, at_claim
from edi.rules.guide.forms import ssn_is_formed
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import MEMBER

FILING_OF_KIND: Final = {
    "medicare_b": frozenset({"MB"}),
    "railroad": frozenset({"MB"}),
    "medicaid": frozenset({"MC", "HM", "TV"}),
    "workers_comp": frozenset({"WC"}),
    "auto": frozenset({"AM", "LM"}),
    "tricare": frozenset({"CH"}),
}
"""SBR09 by the kind of payer in payers.toml; kinds that are not here take several."""
FEDERAL: Final = frozenset({"MA", "MB", "MC", "VA", "CH", "WC", "AM"})
"""SBR09 that no commercial plan has."""
_PUNCTUATION: Final = re.compile(r"[^0-9A-Za-z]")


@rule("SBR001", severity=ERROR, carc="16", subject=MEMBER)
def self_above_dependent(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The subscriber is said to be the patient, and another patient follows.

    Why: SBR02 18 closes the subscriber's loop to patients; the payer cannot tell who was treated.
    Fix: Say that the subscriber is not the patient, or leave the dependent out.
    Source: 005010X222A1 2000B SBR02; pyx12 passes it.
    """
    if draft.claim.patient is not None and draft.claim.subscriber.is_patient:
        yield Problem(
            message="SBR02 is 18 above a patient loop 2000C",
            location=at_claim(draft, "relationship", "SBR02"),
        )


@rule("SBR002", severity=ERROR, carc="16", subject=MEMBER)
def patient_not_said(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Nobody on the claim is said to be the patient.

    Why: SBR02 is blank only above a dependent; without either the claim has no patient.
    Fix: Set relationship to self, or give the subscriber of the dependent.
    Source: 005010X222A1 2000B SBR02 and 2000C; pyx12 passes it.
    """
    if draft.claim.patient is None and not draft.claim.subscriber.is_patient:
        yield Problem(
            message="SBR02 is blank and there is no patient loop 2000C",
            location=at_claim(draft, "relationship", "SBR02"),
        )


@rule("SBR003", severity=ERROR, carc="16", subject=MEMBER)
def medicare_secondary_without_type(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Medicare is not first, and the claim does not say why.

    Why: SBR05 tells Medicare which law puts another payer before it; without it the claim is returned.
    Fix: Give msp_type in patients.csv (12 13 14 15 16 41 42 43 47).
    Source: code_sets.csv SBR05; claim_format_eligibility_rules.md, Subscriber and patient loops.
    """
    subscriber = draft.claim.subscriber
    if (
        subscriber.filing_indicator in ("MA", "MB")
        and subscriber.rank != "P"
        and not subscriber.insurance_type
    ):
        yield Problem(
            message=f"Medicare stands at rank {subscriber.rank} without SBR05",
            location=at_claim(draft, "msp_type", "SBR05"),
        )


@rule("SBR004", severity=WARNING, carc="16", subject=MEMBER)
def secondary_type_without_medicare(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim names a Medicare secondary type, and Medicare is first or not its payer.

    Why: SBR05 is sent when Medicare comes after another payer; else it starts an inquiry who pays first.
    Fix: Leave msp_type blank, or put the coverages in their order.
    Source: 005010X222A1 2000B SBR05.
    """
    subscriber = draft.claim.subscriber
    if not subscriber.insurance_type or not subscriber.filing_indicator:
        return
    if subscriber.filing_indicator not in ("MA", "MB") or subscriber.rank == "P":
        yield Problem(
            message=(
                f"SBR05 {subscriber.insurance_type} at rank {subscriber.rank} with filing indicator"
                f" {subscriber.filing_indicator}"
            ),
            location=at_claim(draft, "msp_type", "SBR05"),
        )


@rule("SBR005", severity=ERROR, carc="109", subject=MEMBER)
def filing_indicator_of_another_payer(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim filing indicator says another kind of payer than the claim goes to.

    Why: SBR09 steers the claim; Medicare and Medicaid reject what is not marked as theirs.
    Fix: Correct filing_indicator of the payer in payers.toml.
    Source: code_sets.csv SBR09; payers.toml kind and filing_indicator.
    """
    filing = draft.claim.subscriber.filing_indicator
    if not filing:
        return
    kind = context.payer(draft).kind
    fitting = FILING_OF_KIND.get(kind)
    wrong = (
        filing not in fitting if fitting is not None else kind in ("commercial", "bcbs") and filing in FEDERAL
    )
    if wrong:
        yield Problem(
            message=f"SBR09 is {filing}, the payer is {kind}",
            location=at_claim(draft, "payer.filing_indicator", "SBR09"),
            severity=None if kind in ORIGINAL_MEDICARE else WARNING,
        )


@rule("SBR006", severity=WARNING, subject=MEMBER)
def group_name_beside_number(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim gives the group's name beside its number.

    Why: SBR04 is sent when there is no number; strict front ends reject both.
    Fix: Leave group_name blank where group_number is given.
    Source: 005010X222A1 2000B SBR03, SBR04.
    """
    subscriber = draft.claim.subscriber
    if subscriber.group_number and subscriber.group_name:
        yield Problem(message="SBR04 beside SBR03", location=at_claim(draft, "group_name", "SBR04"))


@rule("SBR007", severity=WARNING, carc="31", subject=MEMBER)
def member_id_has_punctuation(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The member id has a blank, a hyphen or another mark in it.

    Why: Payers hold it without marks; what stands on the card for the eye does not match.
    Fix: Write letters and digits alone.
    Source: 005010X222A1 2010BA NM109; CARC 31.
    """
    member_id = draft.claim.subscriber.member_id
    if member_id.isalnum() or context.payer(draft).is_original_medicare:
        return  # a Medicare number has a rule of its own
    if _PUNCTUATION.search(member_id.strip()):
        yield Problem(
            message="the member id has a mark that is no letter or digit",
            location=at_claim(draft, "member_id", "NM109"),
        )


@rule("SBR008", severity=ERROR, carc="16", subject=MEMBER)
def organization_subscriber_of_health_plan(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The subscriber is an organisation, and the payer is a health plan.

    Why: Only in property and casualty does an employer hold the coverage; a health plan covers persons.
    Fix: Name the person who holds the coverage, or bill workers' compensation.
    Source: claim_format_eligibility_rules.md, Subscriber and patient loops; 005010X222A1 2010BA NM102.
    """
    subscriber = draft.claim.subscriber
    if not subscriber.organization or subscriber.filing_indicator in ("", "WC", "AM", "LM"):
        return
    yield Problem(
        message=f"an organisation is the subscriber of filing indicator {subscriber.filing_indicator}",
        location=at_claim(draft, "subscriber_organization", "NM102"),
    )


@rule("SBR009", severity=WARNING, carc="16", subject=MEMBER)
def social_security_number_cannot_exist(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A social security number on the claim is none that was ever given out.

    Why: The payer matches by it and finds nobody, or another person.
    Fix: Correct it, or leave REF*SY out.
    Source: 005010X222A1 2010BA and 2010CA REF*SY.
    """
    references = draft.claim.subscriber.references
    if draft.claim.patient is not None:
        references += draft.claim.patient.references
    if any(kind == "SY" and not ssn_is_formed(value) for kind, value in references):
        yield Problem(message="REF*SY cannot be one", location=at_claim(draft, "references", "REF02"))


@rule("SBR010", severity=ERROR, carc="16", subject=MEMBER)
def filing_indicator_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim does not say what kind of payer it goes to.

    Why: SBR09 is required as long as payers have no national plan id; clearinghouses route by it.
    Fix: Give filing_indicator of the payer in payers.toml.
    Source: 005010X222A1 2000B SBR09; pyx12 passes it.
    """
    if not draft.claim.subscriber.filing_indicator:
        yield Problem(
            message="the claim has no filing indicator",
            location=at_claim(draft, "payer.filing_indicator", "SBR09"),
        )
