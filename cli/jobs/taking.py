"""Files on their way in: kept first, noted as begun, read, and their outcome written last.

A file whose digest is known and finished is a duplicate; one that an ended run left is taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Final, TypeVar

import msgspec

from cli.jobs import manifest
from cli.jobs.manifest import FileEntry, entries
from cli.jobs.one_line import with_ends
from cli.jobs.plain_text import is_record
from cli.settings import IngestSettings
from edi.model.errors import AccessError, InputError, TemporaryError
from edi.model.finding import Finding, Location, Severity
from edi.transport.base import RetryPolicy, with_retries
from reconcile.store import STARTED, Kept, Store, begin_file, finish_file
from reconcile.store.driver_errors import GivenUpError
from reconcile.store.files import take_up
from reconcile.store.vault import read_blocks

Result = TypeVar("Result")
_AGAIN: Final = RetryPolicy(attempts=8, first_wait=1, longest_wait=10)
LARGEST: Final = IngestSettings().largest_megabytes
"""Megabytes of a file that is taken in, where no setting says otherwise."""


def take_in(
    path: Path,
    store: Store,
    now: datetime,
    *,
    verb: str,
    read: Callable[[Kept], FileEntry],
    largest: int = LARGEST,
    takes_reports: bool = False,
) -> FileEntry:
    """Keep a file in the vault, let ``read`` work on it, and store its outcome; a known file is only said.

    Args:
        path: the file.
        store: open for writing.
        now: UTC without zone.
        verb: what the user asked for, in the advice on a file that is not there.
        read: works on the kept bytes and says what became of them.
        largest: megabytes; a file that is larger is refused and not kept.
        takes_reports: the command itself keeps texts and archives, so one that is kept is known.
    """
    with suppress(OSError):
        told = path.lstat()
        if not S_ISREG(told.st_mode) and not S_ISDIR(told.st_mode):
            return _no_file(path.name)
        if told.st_size > largest << 20:
            return _too_large(path.name, largest)
    blocks = read_blocks(path)
    try:
        return take_blocks(
            path.name,
            _no_more_than(_readable(blocks) if takes_reports else blocks, largest, path.name),
            store,
            now,
            verb=verb,
            read=read,
            takes_reports=takes_reports,
        )
    except _UnreadableError as error:
        message = str(error).removeprefix(f"{path.name}: ")
        fix = "give the user that claimloop runs as the right to read it, or look at its disk"
        return refused(path.name, None, error_finding(manifest.UNREADABLE, message, path.name, fix))


class _UnreadableError(Exception):
    """The file itself cannot be read; the vault and the store have no part in it."""


def _readable(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same blocks.

    Raises:
        _UnreadableError: they may not be read, or a disk or share fails while they are.
    """
    try:
        yield from blocks
    except (AccessError, TemporaryError) as error:
        raise _UnreadableError(str(error)) from None


def _no_file(name: str) -> FileEntry:
    message = "a link, pipe or device and no file; it is neither followed nor read"
    fix = "put the file itself in its place"
    return refused(name, None, error_finding("ING001", message, name, fix))


_RECORD: Final = "a table, settings or a document of the practice and nothing that comes back; it is not kept"
_RECORD_FIX: Final = (
    "name the folder of what came back; claims create, deposits import and payments add read such tables"
)


class _RecordError(Exception):
    """The file is no report but a record of the practice."""


