"""Money that a person released or took back by hand: releases and aliases as they stand, and unposting.

A decision is an event; the rows here say what stands after all events of a subject, so that posting and lists need not
read the log. Subjects name claim payments and transaction sets by their business keys, the same in every store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import Connection, and_, delete, func, select, update

from reconcile.store.adjudications import waited_at
from reconcile.store.bulk import IN_LIST, chunks, insert, table_of
from reconcile.store.schema import (
    AcknowledgmentRow,
    AliasRow,
    ClaimFindingRow,
    ClaimPaymentContentRow,
    ClaimPaymentRow,
    ClaimRow,
    DenialRow,
    FileTransactionRow,
    PayerClaimControlNumberRow,
    PostingRow,
    ProviderAdjustmentRow,
    ReleaseRow,
    RemittanceRow,
    ServicePaymentRow,
)

_CLAIM = table_of(ClaimRow)
_PAYMENT = table_of(ClaimPaymentRow)
_REMITTANCE = table_of(RemittanceRow)
_POSTING = table_of(PostingRow)
_RELEASE = table_of(ReleaseRow)
_ALIAS = table_of(AliasRow)
_SET = table_of(FileTransactionRow)
_NUMBER = table_of(PayerClaimControlNumberRow)
_ACKNOWLEDGMENT = table_of(AcknowledgmentRow)

QUARANTINED: Final = "quarantined"
CONFLICT: Final = "conflict"
REPLACED: Final = "replaced"
"""Outcome of a posted transaction set in whose place a person posted another one of the same payment."""


DISMISSED: Final = "dismissed"
"""The kind of a decision that a transaction set which was put aside is never to be posted."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that a person decided about, and why.

    ``kind`` suspense, quarantined or conflict is what it was before it was released, and ``cents`` what that left
    unexplained; ``kind`` dismissed says that it is never to be posted.
    """

    subject: str
    kind: str
    cents: int
    reason: str
    replaced: str = ""


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A number (CLP01, normalised) that a payer uses for a claim.

    ``claim_id`` is the first submission of the claim, ``subject`` the claim payment that was linked by hand.
    """

    payer: str
    number: str
    claim_id: int
    subject: str


def payment_subject(payment_key: str, ordinal: int) -> str:
    """Return how the event log names a claim payment; ``ordinal`` is its place in its set, from 0."""
    return f"claim_payment:{payment_key}#{ordinal + 1}"


def set_subject(file_sha256: str, position: int) -> str:
    """Return how the event log names a transaction set; ``position`` is its place in its file, from 0."""
    return f"transaction:{file_sha256}/{position}"


def payment_of_subject(connection: Connection, subject: str) -> int | None:
    """The id of the claim payment that a subject names; None when it is not in this store."""
    key, _, ordinal = subject.removeprefix("claim_payment:").rpartition("#")
    if not ordinal.isdigit():
        return None
    query = (
        select(_PAYMENT.c.id)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .where(_REMITTANCE.c.payment_key == key, _PAYMENT.c.ordinal == int(ordinal) - 1)
    )
    number = connection.execute(query).scalar()
    return None if number is None else int(number)


def load_release(connection: Connection, subject: str) -> Release | None:
    """The release or dismissal of a subject that stands now, or None."""
    row = connection.execute(select(_RELEASE).where(_RELEASE.c.subject == subject)).first()
    return None if row is None else Release(**row._asdict())


def load_releases(connection: Connection, subjects: Iterable[str]) -> dict[str, Release]:
    """The releases and dismissals of subjects that stand now, by subject."""
    found = {}
    for some in chunks(sorted(set(subjects)), IN_LIST):
        query = select(_RELEASE).where(_RELEASE.c.subject.in_(some))
        found.update({row.subject: Release(**row._asdict()) for row in connection.execute(query)})
    return found


def replacing(connection: Connection, subject: str) -> str | None:
    """The subject of the standing release that put its set in the place of this one; None when there is none."""
    return connection.execute(select(_RELEASE.c.subject).where(_RELEASE.c.replaced == subject)).scalar()


def save_release(connection: Connection, release: Release) -> None:
    """Note a release or a dismissal, in the transaction of its event."""
    insert(connection, ReleaseRow, [msgspec.structs.astuple(release)])


def drop_release(connection: Connection, subject: str) -> None:
    """Note that it stands no more, in the transaction of its event."""
    connection.execute(delete(_RELEASE).where(_RELEASE.c.subject == subject))


def aliases_of(connection: Connection, numbers: Iterable[str]) -> dict[tuple[str, str], int]:
    """What payers' numbers (CLP01, normalised) mean by hand: (payer, number) -> root of the claim."""
    found: dict[tuple[str, str], int] = {}
    for some in chunks(sorted(set(numbers) - {""}), IN_LIST):
        query = select(_ALIAS.c.payer, _ALIAS.c.number, _ALIAS.c.claim_id).where(_ALIAS.c.number.in_(some))
        found.update(((row.payer, row.number), row.claim_id) for row in connection.execute(query))
    return found


