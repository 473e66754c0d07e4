"""``ingest``: whatever came back (835, 277CA, 999, TA1, 271, 277), told by its content, into the vault and the store.

Every file is kept first. A file whose digest is known and finished is a duplicate. An interrupted file is taken up
where it stopped: each transaction set notes its outcome in the database transaction that stored it, and the file's own
outcome is the last thing written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO
from zipfile import ZipFile

import msgspec

from cli.jobs import archives, manifest
from cli.jobs.incoming import REPORT as REPORT
from cli.jobs.incoming import IncomingFile, read_file
from cli.jobs.manifest import FileEntry, Manifest, summarise
from cli.jobs.posting import Tools
from cli.jobs.put_aside import was_put_aside
from cli.jobs.retrying import retry_for_payees
from cli.jobs.taking import LARGEST as LARGEST
from cli.jobs.taking import begin_kept_file as begin_kept_file
from cli.jobs.taking import error_finding as error_finding
from cli.jobs.taking import finish_kept_file as finish_kept_file
from cli.jobs.taking import refused as refused
from cli.jobs.taking import take_again as take_again
from cli.jobs.taking import take_blocks
from cli.jobs.taking import take_in as take_in
from cli.settings import IngestSettings
from edi.codes.lookup import Tables
from edi.model.directory import Practice
from edi.payers.profile import PayerProfile
from reconcile.store import (
    Kept,
    Store,
    refresh_payees,
    register_practices,
)
from reconcile.store.concerned import Referring


def ingest(
    paths: Iterable[Path],
    store: Store,
    *,
    tables: Tables,
    payers: Mapping[str, PayerProfile],
    practices: Sequence[Practice] = (),
    now: datetime,
    second_opinion_megabytes: int = IngestSettings().second_opinion_megabytes,
    largest_megabytes: int = LARGEST,
    inbox: Path | None = None,
) -> Manifest:
    """Take in files and folders.

    Args:
        paths: files, or folders whose files are taken in order of their names (hidden ones left out).
        store: open for writing.
        tables: the code tables that categorise denials.
        payers: profiles by key of payers.toml; they tell whose an 835 is.
        practices: claimloop.toml's, so that the store knows every payee. What waited for one of them is tried again.
        now: UTC without zone, for the first-seen time of files.
        second_opinion_megabytes: the largest 835, 999 or 277CA on which pyx12's remarks are noted; 0 for none.
        largest_megabytes: the largest file that is kept, and the most that an archive may unpack into.
        inbox: of ``run``; what it put aside there is left out of the folders above.

    Returns:
        The manifest. A file that cannot be read is ``rejected`` in it, and the rest goes on. ``retried_matched`` in
        its totals counts what had waited (for its payee, or a payer number that an acknowledgment gave) and matched.

    Raises:
        AccessError, TemporaryError, StoreError: the store or the vault failed; what was done is whole.
    """
    tools = Tools(tables, payers)
    with store.write() as connection:
        register_practices(connection, practices)
        refresh_payees(connection)
        retried = [retry_for_payees(connection, tools)]
    desk = _Desk(store, tools, now, second_opinion_megabytes, largest_megabytes, retried, Referring())
    listed = [entry for path in files_of(paths, inbox) for entry in desk.take(path)]
    return summarise(listed, retried_matched=sum(retried))


def files_of(paths: Iterable[Path], inbox: Path | None = None) -> Iterator[Path]:
    """The files of folders, links and pipes among them, and files as they are.

    What `run` put aside in its ``inbox`` is left out, unless a folder of that is itself named.
    """
    for path in paths:
        if path.is_dir():
            above = inbox is not None and not was_put_aside(inbox, path)
            inside = (
                one
                for one in path.rglob("*")
                if (one.is_symlink() or not one.is_dir())
                and not one.name.startswith(".")
                and not (above and inbox is not None and was_put_aside(inbox, one))
            )
            yield from sorted(inside)
        else:
            yield path


class _Desk(msgspec.Struct, frozen=True):
    """Takes in files one by one; fields as the arguments of ``ingest``.

    ``retried`` is what waited and matched, ``waiting`` what waits for a payer's claim number.
    """

    store: Store
    tools: Tools
    now: datetime
    judged_up_to: int
    largest: int
    retried: list[int]
    waiting: Referring

    def take(self, path: Path) -> list[FileEntry]:
        """Keep a file, then read it from the vault; of an archive its own entry and those of its members."""
        inside: list[FileEntry] = []
        entry = take_in(
            path,
            self.store,
            self.now,
            verb="ingest",
            read=lambda kept: self._read(kept, path.name, inside),
            largest=self.largest,
            takes_reports=True,
        )
        return [entry, *inside]

    def _read(self, kept: Kept, name: str, inside: list[FileEntry]) -> FileEntry:
        entry = archive_entry(self.store, kept, name, self.largest)
        if entry is None:
            return self._read_plain(kept, name)
        if entry.outcome == manifest.KEPT:
            with self.store.vault.open(kept.sha256) as archive:
                inside += self._members(archive, name)
        return entry

    def _read_plain(self, kept: Kept, name: str) -> FileEntry:
        return read_file(
            lambda: IncomingFile(
                self.store, kept, name, self.tools, self.judged_up_to, self.now, self.waiting
            ),
            self.retried,
        )

    def _members(self, archive: IO[bytes], name: str) -> Iterator[FileEntry]:
        """Take in the members of an archive that was not refused; an archive among them is neither opened nor kept."""
        found = archives.members(archive, limits_of(self.largest))
        if isinstance(found, list):
            with archives.opened(archive) as inside:
                yield from self._inside(inside, found, name)

    def _inside(self, archive: ZipFile, found: list[archives.Member], name: str) -> Iterator[FileEntry]:
        """Take in members; ``name`` is the archive's."""
        for member in found:
            if archives.is_nested(archive, member):
                message = "an archive inside an archive is not opened"
                fix = "unpack the outer one and ingest what is in it"
                entry = refused(
                    member.name, None, error_finding("ING007", message, member.name, fix), archives.KIND
                )
            else:
                entry = take_blocks(
                    member.name,
                    archives.blocks(archive, member),
                    self.store,
                    self.now,
                    verb="ingest",
                    read=partial(self._read_plain, name=member.name),
                    takes_reports=True,
                )
            yield msgspec.structs.replace(entry, archive=name)


