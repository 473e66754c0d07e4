"""Bank deposits into the store, each once; and which remittances they are for, worked out when somebody asks.

Nothing of a match is stored: it follows from the deposits and the remittances. So neither an ingest nor an import has
to find and mend the matches of others, and the answer as of an earlier day is the same question with fewer rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection, select, text

from edi.model.deposit import Deposit
from reconcile.deposits import (
    LATE_AFTER_DAYS,
    WINDOW_DAYS,
    BankDeposit,
    DepositMatch,
    ExpectedPayment,
    match_deposits,
)
from reconcile.store.bulk import Row, day, insert, next_id, table_of, update
from reconcile.store.schema import DepositRow

_DEPOSIT: Final = table_of(DepositRow)
_MENDED: Final = ("practice_id", "account", "bank_reference", "trace_number", "payer_id", "payer_text")
"""Columns that another file about the same deposit may fill in."""


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
    """Store the deposits of one file that are not known yet.

    The same deposit may come in several files, in other words each time: day and amount agree, what both tell of
    account, practice, bank reference and trace number too, and one of the two numbers is told by both. Where neither
    tells a number, the text must agree, and as many are stored as one file has. What a file tells and an earlier one
    did not is filled in.

    Args:
        connection: a write transaction.
        deposits: of one file, in its order.
        file_sha256: the file, which the store knows.
    """
    run = _Import(_stored(connection, deposits), next_id(connection, DepositRow), file_sha256)
    for one in deposits:
        run.take(one)
    insert(connection, DepositRow, run.new)
    update(connection, DepositRow, _MENDED, [(*filled, number) for number, filled in run.mended.items()])
    return SavedDeposits(
        new=tuple(row[0] for row in run.new),
        known=run.known,
        repeated=run.repeated,
        doubtful=tuple(run.doubtful),
    )


def next_deposit_id(connection: Connection) -> int:
    """The first free id of a deposit: those that are stored from now on have it or a greater one."""
    return next_id(connection, DepositRow)


_Stored: TypeAlias = dict[tuple[date, int], list[dict[str, Any]]]


def _stored(connection: Connection, deposits: Sequence[Deposit]) -> _Stored:
    """The deposits that the store has of the days of others, by day and amount, oldest first."""
    found: _Stored = {}
    days = [one.deposited_on for one in deposits]
    if days:
        query = select(_DEPOSIT).where(_DEPOSIT.c.deposited_on.between(min(days), max(days)))
        for row in connection.execute(query.order_by(_DEPOSIT.c.id)):
            found.setdefault((row.deposited_on, row.amount), []).append(dict(row._mapping))
    return found


class _Import:
    """The deposits of one file on their way into the store."""

    def __init__(self, stored: _Stored, following: int, file_sha256: str) -> None:
        self._stored, self._following, self._file = stored, following, file_sha256
        self._seen: set[Row] = set()
        self.new: list[Row] = []
        self.mended: dict[int, Row] = {}
        self.doubtful: list[int] = []
        self.known = self.repeated = 0

    def take(self, one: Deposit) -> None:
        """Find out whether a deposit is new, known, or a row of the file once more."""
        told = {name: getattr(one, name) for name in _MENDED}
        name = (one.deposited_on, one.amount, *told.values())
        if one.bank_reference and name in self._seen:
            self.repeated += 1
            return
        self._seen.add(name)
        others = self._stored.get((one.deposited_on, one.amount), [])
        same = next((other for other in others if _same(told, other)), None)
        if same is None:
            if others:
                self.doubtful.append(one.row)
            self.new.append(self._row(one))
            return
        others.remove(same)  # it answers for one row of this file
        self.known += 1
        filled = tuple(_fuller(same[column], told[column]) for column in _MENDED)
        if filled != tuple(same[column] for column in _MENDED):
            self.mended[same["id"]] = filled

    def _row(self, one: Deposit) -> Row:
        """A new deposit, columns in schema order."""
        return (
            self._following + len(self.new),
            one.practice_id,
            one.account,
            one.deposited_on,
            one.amount,
            one.bank_reference,
            one.trace_number,
            one.payer_id,
            one.payer_text,
            self._file,
            one.row,
        )


def _same(told: Mapping[str, str], stored: Mapping[str, Any]) -> bool:
    """Whether a row tells of a stored deposit; day and amount agree already."""
    for column in ("practice_id", "account", "bank_reference", "trace_number"):
        if told[column] and stored[column] and told[column] != stored[column]:
            return False
    numbers = ("bank_reference", "trace_number")
    if any(told[column] and told[column] == stored[column] for column in numbers):
        return True
    nameless = not any(told[column] or stored[column] for column in numbers)
    return nameless and _plain(told["payer_text"]) == _plain(stored["payer_text"])


def _plain(words: str) -> str:
    return "".join(one for one in words.upper() if one.isalnum())


def _fuller(first: str, second: str) -> str:
    """The longer of two texts, so that the order of files does not matter."""
    return max(first, second, key=lambda one: (len(one), one))


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
    held = connection.execute(
        text("SELECT trace_number FROM file_transaction WHERE outcome IN ('quarantined', 'conflict')")
    )
    return Reassociation(
        matches=matches,
        deposits=deposits,
        payments=payments,
        held=frozenset(number for (number,) in held if number),
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


_DEPOSITS: Final = """SELECT x.id, x.practice_id, x.account, x.deposited_on, x.amount, x.bank_reference, x.trace_number,
    x.payer_id, x.payer_text, f.name FROM deposit x LEFT JOIN file f ON f.sha256 = x.file_sha256"""
_PAYMENTS: Final = """SELECT r.id, r.payment_key, r.practice_id, r.payer_key, r.payer_id, r.payer_ids, r.payer_name,
    r.trace_number, r.payment_date, r.production_date, r.amount, r.method, f.name FROM remittance r
    LEFT JOIN file f ON f.sha256 = r.file_sha256 WHERE r.amount > 0 AND r.method <> 'NON' AND r.credit_debit <> 'D'"""


def _deposits(connection: Connection) -> Iterable[DepositFacts]:
    for row in connection.execute(text(_DEPOSITS)):
        booked = day(row[3])
        if booked is not None:
            yield DepositFacts(
                id=row[0],
                practice_id=row[1],
                account=row[2],
                deposited_on=booked,
                amount=row[4],
                bank_reference=row[5],
                trace_number=row[6],
                payer_id=row[7],
                payer_text=row[8],
                file=row[9] or "",
            )


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
