"""Which denial to work first: what it may bring, how likely, and how soon the right to ask runs out.

    priority = expected cents x chance x urgency

* expected: what the contract allows for what was denied (``reconcile.underpayment.recoverable``); without a rate, the
  share ``UNRATED_PERCENT`` of the amount denied;
* chance: percent by category, from ``[chance]`` of ``tables/denials.toml``;
* urgency: percent by the days left to the deadline (``URGENCY``); nothing runs: 100; run out: ``TOO_LATE``.

Percents are whole numbers and cents are rounded down, so two runs agree. An item that waits for the payer comes after
every one that a person can work.
"""

from __future__ import annotations

from typing import Final

import msgspec

from edi.model.money import decimal_text

UNRATED_PERCENT: Final = 50
URGENCY: Final = ((7, 300), (14, 200), (30, 150))
"""Days left at most, and the percent that goes with them; else 100."""
TOO_LATE: Final = 10
_PLAIN: Final = 100


class Priority(msgspec.Struct, frozen=True, gc=False):
    """The parts of a priority; cents and percents. ``rated``: the expected cents come from a contract's rate."""

    expected: int
    chance: int
    urgency: int
    rated: bool

    @property
    def cents(self) -> int:
        """The priority itself, in weighted cents."""
        return self.expected * self.chance * self.urgency // (_PLAIN * _PLAIN)

    def said(self, category: str, days_left: int | None) -> str:
        """The arithmetic in words."""
        source = "expected" if self.rated else f"{UNRATED_PERCENT} % of the amount, for want of a rate,"
        left = "nothing runs out" if days_left is None else f"{days_left} days left"
        return (
            f"priority {decimal_text(self.cents)} = {source} {decimal_text(self.expected)}"
            f" x chance {self.chance} % ({category}) x urgency {self.urgency} % ({left})"
        )


def priority(
    amount: int, expected: int | None, chance: int, days_left: int | None, *, kind: str = ""
) -> Priority:
    """Weigh a denial.

    Args:
        amount: denied cents.
        expected: cents by the contract, None without a rate.
        chance: percent.
        days_left: to the deadline; None where nothing runs.
        kind: of the denial: a duplicate brings nothing.
    """
    if kind == "duplicate":
        return Priority(0, chance, _PLAIN, expected is not None)
    cents = amount * UNRATED_PERCENT // _PLAIN if expected is None else expected
    return Priority(cents, chance, urgency(days_left), expected is not None)


def urgency(days_left: int | None) -> int:
    """Percent by the days left."""
    if days_left is None:
        return _PLAIN
    if days_left < 0:
        return TOO_LATE
    return next((percent for most, percent in URGENCY if days_left <= most), _PLAIN)
