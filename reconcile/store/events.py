"""The append-only log of decisions: allocations, hand-made links, releases, notes, status changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from reconcile.store.bulk import insert, next_id, table_of
from reconcile.store.schema import EventRow


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One entry of the log. ``at`` is UTC without zone; ``data`` holds codes and ids, no PHI but notes.

    ``after_file`` is the digest of the file that the store came to know last before a decision.
    """

    id: int
    at: datetime
    kind: str
    subject: str
    actor: str
    data: dict[str, Any]
    after_file: str = ""


def record_event(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    actor: str = "",
    after_file: str = "",
) -> int:
    """Append one event and return its id.

    Args:
        connection: the write transaction of what the event decided.
        kind: ``allocation``, ``link``, ``release``, ``note``, ``status``, ``assign`` …
        subject: what it is about (``denial:…``, ``claim:…``, ``claim_payment:…``).
        at: UTC without zone.
        data: what was decided, as JSON values.
        actor: who, "" for the program.
        after_file: of a decision that a rebuild makes again, the digest of the newest file.
    """
    number = next_id(connection, EventRow)
    content = msgspec.json.encode(dict(data or {}), order="sorted").decode()
    insert(connection, EventRow, [(number, at, kind, subject, actor, content, after_file)])
    return number


def record_events(
    connection: Connection,
    *,
    kind: str,
    entries: Iterable[tuple[str, Mapping[str, Any]]],
    at: datetime,
    actor: str = "",
) -> None:
    """Append events of one kind in one go; arguments as for ``record_event``, each entry its subject and data."""
    first = next_id(connection, EventRow)
    rows = [
        (number, at, kind, subject, actor, msgspec.json.encode(dict(data), order="sorted").decode(), "")
        for number, (subject, data) in enumerate(entries, first)
    ]
    insert(connection, EventRow, rows)


def events_of_kind(connection: Connection, kind: str) -> Iterator[Event]:
    """The events of one kind, in order."""
    table = table_of(EventRow)
    for row in connection.execute(select(table).where(table.c.kind == kind).order_by(table.c.id)).all():
        yield _event(row)


def events(connection: Connection, subject: str | None = None) -> Iterator[Event]:
    """The log in order, all of it or what is about one subject."""
    table = table_of(EventRow)
    query = select(table).order_by(table.c.id)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    for row in connection.execute(query):
        yield _event(row)


def _event(row: Any) -> Event:
    """A row as a value."""
    return Event(
        id=row.id,
        at=row.at,
        kind=row.kind,
        subject=row.subject,
        actor=row.actor,
        data=msgspec.json.decode(row.data),
        after_file=row.after_file,
    )


def latest_event(connection: Connection) -> datetime | None:
    """When the last event of the log was written, UTC without zone; None when there is none."""
    table = table_of(EventRow)
    return connection.execute(select(table.c.at).order_by(table.c.id.desc()).limit(1)).scalar()
