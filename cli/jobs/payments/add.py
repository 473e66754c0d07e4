"""`payments add`: paper EOBs, virtual cards, patients' payments and opening balances, from CSV, JSON Lines or TOML.

The file is kept in the vault first. What a payer answered goes the way of an 835 (`cli.jobs.ingest_835`), one payment a
database transaction, under its own payment key: the same equations, matches, books and denials. A row that is refused
keeps its whole payment out and nothing else. The same file, or the same payment in another one, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from cli.jobs import manifest
from cli.jobs.ingest import error_finding, finish_kept_file, refused
from cli.jobs.ingest_835 import Source, ingest_remittance
from cli.jobs.manifest import (
    FileEntry,
    FindingEntry,
    Manifest,
    PaymentEntry,
    entries,
    payments_outcome,
    summarise,
)
from cli.jobs.payments.accounts import AccountRows
from cli.jobs.posting import Tools
from cli.jobs.retrying import retry_unmatched
from cli.jobs.taking import to_its_end
from edi.codes.lookup import Tables
from edi.intake.payments import HandRemittance, RefusedRow, read_payments, read_toml, remittances
from edi.intake.table import read_table
from edi.model.by_hand import HandRow
from edi.model.directory import Practice
from edi.model.errors import InputError
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.payers.profile import PayerProfile
from reconcile.store import Kept, Store, begin_file, load_file, register_practices
from reconcile.store.files import note_taken_again, take_up
from reconcile.store.patient_entries import patient_credits
from reconcile.store.rehearsal import rehearsal

KIND: Final = "payments"
"""What the store calls such a file."""
ROW_REFUSED: Final = "PAY013"
CREDIT: Final = "PAY026"
NO_ROWS: Final = "PAY029"
UNKNOWN_REMARK: Final = "PAY027"


class AddRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `payments add` is asked for.

    Args:
        paths: the files.
        now: UTC without zone.
        practices: claimloop.toml's, by id.
        payers: profiles by key of payers.toml.
        tables: the code tables.
        dry_run: walk the same path and roll back.
    """

    paths: tuple[Path, ...]
    now: datetime
    practices: Mapping[str, Practice]
    payers: Mapping[str, PayerProfile]
    tables: Tables
    dry_run: bool = False


def add_payments(request: AddRequest, store: Store) -> Manifest:
    """Take in files of payments.

    Args:
        request: which, and what to read them by.
        store: open for writing.

    Returns:
        The manifest. ``patient_entries`` and ``opening_balances`` count what was new of these.

    Raises:
        AccessError, TemporaryError, StoreError: the store or the vault failed; what was done is whole.
    """
    tools = Tools(request.tables, request.payers)
    with rehearsal(store) if request.dry_run else nullcontext(store) as opened:
        with opened.write() as connection:
            register_practices(connection, request.practices.values())
        listed = [_add_file(path, opened, tools, request) for path in request.paths]
        brought = any(entry.opening_balances for entry in listed)
        retried = retry_unmatched(opened, tools) if brought else 0
    return summarise(listed, retried_matched=retried)


def _add_file(path: Path, store: Store, tools: Tools, request: AddRequest) -> FileEntry:
    """Keep a file, take in what it says, and store its outcome; one that was taken in whole is only said."""
    try:
        kept = store.vault.keep_file(path)
    except InputError as error:
        message = str(error).removeprefix(f"{path.name}: ")
        return refused(
            path.name, None, error_finding("ING001", message, path.name, "look for it and add it again")
        )
    with store.write() as connection:
        known = begin_file(
            connection, kept.sha256, size=kept.size, direction="in", kind="", name=path.name, at=request.now
        )
        taken = known is not None and known.outcome in (manifest.POSTED, manifest.DUPLICATE)
        if known is not None and not taken and not take_up(connection, kept.sha256):
            note_taken_again(connection, kept.sha256, request.now)
    if known is not None and taken:
        return FileEntry(
            file=path.name,
            sha256=kept.sha256,
            kind=known.kind,
            outcome=manifest.DUPLICATE,
            duplicate_of=known.name,
        )
    entry = to_its_end(lambda: take_payments(kept, path.name, store, tools, request.practices))
    finish_kept_file(store, kept, entry)
    return entry if known is None or not known.manifest else _told_again(entry, known.manifest)


