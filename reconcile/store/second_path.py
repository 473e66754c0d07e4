"""The sums of an 835 by a second path: raw bytes of the vault, a splitter of its own, decimal arithmetic.

Shares no code with the tokenizer, the envelope reader or ``t835``: ``verify`` compares what these stored with this.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

_CENTS: Final = Decimal(100)
_AMOUNT_CHARACTERS: Final = frozenset("+-.0123456789")
_TOO_MANY_CENTS: Final = 10**15
"""An amount of more than 13 digits before the point is garbled."""
_NO_TEXT: Final = bytes(byte for byte in range(0x20) if byte != 0x09)
"""Line breaks and control characters inside a segment; an element separator among them stays."""
_LONGEST_ISA: Final = 400
_LONGEST_TAG: Final = 3
_LONGEST_ELEMENT: Final = 60
"""Bytes of an element of an ISA; the longest that the standard has is 15."""
_ISA: Final = re.compile(rb"ISA(?=[^A-Za-z0-9\s]..[^A-Za-z0-9])")
_BARE_SET: Final = re.compile(
    rb"ST(?P<element>[^A-Za-z0-9\s])835(?P=element)\w{1,9}(?:(?P=element)\w*)?"
    rb"(?P<end>[^A-Za-z0-9\s]|\r\n|\n|\r)\s*BPR(?P=element)"
)
"""A transaction set in a file without ISA, which tells the separators itself."""
_QUALIFIER: Final = re.compile(rb"[A-Z0-9]{2}(?P<component>[^A-Za-z0-9\s\x80-\xff])")
"""How an SVC01 begins; it tells the component separator where no ISA does."""
_WHITE: Final = b" \r\n\t\xef\xbb\xbf"
_CAS_AMOUNTS: Final = range(3, 19, 3)
_PLB_AMOUNTS: Final = range(4, 15, 2)
_COMPONENT: Final = 16
_OF_CLAIMS: Final = frozenset({b"SVC", b"CAS"})
"""Segments that say nothing where no claim owns them."""
_ENDS_CLAIM: Final = frozenset({b"ST", b"SE", b"LX", b"TS2", b"TS3", b"PLB"})


class SetSums(msgspec.Struct):
    """One 835 transaction set as its bytes add up: counts, and cents of BPR02, CLP, SVC, CAS and PLB."""

    st_control_number: str
    payment: int = 0
    claims: int = 0
    charged: int = 0
    paid: int = 0
    lines: int = 0
    line_charged: int = 0
    line_paid: int = 0
    adjusted: int = 0
    provider_adjusted: int = 0


def set_sums(blocks: Iterable[bytes]) -> Iterator[SetSums]:
    """Add up every 835 of a file.

    Args:
        blocks: the file's bytes.

    Yields:
        The sums of each transaction set 835 that is there, in order, whether it has an SE or not.
    """
    sums: SetSums | None = None
    owned = False
    for parts in _segments(blocks):
        tag = parts[0]
        owned = tag == b"CLP" or (owned and tag not in _ENDS_CLAIM)
        if tag == b"ST":
            if sums is not None:
                yield sums
            sums = SetSums(_text(parts, 2)) if _text(parts, 1) == "835" else None
        elif tag == b"SE" and sums is not None:
            yield sums
            sums = None
        elif sums is not None and (owned or tag not in _OF_CLAIMS):
            _add(sums, tag, parts)
    if sums is not None:
        yield sums


def provider_adjustments(blocks: Iterable[bytes]) -> Iterator[tuple[str, Counter[tuple[str, str, int]]]]:
    """Gather the PLBs of every 835 of a file.

    Args:
        blocks: the file's bytes.

    Yields:
        ST02 and how often each reason, reference (as ``bare`` spells both) and cents stand there.
    """
    number: str | None = None
    component = ""
    found: Counter[tuple[str, str, int]] = Counter()
    for parts in _segments(blocks):
        if parts[0] == b"ISA" and len(parts) > _COMPONENT:
            component = parts[_COMPONENT].decode("latin-1")[:1] or component
        elif parts[0] == b"SVC" and not component:
            qualifier = _QUALIFIER.match(parts[1] if len(parts) > 1 else b"")
            component = qualifier["component"].decode() if qualifier is not None else ""
        elif parts[0] in (b"ST", b"SE"):
            if number is not None:
                yield number, found
            number, found = (_text(parts, 2) if parts[0] == b"ST" else None), Counter()
        elif parts[0] == b"PLB":
            for place in range(_PLB_AMOUNTS.start, len(parts) + 1, 2):
                said = _text(parts, place - 1)
                if said or _text(parts, place):
                    reason, _, reference = said.partition(component or ":")
                    found[bare(reason), bare(reference), _cents(parts, place)] += 1
    if number is not None:
        yield number, found


def submission_references(blocks: Iterable[bytes]) -> dict[tuple[str, str, str], str]:
    """BHT03 of every transaction set 837 of a file, by its ISA13, GS06 and ST02; those without one are left out.

    Args:
        blocks: the file's bytes.
    """
    found: dict[tuple[str, str, str], str] = {}
    interchange = group = number = ""
    for parts in _segments(blocks):
        if parts[0] == b"ISA":
            interchange, group = _text(parts, 13), ""
        elif parts[0] == b"GS":
            group = _text(parts, 6)
        elif parts[0] in (b"ST", b"SE"):
            number = _text(parts, 2) if parts[0] == b"ST" and _text(parts, 1) == "837" else ""
        elif parts[0] == b"BHT" and number and _text(parts, 3):
            found.setdefault((interchange, group, number), _text(parts, 3))
    return found


def bare(text: str) -> str:
    """A text without blanks and without what is not ASCII, so that two ways of decoding it come to the same."""
    return "".join(text.split()).encode("ascii", "ignore").decode()


def _add(sums: SetSums, tag: bytes, parts: list[bytes]) -> None:
    """Add one segment to the sums of its set."""
    if tag == b"SVC":
        sums.lines += 1
        sums.line_charged += _cents(parts, 2)
        sums.line_paid += _cents(parts, 3)
    elif tag == b"CAS":
        sums.adjusted += sum(_cents(parts, place) for place in _CAS_AMOUNTS)
    elif tag == b"CLP":
        sums.claims += 1
        sums.charged += _cents(parts, 3)
        sums.paid += _cents(parts, 4)
    elif tag == b"PLB":
        sums.provider_adjusted += sum(_cents(parts, place) for place in _PLB_AMOUNTS)
    elif tag == b"BPR":
        sums.payment = _cents(parts, 2)


def _text(parts: list[bytes], place: int) -> str:
    """An element as text, "" when absent."""
    return parts[place].decode("latin-1").strip() if place < len(parts) else ""


def _cents(parts: list[bytes], place: int) -> int:
    """An amount in cents; 0 when absent or no amount."""
    said = _text(parts, place)
    if not said or set(said) - _AMOUNT_CHARACTERS:
        return 0
    try:
        amount = Decimal(said) * _CENTS
    except InvalidOperation:
        return 0
    return int(amount) if abs(amount) < _TOO_MANY_CENTS and amount == amount.to_integral_value() else 0


def _segments(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut bytes into segments and these into elements; separators are read again at each ISA."""
    element, terminator = b"*", b"~"
    source = iter(blocks)
    held = b""
    place = 0
    ended = declared = False
    while True:
        while len(held) - place < _LONGEST_ISA and not ended:
            block = next(source, b"")
            ended = not block
            held, place = held[place:] + block, 0
        place += _blank(held, place)
        if place >= len(held) and ended:
            return
        if held.startswith(b"ISA", place):
            element, terminator = _separators(held[place : place + _LONGEST_ISA], element, terminator)
            declared = True
        elif not declared and (bare_set := _BARE_SET.match(held, place)) is not None:
            element, terminator = bare_set["element"], bare_set["end"].replace(b"\r\n", b"\n")
        end = held.find(terminator, place)
        while end < 0 and not ended:
            block = next(source, b"")
            ended = not block
            held, place = held[place:] + block, 0
            end = held.find(terminator, place)
        if end < 0:
            end = len(held)
        parts = held[place:end].strip(_WHITE).translate(None, _NO_TEXT.replace(element, b"")).split(element)
        if len(parts[0]) > _LONGEST_TAG:  # text around an interchange: go on where the next one begins
            starts = (_ISA.search(held, place), None if declared else _BARE_SET.search(held, place))
            found = [start.start() for start in starts if start is not None]
            if found:
                place = min(found)
                continue
        yield parts
        place = end + 1


def _blank(held: bytes, place: int) -> int:
    """How many bytes of white space (or byte order mark) stand here."""
    end = place
    while end < len(held) and held[end] in _WHITE:
        end += 1
    return end - place


def _separators(isa: bytes, element: bytes, terminator: bytes) -> tuple[bytes, bytes]:
    """Element separator and segment terminator of an ISA: its fourth byte, and the byte after ISA16."""
    own = isa[3:4]
    parts = isa.split(own, 16)
    if not own or len(parts) <= _COMPONENT or len(parts[_COMPONENT]) < 2 or parts[_COMPONENT][:1].isalnum():
        return element, terminator
    if len(parts[15].strip()) > _LONGEST_TAG or max(map(len, parts[:_COMPONENT])) > _LONGEST_ELEMENT:
        return element, terminator
    after = parts[_COMPONENT][1:3]
    return own, b"\n" if after == b"\r\n" else after[:1]
