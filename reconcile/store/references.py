"""BHT03 of the claims that were imported before stores kept it (schema 0016), read from their files in the vault."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from sqlalchemy import Connection, select, update

from edi.model.errors import ClaimloopError
from reconcile.store.bulk import table_of
from reconcile.store.claims import IMPORTED
from reconcile.store.schema import ClaimRow
from reconcile.store.second_path import submission_references
from reconcile.store.vault import Vault

_CLAIM = table_of(ClaimRow)
_SINCE: Final = "0016"


def bring_references(connection: Connection, vault: Vault, version: str) -> int:
    """Give imported claims of an older store the submission reference of their transaction set.

    Args:
        connection: a write transaction of the store, upgraded already.
        vault: of the store. A file that it cannot give (gone, damaged, no key for it) leaves its claims without one.
        version: the schema that the store had.

    Returns:
        How many claims got one.
    """
    if version >= _SINCE:
        return 0
    columns = _CLAIM.c
    without = (columns.source == IMPORTED, columns.submission_reference == "", columns.file_sha256 != "")
    noted = 0
    for sha256 in connection.execute(select(columns.file_sha256).where(*without).distinct()).scalars().all():
        try:
            with closing(vault.read(sha256)) as blocks:
                found = submission_references(blocks)
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
