# ruff: noqa: ARG001 (all checks have one signature)
"""Checks of what people decided about denials."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.checks.registry import broken, check
from reconcile.store.denial_work import deeds_by_item
from reconcile.store.vault import Vault
from reconcile.worklist import Verb


@check
def write_offs(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every write-off is of the cents that were denied when it was made.

    A later file may change what is denied, which is no fault of the books: the write-off is held to that, and its item
    opens again for what is more (``reconcile.worklist``).
    """
    for name, done in sorted(deeds_by_item(connection).items()):
        for deed in done:
            if deed.verb is Verb.WRITE_OFF and deed.denied and deed.cents != deed.denied:
                told = f"{decimal_text(deed.cents)} written off where {decimal_text(deed.denied)} was denied"
                yield broken("write_offs", f"denial {name}: {told}")
