"""Which identifiers a file has used: a million of them in about 20 MB."""

from __future__ import annotations

from array import array
from hashlib import blake2b
from typing import Final

_START: Final = 1 << 12


class SeenIds:
    """A set that only grows, of 64-bit digests in one flat table.

    Two different identifiers share a digest with a chance of one in 37 million for a file of a million rows; the
    second would then be called a duplicate, which a person sees.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _START))
        self._count = 0

    def add(self, *parts: str) -> bool:
        """Remember an identifier made of parts; return whether it is new."""
        digest = blake2b("\0".join(parts).encode(), digest_size=8).digest()
        # Zero marks an empty slot.
        number = int.from_bytes(digest, "big") or 1
        place = self._place(self._slots, number)
        if self._slots[place] == number:
            return False
        self._slots[place] = number
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    @staticmethod
    def _place(slots: array[int], number: int) -> int:
        mask = len(slots) - 1
        place = number & mask
        while slots[place] and slots[place] != number:
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        larger = array("Q", bytes(8 * len(self._slots) * 2))
        for number in self._slots:
            if number:
                larger[self._place(larger, number)] = number
        self._slots = larger
