"""Claims that nobody has answered: no acknowledgment, accepted and not paid, or rejected and not sent again.

The last submission of a claim says how far it came; ``said`` is what its payer told of it last when it was asked (277:
state, codes, day). A claim payment in suspense is not an answer: held list has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from reconcile.reports.behind import CLAIM, CLAIM_GROUPS
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
    summed,
)
from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.claim_status.known import said_by
from reconcile.store.report_rows import answers as source
from reconcile.store.report_rows.scope import listed


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows: list[Row] = [
        {
            GROUP: one.group,
            "claims": int(one.claims),
            "charge": int(one.charge),
            "oldest": one.oldest,
            "oldest_days": _age(one.oldest, scope),
        }
        for one in source.silence_sums(connection, scope, by)
    ]
    oldest = min((row["oldest"] for row in rows if isinstance(row["oldest"], date)), default=None)
    whole = {
        **summed(rows, ("claims", "charge"), TOTAL),
        "oldest": oldest,
        "oldest_days": _age(oldest, scope),
    }
    return Answer(by_name(rows) if by == "month" else by_amount(rows, "charge"), whole)


def _age(day: date | None, scope: Scope) -> int | None:
    return (scope.today - day).days if day is not None else None


def _claims(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for rows in chunks(listed(connection, source.silence_rows(scope, by)), IN_LIST):
        said = said_by(connection, [row["last"] for row in rows], scope.as_of)
        for row in rows:
            row["days"] = _age(row["date_from"], scope)
            row["said"] = said.get(row.pop("last"), "")
            yield row


REPORT: Final = Report(
    name="silence",
    title="Claims without an answer",
    help="Claims that nobody has answered, and how far they came.",
    period="the claim's first day of service",
    columns=(
        Column(GROUP),
        Column("claims", "count"),
        Column("charge", "cents"),
        Column("oldest", "date"),
        Column("oldest_days", "count", "days"),
    ),
    figures=(
        Figure(
            column="claims", formula="claims with a charge and no posted answer", numerator=Part("claims")
        ),
        Figure(column="charge", formula="their charges", numerator=Part("claims", "charge")),
        Figure(column="oldest", formula="the earliest first day of service among them"),
        Figure(column="oldest_days", formula="the days since then"),
    ),
    row_sets=(
        RowSet(
            "claims",
            "claims without a posted answer",
            (*CLAIM, Column("stage"), Column("days", "count"), Column("said")),
            _claims,
        ),
    ),
    read=_read,
    groupings=("stage", *CLAIM_GROUPS),
    chart=Chart("bar", ("claims",)),
)
