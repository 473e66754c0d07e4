"""Column types and the naming convention that all tables share.

Cents and ids are 64 bit everywhere: PostgreSQL's INTEGER ends at 21 million dollars. SQLite wants the word INTEGER
for a key that is its row id, so ids carry a variant.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Integer, MetaData, Text
from sqlmodel import Field, SQLModel

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints: batch migrations on SQLite can only drop what has one."""

WITHOUT_ROWID: Final = {"sqlite_with_rowid": False}
"""Rows lie in the order of their key: for tables that are only read by its first part."""

ID: Final = BigInteger().with_variant(Integer(), "sqlite")


class Table(SQLModel):
    """Base of every table: one metadata of our own, with the naming convention."""

    metadata = MetaData(naming_convention=NAMING)


def key(target: str | None = None) -> Any:
    """A part of the primary key holding an id or an ordinal; ``target`` is what it refers to (``claim.id``)."""
    options: dict[str, Any] = {} if target is None else {"foreign_key": target}
    return Field(primary_key=True, sa_type=ID, sa_column_kwargs={"autoincrement": False}, **options)


def reference(target: str, *, index: bool = False, nullable: bool = False) -> Any:
    """A 64-bit column that names a row of another table (``claim.id``)."""
    extra: dict[str, Any] = {"default": None} if nullable else {}
    return Field(foreign_key=target, sa_type=ID, index=index, nullable=nullable, **extra)


def whole(*, nullable: bool = False, default: int | None = 0) -> Any:
    """A 64-bit whole number: cents, counts, ordinals."""
    return Field(sa_type=BigInteger, nullable=nullable, default=None if nullable else default)


def text(*, nullable: bool = False, index: bool = False, primary_key: bool = False) -> Any:
    """A text column; "" where there is nothing, None only where ``nullable``."""
    return Field(
        sa_type=Text,
        nullable=nullable,
        index=index,
        primary_key=primary_key,
        default=None if nullable else "",
    )
