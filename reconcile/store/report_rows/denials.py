"""Denials with what they have in common, one by one and summed; who rendered the lines that were denied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.bulk import fetch
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, DENIAL, LINE, POSTING, REMITTANCE
from reconcile.store.report_rows.scope import UNKNOWN, Scope, month_of, paid_on, payer_of, posted_by, within

CLAIM_LEVEL: Final = "(claim)"
"""The procedure code of a denial of a whole claim."""
OPEN: Final = "open"
_SERVED = func.coalesce(LINE.c.date_from, CLAIM.c.date_from)
_GROUPS: Final[dict[str, ColumnElement[str]]] = {
    "category": DENIAL.c.category,
    "reason": DENIAL.c.group_code + "-" + DENIAL.c.reason,
    "payer": payer_of(REMITTANCE),
    "code": func.coalesce(func.nullif(LINE.c.procedure_code, ""), CLAIM_LEVEL),
    "practice": CLAIM.c.practice_id,
    "month": month_of(_SERVED),
    "action": DENIAL.c.next_action,
    "status": DENIAL.c.status,
}
GROUPS: Final = (*_GROUPS, "therapist")
"""What denials are grouped by in SQL, and ``therapist``, whom only the claim's kept value names."""


def _joined() -> FromClause:
    """Denials with claim, payment, remittance and line."""
    return (
        DENIAL.join(CLAIM, CLAIM.c.id == DENIAL.c.claim_id)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == DENIAL.c.claim_payment_id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .outerjoin(LINE, LINE.c.id == DENIAL.c.line_id)
    )


def _conditions(scope: Scope) -> list[ColumnElement[bool]]:
    """The denials of a scope's practice and payer, of lines of its days, that were known by its day."""
    found = [*within(scope, _SERVED), *posted_by(scope)]
    if scope.practice is not None:
        found.append(CLAIM.c.practice_id == scope.practice)
    if scope.payer is not None:
        found.append(payer_of(REMITTANCE) == scope.payer)
    return found


def _status(scope: Scope) -> ColumnElement[str]:
    """Whether a denial stood at the end of the scope's day: what settled it later does not count."""
    if scope.as_of is None:
        return DENIAL.c.status
    answer, answered, submission = CLAIM_PAYMENT.alias(), REMITTANCE.alias(), CLAIM.alias()
    answered_on = func.coalesce(answered.c.payment_date, answered.c.production_date)
    posted = POSTING.alias()
    since_then = (
        select(answer.c.id)
        .join(answered, answered.c.id == answer.c.remittance_id)
        .join(submission, submission.c.id == answer.c.claim_id)
        .join(posted, posted.c.claim_payment_id == answer.c.id)
        .where(
            submission.c.root == CLAIM.c.root,
            answer.c.id != DENIAL.c.claim_payment_id,
            answer.c.outcome == "posted",
            answered_on <= scope.as_of,
            or_(answered_on >= paid_on(), answer.c.id > DENIAL.c.claim_payment_id),
            or_(DENIAL.c.line_id.is_(None), posted.c.line_id == DENIAL.c.line_id),
        )
    )
    return case((and_(DENIAL.c.status != OPEN, ~since_then.exists()), OPEN), else_=DENIAL.c.status)


def denial_rows(scope: Scope, by: str) -> Select[Any]:
    """Denials, one a row, with the name of their group (but for ``therapist``: "")."""
    status = _status(scope)
    group: ColumnElement[str] = status if by == "status" else _GROUPS.get(by, literal(""))
    return (
        select(
            DENIAL.c.id.label("denial_id"),
            CLAIM.c.id.label("claim_id"),
            CLAIM.c.practice_id,
            CLAIM.c.patient_control_number,
            LINE.c.number.label("line_number"),
            _GROUPS["code"].label("procedure_code"),
            _SERVED.label("date_of_service"),
            payer_of(REMITTANCE).label("payer"),
            _GROUPS["reason"].label("reason"),
            DENIAL.c.category,
            DENIAL.c.kind,
            DENIAL.c.amount,
            status.label("status"),
            DENIAL.c.next_action,
            DENIAL.c.preventable_by,
            paid_on().label("remitted_on"),
            group.label("group"),
        )
        .select_from(_joined())
        .where(*_conditions(scope))
    )


