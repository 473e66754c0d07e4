"""The vault as chunks in PostgreSQL: every machine that reaches the store reaches its files.

A file is written in a transaction of its own, on a connection of its own, before the rows that name it. Who keeps the
same bytes at the same time waits for the first, and finds them kept.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from edi.model.errors import AccessError, InputError, StoreError, StoreUrlError
from reconcile.store.bulk import table_of
from reconcile.store.driver_errors import begun, translated
from reconcile.store.schema.vault import VaultChunkRow, VaultFileRow
from reconcile.store.vault.base import (
    BLOCK,
    Held,
    Kept,
    Lock,
    SoughtStream,
    digest_of,
    not_ours,
    perhaps_sealing,
    read_blocks,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_FILES: Final = table_of(VaultFileRow)
_CHUNKS: Final = table_of(VaultChunkRow)
_PAGE: Final = 5_000
_CHUNK: Final = "SELECT data FROM vault_chunk WHERE upload = %s AND number = %s"


class DatabaseVault:
    """The kept files of a PostgreSQL store; see `Vault`.

    Args:
        engine: of the store.
        lock: seals and opens the files.
        connection: where given, everything is a part of its transaction.

    Raises:
        StoreUrlError: the store is on SQLite, where one file cannot be written twice at once.
    """

    def __init__(
        self, engine: Engine, lock: Lock | None = None, *, connection: Connection | None = None
    ) -> None:
        if engine.dialect.name != "postgresql":
            raise StoreUrlError(
                "the vault can be in the database on PostgreSQL only; with SQLite leave [store] vault a folder"
            )
        self.engine = engine
        self.lock = lock
        self._connection = connection

    @property
    def place(self) -> str:
        """The database, without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def inside(self, connection: Connection) -> DatabaseVault:
        """The same vault, its writes a part of an open transaction."""
        return DatabaseVault(self.engine, self.lock, connection=connection)

    def keep_file(self, source: Path) -> Kept:
        """Keep a file's bytes; see `Vault`."""
        return self.keep(read_blocks(source))

    def keep(self, blocks: Iterable[bytes]) -> Kept:
        """Keep a stream of bytes; see `Vault`."""
        with self._transaction() as connection:
            sink = _ChunkSink(connection)
            digest, size = hashlib.sha256(), 0
            with perhaps_sealing(self.lock, cast("IO[bytes]", sink)) as stream:
                for block in blocks:
                    digest.update(block)
                    size += len(block)
                    stream.write(block)
            sha256 = digest.hexdigest()
            if self._known(connection, sha256):
                sink.drop()
                return Kept(sha256, size, new=False)
            sink.finish()
            told = insert(_FILES).values(
                sha256=sha256, upload=sink.upload, size=size, stored=sink.size, key=self._key
            )
            told = told.on_conflict_do_nothing(index_elements=["sha256"])
            new = connection.execute(told.returning(_FILES.c.sha256)).scalar() is not None
            if not new:
                sink.drop()
            return Kept(sha256, size, new=new)

    def has(self, sha256: str) -> bool:
        """Whether the file is there; see `Vault`."""
        with self._transaction() as connection:
            return self._known(connection, sha256)

    def read(self, sha256: str) -> Generator[bytes, None, None]:
        """The bytes of a kept file; see `Vault`. What is missing is said at once."""
        self._readable(sha256)
        return self._blocks(sha256)

    def open(self, sha256: str) -> IO[bytes]:
        """The bytes of a kept file to seek in; see `Vault`."""
        size = self._readable(sha256).size
        return io.BufferedReader(SoughtStream(lambda: self._blocks(sha256), size), BLOCK)

    def size(self, sha256: str) -> int:
        """The bytes of a kept file, plain; see `Vault`."""
        return int(self._readable(sha256).size)

    def digests(self) -> Iterator[str]:
        """The digests of all kept files, in order; see `Vault`."""
        for one in self.held():
            yield one.sha256

    def newest(self, most: int) -> list[str]:
        """The digests of the files that were kept last; see `Vault`."""
        with self._transaction() as connection:
            found = connection.execute(select(_FILES.c.sha256).order_by(_FILES.c.upload.desc()).limit(most))
            return list(found.scalars())

    def intact(self, sha256: str) -> bool:
        """Whether the bytes are there and still hash to their name; see `Vault`."""
        try:
            return digest_of(self.read(sha256)) == sha256
        except StoreError:
            return False

    def held(self) -> Iterator[Held]:
        """How each file is held; see `Vault`. Some thousands at a time, so that no transaction stays open."""
        last = ""
        while True:
            query = select(_FILES.c.sha256, _FILES.c.key, _FILES.c.stored).where(_FILES.c.sha256 > last)
            with self._transaction() as connection:
                rows = connection.execute(query.order_by(_FILES.c.sha256).limit(_PAGE)).all()
            for sha256, key, stored in rows:
                yield Held(sha256, key, stored)
            if len(rows) < _PAGE:
                return
            last = rows[-1].sha256

    def seal_anew(self, sha256: str) -> bool:
        """Hold a file as the lock says now; see `Vault`. One transaction."""
        with self._transaction() as connection:
            query = select(_FILES.c.upload, _FILES.c.key).where(_FILES.c.sha256 == sha256)
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None or row.key == self._key:
                return False
            here = self.inside(connection)
            sink = _ChunkSink(connection)
            with perhaps_sealing(self.lock, cast("IO[bytes]", sink)) as stream:
                # On a connection of its own: this one takes the new chunks meanwhile.
                for block in self.read(sha256):
                    stream.write(block)
            sink.finish()
            of_file = _FILES.c.sha256 == sha256
            values = {"upload": sink.upload, "key": self._key, "stored": sink.size}
            connection.execute(update(_FILES).where(of_file).values(values))
            if not here.intact(sha256):
                raise StoreError(f"the file {sha256} of the vault is not what it was; it is left as it is")
            connection.execute(delete(_CHUNKS).where(_CHUNKS.c.upload == row.upload))
            return True

    def remove(self, sha256: str) -> None:
        """Let a file go; see `Vault`."""
        with self._transaction() as connection:
            query = delete(_FILES).where(_FILES.c.sha256 == sha256).returning(_FILES.c.upload)
            for upload in connection.execute(query).scalars().all():
                connection.execute(delete(_CHUNKS).where(_CHUNKS.c.upload == upload))

    def tidy(self) -> None:
        """Nothing is ever left half-written here: it went with its transaction."""

    # -- rows ----------------------------------------------------------------------------------------------------------

    @property
    def _key(self) -> str:
        return self.lock.key if self.lock is not None else ""

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction of the vault's own; the lock of the store's writers is none of its business."""
        if self._connection is not None:
            with begun(self._connection, self._connection.begin_nested()):
                yield self._connection
            return
        with self._translated(), self.engine.connect() as connection, begun(connection):
            yield connection

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.place)

    def _known(self, connection: Connection, sha256: str) -> bool:
        query = select(_FILES.c.upload).where(_FILES.c.sha256 == sha256)
        return connection.execute(query).scalar() is not None

    def _readable(self, sha256: str) -> Any:
        """The row of a file that our keys open.

        Raises:
            StoreError: the vault lacks it. AccessError: it is sealed for another key.
        """
        with self._transaction() as connection:
            return self._row(connection, sha256)

    def _row(self, connection: Connection, sha256: str) -> Any:
        row = connection.execute(select(_FILES).where(_FILES.c.sha256 == sha256)).one_or_none()
        if row is None:
            raise StoreError(f"the vault lacks {sha256}")
        if row.key and (self.lock is None or row.key not in self.lock.keys):
            raise not_ours(sha256, self.place)
        return row

    def _blocks(self, sha256: str) -> Generator[bytes, None, None]:
        """The plain bytes of a file, of one moment: it may be sealed anew meanwhile."""
        with self._snapshot() as connection:
            row = self._row(connection, sha256)
            chunks = _chunks(connection, row.upload)
            if not row.key or self.lock is None:
                yield from chunks
                return
            try:
                source = io.BufferedReader(_ChunkSource(chunks), BLOCK)
                with self.lock.opening(source) as stream:
                    while block := stream.read(BLOCK):
                        yield block
            except (InputError, AccessError):
                # Its row names a key of ours: where none opens it, its head is damaged.
                raise StoreError(f"the file {sha256} of the vault is damaged") from None

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        if self._connection is not None:
            yield self._connection
            return
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ")
            with begun(connection):
                yield connection


def _chunks(connection: Connection, upload: int) -> Generator[bytes, None, None]:
    """The kept bytes of a file, a chunk at a time."""
    driver: Any = connection.connection.driver_connection
    # Binary: as text, every byte comes over as two digits.
    with driver.cursor(binary=True) as cursor:
        for number in count():
            row = cursor.execute(_CHUNK, (upload, number)).fetchone()
            if row is None:
                return
            yield bytes(row[0])


class _ChunkSink(io.RawIOBase):
    """Writes what it is given as chunks of a new upload; the last one waits for ``finish``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._waiting = bytearray()
        self._number = 0
        self.size = 0
        # Grows with time, so that the newest files are found; the last digits keep two machines apart.
        self.upload = (time.time_ns() & ~0xFFFF) | secrets.randbits(16)

    def writable(self) -> bool:
        """It takes bytes."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; whole chunks go to the database."""
        self._waiting += data
        while len(self._waiting) > BLOCK:
            self._send(bytes(self._waiting[:BLOCK]))
            del self._waiting[:BLOCK]
        return len(data)

    def finish(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._send(bytes(self._waiting))
            self._waiting.clear()

    def drop(self) -> None:
        """Take back what was sent."""
        if self._number:
            self._connection.execute(delete(_CHUNKS).where(_CHUNKS.c.upload == self.upload))

    def _send(self, data: bytes) -> None:
        row = {"upload": self.upload, "number": self._number, "data": data}
        self._connection.execute(_CHUNKS.insert(), row)
        self._number += 1
        self.size += len(data)


class _ChunkSource(io.RawIOBase):
    """Chunks as a stream to read on."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._block = memoryview(b"")

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what comes next into a buffer; 0 at the end."""
        if not self._block:
            self._block = memoryview(next(self._chunks, b""))
        view = memoryview(buffer).cast("B")
        part = self._block[: len(view)]
        view[: len(part)] = part
        self._block = self._block[len(part) :]
        return len(part)
