"""`tables update`: read official files, say what they are, and put them beside the tables that are there.

All files of a call are read before anything is written: if one is refused, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from cli.jobs.tables.sheets import Sheet, label, sheets_of
from cli.jobs.tables.store import (
    Data,
    commit,
    data_name,
    load_installed,
    locked,
    pack_pairs,
    pack_rows,
    reader_of,
)
from edi.codes import Tables
from edi.codes.changes import Changes, changes
from edi.codes.editions import Installed, by_release, complete
from edi.codes.official import FileRelease, Official, recognise, release_of_name, release_of_text, unfit
from edi.codes.values import Edition
from edi.model.errors import InputError, UsageError

PARTS: Final = 4
"""How many parts CMS publishes a quarter's practitioner PTP edits in."""
NAMES: Final = {
    "ptp": "NCCI procedure-to-procedure edits",
    "mue": "NCCI medically unlikely edits",
    "carc": "claim adjustment reason codes",
    "rarc": "remittance advice remark codes",
}
LOADED, REPLACED, UNCHANGED = "loaded", "replaced", "unchanged"

_MUE_HEADER: Final = "code,units,mai,rationale"
_LIST_HEADER: Final = "code,valid_from,valid_to,last_modified,source"


class UpdateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to load.

    Attributes:
        files: as CMS and X12 publish them.
        folder: of the installation's tables.
        release: the quarter or day of all files, where their names do not say it.
        parts: how many parts a PTP release has, where it is not CMS's four.
        today: to say what is in force.
        dry_run: read and compare, write nothing.
    """

    files: tuple[Path, ...]
    folder: Path
    release: str | None = None
    parts: int | None = None
    today: date
    dry_run: bool = False


class LoadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A table that a file held. ``outcome`` is loaded, replaced or unchanged; ``left_out`` pairs never took effect."""

    file: str
    table: str
    release: str
    part: str
    outcome: str
    rows: int
    left_out: int


class TableState(msgspec.Struct, frozen=True, kw_only=True):
    """How a release that was touched stands now. ``missing`` parts keep it from being in force.

    ``in_force`` is the release that answers for today, ``covers_today`` whether it was made for it.
    """

    table: str
    name: str
    release: str
    valid_from: date | None
    valid_to: date | None
    missing: tuple[str, ...]
    in_force: str
    covers_today: bool
    changes: Changes | None = None


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """The document that ``tables update --json`` prints. ``version`` names all tables as they now are."""

    schema_version: int = 1
    folder: str
    dry_run: bool
    changed: bool
    files: tuple[LoadedFile, ...]
    tables: tuple[TableState, ...]
    version: str

    def exit_code(self) -> int:
        """3 when a release lacks parts, else 0."""
        return 3 if any(one.missing for one in self.tables) else 0


class _Taken(msgspec.Struct, frozen=True):
    """A table of a file, ready to be kept."""

    edition: Edition
    data: Data
    left_out: int


def update_tables(request: UpdateRequest) -> Update:
    """Load official files into the dated tables of an installation.

    Returns:
        What each file held and how the tables stand; the same rows again change nothing.

    Raises:
        UsageError: ``release`` is none, or a release must be named.
        InputError: a file is missing, of another kind, or has a header or row that is not understood; nothing changed.
        AccessError, TemporaryError: the folder may not be written, or another update is running.
        OSError: the disk is full; nothing changed.
    """
    named = _named(request.release)
    hold: AbstractContextManager[None] = nullcontext() if request.dry_run else locked(request.folder)
    with hold:
        before = load_installed(request.folder)
        taken = _distinct(_taken(request.files, named, request.parts))
        editions = _merged(before.editions, taken)
        fresh = {one.edition.data: one.data.content for one in taken}
        after = Installed(editions, reader_of(request.folder, fresh))
        changed = set(editions) != set(before.editions)
        result = _told(request, taken, before, after, changed)
        if changed and not request.dry_run:
            written = {one.data for one in before.editions}
            commit(
                request.folder,
                editions,
                {name: data for name, data in fresh.items() if name not in written},
            )
    return result


def _named(release: str | None) -> FileRelease | None:
    if release is None:
        return None
    found = release_of_text(release)
    if found is None:
        raise UsageError(f"{release!r} is not a release; write a quarter like 2026Q4, or the day of a list")
    return found


def _taken(files: Sequence[Path], named: FileRelease | None, parts: int | None) -> Iterator[_Taken]:
    """The tables of all files. Errors name the file."""
    for path in files:
        for sheet in sheets_of(path):
            try:
                yield _of_sheet(sheet, named, parts)
            except InputError as error:
                name, text = label(sheet.names), str(error)
                raise InputError(text if text.startswith(name) else f"{name}: {text}") from None


