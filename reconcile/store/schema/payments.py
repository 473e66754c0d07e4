"""What came back: remittances, postings, denials, and the findings about a claim's ledger."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from reconcile.store.types import ID, WITHOUT_ROWID, Table, key, reference, text, whole


class RemittanceRow(Table, table=True):
    """One posted 835 transaction set. Named by its payment key; there is one for each payment.

    ``practice_id`` lists whose claims it may answer, one a line: "" when the payee is unknown, several when practices
    share the tax id it names. ``payer_ids`` lists how it calls its payer. ``unexplained`` is what BPR02 has beyond
    CLP04 less PLB, in cents: 0 unless a person released the set.
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
    unexplained: int = whole()


class ClaimPaymentRow(Table, table=True):
    """One adjudicated claim. Named by payment key and ordinal.

    ``outcome``: ``posted`` (its postings are on the lines of ``claim_id``), ``suspense`` (its equations fail),
    ``unmatched`` (it found no claim, or nothing may be posted yet). ``content`` beside it is the whole value.
    ``margin`` is how far the runner-up of another claim is behind, in points of ``reconcile.match``.
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
        Index(
            "ix_claim_payment_waiting_number",
            "payer_claim_control_number",
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
    margin: int = whole()


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
    __table_args__ = (
        Index(
            "ix_posting_pended",
            "claim_payment_id",
            sqlite_where=sql("account = 'pended'"),
            postgresql_where=sql("account = 'pended'"),
        ),
        WITHOUT_ROWID,
    )
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
