"""The one table of an 837P's segments: reader, writer and docs/837p.md follow it. Source: 005010X222A1.

Rows stand in the guide's order. The reader looks up which field a segment goes to, the writer where a segment stands
among the others of its loop. A row without a field is kept as sent and written again in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from edi.transactions.t837p import table

VERSION: Final = "005010X222A1"
"""GS08 and ST03 of what we write."""

PROFESSIONAL_GUIDES: Final = ("X222", "X098")
"""Guide numbers of professional claims, 5010 and 4010, as they appear in GS08 and ST03."""

BILLING_LEVEL: Final = "20"
SUBSCRIBER_LEVEL: Final = "22"
PATIENT_LEVEL: Final = "23"

PRINCIPAL_DIAGNOSIS: Final = "ABK"
OTHER_DIAGNOSIS: Final = "ABF"
DIAGNOSIS_QUALIFIERS: Final = frozenset({"ABK", "ABF", "BK", "BF"})
ICD9_QUALIFIERS: Final = frozenset({"BK", "BF"})

CLAIMS_PER_PATIENT: Final = 100
"""Repeat of loop 2300 under one 2000B or 2000C."""
REASONS_PER_CAS: Final = 6
"""Reasons that one CAS holds."""
CERTIFICATE_DATES: Final = frozenset({"461", "463", "607"})
"""Dates of a DME certificate (CR3). Without one they say nothing; plan-of-care dates do not go on a claim."""


class Row(NamedTuple):
    """One segment of one loop.

    Attributes:
        loop: of the guide (2010AA, 2300 …).
        segment: its id.
        qualifier: its first element (of HI the first component's qualifier), "" when it has none or any.
        field: the field of the model's value of that loop, "" when the segment is kept as sent.
        source: where the value of a claim of ours comes from, "" when we never make it.
        example: the segment, as the test of the row has it.
        place: ordinal in the guide's order.
    """

    loop: str
    segment: str
    qualifier: str
    field: str
    source: str
    example: str
    place: int

    @property
    def name(self) -> str:
        """Loop, segment and qualifier: ``2300 DTP*431``."""
        return f"{self.loop} {self.segment}{'*' + self.qualifier if self.qualifier else ''}"


def _rows() -> tuple[Row, ...]:
    rows: list[Row] = []
    for line in table.ROWS.strip().splitlines():
        loop, segment, field, source, example = (cell.strip() for cell in line.split("|"))
        name, _, qualifier = segment.partition("*")
        rows.append(Row(loop, name, qualifier, field, source, example, len(rows)))
    return tuple(rows)


SEGMENTS: Final = _rows()
SEGMENT_IDS: Final = frozenset(row.segment for row in SEGMENTS)


class Section:
    """The segments that stand together: a loop, or two without a loop between them (2000B and 2010BA).

    ``fields`` is by (segment, qualifier) what the reader fills; ``places`` is where the writer puts a segment.
    """

    def __init__(self, *loops: str) -> None:
        self.fields: dict[tuple[str, str], str] = {}
        self._places: dict[tuple[str, str], int] = {}
        for row in SEGMENTS:
            if row.loop not in loops:
                continue
            key = (row.segment, row.qualifier)
            if row.field:
                self.fields[key] = row.field
            self._places.setdefault(key, row.place)
            self._places[row.segment, ""] = row.place

    def place(self, segment: str, qualifier: str) -> int | None:
        """The ordinal of a segment in the guide; an unknown qualifier stands last of its segment id; None: no home."""
        found = self._places.get((segment, qualifier))
        return self._places.get((segment, "")) if found is None else found


BILLING: Final = Section("2000A", "2010AA")
PAY_TO: Final = Section("2010AB")
PAY_TO_PLAN: Final = Section("2010AC")
SUBSCRIBER: Final = Section("2000B", "2010BA")
PAYER: Final = Section("2010BB")
PATIENT: Final = Section("2000C", "2010CA")
CLAIM: Final = Section("2300")
COVERAGE: Final = Section("2320", "2330A")
OTHER_PAYER: Final = Section("2330B")
LINE: Final = Section("2400")
ADJUDICATION: Final = Section("2430")
PROVIDER: Final = Section("2310B")
"""Inside any provider's loop the order is that of 2310B."""


def _loops(prefix: str) -> Mapping[tuple[str, str], Row]:
    """The first segments of the loops under a claim, coverage or line, by segment and qualifier."""
    firsts: dict[str, Row] = {}
    found: dict[tuple[str, str], Row] = {}
    for row in SEGMENTS:
        if row.loop.startswith(prefix) and firsts.setdefault(row.loop, row).segment == row.segment:
            found[row.segment, row.qualifier] = row
    return found


CLAIM_LOOPS: Final = _loops("231")
COVERAGE_LOOPS: Final = _loops("233")
LINE_LOOPS: Final = {**_loops("241"), **_loops("242"), **_loops("243"), **_loops("244")}


def _ids(*prefixes: str) -> frozenset[str]:
    return frozenset(row.segment for row in SEGMENTS if row.loop.startswith(prefixes))


CLAIM_OWN: Final = _ids("2300") - _ids("231")
COVERAGE_OWN: Final = _ids("2320") - _ids("231", "233")
LINE_OWN: Final = _ids("2400") - _ids("231", "241", "242", "243", "244")
"""Segments of a claim, coverage and line that no loop under it has: wherever they stood, they are the claim's own."""


def role_fields(loops: Mapping[tuple[str, str], Row]) -> dict[str, str]:
    """Which field takes the party of an NM1 of that role."""
    return {
        qualifier: row.field for (segment, qualifier), row in loops.items() if segment == "NM1" and row.field
    }


def place_of_loop(loops: Mapping[tuple[str, str], Row], first: Sequence[str]) -> int:
    """The ordinal of a loop by its first segment; an NM1 of an unknown role, or of none, stands after the others."""
    name, qualifier = first[0], first[1] if len(first) > 1 else ""
    row = loops.get((name, qualifier)) or loops.get((name, ""))
    if row is not None:
        return row.place
    return max([one.place for one in loops.values() if one.segment == name], default=0)
