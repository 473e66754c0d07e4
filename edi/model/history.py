"""What rules may ask about earlier work: a protocol that ``cli`` fills from the store."""

from __future__ import annotations

from datetime import date
from typing import Final, Protocol

import msgspec

REJECTED: Final = "rejected"
"""Status of a claim that no payer took: it is sent again as new."""


def status_counts(status: str) -> bool:
    """Whether a claim of that status is billed: every one but a rejected claim, which is as if it were not sent."""
    return status != REJECTED


class EarlierLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A service line billed before: what duplicates, bundling and running totals need. ``charge`` is cents.

    ``status`` is its claim's: submitted, accepted or rejected while no payer has answered, then settled, denied,
    partly_denied, pended and so on. ``authorization`` is the number it was billed with, "" without one or where it was
    not asked for. ``later_payer``: it was billed to a payer that came after another one, as the same service.
    """

    practice_id: str
    patient_id: str
    patient_control_number: str
    payer: str
    procedure_code: str
    modifiers: tuple[str, ...]
    date_of_service: date
    charge: int
    units: str
    status: str = ""
    authorization: str = ""
    later_payer: bool = False

    @property
    def counts(self) -> bool:
        """Whether the line is billed: its claim was not rejected."""
        return status_counts(self.status)


class History(Protocol):
    """Earlier claims of a patient."""

    def lines_on(self, practice_id: str, patient_id: str, day: date) -> tuple[EarlierLine, ...]:
        """Lines already billed for the patient on that day, any payer."""
        ...

    def lines_between(
        self, practice_id: str, patient_id: str, first: date, last: date
    ) -> tuple[EarlierLine, ...]:
        """Lines already billed for the patient from one day to another, both included, any payer, oldest first."""
        ...


class NoHistory:
    """A history without earlier claims, for checks that stand alone."""

    def lines_on(self, practice_id: str, patient_id: str, day: date) -> tuple[EarlierLine, ...]:
        """Return nothing."""
        return ()

    def lines_between(
        self, practice_id: str, patient_id: str, first: date, last: date
    ) -> tuple[EarlierLine, ...]:
        """Return nothing."""
        return ()
