"""Claim payments and what follows from them into the store: matches, postings, denials, a claim's sums.

A claim's derived rows are written as a whole: what a chain had before is deleted, what it has now is inserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, select

from edi.model.control import is_placeholder
from edi.model.remittance import RemittanceHeader, RemittanceTrailer
from reconcile.store.adjudications import RemittanceFacts
from reconcile.store.bulk import Row, delete, fetch, insert, insert_new, next_id, table_of, update
from reconcile.store.posting_rows import (
    POSTED,
    ChainState,
    Stored,
    claim_payment_row,
    denial_rows,
    match_values,
    posting_rows,
    service_rows,
    sums_row,
)
from reconcile.store.schema import (
    ClaimFindingRow,
    ClaimPaymentContentRow,
    ClaimPaymentRow,
    ClaimRow,
    DenialRow,
    PayerClaimControlNumberRow,
    PostingRow,
    ProviderAdjustmentRow,
    RemittanceRow,
    ServicePaymentRow,
)


def reserve_remittance(connection: Connection, facts: RemittanceFacts, header: RemittanceHeader) -> None:
    """Insert the row that claim payments refer to while their transaction set is still being read.

    It holds all that the header tells, so that claim payments of this very set come out of the store as they went in;
    ``complete_remittance`` adds what the end tells.
    """
    payment = header.payment
    told: dict[str, Any] = {
        "id": facts.id,
        "payment_key": facts.payment_key,
        "practice_id": "\n".join(sorted(facts.practices)),
        "payer_key": facts.payer_key,
        "payer_id": facts.payer_id,
        "payer_ids": "\n".join(facts.payer_ids),
        "payer_name": header.payer.name or "",
        "payer_kind": facts.payer_kind,
        "payee_npi": header.payee.npi or "",
        "payee_tax_id": header.payee.tax_id or "",
        "trace_number": facts.trace_number,
        "payment_date": payment.date,
        "production_date": header.production_date,
        "amount": payment.amount,
        "method": payment.method or "",
        "credit_debit": payment.credit_debit or "",
    }
    row = tuple(
        told.get(column.name, 0 if column.type.python_type is int else "")
        for column in table_of(RemittanceRow).columns
    )
    insert(connection, RemittanceRow, [row])


def complete_remittance(
    connection: Connection,
    remittance_id: int,
    trailer: RemittanceTrailer,
    *,
    payment_key: str,
    content_digest: str,
    file_sha256: str,
    position: int,
    tables_version: str,
) -> None:
    """Add to a reserved payment what is known at its SE: final key, digest, sums, provider adjustments, source."""
    adjustments = trailer.provider_adjustments
    row: dict[str, Any] = {
        "payment_key": payment_key,
        "content_digest": content_digest,
        "claims": trailer.claims,
        "lines": trailer.lines,
        "charge_total": trailer.charge_total,
        "paid_total": trailer.paid_total,
        "adjustment_total": sum(one.cents for one in adjustments),
        "tables_version": tables_version,
        "file_sha256": file_sha256,
        "position": position,
    }
    update(connection, RemittanceRow, list(row), [(*row.values(), remittance_id)])
    insert(
        connection,
        ProviderAdjustmentRow,
        [
            (
                remittance_id,
                ordinal,
                one.provider,
                one.fiscal_date,
                one.reason,
                one.identifier or "",
                one.cents,
            )
            for ordinal, one in enumerate(adjustments)
        ],
    )


def insert_claim_payments(connection: Connection, remittance_id: int, stored: Sequence[Stored]) -> None:
    """Insert claim payments with their lines and matches, and learn the payers' claim numbers."""
    claims: list[Row] = []
    services: list[Row] = []
    numbers: list[Row] = []
    for one in stored:
        claim, match = one.claim, one.match
        claims.append(claim_payment_row(one, remittance_id))
        services += service_rows(one.id, claim, match)
        number = claim.payer_claim_control_number
        if one.outcome == POSTED and number and not is_placeholder(number):
            numbers.append((number, match.claim_id))
    insert(connection, ClaimPaymentRow, claims)
    insert(connection, ClaimPaymentContentRow, [(one.id, one.content) for one in stored])
    insert(connection, ServicePaymentRow, services)
    insert_new(connection, PayerClaimControlNumberRow, numbers)


