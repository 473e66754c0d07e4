"""First-pass resolution: claims that the payer's first answer settled, without rejection, denial or pend.

The first answer is what was paid on the claim's first day of payment, all claim payments of that day. A claim that was
rejected before it was ever adjudicated is not settled at first. By payer a claim that crossed over counts with each
payer that answered it, by that payer's first answer; the total counts it once, by its very first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconcile.reports.behind import CLAIM, CLAIM_GROUPS
from reconcile.reports.registry import (
    GROUP,
    ONCE,
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
    cell,
    percent,
    summed_once,
)
from reconcile.store.report_rows import answers as source
from reconcile.store.report_rows.answer_sums import resolution_sums
from reconcile.store.report_rows.books import Books
from reconcile.store.report_rows.scope import listed

_OUTCOMES: Final = (source.SETTLED, source.DENIED_FIRST, source.PENDED_FIRST, source.REJECTED_FIRST)
_SUMS: Final = ("answered", *_OUTCOMES)
_ONCE: Final = tuple(ONCE + name for name in _SUMS)


def groups(books: Books, by: str) -> list[Row]:
    """By group, how the claims that a payer answered came out at first."""
    found: dict[str, Row] = {}
    for one in resolution_sums(books, by):
        row = found.setdefault(one.group, {GROUP: one.group, **dict.fromkeys((*_SUMS, *_ONCE), 0)})
        for begin, claims in (("", one.claims), (ONCE, one.once)):
            row[begin + one.outcome] = claims
            row[begin + "answered"] = cell(row, begin + "answered") + claims
    return [_rated(row) for row in found.values()]


def whole(rows: Iterable[Row]) -> Row:
    """The total of groups: each claim once."""
    return _rated(summed_once(rows, _SUMS))


def _rated(row: Row) -> Row:
    row["first_pass_resolution"] = percent(cell(row, source.SETTLED), cell(row, "answered"))
    return row


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(Books(connection, scope), by)
    return Answer(by_name(rows) if by == "month" else by_amount(rows, "answered"), whole(rows))


def _rows(name: str, what: str) -> RowSet:
    """The claims of an outcome, or with ``answered`` all of them."""

    def read(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
        rows = listed(connection, source.resolution_rows(scope, by))
        return (row for row in rows if name in ("answered", row["outcome"]))

    return RowSet(name, what, (*CLAIM, Column("answered_on", "date"), Column("outcome")), read)


ROW_SETS: Final = (
    _rows("answered", "claims with at least one posted answer of a payer"),
    _rows(
        source.SETTLED, "those whose first answer left nothing denied or pended, and that were never rejected"
    ),
    _rows(source.DENIED_FIRST, "those with a denial in the first answer"),
    _rows(source.PENDED_FIRST, "those that the first answer pended"),
    _rows(source.REJECTED_FIRST, "those that an acknowledgment had rejected before"),
)
REPORT: Final = Report(
    name="resolution",
    title="First-pass resolution",
    help="Claims that the payer's first answer settled.",
    period="the claim's first day of service",
    columns=(
        Column(GROUP),
        *(Column(name, "count") for name in _SUMS),
        Column("first_pass_resolution", "percent", "settled %"),
    ),
    figures=(
        *(Figure(column=one.name, formula=one.what, numerator=Part(one.name)) for one in ROW_SETS),
        Figure(
            column="first_pass_resolution",
            formula="claims settled by the first answer / claims answered",
            numerator=Part(source.SETTLED),
            denominator=Part("answered"),
        ),
    ),
    row_sets=ROW_SETS,
    read=_read,
    groupings=CLAIM_GROUPS,
    chart=Chart("bar", ("first_pass_resolution",)),
)
