"""What pyx12's reader checks of HL, LX, ST and SE, for the plain spelling only; each changes pyx12's own reader.

Each answers True when the segment is as it must be, after the change pyx12 would have made, and False, without any
change, when pyx12 has to look. Source: ``X12Base._parse_segment`` and ``X12Reader._parse_segment`` of pyx12 4.0.0.
"""

from __future__ import annotations

from typing import Any


class Numbers(list[Any]):
    """A list of control numbers that finds one at once: pyx12 looks through it at each ST."""

    def __init__(self, numbers: list[Any]) -> None:
        super().__init__(numbers)
        self._known = set(numbers)

    def append(self, number: Any) -> None:
        """Add a number."""
        super().append(number)
        self._known.add(number)

    def __contains__(self, number: object) -> bool:
        return number in self._known


def hl_follows(source: Any, number: str, parent: str) -> bool:
    """HL01 is the next number; HL02 is empty or a level that stands open."""
    if number != str(source.hl_count + 1):
        return False
    stack = source.hl_stack
    if parent:
        if not (parent.isascii() and parent.isdigit()) or int(parent) not in stack:
            return False
        while stack[-1] != int(parent):
            del stack[-1]
    source.hl_count += 1
    stack.append(source.hl_count)
    return True


def lx_follows(source: Any, number: str) -> bool:
    """LX01 is the next number in its claim; only in the maps where pyx12 counts."""
    if source.check_837_lx:
        if number != str(source.lx_count + 1):
            return False
        source.lx_count += 1
    return True


def claim_begins(source: Any) -> None:
    """A CLM: the count of lines begins again."""
    if source.check_837_lx:
        source.lx_count = 0


def st_opens(source: Any, number: str) -> bool:
    """ST02 is new in its group."""
    if type(source.st_ids) is not Numbers:
        source.st_ids = Numbers(source.st_ids)
    if number in source.st_ids:
        return False
    source.hl_stack = []
    source.hl_count = 0
    source.st_count += 1
    source.st_ids.append(number)
    source.loops.append(("ST", number))
    source.seg_count = 1
    return True


def se_closes(source: Any, count: str, number: str) -> bool:
    """SE01 is the count of segments, SE02 the ST02 of the set that stands open."""
    loops = source.loops
    if not loops or loops[-1] != ("ST", number) or count != str(source.seg_count + 1):
        return False
    del loops[-1]
    return True
