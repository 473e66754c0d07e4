# ruff: noqa: ARG001 (all checks have one signature)
"""Checks of the denials that are worked, and of what people decided about them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.checks.registry import broken, check, rows
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


@check
def denied_is_worked(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every claim's denied cents stand in denials that are open, service by service (worked, upheld, written off too).

    A denial may be of more than still stands: a later payer paid a part, or denied the same.
    """
    query = """SELECT o.patient_control_number, o.denied, COALESCE(s.worked, 0) AS worked FROM claim o LEFT JOIN (
            SELECT h.root, CAST(SUM(CASE WHEN COALESCE(d.amount, 0) < h.cents THEN COALESCE(d.amount, 0)
                ELSE h.cents END) AS BIGINT) AS worked FROM (
                SELECT c.root AS root, COALESCE(x.line_id, 0) AS line, CAST(SUM(x.cents) AS BIGINT) AS cents
                FROM posting x JOIN claim_payment p ON p.id = x.claim_payment_id JOIN claim c ON c.id = p.claim_id
                WHERE x.account = 'denied' GROUP BY c.root, COALESCE(x.line_id, 0)
            ) h LEFT JOIN (
                SELECT c.root AS root, COALESCE(y.line_id, 0) AS line, CAST(SUM(y.amount) AS BIGINT) AS amount
                FROM denial y JOIN claim c ON c.id = y.claim_id
                WHERE y.status = 'open' GROUP BY c.root, COALESCE(y.line_id, 0)
            ) d ON d.root = h.root AND d.line = h.line GROUP BY h.root
        ) s ON s.root = o.id WHERE o.denied > COALESCE(s.worked, 0)"""
    for number, held, worked in rows(connection, query):
        told = f"{decimal_text(held)} is denied, but open denials stand for {decimal_text(worked)}"
        yield broken("denied_is_worked", told, claim=number)
