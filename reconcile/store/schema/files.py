"""Practices, files in and out, the numbers that were given, and what someone decided."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from reconcile.store.types import Table, key, text, whole


class PracticeRow(Table, table=True):
    """A practice whose money this is: from claimloop.toml, or found as billing provider of an imported 837P."""

    __tablename__ = "practice"
    id: str = text(primary_key=True)
    name: str = text()
    source: str = text()


class PracticeIdentifierRow(Table, table=True):
    """An NPI or tax id by which an 835 may name a practice, former ones included."""

    __tablename__ = "practice_identifier"
    kind: str = text(primary_key=True)
    value: str = text(primary_key=True)
    practice_id: str = Field(foreign_key="practice.id", sa_type=Text, primary_key=True)


class ControlNumberRow(Table, table=True):
    """The next number of one kind for one trading partner (or for the store, partner ""). Only ever grows.

    ``gap`` numbers are left out when it is next given: after a restore, those that were given since the backup.
    """

    __tablename__ = "control_number"
    partner: str = text(primary_key=True)
    kind: str = text(primary_key=True)
    next_number: int = whole(default=1)
    gap: int = whole(default=0)


class FileRow(Table, table=True):
    """A file in or out whose bytes are in the vault under ``sha256``. ``name`` is the one it was first seen under.

    ``outcome`` is ``started`` until the manifest is complete; a file that stays so was interrupted and is taken up
    again. ``manifest`` is the file's part of the manifest as JSON, ``ordinal`` its place among all files, out and in,
    by which a rebuild takes them again (0: from a time when it was not noted).
    """

    __tablename__ = "file"
    sha256: str = text(primary_key=True)
    size: int = whole()
    direction: str = text()
    kind: str = text()
    name: str = text()
    outcome: str = text()
    manifest: str = text()
    first_seen: datetime = Field(sa_type=DateTime, nullable=False)
    ordinal: int = whole()


class FileTransactionRow(Table, table=True):
    """One transaction set of a file and what became of it; written in the transaction that stored its content.

    Quarantined sets and conflicts live here alone: nothing of theirs is in the ledger. ``record`` is the manifest's
    payment as JSON, findings included.
    """

    __tablename__ = "file_transaction"
    __table_args__ = (
        Index(
            "ix_file_transaction_held",
            "outcome",
            sqlite_where=sql("outcome IN ('quarantined', 'conflict')"),
            postgresql_where=sql("outcome IN ('quarantined', 'conflict')"),
        ),
    )
    file_sha256: str = Field(foreign_key="file.sha256", sa_type=Text, primary_key=True)
    position: int = key()
    kind: str = text()
    st_control_number: str = text()
    outcome: str = text()
    payment_key: str = text()
    content_digest: str = text()
    trace_number: str = text()
    amount: int = whole()
    record: str = text()


class EventRow(Table, table=True):
    """What someone or something decided, append-only: allocations, hand-made links, releases, notes, status changes.

    ``subject`` names the thing (``denial:7KQ2M9XPABCD``, ``claim:C100001``, ``control_number:partner/isa13``),
    ``data`` is JSON. ``after_file``: of a decision that a rebuild makes again, the digest of the file that the store
    came to know last before it; "" for others, and from a time when it was not noted.
    """

    __tablename__ = "event"
    id: int = key()
    at: datetime = Field(sa_type=DateTime, nullable=False)
    kind: str = text(index=True)
    subject: str = text(index=True)
    actor: str = text()
    data: str = text()
    after_file: str = text()
