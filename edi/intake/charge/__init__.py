"""Session lines to claims without control numbers.

Lines may come in any order; those of the run are held in memory, because units are counted over a patient's whole day
and a claim's lines may be far apart. A line takes about half a kilobyte: a million lines half a gigabyte. A practice
that exports years at once runs them month by month.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final

from edi.codes import Tables, load_tables
from edi.intake.charge import values
from edi.intake.charge.amounts import Authorizations, FeeTable, VisitDays, fill_units
from edi.intake.charge.assemble import make_draft
from edi.intake.charge.grouping import counted_with, group_lines, same_units
from edi.intake.charge.parties import lacks_employer
from edi.intake.charge.plain import PlainCharges
from edi.intake.charge.resolve import Resolver
from edi.intake.charge.values import ChargeSummary, DayKey, Ready, problem
from edi.intake.rows import RowRejected
from edi.intake.sessions import without_withdrawn
from edi.model.directory import Directory
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.model.records import Records
from edi.model.session import BilledSession, SessionLine
from edi.payers import PayerProfile

__all__ = ["ChargeSummary", "VisitDays", "build_claims"]

_DIGITS: Final = re.compile(r"(\d+)")


def build_claims(
    lines: Iterable[SessionLine | RowRejected],
    records: Records,
    directory: Directory,
    payers: Mapping[str, PayerProfile],
    tables: Tables | None = None,
    visit_days: VisitDays | None = None,
    earlier: Iterable[BilledSession] = (),
) -> Iterator[ClaimDraft | Finding | ChargeSummary]:
    """Make claims of session lines.

    A line with an error holds its patient's whole day, as does a row that could not be read: the missing line would
    come later as a second claim for the day.

    Args:
        lines: what `read_sessions` yields of these two kinds.
        records: patients, cases, authorizations, fees.
        directory: practices, facilities, therapists.
        payers: profiles by key.
        tables: the code tables; the shipped ones if None.
        visit_days: dates of the visits that earlier claims used, by practice, patient and authorization number.
        earlier: session lines that earlier claims billed; their minutes and units count with those of their day.

    Yields:
        Findings and ClaimDrafts by practice, patient and date, the same for any order of the lines; last one
        ChargeSummary. Control numbers and line control numbers are blank.
    """
    run = _Run(records, directory, payers, tables or load_tables(), visit_days or {})
    yield from run.claims(lines, earlier)


class _Run:
    """The steps of one run: resolve, units, authorization, charge, hold, group, assemble."""

    def __init__(
        self,
        records: Records,
        directory: Directory,
        payers: Mapping[str, PayerProfile],
        tables: Tables,
        visit_days: VisitDays,
    ) -> None:
        self._directory = directory
        self._tables = tables
        self._payers = payers
        self._resolver = Resolver(records, directory, payers)
        self._fees = FeeTable(records.fees)
        self._plain = PlainCharges(records.fees, tables)
        self._authorizations = Authorizations(records, visit_days)
        self._earlier: dict[tuple[str, str], list[BilledSession]] = {}
        self._unread_visits: dict[tuple[str, str], RowRejected] = {}
        self._held: set[DayKey] = set()
        self._blamed: set[DayKey] = set()
        self._in_error: set[str | None] = set()
        self._counts = dict.fromkeys(ChargeSummary.__struct_fields__, 0)
        self._do_not_bill: dict[str, int] = {}

    def claims(
        self, lines: Iterable[SessionLine | RowRejected], earlier: Iterable[BilledSession]
    ) -> Iterator[ClaimDraft | Finding | ChargeSummary]:
        for one in earlier:
            self._earlier.setdefault((one.line.practice_id, one.line.patient_id), []).append(one)
        wanted = self._wanted(lines)
        wanted.sort(key=_order)
        for _, group in groupby(wanted, key=lambda line: (line.practice_id, line.patient_id)):
            yield from self._patient(list(group))
        yield ChargeSummary(**{**self._counts, "do_not_bill": self._do_not_bill})  # type: ignore[arg-type]

    def _wanted(self, lines: Iterable[SessionLine | RowRejected]) -> list[SessionLine]:
        """The lines to bill; the others are counted."""
        wanted: list[SessionLine] = []
        rejected: list[RowRejected] = []
        given: list[SessionLine] = []
        for item in lines:
            if isinstance(item, RowRejected):
                rejected.append(item)
            else:
                given.append(item)
        given, rejected = without_withdrawn(given, rejected)
        for row in rejected:
            if row.visit_id:
                self._unread_visits.setdefault((row.practice_id, row.visit_id), row)
            if row.line is None:
                self._price("refused_charge", row.charge)
            elif row.line.billable:
                self._price("refused_charge", self._plain.charge(row.line))
        for line in given:
            self._counts["lines"] += 1
            if line.billable:
                wanted.append(line)
            elif line.do_not_bill:
                self._do_not_bill[line.do_not_bill] = self._do_not_bill.get(line.do_not_bill, 0) + 1
            else:
                self._counts[line.note_status] += 1
        return wanted

    def _patient(self, lines: list[SessionLine]) -> Iterator[ClaimDraft | Finding]:
        """All lines of one patient, by date."""
        ready: list[Ready] = []
        for line in lines:
            found = self._resolver.resolve(line)
            if isinstance(found, Ready):
                ready.append(found)
                yield from self._first_checks(found)
            elif isinstance(found, Finding):
                self._counts["held"] += 1
                self._price("held_charge", self._plain.charge(line))
                yield self._hold((line.practice_id, line.patient_id, line.date_of_service), found)
            else:
                self._counts["self_pay"] += 1
        earlier = self._billed_before(lines[0])
        unbilled = set()
        for date_of_service, day in groupby(ready, key=lambda one: one.line.date_of_service):
            before = [one for one in earlier if one.line.date_of_service == date_of_service]
            for one, finding in self._amounts(list(day), before):
                yield finding
                if finding.code == values.ZERO_UNITS:
                    unbilled.add(id(one))
        yield from self._others_held(ready)
        clean = [one for one in ready if one.day_key not in self._held]
        billed = [one for one in clean if id(one) not in unbilled]
        silent = [one for one in clean if id(one) in unbilled]
        self._counts["zero_units"] += len(silent)
        yield from self._group(billed, silent, earlier)

    def _billed_before(self, line: SessionLine) -> list[Ready]:
        """The patient's lines that earlier claims billed, in order; one that can no longer be resolved is left out."""
        found = []
        known = self._earlier.get((line.practice_id, line.patient_id), [])
        for one in sorted(known, key=lambda each: _order(each.line)):
            resolved = self._resolver.resolve(one.line)
            if isinstance(resolved, Ready):
                resolved.earlier, resolved.units = True, one.units
                found.append(resolved)
        return found

    def _first_checks(self, ready: Ready) -> Iterator[Finding]:
        line = ready.line
        unread = self._unread_visits.get((line.practice_id, line.visit_id))
        if unread is not None and ready.day_key not in self._held:
            message = f"row {unread.row} of the same visit was refused, so the day waits for it"
            fix = f"Correct row {unread.row}."
            yield self._hold(
                ready.day_key, problem(line, values.VISIT_REFUSED, message, field="visit_id", fix=fix)
            )
        born = ready.patient.person.birth_date
        if born is not None and line.date_of_service < born:
            message = "the date of service lies before the patient's birth date"
            fix = "Correct date_of_service, or birth_date in patients.csv."
            yield self._hold(
                ready.day_key, problem(line, values.BEFORE_BIRTH, message, field="date_of_service", fix=fix)
            )
        if lacks_employer(ready):
            message = "workers' compensation is billed under the employer, and none is given"
            fix = "Fill in subscriber_organization in patients.csv or employer in the case."
            yield self._hold(
                ready.day_key,
                problem(line, values.NO_EMPLOYER, message, field="subscriber_organization", fix=fix),
            )

    def _amounts(self, day: list[Ready], before: list[Ready]) -> Iterator[tuple[Ready, Finding]]:
        """Units by discipline, then authorizations and charges of the lines of one day; ``before`` is billed of it."""
        zero = set()
        for discipline in dict.fromkeys(one.discipline for one in day):
            counted = [each for each in (*before, *day) if each.discipline == discipline]
            for one, finding in fill_units(counted, self._tables):
                if finding.severity == Severity.ERROR:
                    self._hold(one.day_key, finding)
                else:
                    zero.add(id(one))
                yield one, finding
        for one in day:
            if one.day_key in self._held or id(one) in zero:
                continue
            warning = self._authorizations.fill(one)
            if warning is not None:
                yield one, warning
            error = self._fees.fill_charge(one)
            if error is not None:
                yield one, self._hold(one.day_key, error)
            elif (one.line.patient_paid or 0) > one.charge:
                yield one, _paid_too_much(one.line)

    def _hold(self, day: DayKey, finding: Finding) -> Finding:
        self._held.add(day)
        self._in_error.add(finding.location.session)
        return finding

    def _known_charge(self, ready: Ready) -> int | None:
        """Cents of a line that is held: its own charge, or that of fees.csv where its units are known."""
        if ready.line.charge is None and ready.units and self._fees.fill_charge(ready) is None:
            return ready.charge
        return self._plain.charge(ready.line)

    def _price(self, sum_of: str, charge: int | None) -> None:
        """Add a charge to a sum of the run, or count the line whose charge is not known."""
        self._counts[sum_of if charge is not None else "unpriced"] += 1 if charge is None else charge

    def _others_held(self, ready: list[Ready]) -> Iterator[Finding]:
        """Count the lines of held days, and say once per day that its other lines wait too."""
        for one in ready:
            if one.day_key not in self._held:
                continue
            self._counts["held"] += 1
            self._price("held_charge", self._known_charge(one))
            if one.day_key not in self._blamed and one.line.line_id not in self._in_error:
                self._blamed.add(one.day_key)
                message = "the day waits: it has a line with an error, and a day is billed whole"
                fix = "Correct the errors of this patient and date."
                yield problem(
                    one.line,
                    values.DAY_HELD,
                    message,
                    field="date_of_service",
                    fix=fix,
                    severity=Severity.WARNING,
                )

    def _group(
        self, billed: list[Ready], silent: list[Ready], earlier: list[Ready]
    ) -> Iterator[ClaimDraft | Finding]:
        """Claims of the lines with units; the others and those billed earlier are counted with them."""
        groups, refused, said = group_lines(billed)
        along: dict[int, list[Ready]] = {}
        for one in silent:
            group = counted_with(groups, one)
            if group is not None:
                along.setdefault(id(group), []).append(one)
        yield from said
        for lines, finding in refused:
            self._counts["held"] += len(lines)
            for one in lines:
                self._price("held_charge", one.charge)
            yield finding
        for group in groups:
            before = [one for one in earlier if any(same_units(one, each) for each in group)]
            draft, findings = make_draft(
                group,
                self._directory,
                self._tables,
                self._payers,
                silent=along.get(id(group), ()),
                earlier=before,
            )
            self._counts["claims"] += 1
            self._counts["billed"] += len(group)
            yield from findings
            yield draft


def _paid_too_much(line: SessionLine) -> Finding:
    message = "the patient paid more than the line's charge"
    fix = "Correct patient_paid or charge; money for other lines stands with those."
    return problem(
        line,
        values.PAID_OVER_CHARGE,
        message,
        field="patient_paid",
        fix=fix,
        severity=Severity.WARNING,
    )


def _order(line: SessionLine) -> tuple[object, ...]:
    """Practice, patient, date, time, visit and line; numbers inside ids by their size. No two lines are equal in it."""
    return (
        line.practice_id,
        line.patient_id,
        line.date_of_service,
        line.start_time.isoformat() if line.start_time is not None else "",
        _natural(line.visit_id),
        _natural(line.line_id),
        line.line_id,
    )


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """The numbers in an id by length and digits, however long they are, and what is between them by its letters."""
    parts = [part.lstrip("0") if part.isdecimal() else part for part in _DIGITS.split(text) if part]
    return tuple([(0, len(part), part) if not part or part.isdecimal() else (1, 0, part) for part in parts])
