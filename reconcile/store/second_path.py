"""The sums of an 835 by a second path: raw bytes of the vault, a splitter of its own, decimal arithmetic.

It proves the sums, so it shares no code with the tokenizer, the envelope reader or ``t835``: ``verify`` compares what
these stored with this. The separators that an ISA declares in its 106 places are read here as well. Where an ISA is
not exactly that, or there is none, they are a guess of the reader's, and a guess made twice proves nothing: there its
answer is asked for (``Seek``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

import msgspec

_CENTS: Final = Decimal(100)
_AMOUNT_CHARACTERS: Final = frozenset("+-.0123456789")
_TOO_MANY_CENTS: Final = 10**15
"""An amount of more than 13 digits before the point is garbled."""
_ISA_WIDTHS: Final = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_ISA_LENGTH: Final = sum(_ISA_WIDTHS) + len(_ISA_WIDTHS)
"""106, with the terminator."""
_ISA_END: Final = re.compile(rb"[^A-Za-z0-9\s\x80-\xff]|\r?\n(?=[A-Z])")
_UNFIT: Final = re.compile(rb"[\t\r\n]")
_LOOKAHEAD: Final = 128
"""Bytes that tell whether an interchange begins or ends here."""
_BLOCK: Final = 1 << 16
_LONGEST_SEGMENT: Final = 1 << 20
"""Bytes after which a segment without its end is given up, as a line of another kind than X12."""
_BLANKS: Final = re.compile(rb"[ \t\r\n\x00\xef\xbb\xbf]*+")
"""What may stand before a segment that begins or ends an interchange, a byte order mark among them."""
_TURN: Final = re.compile(_BLANKS.pattern + rb"(?P<tag>I[\r\n]*+(?P<isa>S|E)[\r\n]*+A[\r\n]*+[^A-Za-z0-9\s])")
_SURE_ISA: Final = re.compile(
    rb"(?<=[ \t\r\n\x00\xef\xbb\xbf])ISA(?P<own>[^A-Za-z0-9\s])[A-Za-z0-9. ]{2}(?P=own)"
)
"""An ISA after a segment that lost its terminator."""
_CAS_AMOUNTS: Final = range(3, 19, 3)
_PLB_AMOUNT: Final = 4
"""The first amount of a PLB; every second element after it is one too, however many there are."""
_OF_CLAIMS: Final = frozenset({"SVC", "CAS"})
"""Segments that say nothing where no claim owns them."""
_TELLS_PAYMENT: Final = frozenset({"BPR", "LX", "CLP", "SVC", "TS2", "TS3", "PLB"})
"""The first of these tells what was paid: the BPR, or that there is none before the claims."""
_ENDS_SET: Final = frozenset({"ST", "SE", "GS", "GE", "IEA", "ISA"})
_TRAILERS: Final = ("SE", "GE", "IEA")
_ENDS_CLAIM: Final = _ENDS_SET | {"LX", "TS2", "TS3", "PLB"}


class Interchange(msgspec.Struct, frozen=True, kw_only=True):
    """How an interchange is separated (``component`` and ``repetition`` may be ""), and where it begins.

    ``control_number`` is its ISA13, "" without an ISA. ``end`` is the offset of the first byte after the ISA.
    """

    element: str
    component: str
    repetition: str
    terminator: str
    control_number: str
    end: int


Seek: TypeAlias = Callable[[bytes, int, bool], Interchange | int]
"""Finds the interchange at or after an offset of bytes, whose third argument is whether nothing follows them.

