"""Answers about claims (277), each tied to the claim it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, select

from edi.model.status import (
    CLAIM,
    StatusAnswer,
    StatusCode,
    StatusInquiry,
    contradicts,
    days_meet,
)
from reconcile.store.bulk import IN_LIST, Row, chunks, table_of
from reconcile.store.inquiry_answers import insert_answers
from reconcile.store.schema import (
    ClaimRow,
    PayerClaimControlNumberRow,
    StatusAnswerRow,
    StatusInquiryRow,
)
from reconcile.store.submissions import normalised

BY_TRACE: Final = "trace"
BY_NUMBER: Final = "number"
BY_PAYER_NUMBER: Final = "payer_number"
OF_SET: Final = "set"
UNTIED: Final = ""
_INQUIRY = table_of(StatusInquiryRow)
_ANSWER = table_of(StatusAnswerRow)
_CLAIM = table_of(ClaimRow)
_PAYER_NUMBER = table_of(PayerClaimControlNumberRow)


class SavedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one answer: its digest, how it was tied, its state, and whether it is new."""

    digest: str
    tied: str
    state: str
    new: bool


def save_answers(
    connection: Connection, answers: Sequence[StatusAnswer], *, file_sha256: str, position: int
) -> list[SavedAnswer]:
    """Store answers, each tied to the claim it is about: by our trace number, the claim's or the payer's number of it.

    Each tie is held against payer and days; one that contradicts them, or fits several claims, is not made. What is
    tied to nothing is kept too. An answer whose values are stored already changes nothing, whatever file it comes in.

    Args:
        connection: a write transaction.
        answers: of one 277.
        file_sha256: digest of its file.
        position: 0-based place of the transaction set in it.

    Returns:
        One for each answer, in their order.
    """
    tie = _Tie(connection, answers)
    ties = [tie.claim(answer) for answer in answers]
    rows = [
        (file_sha256, position, claim, tied, *_columns(answer))
        for answer, (claim, tied) in zip(answers, ties, strict=True)
    ]
    inserted = insert_answers(connection, StatusAnswerRow, answers, rows)
    return [
        SavedAnswer(digest=digest, tied=tied, state=answer.state, new=new)
        for answer, (_, tied), (digest, new) in zip(answers, ties, inserted, strict=True)
    ]


def _columns(answer: StatusAnswer) -> Row:
    """What stands of an answer in columns of their own."""
    leading = answer.leading
    code = leading.codes[0] if leading.codes else StatusCode("")
    return (
        answer.trace_number,
        answer.level,
        answer.state,
        code.category,
        code.status,
        code.entity,
        answer.answered_on,
        leading.effective_on,
        leading.charge,
        leading.paid,
        leading.finalized_on,
        leading.remitted_on,
        leading.check_number,
        answer.payer_claim_control_number,
        answer.patient_control_number,
    )


def tie_again(connection: Connection) -> int:
    """Try again to tie the answers about claims that are tied to none, after claims came in.

    Args:
        connection: a write transaction.

    Returns:
        How many found their claim.
    """
    query = select(_ANSWER.c.digest, _ANSWER.c.content).where(
        _ANSWER.c.level == CLAIM, _ANSWER.c.claim_id.is_(None)
    )
    loose = {
        str(row.digest): msgspec.msgpack.decode(row.content, type=StatusAnswer)
        for row in connection.execute(query.order_by(_ANSWER.c.digest))
    }
    tie = _Tie(connection, list(loose.values()))
    found = {digest: tie.claim(answer) for digest, answer in loose.items()}
    tied = {digest: one for digest, one in found.items() if one[0] is not None}
    for digest, (claim, how) in tied.items():
        rows = _ANSWER.update().where(_ANSWER.c.digest == digest)
        connection.execute(rows.values(claim_id=claim, tied=how))
    return len(tied)


class _Tie:
    """Finds the submissions that answers are about."""

    def __init__(self, connection: Connection, answers: Sequence[StatusAnswer]) -> None:
        traces = {one.trace_number for one in answers} - {""}
        self._asked: dict[str, tuple[int, StatusInquiry]] = {}
        self._sets: set[str] = set()
        for some in chunks(sorted(traces), IN_LIST):
            query = select(_INQUIRY.c.trace_number, _INQUIRY.c.claim_id, _INQUIRY.c.content)
            for row in connection.execute(query.where(_INQUIRY.c.trace_number.in_(some))):
                inquiry = msgspec.msgpack.decode(row.content, type=StatusInquiry)
                self._asked[row.trace_number] = (row.claim_id, inquiry)
            sets = select(_INQUIRY.c.set_reference).where(_INQUIRY.c.set_reference.in_(some)).distinct()
            self._sets.update(connection.execute(sets).scalars())
        loose = [one for one in answers if one.level == CLAIM]
        self._by_number = self._claims(
            connection,
            select(_CLAIM.c.pcn_normalised.label("key"), _CLAIM),
            _CLAIM.c.pcn_normalised,
            {normalised(one.patient_control_number) for one in loose},
        )
        self._by_payer_number = self._claims(
            connection,
            select(_PAYER_NUMBER.c.number.label("key"), _CLAIM).join(
                _CLAIM, _CLAIM.c.id == _PAYER_NUMBER.c.claim_id
            ),
            _PAYER_NUMBER.c.number,
            {one.payer_claim_control_number for one in loose},
        )

    @staticmethod
    def _claims(
        connection: Connection, query: Select[Any], column: Any, keys: Collection[str]
    ) -> Mapping[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for some in chunks(sorted(set(keys) - {""}), IN_LIST):
            for row in connection.execute(query.where(column.in_(some)).order_by(_CLAIM.c.id)):
                found.setdefault(row.key, []).append(row)
        return found

    def claim(self, answer: StatusAnswer) -> tuple[int | None, str]:
        """The submission of an answer and how it was found."""
        if answer.level != CLAIM:
            return None, OF_SET if answer.trace_number in self._sets else UNTIED
        found = self._asked.get(answer.trace_number)
        if found is not None and not contradicts(answer, found[1]):
            return found[0], BY_TRACE
        number = self._only(answer, self._by_number.get(normalised(answer.patient_control_number), ()))
        if number is not None:
            return number, BY_NUMBER
        if answer.patient_control_number or answer.date_from is None:
            return None, UNTIED
        number = self._only(answer, self._by_payer_number.get(answer.payer_claim_control_number, ()))
        return number, BY_PAYER_NUMBER if number is not None else UNTIED

    @staticmethod
    def _only(answer: StatusAnswer, rows: Iterable[Any]) -> int | None:
        """The last submission of the one chain that payer and days fit; None when none or several do."""
        fits = [
            row
            for row in rows
            if (row.payer_id == answer.payer_id or row.payer_name.upper() == answer.payer_name.upper())
            and days_meet((row.date_from, row.date_to), (answer.date_from, answer.date_to))
        ]
        return max(row.id for row in fits) if len({row.root for row in fits}) == 1 else None
