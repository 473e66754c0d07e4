"""The lock of a job: one holder at a time on both databases, freed by a kill, and no hindrance to ingest or a look."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from edi.model.errors import TemporaryError
from reconcile.store import open_store
from reconcile.store.alone import alone

HOLDER = """
import sys, time
from pathlib import Path
from reconcile.store import open_store
from reconcile.store.alone import alone
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
