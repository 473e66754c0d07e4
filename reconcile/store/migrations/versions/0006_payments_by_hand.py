"""Payments without an 835, postings exported, closed months.

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from reconcile.store.types import ID

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def words(names: str, *, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names.split()]


def link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}")


def upgrade() -> None:
    op.create_table(
        "patient_entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        *words("digest practice_id patient_id patient_control_number"),
        sa.Column("claim_id", ID, nullable=True),
        sa.Column("line_id", ID, nullable=True),
        *words("kind"),
        sa.Column("entry_date", sa.Date(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        *words("reference note file_sha256"),
        sa.Column("source_row", sa.BigInteger(), nullable=False),
        link("patient_entry", "claim_id", "claim"),
        link("patient_entry", "line_id", "service_line"),
        sa.PrimaryKeyConstraint("id", name="pk_patient_entry"),
        sa.UniqueConstraint("digest", name="uq_patient_entry_digest"),
    )
    op.create_index("ix_patient_entry_claim_id", "patient_entry", ["claim_id"])
    op.create_index("ix_patient_entry_patient", "patient_entry", ["practice_id", "patient_id"])
    op.create_table(
        "journal_entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        *words("practice_id payment_key"),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        *(sa.Column(name, ID, nullable=True) for name in ("patient_entry_id", "claim_id", "line_id")),
        *words("account"),
        *words("group_code reason", nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("posting_date", sa.Date(), nullable=False),
        sa.Column("batch", ID, nullable=True),
        link("journal_entry", "patient_entry_id", "patient_entry"),
        link("journal_entry", "claim_id", "claim"),
        sa.PrimaryKeyConstraint("id", name="pk_journal_entry"),
    )
    op.create_index("ix_journal_entry_payment", "journal_entry", ["payment_key", "ordinal"])
    op.create_index("ix_journal_entry_patient_entry_id", "journal_entry", ["patient_entry_id"])
    op.create_index("ix_journal_entry_batch", "journal_entry", ["batch", "practice_id"])


def downgrade() -> None:
    op.drop_table("journal_entry")
    op.drop_table("patient_entry")
