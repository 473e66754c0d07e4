"""`payments add`: money without an 835 into the vault and the store."""

from __future__ import annotations

from cli.jobs.payments.add import KIND, AddRequest, add_payments, kept_remittances, take_payments

__all__ = ["KIND", "AddRequest", "add_payments", "kept_remittances", "take_payments"]
