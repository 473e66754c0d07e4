"""Records -> eligibility inquiries: whose coverage is to be confirmed with the payer, and what is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from edi.model.directory import Practice
from edi.model.eligibility import GENERAL, MEDICARE_SERVICE_TYPES, SERVICE_TYPES, EligibilityInquiry
from edi.model.party import Person, Provider
from edi.model.records import Coverage, PatientRecord
from edi.payers.profile import PayerProfile

NOT_ASKED: Final = frozenset({"workers_comp", "auto", "self"})
"""Kinds of payer that answer no 270: their coverage is a claim number, not a membership."""
RELATIONSHIPS: Final = {"spouse": "01", "child": "19"}
"""INS02 by the word in patients.csv; 34 for any other."""
_OTHER_ADULT: Final = "34"


def confirmed_recently(coverage: Coverage, profile: PayerProfile, today: date, within: int | None) -> bool:
    """Whether the payer need not be asked again.

    Args:
        coverage: with the payers' answers on it.
        profile: its payer; ``coverage.verified_within_days`` is how old a confirmation may be.
        today: the day of asking.
        within: days that stand for the profile's, None for the profile's; where that has none, any confirmation does.
    """
    days = within if within is not None else profile.coverage.verified_within_days
    verified = coverage.last_verified
    return verified is not None and (days is None or (today - verified).days <= days)


def inquiry_of(
    patient: PatientRecord,
    coverage: Coverage,
    *,
    practice: Practice,
    profile: PayerProfile,
    partner: str,
    days: Collection[date],
    disciplines: Iterable[str],
) -> EligibilityInquiry:
    """Ask a payer about one coverage of a patient. The trace number is still to be allocated.

    A dependent with a member id of his own is asked about as the subscriber, as on a claim.

    Args:
        patient: of the practice.
        coverage: the coverage.
        practice: who asks.
        profile: the coverage's payer.
        partner: id of the trading partner, for the payer's id there when it has no ``eligibility_id``.
        days: the days of service, at least one; their first and last are asked about.
        disciplines: PT, OT … of the services; each adds its service types to the general one.
    """
    own_id = coverage.patient_has_own_member_id
    if own_id is None:
        own_id = profile.claim.dependents_have_own_id
    is_subscriber = coverage.relationship == "self" or own_id
    types = MEDICARE_SERVICE_TYPES if profile.is_original_medicare else SERVICE_TYPES
    asked = [kind for discipline in sorted(set(disciplines)) for kind in types.get(discipline, ())]
    return EligibilityInquiry(
        practice_id=patient.practice_id,
        patient_id=patient.patient_id,
        payer_key=coverage.payer,
        trace_assigner=f"1{practice.tax_id}" if len(practice.tax_id) == 9 else f"9{practice.npi[:9]}",
        payer_name=profile.name,
        payer_id=profile.eligibility_id or profile.claim_id_for(partner),
        provider=Provider(
            is_person=practice.kind == "individual",
            last_name=practice.name,
            first_name=practice.first_name,
            npi=practice.npi,
        ),
        subscriber=patient.person if is_subscriber else coverage.subscriber or Person(),
        member_id=coverage.member_id,
        group_number=coverage.group_number,
        patient=None if is_subscriber else patient.person,
        relationship="" if is_subscriber else RELATIONSHIPS.get(coverage.relationship, _OTHER_ADULT),
        date_from=min(days),
        date_to=max(days),
        service_types=(GENERAL, *dict.fromkeys(asked)),
    )
