"""Sums over the whole store, claims one by one, and what waits to be sent. Everything here only reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from reconcile.store.bulk import table_of
from reconcile.store.listing import (
    CLAIM,
    CLAIM_PAYMENT,
    FILE,
    PROVIDER_ADJUSTMENT,
    REMITTANCE,
    RESEND,
    RESUBMISSION,
)
from reconcile.store.schema import EligibilityInquiryRow, StatusInquiryRow


class Totals(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Sums over the whole store, in cents but for the counts.

    A claim that went out again counts once: ``claims`` are chains, ``charge`` what was billed in them. ``bank`` is the
    sum of BPR02; ``posted``, ``suspense`` and ``unmatched`` the sums of CLP04 by outcome,
    ``provider_adjustments`` the sum of PLB and ``unexplained`` what released sets have beyond them:
    bank = posted + suspense + unmatched - provider_adjustments + unexplained. ``claim_suspense`` is what released claim
    payments leave unexplained: charge = paid + contractual + patient + denied + claim_suspense + open.
    """

    claims: int
    charge: int
    paid: int
    contractual: int
    patient: int
    denied: int
    pended: int
    open: int
    bank: int
    posted: int
    suspense: int
    unmatched: int
    suspense_count: int
    unmatched_count: int
    provider_adjustments: int
    by_status: dict[str, int]
    by_acknowledgment: dict[str, int]
    claim_suspense: int = 0
    unexplained: int = 0


def totals(connection: Connection) -> Totals:
    """Return the sums over the whole store."""
    columns = ("billed", "paid", "contractual", "patient", "denied", "pended", "open_balance")
    sums = connection.execute(
        select(
            func.count(CLAIM.c.root.distinct()),
            *(func.coalesce(func.sum(CLAIM.c[name]), 0) for name in columns),
        )
    ).one()
    outcomes = {
        row[0]: (int(row[1]), int(row[2]))
        for row in connection.execute(
            select(CLAIM_PAYMENT.c.outcome, func.count(), func.sum(CLAIM_PAYMENT.c.paid)).group_by(
                CLAIM_PAYMENT.c.outcome
            )
        )
    }
    nothing = (0, 0)
    return Totals(
        claims=int(sums[0]),
        charge=int(sums[1]),
        paid=int(sums[2]),
        contractual=int(sums[3]),
        patient=int(sums[4]),
        denied=int(sums[5]),
        pended=int(sums[6]),
        open=int(sums[7]),
        bank=_sum(connection, REMITTANCE.c.amount),
        posted=outcomes.get("posted", nothing)[1],
        suspense=outcomes.get("suspense", nothing)[1],
        unmatched=outcomes.get("unmatched", nothing)[1],
        suspense_count=outcomes.get("suspense", nothing)[0],
        unmatched_count=outcomes.get("unmatched", nothing)[0],
        provider_adjustments=_sum(connection, PROVIDER_ADJUSTMENT.c.cents),
        by_status=_counts(connection, CLAIM.c.status),
        by_acknowledgment=_counts(connection, CLAIM.c.acknowledged),
        claim_suspense=_sum(connection, CLAIM.c.suspense),
        unexplained=_sum(connection, REMITTANCE.c.unexplained),
    )


def _sum(connection: Connection, column: Any) -> int:
    return int(connection.execute(select(func.coalesce(func.sum(column), 0))).scalar_one())


def _counts(connection: Connection, column: Any) -> dict[str, int]:
    query = select(column, func.count()).group_by(column).order_by(column)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


