"""Denied dollars that the scrubber would have prevented, by rule.

A denial that several rules would have prevented counts with each of them, and once in the total.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from reconcile.reports import denials
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
    Scope,
    by_amount,
    cell,
    percent,
)
from reconcile.store.report_rows import denials as source


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    sums: dict[str, Row] = {}
    whole: Row = {GROUP: TOTAL, "count": 0, "amount": 0, "denied": 0}
    for rules, count, cents in source.prevented_sums(connection, scope):
        whole["denied"] = cell(whole, "denied") + cents
        names = rules.split()
        for row in (
            *(sums.setdefault(name, {GROUP: name, "count": 0, "amount": 0}) for name in names),
            whole,
        ):
            if names:
                row["count"] = cell(row, "count") + count
                row["amount"] = cell(row, "amount") + cents
    for row in (*sums.values(), whole):
        row["denied"] = whole["denied"]
        row["share_percent"] = percent(cell(row, "amount"), cell(row, "denied"))
    return Answer(by_amount(sums.values(), "amount"), whole)


def _prevented(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for row in denials.DENIALS.read(connection, scope, "category"):
        for rule in str(row["preventable_by"]).split():
            yield {**row, GROUP: rule}


def _all(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    return ({**row, GROUP: TOTAL} for row in denials.DENIALS.read(connection, scope, "category"))


REPORT: Final = Report(
    name="preventable",
    title="Preventable denials",
    help="Denied dollars that a scrubber rule would have prevented.",
    period="the denied line's day of service",
    columns=(
        Column(GROUP, title="rule"),
        Column("count", "count"),
        Column("amount", "cents"),
        Column("denied", "cents", "all denied"),
        Column("share_percent", "percent", "share %"),
    ),
    figures=(
        Figure(
            column="count", formula="denials that the rule would have prevented", numerator=Part("prevented")
        ),
        Figure(column="amount", formula="their denied cents", numerator=Part("prevented", "amount")),
        Figure(
            column="share_percent",
            formula="amount / the cents of all denials",
            numerator=Part("prevented", "amount"),
            denominator=Part("denials", "amount"),
            only_total=True,
        ),
    ),
    row_sets=(
        msgspec.structs.replace(
            denials.DENIALS,
            name="prevented",
            what="denials that a rule would have prevented, one row for each rule",
            read=_prevented,
        ),
        msgspec.structs.replace(denials.DENIALS, read=_all),
    ),
    read=_read,
    groupings=("rule",),
    chart=Chart("bar", ("amount",)),
)
