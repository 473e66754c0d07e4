"""Claims that were rejected before a payer took them in, and everything that was said of it.

A TA1 or 999 speaks of a file or transaction set; which file was meant, the record of its own transaction set tells.
A claim stands here until an accepting answer comes, it goes out again, or a payer answers it after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.schema import AcknowledgmentRow, ClaimRow, FileTransactionRow
from reconcile.store.submissions import REJECTION
from reconcile.store.whole_rejections import CLAIMS_ANSWER, whole_rejections

_CLAIM = table_of(ClaimRow)
_ANSWER = table_of(AcknowledgmentRow)
_SET = table_of(FileTransactionRow)
REJECTED: Final = "rejected"
"""The status of a claim."""


class Answer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One accept or reject as the store has it; fields as of ``edi.model.acknowledgment``, ``notes`` in one text."""

    kind: str
    level: str
    accepted: bool
    code: str
    status: str
    entity: str
    line_control_number: str
    segment_in_error: str
    element_in_error: str
    notes: str
    date: date | None


class Sent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a claim went out: its file in the vault and its control numbers there."""

    file_sha256: str
    interchange_control_number: str
    group_control_number: str
    st_control_number: str


class Rejection(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A rejected submission after which the claim did not go out again. ``charge`` is cents."""

    claim_id: int
    practice_id: str
    patient_control_number: str
    payer: str
    payer_name: str
    charge: int
    date_from: date | None
    sent: Sent
    answers: tuple[Answer, ...]


def rejected_rows() -> Select[Any]:
    """The submissions that are rejected and after which the claim did not go out again."""
    later = _CLAIM.alias()
    sent_later = select(later.c.id).where(later.c.root == _CLAIM.c.root, later.c.id > _CLAIM.c.id)
    return select(_CLAIM).where(_CLAIM.c.status == REJECTED, ~sent_later.exists())


def count_rejected(connection: Connection) -> int:
    """How many claims are rejected and not sent again."""
    return int(connection.execute(select(func.count()).select_from(rejected_rows().subquery())).scalar_one())


def rejections(connection: Connection) -> tuple[Rejection, ...]:
    """The claims that are rejected and not sent again, by practice and number, with what was said of each."""
    order = (_CLAIM.c.practice_id, _CLAIM.c.patient_control_number, _CLAIM.c.id)
    rows = connection.execute(rejected_rows().order_by(*order)).all()
    said = answers_of(connection, rows)
    return tuple(
        Rejection(
            claim_id=row.id,
            practice_id=row.practice_id,
            patient_control_number=row.patient_control_number,
            payer=row.payer_key or row.payer_id,
            payer_name=row.payer_name,
            charge=row.charge,
            date_from=row.date_from,
            sent=sent_as(row),
            answers=tuple(one for one in said.get(row.id, ()) if not one.accepted),
        )
        for row in rows
    )


def sent_as(row: Any) -> Sent:
    """How the claim of a row went out."""
    return Sent(
        file_sha256=row.file_sha256,
        interchange_control_number=row.interchange_control_number,
        group_control_number=row.group_control_number,
        st_control_number=row.st_control_number,
    )


def answers_of(connection: Connection, rows: Sequence[Any]) -> dict[int, tuple[Answer, ...]]:
    """What was said of submissions, by their id: of each alone, and of the files of those that are rejected as a whole.

    Args:
        connection: any transaction.
        rows: of the table of claims.
    """
    found: dict[int, list[Answer]] = {}
    query = select(_ANSWER).order_by(_ANSWER.c.set_digest, _ANSWER.c.ordinal)
    for some in chunks([row.id for row in rows], IN_LIST):
        for answer in connection.execute(query.where(_ANSWER.c.claim_id.in_(some))):
            found.setdefault(answer.claim_id, []).append(_answer(answer))
    whole = [
        row
        for row in rows
        if REJECTION in row.acknowledged and not row.acknowledged.startswith(CLAIMS_ANSWER)
    ]
    for claim, answers in _of_files(connection, whole).items():
        found.setdefault(claim, []).extend(answers)
    for some in chunks([row.id for row in rows], IN_LIST):
        for claim, told in whole_rejections(connection, some).items():
            found.setdefault(claim, []).extend(_answer(row) for row in told)
    return {claim: tuple(answers) for claim, answers in found.items()}


def _of_files(connection: Connection, rows: Sequence[Any]) -> dict[int, list[Answer]]:
    """The rejections of whole interchanges, groups and transaction sets, by the submissions that were in them."""
    groups: dict[str, list[Any]] = {}
    interchanges: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.group_control_number, []).append(row)
        interchanges.setdefault(row.interchange_control_number, []).append(row)
    found: dict[int, list[Answer]] = {}
    for column, claims in (
        (_ANSWER.c.group_control_number, groups),
        (_ANSWER.c.interchange_control_number, interchanges),
    ):
        for answer in _whole(connection, column, (number for number in claims if number)):
            for row in claims[answer._mapping[column.name]]:
                if _meant(answer, row):
                    found.setdefault(row.id, []).append(_answer(answer))
    return found


def _whole(connection: Connection, column: ColumnElement[str], numbers: Iterable[str]) -> Iterable[Any]:
    """The rejections of more than one claim under some control numbers, with the record of their own set."""
    own_set = and_(
        _SET.c.file_sha256 == _ANSWER.c.file_sha256,
        _SET.c.content_digest == _ANSWER.c.set_digest,
        _SET.c.outcome == "posted",
    )
    query = (
        select(_ANSWER, _SET.c.record)
        .outerjoin(_SET, own_set)
        .where(~_ANSWER.c.accepted, _ANSWER.c.claims > 0, _ANSWER.c.claim_id.is_(None))
        .where(_ANSWER.c.kind != CLAIMS_ANSWER)
        .order_by(_ANSWER.c.set_digest, _ANSWER.c.ordinal)
    )
    for some in chunks(sorted(numbers), IN_LIST):
        yield from connection.execute(query.where(column.in_(some)))


def _meant(answer: Any, row: Any) -> bool:
    """Whether the answer is about the transaction set and file of a submission."""
    if answer.transaction_control_number not in ("", row.st_control_number):
        return False
    record: Mapping[str, Any] = msgspec.json.decode(answer.record or "{}")
    files = record.get("files") or ()
    return not files or row.file_sha256 in files


def _answer(row: Any) -> Answer:
    return Answer(
        kind=row.kind,
        level=row.level,
        accepted=bool(row.accepted),
        code=row.code,
        status=row.status,
        entity=row.entity,
        line_control_number=row.line_control_number,
        segment_in_error=row.segment_in_error,
        element_in_error=row.element_in_error,
        notes=row.notes,
        date=row.stated_on,
    )
