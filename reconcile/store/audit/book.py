"""Where a store's audit is written: its database, the head beside it, and a file for what has to wait.

An append is a short transaction of its own, so it can neither deadlock with a posting nor wait for one on PostgreSQL.
SQLite has one writer: an entry that would have to wait for a long one goes into a file beside the store, from which the
next append takes it, so that a look never waits for an ingest. An entry is synced to SQLite's disk with the change
that follows it, or when the command ends; a kill loses none, a loss of power perhaps that of a look under way.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from sqlalchemy import Connection, make_url, select

from edi.model.errors import TemporaryError
from reconcile.store.audit.chain import Draft, Head, append, told
from reconcile.store.audit.subjects import named
from reconcile.store.bulk import table_of
from reconcile.store.driver_errors import begun, translated
from reconcile.store.engine import engine_of
from reconcile.store.schema import AuditEntryRow
from reconcile.tally import Tally

PATIENCE_MILLISECONDS: Final = 2_000
"""How long an entry waits for SQLite's one writer."""
_decoder = msgspec.json.Decoder(Draft)


class Book:
    """The audit of one store, to be written to.

    Args:
        url: of the store, which is there and of this version.
        folder: where the head is kept when the store is no file.
        anew: the head that is kept is of a chain that is no more.
    """

    def __init__(self, url: str, folder: Path, *, anew: bool = False) -> None:
        self._engine = engine_of(url)
        self.name = self._engine.url.render_as_string(hide_password=True)
        self.head_file, self._waiting = files_beside(url, folder)
        self.head: Head | None = None
        self._anew = anew

    def write(self, drafts: Sequence[Draft], words: Sequence[str] = ()) -> None:
        """Append entries in a transaction of their own.

        Args:
            drafts: in order.
            words: what was asked for by name; what of it the store knows is added to the subjects of each draft.

        Raises:
            AccessError: the store may not be written.
            TemporaryError, StoreError: it failed.
        """
        try:
            with _late(self._waiting) as late, self._transaction() as connection:
                known = named(connection, words) if words else {}
                said = [_with(draft, known) for draft in drafts]
                self.head = append(connection, [*_unknown(connection, late.drafts()), *said])
                late.taken = True
        except TemporaryError:
            if not self._is_file:
                raise
            self._put_off(drafts)
            return
        if self.head is not None:
            keep_head(self.head_file, self.head, anew=self._anew)
            self._anew = False

    @property
    def _is_file(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A write transaction that waits for no posting."""
        try:
            with translated(self.name), self._engine.connect() as connection:
                if self._is_file:
                    connection.execution_options(claimloop_write=True)
                    driver: Any = connection.connection.driver_connection
                    driver.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
                    driver.execute("PRAGMA synchronous = NORMAL")
                with begun(connection):
                    yield connection
        finally:
            if self._is_file:  # a store that is swapped must have nobody on it
                self._engine.dispose()

    def _put_off(self, drafts: Sequence[Draft]) -> None:
        """Keep entries beside the store for the next append."""
        with _locked(self._waiting) as stream:
            stream.seek(0, os.SEEK_END)
            stream.writelines(msgspec.json.encode(draft) + b"\n" for draft in drafts)
            stream.flush()
            os.fsync(stream.fileno())

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()


def _with(draft: Draft, known: dict[str, list[str]]) -> Draft:
    """A draft with what the words of the call stand for."""
    more: dict[str, Any] = {}
    for kind, values in known.items():
        if f"{kind}_count" not in draft.subjects:
            more |= Tally([*draft.subjects.get(kind, ()), *values]).subjects(kind)
    return msgspec.structs.replace(draft, subjects={**draft.subjects, **more}) if more else draft


def _unknown(connection: Connection, drafts: Sequence[Draft]) -> list[Draft]:
    """Those of which the chain has no entry: a kill may have come between its commit and the end of the waiting."""
    table = table_of(AuditEntryRow)
    runs = {draft.run for draft in drafts}
    if not runs:
        return []
    query = select(table.c.run, table.c.what, table.c.at).where(table.c.run.in_(runs))
    known = {tuple(row) for row in connection.execute(query)}
    return [draft for draft in drafts if (draft.run, draft.what, told(draft.at)) not in known]


def files_beside(url: str, folder: Path) -> tuple[Path, Path]:
    """The file of the head, and that of entries that wait: beside a store that is a file, else in ``folder``."""
    parsed = make_url(url)
    database = Path(str(parsed.database))
    base = database if parsed.drivername.startswith("sqlite") else folder / database.name
    return base.with_name(f"{base.name}.audit-head"), base.with_name(f"{base.name}.audit-waiting")


# -- the files beside the store ----------------------------------------------------------------------------------------


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner may read, made if it is not there, and ours to the end of the block."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b") as stream:
        flock(stream, LOCK_EX)
        yield stream


class _Late:
    """Entries that waited; ``taken`` when the chain has them."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._stream = stream
        self.taken = False

    def drafts(self) -> list[Draft]:
        """The entries; a line that a kill cut off was no entry yet."""
        found = []
        for line in self._stream.read().splitlines() if self._stream is not None else ():
            with suppress(msgspec.MsgspecError):
                found.append(_decoder.decode(line))
        return found


@contextmanager
def _late(path: Path) -> Iterator[_Late]:
    """What waits beside the store, ours while the chain takes it."""
    if not path.exists():
        yield _Late(None)
        return
    with _locked(path) as stream:
        late = _Late(stream)
        yield late
        if late.taken:
            stream.truncate(0)


def last_entry_of(path: Path) -> int:
    """The number of the last entry in a SQLite store that nobody has open; 0 when there is none."""
    with translated(path.name), closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT COALESCE(MAX(sequence), 0) FROM audit_entry").fetchone()[0])


def waiting(path: Path) -> int:
    """How many entries wait beside the store."""
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0


def keep_head(path: Path, head: Head, *, anew: bool = False) -> None:
    """Note the end of the chain beside the store, never an earlier one than is noted there unless ``anew``.

    Where the folder may not be written, nothing is noted: `audit verify` says that it has no head to compare with.
    """
    with suppress(OSError), _locked(path) as stream:
        before = parse_head(stream.read().decode(errors="replace"))
        if anew or before is None or before.sequence < head.sequence:
            stream.seek(0)
            stream.write(f"{head}\n".encode())
            stream.truncate()


def read_head(path: Path) -> Head | None:
    """The head that is noted in a file; None when there is none."""
    try:
        return parse_head(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def parse_head(text: str) -> Head | None:
    """A head as it is written: sequence, colon, 64 hex digits; None when it is none."""
    number, _, found = text.strip().partition(":")
    is_hash = len(found) == 64 and set(found) <= set("0123456789abcdef")
    return Head(sequence=int(number), hash=found) if number.isdecimal() and is_hash else None
