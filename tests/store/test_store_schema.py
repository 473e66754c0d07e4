"""The tables: migrations make exactly what the classes say, on both databases, and versions are told apart."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, Integer, make_url

import reconcile.store.schema
from edi.model.errors import (
    AccessError,
    StoreError,
    StoreMissingError,
    StoreUrlError,
    StoreVersionError,
    TemporaryError,
)
from reconcile.store import Store, open_store, store_digest
from reconcile.store.engine import _sqlite
from reconcile.store.migrate import known_versions
from reconcile.store.types import Table

TABLES = Table.metadata.tables


def opened(url: str, folder: Path, **options) -> Store:
    return open_store(url, folder / "vault", **options)


def test_the_migrations_make_what_the_classes_say(bare_url, tmp_path):
    store = opened(bare_url, tmp_path)
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    store.close()


@pytest.mark.sqlite("on PostgreSQL the others are copies of one store")
def test_the_tables_that_other_tests_have_are_those_of_the_migrations(tmp_path, tables_once):
    """Both ways of tests/tables_once.py."""
    schemas = []
    for name in ("first", "again", "migrated"):
        url = f"sqlite:///{tmp_path / name}.db"
        with tables_once.migrated() if name == "migrated" else contextlib.nullcontext():
            opened(url, tmp_path).close()
        with contextlib.closing(sqlite3.connect(tmp_path / f"{name}.db")) as connection:
            schemas.append(list(connection.iterdump()))
    assert schemas[0] == schemas[1] == schemas[2]


def test_the_newest_migration_is_the_version_that_is_checked():
    assert max(known_versions()) == reconcile.store.schema.SCHEMA_VERSION


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_whole_number_has_64_bits(table):
    numbers = [column for column in TABLES[table].columns if isinstance(column.type, Integer)]
    assert [column.name for column in numbers if not isinstance(column.type, BigInteger)] == []


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_constraint_has_a_name(table):
    assert all(constraint.name for constraint in TABLES[table].constraints)


def test_opening_twice_changes_nothing(database_url, tmp_path):
    first = opened(database_url, tmp_path)
    with first.read() as connection:
        before = store_digest(connection)
    first.close()
    second = opened(database_url, tmp_path)
    with second.read() as connection:
        assert store_digest(connection) == before
    second.close()


def test_a_newer_schema_is_refused(database_url, tmp_path):
    store = opened(database_url, tmp_path)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreVersionError, match="newer claimloop"):
        opened(database_url, tmp_path)


def test_foreign_tables_are_refused(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="not claimloop's"):
        opened(f"sqlite:///{path}", tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "letter.db"
    path.write_bytes(b"Dear Sir or Madam, " * 200)
    with pytest.raises(StoreError, match="not a claimloop store"):
        opened(f"sqlite:///{path}", tmp_path)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("claimloop.db", "cannot be read"),
        ("mysql://host/db", "names mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:////nowhere/at/all/claimloop.db", "does not exist"),
    ],
)
def test_a_wrong_url_is_a_usage_error(url, says, tmp_path):
    with pytest.raises(StoreUrlError, match=says) as caught:
        opened(url, tmp_path)
    assert caught.value.exit_code == 2


def test_a_server_that_is_not_there_is_temporary(tmp_path):
    with pytest.raises(TemporaryError, match="cannot be reached") as caught:
        opened(f"postgresql://someone:secret@/none?host={tmp_path}", tmp_path)  # pragma: allowlist secret
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_a_usage_error(postgres_url, tmp_path):
    with pytest.raises(StoreUrlError, match="does not exist"):
        opened(postgres_url.replace("/postgres?", "/nowhere?"), tmp_path)


def test_a_read_only_store_reads_and_does_not_write(database_url, tmp_path):
    opened(database_url, tmp_path).close()
    store = opened(database_url, tmp_path, read_only=True)
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM claim").scalar() == 0
    with pytest.raises(AccessError), store.write():
        pass
    with pytest.raises(AccessError), store.read() as connection:
        connection.exec_driver_sql("INSERT INTO practice (id, name, source) VALUES ('a', 'b', 'c')")
    store.close()


def test_a_read_only_store_that_is_missing_is_not_made(tmp_path):
    with pytest.raises(StoreMissingError):
        opened(f"sqlite:///{tmp_path / 'none.db'}", tmp_path, read_only=True)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.sqlite("PostgreSQL has no pragmas; what they keep is its default")
def test_sqlite_runs_with_the_pragmas_that_keep_data_and_with_large_pages(tmp_path):
    # The other tests do not wait for the disk; see conftest.py.
    made = _sqlite(make_url(f"sqlite:///{tmp_path / 'a.db'}"), read_only=False)
    with made.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "page_size")
        }
    made.dispose()
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "page_size": 16384}


def test_a_second_writer_waits_for_the_first(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr("reconcile.store.engine.LOCK_WAIT_SECONDS", 0.1)
    first, second = (opened(database_url, tmp_path) for _ in range(2))
    with first.write(), pytest.raises(TemporaryError, match="another process"), second.write():
        pass
    with second.write():
        pass
    first.close()
    second.close()


def test_a_read_sees_one_moment_though_another_writes(database_url, tmp_path):
    first, second = (opened(database_url, tmp_path) for _ in range(2))
    query = "SELECT COUNT(*) FROM practice"
    with first.read() as looking:
        assert looking.exec_driver_sql(query).scalar() == 0
        with second.write() as writing:
            writing.exec_driver_sql("INSERT INTO practice (id, name, source) VALUES ('a', 'A', '')")
        assert looking.exec_driver_sql(query).scalar() == 0
    with first.read() as looking:
        assert looking.exec_driver_sql(query).scalar() == 1
    first.close()
    second.close()


def test_a_writer_that_waited_sees_what_the_one_before_it_wrote(database_url, tmp_path):
    """Or two ingests at once would give one id twice."""
    first, second = (opened(database_url, tmp_path) for _ in range(2))
    began, seen = threading.Event(), []

    def waiting():
        began.set()
        with second.write() as connection:
            seen.append(connection.exec_driver_sql("SELECT COUNT(*) FROM practice").scalar())

    thread = threading.Thread(target=waiting)
    with first.write() as writing:
        thread.start()
        began.wait(10)
        time.sleep(0.2)
        writing.exec_driver_sql("INSERT INTO practice (id, name, source) VALUES ('a', 'A', '')")
    thread.join(30)
    assert seen == [1]
    first.close()
    second.close()


def test_an_error_shows_no_value(database_url, tmp_path):
    store = opened(database_url, tmp_path)
    with pytest.raises(StoreError) as caught, store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO practice (id, name, source) VALUES ('MARKER', NULL, 'MARKER')"
        )
    store.close()
    shown = f"{caught.value} {caught.value.__cause__} {caught.value.__suppress_context__}"
    assert "MARKER" not in shown
    assert caught.value.__suppress_context__
