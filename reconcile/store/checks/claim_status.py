# ruff: noqa: ARG001 (all checks have one signature)
"""What payers said of claims, against the answers as they were kept and the inquiries that asked for them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.status import StatusAnswer, StatusInquiry, contradicts
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.claim_status.tying import BY_TRACE
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault

_NAME = "claim_status_ties"


@check
def claim_status_ties(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every answer about a claim says what its kept value says, and is tied to the claim that was asked about."""
    query = """SELECT a.content, a.state, a.paid, a.check_number, a.tied, a.claim_id, c.patient_control_number,
        i.claim_id, i.content FROM claim_status_answer a LEFT JOIN claim c ON c.id = a.claim_id
        LEFT JOIN claim_status_inquiry i ON i.trace_number = a.trace_number ORDER BY a.digest"""
    for content, state, paid, number, tied, claim, name, asked, inquiry in rows(connection, query):
        answer = msgspec.msgpack.decode(bytes(content), type=StatusAnswer)
        leading = answer.leading
        if (state, paid, number) != (answer.state, leading.paid, leading.check_number):
            yield broken(
                _NAME, "state, amount or check of an answer are not those of its kept value", claim=name
            )
        if tied != BY_TRACE:
            continue
        if claim is None or claim != asked:
            yield broken(_NAME, "an answer is tied to another claim than its inquiry asked about", claim=name)
        elif contradicts(answer, msgspec.msgpack.decode(bytes(inquiry), type=StatusInquiry)):
            yield broken(_NAME, "an answer contradicts the inquiry that it is tied to", claim=name)
