"""Claims that nobody has answered: no acknowledgment, accepted and not paid, or rejected and not sent again.

The last submission of a claim says how far it came; ``said`` is what its payer told of it last when it was asked (277:
state, codes, day). A claim payment in suspense is not an answer: held list has it.

The rows ``overdue`` are what the profiles of trading partners and payers expect, and has not come in time: those that
the manifest of `run` lists, looked at on the day of ``--as-of``, with what the store holds now. ``--since`` and
``--until`` speak of the day it is counted from there; what is of several practices stands in each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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
from reconcile.store.report_rows.answer_sums import silence_sums
from reconcile.store.report_rows.books import Books
from reconcile.store.report_rows.scope import listed

OVERDUE: Final = "overdue"
"""The rows that only the profiles can tell."""


def groups(books: Books, by: str) -> list[Row]:
    """By group, the claims that nobody answered, and the oldest of them."""
    return [
        {
            GROUP: one.group,
            "claims": one.claims,
            "charge": one.charge,
            "oldest": one.oldest,
            "oldest_days": _age(one.oldest, books.scope),
        }
        for one in silence_sums(books, by)
    ]


def whole(rows: Sequence[Row], scope: Scope) -> Row:
    """The total of groups."""
    oldest = min((row["oldest"] for row in rows if isinstance(row["oldest"], date)), default=None)
    return {**summed(rows, ("claims", "charge"), TOTAL), "oldest": oldest, "oldest_days": _age(oldest, scope)}


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(Books(connection, scope), by)
    ordered = by_name(rows) if by == "month" else by_amount(rows, "charge")
    return Answer(ordered, whole(rows, scope), _notes(connection, scope, by))


def _age(day: date | None, scope: Scope) -> int | None:
    return (scope.today - day).days if day is not None else None


def _claims(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for rows in chunks(listed(connection, source.silence_rows(scope, by)), IN_LIST):
        said = said_by(connection, [row["last"] for row in rows], scope.as_of)
        for row in rows:
            row["days"] = _age(row["date_from"], scope)
            row["said"] = said.get(row.pop("last"), "")
            yield row


def _overdue(_connection: Connection, scope: Scope, _by: str) -> Iterable[Row]:
    for one in scope.overdue or ():
        told = one.since or one.due
        if (
            (scope.practice is None or one.practice_id in ("", scope.practice))
            and (scope.payer is None or one.source == scope.payer)
            and (scope.since is None or (told is not None and told >= scope.since))
            and (scope.until is None or (told is not None and told <= scope.until))
        ):
            yield {
                GROUP: one.expected,
                "expected": one.expected,
                "practice_id": one.practice_id,
                "subject": one.subject,
                "source": one.source,
                "since": one.since,
                "due": one.due,
                "claims": one.claims,
                "said": one.said,
                "key": one.key,
            }


def _notes(connection: Connection, scope: Scope, by: str) -> tuple[str, ...]:
    counts = Counter(str(row[GROUP]) for row in _overdue(connection, scope, by))
    if not counts:
        return ()
    told = ", ".join(f"{count} {expected}" for expected, count in sorted(counts.items()))
    return (f"overdue by what the profiles expect: {told} (--rows overdue)",)


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
        RowSet(
            OVERDUE,
            "what the profiles expect and has not come in time",
            (
                Column("expected"),
                Column("practice_id"),
                Column("subject"),
                Column("source"),
                Column("since", "date"),
                Column("due", "date"),
                Column("claims", "count"),
                Column("said"),
                Column("key"),
            ),
            _overdue,
        ),
    ),
    read=_read,
    groupings=("stage", *CLAIM_GROUPS),
    chart=Chart("bar", ("claims",)),
    needs_overdue=True,
)
