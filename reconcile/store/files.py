"""Files and their transaction sets: what came of each, so that a rerun after an interruption ends the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from reconcile.store.bulk import insert, insert_new, table_of, update
from reconcile.store.events import Event, record_event
from reconcile.store.holds import DISMISSED, set_subject
from reconcile.store.schema import EventRow, FileRow, FileTransactionRow, ReleaseRow, RemittanceRow

STARTED: Final = "started"
PLACED: Final = "placed"
"""Outcome of a file that stood whole in its folder; what becomes of it there is not ours to undo."""
SENDING: Final = "sending"
"""Outcome of a file that is about to get its own name there; it stays so when the run ends in the middle of that."""
SENT: Final = "sent"
"""Outcome of a file that the far side was seen to hold whole, or has acknowledged."""
TRUNCATED: Final = "ING012"
"""The finding on a transaction set without an SE."""
TAKEN_AGAIN: Final = "file_taken_again"
"""Kind of the event where a file came again that had been taken in part."""
INCOMING: Final = "in"
OUTGOING: Final = "out"

_FILE = table_of(FileRow)
IN_ORDER: Final = (_FILE.c.ordinal, _FILE.c.first_seen, _FILE.c.sha256)
"""The order in which a store came to know its files; `rebuild` takes them again in it."""
_SET = table_of(FileTransactionRow)
_SUBJECT: Final = "file:"
_EVENT = table_of(EventRow)
_REMITTANCE = table_of(RemittanceRow)
_RELEASE = table_of(ReleaseRow)


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the store. ``manifest`` is its part of the manifest as JSON, "" until it is finished."""

    sha256: str
    size: int
    direction: str
    kind: str
    name: str
    outcome: str
    manifest: str
    first_seen: datetime


