"""The store digest: the same rows give the same digest, on either database, whatever ids and clocks were in between.

Every business row is hashed over its own columns and the business keys of the rows it refers to, never surrogate ids,
clock times, or the file something was first seen in. The hashes of a table are added up modulo 2^256, which needs no
sorting: the sum over a set of rows is the same in any order, and counts twins twice.

The audit (``audit_entry``) is no part of it: who looked at a claim changes no book, and follows from none.
"""

# ruff: noqa: S608 (every piece of SQL is a constant of this module)
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

_CLAIM_KEY: Final = "{0}.practice_id, {0}.patient_control_number, {0}.sequence"
_PAYMENT_KEY: Final = "r.payment_key, p.ordinal"
_LINE_KEY: Final = "lc.practice_id, lc.patient_control_number, lc.sequence, l.number"
_OF_PAYMENT: Final = (
    "JOIN claim_payment p ON p.id = x.claim_payment_id JOIN remittance r ON r.id = p.remittance_id"
)
_OF_LINE: Final = "LEFT JOIN service_line l ON l.id = x.line_id LEFT JOIN claim lc ON lc.id = l.claim_id"

BUSINESS: Final = {
    "practice": "SELECT x.id, x.name, x.source FROM practice x",
    "practice_identifier": "SELECT x.kind, x.value, x.practice_id FROM practice_identifier x",
    "control_number": "SELECT x.partner, x.kind, x.next_number FROM control_number x",
    "claim": f"""SELECT {_CLAIM_KEY.format("x")}, x.pcn_normalised, {_CLAIM_KEY.format("o")}, x.frequency,
        x.original_reference, x.payer_key, x.payer_id, x.payer_name, x.patient_id, x.patient_last_name,
        x.patient_first_name, x.member_ids, x.later_payers,
        x.patient_protection, x.charge, x.date_from, x.date_to, x.source, x.partner,
        x.interchange_control_number, x.group_control_number, x.st_control_number, x.content_digest,
        x.rules_version, x.status, x.acknowledged, x.next_actions, x.guardrails, x.tables_version, x.adjudications,
        x.billed, x.paid, x.contractual, x.patient, x.denied, x.pended, x.open_balance, x.suspense,
        x.rendered_by, x.submission_reference FROM claim x LEFT JOIN claim o ON o.id = x.root""",
    "service_line": f"""SELECT {_CLAIM_KEY.format("c")}, x.number, x.procedure_code, x.modifiers, x.charge, x.units,
        x.date_from, x.date_to, x.control_number, x.allocated, x.rendered_by
        FROM service_line x JOIN claim c ON c.id = x.claim_id""",
    "billed_session": f"""SELECT x.practice_id, x.line_id, x.content_hash, {_CLAIM_KEY.format("c")}, x.line_number
        FROM billed_session x JOIN claim c ON c.id = x.claim_id""",
    "payer_claim_control_number": f"""SELECT x.number, {_CLAIM_KEY.format("c")}
        FROM payer_claim_control_number x JOIN claim c ON c.id = x.claim_id""",
    "acknowledgment": f"""SELECT x.set_digest, x.ordinal, x.kind, x.level, x.accepted, x.code, x.status, x.entity,
        x.interchange_control_number, x.group_control_number, x.transaction_control_number,
        x.patient_control_number, x.line_control_number, x.payer_claim_control_number, x.charge, x.stated_on,
        x.segment_in_error, x.element_in_error, x.notes, x.claims, {_CLAIM_KEY.format("c")}
        FROM acknowledgment x LEFT JOIN claim c ON c.id = x.claim_id""",
    "remittance": """SELECT x.payment_key, x.content_digest, x.practice_id, x.payer_key, x.payer_id, x.payer_ids,
        x.payer_name, x.payer_kind, x.payee_npi, x.payee_tax_id, x.trace_number, x.payment_date, x.production_date,
        x.amount, x.method, x.credit_debit, x.claims, x.lines, x.charge_total, x.paid_total, x.adjustment_total,
        x.tables_version, x.unexplained FROM remittance x""",
    "claim_payment": f"""SELECT r.payment_key, x.ordinal, x.patient_control_number, x.status, x.charge, x.paid,
        x.patient_responsibility, x.filing_indicator, x.payer_claim_control_number, x.frequency, x.remarks,
        x.outcome, x.reason, x.detail, {_CLAIM_KEY.format("c")}, x.evidence, x.notes
        FROM claim_payment x JOIN remittance r ON r.id = x.remittance_id LEFT JOIN claim c ON c.id = x.claim_id""",
    "claim_payment_content": f"SELECT {_PAYMENT_KEY}, x.content FROM claim_payment_content x {_OF_PAYMENT}",
    "service_payment": f"""SELECT {_PAYMENT_KEY}, x.ordinal AS line_ordinal, x.procedure_code, x.modifiers,
        x.submitted_code, x.charge, x.paid, x.units, x.date_from, x.line_control_number, x.allowed, x.remarks,
        {_LINE_KEY}, x.evidence, x.twin, x.notes, x.margin
        FROM service_payment x {_OF_PAYMENT} {_OF_LINE}""",
    "posting": f"""SELECT {_PAYMENT_KEY}, x.ordinal AS posting_ordinal, x.line, {_LINE_KEY}, x.account, x.cents,
        x.group_code, x.reason, x.quantity, x.transfer FROM posting x {_OF_PAYMENT} {_OF_LINE}""",
    "provider_adjustment": """SELECT r.payment_key, x.ordinal, x.provider, x.fiscal_date, x.reason, x.identifier,
        x.cents FROM provider_adjustment x JOIN remittance r ON r.id = x.remittance_id""",
    "denial": f"""SELECT {_PAYMENT_KEY}, x.line, {_LINE_KEY}, x.group_code, x.reason, x.remarks, x.category, x.cause,
        x.extent, x.charge, x.amount, x.recovered, x.next_action, x.guardrails, x.preventable_by, x.because,
        x.counted, x.kind, x.status FROM denial x {_OF_PAYMENT} {_OF_LINE}""",
    "claim_finding": f"""SELECT {_CLAIM_KEY.format("c")}, x.ordinal, x.code, x.severity, x.message
        FROM claim_finding x JOIN claim c ON c.id = x.claim_id""",
    "eligibility_inquiry": """SELECT x.trace_number, x.practice_id, x.patient_id, x.payer_key, x.payer_id, x.member_id,
        x.birth_date, x.partner, x.asked_on, x.content FROM eligibility_inquiry x""",
    "eligibility_answer": """SELECT x.digest, x.trace_number, x.practice_id, x.patient_id, x.payer_key, x.status,
        x.confirmed_on, x.tied, x.confirmation FROM eligibility_answer x""",
    "claim_status_inquiry": f"""SELECT x.trace_number, {_CLAIM_KEY.format("c")}, x.payer_key, x.partner,
        x.set_reference, x.asked_on, x.content FROM claim_status_inquiry x JOIN claim c ON c.id = x.claim_id""",
    "claim_status_answer": f"""SELECT x.digest, {_CLAIM_KEY.format("c")}, x.tied, x.trace_number, x.state, x.category,
        x.status, x.entity, x.answered_on, x.effective_on, x.charge, x.paid, x.finalized_on, x.remitted_on,
        x.check_number, x.payer_claim_control_number FROM claim_status_answer x
        LEFT JOIN claim c ON c.id = x.claim_id""",
    "resubmission": f"""SELECT {_CLAIM_KEY.format("c")}, x.kind, {_CLAIM_KEY.format("o")}, x.repeats
        FROM resubmission x JOIN claim c ON c.id = x.claim_id JOIN claim o ON o.id = x.follows""",
    "work_item": f"""SELECT {_CLAIM_KEY.format("c")}, x.ordinal, x.kind, x.reason, x.opened_on, x.due_date, x.status
        FROM work_item x JOIN claim c ON c.id = x.claim_id""",
    "payment_source": """SELECT r.payment_key, t.kind FROM remittance r JOIN file_transaction t
        ON t.file_sha256 = r.file_sha256 AND t.position = r.position WHERE t.kind <> '835'""",
    "patient_entry": f"""SELECT x.digest, x.practice_id, x.patient_id, x.patient_control_number,
        {_CLAIM_KEY.format("c")}, {_LINE_KEY}, x.kind, x.entry_date, x.cents, x.reference, x.note
        FROM patient_entry x LEFT JOIN claim c ON c.id = x.claim_id {_OF_LINE}""",
    "journal_entry": f"""SELECT x.practice_id, x.payment_key, x.ordinal, e.digest, {_CLAIM_KEY.format("c")},
        {_LINE_KEY}, x.account, x.group_code, x.reason, x.cents, x.posting_date, x.batch FROM journal_entry x
        LEFT JOIN patient_entry e ON e.id = x.patient_entry_id LEFT JOIN claim c ON c.id = x.claim_id {_OF_LINE}""",
    "hold_release": "SELECT x.subject, x.kind, x.cents, x.reason, x.replaced FROM hold_release x",
    "claim_alias": f"""SELECT x.payer, x.number, {_CLAIM_KEY.format("c")}, x.subject
        FROM claim_alias x JOIN claim c ON c.id = x.claim_id""",
    "deposit": """SELECT x.practice_id, x.account, x.deposited_on, x.amount, x.bank_reference, x.trace_number,
        x.payer_id, x.payer_text FROM deposit x""",
    "event": "SELECT x.kind, x.subject, x.actor, x.data FROM event x",
}
"""What a table's rows are, in business terms."""

