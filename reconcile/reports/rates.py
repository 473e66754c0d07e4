"""The denial rate, in claims and in dollars.

A claim is adjudicated when one of its answers decided something: claims whose only answers are pended, duplicates or
unprocessable are not. It is denied when at least one denial of it is on the merits. Denials that were later recovered
stay in the rate: it says how often the payer denied at first. A claim, however often it was sent, counts once, with
the charge that counts now. By payer it counts with each payer that answered it, the total still once; ``--payer`` is
the payer that answered, whoever was billed.
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
from reconcile.store.report_rows.answer_sums import rate_sums
from reconcile.store.report_rows.books import Books
from reconcile.store.report_rows.scope import listed

_SUMS: Final = ("adjudicated_claims", "adjudicated", "denied_claims", "denied")
_ONCE: Final = tuple(ONCE + name for name in _SUMS)


def groups(books: Books, by: str) -> list[Row]:
    """By group, what is adjudicated and denied, with both rates."""
    return [
        _rated({GROUP: group, **{name: getattr(sums, name) for name in (*_SUMS, *_ONCE)}})
        for group, sums in rate_sums(books, by).items()
    ]


def total(books: Books) -> Row:
    """The same for all claims of the scope."""
    return whole(groups(books, ""))


def whole(rows: Iterable[Row]) -> Row:
    """The total of groups: each claim once."""
    return _rated(summed_once(rows, _SUMS))


def _rated(row: Row) -> Row:
    row["rate_claims"] = percent(cell(row, "denied_claims"), cell(row, "adjudicated_claims"))
    row["rate_dollars"] = percent(cell(row, "denied"), cell(row, "adjudicated"))
    return row


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(Books(connection, scope), by)
    return Answer(by_name(rows) if by == "month" else by_amount(rows, "denied"), whole(rows))


def _adjudicated(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    return listed(connection, source.rate_rows(scope, _claims_by(by)))


def _denied(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    return (row for row in _adjudicated(connection, scope, by) if row["denied_cents"] is not None)


def _claims_by(by: str) -> str:
    """The grouping of claims for a report that may group by more than claims have."""
    return by if by in CLAIM_GROUPS else "practice"


ROW_SETS: Final = (
    RowSet("adjudicated", "claims that an answer of a payer decided something about", CLAIM, _adjudicated),
    RowSet(
        "denied",
        "those of them with at least one denial on the merits, with the cents denied",
        (*CLAIM, Column("denied_cents", "cents")),
        _denied,
    ),
)
FIGURES: Final = (
    Figure(
        column="adjudicated_claims",
        formula="claims that a payment, a write-off, a patient share or a denial on the merits was posted for",
        numerator=Part("adjudicated"),
    ),
    Figure(column="adjudicated", formula="their charges", numerator=Part("adjudicated", "charge")),
    Figure(
        column="denied_claims",
        formula="adjudicated claims with at least one denial on the merits, later recovered ones too",
        numerator=Part("denied"),
    ),
    Figure(
        column="denied", formula="the cents denied on the merits", numerator=Part("denied", "denied_cents")
    ),
    Figure(
        column="rate_claims",
        formula="claims denied on the merits / claims adjudicated",
        numerator=Part("denied"),
        denominator=Part("adjudicated"),
    ),
    Figure(
        column="rate_dollars",
        formula="cents denied on the merits / charges of the claims adjudicated",
        numerator=Part("denied", "denied_cents"),
        denominator=Part("adjudicated", "charge"),
    ),
)
COLUMNS: Final = (
    Column("adjudicated_claims", "count"),
    Column("adjudicated", "cents"),
    Column("denied_claims", "count"),
    Column("denied", "cents"),
    Column("rate_claims", "percent", "claims %"),
    Column("rate_dollars", "percent", "dollars %"),
)
REPORT: Final = Report(
    name="rates",
    title="Denial rate",
    help="The denial rate in claims and dollars.",
    period="the claim's first day of service",
    columns=(Column(GROUP), *COLUMNS),
    figures=FIGURES,
    row_sets=ROW_SETS,
    read=_read,
    groupings=CLAIM_GROUPS,
    chart=Chart("bar", ("rate_claims", "rate_dollars")),
)
