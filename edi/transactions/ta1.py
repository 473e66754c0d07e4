"""TA1: whether an interchange could be opened. Source: X12.5, TA1 segment; codes in facts/code_sets.csv (TA104)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.directory import TradingPartner
from edi.model.finding import Finding, Location, Severity
from edi.transactions.elements import at, parse_date
from edi.transactions.outgoing import interchange_header
from edi.x12.envelope import TransactionSet
from edi.x12.envelope_writer import interchange, segments_text

KIND: Final = "TA1"
ACCEPTED: Final = frozenset({"A", "E"})
"""TA104: accepted, accepted with errors; R is rejected."""


def read(ts: TransactionSet) -> Iterator[Acknowledgment | Finding]:
    """Yield the acknowledgment of each TA1 segment; Finding ACK001 when its TA104 is no known code."""
    for number, segment in enumerate(ts.segments, 1):
        if segment[0] != KIND:
            continue
        code = at(segment, 4)
        if code not in ACCEPTED and code != "R":
            yield Finding(
                code="ACK001",
                severity=Severity.WARNING,
                message="TA104 is none of A, E and R; the interchange is taken as rejected",
                location=Location(file=ts.file, segment=number, element="TA104"),
            )
        yield Acknowledgment(
            kind=KIND,
            level=AcknowledgmentLevel.INTERCHANGE,
            accepted=code in ACCEPTED,
            code=code,
            status=at(segment, 5) or None,
            interchange_control_number=at(segment, 1) or None,
            date=parse_date(at(segment, 2)),
        )


def write(
    acknowledgment: Acknowledgment, *, partner: TradingPartner, control_number: int, created: datetime
) -> bytes:
    """Return an interchange with one TA1 and no group.

    Args:
        acknowledgment: interchange answered (its ISA13, code, note code and the date of its ISA09).
        partner: envelope, seen from the writer.
        control_number: ISA13 of this interchange.
        created: its time.
    """
    header = interchange_header(partner, control_number, created)
    answered = acknowledgment.date or created.date()
    number = acknowledgment.interchange_control_number or "0"
    segment = (
        KIND,
        number.zfill(9),
        f"{answered:%y%m%d}",
        f"{created:%H%M}",
        acknowledgment.code,
        acknowledgment.status or "000",
    )
    return interchange(header, [], segments_text([segment], header))
