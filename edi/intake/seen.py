"""Which identifiers a run has used, where, and with what content: a million of them in about 30 MB."""

from __future__ import annotations

from array import array
from hashlib import blake2b
from typing import Final, NamedTuple

_START: Final = 1 << 12
_CONTENT: Final = (1 << 64) - 1


class Seen(NamedTuple):
    """Where an identifier was read first, and whether it had the same content there."""

    file: str
    row: int
    same: bool


class SeenIds:
    """A set that only grows, of 64-bit digests in flat tables.

    Two different identifiers share a digest with a chance of one in 37 million for a file of a million rows; the
    second would then be called a duplicate, which a person sees.
    """

    def __init__(self) -> None:
        # A slot holds the place of an identifier in the other arrays, and one more: zero marks an empty slot.
        self._slots = array("I", bytes(4 * _START))
        self._digests = array("Q")
        self._contents = array("Q")
        self._rows = array("I")
        self._file_of = array("H")
        self._files: list[str] = []

    def remember(self, *parts: str, content: int = 0, file: str = "", row: int = 0) -> Seen | None:
        """Remember an identifier made of parts.

        Args:
            parts: the identifier.
            content: a hash of what stands under it; only compared.
            file: where it stands.
            row: the number of its row there.

        Returns:
            None when it is new, else what was remembered of it.
        """
        digest = int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big")
        slot = self._slot(self._slots, digest)
        place = self._slots[slot] - 1
        if place >= 0:
            same = self._contents[place] == content & _CONTENT
            return Seen(self._files[self._file_of[place]], self._rows[place], same)
        if not self._files or self._files[-1] != file:
            self._files.append(file)
        self._digests.append(digest)
        self._contents.append(content & _CONTENT)
        self._rows.append(row)
        self._file_of.append(len(self._files) - 1)
        self._slots[slot] = len(self._digests)
        if len(self._digests) * 2 > len(self._slots):
            self._grow()
        return None

    def _slot(self, slots: array[int], digest: int) -> int:
        """The slot of a digest, or the empty one where it belongs."""
        mask = len(slots) - 1
        slot = digest & mask
        while slots[slot] and self._digests[slots[slot] - 1] != digest:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        larger = array("I", bytes(4 * len(self._slots) * 2))
        for place, digest in enumerate(self._digests, 1):
            larger[self._slot(larger, digest)] = place
        self._slots = larger
