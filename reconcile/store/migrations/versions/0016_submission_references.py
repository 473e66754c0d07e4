"""The number by which another system's claims are rejected as a whole: BHT03 of the 837P that they came in.

Those of claims that are there already stand in the files of the vault: ``reconcile.store.references`` reads them.

Revision: 0016, after 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMN = "submission_reference"
INDEX = "ix_claim_submission_reference"


def upgrade() -> None:
    op.add_column("claim", sa.Column(COLUMN, sa.Text(), nullable=False, server_default=""))
    named = sa.text(f"{COLUMN} <> ''")
    op.create_index(INDEX, "claim", [COLUMN], sqlite_where=named, postgresql_where=named)


def downgrade() -> None:
    op.drop_index(INDEX, "claim")
    with op.batch_alter_table("claim") as table:
        table.drop_column(COLUMN)