def limits_of(largest: int) -> archives.Limits:
    """What an archive may hold where files may have that many megabytes."""
    return archives.Limits(size=largest << 20)


def archive_entry(store: Store, kept: Kept, name: str, largest: int) -> FileEntry | None:
    """The entry of a kept archive, refused or kept; None for a file that is none. Nothing of it is unpacked."""
    with closing(store.vault.read(kept.sha256)) as blocks:
        if not archives.is_archive(next(blocks, b"")):
            return None
    with store.vault.open(kept.sha256) as archive:
        found = archives.members(archive, limits_of(largest))
    if isinstance(found, str):
        fix = "unpack it where that is safe, and ingest what is in it"
        finding = error_finding("ING007", f"the archive is not opened: {found}", name, fix)
        return refused(name, kept.sha256, finding, archives.KIND)
    return FileEntry(file=name, sha256=kept.sha256, kind=archives.KIND, outcome=manifest.KEPT)


def ingest_kept(
    store: Store, kept: Kept, name: str, tools: Tools, settings: IngestSettings, now: datetime
) -> FileEntry:
    """Read a file from the vault; the store knows it. Arguments as for ``ingest``.

    Of an archive only its own entry comes: its members are files of the store themselves.
    """
    entry = archive_entry(store, kept, name, settings.largest_megabytes)
    if entry is not None:
        return entry
    largest = settings.second_opinion_megabytes
    return read_file(lambda: IncomingFile(store, kept, name, tools, largest, now), [])
