"""Money without an 835, as a person writes it down: one row of payments.csv.

Source: docs/input.md, payments.csv. Amounts are integer cents.
"""

from __future__ import annotations

from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.model.remittance import Adjustment

BROUGHT_FORWARD: Final = ("brought_forward",)
"""Stands among the kept segments of a claim payment that tells what was settled before; no 835 has such a segment."""
Day: TypeAlias = date
"""A day, in a value that has one of that name."""
PAPER_EOB: Final = "paper_eob"
VIRTUAL_CARD: Final = "virtual_card"
PATIENT: Final = "patient"
OPENING_BALANCE: Final = "opening_balance"
KINDS: Final = (PAPER_EOB, VIRTUAL_CARD, PATIENT, OPENING_BALANCE)
FROM_PAYERS: Final = (PAPER_EOB, VIRTUAL_CARD)
"""The kinds that go the way of an 835."""


class HandRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One row: a service line or claim that a payer answered, what a patient paid, or what was owed before.

    Attributes:
        row: its number in the file, the heading being row 1.
        kind: one of ``KINDS``.
        payer: key of payers.toml; "" for patients.
        claim: patient control number. line: line control number of the claim's line.
        date: of the payment, or the day of the opening balance.
        amount: cents: paid (below zero: taken back or refunded), or owed.
        charge: cents of the line or claim; None: payment and adjustments together.
        adjustments: what was not paid, by group and CARC. remarks: RARCs.
        status: CLP02.
        provider_adjustment: reason of a PLB; then ``amount`` is what it adds to the payment.
        payment_amount: cents of the whole payment, where the row says it.
        reference: check number, or last four digits of a card.
        written: practice, payer, reference and date as the row spells them.
    """

    row: int
    kind: str
    practice_id: str
    date: Day
    amount: int
    payer: str = ""
    patient_id: str = ""
    claim: str = ""
    line: str = ""
    procedure_code: str = ""
    modifiers: tuple[str, ...] = ()
    units: int | None = None
    date_of_service: Day | None = None
    charge: int | None = None
    allowed: int | None = None
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()
    status: str = "1"
    payer_claim_number: str = ""
    provider_adjustment: str = ""
    payment_amount: int | None = None
    reference: str = ""
    note: str = ""
    written: tuple[str, ...] = ()

    @property
    def payment(self) -> tuple[str, str, str, str, Day]:
        """What the rows of one payment have in common: kind, practice, payer, reference, date."""
        return (self.kind, self.practice_id, self.payer, self.reference, self.date)
