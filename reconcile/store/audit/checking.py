"""Whether the chain is whole: no entry changed, deleted, inserted or reordered, and no end cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from reconcile.store.audit.book import parse_head
from reconcile.store.audit.chain import BEFORE_THE_FIRST, BEGAN, Head, hash_of
from reconcile.store.bulk import table_of
from reconcile.store.schema import AuditEntryRow

_TABLE: Final = table_of(AuditEntryRow)
RESTORE: Final = "restore"
"""The command that says at which head the chain of the store before it ended."""
_NEAR: Final = 100
"""How far a row may have been moved for the words to name what was done to it; it is found broken anyhow."""
_Row = tuple[Any, ...]


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """A head that was kept outside. ``sequence`` is None where only the hash is known.

    ``of_run`` is one that a run kept: of a chain that a restore put away, nothing else is to be expected.
    """

    source: str
    hash: str
    sequence: int | None = None
    of_run: bool = False


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that is wrong: ``kind`` is changed, deleted, inserted, reordered, truncated or replaced."""

    sequence: int
    kind: str
    message: str


class Unended(msgspec.Struct, frozen=True, kw_only=True):
    """A call that began and of which no end is noted: it was killed, or is still at work."""

    sequence: int
    run: str
    at: str
    actor: str
    command: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; ``broken`` is None when the chain is whole and holds every anchor."""

    entries: int
    head: Head | None
    broken: Break | None
    interrupted: tuple[Unended, ...]
    anchors: tuple[str, ...]


def check_chain(connection: Connection, anchors: Sequence[Anchor] = ()) -> Checked:
    """Walk the whole chain.

    Args:
        connection: a read transaction.
        anchors: heads that were kept outside the store; the chain must hold them.
    """
    broken: Break | None = None
    last = Head(sequence=0, hash=BEFORE_THE_FIRST)
    count = 0
    open_runs: dict[str, Unended] = {}
    put_away: list[range] = []
    by_sequence: dict[int, list[str]] = {one.sequence: [] for one in anchors if one.sequence is not None}
    hashes = {one.hash for one in anchors if one.sequence is None}
    met: set[str] = set()
    for row in _rows(connection):
        count += 1
        sequence, own = int(row[0]), str(row[-1])
        if broken is None:
            broken = _wrong(connection, row, last)
        last = Head(sequence=sequence, hash=own)
        if sequence in by_sequence:
            by_sequence[sequence].append(own)
        if own in hashes:
            met.add(own)
        if row[4] == RESTORE:
            put_away += _put_away(row, open_runs.get(row[3]))
        _note_run(open_runs, row)
    anchors = [
        one
        for one in anchors
        if not (one.of_run and one.sequence is not None and any(one.sequence in gone for gone in put_away))
    ]
    broken = broken or _not_held(anchors, by_sequence, met, last)
    return Checked(
        entries=count,
        head=last if count else None,
        broken=broken,
        interrupted=tuple(open_runs.values()),
        anchors=tuple(one.source for one in anchors),
    )


def _rows(connection: Connection) -> Iterator[_Row]:
    """The entries as rows, in order, streamed."""
    result = connection.execution_options(yield_per=5_000).execute(select(_TABLE).order_by(_TABLE.c.sequence))
    for row in result:
        yield tuple(row)


def _put_away(row: _Row, began: Unended | None) -> Iterator[range]:
    """The entries that a restore put away: those of the store before it that the backup did not have."""
    before = parse_head(str(msgspec.json.decode(row[6]).get("head_before", "")))
    if before is not None:
        yield range(began.sequence if began is not None else int(row[0]), before.sequence + 1)


def _note_run(open_runs: dict[str, Unended], row: _Row) -> None:
    """Keep which calls have begun and not ended."""
    sequence, at, actor, run, command, what = row[:6]
    if what == BEGAN:
        open_runs[run] = Unended(sequence=sequence, run=run, at=at, actor=actor, command=command)
    elif row[9] is not None:
        open_runs.pop(run, None)


def _wrong(connection: Connection, row: _Row, last: Head) -> Break | None:
    """What is wrong at a row, which follows the entry ``last``."""
    sequence, previous, own = int(row[0]), str(row[-2]), str(row[-1])
    due = last.sequence + 1
    if sequence != due:
        until = f" to {sequence - 1}" if sequence - 1 > due else ""
        return Break(sequence=due, kind="deleted", message=f"entry {due}{until} is not there")
    if hash_of(row[:-1]) != own:
        return _moved(connection, row) or Break(
            sequence=sequence,
            kind="changed",
            message=f"entry {sequence} does not have the hash of its content",
        )
    if previous == last.hash:
        return None
    return _unlinked(connection, sequence, previous)


def _as_if(row: _Row, sequence: int) -> bool:
    """Whether a row's hash is right if it stood at another place."""
    return hash_of((sequence, *row[1:-1])) == str(row[-1])


