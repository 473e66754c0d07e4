"""What a payer should have allowed, by fees.csv, against what it did allow: the arithmetic, step by step.

Amounts are what the contract allows: the payer's payment and the patient's share together. Money is integer cents,
rounded half up after each step; units may be fractions.

The steps of a line, in this order:

* its rate: the most specific ``expected`` row of fees.csv (``edi.model.records.Fee.specificity``) by payer, code,
  modifier, credential, place and date; two equally specific rows price nothing;
* multiple procedures: of all units that one patient had on one day at one payer and whose row has a ``pe_amount``, all
  but the one with the highest lose half of it, whatever the discipline;
* assistants: CQ or CO lowers the payer's part to 85 % (services from 2022 on) where the payer marks assistants so,
  unless the row is for that modifier or credential already; the patient's share stays whole;
* the visit: a ``per_visit`` row prices all lines of the visit that it is for together; a ``visit_maximum`` caps the
  visit. Lines that are priced together are compared together.

Sequestration (CO-253) lowers the payment and not what is allowed: it is added back before the two are compared.
Source: docs/input.md (fees.csv), facts/remittance_835_rules.md (CO 253, CO 59, N851), facts/units_rules.md (85 %).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

import msgspec

from edi.model.directory import ASSISTANTS
from edi.model.money import decimal_text
from edi.model.records import Fee
from edi.payers.profile import PayerProfile

ASSISTANT_MODIFIERS: Final = ("CQ", "CO")
ASSISTANT_PERCENT: Final = 85
"""What is left of the payer's part for a service of an assistant."""
ASSISTANTS_FROM: Final = date(2022, 1, 1)
"""The first day of service that is lowered so; from memory."""
_BY_VISIT: Final = "per_visit"
_CAP: Final = "visit_maximum"
_WHOLE_PERCENT: Final = 10_000
"""100 % in the hundredths of a percent of a ``percent_of_charge`` row."""


class BilledLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A service line and what its contract may turn on. ``charge`` is cents, ``units`` decimal text.

    ``id`` is the caller's; ``credential`` of who treated, "" when not known.
    """

    id: int
    practice_id: str
    payer: str
    code: str
    modifiers: tuple[str, ...]
    units: str
    charge: int
    day: date | None
    credential: str = ""
    place_of_service: str = ""


class Allowed(msgspec.Struct, frozen=True, gc=False):
    """What a payer allowed on a line, in cents: its payment, the patient's share, and what sequestration took."""

    paid: int = 0
    patient: int = 0
    sequestration: int = 0


