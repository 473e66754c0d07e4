"""VA community care: the standard first episode of care, and who is never billed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, TypeAlias

from edi.codes.sets import CHIROPRACTIC
from edi.model.days import days_after
from edi.model.draft import ClaimDraft
from edi.model.money import decimal_text
from edi.rules.authorization import authorizations_by_number
from edi.rules.context import Problem, RuleContext, at_claim, first_day
from edi.rules.registry import WARNING, rule

PAYERS: Final = ("va_ccn",)
CODES: Final = {
    "DC": CHIROPRACTIC,
    "ACU": frozenset({"97810", "97811", "97813", "97814"}),
    "LMT": frozenset({"97124"}),
}
"""The codes by which a discipline's visits are known among what was billed before."""


Member: TypeAlias = tuple[str, str, str]
"""Practice, patient, payer."""


def _visit_days(
    draft: ClaimDraft, context: RuleContext, day: date, days: int, codes: frozenset[str]
) -> set[date]:
    """The days of those codes billed to this payer in that many days up to a day, before and in this run."""
    first = days_after(day, -(days - 1))
    patient = draft.patient.patient_id
    earlier = context.history.lines_between(draft.practice_id, patient, first, day)
    found = {
        one.date_of_service
        for one in earlier
        if one.payer == draft.payer_key and one.procedure_code in codes and one.counts
    }
    run = context.once(("codes by day",), lambda: _codes_by_day(context))
    for on, billed in run.get((draft.practice_id, patient, draft.payer_key), ()):
        if first <= on <= day and not codes.isdisjoint(billed):
            found.add(on)
    return found


def _codes_by_day(context: RuleContext) -> dict[Member, list[tuple[date, frozenset[str]]]]:
    """The run's days of service of each patient and payer, with the codes billed on them."""
    found: dict[Member, list[tuple[date, frozenset[str]]]] = {}
    for (practice, patient, payer, day), lines in context.days.items():
        codes = frozenset([one.line.procedure.code for one in lines])
        found.setdefault((practice, patient, payer), []).append((day, codes))
    return found


@rule("VAC001", severity=WARNING, carc="198", payers=PAYERS)
def first_visits_used_up(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """More visits than a first VA authorization of the discipline covers.

    Why: What is beyond the first authorization is denied, and the veteran may not be billed.
    Fix: Ask the VA for more care, and give the new authorization its visits in authorizations.csv.
    Source: payers.toml authorization.first; claim_format_eligibility_rules.md, Eligibility (12 visits: chiropractic and
        massage in 90 days, acupuncture in 60; Northern Arizona VA, 2025-05-05, other regions may differ).
    """
    first = context.payer(draft).authorization.first
    episode = next((one for one in first if one.discipline == draft.discipline), None)
    codes = CODES.get(draft.discipline, frozenset())
    day = first_day(draft)
    if episode is None or day is None or not any(line.procedure.code in codes for line in draft.claim.lines):
        return
    if _visits_are_known(draft, context):
        return
    count = len(_visit_days(draft, context, day, episode.days, codes))
    if count > episode.visits:
        yield Problem(
            message=(
                f"visit {count} of {draft.discipline} in {episode.days} days;"
                f" a first authorization covers {episode.visits}"
            ),
            location=at_claim(draft, "prior_authorization", "REF02"),
        )


def _visits_are_known(draft: ClaimDraft, context: RuleContext) -> bool:
    """Whether the claim's authorization says itself how many visits it covers."""
    number = draft.claim.authorization or draft.claim.referral_number
    return bool(number) and any(
        one.visits is not None for one in authorizations_by_number(context).get(number, ())
    )


@rule("VAC002", severity=WARNING, payers=PAYERS)
def veteran_paid(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim says that the veteran paid.

    Why: VA community care is paid in full by the program; a provider who bills the veteran breaks his agreement.
    Fix: Give the money back to the veteran, and leave patient_paid out.
    Source: claim_format_eligibility_rules.md, Eligibility (Northern Arizona VA, 2025-05-05).
    """
    paid = draft.claim.patient_paid or sum(session.patient_paid or 0 for session in draft.sessions)
    if paid > 0:
        yield Problem(
            message=f"the veteran paid {decimal_text(paid)}",
            location=at_claim(draft, "patient_paid", "AMT02"),
        )
