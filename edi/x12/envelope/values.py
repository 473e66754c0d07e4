"""What is read of an envelope and of the transaction sets in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from edi.x12.delimiters import Delimiters


class Envelope(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What ISA and GS say; None where the file has no such segment or element.

    ``test`` is ISA15 = T. ``functional_id`` is GS01, ``version`` GS08, ``interchange_date`` ISA09.
    """

    interchange_control_number: str | None = None
    sender_id: str | None = None
    receiver_id: str | None = None
    test: bool = False
    interchange_date: date | None = None
    functional_id: str | None = None
    application_sender: str | None = None
    application_receiver: str | None = None
    group_control_number: str | None = None
    version: str | None = None


class TransactionSet(msgspec.Struct, frozen=True, kw_only=True):
    """One ST, or one TA1 segment outside any ST.

    Attributes:
        kind: ST01, or ``TA1``.
        control_number: ST02; TA101 for a TA1.
        version: GS08, else ST03, else "".
        envelope: what ISA and GS say; None when the file has neither.
        delimiters: the separators of its interchange.
        segments: ST to SE, each ``[id, element 1, …]``; streamed. To be consumed before the next transaction set is
            asked for: what is not consumed is skipped then.
        file: name the caller gave, for findings.
    """

    kind: str
    control_number: str
    version: str
    envelope: Envelope | None
    delimiters: Delimiters
    segments: Iterator[list[str]]
    file: str | None = None