class StoredSet(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one transaction set of a file. ``record`` is the manifest's payment as JSON."""

    file_sha256: str
    position: int
    kind: str
    st_control_number: str
    outcome: str
    payment_key: str = ""
    content_digest: str = ""
    trace_number: str = ""
    amount: int = 0
    record: str = ""


def begin_file(
    connection: Connection, sha256: str, *, size: int, direction: str, kind: str, name: str, at: datetime
) -> StoredFile | None:
    """Note that a kept file is being worked on.

    Returns:
        What the store knew of it already: None when it is new; else its row, whose ``outcome`` is ``started`` when an
        earlier run did not get to its end.
    """
    known = load_file(connection, sha256)
    if known is None:
        insert(
            connection, FileRow, [(sha256, size, direction, kind, name, STARTED, "", at, _next(connection))]
        )
    return known


def _next(connection: Connection) -> int:
    """The place of a new file among all files."""
    return int(connection.execute(select(func.max(_FILE.c.ordinal))).scalar() or 0) + 1


def take_up(connection: Connection, sha256: str) -> bool:
    """Give a known file that is begun anew the last place, if nothing of it is stored yet: there a rebuild takes it.

    Decisions that were made after it, before it said anything, are then after the file before it.

    Returns:
        Whether nothing of it was stored; else it keeps its place.
    """
    if connection.execute(select(_SET.c.position).where(_SET.c.file_sha256 == sha256).limit(1)).first():
        return False
    own = connection.execute(select(_FILE.c.ordinal).where(_FILE.c.sha256 == sha256)).scalar_one()
    earlier = select(_FILE.c.sha256).where(_FILE.c.ordinal < own)
    before = connection.execute(earlier.order_by(*(one.desc() for one in IN_ORDER)).limit(1)).scalar() or ""
    connection.execute(_EVENT.update().where(_EVENT.c.after_file == sha256).values(after_file=before))
    if newest_file(connection) != sha256:
        connection.execute(_FILE.update().where(_FILE.c.sha256 == sha256).values(ordinal=_next(connection)))
    return True


def note_taken_again(connection: Connection, sha256: str, now: datetime) -> None:
    """Note that a file which was taken in part comes again, so that a rebuild takes it at this place too."""
    newest = newest_file(connection)
    if newest != sha256:
        record_event(connection, kind=TAKEN_AGAIN, subject=f"{_SUBJECT}{sha256}", at=now, after_file=newest)


def taken_again(event: Event) -> str:
    """The digest of the file that a ``TAKEN_AGAIN`` event is about."""
    return event.subject.removeprefix(_SUBJECT)


def newest_file(connection: Connection) -> str:
    """The digest of the file that the store came to know last; "" when it knows none."""
    query = select(_FILE.c.sha256).order_by(*(column.desc() for column in IN_ORDER)).limit(1)
    return connection.execute(query).scalar() or ""


def finish_file(connection: Connection, sha256: str, *, kind: str, outcome: str, manifest: str) -> None:
    """Write a file's outcome and manifest: the last thing that is written of it."""
    update(connection, FileRow, ["kind", "outcome", "manifest"], [(kind, outcome, manifest, sha256)])


def move_file(connection: Connection, sha256: str, *, before: str, outcome: str) -> bool:
    """Take a file from one outcome to the next, unless another run took it elsewhere; return whether it was moved."""
    changed = connection.execute(
        _FILE.update().where(_FILE.c.sha256 == sha256, _FILE.c.outcome == before).values(outcome=outcome)
    )
    return changed.rowcount == 1


def load_file(connection: Connection, sha256: str) -> StoredFile | None:
    """A file of the store, or None."""
    row = connection.execute(select(_FILE).where(_FILE.c.sha256 == sha256)).first()
    return None if row is None else _file(row)


def files(connection: Connection) -> Iterator[StoredFile]:
    """All files of the store by digest."""
    for row in connection.execute(select(_FILE).order_by(_FILE.c.sha256)):
        yield _file(row)


def _file(row: Any) -> StoredFile:
    """A row as a value."""
    return StoredFile(
        sha256=row.sha256,
        size=row.size,
        direction=row.direction,
        kind=row.kind,
        name=row.name,
        outcome=row.outcome,
        manifest=row.manifest,
        first_seen=row.first_seen,
    )


def load_set(connection: Connection, file_sha256: str, position: int) -> StoredSet | None:
    """What became of a file's transaction set in an earlier, interrupted run; None when it did not get there."""
    query = select(_SET).where(_SET.c.file_sha256 == file_sha256, _SET.c.position == position)
    row = connection.execute(query).first()
    return None if row is None else StoredSet(**row._asdict())


def save_set(connection: Connection, stored: StoredSet) -> None:
    """Write what became of a transaction set, in the transaction that stored its content."""
    insert(connection, FileTransactionRow, [msgspec.structs.astuple(stored)])


def held_sets(connection: Connection) -> Iterator[tuple[StoredFile, StoredSet]]:
    """Quarantined transaction sets and possible reissues, each once, though several files may carry it.

    One whose very content is posted (out of another wrapping, or released) is not held, and neither is one that was
    cut off when its payment is posted: the whole file came beside it. What a person dismissed is not, in any wrapping.
    """
    put_aside = select(_SET).where(_SET.c.outcome.in_(("quarantined", "conflict")))
    query = put_aside.join(_FILE, _FILE.c.sha256 == _SET.c.file_sha256)
    rows = connection.execute(query.order_by(_FILE.c.first_seen, _SET.c.file_sha256, _SET.c.position)).all()
    decided = set(
        connection.execute(select(_RELEASE.c.subject).where(_RELEASE.c.kind == DISMISSED)).scalars()
    )
    held = [StoredSet(**row._asdict()) for row in rows]
    seen = {_identity(one) for one in held if set_subject(one.file_sha256, one.position) in decided}
    for stored in held:
        identity = _identity(stored)
        file = load_file(connection, stored.file_sha256)
        posted = stored.content_digest and posted_payment(connection, stored.payment_key)
        settled = posted == stored.content_digest or (bool(posted) and _is_truncated(stored))
        if identity not in seen and file is not None and not settled:
            seen.add(identity)
            yield file, stored


def _identity(stored: StoredSet) -> object:
    """What is the same of a transaction set in every file that carries it."""
    return (stored.payment_key, stored.content_digest) if stored.content_digest else stored


def _is_truncated(stored: StoredSet) -> bool:
    """Whether a set was put aside because its end is missing."""
    findings = msgspec.json.decode(stored.record or "{}").get("findings", [])
    return any(one["code"] == TRUNCATED for one in findings)


def posted_payment(connection: Connection, payment_key: str) -> str | None:
    """The content digest of the payment posted under a key, or None."""
    query = select(_REMITTANCE.c.content_digest).where(_REMITTANCE.c.payment_key == payment_key)
    digest = connection.execute(query).scalar()
    return None if digest is None else str(digest)


def register_file(
    connection: Connection,
    sha256: str,
    *,
    size: int,
    direction: str,
    kind: str,
    name: str,
    outcome: str,
    at: datetime,
) -> None:
    """Note a kept file whose work is done in this very transaction (a file going out)."""
    insert_new(
        connection, FileRow, [(sha256, size, direction, kind, name, outcome, "", at, _next(connection))]
    )
