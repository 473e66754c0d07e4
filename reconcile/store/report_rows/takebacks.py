"""The chains of provider adjustments that a scope is about, with the claims they are tied to."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from edi.codes import load_tables
from reconcile.store.bulk import fetch
from reconcile.store.report_rows.scope import Scope
from reconcile.store.takebacks import load_chains
from reconcile.takebacks import Chain


def chain_rows(connection: Connection, scope: Scope) -> list[Chain]:
    """Chains as of the scope's day, of its practice and payer, whose first entry is of its days."""
    return [
        chain for chain in load_chains(connection, load_tables(), as_of=scope.as_of) if _is_of(chain, scope)
    ]


def _is_of(chain: Chain, scope: Scope) -> bool:
    """Whether a chain is what a scope asks for."""
    if scope.practice is not None and scope.practice not in chain.payee.split("\n"):
        return False
    if scope.payer is not None and scope.payer != chain.payer_name:
        return False
    opened = chain.entries[0].day
    if scope.since is not None and (opened is None or opened < scope.since):
        return False
    return scope.until is None or (opened is not None and opened <= scope.until)


def claim_numbers(connection: Connection, chains: Iterable[Chain]) -> dict[int, str]:
    """The patient control numbers of the claims that chains are tied to, by id."""
    roots = sorted({chain.claim for chain in chains if chain.claim is not None})
    query = "SELECT c.id, c.patient_control_number FROM claim c WHERE c.id {keys}"
    return {row[0]: row[1] for row in fetch(connection, query, roots)}
