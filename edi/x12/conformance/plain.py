"""pyx12 4.0.0 walked in this process: its own error list, from its own reader, walker and element checks.

The order of calls is that of ``pyx12.x12n_document``, without its error tree, its reports and its reloading of maps.
pyx12's messages hold values of the file, so none of them is read; its loggers are cut off. This is the verdict the fast
engine must give, and the step it takes whenever a segment is not provably clean.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pyx12.errors
import pyx12.map_if
import pyx12.map_index
import pyx12.map_walker
import pyx12.params
import pyx12.x12file

from edi.x12.conformance.errors import ConformanceError, ErrorKind, ErrorStream, Opinion, Tally
from edi.x12.conformance.places import Places
from edi.x12.conformance.reading import Joined, Text

_logger = logging.getLogger("pyx12")
_logger.propagate = False
_logger.disabled = True
_logger.addHandler(logging.NullHandler())

_CONTROL_MAPS: Final = {"00501": "x12.control.00501.xml", "00401": "x12.control.00401.xml"}
AUTHORIZATION_GUIDES: Final = ("004010X094", "004010X094A1")
"""278 of 4010: the map depends on BHT02."""
CRASHES: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, RecursionError,
    pyx12.errors.EngineError, pyx12.errors.X12Error,
)  # fmt: skip
_KINDS: Final = {kind.value: kind for kind in ErrorKind}
_NOT_CLAIM: Final = frozenset({"HL", "SE", "CLM", "GE", "IEA", "ST", "GS", "ISA"})
_UNREAD: Final = "a file with no ISA of 106 characters, version 00401 or 00501, at its beginning"
_BATCH: Final = 64


def check(data: bytes) -> Opinion:
    """Return every error pyx12 finds in the bytes of a file.

    Args:
        data: one or more interchanges. Bytes beyond ASCII are taken as Latin-1, where pyx12 alone would crash.

    Returns:
        The errors in pyx12's order and the groups it has no map for. Never raises: a crash of pyx12 is an error of
        kind ``crash``.
    """
    return stream([data]).opinion()


def stream(chunks: Iterable[bytes]) -> ErrorStream:
    """Return the same errors one by one, while the chunks of a file are read."""
    tally = Tally()
    return ErrorStream(errors_of(Joined("", Text(chunks)), tally), tally)


def errors_of(text: Joined, tally: Tally) -> Iterator[list[ConformanceError]]:
    """Walk a text from its beginning; yields what each part of it gives."""
    source = reader(text, tally)
    if source is None:
        return
    walk = Walk(source, tally)
    segments = iter(source)
    more = True
    while more:
        for _ in range(_BATCH):
            more = walk.take(segments)
            if not more:
                break
        yield walk.places.settled()
    yield walk.end()


def reader(text: Any, tally: Tally) -> Any:
    """Return pyx12's reader of a text; None, and the reason in the tally, when it has no ISA it knows."""
    try:
        return pyx12.x12file.X12Reader(text)
    except CRASHES:
        tally.unmapped.append(_UNREAD)
        return None


@functools.cache
def load_map(name: str) -> Any:
    """Return pyx12's map of a file name, once for the process."""
    return pyx12.map_if.load_map_file(name, pyx12.params.ParamsBase())


@functools.cache
def _index() -> Any:
    return pyx12.map_index.map_index()


@functools.cache
def _loop_of(path: str) -> str:
    """The innermost loop of a segment's path (``/ISA_LOOP/…/2300/CLM`` gives 2300)."""
    parts = path.split("/")
    return parts[-2] if len(parts) > 1 else ""


