"""What an 837P says around its claims: one transaction set as a header, a stream of claims and a trailer.

Names follow 005010X222A1. What the file lacks is None, "" or an empty tuple, never invented. The claims themselves
are ``edi.model.claim.Claim``.
"""

from __future__ import annotations

from datetime import date

import msgspec

from edi.model.claim import Contact
from edi.model.remittance import RawSegment


class SubmissionHeader(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Everything before the first billing provider of one 837P: envelope, BHT, loops 1000A and 1000B.

    Attributes:
        st_control_number: ST02.
        interchange_control_number, group_control_number: ISA13 and GS06, None outside an envelope.
        sender_id, receiver_id: ISA06 and ISA08.
        version: GS08, else ST03; None if neither is there.
        test: ISA15 is T.
        purpose: BHT02 (00 original, 18 reissue).
        reference: BHT03, the number that a 277CA gives back in TRN02 of the receiver level.
        created: BHT04, None if it is no date.
        kind: BHT06 (CH chargeable claims, RP reports, 31 subrogation).
        submitter_name, submitter_id, submitter_contact: 1000A; the contact is name, phone and e-mail.
        receiver_name, receiver_number: 1000B.
        kept: segments of the header that the model has no field for, as sent.
    """

    st_control_number: str
    interchange_control_number: str | None = None
    group_control_number: str | None = None
    sender_id: str | None = None
    receiver_id: str | None = None
    version: str | None = None
    test: bool = False
    purpose: str = ""
    reference: str = ""
    created: date | None = None
    kind: str = ""
    submitter_name: str = ""
    submitter_id: str = ""
    submitter_contact: Contact | None = None
    receiver_name: str = ""
    receiver_number: str = ""
    kept: tuple[RawSegment, ...] = ()


class SubmissionTrailer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The end of one 837P: what was counted on the way.

    ``complete`` is False when the SE is missing (truncated). ``segments`` is the count of segments ST to SE as read,
    ``declared_segments`` SE01 (None if it is no number); ``control_number_matches`` SE02 = ST02. ``charge_total`` is
    the sum of CLM02 in cents. ``has_hierarchy`` is False when the file has no HL segment.
    """

    claims: int = 0
    lines: int = 0
    charge_total: int = 0
    complete: bool = True
    segments: int = 0
    declared_segments: int | None = None
    control_number_matches: bool = True
    has_hierarchy: bool = True
