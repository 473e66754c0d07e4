"""What acknowledgments (TA1, 999, 277CA) said of submissions by a day: accepted or rejected, by what, or nothing."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Date, Select, and_, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.answered import by_file, heaviest_first, of_several, speaks_of
from reconcile.store.listing import ACKNOWLEDGMENT, CLAIM, FILE
from reconcile.store.report_rows.scope import Scope, claim_columns, claim_group, claims_of
from reconcile.store.submissions import REJECTION
from reconcile.store.whole_rejections import in_whole_rejection

ACCEPTED, REJECTED_277, REJECTED_999, NO_ANSWER = "accepted", "rejected_277ca", "rejected_999", "no_answer"
BY_NUMBER: Final = "277CA"
"""The kind of acknowledgment that names claims by their number; the others name files by theirs."""


def _rejections(scope: Scope) -> Select[Any]:
    """Submissions of which an acknowledgment that names them said no by the scope's day."""
    return _named(scope).where(~ACKNOWLEDGMENT.c.accepted)


def _whole(scope: Scope) -> Select[Any]:
    """Submissions that a 277CA rejected with their whole transaction set, or provider, by the scope's day."""
    query = select(CLAIM.c.id).select_from(CLAIM.join(ACKNOWLEDGMENT, in_whole_rejection()))
    return query if scope.as_of is None else _come(query, scope.as_of)


def _named(scope: Scope) -> Select[Any]:
    """Submissions that an acknowledgment of theirs alone speaks of, by the scope's day."""
    query = select(ACKNOWLEDGMENT.c.claim_id).where(
        ACKNOWLEDGMENT.c.claim_id.is_not(None), ACKNOWLEDGMENT.c.level != "line"
    )
    return query if scope.as_of is None else _come(query, scope.as_of)


def _come(query: Select[Any], day: date) -> Select[Any]:
    """Those of acknowledgments that came by a day: by the day they say, else by the one their file was first seen."""
    seen = select(func.date(FILE.c.first_seen, type_=Date)).where(
        FILE.c.sha256 == ACKNOWLEDGMENT.c.file_sha256
    )
    came = func.coalesce(ACKNOWLEDGMENT.c.stated_on, seen.correlate(ACKNOWLEDGMENT).scalar_subquery(), day)
    return query.where(came <= day)


def _of_files(scope: Scope) -> Select[Any]:
    """Submissions whose transaction set, group or interchange a TA1 or 999 speaks of that came by the scope's day."""
    query = (
        select(CLAIM.c.id)
        .select_from(ACKNOWLEDGMENT)
        .join(CLAIM, by_file(CLAIM))
        .where(ACKNOWLEDGMENT.c.kind != BY_NUMBER, of_several())
    )
    return query if scope.as_of is None else _come(query, scope.as_of)


def _heard(claim: FromClause, scope: Scope, *, rejected: bool = False) -> ColumnElement[bool]:
    """Whether an acknowledgment spoke of a submission by the scope's day, or with ``rejected`` said no."""
    found = [_named(scope), _whole(scope), _of_files(scope)]
    if rejected:
        found = [one.where(~ACKNOWLEDGMENT.c.accepted) for one in found]
    return or_(*(claim.c.id.in_(one.correlate(None)) for one in found))


def unheard(claim: FromClause, scope: Scope) -> ColumnElement[bool]:
    """Whether no acknowledgment spoke of a submission by the scope's day."""
    silent: ColumnElement[bool] = claim.c.acknowledged == ""
    return silent if scope.as_of is None else or_(silent, ~_heard(claim, scope))


def rejected_last(claim: FromClause, scope: Scope) -> ColumnElement[bool]:
    """Whether what was said last of a submission by the scope's day is a rejection."""
    if scope.as_of is None:
        return claim.c.acknowledged.contains(REJECTION)
    submission = CLAIM.alias("submission")
    said = select(ACKNOWLEDGMENT.c.accepted).select_from(
        submission.join(ACKNOWLEDGMENT, speaks_of(submission))
    )
    come = _come(said, scope.as_of).where(submission.c.id == claim.c.id, ACKNOWLEDGMENT.c.level != "line")
    counts_most = come.order_by(*heaviest_first()).limit(1).scalar_subquery()
    return func.coalesce(~counts_most, literal(False))


def _acknowledged(state: FromClause, scope: Scope) -> ColumnElement[str]:
    """What was said at first of a chain's first submission: accepted, rejected and by what, or nothing."""
    said = state.c.acknowledged
    by_number: ColumnElement[bool] = or_(
        state.c.id.in_(_rejections(scope).where(ACKNOWLEDGMENT.c.kind == BY_NUMBER)),
        state.c.id.in_(_whole(scope)),
    )
    if scope.as_of is None:
        by_number = or_(by_number, and_(said.contains(REJECTION), said.startswith(BY_NUMBER)))
    return case(
        (unheard(state, scope), NO_ANSWER),
        (by_number, REJECTED_277),
        (rejected_first(state, scope), REJECTED_999),
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


def rejected_first(state: FromClause, scope: Scope) -> ColumnElement[bool]:
    """Whether an acknowledgment rejected the first submission of a claim by the scope's day."""
    rejected = _heard(state, scope, rejected=True)
    return rejected if scope.as_of is not None else or_(state.c.acknowledged.contains(REJECTION), rejected)


def rejections_of(connection: Connection, scope: Scope) -> dict[int, str]:
    """First submissions that ``rejected_first`` is true of, by id: ``REJECTED_277`` or ``REJECTED_999``."""
    refused = _rejections(scope).add_columns(ACKNOWLEDGMENT.c.kind == BY_NUMBER)
    found: dict[int, str] = {}

    def note(claim: int, by_number: bool) -> None:
        if by_number or claim not in found:
            found[claim] = REJECTED_277 if by_number else REJECTED_999

    for claim, by_number in connection.execute(refused):
        note(claim, by_number)
    for claim in connection.execute(_whole(scope)).scalars():
        note(claim, True)
    for claim in connection.execute(_of_files(scope).where(~ACKNOWLEDGMENT.c.accepted)).scalars():
        note(claim, False)
    if scope.as_of is None:
        said = CLAIM.c.acknowledged
        kept = select(CLAIM.c.id, said.startswith(BY_NUMBER)).where(
            CLAIM.c.id == CLAIM.c.root, said.contains(REJECTION)
        )
        for claim, by_number in connection.execute(kept):
            note(claim, by_number)
    return found
