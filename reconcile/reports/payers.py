"""The payer scorecard: what each payer answers, how fast, how often it denies, and what is open there.

Claims, charges and what is open stand with the payer billed; money, denials, first answers and lags with the payer
whose remittance says them. So a claim that crossed over counts in the answers of two payers; the total counts it once.

The lag of an answer is the days from the day its submission went out to the day of the payment. A claim made here went
out on the day its file was written; an imported one on the day of its first 277CA, and without one its lag is not
known and not counted. p50 and p90 are nearest ranks: the least number of days in which half, and nine in ten, of the
answers came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconcile.reports import aging, collection, rates, resolution
from reconcile.reports.behind import CLAIM
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
    Value,
    by_amount,
    summed,
)
from reconcile.store.report_rows import balances as source
from reconcile.store.report_rows.books import ANSWERS, COLLECTED, OPEN, Books
from reconcile.store.report_rows.scope import listed

_BY: Final = "payer"
_BILLED: Final = ("claims", "charge")
_MONEY: Final = source.SAID
_RATES: Final = (
    "adjudicated_claims",
    "adjudicated",
    "denied_claims",
    "denied",
    "rate_claims",
    "rate_dollars",
)
_FIRST: Final = ("answered", "settled", "first_pass_resolution")
_LAGS: Final = ("lags", "lag_p50", "lag_p90")


def percentile(histogram: dict[int, int], hundredths: int) -> int | None:
    """The nearest rank: the least value that as many hundredths of the values do not exceed; None of nothing.

    Args:
        histogram: how many there are of each value.
        hundredths: 1 to 100.
    """
    left = -(-sum(histogram.values()) * hundredths // 100)
    for value in sorted(histogram):
        left -= histogram[value]
        if left <= 0:
            return value
    return None


def lags(connection: Connection, scope: Scope) -> dict[str, dict[int, int]]:
    """By payer, and under ``total`` for all: how many answers took how many days; unknown lags are left out."""
    found: dict[str, dict[int, int]] = {TOTAL: {}}
    for payer, sent, paid, count in source.lag_counts(connection, scope):
        if sent is None or paid is None:
            continue
        days = max((paid - sent).days, 0)
        for name in (payer, TOTAL):
            histogram = found.setdefault(name, {})
            histogram[days] = histogram.get(days, 0) + count
    return found


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    books = Books(connection, scope, _BY, (COLLECTED, OPEN, ANSWERS))
    billed = collection.groups(books, _BY)
    money: list[Row] = [{GROUP: payer, **sums} for payer, sums in source.money_sums(books).items()]
    rated, first = rates.groups(books, _BY), resolution.groups(books, _BY)
    is_open = [row for row in aging.groups(books, _BY) if row[GROUP] != source.PATIENTS]
    days = lags(connection, scope)
    parts = ((billed, _BILLED), (money, _MONEY), (rated, _RATES), (first, _FIRST), (is_open, ("total",)))
    named = {str(row[GROUP]) for some, _ in parts for row in some} | days.keys() - {TOTAL}
    rows: dict[Value, Row] = {name: _empty(name) for name in named}
    for some, names in parts:
        for row in some:
            rows[row[GROUP]].update({name: row[name] for name in names})
    whole = _empty(TOTAL)
    for row, names in (
        (collection.whole(billed), _BILLED),
        (summed(money, _MONEY), _MONEY),
        (rates.whole(rated), _RATES),
        (resolution.whole(first), _FIRST),
        (aging.whole(is_open), ("total",)),
    ):
        whole.update({name: row[name] for name in names})
    for row in (*rows.values(), whole):
        histogram = days.get(str(row[GROUP]), {})
        row["lags"] = sum(histogram.values())
        row["lag_p50"], row["lag_p90"] = percentile(histogram, 50), percentile(histogram, 90)
        row["open"] = row.pop("total")
    return Answer(by_amount(rows.values(), "charge"), whole)


def _empty(name: str) -> Row:
    counted = dict.fromkeys((*_BILLED, *_MONEY, *_RATES, *_FIRST, "total"), 0)
    row: Row = {GROUP: name, **counted}
    row.update(dict.fromkeys(("rate_claims", "rate_dollars", "first_pass_resolution")))
    return row


def _lag_rows(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for row in listed(connection, source.lag_rows(scope)):
        if row["sent_on"] is not None and row["paid_on"] is not None:
            row["days"] = max((row["paid_on"] - row["sent_on"]).days, 0)
            yield row


def _money_rows(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    return listed(connection, source.money_rows(scope))


def _open_rows(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    rows = source.open_rows(connection, scope, _BY)
    return (row for row in rows if row[GROUP] != source.PATIENTS)


LAGS: Final = RowSet(
    "lags",
    "posted answers whose submission's day is known, with the days from it to the payment",
    (
        Column("patient_control_number"), Column("practice_id"), Column("date_from", "date"), Column("sent_on", "date"),
        Column("paid_on", "date"), Column("days", "count"),
    ),
    _lag_rows,
)  # fmt: skip
MONEY: Final = RowSet(
    "money",
    "claims with what the posted answers of one payer say of them",
    (*CLAIM, Column("answered_by"), *(Column(name, "cents") for name in _MONEY)),
    _money_rows,
)
REPORT: Final = Report(
    name="payers",
    title="Payer scorecard",
    help="What each payer answers, how fast, how often it denies, what is open.",
    period="the claim's first day of service",
    columns=(
        Column(GROUP, title="payer"),
        Column("claims", "count"),
        Column("charge", "cents"),
        *(Column(name, "cents") for name in _MONEY),
        *rates.COLUMNS,
        Column("answered", "count"),
        Column("settled", "count"),
        Column("first_pass_resolution", "percent", "settled %"),
        Column("lags", "count"),
        Column("lag_p50", "count", "days p50"),
        Column("lag_p90", "count", "days p90"),
        Column("open", "cents"),
    ),
    figures=(
        *(one for one in collection.REPORT.figures if one.column in _BILLED),
        *(
            Figure(
                column=name, formula=f"{what} by the payer's own remittances", numerator=Part("money", name)
            )
            for name, what in zip(_MONEY, ("paid", "written off", "left to the patient"), strict=True)
        ),
        *rates.FIGURES,
        *(one for one in resolution.REPORT.figures if one.column in _FIRST),
        Figure(column="lags", formula=LAGS.what, numerator=Part("lags")),
        Figure(column="lag_p50", formula="the least number of days in which half of the answers came"),
        Figure(column="lag_p90", formula="the least number of days in which nine in ten of the answers came"),
        Figure(
            column="open",
            formula="open + denied - written off by people, of each claim where above zero",
            numerator=Part("open", "amount"),
        ),
    ),
    row_sets=(
        collection.CLAIMS,
        MONEY,
        *rates.ROW_SETS,
        *(one for one in resolution.ROW_SETS if one.name in _FIRST),
        LAGS,
        RowSet(
            "open",
            "claims with something open, or denied and not written off",
            (*CLAIM, Column("amount", "cents")),
            _open_rows,
        ),
    ),
    read=_read,
    groupings=(_BY,),
    chart=Chart("bar", ("lag_p50", "lag_p90"), "days from submission to payment"),
)
