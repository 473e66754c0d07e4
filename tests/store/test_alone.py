"""The lock of a job: one holder at a time on both databases, freed by a kill, and no hindrance to ingest or a look."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from edi.model.errors import TemporaryError
from reconcile.store import open_store
from reconcile.store.alone import LostHoldError, alone

HOLDER = """
import sys, time
from pathlib import Path
from reconcile.store import open_store
from reconcile.store.alone import LostHoldError, alone
with alone(open_store(sys.argv[1], Path(sys.argv[2]))):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(database_url, tmp_path):
    made = open_store(database_url, tmp_path / "vault")
    yield made
    made.close()


def test_one_at_a_time(store, database_url, tmp_path):
    other = open_store(database_url, tmp_path / "vault")
    with alone(store):
        with pytest.raises(TemporaryError, match="another send or run"), alone(other):
            pytest.fail("two held it")
        with other.write(), store.read():
            pass
    with alone(other):
        pass
    other.close()


def test_freed_when_the_block_raises(store):
    with pytest.raises(KeyError), alone(store):
        raise KeyError
    with alone(store):
        pass


def test_freed_by_a_kill(store, database_url, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database_url, str(tmp_path / "vault")], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(TemporaryError), alone(store):
            pass
        process.kill()
        process.wait(10)
    for _ in range(50):
        try:
            with alone(store):
                return
        except TemporaryError:
            time.sleep(0.1)
    pytest.fail("the lock outlived its holder")


def test_who_holds_it_is_told(postgres_database, tmp_path):
    store, other = (open_store(postgres_database, tmp_path / "vault") for _ in range(2))
    said = rf"process {os.getpid()} on \S+, since 20\d\d-\d\d-\d\d \d\d:\d\d UTC\); try again"
    with alone(store), pytest.raises(TemporaryError, match=said), alone(other):
        pytest.fail("two held it")
    for one in (store, other):
        one.close()


def test_a_lost_connection_is_noticed(postgres_database, tmp_path):
    """As after a restart of the server: another job may hold the lock by now."""
    store, other = (open_store(postgres_database, tmp_path / "vault") for _ in range(2))
    with alone(store) as hold:
        hold.check()
        with other.write() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        for _ in range(100):
            try:
                with alone(other) as theirs:
                    theirs.check()
                    for _ in range(2):
                        with pytest.raises(LostHoldError, match="was lost"):
                            hold.check()
                break
            except TemporaryError:
                time.sleep(0.05)
        else:
            pytest.fail("the lock was not free")
    with alone(store) as again:
        again.check()
    for one in (store, other):
        one.close()


def test_the_lock_is_held_within_one_transaction(postgres_database, tmp_path):
    """So a pooler that gives a server connection for a transaction keeps it for the job, and no snapshot with it."""
    store, other = (open_store(postgres_database, tmp_path / "vault") for _ in range(2))
    with alone(store) as hold, other.read() as connection:
        hold.check()
        told = connection.exec_driver_sql(
            "SELECT a.state, a.backend_xmin FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE l.locktype = 'advisory'"
        ).all()
    assert [tuple(one) for one in told] == [("idle in transaction", None)]
    for one in (store, other):
        one.close()


def test_of_several_at_once_one_gets_it(store, database_url, tmp_path):
    """As when every machine's timer starts a run at the same minute."""
    at_once = threading.Barrier(4)
    ended: list[str] = []

    def job() -> None:
        own = open_store(database_url, tmp_path / "vault")
        at_once.wait(30)
        try:
            with alone(own):
                ended.append("did it")
                at_once.wait(30)
        except TemporaryError as error:
            ended.append(str(error))
            at_once.wait(30)
        own.close()

    threads = [threading.Thread(target=job) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert ended.count("did it") == 1
    assert len([one for one in ended if "is at work on the store" in one]) == 3
