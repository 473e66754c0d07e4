"""Work that no file can do: a reopening that a person asks the payer for. Opened once, listed, closed by a person."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, func, select

from reconcile.store.bulk import insert, next_id, table_of, update
from reconcile.store.events import record_event
from reconcile.store.schema import ClaimRow, WorkItemRow

OPEN = "open"
DONE = "done"
_ITEM = table_of(WorkItemRow)
_CLAIM = table_of(ClaimRow)


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do about a claim. ``kind`` says what, ``due_date`` by when (None: not known)."""

    id: int
    practice_id: str
    patient_control_number: str
    payer: str
    kind: str
    reason: str
    opened_on: date | None
    due_date: date | None
    status: str


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
        _ITEM, _CLAIM.c.practice_id, _CLAIM.c.patient_control_number, _CLAIM.c.payer_key, _CLAIM.c.payer_id
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
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.due_date or date.max, one.id)))
