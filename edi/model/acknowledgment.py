"""What came back about a file we sent, before any money: TA1, 999 and 277CA as one kind of value."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec


class AcknowledgmentLevel(StrEnum):
    """What an acknowledgment answers."""

    INTERCHANGE = "interchange"
    GROUP = "group"
    TRANSACTION = "transaction"
    PROVIDER = "provider"
    """All claims of one billing provider (277CA 2200C)."""
    CLAIM = "claim"
    LINE = "line"


class Acknowledgment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One accept or reject.

    Attributes:
        kind: ``TA1``, ``999`` or ``277CA``.
        level: what it answers.
        accepted: True when that thing goes on.
        code: TA104, AK901, IK501 or the STC category (``A2``) as sent.
        status: STC01-2 claim status code, TA105 or IK502 note code; None if absent.
        entity: STC01-3 entity code.
        interchange_control_number: ISA13 of the file answered (TA1).
        group_control_number: GS06 answered (999 AK102).
        transaction_control_number: ST02 answered (999 AK202; 277CA has none).
        patient_control_number: CLM01 answered (277CA 2200D TRN02).
        line_control_number: REF*6R or FJ of the line answered (277CA 2220D).
        payer_claim_control_number: REF*1K given by the payer.
        charge: cents of the claim as acknowledged (STC04), or None.
        date: STC02 or TA1 date.
        segment_in_error, element_in_error: where (IK3 id and position, IK4 position), in X12 names.
        submission_reference: BHT03 of the 837P answered (277CA 2200B TRN02).
        provider_npi, provider_tax_id: the billing provider whose claim it is (277CA 2100C NM109), as far as named.
        notes: what else it says, codes only.
    """

    kind: str
    level: AcknowledgmentLevel
    accepted: bool
    code: str
    status: str | None = None
    entity: str | None = None
    interchange_control_number: str | None = None
    group_control_number: str | None = None
    transaction_control_number: str | None = None
    patient_control_number: str | None = None
    line_control_number: str | None = None
    payer_claim_control_number: str | None = None
    charge: int | None = None
    date: date | None = None
    segment_in_error: str | None = None
    element_in_error: str | None = None
    submission_reference: str | None = None
    provider_npi: str | None = None
    provider_tax_id: str | None = None
    notes: tuple[str, ...] = ()