FILES: Final = {
    "file": "SELECT x.sha256, x.size, x.direction, x.kind, x.outcome FROM file x",
    "file_transaction": """SELECT x.file_sha256, x.position, x.kind, x.st_control_number, x.outcome, x.payment_key,
        x.content_digest, x.trace_number, x.amount FROM file_transaction x""",
}
"""What is known of files: not part of the books, for the same payment may come in another wrapping."""

_MODULUS: Final = 1 << 256


def store_digest(connection: Connection, *, with_files: bool = False) -> str:
    """The digest of the whole store.

    Args:
        connection: any transaction.
        with_files: also what became of every file and transaction set (two stores that took the same files agree;
            taking in a file again under another wrapping changes this one, and not the books).
    """
    whole = hashlib.sha256()
    for table, digest in sorted(table_digests(connection, with_files=with_files).items()):
        whole.update(f"{table} {digest}\n".encode())
    return whole.hexdigest()


def table_digests(connection: Connection, *, with_files: bool = False) -> dict[str, str]:
    """The digest of each table, to see where two stores differ."""
    queries = {**BUSINESS, **FILES} if with_files else BUSINESS
    return {table: _table_digest(connection, query) for table, query in queries.items()}


def _table_digest(connection: Connection, query: str) -> str:
    """Sum of the hashes of the rows, and their number."""
    total = count = 0
    for row in _rows(connection, query):
        packed = msgspec.msgpack.encode([_plain(value) for value in row])
        total = (total + int.from_bytes(hashlib.sha256(packed).digest(), "big")) % _MODULUS
        count += 1
    return f"{count}:{total:064x}"


def _rows(connection: Connection, query: str) -> Iterator[Any]:
    """The rows of a query, streamed."""
    yield from connection.execute(text(query), execution_options={"yield_per": 10_000})


def _plain(value: Any) -> Any:
    """The value as both databases give it: dates as ISO text, booleans as 0 or 1."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, memoryview):
        return bytes(value)
    return value
