"""The fixtures of conftest.py: a private server, and an empty database for each test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from reconcile.store import open_store
from tests.on_postgres import everywhere

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.postgres
def test_the_private_server_answers(postgres_cluster):
    with psycopg.connect(postgres_cluster.dsn("postgres")) as connection:
        assert connection.execute("SELECT 1 + 1").fetchone() == (2,)


@pytest.mark.postgres
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_of_its_own(postgres_database, turn):
    engine = sqlalchemy.create_engine(postgres_database)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE mine (cents BIGINT)"))
    engine.dispose()


def test_a_bare_database_is_empty_on_each_kind_of_database(bare_url):
    engine = sqlalchemy.create_engine(bare_url)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    engine.dispose()


OTHER = """
import sys
from reconcile.store import open_store
store = open_store("sqlite:///" + sys.argv[1])
with store.write() as connection:
    connection.exec_driver_sql("INSERT INTO practice (id, name, source) VALUES ('b', 'B', '')")
"""


def practices(path: Path) -> tuple[str, list[str]]:
    """The kind of database behind the path of an SQLite file, and the practices in it."""
    store = open_store(f"sqlite:///{path}")
    with contextlib.closing(store), store.read() as connection:
        return store.engine.dialect.name, list(
            connection.exec_driver_sql("SELECT id FROM practice").scalars()
        )


@pytest.mark.postgres
def test_with_stores_on_postgresql_a_process_has_those_of_its_test(
    stores_on_postgres, postgres_cluster, tmp_path
):
    """And a copy of the file, or another in its place, is another store."""
    path, copied = tmp_path / "a.db", tmp_path / "b.db"
    before = databases(postgres_cluster)
    with everywhere(stores_on_postgres, postgres_cluster):
        assert practices(path) == ("postgresql", [])
        subprocess.run([sys.executable, "-c", OTHER, path], check=True, env={"PATH": os.environ["PATH"]})
        assert practices(path) == ("postgresql", ["b"])
        shutil.copyfile(path, copied)
        assert practices(copied) == ("postgresql", ["b"])
        path.unlink()
        assert practices(path) == ("postgresql", [])
        assert practices(copied) == ("postgresql", ["b"])
        stores_on_postgres.drop_below(tmp_path)
    assert databases(postgres_cluster) == before


def databases(cluster) -> set[str]:
    """What the server holds."""
    with psycopg.connect(cluster.dsn("postgres")) as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}


KILLED = """
import os, signal
from tests.postgres_cluster import PostgresCluster, postgres_tools
cluster = PostgresCluster(postgres_tools())
cluster.start()
print(cluster.folder, (cluster.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def runs(number: str) -> bool:
    """Whether a process has a command line: one that ended has none, though nobody may have asked how."""
    with contextlib.suppress(OSError):
        return bool(Path(f"/proc/{number}/cmdline").read_bytes())
    return False


@pytest.mark.postgres
def test_a_server_ends_with_the_process_that_started_it(postgres_cluster):
    """However that ends: here it is killed, and can put nothing in order."""
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    folder, number = done.stdout.split()
    deadline = time.monotonic() + 60
    while (Path(folder).exists() or runs(number)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (Path(folder).exists(), runs(number)) == (False, False)
