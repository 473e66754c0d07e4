"""Opening a store: SQLite by default, PostgreSQL by URL, one writer at a time on both.

SQLite: the driver's own transactions are off (``isolation_level=None``), a write begins with ``BEGIN IMMEDIATE``,
and commits are synced to the disk. PostgreSQL: a write takes one advisory lock before it looks at anything, so two
ingests on two machines wait for each other as two on one machine do, no two of ours can deadlock, and READ COMMITTED
shows each what the one before it wrote; a read is REPEATABLE READ, one snapshot. All settings are those of a
transaction, so that a pooler which gives a server connection for one transaction may stand between. Errors of the
driver become the tree in ``edi.model.errors``, without parameters: those hold PHI.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from edi.model.errors import (
    AccessError,
    StoreError,
    StoreMissingError,
    StoreUrlError,
    StoreVersionError,
)
from reconcile.store.driver_errors import begun, translated
from reconcile.store.schema import SCHEMA_VERSION
from reconcile.store.vault import Place, Vault, make_vault

if TYPE_CHECKING:
    from psycopg.abc import Buffer, Loader

    from reconcile.store.references import Completing

LOCK_WAIT_SECONDS: Final = 300
"""How long a write waits for the one before it: a payment of 100,000 claims is one write."""
_STEP_MILLISECONDS: Final = 250
"""After how long a write that waits on SQLite hears a signal."""
ADVISORY_LOCK: Final = 0x636C6169
"""The key of PostgreSQL's advisory lock that every write transaction holds to its end."""
GONE_AFTER: Final = "; ".join(
    f"SET LOCAL tcp_keepalives_{name} = {value}"
    for name, value in (("idle", 30), ("interval", 10), ("count", 3))
)
"""A machine that lost its power or its network keeps a lock for a minute, not for two hours."""
CACHE_KIBIBYTES: Final = 48 * 1024
PAGE_BYTES: Final = 16 * 1024
"""The pages of a store that is made new: a large remittance is in faster by 4 % than with SQLite's own 4 KiB."""
MAPPED_BYTES: Final = 4 << 30
"""How much of a store that is only read SQLite maps into memory: reports then copy no pages."""

# What the driver of PostgreSQL logs it raises as well; with nobody listening it would be on stderr, beside our message.
_driver_log = logging.getLogger("psycopg")
_driver_log.propagate = False
_driver_log.addHandler(logging.NullHandler())

# Dates reach SQLite as ISO text; the adapters that Python ships for this are deprecated.
sqlite3.register_adapter(date, date.isoformat)
sqlite3.register_adapter(datetime, lambda moment: moment.isoformat(sep=" "))


class Store:
    """An open store. ``with store.write() as connection`` is one transaction; ``read()`` sees one snapshot."""

    def __init__(self, engine: Engine, vault: Vault, *, read_only: bool) -> None:
        self.engine = engine
        self.vault = vault
        self.read_only = read_only

    @property
    def name(self) -> str:
        """The URL without its password, for messages."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: committed at the end of the block, rolled back if it raises.

        Raises:
            AccessError: the store is read-only, or may not be written.
            TemporaryError: another writer holds it for over `LOCK_WAIT_SECONDS`, the disk is full, the server is away.
            GivenUpError: the database gave it up; nothing of it is stored.
        """
        if self.read_only:
            raise AccessError(f"the store {self.name} was opened read-only")
        with translated(self.name), self.engine.connect() as connection:
            connection.execution_options(claimloop_write=True)
            with begun(connection):
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction; raises what ``write`` raises but for the lock."""
        with translated(self.name), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
                if self.read_only:  # its opposite would overrule a database that is read-only by default
                    connection.execution_options(postgresql_readonly=True)
            with begun(connection):
                yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_store(
    url: str,
    vault: Path | Place | Vault | None = None,
    *,
    read_only: bool = False,
    as_it_is: bool = False,
    upgrade: bool = False,
    completing: Completing | None = None,
) -> Store:
    """Open a store, creating or upgrading its tables when it may be written.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql+psycopg://…`` (``postgresql://`` is taken as that).
        vault: the folder of the vault, or where and how it is kept, or the vault of another store; by default the
            folder ``vault`` beside the SQLite file.
        read_only: never write; the store must exist and be of this version.
        as_it_is: neither create nor upgrade it, though it may be written (a dry run, which rolls back).
        upgrade: with ``read_only``, bring an older store to this version first.
        completing: what an upgrade does to the rows of an older store, see ``reconcile.store.references``.

    Raises:
        StoreMissingError: it must exist and does not.
        StoreUrlError: not a URL of a database that claimloop knows, or its folder or database does not exist.
        StoreVersionError: a newer claimloop wrote it.
        StoreError: it is not a claimloop store, or, read-only, one of an older version.
        AccessError, TemporaryError: see ``Store.write``.
    """
    parsed = _parse(url)
    if vault is None:
        if parsed.database is None or not parsed.drivername.startswith("sqlite"):
            raise StoreUrlError("a PostgreSQL store needs a vault folder: set [store] vault")
        vault = Path(parsed.database).parent / "vault"
    place = Place(vault) if isinstance(vault, Path) else vault
    as_it_is = as_it_is or read_only
    if as_it_is and parsed.drivername.startswith("sqlite") and not Path(str(parsed.database)).exists():
        raise StoreMissingError(_NO_STORE.format(name=parsed.render_as_string()))
    engine = _engine(parsed, read_only=read_only)
    try:
        kept = make_vault(place, engine) if isinstance(place, Place) else place
    except BaseException:
        engine.dispose()
        raise
    store = Store(engine, kept, read_only=read_only)
    try:
        if upgrade and _is_older(store):
            open_store(url, vault, completing=completing).close()
        _bring_up_to_date(store, as_it_is=as_it_is, completing=completing)
    except BaseException:
        store.close()
        raise
    return store


def engine_of(url: str) -> Engine:
    """An engine that may write, of a store that is there: what keeps the audit appends with it while others work.

    Raises:
        StoreUrlError: not a URL of a database that claimloop knows.
    """
    return _engine(_parse(url), read_only=False)


def _parse(url: str) -> URL:
    """The URL as SQLAlchemy reads it, with our driver; StoreUrlError when it cannot be one of ours."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUrlError(
            "the database URL cannot be read; write sqlite:///FILE or postgresql://…"
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise StoreUrlError(
            f"the database URL names {parsed.drivername}; write sqlite:///FILE or postgresql://…"
        )
    if parsed.drivername.startswith("sqlite"):
        if parsed.database in (None, "", ":memory:"):
            raise StoreUrlError("the database URL names no file; write sqlite:///FILE")
        folder = Path(str(parsed.database)).resolve().parent
        if not folder.is_dir():
            raise StoreUrlError(f"the folder of the store does not exist: {folder}")
    return parsed


