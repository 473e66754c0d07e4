"""What payers and clearinghouses answered on claims: adjudicated, denied, settled at first, accepted, silent.

An answer belongs to the payer of its remittance. A claim that crossed over to the next payer is answered by two, so by
``payer`` it has a row with each of them; ``once`` is true in one row of each claim, which is what the total counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, DENIAL, FILE, POSTING, REMITTANCE
from reconcile.store.report_rows.acknowledged import rejected_first, rejected_last, unheard
from reconcile.store.report_rows.scope import (
    Scope,
    claim_columns,
    claim_group,
    claims_of,
    paid_on,
    payer_of,
    posted_by,
)

ADJUDICATED, DENIED = "adjudicated", "denied"
SETTLED, DENIED_FIRST, PENDED_FIRST, REJECTED_FIRST = (
    "settled",
    "denied_first",
    "pended_first",
    "rejected_first",
)
Roots: TypeAlias = Sequence[int] | None
"""Chains by the id of their first submission; None for all."""
UNANSWERED: Final = ("no acknowledgment", "accepted, not paid", "rejected, not sent again")
MERITS: Final = "merits"
PENDED: Final = POSTING.c.account == literal_column("'pended'")
"""The condition on postings as the index ``ix_posting_pended`` has it."""
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


def _of(roots: Roots) -> list[ColumnElement[bool]]:
    """The condition that a claim is of some chains."""
    return [] if roots is None else [CLAIM.c.root.in_(roots)]


def _once(by: str, root: ColumnElement[Any], *order: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row is the first of its claim in an order; without payers a claim has one row."""
    if by != "payer":
        return literal(True)
    return func.row_number().over(partition_by=root, order_by=order) == 1


def decided_by(scope: Scope) -> Select[Any]:
    """The posted answers, of the scope's payer, that decided something.

    One decided when it posts a payment, a write-off or a patient share, denies on the merits (or allows nothing), or
    posts nothing at all. Answers that only pend, call a duplicate or could not process do not decide.
    """
    posts = select(POSTING.c.claim_payment_id).where(POSTING.c.claim_payment_id == CLAIM_PAYMENT.c.id)
    denied = select(DENIAL.c.id).where(DENIAL.c.claim_payment_id == CLAIM_PAYMENT.c.id)
    decided = or_(
        posts.where(POSTING.c.account.in_(_DECIDING), POSTING.c.cents != 0).exists(),
        denied.where(DENIAL.c.kind.not_in(_UNDECIDED)).exists(),
        and_(~posts.where(PENDED).exists(), ~denied.exists()),
    )
    return posted_answers(scope).where(decided, *by_payer(scope))


def _adjudicated(scope: Scope, by: str, roots: Roots) -> FromClause:
    """The chains that an answer of a payer decided something about."""
    answers = decided_by(scope).add_columns(*_keys(by)).where(*_of(roots))
    return answers.distinct().subquery("decided")


def _denied_amounts(scope: Scope, by: str, roots: Roots) -> FromClause:
    """Cents denied on the merits by chain; what was recovered later stays."""
    return (
        select(*_keys(by), func.sum(DENIAL.c.amount).label("denied"))
        .select_from(DENIAL)
        .join(CLAIM, CLAIM.c.id == DENIAL.c.claim_id)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == DENIAL.c.claim_payment_id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .where(DENIAL.c.counted, DENIAL.c.kind == MERITS, *posted_by(scope), *by_payer(scope), *_of(roots))
        .group_by(*_names(by))
        .subquery("denied")
    )


def rate_rows(scope: Scope, by: str, roots: Roots = None) -> Select[Any]:
    """Adjudicated claims with their charge and the cents denied on the merits (None: nothing is).

    Args:
        scope: which claims.
        by: a grouping of claims.
        roots: only these chains; None for all.
    """
    state, decided = claims_of(whoever_answers(scope)), _adjudicated(scope, by, roots)
    denied = _denied_amounts(scope, by, roots)
    group = decided.c.payer if by == "payer" else claim_group(by, state)
    joined = state.join(decided, decided.c.root == state.c.id)
    return select(
        *claim_columns(state),
        group.label("group"),
        denied.c.denied.label("denied_cents"),
        _once(by, state.c.id, denied.c.denied.is_(None), group).label("once"),
    ).select_from(joined.outerjoin(denied, _same(denied, decided, by)))


# -- the first answer ------------------------------------------------------------------------------------------------


def with_denial(answers: Select[Any]) -> Select[Any]:
    """Those of answers that deny something; one comes as often as it does."""
    return answers.join(DENIAL, DENIAL.c.claim_payment_id == CLAIM_PAYMENT.c.id)


def with_pend(answers: Select[Any]) -> Select[Any]:
    """Those of answers that pend something."""
    pended = select(POSTING.c.claim_payment_id).where(PENDED, POSTING.c.cents != 0)
    return answers.where(CLAIM_PAYMENT.c.id.in_(pended))


def resolution_rows(scope: Scope, by: str, roots: Roots = None) -> Select[Any]:
    """Claims that a payer answered, by what became of them at first: settled, denied, pended, or rejected before.

    Arguments as of ``rate_rows``.
    """
    state, keys = claims_of(whoever_answers(scope)), _keys(by)
    answers = posted_answers(scope).where(*by_payer(scope), *_of(roots))
    answers = answers.add_columns(*keys, func.min(paid_on()).label("day")).group_by(*_names(by))
    first = answers.subquery("first")
    denied = with_denial(answers).subquery("first_denied")
    pended = with_pend(answers).subquery("first_pended")
    outcome = case(
        (rejected_first(state, scope), REJECTED_FIRST),
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


def _latest(state: FromClause, scope: Scope) -> ColumnElement[int]:
    """The last submission of a chain that had gone out by the scope's day."""
    later = CLAIM.alias("later")
    query = select(func.max(later.c.id)).where(later.c.root == state.c.id)
    if scope.as_of is not None:
        gone = func.date(FILE.c.first_seen, type_=Date)
        query = query.select_from(later.outerjoin(FILE, FILE.c.sha256 == later.c.file_sha256))
        query = query.where(or_(gone.is_(None), gone <= scope.as_of, later.c.id == later.c.root))
    return query.correlate(state).scalar_subquery()


def silence_rows(scope: Scope, by: str) -> Select[Any]:
    """Claims with a charge that no posted answer speaks of, how far they came, and ``last``, their last submission."""
    state = claims_of(scope, ("adjudications",))
    last = CLAIM.alias("last")
    latest = _latest(state, scope)
    answered = posted_answers(scope).add_columns(CLAIM_PAYMENT.c.id).where(CLAIM.c.root == state.c.id)
    unanswered: list[ColumnElement[bool]] = [~answered.exists()]
    if scope.as_of is None:
        unanswered.insert(0, state.c.adjudications == 0)
    stage = case(
        (unheard(last, scope), UNANSWERED[0]),
        (rejected_last(last, scope), UNANSWERED[2]),
        else_=UNANSWERED[1],
    )
    group = stage if by == "stage" else claim_group(by, state)
    return (
        select(*claim_columns(state), group.label("group"), stage.label("stage"), last.c.id.label("last"))
        .select_from(state.join(last, last.c.root == state.c.id))
        .where(state.c.charge > 0, last.c.id == latest, *unanswered)
    )
