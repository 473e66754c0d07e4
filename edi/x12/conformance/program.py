"""Which segment may follow which, and what that does to the counts: asked of pyx12's own walker, once for each case.

The node pyx12's walker finds depends on three things only: the node where it stands, the id of the segment, and the
value by which the map tells segments of that id apart (its qualifier). Counts decide on errors alone. So at the first
sight of such a case the walker itself is run on a minimal segment with a counter that writes down what it is asked;
what is learned is valid for every later segment of that case.
"""

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

from pyx12.errors import EngineError
from pyx12.map_walker import walk_tree
from pyx12.nodeCounter import NodeCounter
from pyx12.path import X12Path
from pyx12.segment import Segment

from edi.x12.conformance import patterns, plain
from edi.x12.conformance.counter import Paths
from edi.x12.conformance.patterns import Delimiters

NO_QUALIFIER: Final = 0
FIRST: Final = 1
COMPONENT: Final = 2
THIRD: Final = 3
_PLACES: Final = {None: NO_QUALIFIER, (1, None): FIRST, (1, 1): COMPONENT, (3, None): THIRD}
ORDINARY: Final = 0
CLM: Final = 1
LX: Final = 2
HL: Final = 3
ST: Final = 4
SE: Final = 5
_KINDS: Final = {"CLM": CLM, "LX": LX, "HL": HL, "ST": ST, "SE": SE}
_ALWAYS_STEPPED: Final = frozenset({"ISA", "GS", "GE", "IEA"})
_UNLIMITED: Final = 2**31 - 1


class State:
    """A segment node and what may follow it: ``rows`` has, by segment id, where the qualifier stands and the steps."""

    __slots__ = ("_delimiters", "_matches", "node", "rows")

    def __init__(self, node: Any, delimiters: Delimiters) -> None:
        self.node = node
        self.rows: dict[str, tuple[int, dict[str, Step | None]]] = {}
        self._delimiters = delimiters
        self._matches: Any = False

    def matches(self) -> Any:
        """The full match of the node's pattern; None when it has none."""
        if self._matches is False:
            pattern = patterns.pattern_of(self.node, self._delimiters)
            self._matches = pattern.fullmatch if pattern is not None else None
        return self._matches


class Step(NamedTuple):
    """One clean transition.

    Attributes:
        need: bits of the paths that must have been seen, or pyx12 reports one missing.
        bit, number, limit: the path that is counted, and how often it may stand.
        opened: number of the path whose count becomes 1 (the first segment of a loop), or of a place nobody reads.
        keep: bits that stay; the others are below a loop that begins again.
        gain: bits to set.
        kind: which of the reader's checks apply.
        after: the state it leads to.
        matches: full match of the pattern of that node, None without one.
    """

    need: int
    bit: int
    number: int
    limit: int
    opened: int
    keep: int
    gain: int
    kind: int
    after: State
    matches: Any


class Program:
    """The transitions of one map under one set of delimiters, learned as they occur."""

    def __init__(self, name: str, delimiters: Delimiters) -> None:
        self.map = plain.load_map(name)
        self.paths = Paths(self.map.loop_segment_iterator())
        self._delimiters = delimiters
        self._states: dict[int, State] = {}
        self._places: dict[str, set[int | None]] = {}
        self._codes: dict[str, set[str | None]] = {}
        for node in segment_nodes(self.map):
            field = node._resolve_unique_key_field(node.id, with_qual=False)
            place = _PLACES.get(field and field[1:])
            self._places.setdefault(node.id, set()).add(place)
            self._codes.setdefault(node.id, set()).update(field[0].valid_codes if field else ())

    def state(self, node: Any) -> State | None:
        """Return the state of a segment node; None for a node of another map."""
        if node.root is not self.map or not node.is_segment():
            return None
        if id(node) not in self._states:
            self._states[id(node)] = State(node, self._delimiters)
        return self._states[id(node)]

    def row(self, state: State, name: str) -> tuple[int, dict[str, Step | None]] | None:
        """Return the row of a segment id, made if it is new; None for an id that is always stepped."""
        place = self._place(name)
        if place is None or not Segment(name, "~", "*", ":").is_seg_id_valid():
            return None
        return state.rows.setdefault(name, (place, {}))

    def _place(self, name: str) -> int | None:
        places = self._places.get(name, {None}) if name not in _ALWAYS_STEPPED else {None}
        if places == {NO_QUALIFIER, FIRST}:
            return FIRST
        return next(iter(places)) if len(places) == 1 else None

    def step(self, state: State, name: str, qualifier: str) -> Step | None:
        """Learn what a segment does after a state; None when pyx12 always has to step it."""
        row = state.rows[name]
        if qualifier not in self._codes[name] and not self._indifferent(name, qualifier):
            return None
        try:
            learned = self._learn(state, name, row[0], qualifier)
        except plain.CRASHES:
            learned = None
        row[1][qualifier] = learned
        return learned

    def _indifferent(self, name: str, qualifier: str) -> bool:
        """Whether there is no qualifier and the map has a segment of the id without one."""
        return not qualifier and NO_QUALIFIER in self._places[name]

    def _learn(self, state: State, name: str, place: int, qualifier: str) -> Step | None:
        separators = {FIRST: "*", COMPONENT: "*", THIRD: "***"}
        text = name + separators.get(place, "") + qualifier
        case = _Case(state.node, Segment(text, "~", "*", ":"))
        found = case.run({})
        if found is None:
            return None
        asked, changes = found
        effect = _effect(changes)
        target = self.state(case.found)
        if effect is None or target is None:
            return None
        loop, counted, first = effect
        limit = limit_of(_node_of(target.node, loop))
        if not _limit_holds(case, counted, limit):
            return None
        number, opened = self.paths.number(counted), self.paths.number(first)
        if number is None or opened is None:
            return None
        below = self.paths.below(loop.format()) if loop is not None else 0
        if loop is not None and not below >> opened & 1:
            return None
        return Step(
            need=needed(self.paths, case, asked),
            bit=1 << number,
            number=number,
            limit=limit,
            opened=opened if loop is not None else len(self.paths),
            keep=kept(below),
            gain=1 << number | 1 << opened,
            kind=_KINDS.get(name, ORDINARY),
            after=target,
            matches=target.matches(),
        )