def _told_again(entry: FileEntry, before: str) -> FileEntry:
    """A file that comes again because not all of it could be taken: what was posted then was seen before."""
    posted = {
        one.st_control_number
        for one in msgspec.json.decode(before, type=FileEntry).payments
        if one.outcome in (manifest.POSTED, manifest.DUPLICATE)
    }
    return msgspec.structs.replace(
        entry,
        payments=tuple(
            msgspec.structs.replace(one, outcome=manifest.DUPLICATE)
            if one.outcome == manifest.POSTED and one.st_control_number in posted
            else one
            for one in entry.payments
        ),
    )


def take_payments(
    kept: Kept, name: str, store: Store, tools: Tools, practices: Mapping[str, Practice]
) -> FileEntry:
    """Take in a kept file of payments.

    Args:
        kept: its bytes in the vault.
        name: its name, which tells TOML from the other forms.
        store: open for writing; it knows the file.
        tools: tables and payers.
        practices: claimloop.toml's, by id.
    """
    return _HandFile(kept, name, store, tools, practices).take()


def kept_remittances(
    kept: Kept, name: str, store: Store, tools: Tools, practices: Mapping[str, Practice]
) -> list[HandRemittance]:
    """The payers' payments that a kept file tells of, as it is read now; arguments as those of ``take_payments``."""
    return _HandFile(kept, name, store, tools, practices).remittances()


