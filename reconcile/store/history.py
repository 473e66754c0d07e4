"""What earlier claims say of a patient's days: lines billed, units of session lines, visits of authorizations.

Only the newest submission of a chain counts, and none of a chain that ended in a void.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, select

from edi.model.history import EarlierLine
from reconcile.store.bulk import IN_LIST, chunks, insert_new, table_of
from reconcile.store.content import unpack_claim
from reconcile.store.schema import BilledSessionRow, ClaimContentRow, ClaimRow, ServiceLineRow

VOID: Final = "8"
"""CLM05-3 of a claim that takes back an earlier one."""
NO_LINE: Final = 0
"""Line number of a session line that its claim counts without a service line: its minutes earned no unit."""

_CLAIM = table_of(ClaimRow)
_LINE = table_of(ServiceLineRow)
_CONTENT = table_of(ClaimContentRow)
_BILLED = table_of(BilledSessionRow)


def _in_force(practice_id: str, patient_ids: Sequence[str]) -> ColumnElement[bool]:
    """The condition for claims of patients that are the newest of their chain and no void."""
    other = _CLAIM.alias()
    newest = select(func.max(other.c.id)).where(other.c.root == _CLAIM.c.root).scalar_subquery()
    return and_(
        _CLAIM.c.practice_id == practice_id,
        _CLAIM.c.patient_id.in_(patient_ids),
        _CLAIM.c.id == newest,
        _CLAIM.c.frequency != VOID,
    )


def earlier_lines(
    connection: Connection, practice_id: str, patient_ids: Iterable[str], first: date, last: date
) -> Iterator[EarlierLine]:
    """The service lines billed for patients of a practice from one day to another, both included, oldest first.

    Imported claims do not say whose they are in the practice's own ids, so they are not among them.
    """
    query = (
        select(_CLAIM.c.patient_id, _CLAIM.c.patient_control_number, _CLAIM.c.payer_key, _CLAIM.c.status)
        .add_columns(
            _LINE.c.procedure_code, _LINE.c.modifiers, _LINE.c.date_from, _LINE.c.charge, _LINE.c.units
        )
        .join(_LINE, _LINE.c.claim_id == _CLAIM.c.id)
        .where(_LINE.c.date_from.between(first, last))
        .order_by(_CLAIM.c.id, _LINE.c.number)
    )
    for some in chunks(patient_ids, IN_LIST):
        for row in connection.execute(query.where(_in_force(practice_id, some))):
            yield EarlierLine(
                practice_id=practice_id,
                patient_id=row.patient_id,
                patient_control_number=row.patient_control_number,
                payer=row.payer_key,
                procedure_code=row.procedure_code,
                modifiers=tuple(row.modifiers.split()),
                date_of_service=row.date_from,
                charge=row.charge,
                units=row.units,
                status=row.status,
            )


def billed_units(connection: Connection, practice_id: str, line_ids: Iterable[str]) -> dict[str, int]:
    """The units that session lines of a practice were billed with, by line_id; those not billed are left out.

    A session line without a service line has 0. Where a service line bills several, the first in order of line_id has
    its units and the others 0.
    """
    query = (
        select(_BILLED.c.line_id, _BILLED.c.claim_id, _BILLED.c.line_number, _LINE.c.units)
        .outerjoin(
            _LINE, and_(_LINE.c.claim_id == _BILLED.c.claim_id, _LINE.c.number == _BILLED.c.line_number)
        )
        .where(_BILLED.c.practice_id == practice_id)
        .order_by(_BILLED.c.line_id)
    )
    found: dict[str, int] = {}
    told: set[tuple[int, int]] = set()
    for some in chunks(line_ids, IN_LIST):
        for row in connection.execute(query.where(_BILLED.c.line_id.in_(some))):
            line = (row.claim_id, row.line_number)
            units = row.units or ""
            found[row.line_id] = int(units) if line not in told and units.isdigit() else 0
            told.add(line)
    return found


def authorized_days(
    connection: Connection, practice_id: str, patient_ids: Collection[str]
) -> dict[tuple[str, str, str], set[date]]:
    """The dates of service on which earlier claims used authorizations, by practice, patient and their number."""
    query = select(_CLAIM.c.patient_id, _CONTENT.c.content).join(_CONTENT, _CONTENT.c.claim_id == _CLAIM.c.id)
    found: dict[tuple[str, str, str], set[date]] = {}
    for some in chunks(sorted(patient_ids), IN_LIST):
        for row in connection.execute(query.where(_in_force(practice_id, some))):
            claim = unpack_claim(row.content)
            for line in claim.lines:
                number = line.authorization or claim.authorization
                if number and line.date_from is not None:
                    found.setdefault((practice_id, row.patient_id, number), set()).add(line.date_from)
    return found


def save_sessions_without_line(connection: Connection, sessions: Iterable[tuple[str, str, str, int]]) -> None:
    """Note session lines whose minutes a claim counts though they earned no unit, so that no later run takes them up.

    Args:
        connection: the transaction that stores the claim.
        sessions: practice, line_id, content hash and the claim's id of each.
    """
    rows: list[tuple[Any, ...]] = [(*one, NO_LINE) for one in sessions]
    insert_new(connection, BilledSessionRow, rows)
