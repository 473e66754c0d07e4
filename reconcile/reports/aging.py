"""Aging: what payers have not settled and patients have not paid, by age, and the days in A/R.

A claim is as old as its last day of service. Payers have not settled what is open (unanswered or pended) and what is
denied, less what a person wrote off of it, which is told apart; what a person released from a hold is nobody's. A
patient owes what payers left to the patient, less what the patient paid on the claim. Days in A/R = what is open / the
average charge of a day, over the last 90 days of service. A claim paid too much is a credit, told apart: what one payer
owes is not less because another claim was paid twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edi.model.money import decimal_text
from reconcile.reports.behind import CLAIM
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
    by_name,
    cell,
    summed,
    tenths,
)
from reconcile.store.report_rows import balances as source
from reconcile.store.report_rows.books import BUCKETS, WINDOW, Books
from reconcile.store.report_rows.scope import listed

_BUCKETS: Final = tuple(name for name, _ in BUCKETS)
_SUMS: Final = ("balances", *_BUCKETS, "total", "credits", "written_off", "charges_90_days")
_DAYS: Final = ("days 0–30", "31–60", "61–90", "91–120", "over 120")


def groups(books: Books, by: str) -> list[Row]:
    """By group, what is open by age; what patients owe is a group of its own."""
    charges = source.window_sums(books, by)
    found = {name: _empty(name) for name in charges}
    for one in source.open_sums(books, by):
        row = found.setdefault(one.group, _empty(one.group))
        row["balances"] = cell(row, "balances") + one.balances
        row[one.bucket] = cell(row, one.bucket) + one.cents
        row["total"] = cell(row, "total") + one.cents
        row["credits"] = cell(row, "credits") + one.credits
        row["written_off"] = cell(row, "written_off") + one.written_off
    for name, cents in charges.items():
        found[name]["charges_90_days"] = cents
    for row in found.values():
        _counted(row)
    return list(found.values())


def whole(rows: Iterable[Row]) -> Row:
    """The total of groups."""
    return _counted(summed(rows, _SUMS))


def _empty(name: str) -> Row:
    return {GROUP: name, **dict.fromkeys(_SUMS, 0)}


def _counted(row: Row) -> Row:
    """The row with its days in A/R; of what patients owe there is no day's charge to compare with."""
    row["days_in_ar"] = tenths(cell(row, "total"), cell(row, "charges_90_days"), WINDOW)
    return row


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(Books(connection, scope), by)
    ordered = by_name(rows) if by == "month" else by_amount(rows, "total")
    ordered.sort(key=lambda row: row[GROUP] == source.PATIENTS)
    accounts = source.open_accounts(connection, scope)
    notes = (
        f"patients' accounts beyond claims (opening balances, payments for no claim): {decimal_text(accounts)}",
    )
    return Answer(ordered, whole(rows), more={"patient_accounts": {"amount": accounts}} if accounts else {},
                  notes=notes if accounts else ())  # fmt: skip


def _balances(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    for row in source.open_rows(connection, scope, by):
        bucket = row["bucket"]
        row.update({name: row["amount"] if name == bucket else 0 for name in _BUCKETS})
        yield row


def _window(connection: Connection, scope: Scope, by: str) -> Iterable[Row]:
    return listed(connection, source.window_rows(scope, by))


REPORT: Final = Report(
    name="aging",
    title="Aging",
    help="What is open by age, and the days in A/R.",
    period="the claim's first day of service",
    columns=(
        Column(GROUP),
        Column("balances", "count"),
        *(Column(name, "cents", title) for name, title in zip(_BUCKETS, _DAYS, strict=True)),
        Column("total", "cents"),
        Column("credits", "cents"),
        Column("written_off", "cents", "written off"),
        Column("charges_90_days", "cents", "charges 90 days"),
        Column("days_in_ar", "days", "days in A/R"),
    ),
    figures=(
        Figure(
            column="balances",
            formula="balances above zero, of payers and of patients",
            numerator=Part("balances"),
        ),
        *(
            Figure(
                column=name,
                formula=f"the balances of claims whose last day of service is {title.removeprefix('days ')} days ago",
                numerator=Part("balances", name),
            )
            for name, title in zip(_BUCKETS, _DAYS, strict=True)
        ),
        Figure(
            column="total",
            formula="open + denied - written off by people of payers; patient share - paid by the patient of patients; "
            "of each claim where above zero",
            numerator=Part("balances", "amount"),
        ),
        Figure(
            column="credits",
            formula="the same of each claim where below zero: paid too much, in no balance and not taken off any",
            numerator=Part("credits", "amount"),
        ),
        Figure(
            column="written_off",
            formula="cents of denials that people wrote off (denials resolve --as written-off); in no balance",
            numerator=Part("written_off", "amount"),
        ),
        Figure(
            column="charges_90_days",
            formula="charges of the last 90 days of service",
            numerator=Part("window", "charge"),
        ),
        Figure(
            column="days_in_ar",
            formula="total / (charges of the last 90 days of service / 90)",
            numerator=Part("balances", "amount"),
            denominator=Part("window", "charge"),
            scale=WINDOW,
        ),
    ),
    row_sets=(
        RowSet(
            "balances",
            "what is open of a claim: at its payers, and at its patient",
            (
                *CLAIM,
                Column("bucket"),
                Column("amount", "cents"),
                *(Column(name, "cents") for name in _BUCKETS),
            ),
            _balances,
        ),
        RowSet(
            "credits",
            "claims for which payers, or the patient, paid too much",
            (*CLAIM, Column("bucket"), Column("amount", "cents")),
            source.credit_rows,
        ),
        RowSet(
            "written_off",
            "claims of which a person wrote off what is denied",
            (*CLAIM, Column("bucket"), Column("amount", "cents")),
            source.written_off_rows,
        ),
        RowSet("window", "claims served in the last 90 days", CLAIM, _window),
    ),
    read=_read,
    groupings=("payer", "responsibility", "practice", "month"),
    chart=Chart("stack", _BUCKETS),
)
