"""The envelope of what we write: ISA, GS, ST .. SE, GE, IEA. Pure: numbers and time are arguments.

Every writer of `edi.transactions` ends here. A body is text (segments joined, each with its terminator) or lists of
elements that `segments_text` joins. Source: 005010 appendix C; ISA is 106 characters, always.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from edi.model.errors import UsageError
from edi.x12.charset import transliterate_around
from edi.x12.delimiters import Delimiters

STANDARD = Delimiters(element="*", component=":", repetition="^", segment="~")
"""The delimiters nearly everyone uses."""


class InterchangeHeader(msgspec.Struct, frozen=True, kw_only=True):
    """ISA. ``control_number`` is ISA13, ``usage`` T or P; ``line_ends`` puts a line feed after each segment."""

    sender_id: str
    receiver_id: str
    control_number: int
    created: datetime
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    usage: str = "T"
    delimiters: Delimiters = STANDARD
    line_ends: bool = True

    @property
    def terminator(self) -> str:
        """What ends a segment on the wire."""
        mark = self.delimiters.segment
        return mark + ("\n" if self.line_ends and mark not in "\r\n" else "")


class GroupHeader(msgspec.Struct, frozen=True, kw_only=True):
    """GS. ``functional_id`` is GS01 (HC, HP, FA, HN), ``version`` GS08, ``control_number`` GS06 as a number."""

    functional_id: str
    version: str
    control_number: int
    sender: str
    receiver: str


def segments_text(segments: Iterable[Sequence[str]], header: InterchangeHeader) -> str:
    """Join segments (id and elements, composites already joined) into text; empty elements at the end are dropped."""
    element, terminator = header.delimiters.element, header.terminator
    return "".join([element.join(segment).rstrip(element) + terminator for segment in segments])


def transaction_text(
    kind: str, control_number: str, version: str, body: str, header: InterchangeHeader
) -> str:
    """Wrap a body in ST and SE.

    Args:
        kind: ST01.
        control_number: ST02, four to nine characters.
        version: ST03; "" leaves it out.
        body: the segments between ST and SE as text, made with the same header.
        header: delimiters and line ends.

    Returns:
        The transaction set as text; SE01 counts ST to SE.
    """
    element, terminator = header.delimiters.element, header.terminator
    count = body.count(header.delimiters.segment) + 2
    start = element.join(("ST", kind, control_number, version)).rstrip(element)
    return f"{start}{terminator}{body}SE{element}{count}{element}{control_number}{terminator}"


def interchange(
    header: InterchangeHeader, groups: Iterable[tuple[GroupHeader, Sequence[str]]], acknowledgments: str = ""
) -> bytes:
    """Return the bytes of one interchange.

    Args:
        header: ISA.
        groups: each GS with its transaction sets as `transaction_text` made them.
        acknowledgments: TA1 segments as text, before the first group.

    Raises:
        UsageError: a delimiter is unusable or an envelope field does not fit.
    """
    parts = [isa(header), acknowledgments]
    count = 0
    for group, transactions in groups:
        count += 1
        parts.extend(group_text(header, group, transactions))
    element = header.delimiters.element
    parts.append(f"IEA{element}{count}{element}{header.control_number:09d}{header.terminator}")
    text = "".join(parts)
    return transliterate_around(text, header.delimiters).encode("ascii")


def group_text(header: InterchangeHeader, group: GroupHeader, transactions: Sequence[str]) -> list[str]:
    """Return GS, the transaction sets and GE as pieces of text."""
    element, terminator = header.delimiters.element, header.terminator
    start = element.join(
        (
            "GS",
            group.functional_id,
            group.sender,
            group.receiver,
            f"{header.created:%Y%m%d}",
            f"{header.created:%H%M}",
            str(group.control_number),
            "X",
            group.version,
        )
    )
    end = f"GE{element}{len(transactions)}{element}{group.control_number}{terminator}"
    return [start + terminator, *transactions, end]


def isa(header: InterchangeHeader) -> str:
    """Return the ISA segment with its terminator: 106 characters and the line end.

    Raises:
        UsageError: a delimiter is unusable, an identifier is not ASCII or longer than 15 characters, or ISA13 is out
            of range.
    """
    marks = header.delimiters
    check_delimiters(marks)
    if not 0 <= header.control_number <= 999_999_999:
        raise UsageError("the interchange control number must have one to nine digits")
    element = marks.element
    return (
        element.join(
            (
                "ISA",
                "00",
                " " * 10,
                "00",
                " " * 10,
                _padded(header.sender_qualifier, 2, "ISA05"),
                _padded(header.sender_id, 15, "ISA06"),
                _padded(header.receiver_qualifier, 2, "ISA07"),
                _padded(header.receiver_id, 15, "ISA08"),
                f"{header.created:%y%m%d}",
                f"{header.created:%H%M}",
                marks.repetition,
                "00501",
                f"{header.control_number:09d}",
                "0",
                _padded(header.usage, 1, "ISA15"),
                marks.component,
            )
        )
        + header.terminator
    )


def check_delimiters(delimiters: Delimiters) -> None:
    """Raise UsageError unless the four delimiters are distinct single ASCII characters that no data needs."""
    marks = (delimiters.element, delimiters.component, delimiters.repetition, delimiters.segment)
    usable = all(
        len(mark) == 1 and mark.isascii() and not mark.isalnum() and mark not in " .-" for mark in marks
    )
    if not usable or len(set(marks)) != len(marks):
        raise UsageError(
            "delimiters must be four different ASCII characters, none of them a letter, digit, blank, point or dash"
        )


def _padded(text: str, width: int, element: str) -> str:
    if not text.isascii():
        raise UsageError(f"{element} has a character that is not ASCII")
    if len(text) > width:
        raise UsageError(f"{element} is longer than {width} characters")
    return text.ljust(width)
