"""The text of a file in pieces, cut into segments exactly as pyx12's ``RawX12File`` cuts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

PIECE: Final = 8 * 1024
"""Characters pyx12 reads at a time. A piece without a terminator ends the file, so this is part of the answer."""
ISA_LENGTH: Final = 106


class Text:
    """Chunks of bytes as the readable text file pyx12 wants. Bytes beyond ASCII are taken as Latin-1."""

    closed = False

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = b""
        self._at = 0

    def read(self, size: int) -> str:
        """Return exactly ``size`` characters, fewer only at the end."""
        found = []
        while size > 0:
            piece = self._chunk[self._at : self._at + size]
            if piece:
                found.append(piece)
                self._at += len(piece)
                size -= len(piece)
                continue
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._chunk, self._at = chunk, 0
        return b"".join(found).decode("latin-1")


class Joined:
    """A text that begins with characters already read from it."""

    closed = False

    def __init__(self, head: str, rest: Text) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int) -> str:
        """Return exactly ``size`` characters, fewer only at the end."""
        found, self._head = self._head[:size], self._head[size:]
        return found + self._rest.read(size - len(found))


def segments(text: Joined, terminator: str) -> Iterator[list[str]]:
    """Cut a text into lists of segments without terminator.

    Line ends before a segment go. An empty segment ends the file, and so does a piece without a terminator: pyx12
    looks no further, and what stood open is dropped.
    """
    piece = text.read(ISA_LENGTH + PIECE)
    rest = ""
    while terminator in piece:
        joined = (rest + piece).lstrip("\n\r")
        joined = joined.replace(terminator + "\r", terminator).replace(terminator + "\n", terminator)
        *found, rest = joined.split(terminator)
        if terminator + "\n" in joined or terminator + "\r" in joined:
            found = [segment.lstrip("\n\r") for segment in found]
        if "" in found:
            yield found[: found.index("")]
            return
        yield found
        piece = text.read(PIECE)
