"""Which account an adjustment goes to, and how cents that answer several lines are shared out.

Source: the posting class of each CARC (edi/codes/tables/carc.csv) and facts/remittance_835_rules.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

import msgspec

from edi.codes.lookup import Tables
from edi.codes.values import Carc
from edi.model.remittance import Adjustment, ClaimPayment, ServicePayment
from reconcile.values import Account

CAPITATION: Final = ("24", "256")
"""CARCs that are a write-off only where the payer profile says capitated."""
DUPLICATE: Final = "18"
"""An exact duplicate: answers the later of two equal submissions."""
PRIOR_PAYERS: Final = "23"
"""What the earlier payers' adjudications came to."""
BUNDLED_IN: Final = "94"
"""Takes other lines' charges into a line by a negative amount (RFI 2320)."""
BUNDLED_OUT: Final = "97"
"""The charge of a line that was taken into another one (RFI 2320); alone it is a denial."""
PATIENT_GROUPS: Final = ("PR", "OA")
"""Groups under which a patient-class CARC is the patient's or the next payer's share; under the others it is ours."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Cents of one adjustment or payment on one service, before it is seen whether there is room for them."""

    line: int | None
    service: int | None
    account: Account
    cents: int
    group: str | None = None
    reason: str | None = None
    quantity: str | None = None


@cache
def current_carc(tables: Tables, reason: str) -> Carc | None:
    """The row that rules a CARC: its own, or its one successor's when it was deactivated. None when unknown."""
    found = tables.carc(reason)
    if found is not None and not found.posting_class:
        successor = tables.carc(found.successor)
        if successor is not None and successor.posting_class:
            return successor
    return found


def account_of(
    adjustment: Adjustment, charge: int, paid: int, *, capitated: bool, bundled: bool, tables: Tables
) -> Account:
    """The account of an adjustment of a line (or of a claim that has no lines).

    Args:
        adjustment: the adjustment.
        charge: cents of the line (SVC02) or claim (CLP03).
        paid: cents paid on it (SVC03, CLP04).
        capitated: the payer profile's word.
        bundled: the claim's OA-94 and CO-97 cancel each other, so both are neutral.
        tables: the code tables.

    Returns:
        MEMO, PENDED, PATIENT, CONTRACTUAL or DENIED. An adjustment equal to the whole charge with nothing paid is
        never an automatic write-off. An unknown or deactivated CARC without successor is DENIED, so that it is seen.
    """
    whole = bool(charge) and not paid and adjustment.cents == charge
    return account_of_codes(tables, adjustment.group, adjustment.reason, whole, capitated, bundled)


@lru_cache(maxsize=4096)
def account_of_codes(
    tables: Tables, group: str, reason: str, whole: bool, capitated: bool, bundled: bool
) -> Account:
    """What ``account_of`` says: of an adjustment it looks at the codes and whether it is the ``whole`` charge.

    By position, and remembered: an 835 repeats a few codes hundreds of thousands of times.
    """
    info = current_carc(tables, reason)
    kind = "denial" if info is None else info.posting_class or "denial"
    if kind == "memo":
        return Account.MEMO
    if kind == "pended":
        return Account.PENDED
    if bundled and reason in (BUNDLED_IN, BUNDLED_OUT):
        return Account.CONTRACTUAL
    if kind == "denial":
        if capitated and reason in CAPITATION:
            return Account.CONTRACTUAL
        return Account.DENIED
    if (group in PATIENT_GROUPS) if kind == "patient" else (group == "PR"):
        return Account.PATIENT
    return Account.DENIED if whole else Account.CONTRACTUAL


def bundles(claim: ClaimPayment) -> frozenset[int]:
    """The indexes of lines that a bundling inside the claim ties together (RFI 2320); empty when there is none.

    The lines with OA-94 and those whose CO-97 they absorbed: all with CO-97, or only the recoded ones, whichever
    cancels the OA-94 to the cent.
    """
    inside = out = out_recoded = 0
    seen = False
    for line in claim.lines:
        for adjustment in line.adjustments:
            if adjustment.reason == BUNDLED_IN:
                inside += adjustment.cents
                seen = True
            elif adjustment.reason == BUNDLED_OUT:
                out += adjustment.cents
                out_recoded += adjustment.cents if line.submitted_procedure is not None else 0
    if not seen or not inside:
        return frozenset()
    if inside + out == 0:
        recoded_only = False
    elif inside + out_recoded == 0:
        recoded_only = True
    else:
        return frozenset()
    return frozenset(
        index for index, line in enumerate(claim.lines) if _takes_part(line, recoded_only=recoded_only)
    )


def _takes_part(line: ServicePayment, *, recoded_only: bool) -> bool:
    reasons = {adjustment.reason for adjustment in line.adjustments}
    if BUNDLED_IN in reasons:
        return True
    return BUNDLED_OUT in reasons and (not recoded_only or line.submitted_procedure is not None)


def share(cents: int, weights: Sequence[int]) -> list[int]:
    """Share cents out by weights, exact to the cent: largest remainder, the first of equals first.

    Args:
        cents: what to share, of either sign.
        weights: non-negative; when all are 0 every one weighs the same.

    Returns:
        One amount for each weight; their sum is ``cents``.
    """
    total = sum(weights)
    if total <= 0:
        weights, total = [1] * len(weights), len(weights)
    sign = -1 if cents < 0 else 1
    shares = [abs(cents) * weight // total for weight in weights]
    remainders = [abs(cents) * weight % total for weight in weights]
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[: abs(cents) - sum(shares)]:
        shares[index] += 1
    return [sign * amount for amount in shares]


def share_all(amounts: Sequence[int], weights: Sequence[int]) -> list[list[int]]:
    """Share several amounts over the same lines so that each line comes out whole where the totals allow it.

    When the amounts sum to the weights (payment and adjustments of a merged line to the charges of its lines), or to
    their opposite (its reversal), the greatest amount takes each line's remainder, so that no line is left a cent open.

    Returns:
        For each amount its shares, one for each weight.
    """
    rows = [share(cents, weights) for cents in amounts]
    sign = -1 if sum(amounts) < 0 else 1
    if amounts and sum(amounts) == sign * sum(weights):
        greatest = max(range(len(amounts)), key=lambda i: abs(amounts[i]))
        rows[greatest] = [
            sign * weight - sum(row[column] for index, row in enumerate(rows) if index != greatest)
            for column, weight in enumerate(weights)
        ]
    return rows


def unexplained_of_line(line: ServicePayment) -> int:
    """Cents of a paid line's charge that its payment and adjustments leave unexplained; 0 where BAL001 holds.

    Positive: SVC02 says more than SVC03 and the CAS come to; negative: less.
    """
    left = line.charge - line.paid
    for adjustment in line.adjustments:
        left -= adjustment.cents
    return left


def unexplained_of_claim(claim: ClaimPayment) -> int:
    """Cents that CLP04 lacks (positive) or has beyond (negative) what the claim's lines and own CAS come to.

    Of a claim payment without lines: what CLP03 says beyond CLP04 and the CAS. What single lines leave unexplained is
    told by ``unexplained_of_line``.
    """
    left = (sum([line.paid for line in claim.lines]) if claim.lines else claim.charge) - claim.paid
    for adjustment in claim.adjustments:
        left -= adjustment.cents
    return left


def unexplained(claim: ClaimPayment) -> int:
    """Cents of a claim payment that go to suspense when it is posted: 0 unless a person released it."""
    return unexplained_of_claim(claim) + sum(unexplained_of_line(line) for line in claim.lines)
