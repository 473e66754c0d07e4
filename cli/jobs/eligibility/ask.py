"""`eligibility ask`: 270 files for the patients whose coverage was not confirmed lately, one for each trading partner.

Order of things as for claims: bytes into the vault, one transaction that allocates the numbers and stores the
inquiries, then the file in its folder. A file that a run ended before is put there by the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from cli.inputs import RecordFiles, load_records, session_items
from cli.jobs import placing
from cli.jobs.eligibility.answers import confirmed
from cli.jobs.submission import partner_of
from cli.settings import Settings
from edi.intake.inquiries import NOT_ASKED, confirmed_recently, inquiry_of
from edi.model.confirmation import NOT_FOUND
from edi.model.directory import TradingPartner
from edi.model.eligibility import EligibilityInquiry
from edi.model.errors import UsageError
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Coverage, PatientRecord, Records
from edi.model.session import SessionLine
from edi.model.spelling import spelled
from edi.payers.profile import PayerProfile
from edi.transactions import t270
from reconcile.store import (
    GS06,
    ISA13,
    ST02,
    Connection,
    Store,
    allocate,
    interchange_control_number,
    register_file,
    register_practices,
    transaction_control_number,
)
from reconcile.store.control_numbers import TRN270, inquiry_trace_number
from reconcile.store.eligibility import save_inquiries, waiting_since
from reconcile.store.files import OUTGOING

MADE: Final = "made"
"""Outcome of a 270 that is in the vault and was not yet seen in its folder."""
WAIT_DAYS: Final = 3
"""Days within which an inquiry without an answer is not asked again."""


class AskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask.

    Attributes:
        sessions: files whose patients and days are asked about; none: all patients of ``records``, for ``now``.
        folder: where the 270 files go.
        now: local time of the files; its day is today.
        records: patients.csv and the rest. practice: whose files they are.
        within: days that a confirmation may be old, None for the payer's own.
        again: ask although an answer is still awaited, or was that the patient is not found.
        dry_run: walk the same path, keep and write nothing.
    """

    sessions: tuple[Path, ...]
    folder: Path
    now: datetime
    records: RecordFiles
    practice: str | None = None
    within: int | None = None
    again: bool = False
    dry_run: bool = False


class AskedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A 270 file that was written, and how many patients it asks about."""

    path: str
    sha256: str
    partner: str
    interchange_control_number: str
    patients: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, coverages counted.

    ``confirmed``: not old enough to ask. ``waiting``: asked lately. ``not_found``: the payer did not find the patient,
    and the records have not changed since. ``not_asked``: their payers answer no 270. ``held``: something is missing.
    ``put_back``: names of files of an interrupted run.
    """

    files: tuple[AskedFile, ...] = ()
    put_back: tuple[str, ...] = ()
    asked: int = 0
    confirmed: int = 0
    waiting: int = 0
    not_found: int = 0
    not_asked: int = 0
    held: int = 0
    findings: tuple[Finding, ...] = ()


class _Counts(msgspec.Struct, kw_only=True):
    """What is not asked about, while the records are gone through."""

    confirmed: int = 0
    waiting: int = 0
    not_found: int = 0
    not_asked: int = 0
    held: int = 0


def ask(request: AskRequest, settings: Settings, store: Store) -> Asked:
    """Write 270 files and store what they ask.

    Args:
        request: whom to ask about.
        settings: claimloop.toml and payers.toml; a directory is needed.
        store: open for writing.

    Raises:
        SettingsError: no directory, or no trading partner for a practice.
        UsageError: no practice of that name, or another file stands where a 270 would go.
        InputError: a file is missing or cannot be read.
        StoreError, AccessError, TemporaryError: from the store, the vault or the folder.
    """
    directory = settings.need_directory()
    if request.practice is not None and request.practice not in directory.practices:
        raise UsageError(f"no practice {request.practice}; there are: {', '.join(directory.practices)}")
    loaded = load_records(request.records, settings.directory, request.practice)
    records, said = confirmed(loaded.records, store, settings.payers)
    findings = [*settings.findings, *loaded.findings, *said]
    wanted = _wanted(request, settings, records, findings)
    counts = _Counts()
    by_partner: dict[str, list[EligibilityInquiry]] = {}
    with store.read() as connection:
        waiting = {} if request.again else waiting_since(connection)
    for inquiry, partner in _inquiries(request, settings, wanted, waiting, counts, findings):
        by_partner.setdefault(partner, []).append(inquiry)
    returned = () if request.dry_run else tuple(placing.put_back(store, request.folder, before=MADE))
    written = [
        _one_file(inquiries, directory.trading_partners[partner], request, settings, store)
        for partner, inquiries in sorted(by_partner.items())
    ]
    return Asked(
        files=tuple(written),
        put_back=returned,
        asked=sum(file.patients for file in written),
        findings=tuple(findings),
        **msgspec.structs.asdict(counts),
    )


class _Wanted(msgspec.Struct, kw_only=True):
    """A patient to ask about: the days and disciplines of his services."""

    patient: PatientRecord
    days: set[date]
    disciplines: set[str]


