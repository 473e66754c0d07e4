"""Bank deposits x remittances: which money arrived for which 835, and which did not.

In four steps, each of which takes nothing that two answers fit: the trace number (TRN02) with the payer's number
(TRN03) where the bank tells it; the trace number as a word of the bank's text, with the amount; then amount, date and
payer, if that leaves one deposit and one payment; then one deposit for several payments, if exactly one set of at most
twelve candidates adds up to it. All deposits and payments are looked at together, so the order in which they arrived
cannot matter.
Source: RFI 222 and the CORE rule on EFT and ERA reassociation (trace number and originator come in the addenda).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import combinations, islice
from typing import Final

import msgspec

from edi.model.control import normalise_control_number

MOST_IN_BATCH: Final = 12
"""Payments that may be candidates for one batch deposit: among more, a sum that fits by chance is too likely."""
WINDOW_DAYS: Final = 10
"""Days between a payment and its deposit where no trace number ties them, unless [deposits] says otherwise."""
LATE_AFTER_DAYS: Final = 7
"""Days after which a payment without a deposit is reported, unless [deposits] says otherwise: CORE has the transfer
within three business days of its remittance, and this leaves room for a weekend and a holiday."""
_SHORTEST_NAME: Final = 5
_SHORTEST_TRACE: Final = 5
"""Characters of a trace number that is looked for in a bank's text: a shorter one may stand there by chance."""
_WORD: Final = re.compile(r"[^\s,;:*\\/~]+")
_COMPANY_NAME: Final = 16
"""Characters of the originator's name in an ACH entry."""
NO_MONEY: Final = "NON"
CHECK: Final = "CHK"


class DepositStatus(StrEnum):
    """What is known of a deposit or a payment."""

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount_differs"
    DEPOSIT_WITHOUT_ERA = "deposit_without_era"
    ERA_WITHOUT_DEPOSIT = "era_without_deposit"
    AWAITING_DEPOSIT = "awaiting_deposit"
    """A payment whose deposit is not late yet."""


class BankDeposit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A credit on a bank account, in cents.

    ``key`` names it whatever came first, ``payer_id`` is the originator's number, ``payer_text`` what the bank says.
    """

    id: int
    key: str
    practice: str
    day: date
    amount: int
    trace_number: str = ""
    payer_id: str = ""
    payer_text: str = ""


class ExpectedPayment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A remittance that says money was sent, in cents. ``key`` names it whatever came first.

    ``payer_ids`` are TRN03, N104 …, ``practices`` none if the payee is unknown, ``method`` BPR04.
    """

    id: int
    key: str
    practices: tuple[str, ...]
    payer_ids: tuple[str, ...]
    payer_names: tuple[str, ...]
    trace_number: str
    day: date | None
    amount: int
    method: str = ""


