"""Claim payments and what follows from them into the store: matches, postings, denials, a claim's sums.

A claim's derived rows are written as a whole: what a chain had before is deleted, what it has now is inserted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from reconcile.store.adjudications import RemittanceFacts
from reconcile.store.bulk import Row, delete, insert, insert_new, next_id, table_of, update
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
from reconcile.values import Adjudication, ClaimMatch, ClaimState, Denial

POSTED: Final = "posted"
SUSPENSE: Final = "suspense"
UNMATCHED: Final = "unmatched"


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A claim payment on its way into the store: its id, value, packed value, outcome and match."""

    id: int
    claim: ClaimPayment
    content: bytes
    outcome: str
    match: ClaimMatch


class ChainState(msgspec.Struct, frozen=True):
    """A claim's derived state, the adjudications it was made of, and whether it had postings before.

    ``dropped`` are claim payments that were posted before and are not any more.
    """

    state: ClaimState
    adjudications: Sequence[Adjudication]
    had: bool
    dropped: tuple[int, ...] = ()


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
        claims.append(_claim_payment_row(one, remittance_id))
        services += _service_rows(one.id, claim, match)
        if one.outcome == POSTED and claim.payer_claim_control_number:
            numbers.append((claim.payer_claim_control_number, match.claim_id))
    insert(connection, ClaimPaymentRow, claims)
    insert(connection, ClaimPaymentContentRow, [(one.id, one.content) for one in stored])
    insert(connection, ServicePaymentRow, services)
    insert_new(connection, PayerClaimControlNumberRow, numbers)


def _claim_payment_row(one: Stored, remittance_id: int) -> Row:
    """The row of a claim payment, columns in schema order."""
    claim, match = one.claim, one.match
    return (
        one.id,
        remittance_id,
        claim.ordinal,
        claim.patient_control_number,
        claim.status,
        claim.charge,
        claim.paid,
        claim.patient_responsibility,
        claim.filing_indicator or "",
        claim.payer_claim_control_number or "",
        claim.frequency or "",
        " ".join(claim.remarks),
        one.outcome,
        *_match_values(one.outcome, match),
    )


def _match_values(outcome: str, match: ClaimMatch) -> Row:
    """The columns that a match fills: reason, detail, claim_id, evidence, notes, candidates, runner_up, margin."""
    return (
        match.reason,
        match.detail,
        match.claim_id if outcome == POSTED else None,
        match.evidence._value_,
        " ".join(match.notes),
        " ".join([str(number) for number in match.candidates]),
        match.runner_up,
        match.margin,
    )


def _service_rows(payment_id: int, claim: ClaimPayment, match: ClaimMatch) -> list[Row]:
    """The rows of a claim payment's lines, columns in schema order."""
    rows: list[Row] = []
    matches = match.lines
    for ordinal, line in enumerate(claim.lines):
        found = matches[ordinal] if ordinal < len(matches) else None
        submitted = line.submitted_procedure
        given = (
            payment_id,
            ordinal,
            line.procedure.code,
            " ".join(line.procedure.modifiers),
            submitted.code if submitted is not None else "",
            line.charge,
            line.paid,
            line.units or "",
            line.date_from,
            line.line_control_number or "",
            line.allowed,
            " ".join(line.remarks),
        )
        if found is None:
            rows.append((*given, None, "", "none", False, "", None, 0))
            continue
        ids = found.line_ids
        rows.append(
            (
                *given,
                ids[0] if ids else None,
                str(ids[0]) if len(ids) == 1 else " ".join([str(number) for number in ids]),
                found.evidence._value_,
                found.twin,
                " ".join(found.notes),
                found.runner_up,
                found.margin,
            )
        )
    return rows


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
        [(one.outcome, *_match_values(one.outcome, one.match), one.id) for one in stored],
    )
    delete(connection, ServicePaymentRow, "claim_payment_id", [one.id for one in stored])
    services: list[Row] = []
    numbers: list[Row] = []
    for one in stored:
        services += _service_rows(one.id, one.claim, one.match)
        if one.outcome == POSTED and one.claim.payer_claim_control_number:
            numbers.append((one.claim.payer_claim_control_number, one.match.claim_id))
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
    stale_claims: list[int] = []
    for chain in chains:
        state, root = chain.state, chain.state.claim_id
        if chain.had:
            stale += [one.id for one in chain.adjudications]
            stale += chain.dropped
            stale_claims.append(root)
        answers, rows = _posting_rows(chain)
        postings += rows
        if state.denials:
            denials += _denial_rows(state.denials, chain.adjudications)
        findings += [
            (root, ordinal, finding.code, finding.severity.value, finding.message)
            for ordinal, finding in enumerate(state.findings)
        ]
        row = _sums_row(state, tables_version)
        (sums if answers else unanswered).append((*row, answers.pop(root, 0), root))
        counts += [(count, claim) for claim, count in answers.items()]
    delete(connection, PostingRow, "claim_payment_id", stale)
    delete(connection, DenialRow, "claim_payment_id", stale)
    delete(connection, ClaimFindingRow, "claim_id", stale_claims)
    insert(connection, PostingRow, postings)
    insert(connection, DenialRow, denials)
    insert(connection, ClaimFindingRow, findings)
    update(connection, ClaimRow, _STATE_COLUMNS, sums)
    # Without an adjudication the status stays what the acknowledgments made it.
    update(connection, ClaimRow, _STATE_COLUMNS[1:], [row[1:] for row in unanswered])
    update(connection, ClaimRow, ["adjudications"], counts)


