"""What payers said of claims, and what is to be done about it until a payment comes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, select

from edi.model.status import (
    DENIED,
    FINISHED,
    INFORMATION,
    NOT_FOUND,
    PAID,
    REJECTED,
    UNKNOWN,
    StatusAnswer,
    StatusCode,
)
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.claim_status.tying import BY_TRACE
from reconcile.store.schema import (
    ClaimRow,
    FileRow,
    FileTransactionRow,
    StatusAnswerRow,
    StatusInquiryRow,
)

NEEDS_WORK: Final = frozenset({NOT_FOUND, REJECTED, PAID, DENIED, FINISHED, INFORMATION, UNKNOWN})
"""States after which a person has to do something, as long as no payment answers the claim."""
_INQUIRY = table_of(StatusInquiryRow)
_ANSWER = table_of(StatusAnswerRow)
_CLAIM = table_of(ClaimRow)
_FILE = table_of(FileRow)
_SET = table_of(FileTransactionRow)


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the store with the claim it is about ("" and 0 where it found none).

    ``is_open``: no payment answers the submission, and the claim did not go out again since. ``charge`` is the claim's
    and ``file`` the name of the file the answer came in. Other fields as of ``StatusAnswerRow``.
    """

    digest: str
    claim_id: int
    practice_id: str
    patient_control_number: str
    payer: str
    payer_name: str
    charge: int
    date_from: date | None
    is_open: bool
    tied: str
    trace_number: str
    asked_on: date | None
    state: str
    code: StatusCode
    answered_on: date | None
    effective_on: date | None
    paid: int | None
    finalized_on: date | None
    remitted_on: date | None
    check_number: str
    payer_claim_control_number: str
    file: str
    st_control_number: str
    answer: StatusAnswer

    @property
    def brief(self) -> str:
        """State, codes and day in one text: ``pended P3:317 on 2026-03-10``."""
        codes = ":".join(part for part in (self.code.category, self.code.status, self.code.entity) if part)
        return " ".join(
            part for part in (self.state, codes, f"on {self.answered_on or 'an unknown day'}") if part
        )


def status_answers(
    connection: Connection,
    *,
    files: Collection[str] | None = None,
    claims: Collection[int] | None = None,
    only_open: bool = False,
) -> list[StoredAnswer]:
    """Answers, oldest first: by the day of the answer, of the status, then by digest.

    Args:
        connection: any transaction.
        files: digests of the files whose answers are wanted, None for all.
        claims: ids of submissions whose answers are wanted, None for all.
        only_open: leave out those of claims that a payment answers or that went out again, and those without a claim.
    """
    later = _CLAIM.alias("later")
    again = select(later.c.id).where(later.c.root == _CLAIM.c.root, later.c.id > _CLAIM.c.id).exists()
    is_open = and_(_CLAIM.c.adjudications == 0, ~again)
    query = (
        select(
            _ANSWER,
            _CLAIM.c.practice_id,
            _CLAIM.c.patient_control_number.label("claim_number"),
            _CLAIM.c.payer_key,
            _CLAIM.c.payer_id,
            _CLAIM.c.payer_name,
            _CLAIM.c.charge.label("claim_charge"),
            _CLAIM.c.date_from,
            is_open.label("is_open"),
            _INQUIRY.c.asked_on,
            _FILE.c.name.label("file"),
            _SET.c.st_control_number,
        )
        .join(_CLAIM, _CLAIM.c.id == _ANSWER.c.claim_id, isouter=not only_open)
        .join(
            _INQUIRY,
            and_(_INQUIRY.c.trace_number == _ANSWER.c.trace_number, _ANSWER.c.tied == BY_TRACE),
            isouter=True,
        )
        .join(_FILE, _FILE.c.sha256 == _ANSWER.c.file_sha256, isouter=True)
        .join(
            _SET,
            and_(_SET.c.file_sha256 == _ANSWER.c.file_sha256, _SET.c.position == _ANSWER.c.position),
            isouter=True,
        )
    )
    if only_open:
        query = query.where(is_open)
    if files is not None:
        query = query.where(_ANSWER.c.file_sha256.in_(sorted(files)))
    rows: list[Any] = []
    for some in chunks(sorted(claims), IN_LIST) if claims is not None else [None]:
        rows += connection.execute(query if some is None else query.where(_ANSWER.c.claim_id.in_(some)))
    found = [_stored(row) for row in rows]
    return sorted(found, key=lambda one: (*_days(one), one.digest))


def _days(one: StoredAnswer) -> tuple[date, date]:
    return one.answered_on or date.min, one.effective_on or date.min


def _stored(row: Any) -> StoredAnswer:
    return StoredAnswer(
        digest=row.digest,
        claim_id=row.claim_id or 0,
        practice_id=row.practice_id or "",
        patient_control_number=row.claim_number or row.patient_control_number,
        payer=row.payer_key or row.payer_id or "",
        payer_name=row.payer_name or "",
        charge=row.claim_charge or 0,
        date_from=row.date_from,
        is_open=bool(row.is_open),
        tied=row.tied,
        trace_number=row.trace_number,
        asked_on=row.asked_on,
        state=row.state,
        code=StatusCode(row.category, row.status, row.entity),
        answered_on=row.answered_on,
        effective_on=row.effective_on,
        paid=row.paid,
        finalized_on=row.finalized_on,
        remitted_on=row.remitted_on,
        check_number=row.check_number,
        payer_claim_control_number=row.payer_claim_control_number,
        file=row.file or "",
        st_control_number=row.st_control_number or "",
        answer=msgspec.msgpack.decode(row.content, type=StatusAnswer),
    )


def last_answers(connection: Connection, claims: Collection[int] | None = None) -> dict[int, StoredAnswer]:
    """The last answer about each submission that is open, by its id."""
    return {one.claim_id: one for one in status_answers(connection, claims=claims, only_open=True)}


def said_by(connection: Connection, claims: Collection[int], day: date | None = None) -> dict[int, str]:
    """State, codes and day of the last answer about submissions, by id.

    Args:
        connection: any transaction.
        claims: the submissions.
        day: only answers of that day or before, and those without one; None for all.
    """
    return {
        one.claim_id: one.brief
        for one in status_answers(connection, claims=claims)
        if day is None or one.answered_on is None or one.answered_on <= day
    }


def status_work(connection: Connection) -> Iterator[StoredAnswer]:
    """Last answers after which a person has to do something; a payment, or sending again, ends it."""
    found = (one for one in last_answers(connection).values() if one.state in NEEDS_WORK)
    yield from sorted(found, key=lambda one: (one.practice_id, one.patient_control_number, one.claim_id))


def not_taken(connection: Connection, claim: int) -> str:
    """What a payer said last of an open submission, if that it has no such claim or did not take it in; else ""."""
    answer = last_answers(connection, [claim]).get(claim)
    return answer.state if answer is not None and answer.state in (NOT_FOUND, REJECTED) else ""
