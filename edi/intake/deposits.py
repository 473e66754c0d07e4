"""deposits.csv to the values of ``edi.model.deposit``: the credits of a bank account, as its export lists them.

Money that leaves the account is no deposit: such rows are counted and said. Source: docs/input.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from edi.intake import cells
from edi.intake.cells import Cell
from edi.intake.records import Items, practice_problem
from edi.intake.rows import Column, RowParser, RowRejected, Spec, TableSummary
from edi.model.deposit import Deposit
from edi.model.finding import Finding, Location, Severity

MONEY_OUT: Final = "DEP001"
_LAST: Final = 4
_TRN: Final = re.compile(r"TRN\*1\*\s*([^*\\~]+?)\s*(?:\*\s*([0-9A-Za-z]+))?\s*(?:[*\\~]|$)")
"""The reassociation trace number in the addenda of a CCD+ transfer (TRN01 to TRN03)."""


def _signed_amount(raw: str) -> Cell:
    """An amount; one that leaves the account comes back as a value below zero."""
    minus = "-" in raw or raw.startswith("(")
    cell = cells.amount(raw.strip("-+()$ ") if minus else raw.removeprefix("+"))
    if minus and cell.problem is None:
        return Cell(-cell.value, cell.note)
    return cell


DEPOSITS: Final = Spec(
    columns=(
        Column("practice_id", cells.text),
        Column("account", cells.identifier),
        Column("deposit_date", cells.day),
        Column("amount", _signed_amount),
        Column("bank_reference", cells.identifier, repeats=False),
        Column("trace_number", cells.identifier, repeats=False),
        Column("payer_id", cells.identifier),
        Column("payer_name", cells.text, phi=True),
        Column("description", cells.text, phi=True, repeats=False),
    ),
    required=(("deposit_date",), ("amount",)),
)


def read_deposits(
    rows: Items, *, file: str | None = None, practices: Collection[str] = ()
) -> Iterator[Deposit | Finding | RowRejected | TableSummary]:
    """Read the credits of a bank's export.

    Args:
        rows: of ``edi.intake.table.read_table``.
        file: its name, for findings.
        practices: ids of claimloop.toml; a blank practice_id stands for the only one, or for any.

    Yields:
        Deposits, Findings, a RowRejected for each row that gives nothing, and last one TableSummary. Rows with a date
        that can be read in both orders come last, for a later row may show that the column is day first.
    """
    parser = RowParser(DEPOSITS, file, only_practice=next(iter(practices)) if len(practices) == 1 else "")
    unsure = []
    out = 0
    for item in parser.rows(rows):
        if isinstance(item, Finding):
            yield item
            continue
        values, problems = parser.row(item)
        if item.problem is None:
            problems += practice_problem(parser, item, values, practices, all_practices=True)
        yield from problems
        if any(problem.severity is Severity.ERROR for problem in problems):
            yield parser.rejected_row(item)
            continue
        if values["amount"] <= 0:
            out += 1
            continue
        value = _deposit(values, file or "", item.number)
        if parser.unsure:
            unsure.append((value, item, parser.unsure))
            continue
        parser.accepted += 1
        yield value
    if parser.refused:
        return
    yield from parser.settled(unsure)
    if out:
        yield money_out(out, file)
    yield from parser.end()


def _deposit(values: dict[str, Any], file: str, row: int) -> Deposit:
    """A row's values as a deposit; what the description holds of trace and payer fills what has no column."""
    description = values.get("description", "")
    trace, payer = trace_in(description)
    text = " ".join(part for part in (values.get("payer_name", ""), description) if part)
    return Deposit(
        practice_id=values.get("practice_id", ""),
        account=last_four(values.get("account", "")),
        deposited_on=values["deposit_date"],
        amount=values["amount"],
        bank_reference=values.get("bank_reference", ""),
        trace_number=values.get("trace_number", "") or trace,
        payer_id=values.get("payer_id", "") or payer,
        payer_text=text,
        file=file,
        row=row,
    )


def trace_in(text: str) -> tuple[str, str]:
    """TRN02 and TRN03 where a bank shows the addenda of the transfer; "" for what is not there."""
    found = _TRN.search(text)
    return (found.group(1), found.group(2) or "") if found is not None else ("", "")


def last_four(account: str) -> str:
    """The end of an account number, which is all that is kept of it."""
    return "".join(one for one in account if one.isalnum())[-_LAST:].upper()


def money_out(count: int, file: str | None) -> Finding:
    """What is said of the entries that are no deposit."""
    entries = "entry is" if count == 1 else "entries are"
    return Finding(
        code=MONEY_OUT,
        severity=Severity.INFO,
        message=f"{count} {entries} no money that came in, and no deposit",
        location=Location(file=file),
    )
