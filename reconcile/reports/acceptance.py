"""First-pass acceptance: claims whose first submission no 999 and no 277CA rejected.

Only the first submission of a claim counts. A claim that was rejected under its number and accepted later is not
accepted at first. What no acknowledgment speaks of is counted apart: it is neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconcile.reports.behind import CLAIM, CLAIM_GROUPS
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
    cell,
    percent,
    summed,
)
from reconcile.store.report_rows import acknowledged as source
from reconcile.store.report_rows.answer_sums import acceptance_sums
from reconcile.store.report_rows.books import Books
from reconcile.store.report_rows.scope import listed

_OUTCOMES: Final = (source.ACCEPTED, source.REJECTED_277, source.REJECTED_999, source.NO_ANSWER)
_SUMS: Final = ("sent", "answered", *_OUTCOMES)


def groups(books: Books, by: str) -> list[Row]:
    """By group, how many claims were accepted, rejected by what, and not answered."""
    found: dict[str, Row] = {}
    for one in acceptance_sums(books, by):
        row = found.setdefault(one.group, {GROUP: one.group, **dict.fromkeys(_SUMS, 0)})
        row[one.outcome] = one.claims
        row["sent"] = cell(row, "sent") + one.claims
        if one.outcome != source.NO_ANSWER:
            row["answered"] = cell(row, "answered") + one.claims
    return [_rated(row) for row in found.values()]


def whole(rows: Iterable[Row]) -> Row:
    """The total of groups."""
    return _rated(summed(rows, _SUMS))


def _rated(row: Row) -> Row:
    row["first_pass_acceptance"] = percent(cell(row, source.ACCEPTED), cell(row, "answered"))
    return row


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(Books(connection, scope), by)
    return Answer(by_name(rows) if by == "month" else by_amount(rows, "sent"), whole(rows))


def _rows(*outcomes: str) -> RowSet:
    """The claims of outcomes, as a set of rows."""

    def read(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
        rows = listed(connection, source.acceptance_rows(scope, by))
        return (row for row in rows if row["outcome"] in outcomes)

    named = {
        source.ACCEPTED: "claims accepted at first by every 999 and 277CA that answered",
        source.REJECTED_277: "claims that a 277CA rejected at first",
        source.REJECTED_999: "claims whose file or transaction set a TA1 or 999 rejected",
        source.NO_ANSWER: "claims of which no acknowledgment speaks",
    }
    columns = (*CLAIM, Column("outcome"))
    if len(outcomes) == 1:
        return RowSet(outcomes[0], named[outcomes[0]], columns, read)
    if source.NO_ANSWER in outcomes:
        return RowSet("sent", "all claims", columns, read)
    return RowSet("answered", "claims that an acknowledgment accepted or rejected", columns, read)


REPORT: Final = Report(
    name="acceptance",
    title="First-pass acceptance",
    help="Claims that passed the 999 and the 277CA at first.",
    period="the claim's first day of service",
    columns=(
        Column(GROUP),
        *(Column(name, "count") for name in _SUMS),
        Column("first_pass_acceptance", "percent", "accepted %"),
    ),
    figures=(
        Figure(column="sent", formula="claims, each once", numerator=Part("sent")),
        Figure(column="answered", formula="claims with a TA1, 999 or 277CA", numerator=Part("answered")),
        *(
            Figure(column=name, formula=_rows(name).what, numerator=Part(name)) for name in _OUTCOMES
        ),
        Figure(
            column="first_pass_acceptance",
            formula="claims accepted at first / claims acknowledged",
            numerator=Part(source.ACCEPTED),
            denominator=Part("answered"),
        ),
    ),
    row_sets=(_rows(*_OUTCOMES), _rows(*_OUTCOMES[:-1]), *(_rows(name) for name in _OUTCOMES)),
    read=_read,
    groupings=CLAIM_GROUPS,
    chart=Chart("bar", ("first_pass_acceptance",)),
)  # fmt: skip
