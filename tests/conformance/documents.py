"""Whole files made from pyx12's maps, which pyx12 calls clean.

A file is built by walking a map from top to bottom: what is needed is always there, what is not is there by chance, or
because the document is to reach a certain node. `catalogue` makes as many files as it takes to reach every node that
can be reached. Everything follows from the Random that is given.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

import pyx12.map_walker

from tests.conformance.map_segments import (
    COMPONENT,
    ELEMENT,
    REPETITION,
    SEGMENT,
    is_clean,
    load_map,
    parsed,
    segment_nodes,
    segment_text,
)


class Guide(NamedTuple):
    """An implementation guide: its map, and what its envelope says."""

    name: str
    map_name: str
    version: str
    functional_id: str


GUIDES: Final = (
    Guide("837P", "837.5010.X222.A1.xml", "005010X222A1", "HC"),
    Guide("835", "835.5010.X221.A1.xml", "005010X221A1", "HP"),
    Guide("999", "999.5010.xml", "005010X231", "FA"),
    Guide("999A1", "999.5010X231.A1.xml", "005010X231A1", "FA"),
    Guide("277CA", "277.5010.X214.xml", "005010X214", "HN"),
)
OTHER_GUIDES: Final = (
    Guide("837I", "837Q3.I.5010.X223.A1.xml", "005010X223A2", "HC"),
    Guide("834", "834.5010.X220.A1.xml", "005010X220A1", "BE"),
    Guide("820", "820.5010.X218.xml", "005010X218", "RA"),
)
"""Guides that are neither written nor read here: the fast engine must be right about them all the same."""
GUIDES_4010: Final = (
    Guide("837P-4010", "837.4010.X098.A1.xml", "004010X098A1", "HC"),
    Guide("837I-4010", "837.4010.X096.A1.xml", "004010X096A1", "HC"),
    Guide("835-4010", "835.4010.X091.A1.xml", "004010X091A1", "HP"),
    Guide("271-4010", "271.4010.X092.A1.xml", "004010X092A1", "HB"),
)
"""Guides of the version before, whose interchanges say 00401. They are made of the same parts, with other codes."""
CONTROL_MAP: Final = "x12.control.00501.xml"
UNBOUNDED: Final = 4
"""How often at most a segment or loop without a limit is repeated; others up to their limit, seldom."""

HOPELESS: Final = 12
"""So many documents were to reach a node and did not: no other is made for it alone."""


class Piece(NamedTuple):
    """One segment of a document: its text, without terminator, and the node it was made for."""

    text: str
    node: Any

    @property
    def id(self) -> str:
        return self.text.split(ELEMENT, 1)[0]


class Document(NamedTuple):
    """A file as a list of segments."""

    guide: Guide
    pieces: tuple[Piece, ...]
    line_end: str

    def data(self) -> bytes:
        return "".join(f"{piece.text}{SEGMENT}{self.line_end}" for piece in self.pieces).encode("latin-1")


# -- one transaction set -------------------------------------------------------------------------------------------


class _Transaction:
    """One transaction set while it is being made."""

    def __init__(self, rng: Random, guide: Guide, number: str, fill: float, wanted: frozenset[int]) -> None:
        self.rng = rng
        self.guide = guide
        self.number = number
        self.fill = fill
        self.wanted = wanted
        self.pieces: list[Piece] = []
        self.levels = 0
        self.lines = 0

    def make(self) -> list[Piece]:
        root = load_map(self.guide.map_name)
        self._loop(root.getnodebypath("/ISA_LOOP/GS_LOOP/ST_LOOP"), "")
        return self.pieces

    def _loop(self, loop: Any, parent_level: str) -> None:
        """All children of a loop once, position after position."""
        level = parent_level
        for position in sorted(loop.pos_map):
            children = list(loop.pos_map[position])
            first = loop.get_first_node()
            movable = all(child.is_segment() and child is not first for child in children)
            if movable and self.rng.random() < 0.3:
                self.rng.shuffle(children)
            for child in children:
                for _ in range(self._times(child, starts_loop=child is first)):
                    if child.is_loop():
                        self._loop(child, level)
                    else:
                        self._segment(child, parent_level)
                        if child.id == "HL":
                            level = str(self.levels)

    def _times(self, child: Any, *, starts_loop: bool) -> int:
        """How often a child stands; a loop of loops always once, its children decide."""
        if child.usage == "N":
            return 0
        is_wanted = id(child) in self.wanted or (child.is_loop() and child.get_first_seg() is None)
        if child.usage == "S" and not is_wanted and self.rng.random() >= self.fill:
            return 0
        if starts_loop or self.rng.random() < (0.85 if child.is_segment() else 0.94):
            return 1
        most = child.get_max_repeat()
        if child.is_segment() and most < 20 and self.rng.random() < 0.1:
            return int(most)
        return self.rng.randint(1, min(int(most), UNBOUNDED if child.is_segment() else 2))

    def _segment(self, node: Any, parent_level: str) -> None:
        text = segment_text(self.rng, node, self._preset(node, parent_level))
        self.pieces.append(Piece(text, node))

    def _preset(self, node: Any, parent_level: str) -> dict[int, str]:
        """What may not be left to chance: numbers that the reader counts along."""
        match node.id:
            case "ST":
                return {2: self.number}
            case "SE":
                return {1: str(len(self.pieces) + 1), 2: self.number}
            case "HL":
                self.levels += 1
                return {1: str(self.levels), 2: parent_level}
            case "CLM":
                self.lines = 0
            case "LX":
                self.lines += 1
                return {1: str(self.lines)}
        return {}


# -- a file --------------------------------------------------------------------------------------------------------


def make_document(
    rng: Random, guide: Guide, *, wanted: frozenset[int] = frozenset(), fill: float = 0.05
) -> Document:
    """A file of one or two interchanges, groups and transaction sets.

    Args:
        rng: chance.
        guide: which guide.
        wanted: ids (`id(node)`) of nodes to reach, with all their parents.
        fill: how likely what is not needed stands.
    """
    root = load_map(guide.map_name)
    find = root.getnodebypath
    isa, tail = load_map(CONTROL_MAP).getnodebypath("/ISA_LOOP/ISA"), rng.randint(1, 10**8)
    pieces: list[Piece] = []
    for interchange in range(_few(rng)):
        number = f"{tail + interchange:09d}"
        pieces.append(
            Piece(
                f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260321*0805*{REPETITION}*00501"
                f"*{number}*{rng.randint(0, 1)}*{rng.choice('PT')}*{COMPONENT}",
                isa,
            )
        )
        groups = _few(rng)
        for group in range(1, groups + 1):
            head = {1: guide.functional_id, 6: str(group), 8: guide.version}
            pieces.append(
                Piece(segment_text(rng, find("/ISA_LOOP/GS_LOOP/GS"), head), find("/ISA_LOOP/GS_LOOP/GS"))
            )
            sets = _few(rng)
            for place in range(1, sets + 1):
                pieces += _Transaction(rng, guide, f"{place:04d}", fill, wanted).make()
            trailer = find("/ISA_LOOP/GS_LOOP/GE")
            pieces.append(Piece(f"GE*{sets}*{group}", trailer))
        pieces.append(Piece(f"IEA*{groups}*{number}", find("/ISA_LOOP/IEA")))
    return Document(guide, tuple(pieces), rng.choice(["", "\n", "\r\n"]))


def _few(rng: Random) -> int:
    """1, seldom 2."""
    return 2 if rng.random() < 0.04 else 1


def reached(document: Document) -> list[Any] | None:
    """The nodes that pyx12's own walker finds for the segments of a file of one guide; None when it finds an error."""
    walker = pyx12.map_walker.walk_tree()
    root = load_map(document.guide.map_name)
    node, nodes = root, []
    for piece in document.pieces:
        if piece.id in ("ISA", "GS"):
            loop = "/ISA_LOOP" if piece.id == "ISA" else "/ISA_LOOP/GS_LOOP"
            walker.forceWalkCounterToLoopStart(loop, f"{loop}/{piece.id}")
            node = root.getnodebypath(f"{loop}/{piece.id}")
        else:
            segment = parsed(piece.text)
            node, _, _, errors = walker.walk_errors(node, segment, 0, 0, None)
            if node is None or errors or (node is not piece.node and not is_clean(node, segment)):
                return None
        nodes.append(node)
    return nodes


