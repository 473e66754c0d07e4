"""What an 835 says: one transaction set as a header, a stream of claim payments and a trailer.

Names follow 005010X221A1. Amounts are integer cents as sent (a reversal is negative). Quantities are decimal text as
sent. Dates are ``datetime.date``. What the file lacks is None or an empty tuple, never invented. ``segment`` is the
1-based ordinal of the value's first segment inside its transaction set (ST is 1).
"""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import msgspec

Reference: TypeAlias = tuple[str, str]
"""A REF: qualifier (REF01) and value (REF02)."""
QualifiedAmount: TypeAlias = tuple[str, int]
"""An AMT: qualifier (AMT01) and cents (AMT02)."""
QualifiedQuantity: TypeAlias = tuple[str, str]
"""A QTY: qualifier (QTY01) and quantity text (QTY02)."""
QualifiedDate: TypeAlias = tuple[str, date]
"""A DTM: qualifier (DTM01) and date (DTM02)."""
RawSegment: TypeAlias = tuple[str, ...]
"""A segment that is kept as sent: id and elements."""


class Adjustment(msgspec.Struct, frozen=True, gc=False):
    """One reason, amount and quantity of a CAS segment (2100 or 2110)."""

    group: str
    reason: str
    cents: int
    quantity: str | None = None


class Procedure(msgspec.Struct, frozen=True, gc=False):
    """A composite procedure identifier: SVC01, SVC06, SV101 or SVD03."""

    qualifier: str
    code: str
    modifiers: tuple[str, ...] = ()
    description: str | None = None


class ServicePayment(msgspec.Struct, frozen=True, gc=False):
    """One adjudicated service line: loop 2110.

    ``allowed`` is AMT*B6. ``remarks`` are the LQ*HE codes of the line. ``line_control_number`` is REF*6R.
    ``date_from``/``date_to`` are DTM 472 (both) or 150 and 151; None when the line carries none.
    """

    segment: int
    procedure: Procedure
    charge: int
    paid: int
    units: str | None = None
    revenue_code: str | None = None
    submitted_procedure: Procedure | None = None
    submitted_units: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    line_control_number: str | None = None
    allowed: int | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    amounts: tuple[QualifiedAmount, ...] = ()
    quantities: tuple[QualifiedQuantity, ...] = ()
    references: tuple[Reference, ...] = ()
    other_remarks: tuple[Reference, ...] = ()
    """LQ codes under a qualifier other than HE (``RX`` …)."""
    kept: tuple[RawSegment, ...] = ()
    """Segments of the loop that the model has no field for."""


class RemittanceParty(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A person or organisation named by an NM1 in loop 2100 (QC, IL, 74, 82, TT, PR, GB)."""

    role: str
    kind: str = ""
    last_name: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    suffix: str | None = None
    id_qualifier: str | None = None
    id: str | None = None


class ClaimPayment(msgspec.Struct, frozen=True, gc=False):
    """One adjudicated claim: loop 2100 with its 2110 lines.

    ``remarks`` gathers the claim's MOA and MIA remark codes; the whole MIA and MOA are in ``inpatient`` and
    ``outpatient``. ``member_id`` is NM109 of QC (else of IL). ``header_number`` is the LX01 the claim stands under.
    """

    segment: int
    ordinal: int
    """0-based position of the claim payment in its transaction set."""
    patient_control_number: str
    status: str
    charge: int
    paid: int
    patient_responsibility: int | None = None
    filing_indicator: str | None = None
    payer_claim_control_number: str | None = None
    facility_code: str | None = None
    frequency: str | None = None
    drg: RawSegment = ()
    """CLP11 to CLP14 as sent, when any is given."""
    member_id: str | None = None
    parties: tuple[RemittanceParty, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    inpatient: RawSegment = ()
    outpatient: RawSegment = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[QualifiedDate, ...] = ()
    amounts: tuple[QualifiedAmount, ...] = ()
    quantities: tuple[QualifiedQuantity, ...] = ()
    contacts: tuple[RawSegment, ...] = ()
    header_number: str | None = None
    kept: tuple[RawSegment, ...] = ()
    lines: tuple[ServicePayment, ...] = ()

    def party(self, role: str) -> RemittanceParty | None:
        """Return the first NM1 of that role (``QC`` patient, ``IL`` insured, ``74`` corrected …), or None."""
        for party in self.parties:
            if party.role == role:
                return party
        return None


class Payment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How the money moves: BPR and TRN. ``payer_id`` is TRN03, ``handling`` BPR01, ``date`` BPR16."""

    amount: int
    method: str | None = None
    date: date | None = None
    trace_number: str | None = None
    payer_id: str | None = None
    credit_debit: str | None = None
    handling: str | None = None
    bpr: RawSegment = ()
    """The whole BPR as sent."""
    trn: RawSegment = ()


class RemittancePayer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 1000A. ``id`` is N104 (else REF*2U); ``contacts`` are the PER segments as sent."""

    name: str | None = None
    id: str | None = None
    id_qualifier: str | None = None
    address: tuple[RawSegment, ...] = ()
    references: tuple[Reference, ...] = ()
    contacts: tuple[RawSegment, ...] = ()


class Payee(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 1000B. ``npi`` is N104 under XX, ``tax_id`` N104 under FI or REF*TJ."""

    name: str | None = None
    npi: str | None = None
    tax_id: str | None = None
    id: str | None = None
    """N104 under any other qualifier."""
    id_qualifier: str | None = None
    """N103 of ``id``; None when N104 is the NPI or the tax id."""
    address: tuple[RawSegment, ...] = ()
    references: tuple[Reference, ...] = ()
    delivery: RawSegment = ()
    """RDM as sent."""


class RemittanceHeader(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Everything before the first LX or CLP of one 835: ST to the end of loop 1000B."""

    st_control_number: str
    interchange_control_number: str | None = None
    group_control_number: str | None = None
    sender_id: str | None = None
    receiver_id: str | None = None
    version: str | None = None
    """GS08, else ST03."""
    test: bool = False
    """ISA15 is T."""
    payment: Payment
    payer: RemittancePayer
    payee: Payee
    production_date: date | None = None
    """DTM*405."""
    references: tuple[Reference, ...] = ()
    currency: RawSegment = ()
    kept: tuple[RawSegment, ...] = ()


class ProviderAdjustment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One reason, reference and amount of a PLB. Positive cents lower the payment, negative raise it."""

    segment: int
    provider: str
    fiscal_date: date | None
    reason: str
    identifier: str | None
    cents: int


class ProviderSummary(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """TS3 and TS2 under one LX, as sent."""

    header_number: str | None = None
    ts3: RawSegment = ()
    ts2: RawSegment = ()


class RemittanceTrailer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The end of one 835: provider adjustments and what was counted on the way.

    ``complete`` is False when the SE is missing (truncated). ``segments`` is the count of segments ST to SE as read,
    ``declared_segments`` SE01; ``control_number_matches`` SE02 = ST02. ``charge_total`` and ``paid_total`` are the
    sums of CLP03 and CLP04 in cents.
    """

    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
    summaries: tuple[ProviderSummary, ...] = ()
    claims: int = 0
    lines: int = 0
    charge_total: int = 0
    paid_total: int = 0
    complete: bool = True
    segments: int = 0
    declared_segments: int | None = None
    control_number_matches: bool = True
