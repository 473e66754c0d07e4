"""The whole suite on PostgreSQL: where a test opens an SQLite file, a database of its own stands behind it.

The file stays as a short text that names the database, so that a store which is looked for, copied with its folder or
removed behaves as one in a file does. A file that is a real SQLite database, or no database at all, is left to SQLite.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import make_url
from sqlalchemy.engine import URL, Engine

from reconcile.store import engine, open_store

MARK = b"claimloop test store on PostgreSQL: "


class Cluster(Protocol):
    """The server of the tests."""

    def dsn(self, database: str) -> str: ...
    def url(self, database: str) -> str: ...


class Stores:
    """Databases by the path of the SQLite file that they stand for.

    Args:
        cluster: the server that they are made on.
        folder: an empty one, for the vault of the template.
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._made: dict[Path, str] = {}
        self._count = 0
        self._sql('CREATE DATABASE "migrated"')
        open_store(cluster.url("migrated"), folder / "vault").close()
        self._original = engine._engine

    def _sql(self, *statements: str) -> None:
        with psycopg.connect(self._cluster.dsn("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """What `open_store` makes its engine with, in the place of the one for SQLite."""
        if not url.drivername.startswith("sqlite"):
            return self._original(url, read_only=read_only)
        path = Path(str(url.database)).resolve()
        name = self._named(path)
        if name is None and path.exists() and path.stat().st_size:
            return self._original(url, read_only=read_only)
        if name is None or self._made.get(path) != name:
            name = self._make(path, template=name or "migrated")
        return self._original(
            make_url(self._cluster.url(name)).set(drivername="postgresql+psycopg"), read_only=read_only
        )

    def _named(self, path: Path) -> str | None:
        """The database that the file at a path names, which may be that of the file it was copied from."""
        with contextlib.suppress(OSError), path.open("rb") as stream:
            head = stream.read(200)
            if head.startswith(MARK):
                return head.removeprefix(MARK).decode()
        return None

    def _make(self, path: Path, *, template: str) -> str:
        self._count += 1
        name = f"store_{self._count}"
        self._sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        with contextlib.suppress(OSError):
            path.touch(mode=0o600)
            path.write_bytes(MARK + name.encode())
        self._made[path] = name
        return name

    def drop_below(self, folder: Path) -> None:
        """Drop the databases of a folder that is of no more use."""
        below = [path for path in self._made if path.is_relative_to(folder)]
        self._sql(*(f'DROP DATABASE IF EXISTS "{self._made.pop(path)}" WITH (FORCE)' for path in below))


@contextlib.contextmanager
def everywhere(stores: Stores) -> Iterator[None]:
    """Let every store of an SQLite URL be one of these."""
    original, engine._engine = engine._engine, stores.engine
    try:
        yield
    finally:
        engine._engine = original
