"""One kept file: every transaction set of it into the store by its kind, and what became of the file.

Each transaction set notes its outcome in the database transaction that stored it, so that a file taken up again goes on
where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Final

from cli.jobs import loops, manifest
from cli.jobs.claim_status.answers import ingest_status
from cli.jobs.eligibility.answers import ingest_answers
from cli.jobs.ingest_835 import Source, ingest_judged
from cli.jobs.ingest_acks import ingest_acknowledgments
from cli.jobs.manifest import FileEntry, PaymentEntry, entries, payments_outcome
from cli.jobs.plain_text import is_report
from cli.jobs.posting import Tools
from cli.jobs.reading.ahead import incoming_sets
from cli.jobs.reading.sets import IncomingSet
from cli.jobs.reading.wire import ReaderEndedError
from cli.jobs.retrying import retry_for_references
from cli.jobs.second_opinion import remarks
from cli.jobs.taking import error_finding
from edi.model.errors import InputError
from edi.model.finding import Finding, Location, Severity
from edi.transactions import t271, t277
from edi.transactions.acknowledgments import READERS
from edi.x12.envelope import FATAL, TransactionSet
from reconcile.store import Kept, Store
from reconcile.store.concerned import Referring

_KINDS: Final = {"277": "277CA"}
REPORT: Final = "report"
"""The kind of a text that is kept."""
_JUDGED: Final = frozenset({"835", "999", "277CA"})
"""What pyx12 is asked about."""


def read_file(begin: Callable[[], IncomingFile], retried: list[int]) -> FileEntry:
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


class IncomingFile:
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
