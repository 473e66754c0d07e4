"""Vaults of every kind, and keys, for the tests of what all of them promise."""

from __future__ import annotations

from pathlib import Path

import pyrage

from edi.transport.locked import AgeLock
from reconcile.store import DatabaseVault, FolderVault, Store, Vault, open_store
from reconcile.store.bulk import table_of
from reconcile.store.schema import VaultChunkRow
from reconcile.store.vault import Place


def lock(*keys, seals: bool = True) -> AgeLock:
    """A lock of those keys, or of a new one."""
    return AgeLock(keys or [pyrage.x25519.Identity.generate()], seals=seals)


def key():
    """A new secret key."""
    return pyrage.x25519.Identity.generate()


def with_lock(vault: Vault, other: AgeLock | None) -> Vault:
    """The same vault as someone with other keys sees it."""
    if isinstance(vault, DatabaseVault):
        return DatabaseVault(vault.engine, other)
    assert isinstance(vault, FolderVault)
    return FolderVault(vault.folder, other)


def damage(vault: Vault, sha256: str, at: int | None = None) -> None:
    """Flip a bit of the kept bytes: of the one at that place, or in the middle."""
    if isinstance(vault, DatabaseVault):
        table = table_of(VaultChunkRow)
        with vault.engine.begin() as connection:
            row = connection.execute(table.select().order_by(table.c.upload.desc()).limit(1)).one()
            data = bytearray(row.data)
            data[len(data) // 2 if at is None else at] ^= 1
            connection.execute(table.update().where(table.c.upload == row.upload).values(data=bytes(data)))
        return
    assert isinstance(vault, FolderVault)
    for path in vault.folder.glob(f"{sha256[:2]}/{sha256[2:]}*"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2 if at is None else at] ^= 1
        path.write_bytes(data)


def stored(vault: Vault) -> bytes:
    """Everything that the vault keeps, as it is kept."""
    if isinstance(vault, DatabaseVault):
        table = table_of(VaultChunkRow)
        with vault.engine.begin() as connection:
            return b"".join(bytes(row.data) for row in connection.execute(table.select()))
    assert isinstance(vault, FolderVault)
    return b"".join(path.read_bytes() for path in vault.folder.rglob("*") if path.is_file())


def leftovers(vault: Vault) -> int:
    """Parts of files that no name leads to."""
    if isinstance(vault, DatabaseVault):
        with vault.engine.begin() as connection:
            query = "SELECT count(*) FROM vault_chunk WHERE upload NOT IN (SELECT upload FROM vault_file)"
            return int(connection.exec_driver_sql(query).scalar_one())
    assert isinstance(vault, FolderVault)
    return len(list(vault.folder.rglob(".*")))


def open_on(url: str, folder: Path, kind: str, held: AgeLock | None = None) -> Store:
    """A store whose vault is of that kind."""
    return open_store(url, Place(folder if kind == "folder" else None, held))


def empty(url: str) -> None:
    """Let every file of a vault in the database go."""
    store = open_store(url, Place(None))
    for digest in list(store.vault.digests()):
        store.vault.remove(digest)
    store.close()