def _moved(connection: Connection, row: _Row) -> Break | None:
    """Which place a row was taken from, when its hash says so; None when its content was changed."""
    at = int(row[0])
    query = select(_TABLE).where(_TABLE.c.sequence.between(at - _NEAR, at + _NEAR))
    near = {int(one[0]): tuple(one) for one in connection.execute(query)}
    from_place = next((n for n in range(max(at - _NEAR, 1), at + _NEAR + 1) if _as_if(row, n)), None)
    if from_place is None:
        after = near.get(at + 1)
        if after is not None and _as_if(after, at):
            said = f"entry {at + 1} was entry {at}: something was put in before it"
            return Break(sequence=at, kind="inserted", message=said)
        return None
    there = near.get(from_place)
    if there is not None and _as_if(there, at):
        said = f"entry {at} was entry {from_place}, and the other way round"
        return Break(sequence=at, kind="reordered", message=said)
    if from_place < at:
        said = f"entry {at} was entry {from_place}: something was put in before it"
        return Break(sequence=from_place, kind="inserted", message=said)
    return Break(
        sequence=at,
        kind="deleted",
        message=f"entry {at} was entry {from_place}: those before it were taken out",
    )


def _unlinked(connection: Connection, sequence: int, previous: str) -> Break:
    """What happened where an entry does not name the hash of the one before it."""
    place = connection.execute(select(_TABLE.c.sequence).where(_TABLE.c.hash == previous)).scalar()
    if place is not None:
        return Break(
            sequence=min(int(place) + 1, sequence),
            kind="reordered",
            message=f"entry {sequence} was chained to entry {place}, not to the one before it",
        )
    if sequence == 1:
        return Break(
            sequence=1, kind="deleted", message="entry 1 was chained to one before it that is not there"
        )
    before = sequence - 1
    return Break(
        sequence=before,
        kind="changed",
        message=f"entry {before} is not the one that entry {sequence} was chained to: it was written anew",
    )


def _not_held(
    anchors: Sequence[Anchor], by_sequence: dict[int, list[str]], met: set[str], last: Head
) -> Break | None:
    """The first anchor that the chain does not hold."""
    for one in anchors:
        if one.sequence is None:
            if one.hash not in met:
                said = (
                    f"no entry has the hash of {one.source}: the end was cut off, or the chain written anew"
                )
                return Break(sequence=last.sequence, kind="truncated", message=said)
        elif one.sequence > last.sequence:
            said = f"the chain ends with entry {last.sequence}, but {one.source} knows entry {one.sequence}"
            return Break(sequence=last.sequence + 1, kind="truncated", message=said)
        elif by_sequence[one.sequence] != [one.hash]:
            said = (
                f"entry {one.sequence} has another hash than {one.source} knows: the chain was written anew"
            )
            return Break(sequence=one.sequence, kind="replaced", message=said)
    return None
