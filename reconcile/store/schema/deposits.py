"""What the bank says came in. Which remittance a deposit is for follows from both, and is not stored."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Index, Text
from sqlmodel import Field

from reconcile.store.types import Table, key, text, whole


class DepositRow(Table, table=True):
    """One credit on a bank account, in cents. Named by day, amount, account, bank reference and trace number.

    ``account`` has the last four characters of its number. ``file_sha256`` and ``row`` tell where it was first seen,
    ``practice_id`` is "" where the bank's file does not say whose account it is.
    """

    __tablename__ = "deposit"
    __table_args__ = (
        Index("ix_deposit_day", "deposited_on", "amount"),
        Index("ix_deposit_file", "file_sha256"),
    )
    id: int = key()
    practice_id: str = text()
    account: str = text()
    deposited_on: date = Field(sa_type=Date, nullable=False)
    amount: int = whole()
    bank_reference: str = text()
    trace_number: str = text()
    payer_id: str = text()
    payer_text: str = text()
    file_sha256: str = Field(foreign_key="file.sha256", sa_type=Text, nullable=False)
    row: int = whole()
