"""One job at a time on a store, from however many machines: a lock that the database holds and a crash frees.

It is not the lock of a write transaction, which others wait for; who meets this one is told and goes away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text

from edi.model.errors import TemporaryError
from reconcile.store.engine import Store, translated

_JOB_LOCK: Final = 0x636C6A6F
"""The key of PostgreSQL's advisory lock of a session; SQLite's is an exclusive transaction on a file of its own."""


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """Hold the store's one place for a job that talks to the clearinghouse, to the end of the block.

    Raises:
        TemporaryError: another process holds it.
    """
    if store.engine.dialect.name == "sqlite":
        with closing(_locked_file(Path(f"{store.engine.url.database}-job"), store.name)):
            yield
        return
    with translated(store.name), store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _JOB_LOCK}).scalar():
            raise _busy(store.name)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _JOB_LOCK})


def _locked_file(path: Path, name: str) -> sqlite3.Connection:
    """An exclusive transaction on an empty database; the system ends it with the process that holds it."""
    with translated(name):
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        path.chmod(0o600)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            connection.close()
            raise _busy(name) from None
    return connection


def _busy(name: str) -> TemporaryError:
    return TemporaryError(f"another send or run is at work on the store {name}; try again when it has ended")


def write_back(path: Path) -> None:
    """Write the log of a SQLite file back into it; the last one to close it removes the two files beside it.

    Raises:
        TemporaryError: we are not the last.
    """
    with translated(path.name), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if any(path.with_name(f"{path.name}{beside}").exists() for beside in ("-wal", "-shm")):
        raise TemporaryError(f"another command has the store {path.name} open; try again when it has ended")
