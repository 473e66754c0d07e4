"""Denials with what they have in common, one by one and summed; who rendered the lines that were denied."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from reconcile.store.denials_then import statuses_then
from reconcile.store.listing import CLAIM, CLAIM_PAYMENT, DENIAL, LINE, REMITTANCE
from reconcile.store.report_rows.scope import (
    UNKNOWN,
    Scope,
    group_in,
    grouped,
    month_of,
    paid_on,
    payer_of,
    posted_by,
    within,
)

CLAIM_LEVEL: Final = "(claim)"
"""The procedure code of a denial of a whole claim."""
OPEN: Final = "open"
_SERVED = func.coalesce(LINE.c.date_from, CLAIM.c.date_from)
THERAPIST: Final = "therapist"
"""Grouped by who rendered the line; the names are ``therapist_names``."""
_OWN: Final = LINE.alias("own")
"""The line that was denied, as the denied submission has it."""
_GROUPS: Final[dict[str, ColumnElement[str]]] = {
    "category": DENIAL.c.category,
    "reason": DENIAL.c.group_code + "-" + DENIAL.c.reason,
    "payer": payer_of(REMITTANCE),
    "code": func.coalesce(func.nullif(LINE.c.procedure_code, ""), CLAIM_LEVEL),
    "practice": CLAIM.c.practice_id,
    "month": month_of(_SERVED),
    "action": DENIAL.c.next_action,
    "status": DENIAL.c.status,
    THERAPIST: func.coalesce(func.nullif(_OWN.c.rendered_by, ""), CLAIM.c.rendered_by),
}


def _joined(by: str) -> FromClause:
    """Denials with claim, payment, remittance and line."""
    joined = (
        DENIAL.join(CLAIM, CLAIM.c.id == DENIAL.c.claim_id)
        .join(CLAIM_PAYMENT, CLAIM_PAYMENT.c.id == DENIAL.c.claim_payment_id)
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .outerjoin(LINE, LINE.c.id == DENIAL.c.line_id)
    )
    if by != THERAPIST:
        return joined
    return joined.outerjoin(_OWN, and_(_OWN.c.claim_id == DENIAL.c.claim_id, _OWN.c.number == LINE.c.number))


def _conditions(scope: Scope) -> list[ColumnElement[bool]]:
    """The denials of a scope's practice and payer, of lines of its days, that were known by its day."""
    found = [*within(scope, _SERVED), *posted_by(scope)]
    if scope.practice is not None:
        found.append(CLAIM.c.practice_id == scope.practice)
    if scope.payer is not None:
        found.append(payer_of(REMITTANCE) == scope.payer)
    return found


def _status(connection: Connection, scope: Scope) -> ColumnElement[str]:
    """How a denial stood at the end of the scope's day: what settled or opened it later does not count."""
    if scope.as_of is None:
        return DENIAL.c.status
    by_status: dict[str, list[str]] = {}
    for name, status in statuses_then(connection, scope.as_of).items():
        by_status.setdefault(status, []).append(name)
    known = [
        (DENIAL.c.id.in_(bindparam(None, names, expanding=True, literal_execute=True)), status)
        for status, names in sorted(by_status.items())
    ]
    return case(*known, (_settled_after(scope.as_of), OPEN), else_=DENIAL.c.status)


def _settled_after(day: date) -> ColumnElement[bool]:
    """Whether a denial is settled, and its answer was the only one of the claim by a day. For ``_joined``."""
    answer, answered, submission = CLAIM_PAYMENT.alias(), REMITTANCE.alias(), CLAIM.alias()
    answered_on = func.coalesce(answered.c.payment_date, answered.c.production_date)
    another = (
        select(answer.c.id)
        .join(answered, answered.c.id == answer.c.remittance_id)
        .join(submission, submission.c.id == answer.c.claim_id)
        .where(
            submission.c.root == CLAIM.c.root,
            answer.c.id != DENIAL.c.claim_payment_id,
            answer.c.outcome == "posted",
            or_(answered_on.is_(None), answered_on <= day),
        )
    )
    return and_(DENIAL.c.status != OPEN, ~another.exists())


