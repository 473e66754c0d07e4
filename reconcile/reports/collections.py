"""Collections: cash that came in, by practice, deposit and posting day.

Collected = payments of payers that are posted on claims, what they took back included, and of patients, refunds
included. A payment posts on its own day, or on the first open day where that is in a closed month; so the sum of a
closed month never changes. What waits in suspense or found no claim is not in it: the report ``payments`` has that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from reconcile.reports.registry import (
    GROUP,
    Answer,
    Chart,
    Column,
    Connection,
    Figure,
    Part,
    Report,
    Row,
    RowSet,
    Scope,
    by_amount,
    by_name,
    summed,
)
from reconcile.store.report_rows.collections import CollectedRow, collected_rows

_GROUPINGS: Final = ("practice", "deposit", "posting_date", "month", "payer", "source")
_SUMS: Final = ("from_payers", "from_patients", "collected")


def group_of(one: CollectedRow, by: str) -> str:
    """The group of a row under one of the groupings."""
    if by == "month":
        return f"{one.posting_date:%Y-%m}"
    if by == "posting_date":
        return one.posting_date.isoformat()
    return {"practice": one.practice_id, "deposit": one.deposit, "payer": one.payer, "source": one.source}[by]


def cash_of(one: CollectedRow) -> Row:
    """The cents of a row."""
    return {
        "from_payers": one.from_payers,
        "from_patients": one.from_patients,
        "collected": one.from_payers + one.from_patients,
    }


def groups(rows: Sequence[CollectedRow], by: str) -> list[Row]:
    """Rows as groups: days and months in order, else the largest first."""
    found: dict[str, list[Row]] = {}
    for one in rows:
        found.setdefault(group_of(one, by), []).append(cash_of(one))
    made = [summed(some, _SUMS, name) for name, some in found.items()]
    return by_name(made) if by in ("month", "posting_date") else by_amount(made, "collected")


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = list(collected_rows(connection, scope))
    return Answer(groups(rows, by), summed([cash_of(one) for one in rows], _SUMS))


def _entries(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for one in collected_rows(connection, scope):
        told = msgspec.structs.asdict(one)
        yield {**told, **cash_of(one), "written": "yes" if one.written else "no", GROUP: group_of(one, by)}


_COUNTED: Final = tuple(Column(name, "cents") for name in _SUMS)
REPORT: Final = Report(
    name="collections",
    title="Collections",
    help="Cash of payers and patients, by practice, deposit and posting day.",
    period="the posting day",
    columns=(Column(GROUP), *_COUNTED),
    figures=(
        Figure(
            column="from_payers",
            formula="CLP04 of claim payments posted on claims, less what reversals took back",
            numerator=Part("entries", "from_payers"),
        ),
        Figure(
            column="from_patients",
            formula="payments of patients less refunds",
            numerator=Part("entries", "from_patients"),
        ),
        Figure(
            column="collected",
            formula="from_payers + from_patients",
            numerator=Part("entries", "collected"),
        ),
    ),
    row_sets=(
        RowSet(
            "entries",
            "cash of one payment, or of patients, on one posting day",
            (
                Column("posting_date", "date"), Column("practice_id"), Column("payer"), Column("source"),
                Column("trace_number"), Column("deposit"), Column("written"), *_COUNTED,
            ),
            _entries,
        ),
    ),
    read=_read,
    groupings=_GROUPINGS,
    chart=Chart("bar", ("collected",)),
)  # fmt: skip
