"""Money that no 835 tells of, and the journal: what was posted on which day, and which batch told the practice."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Index, Text
from sqlmodel import Field

from reconcile.store.types import ID, Table, key, reference, text, whole


class PatientEntryRow(Table, table=True):
    """What a patient paid, was given back or owed before: never part of a payer's balance. Named by its digest.

    ``kind`` is ``payment`` (a refund is one below zero) or ``opening_balance``, which raises what the patient owes.
    ``claim_id`` is the first submission of the claim it is for and ``line_id`` a line of that; None: the patient's
    account as a whole. ``source_row`` is where it stands in the file.
    """

    __tablename__ = "patient_entry"
    __table_args__ = (Index("ix_patient_entry_patient", "practice_id", "patient_id"),)
    id: int = key()
    digest: str = Field(sa_type=Text, unique=True, nullable=False)
    practice_id: str = text()
    patient_id: str = text()
    patient_control_number: str = text()
    claim_id: int | None = reference("claim.id", index=True, nullable=True)
    line_id: int | None = reference("service_line.id", nullable=True)
    kind: str = text()
    entry_date: date = Field(sa_type=Date, nullable=False)
    cents: int = whole()
    reference: str = text()
    note: str = text()
    file_sha256: str = text()
    source_row: int = whole()


class JournalEntryRow(Table, table=True):
    """Cents that were posted on a day, written when a month is closed or postings are exported; never changed again.

    One entry is what a posting (its claim payment, line, account and codes, on a claim) came to beyond the entries
    before it, so the entries of a posting add up to what it was at the last of them. The claim payment is named by
    payment key and ordinal, since a reissue may take its place; ``patient_entry_id`` stands there where a patient paid,
    and then they are "" and 0. ``claim_id`` is the first submission of the claim. ``batch`` is the export that told it,
    None until then.
    """

    __tablename__ = "journal_entry"
    __table_args__ = (
        Index("ix_journal_entry_batch", "batch", "practice_id"),
        Index("ix_journal_entry_payment", "payment_key", "ordinal"),
    )
    id: int = key()
    practice_id: str = text()
    payment_key: str = text()
    ordinal: int = whole()
    patient_entry_id: int | None = reference("patient_entry.id", index=True, nullable=True)
    claim_id: int | None = reference("claim.id", nullable=True)
    line_id: int | None = Field(sa_type=ID, nullable=True, default=None)
    account: str = text()
    group_code: str | None = text(nullable=True)
    reason: str | None = text(nullable=True)
    cents: int = whole()
    posting_date: date = Field(sa_type=Date, nullable=False)
    batch: int | None = Field(sa_type=ID, nullable=True, default=None)
