"""Reading a 276 or a 277, which have the same shape: levels (HL 20, 21, 19, 22, 23), claims on them (TRN), lines (SVC).

Source: 005010X212, loops 2000A to 2220E; 004010X093A1 has the same levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.model.finding import Finding
from edi.model.remittance import Procedure, RawSegment, Reference
from edi.model.status import ClaimStatus, StatusCode, StatusLine
from edi.transactions.elements import (
    AMOUNTS,
    at,
    parse_date,
    parse_period,
    parse_procedure,
    parse_quantity,
    raw,
)
from edi.transactions.levels import DEPENDENT, PROVIDER, RECEIVER, SOURCE, SUBSCRIBER, Party, SetReader
from edi.x12.envelope import TransactionSet

VERSION: Final = "005010X212"
_RANKS: Final = {SOURCE: 0, RECEIVER: 1, PROVIDER: 2, SUBSCRIBER: 3, DEPENDENT: 4}
SERVICE_DATE: Final = "472"
LINE_NUMBER: Final = "FJ"
_COMPOSITES: Final = (1, 10, 11)
"""The places of codes in an STC."""
_STC_LAST: Final = 12


class Level(Party):
    """One HL with what stands on it."""

    def take(self, segment: list[str]) -> str | None:
        """Take a segment; the element that cannot be read, or None."""
        if segment[0] == "NM1" and not self.nm1:
            self.nm1 = segment
            if at(segment, 6) or any(segment[10:]):
                self.kept.append(raw(segment))
            return None
        if segment[0] == "DMG" and self.birth_date is None:
            self.birth_date, self.sex = parse_date(at(segment, 2)), at(segment, 3)
            if self.birth_date is None or any(segment[4:]):
                self.kept.append(raw(segment))
            return "DMG02" if at(segment, 2) and self.birth_date is None else None
        self.kept.append(raw(segment))
        return None


class Detail:
    """What stands below a TRN or an SVC: references, days, amounts and statuses."""

    def __init__(self, segment: int) -> None:
        self.segment = segment
        self.references: list[Reference] = []
        self.period: tuple[date, date] | None = None
        self.charge: int | None = None
        self.statuses: list[ClaimStatus] = []
        self.kept: list[RawSegment] = []

    def take(self, segment: list[str], component: str) -> str | None:
        """Take a segment; the element that cannot be read, or None."""
        name, kind = segment[0], at(segment, 1)
        if name == "REF":
            self.references.append((kind, at(segment, 2)))
            if any(segment[3:]):
                self.kept.append(raw(segment))
        elif name == "STC":
            status, unread = read_status(segment, component)
            self.statuses.append(status)
            if unread or any(segment[_STC_LAST + 1 :]):
                self.kept.append(raw(segment))
            return unread
        elif name == "DTP" and kind == SERVICE_DATE and self.period is None:
            self.period = parse_period(at(segment, 2), at(segment, 3))
            if self.period is None:
                self.kept.append(raw(segment))
                return "DTP03"
        elif name == "AMT" and kind == "T3" and self.charge is None:
            self.charge = AMOUNTS[at(segment, 2)]
            if self.charge is None or any(segment[3:]):
                self.kept.append(raw(segment))
            return "AMT02" if self.charge is None else None
        else:
            self.kept.append(raw(segment))
        return None

    def reference(self, kind: str) -> str:
        """The first reference of a kind, "" when there is none."""
        return next((value for one, value in self.references if one == kind), "")

    def others(self, *kinds: str) -> tuple[Reference, ...]:
        """The references but for the first of each of these kinds."""
        left = list(self.references)
        for kind in kinds:
            found = next((one for one in left if one[0] == kind), None)
            if found is not None:
                left.remove(found)
        return tuple(left)


class OpenLine(Detail):
    """One SVC while what stands below it comes in."""

    def __init__(self, number: int, segment: list[str], component: str, *, answered: bool) -> None:
        super().__init__(number)
        self.procedure: Procedure = parse_procedure(at(segment, 1), component)
        self.charge = AMOUNTS[at(segment, 2)]
        self.paid = AMOUNTS[at(segment, 3)] if answered else None
        self.revenue_code = at(segment, 4)
        self.units = parse_quantity(at(segment, 7)) or ""
        self.unread: str | None = None
        for place, value in ((2, self.charge), (7, self.units or None)):
            if at(segment, place) and value is None:
                self.unread = f"SVC{place:02d}"
        if answered and at(segment, 3) and self.paid is None:
            self.unread = "SVC03"
        if self.unread or at(segment, 5) or at(segment, 6) or (not answered and at(segment, 3)):
            self.kept.append(raw(segment))

    def close(self) -> StatusLine:
        """The line with everything below it."""
        first, last = self.period or (None, None)
        return StatusLine(
            procedure=self.procedure,
            charge=self.charge,
            paid=self.paid,
            revenue_code=self.revenue_code,
            units=self.units,
            line_control_number=self.reference(LINE_NUMBER),
            date_from=first,
            date_to=last,
            statuses=tuple(self.statuses),
            kept=(*(("REF", *one) for one in self.others(LINE_NUMBER)), *self.kept),
        )


class OpenClaim(Detail):
    """One TRN while what stands below it comes in."""

    def __init__(self, number: int, segment: list[str], level: Level) -> None:
        super().__init__(number)
        self.level = level
        self.trace_number = at(segment, 2)
        self.lines: list[StatusLine] = []
        if any(segment[3:]):
            self.kept.append(raw(segment))


def read_status(segment: list[str], component: str) -> tuple[ClaimStatus, str | None]:
    """An STC as a value, and the element of it that cannot be read."""
    codes = [
        StatusCode(*[*at(segment, place).split(component), "", "", ""][:4])
        for place in _COMPOSITES
        if at(segment, place)
    ]
    dates = {place: parse_date(at(segment, place)) for place in (2, 6, 8)}
    amounts = {place: AMOUNTS[at(segment, place)] for place in (4, 5)}
    unread = [place for place, value in (dates | amounts).items() if at(segment, place) and value is None]
    status = ClaimStatus(
        codes=tuple(codes),
        effective_on=dates[2],
        action=at(segment, 3),
        charge=amounts[4],
        paid=amounts[5],
        finalized_on=dates[6],
        method=at(segment, 7),
        remitted_on=dates[8],
        check_number=at(segment, 9),
        message=at(segment, 12),
    )
    return status, f"STC{unread[0]:02d}" if unread else None


class LevelReader(SetReader):
    """The levels that are open, the claim on the lowest one, and its line. ``closed`` says what a claim becomes."""

    def __init__(self, ts: TransactionSet, *, answered: bool) -> None:
        super().__init__(ts)
        self._component = ts.delimiters.component
        self._answered = answered
        self.created = ts.envelope.interchange_date if ts.envelope is not None else None
        self.reference = ""
        self.levels: dict[str, Level] = {}
        self._level: Level | None = None
        self._claim: OpenClaim | None = None
        self._line: OpenLine | None = None

    def read(self, ts: TransactionSet) -> Iterator[OpenClaim | Finding]:
        """Every TRN of the set with what stands below it, in order; findings SUB005 and CST005."""
        for number, segment in enumerate(ts.segments, 1):
            yield from self._take(number, segment)
        yield from self._flush()

    def level(self, code: str) -> Level:
        """The open level of a kind; an empty one where there is none."""
        return self.levels.get(code) or Level(code)

    def _take(self, number: int, segment: list[str]) -> Iterator[OpenClaim | Finding]:
        name = segment[0]
        if name in ("ST", "SE"):
            return
        if name == "BHT":
            self.reference = at(segment, 3)
            self.created = parse_date(at(segment, 4)) or self.created
        elif name == "HL":
            yield from self._flush()
            code = at(segment, 3)
            rank = _RANKS.get(code)
            if rank is None:
                yield self.finding("CST005", number, "HL03 is no level of a claim status file", "HL03")
                rank = len(_RANKS)
            self.levels = {held: one for held, one in self.levels.items() if _RANKS.get(held, 9) < rank}
            self._level = self.levels[code] = Level(code)
        elif self._level is None:
            yield self.finding("CST005", number, "a segment stands outside any level and is not read", name)
        elif name == "TRN":
            yield from self._flush()
            self._claim = OpenClaim(number, segment, self._level)
        else:
            unread = self._below(number, segment)
            if unread is not None:
                yield self.finding("SUB005", number, f"{unread} cannot be read", unread)

    def _below(self, number: int, segment: list[str]) -> str | None:
        """Take a segment of a level, claim or line; the element that cannot be read, or None."""
        if self._claim is None:
            return self._level.take(segment) if self._level is not None else None
        if segment[0] == "SVC":
            self._close_line()
            self._line = OpenLine(number, segment, self._component, answered=self._answered)
            return self._line.unread
        return (self._line or self._claim).take(segment, self._component)

    def _close_line(self) -> None:
        if self._line is not None and self._claim is not None:
            self._claim.lines.append(self._line.close())
        self._line = None

    def _flush(self) -> Iterator[OpenClaim]:
        self._close_line()
        claim, self._claim = self._claim, None
        if claim is not None:
            yield claim
