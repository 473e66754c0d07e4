"""What acknowledgments change of the claims that they speak of: the deepest answer so far, and the status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, select

from edi.model.acknowledgment import Acknowledgment
from reconcile.store.answered import DEPTH, Standing, standing_of
from reconcile.store.bulk import IN_LIST, Row, chunks, table_of, update
from reconcile.store.schema import ClaimRow
from reconcile.store.submissions import REJECTION

_CLAIM = table_of(ClaimRow)


def _said(kind: str, code: str, *, accepted: bool) -> str:
    """An answer as ``acknowledged`` holds it."""
    return f"{kind}:{_word(accepted=accepted)}:{code}"


def _word(*, accepted: bool) -> str:
    """Accepted or rejected."""
    return "accepted" if accepted else "rejected"


def sent_again(connection: Connection, claims: Sequence[int]) -> tuple[int, ...]:
    """The roots of those claims that were sent more than once."""
    other = _CLAIM.alias()
    roots: set[int] = set()
    for some in chunks(sorted(claims), IN_LIST):
        query = select(_CLAIM.c.root).join(
            other, and_(other.c.root == _CLAIM.c.root, other.c.id != other.c.root)
        )
        roots.update(connection.execute(query.where(_CLAIM.c.id.in_(some))).scalars())
    return tuple(sorted(roots))


def change_claims(connection: Connection, changes: Mapping[int, Acknowledgment]) -> list[int]:
    """Write to claims what counts of all their answers, unless that is deeper than the one that came now.

    What payers decided is the status of a chain's first claim; a later one keeps that of its acknowledgments, whether
    its 835 or its 277CA came first.

    Returns:
        The claims that are rejected by it and were not, or the other way round.
    """
    turned: list[int] = []
    standing = standing_of(connection, sorted(changes))
    rows: list[Row] = []
    for some in chunks(sorted(changes), IN_LIST):
        columns = (_CLAIM.c.id, _CLAIM.c.root, _CLAIM.c.acknowledged, _CLAIM.c.adjudications, _CLAIM.c.status)
        query = select(*columns)
        for claim, root, held, adjudications, status in connection.execute(
            query.where(_CLAIM.c.id.in_(some))
        ):
            answer = changes[claim]
            if DEPTH.get(answer.kind, 0) < DEPTH.get(held.split(":")[0], 0):
                continue
            one = standing.get(claim) or Standing(answer.kind, answer.code, answer.accepted)
            word = _word(accepted=one.accepted)
            said = _said(one.kind, one.code, accepted=one.accepted)
            rows.append((said, status if adjudications and claim == root else word, claim))
            if (REJECTION in said) is not (REJECTION in held):
                turned.append(claim)
    update(connection, ClaimRow, ["acknowledged", "status"], rows)
    return turned
