"""Claims that payers can be asked about, and what was asked of them (276)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import msgspec
from sqlalchemy import Connection, func, select

from edi.model.claim import Claim
from edi.model.status import (
    StatusInquiry,
)
from reconcile.store.bulk import IN_LIST, chunks, insert, table_of
from reconcile.store.schema import (
    AcknowledgmentRow,
    ClaimContentRow,
    ClaimPaymentRow,
    ClaimRow,
    StatusAnswerRow,
    StatusInquiryRow,
)
from reconcile.store.submissions import normalised

_INQUIRY = table_of(StatusInquiryRow)
_ANSWER = table_of(StatusAnswerRow)
_CLAIM = table_of(ClaimRow)
_CONTENT = table_of(ClaimContentRow)
_ENCODER = msgspec.msgpack.Encoder()


class Askable(msgspec.Struct, frozen=True, kw_only=True):
    """A submission that a payer can be asked about: its keys and its whole value.

    ``payer_claim_control_number`` is the payer's own number of it, "" when none is known.
    """

    claim_id: int
    practice_id: str
    payer_key: str
    partner: str
    claim: Claim
    payer_claim_control_number: str


def last_submissions(
    connection: Connection, numbers: Collection[str], practice: str | None = None
) -> dict[str, list[int]]:
    """The last submission of each chain that a patient control number names, by the number as given."""
    wanted = {normalised(number): number for number in numbers}
    found: dict[str, list[int]] = {number: [] for number in numbers}
    for some in chunks(sorted(wanted), IN_LIST):
        chains = (
            select(_CLAIM.c.pcn_normalised, _CLAIM.c.root).where(_CLAIM.c.pcn_normalised.in_(some)).distinct()
        )
        if practice is not None:
            chains = chains.where(_CLAIM.c.practice_id == practice)
        named = chains.subquery()
        last = (
            select(named.c.pcn_normalised, func.max(_CLAIM.c.id).label("last_id"))
            .join(_CLAIM, _CLAIM.c.root == named.c.root)
            .group_by(named.c.pcn_normalised, named.c.root)
        )
        for row in connection.execute(last.order_by("last_id")):
            found[wanted[row.pcn_normalised]].append(int(row.last_id))
    return found


def askable(connection: Connection, claims: Collection[int]) -> list[Askable]:
    """Submissions with what an inquiry is made of, by practice and patient control number."""
    found: list[Askable] = []
    for some in chunks(sorted(set(claims)), IN_LIST):
        numbers = _payer_numbers(connection, some)
        query = select(
            _CLAIM.c.id, _CLAIM.c.practice_id, _CLAIM.c.payer_key, _CLAIM.c.partner, _CONTENT.c.content
        ).join(_CONTENT, _CONTENT.c.claim_id == _CLAIM.c.id)
        found += [
            Askable(
                claim_id=row.id,
                practice_id=row.practice_id,
                payer_key=row.payer_key,
                partner=row.partner,
                claim=msgspec.msgpack.decode(row.content, type=Claim),
                payer_claim_control_number=numbers.get(row.id, ""),
            )
            for row in connection.execute(query.where(_CLAIM.c.id.in_(some)))
        ]
    return sorted(found, key=lambda one: (one.practice_id, one.claim.patient_control_number, one.claim_id))


def _payer_numbers(connection: Connection, claims: Sequence[int]) -> dict[int, str]:
    """The payer's number of each submission that has one: of its answers to status, acknowledgments, payments."""
    found: dict[int, str] = {}
    for table in (_ANSWER, table_of(AcknowledgmentRow), table_of(ClaimPaymentRow)):
        number = table.c.payer_claim_control_number
        query = select(table.c.claim_id, func.max(number).label("number")).where(
            table.c.claim_id.in_(claims), number != ""
        )
        found |= {row.claim_id: row.number for row in connection.execute(query.group_by(table.c.claim_id))}
    return found


def last_asked(connection: Connection, claims: Collection[int]) -> dict[int, date]:
    """The last day on which each submission was asked about."""
    found: dict[int, date] = {}
    for some in chunks(sorted(claims), IN_LIST):
        query = select(_INQUIRY.c.claim_id, func.max(_INQUIRY.c.asked_on).label("day")).where(
            _INQUIRY.c.claim_id.in_(some)
        )
        rows = connection.execute(query.group_by(_INQUIRY.c.claim_id))
        found |= {row.claim_id: row.day for row in rows if row.day is not None}
    return found


def save_inquiries(
    connection: Connection,
    inquiries: Sequence[tuple[int, StatusInquiry, str]],
    *,
    partner: str,
    file_sha256: str,
    asked_on: date,
) -> None:
    """Store what a 276 asks, in the transaction that allocated its trace numbers.

    Args:
        connection: a write transaction.
        inquiries: the submission's id, what is asked, and BHT03 of its transaction set.
        partner: id of the trading partner.
        file_sha256: digest of the 276.
        asked_on: the day of asking.
    """
    rows = [
        (
            one.trace_number,
            claim,
            one.practice_id,
            one.payer_key,
            partner,
            reference,
            asked_on,
            file_sha256,
            _ENCODER.encode(one),
        )
        for claim, one, reference in inquiries
    ]
    insert(connection, StatusInquiryRow, rows)
