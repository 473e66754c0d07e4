"""Net collection: what was paid of what payers allow, by month of service.

It is told of claims: by payer, a claim stands with the payer billed, with the money of all its payers. The report
``payers`` has each payer's own money.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconcile.reports.behind import CLAIM
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
from reconcile.store.report_rows import balances as source
from reconcile.store.report_rows.books import AMOUNTS, Books
from reconcile.store.report_rows.scope import listed

_AMOUNTS: Final = (*AMOUNTS, "patient_paid", "overpaid")
_SUMS: Final = ("claims", "charge", "allowed", "collected", *_AMOUNTS)


def groups(books: Books, by: str) -> list[Row]:
    """By group, the amounts that the charges are made of, and the rate."""
    return [_rated({GROUP: group, **sums}) for group, sums in source.collection_sums(books, by).items()]


def whole(rows: Iterable[Row]) -> Row:
    """The total of groups."""
    return _rated(summed(rows, _SUMS))


def _rated(row: Row) -> Row:
    row["allowed"] = cell(row, "charge") - cell(row, "contractual")
    row["collected"] = cell(row, "paid") + cell(row, "patient_paid") - cell(row, "overpaid")
    row["net_collection"] = percent(cell(row, "collected"), cell(row, "allowed"))
    return row


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(Books(connection, scope), by)
    return Answer(by_name(rows) if by == "month" else by_amount(rows, "allowed"), whole(rows))


def _claims(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for row in listed(connection, source.collection_rows(connection, scope, by)):
        row["allowed"] = row["charge"] - row["contractual"]
        row["collected"] = row["paid"] + row["patient_paid"] - row["overpaid"]
        yield row


CLAIMS: Final = RowSet(
    "claims",
    "claims, each once, with what their charge is made of",
    (*CLAIM, *(Column(name, "cents") for name in (*_AMOUNTS, "allowed", "collected"))),
    _claims,
)
REPORT: Final = Report(
    name="collection",
    title="Net collection",
    help="What was collected of what can be, by month of service.",
    period="the claim's first day of service",
    columns=(
        Column(GROUP),
        Column("claims", "count"),
        *(Column(name, "cents") for name in _SUMS[1:]),
        Column("net_collection", "percent", "collected %"),
    ),
    figures=(
        Figure(column="claims", formula="claims, each once", numerator=Part("claims")),
        Figure(column="allowed", formula="charges - contractual write-offs", numerator=Part("claims", "allowed")),
        Figure(
            column="collected",
            formula="paid by payers + paid by patients - overpaid",
            numerator=Part("claims", "collected"),
        ),
        *(
            Figure(column=name, formula=formula, numerator=Part("claims", name))
            for name, formula in (
                ("charge", "charges that count now"),
                ("paid", "paid on the claims by all their payers, whoever was billed"),
                ("contractual", "contractual write-offs"),
                ("patient", "what payers left to the patient"),
                ("denied", "denied, not recovered"),
                ("suspense", "released from a hold and not explained yet"),
                ("open", "not answered, or pended"),
                ("patient_paid", "paid by patients on claims"),
                ("overpaid", "paid beyond charge - contractual write-offs, of each claim; not counted as collected"),
            )
        ),
        Figure(
            column="net_collection",
            formula="(paid by payers + paid by patients - overpaid) / (charges - contractual write-offs)",
            numerator=Part("claims", "collected"),
            denominator=Part("claims", "allowed"),
        ),
    ),
    row_sets=(CLAIMS,),
    read=_read,
    groupings=("month", "payer", "practice"),
    chart=Chart("line", ("net_collection",)),
)  # fmt: skip
