"""Which characters separate elements, components, repetitions and segments.

Source: X12.5 interchange control structure. An ISA names them by position: the element separator right after ``ISA``,
the repetition separator in ISA11 (from version 00402), the component separator in ISA16, the segment terminator right
after it. Senders get the widths wrong and put line breaks anywhere, so the ISA is read by counting its elements.
A file without an ISA is read by guessing from the text of its first GS or ST.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, TypeAlias

import msgspec

ISA_LENGTH: Final = 106
"""Characters of an ISA, its terminator included."""
LOOKAHEAD: Final = 4096
"""Bytes after the start of an interchange that suffice to read its ISA or to guess without one."""
_MARGIN: Final = 64
_ISA_LIMIT: Final = 1200
_ELEMENT_LIMIT: Final = 60
_BLANKS: Final = b"\r\n\t "

# Line breaks may stand anywhere in an ISA; each run of them is matched in one place only, or time grows with its cube.
_START: Final = re.compile(
    rb"(?<![A-Za-z0-9])(?:"
    rb"I[\r\n]*S[\r\n]*A[\r\n]*(?P<isa>[\x80-\xff]{1,4}|[^A-Za-z0-9\s])"
    rb"[\r\n]*(?:[A-Za-z0-9. ][\r\n]*(?:[A-Za-z0-9. ][\r\n]*)?)?(?P=isa)"
    rb"|GS(?P<gs>[^A-Za-z0-9\s\x80-\xff])[A-Z0-9]{2,4}(?P=gs)"
    rb"|ST(?P<st>[^A-Za-z0-9\s\x80-\xff])\d{3}(?P=st)[A-Za-z0-9]"
    rb")"
)
_ISA_END: Final = re.compile(
    rb"(?P<before>[\r\n]*)(?P<component>.)(?P<between>[\r\n\t ]*)(?P<after>.?)", re.DOTALL
)


class Delimiters(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The four separators of one interchange, one character each; ``repetition`` is "" before version 00402."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"


class Start(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where an interchange may begin: offset of its first byte, the tag found there and the element separator."""

    offset: int
    tag: str
    separator: bytes


