"""Which rows a report looks at, and the conditions and columns that all its queries have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.journal import Dating
from reconcile.store.listing import CLAIM, REMITTANCE
from reconcile.underpayment import Contract

if TYPE_CHECKING:
    from reconcile.store.silence import Silence

ALL: Final = "all"
"""The group of all claims together, for a report that shows their total alone."""
UNKNOWN: Final = "(unknown)"
"""The group of what has no name: no day of service, no payer."""
BALANCES: Final = ("paid", "contractual", "patient", "denied", "pended", "suspense")
"""The accounts that a claim keeps a sum of, by the name of the sum."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is asked for.

    Attributes:
        as_of: only what was posted up to the end of that day, by the payment's date; None for all the store holds.
        today: the day that ages and limits are counted from: ``as_of``, else the clock's.
        practice: a practice id, None for all.
        payer: a payer as the reports name it, None for all.
        since, until: the first and the last day, both included; the report's ``period`` says of what.
        contract: what payers should allow, for the report that asks (``Report.needs_contract``); else None.
        dating: by which day payments post; None: by that of the remittance.
        overdue: what the profiles expect and has not come, for the report that asks (``Report.needs_overdue``); None
            where nothing says what is expected.
    """

    today: date
    as_of: date | None = None
    practice: str | None = None
    payer: str | None = None
    since: date | None = None
    until: date | None = None
    contract: Contract | None = None
    dating: Dating | None = None
    overdue: tuple[Silence, ...] | None = None


def paid_on() -> ColumnElement[Any]:
    """The day a payment counts on: BPR16, else DTM*405. For a query with ``remittance``."""
    return func.coalesce(REMITTANCE.c.payment_date, REMITTANCE.c.production_date)


def payer_of(table: FromClause) -> ColumnElement[str]:
    """How the reports name the payer of a claim or a remittance: its key, else its name, else its id."""
    empty = ""
    return func.coalesce(
        func.nullif(table.c.payer_key, empty),
        func.nullif(table.c.payer_name, empty),
        func.nullif(table.c.payer_id, empty),
        UNKNOWN,
    )


def month_of(day: ColumnElement[Any]) -> ColumnElement[str]:
    """A day's month as text (``2026-01``), on either database."""
    return func.coalesce(func.substr(cast(day, Text), 1, 7), UNKNOWN)


def posted_by(scope: Scope) -> list[ColumnElement[bool]]:
    """The condition that a remittance's money counts as of the scope's day; none when there is no such day."""
    return [] if scope.as_of is None else [or_(paid_on().is_(None), paid_on() <= scope.as_of)]


def within(scope: Scope, day: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """The conditions of ``since`` and ``until`` on a day; what has none is left out where there is a limit."""
    found: list[ColumnElement[bool]] = []
    if scope.since is not None:
        found.append(day >= scope.since)
    if scope.until is not None:
        found.append(day <= scope.until)
    return found


def of_claims(scope: Scope, claim: FromClause = CLAIM) -> list[ColumnElement[bool]]:
    """The conditions of a scope on claims: practice, payer, first day of service, served by the scope's day."""
    found = within(scope, claim.c.date_from)
    if scope.practice is not None:
        found.append(claim.c.practice_id == scope.practice)
    if scope.payer is not None:
        found.append(payer_of(claim) == scope.payer)
    if scope.as_of is not None:
        found.append(or_(claim.c.date_from.is_(None), claim.c.date_from <= scope.as_of))
    return found


def of_practice(scope: Scope, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """The condition that a column of practices, one a line, holds the scope's."""
    if scope.practice is None:
        return []
    line = "\n"
    return [(line + column + line).contains(line + scope.practice + line, autoescape=True)]


def claim_group(by: str, claim: FromClause = CLAIM) -> ColumnElement[str]:
    """The group of a claim by ``payer``, ``practice`` or ``month`` (of its first day of service); by "" all in one."""
    if not by:
        return literal(ALL)
    if by == "payer":
        return payer_of(claim)
    if by == "practice":
        return func.coalesce(func.nullif(claim.c.practice_id, ""), UNKNOWN)
    return month_of(claim.c.date_from)


def group_in(rows: FromClause, by: str) -> ColumnElement[str]:
    """The group of rows whose sums are taken; by "" they are one group."""
    return rows.c.group if by else literal(ALL).label("group")


def grouped(query: Any, by: str, *groups: ColumnElement[Any] | str) -> Any:
    """A query of sums by its groups; by "" there is one group, and sorting all rows into it is spared."""
    return query.group_by(*groups) if by else query


def claim_columns(state: FromClause) -> list[Any]:
    """What a row behind a figure says of a claim: id, practice, number, payer, first day of service, status, charge."""
    names = ("id", "practice_id", "patient_control_number", "date_from", "status", "charge")
    return [*(state.c[name] for name in names), payer_of(state).label("payer")]


def listed(connection: Connection, query: Any) -> Iterator[dict[str, Any]]:
    """The rows of a query by column name, as they come."""
    for row in connection.execute(query):
        yield row._asdict()


_CLAIM_COLUMNS: Final = (
    "id", "practice_id", "patient_control_number", "payer_key", "payer_name", "payer_id", "date_from", "date_to",
    "status", "acknowledged",
)  # fmt: skip


def claims_of(scope: Scope, more: Sequence[str] = (), roots: Sequence[int] | None = None) -> FromClause:
    """Claims, one row a chain (its first submission), with the charge that counts now; cents.

    Args:
        scope: which claims.
        more: further columns of ``claim``, as they are now.
        roots: only these of them, by id; None for all.
    """
    return claims_with(scope, [CLAIM.c[name] for name in more], roots).subquery("state")


def claims_with(scope: Scope, more: list[Any], roots: Sequence[int] | None = None) -> Select[Any]:
    """The same, with further columns of any kind."""
    columns = [*(CLAIM.c[name] for name in _CLAIM_COLUMNS), CLAIM.c.billed.label("charge"), *more]
    query = select(*columns).where(CLAIM.c.id == CLAIM.c.root, *of_claims(scope))
    return query if roots is None else query.where(CLAIM.c.id.in_(roots))


def payer_keys(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The names that go with each payer as the reports name it."""
    found: dict[str, set[str]] = {}
    for table in (CLAIM, REMITTANCE):
        for label, name in connection.execute(select(payer_of(table), table.c.payer_name).distinct()):
            found.setdefault(label, set()).add(name)
    return {label: tuple(sorted(names)) for label, names in found.items()}
