"""The chains of provider adjustments, against the bytes of the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.second_path import Seek, bare, provider_adjustments
from reconcile.store.takebacks import load_chains
from reconcile.store.vault import Vault


@check
def takebacks(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every chain's entries are provider adjustments of the files' bytes, each in one chain, and none is left out."""
    query = """SELECT r.id, r.file_sha256, t.st_control_number, r.trace_number FROM remittance r
        JOIN file_transaction t ON t.file_sha256 = r.file_sha256 AND t.position = r.position AND t.kind = '835'
        ORDER BY r.file_sha256"""
    chained: dict[int, Counter[tuple[str, str, int]]] = {}
    for chain in load_chains(connection, tables):
        for one in chain.entries:
            told = (bare(one.reason), bare(one.reference), one.cents)
            chained.setdefault(one.remittance, Counter())[told] += 1
    current = ""
    said: dict[str, list[Counter[tuple[str, str, int]]]] = {}
    for remittance, digest, number, trace in list(rows(connection, query)):
        if digest != current:
            current, said = digest, {}
            blocks = vault.read(digest) if vault.has(digest) else ()
            for control, found in provider_adjustments(blocks, seek):
                said.setdefault(control, []).append(found)
        entries, sets = chained.get(remittance, Counter()), said.get(number, [])
        if entries in sets:
            sets.remove(entries)  # it answers for one set, should two of a file share a number
        else:
            cents = sum(cents * times for (_, _, cents), times in entries.items())
            message = (
                f"payment {trace}: the chains have {decimal_text(cents)} of it, by reasons and references that are"
                f" not those of file {digest[:12]}"
            )
            yield broken("takebacks", message)
