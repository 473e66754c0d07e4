"""Answers to inquiries, each stored once by the digest of its values, whatever files it comes in."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, select
from sqlmodel import SQLModel

from reconcile.store.bulk import IN_LIST, Row, chunks, insert_new, table_of

_ENCODER: Final = msgspec.msgpack.Encoder()


def insert_answers(
    connection: Connection, model: type[SQLModel], answers: Sequence[Any], rows: Sequence[Row]
) -> list[tuple[str, bool]]:
    """Insert answers that are not stored yet.

    Args:
        connection: a write transaction.
        model: the schema class; its first column is the digest, its last one the answer.
        answers: as they were read.
        rows: what stands between the two, an answer each.

    Returns:
        The digest of each answer, and whether it is new.
    """
    contents = [_ENCODER.encode(answer) for answer in answers]
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    known = set(held(connection, table_of(model), "digest", "digest", digests))
    fresh: dict[str, Row] = {}
    saved: list[tuple[str, bool]] = []
    for digest, row, content in zip(digests, rows, contents, strict=True):
        saved.append((digest, digest not in known and digest not in fresh))
        fresh.setdefault(digest, (digest, *row, content))
    insert_new(connection, model, list(fresh.values()))
    return saved


def held(
    connection: Connection, table: Table, wanted: str, column: str, values: Collection[str]
) -> Iterator[Any]:
    """One column of the rows whose other column has one of these values."""
    for some in chunks(sorted(set(values)), IN_LIST):
        query = select(table.c[wanted]).where(table.c[column].in_(some))
        yield from connection.execute(query).scalars()