Without one: the offset from which to look again once there is more.
"""


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


def declared_only(data: bytes, offset: int, ended: bool) -> int:  # noqa: ARG001 (a Seek)
    """The Seek that finds nothing: interchanges are read up to one that declares no separators."""
    return len(data)


def set_sums(blocks: Iterable[bytes], seek: Seek) -> Iterator[SetSums]:
    """Add up every 835 of a file.

    Args:
        blocks: the file's bytes.
        seek: finds interchanges that declare no separators.

    Yields:
        The sums of each transaction set 835 that is there, in order, whether it has an SE or not.
    """
    sums: SetSums | None = None
    owned = awaited = False
    for _, parts in _segments(blocks, seek):
        tag = parts[0]
        owned = tag == "CLP" or (owned and tag not in _ENDS_CLAIM)
        if tag in _ENDS_SET:
            if sums is not None:
                yield sums
            sums = SetSums(_text(parts, 2)) if _opens(parts, "835") else None
            awaited = True
        elif sums is not None:
            if awaited and tag in _TELLS_PAYMENT:
                sums.payment = _cents(parts, 2) if tag == "BPR" else 0
                awaited = False
            if owned or tag not in _OF_CLAIMS:
                _add(sums, tag, parts)
    if sums is not None:
        yield sums


def provider_adjustments(
    blocks: Iterable[bytes], seek: Seek
) -> Iterator[tuple[str, Counter[tuple[str, str, int]]]]:
    """Gather the PLBs of every 835 of a file.

    Args:
        blocks: the file's bytes.
        seek: finds interchanges that declare no separators.

    Yields:
        ST02 and how often each reason, reference (as ``bare`` spells both) and cents stand there.
    """
    number: str | None = None
    found: Counter[tuple[str, str, int]] = Counter()
    for interchange, parts in _segments(blocks, seek):
        if parts[0] in _ENDS_SET:
            if number is not None:
                yield number, found
            number, found = (_text(parts, 2) if _opens(parts, "835") else None), Counter()
        elif parts[0] == "PLB":
            for place in range(_PLB_AMOUNT, len(parts) + 1, 2):
                said = _text(parts, place - 1)
                if said or _text(parts, place):
                    reason, _, reference = said.partition(interchange.component or ":")
                    found[bare(reason), bare(reference), _cents(parts, place)] += 1
    if number is not None:
        yield number, found


def submission_references(blocks: Iterable[bytes], seek: Seek) -> dict[tuple[str, str, str], str]:
    """BHT03 of every transaction set 837 of a file, by its ISA13, GS06 and ST02; those without one are left out.

    Args:
        blocks: the file's bytes.
        seek: finds interchanges that declare no separators.
    """
    found: dict[tuple[str, str, str], str] = {}
    group = number = ""
    for interchange, parts in _segments(blocks, seek):
        if parts[0] in _ENDS_SET:
            number = _text(parts, 2) if _opens(parts, "837") else ""
            if parts[0] in ("ISA", "GS"):
                group = _text(parts, 6)
        elif parts[0] == "BHT" and number and _text(parts, 3):
            found.setdefault((interchange.control_number, group, number), _text(parts, 3))
    return found


def bare(text: str) -> str:
    """A text without blanks and without what is not ASCII, so that two ways of decoding it come to the same."""
    return "".join(text.split()).encode("ascii", "ignore").decode()


def _add(sums: SetSums, tag: str, parts: list[str]) -> None:
    """Add one segment to the sums of its set."""
    if tag == "SVC":
        sums.lines += 1
        sums.line_charged += _cents(parts, 2)
        sums.line_paid += _cents(parts, 3)
    elif tag == "CAS":
        sums.adjusted += sum(_cents(parts, place) for place in _CAS_AMOUNTS)
    elif tag == "CLP":
        sums.claims += 1
        sums.charged += _cents(parts, 3)
        sums.paid += _cents(parts, 4)
    elif tag == "PLB":
        sums.provider_adjusted += sum(_cents(parts, place) for place in range(_PLB_AMOUNT, len(parts), 2))


def _opens(parts: list[str], kind: str) -> bool:
    """Whether a segment begins a transaction set of a kind."""
    return parts[0] == "ST" and _text(parts, 1) == kind


def _text(parts: list[str], place: int) -> str:
    """An element as text, "" when absent."""
    return parts[place].strip() if place < len(parts) else ""


def _cents(parts: list[str], place: int) -> int:
    """An amount in cents; 0 when absent or no amount."""
    said = _text(parts, place)
    if not said or set(said) - _AMOUNT_CHARACTERS:
        return 0
    try:
        amount = Decimal(said) * _CENTS
    except InvalidOperation:
        return 0
    return int(amount) if abs(amount) < _TOO_MANY_CENTS and amount == amount.to_integral_value() else 0


class _Bytes:
    """The bytes of a file from a place on; `held` has the byte before it too, by which one sees where a word begins."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._source = iter(blocks)
        self.held = b""
        self.place = 0
        self.ended = False

    def grow(self) -> None:
        """Read some blocks more, and forget what lies behind."""
        behind = max(self.place - 1, 0)
        parts, size = [self.held[behind:]], 0
        while size < _BLOCK and not self.ended:
            block = next(self._source, None)
            self.ended = block is None
            parts.append(block or b"")
            size += len(parts[-1])
        self.held, self.place = b"".join(parts), self.place - behind

    def ensure(self) -> None:
        """Read on until so much is there that one sees whether an interchange begins or ends here."""
        while len(self.held) - self.place < _LOOKAHEAD and not self.ended:
            self.grow()

    def find(self, mark: bytes) -> tuple[int, bool]:
        """Where the segment ends that begins here (-1 without its mark), and whether its beginning was given up."""
        seen, given_up = 0, False
        while (end := self.held.find(mark, self.place + seen)) < 0 and not self.ended:
            seen = len(self.held) - self.place
            if seen > _LONGEST_SEGMENT:
                self.place, seen, given_up = len(self.held), 0, True
            self.grow()
        return end, given_up


