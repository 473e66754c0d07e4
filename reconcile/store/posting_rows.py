"""The rows of claim payments and of what follows from them, as tuples in the columns' order of the schema. No SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from edi.model.remittance import ClaimPayment
from reconcile.store.bulk import Row
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


def claim_payment_row(one: Stored, remittance_id: int) -> Row:
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
        *match_values(one.outcome, match),
    )


def match_values(outcome: str, match: ClaimMatch) -> Row:
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


def service_rows(payment_id: int, claim: ClaimPayment, match: ClaimMatch) -> list[Row]:
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


def posting_rows(chain: ChainState) -> tuple[dict[int | None, int], list[Row]]:
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


def sums_row(state: ClaimState, tables_version: str) -> Row:
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


def denial_rows(denials: Iterable[Denial], adjudications: Iterable[Adjudication]) -> list[Row]:
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
