"""Work that no file can do: a reopening that a person asks the payer for. Opened once, listed, closed by a person."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, ScalarSelect, func, select

from reconcile.store.bulk import insert, next_id, table_of, update
from reconcile.store.events import record_event
from reconcile.store.schema import ClaimPaymentRow, ClaimRow, RemittanceRow, WorkItemRow

OPEN = "open"
DONE = "done"
_ITEM = table_of(WorkItemRow)
_CLAIM = table_of(ClaimRow)
_PAYMENT = table_of(ClaimPaymentRow)
_REMITTANCE = table_of(RemittanceRow)


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do about a claim. ``kind`` says what, ``due_date`` by when (None: not known).

    ``amount`` is what is denied or open of the claim, in cents; ``payer_claim_control_number`` the payer's own number
    of it, from its last answer, "" when it gave none.
    """

    id: int
    practice_id: str
    patient_control_number: str
    payer: str
    kind: str
    reason: str
    opened_on: date | None
    due_date: date | None
    status: str
    amount: int = 0
    payer_claim_control_number: str = ""


def open_work_item(
    connection: Connection, *, root: int, kind: str, reason: str, due_date: date | None, at: datetime
) -> tuple[WorkItem, bool]:
    """Open an item, unless one of its kind is open on the claim already.

    Args:
        connection: a write transaction.
        root: the first submission of the claim.
        kind: ``reopening``.
        reason: what is to be asked, in words without PHI.
        due_date: the last day.
        at: UTC without zone; its day is the day of opening.

    Returns:
        The item that is open now, and whether it is new.
    """
    held = [one for one in work_items(connection, root=root) if one.kind == kind]
    for one in held:
        if one.status == OPEN:
            return one, False
    number = next_id(connection, WorkItemRow)
    query = select(func.count()).select_from(_ITEM).where(_ITEM.c.claim_id == root)
    ordinal = 1 + int(connection.execute(query).scalar() or 0)
    row = (number, root, ordinal, kind, reason, at.date(), due_date, OPEN)
    insert(connection, WorkItemRow, [row])
    (made,) = (one for one in work_items(connection, root=root) if one.id == number)
    subject = f"claim:{made.patient_control_number}"
    record_event(connection, kind="work_item", subject=subject, at=at, data={"kind": kind, "status": OPEN})
    return made, True


def close_work_item(connection: Connection, number: int, *, note: str, at: datetime) -> WorkItem | None:
    """Mark an item as done, with a note in the event log; None when there is none of that id."""
    found = [one for one in work_items(connection) if one.id == number]
    if not found:
        return None
    if found[0].status == OPEN:
        update(connection, WorkItemRow, ["status"], [(DONE, number)])
        data = {"kind": found[0].kind, "status": DONE, "note": note}
        subject = f"claim:{found[0].patient_control_number}"
        record_event(connection, kind="work_item", subject=subject, at=at, data=data)
    return msgspec.structs.replace(found[0], status=DONE)


def work_items(
    connection: Connection, *, root: int | None = None, status: str | None = None
) -> tuple[WorkItem, ...]:
    """The items of one claim or of all, of one status or of any; the most pressing first."""
    query = select(
        _ITEM,
        _CLAIM.c.practice_id,
        _CLAIM.c.patient_control_number,
        _CLAIM.c.payer_key,
        _CLAIM.c.payer_id,
        (_CLAIM.c.denied + _CLAIM.c.open_balance).label("amount"),
        _last_number().label("number"),
    ).join(_CLAIM, _CLAIM.c.id == _ITEM.c.claim_id)
    if root is not None:
        query = query.where(_ITEM.c.claim_id == root)
    if status is not None:
        query = query.where(_ITEM.c.status == status)
    rows = connection.execute(query.order_by(_ITEM.c.id)).all()
    found = [
        WorkItem(
            id=row.id,
            practice_id=row.practice_id,
            patient_control_number=row.patient_control_number,
            payer=row.payer_key or row.payer_id,
            kind=row.kind,
            reason=row.reason,
            opened_on=row.opened_on,
            due_date=row.due_date,
            status=row.status,
            amount=row.amount,
            payer_claim_control_number=row.number or "",
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.due_date or date.max, one.id)))


def _last_number() -> ScalarSelect[str]:
    """The payer's number of an item's claim, from the last answer that has one."""
    answered = _CLAIM.alias("answered")
    return (
        select(_PAYMENT.c.payer_claim_control_number)
        .join(answered, answered.c.id == _PAYMENT.c.claim_id)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .where(answered.c.root == _ITEM.c.claim_id, _PAYMENT.c.payer_claim_control_number != "")
        .order_by(_REMITTANCE.c.payment_date.desc(), _PAYMENT.c.id.desc())
        .limit(1)
        .correlate(_ITEM)
        .scalar_subquery()
    )
