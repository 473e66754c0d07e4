"""`tables update`: read official files, say what they are, and put them beside the tables that are there.

All files of a call are read before anything is written: if one is refused, nothing changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    is_sound,
    load_installed,
    locked,
    pack_pairs,
    pack_rows,
    reader_of,
)
from edi.codes import Tables
from edi.codes.changes import Changes, changes
from edi.codes.editions import Installed, by_release, complete
from edi.codes.official import (
    FileRelease,
    Official,
    part_of_name,
    recognise,
    release_of_name,
    release_of_text,
    unfit,
)
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
LOADED, REPLACED, REPAIRED, UNCHANGED = "loaded", "replaced", "repaired", "unchanged"

_MUE_HEADER: Final = "code,units,mai,rationale"
_LIST_HEADER: Final = "code,valid_from,valid_to,last_modified,source"


class UpdateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to load.

    Attributes:
        files: as CMS and X12 publish them.
        folder: of the installation's tables.
        release: the quarter or day of all files, where their names do not say it.
        parts: how many parts a PTP release has, where it is not CMS's four; 1 for a file that is a whole quarter.
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
    """A table that a file held. ``left_out`` pairs never took effect.

    ``outcome`` is loaded, replaced, unchanged, or repaired: the same rows, whose kept file was missing or damaged.
    """

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
        listed = load_installed(request.folder).editions
        taken = _distinct(_taken(request, named))
        editions = _merged(listed, taken)
        if request.parts is not None:
            editions = _recounted(editions, taken)
        fresh = {one.edition.data: one.data.content for one in taken}
        touched = [one for one in listed if one.data in fresh]
        kept = {one.data for one in touched if is_sound(request.folder, one)}
        repaired = {one.data for one in touched} - kept
        read = reader_of(request.folder, fresh)
        result = _told(request, taken, Installed(listed, read), Installed(editions, read), repaired)
        if result.changed and not request.dry_run:
            content = {name: data for name, data in fresh.items() if name not in kept}
            commit(request.folder, editions, content, listed)
    return result


def _named(release: str | None) -> FileRelease | None:
    if release is None:
        return None
    found = release_of_text(release)
    if found is None:
        raise UsageError(f"{release!r} is not a release; write a quarter like 2026Q4, or the day of a list")
    return found


def _taken(request: UpdateRequest, named: FileRelease | None) -> Iterator[_Taken]:
    """The tables of all files. Errors name the file."""
    for path in request.files:
        for sheet in sheets_of(path):
            try:
                yield _of_sheet(sheet, named, request)
            except InputError as error:
                name, text = label(sheet.names), str(error)
                raise InputError(text if text.startswith(name) else f"{name}: {text}") from None


def _of_sheet(sheet: Sheet, named: FileRelease | None, request: UpdateRequest) -> _Taken:
    """Recognise, normalise and pack one table."""
    official = recognise(sheet.rows)
    if official.table in ("ptp", "mue"):
        other = unfit(*sheet.names)
        if other:
            raise InputError(f"these are {other}; load the practitioner table of Medicare")
        release = _quarter(sheet, named)
        if official.table == "ptp":
            _check_part(sheet, release, request.parts)
        data = (
            pack_pairs(official.lines) if official.table == "ptp" else pack_rows(_MUE_HEADER, official.lines)
        )
    else:
        release, data = _list(official, named, request.today)
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
        parts=max(request.parts or PARTS, release.part) if part else 1,
        rows=data.rows,
        file=sheet.names[-1],
        digest=data.digest,
    )
    return _Taken(
        msgspec.structs.replace(edition, data=data_name(edition, data.suffix)), data, official.left_out
    )


def _quarter(sheet: Sheet, named: FileRelease | None) -> FileRelease:
    """The quarter of an NCCI file by its name, else as named by the caller; the part always by its name."""
    found = release_of_name(*sheet.names)
    if named is not None and named.valid_to is None:
        raise UsageError("NCCI tables come by quarter: give --release like 2026Q4")
    if found is not None and named is not None and found.release != named.release:
        raise UsageError(
            f"{label(sheet.names)}: its name says {found.release}, and --release {named.release};"
            " leave --release out, or name the file as what it is"
        )
    release = found or named
    if release is None:
        raise UsageError(
            f"{sheet.names[0]}: its name does not say which quarter it is; give --release like 2026Q4"
        )
    return msgspec.structs.replace(release, part=part_of_name(*sheet.names))


def _check_part(sheet: Sheet, release: FileRelease, parts: int | None) -> None:
    """Refuse a PTP file that may be a part of the quarter or the whole of it."""
    if not release.part and parts != 1:
        raise UsageError(
            f"{label(sheet.names)}: its name does not say which part of {release.release} it is, as -f1 does;"
            " name it so, or give --parts 1 if it holds the whole quarter"
        )


def _list(official: Official, named: FileRelease | None, today: date) -> tuple[FileRelease, Data]:
    """A list of codes; its release is the last day up to today on which it changed, unless the caller names one.

    X12 lists changes before their day: such a day is no day of publication.
    """
    if named is not None and named.valid_to is not None:
        raise UsageError("lists of codes come by day, not by quarter: give --release like 2026-11-01")
    lines = list(official.lines)
    dates = {day for line in lines for place, day in enumerate(line.split(",")) if place in (1, 3) and day}
    days = sorted(day for day in dates if day <= today.isoformat())
    if named is None and not days:
        raise UsageError("the list has no dates up to today; give --release with the day it was published")
    release = named or FileRelease(days[-1], date.fromisoformat(days[-1]), None)
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


def _recounted(editions: Sequence[Edition], taken: Sequence[_Taken]) -> tuple[Edition, ...]:
    """Parts that were there already get the number of parts that the caller now says their release has."""
    said: dict[str, int] = {}
    for edition in (one.edition for one in taken if one.edition.part):
        said[edition.release] = max(edition.parts, said.get(edition.release, 0))
    return tuple(
        msgspec.structs.replace(one, parts=said[one.release]) if one.part and one.release in said else one
        for one in editions
    )


def _told(
    request: UpdateRequest,
    taken: Sequence[_Taken],
    before: Installed,
    after: Installed,
    repaired: Collection[str],
) -> Update:
    """The answer: each file, then each release that was touched. ``repaired``: data files that are written again."""
    old, new = Tables(installed=before), Tables(installed=after)
    had = {(one.code, one.release, one.part): one.digest for one in before.editions}
    files = tuple(_file(one, had, repaired) for one in taken)
    touched = dict.fromkeys((one.table, one.release) for one in files)
    moved = {(one.table, one.release) for one in files if one.outcome in (LOADED, REPLACED)}
    states = tuple(
        _state(table, release, request.today, old, new, compare=(table, release) in moved)
        for table, release in touched
    )
    return Update(
        folder=str(request.folder),
        dry_run=request.dry_run,
        changed=bool(repaired) or set(before.editions) != set(after.editions),
        files=files,
        tables=states,
        version=new.version,
    )


def _file(one: _Taken, had: Mapping[tuple[str, str, str], str], repaired: Collection[str]) -> LoadedFile:
    edition = one.edition
    digest = had.get((edition.code, edition.release, edition.part))
    if digest is None:
        outcome = LOADED
    elif digest != edition.digest:
        outcome = REPLACED
    else:
        outcome = REPAIRED if edition.data in repaired else UNCHANGED
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
        changes=_compared(table, release, old, new) if compare and not missing else None,
    )


def _compared(table: str, release: str, old: Tables, new: Tables) -> Changes | None:
    """What a release changes; None where a kept file is damaged, which must not keep the new one out."""
    try:
        return changes(table, release, old, new)
    except InputError:
        return None
