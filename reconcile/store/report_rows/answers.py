"""What payers and clearinghouses answered on claims: adjudicated, denied, settled at first, accepted, silent.

An answer belongs to the payer of its remittance. A claim that crossed over to the next payer is answered by two, so by
``payer`` it has a row with each of them; ``once`` is true in one row of each claim, which is what the total counts.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.listing import ACKNOWLEDGMENT, CLAIM, CLAIM_PAYMENT, DENIAL, POSTING, REMITTANCE
from reconcile.store.report_rows.scope import (
    Scope,
    claim_columns,
    claim_group,
    claims_of,
    paid_on,
    payer_of,
    posted_by,
)
from reconcile.store.submissions import REJECTION

ADJUDICATED, DENIED = "adjudicated", "denied"
ACCEPTED, REJECTED_277, REJECTED_999, NO_ANSWER = "accepted", "rejected_277ca", "rejected_999", "no_answer"
SETTLED, DENIED_FIRST, PENDED_FIRST, REJECTED_FIRST = (
    "settled",
    "denied_first",
    "pended_first",
    "rejected_first",
)
UNANSWERED: Final = ("no acknowledgment", "accepted, not paid", "rejected, not sent again")
MERITS: Final = "merits"
_DECIDING: Final = ("paid", "contractual", "patient")
_UNDECIDED: Final = ("duplicate", "unprocessable")


def counts(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions under which a claim payment is posted and counts as of the scope's day."""
    return [CLAIM_PAYMENT.c.outcome == "posted", *posted_by(scope)]