def _no_record(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The same blocks.

    Raises:
        _RecordError: before the first of them, where it is that of a record (cli.jobs.plain_text).
    """
    first = True
    for block in blocks:
        if first and is_record(name, block):
            raise _RecordError
        first = False
        yield block


def _too_large(name: str, largest: int) -> FileEntry:
    message = f"the file has more than {largest} megabytes; it is not kept"
    fix = "raise [ingest] largest_megabytes in claimloop.toml if it is what it should be"
    return refused(name, None, error_finding("ING006", message, name, fix))


def _no_more_than(blocks: Iterable[bytes], largest: int, name: str) -> Iterator[bytes]:
    """Blocks of a file, which may grow while it is read.

    Raises:
        InputError: they are more than ``largest`` megabytes.
    """
    left = largest << 20
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise InputError(f"{name}: the file has more than {largest} megabytes; it is not kept")
        yield block


def take_blocks(
    name: str,
    blocks: Iterable[bytes],
    store: Store,
    now: datetime,
    *,
    verb: str,
    read: Callable[[Kept], FileEntry],
    takes_reports: bool = False,
) -> FileEntry:
    """Do as ``take_in`` with the bytes of a file of that name."""
    try:
        if takes_reports:
            blocks = _no_record(blocks, name)
        kept = store.vault.keep(with_ends(blocks, name))
    except _RecordError:
        return refused(name, None, error_finding("ING009", _RECORD, name, _RECORD_FIX))
    except InputError as error:
        message = str(error).removeprefix(f"{name}: ")
        return refused(name, None, error_finding("ING001", message, name, f"look for it and {verb} again"))
    known = begin_kept_file(store, kept, name, now, takes_reports=takes_reports)
    if known is not None:
        return known
    entry = to_its_end(lambda: read(kept))
    finish_kept_file(store, kept, entry)
    return entry


def to_its_end(work: Callable[[], Result]) -> Result:
    """Do work on a kept file, again when the database gave up a transaction of it for the sake of another.

    What was stored before says so the second time, as after an interruption; so nothing is taken in twice.
    """
    return with_retries(work, _AGAIN, worth=lambda error: isinstance(error, GivenUpError))


def take_again(
    store: Store, kept: Kept, name: str, first_seen: datetime, read: Callable[[], FileEntry]
) -> FileEntry:
    """Take a kept file into a store that does not know it, under the time at which it was first seen.

    Args:
        store: open for writing.
        kept: its bytes in the vault.
        name: its name.
        first_seen: UTC without zone.
        read: takes in what it says.
    """
    with store.write() as connection:
        begin_file(connection, kept.sha256, size=kept.size, direction="in", kind="", name=name, at=first_seen)
    entry = read()
    finish_kept_file(store, kept, entry)
    return entry


def begin_kept_file(
    store: Store, kept: Kept, name: str, now: datetime, *, takes_reports: bool = False
) -> FileEntry | None:
    """Note that work on a kept incoming file begins; its entry as a duplicate when an earlier run finished it.

    A file that was rejected is read again, and so is one that ``ingest`` only kept unless ``takes_reports``: another
    command may be the one that takes it.
    """
    untaken = (STARTED, manifest.REJECTED) if takes_reports else (STARTED, manifest.REJECTED, manifest.KEPT)
    with store.write() as connection:
        known = begin_file(
            connection, kept.sha256, size=kept.size, direction="in", kind="", name=name, at=now
        )
        begun_again = known is not None and known.outcome in untaken
        if begun_again:
            take_up(connection, kept.sha256)
    if known is None or begun_again:
        return None
    findings: list[Finding] = []
    if known.outcome in (manifest.QUARANTINED, manifest.PARTIAL):
        message = (
            f"seen before; not all of it was posted then (it was {known.outcome}): held list has what is held"
        )
        place = Location(file=name)
        findings = [Finding(code="ING002", severity=Severity.INFO, message=message, location=place)]
    return FileEntry(
        file=name,
        sha256=kept.sha256,
        kind=known.kind or None,
        outcome=manifest.DUPLICATE,
        duplicate_of=known.name,
        findings=entries(findings),
    )


def finish_kept_file(store: Store, kept: Kept, entry: FileEntry) -> None:
    """Write a file's outcome and manifest."""
    with store.write() as connection:
        finish_file(
            connection,
            kept.sha256,
            kind=entry.kind or "",
            outcome=entry.outcome,
            manifest=msgspec.json.encode(entry).decode(),
        )


def refused(name: str, sha256: str | None, finding: Finding, kind: str | None = None) -> FileEntry:
    """The entry of a file that was not taken in."""
    return FileEntry(
        file=name, sha256=sha256, kind=kind, outcome=manifest.REJECTED, findings=entries([finding])
    )


def error_finding(code: str, message: str, file: str, fix: str = "") -> Finding:
    """An error about a whole file."""
    return Finding(code=code, severity=Severity.ERROR, message=message, location=Location(file=file), fix=fix)