def standing_then(connection: Connection, day: date) -> dict[str, str]:
    """By id how denials stood at the end of a day, of those of which that may be otherwise than now."""
    query = select(DENIAL.c.id).select_from(_joined("")).where(_settled_after(day))
    found = dict.fromkeys(connection.execute(query).scalars(), OPEN)
    return {**found, **statuses_then(connection, day)}


def denial_rows(connection: Connection, scope: Scope, by: str) -> Select[Any]:
    """Denials, one a row, with the name of their group (by ``therapist`` as the store spells it)."""
    status = _status(connection, scope)
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
        .select_from(_joined(by))
        .where(*_conditions(scope))
    )


def denial_sums(connection: Connection, scope: Scope, by: str) -> list[tuple[str, int, int, int, int, int]]:
    """By group: denials, cents, open ones, their cents, and the cents that a rule would have prevented."""
    if by == THERAPIST:
        return _by_therapist(connection, scope)
    rows = denial_rows(connection, scope, by).subquery()
    found = connection.execute(grouped(_sums_of(rows, group_in(rows, by)), by, rows.c.group))
    return [(group, *(int(one) for one in sums)) for group, *sums in found if sums[0]]


def _sums_of(rows: FromClause, group: ColumnElement[str]) -> Any:
    """The sums of rows as ``denial_rows`` has them."""
    waits, prevented = rows.c.status == OPEN, rows.c.preventable_by != ""
    return select(
        group,
        func.count(),
        func.sum(rows.c.amount),
        func.sum(case((waits, 1), else_=0)),
        func.sum(case((waits, rows.c.amount), else_=0)),
        func.sum(case((prevented, rows.c.amount), else_=0)),
    )


def _by_therapist(connection: Connection, scope: Scope) -> list[tuple[str, int, int, int, int, int]]:
    """The same by who rendered the line."""
    rows = denial_rows(connection, scope, THERAPIST).subquery()
    query = _sums_of(rows, rows.c.group).add_columns(func.min(rows.c.claim_id)).group_by(rows.c.group)
    told = connection.execute(query).all()
    names = therapist_names((label, claim) for label, *_, claim in told)
    found: dict[str, list[int]] = {}
    for label, *sums, _ in told:
        held = found.setdefault(names[label], [0] * len(sums))
        for place, value in enumerate(sums):
            held[place] += int(value)
    return [(name, *sums) for name, sums in found.items()]  # type: ignore[misc]


def prevented_sums(connection: Connection, scope: Scope) -> list[tuple[str, int, int]]:
    """By the rules that would have prevented a denial (one a word): denials and cents; "" is none."""
    rows = denial_rows(connection, scope, "category").subquery()
    query = select(rows.c.preventable_by, func.count(), func.sum(rows.c.amount)).group_by(
        rows.c.preventable_by
    )
    return [(rules, int(count), int(cents)) for rules, count, cents in connection.execute(query)]


# -- who rendered ----------------------------------------------------------------------------------------------------


def therapist_names(told: Iterable[tuple[str, int]]) -> dict[str, str]:
    """One name for each therapist, however the files spell it: that of the claim stored first.

    Args:
        told: as the store names them (``reconcile.store.rendering``), each with the id of a claim that does.

    Returns:
        NPI and name, by what was told; who has no NPI is known by name alone.
    """
    first: dict[str, tuple[int, str]] = {}
    labels = set()
    for label, claim in told:
        labels.add(label)
        npi = _npi(label)
        first[npi] = min(first.get(npi, (claim, label)), (claim, label))
    return {label: (first[_npi(label)][1] if _npi(label) else label).strip() or UNKNOWN for label in labels}


def _npi(label: str) -> str:
    return label.partition(" ")[0]