class DepositMatch(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One deposit with its payments, a deposit alone, or a payment alone. ``evidence``: trace, amount, batch or "".

    ``note``: ``ambiguous`` (several would fit equally well) or "".
    """

    status: DepositStatus
    deposit: int | None
    payments: tuple[int, ...] = ()
    evidence: str = ""
    note: str = ""


def match_deposits(
    deposits: Iterable[BankDeposit],
    payments: Iterable[ExpectedPayment],
    *,
    today: date,
    window_days: int,
    late_after_days: int,
) -> tuple[DepositMatch, ...]:
    """Tie deposits to payments.

    Args:
        deposits: credits, each once, in any order.
        payments: the remittances; those without money are left out of the answer.
        today: payments older than ``late_after_days`` before it are late.
        window_days: how many days apart deposit and payment may be where no trace number ties them.
        late_after_days: days after its date from which a payment without a deposit is reported.

    Returns:
        Every deposit and every payment with money, once each: deposits by date, then payments without one.
    """
    run = _Run(
        sorted(deposits, key=lambda one: (one.day, one.amount, one.key)),
        sorted(
            (one for one in payments if one.amount > 0 and one.method != NO_MONEY),
            key=lambda one: (one.day or date.min, one.amount, one.key),
        ),
        window_days,
    )
    run.by_trace()
    run.by_text()
    run.by_amount()
    run.by_batch()
    return tuple(run.answer(today, late_after_days))


class _Run:
    """Deposits and payments that are still free, and what was tied."""

    def __init__(
        self, deposits: Sequence[BankDeposit], payments: Sequence[ExpectedPayment], window: int
    ) -> None:
        self._deposits, self._payments, self._window = deposits, payments, window
        self._free_deposits = {one.id: one for one in deposits}
        self._free_payments = {one.id: one for one in payments}
        self._found: dict[int, DepositMatch] = {}
        self._doubtful: set[int] = set()

    def by_trace(self) -> None:
        """Tie what has one trace number and does not disagree about payer and practice."""
        sent: dict[str, list[ExpectedPayment]] = {}
        for payment in self._payments:
            if trace := normalise_control_number(payment.trace_number):
                sent.setdefault(trace, []).append(payment)
        came: dict[str, list[BankDeposit]] = {}
        for deposit in self._deposits:
            if trace := normalise_control_number(deposit.trace_number):
                came.setdefault(trace, []).append(deposit)
        for trace, group in came.items():
            self._of_one_trace(group, sent.get(trace, []))

    def _of_one_trace(self, deposits: Sequence[BankDeposit], payments: Sequence[ExpectedPayment]) -> None:
        """Tie the deposits and payments of one trace number, which payers may use again: equal amounts first."""
        fitting = {
            one.id: [
                two for two in payments if _same_payer(one, two) is not False and _same_practice(one, two)
            ]
            for one in deposits
        }
        for deposit in deposits:
            equal = [one for one in self._free(fitting[deposit.id]) if one.amount == deposit.amount]
            if equal:
                self._tie(deposit, [min(equal, key=lambda one: _apart(deposit, one))], "trace")
        left = [one for one in deposits if one.id in self._free_deposits]
        for deposit in left:
            mine = self._free(fitting[deposit.id])
            near = [one for one in mine if one.day and abs((deposit.day - one.day).days) <= self._window]
            if len(left) == 1 and (near or len(mine) == 1):
                self._tie(deposit, near or mine, "trace")
            elif mine:
                self._doubtful.add(deposit.id)

    def _free(self, payments: Iterable[ExpectedPayment]) -> list[ExpectedPayment]:
        """Those that no deposit has."""
        return [one for one in payments if one.id in self._free_payments]

    def by_text(self) -> None:
        """Tie a deposit whose text has the trace number of one payment of its amount as a word, and no other does."""
        sent: dict[tuple[int, str], list[ExpectedPayment]] = {}
        for payment in self._free_payments.values():
            trace = normalise_control_number(payment.trace_number)
            if len(trace) >= _SHORTEST_TRACE:
                sent.setdefault((payment.amount, trace), []).append(payment)
        named: dict[int, list[ExpectedPayment]] = {}
        for deposit in self._free_deposits.values():
            found = [
                one for word in _words(deposit.payer_text) for one in sent.get((deposit.amount, word), ())
            ]
            found = [
                one
                for one in found
                if _same_payer(deposit, one) is not False and _same_practice(deposit, one)
            ]
            if found:
                named[deposit.id] = found
        wanted = Counter(one.id for found in named.values() for one in found)
        for number, found in named.items():
            if len(found) == 1 and wanted[found[0].id] == 1:
                self._tie(self._free_deposits[number], found, "trace")
            else:
                self._doubtful.add(number)

    def by_amount(self) -> None:
        """Tie what only amount, date and payer tie, if it leaves one deposit and one payment."""
        by_amount: dict[int, list[ExpectedPayment]] = {}
        for payment in self._free_payments.values():
            by_amount.setdefault(payment.amount, []).append(payment)
        wanted: dict[int, list[BankDeposit]] = {}
        fits: dict[int, list[ExpectedPayment]] = {}
        for deposit in self._free_deposits.values():
            near = [one for one in by_amount.get(deposit.amount, ()) if self._may_be(deposit, one)]
            fits[deposit.id] = near
            for one in near:
                wanted.setdefault(one.id, []).append(deposit)
        for number, near in fits.items():
            if len(near) == 1 and len(wanted[near[0].id]) == 1:
                self._tie(self._free_deposits[number], near, "amount")
            elif near:
                self._doubtful.add(number)

    def by_batch(self) -> None:
        """Tie one deposit to several payments, if one set alone adds up to it and no other deposit wants any of it."""
        by_day: dict[int, list[ExpectedPayment]] = {}
        for payment in self._free_payments.values():
            if payment.day is not None:
                by_day.setdefault(payment.day.toordinal(), []).append(payment)
        sets: dict[int, tuple[ExpectedPayment, ...]] = {}
        for deposit in self._free_deposits.values():
            if deposit.id in self._doubtful:
                continue
            near = list(islice(self._parts(deposit, by_day), MOST_IN_BATCH + 1))
            found = list(_sums(deposit.amount, near)) if len(near) <= MOST_IN_BATCH else []
            if len(found) == 1:
                sets[deposit.id] = found[0]
            elif found:
                self._doubtful.add(deposit.id)
        claimed = Counter(one.id for group in sets.values() for one in group)
        for number, group in sets.items():
            if all(claimed[one.id] == 1 for one in group):
                self._tie(self._free_deposits[number], group, "batch")
            else:
                self._doubtful.add(number)

    def _parts(
        self, deposit: BankDeposit, by_day: Mapping[int, Sequence[ExpectedPayment]]
    ) -> Iterator[ExpectedPayment]:
        """Yield the payments that may be parts of a deposit: of its payer, or checks where the bank names nobody."""
        for days in range(-self._window, self._window + 1):
            for one in by_day.get(deposit.day.toordinal() + days, ()):
                if one.amount < deposit.amount and _same_practice(deposit, one):
                    same = _same_payer(deposit, one)
                    if same or (same is None and one.method == CHECK):
                        yield one

    def _may_be(self, deposit: BankDeposit, payment: ExpectedPayment) -> bool:
        """Whether a payment of its amount may be what a deposit is for: payer known to agree, dates near."""
        if payment.day is None or abs((deposit.day - payment.day).days) > self._window:
            return False
        return _same_payer(deposit, payment) is True and _same_practice(deposit, payment)

    def _tie(self, deposit: BankDeposit, payments: Sequence[ExpectedPayment], evidence: str) -> None:
        del self._free_deposits[deposit.id]
        for one in payments:
            del self._free_payments[one.id]
        exact = sum(one.amount for one in payments) == deposit.amount
        self._found[deposit.id] = DepositMatch(
            status=DepositStatus.MATCHED if exact else DepositStatus.AMOUNT_DIFFERS,
            deposit=deposit.id,
            payments=tuple(one.id for one in payments),
            evidence=evidence,
        )

    def answer(self, today: date, late_after_days: int) -> Iterator[DepositMatch]:
        """Yield every deposit, then every payment that has none."""
        for deposit in self._deposits:
            yield self._found.get(deposit.id) or DepositMatch(
                status=DepositStatus.DEPOSIT_WITHOUT_ERA,
                deposit=deposit.id,
                note="ambiguous" if deposit.id in self._doubtful else "",
            )
        for payment in self._payments:
            if payment.id in self._free_payments:
                late = payment.day is None or (today - payment.day).days > late_after_days
                yield DepositMatch(
                    status=DepositStatus.ERA_WITHOUT_DEPOSIT if late else DepositStatus.AWAITING_DEPOSIT,
                    deposit=None,
                    payments=(payment.id,),
                )


def _apart(deposit: BankDeposit, payment: ExpectedPayment) -> tuple[bool, int, str]:
    """How far in days a payment is from a deposit, in a form that sorts; one without a date is farthest."""
    days = abs((deposit.day - payment.day).days) if payment.day is not None else 0
    return (payment.day is None, days, payment.key)


def _same_practice(deposit: BankDeposit, payment: ExpectedPayment) -> bool:
    """Whether a deposit may be of a payment's practice; where the bank names none, of any."""
    return not deposit.practice or not payment.practices or deposit.practice in payment.practices


def _same_payer(deposit: BankDeposit, payment: ExpectedPayment) -> bool | None:
    """Whether the bank names the payment's payer; None where it names nobody that can be compared.

    An originator's number may lack the digit that TRN03 has before the tax id.
    """
    if deposit.payer_id:
        told, known = _plain(deposit.payer_id), {_plain(one) for one in payment.payer_ids if one}
        if known:
            return told in known or f"1{told}" in known or told.removeprefix("1") in known
    words = _letters(deposit.payer_text)
    if not words:
        return None
    for name in payment.payer_names:
        letters = _letters(name)
        if len(letters) >= _SHORTEST_NAME and letters[:_COMPANY_NAME] in words:
            return True
    return None


def _words(text: str) -> set[str]:
    """The words of a bank's text as trace numbers are compared."""
    return {normalise_control_number(word.strip("().#-")) for word in _WORD.findall(text)}


_plain = lru_cache(maxsize=4096)(normalise_control_number)


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    """A name as it is compared."""
    return "".join(one for one in text.upper() if one.isalnum())


def _sums(amount: int, payments: Collection[ExpectedPayment]) -> Iterator[tuple[ExpectedPayment, ...]]:
    """Yield the first two sets of at least two payments that add up to an amount."""
    found = 0
    for size in range(2, len(payments) + 1):
        for some in combinations(payments, size):
            if sum(one.amount for one in some) == amount:
                yield some
                found += 1
                if found > 1:
                    return
