"""``ingest``: whatever came back (835, 277CA, 999, TA1, 271, 277), told by its content, into the vault and the store.

Every file is kept first. A file whose digest is known and finished is a duplicate. An interrupted file is taken up
where it stopped: each transaction set notes its outcome in the database transaction that stored it, and the file's own
outcome is the last thing written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Final
from zipfile import ZipFile

import msgspec

from cli.jobs import archives, loops, manifest
from cli.jobs.claim_status.answers import ingest_status
from cli.jobs.eligibility.answers import ingest_answers
from cli.jobs.ingest_835 import Source, ingest_judged
from cli.jobs.ingest_acks import ingest_acknowledgments
from cli.jobs.manifest import FileEntry, Manifest, PaymentEntry, entries, payments_outcome, summarise
from cli.jobs.plain_text import is_report
from cli.jobs.posting import Tools
from cli.jobs.reading.ahead import incoming_sets
from cli.jobs.reading.sets import IncomingSet
from cli.jobs.reading.wire import ReaderEndedError
from cli.jobs.retrying import retry_for_payees, retry_for_references
from cli.jobs.second_opinion import remarks
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
from edi.model.errors import InputError
from edi.model.finding import Finding, Location, Severity
from edi.payers.profile import PayerProfile
from edi.transactions import t271, t277
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import FATAL, TransactionSet
from reconcile.store import (
    Kept,
    Store,
    refresh_payees,
    register_practices,
)
from reconcile.store.concerned import Referring

_KINDS: Final = {"277": "277CA"}
REPORT: Final = "report"
"""The kind of a text that is kept."""
_JUDGED: Final = frozenset({"835", "999", "277CA"})
"""What pyx12 is asked about."""


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
    listed = [entry for path in files_of(paths) for entry in desk.take(path)]
    return summarise(listed, retried_matched=sum(retried))


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of folders, links and pipes among them, and files as they are."""
    for path in paths:
        if path.is_dir():
            inside = (
                one
                for one in path.rglob("*")
                if (one.is_symlink() or not one.is_dir()) and not one.name.startswith(".")
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
        return _read(
            lambda: _IncomingFile(
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
    return _read(lambda: _IncomingFile(store, kept, name, tools, largest, now), [])


def _read(begin: Callable[[], _IncomingFile], retried: list[int]) -> FileEntry:
    """Read a file; again, by this process alone, where the one that read ahead was killed.

    What was stored by then is whole transaction sets, which are known the second time.

    Args:
        begin: takes the file up from its beginning.
        retried: how many claim payments found their claim that had waited is added to it.
    """
    file = begin()
    try:
        return file.read()
    except ReaderEndedError:
        retried.append(file.retried)
        file = begin()
        return file.read(ahead=False)
    finally:
        retried.append(file.retried)


class _IncomingFile:
    """One kept file while its transaction sets are read.

    Attributes:
        retried: how many claim payments found their claim that had waited for a payer's claim number.
    """

    def __init__(
        self,
        store: Store,
        kept: Kept,
        name: str,
        tools: Tools,
        judged_up_to: int,
        now: datetime,
        waiting: Referring | None = None,
    ) -> None:
        self._waiting = waiting or Referring()
        self._now = now
        self._judged_up_to = judged_up_to
        self._store = store
        self._kept = kept
        self._name = name
        self._tools = tools
        self.retried = 0
        self._payments: list[PaymentEntry] = []
        self._findings: list[Finding] = []
        self._kinds: dict[str, None] = {}
        self._acknowledgments = self._matched = self._rejections = self._known = self._foreign = (
            self._sets
        ) = self._answers = self._told = self._work = 0

    def read(self, *, ahead: bool = True) -> FileEntry:
        """Take in every transaction set, then say what became of the file; ``ahead``: a second process may read it."""
        position = 0
        with incoming_sets(self._store.vault, self._kept, self._name, ahead=ahead) as sets:
            for item in sets:
                if isinstance(item, Finding):
                    self._findings.append(item)
                    continue
                self._kinds[_kind(item.transaction)] = None
                try:
                    self._take(item, position)
                except InputError as error:
                    self._findings.append(error_finding(loops.CODE, str(error), self._name, loops.FIX))
                position += 1
        if any(one.outcome == manifest.POSTED for one in self._payments) or self._matched:
            self._retry()
        if _JUDGED & self._kinds.keys():
            with closing(self._store.vault.read(self._kept.sha256)) as blocks:
                self._findings += remarks(
                    blocks, size=self._kept.size, most_megabytes=self._judged_up_to, file=self._name
                )
        return self._entry()

    def _retry(self) -> None:
        """Try again what waits for a payer's claim number that this file told."""
        try:
            with self._store.write() as connection:
                self.retried += retry_for_references(connection, self._tools, self._waiting)
        except BaseException:
            self._waiting.forget()
            raise

    def _take(self, item: IncomingSet, position: int) -> None:
        """One transaction set by its kind."""
        transaction = item.transaction
        if item.values is not None:
            source = Source(self._kept.sha256, self._name, position)
            self._payments.append(ingest_judged(self._store, source, item.values, self._tools))
        elif t277.answers_inquiries(transaction):
            self._tell(transaction, position)
        elif transaction.kind in READERS:
            self._acknowledge(transaction, position)
        elif transaction.kind == t271.KIND:
            self._confirm(transaction, position)
        else:
            self._foreign += 1
            fix = "claims import takes it" if transaction.kind == "837" else ""
            message = f"a transaction set {transaction.kind} is not something that ingest takes"
            self._findings.append(error_finding("ING004", message, self._name, fix))

    def _acknowledge(self, transaction: TransactionSet, position: int) -> None:
        """One transaction set of acknowledgments; what an interrupted run stored counts as new here."""
        counts, findings, retried = ingest_acknowledgments(
            self._store,
            self._kept.sha256,
            position,
            _KINDS.get(transaction.kind, transaction.kind),
            READERS[transaction.kind](transaction),
            tools=self._tools,
            now=self._now,
            envelope=transaction.envelope,
        )
        self._findings += findings
        self.retried += retried
        self._acknowledgments += counts.count
        self._matched += counts.matched
        self._rejections += counts.rejections
        self._known += counts.known
        self._sets += 1

    def _confirm(self, transaction: TransactionSet, position: int) -> None:
        """One transaction set of answers about eligibility."""
        counts, findings = ingest_answers(self._store, self._kept.sha256, position, transaction)
        self._findings += findings
        self._answers += counts.count
        self._known += counts.known
        self._sets += 1

    def _tell(self, transaction: TransactionSet, position: int) -> None:
        """One transaction set of answers about claims."""
        counts, findings = ingest_status(self._store, self._kept.sha256, position, transaction)
        self._findings += findings
        self._told += counts.count
        self._work += 0 if counts.known else counts.work
        self._known += counts.known
        self._sets += 1

    def _is_report(self) -> bool:
        """Whether the file is a text that has nothing of X12."""
        if self._kinds or not self._kept.size or {one.code for one in self._findings} != {"ENV001"}:
            return False
        with closing(self._store.vault.read(self._kept.sha256)) as blocks:
            return is_report(blocks)

    def _entry(self) -> FileEntry:
        """The file's part of the manifest."""
        if self._is_report():
            message = "a text and no X12: it is kept as a report, for people to read"
            found = Finding(
                code="ING005", severity=Severity.INFO, message=message, location=Location(file=self._name)
            )
            return FileEntry(
                file=self._name,
                sha256=self._kept.sha256,
                kind=REPORT,
                outcome=manifest.KEPT,
                findings=entries([found]),
            )
        broken = any(one.code in (*FATAL, loops.CODE) for one in self._findings)
        return FileEntry(
            file=self._name,
            sha256=self._kept.sha256,
            kind="+".join(self._kinds) or None,
            outcome=self._outcome(broken=broken),
            payments=tuple(self._payments),
            acknowledgments=self._acknowledgments,
            acknowledgments_matched=self._matched,
            rejections=self._rejections,
            eligibility_answers=self._answers,
            claim_status_answers=self._told,
            claim_status_work=self._work,
            findings=entries(self._findings),
        )

    def _outcome(self, *, broken: bool) -> str:
        """One word for the file."""
        if not (self._payments or self._acknowledgments or self._answers or self._told):
            return manifest.REJECTED
        flawed = broken or self._foreign > 0
        if not self._payments:
            if self._known and self._known == self._sets:
                return manifest.DUPLICATE
            return manifest.PARTIAL if flawed else manifest.POSTED
        return payments_outcome(self._payments, flawed=flawed)


def _kind(transaction: TransactionSet) -> str:
    """What a transaction set is called: a 277 that answers a 276 keeps its number, another is a 277CA."""
    if t277.answers_inquiries(transaction):
        return t277.KIND
    return _KINDS.get(transaction.kind, transaction.kind)
