"""How sure the match of a claim payment is, and a way to find what waits for a payer's number.

Revision: 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("claim_payment", sa.Column("margin", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index(
        "ix_claim_payment_waiting_number",
        "claim_payment",
        ["payer_claim_control_number"],
        sqlite_where=sa.text("outcome <> 'posted'"),
        postgresql_where=sa.text("outcome <> 'posted'"),
    )


def downgrade() -> None:
    op.drop_index("ix_claim_payment_waiting_number", "claim_payment")
    with op.batch_alter_table("claim_payment") as table:
        table.drop_column("margin")
