# ruff: noqa: ARG001 (all checks have one signature)
"""What people decided about held and unmatched money, against the event log that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.accounts import unexplained
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.content import unpack_claim_payment
from reconcile.store.linked import LinkedPayment, linked_payments
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault


def _standing(connection: Connection, begins: str, ends: str) -> dict[str, dict[str, Any]]:
    """Subject -> the data of its last event, where that begins what another kind of event ends."""
    last: dict[str, tuple[str, str]] = {}
    query = "SELECT subject, kind, data FROM event WHERE kind IN ('{0}', '{1}') ORDER BY id"
    for subject, kind, data in rows(connection, query.format(begins, ends)):
        last[subject] = (kind, data)
    return {subject: msgspec.json.decode(data) for subject, (kind, data) in last.items() if kind == begins}


@check
def releases(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every release or dismissal that stands is the last decision about its hold, as it was made then."""
    decided = {
        subject: (data["kind"], data["cents"], data["reason"], data.get("replaced", ""))
        for subject, data in _standing(connection, "release", "release_undone").items()
    }
    dismissed = _standing(connection, "dismissal", "dismissal_undone").items()
    decided.update((subject, ("dismissed", 0, data["reason"], "")) for subject, data in dismissed)
    told = {row[0]: tuple(row[1:]) for row in rows(connection, "SELECT * FROM hold_release")}
    for subject in sorted(decided.keys() | told.keys()):
        if decided.get(subject) != told.get(subject):
            yield broken("releases", f"the decision about {subject} is not what the event log says")


@check
def links(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every link of the event log stands on its claim payment, and what payers' numbers mean comes from these alone."""
    logged = _standing(connection, "link", "unlink")
    linked = {one.subject: one for one in linked_payments(connection)}
    for subject in sorted(logged.keys() ^ linked.keys()):
        said = "its claim payment" if subject in logged else "the event log"
        yield broken("links", f"{subject} is linked by hand, and {said} does not say so")
    taught: dict[tuple[str, str], set[int]] = {}
    for one in linked.values():
        if one.payer and one.number:
            taught.setdefault((one.payer, one.number), set()).add(one.root)
    query = "SELECT payer, number, claim_id, subject FROM claim_alias ORDER BY subject"
    for payer, number, root, subject in list(rows(connection, query)):
        taught.pop((payer, number), None)
        if linked.get(subject) != LinkedPayment(subject, payer, number, root):
            yield broken("links", f"number {number} of payer {payer} comes from no link that stands")
    for (payer, number), roots in sorted(taught.items()):
        if len(roots) == 1:
            yield broken("links", f"number {number} of payer {payer} is not known, though a link teaches it")


@check
def suspense(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """What claim payments posted to suspense is what their own figures leave unexplained, and never more."""
    query = """SELECT p.patient_control_number, p.status, x.content, s.cents FROM claim_payment p
        JOIN claim_payment_content x ON x.claim_payment_id = p.id
        JOIN (SELECT claim_payment_id, CAST(SUM(cents) AS BIGINT) AS cents FROM posting
            WHERE account = 'suspense' AND NOT transfer GROUP BY claim_payment_id) s ON s.claim_payment_id = p.id"""
    for claim, status, content, cents in rows(connection, query):
        left = unexplained(unpack_claim_payment(bytes(content)))
        if status != "22" and (cents * left < 0 or abs(cents) > abs(left)):
            message = (
                f"{decimal_text(cents)} in suspense, but the figures leave {decimal_text(left)} unexplained"
            )
            yield broken("suspense", message, claim=claim)