def _posting_rows(chain: ChainState) -> tuple[dict[int | None, int], list[Row]]:
    """How often each claim of a chain was answered, and the rows of its postings, columns in schema order."""
    if len(chain.adjudications) == 1:
        only = chain.adjudications[0]
        payment = only.id
        return {only.match.claim_id: 1}, [
            (
                payment, ordinal, one.line, one.line_id, one.account._value_, one.cents, one.group, one.reason,
                one.quantity, one.transfer,
            )
            for ordinal, one in enumerate(chain.state.postings)
        ]  # fmt: skip
    ordinals: dict[int, int] = {}
    rows: list[Row] = []
    for one in chain.state.postings:
        ordinal = ordinals.get(one.adjudication, 0)
        ordinals[one.adjudication] = ordinal + 1
        rows.append(
            (
                one.adjudication, ordinal, one.line, one.line_id, one.account._value_, one.cents, one.group,
                one.reason, one.quantity, one.transfer,
            )
        )  # fmt: skip
    return dict(Counter([one.match.claim_id for one in chain.adjudications])), rows


def _sums_row(state: ClaimState, tables_version: str) -> Row:
    """The claim's derived columns in the order of ``_STATE_COLUMNS``, but for the last."""
    billed = paid = contractual = patient = denied = pended = left = suspense = 0
    for balance in state.balances:
        billed += balance.charge
        paid += balance.paid
        contractual += balance.contractual
        patient += balance.patient
        denied += balance.denied
        pended += balance.pended
        left += balance.open
        suspense += balance.suspense
    return (
        state.status, " ".join(state.next_actions), " ".join(state.guardrails), tables_version, billed, paid,
        contractual, patient, denied, pended, left, suspense,
    )  # fmt: skip


def denial_id(denial: Denial) -> str:
    """The name of a denial that survives a recomputation: claim payment, line (``c``: the whole claim), codes."""
    line = "c" if denial.line is None else str(denial.line + 1)
    return f"{denial.adjudication}-{line}-{denial.group}{denial.reason}"


def _denial_rows(denials: Iterable[Denial], adjudications: Iterable[Adjudication]) -> list[Row]:
    """The rows of denials, columns in schema order."""
    claim_of = {one.id: one.match.claim_id for one in adjudications}
    seen: Counter[str] = Counter()
    rows: list[Row] = []
    for denial in denials:
        name = denial_id(denial)
        seen[name] += 1
        rows.append(
            (
                name if seen[name] == 1 else f"{name}-{seen[name]}",
                claim_of[denial.adjudication],
                denial.adjudication,
                denial.line,
                denial.line_id,
                " ".join([str(number) for number in denial.line_ids]),
                denial.group,
                denial.reason,
                " ".join(denial.remarks),
                denial.category,
                denial.cause,
                denial.extent,
                denial.charge,
                denial.amount,
                denial.recovered,
                denial.next_action,
                " ".join(denial.guardrails),
                " ".join(denial.preventable_by),
                "\n".join(denial.because),
                denial.counted,
                denial.kind,
                denial.status.value,
            )
        )
    return rows


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
