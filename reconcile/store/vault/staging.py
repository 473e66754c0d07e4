"""Files on their way into a vault that are put there all at once or not at all: what a restore brings."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, Protocol

from sqlalchemy import Connection

from reconcile.store.vault.base import Vault
from reconcile.store.vault.database import DatabaseVault
from reconcile.store.vault.folder import FolderVault, make_folder

_PREFIX: Final = ".restore-"


class Stage(Protocol):
    """Where files wait."""

    def keep(self, blocks: Iterable[bytes]) -> str:
        """Take a file in; return its digest."""
        ...

    def settle(self) -> list[str]:
        """Put all files into the vault, and return those that it did not have; the transaction may still fail."""
        ...


@contextmanager
def staging(vault: Vault, connection: Connection) -> Iterator[Stage]:
    """A stage of a vault: a folder inside its folder, or the open transaction of its database.

    Args:
        vault: where the files go in the end.
        connection: the transaction of the rows that name them; it holds the lock of the store's writers.
    """
    if isinstance(vault, DatabaseVault):
        yield _Transaction(vault.inside(connection))
        return
    if not isinstance(vault, FolderVault):
        raise TypeError(type(vault).__name__)
    new = not vault.folder.exists()
    make_folder(vault.folder)
    for left in vault.folder.glob(f"{_PREFIX}*"):
        shutil.rmtree(left)  # of a restore that was killed: nobody else is at one, ours is the writers' lock
    folder = Path(mkdtemp(prefix=_PREFIX, dir=vault.folder))
    try:
        yield _Beside(vault, FolderVault(folder, vault.lock))
    finally:
        shutil.rmtree(folder)
        if new and not any(vault.folder.iterdir()):
            vault.folder.rmdir()


class _Transaction:
    """The vault in the database: its rows go as all others when the transaction fails."""

    def __init__(self, vault: DatabaseVault) -> None:
        self._vault = vault

    def keep(self, blocks: Iterable[bytes]) -> str:
        """See `Stage`."""
        return self._vault.keep(blocks).sha256

    def settle(self) -> list[str]:
        """See `Stage`."""
        return []


class _Beside:
    """The vault in a folder: the files wait in one of their own."""

    def __init__(self, vault: FolderVault, beside: FolderVault) -> None:
        self._vault = vault
        self._beside = beside

    def keep(self, blocks: Iterable[bytes]) -> str:
        """See `Stage`."""
        return self._beside.keep(blocks).sha256

    def settle(self) -> list[str]:
        """See `Stage`; what cannot be put there takes the others with it."""
        placed: list[str] = []
        try:
            for sha256 in self._beside.digests():
                damaged = self._vault.has(sha256) and not self._vault.intact(sha256)
                if damaged:
                    self._vault.remove(sha256)
                if not self._vault.has(sha256):
                    self._vault.adopt(self._beside, sha256)
                    placed += [] if damaged else [sha256]
        except BaseException:
            for sha256 in placed:
                self._vault.remove(sha256)
            raise
        return placed
