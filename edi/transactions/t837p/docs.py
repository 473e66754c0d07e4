"""docs/837p.md from the table of segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from edi.transactions.t837p.segments import Row

_HEAD: Final = """# The 837P, segment by segment

Made from `edi/transactions/t837p/table.py` by `make goldens`; do not edit.

The order is the guide's (005010X222A1), and the order in which claims are written. **Field** is where the value stands
in our model (`edi/model/claim.py`, `coordination.py`, `party.py`); a segment without one is kept as another system
sent it, and written again in its place. **Our value** is what a claim made of the practice's records is filled from;
where it is blank we never make the segment, but read it and write it again. The example of each row is a test:
`tests/transactions/test_t837p_segments.py::test_the_row[NAME]`, NAME being loop and segment as in the first column.

A segment with more elements than its field has room for is kept besides, and fills up what we write. Reasons (CAS) go
six to a segment, the groups in the order given. Dates of an equipment certificate (461, 463, 607) go out only with the
certificate (CR3): a plan of care has no dates on an 837P.
"""


def render(rows: Sequence[Row]) -> str:
    """The table as Markdown, loop by loop, ending in a line end."""
    parts = [_HEAD.strip()]
    for loop, members in groupby(rows, lambda row: row.loop):
        parts.append("\n".join([f"## {loop}", "", *_table(list(members))]))
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| segment | field | our value | example |"
    yield "|---|---|---|---|"
    for row in rows:
        field = f"`{row.field}`" if row.field else "kept"
        example = f"`{row.example}`" if row.example else ""
        yield f"| {row.name} | {field} | {row.source} | {example} |"
