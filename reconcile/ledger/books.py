"""What the books of a claim come to."""

from __future__ import annotations

from typing import Final

import msgspec

from edi.model.finding import Finding
from reconcile.values import Account, LineBalance, Posting

BOOKED: Final = (Account.PAID, Account.CONTRACTUAL, Account.PATIENT, Account.DENIED, Account.PENDED)
"""The accounts that are kept for a service, in the order of a balance."""


class Service:
    """What stands on one service: cents by account, and who stands there."""

    __slots__ = ("accounts", "charge", "live", "pools")

    def __init__(self, charge: int) -> None:
        self.charge = charge
        self.accounts = dict.fromkeys(BOOKED, 0)
        self.live: list[int] = []
        self.pools: dict[Account, list[tuple[str | None, str | None, int]]] = {
            Account.PATIENT: [],
            Account.DENIED: [],
        }

    def settled(self) -> int:
        """Cents that money and write-offs have answered."""
        return self.accounts[Account.PAID] + self.accounts[Account.CONTRACTUAL]

    def open(self, charge: int) -> int:
        """Cents nobody has answered for."""
        accounts = self.accounts
        return charge - self.settled() - accounts[Account.PATIENT] - accounts[Account.DENIED]


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The books of one claim after all its adjudications.

    Attributes:
        postings: in the order of the adjudications.
        balances: one for each service, in submitted order.
        findings: what the payers did that a person should know.
        reversed_by: adjudication -> the reversal that took (part of) it back.
        live: (adjudication, service) pairs that stand.
    """

    postings: tuple[Posting, ...]
    balances: tuple[LineBalance, ...]
    findings: tuple[Finding, ...]
    reversed_by: dict[int, int]
    live: frozenset[tuple[int, int]]


def balance_of(
    line_id: int,
    charge: int,
    paid: int,
    contractual: int,
    patient: int,
    denied: int,
    pended: int,
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
        open=charge - paid - contractual - patient - denied,
        repeats=repeats,
    )
