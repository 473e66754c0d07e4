"""pyx12 4.0.0 walked in this process: its own error list, from its own reader, walker and element checks.

The order of calls is that of ``pyx12.x12n_document``, without its error tree, its reports and its reloading of maps.
pyx12's messages hold values of the file, so none of them is read; its loggers are cut off.
"""

from __future__ import annotations

import functools
import io
import logging
from typing import Any, Final

import pyx12.errors
import pyx12.map_if
import pyx12.map_index
import pyx12.map_walker
import pyx12.params
import pyx12.x12file

from edi.x12.conformance.errors import ConformanceError, ErrorKind, Opinion

_logger = logging.getLogger("pyx12")
_logger.propagate = False
_logger.disabled = True
_logger.addHandler(logging.NullHandler())

_CONTROL_MAPS: Final = {"00501": "x12.control.00501.xml", "00401": "x12.control.00401.xml"}
_AUTHORIZATION_GUIDES: Final = ("004010X094", "004010X094A1")
"""278 of 4010: the map depends on BHT02."""
_CRASHES: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, RecursionError,
    pyx12.errors.EngineError, pyx12.errors.X12Error,
)  # fmt: skip
_KINDS: Final = {kind.value: kind for kind in ErrorKind}
_NOT_CLAIM: Final = frozenset({"HL", "SE", "CLM", "GE", "IEA", "ST", "GS", "ISA"})


def check(data: bytes) -> Opinion:
    """Return every error pyx12 finds in the bytes of a file.

    Args:
        data: one or more interchanges. Bytes beyond ASCII are taken as Latin-1, where pyx12 alone would crash.

    Returns:
        The errors in pyx12's order and the groups it has no map for. Never raises: a crash of pyx12 is an error of
        kind ``crash``.
    """
    walk = _Walk()
    try:
        source = pyx12.x12file.X12Reader(io.StringIO(data.decode("latin-1"), newline=""))
    except _CRASHES:
        unread = "a file with no ISA of 106 characters, version 00401 or 00501, at its beginning"
        return Opinion(unmapped=(unread,))
    walk.run(source)
    return walk.opinion()


@functools.cache
def _map(name: str) -> Any:
    return pyx12.map_if.load_map_file(name, pyx12.params.ParamsBase())


@functools.cache
def _index() -> Any:
    return pyx12.map_index.map_index()


@functools.cache
def _loop_of(path: str) -> str:
    """The innermost loop of a segment's path (``/ISA_LOOP/…/2300/CLM`` gives 2300)."""
    parts = path.split("/")
    return parts[-2] if len(parts) > 1 else ""


class _Record:
    """An error whose claims are not all known yet."""

    __slots__ = ("claims", "fields")

    def __init__(self, claims: list[str], fields: dict[str, Any]) -> None:
        self.claims = claims
        self.fields = fields


