"""Which lines a payer underpaid: what is compared with the contract, visit by visit, and what is left alone.

Compared are visits whose lines the payer all answered, but for pended and denied ones: what is denied is a denial and
no underpayment. A payer by capitation is left out. The worklist and the report of underpayments both ask here; the
arithmetic is ``reconcile.underpayment``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from edi.payers.profile import PayerProfile
from reconcile.underpayment import Allowed, BilledLine, ExpectedFees, Shortfall, price_visit, shortfall


class PaidLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A service, as it was billed last, with what its payer allowed.

    ``visit`` is what its lines have in common that are priced together: practice, patient, payer and day.
    ``answered``: the payer's postings stand. ``denied`` and ``pended`` are cents; ``remitted_on`` the day of the last
    answer. ``work`` names the item of work, should it be underpaid.
    """

    line: BilledLine
    visit: tuple[str, str, str, date | None]
    patient_control_number: str
    line_number: int
    line_control_number: str
    payer_name: str
    claim_root: int
    payer_claim_control_number: str
    allowed: Allowed
    answered: bool
    denied: int
    pended: int
    remitted_on: date | None
    work: str


class Underpaid(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Lines that were priced together and came out short; ``line`` is the first of them, by claim and number."""

    line: PaidLine
    lines: tuple[PaidLine, ...]
    shortfall: Shortfall

    @property
    def charge(self) -> int:
        """What was charged for the lines, in cents."""
        return sum(one.line.charge for one in self.lines)

    @property
    def remitted_on(self) -> date | None:
        """The day of the last answer."""
        return max((one.remitted_on for one in self.lines if one.remitted_on is not None), default=None)


class Compared(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What was compared, in cents: lines with a rate, what they should have come to, and what was allowed on them."""

    lines: tuple[PaidLine, ...]
    expected: int
    allowed: int
    underpaid: Underpaid | None


def compare_lines(
    lines: Iterable[PaidLine], fees: ExpectedFees, payer: PayerProfile | None, *, least: int
) -> Iterator[Compared]:
    """Compare what a payer allowed with what it should have, visit by visit.

    Args:
        lines: services of one payer (``reconcile.store.priced_lines.paid_lines``).
        fees: the expected rows.
        payer: its profile.
        least: cents below which a difference is left alone.

    Yields:
        One for each price: a line, or lines that are priced together.
    """
    if payer is not None and payer.capitated:
        return
    visits: dict[tuple[str, str, str, date | None], list[PaidLine]] = {}
    for one in lines:
        visits.setdefault(one.visit, []).append(one)
    for visit in visits.values():
        kept = [one for one in visit if one.denied <= 0]
        if not kept or not all(one.answered and one.pended <= 0 for one in kept):
            continue
        kept.sort(key=lambda one: (one.patient_control_number, one.line_number))
        by_id = {one.line.id: one for one in kept}
        for price in price_visit([one.line for one in kept], fees, payer):
            told = tuple(one for one in kept if one.line.id in price.lines)
            allowed = [by_id[number].allowed for number in price.lines]
            expected, _ = price.after_assistant(sum(one.patient for one in allowed))
            short = shortfall(price, allowed, least=least)
            yield Compared(
                lines=told,
                expected=expected,
                allowed=sum(one.paid + one.patient + one.sequestration for one in allowed),
                underpaid=None if short is None else Underpaid(line=told[0], lines=told, shortfall=short),
            )
