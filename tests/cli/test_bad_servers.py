"""What a PostgreSQL server can do to a store: read-only, full, damaged; and the swap of files that it cannot do."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from reconcile.store import open_store, store_digest
from tests.cli.test_bad_input import commands, mounted
from tests.command_line import Office, Run

pytestmark = pytest.mark.postgres


class Served(NamedTuple):
    """An office and the database that its store is."""

    office: Office
    url: str
    dsn: str

    def __call__(self, *words: object) -> Run:
        """Run a command on that store."""
        return self.office(*words, "--database", self.url)

    def digest(self) -> str:
        """The digest of the books."""
        store = open_store(self.url, self.office.folder / "vault", read_only=True)
        with contextlib.closing(store), store.read() as connection:
            return store_digest(connection)

    def sql(self, statement: str) -> object:
        """The first value that a statement gives, or None."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            row = connection.execute(statement.encode())
            return (row.fetchone() or (None,))[0] if row.description else None


@pytest.fixture(scope="module")
def whole(tmp_path_factory, postgres_cluster) -> Iterator[tuple[Office, str]]:
    """An office with claims sent, answered and not yet taken in, and the name of its database."""
    office = Office(tmp_path_factory.mktemp("served") / "office")
    with postgres_cluster.database() as name:
        assert office.create("--database", postgres_cluster.url(name)).code == 1
        office.answer()
        yield office, name


@pytest.fixture
def served(whole, postgres_cluster, tmp_path) -> Iterator[Served]:
    """A copy of it, that a test may break."""
    office, template = whole
    shutil.copytree(office.folder, tmp_path / "office")
    with postgres_cluster.database(template) as name:
        yield Served(Office(tmp_path / "office"), postgres_cluster.url(name), postgres_cluster.dsn(name))


def test_a_database_that_may_not_be_written(served, postgres_cluster):
    before = served.digest()
    name = served.sql("SELECT current_database()")
    postgres_cluster.sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    for command in commands(served.office):
        told = served(*command)
        writes = "ingest" in command or "import" in command
        assert (told.code, told.out == "") == ((4, True) if writes else (0, False)), (command, told)
        assert "not in the audit" in told.err
        assert "may not be written" in told.err
        assert "pipeline" not in told.err, "the driver says nothing beside that"
    postgres_cluster.sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    assert served.digest() == before


def test_a_full_disk_under_the_server(served, whole, postgres_cluster):
    """Nothing half done; and the same files again when there is room give the same books."""
    folder = postgres_cluster.folder / "small"
    folder.mkdir()
    answers = served.office.folder / "answers"
    with mounted(folder, "-t", "tmpfs", "-o", "size=64m", "tmpfs"):
        shutil.chown(folder, Path(postgres_cluster.folder).owner())
        postgres_cluster.sql(
            f"CREATE TABLESPACE small LOCATION '{folder}'",
            f'CREATE DATABASE full_one TEMPLATE "{whole[1]}" TABLESPACE small',
        )
        full = Served(served.office, postgres_cluster.url("full_one"), postgres_cluster.dsn("full_one"))
        try:
            before = full.digest()
            postgres_cluster.sql("CHECKPOINT")
            filler = folder / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
                while stream.write(b"x" * 4096):
                    pass
            for _ in range(2):
                told = full("ingest", answers)
                assert (told.code, "no room" in told.err) == (75, True), told
            assert full.digest() == before
            filler.unlink()
            assert full("verify").code == 0
            assert full("ingest", answers).code == 0
            through_a_full_disk = full.digest()
        finally:
            postgres_cluster.sql("DROP DATABASE full_one WITH (FORCE)", "DROP TABLESPACE small")
    assert served("ingest", answers).code == 0
    assert served.digest() == through_a_full_disk


def test_a_damaged_table_is_said_to_be_damaged(served, postgres_cluster):
    """Its pages are overwritten; the copy of the database has never been read, so none of them is in memory."""
    name, table = served.sql("SELECT current_database()"), served.sql("SELECT pg_relation_filepath('claim')")
    postgres_cluster.sql("CHECKPOINT")
    with (postgres_cluster.folder / "data" / str(table)).open("r+b") as stream:
        stream.write(b"\xff" * 8192)
    with postgres_cluster.database(str(name)) as copied:
        told = served.office(
            "ingest", served.office.folder / "answers", "--database", postgres_cluster.url(copied)
        )
    assert told.code == 3
    assert "damaged" in told.err


def test_a_swap_is_for_files(served):
    told = served("rebuild", "--swap")
    assert (told.code, told.out) == (2, "")
    assert "a store that is a file" in told.err
