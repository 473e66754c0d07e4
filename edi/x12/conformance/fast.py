"""pyx12's verdict at the speed of the writer: an exact cache in front of pyx12, applied to each segment.

A segment is taken without pyx12 only when all of this holds: its transition was learned from pyx12's walker, the counts
fulfil what the walker would have checked, the pattern of its node matches (or pyx12 finds its elements clean), and the
reader's check, if it has one, agrees. Any other segment is stepped by pyx12 itself, from the state it would have had.
docs/conformance.md carries the argument.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from pyx12.segment import Segment

from edi.x12.conformance import checks, plain, state
from edi.x12.conformance.counter import SharedCounter
from edi.x12.conformance.errors import ConformanceError, ErrorStream, Opinion, Tally
from edi.x12.conformance.patterns import Delimiters
from edi.x12.conformance.program import (
    CLM,
    FIRST,
    HL,
    LX,
    NO_QUALIFIER,
    ORDINARY,
    SE,
    ST,
    THIRD,
    Program,
    State,
    program_of,
)  # fmt: skip
from edi.x12.conformance.reading import ISA_LENGTH, Joined, Text, segments

_UNKNOWN: Any = object()


def check(data: bytes, tally: Tally | None = None) -> Opinion:
    """Return what `plain.check` returns, sooner.

    Args:
        data: one or more interchanges.
        tally: filled with how it was done.
    """
    return stream([data], tally).opinion()


def stream(chunks: Iterable[bytes], tally: Tally | None = None) -> ErrorStream:
    """Return the same errors one by one, while the chunks of a file are read."""
    tally = tally if tally is not None else Tally()
    return ErrorStream(_errors(Text(chunks), tally), tally)


def forget() -> None:
    """Drop what was learned and compiled."""
    program_of.cache_clear()


def _errors(text: Text, tally: Tally) -> Iterator[list[ConformanceError]]:
    head = text.read(ISA_LENGTH)
    whole = Joined(head, text)
    source = plain.reader(io.StringIO(head), tally)
    if source is None:
        return
    delimiters = Delimiters(source.seg_term, source.ele_term, source.subele_term)
    tally.degraded = state.refused()
    if tally.degraded is None and not delimiters.usable():
        tally.degraded = "a separator of the file can stand in a value"
    if tally.degraded is not None:
        yield from plain.errors_of(whole, tally)
        return
    walk = _FastWalk(source, delimiters, tally)
    for found in segments(whole, delimiters.segment):
        walk.run(found)
        yield walk.places.settled()
        if walk.crashed:
            break
    yield walk.end()


class _Feed:
    """The raw lines of pyx12's reader, given to it one at a time."""

    def __init__(self) -> None:
        self.line = ""

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        return self.line