def _of_sheet(sheet: Sheet, named: FileRelease | None, parts: int | None) -> _Taken:
    """Recognise, normalise and pack one table."""
    official = recognise(sheet.rows)
    if official.table in ("ptp", "mue"):
        other = unfit(*sheet.names)
        if other:
            raise InputError(f"these are {other}; load the practitioner table of Medicare")
        release = _quarter(sheet, named)
        data = (
            pack_pairs(official.lines) if official.table == "ptp" else pack_rows(_MUE_HEADER, official.lines)
        )
    else:
        release, data = _list(official, named)
    if not data.rows:
        raise InputError("a header and no rows under it")
    part = f"f{release.part}" if official.table == "ptp" and release.part else ""
    edition = Edition(
        code=official.table,
        release=release.release,
        valid_from=release.valid_from,
        valid_to=release.valid_to,
        name=NAMES[official.table],
        source="CMS" if official.table in ("ptp", "mue") else "X12",
        part=part,
        parts=max(parts or PARTS, release.part) if part else 1,
        rows=data.rows,
        file=sheet.names[-1],
        digest=data.digest,
    )
    return _Taken(
        msgspec.structs.replace(edition, data=data_name(edition, data.suffix)), data, official.left_out
    )


def _quarter(sheet: Sheet, named: FileRelease | None) -> FileRelease:
    """The quarter of an NCCI file: as named by the caller, else by the file's name."""
    found = release_of_name(*sheet.names)
    if named is not None:
        if named.valid_to is None:
            raise UsageError("NCCI tables come by quarter: give --release like 2026Q4")
        return FileRelease(named.release, named.valid_from, named.valid_to, found.part if found else 0)
    if found is None:
        raise UsageError(
            f"{sheet.names[0]}: its name does not say which quarter it is; give --release like 2026Q4"
        )
    return found


def _list(official: Official, named: FileRelease | None) -> tuple[FileRelease, Data]:
    """A list of codes; its release is the day it was last changed, unless the caller names one."""
    lines = list(official.lines)
    days = [day for line in lines for place, day in enumerate(line.split(",")) if place in (1, 3) and day]
    if named is None and not days:
        raise UsageError("the list has no dates; give --release with the day it was published")
    release = named or FileRelease(max(days), date.fromisoformat(max(days)), None)
    source = f"{official.table.upper()} list of {release.release}"
    return release, pack_rows(_LIST_HEADER, [f"{line},{source}" for line in lines])


def _distinct(taken: Iterator[_Taken]) -> list[_Taken]:
    """Each table once; a file that came twice is the same, one that differs is refused."""
    found: dict[tuple[str, str, str], _Taken] = {}
    for one in taken:
        edition = one.edition
        key = (edition.code, edition.release, edition.part)
        if key in found and found[key].edition.digest != edition.digest:
            other = found[key].edition.file
            raise InputError(
                f"{other} and {edition.file} are both {edition.code} {edition.release} {edition.part}, and they differ"
            )
        found.setdefault(key, one)
    return list(found.values())


def _merged(before: Sequence[Edition], taken: Sequence[_Taken]) -> tuple[Edition, ...]:
    """All editions once the new ones are in; a whole release and its parts take each other's place."""
    kept = {(one.code, one.release, one.part): one for one in before}
    for new in taken:
        edition = new.edition
        known = kept.get((edition.code, edition.release, edition.part))
        if known is not None and known.digest == edition.digest:
            continue
        for key in [key for key in kept if key[:2] == (edition.code, edition.release)]:
            if bool(key[2]) is not bool(edition.part) or key[2] == edition.part:
                del kept[key]
        kept[edition.code, edition.release, edition.part] = edition
    return tuple(kept.values())


def _told(
    request: UpdateRequest, taken: Sequence[_Taken], before: Installed, after: Installed, changed: bool
) -> Update:
    """The answer: each file, then each release that was touched."""
    old, new = Tables(installed=before), Tables(installed=after)
    had = {(one.code, one.release, one.part): one.digest for one in before.editions}
    files = tuple(_file(one, had) for one in taken)
    touched = dict.fromkeys((one.table, one.release) for one in files)
    moved = {(one.table, one.release) for one in files if one.outcome != UNCHANGED}
    states = tuple(
        _state(table, release, request.today, old, new, compare=(table, release) in moved)
        for table, release in touched
    )
    return Update(
        folder=str(request.folder),
        dry_run=request.dry_run,
        changed=changed,
        files=files,
        tables=states,
        version=new.version,
    )


def _file(one: _Taken, had: dict[tuple[str, str, str], str]) -> LoadedFile:
    edition = one.edition
    digest = had.get((edition.code, edition.release, edition.part))
    outcome = LOADED if digest is None else UNCHANGED if digest == edition.digest else REPLACED
    return LoadedFile(
        file=edition.file,
        table=edition.code,
        release=edition.release,
        part=edition.part,
        outcome=outcome,
        rows=edition.rows,
        left_out=one.left_out,
    )


def missing_parts(editions: Sequence[Edition]) -> tuple[str, ...]:
    """The parts that a release lacks."""
    if complete(editions):
        return ()
    there = {one.part for one in editions}
    wanted = range(1, max(one.parts for one in editions) + 1)
    return tuple(part for part in (f"f{number}" for number in wanted) if part not in there)


def _state(table: str, release: str, today: date, old: Tables, new: Tables, *, compare: bool) -> TableState:
    parts = by_release(new.installed.editions, table)[release]
    missing = missing_parts(parts)
    answering = new.release_on(table, today) if table in ("ptp", "mue") else new.releases[table]
    return TableState(
        table=table,
        name=parts[0].name,
        release=release,
        valid_from=parts[0].valid_from,
        valid_to=parts[0].valid_to,
        missing=missing,
        in_force=answering.release,
        covers_today=answering.holds_on(today),
        changes=changes(table, release, old, new) if compare and not missing else None,
    )
