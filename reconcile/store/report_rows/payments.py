"""The remittances with where their money is: posted, in suspense, unmatched, taken by provider adjustments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from reconcile.store.bulk import IN_LIST, chunks
from reconcile.store.listing import CLAIM_PAYMENT, FILE, PROVIDER_ADJUSTMENT, REMITTANCE
from reconcile.store.report_rows.scope import Scope, of_practice, paid_on, payer_of, posted_by, within

OUTCOMES = ("posted", "suspense", "unmatched")


def _conditions(scope: Scope) -> list[ColumnElement[bool]]:
    found = [*posted_by(scope), *within(scope, paid_on()), *of_practice(scope, REMITTANCE.c.practice_id)]
    if scope.payer is not None:
        found.append(payer_of(REMITTANCE) == scope.payer)
    return found


def taken_in(connection: Connection, digests: Iterable[str]) -> dict[str, int]:
    """Cents of the claim payments of some files, by where they are: one of ``OUTCOMES`` each.

    Args:
        connection: a read transaction.
        digests: SHA-256 of the files.
    """
    found = dict.fromkeys(OUTCOMES, 0)
    for some in chunks(sorted(set(digests)), IN_LIST):
        query = (
            select(CLAIM_PAYMENT.c.outcome, func.sum(CLAIM_PAYMENT.c.paid))
            .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
            .where(REMITTANCE.c.file_sha256.in_(some))
            .group_by(CLAIM_PAYMENT.c.outcome)
        )
        for outcome, cents in connection.execute(query):
            found[outcome] = found.get(outcome, 0) + int(cents)
    return found


def payment_rows(connection: Connection, scope: Scope) -> list[Any]:
    """Remittances, newest first, with the sums of their claim payments by outcome and of their PLB; cents.

    ``provider_adjustments`` above zero lower the payment (005010X221A1 PLB04).
    """
    paid, outcome = CLAIM_PAYMENT.c.paid, CLAIM_PAYMENT.c.outcome
    held = (
        select(
            CLAIM_PAYMENT.c.remittance_id,
            func.count().label("claims"),
            *(func.sum(case((outcome == name, paid), else_=0)).label(name) for name in OUTCOMES),
        )
        .group_by(CLAIM_PAYMENT.c.remittance_id)
        .subquery("held")
    )
    adjusted = (
        select(PROVIDER_ADJUSTMENT.c.remittance_id, func.sum(PROVIDER_ADJUSTMENT.c.cents).label("cents"))
        .group_by(PROVIDER_ADJUSTMENT.c.remittance_id)
        .subquery("adjusted")
    )
    query = (
        select(
            REMITTANCE.c.id,
            REMITTANCE.c.practice_id,
            REMITTANCE.c.trace_number,
            REMITTANCE.c.method,
            REMITTANCE.c.amount,
            payer_of(REMITTANCE).label("payer"),
            paid_on().label("paid_on"),
            FILE.c.name.label("file"),
            func.coalesce(held.c.claims, 0).label("claims"),
            *(func.coalesce(held.c[name], 0).label(name) for name in OUTCOMES),
            func.coalesce(adjusted.c.cents, 0).label("provider_adjustments"),
        )
        .select_from(REMITTANCE)
        .outerjoin(held, held.c.remittance_id == REMITTANCE.c.id)
        .outerjoin(adjusted, adjusted.c.remittance_id == REMITTANCE.c.id)
        .outerjoin(FILE, FILE.c.sha256 == REMITTANCE.c.file_sha256)
        .where(*_conditions(scope))
        .order_by(paid_on().desc(), REMITTANCE.c.id)
    )
    return list(connection.execute(query))


def claim_payment_rows(scope: Scope) -> Select[Any]:
    """The claim payments of those remittances, one a row."""
    return (
        select(
            CLAIM_PAYMENT.c.id,
            CLAIM_PAYMENT.c.remittance_id,
            CLAIM_PAYMENT.c.patient_control_number,
            CLAIM_PAYMENT.c.status,
            CLAIM_PAYMENT.c.charge,
            CLAIM_PAYMENT.c.paid,
            CLAIM_PAYMENT.c.outcome,
        )
        .join(REMITTANCE, REMITTANCE.c.id == CLAIM_PAYMENT.c.remittance_id)
        .where(*_conditions(scope))
    )


def adjustment_rows(scope: Scope) -> Select[Any]:
    """The provider adjustments of those remittances, one a row."""
    return (
        select(
            PROVIDER_ADJUSTMENT.c.remittance_id,
            PROVIDER_ADJUSTMENT.c.ordinal,
            PROVIDER_ADJUSTMENT.c.reason,
            PROVIDER_ADJUSTMENT.c.identifier,
            PROVIDER_ADJUSTMENT.c.cents,
        )
        .join(REMITTANCE, REMITTANCE.c.id == PROVIDER_ADJUSTMENT.c.remittance_id)
        .where(*_conditions(scope))
    )