def rematch_claim_payments(connection: Connection, stored: Sequence[Stored]) -> None:
    """Give claim payments that are in the store another outcome and match."""
    names = [
        "outcome",
        "reason",
        "detail",
        "claim_id",
        "evidence",
        "notes",
        "candidates",
        "runner_up",
        "margin",
    ]
    update(
        connection,
        ClaimPaymentRow,
        names,
        [(one.outcome, *match_values(one.outcome, one.match), one.id) for one in stored],
    )
    delete(connection, ServicePaymentRow, "claim_payment_id", [one.id for one in stored])
    services: list[Row] = []
    numbers: list[Row] = []
    for one in stored:
        services += service_rows(one.id, one.claim, one.match)
        number = one.claim.payer_claim_control_number
        if one.outcome == POSTED and number and not is_placeholder(number):
            numbers.append((number, one.match.claim_id))
    insert(connection, ServicePaymentRow, services)
    insert_new(connection, PayerClaimControlNumberRow, numbers)


_STATE_COLUMNS: Final = (
    "status", "next_actions", "guardrails", "tables_version", "billed", "paid", "contractual", "patient", "denied",
    "pended", "open_balance", "suspense", "adjudications",
)  # fmt: skip


def write_states(connection: Connection, chains: Iterable[ChainState], tables_version: str) -> None:
    """Write the derived rows of chains: postings, denials, findings, sums, and how often each claim was answered."""
    postings: list[Row] = []
    denials: list[Row] = []
    findings: list[Row] = []
    sums: list[Row] = []
    unanswered: list[Row] = []
    counts: list[Row] = []
    stale: list[int] = []
    for chain in chains:
        state, root = chain.state, chain.state.claim_id
        if chain.had:
            stale += [one.id for one in chain.adjudications]
            stale += chain.dropped
        answers, rows = posting_rows(chain)
        postings += rows
        if state.denials:
            denials += denial_rows(state.denials, chain.adjudications)
        findings += [
            (root, ordinal, finding.code, finding.severity.value, finding.message)
            for ordinal, finding in enumerate(state.findings)
        ]
        row = sums_row(state, tables_version)
        (sums if answers else unanswered).append((*row, answers.pop(root, 0), root))
        counts += [(count, claim) for claim, count in answers.items()]
    delete(connection, PostingRow, "claim_payment_id", stale)
    delete(connection, DenialRow, "claim_payment_id", stale)
    delete(connection, ClaimFindingRow, "claim_id", _with_findings(connection, sums + unanswered))
    insert(connection, PostingRow, postings)
    insert(connection, DenialRow, denials)
    insert(connection, ClaimFindingRow, findings)
    update(connection, ClaimRow, _STATE_COLUMNS, sums)
    # Without an adjudication the status stays what the acknowledgments made it.
    update(connection, ClaimRow, _STATE_COLUMNS[1:], [row[1:] for row in unanswered])
    update(connection, ClaimRow, ["adjudications"], counts)


def _with_findings(connection: Connection, states: Iterable[Row]) -> list[int]:
    """Which claims, whose roots end these rows, have findings now.

    Also claims without a posting may: a reversal that waits there for its original is told at them.
    """
    query = f"SELECT DISTINCT claim_id FROM {ClaimFindingRow.__tablename__} WHERE claim_id {{keys}}"  # noqa: S608
    return [row[0] for row in fetch(connection, query, [row[-1] for row in states])]


def next_claim_payment_id(connection: Connection) -> int:
    """The first free id of a claim payment; the write transaction makes a block from it ours."""
    return next_id(connection, ClaimPaymentRow)


def next_remittance_id(connection: Connection) -> int:
    """The first free id of a remittance."""
    return next_id(connection, RemittanceRow)


def open_denials(connection: Connection, remittance_id: int) -> int:
    """How many open denials the claim payments of a remittance brought."""
    denial, payment = table_of(DenialRow), table_of(ClaimPaymentRow)
    query = (
        select(func.count())
        .select_from(denial)
        .join(payment, payment.c.id == denial.c.claim_payment_id)
        .where(payment.c.remittance_id == remittance_id, denial.c.status == "open")
    )
    return int(connection.execute(query).scalar_one())
