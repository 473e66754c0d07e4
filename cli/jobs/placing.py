"""Files that this store made, from the vault into their folder: after the transaction that notes them.

A file is noted as made and not yet placed, then written whole into its folder, then noted as placed. So a run that
ended in between is repaired by the next one, and a file that once stood in its folder is never written again, wherever
it went: someone may have uploaded it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edi.model.errors import UsageError
from edi.transport.whole import digest_of, put_whole
from reconcile.store import Store, Vault, files
from reconcile.store.files import OUTGOING, PLACED, move_file


class RollBackError(Exception):
    """Ends a dry run's transaction."""


def place(store: Store, path: Path, sha256: str, data: bytes, *, before: str) -> None:
    """Put a committed file into its folder, and note that it stood there unless it is further on its way already.

    Args:
        store: open for writing.
        path: where it goes.
        sha256: its digest.
        data: its bytes.
        before: the outcome of a file that was not seen in its folder yet.

    Raises:
        UsageError: other content stands there.
        StoreError, AccessError, TemporaryError: from the store or the folder.
    """
    refuse_taken(path, sha256)
    if not path.exists():
        put_whole(path, data)
    with store.write() as connection:
        move_file(connection, sha256, before=before, outcome=PLACED)


def put_back(store: Store, folder: Path, *, before: str) -> Iterator[str]:
    """Write the files that an interrupted run committed but did not get into its folder; yield their names.

    Arguments and errors are those of ``place``.
    """
    with store.read() as connection:
        waiting = [one for one in files(connection) if (one.direction, one.outcome) == (OUTGOING, before)]
    vault = Vault(store.vault)
    for one in waiting:
        place(store, folder / one.name, one.sha256, b"".join(vault.read(one.sha256)), before=before)
        yield one.name


def refuse_taken(path: Path, sha256: str) -> None:
    """Raise UsageError when other content stands under the name: another store's file must not be replaced."""
    if path.exists() and digest_of(path) != sha256:
        raise UsageError(f"{path} is another file, perhaps of another store; name another folder with --out")
