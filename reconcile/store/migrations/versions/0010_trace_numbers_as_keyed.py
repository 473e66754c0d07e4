"""Payments are named by their trace number in capitals and without leading zeros; who may never bill the patient.

Two payments that were posted under two writings of one number keep their names: which one is wrong is not known here.

Revision: 0010, after 0009.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SUBJECT = "claim_payment:"
PARTS = 5


def plain(key: str) -> str:
    """A payment's key (payer, payee, trace number, date, amount, perhaps a digest) with its number as named now."""
    parts = key.split("|")
    if len(parts) < PARTS:
        return key
    kept = parts[2].strip().upper()
    return "|".join([*parts[:2], kept.lstrip("0") or kept[:1], *parts[3:]])


def renamed(posted: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """The new names by the old ones, of those that change; no two posted payments get one name."""
    keys = sorted(set(posted))
    taken = {key for key in keys if plain(key) == key}
    stay = set()
    found = {}
    for key in keys:
        name = plain(key)
        if name == key:
            continue
        if name in taken:
            stay.add(key)
        else:
            taken.add(name)
            found[key] = name
    return found | {key: plain(key) for key in others if key not in stay and plain(key) != key}


def upgrade() -> None:
    op.add_column("claim", sa.Column("patient_protection", sa.Text(), nullable=False, server_default=""))
    rename()


def rename() -> None:
    """Give every row that names a payment the name of now."""
    bind = op.get_bind()
    remittance, sets, journal, event, release, alias = (
        sa.table(name, *(sa.column(column) for column in columns.split()))
        for name, columns in (
            ("remittance", "id payment_key"),
            ("file_transaction", "file_sha256 position payment_key"),
            ("journal_entry", "payment_key"),
            ("event", "id subject"),
            ("hold_release", "subject"),
            ("claim_alias", "subject"),
        )
    )
    posted = bind.execute(sa.select(remittance.c.payment_key)).scalars().all()
    elsewhere = sa.union(sa.select(sets.c.payment_key), sa.select(journal.c.payment_key))
    names = renamed(posted, bind.execute(elsewhere).scalars())
    if not names:
        return
    rows = [{"old": old, "new": new} for old, new in names.items()]
    for table in (remittance, journal):
        bind.execute(
            sa.update(table)
            .where(table.c.payment_key == sa.bindparam("old"))
            .values(payment_key=sa.bindparam("new")),
            rows,
        )
    moved = [
        {"sha": row.file_sha256, "place": row.position, "new": names[row.payment_key]}
        for row in bind.execute(sa.select(sets)).all()
        if row.payment_key in names
    ]
    if moved:
        where = (sets.c.file_sha256 == sa.bindparam("sha"), sets.c.position == sa.bindparam("place"))
        bind.execute(sa.update(sets).where(*where).values(payment_key=sa.bindparam("new")), moved)
    for table in (event, release, alias):
        subjects = sa.select(table.c.subject).where(table.c.subject.like(f"{SUBJECT}%")).distinct()
        said = []
        for subject in bind.execute(subjects).scalars():
            key, _, ordinal = subject.removeprefix(SUBJECT).rpartition("#")
            if key in names:
                said.append({"old": subject, "new": f"{SUBJECT}{names[key]}#{ordinal}"})
        if said:
            where_subject = table.c.subject == sa.bindparam("old")
            bind.execute(sa.update(table).where(where_subject).values(subject=sa.bindparam("new")), said)


def downgrade() -> None:
    """The writings of before are not kept in the names, and the names of now do no harm."""
    with op.batch_alter_table("claim") as table:
        table.drop_column("patient_protection")
