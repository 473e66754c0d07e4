"""277CA that reject more than one claim at once: a whole submission, or all claims of one provider in it.

Such an answer names no claim. It repeats the BHT03 of the transaction set that it is about (2200B TRN02), and ours is
made of the ISA13 and ST02; the provider is that of loop 2100C. Source: 005010X214 loops 2200B, 2100C and 2200C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_, select
from sqlalchemy.sql.selectable import FromClause

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from reconcile.store.bulk import table_of
from reconcile.store.practices import Payees, payees
from reconcile.store.schema import AcknowledgmentRow, ClaimRow, PracticeIdentifierRow

CLAIMS_ANSWER: Final = "277CA"
"""The kind of acknowledgment that names claims; all others name files by their control numbers."""
_ISA13: Final = 9
"""Digits of our BHT03 that are the ISA13; what follows is the ST02."""
_PROVIDER_NOTE: Final = "NPI"
"""Before the NPI of the provider whose claims are all rejected, in the notes of an acknowledgment."""
_CLAIM = table_of(ClaimRow)
_ACKNOWLEDGMENT = table_of(AcknowledgmentRow)
_IDENTIFIER = table_of(PracticeIdentifierRow)


def rejects_submission(answer: Acknowledgment) -> bool:
    """Whether a 277CA rejects all claims of a submission, or all of one provider in it (loops 2200B and 2200C)."""
    return (
        answer.kind == CLAIMS_ANSWER
        and not answer.accepted
        and answer.level in (AcknowledgmentLevel.TRANSACTION, AcknowledgmentLevel.PROVIDER)
        and len(answer.submission_reference or "") > _ISA13
    )


def of_submission(answer: Acknowledgment) -> Acknowledgment:
    """A rejection of a whole submission with the control numbers that its BHT03 is made of; any other as it is."""
    reference = answer.submission_reference or ""
    if not rejects_submission(answer):
        return answer
    named = (f"{_PROVIDER_NOTE} {answer.provider_npi}",) if answer.provider_npi else ()
    return msgspec.structs.replace(
        answer,
        interchange_control_number=reference[:_ISA13],
        transaction_control_number=reference[_ISA13:],
        notes=(*answer.notes, *named),
    )


def provider_in(notes: str) -> str:
    """The NPI of the provider whose claims an acknowledgment rejects, by its notes; "" for those of all providers."""
    words = notes.split()
    return words[-1] if words[-2:-1] == [_PROVIDER_NOTE] else ""


def in_whole_rejection(claim: FromClause = _CLAIM) -> ColumnElement[bool]:
    """The condition that an acknowledgment of the store rejects several claims at once, and a claim among them."""
    said, named = _ACKNOWLEDGMENT.c, _IDENTIFIER.c
    of_provider = select(named.value).where(
        named.kind == "npi",
        named.practice_id == claim.c.practice_id,
        said.notes.endswith(f"{_PROVIDER_NOTE} " + named.value),
    )
    return and_(
        claim.c.interchange_control_number == said.interchange_control_number,
        claim.c.st_control_number == said.transaction_control_number,
        said.kind == CLAIMS_ANSWER,
        said.claims > 1,
        said.claim_id.is_(None),
        ~said.accepted,
        or_(~said.notes.contains(f"{_PROVIDER_NOTE} "), of_provider.exists()),
    )


def whole_rejections(connection: Connection, claims: Sequence[int]) -> dict[int, list[Any]]:
    """The 277CA that reject several claims at once, by those claims: their rows of the table of acknowledgments.

    Args:
        connection: any transaction.
        claims: ids, no more than one query takes.
    """
    table = _ACKNOWLEDGMENT
    query = (
        select(_CLAIM.c.id.label("answered"), _CLAIM.c.practice_id, table)
        .join(
            table,
            and_(
                table.c.interchange_control_number == _CLAIM.c.interchange_control_number,
                table.c.transaction_control_number == _CLAIM.c.st_control_number,
            ),
        )
        .where(_CLAIM.c.id.in_(claims), table.c.kind == CLAIMS_ANSWER, table.c.claims > 1)
        .where(table.c.claim_id.is_(None), ~table.c.accepted)
        .order_by(table.c.set_digest, table.c.ordinal)
    )
    found: dict[int, list[Any]] = {}
    known: Payees | None = None
    for row in connection.execute(query):
        npi = provider_in(row.notes)
        if npi:
            known = known or payees(connection)
            if row.practice_id not in known.practices(npi, None):
                continue
        found.setdefault(row.answered, []).append(row)
    return found
