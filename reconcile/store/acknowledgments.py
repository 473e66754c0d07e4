"""Acknowledgments into the store, tied to the claims they speak of.

A 277CA names a claim by its patient control number; a 999 a transaction set (GS06 and ST02) or a whole group; a TA1
an interchange. A claim's ``acknowledged`` holds the deepest answer so far (``277CA:accepted:A2``); its status follows
while no payer has adjudicated it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, select

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.control import normalise_control_number
from reconcile.store.bulk import IN_LIST, Row, chunks, insert, insert_new, table_of, update
from reconcile.store.schema import AcknowledgmentRow, ClaimRow, PayerClaimControlNumberRow

_CLAIM = table_of(ClaimRow)
_ACKNOWLEDGMENT = table_of(AcknowledgmentRow)
_DEPTH: Final = {"TA1": 1, "999": 2, "277CA": 3}


def save_acknowledgments(
    connection: Connection, set_digest: str, file_sha256: str, answers: Sequence[Acknowledgment]
) -> int | None:
    """Store the acknowledgments of one transaction set and update the claims they answer.

    Args:
        connection: a write transaction.
        set_digest: digest over the values, which names the set wherever it comes from.
        file_sha256: the file it came in.
        answers: in the order of the set.

    Returns:
        How many of them found a claim; None when the same set is stored already.
    """
    query = select(_ACKNOWLEDGMENT.c.ordinal).where(_ACKNOWLEDGMENT.c.set_digest == set_digest).limit(1)
    if connection.execute(query).first() is not None:
        return None
    by_claim = _claims_by_number(connection, answers)
    rows: list[Row] = []
    changes: dict[int, tuple[str, bool]] = {}
    numbers: list[Row] = []
    matched = 0
    for ordinal, answer in enumerate(answers):
        claims = _answered(connection, answer, by_claim)
        matched += bool(claims)
        for claim in claims:
            if answer.level is not AcknowledgmentLevel.LINE:
                changes[claim] = (f"{answer.kind}:{_word(answer)}:{answer.code}", answer.accepted)
            if answer.payer_claim_control_number and len(claims) == 1:
                numbers.append((answer.payer_claim_control_number, claim))
        rows.append(_row(set_digest, ordinal, file_sha256, answer, claims))
    insert(connection, AcknowledgmentRow, rows)
    insert_new(connection, PayerClaimControlNumberRow, numbers)
    _change_claims(connection, changes)
    return matched


def _word(answer: Acknowledgment) -> str:
    """Accepted or rejected."""
    return "accepted" if answer.accepted else "rejected"


def _claims_by_number(
    connection: Connection, answers: Sequence[Acknowledgment]
) -> dict[str, list[tuple[int, int]]]:
    """Claims by normalised patient control number, each with its charge, latest submission last."""
    wanted = {
        normalise_control_number(answer.patient_control_number)
        for answer in answers
        if answer.patient_control_number
    }
    found: dict[str, list[tuple[int, int]]] = {}
    query = select(_CLAIM.c.pcn_normalised, _CLAIM.c.id, _CLAIM.c.charge).order_by(
        _CLAIM.c.sequence, _CLAIM.c.id
    )
    for some in chunks(sorted(wanted), IN_LIST):
        for number, claim, charge in connection.execute(query.where(_CLAIM.c.pcn_normalised.in_(some))):
            found.setdefault(number, []).append((claim, charge))
    return found


def _answered(
    connection: Connection, answer: Acknowledgment, by_claim: dict[str, list[tuple[int, int]]]
) -> list[int]:
    """Ids of the claims an acknowledgment answers."""
    if answer.patient_control_number:
        held = by_claim.get(normalise_control_number(answer.patient_control_number), [])
        same = [claim for claim, charge in held if answer.charge in (None, charge)]
        return same[-1:]
    where: ColumnElement[bool] | None = None
    if answer.group_control_number:
        where = _CLAIM.c.group_control_number == answer.group_control_number
        if answer.transaction_control_number:
            where = and_(where, _CLAIM.c.st_control_number == answer.transaction_control_number)
    elif answer.interchange_control_number:
        where = _CLAIM.c.interchange_control_number == answer.interchange_control_number
    return [] if where is None else list(connection.execute(select(_CLAIM.c.id).where(where)).scalars())


def _row(set_digest: str, ordinal: int, file_sha256: str, answer: Acknowledgment, claims: list[int]) -> Row:
    """The row of an acknowledgment, columns in schema order."""
    return (
        set_digest,
        ordinal,
        file_sha256,
        answer.kind,
        answer.level.value,
        answer.accepted,
        answer.code,
        answer.status or "",
        answer.entity or "",
        answer.interchange_control_number or "",
        answer.group_control_number or "",
        answer.transaction_control_number or "",
        answer.patient_control_number or "",
        answer.line_control_number or "",
        answer.payer_claim_control_number or "",
        answer.charge,
        answer.date,
        answer.segment_in_error or "",
        answer.element_in_error or "",
        " ".join(answer.notes),
        len(claims),
        claims[0] if len(claims) == 1 else None,
    )


def _change_claims(connection: Connection, changes: dict[int, tuple[str, bool]]) -> None:
    """Write the answers to the claims, unless a deeper one is there."""
    rows: list[Row] = []
    for some in chunks(sorted(changes), IN_LIST):
        query = select(_CLAIM.c.id, _CLAIM.c.acknowledged, _CLAIM.c.adjudications, _CLAIM.c.status)
        for claim, held, adjudications, status in connection.execute(query.where(_CLAIM.c.id.in_(some))):
            said, accepted = changes[claim]
            if _DEPTH.get(said.split(":")[0], 0) < _DEPTH.get(held.split(":")[0], 0):
                continue
            word = "accepted" if accepted else "rejected"
            rows.append((said, status if adjudications else word, claim))
    update(connection, ClaimRow, ["acknowledged", "status"], rows)
