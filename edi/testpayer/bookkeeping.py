"""The truth's own bookkeeping: what a line comes to once all its standing decisions are counted.

Nothing here looks at an 835: it counts what the payer decided, before anything is dropped, merged or mangled on the
way. A reversed decision simply does not stand any more. Source: facts/remittance_835_rules.md (balances, COB).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from edi.model.remittance import Adjustment

OTHER_PAYERS_EFFECT = "23"
PATTERN_CLASSES: Mapping[str, str] = {
    "27": "denial",
    "97": "denial",
    "100": "patient",
    "104": "contractual",
    "133": "pended",
    "144": "contractual",
    "161": "contractual",
    "223": "contractual",
    "253": "contractual",
    "B11": "pended",
}
"""Accounts of the reasons that the patterns use, where the scenario does not say (facts/carc_categories.csv)."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What one payer decided about one line, in cents.

    ``later`` marks a payer that is not the first to decide. ``category`` is the denial's, "" without one. ``units``
    are the units paid, ``cut`` the units denied. ``allowed`` is AMT*B6.
    """

    charge: int
    paid: int
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    claim_remarks: tuple[str, ...] = ()
    category: str = ""
    units: int = 1
    cut: int = 0
    allowed: int | None = None
    later: bool = False

    @property
    def denied(self) -> bool:
        """Whether something was denied on the line."""
        return bool(self.category)


class Sums:
    """Running sums of one line in cents; `open` is the charge nobody has answered for."""

    def __init__(self, charge: int) -> None:
        self.charge = charge
        self.cash = self.contractual = self.patient = self.denied = self.pended = self.memo = 0
        self.category = ""

    @property
    def open(self) -> int:
        """Charge less cash, contractual, patient and denied. Pended money is still open."""
        return self.charge - self.cash - self.contractual - self.patient - self.denied

    def count(self, decision: Decision, classes: Mapping[str, str]) -> None:
        """Add one standing decision; ``classes`` gives the posting class of each CARC."""
        if decision.later:
            self._count_later(decision, classes)
        else:
            self._count_first(decision, classes)
        if decision.category and self.denied:
            self.category = decision.category

    def _count_first(self, decision: Decision, classes: Mapping[str, str]) -> None:
        """The first payer's decision counts in full; a write-off of the whole charge is a denial."""
        self.cash += decision.paid
        for adjustment in decision.adjustments:
            account = _class_of(adjustment, classes)
            whole = adjustment.cents == decision.charge and decision.paid == 0
            if account == "contractual" and whole:
                account = "denial"
            self._add(account, adjustment.cents)

    def _count_later(self, decision: Decision, classes: Mapping[str, str]) -> None:
        """A later payer takes over what the one before left to the patient, and may not write off more than that."""
        self.patient = 0
        self.cash += decision.paid
        for account in ("contractual", "denial", "patient"):
            for adjustment in decision.adjustments:
                if _class_of(adjustment, classes) != account:
                    continue
                taken = max(0, min(adjustment.cents, self.open))
                self._add(account, taken)
                self.memo += adjustment.cents - taken
        for adjustment in decision.adjustments:
            account = _class_of(adjustment, classes)
            if account in ("memo", "pended"):
                self._add(account, adjustment.cents)

    def _add(self, account: str, cents: int) -> None:
        if account == "contractual":
            self.contractual += cents
        elif account == "patient":
            self.patient += cents
        elif account == "denial":
            self.denied += cents
        elif account == "pended":
            self.pended += cents
        else:
            self.memo += cents


def _class_of(adjustment: Adjustment, classes: Mapping[str, str]) -> str:
    """The account of an adjustment: as the scenario says; for a reason that only another payer gave, by its group."""
    by_group = {"PR": "patient", "CO": "denial", "PI": "denial"}
    known = classes.get(adjustment.reason) or PATTERN_CLASSES.get(adjustment.reason)
    return known or by_group.get(adjustment.group, "memo")


def end_state(charge: int, decisions: Iterable[Decision], classes: Mapping[str, str]) -> Sums:
    """Count all standing decisions of a line, in the order of payment."""
    sums = Sums(charge)
    for decision in decisions:
        sums.count(decision, classes)
    return sums


def move_copay(sums: list[Sums], cents: int) -> None:
    """Take a claim-level patient amount out of the lines' cash, first line first; their sum is what counts."""
    for line in sums:
        taken = max(0, min(cents, line.cash))
        line.cash -= taken
        line.patient += taken
        cents -= taken


def move_write_off(sums: list[Sums], cents: int) -> None:
    """Take a claim-level write-off out of the lines' cash, first line first; their sum is what counts."""
    for line in sums:
        taken = max(0, min(cents, line.cash))
        line.cash -= taken
        line.contractual += taken
        cents -= taken