def posted_answers(scope: Scope) -> Select[Any]:
    """Claim payments that are posted and count as of the scope's day, with remittance and submission joined."""
    return (
        select()
        .select_from(CLAIM_PAYMENT)
        .join(CLAIM, CLAIM.c.id == CLAIM_PAYMENT.c.claim_id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .where(*counts(scope))
    )


def whoever_answers(scope: Scope) -> Scope:
    """The scope for claims whose answers are looked at: its payer is the one that answers, not the one billed."""
    return msgspec.structs.replace(scope, payer=None)


def by_payer(scope: Scope) -> list[ColumnElement[bool]]:
    """The condition that a remittance is of the scope's payer."""
    return [] if scope.payer is None else [payer_of(REMITTANCE) == scope.payer]


def _keys(by: str) -> list[ColumnElement[Any]]:
    """What names a row of answers: the chain, and by ``payer`` who answered."""
    return [CLAIM.c.root, *([payer_of(REMITTANCE).label("payer")] if by == "payer" else [])]


def _names(by: str) -> list[Any]:
    """The same as ``GROUP BY`` names it: an expression with parameters is not the same twice on PostgreSQL."""
    return [CLAIM.c.root, *(["payer"] if by == "payer" else [])]


def _same(one: FromClause, other: FromClause, by: str) -> ColumnElement[bool]:
    """The condition that two rows of answers have the same name."""
    return and_(one.c.root == other.c.root, *([one.c.payer == other.c.payer] if by == "payer" else []))


def _once(by: str, root: ColumnElement[Any], *order: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row is the first of its claim in an order; without payers a claim has one row."""
    if by != "payer":
        return literal(True)
    return func.row_number().over(partition_by=root, order_by=order) == 1


def _adjudicated(scope: Scope, by: str) -> FromClause:
    """The chains that an answer of a payer decided something about.

    It decided when it posts a payment, a write-off or a patient share, denies on the merits (or allows nothing), or
    posts nothing at all. Answers that only pend, call a duplicate or could not process do not decide.
    """
    posts = select(POSTING.c.claim_payment_id).where(POSTING.c.claim_payment_id == CLAIM_PAYMENT.c.id)
    denied = select(DENIAL.c.id).where(DENIAL.c.claim_payment_id == CLAIM_PAYMENT.c.id)
    decided = or_(
        posts.where(POSTING.c.account.in_(_DECIDING), POSTING.c.cents != 0).exists(),
        denied.where(DENIAL.c.kind.not_in(_UNDECIDED)).exists(),
        and_(~posts.where(POSTING.c.account == "pended").exists(), ~denied.exists()),
    )
    answers = posted_answers(scope).add_columns(*_keys(by)).where(decided, *by_payer(scope))
    return answers.distinct().subquery("decided")


def _denied_amounts(scope: Scope, by: str) -> FromClause:
    """Cents denied on the merits by chain; what was recovered later stays."""
    return (
        select(*_keys(by), func.sum(DENIAL.c.amount).label("denied"))
        .select_from(DENIAL)
        .join(CLAIM, CLAIM.c.id == DENIAL.c.claim_id)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == DENIAL.c.claim_payment_id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .where(DENIAL.c.counted, DENIAL.c.kind == MERITS, *posted_by(scope), *by_payer(scope))
        .group_by(*_names(by))
        .subquery("denied")
    )


def rate_rows(scope: Scope, by: str) -> Select[Any]:
    """Adjudicated claims with their charge and the cents denied on the merits (None: nothing is)."""
    state, decided = claims_of(whoever_answers(scope)), _adjudicated(scope, by)
    denied = _denied_amounts(scope, by)
    group = decided.c.payer if by == "payer" else claim_group(by, state)
    joined = state.join(decided, decided.c.root == state.c.id)
    return select(
        *claim_columns(state),
        group.label("group"),
        denied.c.denied.label("denied_cents"),
        _once(by, state.c.id, denied.c.denied.is_(None), group).label("once"),
    ).select_from(joined.outerjoin(denied, _same(denied, decided, by)))


def rate_sums(connection: Connection, scope: Scope, by: str) -> list[Any]:
    """By group: claims and cents adjudicated, claims and cents denied; the same of each claim ``once``."""
    rows = rate_rows(scope, by).subquery()
    denied = func.coalesce(func.sum(rows.c.denied_cents), 0)
    query = select(
        rows.c.group,
        func.count().label("adjudicated_claims"),
        func.sum(rows.c.charge).label("adjudicated"),
        func.count(rows.c.denied_cents).label("denied_claims"),
        denied.label("denied"),
        func.sum(case((rows.c.once, 1), else_=0)).label("once_adjudicated_claims"),
        func.sum(case((rows.c.once, rows.c.charge), else_=0)).label("once_adjudicated"),
        func.count(case((rows.c.once, rows.c.denied_cents))).label("once_denied_claims"),
        denied.label("once_denied"),
    ).group_by(rows.c.group)
    return list(connection.execute(query))


# -- the first answer ------------------------------------------------------------------------------------------------


def _rejections(scope: Scope) -> Select[Any]:
    """Submissions of which a 277CA said no by the scope's day."""
    query = select(ACKNOWLEDGMENT.c.claim_id).where(
        ~ACKNOWLEDGMENT.c.accepted, ACKNOWLEDGMENT.c.claim_id.is_not(None), ACKNOWLEDGMENT.c.level != "line"
    )
    if scope.as_of is not None:
        stated = ACKNOWLEDGMENT.c.stated_on
        query = query.where(or_(stated.is_(None), stated <= scope.as_of))
    return query


def _answered_later(scope: Scope) -> Select[Any]:
    """Submissions whose first dated acknowledgment is later than the scope's day."""
    return (
        select(ACKNOWLEDGMENT.c.claim_id)
        .where(ACKNOWLEDGMENT.c.claim_id.is_not(None), ACKNOWLEDGMENT.c.level != "line")
        .group_by(ACKNOWLEDGMENT.c.claim_id)
        .having(func.min(ACKNOWLEDGMENT.c.stated_on) > scope.as_of)
    )


def _acknowledged(state: FromClause, scope: Scope) -> ColumnElement[str]:
    """What was said at first of a chain's first submission: accepted, rejected and by what, or nothing."""
    said, rejected = state.c.acknowledged, state.c.acknowledged.contains(REJECTION)
    unanswered: ColumnElement[bool] = said == ""
    if scope.as_of is not None:
        unanswered = or_(unanswered, state.c.id.in_(_answered_later(scope)))
    by_277 = or_(state.c.id.in_(_rejections(scope)), and_(rejected, said.startswith("277CA")))
    if scope.as_of is not None:
        by_277 = state.c.id.in_(_rejections(scope))
    return case(
        (unanswered, NO_ANSWER),
        (by_277, REJECTED_277),
        (and_(rejected, ~said.startswith("277CA")), REJECTED_999),
        else_=ACCEPTED,
    )


def acceptance_rows(scope: Scope, by: str) -> Select[Any]:
    """Claims by what the acknowledgments said of their first submission."""
    state = claims_of(scope)
    return select(
        *claim_columns(state),
        claim_group(by, state).label("group"),
        _acknowledged(state, scope).label("outcome"),
    )


def resolution_rows(scope: Scope, by: str) -> Select[Any]:
    """Claims that a payer answered, by what became of them at first: settled, denied, pended, or rejected before."""
    state, keys = claims_of(whoever_answers(scope)), _keys(by)
    answers = (
        posted_answers(scope).where(*by_payer(scope)).add_columns(*keys, func.min(paid_on()).label("day"))
    )
    first = answers.group_by(*_names(by)).subquery("first")
    denied = (
        answers.join(DENIAL, DENIAL.c.claim_payment_id == CLAIM_PAYMENT.c.id)
        .group_by(*_names(by))
        .subquery("first_denied")
    )
    pended = (
        answers.where(
            CLAIM_PAYMENT.c.id.in_(
                select(POSTING.c.claim_payment_id).where(POSTING.c.account == "pended", POSTING.c.cents != 0)
            )
        )
        .group_by(*_names(by))
        .subquery("first_pended")
    )
    said = state.c.acknowledged.contains(REJECTION)
    outcome = case(
        (or_(state.c.id.in_(_rejections(scope)), said), REJECTED_FIRST),
        (denied.c.day == first.c.day, DENIED_FIRST),
        (pended.c.day == first.c.day, PENDED_FIRST),
        else_=SETTLED,
    )
    joined = state.join(first, first.c.root == state.c.id)
    for other in (denied, pended):
        joined = joined.outerjoin(other, _same(other, first, by))
    group = first.c.payer if by == "payer" else claim_group(by, state)
    undated = case((first.c.day.is_(None), 1), else_=0)
    well = case((outcome == SETTLED, 2), (outcome == PENDED_FIRST, 1), else_=0)
    return select(
        *claim_columns(state),
        group.label("group"),
        first.c.day.label("answered_on"),
        outcome.label("outcome"),
        _once(by, state.c.id, undated, first.c.day, well, group).label("once"),
    ).select_from(joined)


def silence_rows(scope: Scope, by: str) -> Select[Any]:
    """Claims with a charge that no posted answer speaks of, and how far they came."""
    state = claims_of(scope)
    last = CLAIM.alias("last")
    latest = (
        select(CLAIM.c.root, func.max(CLAIM.c.id).label("last_id")).group_by(CLAIM.c.root).subquery("latest")
    )
    answered = posted_answers(scope).add_columns(CLAIM.c.root)
    unheard: ColumnElement[bool] = last.c.acknowledged == ""
    if scope.as_of is not None:
        unheard = or_(unheard, last.c.id.in_(_answered_later(scope)))
    stage = case(
        (unheard, UNANSWERED[0]),
        (last.c.acknowledged.contains(REJECTION), UNANSWERED[2]),
        else_=UNANSWERED[1],
    )
    group = stage if by == "stage" else claim_group(by, state)
    return (
        select(*claim_columns(state), group.label("group"), stage.label("stage"))
        .select_from(
            state.join(latest, latest.c.root == state.c.id).join(last, last.c.id == latest.c.last_id)
        )
        .where(state.c.charge > 0, state.c.id.not_in(answered))
    )


def outcome_sums(connection: Connection, query: Select[Any]) -> list[Any]:
    """By group and outcome: claims, their charges, and where rows have it the claims ``once``."""
    rows = query.subquery()
    sums = [func.count().label("claims"), func.sum(rows.c.charge).label("charge")]
    if "once" in rows.c:
        sums.append(func.sum(case((rows.c.once, 1), else_=0)).label("once"))
    return list(
        connection.execute(select(rows.c.group, rows.c.outcome, *sums).group_by(rows.c.group, rows.c.outcome))
    )


def silence_sums(connection: Connection, scope: Scope, by: str) -> list[Any]:
    """By group: claims, charges and the oldest day of service."""
    rows = silence_rows(scope, by).subquery()
    return list(
        connection.execute(
            select(
                rows.c.group,
                func.count().label("claims"),
                func.sum(rows.c.charge).label("charge"),
                func.min(rows.c.date_from).label("oldest"),
            ).group_by(rows.c.group)
        )
    )
