"""A store with claims in it, and the jobs that work on it, for the tests of ingest, import and verify."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from cli.jobs.import_claims import import_claims
from cli.jobs.ingest import ingest
from cli.jobs.manifest import Manifest
from cli.jobs.verify import verify
from edi.codes.lookup import load_tables
from edi.model.claim import Claim
from reconcile.store import ClaimOrigin, Store, open_store, register_practices, save_claims, store_digest
from tests.builders import make_claim, make_directory

NOW = datetime(2026, 3, 21, 6, 0)


class Desk:
    """An open store and everything a test does with it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.store: Store = open_store(url, folder / "vault")
        self._files = 0
        self.practices = tuple(make_directory().practices.values())
        with self.store.write() as connection:
            register_practices(connection, self.practices)

    def submit(self, *claims: Claim, source: str = "created") -> tuple[int, ...]:
        """Store claims as if they had been sent."""
        with self.store.write() as connection:
            return save_claims(connection, claims or (make_claim(),), ClaimOrigin(source=source)).new

    def file(self, data: bytes, name: str = "") -> Path:
        """A file to be taken in."""
        self._files += 1
        path = self.folder / (name or f"remit{self._files}.835")
        path.write_bytes(data)
        return path

    def ingest(self, *data: bytes | Path, payers=None, second_opinion_megabytes=0, now=NOW) -> Manifest:
        """Take in bytes or files; without pyx12's remarks, since most of these files have only what a test needs."""
        paths = [one if isinstance(one, Path) else self.file(one) for one in data]
        return ingest(
            paths,
            self.store,
            tables=load_tables(),
            payers=payers or {},
            practices=self.practices,
            now=now,
            second_opinion_megabytes=second_opinion_megabytes,
        )

    def import_claims(self, *paths: Path, patients=()) -> Manifest:
        """Take in 837P files."""
        return import_claims(
            paths,
            self.store,
            tables=load_tables(),
            payers={},
            practices=self.practices,
            now=NOW,
            patients=patients,
        )

    def rows(self, query: str) -> list[tuple]:
        """What a query gives."""
        with self.store.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def sql(self, *statements: str) -> None:
        """Change rows behind the store's back."""
        with self.store.write() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def digest(self, *, with_files: bool = False) -> str:
        """The store digest."""
        with self.store.read() as connection:
            return store_digest(connection, with_files=with_files)

    def broken(self, names: Sequence[str] = ()) -> list[str]:
        """The names of the checks that fail."""
        return [result.name for result in verify(self.store, names).checks if not result.holds]


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each kind of database."""
    made = Desk(database_url, tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def desk_lite(tmp_path: Path) -> Iterator[Desk]:
    """A desk on SQLite, for what does not depend on the database."""
    made = Desk(f"sqlite:///{tmp_path / 'claimloop.db'}", tmp_path)
    yield made
    made.store.close()
