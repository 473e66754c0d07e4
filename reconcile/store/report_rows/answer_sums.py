"""The sums of the rows of ``answers``, read by shorter ways; what they come to is what their rows come to.

What nearly every claim has in common is not looked up: a claim with cents in its books is adjudicated, a first answer
without a denial or a pend settled it, and nearly all answers come from the payer billed. So the claims are counted as
their books are, and only those apart (several payers, nothing posted, denied, pended, rejected) are looked at closer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, case, distinct, func, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, DENIAL, REMITTANCE
from reconcile.store.report_rows import answers
from reconcile.store.report_rows.acknowledged import ACCEPTED, NO_ANSWER
from reconcile.store.report_rows.answers import (
    DENIED_FIRST,
    MERITS,
    PENDED_FIRST,
    REJECTED_FIRST,
    SETTLED,
    posted_answers,
    silence_rows,
    whoever_answers,
)
from reconcile.store.report_rows.books import ANSWERS, GROUP, HEARD, Books, answers_to
from reconcile.store.report_rows.scope import Scope, claim_group, claims_of, grouped, paid_on, posted_by


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


class SilenceSum(msgspec.Struct, frozen=True, gc=False):
    """Of one group: claims that nobody answered, their charges in cents, their oldest day of service."""

    group: str
    claims: int
    charge: int
    oldest: date | None


def _matters(scope: Scope, by: str) -> bool:
    """Whether sums depend on who answered."""
    return by == "payer" or scope.payer is not None


# -- rates -----------------------------------------------------------------------------------------------------------


def rate_sums(books: Books, by: str) -> dict[str, RateSum]:
    """What ``answers.rate_rows`` comes to, by group.

    Args:
        books: which claims.
        by: a grouping of claims, or "" for all of them together.
    """
    found: dict[str, RateSum] = {}
    _add_plain_rates(books, by, found, 1)
    if _matters(books.scope, by):
        for some in chunks(books.mixed, IN_LIST):
            _add_plain_rates(books, by, found, -1, some)
            rows = answers.rate_rows(books.scope, by, some).subquery()
            for group, *sums in books.connection.execute(_rates_of(rows)):
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
    books: Books, by: str, found: dict[str, RateSum], sign: int, roots: Sequence[int] | None = None
) -> None:
    """Add what claims come to if each was answered by the payer billed alone."""

    def add(name: str, names: Sequence[str], sums: Iterable[int]) -> None:
        for prefix in ("", "once_"):
            _add(found.setdefault(name, RateSum()), [prefix + one for one in names], sums, sign)

    for one in books.sums(by, ANSWERS, roots):
        add(one["group"], _ADJUDICATED, (one["decided"], one["decided_charge"]))
    for name, *sums in books.connection.execute(grouped(_denied(books.scope, by, roots), by, GROUP)):
        add(name, _DENIED, sums)


def _denied(scope: Scope, by: str, roots: Sequence[int] | None) -> Any:
    """Group, claims denied on the merits by the scope's day, and their cents."""
    state = claims_of(scope, (), roots)
    denied = (
        select(
            claim_group(by, state).label(GROUP), func.count(distinct(state.c.id)), func.sum(DENIAL.c.amount)
        )
        .select_from(DENIAL)
        .join(CLAIM, CLAIM.c.id == DENIAL.c.claim_id)
        .join(state, state.c.id == CLAIM.c.root)
        .where(DENIAL.c.counted, DENIAL.c.kind == MERITS)
    )
    if scope.as_of is None:
        return denied
    denied = denied.join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == DENIAL.c.claim_payment_id)
    denied = denied.join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
    return denied.where(*posted_by(scope))


_ADJUDICATED: Final = ("adjudicated_claims", "adjudicated")
_DENIED: Final = ("denied_claims", "denied")


# -- the first answer ------------------------------------------------------------------------------------------------


def acceptance_sums(books: Books, by: str) -> list[OutcomeSum]:
    """What ``acknowledged.acceptance_rows`` comes to: nearly all claims are accepted, so the others are counted."""
    found: dict[tuple[str, str], int] = {}

    def add(group: str, outcome: str, claims: int) -> None:
        found[group, outcome] = found.get((group, outcome), 0) + claims

    for one in books.sums(by, HEARD):
        add(one["group"], NO_ANSWER, one["unheard"])
        add(one["group"], ACCEPTED, one["claims"] - one["unheard"])
    for outcome in sorted(set(books.rejected.values())):
        roots = sorted(root for root, one in books.rejected.items() if one == outcome)
        for some in chunks(roots, IN_LIST):
            state = claims_of(books.scope, (), some)
            count = select(claim_group(by, state).label(GROUP), func.count()).select_from(state)
            for group, claims in _counted(books, count.where(state.c.acknowledged != ""), by).items():
                add(group, outcome, claims)
                add(group, ACCEPTED, -claims)
    return [OutcomeSum(*key, claims, claims) for key, claims in found.items() if claims]


