"""The append-only log of decisions: allocations, hand-made links, releases, notes, status changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from reconcile.store.bulk import insert, next_id, table_of
from reconcile.store.schema import EventRow


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One entry of the log. ``at`` is UTC without zone; ``data`` holds codes and ids, no PHI but notes."""

    id: int
    at: datetime
    kind: str
    subject: str
    actor: str
    data: dict[str, Any]


def record_event(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    actor: str = "",
) -> int:
    """Append one event and return its id.

    Args:
        connection: the write transaction of what the event decided.
        kind: ``allocation``, ``link``, ``release``, ``note``, ``status``, ``assign`` …
        subject: what it is about (``denial:…``, ``claim:…``, ``claim_payment:…``).
        at: UTC without zone.
        data: what was decided, as JSON values.
        actor: who, "" for the program.
    """
    number = next_id(connection, EventRow)
    content = msgspec.json.encode(dict(data or {}), order="sorted").decode()
    insert(connection, EventRow, [(number, at, kind, subject, actor, content)])
    return number


def events(connection: Connection, subject: str | None = None) -> Iterator[Event]:
    """The log in order, all of it or what is about one subject."""
    table = table_of(EventRow)
    query = select(table).order_by(table.c.id)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    for row in connection.execute(query):
        yield Event(
            id=row.id,
            at=row.at,
            kind=row.kind,
            subject=row.subject,
            actor=row.actor,
            data=msgspec.json.decode(row.data),
        )
