"""A limit on how long one line or segment of a file may be, so that a file without any end of one is not kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cli.jobs.archives import is_archive
from edi.model.errors import InputError

LONGEST: Final = 8 << 20
"""Bytes without any end of a line or segment. Readers take a megabyte; nobody sends what is larger."""
_ENDS: Final = b"\n\r~\x00\x1a\x1c\x1d\x1e\x1f\x85'!|^"
"""What ends lines and segments. One that stands in every element of an interchange is none in it."""
_ISA: Final = b"ISA"
_ELEMENT, _COMPONENT, _TERMINATOR = 3, 104, 105
"""Places of the separators in an ISA."""


def with_ends(blocks: Iterable[bytes], name: str, longest: int = LONGEST) -> Iterator[bytes]:
    """The same blocks, as long as a line or segment ends in them now and then; an archive has none.

    Args:
        blocks: the bytes of a file.
        name: of the file, for the error.
        longest: how many bytes without an end are too many; blocks are counted whole.

    Raises:
        InputError: no end came for that long.
    """
    ends = b""
    run = 0
    archive = False
    for block in blocks:
        if not ends:
            ends, archive = _ends_in(block), is_archive(block)
        run = 0 if archive or any(end in block for end in ends) else run + len(block)
        if run > longest:
            raise InputError(
                f"{name}: a line or segment has more than {longest >> 20} megabytes; it is not kept"
            )
        yield block


def _ends_in(head: bytes) -> bytes:
    """What may end a segment in a file that begins so."""
    isa = head.find(_ISA, 0, _TERMINATOR)
    if isa < 0 or len(head) <= isa + _TERMINATOR:
        return _ENDS
    inside = {head[isa + _ELEMENT], head[isa + _COMPONENT]}
    return bytes(end for end in {*_ENDS, head[isa + _TERMINATOR]} if end not in inside)
