"""Breaks the bytes of a file: as noise does, and as senders do who know segments, columns and counts.

One function does it all: `mutated`. What comes out depends on the chance that is handed in, and on nothing else.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

LARGEST: Final = 120_000
"""Bytes of an input; longer ones are cut."""

VALUES: Final = (
    b"", b" ", b"0", b"-0", b"-", b".", b"+1", b"1.", b".5", b"1.2.3", b"0.005", b"1e9", b"1E+400", b"NaN", b"Infinity",
    b"999999999999999999", b"-99999999999999999999999999", b"1_000", b"1,000.00", b"$5", b"0x10", b"1" * 400,
    "１２".encode(), "²".encode(), "٣".encode(), "½".encode(), "é".encode(), "\u2028".encode(), "\ufeff".encode(), b"\xff",
    b"\xc3", b"\x00", b"\x85", b"\x1c", b"\x1d", b"00000000", b"20261301", b"20260230", b"99991231", b"00010101", b"0000",
    b"20260101-20260131", b"20260131-20260101", b"2026-01-31", b"2460", b"D8", b"RD8", b"TM", b"A" * 81, b"A" * 5_000,
    b"=1+1", b"@SUM(A1)", b"'", b'"', b'""', b"true", b"null", b"[]", b"{}", b"../../x", b"C:\\x", b"NUL",
)  # fmt: skip
"""Values that readers of numbers, dates, texts and names have been known to stumble over."""
TAGS: Final = (
    b"ISA", b"IEA", b"GS", b"GE", b"ST", b"SE", b"TA1", b"BHT", b"HL", b"NM1", b"N1", b"N3", b"N4", b"REF", b"PER", b"DTP",
    b"DTM", b"DMG", b"CLM", b"LX", b"SV1", b"SVC", b"SVD", b"CAS", b"AMT", b"QTY", b"CLP", b"PLB", b"BPR", b"TRN", b"MOA",
    b"MIA", b"LQ", b"TS3", b"STC", b"AK1", b"AK2", b"AK9", b"IK3", b"IK4", b"IK5", b"CTX", b"EB", b"EQ", b"AAA", b"LS",
    b"LE", b"MSG", b"III", b"HSD", b"SBR", b"PAT", b"PRV", b"HI", b"OI", b"CUR", b"NTE", b"K3", b"PWK", b"CR1", b"CR2",
)  # fmt: skip
_BYTES: Final = (
    *b"~*:^|>\n\r\t ,;\"'#{}[]=\\/",
    0,
    0x1A,
    0x1C,
    0x1D,
    0x7F,
    0x80,
    0x85,
    0xA0,
    0xC3,
    0xEF,
    0xFF,
)
_NUMBER: Final = re.compile(rb"\d+(?:\.\d+)?")
_COUNT: Final = re.compile(rb"(?<=[~\n])SE([^A-Za-z0-9\s])\d+")


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Return a file with one to sixteen things broken.

    Args:
        data: the file.
        others: more of its kind, from which parts are taken.
        rng: chance.
    """
    for _ in range(2 ** rng.randrange(5)):
        operation = rng.choice(_OPERATIONS)
        data = operation(data, others, rng)[:LARGEST]
    if rng.random() < 0.5:
        data = counted(data)
    return data


def counted(data: bytes) -> bytes:
    """The file with the count of each SE made right, so that readers do not stop at the envelope."""
    mark = _marks(data)[1]
    pieces = data.split(mark)
    begin = 0
    for place, piece in enumerate(pieces):
        name = piece.strip()[:2]
        if name == b"ST":
            begin = place
        elif name == b"SE":
            count = str(place - begin + 1).encode()
            pieces[place] = _COUNT.sub(rb"SE\g<1>" + count, b"\n" + piece)[1:]
    return mark.join(pieces)


def _marks(data: bytes) -> tuple[bytes, bytes]:
    """What separates elements and segments of X12; cells and lines of anything else."""
    if data.startswith(b"ISA") and len(data) > 106:
        return data[3:4], data[105:106]
    return b",", b"\n"


def _spot(data: bytes, rng: random.Random) -> int:
    return rng.randrange(len(data) + 1)


# -- bytes ---------------------------------------------------------------------------------------------------------


