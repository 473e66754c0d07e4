"""Denials counted and summed by what they have in common, with the denial rate of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edi.model.money import decimal_text
from reconcile.reports import rates
from reconcile.reports.registry import (
    GROUP,
    TOTAL,
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
from reconcile.store.report_rows import denials as source
from reconcile.store.report_rows.books import Books
from reconcile.store.report_rows.scope import listed

_SUMS: Final = ("count", "amount", "open_count", "open_amount", "preventable_amount")
GROUPINGS: Final = (
    "category",
    "reason",
    "payer",
    "code",
    "therapist",
    "practice",
    "month",
    "action",
    "status",
)


def groups(connection: Connection, scope: Scope, by: str) -> tuple[list[Row], Row]:
    """Groups of denials, largest amount first (months in order), and their total."""
    rows: list[Row] = [
        {GROUP: name, **dict(zip(_SUMS, sums, strict=True))}
        for name, *sums in source.denial_sums(connection, scope, by)
    ]
    whole = summed(rows, _SUMS)
    for row in (*rows, whole):
        row["share_percent"] = percent(cell(row, "amount"), cell(whole, "amount")) or 0
    return (by_name(rows) if by == "month" else by_amount(rows, "amount")), whole


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows, whole = groups(connection, scope, by)
    rate = rates.total(Books(connection, scope))
    claims = f"{rate['denied_claims']} of {rate['adjudicated_claims']} claims"
    dollars = f"{decimal_text(cell(rate, 'denied'))} of {decimal_text(cell(rate, 'adjudicated'))} adjudicated"
    left_out = "on the merits; duplicates, unprocessable and pended claims are not counted"
    note = f"denial rate: {claims}, {dollars} ({left_out})"
    more = {name: rate[name] for name in ("denied_claims", "adjudicated_claims", "denied", "adjudicated")}
    return Answer(rows, whole, notes=(note,), more={"rate": more})


def _denials(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    rows = list(listed(connection, source.denial_rows(connection, scope, by)))
    if by == source.THERAPIST:
        names = source.therapist_names((str(row[GROUP]), cell(row, "claim_id")) for row in rows)
        for row in rows:
            row[GROUP] = names[str(row[GROUP])]
    for row in rows:
        waits = row["status"] == source.OPEN
        row["open"], row["open_amount"] = int(waits), row["amount"] if waits else 0
        row["preventable_amount"] = row["amount"] if row["preventable_by"] else 0
    return rows


DENIALS: Final = RowSet(
    "denials",
    "denials, one a line and cause",
    (
        Column("denial_id"), Column("practice_id"), Column("patient_control_number"), Column("line_number", "count"),
        Column("procedure_code"), Column("date_of_service", "date"), Column("payer"), Column("reason"),
        Column("category"), Column("kind"), Column("amount", "cents"), Column("status"), Column("next_action"),
        Column("preventable_by"), Column("remitted_on", "date"), Column("open", "count"),
        Column("open_amount", "cents"), Column("preventable_amount", "cents"),
    ),
    _denials,
)  # fmt: skip
REPORT: Final = Report(
    name="denials",
    title="Denials",
    help="Denials counted and summed by what they have in common.",
    period="the denied line's day of service",
    columns=(
        Column(GROUP), Column("count", "count"), Column("amount", "cents"), Column("open_count", "count", "open"),
        Column("open_amount", "cents"), Column("preventable_amount", "cents", "preventable"),
        Column("share_percent", "percent", "share %"),
    ),
    figures=(
        Figure(column="count", formula="denials", numerator=Part("denials")),
        Figure(column="amount", formula="the sum of denied cents", numerator=Part("denials", "amount")),
        Figure(column="open_count", formula="denials that nothing has settled", numerator=Part("denials", "open")),
        Figure(column="open_amount", formula="the sum of their denied cents", numerator=Part("denials", "open_amount")),
        Figure(
            column="preventable_amount",
            formula="denied cents that at least one scrubber rule would have prevented",
            numerator=Part("denials", "preventable_amount"),
        ),
        Figure(column="share_percent", formula=f"amount / amount of the {TOTAL}", numerator=Part("denials", "amount")),
    ),
    row_sets=(DENIALS, *rates.ROW_SETS),
    read=_read,
    groupings=GROUPINGS,
    chart=Chart("bar", ("amount", "open_amount")),
)  # fmt: skip
