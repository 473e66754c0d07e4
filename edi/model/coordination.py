"""What other payers did with a claim: loops 2320, 2330 and 2430 of an 837P. Money is integer cents.

The equations of the guide, which rules and the builder of secondary claims hold: a claim's charge is what another payer
paid (AMT*D) plus its claim adjustments plus those of all lines; a line's charge is SVD02 plus the line's adjustments.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from edi.model.party import ClaimPayer, Person
from edi.model.remittance import Adjustment, Procedure, RawSegment, Reference

RANKS: Final = "PSTABCDEFGH"
"""SBR01 in the order in which payers are billed."""


class LineAdjudication(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 2430: what one other payer decided on a service line.

    Attributes:
        payer_id: SVD01, the NM109 of that payer's 2330B.
        paid: SVD02 in cents.
        procedure: SVD03, as the payer adjudicated it.
        units: SVD05, canonical decimal text.
        bundled_line: SVD06, the LX01 of the line it was bundled into, None when it was not.
        adjustments: the line's CAS, in their order.
        paid_on: DTP*573.
        remaining_patient_liability: AMT*EAF in cents; None when it stands on the claim, or not at all.
        kept: segments of the loop that the model has no field for.
    """

    payer_id: str
    paid: int
    procedure: Procedure
    units: str = ""
    bundled_line: int | None = None
    adjustments: tuple[Adjustment, ...] = ()
    paid_on: date | None = None
    remaining_patient_liability: int | None = None
    kept: tuple[RawSegment, ...] = ()


class OtherPayer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loops 2320, 2330A and 2330B: another coverage of the patient, and what its payer did with the claim if it did.

    Attributes:
        rank: SBR01 (P, S, T …).
        relationship: SBR02, of the patient to this coverage's subscriber (18, 01, 19 …).
        group_number, group_name, insurance_type, filing_indicator: SBR03, SBR04, SBR05, SBR09.
        adjustments: CAS of the claim level.
        paid: AMT*D in cents, None when that payer has not adjudicated the claim.
        remaining_patient_liability: AMT*EAF in cents. noncovered: AMT*A8 in cents, the charge it was not asked for.
        benefits_assigned, patient_signature_source, release_of_information: OI03, OI04, OI06.
        outpatient: MOA as sent.
        subscriber, organization: 2330A; the person, or the employer's name when it is none.
        member_id, member_id_qualifier, subscriber_references: 2330A NM109, NM108 and REFs.
        payer: 2330B, with its address and REFs (F8 is its control number of the claim).
        paid_on: DTP*573 of 2330B.
        kept: segments of 2320 and 2330A that the model has no field for, and 2330C to 2330G, as sent.
    """

    rank: str
    relationship: str = "18"
    group_number: str = ""
    group_name: str = ""
    insurance_type: str = ""
    filing_indicator: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    paid: int | None = None
    remaining_patient_liability: int | None = None
    noncovered: int | None = None
    benefits_assigned: str = "Y"
    patient_signature_source: str = ""
    release_of_information: str = "Y"
    outpatient: RawSegment = ()
    subscriber: Person = Person()
    organization: str = ""
    member_id: str = ""
    member_id_qualifier: str = "MI"
    subscriber_references: tuple[Reference, ...] = ()
    payer: ClaimPayer
    paid_on: date | None = None
    kept: tuple[RawSegment, ...] = ()
