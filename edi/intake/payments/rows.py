"""The rows of payments.csv (or payments.toml) to values. Source: docs/input.md, payments.csv."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, Final

import msgspec

from edi.intake import cells
from edi.intake.cells import Cell, Problem
from edi.intake.records import practice_problem
from edi.intake.rows import Column, RowParser, Spec
from edi.intake.table import Heading, Row, rows_of
from edi.model.by_hand import FROM_PAYERS, KINDS, OPENING_BALANCE, PATIENT, HandRow
from edi.model.finding import Finding, Location, Severity
from edi.model.money import parse_cents
from edi.model.remittance import Adjustment

UNKNOWN_PAYER: Final = "PAY001"
NOT_OF_THIS_KIND: Final = "PAY002"
BAD_ADJUSTMENTS: Final = "PAY003"
NOT_TOML: Final = "PAY004"
NOT_OWED: Final = "PAY005"
NOT_YET: Final = "PAY006"

_SIGNED: Final = re.compile(r"([-(])?\s*(\$?[0-9][0-9,]*(?:\.[0-9]*)?|\$?\.[0-9]+)\s*\)?")
_GROUPS: Final = ("CO", "PR", "OA", "PI", "CR")
_CARC: Final = re.compile(r"[A-Z]{0,2}[0-9]{1,3}")
_DOLLARS: Final = re.compile(r"-?[0-9]+(?:\.[0-9]{1,2})?")
_LONGEST_PART: Final = 24
_BETWEEN: Final = re.compile(r"[;,|\s]+")
_STATUSES: Final = ("1", "2", "3", "4", "19", "20", "21", "22", "23", "25")


def signed_amount(raw: str) -> Cell:
    """An amount in dollars as integer cents; a minus, or brackets, take it back."""
    match = _SIGNED.fullmatch(raw.strip())
    if match is None:
        return cells.amount(raw)
    cell = cells.amount(match[2])
    return cell if cell.problem is not None or not match[1] else cell._replace(value=-cell.value)


def adjustments(raw: str) -> Cell:
    """``CO-45=10.00; PR-2=20.00``: group, CARC and dollars of each adjustment."""
    found = []
    for part in filter(None, _BETWEEN.split(raw.upper())):
        code, _, dollars = part.partition("=")
        group, reason = code[:2], code[2:].removeprefix("-")
        cents = _cents(dollars)
        wrong = _wrong_part(group, reason, readable=cents is not None)
        if wrong or cents is None:
            fix = "Write group-CARC=amount, one after the other: CO-45=10.00; PR-2=20.00."
            shown = part if len(part) <= _LONGEST_PART and any(map(str.isdigit, part)) else "an adjustment"
            return Cell(problem=Problem(BAD_ADJUSTMENTS, f"{shown} cannot be read: {wrong}", fix))
        found.append(Adjustment(group, reason, cents))
    return Cell(tuple(found))


def _cents(dollars: str) -> int | None:
    """An amount in cents, None for what is none."""
    if _DOLLARS.fullmatch(dollars) is None:
        return None
    try:
        return parse_cents(dollars)
    except ValueError:
        return None


def _wrong_part(group: str, reason: str, *, readable: bool) -> str:
    """Which part of an adjustment is wrong, in words; "" for one that can be read."""
    if group not in _GROUPS:
        return f"the group is none of {', '.join(_GROUPS)}"
    if _CARC.fullmatch(reason) is None:
        return "the reason after the group has not the form of a CARC"
    return "" if readable else "the amount after = is no amount"


PAYMENTS: Final = Spec(
    columns=(
        Column("kind", cells.one_of(*KINDS)),
        Column("practice_id", cells.text),
        Column("payer", cells.text),
        Column("patient_id", cells.identifier, phi=True),
        Column("claim", cells.identifier),
        Column("line", cells.identifier),
        Column("procedure_code", cells.code),
        Column("modifiers", cells.modifiers),
        Column("units", cells.whole),
        Column("date_of_service", cells.day),
        Column("date", cells.day),
        Column("amount", signed_amount),
        Column("charge", signed_amount),
        Column("allowed", cells.amount),
        Column("adjustments", adjustments),
        Column("remarks", cells.codes),
        Column("status", cells.one_of(*_STATUSES)),
        Column("payer_claim_number", cells.identifier),
        Column("provider_adjustment", cells.code),
        Column("payment_amount", signed_amount),
        Column("reference", cells.identifier),
        Column("note", cells.text, phi=True),
    ),
    required=(("kind",), ("date",), ("amount",)),
)
_OF_PAYERS: Final = frozenset(
    {
        "modifiers", "units", "charge", "allowed", "adjustments", "remarks", "status", "payer_claim_number",
        "provider_adjustment", "payment_amount",
    }
)  # fmt: skip
"""Columns that say what a payer did."""


class RefusedRow(msgspec.Struct, frozen=True, gc=False):
    """A row that gave no value. ``payment`` is its own text of what the rows of a payment have in common."""

    row: int
    payment: tuple[str, ...]


def payment_cells(row: Row) -> tuple[str, ...]:
    """The text of a row that tells its payment: practice, payer, reference and date."""
    return tuple(row.cells.get(name, "") for name in ("practice_id", "payer", "reference", "date"))


def read_toml(data: bytes, *, file: str | None = None) -> Iterator[Row | Finding]:
    """The rows of a TOML file: a table ``[[payment]]`` each, with the names of the columns.

    Args:
        data: the whole file.
        file: its name, for findings.
    """
    try:
        document = tomllib.loads(data.decode("utf-8-sig"), parse_float=str)
    except (ValueError, RecursionError):  # an int of thousands of digits is a ValueError of its own
        document = {}
    listed = document.get("payment")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        yield Finding(
            code=NOT_TOML,
            severity=Severity.ERROR,
            message="the file cannot be read as TOML with tables [[payment]]",
            location=Location(file=file),
            fix='Write [[payment]] and below it lines like amount = "40.00".',
        )
        return
    yield from rows_of(listed)


def read_payments(
    rows: Iterable[Heading | Row | Finding],
    *,
    file: str | None = None,
    practices: Collection[str],
    payers: Collection[str],
    today: date | None = None,
) -> Iterator[HandRow | RefusedRow | Finding]:
    """Read payments that no 835 tells of.

    Args:
        rows: of `edi.intake.table.read_table` or `read_toml`.
        file: name of the file for findings.
        practices: ids that ``practice_id`` may name; with one of them a blank stands for it.
        payers: keys of payers.toml.
        today: no payment or service is after it; None: any day is taken.

    Yields:
        A HandRow for each row; a RefusedRow after the errors of one that gave none. What is said once for the file
        comes last.
    """
    only = next(iter(practices)) if len(practices) == 1 else ""
    parser = RowParser(PAYMENTS, file, only_practice=only)
    read: list[tuple[HandRow | None, Row, tuple[str, ...]]] = []
    for item in parser.rows(rows):
        if isinstance(item, Finding):
            yield item
            continue
        values, problems = parser.row(item)
        if not any(problem.severity is Severity.ERROR for problem in problems):
            problems = (
                problems
                + practice_problem(parser, item, values, practices)
                + _problems(parser, item, values, payers)
            )
            problems += _too_early(parser, item, values, today)
        yield from problems
        failed = any(problem.severity is Severity.ERROR for problem in problems)
        made = None if failed else HandRow(row=item.number, written=payment_cells(item), **values)
        read.append((made, item, parser.unsure))
    if parser.refused:
        return
    for value, row, unsure in read:
        doubts = parser.order_of_dates(row.number, unsure) if value is not None else []
        yield from doubts
        yield RefusedRow(row.number, payment_cells(row)) if value is None or doubts else value
    yield from (one for one in parser.end() if isinstance(one, Finding))


def _problems(parser: RowParser, row: Row, values: dict[str, Any], payers: Collection[str]) -> list[Finding]:
    """What one column demands of another."""
    kind, problems = values["kind"], []
    payer = values.get("payer")
    if payer is not None and payer not in payers:
        fix = "Use a key of payers.toml; leave it blank where the patient pays or owes."
        problems.append(parser.error(row, UNKNOWN_PAYER, "payer", "payer is not in payers.toml", fix))
    if kind in FROM_PAYERS:
        problems += _of_a_payer(parser, row, values)
    else:
        unfit = sorted(_OF_PAYERS & set(values)) + (["payer"] if kind == PATIENT and payer else [])
        if kind == OPENING_BALANCE and payer:
            unfit = [name for name in unfit if name not in ("modifiers", "units", "charge")]
        problems += [_unfit(parser, row, name, kind) for name in unfit]
        problems += _of_an_account(parser, row, values)
    return problems


def _too_early(parser: RowParser, row: Row, values: dict[str, Any], today: date | None) -> list[Finding]:
    """What is told of days to come."""
    return [
        parser.error(
            row,
            NOT_YET,
            name,
            f"{name}: {values[name]} is after {today}, the day on which the file came",
            "Correct the date; write a payment down when it was made.",
        )
        for name in ("date", "date_of_service")
        if today is not None and name in values and values[name] > today
    ]


def _of_a_payer(parser: RowParser, row: Row, values: dict[str, Any]) -> list[Finding]:
    """A payer's answer names payer and claim; a line is named by its code and day."""
    wanted = [name for name in ("payer",) if name not in values]
    if "provider_adjustment" in values:
        unfit = (_OF_PAYERS | {"claim", "line", "procedure_code", "date_of_service"}) & set(values)
        unfit -= {"provider_adjustment", "payment_amount"}
        return [parser.missing(row, name) for name in wanted] + [
            _unfit(parser, row, name, "a provider adjustment") for name in sorted(unfit)
        ]
    if "claim" not in values:
        wanted.append("claim")
    of_line = {"line", "procedure_code", "date_of_service", "modifiers", "units"} & set(values)
    if of_line:
        wanted += [name for name in ("procedure_code", "date_of_service") if name not in values]
    return [parser.missing(row, name) for name in wanted]


def _of_an_account(parser: RowParser, row: Row, values: dict[str, Any]) -> list[Finding]:
    """What a patient paid or owes names a claim or the patient; what a payer owes names a line of a claim."""
    if values["kind"] == OPENING_BALANCE and values["amount"] <= 0:
        fix = "Write what is still owed; a credit is a row of kind patient."
        return [parser.error(row, NOT_OWED, "amount", "an opening balance is above zero", fix)]
    if values.get("charge", values["amount"]) < values["amount"]:
        fix = "Write the charge of the line, of which the amount is what is left."
        return [parser.error(row, NOT_OWED, "charge", "the charge is below what is still owed", fix)]
    if values["kind"] == OPENING_BALANCE and "payer" in values:
        needed = ("claim", "procedure_code", "date_of_service")
        return [parser.missing(row, name) for name in needed if name not in values]
    if "claim" not in values and "patient_id" not in values:
        return [parser.missing(row, "claim or patient_id")]
    return []


def _unfit(parser: RowParser, row: Row, name: str, kind: str) -> Finding:
    fix = f"Leave {name} blank, or correct the kind."
    return parser.error(row, NOT_OF_THIS_KIND, name, f"{name} says nothing in a row of kind {kind}", fix)
