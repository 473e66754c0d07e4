"""Rows of bank files into the store; which are one deposit, and for which remittances, is worked out when asked.

Nothing of either is stored: it follows from the rows and the remittances. So neither an ingest nor an import has
to find and mend the matches of others, and the answer as of an earlier day is the same question with fewer rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, text

from edi.model.deposit import Deposit
from reconcile.deposit_merge import BankRow, merge_rows
from reconcile.deposits import (
    LATE_AFTER_DAYS,
    WINDOW_DAYS,
    BankDeposit,
    DepositMatch,
    ExpectedPayment,
    match_deposits,
)
from reconcile.store.bulk import Row, day, insert, next_id, table_of
from reconcile.store.files import held_sets
from reconcile.store.schema import DepositRow, FileRow

_DEPOSIT: Final = table_of(DepositRow)
_FILE: Final = table_of(FileRow)


class SavedDeposits(msgspec.Struct, frozen=True, kw_only=True):
    """What an import brought: ids of deposits that were new, how many were known, and the rows that are in doubt.

    ``repeated`` rows stand in the file twice. ``doubtful`` rows are new, though one of that day and amount is known.
    """

    new: tuple[int, ...] = ()
    known: int = 0
    repeated: int = 0
    doubtful: tuple[int, ...] = ()


class DepositFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A stored deposit and the file it was first seen in; ``amount`` cents."""

    id: int
    practice_id: str
    account: str
    deposited_on: date
    amount: int
    bank_reference: str
    trace_number: str
    payer_id: str
    payer_text: str
    file: str

    @property
    def key(self) -> str:
        """Names it by what it says, whatever was stored first."""
        parts = (
            self.account, self.bank_reference, self.trace_number, self.payer_id, self.practice_id, self.payer_text,
        )  # fmt: skip
        return "|".join((self.deposited_on.isoformat(), str(self.amount), *parts))


class PaymentFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A remittance as deposits are compared with it; ``amount`` is BPR02 in cents, ``day`` BPR16, else DTM*405."""

    id: int
    payment_key: str
    practice_id: str
    payer_key: str
    payer_id: str
    payer_ids: str
    payer_name: str
    trace_number: str
    day: date | None
    amount: int
    method: str
    file: str


class Reassociation(msgspec.Struct, frozen=True, kw_only=True):
    """Every match, and what its ids stand for. ``held``: trace numbers of payments that are in quarantine."""

    matches: tuple[DepositMatch, ...]
    deposits: dict[int, DepositFacts]
    payments: dict[int, PaymentFacts]
    held: frozenset[str]


def save_deposits(connection: Connection, deposits: Sequence[Deposit], file_sha256: str) -> SavedDeposits:
    """Store the deposits of one file, each row as it tells it; which rows tell of one deposit is found when asked.

    A row that stands in the file again under the same bank reference is stored once, and so is each row of a file that
    is taken in again because not all of it could be.

    Args:
        connection: a write transaction.
        deposits: of one file, in its order.
        file_sha256: the file, which the store knows.
    """
    first = next_id(connection, DepositRow)
    query = select(_DEPOSIT.c.row).where(_DEPOSIT.c.file_sha256 == file_sha256)
    held = set(connection.execute(query).scalars())
    rows: list[Row] = []
    repeated = 0
    seen: set[Row] = set()
    for one in deposits:
        told = (one.practice_id, one.account, one.deposited_on, one.amount, one.bank_reference, one.trace_number,
                one.payer_id, one.payer_text)  # fmt: skip
        if one.bank_reference and told in seen:
            repeated += 1
            continue
        seen.add(told)
        if one.row not in held:
            rows.append((first + len(rows), *told, file_sha256, one.row))
    insert(connection, DepositRow, rows)
    return _saved(connection, deposits, first, repeated)


def _saved(connection: Connection, deposits: Sequence[Deposit], first: int, repeated: int) -> SavedDeposits:
    """What rows from an id on brought, after they were stored."""
    if not deposits:
        return SavedDeposits()
    days = [one.deposited_on for one in deposits]
    merged = merge_rows(_bank_rows(connection, min(days), max(days)))
    new = [one for one in merged if one.told.id >= first]
    left = {(one.told.deposited_on, one.told.amount) for one in merged if one.rows[-1].id < first}
    return SavedDeposits(
        new=tuple(one.told.id for one in new),
        known=len(deposits) - repeated - len(new),
        repeated=repeated,
        doubtful=tuple(one.told.row for one in new if (one.told.deposited_on, one.told.amount) in left),
    )


def next_deposit_id(connection: Connection) -> int:
    """The first free id of a deposit: those that are stored from now on have it or a greater one."""
    return next_id(connection, DepositRow)


def reassociate(
    connection: Connection,
    *,
    today: date,
    as_of: date | None = None,
    window_days: int = WINDOW_DAYS,
    late_after_days: int = LATE_AFTER_DAYS,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Reassociation:
    """Tie every deposit to the remittances it is for.

    Args:
        connection: any transaction.
        today: from which days are counted.
        as_of: only deposits and payments up to that day; None for all.
        window_days: see ``reconcile.deposits.match_deposits``.
        late_after_days: see there.
        names: how payers call themselves, by their key, beside what the remittance says.
    """
    deposits = {one.id: one for one in _deposits(connection) if as_of is None or one.deposited_on <= as_of}
    payments = {
        one.id: one for one in _payments(connection) if as_of is None or one.day is None or one.day <= as_of
    }
    matches = match_deposits(
        map(_bank_deposit, deposits.values()),
        [_expected(one, names or {}) for one in payments.values()],
        today=today,
        window_days=window_days,
        late_after_days=late_after_days,
    )
    return Reassociation(
        matches=matches,
        deposits=deposits,
        payments=payments,
        held=frozenset(one.trace_number for _, one in held_sets(connection) if one.trace_number),
    )


def deposit_days(connection: Connection, *, today: date, **settings: Any) -> dict[int, date]:
    """The day on which the bank booked each remittance that is tied to a deposit, by the remittance's id.

    Args:
        connection: any transaction.
        today: see ``reassociate``.
        settings: ``window_days``, ``late_after_days``, ``names`` of ``reassociate``.
    """
    found = reassociate(connection, today=today, **settings)
    return {
        number: found.deposits[one.deposit].deposited_on
        for one in found.matches
        if one.deposit is not None
        for number in one.payments
    }


_PAYMENTS: Final = """SELECT r.id, r.payment_key, r.practice_id, r.payer_key, r.payer_id, r.payer_ids, r.payer_name,
    r.trace_number, r.payment_date, r.production_date, r.amount, r.method, f.name FROM remittance r
    LEFT JOIN file f ON f.sha256 = r.file_sha256 WHERE r.amount > 0 AND r.method <> 'NON' AND r.credit_debit <> 'D'"""


def _bank_rows(
    connection: Connection, begin: date | None = None, end: date | None = None
) -> Iterator[BankRow]:
    """The stored rows, of days from one to another."""
    query = select(*_DEPOSIT.columns)
    if begin is not None and end is not None:
        query = query.where(_DEPOSIT.c.deposited_on.between(begin, end))
    return (BankRow(**row._mapping) for row in connection.execute(query))


def _deposits(connection: Connection) -> Iterable[DepositFacts]:
    names = {row.sha256: row.name for row in connection.execute(select(_FILE.c.sha256, _FILE.c.name))}
    for merged in merge_rows(_bank_rows(connection)):
        told = msgspec.structs.asdict(merged.told)
        del told["row"]
        file = names.get(told.pop("file_sha256")) or ""
        yield DepositFacts(**told, file=file)


def _payments(connection: Connection) -> Iterable[PaymentFacts]:
    for row in connection.execute(text(_PAYMENTS)):
        yield PaymentFacts(
            id=row[0],
            payment_key=row[1],
            practice_id=row[2],
            payer_key=row[3],
            payer_id=row[4],
            payer_ids=row[5],
            payer_name=row[6],
            trace_number=row[7],
            day=day(row[8]) or day(row[9]),
            amount=row[10],
            method=row[11],
            file=row[12] or "",
        )


def _bank_deposit(one: DepositFacts) -> BankDeposit:
    return BankDeposit(
        id=one.id,
        key=one.key,
        practice=one.practice_id,
        day=one.deposited_on,
        amount=one.amount,
        trace_number=one.trace_number,
        payer_id=one.payer_id,
        payer_text=one.payer_text,
    )


def _expected(one: PaymentFacts, names: Mapping[str, Sequence[str]]) -> ExpectedPayment:
    return ExpectedPayment(
        id=one.id,
        key=one.payment_key,
        practices=tuple(part for part in one.practice_id.split("\n") if part),
        payer_ids=tuple(part for part in (one.payer_id, *one.payer_ids.split("\n")) if part),
        payer_names=(one.payer_name, *names.get(one.payer_key, ())),
        trace_number=one.trace_number,
        day=one.day,
        amount=one.amount,
        method=one.method,
    )
