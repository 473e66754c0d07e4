"""Which submissions an acknowledgment of the store speaks of, and how deep it is.

One about a claim alone names it (``claim_id``). All others speak of the claims of one outgoing file, the one they were
tied to (``answered_file``), under their control numbers: every trading partner's numbers begin at 1, so numbers alone
would take in other partners' claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, literal_column, or_, select
from sqlalchemy.sql.selectable import FromClause

from edi.model.acknowledgment import AcknowledgmentLevel
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.schema import AcknowledgmentRow, ClaimRow, PracticeIdentifierRow

CLAIMS_ANSWER: Final = "277CA"
"""The kind of acknowledgment that names claims; all others name files by their control numbers."""
DEPTH: Final = {"TA1": 1, "997": 2, "999": 2, CLAIMS_ANSWER: 3}
"""By kind how deep an acknowledgment is: the deepest of a claim counts."""
PROVIDER_NOTE: Final = "NPI"
"""Before the NPI of the provider whose claims are all rejected, in the notes of an acknowledgment."""
_PRECISION: Final = (
    AcknowledgmentLevel.GROUP.value,
    AcknowledgmentLevel.TRANSACTION.value,
    AcknowledgmentLevel.PROVIDER.value,
)
"""A group's answer says less about a claim than that of its transaction set, and that less than the claim's own."""
_CLAIM: Final = table_of(ClaimRow)
_ACKNOWLEDGMENT: Final = table_of(AcknowledgmentRow)
_SAID: Final = _ACKNOWLEDGMENT.c
_IDENTIFIER: Final = table_of(PracticeIdentifierRow).c


def of_several() -> ColumnElement[bool]:
    """The acknowledgments that speak of more than one claim; in the words of ``ix_acknowledgment_answered_file``."""
    return and_(_SAID.claim_id.is_(None), _SAID.claims > literal_column("1"))


def by_file(claim: FromClause) -> ColumnElement[bool]:
    """Whether a TA1, a 999 or a 277CA of a whole submission speaks of that of a claim, by the numbers and the file.

    All of ISA13, GS06 and ST02 that the acknowledgment has must be the claim's: ST02 begins anew in every group.
    """
    named = _IDENTIFIER
    of_provider = select(named.value).where(
        named.kind == "npi",
        named.practice_id == claim.c.practice_id,
        _SAID.notes.endswith(f"{PROVIDER_NOTE} " + named.value),
    )
    return and_(
        _SAID.answered_file == claim.c.file_sha256,
        _same(_SAID.interchange_control_number, claim.c.interchange_control_number),
        _same(_SAID.group_control_number, claim.c.group_control_number),
        _same(_SAID.transaction_control_number, claim.c.st_control_number),
        or_(
            _SAID.kind != CLAIMS_ANSWER,
            ~_SAID.notes.contains(f"{PROVIDER_NOTE} "),
            of_provider.exists(),
        ),
    )


def _same(named: ColumnElement[str], own: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether an acknowledgment does not have a control number, or has that of a submission."""
    return or_(named == "", own == named)


def with_others(claim: FromClause) -> ColumnElement[bool]:
    """Whether an acknowledgment of several claims speaks of a submission."""
    return and_(of_several(), by_file(claim))


def speaks_of(claim: FromClause) -> ColumnElement[bool]:
    """Whether an acknowledgment speaks of a submission, alone or with others."""
    return or_(_SAID.claim_id == claim.c.id, with_others(claim))


def heaviest_first() -> tuple[ColumnElement[Any], ...]:
    """The order of a claim's acknowledgments, that which counts first: as ``standing_of`` ranks them."""
    depth = case(DEPTH, value=_SAID.kind, else_=0)
    return depth.desc(), _SAID.stated_on.desc().nulls_last(), _SAID.accepted


class Standing(msgspec.Struct, frozen=True):
    """Kind, code and verdict of what counts of all that was said of a claim."""

    kind: str
    code: str
    accepted: bool


def standing_of(connection: Connection, claims: Sequence[int]) -> dict[int, Standing]:
    """What counts of a claim's acknowledgments, in whatever order they came: ``heaviest_first`` in SQL.

    The deepest; of those the latest by its own day; of one day, or without days, a rejection; then the more precise.
    """
    said = _SAID
    columns = (said.kind, said.level, said.stated_on, said.accepted, said.code)
    alone = select(said.claim_id, *columns)
    together = select(_CLAIM.c.id, *columns).select_from(_CLAIM.join(_ACKNOWLEDGMENT, with_others(_CLAIM)))
    precision = {level: place for place, level in enumerate(_PRECISION)}
    best: dict[int, tuple[tuple[int, date, bool, int, str], Standing]] = {}
    for some in chunks(claims, IN_LIST):
        for query in (alone.where(said.claim_id.in_(some)), together.where(_CLAIM.c.id.in_(some))):
            for claim, kind, level, day, accepted, code in connection.execute(
                query.where(said.level != AcknowledgmentLevel.LINE.value)
            ):
                place = precision.get(level, len(_PRECISION))
                rank = (DEPTH.get(kind, 0), day or date.min, not accepted, place, code)
                one = (rank, Standing(kind, code, bool(accepted)))
                if claim not in best or best[claim][0] < rank:
                    best[claim] = one
    return {claim: one for claim, (_, one) in best.items()}
