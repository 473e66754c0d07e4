"""The tables, as SQLModel classes. One class a table; the doc of each says what a row is and what names it in business.

Rows are written as tuples to the driver (``reconcile.store.bulk``), never one by one through the ORM: the classes
give names, types, constraints and the migrations. What is derived (everything but files, allocations and events) is
recomputed for each claim touched, never patched.
"""

from __future__ import annotations

from typing import Final

from reconcile.store.schema.audit import AuditEntryRow
from reconcile.store.schema.claim_status import StatusAnswerRow, StatusInquiryRow
from reconcile.store.schema.claims import (
    AcknowledgmentRow,
    BilledSessionRow,
    ClaimContentRow,
    ClaimRow,
    PayerClaimControlNumberRow,
    ServiceLineRow,
)
from reconcile.store.schema.deposits import DepositRow
from reconcile.store.schema.eligibility import EligibilityAnswerRow, EligibilityInquiryRow
from reconcile.store.schema.files import (
    ControlNumberRow,
    EventRow,
    FileRow,
    FileTransactionRow,
    PracticeIdentifierRow,
    PracticeRow,
)
from reconcile.store.schema.holds import AliasRow, ReleaseRow
from reconcile.store.schema.payments import (
    ClaimFindingRow,
    ClaimPaymentContentRow,
    ClaimPaymentRow,
    DenialRow,
    PostingRow,
    ProviderAdjustmentRow,
    RemittanceRow,
    ServicePaymentRow,
)
from reconcile.store.schema.payments_by_hand import JournalEntryRow, PatientEntryRow
from reconcile.store.schema.vault import VaultChunkRow, VaultFileRow
from reconcile.store.schema.work_items import ResubmissionRow, WorkItemRow

SCHEMA_VERSION: Final = "0017"
"""The newest migration. A store that carries a revision unknown here was written by a newer claimloop."""

__all__ = [
    "AcknowledgmentRow",
    "AliasRow",
    "AuditEntryRow",
    "BilledSessionRow",
    "ClaimContentRow",
    "ClaimFindingRow",
    "ClaimPaymentContentRow",
    "ClaimPaymentRow",
    "ClaimRow",
    "ControlNumberRow",
    "DenialRow",
    "DepositRow",
    "EligibilityAnswerRow",
    "EligibilityInquiryRow",
    "EventRow",
    "FileRow",
    "FileTransactionRow",
    "JournalEntryRow",
    "PatientEntryRow",
    "PayerClaimControlNumberRow",
    "PostingRow",
    "PracticeIdentifierRow",
    "PracticeRow",
    "ProviderAdjustmentRow",
    "ReleaseRow",
    "RemittanceRow",
    "ResubmissionRow",
    "ServiceLineRow",
    "ServicePaymentRow",
    "StatusAnswerRow",
    "StatusInquiryRow",
    "VaultChunkRow",
    "VaultFileRow",
    "WorkItemRow",
]
