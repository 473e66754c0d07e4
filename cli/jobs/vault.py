"""`vault`: how the files are held, taken to the other kind of vault, and brought to the key of now."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from cli.privacy import lock_of
from cli.settings import IN_DATABASE, Settings
from edi.model.errors import AccessError, UsageError
from reconcile.store import DatabaseVault, Place, Store, Vault
from reconcile.store.vault import make_vault
from reconcile.store.vault.moving import Moved, VaultState, copy_missing, move_all, seal_all, state_of

Kind = Literal["database", "folder"]
Advance = Callable[[int], None]
KINDS: Final = ("database", "folder")
_FOLDER: Final = "vault"


class MovedVault(msgspec.Struct, frozen=True, kw_only=True):
    """A move. ``in_use`` says that the settings name where the files are now, so that the old copies went."""

    source: str
    target: str
    in_use: bool
    brought: int
    known: int
    gone: int


class Rekeyed(msgspec.Struct, frozen=True, kw_only=True):
    """A change of keys. ``key`` names the one that all files are sealed for now, "" for plain."""

    vault: str
    key: str
    changed: int
    as_before: int


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was made: the file of the secret one, and the public one."""

    file: str
    public: str


def show(store: Store) -> VaultState:
    """How the files of a store are held."""
    return state_of(store.vault)


def both(store: Store, settings: Settings, to: Kind, folder: Path | None = None) -> tuple[Vault, Vault]:
    """The vault to move from and the one to move to.

    Args:
        store: open.
        settings: name one of the two.
        to: the kind to move to.
        folder: the folder, where the settings name the database; ``vault`` beside claimloop.toml.

    Raises:
        UsageError: the settings name another folder. StoreUrlError: the database keeps no files.
    """
    named = settings.store.vault
    if named != IN_DATABASE and folder is not None and folder.resolve() != Path(named):
        raise UsageError(
            "--folder is for a store whose [store] vault is the database; the settings name another folder"
        )
    place = Path(named) if named != IN_DATABASE else (folder or settings.folder / _FOLDER).resolve()
    lock = lock_of(settings)
    database = make_vault(Place(None, lock), store.engine)
    files = make_vault(Place(place, lock), store.engine)
    return (files, database) if to == IN_DATABASE else (database, files)


def move(
    source: Vault, target: Vault, settings: Settings, advance: Advance = lambda _count: None
) -> MovedVault:
    """Take all files from one vault to the other.

    While the settings name the old one, files are copied and stay there too: others work on. Once they name the new
    one, what came meanwhile is taken along, and each old copy goes when the new one was read back.

    Args:
        source: where the files are.
        target: where they go.
        settings: of the installation.
        advance: told of every file.

    Raises:
        StoreError: a file is not what it was. AccessError, TemporaryError: a vault failed.
    """
    in_use = isinstance(target, DatabaseVault) == (settings.store.vault == IN_DATABASE)
    done: Moved = (move_all if in_use else copy_missing)(source, target, advance)
    return MovedVault(
        source=source.place,
        target=target.place,
        in_use=in_use,
        brought=done.brought,
        known=done.known,
        gone=done.gone,
    )


def rekey(store: Store, advance: Advance = lambda _count: None) -> Rekeyed:
    """Bring every file to what [privacy] says now: sealed for the first key, or plain.

    Raises:
        StoreError: a file is not what it was; it is left as it is. AccessError: its key is not given.
    """
    done = seal_all(store.vault, advance)
    lock = store.vault.lock
    return Rekeyed(
        vault=store.vault.place,
        key=lock.key if lock is not None else "",
        changed=done.brought,
        as_before=done.known,
    )


def make_key(path: Path) -> NewKey:
    """Write a new secret age key to a file that only its owner may read; nothing is replaced.

    Raises:
        UsageError: something is there. AccessError: nothing may be written there.
    """
    from edi.transport.locked import new_identity

    secret, public = new_identity()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} is there already; nothing was replaced") from None
    except PermissionError:
        raise AccessError(f"{path}: may not be written") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(f"# public key: {public}\n{secret}\n")
        stream.flush()
        os.fsync(stream.fileno())
    return NewKey(file=str(path), public=public)
