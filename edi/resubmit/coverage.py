"""The coverage that a claim goes to next, as loops 2000B to 2010BB want it."""

from __future__ import annotations

from typing import Final

import msgspec

from edi.model.claim import Claim, ClaimPayer, Patient, Subscriber
from edi.model.coordination import RANKS, OtherPayer

SELF: Final = "18"


class NextCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """Who is billed next.

    Attributes:
        subscriber, patient, payer: loops 2000B, 2000C and 2010BB; the rank is set by the claim before.
        benefits_assigned: CLM08.
        authorization, referral_number: this payer's own.
        later: keys of the payers after this one.
        provider_numbers: this payer's own numbers of providers (REF*G2), by NPI.
    """

    subscriber: Subscriber
    patient: Patient | None
    payer: ClaimPayer
    benefits_assigned: str = "Y"
    authorization: str = ""
    referral_number: str = ""
    later: tuple[str, ...] = ()
    provider_numbers: dict[str, str] = {}


def next_rank(rank: str) -> str:
    """SBR01 of the payer after the one of that rank."""
    place = RANKS.find(rank)
    return RANKS[min(place + 1, len(RANKS) - 1)] if place >= 0 else "U"


def coverage_on_claim(claim: Claim) -> NextCoverage | None:
    """The next coverage that the claim itself names in a 2320, None when it names none, or no other payer there."""
    own = RANKS.find(claim.subscriber.rank)
    later = sorted(
        (one for one in claim.other_payers if RANKS.find(one.rank) > own and one.paid is None),
        key=lambda one: RANKS.find(one.rank),
    )
    if not later or later[0].payer.id in ("", claim.payer.id):
        return None
    return _named(claim, later[0])


def _named(claim: Claim, other: OtherPayer) -> NextCoverage:
    """A coverage of 2320 and 2330 as the one that is billed."""
    is_patient = other.relationship == SELF
    return NextCoverage(
        subscriber=Subscriber(
            is_patient=is_patient,
            person=claim.patient_person if is_patient else other.subscriber,
            organization=other.organization,
            member_id=other.member_id,
            member_id_qualifier=other.member_id_qualifier,
            group_number=other.group_number,
            group_name=other.group_name,
            insurance_type=other.insurance_type,
            filing_indicator=other.filing_indicator,
            references=other.subscriber_references,
        ),
        patient=None if is_patient else Patient(relationship=other.relationship, person=claim.patient_person),
        payer=msgspec.structs.replace(other.payer, references=()),
        benefits_assigned=other.benefits_assigned,
    )
