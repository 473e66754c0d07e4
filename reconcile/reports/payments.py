"""Payments: each 835 with its trace number, amount, and where its money is.

For every payment: amount = posted + in suspense + unmatched - provider adjustments + unexplained. Provider adjustments
(PLB) above zero lower a payment; unexplained is 0 unless a person released a payment that does not add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from reconcile.reports.registry import (
    GROUP,
    UNKNOWN,
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
from reconcile.store.report_rows import payments as source
from reconcile.store.report_rows.scope import listed

_WORDS: Final = ("paid_on", "payer", "practice", "method")
_SUMS: Final = ("payments", "claims", "amount", *source.OUTCOMES, "provider_adjustments", "unexplained")
_GROUPINGS: Final = ("payment", "month", "payer", "practice", "method")


def _group(row: Any, by: str) -> str:
    if by == "payment":
        return row.trace_number or UNKNOWN
    if by == "month":
        return f"{row.paid_on:%Y-%m}" if row.paid_on else UNKNOWN
    if by == "practice":
        return row.practice_id.replace("\n", " ") or UNKNOWN
    return (row.payer if by == "payer" else row.method) or UNKNOWN


def _sums(row: Any) -> Row:
    amounts = {name: int(getattr(row, name)) for name in _SUMS[1:-1]}
    told = sum(amounts[name] for name in source.OUTCOMES) - amounts["provider_adjustments"]
    return {"payments": 1, **amounts, "unexplained": amounts["amount"] - told}


def groups(payments: Sequence[Any], by: str) -> list[Row]:
    """Payments as groups; one by one, each with what tells it apart."""
    if by == "payment":
        return [
            {
                GROUP: _group(one, by),
                "paid_on": one.paid_on,
                "payer": one.payer,
                "practice": one.practice_id.replace("\n", " "),
                "method": one.method,
                **_sums(one),
            }
            for one in payments
        ]
    found: dict[str, list[Row]] = {}
    for one in payments:
        found.setdefault(_group(one, by), []).append(_sums(one))
    nothing: Row = dict.fromkeys(_WORDS)
    return [{**nothing, **summed(rows, _SUMS, name)} for name, rows in found.items()]


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(source.payment_rows(connection, scope), by)
    whole: Row = {**dict.fromkeys(_WORDS), **summed(rows, _SUMS)}
    if by == "month":
        rows = by_name(rows)
    elif by != "payment":
        rows = by_amount(rows, "amount")
    return Answer(rows, whole)


def _payments(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for one in source.payment_rows(connection, scope):
        yield {**one._asdict(), **_sums(one), GROUP: _group(one, by)}


def _claim_payments(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    names = {one.id: _group(one, by) for one in source.payment_rows(connection, scope)}
    for row in listed(connection, source.claim_payment_rows(scope)):
        row.update({name: row["paid"] if row["outcome"] == name else 0 for name in source.OUTCOMES})
        yield {**row, GROUP: names[row["remittance_id"]]}


def _adjustments(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    names = {one.id: _group(one, by) for one in source.payment_rows(connection, scope)}
    for row in listed(connection, source.adjustment_rows(scope)):
        yield {**row, GROUP: names[row["remittance_id"]]}


_COUNTED: Final = (
    Column("payments", "count"),
    Column("claims", "count"),
    *(Column(name, "cents") for name in _SUMS[2:]),
)
REPORT: Final = Report(
    name="payments",
    title="Payments",
    help="Each 835: trace number, amount, and where its money is.",
    period="the payment's date",
    columns=(
        Column(GROUP, title="trace number"),
        Column("paid_on", "date"),
        *(Column(name) for name in _WORDS[1:]),
        *_COUNTED,
    ),
    figures=(
        Figure(column="payments", formula="835 transaction sets, each once", numerator=Part("payments")),
        Figure(column="claims", formula="claim payments (CLP)", numerator=Part("claim_payments")),
        Figure(column="amount", formula="BPR02", numerator=Part("payments", "amount")),
        *(
            Figure(column=name, formula=formula, numerator=Part("claim_payments", name))
            for name, formula in (
                ("posted", "CLP04 of claim payments that are posted on claims"),
                ("suspense", "CLP04 of claim payments whose equations fail"),
                ("unmatched", "CLP04 of claim payments that found no claim"),
            )
        ),
        Figure(
            column="provider_adjustments",
            formula="PLB amounts; above zero they lower the payment",
            numerator=Part("adjustments", "cents"),
        ),
        Figure(
            column="unexplained",
            formula="amount - posted - suspense - unmatched + provider adjustments",
            numerator=Part("payments", "unexplained"),
        ),
    ),
    row_sets=(
        RowSet(
            "payments",
            "835 transaction sets",
            (
                Column("trace_number"), Column("paid_on", "date"), Column("payer"), Column("practice_id"),
                Column("method"), Column("file"), *_COUNTED,
            ),
            _payments,
        ),
        RowSet(
            "claim_payments",
            "their claim payments",
            (
                Column("patient_control_number"), Column("status"), Column("charge", "cents"), Column("paid", "cents"),
                Column("outcome"), *(Column(name, "cents") for name in source.OUTCOMES),
            ),
            _claim_payments,
        ),
        RowSet(
            "adjustments",
            "their provider adjustments (PLB)",
            (Column("reason"), Column("identifier"), Column("cents", "cents")),
            _adjustments,
        ),
    ),
    read=_read,
    groupings=_GROUPINGS,
    chart=Chart("bar", ("amount",)),
)  # fmt: skip