def with_parents(node: Any) -> Iterator[int]:
    """The ids of a node and of all that it stands in."""
    while node is not None:
        yield id(node)
        node = node.parent


def catalogue(rng: Random, guide: Guide, count: int) -> Iterator[Document]:
    """Clean documents that aim, one after the other, at nodes that none before them has reached.

    A document that pyx12 does not call clean is thrown away: siblings with the same qualifiers take each other's
    segments, and then one of them stands too often.
    """
    nodes = segment_nodes(load_map(guide.map_name))
    missing = {id(node) for node in nodes}
    tries: Counter[int] = Counter()
    while count:
        hopeful = [node for node in nodes if id(node) in missing and tries[id(node)] < HOPELESS]
        aims = rng.sample(hopeful or nodes, k=min(3, len(hopeful or nodes)))
        tries.update(map(id, aims))
        wanted = frozenset(one for aim in aims for one in with_parents(aim))
        document = make_document(rng, guide, wanted=wanted, fill=rng.choice([0.0, 0.0, 0.02, 0.06]))
        found = reached(document)
        if found is not None:
            missing.difference_update(map(id, found))
            texts = [piece.text for piece in document.pieces]
            yield Document(guide, tuple(map(Piece, texts, found)), document.line_end)
            count -= 1


@functools.cache
def documents(seed: int, counts: tuple[int, ...] = (160, 50, 20, 20, 40, 5, 5, 5)) -> tuple[Document, ...]:
    """The catalogue of every guide, so many documents of each; the same for the same seed."""
    return tuple(
        document
        for guide, count in zip(GUIDES + OTHER_GUIDES, counts, strict=True)
        for document in catalogue(Random(f"{seed} {guide.name}"), guide, count)
    )
