"""`deposits`: what the bank says came in (CSV, JSON Lines, BAI2), and which remittance each deposit is for.

A file is kept in the vault first; the same file, or the same deposit in another one, changes nothing. Which deposit is
for which remittance is worked out anew at each look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from cli.jobs import manifest
from cli.jobs.ingest import files_of, take_in
from cli.jobs.manifest import FileEntry, entries
from cli.settings import DepositsSettings
from edi.intake.bank_statements import is_bai2, read_bai2
from edi.intake.deposits import read_deposits
from edi.intake.rows import RowRejected, TableSummary
from edi.intake.table import read_table
from edi.model.deposit import Deposit
from edi.model.finding import Finding, Location, Severity
from edi.payers.profile import PayerProfile
from reconcile.deposits import DepositStatus
from reconcile.store import Connection, Kept, Store
from reconcile.store.deposits import DepositFacts, Reassociation, next_deposit_id, reassociate, save_deposits
from reconcile.store.files import load_file
from reconcile.store.rehearsal import rehearsal

CSV_KIND: Final = "deposits"
BAI2_KIND: Final = "BAI2"
KINDS: Final = (CSV_KIND, BAI2_KIND)
"""What the store calls files of deposits."""
REPEATED: Final = "DEP004"
IN_DOUBT: Final = "DEP005"
NOT_YET: Final = "DEP006"
_AHEAD: Final = timedelta(days=180)
"""How far ahead a deposit may be booked: a slip of the year is beyond, and a rehearsal of a season is not."""
ATTENTION: Final = (
    DepositStatus.AMOUNT_DIFFERS,
    DepositStatus.DEPOSIT_WITHOUT_ERA,
    DepositStatus.ERA_WITHOUT_DEPOSIT,
)
"""What somebody has to look at."""


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `deposits import` is asked for: files or folders, the time (UTC), today, and what to read them by."""

    paths: tuple[Path, ...]
    now: datetime
    today: date
    settings: DepositsSettings = DepositsSettings()
    practices: tuple[str, ...] = ()
    payers: Mapping[str, PayerProfile] = {}
    dry_run: bool = False


class ImportTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all files: of the deposits that were new, how many are matched, differ, or have no ERA."""

    files: int = 0
    deposits: int = 0
    deposits_known: int = 0
    matched: int = 0
    amount_differs: int = 0
    deposit_without_era: int = 0


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `deposits import --json` prints."""

    schema_version: int = 1
    files: tuple[FileEntry, ...] = ()
    totals: ImportTotals = ImportTotals()

    def exit_code(self) -> int:
        """3 when a file or row was refused, 1 when a new deposit needs somebody or something was warned of, else 0."""
        if any(file.outcome in (manifest.PARTIAL, manifest.REJECTED) for file in self.files):
            return 3
        warned = any(
            finding.severity != Severity.INFO.value
            for file in self.files
            if file.outcome != manifest.DUPLICATE
            for finding in file.findings
        )
        return 1 if warned or self.totals.amount_differs or self.totals.deposit_without_era else 0


def import_deposits(request: ImportRequest, store: Store) -> ImportResult:
    """Take in bank files.

    Args:
        request: which, and what to read them by.
        store: open for writing.

    Raises:
        AccessError, TemporaryError, StoreError: the store or the vault failed; what was done is whole.
    """
    with rehearsal(store) if request.dry_run else nullcontext(store) as opened:
        with opened.read() as connection:
            first_new = next_deposit_id(connection)
        files = tuple(_import_file(path, opened, request) for path in files_of(request.paths))
        with opened.read() as connection:
            found = reassociation(connection, request.settings, request.payers, today=request.today)
    statuses = [one.status for one in found.matches if (one.deposit or 0) >= first_new]
    return ImportResult(
        files=files,
        totals=ImportTotals(
            files=len(files),
            deposits=sum(file.deposits for file in files),
            deposits_known=sum(file.deposits_known for file in files),
            matched=statuses.count(DepositStatus.MATCHED),
            amount_differs=statuses.count(DepositStatus.AMOUNT_DIFFERS),
            deposit_without_era=statuses.count(DepositStatus.DEPOSIT_WITHOUT_ERA),
        ),
    )


def _import_file(path: Path, store: Store, request: ImportRequest) -> FileEntry:
    """Keep a file, take in its deposits and store its outcome; a known file is only said."""
    return take_in(
        path,
        store,
        request.now,
        verb="import",
        read=lambda kept: take_deposits(kept, path.name, store, request.settings, request.practices),
    )


def take_deposits(
    kept: Kept, name: str, store: Store, settings: DepositsSettings, practices: Collection[str] = ()
) -> FileEntry:
    """Take in one kept file; a rebuild calls it for each file of ``KINDS``.

    Args:
        kept: its bytes in the vault.
        name: its name, for findings.
        store: open for writing; it knows the file.
        settings: [deposits].
        practices: ids of claimloop.toml.
    """
    findings: list[Finding] = []
    deposits: list[Deposit] = []
    summary = TableSummary()
    with store.read() as connection:
        known = load_file(connection, kept.sha256)
    last_day = date.max if known is None else known.first_seen.date() + _AHEAD
    with closing(store.vault.read(kept.sha256)) as blocks:
        head = next(blocks, b"")
        bai2 = is_bai2(head)
        whole = chain((head,), blocks)
        read: Iterable[Deposit | Finding | RowRejected | TableSummary] = (
            read_bai2(whole, file=name)
            if bai2
            else read_deposits(
                read_table(whole, file=name, columns=settings.columns), file=name, practices=practices
            )
        )
        for item in read:
            if isinstance(item, Deposit):
                if item.deposited_on > last_day:
                    findings.append(_too_early(item, name))
                else:
                    deposits.append(item)
            elif isinstance(item, Finding):
                findings.append(item)
            elif isinstance(item, TableSummary):
                summary = item
    with store.write() as connection:
        saved = save_deposits(connection, deposits, kept.sha256)
    findings += _of_saved(saved.repeated, saved.doubtful, name)
    refused = summary.rejected > 0 or any(one.severity is Severity.ERROR for one in findings)
    outcome = manifest.PARTIAL if refused else manifest.POSTED
    return FileEntry(
        file=name,
        sha256=kept.sha256,
        kind=BAI2_KIND if bai2 else CSV_KIND,
        outcome=manifest.REJECTED if refused and not deposits else outcome,
        deposits=len(saved.new),
        deposits_known=saved.known,
        findings=entries(findings),
    )


