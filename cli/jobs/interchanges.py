"""Where an interchange begins and what separates it, as the readers see it, for the second path of ``verify``."""

from __future__ import annotations

from edi.x12.delimiters import LOOKAHEAD, Heading, find_start, read_heading, settled
from reconcile.store.second_path import Interchange


def next_interchange(data: bytes, offset: int, ended: bool) -> Interchange | int:
    """Find the first interchange that can be read, at or after an offset of a file's bytes.

    Args:
        data: what is read so far.
        offset: where to begin looking.
        ended: whether nothing follows ``data``.

    Returns:
        The interchange; without one, the offset from which to look again once there is more.
    """
    while (start := find_start(data, ended=ended, offset=offset)) is not None:
        if not ended and len(data) - start.offset < LOOKAHEAD:
            return start.offset
        heading = read_heading(data, start)
        if isinstance(heading, Heading):
            marks = heading.delimiters
            return Interchange(
                element=marks.element,
                component=marks.component,
                repetition=marks.repetition,
                terminator=marks.segment,
                control_number=heading.isa[13].strip() if heading.isa else "",
                end=heading.end,
            )
        offset = start.offset + len(start.tag)
    return len(data) if ended else max(offset, settled(data))
