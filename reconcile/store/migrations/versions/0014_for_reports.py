"""Who rendered a claim and its lines, and the postings of what payers pend, for the reports.

Revision: 0014, after 0013.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from reconcile.store.content import unpack_claim
from reconcile.store.rendering import rendered_claim, rendered_line

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BLOCK = 2_000
COLUMN = "rendered_by"


def upgrade() -> None:
    for table in ("claim", "service_line"):
        op.add_column(table, sa.Column(COLUMN, sa.Text(), nullable=False, server_default=""))
    pended = sa.text("account = 'pended'")
    op.create_index(
        "ix_posting_pended", "posting", ["claim_payment_id"], sqlite_where=pended, postgresql_where=pended
    )
    fill()


def fill() -> None:
    """Work the new columns out of the kept values of claims."""
    bind = op.get_bind()
    content = sa.table(
        "claim_content", sa.column("claim_id", sa.BigInteger), sa.column("content", sa.LargeBinary)
    )
    claim, line = (
        sa.table(name, *(sa.column(one) for one in ("id", "claim_id", "number", COLUMN)))
        for name in ("claim", "service_line")
    )
    after = 0
    while True:
        query = sa.select(content).where(content.c.claim_id > after).order_by(content.c.claim_id).limit(BLOCK)
        rows = bind.execute(query).all()
        if not rows:
            return
        after = rows[-1].claim_id
        kept = [(row.claim_id, unpack_claim(bytes(row.content))) for row in rows]
        claims: list[dict[str, Any]] = [
            {"key": number, "said": said} for number, value in kept if (said := rendered_claim(value))
        ]
        lines: list[dict[str, Any]] = [
            {"key": number, "place": one.number, "said": said}
            for number, value in kept
            for one in value.lines
            if (said := rendered_line(one))
        ]
        if claims:
            where = claim.c.id == sa.bindparam("key")
            bind.execute(sa.update(claim).where(where).values({COLUMN: sa.bindparam("said")}), claims)
        if lines:
            own = sa.and_(line.c.claim_id == sa.bindparam("key"), line.c.number == sa.bindparam("place"))
            bind.execute(sa.update(line).where(own).values({COLUMN: sa.bindparam("said")}), lines)


def downgrade() -> None:
    op.drop_index("ix_posting_pended", "posting")
    for name in ("service_line", "claim"):
        with op.batch_alter_table(name) as table:
            table.drop_column(COLUMN)