def _too_early(deposit: Deposit, name: str) -> Finding:
    """The error for a deposit that lies ahead: a slip in its year would wait for its 835 for ever."""
    return Finding(
        code=NOT_YET,
        severity=Severity.ERROR,
        message=f"the deposit is of {deposit.deposited_on}, half a year and more after its file came; it was left out",
        location=Location(file=name, row=deposit.row or None, field="deposit_date"),
        fix="Correct the day and import the file again; what was taken in is known.",
    )


def _of_saved(repeated: int, doubtful: Sequence[int], name: str) -> list[Finding]:
    """What is said of rows that repeat others, and of deposits that may be known under other numbers."""
    place = Location(file=name)
    message = f"{repeated} rows repeat others under the same bank reference; each deposit was counted once"
    said = [Finding(code=REPEATED, severity=Severity.INFO, message=message, location=place)]
    return [
        *said[: bool(repeated)],
        *(
            Finding(
                code=IN_DOUBT,
                severity=Severity.WARNING,
                message="a deposit of this day and amount is known under another reference; this one was added",
                location=Location(file=name, row=row),
                fix="Import an account in one format only, and look for a deposit that is in deposits list twice.",
            )
            for row in doubtful
        ),
    ]


def reassociation(
    connection: Connection,
    settings: DepositsSettings,
    payers: Mapping[str, PayerProfile],
    *,
    today: date,
    as_of: date | None = None,
) -> Reassociation:
    """Tie every deposit to its remittances, by the settings and with what the payers call themselves."""
    return reassociate(
        connection,
        today=today,
        as_of=as_of,
        window_days=settings.window_days,
        late_after_days=settings.late_after_days,
        names=names_of(payers),
    )


def names_of(payers: Mapping[str, PayerProfile]) -> dict[str, tuple[str, ...]]:
    """What payers call themselves, by their key; a name with a wildcard inside cannot be compared."""
    return {
        key: tuple(
            name.strip("*?")
            for name in (profile.name, *profile.remit.names)
            if "*" not in name.strip("*") and "?" not in name.strip("*?")
        )
        for key, profile in payers.items()
    }


class DepositLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `deposits list`: a deposit with its payments, a deposit alone, or a payment alone; cents.

    ``difference`` is deposit less payments; ``days`` from the payment to the deposit, or to today without one.
    """

    status: str
    practice_id: str
    deposit_date: date | None
    deposit_amount: int | None
    bank_reference: str
    account: str
    bank_text: str
    payer: str
    trace_number: str
    payment_date: date | None
    payment_amount: int | None
    payments: int
    difference: int
    days: int | None
    evidence: str
    note: str
    file: str


def deposit_lines(found: Reassociation, *, today: date) -> list[DepositLine]:
    """The lines of `deposits list`, in the order of the matches."""
    lines = []
    for match in found.matches:
        deposit = found.deposits[match.deposit] if match.deposit is not None else None
        payments = [found.payments[number] for number in match.payments]
        traces = dict.fromkeys(one.trace_number for one in payments if one.trace_number)
        first = min((one.day for one in payments if one.day), default=None)
        sent = sum(one.amount for one in payments)
        lines.append(
            DepositLine(
                status=match.status.value,
                practice_id=_practice(deposit, [one.practice_id for one in payments]),
                deposit_date=deposit.deposited_on if deposit else None,
                deposit_amount=deposit.amount if deposit else None,
                bank_reference=deposit.bank_reference if deposit else "",
                account=deposit.account if deposit else "",
                bank_text=deposit.payer_text if deposit else "",
                payer=" ".join(
                    dict.fromkeys(one.payer_name or one.payer_key or one.payer_id for one in payments)
                ),
                trace_number=" ".join(traces) or (deposit.trace_number if deposit else ""),
                payment_date=first,
                payment_amount=sent if payments else None,
                payments=len(payments),
                difference=(deposit.amount if deposit else 0) - sent,
                days=((deposit.deposited_on if deposit else today) - first).days if first else None,
                evidence=match.evidence,
                note=match.note or _note(deposit, payments, found.held),
                file=" ".join(dict.fromkeys([deposit.file] if deposit else [one.file for one in payments])),
            )
        )
    return lines


def _practice(deposit: DepositFacts | None, practices: Sequence[str]) -> str:
    """Whose money it is, as far as the remittances or else the bank say."""
    named = dict.fromkeys(one for lines in practices for one in lines.split("\n") if one)
    return " ".join(named) or (deposit.practice_id if deposit else "")


def _note(deposit: DepositFacts | None, payments: Sequence[object], held: Collection[str]) -> str:
    """``era_held`` where the remittance of a deposit came and is in quarantine."""
    return "era_held" if deposit and not payments and deposit.trace_number in held else ""