def save_alias(connection: Connection, alias: Alias) -> None:
    """Remember a number of a payer for a claim; the latest decision about a number counts.

    Of several that say the same claim the first by subject is kept, in whatever order they were made.
    """
    where = and_(_ALIAS.c.payer == alias.payer, _ALIAS.c.number == alias.number)
    same = select(_ALIAS.c.subject).where(where, _ALIAS.c.claim_id == alias.claim_id)
    if any(subject < alias.subject for subject in connection.execute(same).scalars()):
        return
    connection.execute(delete(_ALIAS).where(where))
    insert(connection, AliasRow, [msgspec.structs.astuple(alias)])


def drop_aliases(connection: Connection, subject: str) -> set[tuple[str, str]]:
    """Forget what a linked claim payment taught; returns payer and number of it."""
    query = select(_ALIAS.c.payer, _ALIAS.c.number).where(_ALIAS.c.subject == subject)
    taught = {(row.payer, row.number) for row in connection.execute(query)}
    connection.execute(delete(_ALIAS).where(_ALIAS.c.subject == subject))
    return taught


def unpost(connection: Connection, payments: Iterable[int]) -> set[int]:
    """Take claim payments out of the books, as if they had never been posted; their rows stay.

    Args:
        connection: a write transaction; the caller gives the claim payments their new outcome.
        payments: ids; of those that are not posted only reversals that wait for their original stood anywhere.

    Returns:
        The roots of the chains they stood on, or waited at. They are to be recomputed.
    """
    payments = sorted(payments)
    query = select(
        _PAYMENT.c.id, _PAYMENT.c.claim_id, _PAYMENT.c.payer_claim_control_number, _CLAIM.c.root
    ).join(_CLAIM, _CLAIM.c.id == _PAYMENT.c.claim_id)
    rows = connection.execute(query.where(_PAYMENT.c.id.in_(payments))).all()
    posted = [row.id for row in rows]
    for model in (PostingRow, DenialRow):
        table = table_of(model)
        connection.execute(delete(table).where(table.c.claim_payment_id.in_(posted)))
    connection.execute(update(_PAYMENT).where(_PAYMENT.c.id.in_(posted)).values(claim_id=None))
    roots = {int(row.root) for row in rows} | waited_at(connection, payments)
    _forget_numbers(connection, {(row.payer_claim_control_number, row.claim_id) for row in rows})
    _as_unanswered(connection, roots)
    return roots


def _forget_numbers(connection: Connection, learned: Iterable[tuple[str, int]]) -> None:
    """Forget payers' claim numbers that nothing but unposted claim payments taught."""
    for number, claim in sorted(one for one in learned if one[0]):
        posted = select(_PAYMENT.c.id).where(
            _PAYMENT.c.claim_id == claim, _PAYMENT.c.payer_claim_control_number == number
        )
        told = select(_ACKNOWLEDGMENT.c.ordinal).where(
            _ACKNOWLEDGMENT.c.claim_id == claim, _ACKNOWLEDGMENT.c.payer_claim_control_number == number
        )
        connection.execute(
            delete(_NUMBER).where(
                and_(
                    _NUMBER.c.number == number, _NUMBER.c.claim_id == claim, ~posted.exists(), ~told.exists()
                )
            )
        )


def _as_unanswered(connection: Connection, roots: set[int]) -> None:
    """Bring claims to where their acknowledgments left them; what is still posted is then computed anew."""
    findings = table_of(ClaimFindingRow)
    connection.execute(delete(findings).where(findings.c.claim_id.in_(sorted(roots))))
    connection.execute(update(_CLAIM).where(_CLAIM.c.root.in_(sorted(roots))).values(adjudications=0))
    query = select(_CLAIM.c.id, _CLAIM.c.acknowledged).where(_CLAIM.c.id.in_(sorted(roots)))
    for row in connection.execute(query).all():
        word = row.acknowledged.split(":")[1] if ":" in row.acknowledged else "submitted"
        connection.execute(update(_CLAIM).where(_CLAIM.c.id == row.id).values(status=word))


