"""`eligibility ask`: 270 files for the patients whose coverage was not confirmed lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from cli.inputs import RecordFiles, load_records, session_items
from cli.jobs.eligibility.answers import confirmed
from cli.jobs.inquiries import asking
from cli.jobs.inquiries.asking import Question, Writer, directory_for
from cli.jobs.submission import partner_of
from cli.settings import Settings
from edi.intake.inquiries import NOT_ASKED, confirmed_recently, inquiry_of
from edi.model.confirmation import NOT_FOUND
from edi.model.eligibility import EligibilityInquiry
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Coverage, PatientRecord, Records
from edi.model.session import SessionLine
from edi.model.spelling import spelled
from edi.payers.profile import PayerProfile
from edi.transactions import t270
from reconcile.store import Connection, Store
from reconcile.store.control_numbers import TRN270
from reconcile.store.eligibility import save_inquiries, waiting_since

WAIT_DAYS: Final = 3
"""Days within which an inquiry without an answer is not asked again."""
_Waiting: TypeAlias = dict[tuple[str, str, str, str], date]
"""The last day on which each coverage was asked about, as ``waiting_since`` gives it."""


class AskRequest(asking.AskRequest, frozen=True, kw_only=True):
    """What to ask, beside what every request has.

    Attributes:
        sessions: files whose patients and days are asked about; none: all patients of ``records``, for ``now``.
        records: patients.csv and the rest. ``practice`` says whose files they are.
        within: days that a confirmation may be old, None for the payer's own.
    """

    sessions: tuple[Path, ...]
    records: RecordFiles
    within: int | None = None


class Asked(asking.Asked, frozen=True, kw_only=True):
    """What came of it, coverages counted.

    ``confirmed``: not old enough to ask. ``not_found``: the payer did not find the patient, and the records have not
    changed since.
    """

    confirmed: int = 0
    not_found: int = 0


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
    directory_for(request, settings)
    loaded = load_records(request.records, settings.directory, request.practice)
    records, said = confirmed(loaded.records, store, settings.payers)
    findings = [*settings.findings, *loaded.findings, *said]
    wanted = _wanted(request, settings, records, findings)
    counts: Counter[str] = Counter()
    by_partner: dict[str, list[Question]] = {}
    with store.read() as connection:
        waiting = {} if request.again else waiting_since(connection)
    for inquiry, partner in _inquiries(request, settings, wanted, waiting, counts, findings):
        by_partner.setdefault(partner, []).append((0, inquiry))
    files = Writer(t270, TRN270, request, settings, store, _save).files(by_partner)
    return msgspec.structs.replace(Asked(findings=tuple(findings)), **files, **counts)


def _save(connection: Connection, asked: Sequence[tuple[int, EligibilityInquiry, str]], **file: Any) -> None:
    """Store what a file asks; what patients are asked about hangs on no submission and no set."""
    save_inquiries(connection, [inquiry for _, inquiry, _ in asked], **file)


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
    waiting: _Waiting,
    counts: Counter[str],
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
                counts["not_asked"] += 1
            elif confirmed_recently(coverage, profile, today, request.within):
                counts["confirmed"] += 1
            elif _is_waiting(one.patient, coverage, waiting, today):
                counts["waiting"] += 1
            elif not request.again and _is_not_found(coverage):
                counts["not_found"] += 1
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
                counts["held"] += bool(problems)
                if not problems:
                    yield inquiry, partner.id


def _is_waiting(patient: PatientRecord, coverage: Coverage, waiting: _Waiting, today: date) -> bool:
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
