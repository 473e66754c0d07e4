"""What went out: claims with their lines, and the acknowledgments that answer them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from reconcile.store.types import ID, WITHOUT_ROWID, Table, key, reference, text, whole


class ClaimRow(Table, table=True):
    """One submission of a claim. Named by practice, patient control number and sequence.

    What is derived stands on the first submission of a chain (``root`` = ``id``), for a claim's books are kept once,
    however often it was sent: the balance columns are sums over the postings of all its submissions, ``billed`` the
    charge that counts now. ``adjudications`` counts the claim payments posted on this submission. ``rendered_by`` is as
    ``reconcile.store.rendering`` has it. ``submission_reference`` is the BHT03 that an imported claim came under; that
    of a claim made here is its ISA13 and ST02, and stands nowhere else.
    """

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("practice_id", "patient_control_number", "content_digest"),
        Index("ix_claim_patient", "practice_id", "patient_id"),
        Index("ix_claim_transaction", "group_control_number", "st_control_number"),
        Index(
            "ix_claim_submission_reference",
            "submission_reference",
            sqlite_where=sql("submission_reference <> ''"),
            postgresql_where=sql("submission_reference <> ''"),
        ),
    )
    id: int = key()
    practice_id: str = Field(foreign_key="practice.id", sa_type=Text, nullable=False)
    patient_control_number: str = text()
    pcn_normalised: str = text(index=True)
    sequence: int = whole(default=1)
    root: int = Field(sa_type=ID, nullable=False, index=True)
    frequency: str = text()
    original_reference: str = text()
    payer_key: str = text()
    payer_id: str = text()
    payer_name: str = text()
    patient_id: str = text()
    patient_last_name: str = text()
    patient_first_name: str = text()
    member_ids: str = text()
    later_payers: str = text()
    patient_protection: str = text()
    charge: int = whole()
    date_from: date | None = Field(sa_type=Date, nullable=True, default=None)
    date_to: date | None = Field(sa_type=Date, nullable=True, default=None)
    source: str = text()
    partner: str = text()
    file_sha256: str = text()
    interchange_control_number: str = text(index=True)
    group_control_number: str = text()
    st_control_number: str = text()
    content_digest: str = text()
    rules_version: str = text()
    status: str = text()
    acknowledged: str = text()
    next_actions: str = text()
    guardrails: str = text()
    tables_version: str = text()
    adjudications: int = whole()
    billed: int = whole()
    paid: int = whole()
    contractual: int = whole()
    patient: int = whole()
    denied: int = whole()
    pended: int = whole()
    open_balance: int = whole()
    suspense: int = whole()
    rendered_by: str = text()
    submission_reference: str = text()


class ClaimContentRow(Table, table=True):
    """The whole claim value, to be written, corrected or shown again."""

    __tablename__ = "claim_content"
    claim_id: int = key("claim.id")
    content: bytes = Field(sa_type=LargeBinary, nullable=False)


class ServiceLineRow(Table, table=True):
    """A service line as billed. ``allocated`` tells that this store made the line control number.

    ``rendered_by`` names who rendered it where the file says so for the line, "" where the claim's counts.
    """

    __tablename__ = "service_line"
    __table_args__ = (
        Index(
            "ix_service_line_allocated",
            "control_number",
            sqlite_where=sql("allocated"),
            postgresql_where=sql("allocated"),
        ),
    )
    id: int = key()
    claim_id: int = reference("claim.id", index=True)
    number: int = whole()
    procedure_code: str = text()
    modifiers: str = text()
    charge: int = whole()
    units: str = text()
    date_from: date | None = Field(sa_type=Date, nullable=True, default=None)
    date_to: date | None = Field(sa_type=Date, nullable=True, default=None)
    control_number: str = text()
    allocated: bool = Field(default=False, nullable=False)
    rendered_by: str = text()


class BilledSessionRow(Table, table=True):
    """A session line that went on a claim: never billed twice, and a changed re-export is noticed."""

    __tablename__ = "billed_session"
    practice_id: str = text(primary_key=True)
    line_id: str = text(primary_key=True)
    content_hash: str = text()
    claim_id: int = reference("claim.id", index=True)
    line_number: int = whole()


class PayerClaimControlNumberRow(Table, table=True):
    """A payer's own number of a claim, learned from an acknowledgment or a remittance."""

    __tablename__ = "payer_claim_control_number"
    __table_args__ = WITHOUT_ROWID
    number: str = text(primary_key=True)
    claim_id: int = key("claim.id")


class AcknowledgmentRow(Table, table=True):
    """One accept or reject. Named by the digest of its transaction set and its place there.

    ``answered_file`` is the digest of the one outgoing file that its control numbers were tied to; "" when it names
    claims by their own number, is tied to nothing, or the claims came without a file. One tied to a file has its
    ISA13 too, and but for a TA1 its GS06, whether it names them or not.
    """

    __tablename__ = "acknowledgment"
    __table_args__ = (
        Index(
            "ix_acknowledgment_answered_file",
            "answered_file",
            sqlite_where=sql("claim_id IS NULL AND claims > 1"),
            postgresql_where=sql("claim_id IS NULL AND claims > 1"),
        ),
        Index(
            "ix_acknowledgment_untied",
            "file_sha256",
            sqlite_where=sql("claims = 0"),
            postgresql_where=sql("claims = 0"),
        ),
    )
    set_digest: str = text(primary_key=True)
    ordinal: int = key()
    file_sha256: str = text()
    kind: str = text()
    level: str = text()
    accepted: bool = Field(nullable=False)
    code: str = text()
    status: str = text()
    entity: str = text()
    interchange_control_number: str = text()
    group_control_number: str = text()
    transaction_control_number: str = text()
    patient_control_number: str = text()
    line_control_number: str = text()
    payer_claim_control_number: str = text()
    charge: int | None = whole(nullable=True)
    stated_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    segment_in_error: str = text()
    element_in_error: str = text()
    notes: str = text()
    claims: int = whole()
    claim_id: int | None = reference("claim.id", index=True, nullable=True)
    answered_file: str = text()
