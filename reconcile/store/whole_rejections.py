"""277CA that reject more than one claim at once: a whole submission, or all claims of one provider in it.

Such an answer names no claim. It repeats the BHT03 of the transaction set that it is about (2200B TRN02). Ours is made
of the ISA13 and ST02; that of imported claims is kept with them. The provider is that of loop 2100C. Source: 005010X214
loops 2200B, 2100C and 2200C.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, and_, literal_column
from sqlalchemy.sql.selectable import FromClause

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from reconcile.store.answered import CLAIMS_ANSWER, PROVIDER_NOTE, by_file, of_several
from reconcile.store.bulk import table_of
from reconcile.store.claims import CREATED
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
        and bool(answer.submission_reference)
    )


def under(reference: str) -> tuple[ColumnElement[bool], ...]:
    """The claims that a BHT03 names: those of other systems under it, and ours under its ISA13 and ST02.

    Two conditions, each of which has its index.
    """
    imported = and_(
        _CLAIM.c.submission_reference != literal_column("''"), _CLAIM.c.submission_reference == reference
    )
    created = and_(
        _CLAIM.c.source == CREATED,
        _CLAIM.c.interchange_control_number == reference[:_ISA13],
        _CLAIM.c.st_control_number == reference[_ISA13:],
    )
    return (imported, created) if len(reference) > _ISA13 else (imported,)


def noted_provider(answer: Acknowledgment) -> Acknowledgment:
    """A rejection of all claims of a provider with that NPI in its notes, as the store keeps it; others as they are."""
    if not rejects_submission(answer) or not answer.provider_npi:
        return answer
    notes = (*answer.notes, f"{PROVIDER_NOTE} {answer.provider_npi}")
    return msgspec.structs.replace(answer, notes=notes)


def in_whole_rejection(claim: FromClause = _CLAIM) -> ColumnElement[bool]:
    """The condition that an acknowledgment of the store rejects several claims at once, and a claim among them."""
    return and_(
        by_file(claim),
        of_several(),
        _ACKNOWLEDGMENT.c.kind == CLAIMS_ANSWER,
        ~_ACKNOWLEDGMENT.c.accepted,
    )
