"""Bank deposits.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of deposits."""
    op.create_table(
        "deposit",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("deposited_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=False),
        sa.Column("trace_number", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=False),
        sa.Column("payer_text", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["file_sha256"], ["file.sha256"], name=op.f("fk_deposit_file_sha256_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit")),
    )
    op.create_index("ix_deposit_day", "deposit", ["deposited_on", "amount"])
    op.create_index("ix_deposit_file", "deposit", ["file_sha256"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_deposit_file", table_name="deposit")
    op.drop_index("ix_deposit_day", table_name="deposit")
    op.drop_table("deposit")
