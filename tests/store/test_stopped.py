"""A signal that comes in the middle of a statement: the command is stopped, and the driver's complaints are no matter."""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
import time
from contextlib import ExitStack
from datetime import datetime

import pytest

from cli.exits import ExitCode, Stopped
from edi.model.errors import TemporaryError
from reconcile.store import open_store
from reconcile.store.bulk import insert
from reconcile.store.engine import LOCK_WAIT_SECONDS
from reconcile.store.rehearsal import rehearsal
from reconcile.store.schema import EventRow

ROWS = [(number, datetime(2026, 1, 1), "note", "claim:1", "", "{}", "") for number in range(1, 20_001)]


def stop(*_):
    raise Stopped(ExitCode.TERMINATED)


def written(store):
    with store.read() as connection:
        return connection.exec_driver_sql("SELECT COUNT(*) FROM event").scalar()


def stopped_in_a_statement(store, way):
    with ExitStack() as stack:
        if way == "rehearsed":
            store, way = stack.enter_context(rehearsal(store)), "write"
        connection = stack.enter_context(getattr(store, way)())
        if way == "write":
            insert(connection, EventRow, ROWS[:1])
        if connection.dialect.name == "postgresql":
            connection.connection.driver_connection.pgconn.send_query(b"SELECT pg_sleep(1)")
        stop()


@pytest.mark.parametrize("way", ["write", "read", "rehearsed"])
def test_a_stop_in_a_statement_is_told_as_a_stop(database_url, tmp_path, way, caplog):
    store = open_store(database_url, tmp_path / "vault")
    with pytest.raises(Stopped):
        stopped_in_a_statement(store, way)
    assert written(store) == 0
    assert caplog.messages == []
    store.close()


@pytest.mark.soak
@pytest.mark.postgres
def test_a_stop_at_any_time_is_told_as_a_stop(postgres_database, tmp_path, seed):
    store = open_store(postgres_database, tmp_path / "vault")
    rng = random.Random(seed)
    before = signal.signal(signal.SIGALRM, stop)
    stopped = 0
    try:
        for _ in range(150):
            try:
                with store.write() as connection:
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0005, 0.1))
                    insert(connection, EventRow, ROWS)
                    time.sleep(1)
            except Stopped:
                stopped += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert stopped == 150
    assert written(store) == 0
    store.close()


@pytest.mark.sqlite("its lock is waited for; a server does its own waiting")
def test_a_stop_is_heard_while_another_writer_is_waited_for(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    began = time.monotonic()
    try:
        with pytest.raises(Stopped), store.write():
            pass
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began < LOCK_WAIT_SECONDS / 10
    other.execute("ROLLBACK")
    with store.write() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == LOCK_WAIT_SECONDS * 1000
    store.close()


@pytest.mark.sqlite("its lock is waited for; a server does its own waiting")
def test_a_writer_is_waited_for_as_long_as_is_said_and_no_longer(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with store.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA busy_timeout = 400")
    with pytest.raises(TemporaryError, match="held by another process"), store.write():
        pass
    threading.Timer(0.2, lambda: other.execute("ROLLBACK")).start()
    with store.write() as connection:
        insert(connection, EventRow, ROWS[:1])
    assert written(store) == 1
    store.close()
