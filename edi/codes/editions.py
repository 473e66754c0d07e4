"""Releases side by side: which one is in force on a day, and the NCCI pairs of one, read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

import msgspec

from edi.codes.values import Edition, PtpEdit, Release

Held = TypeVar("Held", bound=Release)

ALL_BLOCKS: Final = "*"
"""In place of a block: the names of all blocks, one a line."""
BLOCK: Final = 3
"""Pairs are kept in blocks by the first characters of column 1: therapy needs a few of some six hundred."""


def _nothing(_data: str, _block: str) -> str:
    return ""


class Installed(msgspec.Struct, frozen=True):
    """What an installation loaded beside the tables that are shipped.

    Attributes:
        editions: one for each part of a release.
        read: gives kept text by the name of its data and, for pairs, the block; "" for a block that has none,
            the names of all for ``ALL_BLOCKS``.
    """

    editions: tuple[Edition, ...] = ()
    read: Callable[[str, str], str] = _nothing


NOTHING_INSTALLED: Final = Installed()


def complete(editions: Sequence[Edition]) -> bool:
    """Whether the parts of one release are all there."""
    return len({one.part for one in editions}) >= max(one.parts for one in editions)


def by_release(editions: Sequence[Edition], table: str) -> dict[str, tuple[Edition, ...]]:
    """The parts of each release of a table, whether complete or not, oldest release first."""
    found: dict[str, list[Edition]] = {}
    for one in sorted(editions, key=lambda one: (one.valid_from or date.min, one.release, one.part)):
        if one.code == table:
            found.setdefault(one.release, []).append(one)
    return {release: tuple(parts) for release, parts in found.items()}


def in_force(releases: Sequence[Held], day: date) -> Held:
    """The release that answers for a day: the newest that covers it, else the nearest older, else the oldest.

    Args:
        releases: one or more, oldest first.
        day: a date of service.
    """
    covering = [one for one in releases if one.holds_on(day)]
    if covering:
        return covering[-1]
    older = [one for one in releases if one.valid_to is not None and one.valid_to < day]
    return older[-1] if older else releases[0]


class Pairs:
    """The NCCI pairs of one release.

    Args:
        release: which one.
        blocks: the lines of a block by its name, as ``packed_line`` writes them.
        names: gives the names of all blocks.
    """

    def __init__(
        self, release: Release, blocks: Callable[[str], Iterator[str]], names: Callable[[], Sequence[str]]
    ) -> None:
        self.release = release
        self._read = blocks
        self._names = names
        self._blocks: dict[str, Mapping[str, list[str]]] = {}
        self._found: dict[tuple[str, str], tuple[PtpEdit, ...]] = {}

    def of(self, column_1: str, column_2: str) -> tuple[PtpEdit, ...]:
        """The pair's rows, the one that ends first first; none when the two are no pair in that order."""
        key = (column_1, column_2)
        found = self._found.get(key)
        if found is None:
            lines = self._block(column_1[:BLOCK]).get(f"{column_1}\t{column_2}", ())
            rows = [unpacked(line, self.release) for line in lines]
            found = tuple(sorted(rows, key=lambda row: row.valid_to or date.max))
            self._found[key] = found
        return found

    def blocks(self) -> Sequence[str]:
        """The names of the blocks, sorted."""
        return sorted(self._names())

    def standing(self, block: str, day: date) -> dict[tuple[str, str], str]:
        """The pairs of a block that stand on a day, with their indicators."""
        told = day.strftime("%Y%m%d")
        found: dict[tuple[str, str], str] = {}
        for line in self._read(block):
            column_1, column_2, indicator, begins, ends, _ = line.split("\t")
            if begins <= told and (not ends or told <= ends):
                found[column_1, column_2] = indicator
        return found

    def _block(self, name: str) -> Mapping[str, list[str]]:
        found = self._blocks.get(name)
        if found is None:
            lines: dict[str, list[str]] = {}
            for line in self._read(name):
                first, second, _ = line.split("\t", 2)
                lines.setdefault(f"{first}\t{second}", []).append(line)
            found = self._blocks[name] = lines
        return found


def packed_line(column_1: str, column_2: str, indicator: str, begins: str, ends: str, rationale: str) -> str:
    """A pair as it is kept: fields between tabs, dates as CCYYMMDD or "" where open."""
    return f"{column_1}\t{column_2}\t{indicator}\t{begins}\t{ends}\t{rationale}"


def unpacked(line: str, release: Release) -> PtpEdit:
    """The pair of a kept line."""
    column_1, column_2, indicator, begins, ends, rationale = line.split("\t")
    return PtpEdit(
        code=column_1,
        column_2=column_2,
        indicator=indicator,
        valid_from=date.fromisoformat(begins) if begins else None,
        valid_to=date.fromisoformat(ends) if ends else None,
        rationale=rationale,
        source=f"NCCI PTP practitioner {release.release}",
    )


def shipped_pairs(rows: Callable[[], Iterator[PtpEdit]], release: Release) -> Pairs:
    """The pairs of the shipped table, in the same blocks."""
    kept: dict[str, list[str]] = {}

    def blocks() -> dict[str, list[str]]:
        if not kept:
            for row in rows():
                begins, ends = (
                    day.strftime("%Y%m%d") if day is not None else ""
                    for day in (row.valid_from, row.valid_to)
                )
                line = packed_line(row.code, row.column_2, row.indicator, begins, ends, row.rationale)
                kept.setdefault(row.code[:BLOCK], []).append(line)
        return kept

    return Pairs(release, lambda name: iter(blocks().get(name, ())), lambda: tuple(blocks()))


def installed_pairs(editions: Sequence[Edition], read: Callable[[str, str], str]) -> Pairs:
    """The pairs of a release that an installation loaded, from all its parts."""

    def lines(name: str) -> Iterator[str]:
        for one in editions:
            yield from read(one.data, name).splitlines()

    def names() -> tuple[str, ...]:
        return tuple({name for one in editions for name in read(one.data, ALL_BLOCKS).splitlines()})

    return Pairs(editions[0], lines, names)