class ClaimListing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One submission with its sums, in cents.

    ``again`` says why it went out after others of its chain (``reconcile.values.Again``, or ``resend`` when another
    system sent it); "" for the first, which has the sums of all. ``charge`` is what the submission said, ``billed``
    what it adds to what is billed: the chain's charge once, on the first.
    """

    patient_control_number: str
    practice_id: str
    payer: str
    date_from: date | None
    date_to: date | None
    frequency: str
    status: str
    acknowledged: str
    again: str
    charge: int
    billed: int
    paid: int
    contractual: int
    patient: int
    denied: int
    pended: int
    open: int


def claim_listing(
    connection: Connection, *, status: str | None = None, practice_id: str | None = None
) -> Iterator[ClaimListing]:
    """Yield claims, newest service first, of one status or practice if named."""
    query = (
        select(CLAIM, RESUBMISSION.c.kind)
        .outerjoin(RESUBMISSION, RESUBMISSION.c.claim_id == CLAIM.c.id)
        .order_by(CLAIM.c.date_from.desc(), CLAIM.c.patient_control_number, CLAIM.c.sequence)
    )
    if status is not None:
        query = query.where(CLAIM.c.status == status)
    if practice_id is not None:
        query = query.where(CLAIM.c.practice_id == practice_id)
    for row in connection.execute(query):
        yield ClaimListing(
            patient_control_number=row.patient_control_number,
            practice_id=row.practice_id,
            payer=row.payer_key or row.payer_name or row.payer_id,
            date_from=row.date_from,
            date_to=row.date_to,
            frequency=row.frequency,
            status=row.status,
            acknowledged=row.acknowledged,
            again=row.kind or ("" if row.id == row.root else RESEND),
            charge=row.charge,
            billed=row.billed,
            paid=row.paid,
            contractual=row.contractual,
            patient=row.patient,
            denied=row.denied,
            pended=row.pended,
            open=row.open_balance,
        )


class OutboxFile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An 837P, 270 or 276 file that is not yet known to be sent. ``charge`` is cents; the last two have ``inquiries``.

    ``size`` is bytes. ``outcome`` is ``written``, ``made`` (a 270 or 276) or ``placed``; ``uploading`` or
    ``sending`` when a run ended in the middle of its delivery, before or while the file got its name at the far side.
    """

    sha256: str
    name: str
    size: int
    partner: str
    outcome: str
    claims: int
    charge: int
    inquiries: int = 0


_GOING: Final = ("placed", "uploading", "sending")


def outbox(connection: Connection) -> list[OutboxFile]:
    """Return the files that wait to be sent, oldest first."""
    query = (
        select(
            FILE.c.sha256,
            FILE.c.name,
            FILE.c.size,
            FILE.c.outcome,
            CLAIM.c.partner,
            func.count().label("claims"),
            func.sum(CLAIM.c.charge).label("sum"),
        )
        .join(CLAIM, CLAIM.c.file_sha256 == FILE.c.sha256)
        .where(FILE.c.direction == "out", FILE.c.outcome.in_(("written", *_GOING)))
        .group_by(FILE.c.sha256, FILE.c.name, FILE.c.size, FILE.c.outcome, FILE.c.first_seen, CLAIM.c.partner)
        .order_by(FILE.c.first_seen, FILE.c.name)
    )
    return [
        *(
            OutboxFile(
                sha256=row.sha256,
                name=row.name,
                size=row.size,
                partner=row.partner,
                outcome=row.outcome,
                claims=int(row.claims),
                charge=int(row.sum),
            )
            for row in connection.execute(query)
        ),
        *_inquiries(connection, EligibilityInquiryRow),
        *_inquiries(connection, StatusInquiryRow),
    ]


def _inquiries(connection: Connection, model: type[SQLModel]) -> Iterator[OutboxFile]:
    """The 270 or 276 files that wait to be sent, oldest first."""
    asked = table_of(model)
    query = (
        select(
            FILE.c.sha256,
            FILE.c.name,
            FILE.c.size,
            FILE.c.outcome,
            asked.c.partner,
            func.count().label("inquiries"),
        )
        .join(asked, asked.c.file_sha256 == FILE.c.sha256)
        .where(FILE.c.direction == "out", FILE.c.outcome.in_(("made", *_GOING)))
        .group_by(FILE.c.sha256, FILE.c.name, FILE.c.size, FILE.c.outcome, FILE.c.first_seen, asked.c.partner)
        .order_by(FILE.c.first_seen, FILE.c.name)
    )
    for row in connection.execute(query):
        yield OutboxFile(**row._asdict(), claims=0, charge=0)
