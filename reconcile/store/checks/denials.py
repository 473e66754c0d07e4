# ruff: noqa: ARG001 (all checks have one signature)
"""Checks of what people decided about denials."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from edi.codes.lookup import Tables
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store.checks.registry import broken, check, rows
from reconcile.store.denial_work import deeds_by_item, denial_work
from reconcile.store.vault import Vault
from reconcile.worklist import WorkState


@check
def write_offs(connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """Every write-off is of the cents that are denied, and no claim has more written off than denied."""
    deeds = deeds_by_item(connection)
    if not deeds:
        return
    sums: dict[int, int] = {}
    for one in denial_work(connection):
        if one.work.state is not WorkState.WRITTEN_OFF:
            continue
        denial, cents = one.denial, one.work.written_off
        sums[denial.claim_root] = sums.get(denial.claim_root, 0) + cents
        if cents != denial.amount:
            told = f"{decimal_text(cents)} written off where {decimal_text(denial.amount)} is denied"
            yield broken("write_offs", f"denial {denial.work}: {told}", claim=denial.patient_control_number)
    if not sums:
        return
    for root, number, denied in rows(
        connection, "SELECT id, patient_control_number, denied FROM claim WHERE denied > 0 AND id = root"
    ):
        off = sums.pop(root, 0)
        if off > denied:
            told = f"{decimal_text(off)} written off where {decimal_text(denied)} is denied"
            yield broken("write_offs", f"the claim has {told}", claim=number)
    for off in sums.values():
        if off:
            yield broken("write_offs", f"{decimal_text(off)} written off of a claim with nothing denied")
