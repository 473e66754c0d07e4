"""A whole store as one stream, and back: rows of one snapshot, then every file of the vault, while others work on.

The stream is a gzipped tar that says nothing of the database it came from: ``manifest.json`` (schema version, digest),
``rows/0001-TABLE.jsonl`` (a JSON list a row, columns in the manifest), ``vault/SHA256`` (plain bytes, wherever and
however the vault keeps them), and last ``end.json`` with the counts, without which the stream was cut off. It can be
restored on the other kind of database, into the other kind of vault, and by a later claimloop, which upgrades the
tables. Files are restored beside the vault and put into it when the stream was read to its end and found whole.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import IO, Any, Final, cast

import msgspec
from sqlalchemy import Connection, MetaData, Table, func, select

from edi.model.errors import ClaimloopError, InputError, StoreError, UsageError
from reconcile.store import migrate
from reconcile.store.audit.chain import Draft, Entry, Head, append
from reconcile.store.bulk import table_of
from reconcile.store.control_numbers import leave_a_gap
from reconcile.store.digest import store_digest
from reconcile.store.driver_errors import begun, translated
from reconcile.store.engine import Store
from reconcile.store.references import Completing, complete
from reconcile.store.schema import SCHEMA_VERSION, AuditEntryRow, FileRow
from reconcile.store.vault import Vault
from reconcile.store.vault.staging import Stage, staging

FORMAT: Final = 1
_ROWS: Final = 5_000
_BLOCK: Final = 1 << 20
_VERSION_TABLE: Final = "alembic_version"
_VAULT_TABLES: Final = ("vault_file", "vault_chunk")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a backup. ``digest`` is the store's, files included; ``columns`` by table."""

    format: int = FORMAT
    schema: str
    digest: str
    made_at: datetime
    columns: dict[str, tuple[str, ...]]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a backup: rows by table, files of the vault, and the digest of the parts with the rows.

    The store's own digest covers the books; this one every byte of every row. "" in backups made before there was one.
    """

    rows: dict[str, int]
    files: int
    sha256: str = ""


def back_up(
    store: Store, sink: IO[bytes], *, now: datetime, advance: Callable[[int], None] | None = None
) -> Counts:
    """Write the store into a stream.

    Args:
        store: of this version; it may be in use.
        sink: takes the bytes in order; it need not seek.
        now: UTC without zone.
        advance: told of every row and file.

    Returns:
        What was written.

    Raises:
        StoreError: the vault lacks a file, or has a damaged one.
    """
    with _snapshot(store) as connection, tarfile.open(fileobj=sink, mode="w|gz") as tar:
        tables = _tables(connection)
        manifest = Manifest(
            schema=SCHEMA_VERSION,
            digest=store_digest(connection, with_files=True),
            made_at=now,
            columns={
                str(table.name): tuple(str(column.name) for column in table.columns) for table in tables
            },
        )
        _add(tar, "manifest.json", msgspec.json.encode(manifest))
        rows: dict[str, int] = {}
        seen = hashlib.sha256()
        for number, table in enumerate(tables, 1):
            name = str(table.name)
            rows[name] = 0
            for part, count in _parts(connection, table):
                _add(tar, f"rows/{number:04}-{name}.jsonl", part)
                seen.update(part)
                rows[name] += count
                if advance is not None:
                    advance(count)
        files = 0
        wanted = set(connection.execute(select(table_of(FileRow).c.sha256)).scalars())
        for digest in store.vault.digests():
            _add_file(tar, store.vault, digest)
            wanted.discard(digest)
            files += 1
            if advance is not None:
                advance(1)
        if wanted:
            raise StoreError(
                f"the vault lacks {len(wanted)} of the store's files, {min(wanted)} among them; claimloop verify "
                "names them"
            )
        counts = Counts(rows=rows, files=files, sha256=seen.hexdigest())
        _add(tar, "end.json", msgspec.json.encode(counts))
    return counts


@contextmanager
def _snapshot(store: Store) -> Iterator[Connection]:
    """One transaction that sees one moment, on PostgreSQL too."""
    with translated(store.name), store.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with begun(connection):
            yield connection


def _tables(connection: Connection, *, but: Collection[str] = _VAULT_TABLES) -> list[Table]:
    """The tables as they are there, those that others refer to first. Those of the vault go as files, not as rows."""
    found = MetaData()
    found.reflect(bind=connection)
    return [table for table in found.sorted_tables if table.name not in (_VERSION_TABLE, *but)]


def _parts(connection: Connection, table: Table) -> Iterator[tuple[bytes, int]]:
    """A table's rows as JSON lines, some thousands at a time, in the order of its key."""
    query = select(table).order_by(*table.primary_key.columns)
    result = connection.execution_options(yield_per=_ROWS).execute(query)
    for rows in result.partitions(_ROWS):
        yield (
            b"".join(msgspec.json.encode([_plain(value) for value in row]) + b"\n" for row in rows),
            len(rows),
        )


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value.isoformat() if isinstance(value, date) else value


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_entry(name, len(data)), io.BytesIO(data))


