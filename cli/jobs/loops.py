"""A limit on how many segments one loop may have, so that no file can make a reader hold all of it in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from edi.model.errors import InputError
from edi.x12.envelope import TransactionSet

MOST_SEGMENTS: Final = 100_000
"""Segments of a claim, level or answered transaction set. The guides allow a few thousand."""
CODE: Final = "ING008"
FIX: Final = "Ask the sender what the file is; nothing of this transaction set was taken in."
_BEGIN: Final = frozenset({"HL", "CLP", "CLM", "AK2"})


def bounded(transaction: TransactionSet, most: int = MOST_SEGMENTS) -> TransactionSet:
    """The transaction set, of which reading a loop of more than ``most`` segments raises InputError."""
    return msgspec.structs.replace(transaction, segments=_counted(transaction.segments, most))


def _counted(segments: Iterator[list[str]], most: int) -> Iterator[list[str]]:
    left = most
    for segment in segments:
        left = most if segment[0] in _BEGIN else left - 1
        if left < 0:
            raise InputError(f"a loop has more than {most} segments; nothing of the transaction set was read")
        yield segment
