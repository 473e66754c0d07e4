"""The chain of the audit: entries, their hashes, and how the next ones are appended.

The hash of an entry is the SHA-256, in small hex digits, of its columns in the order ``sequence, at, actor, run,
command, what, subjects, shown, changed, exit_code, previous``: each as text in UTF-8, numbers in decimal, null as
nothing, written as the count of its bytes in decimal, a colon, the bytes, and a comma. ``previous`` of the first entry
is 64 zeros.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from reconcile.store.bulk import insert, table_of
from reconcile.store.engine import GONE_AFTER
from reconcile.store.schema import AuditEntryRow

BEFORE_THE_FIRST: Final = "0" * 64
AUDIT_LOCK: Final = 0x636C6175
"""The key of PostgreSQL's advisory lock that a transaction which appends holds to its end, taken after all others."""
LONGEST_WAIT: Final = "60s"
"""How long an append waits for the others, each of which takes a moment."""
BEGAN: Final = "began"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry will say. ``at`` is UTC without zone; the rest as in `AuditEntryRow`."""

    at: datetime
    actor: str
    run: str
    command: str
    what: str
    subjects: dict[str, Any] = {}
    shown: int = 0
    changed: int = 0
    exit_code: int | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is stored."""

    sequence: int
    at: str
    actor: str
    run: str
    command: str
    what: str
    subjects: str
    shown: int
    changed: int
    exit_code: int | None
    previous: str
    hash: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The last entry: with it nobody can cut off the end of the chain, or put another in its place, unseen."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


def hash_of(values: Iterable[object]) -> str:
    """The hash of an entry's columns but the last, in order (see the head of this module)."""
    digest = hashlib.sha256()
    for value in values:
        data = b"" if value is None else str(value).encode()
        digest.update(b"%d:%s," % (len(data), data))
    return digest.hexdigest()


def append(connection: Connection, drafts: Sequence[Draft]) -> Head | None:
    """Append entries; nothing else of the transaction may take a lock after this.

    Args:
        connection: a write transaction: on SQLite one that began IMMEDIATE, on PostgreSQL READ COMMITTED.
        drafts: in order.

    Returns:
        The new end of the chain; None when there is none.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"{GONE_AFTER}; SET LOCAL lock_timeout = '{LONGEST_WAIT}'; SELECT pg_advisory_xact_lock({AUDIT_LOCK})"
        )
    last = head(connection)
    sequence, previous = (last.sequence, last.hash) if last is not None else (0, BEFORE_THE_FIRST)
    rows = []
    for draft in drafts:
        sequence += 1
        values = (
            sequence,
            told(draft.at),
            draft.actor,
            draft.run,
            draft.command,
            draft.what,
            _packed(draft.subjects),
            draft.shown,
            draft.changed,
            draft.exit_code,
            previous,
        )
        previous = hash_of(values)
        rows.append((*values, previous))
    insert(connection, AuditEntryRow, rows)
    return Head(sequence=sequence, hash=previous) if sequence else None


def told(at: datetime) -> str:
    """A moment (UTC without zone) as entries have it."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def _packed(subjects: Mapping[str, Any]) -> str:
    """Subjects as JSON, keys in order."""
    return msgspec.json.encode(dict(subjects), order="sorted").decode()


def head(connection: Connection) -> Head | None:
    """The end of the chain; None when nothing was ever noted."""
    table = table_of(AuditEntryRow)
    query = select(table.c.sequence, table.c.hash).order_by(table.c.sequence.desc()).limit(1)
    found = connection.execute(query).first()
    return None if found is None else Head(sequence=int(found[0]), hash=str(found[1]))


def copy_chain(source: Connection, target: Connection) -> None:
    """Write the entries of a store into another that has none, as they are.

    Args:
        source: a read transaction.
        target: a write transaction of a store without entries.
    """
    rows = source.execute(select(table_of(AuditEntryRow)).order_by(table_of(AuditEntryRow).c.sequence))
    for some in rows.partitions(5_000):
        insert(target, AuditEntryRow, [tuple(row) for row in some])
