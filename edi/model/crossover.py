"""Whether a payer says that it sent a claim on to the next one by itself.

Source: facts/remittance_835_rules.md, COB and crossover: CLP02 19 to 21 and 23, NM1*TT, remarks of MOA. Whoever asks,
the books or the builder of secondary claims, asks here.
"""

from __future__ import annotations

from typing import Final

from edi.model.remittance import ClaimPayment

CROSSED_OVER: Final = ("19", "20", "21", "23")
"""CLP02: processed and sent on to the next payer; 23: not this payer's claim, and sent on to another one."""
FORWARDED: Final = frozenset({"MA07", "MA18", "N89"})
"""Remarks that say the payer sent the claim on."""
NOT_FORWARDED: Final = frozenset({"MA08", "MA19"})
"""Remarks that say it did not, although it does as a rule."""
_NEXT_PAYER: Final = "TT"


def sent_on(payment: ClaimPayment) -> str:
    """What says that the payer sent the claim on: its status, NM1*TT or a remark; "" when nothing does."""
    if payment.status in CROSSED_OVER:
        return f"CLP02 {payment.status}"
    for party in payment.parties:
        if party.role == _NEXT_PAYER:
            return "NM1*TT"
    for remark in payment.remarks:
        if remark in FORWARDED:
            return remark
    return ""
