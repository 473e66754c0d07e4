"""What a store cannot work out again: who bills, what was sent and under which numbers, what people decided.

`rebuild` copies these rows into a new store and works out all others from the vault. A submission's kept value is a
source, since session files stay with who exported them; the bytes it became are in the vault beside it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from edi.model.errors import StoreError
from reconcile.store.bulk import IN_LIST, Row, chunks, columns_of, insert, table_of
from reconcile.store.events import Event, events_of_kind
from reconcile.store.files import IN_ORDER
from reconcile.store.schema import (
    BilledSessionRow,
    ClaimContentRow,
    ClaimRow,
    ControlNumberRow,
    EligibilityInquiryRow,
    EventRow,
    FileRow,
    FileTransactionRow,
    PracticeIdentifierRow,
    PracticeRow,
    ResubmissionRow,
    ServiceLineRow,
    StatusInquiryRow,
    WorkItemRow,
)

_FIRST: Final[tuple[type[SQLModel], ...]] = (
    PracticeRow,
    PracticeIdentifierRow,
    ControlNumberRow,
    EventRow,
    EligibilityInquiryRow,
)
"""The tables that nothing has to be there for."""
_LAST: Final[tuple[type[SQLModel], ...]] = (BilledSessionRow, WorkItemRow)
"""The tables that refer to claims, and that no file that comes in looks at."""
_FILE = table_of(FileRow)
_SET = table_of(FileTransactionRow)
_CLAIM = table_of(ClaimRow)
_LINE = table_of(ServiceLineRow)
SUBMITTED: Final = "837P"
"""The kind of the files of claims, out and in: what they say is in the claims' kept values."""
_BLOCK: Final = 5_000
_AS_NEW: Final[dict[str, Any]] = {
    "status": "submitted",
    "acknowledged": "",
    "next_actions": "",
    "guardrails": "",
    "tables_version": "",
    "adjudications": 0,
    "paid": 0,
    "contractual": 0,
    "patient": 0,
    "denied": 0,
    "pended": 0,
    "suspense": 0,
}
"""The derived columns of a claim that nothing has answered; ``billed`` and ``open_balance`` are its lines' charges."""


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the store: its digest, size, direction, kind and name, and when it was first seen.

    ``submits``: claims of the store went out or came in with it, and are copied in its place in the order of things.
    """

    sha256: str
    size: int
    direction: str
    kind: str
    name: str
    first_seen: datetime
    submits: bool

    @property
    def comes_in(self) -> bool:
        """Whether it is read again: whatever came in but files of claims, which the kept values stand for."""
        return self.direction == "in" and self.kind != SUBMITTED


def begin_copy(source: Connection, target: Connection) -> None:
    """Copy what nothing has to be there for: practices, numbers, the event log, inquiries, claims of no file.

    Args:
        source: any transaction of the store.
        target: the write transaction of an empty store.

    Raises:
        StoreError: the new store holds claims or files already.
    """
    for table in (_CLAIM, _FILE):
        if target.execute(select(func.count()).select_from(table)).scalar():
            raise StoreError("the store to build into is not empty; name another, or remove it")
    for model in _FIRST:
        _copy(source, target, model)
    copy_claims(source, target, "")


def source_files(source: Connection) -> list[SourceFile]:
    """All files of a store, in the order in which it came to know them."""
    submits = set(source.execute(select(_CLAIM.c.file_sha256).distinct()).scalars())
    query = select(_FILE).order_by(*IN_ORDER)
    return [
        SourceFile(
            sha256=row.sha256,
            size=row.size,
            direction=row.direction,
            kind=row.kind,
            name=row.name,
            first_seen=row.first_seen,
            submits=row.sha256 in submits,
        )
        for row in source.execute(query)
    ]


def copy_file(source: Connection, target: Connection, sha256: str) -> None:
    """Copy what is known of a file that is not read again: its transaction sets, and the claims it asked about."""
    insert(
        target, FileRow, [tuple(row) for row in source.execute(select(_FILE).where(_FILE.c.sha256 == sha256))]
    )
    sets = source.execute(select(_SET).where(_SET.c.file_sha256 == sha256))
    insert(target, FileTransactionRow, [tuple(row) for row in sets])
    asked = table_of(StatusInquiryRow)
    rows = source.execute(select(asked).where(asked.c.file_sha256 == sha256))
    insert(target, StatusInquiryRow, [tuple(row) for row in rows])


class CopiedClaims(msgspec.Struct, frozen=True):
    """``new`` submissions, and the chains they ``extended``: their books are to be worked out anew."""

    new: tuple[int, ...]
    extended: tuple[int, ...]


def copy_claims(source: Connection, target: Connection, file_sha256: str) -> CopiedClaims:
    """Copy the submissions that went out or came in with a file ("": with none), as they were when they were stored."""
    query = select(_CLAIM).where(_CLAIM.c.file_sha256 == file_sha256).order_by(_CLAIM.c.id)
    new: list[int] = []
    extended: set[int] = set()
    for block in chunks((tuple(row) for row in source.execute(query).all()), _BLOCK):
        insert(target, ClaimRow, _as_new(source, block))
        ids = [row[0] for row in block]
        new += ids
        for model in (ClaimContentRow, ServiceLineRow, ResubmissionRow):
            table = table_of(model)
            for some in chunks(ids, IN_LIST):
                rows = source.execute(select(table).where(table.c.claim_id.in_(some)))
                insert(target, model, [tuple(row) for row in rows])
        root = columns_of(ClaimRow).index("root")
        extended.update(row[root] for row in block if row[root] != row[0])
    return CopiedClaims(tuple(new), tuple(sorted(extended)))


def end_copy(source: Connection, target: Connection) -> None:
    """Copy what refers to claims, when all of them are there."""
    for model in _LAST:
        _copy(source, target, model)


def _copy(source: Connection, target: Connection, model: type[SQLModel]) -> None:
    """Copy a table."""
    rows = source.execute(select(table_of(model)), execution_options={"yield_per": _BLOCK})
    for block in chunks((tuple(row) for row in rows), _BLOCK):
        insert(target, model, block)


def _as_new(source: Connection, block: list[Row]) -> list[Row]:
    """Claims as they were when they were stored."""
    names = columns_of(ClaimRow)
    place = {name: number for number, name in enumerate(names)}
    query = select(_LINE.c.claim_id, func.sum(_LINE.c.charge)).group_by(_LINE.c.claim_id)
    charges: dict[int, int] = {}
    for some in chunks([row[0] for row in block], IN_LIST):
        charges.update(
            (claim, int(cents)) for claim, cents in source.execute(query.where(_LINE.c.claim_id.in_(some)))
        )
    rows: list[Row] = []
    for row in block:
        values = dict(zip(names, row, strict=True)) | _AS_NEW
        billed = charges.get(row[0], 0) if row[place["root"]] == row[0] else 0
        values["billed"] = values["open_balance"] = billed
        rows.append(tuple(values[name] for name in names))
    return rows


class Decisions:
    """The events of some kinds in the order of the log, to be made again where they were made: between the files.

    Each with the place of the last file before it, by its time where a decision of long ago does not name that.
    """

    def __init__(self, source: Connection, kinds: tuple[str, ...], files: Sequence[SourceFile]) -> None:
        found = [one for kind in kinds for one in events_of_kind(source, kind)]
        places = {one.sha256: place for place, one in enumerate(files)}
        seen = sorted(one.first_seen for one in files)
        self._waiting = deque(
            (places.get(one.after_file, -1) if one.after_file else bisect_right(seen, one.at) - 1, one)
            for one in sorted(found, key=lambda one: one.id)
        )

    def __len__(self) -> int:
        return len(self._waiting)

    def before(self, place: int) -> Iterator[Event]:
        """Take those that were made before the file at this place came, but for those that were taken already."""
        while self._waiting and self._waiting[0][0] < place:
            yield self._waiting.popleft()[1]


def submission_named(
    connection: Connection, practice: str, number: str, sequence: int
) -> tuple[int, int] | None:
    """The id and root of the submission with a practice, patient control number and sequence; None when none has."""
    query = select(_CLAIM.c.id, _CLAIM.c.root).where(
        _CLAIM.c.practice_id == practice,
        _CLAIM.c.patient_control_number == number,
        _CLAIM.c.sequence == sequence,
    )
    row = connection.execute(query).first()
    return None if row is None else (row.id, row.root)