def _engine(url: URL, *, read_only: bool) -> Engine:
    """An engine whose transactions begin as the module says."""
    if url.drivername.startswith("sqlite"):
        return _sqlite(url, read_only=read_only)
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"connect_timeout": 10},
        pool_size=2,
        isolation_level="READ COMMITTED",
    )

    @event.listens_for(engine, "connect")
    def _count_as_sqlite_does(connection: Any, _record: object) -> None:
        connection.adapters.register_loader("numeric", _whole_numbers())

    @event.listens_for(engine, "begin")
    def _lock(connection: Connection) -> None:
        if connection.get_execution_options().get("claimloop_write"):
            connection.exec_driver_sql(
                f"{GONE_AFTER}; SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS * 1000:.0f}ms'; "
                f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"
            )

    return engine


@cache
def _whole_numbers() -> type[Loader]:
    """What reads a PostgreSQL ``numeric``, which a sum of whole numbers is there: whole, so that cents stay cents."""
    from psycopg.types.numeric import NumericLoader

    class WholeNumberLoader(NumericLoader):
        """An int of what has no decimal places, and the Decimal of the rest."""

        def load(self, data: Buffer) -> Any:
            return int(bytes(data)) if bytes(data).lstrip(b"-").isdigit() else super().load(data)

    return WholeNumberLoader


def _sqlite(url: URL, *, read_only: bool) -> Engine:
    """SQLite with explicit BEGIN, full sync, foreign keys and a write-ahead log."""
    path = Path(str(url.database)).resolve()
    target = path.as_uri() + ("?mode=ro" if read_only else "")

    def connect() -> sqlite3.Connection:
        if not read_only and not path.exists():
            with suppress(OSError):  # SQLite says what is wrong, and gives the files beside it the same mode
                path.touch(mode=0o600)
        return sqlite3.connect(
            target, uri=True, timeout=LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )

    engine = create_engine(url, hide_parameters=True, creator=connect, pool_size=2)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        if not read_only:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            f"cache_size = -{CACHE_KIBIBYTES}",
            f"mmap_size = {MAPPED_BYTES if read_only else 0}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("claimloop_write"):
            _wait_for_other_writers(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _wait_for_other_writers(connection: Connection) -> None:
    """BEGIN IMMEDIATE, waiting for as long as busy_timeout says, in steps: no signal is heard while SQLite waits."""
    driver: Any = connection.connection.driver_connection
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    end = time.monotonic() + patience / 1000
    driver.execute(f"PRAGMA busy_timeout = {min(patience, _STEP_MILLISECONDS)}")
    try:
        while time.monotonic() < end:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.DatabaseError as error:
                if "locked" not in str(error):
                    break  # asked once more below, it raises as every statement does
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience}")


_NO_STORE: Final = (
    "there is no store at {name} yet; claimloop init, claims create, claims import or ingest makes one"
)


def _bring_up_to_date(store: Store, *, as_it_is: bool, completing: Completing | None) -> None:
    """Check the schema version; create or upgrade when allowed."""
    with store.read() as connection:
        current = _version(connection, store.name)
    if current == SCHEMA_VERSION:
        return
    from reconcile.store import migrate

    if current is not None and current not in migrate.known_versions():
        raise StoreVersionError(f"the store {store.name} was written by a newer claimloop (schema {current})")
    if as_it_is and current is None:
        raise StoreMissingError(_NO_STORE.format(name=store.name))
    if as_it_is:
        raise StoreError(
            f"the store {store.name} is of an older claimloop (schema {current}); claimloop verify brings it to this "
            "version and checks it"
        )
    from reconcile.store.references import complete

    with store.write() as connection:
        version = _version(connection, store.name)
        if version != SCHEMA_VERSION:
            migrate.upgrade(connection)
        if version is not None:
            complete(connection, store.vault, version, completing)


def _is_older(store: Store) -> bool:
    """Whether its tables are those of an earlier version."""
    with store.read() as connection:
        current = _version(connection, store.name)
    return current is not None and current < SCHEMA_VERSION


def _version(connection: Connection, name: str) -> str | None:
    """The schema version of the store, None when it is empty; StoreError when the tables are not ours."""
    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        if names:
            raise StoreError(f"{name} holds tables that are not claimloop's")
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)
