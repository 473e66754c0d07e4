"""What `denials list`, `held list`, `unmatched list` and `claims list` answer: store rows in the contract's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from cli.render import Row, money
from edi.payers.profile import PayerProfile
from reconcile.store.listing import DenialListing, HeldListing, UnmatchedListing

DENIAL_COLUMNS = (
    "patient_control_number",
    "procedure_code",
    "date_of_service",
    "payer_name",
    "group",
    "reason",
    "remarks",
    "category",
    "extent",
    "amount",
    "status",
    "next_action",
    "due_date",
)
"""The columns of the table; JSON has every key of the contract."""
HELD_COLUMNS = ("id", "kind", "patient_control_number", "payer_name", "amount", "reason", "detail", "file")
UNMATCHED_COLUMNS = (
    "id",
    "patient_control_number",
    "payer_name",
    "charge",
    "paid",
    "reason",
    "detail",
    "candidates",
)


def due_date(denial: DenialListing, payers: Mapping[str, PayerProfile]) -> date | None:
    """Return the last day of the payer's first appeal level, counted from the remittance date; None if unknown."""
    profile = payers.get(denial.payer)
    if profile is None or denial.remitted_on is None or not profile.appeals.levels:
        return None
    return denial.remitted_on + timedelta(days=profile.appeals.levels[0].days)


def denial_rows(denials: Iterable[DenialListing], payers: Mapping[str, PayerProfile]) -> list[Row]:
    """Return denials as the contract's `denials list --json` has them; ``owner`` and ``expected`` are not known yet."""
    return [
        {
            "denial_id": denial.denial_id,
            "practice_id": denial.practice_id,
            "patient_control_number": denial.patient_control_number,
            "line_control_number": denial.line_control_number or None,
            "procedure_code": denial.procedure_code or None,
            "date_of_service": denial.date_of_service,
            "payer": denial.payer,
            "payer_name": denial.payer_name,
            "group": denial.group,
            "reason": denial.reason,
            "remarks": denial.remarks,
            "category": denial.category,
            "cause": denial.cause or None,
            "kind": denial.kind,
            "extent": denial.extent,
            "charge": money(denial.charge),
            "amount": money(denial.amount),
            "expected": None,
            "status": denial.status,
            "next_action": denial.next_action,
            "guardrails": denial.guardrails,
            "due_date": due_date(denial, payers),
            "owner": None,
            "preventable_by": denial.preventable_by,
            "because": denial.because,
        }
        for denial in denials
    ]


def held_rows(held: Iterable[HeldListing]) -> list[Row]:
    """Return suspense, quarantine and conflicts, one row each."""
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "patient_control_number": one.patient_control_number or None,
            "trace_number": one.trace_number or None,
            "payer_name": one.payer_name or None,
            "amount": money(one.amount),
            "reason": one.reason,
            "detail": one.detail,
            "file": one.file,
        }
        for one in held
    ]


def unmatched_rows(unmatched: Iterable[UnmatchedListing]) -> list[Row]:
    """Return claim payments that found no claim, one row each."""
    return [
        {
            "id": one.id,
            "patient_control_number": one.patient_control_number,
            "payer_name": one.payer_name,
            "payer_claim_control_number": one.payer_claim_control_number or None,
            "charge": money(one.charge),
            "paid": money(one.paid),
            "reason": one.reason,
            "detail": one.detail,
            "candidates": one.candidates,
            "trace_number": one.trace_number or None,
            "file": one.file,
        }
        for one in unmatched
    ]
