"""Who rendered claims and lines, and the postings of what payers pend, for the reports; the status of what went again;
the file that an acknowledgment answers.

Revision: 0014, after 0013.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from reconcile.store.content import unpack_claim
from reconcile.store.rendering import rendered_claim, rendered_line
from reconcile.store.submissions import STATE, WRONG_STATE

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BLOCK = 2_000
COLUMN = "rendered_by"
ANSWERED = "answered_file"


def upgrade() -> None:
    for table in ("claim", "service_line"):
        op.add_column(table, sa.Column(COLUMN, sa.Text(), nullable=False, server_default=""))
    pended = sa.text("account = 'pended'")
    op.create_index(
        "ix_posting_pended", "posting", ["claim_payment_id"], sqlite_where=pended, postgresql_where=pended
    )
    fill()
    settle()
    several = sa.text("claim_id IS NULL AND claims > 1")
    op.add_column("acknowledgment", sa.Column(ANSWERED, sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "ix_acknowledgment_answered_file",
        "acknowledgment",
        [ANSWERED],
        sqlite_where=several,
        postgresql_where=several,
    )
    tie()


def settle() -> None:
    """Give submissions the status of their 277CA: one that came after the 835 of another left them ``submitted``."""
    op.execute(sa.text(f"UPDATE claim SET status = {STATE} WHERE {WRONG_STATE}"))  # noqa: S608 - constants


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


def tie() -> None:
    """Name the file of each TA1 and 999 that found claims: the one with its numbers that its set is noted to answer.

    Sets of before the files were noted name none: then the one file with the numbers, if there is but one.
    """
    bind = op.get_bind()
    said = sa.table(
        "acknowledgment",
        *(
            sa.column(name)
            for name in (
                "set_digest",
                "ordinal",
                "file_sha256",
                "interchange_control_number",
                "group_control_number",
                "transaction_control_number",
                ANSWERED,
            )
        ),
    )
    rows = bind.execute(sa.select(said).where(sa.column("kind") != "277CA", sa.column("claims") > 0)).all()
    if not rows:
        return
    noted: dict[tuple[str, str], set[str]] = {}
    sets = sa.text(
        "SELECT file_sha256, content_digest, record FROM file_transaction WHERE record LIKE '%\"files\"%'"
    )
    for file, digest, record in bind.execute(sets):
        noted.setdefault((file, digest), set()).update(msgspec.json.decode(record).get("files") or ())
    by_group, by_interchange = _sent_under(bind)
    ties = []
    for row in rows:
        number = row.group_control_number
        held = by_group.get(number, ()) if number else by_interchange.get(row.interchange_control_number, ())
        fitting = {file for file, one in held if row.transaction_control_number in ("", one)}
        fitting = fitting & noted.get((row.file_sha256, row.set_digest), set()) or fitting
        if len(fitting) == 1:
            ties.append({"digest": row.set_digest, "place": row.ordinal, "file": fitting.pop()})
    if ties:
        own = sa.and_(said.c.set_digest == sa.bindparam("digest"), said.c.ordinal == sa.bindparam("place"))
        bind.execute(sa.update(said).where(own).values({ANSWERED: sa.bindparam("file")}), ties)


def _sent_under(
    bind: sa.Connection,
) -> tuple[dict[str, set[tuple[str, str]]], dict[str, set[tuple[str, str]]]]:
    """Files of submissions with ST02, by the control numbers of their groups and of their interchanges."""
    groups: dict[str, set[tuple[str, str]]] = {}
    interchanges: dict[str, set[tuple[str, str]]] = {}
    sent = sa.text(
        "SELECT DISTINCT file_sha256, interchange_control_number, group_control_number, st_control_number FROM claim"
    )
    for file, interchange, group, number in bind.execute(sent):
        groups.setdefault(group, set()).add((file, number))
        interchanges.setdefault(interchange, set()).add((file, number))
    return groups, interchanges


def downgrade() -> None:
    op.drop_index("ix_acknowledgment_answered_file", "acknowledgment")
    with op.batch_alter_table("acknowledgment") as table:
        table.drop_column(ANSWERED)
    op.drop_index("ix_posting_pended", "posting")
    for name in ("service_line", "claim"):
        with op.batch_alter_table(name) as table:
            table.drop_column(COLUMN)
