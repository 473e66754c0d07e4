"""The tables of the first loop.

Revision: 0001, the first. Written with short helpers for the columns that come again and again; a test compares the
result with the schema classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


TYPES: dict[str, Any] = {
    "id": ID,
    "text": sa.Text(),
    "whole": sa.BigInteger(),
    "day": sa.Date(),
    "moment": sa.DateTime(),
    "flag": sa.Boolean(),
    "content": sa.LargeBinary(),
}


def columns(kind: str, names: str) -> list[sa.Column[Any]]:
    """Columns of one kind: ``key`` is an id that is given, never counted up; a ``?`` after the kind allows NULL."""
    if kind == "key":
        return [sa.Column(name, ID, autoincrement=False, nullable=False) for name in names.split()]
    return [sa.Column(name, TYPES[kind.rstrip("?")], nullable=kind.endswith("?")) for name in names.split()]


def refer(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    other = target.split(".")[0]
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}_{other}")


def create(
    table: str,
    key: Sequence[str],
    columns: list[sa.Column[Any]],
    *constraints: sa.Constraint,
    rowid: bool = True,
) -> None:
    primary = sa.PrimaryKeyConstraint(*key, name=f"pk_{table}")
    options: dict[str, Any] = {} if rowid else {"sqlite_with_rowid": False}
    op.create_table(table, *columns, primary, *constraints, **options)


def index(name: str, table: str, columns: Sequence[str], where: str | None = None) -> None:
    options: dict[str, Any] = {}
    if where is not None:
        options = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
    op.create_index(name, table, list(columns), unique=False, **options)


def upgrade() -> None:
    create(
        "control_number",
        ["partner", "kind"],
        [
            *columns("text", "partner kind"),
            *columns("whole", "next_number"),
        ],
    )
    create(
        "event",
        ["id"],
        [
            *columns("key", "id"),
            *columns("moment", "at"),
            *columns("text", "kind subject actor data"),
        ],
    )
    index("ix_event_subject", "event", ["subject"])
    create(
        "file",
        ["sha256"],
        [
            *columns("text", "sha256"),
            *columns("whole", "size"),
            *columns("text", "direction kind name outcome manifest"),
            *columns("moment", "first_seen"),
        ],
    )
    create(
        "practice",
        ["id"],
        [
            *columns("text", "id name source"),
        ],
    )
    create(
        "remittance",
        ["id"],
        [
            *columns("key", "id"),
            *columns(
                "text",
                "payment_key content_digest practice_id payer_key payer_id payer_ids payer_name "
                "payer_kind payee_npi payee_tax_id trace_number",
            ),
            *columns("day?", "payment_date production_date"),
            *columns("whole", "amount"),
            *columns("text", "method credit_debit"),
            *columns("whole", "claims lines charge_total paid_total adjustment_total"),
            *columns("text", "tables_version file_sha256"),
            *columns("whole", "position"),
        ],
        sa.UniqueConstraint("payment_key", name="uq_remittance_payment_key"),
    )
    create(
        "claim",
        ["id"],
        [
            *columns("key", "id"),
            *columns("text", "practice_id patient_control_number pcn_normalised"),
            *columns("whole", "sequence"),
            *columns("id", "root"),
            *columns(
                "text",
                "frequency original_reference payer_key payer_id payer_name patient_id "
                "patient_last_name patient_first_name member_ids later_payers",
            ),
            *columns("whole", "charge"),
            *columns("day?", "date_from date_to"),
            *columns(
                "text",
                "source partner file_sha256 interchange_control_number group_control_number "
                "st_control_number content_digest rules_version status acknowledged next_actions "
                "guardrails tables_version",
            ),
            *columns("whole", "adjudications billed paid contractual patient denied pended open_balance"),
        ],
        refer("claim", "practice_id", "practice.id"),
        sa.UniqueConstraint(
            "practice_id",
            "patient_control_number",
            "content_digest",
            name="uq_claim_practice_id_patient_control_number_content_digest",
        ),
    )
    index("ix_claim_interchange_control_number", "claim", ["interchange_control_number"])
    index("ix_claim_patient", "claim", ["practice_id", "patient_id"])
    index("ix_claim_pcn_normalised", "claim", ["pcn_normalised"])
    index("ix_claim_root", "claim", ["root"])
    index("ix_claim_transaction", "claim", ["group_control_number", "st_control_number"])
    create(
        "file_transaction",
        ["file_sha256", "position"],
        [
            *columns("text", "file_sha256"),
            *columns("key", "position"),
            *columns("text", "kind st_control_number outcome payment_key content_digest trace_number"),
            *columns("whole", "amount"),
            *columns("text", "record"),
        ],
        refer("file_transaction", "file_sha256", "file.sha256"),
    )
    index(
        "ix_file_transaction_held", "file_transaction", ["outcome"], "outcome IN ('quarantined', 'conflict')"
    )
    create(
        "practice_identifier",
        ["kind", "value", "practice_id"],
        [
            *columns("text", "kind value practice_id"),
        ],
        refer("practice_identifier", "practice_id", "practice.id"),
    )
    create(
        "provider_adjustment",
        ["remittance_id", "ordinal"],
        [
            *columns("key", "remittance_id ordinal"),
            *columns("text", "provider"),
            *columns("day?", "fiscal_date"),
            *columns("text", "reason identifier"),
            *columns("whole", "cents"),
        ],
        refer("provider_adjustment", "remittance_id", "remittance.id"),
    )
    create(
        "acknowledgment",
        ["set_digest", "ordinal"],
        [
            *columns("text", "set_digest"),
            *columns("key", "ordinal"),
            *columns("text", "file_sha256 kind level"),
            *columns("flag", "accepted"),
            *columns(
                "text",
                "code status entity interchange_control_number group_control_number "
                "transaction_control_number patient_control_number line_control_number "
                "payer_claim_control_number",
            ),
            *columns("whole?", "charge"),
            *columns("day?", "stated_on"),
            *columns("text", "segment_in_error element_in_error notes"),
            *columns("whole", "claims"),
            *columns("id?", "claim_id"),
        ],
        refer("acknowledgment", "claim_id", "claim.id"),
    )
    index("ix_acknowledgment_claim_id", "acknowledgment", ["claim_id"])
    create(
        "billed_session",
        ["practice_id", "line_id"],
        [
            *columns("text", "practice_id line_id content_hash"),
            *columns("id", "claim_id"),
            *columns("whole", "line_number"),
        ],
        refer("billed_session", "claim_id", "claim.id"),
    )
    index("ix_billed_session_claim_id", "billed_session", ["claim_id"])
    create(
        "claim_content",
        ["claim_id"],
        [
            *columns("key", "claim_id"),
            *columns("content", "content"),
        ],
        refer("claim_content", "claim_id", "claim.id"),
    )
    create(
        "claim_finding",
        ["claim_id", "ordinal"],
        [
            *columns("key", "claim_id ordinal"),
            *columns("text", "code severity message"),
        ],
        refer("claim_finding", "claim_id", "claim.id"),
    )
    create(
        "claim_payment",
        ["id"],
        [
            *columns("key", "id"),
            *columns("id", "remittance_id"),
            *columns("whole", "ordinal"),
            *columns("text", "patient_control_number status"),
            *columns("whole", "charge paid"),
            *columns("whole?", "patient_responsibility"),
            *columns(
                "text", "filing_indicator payer_claim_control_number frequency remarks outcome reason detail"
            ),
            *columns("id?", "claim_id"),
            *columns("text", "evidence notes candidates"),
            *columns("id?", "runner_up"),
        ],
        refer("claim_payment", "claim_id", "claim.id"),
        refer("claim_payment", "remittance_id", "remittance.id"),
        sa.UniqueConstraint("remittance_id", "ordinal", name="uq_claim_payment_remittance_id_ordinal"),
    )
    index("ix_claim_payment_claim_id", "claim_payment", ["claim_id"])
    index("ix_claim_payment_waiting", "claim_payment", ["outcome"], "outcome <> 'posted'")
    create(
        "payer_claim_control_number",
        ["number", "claim_id"],
        [
            *columns("text", "number"),
            *columns("key", "claim_id"),
        ],
        refer("payer_claim_control_number", "claim_id", "claim.id"),
        rowid=False,
    )
    create(
        "service_line",
        ["id"],
        [
            *columns("key", "id"),
            *columns("id", "claim_id"),
            *columns("whole", "number"),
            *columns("text", "procedure_code modifiers"),
            *columns("whole", "charge"),
            *columns("text", "units"),
            *columns("day?", "date_from date_to"),
            *columns("text", "control_number"),
            *columns("flag", "allocated"),
        ],
        refer("service_line", "claim_id", "claim.id"),
    )
    index("ix_service_line_allocated", "service_line", ["control_number"], "allocated")
    index("ix_service_line_claim_id", "service_line", ["claim_id"])
    create(
        "claim_payment_content",
        ["claim_payment_id"],
        [
            *columns("key", "claim_payment_id"),
            *columns("content", "content"),
        ],
        refer("claim_payment_content", "claim_payment_id", "claim_payment.id"),
    )
    create(
        "denial",
        ["id"],
        [
            *columns("text", "id"),
            *columns("id", "claim_id claim_payment_id"),
            *columns("whole?", "line"),
            *columns("id?", "line_id"),
            *columns("text", "line_ids group_code reason remarks category cause extent"),
            *columns("whole", "charge amount recovered"),
            *columns("text", "next_action guardrails preventable_by because"),
            *columns("flag", "counted"),
            *columns("text", "kind status"),
        ],
        refer("denial", "claim_id", "claim.id"),
        refer("denial", "claim_payment_id", "claim_payment.id"),
    )
    index("ix_denial_claim_id", "denial", ["claim_id"])
    index("ix_denial_claim_payment_id", "denial", ["claim_payment_id"])
    create(
        "posting",
        ["claim_payment_id", "ordinal"],
        [
            *columns("key", "claim_payment_id ordinal"),
            *columns("whole?", "line"),
            *columns("id?", "line_id"),
            *columns("text", "account"),
            *columns("whole", "cents"),
            *columns("text?", "group_code reason quantity"),
            *columns("flag", "transfer"),
        ],
        refer("posting", "claim_payment_id", "claim_payment.id"),
        rowid=False,
    )
    create(
        "service_payment",
        ["claim_payment_id", "ordinal"],
        [
            *columns("key", "claim_payment_id ordinal"),
            *columns("text", "procedure_code modifiers submitted_code"),
            *columns("whole", "charge paid"),
            *columns("text", "units"),
            *columns("day?", "date_from"),
            *columns("text", "line_control_number"),
            *columns("whole?", "allowed"),
            *columns("text", "remarks"),
            *columns("id?", "line_id"),
            *columns("text", "line_ids evidence"),
            *columns("flag", "twin"),
            *columns("text", "notes"),
            *columns("id?", "runner_up"),
            *columns("whole", "margin"),
        ],
        refer("service_payment", "claim_payment_id", "claim_payment.id"),
        rowid=False,
    )


def downgrade() -> None:
    for table in (
        "service_payment",
        "posting",
        "denial",
        "claim_payment_content",
        "service_line",
        "payer_claim_control_number",
        "claim_payment",
        "claim_finding",
        "claim_content",
        "billed_session",
        "acknowledgment",
        "provider_adjustment",
        "practice_identifier",
        "file_transaction",
        "claim",
        "remittance",
        "practice",
        "file",
        "event",
        "control_number",
    ):
        op.drop_table(table)