def remove_remittance(connection: Connection, file_sha256: str, position: int) -> set[int]:
    """Take a posted transaction set out of the store, and with it what became of it as a set.

    Args:
        connection: a write transaction that takes the set in again, or another in its place.
        file_sha256: its file.
        position: its place there, from 0.

    Returns:
        The roots of the chains that it was posted on. They are to be recomputed.
    """
    where = and_(_REMITTANCE.c.file_sha256 == file_sha256, _REMITTANCE.c.position == position)
    numbers = [int(one) for one in connection.execute(select(_REMITTANCE.c.id).where(where)).scalars()]
    payments = [
        int(one)
        for one in connection.execute(
            select(_PAYMENT.c.id).where(_PAYMENT.c.remittance_id.in_(numbers))
        ).scalars()
    ]
    roots: set[int] = set()
    for some in chunks(payments, IN_LIST):
        roots |= unpost(connection, some)
        for model in (ServicePaymentRow, ClaimPaymentContentRow):
            table = table_of(model)
            connection.execute(delete(table).where(table.c.claim_payment_id.in_(some)))
        connection.execute(delete(_PAYMENT).where(_PAYMENT.c.id.in_(some)))
    adjustments = table_of(ProviderAdjustmentRow)
    connection.execute(delete(adjustments).where(adjustments.c.remittance_id.in_(numbers)))
    connection.execute(delete(_REMITTANCE).where(_REMITTANCE.c.id.in_(numbers)))
    connection.execute(
        delete(_SET).where(and_(_SET.c.file_sha256 == file_sha256, _SET.c.position == position))
    )
    return roots


def forget_set(connection: Connection, file_sha256: str, position: int) -> None:
    """Forget what became of a transaction set that is taken in again in this transaction."""
    connection.execute(
        delete(_SET).where(and_(_SET.c.file_sha256 == file_sha256, _SET.c.position == position))
    )


def posted_set(connection: Connection, payment_key: str) -> tuple[str, int] | None:
    """File and position of the transaction set that is posted under a payment key; None when none is."""
    query = select(_REMITTANCE.c.file_sha256, _REMITTANCE.c.position)
    row = connection.execute(query.where(_REMITTANCE.c.payment_key == payment_key)).first()
    return None if row is None else (row.file_sha256, row.position)


def note_unexplained(connection: Connection, file_sha256: str, position: int, cents: int) -> None:
    """Note what BPR02 of a released set has beyond its claim payments less provider adjustments, in cents."""
    where = and_(_REMITTANCE.c.file_sha256 == file_sha256, _REMITTANCE.c.position == position)
    connection.execute(update(_REMITTANCE).where(where).values(unexplained=cents))


class Unexplained(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Cents that a release left unexplained and nothing has cleared since.

    ``claim_payment_id`` names the newest released claim payment of a claim, else (0) it is a whole transaction set;
    ``payment_key`` and ``ordinal`` name the same in business terms, the ordinal from 0.
    """

    claim_payment_id: int
    file_sha256: str
    position: int
    patient_control_number: str
    trace_number: str
    payer_name: str
    cents: int
    payment_key: str = ""
    ordinal: int = 0

    @property
    def subject(self) -> str:
        """How the event log names it."""
        if not self.claim_payment_id:
            return set_subject(self.file_sha256, self.position)
        return payment_subject(self.payment_key, self.ordinal)


def unexplained_money(connection: Connection) -> list[Unexplained]:
    """What stands in suspense after releases, claims first, by id."""
    newest = (
        select(_CLAIM.c.root, func.max(_PAYMENT.c.id).label("payment"))
        .join(_PAYMENT, _PAYMENT.c.claim_id == _CLAIM.c.id)
        .join(_POSTING, _POSTING.c.claim_payment_id == _PAYMENT.c.id)
        .where(_POSTING.c.account == "suspense", ~_POSTING.c.transfer)
        .group_by(_CLAIM.c.root)
        .subquery()
    )
    root = _CLAIM.alias("first_submission")
    query = (
        select(
            _PAYMENT.c.id,
            _REMITTANCE.c.file_sha256,
            _REMITTANCE.c.position,
            root.c.patient_control_number,
            _REMITTANCE.c.trace_number,
            _REMITTANCE.c.payer_name,
            root.c.suspense,
            _REMITTANCE.c.payment_key,
            _PAYMENT.c.ordinal,
        )
        .select_from(newest)
        .join(root, root.c.id == newest.c.root)
        .join(_PAYMENT, _PAYMENT.c.id == newest.c.payment)
        .join(_REMITTANCE, _REMITTANCE.c.id == _PAYMENT.c.remittance_id)
        .where(root.c.suspense != 0)
        .order_by(_PAYMENT.c.id)
    )
    found = [
        Unexplained(**dict(zip(Unexplained.__struct_fields__, row, strict=True)))
        for row in connection.execute(query)
    ]
    sets = select(_REMITTANCE).where(_REMITTANCE.c.unexplained != 0).order_by(_REMITTANCE.c.id)
    found += [
        Unexplained(
            claim_payment_id=0,
            file_sha256=row.file_sha256,
            position=row.position,
            patient_control_number="",
            trace_number=row.trace_number,
            payer_name=row.payer_name,
            cents=row.unexplained,
        )
        for row in connection.execute(sets)
    ]
    return found
