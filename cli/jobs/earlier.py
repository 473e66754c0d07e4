"""What the store knows of earlier claims, as intake and rules ask for it: `claims create` fills these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeAlias

from edi.intake.charge import VisitDays
from edi.model.draft import ClaimDraft
from edi.model.history import EarlierLine
from edi.model.records import Records
from edi.model.session import BilledSession, SessionLine
from reconcile.store import Connection, authorized_days, billed_units, earlier_lines

PatientDay: TypeAlias = tuple[str, str, date]
"""Practice, patient, date of service."""


class StoreHistory:
    """The rules' ``History``: lines billed before on the days of a run's claims, fetched once."""

    def __init__(self, lines: Iterable[EarlierLine]) -> None:
        self._lines: dict[PatientDay, list[EarlierLine]] = {}
        for line in lines:
            key = (line.practice_id, line.patient_id, line.date_of_service)
            self._lines.setdefault(key, []).append(line)

    def lines_on(self, practice_id: str, patient_id: str, day: date) -> tuple[EarlierLine, ...]:
        """Lines already billed for the patient on that day, any payer."""
        return tuple(self._lines.get((practice_id, patient_id, day), ()))

    def lines_between(
        self, practice_id: str, patient_id: str, first: date, last: date
    ) -> tuple[EarlierLine, ...]:
        """Lines already billed for the patient from one day to another, both included, any payer, oldest first."""
        found = [
            (day, lines)
            for (practice, patient, day), lines in self._lines.items()
            if (practice, patient) == (practice_id, patient_id) and first <= day <= last
        ]
        return tuple(line for _, lines in sorted(found, key=lambda one: one[0]) for line in lines)


def history_of(connection: Connection, drafts: Iterable[ClaimDraft]) -> StoreHistory:
    """What was billed before for the patients of these claims, between their first and last day of service."""
    patients: dict[str, set[str]] = {}
    days: dict[str, list[date]] = {}
    for draft in drafts:
        patients.setdefault(draft.practice_id, set()).add(draft.patient.patient_id)
        found = days.setdefault(draft.practice_id, [])
        found += [line.date_from for line in draft.claim.lines if line.date_from is not None]
    return StoreHistory(
        line
        for practice, ids in patients.items()
        if days[practice]
        for line in earlier_lines(connection, practice, sorted(ids), min(days[practice]), max(days[practice]))
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
