"""Lines that a payer allowed less than its contract says, from fees.csv.

Formulas: ``expected`` as ``reconcile.underpayment`` prices the visit; ``allowed`` = the payer's payment + the patient's
share + sequestration (CO-253); ``short`` = expected - allowed, where that is at least ``underpaid_from``. Compared are
visits whose lines the payer all answered, but for pended and denied ones: what is denied is a denial and no
underpayment. A payer by capitation is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from edi.payers.profile import PayerProfile
from reconcile.reports.registry import (
    GROUP,
    Answer,
    Chart,
    Column,
    Connection,
    Figure,
    Part,
    Report,
    Row,
    RowSet,
    Scope,
    by_amount,
    cell,
    percent,
    summed,
)
from reconcile.store.priced_lines import PaidLine, paid_lines
from reconcile.underpayment import ExpectedFees, Shortfall, price_visit, shortfall


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


# -- the report ----------------------------------------------------------------------------------------------------

_SUMS: Final = ("lines", "expected", "allowed", "underpaid", "short")
_UNKNOWN: Final = "(unknown)"


def _compared(connection: Connection, scope: Scope) -> Iterator[Compared]:
    """What is compared in a scope, payer by payer; nothing without a contract."""
    contract = scope.contract
    if contract is None:
        return
    for payer in contract.fees.payers:
        if scope.payer not in (None, payer):
            continue
        credentials = contract.credentials if contract.fees.needs_claim(payer) else None
        lines = paid_lines(connection, payer, credentials=credentials, as_of=scope.as_of)
        chosen = [one for one in lines if _within(one, scope)]
        yield from compare_lines(chosen, contract.fees, contract.payers.get(payer), least=contract.least)


def _within(one: PaidLine, scope: Scope) -> bool:
    """Whether a line is of the scope's practice and days; what has no day is left out where there is a limit."""
    served = one.line.day
    if scope.practice not in (None, one.line.practice_id):
        return False
    if served is None:
        return scope.since is None and scope.until is None
    return (scope.since is None or served >= scope.since) and (scope.until is None or served <= scope.until)


def _rows(connection: Connection, scope: Scope, by: str) -> Iterator[Row]:
    """One row for each price, with the group it counts in."""
    for one in _compared(connection, scope):
        first, short = one.lines[0], one.underpaid
        codes = "+".join(dict.fromkeys(line.line.code for line in one.lines))
        served = first.line.day
        groups = {
            "payer": first.line.payer,
            "code": codes,
            "practice": first.line.practice_id,
            "month": f"{served:%Y-%m}" if served is not None else _UNKNOWN,
        }
        yield {
            GROUP: groups[by],
            "work": first.work,
            "patient_control_number": first.patient_control_number,
            "procedure_code": codes,
            "date_of_service": served,
            "payer": first.line.payer,
            "lines": len(one.lines),
            "charge": sum(line.line.charge for line in one.lines),
            "expected": one.expected,
            "allowed": one.allowed,
            "underpaid": 0 if short is None else len(one.lines),
            "short": 0 if short is None else short.shortfall.short,
            "arithmetic": "" if short is None else "; ".join(short.shortfall.steps),
        }


def _short(connection: Connection, scope: Scope, by: str) -> Iterator[Row]:
    return (row for row in _rows(connection, scope, by) if cell(row, "short"))


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    groups: dict[str, list[Row]] = {}
    for row in _rows(connection, scope, by):
        groups.setdefault(str(row[GROUP]), []).append(row)
    found = [_with_share(summed(rows, _SUMS, name)) for name, rows in groups.items()]
    notes = () if found else ("nothing is compared: fees.csv has no expected rows that fit what was paid",)
    return Answer(by_amount(found, "short"), _with_share(summed(found, _SUMS)), notes)


def _with_share(row: Row) -> Row:
    return {**row, "short_percent": percent(cell(row, "short"), cell(row, "expected"))}


_COLUMNS: Final = (
    Column("work", title="id"),
    Column("patient_control_number", title="control number"),
    Column("procedure_code", title="code"),
    Column("date_of_service", "date", "service"),
    Column("payer"),
    Column("lines", "count"),
    Column("charge", "cents"),
    Column("expected", "cents"),
    Column("allowed", "cents"),
    Column("underpaid", "count"),
    Column("short", "cents"),
    Column("arithmetic"),
)
REPORT: Final = Report(
    name="underpayments",
    title="Underpayments",
    help="Lines that were allowed less than fees.csv expects.",
    period="the line's day of service",
    columns=(
        Column(GROUP),
        Column("lines", "count"),
        Column("expected", "cents"),
        Column("allowed", "cents"),
        Column("underpaid", "count"),
        Column("short", "cents"),
        Column("short_percent", "percent", "short %"),
    ),
    figures=(
        Figure(
            column="lines",
            formula="lines with a rate whose visit is answered and not denied",
            numerator=Part("compared", "lines"),
        ),
        Figure(
            column="expected",
            formula="what fees.csv and the payer's reductions come to for them",
            numerator=Part("compared", "expected"),
        ),
        Figure(
            column="allowed",
            formula="paid + the patient's share + sequestration",
            numerator=Part("compared", "allowed"),
        ),
        Figure(
            column="underpaid",
            formula="lines short by underpaid_from or more",
            numerator=Part("underpaid", "underpaid"),
        ),
        Figure(column="short", formula="expected - allowed of those", numerator=Part("underpaid", "short")),
        Figure(
            column="short_percent",
            formula="short / expected",
            numerator=Part("underpaid", "short"),
            denominator=Part("compared", "expected"),
        ),
    ),
    row_sets=(
        RowSet("underpaid", "lines, or lines priced together, that came out short", _COLUMNS, _short),
        RowSet("compared", "lines, or lines priced together, that were compared", _COLUMNS, _rows),
    ),
    read=_read,
    groupings=("payer", "code", "practice", "month"),
    chart=Chart("bar", ("short",)),
    needs_contract=True,
)
