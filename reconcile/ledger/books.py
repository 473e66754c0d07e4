"""What the books of a claim come to."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from edi.model.finding import Finding
from reconcile.values import Account, LineBalance, Posting

BOOKED: Final = (
    Account.PAID,
    Account.CONTRACTUAL,
    Account.PATIENT,
    Account.DENIED,
    Account.PENDED,
    Account.SUSPENSE,
)
"""The accounts that are kept for a service, in the order of a balance."""
GIVING: Final = (Account.CONTRACTUAL, Account.SUSPENSE)
"""Where negative cents give room back."""
YIELDING: Final = (Account.SUSPENSE, Account.PATIENT, Account.DENIED)
"""What a later answer takes from, first to last: what nobody explained, then what somebody still owes."""


class Service:
    """What stands on one service: cents by account, which adjudications, and how many of each payer."""

    __slots__ = ("accounts", "charge", "live", "payers", "pools")

    def __init__(self, charge: int) -> None:
        self.charge = charge
        self.accounts = dict.fromkeys(BOOKED, 0)
        self.live: list[int] = []
        self.payers: Counter[str] = Counter()
        self.pools: dict[Account, list[tuple[str | None, str | None, int]]] = {
            Account.PATIENT: [],
            Account.DENIED: [],
            Account.SUSPENSE: [],
        }

    def settled(self) -> int:
        """Cents that money and write-offs have answered."""
        return self.accounts[Account.PAID] + self.accounts[Account.CONTRACTUAL]

    def only_payer(self) -> str | None:
        """The payer of all that stands; None where there are several, or none."""
        payers = [payer for payer, count in self.payers.items() if count]
        return payers[0] if len(payers) == 1 else None

    def open(self, charge: int) -> int:
        """Cents nobody has answered for."""
        accounts = self.accounts
        explained = self.settled() + accounts[Account.PATIENT] + accounts[Account.DENIED]
        return charge - explained - accounts[Account.SUSPENSE]


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The books of one claim after all its adjudications.

    Attributes:
        postings: in the order of the adjudications.
        balances: one for each service, in submitted order.
        findings: what the payers did that a person should know.
        reversed_by: adjudication -> the reversal that took (part of) it back.
        live: (adjudication, service) pairs that stand.
        waiting: reversals whose original is not in the books; nothing of them is posted.
    """

    postings: tuple[Posting, ...]
    balances: tuple[LineBalance, ...]
    findings: tuple[Finding, ...]
    reversed_by: dict[int, int]
    live: frozenset[tuple[int, int]]
    waiting: frozenset[int] = frozenset()


def balance_of(
    line_id: int,
    charge: int,
    paid: int,
    contractual: int,
    patient: int,
    denied: int,
    pended: int,
    suspense: int = 0,
    *,
    repeats: tuple[int, ...] = (),
) -> LineBalance:
    """A service's sums, with what is open."""
    return LineBalance(
        line_id=line_id,
        charge=charge,
        paid=paid,
        contractual=contractual,
        patient=patient,
        denied=denied,
        pended=pended,
        open=charge - paid - contractual - patient - denied - suspense,
        suspense=suspense,
        repeats=repeats,
    )
