"""The number by which another system's claims are rejected as a whole: BHT03 of the 837P that they came in.

Those of claims that are there already stand in the files of the vault: ``reconcile.store.references`` reads them. And
acknowledgments that found claims of a file get all of ISA13 and GS06, for ST02 begins anew in every group.

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
SAID = "acknowledgment"
UNTIED = "ix_acknowledgment_untied"


def upgrade() -> None:
    op.add_column("claim", sa.Column(COLUMN, sa.Text(), nullable=False, server_default=""))
    named = sa.text(f"{COLUMN} <> ''")
    op.create_index(INDEX, "claim", [COLUMN], sqlite_where=named, postgresql_where=named)
    waiting = sa.text("claims = 0")
    op.create_index(UNTIED, SAID, ["file_sha256"], sqlite_where=waiting, postgresql_where=waiting)
    address()


def address() -> None:
    """Complete the control numbers of each 999 and 277CA that was tied to a file, where one interchange and group fit.

    One of several interchanges or groups that fit cannot be told any more: its row stays as it is.
    """
    bind = op.get_bind()
    names = ("interchange_control_number", "group_control_number", "transaction_control_number")
    said = sa.table(SAID, *(sa.column(one) for one in ("set_digest", "ordinal", "answered_file", *names)))
    tied = (sa.column("kind") != "TA1", sa.column("claims") > 0, said.c.answered_file != "")
    rows = bind.execute(sa.select(said).where(*tied)).all()
    if not rows:
        return
    sent: dict[str, set[tuple[str, ...]]] = {}
    query = sa.text(
        "SELECT DISTINCT file_sha256, interchange_control_number, group_control_number, st_control_number FROM claim"
    )
    for file, *numbers in bind.execute(query):
        sent.setdefault(file, set()).add(tuple(numbers))
    changes = []
    for row in rows:
        own = [getattr(row, one) for one in names]
        fitting = {
            numbers[:2]
            for numbers in sent.get(row.answered_file, ())
            if all(mine in ("", number) for mine, number in zip(own, numbers, strict=True))
        }
        if len(fitting) == 1:
            interchange, group = fitting.pop()
            changes.append(
                {"digest": row.set_digest, "place": row.ordinal, "interchange": interchange, "group": group}
            )
    if changes:
        one = sa.and_(said.c.set_digest == sa.bindparam("digest"), said.c.ordinal == sa.bindparam("place"))
        change = sa.update(said).where(one)
        change = change.values({names[0]: sa.bindparam("interchange"), names[1]: sa.bindparam("group")})
        bind.execute(change, changes)


def downgrade() -> None:
    op.execute("UPDATE acknowledgment SET group_control_number = '' WHERE kind = '277CA'")
    op.execute(
        "UPDATE acknowledgment SET interchange_control_number = '' WHERE kind <> '277CA' AND group_control_number <> ''"
    )
    op.drop_index(UNTIED, SAID)
    op.drop_index(INDEX, "claim")
    with op.batch_alter_table("claim") as table:
        table.drop_column(COLUMN)
