"""Submitted claims -> claim status inquiries: what a payer is asked about a claim, and whether it is asked at all."""

from __future__ import annotations

import msgspec

from edi.intake.inquiries import NOT_ASKED
from edi.model.claim import Claim
from edi.model.directory import Submitter
from edi.model.party import Person, Provider
from edi.model.status import StatusInquiry, StatusLine
from edi.payers.profile import PayerProfile


def takes_inquiries(profile: PayerProfile) -> bool:
    """Whether a payer answers a 276."""
    return profile.status.takes_276 and profile.kind not in NOT_ASKED


def status_inquiry_of(
    claim: Claim, *, profile: PayerProfile, submitter: Submitter, payer_claim_control_number: str
) -> StatusInquiry:
    """Ask a payer about one claim as it was sent. The trace number is still to be allocated.

    Args:
        claim: the submission.
        profile: its payer.
        submitter: who takes the answer.
        payer_claim_control_number: the payer's own number of the claim, "" when it is not known.
    """
    days = [day for line in claim.lines for day in (line.date_from, line.date_to) if day is not None]
    patient = claim.patient
    return StatusInquiry(
        practice_id=claim.practice_id,
        payer_key=profile.key,
        payer_name=claim.payer.name or profile.name,
        payer_id=profile.status.payer_id or claim.payer.id,
        payer_id_qualifier=claim.payer.id_qualifier,
        receiver_name=submitter.organization_name,
        receiver_id=submitter.etin,
        provider=_provider(claim.billing),
        subscriber=_known(claim.subscriber.person, born=patient is None),
        member_id=claim.subscriber.member_id,
        patient=None if patient is None else _known(patient.person, born=True),
        payer_claim_control_number=payer_claim_control_number,
        patient_control_number=claim.patient_control_number,
        charge=claim.charge,
        date_from=min(days, default=None),
        date_to=max(days, default=None),
        lines=tuple(
            StatusLine(
                procedure=line.procedure,
                charge=line.charge,
                units=line.units,
                line_control_number=line.line_control_number,
                date_from=line.date_from,
                date_to=line.date_to,
            )
            for line in claim.lines
        )
        if profile.status.lines
        else (),
    )


def _provider(billing: Provider) -> Provider:
    """The billing provider as a 276 names him: by NPI, else by tax id."""
    return Provider(
        is_person=billing.is_person,
        last_name=billing.last_name,
        first_name=billing.first_name,
        middle_name=billing.middle_name,
        suffix=billing.suffix,
        npi=billing.npi,
        references=() if billing.npi or not billing.tax_id else (("FI", billing.tax_id),),
    )


def _known(person: Person, *, born: bool) -> Person:
    """The person without what a 276 has no place for."""
    return msgspec.structs.replace(
        person,
        address=None,
        death_date=None,
        birth_date=person.birth_date if born else None,
        sex=person.sex if born and person.birth_date is not None else "",
    )