class Heading(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the beginning of an interchange says.

    Attributes:
        delimiters: the separators.
        isa: ``ISA`` and its 16 elements as sent; empty when the interchange has none and the separators are guessed.
        length: characters of the ISA with its terminator, line breaks not counted; 0 when guessed.
        end: offset of the first byte after the ISA and its terminator; of the GS or ST when guessed.
        component_given: False when ISA16 is missing and a default stands in.
    """

    delimiters: Delimiters
    isa: tuple[str, ...] = ()
    length: int = 0
    end: int
    component_given: bool = True


class Unreadable(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Why the beginning of an interchange cannot be read, in words without data."""

    reason: str


HeadingResult: TypeAlias = Heading | Unreadable


def find_start(data: bytes, *, ended: bool, offset: int = 0) -> Start | None:
    """Find the first ISA, or else GS or ST, at or after an offset.

    Args:
        data: what is read so far.
        ended: whether nothing follows ``data``.
        offset: where to begin looking.

    Returns:
        The start, or None. What lies too near the end of unfinished data is left for when more is there, so the
        answer does not depend on how the bytes arrive.
    """
    match = _START.search(data, offset)
    if match is None or (not ended and match.start() + _MARGIN > len(data)):
        return None
    if match["isa"] is not None:
        return Start(offset=match.start(), tag="ISA", separator=match["isa"])
    if match["gs"] is not None:
        return Start(offset=match.start(), tag="GS", separator=match["gs"])
    return Start(offset=match.start(), tag="ST", separator=match["st"])


def settled(data: bytes) -> int:
    """How many bytes of unfinished data cannot be part of a start any more."""
    return max(0, len(data) - _MARGIN - 1)


def read_heading(data: bytes, start: Start) -> HeadingResult:
    """Read the separators at a start, of which `LOOKAHEAD` bytes (or all there are) must be in ``data``."""
    if start.separator > b"\x7f":
        return Unreadable(reason="the element separator is not an ASCII character")
    if start.tag == "ISA":
        return _read_isa(data, start)
    return _guess(data, start)


def _read_isa(data: bytes, start: Start) -> HeadingResult:
    window = data[start.offset : start.offset + _ISA_LIMIT]
    separator = start.separator
    position = -1
    for _ in range(16):
        position = window.find(separator, position + 1)
        if position < 0:
            return Unreadable(reason="the ISA has fewer than 16 elements")
    elements = [_plain(element) for element in window[:position].split(separator)]
    if max(map(len, elements)) > _ELEMENT_LIMIT or len(elements[15].strip()) > 2:
        return Unreadable(reason="the ISA has fewer than 16 elements")
    ending = _ISA_END.match(window, position + 1)
    if ending is None:
        return Unreadable(reason="the data ends inside the ISA")
    return _finish_isa(start, elements, ending, len(_unbroken(window[:position])))


def _finish_isa(start: Start, elements: list[str], ending: re.Match[bytes], length: int) -> HeadingResult:
    """Settle component separator and terminator; a newline is the terminator only when a segment follows it."""
    before, component, between, after = ending.group("before", "component", "between", "after")
    given = True
    newline = _newline(between)
    end = ending.start("after")
    if component.isalnum():
        if not (newline := _newline(before)):
            return Unreadable(reason="the ISA has no segment terminator")
        component, terminator, given, end = b"", newline, False, ending.start("component")
    elif after and not after.isalnum():
        terminator, end = after, ending.end("after")
    elif newline:
        terminator = newline
    elif after and not between:
        component, terminator, given = b"", component, False
    else:
        return Unreadable(reason="the ISA has no segment terminator")
    if terminator > b"\x7f" or component > b"\x7f" or terminator == start.separator:
        return Unreadable(reason="a separator is not an ASCII character, or two are the same")
    repetition = elements[11].strip(" \t\r\n")  # 0x1C to 0x1F are white space to Python, and separators here
    has_repetition = len(repetition) == 1 and repetition.isascii() and not repetition.isalnum()
    delimiters = Delimiters(
        element=start.separator.decode("ascii"),
        component=component.decode("ascii") or _spare(start.separator + terminator),
        repetition=repetition if has_repetition else "",
        segment=terminator.decode("ascii"),
    )
    return Heading(
        delimiters=delimiters,
        isa=(*elements, component.decode("ascii")),
        length=length + 1 + len(component) + 1,
        end=start.offset + end,
        component_given=given,
    )


def _guess(data: bytes, start: Start) -> HeadingResult:
    window = data[start.offset : start.offset + LOOKAHEAD]
    separator = re.escape(start.separator)
    # A run of blanks is tried from its first one only, or time grows with its square.
    ends = re.finditer(
        rb"(?P<mark>[^A-Za-z0-9\x80-\xff" + separator + rb"])(?<!\s\s)(?P<blanks>\s*)"
        rb"[A-Z][A-Z0-9]{1,2}" + separator,
        window,
    )
    votes = Counter(
        match["mark"] if match["mark"].strip() else _newline(match["mark"] + match["blanks"])
        for match in ends
    )
    del votes[b""]
    if not votes:
        return Unreadable(reason="no ISA, and no segment terminator can be guessed")
    ((terminator, _),) = votes.most_common(1)
    composite = re.search(
        rb"SV[C12D]" + separator + rb"(?:[^*]{2,80}" + separator + rb")??[A-Z0-9]{2}"
        rb"(?P<component>[^A-Za-z0-9\s\x80-\xff" + separator + re.escape(terminator) + rb"])",
        window,
    )
    component = composite["component"].decode("ascii") if composite else _spare(start.separator + terminator)
    delimiters = Delimiters(
        element=start.separator.decode("ascii"),
        component=component,
        repetition="",
        segment=terminator.decode("ascii"),
    )
    return Heading(delimiters=delimiters, end=start.offset)


def _newline(blanks: bytes) -> bytes:
    """The terminator a run of blanks stands for: line feed, else carriage return, else none."""
    if b"\n" in blanks:
        return b"\n"
    return b"\r" if b"\r" in blanks else b""


def _spare(taken: bytes) -> str:
    """A component separator that nothing else uses."""
    return next(mark for mark in ":>^" if mark.encode() not in taken)


def _unbroken(data: bytes) -> bytes:
    return data.translate(None, b"\r\n")


def _plain(element: bytes) -> str:
    return _unbroken(element).decode("latin-1")
