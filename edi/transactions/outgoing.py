"""A trading partner's settings as the envelope of what is written: shared by all writers that take model values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from edi.model.directory import TradingPartner
from edi.x12.delimiters import Delimiters
from edi.x12.envelope_writer import (
    GroupHeader,
    InterchangeHeader,
    check_delimiters,
    interchange,
    segments_text,
    transaction_text,
)


def interchange_header(partner: TradingPartner, control_number: int, created: datetime) -> InterchangeHeader:
    """Return ISA as the trading partner wants it. ``partner`` is seen from whoever writes: its sender is us.

    Raises:
        UsageError: the delimiters are not four different usable characters.
    """
    delimiters = Delimiters(
        element=partner.element_separator,
        component=partner.component_separator,
        repetition=partner.repetition_separator,
        segment=partner.segment_terminator,
    )
    check_delimiters(delimiters)
    return InterchangeHeader(
        sender_qualifier=partner.sender_qualifier,
        sender_id=partner.sender_id,
        receiver_qualifier=partner.receiver_qualifier,
        receiver_id=partner.receiver_id,
        control_number=control_number,
        created=created,
        usage=partner.usage,
        delimiters=delimiters,
        line_ends=partner.line_ends,
    )


def group_header(
    partner: TradingPartner, functional_id: str, version: str, control_number: int
) -> GroupHeader:
    """Return GS as the trading partner wants it; the interchange's identifiers stand in for missing ones."""
    return GroupHeader(
        functional_id=functional_id,
        version=version,
        control_number=control_number,
        sender=partner.application_sender or partner.sender_id,
        receiver=partner.application_receiver or partner.receiver_id,
    )


def file_of_one(
    kind: str,
    functional_id: str,
    version: str,
    segments: Sequence[Sequence[str]],
    *,
    partner: TradingPartner,
    control_number: int,
    created: datetime,
) -> bytes:
    """Return an interchange of one group of one transaction set, all three under the same control number.

    Args:
        kind: ST01.
        functional_id: GS01.
        version: GS08 and ST03.
        segments: what stands between ST and SE, composites already joined.
        partner: the envelope's identifiers and delimiters.
        control_number: ISA13, GS06 and ST02.
        created: time of the interchange.
    """
    header = interchange_header(partner, control_number, created)
    group = group_header(partner, functional_id, version, control_number)
    text = transaction_text(kind, f"{control_number:04d}", version, segments_text(segments, header), header)
    return interchange(header, [(group, [text])])
