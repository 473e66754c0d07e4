"""Holds released by hand, what they left unexplained, and numbers that payers use for claims.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "hold_release",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("replaced", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_hold_release"),
    )
    op.create_table(
        "claim_alias",
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("claim_id", ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name="fk_claim_alias_claim_id_claim"),
        sa.PrimaryKeyConstraint("payer", "number", name="pk_claim_alias"),
    )
    op.create_index("ix_claim_alias_claim_id", "claim_alias", ["claim_id"])
    op.create_index("ix_claim_alias_subject", "claim_alias", ["subject"])
    op.add_column("file", sa.Column("ordinal", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("claim", sa.Column("suspense", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("remittance", sa.Column("unexplained", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("file") as table:
        table.drop_column("ordinal")
    with op.batch_alter_table("remittance") as table:
        table.drop_column("unexplained")
    with op.batch_alter_table("claim") as table:
        table.drop_column("suspense")
    op.drop_table("claim_alias")
    op.drop_table("hold_release")