@functools.lru_cache(maxsize=16)
def program_of(name: str, delimiters: Delimiters) -> Program:
    """Return the program of a map, once for the process and the delimiters."""
    return Program(name, delimiters)


def segment_nodes(map_node: Any) -> list[Any]:
    """Return the segment nodes of a map."""
    return [node for node in map_node.loop_segment_iterator() if not node.is_map_root() and node.is_segment()]


def needed(paths: Paths, case: _Case, asked: list[X12Path]) -> int:
    """The bits of the paths without which the walker reports an error; -1, never fulfilled, for a strange path."""
    need = 0
    for path in dict.fromkeys(asked):
        if case.run({path: 0}) is None:
            number = paths.number(path)
            if number is None:
                return -1
            need |= 1 << number
    return need


def kept(below: int) -> int:
    """The bits that stay when a loop begins."""
    return ~below


def limit_of(node: Any) -> int:
    """How often a loop or segment may stand."""
    return int(node.get_max_repeat())


def _limit_holds(case: _Case, counted: X12Path, limit: int) -> bool:
    """Whether the walker itself accepts the limit and no more."""
    if limit >= _UNLIMITED:
        return True
    return case.run({counted: limit}) is not None and case.run({counted: limit + 1}) is None


def _node_of(node: Any, loop: X12Path | None) -> Any:
    """The loop of that path above a segment node, or the segment node itself."""
    if loop is None:
        return node
    while not node.is_map_root() and (node.is_segment() or node.x12path != loop):
        node = node.parent
    if node.is_map_root():
        raise EngineError("no such loop")
    return node


class _Recorder(NodeCounter):  # type: ignore[misc]
    """A counter that writes down what it is asked, and answers 1 unless told otherwise."""

    def __init__(self, answers: dict[X12Path, int]) -> None:
        super().__init__()
        self._answers = answers
        self.log: list[tuple[str, X12Path]] = []

    def reset_to_node(self, xpath: X12Path) -> None:
        self.log.append(("reset", xpath))

    def increment(self, xpath: X12Path) -> None:
        self.log.append(("increment", xpath))

    def get_count(self, xpath: X12Path) -> int:
        self.log.append(("count", xpath))
        return self._answers.get(xpath, 1)


class _Case:
    """A node and a minimal segment after it, to be walked again and again; ``found`` is where it led."""

    def __init__(self, node: Any, segment: Segment) -> None:
        self._node = node
        self._segment = segment
        self.found: Any = None

    def run(self, answers: dict[X12Path, int]) -> tuple[list[X12Path], list[tuple[str, X12Path]]] | None:
        """Walk; return the paths asked for before any change, and what came after. None when there were errors."""
        walker = walk_tree()
        walker.counter = recorder = _Recorder(answers)
        found, _, _, errors = walker.walk_errors(self._node, self._segment, 1, 1, None)
        if errors or found is None or (self.found is not None and found is not self.found):
            return None
        self.found = found
        log = recorder.log
        asked = 0
        while asked < len(log) and log[asked][0] == "count":
            asked += 1
        return [path for _, path in log[:asked]], log[asked:]


def _effect(changes: list[tuple[str, X12Path]]) -> tuple[X12Path | None, X12Path, X12Path] | None:
    """The loop that begins (or None), the path counted against a limit, and the path of the segment.

    Only two forms are known: a segment is counted, then compared; or a loop is reset, counted, compared, and then its
    first segment is counted. Anything else is left to pyx12.
    """
    names = [name for name, _ in changes]
    distinct = [path for _, path in changes]
    if names == ["increment", "count"] and distinct[0] == distinct[1]:
        return None, distinct[0], distinct[0]
    if names == ["reset", "increment", "count", "increment"] and distinct[0] == distinct[1] == distinct[2]:
        return distinct[0], distinct[0], distinct[3]
    return None
