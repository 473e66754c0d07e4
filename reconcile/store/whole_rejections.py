"""277CA that reject more than one claim at once: a whole submission, or all claims of one provider in it.

Such an answer names no claim. It repeats the BHT03 of the transaction set that it is about (2200B TRN02), and ours is
made of the ISA13 and ST02; the provider is that of loop 2100C. Source: 005010X214 loops 2200B, 2100C and 2200C.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, and_
from sqlalchemy.sql.selectable import FromClause

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from reconcile.store.answered import CLAIMS_ANSWER, PROVIDER_NOTE, by_interchange, of_several
from reconcile.store.bulk import table_of
from reconcile.store.schema import AcknowledgmentRow, ClaimRow

_ISA13: Final = 9
"""Digits of our BHT03 that are the ISA13; what follows is the ST02."""
_CLAIM = table_of(ClaimRow)
_ACKNOWLEDGMENT = table_of(AcknowledgmentRow)


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
    named = (f"{PROVIDER_NOTE} {answer.provider_npi}",) if answer.provider_npi else ()
    return msgspec.structs.replace(
        answer,
        interchange_control_number=reference[:_ISA13],
        transaction_control_number=reference[_ISA13:],
        notes=(*answer.notes, *named),
    )


def in_whole_rejection(claim: FromClause = _CLAIM) -> ColumnElement[bool]:
    """The condition that an acknowledgment of the store rejects several claims at once, and a claim among them."""
    return and_(
        by_interchange(claim),
        of_several(),
        _ACKNOWLEDGMENT.c.kind == CLAIMS_ANSWER,
        ~_ACKNOWLEDGMENT.c.accepted,
    )
