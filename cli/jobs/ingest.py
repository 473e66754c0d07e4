"""``ingest``: whatever came back (835, 277CA, 999, TA1, 271), told by its content, into the vault and the store.

Every file is kept first. A file whose digest is known and finished is a duplicate. An interrupted file is taken up
where it stopped: each transaction set notes its outcome in the database transaction that stored it, and the file's own
outcome is the last thing written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from cli.jobs import manifest
from cli.jobs.eligibility.answers import ingest_answers
from cli.jobs.ingest_835 import Source, ingest_remittance
from cli.jobs.ingest_acks import ingest_acknowledgments
from cli.jobs.manifest import FileEntry, Manifest, PaymentEntry, entries, payments_outcome, summarise
from cli.jobs.posting import Tools, retry_unmatched
from cli.jobs.second_opinion import remarks
from cli.settings import IngestSettings
from edi.codes.lookup import Tables
from edi.model.directory import Practice
from edi.model.errors import InputError
from edi.model.finding import Finding, Location, Severity
from edi.payers.profile import PayerProfile
from edi.transactions import t271, t835
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import FATAL, TransactionSet, read_transactions
from reconcile.store import (
    STARTED,
    Kept,
    Store,
    Vault,
    begin_file,
    finish_file,
    payee_became_known,
    refresh_payees,
    register_practices,
)

_KINDS: Final = {"277": "277CA"}
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
        waited = payee_became_known(connection)
    listed = [_ingest_file(path, store, tools, now, second_opinion_megabytes) for path in files_of(paths)]
    waited = waited or any(file.acknowledgments for file in listed)
    return summarise(listed, retried_matched=retry_unmatched(store, tools) if waited else 0)


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of folders, and files as they are."""
    for path in paths:
        if path.is_dir():
            inside = (one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
            yield from sorted(inside)
        else:
            yield path


def _ingest_file(path: Path, store: Store, tools: Tools, now: datetime, judged_up_to: int) -> FileEntry:
    """Keep a file, then read it from the vault."""
    return take_in(
        path,
        store,
        now,
        verb="ingest",
        read=lambda kept: _IncomingFile(store, kept, path.name, tools, judged_up_to, now).read(),
    )


def take_in(
    path: Path, store: Store, now: datetime, *, verb: str, read: Callable[[Kept], FileEntry]
) -> FileEntry:
    """Keep a file in the vault, let ``read`` work on it, and store its outcome; a known file is only said.

    Args:
        path: the file.
        store: open for writing.
        now: UTC without zone.
        verb: what the user asked for, in the advice on a file that is not there.
        read: works on the kept bytes and says what became of them.
    """
    name = path.name
    try:
        kept = Vault(store.vault).keep_file(path)
    except InputError as error:
        message = str(error).removeprefix(f"{name}: ")
        return refused(name, None, error_finding("ING001", message, name, f"look for it and {verb} again"))
    known = begin_kept_file(store, kept, name, now)
    if known is not None:
        return known
    entry = read(kept)
    finish_kept_file(store, kept, entry)
    return entry


def ingest_kept(
    store: Store, kept: Kept, name: str, tools: Tools, judged_up_to: int, now: datetime
) -> FileEntry:
    """Read an 835, 271 or acknowledgments from the vault; the store knows the file. Arguments as for ``ingest``."""
    return _IncomingFile(store, kept, name, tools, judged_up_to, now).read()


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


def begin_kept_file(store: Store, kept: Kept, name: str, now: datetime) -> FileEntry | None:
    """Note that work on a kept incoming file begins; its entry as a duplicate when an earlier run finished it.

    A file that was rejected is read again: the other of ``ingest`` and ``claims import`` may be the one that takes it.
    """
    with store.write() as connection:
        known = begin_file(
            connection, kept.sha256, size=kept.size, direction="in", kind="", name=name, at=now
        )
    if known is None or known.outcome in (STARTED, manifest.REJECTED):
        return None
    findings: list[Finding] = []
    if known.outcome in (manifest.QUARANTINED, manifest.PARTIAL):
        message = f"seen before; not all of it could be posted then (it was {known.outcome}): see held list"
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


class _IncomingFile:
    """One kept file while its transaction sets are read."""

    def __init__(
        self, store: Store, kept: Kept, name: str, tools: Tools, judged_up_to: int, now: datetime
    ) -> None:
        self._now = now
        self._judged_up_to = judged_up_to
        self._store = store
        self._kept = kept
        self._name = name
        self._tools = tools
        self._payments: list[PaymentEntry] = []
        self._findings: list[Finding] = []
        self._kinds: dict[str, None] = {}
        self._acknowledgments = self._matched = self._rejections = self._known = self._foreign = (
            self._sets
        ) = self._answers = 0

    def read(self) -> FileEntry:
        """Take in every transaction set, then say what became of the file."""
        position = 0
        with closing(Vault(self._store.vault).read(self._kept.sha256)) as blocks:
            for item in read_transactions(blocks, file=self._name):
                if isinstance(item, Finding):
                    self._findings.append(item)
                    continue
                self._kinds[_KINDS.get(item.kind, item.kind)] = None
                self._take(item, position)
                position += 1
        if _JUDGED & self._kinds.keys():
            with closing(Vault(self._store.vault).read(self._kept.sha256)) as blocks:
                self._findings += remarks(
                    blocks, size=self._kept.size, most_megabytes=self._judged_up_to, file=self._name
                )
        return self._entry()

    def _take(self, transaction: TransactionSet, position: int) -> None:
        """One transaction set by its kind."""
        if transaction.kind == "835":
            source = Source(self._kept.sha256, self._name, position)
            values = t835.read(transaction)
            self._payments.append(ingest_remittance(self._store, source, values, self._tools))
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
        counts, findings = ingest_acknowledgments(
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

    def _entry(self) -> FileEntry:
        """The file's part of the manifest."""
        broken = any(one.code in FATAL for one in self._findings)
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
            findings=entries(self._findings),
        )

    def _outcome(self, *, broken: bool) -> str:
        """One word for the file."""
        if not self._payments and not self._acknowledgments and not self._answers:
            return manifest.REJECTED
        flawed = broken or self._foreign > 0
        if not self._payments:
            if self._known and self._known == self._sets:
                return manifest.DUPLICATE
            return manifest.PARTIAL if flawed else manifest.POSTED
        return payments_outcome(self._payments, flawed=flawed)
