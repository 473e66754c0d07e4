"""Why a claim was sent again, and work that no file can do.

Revision: 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "resubmission",
        sa.Column("claim_id", ID, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("follows", ID, nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_resubmission_claim_id_claim"),
        sa.ForeignKeyConstraint(["follows"], ["claim.id"], name="fk_resubmission_follows_claim"),
        sa.PrimaryKeyConstraint("claim_id", name="pk_resubmission"),
    )
    op.create_table(
        "work_item",
        sa.Column("id", ID, nullable=False, autoincrement=False),
        sa.Column("claim_id", ID, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_work_item_claim_id_claim"),
        sa.PrimaryKeyConstraint("id", name="pk_work_item"),
    )
    op.create_index("ix_work_item_claim_id", "work_item", ["claim_id"])


def downgrade() -> None:
    op.drop_table("work_item")
    op.drop_table("resubmission")
