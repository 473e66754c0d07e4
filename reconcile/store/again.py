"""What a claim that goes again leans on, and the note that it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from edi.model.control import normalise_control_number
from edi.model.errors import InputError
from reconcile.store.bulk import IN_LIST, chunks, insert, table_of, update
from reconcile.store.history import NO_LINE
from reconcile.store.schema import (
    AcknowledgmentRow,
    BilledSessionRow,
    ClaimRow,
    DenialRow,
    ResubmissionRow,
)
from reconcile.values import Again

_CLAIM = table_of(ClaimRow)
_SESSION = table_of(BilledSessionRow)
_DENIAL = table_of(DenialRow)
_ACKNOWLEDGMENT = table_of(AcknowledgmentRow)
_ID_DIGITS = 18
"""A longer number is no id: the databases count to 2^63."""
BILL_SECONDARY = "bill_secondary"
"""The next action of a claim whose patient share goes to a further payer."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A chain that a name means: its root and the practice whose it is."""

    root: int
    practice_id: str


class Resubmission(msgspec.Struct, frozen=True, kw_only=True):
    """A submission to be noted: its id, why it was made, and the submission that it follows.

    ``repeats``: for each of its lines the LX01 of that submission's line, () where they are the same or unlike.
    """

    claim_id: int
    kind: Again
    follows: int
    repeats: tuple[int, ...] = ()


def chains_named(connection: Connection, name: str, practice: str | None = None) -> tuple[Named, ...]:
    """The chains that a patient control number (in any spelling) or a claim id names, of one practice or of all."""
    wanted: ColumnElement[bool] = _CLAIM.c.pcn_normalised == normalise_control_number(name)
    if name.isascii() and name.isdigit() and len(name) <= _ID_DIGITS:
        wanted = or_(wanted, _CLAIM.c.id == int(name))
    if practice is not None:
        wanted = and_(wanted, _CLAIM.c.practice_id == practice)
    query = select(_CLAIM.c.root, _CLAIM.c.practice_id).where(wanted).distinct().order_by(_CLAIM.c.root)
    return tuple(Named(root=row.root, practice_id=row.practice_id) for row in connection.execute(query))


def no_claim(name: str) -> InputError:
    """What to raise where a person named a claim that is not there."""
    return InputError(f"no claim is named {name}; claimloop claims list shows what there is")


def chains_to_bill_next(connection: Connection, practice: str | None = None) -> dict[int, str]:
    """The chains whose answer leaves something to a further payer that was not billed yet, with their first CLM01."""
    query = select(_CLAIM.c.id, _CLAIM.c.patient_control_number, _CLAIM.c.next_actions).where(
        _CLAIM.c.root == _CLAIM.c.id, _CLAIM.c.next_actions.contains(BILL_SECONDARY)
    )
    if practice is not None:
        query = query.where(_CLAIM.c.practice_id == practice)
    rows = connection.execute(query.order_by(_CLAIM.c.id))
    return {row.id: row.patient_control_number for row in rows if BILL_SECONDARY in row.next_actions.split()}


def acknowledged(connection: Connection, claims: Iterable[int]) -> dict[int, str]:
    """The deepest acknowledgment of submissions, as ``ClaimRow.acknowledged`` holds it."""
    query = select(_CLAIM.c.id, _CLAIM.c.acknowledged).where(_CLAIM.c.id.in_(sorted(set(claims))))
    return {row.id: row.acknowledged for row in connection.execute(query)}


def acknowledged_number(connection: Connection, claims: Iterable[int]) -> str:
    """The payer's control number that the newest 277CA of these submissions gives, "" when none does."""
    query = (
        select(_ACKNOWLEDGMENT.c.stated_on, _ACKNOWLEDGMENT.c.payer_claim_control_number)
        .where(
            _ACKNOWLEDGMENT.c.claim_id.in_(sorted(set(claims))),
            _ACKNOWLEDGMENT.c.payer_claim_control_number != "",
        )
        .order_by(_ACKNOWLEDGMENT.c.set_digest, _ACKNOWLEDGMENT.c.ordinal)
    )
    rows = sorted(connection.execute(query), key=lambda row: row.stated_on or date.min)
    return str(rows[-1].payer_claim_control_number) if rows else ""


