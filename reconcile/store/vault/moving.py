"""All files of a vault taken elsewhere, or brought to the key of now: one by one, each whole before the old one goes.

Every step may be killed and done again: what is done is found done, and nothing goes that is not read back first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing

import msgspec

from edi.model.errors import StoreError
from reconcile.store.vault.base import Vault

Advance = Callable[[int], None]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a move or a change of keys did: files it brought there, that were there already, and old copies gone."""

    brought: int = 0
    known: int = 0
    gone: int = 0


def copy_missing(source: Vault, target: Vault, advance: Advance = lambda _count: None) -> Moved:
    """Bring every file of a vault that another one lacks or holds damaged into that; nothing goes.

    Raises:
        StoreError: a file of the source is not what it was; nothing was put under its name.
        AccessError, TemporaryError: a vault failed, or is sealed for a key that is not given.
    """
    brought = known = 0
    for sha256 in source.digests():
        if _bring(source, target, sha256):
            brought += 1
        else:
            known += 1
        advance(1)
    return Moved(brought=brought, known=known)


def move_all(source: Vault, target: Vault, advance: Advance = lambda _count: None) -> Moved:
    """Bring every file of a vault into another one, and let each go when it was read back from there.

    Raises:
        StoreError, AccessError, TemporaryError: as ``copy_missing``; what was moved until then is whole.
    """
    brought = known = 0
    for sha256 in source.digests():
        if _bring(source, target, sha256):
            brought += 1
        else:
            known += 1
        source.remove(sha256)
        advance(1)
    source.tidy()
    return Moved(brought=brought, known=known, gone=brought + known)


def _bring(source: Vault, target: Vault, sha256: str) -> bool:
    """See that the target holds a file whole; False when it did already. StoreError when it cannot."""
    if target.has(sha256):
        if target.intact(sha256):
            return False
        if not source.intact(sha256):
            raise StoreError(f"the file {sha256} is damaged in both vaults; restore it from a backup")
        target.remove(sha256)
    with closing(source.read(sha256)) as blocks:
        kept = target.keep(blocks)
    if kept.sha256 != sha256:
        target.remove(kept.sha256)
        raise StoreError(f"the file {sha256} of the vault {source.place} is not what it was; it stays there")
    if not target.intact(sha256):
        raise StoreError(
            f"the file {sha256} does not read back from the vault {target.place}; it stays where it was"
        )
    return True


def seal_all(vault: Vault, advance: Advance = lambda _count: None) -> Moved:
    """Bring every file of a vault to what its lock says now: sealed for its key, or plain.

    Raises:
        StoreError: a file is not what it was; those before it are done, and it is left as it is.
        AccessError: one is sealed for a key that is not given.
    """
    done = known = 0
    for sha256 in vault.digests():
        if vault.seal_anew(sha256):
            done += 1
        else:
            known += 1
        advance(1)
    vault.tidy()
    return Moved(brought=done, known=known, gone=done)


class VaultState(msgspec.Struct, frozen=True, kw_only=True):
    """How a vault holds its files: how many, their bytes as kept, files by key ("" for plain), and the key of now."""

    place: str
    files: int
    stored: int
    keys: dict[str, int]
    key: str = ""

    @property
    def stale(self) -> int:
        """Files that are held otherwise than new ones are."""
        return sum(count for key, count in self.keys.items() if key != self.key)


def state_of(vault: Vault) -> VaultState:
    """Count the files of a vault; a file that is held twice counts twice."""
    keys: Counter[str] = Counter()
    stored = 0
    for one in vault.held():
        keys[one.key] += 1
        stored += one.stored
    return VaultState(
        place=vault.place,
        files=sum(keys.values()),
        stored=stored,
        keys=dict(sorted(keys.items())),
        key=vault.lock.key if vault.lock is not None else "",
    )