def _add_file(tar: tarfile.TarFile, vault: Vault, digest: str) -> None:
    """Add a file of the vault; StoreError when it is not what it was."""
    damaged = f"the file {digest} of the vault is not what it was; a backup of it would be none"
    entry = _entry(f"vault/{digest}", vault.size(digest))
    with vault.open(digest) as opened:
        stream = _Hashed(opened)
        try:
            tar.addfile(entry, cast("IO[bytes]", stream))
        except (EOFError, tarfile.TarError, OSError):
            if stream.short:
                raise StoreError(damaged) from None
            raise
        if opened.read(1) or stream.sha256.hexdigest() != digest:
            raise StoreError(damaged)


class _Hashed:
    """A stream whose bytes are hashed as they are read; ``short`` when it had fewer than were asked for."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.short = False

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.short = self.short or 0 <= len(data) < size
        self.sha256.update(data)
        return data


def restore(
    store: Store,
    source: IO[bytes],
    *,
    advance: Callable[[int], None] | None = None,
    completing: Completing | None = None,
) -> Manifest:
    """Fill an empty store from a stream, in one transaction: all of it or nothing, in the vault neither.

    Args:
        store: without rows but those of its audit, which are appended to the chain of the backup.
        source: what ``back_up`` wrote.
        advance: told of every row and file.
        completing: what is done to the rows of an older backup, as ``open_store`` takes it.

    Returns:
        The head of the backup. Control numbers go on with a gap: those given since the backup are never given again.

    Raises:
        UsageError: the store holds other rows, or a newer claimloop made the backup.
        InputError: it is no backup, was cut off, or is damaged.
    """
    placed: list[str] = []
    try:
        with store.write() as connection, staging(store.vault, connection) as stage:
            with gzip.GzipFile(fileobj=source, mode="rb") as plain:
                with tarfile.open(fileobj=cast("IO[bytes]", plain), mode="r|") as tar:
                    manifest = _restored(connection, iter(tar), tar, stage, advance)
                _drain(cast("IO[bytes]", plain))
            _drain(source)
            placed += stage.settle()
            complete(connection, store.vault, manifest.schema, completing)
    except BaseException as error:
        if placed and not _has_files(store):
            for digest in placed:
                store.vault.remove(digest)
        if isinstance(error, tarfile.TarError | EOFError | OSError | LookupError | ValueError | zlib.error):
            raise InputError(
                f"this is no whole backup ({type(error).__name__}); nothing was restored"
            ) from None
        raise
    return manifest


def _has_files(store: Store) -> bool:
    """Whether the rows of files are there after all: a signal is heard after the commit that it came in.

    Where nobody can tell, they may be.
    """
    try:
        with store.read() as connection:
            return connection.execute(select(table_of(FileRow).c.sha256).limit(1)).first() is not None
    except ClaimloopError:
        return True


def _drain(stream: IO[bytes]) -> None:
    """Read to the end: what is packed or encrypted is known to be whole only there."""
    while stream.read(_BLOCK):
        pass


def _restored(
    connection: Connection,
    entries: Iterator[tarfile.TarInfo],
    tar: tarfile.TarFile,
    stage: Stage,
    advance: Callable[[int], None] | None,
) -> Manifest:
    manifest = _manifest(tar, next(entries, None))
    looked = _make_tables(connection, manifest.schema)
    tables = {str(table.name): table for table in _tables(connection)}
    rows = dict.fromkeys(tables, 0)
    files, counts = 0, None
    seen = hashlib.sha256()
    for entry in entries:
        stream = tar.extractfile(entry)
        if stream is None:
            raise InputError("this is no backup: it has an entry that is no file")
        kind, _, name = entry.name.partition("/")
        if kind == "rows":
            table, part = name[5:].removesuffix(".jsonl"), stream.read()
            seen.update(part)
            rows[table] += _fill(connection, tables[table], manifest.columns[table], part)
        elif kind == "vault":
            if not files:
                _bring_up(connection, manifest.schema)  # all rows are in; the vault may be among the tables
            if stage.keep(_blocks(stream)) != name:
                raise InputError(f"the backup is damaged: the file {name} of the vault is not what it was")
            files += 1
        elif entry.name == "end.json":
            counts = msgspec.json.decode(stream.read(), type=Counts)
        if advance is not None:
            advance(1)
    if counts is None or (counts.rows, counts.files) != (rows, files):
        raise InputError("the backup was cut off; nothing was restored")
    if counts.sha256 not in ("", seen.hexdigest()):
        raise InputError("the backup is damaged: its rows are not what they were; nothing was restored")
    if not files:
        _bring_up(connection, manifest.schema)
    if manifest.schema == SCHEMA_VERSION and store_digest(connection, with_files=True) != manifest.digest:
        raise InputError("what was restored is not what was backed up; nothing was kept")
    leave_a_gap(connection)
    if looked:
        append(connection, looked)
    return manifest


def _bring_up(connection: Connection, schema: str) -> None:
    """Bring the tables from the backup's version to this one."""
    if schema != SCHEMA_VERSION:
        migrate.upgrade(connection)


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _manifest(tar: tarfile.TarFile, entry: tarfile.TarInfo | None) -> Manifest:
    stream = tar.extractfile(entry) if entry is not None and entry.name == "manifest.json" else None
    if stream is None:
        raise InputError("this is no backup of claimloop")
    manifest = msgspec.json.decode(stream.read(), type=Manifest)
    if manifest.format > FORMAT or manifest.schema not in migrate.known_versions():
        raise UsageError("a newer claimloop made this backup; restore it with that one")
    return manifest


