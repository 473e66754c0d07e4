"""Lines that a payer allowed less than its contract says, from fees.csv.

Formulas: ``expected`` as ``reconcile.underpayment`` prices the visit; ``allowed`` = the payer's payment + the patient's
share + sequestration (CO-253); ``short`` = expected - allowed, where that is at least ``underpaid_from``. What is
compared, and what is left out, ``reconcile.underpaid`` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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
from reconcile.store.priced_lines import paid_lines
from reconcile.underpaid import Compared, PaidLine, compare_lines

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
