"""What a bank says came in: one credit on an account."""

from __future__ import annotations

from datetime import date

import msgspec


class Deposit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One credit on a bank account; ``amount`` in cents, above zero.

    Attributes:
        practice_id: whose account it is, "" when the bank's file does not say.
        account: the last four characters of the account number, "" when not told. No more of it is kept.
        deposited_on: the day on which the bank books it.
        bank_reference: the bank's own number of the entry.
        trace_number: TRN02 as the addenda of the transfer carry it, or the number of a check.
        payer_id: TRN03 or the originator's company number.
        payer_text: what the bank says of who paid. It may name a person.
        file: where it stands. row: 1-based, the heading included (the entry's place among those of a BAI2 file).
    """

    practice_id: str = ""
    account: str = ""
    deposited_on: date
    amount: int
    bank_reference: str = ""
    trace_number: str = ""
    payer_id: str = ""
    payer_text: str = ""
    file: str = ""
    row: int = 0
