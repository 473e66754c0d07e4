"""Inquiries about coverage and their answers.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def words(names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names.split()]


def upgrade() -> None:
    op.create_table(
        "eligibility_inquiry",
        *words("trace_number practice_id patient_id payer_key payer_id member_id"),
        sa.Column("birth_date", sa.Date(), nullable=True),
        *words("partner"),
        sa.Column("asked_on", sa.Date(), nullable=True),
        *words("file_sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trace_number", name="pk_eligibility_inquiry"),
    )
    op.create_index("ix_eligibility_inquiry_member", "eligibility_inquiry", ["member_id", "birth_date"])
    op.create_table(
        "eligibility_answer",
        *words("digest trace_number practice_id patient_id payer_key status"),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        *words("tied file_sha256"),
        sa.Column("confirmation", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_eligibility_answer"),
    )
    op.create_index("ix_eligibility_answer_trace_number", "eligibility_answer", ["trace_number"])
    op.create_index("ix_eligibility_answer_patient", "eligibility_answer", ["practice_id", "patient_id"])


def downgrade() -> None:
    op.drop_table("eligibility_answer")
    op.drop_table("eligibility_inquiry")