def denial_sums(connection: Connection, scope: Scope, by: str) -> list[tuple[str, int, int, int, int, int]]:
    """By group: denials, cents, open ones, their cents, and the cents that a rule would have prevented."""
    if by == "therapist":
        return _by_therapist(connection, scope)
    rows = denial_rows(scope, by).subquery()
    waits, prevented = rows.c.status == OPEN, rows.c.preventable_by != ""
    query = select(
        rows.c.group,
        func.count(),
        func.sum(rows.c.amount),
        func.sum(case((waits, 1), else_=0)),
        func.sum(case((waits, rows.c.amount), else_=0)),
        func.sum(case((prevented, rows.c.amount), else_=0)),
    ).group_by(rows.c.group)
    return [(group, *(int(one) for one in sums)) for group, *sums in connection.execute(query)]


def _by_therapist(connection: Connection, scope: Scope) -> list[tuple[str, int, int, int, int, int]]:
    """The same by who rendered the line."""
    whole = denial_rows(scope, "therapist").subquery()
    names = ("claim_id", "line_number", "amount", "status", "preventable_by")
    rows = connection.execute(select(*(whole.c[name] for name in names))).all()
    who = therapists(connection, {(row.claim_id, row.line_number) for row in rows})
    found: dict[str, list[int]] = {}
    for row in rows:
        waits = row.status == OPEN
        sums = found.setdefault(who[row.claim_id, row.line_number], [0] * 5)
        sums[0] += 1
        sums[1] += row.amount
        sums[2] += waits
        sums[3] += row.amount if waits else 0
        sums[4] += row.amount if row.preventable_by else 0
    return [(name, *sums) for name, sums in found.items()]  # type: ignore[misc]


def prevented_sums(connection: Connection, scope: Scope) -> list[tuple[str, int, int]]:
    """By the rules that would have prevented a denial (one a word): denials and cents; "" is none."""
    rows = denial_rows(scope, "category").subquery()
    query = select(rows.c.preventable_by, func.count(), func.sum(rows.c.amount)).group_by(
        rows.c.preventable_by
    )
    return [(rules, int(count), int(cents)) for rules, count, cents in connection.execute(query)]


# -- who rendered ----------------------------------------------------------------------------------------------------


class _Renderer(msgspec.Struct, frozen=True, gc=False):
    npi: str = ""
    last_name: str = ""
    first_name: str = ""


class _Line(msgspec.Struct, frozen=True, gc=False):
    number: int
    rendering: _Renderer | None = None


class _Claim(msgspec.Struct, frozen=True, gc=False):
    """The part of a kept claim that says who rendered it."""

    billing: _Renderer
    rendering: _Renderer | None = None
    lines: tuple[_Line, ...] = ()


_decoder = msgspec.msgpack.Decoder(_Claim)
_KEPT: Final = "SELECT claim_id, content FROM claim_content WHERE claim_id {keys}"


def therapists(
    connection: Connection, wanted: Iterable[tuple[int, int | None]]
) -> dict[tuple[int, int | None], str]:
    """Who rendered lines: NPI and name, of the line's own, else the claim's, else the billing provider's.

    Args:
        connection: a read transaction.
        wanted: pairs of a submission's id and a line's number (None: the claim as a whole).
    """
    asked: dict[int, list[int | None]] = {}
    for claim, number in wanted:
        asked.setdefault(claim, []).append(number)
    found: dict[tuple[int, int | None], str] = {}
    names: dict[str, str] = {}
    for claim, content in fetch(connection, _KEPT, sorted(asked)):
        kept = _decoder.decode(content)
        own = {line.number: line.rendering for line in kept.lines if line.rendering is not None}
        for number in asked[claim]:
            who = (own.get(number) if number is not None else None) or kept.rendering or kept.billing
            label = f"{who.npi} {who.last_name}".strip() or UNKNOWN
            found[claim, number] = names.setdefault(who.npi, label) if who.npi else label
    return found
