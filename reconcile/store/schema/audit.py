"""The table of who saw, changed or sent what."""

from __future__ import annotations

from reconcile.store.types import Table, key, text, whole


class AuditEntryRow(Table, table=True):
    """One entry of the audit; rows are only ever appended, which triggers of the database see to.

    ``at`` is UTC as ISO 8601 with microseconds and Z, ``run`` names one call of a command, ``subjects`` is JSON with
    control numbers, file digests, practice ids and counts, ``exit_code`` is null until the call has ended. ``hash`` is
    the SHA-256 of all other columns (`reconcile.store.audit.chain.hash_of`), ``previous`` the hash of the entry before.
    """

    __tablename__ = "audit_entry"
    sequence: int = key()
    at: str = text()
    actor: str = text()
    run: str = text()
    command: str = text()
    what: str = text()
    subjects: str = text()
    shown: int = whole()
    changed: int = whole()
    exit_code: int | None = whole(nullable=True)
    previous: str = text()
    hash: str = text()
