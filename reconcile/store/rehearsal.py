"""A store on which everything works and nothing stays: what ``--dry-run`` works with where several writes follow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from reconcile.store.driver_errors import begun, translated
from reconcile.store.engine import Store
from reconcile.store.vault import FolderVault, Vault


class _Rehearsal(Store):
    """A store inside one transaction of another; each write of it is a part of that."""

    def __init__(self, store: Store, connection: Connection, vault: Vault) -> None:
        super().__init__(store.engine, vault, read_only=False)
        self._connection = connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write, taken back alone if it raises."""
        with translated(self.name), begun(self._connection, self._connection.begin_nested()):
            yield self._connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A look at what was written so far."""
        with translated(self.name):
            yield self._connection

    def close(self) -> None:
        """Leave the connections to the store that is rehearsed on."""


def inside(store: Store, connection: Connection) -> Store:
    """Give a store whose writes are parts of one open transaction of ``store``, for work that writes several times."""
    return _Rehearsal(store, connection, store.vault)


def _beside(vault: Vault) -> Path | None:
    """The folder that the vault is in, on the disk that is meant for such bytes; None where there is none yet."""
    parent = vault.folder.parent if isinstance(vault, FolderVault) else None
    return parent if parent is not None and os.access(parent, os.W_OK) else None


class _DoneError(Exception):
    """Ends the transaction around a rehearsal, so that it is rolled back."""


@contextmanager
def rehearsal(store: Store) -> Iterator[Store]:
    """Give a store that writes as this one does, and roll everything back at the end.

    Files go to a folder that goes, encrypted where a key is given.

    Args:
        store: open for writing; other writers wait meanwhile.

    Raises:
        AccessError, TemporaryError: as `Store.write` says.
    """
    with TemporaryDirectory(prefix=".claimloop-dry-run-", dir=_beside(store.vault)) as folder:
        try:
            with store.write() as connection:
                yield _Rehearsal(store, connection, FolderVault(Path(folder), store.vault.lock))
                raise _DoneError
        except _DoneError:
            return
