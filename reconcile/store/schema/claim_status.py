"""What was asked of payers about claims (276), and what they answered (277)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, LargeBinary
from sqlmodel import Field

from reconcile.store.types import Table, reference, text, whole


class StatusInquiryRow(Table, table=True):
    """One claim that a 276 asked about. Named by its trace number, which this store gave.

    ``claim_id`` is the submission asked about, ``set_reference`` BHT03 of its transaction set, ``content`` the whole
    inquiry.
    """

    __tablename__ = "claim_status_inquiry"
    trace_number: str = text(primary_key=True)
    claim_id: int = reference("claim.id", index=True)
    practice_id: str = text()
    payer_key: str = text()
    partner: str = text()
    set_reference: str = text(index=True)
    asked_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    file_sha256: str = text(index=True)
    content: bytes = Field(sa_type=LargeBinary, nullable=False)


class StatusAnswerRow(Table, table=True):
    """What a 277 says of one claim, or of all that one set asked. Named by the digest of its values.

    ``tied`` tells how it found its claim: ``trace``, ``number``, ``payer_number``; ``set`` is an answer to a whole
    inquiry, "" one that found nothing, and neither has a claim. ``state`` is one of ``edi.model.status.STATES``;
    category, status and entity are those of the STC that decides, amounts and days its own. ``file_sha256`` and
    ``position`` are the transaction set it came in first.
    """

    __tablename__ = "claim_status_answer"
    digest: str = text(primary_key=True)
    file_sha256: str = text(index=True)
    position: int = whole()
    claim_id: int | None = reference("claim.id", index=True, nullable=True)
    tied: str = text()
    trace_number: str = text(index=True)
    level: str = text()
    state: str = text()
    category: str = text()
    status: str = text()
    entity: str = text()
    answered_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    effective_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    charge: int | None = whole(nullable=True)
    paid: int | None = whole(nullable=True)
    finalized_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    remitted_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    check_number: str = text()
    payer_claim_control_number: str = text()
    patient_control_number: str = text()
    content: bytes = Field(sa_type=LargeBinary, nullable=False)
