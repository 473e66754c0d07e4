"""Where a position that a 999 names stands in our own file: in which loop, and of which claims.

A 999 counts segments from ST (1). What stands above a claim (in its subscriber, its provider, the heading) concerns all
claims below. Source: 005010X222A1, the loops of the 837P; 005010X231A1 IK302.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from typing import Final

import msgspec

from edi.transactions.elements import at
from edi.x12.envelope import TransactionSet, read_transactions
from reconcile.store import Vault
from reconcile.store.rejections import Sent

_LEVELS: Final = {"20": "2000A", "22": "2000B", "23": "2000C"}
_ABOVE: Final = {
    "41": "1000A", "40": "1000B", "85": "2010AA", "87": "2010AB", "PE": "2010AC", "IL": "2010BA", "PR": "2010BB",
    "QC": "2010CA",
}  # fmt: skip
_IN_CLAIM: Final = {
    "DN": "2310A", "P3": "2310A", "82": "2310B", "77": "2310C", "DQ": "2310D", "PW": "2310E", "45": "2310F",
}  # fmt: skip
_OF_OTHERS: Final = {"IL": "2330A", "PR": "2330B"}
_ON_LINE: Final = {
    "82": "2420A", "QB": "2420B", "77": "2420C", "DQ": "2420D", "DK": "2420E", "DN": "2420F", "P3": "2420F",
}  # fmt: skip
_HEADING, _CLAIM_DEPTH = 0, 4
_DEPTHS: Final = {"20": 1, "22": 2, "23": 3}


class Place(msgspec.Struct, kw_only=True):
    """A segment of ours: its loop, its first element, and CLM01 of each claim that it concerns."""

    loop: str
    segment_id: str
    qualifier: str
    depth: int
    claims: list[str]


def places(vault: Vault, sent: Sent, positions: Collection[int]) -> dict[int, Place]:
    """Find positions of the transaction set that a claim went out in; none when the vault does not have it.

    Args:
        vault: holds what was sent.
        sent: the file and control numbers.
        positions: 1 is the ST.
    """
    if not positions or not sent.file_sha256 or not vault.has(sent.file_sha256):
        return {}
    with closing(vault.read(sent.file_sha256)) as blocks:
        for item in read_transactions(blocks):
            if (
                isinstance(item, TransactionSet)
                and item.control_number == sent.st_control_number
                and item.envelope is not None
                and (item.envelope.group_control_number or "") == sent.group_control_number
            ):
                return _found(item.segments, positions)
    return {}


def _found(segments: Iterable[list[str]], positions: Collection[int]) -> dict[int, Place]:
    """Walk one 837P; a place above the claims collects the numbers of those below it."""
    found: dict[int, Place] = {}
    walk = _Walk()
    for number, segment in enumerate(segments, 1):
        walk.take(segment)
        if segment[0] == "HL":
            walk.close(_DEPTHS.get(at(segment, 3), _HEADING))
        if segment[0] == "CLM":
            walk.claim_begins(at(segment, 1))
        if number in positions:
            found[number] = walk.here(segment)
    return found


class _Walk:
    """Where in the loops we are, and the places that still collect claims."""

    def __init__(self) -> None:
        self._loop = ""
        self._depth = _HEADING
        self._claim = ""
        self._open: list[Place] = []

    def take(self, segment: list[str]) -> None:
        """Enter the loop that a segment begins."""
        name, first = segment[0], at(segment, 1)
        if name == "HL":
            self._loop = _LEVELS.get(at(segment, 3), "")
        elif name == "CLM":
            self._loop = "2300"
        elif name == "SBR" and self._depth == _CLAIM_DEPTH:
            self._loop = "2320"
        elif name == "LX":
            self._loop = "2400"
        elif name == "SVD":
            self._loop = "2430"
        elif name == "NM1":
            self._loop = self._party(first)

    def _party(self, entity: str) -> str:
        if self._depth < _CLAIM_DEPTH:
            return _ABOVE.get(entity, self._loop)
        if self._loop.startswith("24"):
            return _ON_LINE.get(entity, self._loop)
        if self._loop.startswith(("232", "233")):
            return _OF_OTHERS.get(entity, self._loop)
        return _IN_CLAIM.get(entity, self._loop)

    def close(self, depth: int) -> None:
        """A level begins: what stood as deep or deeper concerns no more claims."""
        self._depth, self._claim = depth, ""
        self._open = [place for place in self._open if place.depth < depth]

    def claim_begins(self, number: str) -> None:
        """A claim begins: it is one of those below."""
        self._depth, self._claim = _CLAIM_DEPTH, number
        for place in self._open:
            place.claims.append(number)

    def here(self, segment: list[str]) -> Place:
        """The place of the segment taken last."""
        place = Place(
            loop=self._loop,
            segment_id=segment[0],
            qualifier=at(segment, 1) if segment[0] == "REF" else "",
            depth=self._depth,
            claims=[self._claim] if self._claim else [],
        )
        if not self._claim:
            self._open.append(place)
        return place
