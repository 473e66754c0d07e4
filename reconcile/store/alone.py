"""One job at a time on a store, from however many machines: a lock that the database holds and a crash frees.

It is not the lock of a write transaction, which others wait for; who meets this one is told and goes away. On
PostgreSQL it is that of a transaction which stays open for the whole job, so that a pooler which hands out server
connections by transaction cannot part the two. A connection that is lost takes the lock with it: whoever holds it asks
before each step that nobody could take back, and stops when it is gone.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from edi.model.errors import TemporaryError
from reconcile.store.driver_errors import translated
from reconcile.store.engine import GONE_AFTER, Store

_JOB_LOCK: Final = 0x636C6A6F
"""The key of PostgreSQL's advisory lock; SQLite's is an exclusive transaction on a file of its own."""
_TAKE: Final = f"SELECT pg_try_advisory_xact_lock({_JOB_LOCK})"
_HELD: Final = f"""SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = 0 AND objid = {_JOB_LOCK}"""  # noqa: S608 - a constant
"""Both without parameters: what is bound to some keeps its snapshot in the transaction, and VACUUM from its work."""
_SIGNED: Final = "claimloop process "
_HOLDER: Final = f"""SELECT a.application_name, to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = 0 AND l.objid = {_JOB_LOCK}"""  # noqa: S608 - a constant


class LostHoldError(TemporaryError):
    """The connection that held the job's lock is gone, and another job may have begun: do nothing more."""


class Hold:
    """The lock while a job holds it. ``connection`` is PostgreSQL's; a file of ours cannot be lost."""

    def __init__(self, name: str, connection: Connection | None = None) -> None:
        self._name = name
        self._connection = connection

    def check(self) -> None:
        """See that the lock is held still.

        Raises:
            LostHoldError: it is not.
        """
        if self._connection is None:
            return
        held = 0
        with suppress(SQLAlchemyError):
            held = self._connection.exec_driver_sql(_HELD).scalar() or 0
        if not held:
            raise LostHoldError(
                f"the connection to the store {self._name} was lost, and with it this job's turn; nothing more was "
                "sent or fetched; try again"
            )


@contextmanager
def alone(store: Store) -> Iterator[Hold]:
    """Hold the store's one place for a job that talks to the clearinghouse, to the end of the block.

    Yields:
        What tells whether it is held still.

    Raises:
        TemporaryError: another process holds it.
    """
    if store.engine.dialect.name == "sqlite":
        with closing(_locked_file(Path(f"{store.engine.url.database}-job"), store.name)):
            yield Hold(store.name)
        return
    with translated(store.name), store.engine.connect() as connection:
        connection.exec_driver_sql(
            f"{GONE_AFTER}; SET LOCAL idle_in_transaction_session_timeout = 0; "
            f"SET LOCAL application_name = '{_signature()}'"
        )
        if not connection.exec_driver_sql(_TAKE).scalar():
            raise _busy(store.name, _holder(connection))
        try:
            yield Hold(store.name, connection)
        finally:
            with suppress(SQLAlchemyError):  # what was lost is free
                connection.rollback()


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


def _signature() -> str:
    """What the server tells others about who holds the lock, in the 63 bytes that it keeps."""
    host = re.sub(r"[^A-Za-z0-9._-]", "", socket.gethostname())
    return f"{_SIGNED}{os.getpid()} on {host}"[:63]


def _holder(connection: Connection) -> str:
    """Process, machine and begin of the job that holds the lock; "" when it ended or its user shows nothing."""
    found = connection.exec_driver_sql(_HOLDER).first()
    if found is None or not str(found[0]).startswith(_SIGNED):
        return ""
    return f" ({str(found[0]).removeprefix('claimloop ')}, since {found[1]} UTC)"


def _busy(name: str, holder: str = "") -> TemporaryError:
    return TemporaryError(
        f"another send or run, or a fetch, is at work on the store {name}{holder}; try again when it has ended"
    )


def write_back(path: Path) -> None:
    """Write the log of a SQLite file back into it; the last one to close it removes the two files beside it.

    Raises:
        TemporaryError: we are not the last.
    """
    with translated(path.name), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if any(path.with_name(f"{path.name}{beside}").exists() for beside in ("-wal", "-shm")):
        raise TemporaryError(f"another command has the store {path.name} open; try again when it has ended")
