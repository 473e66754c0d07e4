"""The whole suite on PostgreSQL: where a test opens an SQLite file, a database of its own stands behind it.

The file stays as a short text that names the database, so that a store which is looked for, copied with its folder or
removed behaves as one in a file does. A file that is a real SQLite database, or no database at all, is left to SQLite.
Processes that a test starts do the same: Python runs on_postgres_children/sitecustomize.py first in each of them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
from sqlalchemy import make_url
from sqlalchemy.engine import URL, Engine

MARK = b"claimloop test store on PostgreSQL: "
SERVER = "STORES_OF_THE_TESTS"
"""The environment variable that tells a process that a test starts where the server is."""
CHILDREN = Path(__file__).with_name("on_postgres_children")
TEMPLATE = "migrated"
"""The database of an empty store, from which others are copied."""


class Server:
    """A running server, by the folder of its socket; in it is the list of all stores that were made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def dsn(self, database: str) -> str:
        """What libpq connects to a database with."""
        return f"host={self.folder} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        """What a store on a database is opened with."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def sql(self, *statements: str) -> None:
        """Run statements in the maintenance database, each a transaction."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def create(self, name: str, template: str) -> None:
        """Make a database as a copy of another; files are copied, which is four times as fast as writing the log."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            how = " STRATEGY file_copy" if connection.info.server_version >= 150000 else ""
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{how}'.encode())

    @contextlib.contextmanager
    def listing(self) -> Iterator[list[tuple[str, Path]]]:
        """The databases made and the files they stand for, for one process at a time; changes are kept."""
        with (self.folder / "stores").open("a+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            rows = [line.split("\t", 1) for line in stream.read().splitlines()]
            made = [(name, Path(path)) for name, path in rows]
            before = list(made)
            yield made
            if made != before:
                stream.truncate(0)
                stream.writelines(f"{name}\t{path}\n" for name, path in made)


class Stores:
    """Databases by the path of the SQLite file that they stand for.

    Args:
        server: what they are made on.
        module: `reconcile.store.engine`, whose way to make an engine is theirs for other URLs.
    """

    def __init__(self, server: Server, module: ModuleType) -> None:
        self._server = server
        self._module: Any = module
        self._original = module._engine
        self._count = 0

    def prepare(self, vault: Path) -> None:
        """Make the empty store that others are copied from; its vault goes into an empty folder."""
        from reconcile.store import open_store

        self._server.sql(f'CREATE DATABASE "{TEMPLATE}"')
        open_store(self._server.url(TEMPLATE), vault).close()

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """What `open_store` makes its engine with, in the place of the one for SQLite."""
        if not url.drivername.startswith("sqlite"):
            return self._original(url, read_only=read_only)
        path = Path(str(url.database)).resolve()
        name, at = _named(path)
        if at is None and path.exists() and path.stat().st_size:
            return self._original(url, read_only=read_only)
        if at != path:
            name = self._make(path)
        there = make_url(self._server.url(name)).set(drivername="postgresql+psycopg")
        return self._original(there, read_only=read_only)

    def _make(self, path: Path) -> str:
        """A database for the file at a path: a copy of that of the file it was copied from, or an empty store."""
        with self._server.listing() as made:
            template, at = _named(path)
            if at == path:
                return template
            self._count += 1
            name = f"store_{os.getpid()}_{self._count}"
            self._server.create(name, template)
            with contextlib.suppress(OSError):
                path.touch(mode=0o600)
                path.write_bytes(MARK + f"{name} {path}".encode())
            made.append((name, path))
        return name

    def drop_below(self, folder: Path) -> None:
        """Drop the databases of a folder that is of no more use."""
        with self._server.listing() as made:
            below = [one for one in made if one[1].is_relative_to(folder)]
            made[:] = [one for one in made if one not in below]
        if below:
            self._server.sql(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name, _ in below))

    def stand_in(self) -> Callable[[], None]:
        """Let every store of an SQLite URL be one of these; returns what ends that."""
        before = self._module._engine
        self._module._engine = self.engine
        return lambda: setattr(self._module, "_engine", before)


def _named(path: Path) -> tuple[str, Path | None]:
    """The database that the file at a path names, and the path it was made for; the template and None if none."""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        head = stream.read(len(MARK) + 5000)
        if head.startswith(MARK):
            name, _, at = head.removeprefix(MARK).decode().partition(" ")
            return name, Path(at)
    return TEMPLATE, None


@contextlib.contextmanager
def everywhere(stores: Stores, server: Server) -> Iterator[None]:
    """Let every store of an SQLite URL be one of these, in this process and in those that it starts."""
    original: Any = subprocess.Popen.__init__

    def start(self: Any, *args: Any, env: Any = None, **more: Any) -> None:
        env = dict(os.environ if env is None else env)
        env[SERVER] = str(server.folder)
        env["PYTHONPATH"] = os.pathsep.join([str(CHILDREN), *filter(None, [env.get("PYTHONPATH")])])
        original(self, *args, env=env, **more)

    stand_aside = stores.stand_in()
    subprocess.Popen.__init__ = start  # type: ignore[method-assign]
    try:
        yield
    finally:
        subprocess.Popen.__init__ = original  # type: ignore[method-assign]
        stand_aside()
