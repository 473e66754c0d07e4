"""Bytes -> segments, in one pass, whatever the chunks, line breaks and delimiters.

What comes out does not depend on how the bytes were cut into chunks. The separators are read anew at every ISA. Line
breaks are dropped wherever they stand, unless they are the segment terminator, and so are control characters that are
no delimiter of their interchange (no database takes a NUL in a text). Text is UTF-8; a segment that is not
valid UTF-8 is Latin-1. No more than one block and one unfinished segment is held in memory.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from typing import Final, TypeAlias

import msgspec

from edi.x12.delimiters import (
    LOOKAHEAD,
    Delimiters,
    Heading,
    Start,
    Unreadable,
    find_start,
    read_heading,
    settled,
)

BLOCK_SIZE: Final = 1 << 16
"""Bytes that are split at once."""
SEGMENT_LIMIT: Final = 1 << 20
"""Bytes after which a segment without its terminator is given up."""

_TRAILER_TAGS: Final = ("SE", "GE", "IEA")
_PADDING: Final = b" \t\r\n\x0b\x0c\x00\x1a~\xef\xbb\xbf"
"""What may stand around interchanges: blanks, fill characters, a lost terminator, the bytes of a BOM."""
_BLANKS: Final = b" \t\r\n\x00\xef\xbb\xbf"
_BREAKS: Final = b"\r\n"
_CONTROLS: Final = bytes(byte for byte in range(0x20) if byte not in b"\t\r\n")
_FILL: Final = b" \t\r\n\x00\x1a"
_STRIPPED: Final = " \t"
_BOUNDARY: Final = re.compile(rb"I[\r\n]*(?:(?P<isa>S)|E)[\r\n]*A[\r\n]*(?P<separator>[^A-Za-z0-9\s])")
_SURE_ISA: Final = re.compile(rb"ISA(?P<separator>[^A-Za-z0-9\s])[A-Za-z0-9. ]{2}(?P=separator)")


class SyntaxProblem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something that keeps bytes from being segments.

    Attributes:
        kind: ``empty``, ``not_x12``, ``skipped``, ``unreadable``, ``unfinished``, ``too_long`` or ``controls``.
        detail: more, in words without data.
    """

    kind: str
    detail: str = ""


Batch: TypeAlias = list[str]
"""Segments as sent, without terminator; not yet split into elements."""
Token: TypeAlias = Heading | SyntaxProblem | Batch


def tokens(chunks: Iterable[bytes], *, block_size: int = BLOCK_SIZE) -> Iterator[Token]:
    """Cut bytes into segments.

    Args:
        chunks: the bytes of a file, in pieces of any size.
        block_size: how many bytes are split at once; the result is the same for any size.

    Yields:
        A `Heading` at every ISA (or where segments begin without one), then lists of segments, IEA included;
        a `SyntaxProblem` for whatever is no segment; at the very end one if control characters were dropped.
    """
    source = _Source(chunks, block_size)
    found = controls = False
    while True:
        start = yield from _seek(source, found)
        if start is None:
            if controls:
                yield SyntaxProblem(kind="controls")
            return
        found = True
        source.grow(start.offset + LOOKAHEAD)
        heading = read_heading(source.data, start)
        if isinstance(heading, Unreadable):
            yield SyntaxProblem(kind="unreadable", detail=heading.reason)
            source.drop(start.offset + len(start.tag))
            continue
        source.drop(heading.end)
        yield heading
        splitter = _Splitter(heading.delimiters)
        yield from _segments(source, splitter)
        controls = controls or splitter.met_controls


class _Source:
    """Bytes still to be read: `data` is what is here, `ended` whether that is all."""

    def __init__(self, chunks: Iterable[bytes], block_size: int) -> None:
        self._chunks = iter(chunks)
        self._chunk = memoryview(b"")
        self._block_size = block_size
        self.data = b""
        self.ended = False

    def grow(self, size: int | None = None) -> None:
        """Read on until `data` has that many bytes (by default a block more), or all."""
        missing = self._block_size if size is None else size - len(self.data)
        parts: list[bytes | memoryview] = [self.data]
        while missing > 0:
            if not self._chunk:
                chunk = next(self._chunks, None)
                if chunk is None:
                    self.ended = True
                    break
                self._chunk = memoryview(chunk)
            part = self._chunk[:missing]
            self._chunk = self._chunk[missing:]
            parts.append(part)
            missing -= len(part)
        if len(parts) > 1:
            self.data = b"".join(parts)

    def drop(self, size: int) -> None:
        """Forget the first bytes."""
        self.data = self.data[size:]


def _seek(source: _Source, found: bool) -> Generator[SyntaxProblem, None, Start | None]:
    """Go to the next interchange; returns where it starts, or None at the end of the data."""
    skipped = offset = 0
    while True:
        start = find_start(source.data, ended=source.ended, offset=offset)
        passed = source.data[
            : start.offset if start else len(source.data) if source.ended else settled(source.data)
        ]
        skipped += len(passed.strip(_PADDING))
        if start is not None or source.ended:
            break
        source.drop(len(passed))
        offset = 1 if passed else offset  # no start is here: what stood before it and forbade that is gone
        source.grow()
    if skipped and (found or start is not None):
        yield SyntaxProblem(kind="skipped", detail="text that is not X12 was skipped")
    elif start is None and not found:
        yield SyntaxProblem(kind="not_x12" if skipped else "empty")
    return start


