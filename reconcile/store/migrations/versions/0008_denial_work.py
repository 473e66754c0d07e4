"""The events of one kind are found by it: what people did with denials is read with every worklist.

Revision: 0008, after 0007.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_event_kind", "event", ["kind"])


def downgrade() -> None:
    op.drop_index("ix_event_kind", table_name="event")
