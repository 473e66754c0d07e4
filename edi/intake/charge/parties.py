"""The parties of a claim: billing, rendering, referring, facility, subscriber, patient, payer.

Source: 005010X222A1 loops 2010AA to 2310D; claim_format_eligibility_rules.md "Subscriber and patient loops".
"""

from __future__ import annotations

from typing import Final

import msgspec

from edi.intake.charge.values import Ready
from edi.model.claim import ClaimPayer, Patient, Person, Provider, Subscriber
from edi.model.directory import Clinician, Directory
from edi.model.remittance import Reference
from edi.payers import PayerProfile

RELATIONSHIPS: Final = {"spouse": "01", "child": "19", "employee": "20", "other": "G8"}
"""PAT01 by the word in patients.csv."""
PROPERTY_AND_CASUALTY: Final = frozenset({"workers_comp", "auto"})


def billing_provider(ready: Ready, directory: Directory) -> Provider:
    """Loop 2010AA. The contact is written where its phone differs from the submitter's."""
    practice = ready.practice
    contact = None
    if practice.phone and practice.phone != directory.submitter.phone:
        contact = (practice.name, practice.phone, "")
    return Provider(
        is_person=practice.kind == "individual",
        last_name=practice.name,
        first_name=practice.first_name,
        npi=practice.npi,
        taxonomy=practice.taxonomy,
        tax_id=practice.tax_id,
        tax_id_qualifier=practice.tax_id_type,
        address=practice.address,
        contact=contact,
    )


def rendering_provider(ready: Ready, directory: Directory) -> Provider | None:
    """Loop 2310B, None when it is the billing provider himself."""
    if ready.rendering is None:
        return None
    return _person(ready.rendering, _provider_numbers(ready, directory, "rendering", ready.rendering.id))


def supervising_provider(ready: Ready, directory: Directory) -> Provider | None:
    """Loop 2310D."""
    if ready.supervising is None:
        return None
    return _person(ready.supervising, _provider_numbers(ready, directory, "rendering", ready.supervising.id))


def referring_provider(ready: Ready) -> Provider | None:
    """Loop 2310A DN, from the case."""
    case = ready.case
    if case is None or not (case.referring_npi or case.referring_last_name):
        return None
    return Provider(
        is_person=True,
        last_name=case.referring_last_name,
        first_name=case.referring_first_name,
        npi=case.referring_npi,
    )


def service_facility(ready: Ready) -> Provider | None:
    """Loop 2310C, only where the service was given elsewhere than at the billing address."""
    facility = ready.facility
    if facility is None or facility.address == ready.practice.address:
        return None
    return Provider(
        is_person=False,
        last_name=facility.name,
        npi="" if facility.npi == ready.practice.npi else facility.npi,
        address=facility.address,
    )


def claim_payer(ready: Ready, directory: Directory) -> ClaimPayer:
    """Loop 2010BB; the payer's own number of the billing provider (REF*G2) stands here, not in 2010AA."""
    numbers = _provider_numbers(ready, directory, "billing", "")
    return msgspec.structs.replace(payer_of_claim(ready, ready.payer), references=numbers)


def payer_of_claim(ready: Ready, payer: PayerProfile) -> ClaimPayer:
    """A payer by name, address and its id at the practice's first trading partner."""
    partner = ready.practice.trading_partners[0] if ready.practice.trading_partners else ""
    return ClaimPayer(name=payer.name, id=payer.claim_id_for(partner), key=payer.key, address=payer.address)


def lacks_employer(ready: Ready) -> bool:
    """Whether workers' compensation is to be billed and nobody said who the employer is."""
    return ready.payer.kind == "workers_comp" and not _employer(ready)


def subscriber_and_patient(ready: Ready) -> tuple[Subscriber, Patient | None]:
    """Loops 2000B and 2000C.

    The patient is the subscriber when he is so, or when he has a member id of his own. In workers' compensation the
    employer is the subscriber and the patient stands in 2000C with PAT01 20. REF*Y4 stands with the patient.
    """
    coverage, payer = ready.coverages[0], ready.payer
    references = _claim_number(ready)
    employer = _employer(ready) if payer.kind == "workers_comp" else ""
    organization = employer or coverage.subscriber_organization
    own_id = coverage.patient_has_own_member_id
    if own_id is None:
        own_id = payer.claim.dependents_have_own_id
    is_patient = not organization and (coverage.relationship == "self" or own_id)
    holder = Person() if organization else coverage.subscriber or Person()
    subscriber = Subscriber(
        rank="P",
        is_patient=is_patient,
        person=_patient_person(ready) if is_patient else holder,
        organization=organization,
        member_id="" if organization else coverage.member_id,
        group_number=coverage.group_number,
        group_name="" if coverage.group_number else coverage.group_name,
        filing_indicator=payer.filing_indicator,
        references=references if is_patient else (),
    )
    if is_patient:
        return subscriber, None
    relationship = "20" if organization else RELATIONSHIPS.get(coverage.relationship, "G8")
    return subscriber, Patient(
        relationship=relationship, person=_patient_person(ready), references=references
    )


def _patient_person(ready: Ready) -> Person:
    """The patient, with the date of death (PAT06)."""
    person = ready.patient.person
    if ready.patient.death_date is None:
        return person
    return msgspec.structs.replace(person, death_date=ready.patient.death_date)


def _employer(ready: Ready) -> str:
    return ready.coverages[0].subscriber_organization or (
        ready.case.employer if ready.case is not None else ""
    )


def _claim_number(ready: Ready) -> tuple[Reference, ...]:
    """REF*Y4, the property and casualty claim number."""
    if ready.case is None or not ready.case.claim_number or ready.payer.kind not in PROPERTY_AND_CASUALTY:
        return ()
    return (("Y4", ready.case.claim_number),)


def _person(clinician: Clinician, references: tuple[Reference, ...]) -> Provider:
    return Provider(
        is_person=True,
        last_name=clinician.last_name,
        first_name=clinician.first_name,
        npi=clinician.npi,
        taxonomy=clinician.taxonomy,
        references=references,
    )


def _provider_numbers(ready: Ready, directory: Directory, role: str, provider: str) -> tuple[Reference, ...]:
    """REF*G2: the payer's own number of the provider, from [[enrolment]]."""
    rows = directory.provider_numbers.get((ready.practice.id, ready.payer.key, role), ())
    for row in rows:
        if (role == "billing" or row.provider == provider) and row.covers(ready.line.date_of_service):
            return (("G2", row.provider_number),)
    return ()
