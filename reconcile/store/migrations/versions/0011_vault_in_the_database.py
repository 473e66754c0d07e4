"""The vault's files as chunks in the database.

Revision: 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of files and chunks."""
    op.create_table(
        "vault_file",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("upload", _ID, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_vault_file")),
        sa.UniqueConstraint("upload", name=op.f("uq_vault_file_upload")),
    )
    op.create_table(
        "vault_chunk",
        sa.Column("upload", _ID, autoincrement=False, nullable=False),
        sa.Column("number", _ID, autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload"],
            ["vault_file.upload"],
            name=op.f("fk_vault_chunk_upload_vault_file"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("upload", "number", name=op.f("pk_vault_chunk")),
    )
    if op.get_bind().dialect.name == "postgresql":
        # As they are: to pack them is slower than any disk, and what is encrypted cannot be packed.
        op.execute("ALTER TABLE vault_chunk ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("vault_chunk")
    op.drop_table("vault_file")
