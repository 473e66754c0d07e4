"""Units from minutes over the whole day, charges from fees.csv, and authorizations by visits left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

from edi.codes import Tables
from edi.codes.shown import procedure_may_be_shown
from edi.intake.charge import values
from edi.intake.charge.blocks import fill_blocks
from edi.intake.charge.values import Ready, problem
from edi.model.finding import Finding, Severity
from edi.model.records import Authorization, Fee, Records
from edi.model.units import allocate, allocate_late

_SHOWN: Final = 10
"""Rows of fees.csv that one message names."""

VisitDays: TypeAlias = Mapping[tuple[str, str, str], Collection[date]]
"""Dates of service by practice, patient and authorization number."""


def fill_units(day: Sequence[Ready], tables: Tables) -> Iterator[tuple[Ready, Finding]]:
    """Set ``units`` of the lines of one patient, date and discipline (all lines, whatever claim they go on).

    Units given are kept. Blank ones: an untimed code is 1; 15-minute codes are allocated from the minutes of the day by
    the payer's method; a first block is 1 and its add-on counts the minutes beyond it (`fill_blocks`). Lines with units
    given take part by their minutes; lines billed earlier by their minutes and units.

    Yields:
        A line and its problem: an error when the units cannot be worked out, a warning when the minutes earn none.
    """
    blank = [ready for ready in day if not ready.earlier and ready.line.units is None]
    undecided: dict[int, str] = {id(ready): reason for ready, reason in fill_blocks(day, tables)}
    pool = [ready for ready in day if ready.line.minutes is not None and _pooled(ready, tables)]
    for ready in day:
        if not ready.earlier and ready.line.units is not None:
            ready.units = ready.line.units
    earning = list(pool)
    for ready in blank:
        known = tables.procedure(ready.line.procedure_code)
        if known is not None and known.time_basis == "untimed":
            ready.units = 1
        elif known is not None and known.in_series and id(ready) not in undecided:
            earning.append(ready)
        elif not _pooled(ready, tables) or ready.line.minutes is None:
            yield ready, _no_units(ready, tables, undecided.get(id(ready), ""))
    _fill_pool(pool)
    for ready in earning:
        if ready.line.units is None and not ready.earlier and not ready.units:
            yield ready, _zero_units(ready, beside=any(each.earlier for each in earning))


def _pooled(ready: Ready, tables: Tables) -> bool:
    return tables.counts_by_quarter_hour(ready.line.procedure_code)


def _fill_pool(pool: Sequence[Ready]) -> None:
    """Set the blank units of the 15-minute lines of a day, those billed earlier among them."""
    if not pool:
        return
    policy = pool[0].payer.units
    for ready, units in zip(pool, _allocated(pool, policy.method), strict=True):
        if not ready.earlier and ready.line.units is None:
            ready.units = min(units, 1) if policy.one_unit_per_code else units


def _zero_units(ready: Ready, *, beside: bool) -> Finding:
    billed = " beside what is billed of the day" if beside else ""
    message = (
        f"{ready.line.minutes} minutes earn no unit{billed} by the payer's method ({ready.payer.units.method}); "
        "the line is on no claim"
    )
    fix = "Nothing, or correct the minutes; give units to bill it all the same."
    return problem(
        ready.line, values.ZERO_UNITS, message, field="minutes", fix=fix, severity=Severity.WARNING
    )


def _allocated(pool: Sequence[Ready], method: str) -> tuple[int, ...]:
    """The units of each timed line of a day and discipline; a line billed earlier keeps what it was billed with."""
    minutes = [(each.line.procedure_code, each.line.minutes or 0) for each in pool]
    if not any(each.earlier for each in pool):
        return allocate(method, minutes).units
    return allocate_late(method, minutes, [each.units if each.earlier else None for each in pool])


def _no_units(ready: Ready, tables: Tables, undecided: str) -> Finding:
    line = ready.line
    if undecided:
        message = f"units of {line.procedure_code} do not follow from the minutes: {undecided}"
        fix = "Fill in units of the first block and of its add-on, each on a row of its own."
    elif _pooled(ready, tables):
        message = "neither units nor minutes of the code are given"
        fix = "Fill in minutes of each code, or units; the visit's total alone cannot be spread."
    elif tables.procedure(line.procedure_code) is None:
        near = tables.similar_procedures(line.procedure_code, line.date_of_service)
        message = "the code is not in the table, so its units cannot be worked out"
        fix = (
            f"Did you mean {' or '.join(near)}? Else fill in units."
            if near
            else "Fill in units, or correct the code."
        )
    else:
        message = "the code is not counted in 15 minutes, so its units cannot be worked out"
        fix = "Fill in units."
    return problem(line, values.NO_UNITS, message, field="units", fix=fix)


class FeeTable:
    """Our charges by code; built once per run."""

    def __init__(self, fees: Iterable[Fee]) -> None:
        self._by_code: dict[str, list[Fee]] = {}
        for fee in fees:
            if fee.kind == "charge":
                self._by_code.setdefault(fee.code, []).append(fee)

    def fill_charge(self, ready: Ready) -> Finding | None:
        """Set ``charge`` in cents: the line's own, else the most specific row of fees.csv (per unit or per line).

        A row is the more specific the more of practice, payer, code, modifier, credential and place it names.

        Returns:
            The problem: no row, or several equally specific ones.
        """
        line = ready.line
        if line.charge is not None:
            ready.charge = line.charge
            return None
        rows = [
            fee
            for code in (line.procedure_code, "*")
            for fee in self._by_code.get(code, ())
            if _applies(fee, ready)
        ]
        most = max((fee.specificity for fee in rows), default=0)
        best = [fee for fee in rows if fee.specificity == most]
        if not best:
            code = line.procedure_code if procedure_may_be_shown(line.procedure_code) else "its code"
            message = f"no charge is given, and fees.csv has none for {code} on that day"
            return problem(
                line, values.NO_CHARGE, message, field="charge", fix="Add a charge row to fees.csv."
            )
        if len(best) > 1:
            listed = " and ".join(str(fee.row) for fee in best[:_SHOWN])
            more = f", with {len(best) - _SHOWN} more," if len(best) > _SHOWN else ""
            message = f"rows {listed}{more} of fees.csv are equally specific"
            fix = "End one of them with a date, or make one more specific."
            return problem(line, values.CHARGE_AMBIGUOUS, message, field="charge", fix=fix)
        ready.charge = best[0].amount * (ready.units if best[0].basis == "per_unit" else 1)
        return None


def _applies(fee: Fee, ready: Ready) -> bool:
    line = ready.line
    return fee.applies(
        line.date_of_service,
        practice_id=line.practice_id,
        payer=ready.payer.key,
        modifiers=line.modifiers,
        credential=ready.treating.credential.upper(),
        place_of_service=ready.place_of_service,
    )


class Authorizations:
    """Which authorization a line uses; counts the visits of the run as it goes, so lines must come by date.

    Args:
        records: where authorizations.csv was read to.
        used: dates of the visits that earlier claims have used, by practice, patient and authorization number.
    """

    def __init__(self, records: Records, used: VisitDays) -> None:
        self._by_patient: dict[str, list[Authorization]] = {}
        for one in records.authorizations:
            self._by_patient.setdefault(one.patient_id, []).append(one)
        for rows in self._by_patient.values():
            rows.sort(key=lambda one: (one.valid_to, one.authorization_number))
        self._used = used
        self._days: dict[tuple[str, str, str], set[date]] = {}

    def fill(self, ready: Ready) -> Finding | None:
        """Set ``authorization``: the line's own, else the one that ends first among those that fit and have visits.

        Returns:
            A warning when one would fit but its visits are used up.
        """
        line = ready.line
        if line.prior_authorization:
            ready.authorization = line.prior_authorization
            return None
        fitting = [one for one in self._by_patient.get(line.patient_id, ()) if _fits(one, ready)]
        for one in fitting:
            if self._take_visit(one, line.practice_id, line.date_of_service):
                ready.authorization = one.authorization_number
                return None
        if not fitting:
            return None
        message = "the authorization for this code has no visits left; the claim goes without one"
        fix = "Ask the payer for more visits before billing."
        place = "prior_authorization"
        return problem(
            line, values.AUTHORIZATION_USED_UP, message, field=place, fix=fix, severity=Severity.WARNING
        )

    def _take_visit(self, one: Authorization, practice_id: str, day: date) -> bool:
        """Count the day as a visit, unless it is one already or none is left."""
        key = (practice_id, one.patient_id, one.authorization_number)
        days = self._days.setdefault(key, set(self._used.get(key, ())))
        if day not in days:
            if one.visits is not None and one.visits_used_elsewhere + len(days) >= one.visits:
                return False
            days.add(day)
        return True


def _fits(one: Authorization, ready: Ready) -> bool:
    line = ready.line
    return (
        one.practice_id in ("", line.practice_id)
        and one.payer == ready.payer.key
        and one.holds_on(line.date_of_service)
        and one.covers(line.procedure_code)
        and (not one.case_id or (ready.case is not None and ready.case.case_id == one.case_id))
        and one.approved
    )