def _make_tables(connection: Connection, schema: str) -> list[Draft]:
    """The tables of the backup's version; UsageError when there are rows already, but for those of an audit.

    Returns:
        What the audit had, to be appended anew: a command that only looked (`claims list`) leaves entries too.
    """
    tables = _tables(connection, but=())
    audit = table_of(AuditEntryRow)
    for table in tables:
        if table.name != audit.name and connection.execute(select(func.count()).select_from(table)).scalar():
            raise UsageError("the store to restore into holds rows; name another one with --database")
    looked = [
        _appended_anew(Entry(**row._mapping))
        for row in connection.execute(select(audit).order_by(audit.c.sequence))
    ]
    for table in reversed(tables):
        table.drop(connection)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_VERSION_TABLE}")
    migrate.upgrade(connection, schema)
    return looked


def _appended_anew(entry: Entry) -> Draft:
    """An entry for another chain, with its number and hash in its own."""
    own = Head(sequence=entry.sequence, hash=entry.hash)
    return Draft(
        at=datetime.fromisoformat(entry.at).replace(tzinfo=None),
        actor=entry.actor,
        run=entry.run,
        command=entry.command,
        what=entry.what,
        subjects={**msgspec.json.decode(entry.subjects or "{}"), "before_restore": str(own)},
        shown=entry.shown,
        changed=entry.changed,
        exit_code=entry.exit_code,
    )


def _fill(connection: Connection, table: Table, columns: tuple[str, ...], data: bytes) -> int:
    """Insert JSON lines; return how many."""
    readers = [_reader(table.columns[name].type.python_type) for name in columns]
    rows = [
        {
            name: None if value is None else read(value)
            for name, read, value in zip(columns, readers, msgspec.json.decode(line), strict=True)
        }
        for line in data.splitlines()
    ]
    connection.execute(table.insert(), rows)
    return len(rows)


def _reader(kind: type[Any]) -> Callable[[Any], Any]:
    """How a JSON value becomes one of a column's type."""
    if kind is bytes:
        return base64.b64decode
    if kind is datetime:
        return datetime.fromisoformat
    if kind is date:
        return date.fromisoformat
    return bool if kind is bool else lambda value: value
