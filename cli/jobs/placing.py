"""Files that this store made, from the vault into their folder: after the transaction that notes them, once.

Someone may upload a file as soon as it stands in its folder, so no file may ever stand there a second time. It is
written whole beside its place, under a name that no uploader takes, in the transaction that notes it as placed, and
renamed after that. Of two commands that would place a file the second finds it noted, as it finds one that is being
sent; of two that would rename it the second finds nothing to rename; and what a run that ended in between left under
the other name is renamed by the next.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from edi.model.errors import UsageError
from edi.transport.base import temporary_name
from edi.transport.whole import digest_of, private_folder, sync_folder, write_synced
from reconcile.store import Store, files
from reconcile.store.files import OUTGOING, PLACED, move_file


class RollBackError(Exception):
    """Ends a dry run's transaction."""


def place(store: Store, path: Path, sha256: str, data: bytes, *, before: str) -> bool:
    """Put a committed file into its folder, unless it is noted as further on its way already.

    Args:
        store: open for writing.
        path: where it goes.
        sha256: its digest.
        data: its bytes.
        before: the outcome of a file that was not seen in its folder yet.

    Returns:
        Whether it was this command that put it there.

    Raises:
        UsageError: other content stands there.
        StoreError, AccessError, TemporaryError: from the store or the folder.
    """
    refuse_taken(path, sha256)
    with store.write() as connection:
        ours = move_file(connection, sha256, before=before, outcome=PLACED)
        if ours and not path.exists():
            _stage(path, sha256, data)
    return ours and _reveal(path, sha256)


def put_back(store: Store, folder: Path, *, before: str) -> Iterator[str]:
    """Put the files that an interrupted run committed and did not get into its folder there; yield their names.

    Arguments and errors are those of ``place``.
    """
    with store.read() as connection:
        ours = [one for one in files(connection) if one.direction == OUTGOING]
    vault = store.vault
    for one in ours:
        path = folder / one.name
        if one.outcome == before:
            data = b"".join(vault.read(one.sha256))
            if place(store, path, one.sha256, data, before=before):
                yield one.name
        elif one.outcome == PLACED and _reveal(path, one.sha256):
            yield one.name


def refuse_taken(path: Path, sha256: str) -> None:
    """Raise UsageError when other content stands under the name: another store's file must not be replaced."""
    if path.exists() and digest_of(path) != sha256:
        raise UsageError(f"{path} is another file, perhaps of another store; name another folder with --out")


def _stage(path: Path, sha256: str, data: bytes) -> None:
    """Write a file whole beside its place, to the disk; what cannot be written leaves nothing."""
    private_folder(path.parent)
    staged = _staged(path, sha256)
    try:
        write_synced(io.BytesIO(data), staged, sha256, mode=0o600)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _reveal(path: Path, sha256: str) -> bool:
    """Give what was staged its name; False when nothing is, or another command did it in this moment."""
    staged = _staged(path, sha256)
    if not staged.exists():
        return False
    refuse_taken(path, sha256)
    try:
        staged.rename(path)
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


def _staged(path: Path, sha256: str) -> Path:
    return path.with_name(temporary_name(path.name, sha256))
