"""The sums of the rows of ``answers``, read by shorter ways; what they come to is what their rows come to.

What nearly every claim has in common is not looked up: a claim with cents in its books is adjudicated, a first answer
without a denial or a pend settled it, and nearly all answers come from the payer billed. So the claims are counted as
their books are, and only those apart (several payers, nothing posted, denied, pended, rejected) are looked at closer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, case, distinct, func, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, DENIAL, REMITTANCE
from reconcile.store.report_rows import answers
from reconcile.store.report_rows.answers import (
    ACCEPTED,
    DENIED_FIRST,
    MERITS,
    PENDED_FIRST,
    REJECTED_FIRST,
    SETTLED,
    posted_answers,
    whoever_answers,
)
from reconcile.store.report_rows.scope import (
    BALANCES,
    Scope,
    claim_group,
    claims_of,
    group_in,
    grouped,
    of_claims,
    paid_on,
    payer_of,
    posted_by,
)

_GROUP: Final = "named"
"""What a query calls its group: an expression with parameters is not the same twice on PostgreSQL."""
_BOOKED: Final = ("paid", "contractual", "patient")
"""Sums of a claim that are not 0 only if an answer decided something."""


class RateSum(msgspec.Struct, gc=False):
    """Of one group: claims and cents adjudicated, claims and cents denied; the same of each claim once."""

    adjudicated_claims: int = 0
    adjudicated: int = 0
    denied_claims: int = 0
    denied: int = 0
    once_adjudicated_claims: int = 0
    once_adjudicated: int = 0
    once_denied_claims: int = 0
    once_denied: int = 0


class OutcomeSum(msgspec.Struct, frozen=True, gc=False):
    """Of one group and outcome: claims, and the claims counted ``once``."""

    group: str
    outcome: str
    claims: int
    once: int


def several_payers(connection: Connection, scope: Scope) -> list[int]:
    """The chains with a posted answer of another payer than the one billed, by the id of the first submission."""
    everyone, root = whoever_answers(scope), CLAIM.alias("root")
    query = (
        posted_answers(everyone)
        .add_columns(CLAIM.c.root)
        .join(root, root.c.id == CLAIM.c.root)
        .where(or_(REMITTANCE.c.payer_key != root.c.payer_key, REMITTANCE.c.payer_key == ""))
        .where(payer_of(REMITTANCE) != payer_of(root), *of_claims(everyone, root))
        .distinct()
    )
    return sorted(connection.execute(query).scalars())


def _matters(scope: Scope, by: str) -> bool:
    """Whether sums depend on who answered."""
    return by == "payer" or scope.payer is not None


# -- rates -----------------------------------------------------------------------------------------------------------


def rate_sums(
    connection: Connection, scope: Scope, by: str, mixed: Sequence[int] | None = None
) -> dict[str, RateSum]:
    """What ``answers.rate_rows`` comes to, by group.

    Args:
        connection: a read transaction.
        scope: which claims.
        by: a grouping of claims, or "" for all of them together.
        mixed: what ``several_payers`` gave, where it was asked already.
    """
    found: dict[str, RateSum] = {}
    _add_plain_rates(connection, scope, by, found, 1)
    if _matters(scope, by):
        for some in chunks(several_payers(connection, scope) if mixed is None else mixed, IN_LIST):
            _add_plain_rates(connection, scope, by, found, -1, some)
            rows = answers.rate_rows(scope, by, some).subquery()
            for group, *sums in connection.execute(_rates_of(rows)):
                _add(found.setdefault(group, RateSum()), RateSum.__struct_fields__, sums)
    return {group: sums for group, sums in found.items() if sums.adjudicated_claims}


def _rates_of(rows: FromClause) -> Select[Any]:
    """The sums of rows as ``answers.rate_rows`` has them."""
    denied = func.coalesce(func.sum(rows.c.denied_cents), 0)
    return select(
        rows.c.group,
        func.count(),
        func.sum(rows.c.charge),
        func.count(rows.c.denied_cents),
        denied,
        func.sum(case((rows.c.once, 1), else_=0)),
        func.sum(case((rows.c.once, rows.c.charge), else_=0)),
        func.count(case((rows.c.once, rows.c.denied_cents))),
        denied,
    ).group_by(rows.c.group)


def _add(sums: RateSum, names: Iterable[str], values: Iterable[int], sign: int = 1) -> None:
    for name, value in zip(names, values, strict=True):
        setattr(sums, name, getattr(sums, name) + sign * int(value or 0))


def _add_plain_rates(
    connection: Connection,
    scope: Scope,
    by: str,
    found: dict[str, RateSum],
    sign: int,
    roots: Sequence[int] | None = None,
) -> None:
    """Add what claims come to if each was answered by the payer billed alone."""
    state = claims_of(scope, BALANCES, roots)
    group = claim_group(by, state).label(_GROUP)
    decided: ColumnElement[bool] = (
        answers.decided_by(whoever_answers(scope))
        .add_columns(CLAIM_PAYMENT.c.id)
        .where(CLAIM.c.root == state.c.id)
        .exists()
    )
    if scope.as_of is None:
        decided = or_(*(state.c[name] != 0 for name in _BOOKED), decided)
    denied = (
        select(group, func.count(distinct(state.c.id)), func.sum(DENIAL.c.amount))
        .select_from(DENIAL)
        .join(CLAIM, CLAIM.c.id == DENIAL.c.claim_id)
        .join(state, state.c.id == CLAIM.c.root)
        .where(DENIAL.c.counted, DENIAL.c.kind == MERITS)
    )
    if scope.as_of is not None:
        denied = denied.join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == DENIAL.c.claim_payment_id)
        denied = denied.join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        denied = denied.where(*posted_by(scope))
    parts: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (select(group, func.count(), func.sum(state.c.charge)).where(decided), _ADJUDICATED),
        (denied, _DENIED),
    )
    for query, names in parts:
        for name, *sums in connection.execute(grouped(query, by, _GROUP)):
            for prefix in ("", "once_"):
                _add(found.setdefault(name, RateSum()), [prefix + one for one in names], sums, sign)


_ADJUDICATED: Final = ("adjudicated_claims", "adjudicated")
_DENIED: Final = ("denied_claims", "denied")


# -- the first answer ------------------------------------------------------------------------------------------------


def acceptance_sums(connection: Connection, scope: Scope, by: str) -> list[OutcomeSum]:
    """What ``answers.acceptance_rows`` comes to: nearly all claims are accepted, so the others are counted."""
    rows = answers.acceptance_rows(scope, by).subquery()
    few = answers.acceptance_rows(scope, by, apart=True).subquery()
    every = _counted(connection, select(group_in(rows, by).label(_GROUP), func.count()).select_from(rows), by)
    apart = select(few.c.group, few.c.outcome, func.count()).group_by(few.c.group, few.c.outcome)
    found = []
    for group, outcome, claims in connection.execute(apart):
        if outcome != ACCEPTED:
            every[group] -= claims
            found.append(OutcomeSum(group, outcome, claims, claims))
    return [*found, *(OutcomeSum(group, ACCEPTED, left, left) for group, left in every.items() if left)]


def _counted(connection: Connection, query: Any, by: str) -> dict[str, int]:
    """Counts by group."""
    return {name: int(count) for name, count in connection.execute(grouped(query, by, _GROUP))}


def resolution_sums(
    connection: Connection, scope: Scope, by: str, mixed: Sequence[int] | None = None
) -> list[OutcomeSum]:
    """What ``answers.resolution_rows`` comes to, by group and outcome; arguments as of ``rate_sums``."""
    found: dict[tuple[str, str], list[int]] = {}

    def add(group: str, outcome: str, claims: int, once: int) -> None:
        sums = found.setdefault((group, outcome), [0, 0])
        sums[0] += claims
        sums[1] += once

    for group, outcome, claims in _plain_outcomes(connection, scope, by):
        add(group, outcome, claims, claims)
    if _matters(scope, by):
        for some in chunks(several_payers(connection, scope) if mixed is None else mixed, IN_LIST):
            for group, outcome, claims in _plain_outcomes(connection, scope, by, some):
                add(group, outcome, -claims, -claims)
            rows = answers.resolution_rows(scope, by, some).subquery()
            once = func.sum(case((rows.c.once, 1), else_=0))
            query = select(rows.c.group, rows.c.outcome, func.count(), once)
            for group, outcome, claims, first in connection.execute(
                query.group_by(rows.c.group, rows.c.outcome)
            ):
                add(group, outcome, int(claims), int(first))
    return [OutcomeSum(*key, *sums) for key, sums in found.items() if sums[0]]


def _plain_outcomes(
    connection: Connection, scope: Scope, by: str, roots: Sequence[int] | None = None
) -> list[tuple[str, str, int]]:
    """Claims by group and outcome, if each was answered by the payer billed alone."""
    state = claims_of(scope, ("adjudications",), roots)
    group = claim_group(by, state).label(_GROUP)
    answered: ColumnElement[bool] = _answers_to(scope, state.c.id).add_columns(CLAIM_PAYMENT.c.id).exists()
    if scope.as_of is None:
        answered = or_(state.c.adjudications > 0, answered)
    rejected = answers.rejected_first(state, scope)
    count = select(group, func.count()).select_from(state)
    begun = posted_answers(whoever_answers(scope)).join(state, state.c.id == CLAIM.c.root)
    begun = begun.add_columns(group, func.count(distinct(state.c.id)))
    begun = begun.where(~rejected, paid_on().is_not(None), ~_before(state).exists())
    by_denial, by_pend = (
        answers.with_denial(begun),
        answers.with_pend(begun).where(~_denied_then(state).exists()),
    )
    sums = {
        outcome: _counted(connection, query, by)
        for outcome, query in (
            (SETTLED, count.where(answered)),
            (REJECTED_FIRST, count.where(rejected, answered)),
            (DENIED_FIRST, by_denial),
            (PENDED_FIRST, by_pend),
        )
    }
    for outcome in (REJECTED_FIRST, DENIED_FIRST, PENDED_FIRST):
        for name, claims in sums[outcome].items():
            if claims:
                sums[SETTLED][name] -= claims
    return [(name, outcome, claims) for outcome, held in sums.items() for name, claims in held.items()]


def _answers_to(scope: Scope, root: ColumnElement[int]) -> Select[Any]:
    """The posted answers to one chain that count as of the scope's day, whoever gave them."""
    return posted_answers(whoever_answers(scope)).where(CLAIM.c.root == root)


def _others(state: FromClause) -> tuple[Select[Any], FromClause, ColumnElement[Any]]:
    """The posted answers to a claim of an outer query, as themselves and with the day they count on."""
    sent, answer, said = CLAIM.alias("sent"), CLAIM_PAYMENT.alias("answer"), REMITTANCE.alias("said")
    query = (
        select(answer.c.id)
        .join(sent, sent.c.id == answer.c.claim_id)
        .join(said, said.c.id == answer.c.remittance_id)
        .where(sent.c.root == state.c.id, answer.c.outcome == "posted")
    )
    return query, answer, func.coalesce(said.c.payment_date, said.c.production_date)


def _before(state: FromClause) -> Select[Any]:
    """The answers to a claim before the one of the outer query."""
    query, _, day = _others(state)
    return query.where(day < paid_on())


def _denied_then(state: FromClause) -> Select[Any]:
    """The answers to a claim that deny something on the day of the one of the outer query."""
    query, answer, day = _others(state)
    denial = DENIAL.alias("denied_then")
    return query.join(denial, denial.c.claim_payment_id == answer.c.id).where(day == paid_on())
