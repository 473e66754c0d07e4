# ruff: noqa: ARG001 (all checks have one signature)
"""What came back, against itself: payments, their claim payments, and what of them is posted."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.content import unpack_claim_payment
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault


@check
def remittance_totals(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every payment's claim payments add up to its counts, charges and payments."""
    query = """SELECT r.payment_key, r.claims, r.charge_total, r.paid_total, COALESCE(s.claims, 0) AS held,
        COALESCE(s.charge, 0) AS charge, COALESCE(s.paid, 0) AS paid FROM remittance r LEFT JOIN (
        SELECT remittance_id, COUNT(*) AS claims, CAST(SUM(charge) AS BIGINT) AS charge,
        CAST(SUM(paid) AS BIGINT) AS paid FROM claim_payment
        GROUP BY remittance_id) s ON s.remittance_id = r.id
        WHERE r.claims <> COALESCE(s.claims, 0) OR r.charge_total <> COALESCE(s.charge, 0)
        OR r.paid_total <> COALESCE(s.paid, 0)"""
    for row in rows(connection, query):
        message = (
            f"payment {row.payment_key}: {row.held} claim payments of {row.claims}, charged {decimal_text(row.charge)}"
            f" of {decimal_text(row.charge_total)}, paid {decimal_text(row.paid)} of {decimal_text(row.paid_total)}"
        )
        yield broken("remittance_totals", message)


@check
def bank(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """Every payment: bank = posted + suspense + unmatched - provider adjustments + what a release left unexplained."""
    query = """SELECT r.payment_key, r.amount, r.paid_total - COALESCE(s.cents, 0) + r.unexplained AS told
        FROM remittance r LEFT JOIN (SELECT remittance_id, CAST(SUM(cents) AS BIGINT) AS cents
        FROM provider_adjustment GROUP BY remittance_id) s ON s.remittance_id = r.id
        WHERE r.amount <> r.paid_total - COALESCE(s.cents, 0) + r.unexplained"""
    for key, amount, told in rows(connection, query):
        message = f"payment {key}: bank {decimal_text(amount)} but its parts come to {decimal_text(told)}"
        yield broken("bank", message)


@check
def duplicate_payments(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """No payment is in the books twice: neither under one key nor with one content."""
    query = """SELECT content_digest, COUNT(*) AS times FROM remittance GROUP BY content_digest HAVING COUNT(*) > 1"""
    for digest, times in rows(connection, query):
        yield broken("duplicate_payments", f"the content {digest[:12]} is posted {times} times")


@check
def claim_payment_values(
    connection: Connection, vault: Vault, tables: Tables, seek: Seek
) -> Iterator[Finding]:
    """Every claim payment's columns say what its kept value says."""
    query = """SELECT p.patient_control_number, p.status, p.charge, p.paid, p.patient_responsibility, x.content
        FROM claim_payment p LEFT JOIN claim_payment_content x ON x.claim_payment_id = p.id"""
    for number, status, charge, paid, patient, content in rows(connection, query):
        if content is None:
            yield broken("claim_payment_values", "the claim payment's value is missing", claim=number)
            continue
        value = unpack_claim_payment(bytes(content))
        held = (
            value.patient_control_number,
            value.status,
            value.charge,
            value.paid,
            value.patient_responsibility,
        )
        if held != (number, status, charge, paid, patient):
            yield broken("claim_payment_values", "the columns differ from the kept value", claim=number)


@check
def unposted(connection: Connection, vault: Vault, tables: Tables, seek: Seek) -> Iterator[Finding]:
    """What is in suspense or unmatched has no claim and no postings; what is posted has a claim."""
    query = """SELECT p.patient_control_number, p.outcome FROM claim_payment p
        WHERE (p.outcome = 'posted') <> (p.claim_id IS NOT NULL)
        OR p.outcome NOT IN ('posted', 'suspense', 'unmatched')
        OR (p.outcome <> 'posted' AND EXISTS (SELECT 1 FROM posting x WHERE x.claim_payment_id = p.id))"""
    for number, outcome in rows(connection, query):
        yield broken("unposted", f"a claim payment {outcome} contradicts its claim or postings", claim=number)
