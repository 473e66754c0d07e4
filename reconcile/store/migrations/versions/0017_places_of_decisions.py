"""Which file the store came to know last before a decision: a rebuild makes it again there.

Decisions of before name none; their time tells their place.

Revision: 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("after_file", sa.Text(), nullable=False, server_default=""))
