"""Cash by practice, payment and posting day, with the deposit that brought it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec
from sqlalchemy import Connection, select

from reconcile.store.bulk import table_of
from reconcile.store.deposits import reassociate
from reconcile.store.journal import Dating, collected
from reconcile.store.listing import REMITTANCE
from reconcile.store.report_rows.scope import UNKNOWN, Scope, payer_of
from reconcile.store.schema import FileTransactionRow

NO_DEPOSIT = "(no deposit)"
PATIENTS = "(patients)"


class CollectedRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Cash of one payment, or of patients, on one posting day; cents.

    ``source`` is ``835``, ``paper_eob``, ``virtual_card`` or ``patient``; ``written`` tells that the day is final.
    """

    practice_id: str
    posting_date: date
    payer: str
    source: str
    trace_number: str
    deposit: str
    from_payers: int
    from_patients: int
    written: bool


def collected_rows(connection: Connection, scope: Scope) -> Iterator[CollectedRow]:
    """Yield what came in, in the order of posting days; ``since``, ``until`` and ``as_of`` are posting days.

    Args:
        connection: any transaction.
        scope: which rows.
    """
    kinds = table_of(FileTransactionRow)
    query = select(
        REMITTANCE.c.id, REMITTANCE.c.trace_number, payer_of(REMITTANCE).label("payer"), kinds.c.kind
    ).outerjoin(
        kinds,
        (kinds.c.file_sha256 == REMITTANCE.c.file_sha256) & (kinds.c.position == REMITTANCE.c.position),
    )
    payments = {row.id: row for row in connection.execute(query)}
    dating = scope.dating or Dating(today=scope.today)
    deposits = _deposits(connection, dating)
    found = []
    for one in collected(connection, dating):
        payment = payments.get(one.remittance_id or 0)
        found.append(
            CollectedRow(
                practice_id=one.practice_id,
                posting_date=one.posting_date,
                payer=PATIENTS if one.by_patient else UNKNOWN if payment is None else payment.payer,
                source="patient" if one.by_patient else UNKNOWN if payment is None else payment.kind or "835",
                trace_number="" if payment is None else payment.trace_number,
                deposit=PATIENTS if one.by_patient else deposits.get(one.remittance_id or 0, NO_DEPOSIT),
                from_payers=0 if one.by_patient else one.cents,
                from_patients=one.cents if one.by_patient else 0,
                written=one.written,
            )
        )
    found.sort(key=lambda one: (one.posting_date, one.practice_id, one.payer, one.trace_number))
    yield from (one for one in found if _within(one, scope))


def _deposits(connection: Connection, dating: Dating) -> dict[int, str]:
    """The name of the deposit that each remittance is tied to: its day, and the bank's reference or trace number."""
    known = reassociate(connection, today=dating.today, window_days=dating.window_days, names=dating.names)
    names = {
        number: " ".join(
            part for part in (one.deposited_on.isoformat(), one.bank_reference or one.trace_number) if part
        )
        for number, one in known.deposits.items()
    }
    return {
        payment: names[match.deposit]
        for match in known.matches
        if match.deposit is not None
        for payment in match.payments
    }


def _within(one: CollectedRow, scope: Scope) -> bool:
    """Whether a row is asked for."""
    last = min((day for day in (scope.until, scope.as_of) if day is not None), default=None)
    return (
        scope.practice in (None, one.practice_id)
        and scope.payer in (None, one.payer)
        and (scope.since is None or one.posting_date >= scope.since)
        and (last is None or one.posting_date <= last)
    )