def _counted(books: Books, query: Any, by: str) -> dict[str, int]:
    """Counts by group."""
    rows = books.connection.execute(grouped(query, by, GROUP))
    return {name: int(count) for name, count in rows if count}


def resolution_sums(books: Books, by: str) -> list[OutcomeSum]:
    """What ``answers.resolution_rows`` comes to, by group and outcome; arguments as of ``rate_sums``."""
    found: dict[tuple[str, str], list[int]] = {}

    def add(group: str, outcome: str, claims: int, once: int) -> None:
        sums = found.setdefault((group, outcome), [0, 0])
        sums[0] += claims
        sums[1] += once

    for group, outcome, claims in _plain_outcomes(books, by):
        add(group, outcome, claims, claims)
    if _matters(books.scope, by):
        for some in chunks(books.mixed, IN_LIST):
            for group, outcome, claims in _plain_outcomes(books, by, some):
                add(group, outcome, -claims, -claims)
            rows = answers.resolution_rows(books.scope, by, some).subquery()
            once = func.sum(case((rows.c.once, 1), else_=0))
            query = select(rows.c.group, rows.c.outcome, func.count(), once)
            for group, outcome, claims, first in books.connection.execute(
                query.group_by(rows.c.group, rows.c.outcome)
            ):
                add(group, outcome, int(claims), int(first))
    return [OutcomeSum(*key, *sums) for key, sums in found.items() if sums[0]]


def _plain_outcomes(books: Books, by: str, roots: Sequence[int] | None = None) -> list[tuple[str, str, int]]:
    """Claims by group and outcome, if each was answered by the payer billed alone; a group may come several times."""
    found = [(one["group"], SETTLED, one["answered"]) for one in books.sums(by, ANSWERS, roots)]
    rejected = books.rejected if roots is None else books.rejected.keys() & set(roots)
    of_all: list[tuple[Sequence[int] | None, int]] = [(roots, 1)]
    for some, sign in (*of_all, *((some, -1) for some in chunks(sorted(rejected), IN_LIST))):
        for outcome, query in _begun_badly(books.scope, by, some):
            for name, claims in _counted(books, query, by).items():
                found += [(name, outcome, sign * claims), (name, SETTLED, -sign * claims)]
    for some in chunks(sorted(rejected), IN_LIST):
        state = claims_of(books.scope, (), some)
        count = select(claim_group(by, state).label(GROUP), func.count()).select_from(state)
        for name, claims in _counted(books, count.where(answers_to(state, books.scope).exists()), by).items():
            found += [(name, REJECTED_FIRST, claims), (name, SETTLED, -claims)]
    return found


def _begun_badly(scope: Scope, by: str, roots: Sequence[int] | None) -> list[tuple[str, Select[Any]]]:
    """Counts by group of the claims whose first answer denied, or only pended; rejected ones among them."""
    state = claims_of(scope, (), roots)
    begun = posted_answers(whoever_answers(scope)).join(state, state.c.id == CLAIM.c.root)
    begun = begun.add_columns(claim_group(by, state).label(GROUP), func.count(distinct(state.c.id)))
    begun = begun.where(paid_on().is_not(None), ~_before(state).exists())
    pended = answers.with_pend(begun).where(~_denied_then(state).exists())
    return [(DENIED_FIRST, answers.with_denial(begun)), (PENDED_FIRST, pended)]


def silence_sums(books: Books, by: str) -> list[SilenceSum]:
    """What ``answers.silence_rows`` comes to, by group."""
    if by != "stage":
        return [
            SilenceSum(one["group"], one["silent"], one["silent_charge"], one["oldest"])
            for one in books.sums(by, ANSWERS)
            if one["silent"]
        ]
    rows = silence_rows(books.scope, by).subquery()
    query = select(rows.c.group, func.count(), func.sum(rows.c.charge), func.min(rows.c.date_from))
    return [
        SilenceSum(group, int(claims), int(charge), oldest)
        for group, claims, charge, oldest in books.connection.execute(query.group_by(rows.c.group))
    ]


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
