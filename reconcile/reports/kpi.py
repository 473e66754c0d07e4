"""The headline figures on one page. Each is the total of another report, which has the rows behind it."""

from __future__ import annotations

from typing import Final

import msgspec

from reconcile.reports import (
    acceptance,
    aging,
    collection,
    denials,
    payers,
    preventable,
    rates,
    resolution,
    silence,
)
from reconcile.reports.registry import (
    GROUP,
    TOTAL,
    Answer,
    Column,
    Connection,
    Figure,
    Kind,
    Report,
    Row,
    Scope,
    cell,
)
from reconcile.store.report_rows.books import EVERYTHING, Books

_BY: Final = ""
"""All claims together: the page shows totals alone."""
_KINDS: Final[tuple[Kind, ...]] = ("cents", "count", "percent", "days")
_NAMES: Final = dict(zip(_KINDS, ("amount", "count", "percent", "days"), strict=True))
_OF_DAYS: Final = ("lag_p50", "lag_p90")
"""Counts of days, which stand in the column of days."""
_TENTHS: Final = 10


class Headline(msgspec.Struct, frozen=True):
    """A figure of the page: its name, the report whose total it is, and the column there."""

    name: str
    report: Report
    column: str

    @property
    def kind(self) -> Kind:
        """What its value is."""
        if self.column in _OF_DAYS:
            return "days"
        return next(one.kind for one in self.report.columns if one.name == self.column)

    @property
    def formula(self) -> str:
        """The formula of the report's column."""
        return next(one.formula for one in self.report.figures if one.column == self.column)


HEADLINES: Final = (
    Headline("charges", collection.REPORT, "charge"),
    Headline("paid by payers", collection.REPORT, "paid"),
    Headline("paid by patients", collection.REPORT, "patient_paid"),
    Headline("net collection", collection.REPORT, "net_collection"),
    Headline("open at payers and patients", aging.REPORT, "total"),
    Headline("credits of payers and patients", aging.REPORT, "credits"),
    Headline("open over 120 days", aging.REPORT, "days_over_120"),
    Headline("days in A/R", aging.REPORT, "days_in_ar"),
    Headline("first-pass acceptance", acceptance.REPORT, "first_pass_acceptance"),
    Headline("first-pass resolution", resolution.REPORT, "first_pass_resolution"),
    Headline("denial rate in claims", rates.REPORT, "rate_claims"),
    Headline("denial rate in dollars", rates.REPORT, "rate_dollars"),
    Headline("denials open", denials.REPORT, "open_amount"),
    Headline("preventable denials", preventable.REPORT, "amount"),
    Headline("half of the answers within", payers.REPORT, "lag_p50"),
    Headline("nine in ten answers within", payers.REPORT, "lag_p90"),
    Headline("claims without an answer", silence.REPORT, "claims"),
    Headline("charges without an answer", silence.REPORT, "charge"),
)


def totals(connection: Connection, scope: Scope) -> dict[str, Row]:
    """The totals of the reports that the page is made of, by report."""
    books = Books(connection, scope, _BY, EVERYTHING)
    days = payers.lags(connection, scope)[TOTAL]
    denied = denials.groups(connection, scope, _BY)[1]
    return {
        "collection": collection.whole(collection.groups(books, _BY)),
        "aging": aging.whole(aging.groups(books, _BY)),
        "acceptance": acceptance.whole(acceptance.groups(books, _BY)),
        "resolution": resolution.whole(resolution.groups(books, _BY)),
        "rates": rates.total(books),
        "denials": denied,
        "preventable": {"amount": denied["preventable_amount"]},
        "payers": {"lag_p50": payers.percentile(days, 50), "lag_p90": payers.percentile(days, 90)},
        "silence": silence.whole(silence.groups(books, _BY), scope),
    }


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    found = totals(connection, scope)
    return Answer([_line(one, found[one.report.name]) for one in HEADLINES])


def _line(headline: Headline, total: Row) -> Row:
    """The line of a headline: its value stands in the column of its kind."""
    value = total[headline.column]
    if headline.column in _OF_DAYS and value is not None:
        value = cell(total, headline.column) * _TENTHS
    row: Row = {GROUP: headline.name, **dict.fromkeys(_NAMES.values())}
    row[_NAMES[headline.kind]] = value
    row["report"] = headline.report.name
    return row


REPORT: Final = Report(
    name="kpi",
    title="Headline figures",
    help="The headline figures on one page.",
    period="as the report of each line says",
    columns=(
        Column(GROUP, title="figure"),
        *(Column(name, kind) for kind, name in _NAMES.items()),
        Column("report"),
    ),
    figures=tuple(
        Figure(column=one.name, formula=f"{one.formula} (report {one.report.name})") for one in HEADLINES
    ),
    row_sets=(),
    read=_read,
)
