"""The audit as people read it: entries by day, person, command, practice and claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, or_, select

from reconcile.store.audit.chain import Entry
from reconcile.store.bulk import table_of
from reconcile.store.schema import AuditEntryRow

_TABLE: Final = table_of(AuditEntryRow)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: None leaves a question open. ``since`` is a day of UTC, ``command`` one or a group."""

    since: date | None = None
    actor: str | None = None
    command: str | None = None
    practice: str | None = None
    claim: str | None = None


def entries(connection: Connection, wanted: Wanted) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """Yield entries with their subjects, in order.

    Of those that speak of more claims than they name, ``claim`` finds none; see `too_many_claims`.
    """
    result = connection.execution_options(yield_per=5_000).execute(_query(wanted))
    for row in result:
        entry = Entry(**row._mapping)
        subjects = msgspec.json.decode(entry.subjects)
        if _is_of(subjects, "claims", wanted.claim) and _is_of(subjects, "practices", wanted.practice):
            yield entry, subjects


def too_many_claims(connection: Connection, wanted: Wanted) -> int:
    """How many entries that ``wanted`` asks for, but for its claim, only count their claims and may speak of it."""
    query = _query(msgspec.structs.replace(wanted, claim=None))
    rows = connection.execute(query.where(_TABLE.c.subjects.contains('"claims_count"', autoescape=True)))
    return sum(
        _is_of(msgspec.json.decode(row.subjects), "practices", wanted.practice)
        for row in rows
        if row.subjects
    )


def _query(wanted: Wanted) -> Select[Any]:
    query = select(_TABLE).order_by(_TABLE.c.sequence)
    if wanted.since is not None:
        query = query.where(_TABLE.c.at >= wanted.since.isoformat())
    if wanted.actor is not None:
        query = query.where(_TABLE.c.actor.icontains(wanted.actor, autoescape=True))
    if wanted.command is not None:
        group = _TABLE.c.command.startswith(f"{wanted.command} ", autoescape=True)
        query = query.where(or_(_TABLE.c.command == wanted.command, group))
    for name in (wanted.claim, wanted.practice):
        if name is not None:
            query = query.where(_TABLE.c.subjects.contains(_quoted(name), autoescape=True))
    return query


def _quoted(name: str) -> str:
    """A name as it stands in the JSON of subjects."""
    return msgspec.json.encode(name).decode()


def _is_of(subjects: Mapping[str, Any], kind: str, name: str | None) -> bool:
    """Whether an entry names something of a kind."""
    return name is None or name in subjects.get(kind, ())