def _segments(source: _Source, splitter: _Splitter) -> Iterator[Token]:
    """Yield the segments of one interchange: until its IEA, the next ISA or the end of the data."""
    terminator = splitter.terminator
    while True:
        boundary = _find_boundary(source.data, terminator)
        if boundary is not None:
            yield from splitter.split(source.data[: boundary.start()], final=True)
            source.drop(boundary.start())
            if boundary["isa"] is None:
                yield from _closing(source, splitter)
            return
        end = source.data.rfind(terminator) + 1
        if end:
            yield from splitter.split(source.data[:end])
            source.drop(end)
        if source.ended:
            yield from splitter.split(source.data, final=True)
            source.data = b""
            return
        if len(source.data) > SEGMENT_LIMIT:
            splitter.give_up_segment()
            source.data = b""
        source.grow()


def _closing(source: _Source, splitter: _Splitter) -> Iterator[Token]:
    """Yield the IEA that the data begins with; it ends at its terminator, at an ISA or with the data."""
    while True:
        end = source.data.find(splitter.terminator)
        following = _find_boundary(source.data, splitter.terminator, 1)
        if end >= 0 or following is not None or source.ended or len(source.data) > SEGMENT_LIMIT:
            break
        source.grow()
    if following is not None and (end < 0 or following.start() < end):
        size = following.start()
    else:
        size = end + 1 if end >= 0 else len(source.data)
    yield from splitter.split(source.data[:size], final=True)
    source.drop(size)


def _find_boundary(data: bytes, terminator: bytes, offset: int = 0) -> re.Match[bytes] | None:
    """Find the first IEA or ISA that begins a segment, or an ISA on a line of its own after a lost terminator."""
    end_mark = terminator[0]
    for match in _BOUNDARY.finditer(data, offset):
        before = match.start() - 1
        while before >= 0 and data[before] != end_mark and data[before] in _BLANKS:
            before -= 1
        if before < 0 or data[before] == end_mark:
            return match
        broken = before != match.start() - 1
        if broken and match["isa"] is not None and _SURE_ISA.match(data, match.start()):
            return match
    return None


class _Splitter:
    """Splits bytes into segments for one set of delimiters."""

    def __init__(self, delimiters: Delimiters) -> None:
        self.mark = delimiters.segment
        self.element = delimiters.element
        self.terminator = self.mark.encode("ascii")
        marks = (delimiters.element, delimiters.component, delimiters.repetition, delimiters.segment)
        in_force = "".join([mark for mark in marks if mark]).encode("ascii", "ignore")
        self._breaks = [bytes((byte,)) for byte in _BREAKS if byte != self.terminator[0]]
        self._dropped = b"".join(self._breaks) + bytes(byte for byte in _CONTROLS if byte not in in_force)
        self._line_terminated = self.mark in "\r\n"
        self._given_up = False
        self.met_controls = False
        """Whether control characters were dropped other than what fills a file up at its end."""

    def give_up_segment(self) -> None:
        """The segment at hand is too long and its beginning is gone: leave out what follows up to its end."""
        self._given_up = True

    def split(self, region: bytes, *, final: bool = False) -> Iterator[Token]:
        """Yield the segments of a region that ends with a terminator; if ``final``, it may lack the last one."""
        text = self._text(region)
        pieces = text.split(self.mark)
        if self._given_up:
            yield SyntaxProblem(kind="too_long")
            self._given_up = False
            del pieces[0]
            if not pieces:
                return
        last = pieces.pop().strip(" \t\r\n\x00\x1a\ufeff")
        if self._padded(text):
            pieces = [
                piece.strip(_STRIPPED) if self._line_terminated else piece.lstrip(_STRIPPED)
                for piece in pieces
            ]
        if "" in pieces:
            pieces = [piece for piece in pieces if piece]
        if last and final and last.split(self.element, 1)[0] in _TRAILER_TAGS:
            pieces.append(last)
            last = ""
        if pieces:
            yield pieces
        if last:
            yield SyntaxProblem(kind="unfinished")

    def _text(self, region: bytes) -> str:
        kept = region.translate(None, self._dropped)
        dropped = len(region) - len(kept)
        if (
            dropped
            and not self.met_controls
            and dropped != sum([region.count(mark) for mark in self._breaks])
        ):
            self.met_controls = self._controls_in(region.rstrip(_FILL))
        region = kept
        try:
            return region.decode("utf-8")
        except UnicodeDecodeError:
            return self.mark.join([_decode(piece) for piece in region.split(self.terminator)])

    def _controls_in(self, region: bytes) -> bool:
        """Whether more than line breaks is dropped from a region."""
        breaks = sum([region.count(mark) for mark in self._breaks])
        return len(region) - len(region.translate(None, self._dropped)) != breaks

    def _padded(self, text: str) -> bool:
        """Whether blanks stand around a terminator."""
        mark = self.mark
        return (
            text.startswith((" ", "\t"))
            or mark + " " in text
            or mark + "\t" in text
            or (self._line_terminated and (" " + mark in text or "\t" + mark in text))
        )


def _decode(piece: bytes) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return piece.decode("latin-1")
