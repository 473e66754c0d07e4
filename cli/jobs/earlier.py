"""What the store knows of earlier claims, as intake and rules ask for it: `claims create` fills these."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import Final, TypeAlias

import msgspec

from edi.intake.charge import VisitDays
from edi.model.days import days_after
from edi.model.draft import ClaimDraft
from edi.model.history import EarlierLine
from edi.model.records import Records
from edi.model.session import BilledSession, SessionLine
from edi.payers import PayerProfile
from reconcile.store import Connection, authorized_days, billed_units, earlier_lines

PatientDay: TypeAlias = tuple[str, str, date]
"""Practice, patient, date of service."""
LOOK_BACK: Final = timedelta(days=365)
"""How far before the first day of a run's claims its authorizations may have been used."""


class StoreHistory:
    """The rules' ``History``: lines billed before for the patients of a run's claims, fetched once."""

    def __init__(self, lines: Iterable[EarlierLine]) -> None:
        self._lines: dict[tuple[str, str], list[EarlierLine]] = {}
        for line in lines:
            self._lines.setdefault((line.practice_id, line.patient_id), []).append(line)
        self._days: dict[tuple[str, str], list[date]] = {}
        for key, found in self._lines.items():
            found.sort(key=attrgetter("date_of_service"))
            self._days[key] = [line.date_of_service for line in found]

    def lines_on(self, practice_id: str, patient_id: str, day: date) -> tuple[EarlierLine, ...]:
        """Lines already billed for the patient on that day, any payer."""
        return self.lines_between(practice_id, patient_id, day, day)

    def lines_between(
        self, practice_id: str, patient_id: str, first: date, last: date
    ) -> tuple[EarlierLine, ...]:
        """Lines already billed for the patient from one day to another, both included, any payer, oldest first."""
        key = (practice_id, patient_id)
        days = self._days.get(key)
        if days is None:
            return ()
        return tuple(self._lines[key][bisect_left(days, first) : bisect_right(days, last)])


class _Wanted(msgspec.Struct):
    """What to fetch for the patients of one practice: a span of days, and how to know their imported claims."""

    first: date
    last: date
    patients: set[str] = msgspec.field(default_factory=set)
    authorized: set[str] = msgspec.field(default_factory=set)
    members: dict[tuple[str, date], str] = msgspec.field(default_factory=dict)


def history_of(
    connection: Connection, drafts: Iterable[ClaimDraft], payers: Mapping[str, PayerProfile] | None = None
) -> StoreHistory:
    """What was billed before for the patients of these claims.

    The months of the claims' days for all of them; for those whose payer counts over the year or a case (the threshold
    of KX, plans of care, authorizations) the whole years of those days, and what lies before back to the plan of care,
    or a year where a claim names an authorization.

    Args:
        connection: an open one.
        drafts: the claims of the run.
        payers: profiles by key; None: every payer counts.
    """
    plain: dict[str, _Wanted] = {}
    counted: dict[str, _Wanted] = {}
    for draft in drafts:
        days = [line.date_from for line in draft.claim.lines if line.date_from is not None]
        if not days:
            continue
        numbers = draft.claim.authorization or any(line.authorization for line in draft.claim.lines)
        if numbers or payers is None or payers[draft.payer_key].counts_visits:
            _want(counted, draft, _first_counted(draft, min(days), bool(numbers)), _year_end(max(days)))
        else:
            _want(plain, draft, min(days).replace(day=1), _month_end(max(days)))
    for practice, wide in counted.items():
        narrow = plain.get(practice)
        if narrow is not None:
            narrow.patients -= wide.patients
            wide.first, wide.last = min(wide.first, narrow.first), max(wide.last, narrow.last)
    return StoreHistory([*_fetched(connection, plain), *_fetched(connection, counted)])


def _first_counted(draft: ClaimDraft, day: date, numbers: bool) -> date:
    """The first day that may count with a claim."""
    begun = draft.case.plan_of_care_from if draft.case is not None else None
    return min(
        day.replace(month=1, day=1), begun or day, days_after(day, -LOOK_BACK.days) if numbers else day
    )


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _year_end(day: date) -> date:
    return day.replace(month=12, day=31)


def _want(wanted: dict[str, _Wanted], draft: ClaimDraft, first: date, last: date) -> None:
    """Widen what is fetched for the draft's practice by its patient and days."""
    found = wanted.setdefault(draft.practice_id, _Wanted(first, last))
    found.first, found.last = min(found.first, first), max(found.last, last)
    patient = draft.patient
    found.patients.add(patient.patient_id)
    if draft.claim.authorization or any(line.authorization for line in draft.claim.lines):
        found.authorized.add(patient.patient_id)
    born = patient.person.birth_date
    if born is not None:
        found.members |= {
            (coverage.member_id, born): patient.patient_id
            for coverage in patient.coverages
            if coverage.member_id
        }


def _fetched(connection: Connection, wanted: Mapping[str, _Wanted]) -> Iterator[EarlierLine]:
    for practice, one in wanted.items():
        members = {key: patient for key, patient in one.members.items() if patient in one.patients}
        yield from earlier_lines(
            connection,
            practice,
            one.patients,
            one.first,
            one.last,
            authorized=one.authorized,
            members=members,
        )


def billed_before(
    connection: Connection, fresh: Iterable[SessionLine], unchanged: Sequence[SessionLine]
) -> list[BilledSession]:
    """Those of the unchanged, already billed lines that share a patient's day with a fresh one, with their units."""
    wanted = {_day_of(line) for line in fresh}
    by_practice: dict[str, list[SessionLine]] = {}
    for line in unchanged:
        if _day_of(line) in wanted:
            by_practice.setdefault(line.practice_id, []).append(line)
    found: list[BilledSession] = []
    for practice, lines in by_practice.items():
        units = billed_units(connection, practice, [line.line_id for line in lines])
        found += [BilledSession(line=line, units=units[line.line_id]) for line in lines]
    return found


def visit_days(connection: Connection, fresh: Iterable[SessionLine], records: Records) -> VisitDays:
    """The visits that earlier claims used of the authorizations of the fresh lines' patients."""
    authorized = {one.patient_id for one in records.authorizations}
    patients: dict[str, set[str]] = {}
    for line in fresh:
        if line.patient_id in authorized:
            patients.setdefault(line.practice_id, set()).add(line.patient_id)
    found: dict[tuple[str, str, str], set[date]] = {}
    for practice, ids in patients.items():
        found.update(authorized_days(connection, practice, ids))
    return found


def _day_of(line: SessionLine) -> PatientDay:
    return (line.practice_id, line.patient_id, line.date_of_service)
