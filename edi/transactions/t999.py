"""999, implementation acknowledgment (005010X231A1): was the syntax of our file accepted. Reads its elder 997 too.

Source: 005010X231A1, loops 2000 to 2110; codes in facts/code_sets.csv (999-IK501/AK901). IK404 and the values of most
CTX are copies of our data and are never read; CTX of CLM01 names the claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.directory import TradingPartner
from edi.model.finding import Finding, Location, Severity
from edi.transactions.elements import at
from edi.transactions.outgoing import file_of_one
from edi.x12.envelope import TransactionSet

KIND: Final = "999"
KINDS: Final = frozenset({"999", "997"})
"""ST01 that `read` takes."""
VERSION: Final = "005010X231A1"
ACCEPTED: Final = frozenset({"A", "E", "P"})
"""IK501, AK901: accepted, accepted with errors, partially accepted (group only)."""
REJECTED: Final = frozenset({"R", "M", "W", "X"})
_CODE_LENGTH: Final = 6
_CLAIM_CONTEXT: Final = "CLM01"
_ANSWERED_KIND: Final = "837"
_ANSWERED_VERSION: Final = "005010X222A1"


def read(ts: TransactionSet) -> Iterator[Acknowledgment | Finding]:
    """Read one 999 or 997.

    Yields:
        An acknowledgment for each AK2 (transaction set) and one for AK9 (group), in the file's order; Finding ACK001
        for an unknown code, ACK002 for an AK2 without its IK5 or a group without its AK9.
    """
    reader = _Reader(ts)
    for number, segment in enumerate(ts.segments, 1):
        yield from reader.take(number, segment)
    if reader.open_set is not None:
        yield reader.finding("ACK002", Severity.ERROR, "an AK2 has no IK5: the answer is incomplete", "IK5")
    if not reader.has_group_answer:
        yield reader.finding("ACK002", Severity.ERROR, "there is no AK9: the answer is incomplete", "AK9")


def _code(text: str) -> str:
    """The text if it can be a segment id, position, loop or error code; "?" for anything else, which may be data."""
    return text if len(text) <= _CODE_LENGTH and (text.isalnum() or not text) else "?"


class _Reader:
    """State of one 999: the group, the transaction set being answered, the errors told so far."""

    def __init__(self, ts: TransactionSet) -> None:
        self._file = ts.file
        self._kind = ts.kind
        self._number = ts.control_number
        self._component = ts.delimiters.component
        self._group: str | None = None
        self._segment = self._context = ""
        self._errors: list[tuple[str, str]] = []
        self._claims: list[str] = []
        self._notes: list[str] = []
        self._at = 0
        self.open_set: str | None = None
        self.has_group_answer = False

    def finding(self, code: str, severity: Severity, message: str, element: str) -> Finding:
        """Return a Finding at the segment read last."""
        location = Location(file=self._file, segment=self._at, element=element, transaction=self._number)
        return Finding(code=code, severity=severity, message=message, location=location)

    def take(self, number: int, segment: list[str]) -> Iterator[Acknowledgment | Finding]:
        """Take the next segment; yield what it completes."""
        self._at = number
        name = segment[0]
        if name == "AK1":
            self._group = at(segment, 2) or None
        elif name == "AK2":
            self.open_set = at(segment, 2)
            self._errors, self._claims, self._notes, self._segment = [], [], [], ""
        elif name in ("IK3", "AK3"):
            self._segment, position = _code(at(segment, 1)), _code(at(segment, 2))
            self._errors.append((f"{self._segment} at {position}", ""))
            self._context = ""
            codes = (name, self._segment, position, _code(at(segment, 3)), _code(at(segment, 4)))
            self._notes.append(" ".join([code for code in codes if code]))
        elif name in ("IK4", "AK4"):
            self._element(segment)
        elif name == "CTX":
            context, _, value = at(segment, 1).partition(self._component)
            if context == _CLAIM_CONTEXT and value:
                self._claims.append(value)
                if value != self._context:
                    self._notes.append(f"{_CLAIM_CONTEXT} {value}")
                self._context = value
        elif name in ("IK5", "AK5"):
            yield from self._transaction(segment)
        elif name == "AK9":
            yield from self._whole_group(segment)

    def _element(self, segment: list[str]) -> None:
        position, *inner = [_code(part) for part in at(segment, 1).split(self._component)]
        element = f"{self._segment}{position.zfill(2)}" + (f"-{inner[0]}" if inner and inner[0] else "")
        if self._errors and not self._errors[-1][1]:
            self._errors[-1] = (self._errors[-1][0], element)
        self._notes.append(f"{segment[0]} {element} {_code(at(segment, 3))}".rstrip())

    def _transaction(self, segment: list[str]) -> Iterator[Acknowledgment | Finding]:
        code = at(segment, 1)
        yield from self._check(code, f"{segment[0]}01")
        where, element = self._errors[0] if self._errors else ("", "")
        claims = list(dict.fromkeys(self._claims))
        yield Acknowledgment(
            kind=self._kind,
            level=AcknowledgmentLevel.TRANSACTION,
            accepted=code in ACCEPTED,
            code=code,
            status=at(segment, 2) or None,
            group_control_number=self._group,
            transaction_control_number=self.open_set,
            patient_control_number=claims[0] if len(claims) == 1 else None,
            segment_in_error=where or None,
            element_in_error=element or None,
            notes=tuple(
                [note for note in self._notes if len(claims) > 1 or not note.startswith(_CLAIM_CONTEXT)]
            ),
        )
        self.open_set = None

    def _whole_group(self, segment: list[str]) -> Iterator[Acknowledgment | Finding]:
        code = at(segment, 1)
        yield from self._check(code, "AK901")
        self.has_group_answer = True
        counts = (("included", 2), ("received", 3), ("accepted", 4))
        yield Acknowledgment(
            kind=self._kind,
            level=AcknowledgmentLevel.GROUP,
            accepted=code in ACCEPTED,
            code=code,
            status=at(segment, 5) or None,
            group_control_number=self._group,
            notes=tuple([f"{word} {at(segment, place)}" for word, place in counts if at(segment, place)]),
        )

    def _check(self, code: str, element: str) -> Iterator[Finding]:
        if code not in ACCEPTED and code not in REJECTED:
            message = f"{element} is no known code; it is taken as a rejection"
            yield self.finding("ACK001", Severity.WARNING, message, element)


def write(
    acknowledgments: Sequence[Acknowledgment],
    *,
    partner: TradingPartner,
    control_number: int,
    created: datetime,
) -> bytes:
    """Return an interchange with one 999.

    Args:
        acknowledgments: those of the transaction sets and, last, the group's. A rejected one may name
            ``segment_in_error`` (``NM1 at 17``), ``element_in_error`` (``NM109``) and the claim.
        partner: envelope, seen from the writer.
        control_number: ISA13, GS06 and ST02 of this interchange.
        created: its time.
    """
    sets = [one for one in acknowledgments if one.level is AcknowledgmentLevel.TRANSACTION]
    groups = [one for one in acknowledgments if one.level is AcknowledgmentLevel.GROUP]
    group = groups[-1] if groups else None
    number = (group or sets[0]).group_control_number if group or sets else None
    segments: list[list[str]] = [["AK1", "HC", number or "0", _ANSWERED_VERSION]]
    for one in sets:
        segments.append(["AK2", _ANSWERED_KIND, one.transaction_control_number or "", _ANSWERED_VERSION])
        segments.extend(_error_segments(one, partner.component_separator))
        segments.append(["IK5", one.code, one.status or ""])
    accepted = str(sum([one.accepted for one in sets]))
    total = str(len(sets))
    code = group.code if group is not None else ("A" if accepted == total else "P")
    segments.append(["AK9", code, total, total, accepted])
    return file_of_one(
        KIND, "FA", VERSION, segments, partner=partner, control_number=control_number, created=created
    )


def _error_segments(one: Acknowledgment, component: str) -> list[list[str]]:
    """IK3, CTX and IK4 of an acknowledgment that names its first error."""
    if not one.segment_in_error:
        return []
    name, _, position = one.segment_in_error.partition(" at ")
    segments = [["IK3", name, position or "1", "", "8"]]
    if one.patient_control_number:
        segments.append(["CTX", f"{_CLAIM_CONTEXT}{component}{one.patient_control_number}"])
    if one.element_in_error:
        place, _, inner = one.element_in_error.removeprefix(name).partition("-")
        segments.append(["IK4", f"{int(place)}{component}{inner}" if inner else str(int(place)), "", "7"])
    return segments