def _wanted(
    request: AskRequest, settings: Settings, records: Records, findings: list[Finding]
) -> list[_Wanted]:
    """The patients of the sessions, else all there are; sorted by practice and id."""
    found: dict[tuple[str, str], _Wanted] = {}
    if not request.sessions:
        disciplines: dict[tuple[str, str], set[str]] = {}
        for case in records.cases.values():
            disciplines.setdefault((case.practice_id, case.patient_id), set()).add(case.discipline)
        for key, patient in records.patients.items():
            days = {request.now.date()}
            found[key] = _Wanted(patient=patient, days=days, disciplines=disciplines.get(key, set()))
    for item in session_items(request.sessions, settings.directory, request.practice):
        if isinstance(item, Finding):
            findings.append(item)
        elif isinstance(item, SessionLine) and item.billable:
            key = (item.practice_id, item.patient_id)
            if key in records.patients:
                held = found.setdefault(
                    key, _Wanted(patient=records.patients[key], days=set(), disciplines=set())
                )
                held.days.add(item.date_of_service)
                held.disciplines.add(item.discipline)
    return [found[key] for key in sorted(found)]


def _inquiries(
    request: AskRequest,
    settings: Settings,
    wanted: Iterable[_Wanted],
    waiting: dict[tuple[str, str, str, str], date],
    counts: _Counts,
    findings: list[Finding],
) -> Iterator[tuple[EligibilityInquiry, str]]:
    """Each inquiry to be sent, with its trading partner; counts and findings tell of the others."""
    directory, today = settings.need_directory(), request.now.date()
    for one in wanted:
        for coverage in one.patient.coverages:
            days = [day for day in one.days if coverage.covers(day)]
            profile = settings.payers.get(coverage.payer)
            if not days or profile is None:
                continue
            if profile.kind in NOT_ASKED:
                counts.not_asked += 1
            elif confirmed_recently(coverage, profile, today, request.within):
                counts.confirmed += 1
            elif _is_waiting(one.patient, coverage, waiting, today):
                counts.waiting += 1
            elif not request.again and _is_not_found(coverage):
                counts.not_found += 1
            else:
                partner = partner_of(one.patient.practice_id, directory)
                inquiry = inquiry_of(
                    one.patient,
                    coverage,
                    practice=directory.practices[one.patient.practice_id],
                    profile=profile,
                    partner=partner.id,
                    days=days,
                    disciplines=one.disciplines,
                )
                problems = [_placed(found, coverage, profile) for found in t270.problems(inquiry)]
                findings += problems
                counts.held += bool(problems)
                if not problems:
                    yield inquiry, partner.id


def _is_waiting(
    patient: PatientRecord,
    coverage: Coverage,
    waiting: dict[tuple[str, str, str, str], date],
    today: date,
) -> bool:
    key = (patient.practice_id, patient.patient_id, coverage.payer, spelled(coverage.member_id))
    asked = waiting.get(key)
    return asked is not None and today - asked <= timedelta(days=WAIT_DAYS)


def _is_not_found(coverage: Coverage) -> bool:
    """Whether the payer's last answer was that it does not find the patient as the records still have him."""
    return coverage.confirmation is not None and coverage.confirmation.status == NOT_FOUND


def _placed(finding: Finding, coverage: Coverage, profile: PayerProfile) -> Finding:
    """The finding at the coverage's row; a payer without an id is named by its key."""
    place = Location(row=coverage.row or None, field=finding.location.field)
    if finding.location.field == "payer.eligibility_id":
        place = Location(field=f"payer.{profile.key or coverage.payer}.eligibility_id")
    return msgspec.structs.replace(finding, location=place, severity=Severity.WARNING)


def _one_file(
    inquiries: Sequence[EligibilityInquiry],
    partner: TradingPartner,
    request: AskRequest,
    settings: Settings,
    store: Store,
) -> AskedFile:
    """Number, write and store the inquiries of one trading partner."""
    with suppress(placing.RollBackError), store.write() as connection:
        register_practices(connection, settings.need_directory().practices.values())
        numbers = allocate(connection, "", TRN270, len(inquiries), at=request.now)
        traced = [
            msgspec.structs.replace(one, trace_number=inquiry_trace_number(number))
            for one, number in zip(inquiries, numbers, strict=True)
        ]
        number, data = _written(connection, traced, partner, request.now)
        name, digest = f"{partner.id}-{number}.270", hashlib.sha256(data).hexdigest()
        placing.refuse_taken(request.folder / name, digest)
        if request.dry_run:
            raise placing.RollBackError
        store.vault.keep([data])
        register_file(
            connection,
            digest,
            size=len(data),
            direction=OUTGOING,
            kind=t270.KIND,
            name=name,
            outcome=MADE,
            at=request.now,
        )
        save_inquiries(
            connection, traced, partner=partner.id, file_sha256=digest, asked_on=request.now.date()
        )
    path = request.folder / name
    if not request.dry_run:
        placing.place(store, path, digest, data, before=MADE)
    return AskedFile(
        path=str(path),
        sha256=digest,
        partner=partner.id,
        interchange_control_number=number,
        patients=len(inquiries),
    )


def _written(
    connection: Connection, inquiries: Sequence[EligibilityInquiry], partner: TradingPartner, now: datetime
) -> tuple[str, bytes]:
    """ISA13 and the bytes of a file."""
    plan = t270.plan_sets(inquiries)
    isa = allocate(connection, partner.id, ISA13, 1, at=now)[0]
    gs = allocate(connection, partner.id, GS06, 1, at=now)[0]
    sts = allocate(connection, partner.id, ST02, len(plan), at=now)
    data = t270.write(
        [(transaction_control_number(number), part) for number, part in zip(sts, plan, strict=True)],
        partner=partner,
        interchange_control_number=isa,
        group_control_number=gs,
        created=now,
    )
    return interchange_control_number(isa), data
