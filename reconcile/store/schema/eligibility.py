"""What was asked of payers about coverage (270), and what they answered (271)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Index, LargeBinary
from sqlmodel import Field

from reconcile.store.types import Table, text


class EligibilityInquiryRow(Table, table=True):
    """One patient and coverage that a 270 asked about. Named by its trace number, which this store gave.

    ``content`` is the whole inquiry; the columns beside it are what an answer without our trace number is tied by.
    """

    __tablename__ = "eligibility_inquiry"
    __table_args__ = (Index("ix_eligibility_inquiry_member", "member_id", "birth_date"),)
    trace_number: str = text(primary_key=True)
    practice_id: str = text()
    patient_id: str = text()
    payer_key: str = text()
    payer_id: str = text()
    member_id: str = text()
    birth_date: date | None = Field(sa_type=Date, nullable=True, default=None)
    partner: str = text()
    asked_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    file_sha256: str = text()
    content: bytes = Field(sa_type=LargeBinary, nullable=False)


class EligibilityAnswerRow(Table, table=True):
    """What a 271 says of one patient. Named by the digest of its values, whatever file it comes in.

    ``tied`` tells how it found its inquiry: ``trace``, ``member`` or "" when it found none; then practice and patient
    are "". ``confirmation`` is what the answer means, ``content`` the whole answer.
    """

    __tablename__ = "eligibility_answer"
    __table_args__ = (Index("ix_eligibility_answer_patient", "practice_id", "patient_id"),)
    digest: str = text(primary_key=True)
    trace_number: str = text(index=True)
    practice_id: str = text()
    patient_id: str = text()
    payer_key: str = text()
    status: str = text()
    confirmed_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    tied: str = text()
    file_sha256: str = text()
    confirmation: bytes = Field(sa_type=LargeBinary, nullable=False)
    content: bytes = Field(sa_type=LargeBinary, nullable=False)