def _flip(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    """A few bits, or whole bytes that mean something somewhere."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if made else 0):
        at = rng.randrange(len(made))
        made[at] = rng.choice(_BYTES) if rng.random() < 0.6 else made[at] ^ 1 << rng.randrange(8)
    return bytes(made)


def _insert(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    at = _spot(data, rng)
    return data[:at] + rng.choice(VALUES) + data[at:]


def _cut(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    at = _spot(data, rng)
    return data[:at] + data[at + rng.choice((1, 2, 10, 100, 1000)) :]


def _truncate(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: _spot(data, rng)] if rng.random() < 0.5 else data[_spot(data, rng) :]


def _repeat(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    at, size = _spot(data, rng), rng.choice((1, 5, 40, 300))
    return data[:at] + data[at : at + size] * rng.choice((2, 10, 300)) + data[at:]


def _huge(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    at = _spot(data, rng)
    filler = rng.choice(
        (b"A", b"9", b" ", b"*", b":", b"~", b"^", b"\n", b"\x00", b"\xff", b'"', b"(", b"[", b"{", b"=")
    )
    return data[:at] + filler * rng.choice((70, 300, 300, 5_000, 70_000)) + data[at:]


def _charset(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    """Another encoding, a mark of byte order, other line ends."""
    text = data.decode("latin-1")
    return rng.choice(
        (
            lambda: text.encode("utf-16"),
            lambda: text.encode("utf-8"),
            lambda: b"\xef\xbb\xbf" + data,
            lambda: data.replace(b"A", "Å".encode()),
            lambda: data.replace(b"E", b"\xc9"),
            lambda: data.replace(b"\n", b"\r\n"),
            lambda: data.replace(b"\n", b"\r"),
            lambda: data.replace(b"\n", b""),
            lambda: data.lower(),
            lambda: data.replace(b"~", b"~\n"),
        )
    )()


def _other_marks(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    """Another separator throughout, or in the first or second half of the file alone."""
    mark = rng.choice((*_marks(data), b":", b"^"))
    new = rng.choice((b"|", b";", b"\t", b"\n", b"~", b"*", b":", b"\x1d", b"\x80", b"A", b" ", b"'"))
    middle = rng.choice((0, len(data) // 2))
    if rng.random() < 0.5:
        return data[:middle] + data[middle:].replace(mark, new)
    return data[:middle].replace(mark, new) + data[middle:]


def _splice(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """The beginning of one file and the end of another, cut between segments or anywhere."""
    other = rng.choice(others) if others else data
    if rng.random() < 0.3:
        return data[: _spot(data, rng)] + other[_spot(other, rng) :]
    mark, its = _marks(data)[1], _marks(other)[1]
    mine, theirs = data.split(mark), other.split(its)
    return mark.join(mine[: rng.randrange(len(mine) + 1)] + theirs[rng.randrange(len(theirs) + 1) :])


# -- segments and lines --------------------------------------------------------------------------------------------


def _segments(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Segments (or lines) left out, repeated, moved, shuffled, or taken from another file."""
    mark = _marks(data)[1]
    pieces = data.split(mark)
    at = rng.randrange(len(pieces))
    end = at + rng.choice((1, 1, 2, 5, 20))
    kind = rng.randrange(6)
    if kind == 0:
        del pieces[at:end]
    elif kind == 1:
        pieces[at:at] = pieces[at:end] * rng.choice((1, 2, 30, 400))
    elif kind == 2:
        taken = pieces[at:end]
        del pieces[at:end]
        to = rng.randrange(len(pieces) + 1)
        pieces[to:to] = taken
    elif kind == 3:
        part = pieces[at:end]
        rng.shuffle(part)
        pieces[at:end] = part
    elif kind == 4 and others:
        other = rng.choice(others)
        theirs = other.split(_marks(other)[1])
        place = rng.randrange(len(theirs))
        pieces[at:at] = theirs[place : place + rng.choice((1, 3, 10))]
    else:
        element = _marks(data)[0]
        values = [rng.choice(VALUES[:12]) for _ in range(rng.choice((0, 1, 5, 40)))]
        pieces.insert(at, element.join([rng.choice(TAGS), *values]))
    return mark.join(pieces)


def _levels(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    """A chain of levels, each below the one before."""
    element, mark = _marks(data)
    pieces = data.split(mark)
    at = rng.randrange(len(pieces) + 1)
    code = rng.choice((b"20", b"22", b"23", b"PT", b"19", b"21"))
    pieces[at:at] = [
        element.join((b"HL", str(number + 1).encode(), str(number).encode(), code, b"1"))
        for number in range(rng.choice((5, 60, 900)))
    ]
    return mark.join(pieces)


# -- elements and cells --------------------------------------------------------------------------------------------


def _elements(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Elements (or cells) of one segment replaced, left out, repeated, exchanged, or moved here from elsewhere."""
    element, mark = _marks(data)
    pieces = data.split(mark)
    at = rng.randrange(len(pieces))
    cells = pieces[at].split(element)
    place = rng.randrange(len(cells))
    kind = rng.randrange(7)
    if kind <= 2:
        cells[place] = rng.choice(VALUES)
    elif kind == 3:
        del cells[place:]
    elif kind == 4:
        cells[place:place] = [cells[place]] * rng.choice((1, 2, 60))
    elif kind == 5:
        to = rng.randrange(len(cells))
        cells[place], cells[to] = cells[to], cells[place]
    else:
        other = rng.choice(others) if others else data
        theirs = rng.choice(other.split(_marks(other)[1])).split(_marks(other)[0])
        cells[place] = rng.choice(theirs)
    pieces[at] = element.join(cells)
    return mark.join(pieces)


def _components(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    """A composite where none belongs, one with too many parts, a repetition."""
    element, mark = _marks(data)
    pieces = data.split(mark)
    at = rng.randrange(len(pieces))
    cells = pieces[at].split(element)
    place = rng.randrange(len(cells))
    cells[place] += rng.choice((b":", b"^", b">")) * rng.choice((1, 3, 50)) + rng.choice(VALUES[:30])
    pieces[at] = element.join(cells)
    return mark.join(pieces)


def _numbers(data: bytes, _others: Sequence[bytes], rng: random.Random) -> bytes:
    """One number that stands in the file, written oddly."""
    match = _NUMBER.search(data, _spot(data, rng))
    if match is None:
        return data
    text = match[0]
    new = rng.choice(
        (b"-" + text, text + b".001", b"0" * 30 + text, text * 12, text + b"E5", text.replace(b"1", "１".encode()),
         b"+" + text, text + b"-", text[:-1], b"." + text, rng.choice(VALUES))
    )  # fmt: skip
    return data[: match.start()] + new + data[match.end() :]


Operation: TypeAlias = Callable[[bytes, Sequence[bytes], random.Random], bytes]
_OPERATIONS: Final[tuple[Operation, ...]] = (
    _flip, _insert, _cut, _truncate, _repeat, _huge, _charset, _other_marks, _splice, _segments, _segments, _segments,
    _levels, _elements, _elements, _elements, _components, _numbers, _numbers,
)  # fmt: skip