class _FastWalk(plain.Walk):
    """One pass over a file. All state is pyx12's own: its reader, its walker with a shared counter, the node."""

    def __init__(self, source: Any, delimiters: Delimiters, tally: Tally) -> None:
        super().__init__(source, tally)
        self._delimiters = delimiters
        self._feed = source.raw = _Feed()
        self._stepping = iter(source)
        self._chosen = ""
        self._program: Program | None = None

    def run(self, found: list[str]) -> None:
        """Judge segments, texts without terminator."""
        place = 0
        while place < len(found):
            program = self._ready()
            here = program.state(self.node) if program is not None else None
            if program is not None and here is not None:
                place = self._prove(found, place, here, program)
                if place == len(found):
                    return
            self._feed.line = found[place]
            self._tally.stepped += 1
            if not self.take(self._stepping):
                return
            place += 1

    def _ready(self) -> Program | None:
        """The program of the map we are in; None when the next segment must be stepped wherever we stand."""
        if (
            self.skipping
            or self.map is None
            or self.source.err_list
            or self.version in plain.AUTHORIZATION_GUIDES
        ):
            return None
        if self._chosen != self.map_name:
            self._choose()
        return self._program if self._program is not None and not self.walker.counter.foreign else None

    def _choose(self) -> None:
        """Take the program of the group's map, and share the counts with it; none when the map cannot be compiled."""
        self._chosen, self._program = self.map_name, None
        try:
            self._program = program_of(self.map_name, self._delimiters)
        except plain.CRASHES as crash:
            self._tally.degraded = f"pyx12's map {self.map_name} cannot be compiled ({type(crash).__name__})"
        else:
            self.walker.counter = SharedCounter(self._program.paths, self.walker.counter.getState())

    def _prove(self, found: list[str], first: int, here: State, program: Program) -> int:
        """Take segments from ``first`` on, as long as they are proved; return the place of the one that is not.

        Nothing is changed for a segment before everything that is asked of it holds. The loop is written out, for it
        is all that a clean file costs.
        """
        source, counter = self.source, self.walker.counter
        separator, component = self._delimiters.element, self._delimiters.component
        rows, seen, numbers = here.rows, counter.seen, counter.numbers
        line = source.cur_line - first
        uncounted = source.cur_line - source.seg_count
        for place in range(first, len(found)):
            text = found[place]
            name, _, rest = text.partition(separator)
            row = rows.get(name) or program.row(here, name)
            if row is None:
                break
            where, steps = row
            if where == FIRST:
                qualifier = rest.partition(separator)[0]
            elif where == NO_QUALIFIER:
                qualifier = ""
            else:
                qualifier = _qualifier(where, rest, separator, component)
            step = steps.get(qualifier, _UNKNOWN)
            if step is _UNKNOWN:
                step = program.step(here, name, qualifier)
            if step is None:
                break
            need, bit, number, limit, opened, keep, gain, kind, after, matches = step
            if seen & need != need:
                break
            count = numbers[number] + 1 if seen & bit else 1
            if count > limit:
                break
            if matches is None or not matches(text):
                source.cur_line = line + place + 1
                source.seg_count = source.cur_line - uncounted
                if kind != ORDINARY or not self._elements_alone(after, name, text):
                    break
            if kind != ORDINARY:
                source.seg_count = line + place - uncounted
                if not self._read(kind, rest.split(separator)):
                    break
                if kind == ST:
                    uncounted = line + place
                elif kind == SE:
                    uncounted += 1
            numbers[number] = count
            numbers[opened] = 1
            seen = seen & keep | gain
            here = after
            rows = here.rows
        else:
            place = len(found)
        counter.seen, self.node = seen, here.node
        source.cur_line = line + place
        source.seg_count = source.cur_line - uncounted
        self._tally.proved += place - first
        return place

    def _elements_alone(self, after: State, name: str, text: str) -> bool:
        """Let pyx12 judge the elements of a segment of which everything else is clean; False when it is not."""
        delimiters = self._delimiters
        if text.endswith(delimiters.element):
            return False
        segment = Segment(text, delimiters.segment, delimiters.element, delimiters.component)
        if segment.is_empty():
            return False
        self.node = after.node
        self.elements(name, segment)
        self._tally.checked += 1
        self._tally.proved -= 1
        return True

    def _read(self, kind: int, values: list[str]) -> bool:
        """The reader's part in a segment whose pattern matched; False, and nothing changed, when pyx12 must step it."""
        source, places = self.source, self.places
        if kind == CLM:
            checks.claim_begins(source)
            places.enter_claim(values[0])
        elif kind == LX:
            if not checks.lx_follows(source, values[0]):
                return False
            places.enter_line(values[0])
        elif kind == HL:
            if not checks.hl_follows(source, values[0], values[1]):
                return False
            places.enter_level(values[2])
        elif kind == ST:
            if not checks.st_opens(source, values[1]):
                return False
            places.enter_set(values[0], values[1])
        else:
            if not checks.se_closes(source, values[0], values[1]):
                return False
            places.leave_set()
        return True


def _qualifier(where: int, rest: str, separator: str, component: str) -> str:
    """The value that tells segments of one id apart where it is not the first element, from the text behind the id."""
    if where == THIRD:
        return (*rest.split(separator, 3), "", "")[2]
    return rest.partition(separator)[0].partition(component)[0]
