"""payments.csv: money without an 835, read row by row, and put together as payers' 835s would tell it."""

from __future__ import annotations

from edi.intake.payments.remittance import HandRemittance, remittances
from edi.intake.payments.rows import PAYMENTS, RefusedRow, read_payments, read_toml

__all__ = ["PAYMENTS", "HandRemittance", "RefusedRow", "read_payments", "read_toml", "remittances"]
