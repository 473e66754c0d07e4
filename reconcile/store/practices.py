"""Whose money it is: practices by every NPI and tax id that an 835 may name them by."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, select

from edi.model.claim import Provider
from edi.model.directory import Practice
from reconcile.store.bulk import insert_new, table_of, update
from reconcile.store.schema import PracticeIdentifierRow, PracticeRow, RemittanceRow


class Payees(msgspec.Struct, frozen=True):
    """Practice ids by NPI and by tax id. A tax id that two practices share names neither alone."""

    by_npi: dict[str, frozenset[str]]
    by_tax_id: dict[str, frozenset[str]]

    def practices(self, npi: str | None, tax_id: str | None) -> frozenset[str]:
        """The practices that an 835's payee may be: by NPI if that is known, else by tax id; empty if unknown."""
        known = self.by_npi.get(npi or "", frozenset())
        return known or self.by_tax_id.get(tax_id or "", frozenset())


def register_practices(connection: Connection, practices: Iterable[Practice]) -> None:
    """Make the store know the practices of claimloop.toml, with their former NPIs and tax ids."""
    rows, identifiers = [], []
    for practice in practices:
        rows.append((practice.id, practice.name, "settings"))
        identifiers += [("npi", npi, practice.id) for npi in (practice.npi, *practice.former_npis) if npi]
        identifiers += [
            ("tax_id", tax_id, practice.id)
            for tax_id in (practice.tax_id, *practice.former_tax_ids)
            if tax_id
        ]
    insert_new(connection, PracticeRow, rows)
    insert_new(connection, PracticeIdentifierRow, identifiers)


def register_billing_provider(connection: Connection, provider: Provider) -> tuple[str, bool]:
    """Find the practice that a billing provider is, or register it.

    Args:
        connection: a write transaction.
        provider: loop 2010AA.

    Returns:
        The practice id, "" when the provider has neither NPI nor tax id; and whether it was registered just now.
    """
    known = payees(connection).practices(provider.npi, provider.tax_id)
    if len(known) == 1:
        return next(iter(known)), False
    number = provider.npi or provider.tax_id
    if not number:
        return "", False
    insert_new(
        connection, PracticeRow, [(number, "" if provider.is_person else provider.last_name, "imported")]
    )
    identifiers = [("npi", provider.npi, number), ("tax_id", provider.tax_id, number)]
    insert_new(connection, PracticeIdentifierRow, [row for row in identifiers if row[1]])
    return number, True


def payees(connection: Connection) -> Payees:
    """Every practice by its numbers."""
    table = table_of(PracticeIdentifierRow)
    found: dict[str, dict[str, set[str]]] = {"npi": {}, "tax_id": {}}
    for kind, value, practice in connection.execute(select(table.c.kind, table.c.value, table.c.practice_id)):
        found[kind].setdefault(value, set()).add(practice)
    return Payees(
        *({value: frozenset(ids) for value, ids in found[kind].items()} for kind in ("npi", "tax_id"))
    )


def refresh_payees(connection: Connection) -> int:
    """Look again for the practices of remittances whose payee was unknown; return how many are known now."""
    table = table_of(RemittanceRow)
    known = payees(connection)
    query = select(table.c.id, table.c.payee_npi, table.c.payee_tax_id).where(table.c.practice_id == "")
    rows = [
        ("\n".join(sorted(practices)), number)
        for number, npi, tax_id in connection.execute(query)
        if (practices := known.practices(npi, tax_id))
    ]
    update(connection, RemittanceRow, ["practice_id"], rows)
    return len(rows)
