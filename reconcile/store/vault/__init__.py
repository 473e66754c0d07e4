"""Every file in or out, under the SHA-256 of its plain bytes: one protocol, kept in a folder or in PostgreSQL.

::

    vault = FolderVault(folder, lock)           # or DatabaseVault(engine, lock); a store has its own as store.vault
    kept = vault.keep(blocks)                   # before the rows that name it
    with closing(vault.read(kept.sha256)) as blocks: ...

With a lock that has a key, what is kept is sealed as an age file while it streams; the name stays the digest of the
plain bytes. Plain and sealed files may stand side by side: ``seal_anew`` brings one to what the lock says now.
"""

from __future__ import annotations

from sqlalchemy import Engine

from reconcile.store.vault.base import Held, Kept, KeptFile, Lock, Place, Vault, read_blocks
from reconcile.store.vault.database import DatabaseVault
from reconcile.store.vault.folder import FolderVault

__all__ = [
    "DatabaseVault",
    "FolderVault",
    "Held",
    "Kept",
    "KeptFile",
    "Lock",
    "Place",
    "Vault",
    "make_vault",
    "read_blocks",
]


def make_vault(place: Place, engine: Engine) -> Vault:
    """The vault of a store; StoreUrlError where its database cannot keep files."""
    if place.folder is None:
        return DatabaseVault(engine, place.lock)
    return FolderVault(place.folder, place.lock)
