"""The equations of a claim that tells what other payers did, as arithmetic on the model. Money is integer cents.

Judging lives here once: the reader's findings, the rules and the builder of secondary claims all ask these functions.
Source: 005010X222A1 loops 2320 and 2430, balancing; facts/remittance_835_rules.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from edi.model.claim import Claim
from edi.model.remittance import Adjustment


class Shortfall(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A charge that another payer's decision does not come to.

    ``line`` is LX01, None for the claim; ``charge`` and ``total`` are cents, what was billed and what the payer paid
    and adjusted.
    """

    payer_id: str
    line: int | None
    charge: int
    total: int


def adjusted(adjustments: Iterable[Adjustment]) -> int:
    """The sum of adjustments in cents."""
    return sum(one.cents for one in adjustments)


def line_shortfalls(claim: Claim) -> Iterator[Shortfall]:
    """Yield each line and payer where SV102 is not the sum of that payer's SVD02 and CAS of the line.

    A payer that split a line has several 2430 on it; together they come to the charge.
    """
    for line in claim.lines:
        totals: dict[str, int] = {}
        for one in line.adjudications:
            totals[one.payer_id] = totals.get(one.payer_id, 0) + one.paid + adjusted(one.adjustments)
        for payer_id, total in totals.items():
            if total != line.charge:
                yield Shortfall(payer_id=payer_id, line=line.number, charge=line.charge, total=total)


def claim_shortfalls(claim: Claim) -> Iterator[Shortfall]:
    """Yield each payer where CLM02 is not AMT*D plus the CAS of the claim and of all lines."""
    for payer in claim.other_payers:
        if payer.paid is None:
            continue
        on_lines = sum(
            adjusted(one.adjustments)
            for line in claim.lines
            for one in line.adjudications
            if one.payer_id == payer.payer.id
        )
        total = payer.paid + adjusted(payer.adjustments) + on_lines
        if total != claim.charge:
            yield Shortfall(payer_id=payer.payer.id, line=None, charge=claim.charge, total=total)