class Walk:
    """One pass over a file: pyx12's state, and where we are in terms of claims.

    Attributes:
        source: pyx12's reader, whose counts it checks.
        walker: pyx12's walker, with its counter.
        node: the segment of the map where we stand.
        map: the map of the group; None before the first group.
        map_name: its file name.
        skipping: whether we are in a group without a map.
        crashed: whether pyx12 broke, so that there is nothing more to say.
        places: where we are, and the errors.
    """

    def __init__(self, source: Any, tally: Tally) -> None:
        self.source = source
        self.walker = pyx12.map_walker.walk_tree()
        self._control = load_map(_CONTROL_MAPS[source.icvn])
        self.node = self._control.getnodebypath("/ISA_LOOP/ISA")
        self.map: Any = None
        self.map_name = ""
        self.version: str | None = None
        self.skipping = False
        self.crashed = False
        self.places = Places()
        self._functional_id: str | None = None
        self._icvn: str | None = None
        self._tally = tally

    def take(self, segments: Iterator[Any]) -> bool:
        """Judge the reader's next segment; False at the end of the file, or when pyx12 broke."""
        try:
            segment = next(segments, None)
            if segment is None:
                return False
            self._step(segment)
        except CRASHES as crash:
            self._add(ErrorKind.CRASH, type(crash).__name__)
            self.crashed = True
            return False
        return True

    def end(self) -> list[ConformanceError]:
        """Judge the end of the file and return what is left."""
        if not self.crashed:
            self.source.cleanup()
            self._reader_errors("")
        self.places.leave_set()
        return self.places.settled()

    # -- one segment -------------------------------------------------------------------------------------------------

    def _step(self, segment: Any) -> None:
        name = segment.get_seg_id()
        before = (self.places.claim, self.places.line)
        self.places.follow(name, segment)
        if name == "GS":
            self.skipping = False
        if self.skipping and name not in ("ISA", "IEA"):
            self.source.pop_errors()
            return
        node = self._find(name, segment, before)
        if node is None:
            return
        self.node = node
        if name == "GS":
            if not self._enter_group(segment):
                return
        elif name == "BHT" and self.version in AUTHORIZATION_GUIDES:
            self._choose_map(segment.get_value("BHT02"))
            self.node = self.map.getnodebypath("/ISA_LOOP/GS_LOOP/ST_LOOP/HEADER/BHT")
        elif name == "ISA":
            self._icvn = segment.get_value("ISA12")
        self._reader_errors(name)
        self.elements(name, segment)

    def _find(self, name: str, segment: Any, before: tuple[str, str | None]) -> Any:
        """The node of the map this segment is, after reporting what the walker says; None when it fits nowhere."""
        if name == "ISA":
            self.walker.forceWalkCounterToLoopStart("/ISA_LOOP", "/ISA_LOOP/ISA")
            return self._control.getnodebypath("/ISA_LOOP/ISA")
        if name == "GS":
            self.walker.forceWalkCounterToLoopStart("/ISA_LOOP/GS_LOOP", "/ISA_LOOP/GS_LOOP/GS")
            return self._control.getnodebypath("/ISA_LOOP/GS_LOOP/GS")
        if self.skipping:
            self.node = self._control.getnodebypath("/ISA_LOOP/GS_LOOP/GE")
        source = self.source
        node, _, _, errors = self.walker.walk_errors(
            self.node, segment, source.get_seg_count(), source.get_cur_line(), source.get_ls_id()
        )
        for error in errors:
            missing = error.err_cde == "3"
            self._add(
                ErrorKind.SEGMENT,
                error.err_cde,
                segment_id=error.map_node.id if missing else name,
                node=error.map_node,
                within=before if missing and before[0] and name in _NOT_CLAIM else None,
                segment=None if missing else segment,
                acknowledges=missing and "TA1" in (name, self.node.id),
            )
        return node

    def _enter_group(self, segment: Any) -> bool:
        """Choose the map of a group; False when there is none."""
        self._functional_id = segment.get_value("GS01")
        self.version = segment.get_value("GS08")
        if not self._choose_map(None):
            self._tally.unmapped.append(f"{self.version} {self._functional_id}")
            self.skipping = True
            self.source.pop_errors()
            return False
        self._tally.judged += 1
        self.node = self.map.getnodebypath("/ISA_LOOP/GS_LOOP/GS")
        return True

    def _choose_map(self, purpose: str | None) -> bool:
        name = _index().get_filename(self._icvn, self.version, self._functional_id, purpose)
        if name is None:
            return False
        self.map, self.map_name = load_map(name), name
        self.source.check_837_lx = self.map.id == "837"
        return True

    def _reader_errors(self, name: str) -> None:
        for kind, code, _, _, line in self.source.pop_errors():
            self._add(_KINDS[kind], code, segment_id=name, node=self.node, line=line)

    def elements(self, name: str, segment: Any) -> None:
        """Judge the elements of the segment that was found to be ``node``."""
        try:
            _, errors = self.node.is_valid_errors(segment)
        except CRASHES as crash:
            self._add(ErrorKind.CRASH, type(crash).__name__, segment_id=name, node=self.node, segment=segment)
            return
        for error in errors:
            reference = str(error.refdes or "")
            element = f"{name}{int(reference):02d}" if reference.isdigit() else reference
            own = error.map_node is not None
            self._add(
                ErrorKind.ELEMENT if own else ErrorKind.SEGMENT,
                error.err_cde if own else "8",
                segment_id=name,
                element=element,
                node=self.node,
                segment=segment,
            )

    def _add(
        self,
        kind: ErrorKind,
        code: str,
        *,
        segment_id: str = "",
        element: str = "",
        node: Any = None,
        segment: Any = None,
        within: tuple[str, str | None] | None = None,
        line: int | None = None,
        acknowledges: bool = False,
    ) -> None:
        source, places = self.source, self.places
        claim, service_line = within or (places.claim, places.line)
        inside = segment_id not in ("ISA", "GS", "GE", "IEA", "TA1", "")
        path = node.get_path() if node is not None else ""
        is_loop = node is not None and not node.is_segment()
        places.add(
            claim,
            {
                "kind": kind,
                "code": code,
                "line": line or source.get_cur_line(),
                "segment": source.get_seg_count() + (segment_id == "SE") if inside else None,
                "segment_id": segment_id,
                "loop": node.id if is_loop else _loop_of(path),
                "element": element,
                "qualifier": _qualifier(node, segment),
                "entity_type": (segment.get_value("02") or "")[:1] if segment_id == "NM1" and segment else "",
                "transaction_kind": places.transaction_kind if inside else "",
                "transaction": places.transaction if inside else None,
                "line_number": service_line if claim else None,
                "acknowledges": acknowledges,
            },
        )


def _qualifier(node: Any, segment: Any) -> str:
    """First element of the segment when the map lists its codes; of a missing segment when the map allows only one."""
    if node is None or not node.is_segment() or not node.children:
        return ""
    codes: list[str | None] = list(getattr(node.children[0], "valid_codes", None) or [])
    if segment is None:
        return codes[0] or "" if len(codes) == 1 else ""
    value = segment.get_value("01")
    return value if value in codes else ""