def _segments(blocks: Iterable[bytes], seek: Seek) -> Iterator[tuple[Interchange, list[str]]]:
    """Cut bytes into segments and these into elements, each with its interchange; a bare ISA begins every one."""
    source = _Bytes(blocks)
    while (interchange := _begin(source, seek)) is not None:
        yield interchange, ["ISA"]
        element = interchange.element
        for segment in _of_interchange(source, interchange):
            yield interchange, segment.split(element)


def _begin(source: _Bytes, seek: Seek) -> Interchange | None:
    """Go behind the next ISA, or to where an interchange without one begins; None at the end of the file."""
    source.ensure()
    while blanks := _BLANKS.match(source.held, source.place):
        source.place = blanks.end()
        if source.ended or source.place < len(source.held):
            break
        source.grow()
    source.ensure()
    found: Interchange | int | None = _declared(source.held, source.place)
    while not isinstance(found, Interchange):
        found = seek(source.held, source.place, source.ended)
        if isinstance(found, int):
            if source.ended:
                return None
            source.place = found
            source.grow()
    source.place = found.end
    return found


def _declared(held: bytes, place: int) -> Interchange | None:
    """What an ISA declares here; None unless each of its elements has its width, and the separators are some."""
    isa = held[place : place + _ISA_LENGTH - 1]
    element = isa[3:4]
    parts = isa.split(element) if isa.startswith(b"ISA") and element else []
    end = _ISA_END.match(held, place + _ISA_LENGTH - 1)
    if tuple(map(len, parts)) != _ISA_WIDTHS or end is None or not isa.isascii() or _UNFIT.search(isa):
        return None
    component, terminator = parts[16], end[0][-1:]
    if element == terminator or not parts[1].isalnum() or any(map(_is_word, (element, component))):
        return None
    return Interchange(
        element=element.decode(),
        component=component.decode(),
        repetition="" if _is_word(parts[11]) else parts[11].decode(),
        terminator=terminator.decode(),
        control_number=parts[13].decode().strip(),
        end=end.end(),
    )


def _is_word(mark: bytes) -> bool:
    """Whether a character separates nothing."""
    return mark.isalnum() or mark.isspace()


def _of_interchange(source: _Bytes, interchange: Interchange) -> Iterator[str]:
    """Yield the segments up to the IEA, the next ISA or the end; the last one needs its end unless it is a trailer."""
    mark = interchange.terminator.encode()
    in_force = f"\t{interchange.element}{interchange.component}{interchange.repetition}".encode()
    breaks = b"\r\n".replace(mark, b"")
    noise = breaks + bytes(byte for byte in range(0x20) if byte not in in_force + mark + b"\r\n")
    by_line = mark in b"\r\n"
    while True:
        source.ensure()
        turn = _TURN.match(source.held, source.place)
        if turn is not None and turn["isa"] == b"S":
            source.place = turn.start("tag")
            return
        end, given_up = source.find(mark)
        finished = end >= 0
        if not finished:
            end = len(source.held)
        if source.held.find(b"ISA", source.place + 1, end) >= 0:
            isa = _SURE_ISA.search(source.held, source.place + 1, end + _LOOKAHEAD)
            if isa is not None and isa.start() < end:
                end, finished = isa.start(), False
        segment = _decoded(source.held[source.place : end].translate(None, noise)).lstrip(" \t")
        source.place = end + finished
        if by_line or not finished:
            segment = segment.rstrip(" \t\r\n\ufeff")
        if not given_up and (finished or segment.split(interchange.element, 1)[0] in _TRAILERS):
            yield segment
        if turn is not None or not finished:
            return


def _decoded(segment: bytes) -> str:
    """The text of a segment: UTF-8, or else Latin-1."""
    try:
        return segment.decode()
    except UnicodeDecodeError:
        return segment.decode("latin-1")
