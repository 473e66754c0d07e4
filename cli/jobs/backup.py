"""`backup` and `restore`: a whole store as one file, encrypted when a key is given, and back on either database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from cli.jobs.rebuild import remove_sqlite, sqlite_file
from cli.privacy import completing_of, lock_of, privacy_of, store_of
from cli.settings import Settings
from edi.model.errors import AccessError, InputError, UsageError
from edi.transport.locked import identities, is_locked, locking, recipients, unlocking
from edi.transport.whole import sync_folder
from reconcile.store import Store
from reconcile.store.backup import Counts, Manifest, back_up, restore


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that stands. ``rows`` and ``files`` are what is in it."""

    file: str
    encrypted: bool
    rows: int
    files: int
    size: int


def write_backup(
    store: Store,
    settings: Settings,
    path: Path,
    keys: Sequence[str] = (),
    *,
    now: datetime,
    advance: Callable[[int], None] | None = None,
) -> BackedUp:
    """Write a backup to a file that only its owner may read; it has its name when it is whole.

    Args:
        store: of this version.
        settings: [privacy] recipients, else the key of the installation, when no ``keys`` are given.
        path: where to; nothing may be there.
        keys: public age keys to encrypt to.
        now: UTC without zone.
        advance: told of every row and file.

    Raises:
        UsageError: something is there.
        SettingsError: a key is none. StoreError: the vault is not whole. OSError: the disk.
    """
    public = recipients(keys or privacy_of(settings).recipients)
    lock = lock_of(settings)
    if not public and lock is not None:
        public = recipients([lock.public])
    if path.exists():
        raise UsageError(f"{path} is there already; nothing was replaced")
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as sink:
            with _perhaps_locked(sink, public) as stream:
                counts: Counts = back_up(store, stream, now=now, advance=advance)
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return BackedUp(
        file=str(path),
        encrypted=bool(public),
        rows=sum(counts.rows.values()),
        files=counts.files,
        size=path.stat().st_size,
    )


@contextmanager
def _perhaps_locked(sink: IO[bytes], public: Sequence[object]) -> Iterator[IO[bytes]]:
    if not public:
        yield sink
        return
    with locking(sink, public) as stream:
        yield stream


def restore_backup(
    settings: Settings,
    path: Path,
    identity: Path | None = None,
    *,
    advance: Callable[[int], None] | None = None,
) -> Manifest:
    """Restore a backup into the store of the settings; a database file that this made goes again when it fails.

    Args and errors as for `read_backup`.
    """
    made = sqlite_file(settings.store.database)
    if made is not None and made.exists():
        made = None
    store = store_of(settings)
    try:
        return read_backup(store, settings, path, identity, advance=advance)
    except BaseException:
        store.close()
        if made is not None:
            remove_sqlite(made)
        raise
    finally:
        store.close()


def read_backup(
    store: Store,
    settings: Settings,
    path: Path,
    identity: Path | None = None,
    *,
    advance: Callable[[int], None] | None = None,
) -> Manifest:
    """Restore a backup into an empty store; see `reconcile.store.backup.restore`.

    Args:
        store: without rows.
        settings: name the installation's own key, when no ``identity`` is given.
        path: the backup.
        identity: the file of the secret key, when it is encrypted.
        advance: told of every row and file.

    Raises:
        InputError: it is not there, no backup, or damaged. UsageError: the store holds rows.
        AccessError: it is encrypted and no key opens it.
    """
    try:
        source = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    completing = completing_of(settings)
    with source:
        head = source.read(64)
        source.seek(0)
        if not is_locked(head):
            return restore(store, source, advance=advance, completing=completing)
        with _opened(source, path, settings, identity) as stream:
            return restore(store, stream, advance=advance, completing=completing)


def _opened(
    source: IO[bytes], path: Path, settings: Settings, identity: Path | None
) -> AbstractContextManager[IO[bytes]]:
    """The plain bytes of an encrypted backup, by the key that was named, else by the installation's own."""
    if identity is not None:
        return unlocking(source, identities(identity))
    lock = lock_of(settings)
    if lock is None:
        raise AccessError(f"{path} is encrypted; name the file of its secret key with --identity")
    return lock.opening(source)
