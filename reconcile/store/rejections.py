"""Claims that were rejected before a payer took them in, and everything that was said of it.

A TA1, a 999 or a 277CA of a whole submission speaks of a file or transaction set: the one that it was tied to.
A claim stands here until an accepting answer comes, it goes out again, or a payer answers it after all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, func, select

from reconcile.store.answered import CLAIMS_ANSWER, with_others
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.schema import AcknowledgmentRow, ClaimRow
from reconcile.store.submissions import REJECTION

_CLAIM = table_of(ClaimRow)
_ANSWER = table_of(AcknowledgmentRow)
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


def count_rejected_by_file(connection: Connection) -> dict[str, int]:
    """How many claims of each file are rejected and not sent again, by the file's digest."""
    rows = rejected_rows().subquery()
    query = select(rows.c.file_sha256, func.count()).group_by(rows.c.file_sha256)
    return {sha256: int(count) for sha256, count in connection.execute(query)}


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
    for claim, one in _with_others(connection, rows):
        found.setdefault(claim, []).append(one)
    return {claim: tuple(answers) for claim, answers in found.items()}


def _with_others(connection: Connection, rows: Sequence[Any]) -> Iterator[tuple[int, Answer]]:
    """The rejections of several claims at once, by the submissions that were among them.

    Those by a TA1 or 999 only of submissions that are rejected by one: a deeper answer undoes them.
    """
    stopped = {
        row.id
        for row in rows
        if REJECTION in row.acknowledged and not row.acknowledged.startswith(CLAIMS_ANSWER)
    }
    query = (
        select(_CLAIM.c.id.label("answered"), _ANSWER)
        .select_from(_CLAIM.join(_ANSWER, with_others(_CLAIM)))
        .where(~_ANSWER.c.accepted)
        .order_by(_ANSWER.c.kind == CLAIMS_ANSWER, _ANSWER.c.set_digest, _ANSWER.c.ordinal)
    )
    for some in chunks([row.id for row in rows], IN_LIST):
        for row in connection.execute(query.where(_CLAIM.c.id.in_(some))):
            if row.kind == CLAIMS_ANSWER or row.answered in stopped:
                yield row.answered, _answer(row)


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
