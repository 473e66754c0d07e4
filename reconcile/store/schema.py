"""The tables, as SQLModel classes. One class a table; the doc of each says what a row is and what names it in business.

Rows are written as tuples to the driver (``reconcile.store.bulk``), never one by one through the ORM: the classes
give names, types, constraints and the migrations. What is derived (everything but files, allocations and events) is
recomputed for each claim touched, never patched.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import Date, DateTime, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from reconcile.store.types import ID, WITHOUT_ROWID, Table, key, reference, text, whole

SCHEMA_VERSION: Final = "0001"
"""The newest migration. A store that carries a revision unknown here was written by a newer claimloop."""


class PracticeRow(Table, table=True):
    """A practice whose money this is: from claimloop.toml, or found as billing provider of an imported 837P."""

    __tablename__ = "practice"
    id: str = text(primary_key=True)
    name: str = text()
    source: str = text()


class PracticeIdentifierRow(Table, table=True):
    """An NPI or tax id by which an 835 may name a practice, former ones included."""

    __tablename__ = "practice_identifier"
    kind: str = text(primary_key=True)
    value: str = text(primary_key=True)
    practice_id: str = Field(foreign_key="practice.id", sa_type=Text, primary_key=True)


class ControlNumberRow(Table, table=True):
    """The next number of one kind for one trading partner (or for the store, partner ""). Only ever grows."""

    __tablename__ = "control_number"
    partner: str = text(primary_key=True)
    kind: str = text(primary_key=True)
    next_number: int = whole(default=1)


class FileRow(Table, table=True):
    """A file in or out whose bytes are in the vault under ``sha256``. ``name`` is the one it was first seen under.

    ``outcome`` is ``started`` until the manifest is complete; a file that stays so was interrupted and is taken up
    again. ``manifest`` is the file's part of the manifest as JSON.
    """

    __tablename__ = "file"
    sha256: str = text(primary_key=True)
    size: int = whole()
    direction: str = text()
    kind: str = text()
    name: str = text()
    outcome: str = text()
    manifest: str = text()
    first_seen: datetime = Field(sa_type=DateTime, nullable=False)


class FileTransactionRow(Table, table=True):
    """One transaction set of a file and what became of it; written in the transaction that stored its content.

    Quarantined sets and conflicts live here alone: nothing of theirs is in the ledger. ``record`` is the manifest's
    payment as JSON, findings included.
    """

    __tablename__ = "file_transaction"
    __table_args__ = (
        Index(
            "ix_file_transaction_held",
            "outcome",
            sqlite_where=sql("outcome IN ('quarantined', 'conflict')"),
            postgresql_where=sql("outcome IN ('quarantined', 'conflict')"),
        ),
    )
    file_sha256: str = Field(foreign_key="file.sha256", sa_type=Text, primary_key=True)
    position: int = key()
    kind: str = text()
    st_control_number: str = text()
    outcome: str = text()
    payment_key: str = text()
    content_digest: str = text()
    trace_number: str = text()
    amount: int = whole()
    record: str = text()


class ClaimRow(Table, table=True):
    """One submission of a claim. Named by practice, patient control number and sequence.

    What is derived stands on the first submission of a chain (``root`` = ``id``), for a claim's books are kept once,
    however often it was sent: the balance columns are sums over the postings of all its submissions, ``billed`` the
    charge that counts now. ``adjudications`` counts the claim payments posted on this submission.
    """

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("practice_id", "patient_control_number", "content_digest"),
        Index("ix_claim_patient", "practice_id", "patient_id"),
        Index("ix_claim_transaction", "group_control_number", "st_control_number"),
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


class ClaimContentRow(Table, table=True):
    """The whole claim value, to be written, corrected or shown again."""

    __tablename__ = "claim_content"
    claim_id: int = key("claim.id")
    content: bytes = Field(sa_type=LargeBinary, nullable=False)


class ServiceLineRow(Table, table=True):
    """A service line as billed. ``allocated`` tells that this store made the line control number."""

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
    """One accept or reject. Named by the digest of its transaction set and its place there."""

    __tablename__ = "acknowledgment"
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


class RemittanceRow(Table, table=True):
    """One posted 835 transaction set. Named by its payment key; there is one for each payment.

    ``practice_id`` lists whose claims it may answer, one a line: "" when the payee is unknown, several when practices
    share the tax id it names. ``payer_ids`` lists how it calls its payer.
    """

    __tablename__ = "remittance"
    id: int = key()
    payment_key: str = Field(sa_type=Text, nullable=False, unique=True)
    content_digest: str = text()
    practice_id: str = text()
    payer_key: str = text()
    payer_id: str = text()
    payer_ids: str = text()
    payer_name: str = text()
    payer_kind: str = text()
    payee_npi: str = text()
    payee_tax_id: str = text()
    trace_number: str = text()
    payment_date: date | None = Field(sa_type=Date, nullable=True, default=None)
    production_date: date | None = Field(sa_type=Date, nullable=True, default=None)
    amount: int = whole()
    method: str = text()
    credit_debit: str = text()
    claims: int = whole()
    lines: int = whole()
    charge_total: int = whole()
    paid_total: int = whole()
    adjustment_total: int = whole()
    tables_version: str = text()
    file_sha256: str = text()
    position: int = whole()


class ClaimPaymentRow(Table, table=True):
    """One adjudicated claim. Named by payment key and ordinal.

    ``outcome``: ``posted`` (its postings are on the lines of ``claim_id``), ``suspense`` (its equations fail),
    ``unmatched`` (it found no claim, or nothing may be posted yet). ``content`` beside it is the whole value.
    """

    __tablename__ = "claim_payment"
    __table_args__ = (
        UniqueConstraint("remittance_id", "ordinal"),
        Index(
            "ix_claim_payment_waiting",
            "outcome",
            sqlite_where=sql("outcome <> 'posted'"),
            postgresql_where=sql("outcome <> 'posted'"),
        ),
    )
    id: int = key()
    remittance_id: int = reference("remittance.id")
    ordinal: int = whole()
    patient_control_number: str = text()
    status: str = text()
    charge: int = whole()
    paid: int = whole()
    patient_responsibility: int | None = whole(nullable=True)
    filing_indicator: str = text()
    payer_claim_control_number: str = text()
    frequency: str = text()
    remarks: str = text()
    outcome: str = text()
    reason: str = text()
    detail: str = text()
    claim_id: int | None = reference("claim.id", index=True, nullable=True)
    evidence: str = text()
    notes: str = text()
    candidates: str = text()
    runner_up: int | None = Field(sa_type=ID, nullable=True, default=None)


class ClaimPaymentContentRow(Table, table=True):
    """The whole claim payment value, for recomputing a claim without reading its files again."""

    __tablename__ = "claim_payment_content"
    claim_payment_id: int = key("claim_payment.id")
    content: bytes = Field(sa_type=LargeBinary, nullable=False)


class ServicePaymentRow(Table, table=True):
    """One adjudicated line and the submitted line it was matched to. Named by its claim payment and ordinal."""

    __tablename__ = "service_payment"
    __table_args__ = WITHOUT_ROWID
    claim_payment_id: int = key("claim_payment.id")
    ordinal: int = key()
    procedure_code: str = text()
    modifiers: str = text()
    submitted_code: str = text()
    charge: int = whole()
    paid: int = whole()
    units: str = text()
    date_from: date | None = Field(sa_type=Date, nullable=True, default=None)
    line_control_number: str = text()
    allowed: int | None = whole(nullable=True)
    remarks: str = text()
    line_id: int | None = Field(sa_type=ID, nullable=True, default=None)
    line_ids: str = text()
    evidence: str = text()
    twin: bool = Field(default=False, nullable=False)
    notes: str = text()
    runner_up: int | None = Field(sa_type=ID, nullable=True, default=None)
    margin: int = whole()


class PostingRow(Table, table=True):
    """Cents of one adjustment or payment on one account; the counter-account is derived. An adjustment IS a posting.

    ``line`` is the ordinal of the service payment (None: claim level), ``line_id`` the submitted line that stands for
    the service (of the first submission that bills it). ``transfer``: cents an adjudication moves without saying so.
    """

    __tablename__ = "posting"
    __table_args__ = WITHOUT_ROWID
    claim_payment_id: int = key("claim_payment.id")
    ordinal: int = key()
    line: int | None = whole(nullable=True)
    line_id: int | None = Field(sa_type=ID, nullable=True, default=None)
    account: str = text()
    cents: int = whole()
    group_code: str | None = text(nullable=True)
    reason: str | None = text(nullable=True)
    quantity: str | None = text(nullable=True)
    transfer: bool = Field(default=False, nullable=False)


class ProviderAdjustmentRow(Table, table=True):
    """One reason, reference and amount of a PLB. Positive cents lower the payment."""

    __tablename__ = "provider_adjustment"
    remittance_id: int = key("remittance.id")
    ordinal: int = key()
    provider: str = text()
    fiscal_date: date | None = Field(sa_type=Date, nullable=True, default=None)
    reason: str = text()
    identifier: str = text()
    cents: int = whole()


class DenialRow(Table, table=True):
    """One denied amount on one line and cause.

    ``id`` is made of claim payment, line, group and reason: it survives a recomputation. What a person did with it is
    in the event log under that id.
    """

    __tablename__ = "denial"
    id: str = text(primary_key=True)
    claim_id: int = reference("claim.id", index=True)
    claim_payment_id: int = reference("claim_payment.id", index=True)
    line: int | None = whole(nullable=True)
    line_id: int | None = Field(sa_type=ID, nullable=True, default=None)
    line_ids: str = text()
    group_code: str = text()
    reason: str = text()
    remarks: str = text()
    category: str = text()
    cause: str = text()
    extent: str = text()
    charge: int = whole()
    amount: int = whole()
    recovered: int = whole()
    next_action: str = text()
    guardrails: str = text()
    preventable_by: str = text()
    because: str = text()
    counted: bool = Field(default=True, nullable=False)
    kind: str = text()
    status: str = text()


class ClaimFindingRow(Table, table=True):
    """A Finding about a claim's ledger (``COB_OVERSTATED`` …), derived with its postings."""

    __tablename__ = "claim_finding"
    claim_id: int = key("claim.id")
    ordinal: int = key()
    code: str = text()
    severity: str = text()
    message: str = text()


class EventRow(Table, table=True):
    """What someone or something decided, append-only: allocations, hand-made links, releases, notes, status changes.

    ``subject`` names the thing (``denial:12-1-CO45``, ``claim:C100001``, ``control_number:partner/isa13``),
    ``data`` is JSON.
    """

    __tablename__ = "event"
    id: int = key()
    at: datetime = Field(sa_type=DateTime, nullable=False)
    kind: str = text()
    subject: str = text(index=True)
    actor: str = text()
    data: str = text()
