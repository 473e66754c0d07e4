"""What earlier claims say of a patient's days: lines billed, units of session lines, visits of authorizations.

Of the submissions of a chain to one payer only the newest counts, and none of those that ended in a void.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from edi.model.claim import Claim
from edi.model.frequency import VOID
from edi.model.history import EarlierLine, status_counts
from reconcile.store.bulk import IN_LIST, chunks, insert_new, table_of
from reconcile.store.claims import member_ids
from reconcile.store.content import unpack_claim
from reconcile.store.schema import (
    BilledSessionRow,
    ClaimContentRow,
    ClaimRow,
    ResubmissionRow,
    ServiceLineRow,
)
from reconcile.store.submissions import REJECTION
from reconcile.values import Again

NO_LINE: Final = 0
"""Line number of a session line that its claim counts without a service line: its minutes earned no unit."""

Member: TypeAlias = tuple[str, date]
"""What tells whose an imported claim is: member id and birth date."""

_CLAIM = table_of(ClaimRow)
_LINE = table_of(ServiceLineRow)
_CONTENT = table_of(ClaimContentRow)
_BILLED = table_of(BilledSessionRow)
_AGAIN = table_of(ResubmissionRow)


def _parts_only() -> Select[tuple[int]]:
    """Submissions with the denied lines alone: the other lines of their claims stand as they were sent before."""
    return select(_AGAIN.c.claim_id).where(_AGAIN.c.kind == Again.DENIED_LINES.value)


def _in_force(practice_id: str, patient_ids: Sequence[str]) -> ColumnElement[bool]:
    """The condition for claims of patients that are the newest of their chain and payer, and no void.

    A rejected submission is as if it had not been sent: it counts only where none was taken.
    """
    other = _CLAIM.alias()
    whole = select(func.max(other.c.id)).where(
        other.c.root == _CLAIM.c.root,
        other.c.payer_key == _CLAIM.c.payer_key,
        other.c.id.not_in(_parts_only()),
    )
    taken = or_(other.c.adjudications > 0, other.c.acknowledged.not_like(f"%{REJECTION}%"))
    newest = func.coalesce(
        whole.where(taken).scalar_subquery(), whole.where(other.c.frequency != VOID).scalar_subquery()
    )
    return and_(
        _CLAIM.c.practice_id == practice_id,
        _CLAIM.c.patient_id.in_(patient_ids),
        _CLAIM.c.id == newest,
        _CLAIM.c.frequency != VOID,
    )


def earlier_lines(
    connection: Connection,
    practice_id: str,
    patient_ids: Iterable[str],
    first: date,
    last: date,
    *,
    authorized: Collection[str] = (),
    members: Mapping[Member, str] | None = None,
) -> Iterator[EarlierLine]:
    """The service lines billed for patients of a practice from one day to another, both included, oldest claim first.

    Args:
        connection: an open one.
        practice_id: whose claims.
        patient_ids: whose lines, as the practice calls them.
        first: the earliest date of service.
        last: the latest.
        authorized: those of the patients whose authorization numbers are wanted; only the whole claim knows them.
        members: the patients by member id and birth date: so imported claims are found, which do not say whose they
            are in the practice's own ids. None leaves them out.
    """
    later = _LaterPayers()
    wanted = sorted(patient_ids)
    for some in chunks([one for one in wanted if one not in authorized], IN_LIST):
        query = _claims(practice_id, some, first, last).join(_LINE, _LINE.c.claim_id == _CLAIM.c.id)
        query = query.add_columns(
            _LINE.c.procedure_code, _LINE.c.modifiers, _LINE.c.date_from, _LINE.c.charge, _LINE.c.units
        )
        in_order = query.where(_LINE.c.date_from.between(first, last)).order_by(_CLAIM.c.id, _LINE.c.number)
        for row in connection.execute(in_order):
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
                status=_status(row),
                later_payer=later.is_later(row),
            )
    for some in chunks([one for one in wanted if one in authorized], IN_LIST):
        query = _claims(practice_id, some, first, last).order_by(_CLAIM.c.id)
        for row, claim in _with_content(connection, query):
            yield from _lines_of(claim, row.patient_id, row, first, last, later)
    if members:
        yield from _imported(connection, practice_id, members, first, last, later)


def _imported(
    connection: Connection,
    practice_id: str,
    members: Mapping[Member, str],
    first: date,
    last: date,
    later: _LaterPayers,
) -> Iterator[EarlierLine]:
    """The lines of claims that name no patient of the practice, and are of one of these members."""
    query = _claims(practice_id, [""], first, last).order_by(_CLAIM.c.id)
    told: set[int] = set()
    for some in chunks(sorted({number for number, _ in members}), IN_LIST):
        several = _CLAIM.c.member_ids.contains("\n", autoescape=True)
        found = query.where(or_(_CLAIM.c.member_ids.in_(some), several))
        asked = frozenset(some)
        for row, claim in _with_content(connection, found):
            born = claim.patient_person.birth_date
            if born is None:
                continue
            owners = (members.get((number, born)) for number in member_ids(claim) if number in asked)
            patient = next((one for one in owners if one), None)
            if patient is not None and row.id not in told:
                told.add(row.id)
                yield from _lines_of(claim, patient, row, first, last, later)


def _claims(practice_id: str, patient_ids: Sequence[str], first: date, last: date) -> Select[Any]:
    """The claims in force of patients that reach into these days, with what an ``EarlierLine`` says of its claim."""
    root = _CLAIM.alias("root")
    query = select(
        _CLAIM.c.id,
        _CLAIM.c.root,
        _CLAIM.c.patient_id,
        _CLAIM.c.patient_control_number,
        _CLAIM.c.payer_key,
        _CLAIM.c.status,
        _CLAIM.c.adjudications,
        root.c.status.label("books"),
    ).join(root, root.c.id == _CLAIM.c.root)
    return query.where(
        _in_force(practice_id, patient_ids), _CLAIM.c.date_to >= first, _CLAIM.c.date_from <= last
    )


def _with_content(connection: Connection, query: Select[Any]) -> Iterator[tuple[Row[Any], Claim]]:
    """The rows of a query on claims, each with the whole claim."""
    whole = query.join(_CONTENT, _CONTENT.c.claim_id == _CLAIM.c.id).add_columns(_CONTENT.c.content)
    for row in connection.execute(whole):
        yield row, unpack_claim(row.content)


def _lines_of(
    claim: Claim, patient_id: str, row: Row[Any], first: date, last: date, later: _LaterPayers
) -> Iterator[EarlierLine]:
    """The lines of a claim from one day to another, with the authorizations they were billed with."""
    is_later = later.is_later(row)
    for line in claim.lines:
        if line.date_from is None or not first <= line.date_from <= last:
            continue
        yield EarlierLine(
            practice_id=claim.practice_id,
            patient_id=patient_id,
            patient_control_number=claim.patient_control_number,
            payer=row.payer_key,
            procedure_code=line.procedure.code,
            modifiers=line.procedure.modifiers,
            date_of_service=line.date_from,
            charge=line.charge,
            units=line.units,
            status=_status(row),
            authorization=line.authorization or claim.authorization,
            later_payer=is_later,
        )


def _status(row: Row[Any]) -> str:
    """What became of a submission: what the books of its chain say once it was answered, else its own status."""
    return str(row.books if row.adjudications else row.status)


class _LaterPayers:
    """Tells the submissions to a first payer from those to the next ones; rows must come by id."""

    def __init__(self) -> None:
        self._first: dict[int, str] = {}

    def is_later(self, row: Row[Any]) -> bool:
        """Whether the claim of the row was billed to another payer before."""
        return self._first.setdefault(row.root, row.payer_key) != str(row.payer_key)


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
    """The dates of service on which earlier claims used authorizations, by practice, patient and their number.

    Claims that were rejected used none.
    """
    root = _CLAIM.alias("root")
    query: Select[Any] = (
        select(
            _CLAIM.c.patient_id,
            _CLAIM.c.status,
            _CLAIM.c.adjudications,
            root.c.status.label("books"),
            _CONTENT.c.content,
        )
        .join(_CONTENT, _CONTENT.c.claim_id == _CLAIM.c.id)
        .join(root, root.c.id == _CLAIM.c.root)
    )
    found: dict[tuple[str, str, str], set[date]] = {}
    for some in chunks(sorted(patient_ids), IN_LIST):
        for row in connection.execute(query.where(_in_force(practice_id, some))):
            if not status_counts(_status(row)):
                continue
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
