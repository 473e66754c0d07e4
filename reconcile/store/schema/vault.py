"""Tables of a vault that is in the database: bytes, and how they are kept; no digest of the store covers them."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, LargeBinary
from sqlmodel import Field

from reconcile.store.types import ID, Table, key, text, whole


class VaultFileRow(Table, table=True):
    """A file of the vault. Named by the SHA-256 of its plain bytes.

    ``upload`` names its chunks and grows with time; ``size`` is of the plain bytes, ``stored`` of the kept ones;
    ``key`` the key that they are sealed for, "" where they are plain.
    """

    __tablename__ = "vault_file"
    sha256: str = text(primary_key=True)
    upload: int = Field(sa_type=ID, unique=True, nullable=False)
    size: int = whole()
    stored: int = whole()
    key: str = text()


class VaultChunkRow(Table, table=True):
    """A part of a file's kept bytes, at most 1 MiB; ``number`` counts from 0.

    Its file is told after it, in the same transaction: the name is known when all bytes were seen.
    """

    __tablename__ = "vault_chunk"
    __table_args__ = (
        ForeignKeyConstraint(["upload"], ["vault_file.upload"], deferrable=True, initially="DEFERRED"),
    )
    upload: int = key()
    number: int = key()
    data: bytes = Field(sa_type=LargeBinary, nullable=False)
