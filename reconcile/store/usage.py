"""Whether the store holds test or production claims of a trading partner: ISA15 of the files that were written."""

from __future__ import annotations

from sqlalchemy import Connection, select

from edi.model.errors import StoreError
from reconcile.store.bulk import table_of
from reconcile.store.claims import CREATED
from reconcile.store.schema import ClaimRow
from reconcile.store.vault import Vault

_CLAIM = table_of(ClaimRow)
_ISA15 = slice(102, 103)
"""Where ISA15 stands: the elements of an ISA have fixed widths."""


def usages(connection: Connection, vault: Vault, partner: str) -> dict[str, str]:
    """The usages (T, P) of the claims that were made for a partner, each with the control number of a file of it.

    A file that the vault no longer has says nothing; `verify` tells that it is missing.
    """
    query = (
        select(_CLAIM.c.file_sha256, _CLAIM.c.interchange_control_number)
        .where(_CLAIM.c.partner == partner, _CLAIM.c.source == CREATED)
        .distinct()
    )
    found: dict[str, str] = {}
    for sha256, interchange in connection.execute(query):
        try:
            head = next(iter(vault.read(sha256)), b"")
        except StoreError:
            continue
        usage = head[_ISA15].decode("ascii", errors="replace")
        if head.startswith(b"ISA") and usage:
            found.setdefault(usage, interchange)
    return found
