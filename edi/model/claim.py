"""A claim as an 837P carries it: loop 2300 with the parties above it and the service lines below it.

The writer, the reader, the store, the rules and the test payer share these values. Money is integer cents, dates are
``datetime.date``, codes are upper case without dots. Source: 005010X222A1 (loop and element named at each field).
"""

from __future__ import annotations

from datetime import date

import msgspec

from edi.model.coordination import LineAdjudication, OtherPayer
from edi.model.party import Address, ClaimPayer, Contact, Person, Provider
from edi.model.remittance import Procedure, QualifiedAmount, QualifiedDate, RawSegment, Reference


class Subscriber(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loops 2000B and 2010BA: who holds the coverage this claim is billed to.

    ``rank`` is SBR01 (P, S, T …). ``is_patient`` means SBR02 is 18 and there is no 2000C. ``organization`` is the
    employer's name when the subscriber is one (workers' compensation), else "". ``insurance_type`` is SBR05,
    ``filing_indicator`` SBR09. ``references`` are 2010BA REFs (SY, Y4). ``kept``: segments of both loops that the model
    has no field for, as sent.
    """

    rank: str = "P"
    is_patient: bool = True
    person: Person = Person()
    organization: str = ""
    member_id: str = ""
    member_id_qualifier: str = "MI"
    group_number: str = ""
    group_name: str = ""
    insurance_type: str = ""
    filing_indicator: str = ""
    references: tuple[Reference, ...] = ()
    kept: tuple[RawSegment, ...] = ()


class Attachment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """PWK: a paper that goes with a claim or a line.

    ``report`` is PWK01 (OZ support data, M1 medical record …), ``transmission`` PWK02 (BM mail, FX fax, EL electronic,
    AA on request). ``control_number`` is PWK06, which the paper names too; "" when it is only available on request.
    """

    report: str
    transmission: str
    control_number: str = ""


class SpinalCondition(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """CR2: the condition that a spinal manipulation treats.

    ``nature`` is CR208 (A acute, C chronic, D not acute, E not life-threatening, F routine, G symptomatic, M acute
    manifestation of a chronic one), ``description`` and ``more`` CR210 and CR211, ``xray`` CR212 (Y or N, 4010).
    """

    nature: str
    description: str = ""
    more: str = ""
    xray: str = ""


class Patient(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loops 2000C and 2010CA, only when the patient is not the subscriber. ``relationship`` is PAT01 (01, 19, 20 …)."""

    relationship: str
    person: Person
    member_id: str = ""
    """NM109 of QC; not allowed by the guide, sent by some, so read and never written."""
    references: tuple[Reference, ...] = ()
    kept: tuple[RawSegment, ...] = ()


class ServiceLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 2400.

    Attributes:
        number: LX01, from 1.
        procedure: SV101 (qualifier HC, code, up to four modifiers, description for unlisted codes).
        charge: SV102 in cents, total of the line.
        units: SV104, canonical decimal text (``2``).
        unit_basis: SV103 (UN; MJ only anaesthesia).
        place_of_service: SV105, "" when it is the claim's.
        pointers: SV107, 1-based places in the claim's diagnoses.
        date_from, date_to: DTP*472; equal for one day.
        line_control_number: REF*6R.
        authorization: REF*G1 of the line.
        attachments: PWK.
        rendering, facility, supervising, ordering, referring: 2420A, 2420C, 2420D, 2420E (DK), 2420F (DN) when they
            differ from the claim's.
        session_line_ids: the sessions.csv line_ids this line bills; empty when imported.
        adjudications: 2430, one for each other payer that decided on the line.
        other_dates, references, amounts, notes: DTP, REF, AMT and NTE not named above.
        kept: segments of the loop that the model has no field for, as sent.
    """

    number: int
    procedure: Procedure
    charge: int
    units: str
    unit_basis: str = "UN"
    place_of_service: str = ""
    pointers: tuple[int, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    line_control_number: str = ""
    authorization: str = ""
    attachments: tuple[Attachment, ...] = ()
    rendering: Provider | None = None
    facility: Provider | None = None
    supervising: Provider | None = None
    ordering: Provider | None = None
    referring: Provider | None = None
    session_line_ids: tuple[str, ...] = ()
    adjudications: tuple[LineAdjudication, ...] = ()
    other_dates: tuple[QualifiedDate, ...] = ()
    references: tuple[Reference, ...] = ()
    amounts: tuple[QualifiedAmount, ...] = ()
    notes: tuple[Reference, ...] = ()
    kept: tuple[RawSegment, ...] = ()


class Claim(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 2300 and everything it stands under.

    Attributes:
        practice_id: whose claim it is; "" until known.
        patient_id: the practice's own id of the patient; "" when imported.
        patient_control_number: CLM01; "" until the store allocated one.
        charge: CLM02 in cents.
        place_of_service: CLM05-1.
        frequency: CLM05-3 (1 original, 7 replacement, 8 void).
        provider_signature: CLM06 (Y or N).
        accepts_assignment: CLM07 (A, B or C).
        benefits_assigned: CLM08 (Y, N or W).
        release_of_information: CLM09 (Y or I).
        patient_signature_source: CLM10 (P or "").
        accident_causes: CLM11-1 to -3 (AA, EM, OA).
        accident_state: CLM11-4.
        diagnoses: HI, first the principal (ABK), then ABF; ICD-10-CM without dot.
        diagnosis_qualifiers: HI's qualifiers as read where they are not ABK and ABF (BK, BF: ICD-9), else empty.
        delay_reason: CLM20 (1 to 11, 15).
        attachments: PWK. spinal: CR2.
        dates: DTP of the claim (431, 439, 454 …).
        authorization: REF*G1. referral_number: REF*9F. original_reference: REF*F8.
        patient_paid: AMT*F5 in cents.
        other_payers: 2320 and 2330, the patient's other coverages with what their payers did.
        later_payers: keys of the coverages that come after this one, in order; known here, not written to the 837P.
        patient_protection: why nobody may bill the patient (``qmb``), "" when he may be; likewise known here alone.
        billing: 2010AA. referring, primary_care: 2310A DN and P3. rendering, facility, supervising: 2310B, C and D.
        pay_to: address of 2010AB. pay_to_plan: 2010AC, the plan that paid in another's place and wants the money.
        references, amounts, notes: REF, AMT and NTE not named above. kept: segments the model has no field for.
    """

    practice_id: str = ""
    patient_id: str = ""
    patient_control_number: str = ""
    charge: int
    place_of_service: str = "11"
    frequency: str = "1"
    provider_signature: str = "Y"
    accepts_assignment: str = "A"
    benefits_assigned: str = "Y"
    release_of_information: str = "Y"
    patient_signature_source: str = ""
    accident_causes: tuple[str, ...] = ()
    accident_state: str = ""
    diagnoses: tuple[str, ...] = ()
    diagnosis_qualifiers: tuple[str, ...] = ()
    delay_reason: str = ""
    attachments: tuple[Attachment, ...] = ()
    spinal: SpinalCondition | None = None
    dates: tuple[QualifiedDate, ...] = ()
    authorization: str = ""
    referral_number: str = ""
    original_reference: str = ""
    patient_paid: int | None = None
    other_payers: tuple[OtherPayer, ...] = ()
    later_payers: tuple[str, ...] = ()
    patient_protection: str = ""
    billing: Provider
    pay_to: Address | None = None
    pay_to_plan: ClaimPayer | None = None
    subscriber: Subscriber
    patient: Patient | None = None
    payer: ClaimPayer
    referring: Provider | None = None
    primary_care: Provider | None = None
    rendering: Provider | None = None
    facility: Provider | None = None
    supervising: Provider | None = None
    references: tuple[Reference, ...] = ()
    amounts: tuple[QualifiedAmount, ...] = ()
    notes: tuple[Reference, ...] = ()
    kept: tuple[RawSegment, ...] = ()
    lines: tuple[ServiceLine, ...] = ()

    @property
    def patient_person(self) -> Person:
        """The person treated: the dependent's when there is one, else the subscriber's."""
        return self.patient.person if self.patient is not None else self.subscriber.person


__all__ = [
    "Address",
    "Attachment",
    "Claim",
    "ClaimPayer",
    "Contact",
    "LineAdjudication",
    "OtherPayer",
    "Patient",
    "Person",
    "Provider",
    "ServiceLine",
    "SpinalCondition",
    "Subscriber",
]
