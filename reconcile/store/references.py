"""BHT03 of the claims that were imported before stores kept it (schema 0016), read from their files in the vault."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Final, TypeAlias

from sqlalchemy import Connection, select, update

from edi.model.errors import ClaimloopError
from reconcile.store.bulk import table_of
from reconcile.store.claims import IMPORTED
from reconcile.store.schema import ClaimRow
from reconcile.store.second_path import Seek, declared_only, submission_references
from reconcile.store.vault import DatabaseVault, Vault

Completing: TypeAlias = Callable[[Connection, Vault], object]
"""What has to be done to an older store after the references, in the same transaction: with its vault as it sees it.

It brings those of files whose separators only the readers can tell, and ties what could not be tied without them; the
store itself has no readers.
"""
_CLAIM = table_of(ClaimRow)
_SINCE: Final = "0016"


def complete(connection: Connection, vault: Vault, version: str, completing: Completing | None) -> None:
    """Complete the rows of an older store from the files of its vault.

    Args:
        connection: the write transaction that upgrades or restores it: what is cut off leaves the older store.
        vault: of the store.
        version: the schema that the store had.
        completing: what follows on the references.
    """
    if version >= _SINCE:
        return
    seen = vault.inside(connection) if isinstance(vault, DatabaseVault) else vault
    bring_references(connection, seen, declared_only)
    if completing is not None:
        completing(connection, seen)


def bring_references(connection: Connection, vault: Vault, seek: Seek) -> int:
    """Give imported claims of an older store the submission reference of their transaction set.

    Args:
        connection: a write transaction of the store, upgraded already.
        vault: of the store. A file that it cannot give (gone, damaged, no key for it) leaves its claims without one.
        seek: finds interchanges that declare no separators.

    Returns:
        How many claims got one.
    """
    columns = _CLAIM.c
    without = (columns.source == IMPORTED, columns.submission_reference == "", columns.file_sha256 != "")
    noted = 0
    for sha256 in connection.execute(select(columns.file_sha256).where(*without).distinct()).scalars().all():
        try:
            with closing(vault.read(sha256)) as blocks:
                found = submission_references(blocks, seek)
        except (ClaimloopError, OSError, EOFError):
            continue
        for (interchange, group, number), reference in found.items():
            own = (
                columns.file_sha256 == sha256,
                columns.interchange_control_number == interchange,
                columns.group_control_number == group,
                columns.st_control_number == number,
            )
            done = connection.execute(
                update(_CLAIM).where(*without, *own).values(submission_reference=reference)
            )
            noted += done.rowcount
    return noted