class _HandFile:
    """One kept file while its rows are taken in."""

    def __init__(
        self, kept: Kept, name: str, store: Store, tools: Tools, practices: Mapping[str, Practice]
    ) -> None:
        self._kept = kept
        self._name = name
        self._store = store
        self._tools = tools
        self._practices = practices
        self._findings: list[Finding] = []

    def take(self) -> FileEntry:
        """Read the rows; then claims brought forward and the accounts of patients together, and payments one by one."""
        rows, gone = self._read()
        accounts = AccountRows(self._name, self._kept.sha256, self._practices, self._tools.payers)
        with self._store.write() as connection:
            done = accounts.save(connection, rows)
        payments = [
            self._payment(one)
            for one in remittances(
                rows, file=self._name, practices=self._practices, payers=self._tools.payers
            )
            if self._whole(one, gone) and not done.refused.intersection(one.rows)
        ]
        self._findings += done.findings
        if not rows and not gone and not self._findings:
            self._findings.append(_no_rows(self._name))
        self._remarks(rows)
        self._credits(done.paid)
        return FileEntry(
            file=self._name,
            sha256=self._kept.sha256,
            kind=KIND if rows else None,
            outcome=self._outcome(
                payments, taken=done.taken, new=bool(done.patient_entries or done.openings)
            ),
            payments=tuple(payments),
            patient_entries=done.patient_entries,
            patient_entries_known=done.known,
            opening_balances=done.openings,
            findings=entries(self._findings),
        )

    def remittances(self) -> list[HandRemittance]:
        """The payers' payments that its rows tell of."""
        rows, _ = self._read()
        return remittances(rows, file=self._name, practices=self._practices, payers=self._tools.payers)

    def _read(self) -> tuple[list[HandRow], dict[tuple[str, ...], int]]:
        """The rows that gave a value, and the payments of those that did not with the first such row."""
        rows: list[HandRow] = []
        gone: dict[tuple[str, ...], int] = {}
        with self._store.read() as connection:
            known = load_file(connection, self._kept.sha256)
        with closing(self._store.vault.read(self._kept.sha256)) as blocks:
            if self._name.lower().endswith(".toml"):
                items: Iterator[object] = read_toml(b"".join(blocks), file=self._name)
            else:
                items = read_table(blocks, file=self._name)
            for item in read_payments(
                items,  # type: ignore[arg-type]
                file=self._name,
                practices=self._practices.keys(),
                payers=self._tools.payers.keys(),
                today=None if known is None else known.first_seen.date(),
            ):
                if isinstance(item, HandRow):
                    rows.append(item)
                elif isinstance(item, RefusedRow):
                    gone.setdefault(item.payment, item.row)
                else:
                    self._findings.append(item)
        return rows, gone

    def _whole(self, one: HandRemittance, gone: Mapping[tuple[str, ...], int]) -> bool:
        """Whether nothing keeps a payment out; says what does."""
        self._findings += one.problems
        lost = [gone[written] for written in sorted(one.written) if written in gone]
        if lost:
            message = f"row {min(lost)} of the payment was refused, so none of its rows is taken in"
            place = Location(file=self._name, row=one.position, field="reference")
            self._findings.append(
                Finding(
                    code=ROW_REFUSED,
                    severity=Severity.ERROR,
                    message=message,
                    location=place,
                    fix="Correct that row and add the file again.",
                )
            )
        return not one.problems and not lost

    def _remarks(self, rows: Sequence[HandRow]) -> None:
        """Warn of remark codes that the tables do not have."""
        for row in rows:
            unknown = [code for code in row.remarks if self._tools.tables.rarc(code) is None]
            if unknown:
                message = f"{', '.join(unknown)} is no RARC that the tables have"
                self._warn(
                    UNKNOWN_REMARK, row, "remarks", message, "Write the code as the EOB has it, like N130."
                )

    def _credits(self, paid: Sequence[tuple[HandRow, int]]) -> None:
        """Warn of payments after which a patient has a credit on the claim; once a claim, at its last row."""
        last = {root: row for row, root in paid}
        with self._store.read() as connection:
            credits = patient_credits(connection, last)
        for root, cents in credits.items():
            row = last[root]
            message = (
                f"{decimal_text(row.amount)} is more than the patient owes on the claim: "
                f"it has a credit of {decimal_text(cents)} now"
            )
            fix = "Nothing, if it was paid ahead; else take it back by a row with the amount below zero."
            self._warn(CREDIT, row, "amount", message, fix)

    def _warn(self, code: str, row: HandRow, name: str, message: str, fix: str) -> None:
        place = Location(file=self._name, row=row.row, field=name, claim=row.claim or None)
        self._findings.append(
            Finding(
                code=code, severity=Severity.WARNING, message=f"{name}: {message}", location=place, fix=fix
            )
        )

    def _payment(self, one: HandRemittance) -> PaymentEntry:
        """Take in one payment as an 835 would be; its findings name rows instead of segments."""
        source = Source(self._kept.sha256, self._name, one.position, one.kind, one.payer)
        entry = ingest_remittance(self._store, source, _values(one), self._tools)
        return msgspec.structs.replace(entry, findings=tuple(_by_row(finding) for finding in entry.findings))

    def _outcome(self, payments: Sequence[PaymentEntry], *, taken: bool, new: bool) -> str:
        """One word for the file."""
        flawed = any(finding.severity is Severity.ERROR for finding in self._findings)
        if not payments and not taken:
            return manifest.REJECTED
        if payments:
            outcome = payments_outcome(payments, flawed=flawed)
            return manifest.POSTED if outcome == manifest.DUPLICATE and new else outcome
        if flawed:
            return manifest.PARTIAL
        return manifest.POSTED if new else manifest.DUPLICATE


def _no_rows(name: str) -> Finding:
    return Finding(
        code=NO_ROWS,
        severity=Severity.ERROR,
        message="the file has no row: there is nothing to take in",
        location=Location(file=name),
        fix="Write a row for each line that was paid or denied, below the heading.",
    )


def _values(one: HandRemittance) -> Iterator[RemittanceHeader | ClaimPayment | Finding | RemittanceTrailer]:
    """What a reader of 835s would yield."""
    yield one.header
    yield from one.claims
    yield one.trailer


def _by_row(finding: FindingEntry) -> FindingEntry:
    """The place as a row of the file; what stands in segment 2 of an 835 is the payment, and so in no row."""
    return msgspec.structs.replace(
        finding, row=finding.row or finding.segment, segment=None, transaction=None
    )