class Price(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What lines that are priced together should come to, in cents, and how; ``lines`` are their ids.

    ``assistant`` is the modifier of a line that an assistant gave: the payer's part is still to be lowered.
    """

    lines: tuple[int, ...]
    expected: int
    steps: tuple[str, ...]
    assistant: str = ""

    def after_assistant(self, patient: int) -> tuple[int, tuple[str, ...]]:
        """The cents with the payer's part lowered, and the steps; as they are where nothing is to be lowered.

        Args:
            patient: cents of the patient's share, which is not lowered.
        """
        if not self.assistant:
            return self.expected, self.steps
        share = min(patient, self.expected)
        cents = share + _rounded(Fraction((self.expected - share) * ASSISTANT_PERCENT, 100))
        part = f"({decimal_text(self.expected)} - patient {decimal_text(share)})"
        said = f"assistant ({self.assistant}): {decimal_text(share)} + {ASSISTANT_PERCENT} % of {part}"
        return cents, (*self.steps, f"{said} = {decimal_text(cents)}")


class Shortfall(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Lines that were allowed less than their price. Cents; ``steps`` is the arithmetic, one sentence each."""

    lines: tuple[int, ...]
    expected: int
    allowed: int
    short: int
    steps: tuple[str, ...]


class ExpectedFees:
    """The ``expected`` rows of fees.csv, ready to be looked up.

    Args:
        fees: rows of any kind; charges are left out.
    """

    def __init__(self, fees: Iterable[Fee]) -> None:
        self._rows: dict[tuple[str, str], list[Fee]] = {}
        self.credentialed: set[str] = set()
        for fee in fees:
            if fee.kind != "expected":
                continue
            self._rows.setdefault((fee.payer, fee.code), []).append(fee)
            if fee.credential or fee.place_of_service:
                self.credentialed.add(fee.payer)

    def __bool__(self) -> bool:
        """Whether there is any row."""
        return bool(self._rows)

    @property
    def payers(self) -> tuple[str, ...]:
        """Keys of the payers that have a rate."""
        return tuple(sorted({payer for payer, _ in self._rows}))

    def needs_claim(self, payer: str) -> bool:
        """Whether a payer's rates turn on who treated or where, which only the whole claim tells."""
        return payer in self.credentialed

    def rate(self, line: BilledLine) -> Fee | None:
        """The row that prices a line; None without one, and where two are equally specific."""
        return self._best(line, (line.code, "*"), cap=False)

    def cap(self, line: BilledLine) -> Fee | None:
        """The row that caps the visit of a line, or None."""
        return self._best(line, (line.code, "*"), cap=True)

    def _best(self, line: BilledLine, codes: Sequence[str], *, cap: bool) -> Fee | None:
        if line.day is None:
            return None
        best: list[Fee] = []
        for code in codes:
            for fee in self._rows.get((line.payer, code), ()):
                if (fee.basis == _CAP) is not cap or not _fits(fee, line, line.day):
                    continue
                if best and fee.specificity < best[0].specificity:
                    continue
                if best and fee.specificity > best[0].specificity:
                    best = []
                best.append(fee)
        return best[0] if len(best) == 1 else None


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What payers should allow, as the settings say.

    Attributes:
        fees: the expected rows of fees.csv.
        payers: profiles by key.
        least: cents below which a difference is left alone.
        credentials: credential in capitals by NPI of who treats.
        follow_up: days after which a payer that was appealed to or sent a correction is asked again.
    """

    fees: ExpectedFees
    payers: Mapping[str, PayerProfile]
    least: int = 100
    credentials: Mapping[str, str] = {}
    follow_up: int = 45


def _fits(fee: Fee, line: BilledLine, day: date) -> bool:
    return fee.applies(
        day,
        practice_id=line.practice_id,
        payer=line.payer,
        modifiers=line.modifiers,
        credential=line.credential.upper(),
        place_of_service=line.place_of_service,
    )


# -- prices --------------------------------------------------------------------------------------------------------


class _Priced(msgspec.Struct):
    """A line on its way: its row, its units, the cents so far and how they came about."""

    line: BilledLine
    fee: Fee
    units: Fraction
    cents: int
    steps: list[str]


def price_visit(
    lines: Sequence[BilledLine], fees: ExpectedFees, payer: PayerProfile | None
) -> tuple[Price, ...]:
    """Price the lines that one patient had on one day at one payer.

    Args:
        lines: all that count, whatever claim they are on. Denied ones are left out by who compares: a payer reduces
            among what it allows.
        fees: the expected rows.
        payer: its profile; None where it is not known: then no assistant's reduction.

    Returns:
        Prices, one for each line or for the lines that are priced together. Lines without a rate have none, and a
        capped visit with such a line has none at all.
    """
    rated = [(line, fees.rate(line)) for line in lines]
    flat = [(line, fee) for line, fee in rated if fee is not None and fee.basis == _BY_VISIT]
    priced = [_start(line, fee) for line, fee in rated if fee is not None and fee.basis != _BY_VISIT]
    _halve_practice_expense(priced)
    singles = [
        Price(
            lines=(one.line.id,),
            expected=one.cents,
            steps=tuple(one.steps),
            assistant=_assistant(one, payer),
        )
        for one in priced
    ]
    prices = _visit_rates(flat)
    return _capped([*prices, *singles], lines, fees)


def price_alone(line: BilledLine, fees: ExpectedFees, payer: PayerProfile | None) -> Price | None:
    """Price a line as if it stood alone on its day; None without a rate."""
    found = price_visit((line,), fees, payer)
    return found[0] if found else None


def _start(line: BilledLine, fee: Fee) -> _Priced:
    """The rate of a line, before reductions."""
    units = _units(line)
    source = f" ({fee.source})" if fee.source else f" (fees.csv row {fee.row})"
    if fee.basis == "per_unit":
        cents = _rounded(fee.amount * units)
        said = f"{line.code}: {_number(units)} x {decimal_text(fee.amount)} = {decimal_text(cents)}{source}"
    elif fee.basis == "percent_of_charge":
        cents = _rounded(Fraction(line.charge * fee.amount, _WHOLE_PERCENT))
        share = decimal_text(fee.amount)
        said = f"{line.code}: {share} % of {decimal_text(line.charge)} = {decimal_text(cents)}{source}"
    else:
        cents = fee.amount
        said = f"{line.code}: {decimal_text(cents)} a line{source}"
    return _Priced(line, fee, units if fee.basis == "per_unit" else Fraction(1), cents, [said])


def _units(line: BilledLine) -> Fraction:
    """The units of a line; 1 where they cannot be read."""
    try:
        return Fraction(line.units)
    except (ValueError, ZeroDivisionError):
        return Fraction(1)


def _halve_practice_expense(priced: Sequence[_Priced]) -> None:
    """Take half the practice expense off all units but the one with the highest."""
    reduced = [one for one in priced if one.fee.pe_amount and one.fee.basis != "percent_of_charge"]
    if not reduced:
        return
    first = max(reduced, key=lambda one: one.fee.pe_amount or 0)
    for one in reduced:
        units = max(one.units - 1, Fraction(0)) if one is first else one.units
        expense = one.fee.pe_amount or 0
        less = _rounded(Fraction(expense, 2) * units)
        if less:
            one.cents -= less
            one.steps.append(
                f"multiple procedures: half of {decimal_text(expense)} practice expense off {_number(units)} of"
                f" {_number(one.units)} units: -{decimal_text(less)} = {decimal_text(one.cents)}"
            )


def _assistant(one: _Priced, payer: PayerProfile | None) -> str:
    """The modifier by which a line is lowered because an assistant gave it, else ""."""
    day = one.line.day
    marked = [each for each in one.line.modifiers if each in ASSISTANT_MODIFIERS]
    contracted = one.fee.modifier in ASSISTANT_MODIFIERS or one.fee.credential in ASSISTANTS
    if not marked or contracted or payer is None or payer.modifiers.assistant != "CQ/CO":
        return ""
    return marked[0] if day is not None and day >= ASSISTANTS_FROM else ""


def _visit_rates(flat: Sequence[tuple[BilledLine, Fee]]) -> list[Price]:
    """One price for the lines of each visit rate."""
    together: dict[int, tuple[Fee, list[int]]] = {}
    for line, fee in flat:
        together.setdefault(id(fee), (fee, []))[1].append(line.id)
    return [
        Price(
            lines=tuple(ids),
            expected=fee.amount,
            steps=(
                f"visit rate {decimal_text(fee.amount)}"
                + (f" ({fee.source})" if fee.source else f" (fees.csv row {fee.row})"),
            ),
        )
        for fee, ids in together.values()
    ]


def _capped(prices: list[Price], lines: Sequence[BilledLine], fees: ExpectedFees) -> tuple[Price, ...]:
    """The prices within the visit's maximum; together where it cuts them."""
    caps = [fee for fee in (fees.cap(line) for line in lines) if fee is not None]
    if not caps:
        return tuple(prices)
    cap = min(caps, key=lambda fee: fee.amount)
    if sum(len(one.lines) for one in prices) < len(lines):
        return ()
    lowered = [one.after_assistant(0) for one in prices]
    whole = sum(cents for cents, _ in lowered)
    if whole <= cap.amount:
        return tuple(prices)
    steps = [step for _, said in lowered for step in said]
    steps.append(f"visit maximum {decimal_text(cap.amount)} of {decimal_text(whole)}")
    ids = tuple(number for one in prices for number in one.lines)
    return (Price(lines=ids, expected=cap.amount, steps=tuple(steps)),)


# -- what was allowed ----------------------------------------------------------------------------------------------


def shortfall(price: Price, allowed: Sequence[Allowed], *, least: int) -> Shortfall | None:
    """Compare a price with what was allowed on its lines.

    Args:
        price: of lines that were all answered, and of which none is denied.
        allowed: what the payer allowed on each of them.
        least: cents below which a difference is left alone.

    Returns:
        The difference with its arithmetic; None when it is less than ``least``.
    """
    paid = sum(one.paid for one in allowed)
    patient = sum(one.patient for one in allowed)
    sequestered = sum(one.sequestration for one in allowed)
    total = paid + patient + sequestered
    expected, arithmetic = price.after_assistant(patient)
    short = expected - total
    if short < max(least, 1):
        return None
    parts = [f"paid {decimal_text(paid)}", f"patient {decimal_text(patient)}"]
    parts += [f"sequestration {decimal_text(sequestered)}"] if sequestered else []
    steps = (
        *arithmetic,
        f"allowed: {' + '.join(parts)} = {decimal_text(total)}",
        f"short: {decimal_text(expected)} - {decimal_text(total)} = {decimal_text(short)}",
    )
    return Shortfall(lines=price.lines, expected=expected, allowed=total, short=short, steps=steps)


def recoverable(price: Price, charge: int, denied: int) -> int:
    """The cents that a denial may bring: the line's price in the proportion of what was denied to its charge."""
    if charge <= 0:
        return 0
    whole, _ = price.after_assistant(0)
    return min(_rounded(Fraction(whole * min(denied, charge), charge)), denied)


def _rounded(cents: Fraction | int) -> int:
    """Whole cents, half up."""
    return int((Fraction(cents) * 2 + 1) // 2)


def _number(units: Fraction) -> str:
    """Units as decimal text."""
    return format(Decimal(units.numerator) / units.denominator, "f")
