"""Columns that the rows behind the figures share."""

from __future__ import annotations

from typing import Final

from reconcile.reports.registry import Column

CLAIM: Final = (
    Column("patient_control_number"),
    Column("practice_id"),
    Column("payer"),
    Column("date_from", "date"),
    Column("status"),
    Column("charge", "cents"),
)
"""A claim: its first submission, with the charge that counts now."""
CLAIM_GROUPS: Final = ("payer", "practice", "month")
"""What claims are grouped by: payer (that answered in reports of answers, else the one billed), practice, month of the
first day of service."""
