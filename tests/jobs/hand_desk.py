"""A desk that also takes in payments written by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cli.jobs.manifest import Manifest
from cli.jobs.payments import AddRequest, add_payments
from edi.codes.lookup import load_tables
from edi.payers import PayerProfile
from tests.jobs.conftest import Desk

NOW = datetime(2026, 5, 2, 9, 0)
PAYERS = {
    "acme": PayerProfile(key="acme", name="ACME HEALTH", kind="commercial", claim_id={"default": "12345"}),
    "beta": PayerProfile(key="beta", name="BETA MUTUAL", kind="commercial", claim_id={"default": "67890"}),
}
HEADING = (
    "kind", "practice_id", "payer", "patient_id", "claim", "line", "procedure_code", "modifiers", "units",
    "date_of_service", "date", "amount", "charge", "allowed", "adjustments", "remarks", "status", "payer_claim_number",
    "provider_adjustment", "payment_amount", "reference", "note",
)  # fmt: skip
PAPER = {
    "kind": "paper_eob", "practice_id": "orchard", "payer": "acme", "claim": "A0000001", "date": "2026-03-30",
    "date_of_service": "2026-03-10", "reference": "55001",
}  # fmt: skip


def table(*rows: dict[str, str]) -> bytes:
    """A payments.csv of these rows."""
    lines = [",".join(HEADING)]
    lines += [",".join(f'"{row.get(name, "")}"' for name in HEADING) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def paper(code: str, amount: str, adjustments: str = "", **changes: str) -> dict[str, str]:
    """A line of a paper EOB."""
    return {**PAPER, "procedure_code": code, "amount": amount, "adjustments": adjustments, **changes}


def both_lines(**changes: str) -> bytes:
    """A paper EOB of the claim of `make_claim`: one line paid, one with the patient's share."""
    return table(
        paper("97110", "40.00", "CO-45=10.00", **changes),
        paper("97140", "30.00", "CO-45=10.00; PR-2=10.00", **changes),
    )


def patient(amount: str, **changes: str) -> dict[str, str]:
    """What a patient paid."""
    row = {
        "kind": "patient",
        "practice_id": "orchard",
        "claim": "A0000001",
        "date": "2026-04-01",
        "amount": amount,
    }
    return {**row, **changes}


def opening(amount: str, **changes: str) -> dict[str, str]:
    """A line of a claim from before."""
    row = {
        "kind": "opening_balance", "practice_id": "orchard", "payer": "acme", "claim": "OLD1", "date": "2026-01-01",
        "procedure_code": "97110", "date_of_service": "2025-11-03", "amount": amount,
    }  # fmt: skip
    return {**row, **changes}


def add(desk: Desk, data: bytes, name: str = "payments.csv", *, dry_run: bool = False) -> Manifest:
    """Take in a file of payments."""
    desk.folder.mkdir(exist_ok=True)
    path: Path = desk.file(data, name)
    request = AddRequest(
        paths=(path,),
        now=NOW,
        practices={one.id: one for one in desk.practices},
        payers=PAYERS,
        tables=load_tables(),
        dry_run=dry_run,
    )
    return add_payments(request, desk.store)
