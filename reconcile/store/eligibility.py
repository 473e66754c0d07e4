"""Inquiries about coverage and the answers to them: who was asked, what it means, which answer counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Final

import msgspec
from sqlalchemy import Connection, and_, select

from edi.model.confirmation import Confirmation, confirmation_of
from edi.model.eligibility import EligibilityAnswer, EligibilityInquiry
from edi.model.identity import answers_by_member, answers_by_trace
from edi.model.spelling import spelled
from reconcile.store.bulk import insert, table_of
from reconcile.store.inquiry_answers import held, insert_answers
from reconcile.store.schema import EligibilityAnswerRow, EligibilityInquiryRow

BY_TRACE: Final = "trace"
BY_MEMBER: Final = "member"
UNTIED: Final = ""

_INQUIRY = table_of(EligibilityInquiryRow)
_ANSWER = table_of(EligibilityAnswerRow)
_ENCODER = msgspec.msgpack.Encoder()


class SavedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one answer: its meaning, how it was tied (``trace``, ``member``, ""), and whether it is new."""

    confirmation: Confirmation
    tied: str
    new: bool


class StoredConfirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmation of the store. ``asked_on`` is the day of the inquiry, None when there was none."""

    confirmation: Confirmation
    tied: str
    asked_on: date | None = None


def save_inquiries(
    connection: Connection,
    inquiries: Sequence[EligibilityInquiry],
    *,
    partner: str,
    file_sha256: str,
    asked_on: date,
) -> None:
    """Store what a 270 asks, in the transaction that allocated its trace numbers."""
    insert(
        connection,
        EligibilityInquiryRow,
        [
            (
                one.trace_number,
                one.practice_id,
                one.patient_id,
                one.payer_key,
                one.payer_id,
                spelled(one.member_id),
                one.patient_person.birth_date,
                partner,
                asked_on,
                file_sha256,
                _ENCODER.encode(one),
            )
            for one in inquiries
        ],
    )


def save_answers(
    connection: Connection, answers: Sequence[EligibilityAnswer], *, file_sha256: str
) -> list[SavedAnswer]:
    """Store answers, each tied to the inquiry it answers: by trace number, else by member, birth date, name and payer.

    What is tied to no inquiry is kept too. An answer whose values are stored already changes nothing, whatever file it
    comes in.

    Returns:
        One for each answer, in their order.
    """
    tie = _Tie(connection, answers)
    ties = [tie.inquiry(answer) for answer in answers]
    meanings = [confirmation_of(answer, asked) for answer, (asked, _) in zip(answers, ties, strict=True)]
    rows = [
        (
            one.trace_number,
            one.practice_id,
            one.patient_id,
            one.payer_key,
            one.status,
            one.confirmed_on,
            tied,
            file_sha256,
            _ENCODER.encode(one),
        )
        for one, (_, tied) in zip(meanings, ties, strict=True)
    ]
    inserted = insert_answers(connection, EligibilityAnswerRow, answers, rows)
    return [
        SavedAnswer(confirmation=one, tied=tied, new=new)
        for one, (_, tied), (_, new) in zip(meanings, ties, inserted, strict=True)
    ]


class _Tie:
    """Finds the inquiries that answers are about."""

    def __init__(self, connection: Connection, answers: Sequence[EligibilityAnswer]) -> None:
        traces = {trace for answer in answers for trace in answer.asked_traces}
        members = {spelled(answer.member_id) for answer in answers} - {""}
        self._by_trace = {one.trace_number: one for one in _inquiries(connection, "trace_number", traces)}
        self._by_member: dict[tuple[str, date | None], list[EligibilityInquiry]] = {}
        for one in _inquiries(connection, "member_id", members):
            key = (spelled(one.member_id), one.patient_person.birth_date)
            self._by_member.setdefault(key, []).append(one)

    def inquiry(self, answer: EligibilityAnswer) -> tuple[EligibilityInquiry | None, str]:
        """The inquiry of an answer and how it was found; the latest one where a member was asked about often."""
        for trace in answer.asked_traces:
            found = self._by_trace.get(trace)
            if found is not None and answers_by_trace(answer, found):
                return found, BY_TRACE
        key = (spelled(answer.member_id), answer.patient_person.birth_date)
        candidates = [one for one in self._by_member.get(key, ()) if answers_by_member(answer, one)]
        if len({(one.practice_id, one.patient_id) for one in candidates}) != 1:
            return None, UNTIED
        latest = max(candidates, key=lambda one: one.trace_number)
        return msgspec.structs.replace(latest, date_from=None, date_to=None), BY_MEMBER


def _inquiries(connection: Connection, column: str, values: Collection[str]) -> Iterator[EligibilityInquiry]:
    for content in held(connection, _INQUIRY, "content", column, values):
        yield msgspec.msgpack.decode(content, type=EligibilityInquiry)


def confirmations(
    connection: Connection, files: Collection[str] | None = None
) -> Iterator[StoredConfirmation]:
    """What answers mean, oldest first: by the day of the answer, then by trace number and digest.

    Args:
        connection: any transaction.
        files: digests of the files whose answers are wanted, None for all.
    """
    query = (
        select(_ANSWER.c.confirmation, _ANSWER.c.tied, _INQUIRY.c.asked_on)
        .join(
            _INQUIRY,
            and_(_INQUIRY.c.trace_number == _ANSWER.c.trace_number, _ANSWER.c.tied != UNTIED),
            isouter=True,
        )
        .order_by(_ANSWER.c.confirmed_on.is_not(None), _ANSWER.c.confirmed_on, _ANSWER.c.trace_number)
        .order_by(_ANSWER.c.digest)
    )
    if files is not None:
        query = query.where(_ANSWER.c.file_sha256.in_(sorted(files)))
    for row in connection.execute(query):
        confirmation = msgspec.msgpack.decode(row.confirmation, type=Confirmation)
        yield StoredConfirmation(confirmation=confirmation, tied=row.tied, asked_on=row.asked_on)


def waiting_since(connection: Connection) -> dict[tuple[str, str, str, str], date]:
    """The last day on which each patient's coverage was asked about without an answer since.

    Keys are practice, patient, payer and member id as compared (``spelled``).
    """
    tied = select(_ANSWER.c.trace_number).where(_ANSWER.c.tied != UNTIED)
    answered = {str(row.trace_number) for row in connection.execute(tied)}
    found: dict[tuple[str, str, str, str], date] = {}
    query = select(
        _INQUIRY.c.trace_number,
        _INQUIRY.c.practice_id,
        _INQUIRY.c.patient_id,
        _INQUIRY.c.payer_key,
        _INQUIRY.c.member_id,
        _INQUIRY.c.asked_on,
    )
    for row in connection.execute(query.order_by(_INQUIRY.c.trace_number)):
        if row.trace_number not in answered and row.asked_on is not None:
            key = (row.practice_id, row.patient_id, row.payer_key, row.member_id)
            found[key] = max(found.get(key, row.asked_on), row.asked_on)
    return found