def denied_services(connection: Connection, root: int) -> frozenset[int]:
    """Ids of the lines that stand for services with an open denial."""
    query = select(_DENIAL.c.line_id, _DENIAL.c.line_ids).where(
        _DENIAL.c.claim_id == root, _DENIAL.c.status == "open"
    )
    found: set[int] = set()
    for row in connection.execute(query):
        found.update(int(one) for one in (row.line_ids or str(row.line_id or "")).split())
    return frozenset(found)


def sessions_billed(connection: Connection, root: int) -> dict[str, int]:
    """The session lines that the submissions of a chain bill, with the service line (0: counted without one)."""
    query = select(_SESSION.c.line_id, _SESSION.c.line_number).join(
        _CLAIM, _CLAIM.c.id == _SESSION.c.claim_id
    )
    return {row.line_id: row.line_number for row in connection.execute(query.where(_CLAIM.c.root == root))}


def save_resubmissions(connection: Connection, made: Iterable[Resubmission]) -> None:
    """Note why submissions were made, in the transaction that stores them."""
    rows = [
        (one.claim_id, one.kind.value, one.follows, " ".join(str(number) for number in one.repeats))
        for one in made
    ]
    insert(connection, ResubmissionRow, rows)


def sessions_elsewhere(
    connection: Connection, practice_id: str, root: int, line_ids: Iterable[str]
) -> frozenset[str]:
    """Those session lines of a practice that another chain than ``root`` bills."""
    found: set[str] = set()
    for some in chunks(sorted(set(line_ids)), IN_LIST):
        query = select(_SESSION.c.line_id).join(_CLAIM, _CLAIM.c.id == _SESSION.c.claim_id)
        query = query.where(
            _SESSION.c.practice_id == practice_id, _SESSION.c.line_id.in_(some), _CLAIM.c.root != root
        )
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def rebill_sessions(
    connection: Connection,
    practice_id: str,
    claim_id: int,
    lines: Mapping[str, int],
    hashes: Mapping[str, str],
) -> None:
    """Let session lines belong to the newest submission that bills them, with the content they have now.

    Lines that its chain billed before move to it; the others must be billed by nobody.

    Args:
        connection: the transaction that stores the submission.
        practice_id: whose lines they are.
        claim_id: the submission.
        lines: its service line (LX01) by session line_id.
        hashes: the content hash now of each session line that was read again; a line that the submission does not
            bill counts as one without a service line.

    Raises:
        StoreError: another chain bills one of the lines (``sessions_elsewhere`` tells before).
    """
    root = connection.execute(select(_CLAIM.c.root).where(_CLAIM.c.id == claim_id)).scalar_one()
    names = {**dict.fromkeys(hashes, NO_LINE), **lines}
    held: dict[str, str] = {}
    for some in chunks(sorted(names), IN_LIST):
        query = select(_SESSION.c.line_id, _SESSION.c.content_hash)
        query = query.join(_CLAIM, _CLAIM.c.id == _SESSION.c.claim_id).where(
            _SESSION.c.practice_id == practice_id, _SESSION.c.line_id.in_(some), _CLAIM.c.root == root
        )
        held.update((row.line_id, row.content_hash) for row in connection.execute(query))
    changed: list[Any] = []
    fresh: list[Any] = []
    for name, number in names.items():
        digest = hashes.get(name, held.get(name, ""))
        if name in held:
            changed.append((digest, claim_id, number, practice_id, name))
        else:
            fresh.append((practice_id, name, digest, claim_id, number))
    update(connection, BilledSessionRow, ["content_hash", "claim_id", "line_number"], changed)
    insert(connection, BilledSessionRow, fresh)
