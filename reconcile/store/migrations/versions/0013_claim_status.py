"""Claim status inquiries and their answers.

Revision: 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def words(names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names.split()]


def days(names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Date(), nullable=True) for name in names.split()]


def cents(names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=True) for name in names.split()]


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The two tables with their indexes."""
    op.create_table(
        "claim_status_inquiry",
        *words("trace_number"),
        sa.Column("claim_id", ID, nullable=False),
        *words("practice_id payer_key partner set_reference"),
        *days("asked_on"),
        *words("file_sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trace_number", name="pk_claim_status_inquiry"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_status_inquiry_claim_id_claim"),
    )
    for name in ("claim_id", "set_reference", "file_sha256"):
        op.create_index(f"ix_claim_status_inquiry_{name}", "claim_status_inquiry", [name])
    op.create_table(
        "claim_status_answer",
        *words("digest file_sha256"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("claim_id", ID, nullable=True),
        *words("tied trace_number level state category status entity"),
        *days("answered_on effective_on"),
        *cents("charge paid"),
        *days("finalized_on remitted_on"),
        *words("check_number payer_claim_control_number patient_control_number"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_claim_status_answer"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_status_answer_claim_id_claim"),
    )
    for name in ("file_sha256", "claim_id", "trace_number"):
        op.create_index(f"ix_claim_status_answer_{name}", "claim_status_answer", [name])


def downgrade() -> None:
    """Both are dropped."""
    op.drop_table("claim_status_answer")
    op.drop_table("claim_status_inquiry")
