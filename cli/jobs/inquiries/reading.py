"""Files of answers, taken in by a command of their own (``ingest`` takes them too)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from cli.jobs import manifest
from cli.jobs.ingest import error_finding, files_of, take_in
from cli.jobs.inquiries.answers import Counts
from cli.jobs.manifest import FileEntry, Manifest, entries, summarise
from edi.model.finding import Finding
from edi.x12.envelope import FATAL, TransactionSet, read_transactions
from reconcile.store import Connection, Kept, Store

A = TypeVar("A")


class AnswersRead(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """What was done: a manifest of the files, and what their answers mean."""

    manifest: Manifest
    answers: tuple[A, ...]


class Reader(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """A command that takes in answers.

    Attributes:
        verb: its name.
        kind: ST01 of the answers.
        is_answer: whether a transaction set is one.
        foreign: what another one is not, and what takes it.
        ingest: stores one set of a kept file (digest, place): counts and findings.
        totals: fields of a file's entry, and the count that each is.
        meanings: what the answers of these files (digests) mean.
    """

    verb: str
    kind: str
    is_answer: Callable[[TransactionSet], bool]
    foreign: tuple[str, str]
    ingest: Callable[[Store, str, int, TransactionSet], tuple[Counts, list[Finding]]]
    totals: Mapping[str, str]
    meanings: Callable[[Connection, set[str]], Iterable[A]]

    def read(self, paths: Iterable[Path], store: Store, *, now: datetime) -> AnswersRead[A]:
        """Take in files; one that is known is only said.

        Args:
            paths: files and folders.
            store: open for writing.
            now: UTC without zone.

        Raises:
            AccessError, TemporaryError, StoreError: the store or the vault failed; what was done is whole.
        """

        def take(path: Path) -> FileEntry:
            return take_in(
                path, store, now, verb=self.verb, read=lambda kept: self._read(store, kept, path.name)
            )

        listed = [take(path) for path in files_of(paths)]
        digests = {entry.sha256 for entry in listed if entry.sha256 is not None}
        with store.read() as connection:
            answers = tuple(self.meanings(connection, digests))
        return AnswersRead(manifest=summarise(listed), answers=answers)

    def _read(self, store: Store, kept: Kept, name: str) -> FileEntry:
        """Take in every answer of a kept file."""
        findings: list[Finding] = []
        counts: list[Counts] = []
        position, foreign = 0, False
        with closing(store.vault.read(kept.sha256)) as blocks:
            for item in read_transactions(blocks, file=name):
                if isinstance(item, Finding):
                    findings.append(item)
                    continue
                if self.is_answer(item):
                    one, said = self.ingest(store, kept.sha256, position, item)
                    counts.append(one)
                    findings += said
                else:
                    foreign = True
                    message = f"a transaction set {item.kind} is no {self.foreign[0]}"
                    findings.append(error_finding("ING004", message, name, self.foreign[1]))
                position += 1
        broken = foreign or any(one.code in FATAL for one in findings)
        outcome = manifest.PARTIAL if broken else manifest.POSTED
        if not any(one.count for one in counts):
            outcome = manifest.REJECTED
        elif not broken and all(one.known for one in counts):
            outcome = manifest.DUPLICATE
        totals: dict[str, Any] = {
            field: sum(getattr(one, count) for one in counts) for field, count in self.totals.items()
        }
        kind, said_of = self.kind if counts else None, entries(findings)
        return FileEntry(
            file=name, sha256=kept.sha256, kind=kind, outcome=outcome, findings=said_of, **totals
        )