class _Walk:
    """One pass over a file: pyx12's state, and where we are in terms of claims."""

    def __init__(self) -> None:
        self._records: list[_Record] = []
        self._version: str | None = None
        self._functional_id: str | None = None
        self._icvn: str | None = None
        self._skipping = False
        self._unmapped: list[str] = []
        self._judged = 0
        self._transaction_kind = ""
        self._transaction: str | None = None
        self._claim = ""
        self._line: str | None = None
        self._open: dict[str, list[_Record]] = {"22": [], "23": []}
        self._level = ""

    def opinion(self) -> Opinion:
        """Return what was found."""
        return Opinion(
            errors=tuple(
                [ConformanceError(**record.fields, claims=tuple(record.claims)) for record in self._records]
            ),
            unmapped=tuple(self._unmapped),
            judged=self._judged,
        )

    def run(self, source: Any) -> None:
        """Walk all segments."""
        self._source = source
        self._control = _map(_CONTROL_MAPS[source.icvn])
        self._node = self._control.getnodebypath("/ISA_LOOP/ISA")
        self._walker = pyx12.map_walker.walk_tree()
        segments = iter(source)
        while True:
            try:
                segment = next(segments, None)
                if segment is None:
                    break
                self._step(segment)
            except _CRASHES as crash:
                self._add(ErrorKind.CRASH, type(crash).__name__)
                return
        source.cleanup()
        self._reader_errors("")

    # -- one segment -------------------------------------------------------------------------------------------------

    def _step(self, segment: Any) -> None:
        name = segment.get_seg_id()
        before = (self._claim, self._line)
        self._follow(name, segment)
        if name == "GS":
            self._skipping = False
        if self._skipping and name not in ("ISA", "IEA"):
            self._source.pop_errors()
            return
        node = self._find(name, segment, before)
        if node is None:
            return
        self._node = node
        if name == "GS":
            if not self._enter_group(segment):
                return
        elif name == "BHT" and self._version in _AUTHORIZATION_GUIDES:
            self._choose_map(segment.get_value("BHT02"))
            self._node = self._current.getnodebypath("/ISA_LOOP/GS_LOOP/ST_LOOP/HEADER/BHT")
        elif name == "ISA":
            self._icvn = segment.get_value("ISA12")
        self._reader_errors(name)
        self._elements(name, segment)

    def _find(self, name: str, segment: Any, before: tuple[str, str | None]) -> Any:
        """The node of the map this segment is, after reporting what the walker says; None when it fits nowhere."""
        if name == "ISA":
            self._walker.forceWalkCounterToLoopStart("/ISA_LOOP", "/ISA_LOOP/ISA")
            return self._control.getnodebypath("/ISA_LOOP/ISA")
        if name == "GS":
            self._walker.forceWalkCounterToLoopStart("/ISA_LOOP/GS_LOOP", "/ISA_LOOP/GS_LOOP/GS")
            return self._control.getnodebypath("/ISA_LOOP/GS_LOOP/GS")
        if self._skipping:
            self._node = self._control.getnodebypath("/ISA_LOOP/GS_LOOP/GE")
        source = self._source
        node, _, _, errors = self._walker.walk_errors(
            self._node, segment, source.get_seg_count(), source.get_cur_line(), source.get_ls_id()
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
            )
        return node

    def _enter_group(self, segment: Any) -> bool:
        """Choose the map of a group; False when there is none."""
        self._functional_id = segment.get_value("GS01")
        self._version = segment.get_value("GS08")
        if not self._choose_map(None):
            self._unmapped.append(f"{self._version} {self._functional_id}")
            self._skipping = True
            self._source.pop_errors()
            return False
        self._judged += 1
        self._node = self._current.getnodebypath("/ISA_LOOP/GS_LOOP/GS")
        return True

    def _choose_map(self, purpose: str | None) -> bool:
        name = _index().get_filename(self._icvn, self._version, self._functional_id, purpose)
        if name is None:
            return False
        self._current = _map(name)
        self._source.check_837_lx = self._current.id == "837"
        return True

    def _reader_errors(self, name: str) -> None:
        for kind, code, _, _, line in self._source.pop_errors():
            self._add(_KINDS[kind], code, segment_id=name, node=self._node, line=line)

    def _elements(self, name: str, segment: Any) -> None:
        try:
            _, errors = self._node.is_valid_errors(segment)
        except _CRASHES as crash:
            self._add(
                ErrorKind.CRASH, type(crash).__name__, segment_id=name, node=self._node, segment=segment
            )
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
                node=self._node,
                segment=segment,
            )

    # -- where we are ------------------------------------------------------------------------------------------------

    def _follow(self, name: str, segment: Any) -> None:
        """Keep track of transaction set, level, claim and line."""
        if name == "CLM":
            self._claim, self._line = segment.get_value("CLM01") or "", None
            for level in ("22", "23"):
                for record in self._open[level]:
                    record.claims.append(self._claim)
        elif name == "LX" and self._claim:
            self._line = segment.get_value("LX01")
        elif name == "HL":
            self._claim, self._line, self._level = "", None, segment.get_value("HL03") or ""
            for level in ("22", "23"):
                if level >= self._level:
                    self._open[level] = []
        elif name in ("ST", "SE", "GS", "ISA"):
            self._claim, self._line, self._level = "", None, ""
            self._open = {"22": [], "23": []}
            if name == "ST":
                self._transaction_kind = segment.get_value("ST01") or ""
                self._transaction = segment.get_value("ST02")

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
    ) -> None:
        source = self._source
        claim, service_line = within or (self._claim, self._line)
        inside = segment_id not in ("ISA", "GS", "GE", "IEA", "TA1", "")
        path = node.get_path() if node is not None else ""
        is_loop = node is not None and not node.is_segment()
        record = _Record(
            [claim] if claim else [],
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
                "transaction_kind": self._transaction_kind if inside else "",
                "transaction": self._transaction if inside else None,
                "line_number": service_line if claim else None,
            },
        )
        self._records.append(record)
        if not claim and self._level in self._open:
            self._open[self._level].append(record)


def _qualifier(node: Any, segment: Any) -> str:
    """First element of the segment when the map lists its codes; of a missing segment when the map allows only one."""
    if node is None or not node.is_segment() or not node.children:
        return ""
    codes: list[str | None] = list(getattr(node.children[0], "valid_codes", None) or [])
    if segment is None:
        return codes[0] or "" if len(codes) == 1 else ""
    value = segment.get_value("01")
    return value if value in codes else ""
