"""How far control numbers jump when they are next given, after a restore; the audit takes nothing but its next entry.

Revision: 0015, after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SAYS = "the audit takes only its next entry"
TRIGGER = "audit_entry_next"


def upgrade() -> None:
    op.add_column("control_number", sa.Column("gap", sa.BigInteger(), nullable=False, server_default="0"))
    following = "(SELECT coalesce(max(sequence), 0) + 1 FROM audit_entry)"
    if op.get_bind().dialect.name == "sqlite":
        # INSERT OR REPLACE deletes without the trigger that refuses DELETE
        op.execute(
            f"CREATE TRIGGER {TRIGGER} BEFORE INSERT ON audit_entry WHEN NEW.sequence <> {following} "
            f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        )
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NEW.sequence <> {following} THEN RAISE EXCEPTION '{SAYS}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TRIGGER} BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION {TRIGGER}()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {TRIGGER}")
    else:
        op.execute(f"DROP TRIGGER {TRIGGER} ON audit_entry")
        op.execute(f"DROP FUNCTION {TRIGGER}()")
    with op.batch_alter_table("control_number") as table:
        table.drop_column("gap")
