"""`denials list` and `report denials`: what was denied, why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated

import typer

from cli.jobs.lists import (
    DENIAL_COLUMNS,
    DENIAL_CSV,
    DENIAL_NARROW,
    denial_rows,
    denials_footer,
    due_date,
    known_payers,
    known_word,
    with_reason_pairs,
    with_sentences,
)
from cli.options import AsJson, AsOf, Config, Database, Output, RowFormat, today
from cli.render import SCHEMA_VERSION, Row, bar, money, stdout, write_json, write_rows
from cli.workspace import workspace
from edi.codes import Tables
from edi.payers.profile import PayerProfile
from reconcile.denials import UNCLASSIFIED
from reconcile.reports.denials import GROUPINGS, DenialGroup, DenialRate, by_group, rate, total
from reconcile.store.listing import DenialListing, practice_names, rated
from reconcile.store.listing import denials as denial_listing

group = typer.Typer(name="denials", help="The denials worklist.", no_args_is_help=True)
report_group = typer.Typer(name="report", help="The analyst's tables.", no_args_is_help=True)
REPORT_COLUMNS = (
    "group",
    "count",
    "amount",
    "open_count",
    "open_amount",
    "preventable_amount",
    "share_percent",
)


@group.command("list")
def list_(
    everything: Annotated[
        bool, typer.Option("--all", help="Recovered, reversed and superseded ones too.")
    ] = False,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    payer: Annotated[str | None, typer.Option(help="Only this payer: key, name or a part of it.")] = None,
    practice: Annotated[str | None, typer.Option(help="Only this practice's.")] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List denials, largest first: category, why, next action, what must not be done, and the day it is due.

    Due is the last day of the payer's first appeal level, counted from the
    remittance; for an unprocessable claim the payer's filing limit for a new
    claim. It is empty where there is no right of appeal, or where the payer's
    days are not known.
    """
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        payers = opened.settings.payers
        denials = list(denial_listing(connection))
        if category is not None:
            category = known_word("--category", category, _categories(denials, opened.tables))
        if practice is not None:
            practice = known_word("--practice", practice, practice_names(connection))
        meant = None if payer is None else known_payers(payer, _payers(denials, payers))
    chosen = [
        denial
        for denial in denials
        if (everything or denial.status == "open")
        and category in (None, denial.category)
        and practice in (None, denial.practice_id)
        and (meant is None or (denial.payer, denial.payer_name) in meant)
    ]
    left = [_days_left(denial, payers, today(as_of)) for denial in chosen]
    rows: list[Row] = [
        {**row, "days_left": days} for row, days in zip(denial_rows(chosen, payers), left, strict=True)
    ]
    if as_json or form == "json":
        write_json(rows, output)
    elif form == "csv":
        write_rows(with_sentences(rows), DENIAL_CSV, form=form, path=output)
    else:
        footer = denials_footer(chosen, everything=everything)
        late = sum(days is not None and days < 0 for days in left)
        if late:
            footer.insert(0, f"{late} past the day due")
        table = with_reason_pairs(rows)
        write_rows(table, DENIAL_COLUMNS, form=form, path=output, narrow=DENIAL_NARROW, footer=footer)


def _days_left(denial: DenialListing, payers: Mapping[str, PayerProfile], day: date) -> int | None:
    """The days from a day to the one by which the denial's next action is due, below zero when that is past."""
    due = due_date(denial, payers)
    return (due - day).days if due is not None else None


def _categories(denials: Iterable[DenialListing], tables: Tables) -> set[str]:
    """Categories of the store and of the code tables."""
    return {*tables.categories, UNCLASSIFIED, *(denial.category for denial in denials)}


def _payers(denials: Iterable[DenialListing], payers: Mapping[str, PayerProfile]) -> set[tuple[str, str]]:
    """Key and name of the payers of the store and of the settings."""
    named = {(key, profile.name) for key, profile in payers.items()}
    return named | {(denial.payer, denial.payer_name) for denial in denials}


def _known_grouping(name: str) -> str:
    if name not in GROUPINGS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(GROUPINGS)}")
    return name


@report_group.command("denials")
def report_denials(
    by: Annotated[
        str, typer.Option("--by", callback=_known_grouping, help=f"One of {', '.join(GROUPINGS)}.")
    ] = "category",
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """Count and sum denials by what they have in common, with the denial rate in claims and dollars.

    Rate in claims: claims denied on the merits / claims adjudicated.
    Rate in dollars: denied on the merits / charges of the claims adjudicated.
    Duplicates, unprocessable claims and lines allowed at zero are not in the
    numerator. Claims with no answer but pended, duplicate or unprocessable are
    not in the denominator. Later recoveries do not change the rate.
    """
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        denials = list(denial_listing(connection))
        claims, cents = rated(connection)
    groups = by_group(denials, by)
    rows = [_row(one) for one in groups]
    whole = _row(total(denials))
    rates = rate(denials, claims, cents)
    if as_json or form == "json":
        write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "by": by,
                "rows": rows,
                "total": whole,
                "rate": _rate_json(rates),
            },
            output,
        )
        return
    if form == "table":
        rows.append(whole)
    write_rows(rows, REPORT_COLUMNS, form=form, path=output)
    if form == "table" and output is None:
        _print_bars(groups, rates)


def _row(one: DenialGroup) -> Row:
    return {
        "group": one.group,
        "count": one.count,
        "amount": money(one.amount),
        "open_count": one.open_count,
        "open_amount": money(one.open_amount),
        "preventable_amount": money(one.preventable_amount),
        "share_percent": f"{one.share // 10}.{one.share % 10}",
    }


def _rate_json(rates: DenialRate) -> Row:
    return {
        "denied_claims": rates.denied_claims,
        "adjudicated_claims": rates.adjudicated_claims,
        "denied": money(rates.denied_cents),
        "adjudicated": money(rates.adjudicated_cents),
    }


def _print_bars(groups: list[DenialGroup], rates: DenialRate) -> None:
    console = stdout()
    largest = max((one.amount for one in groups), default=0)
    width = max((len(one.group) for one in groups), default=0)
    console.print()
    for one in groups:
        console.print(f"{one.group:<{width}}  {bar(one.amount, largest)} {money(one.amount)}", markup=False)
    console.print()
    console.print(
        f"denial rate: {rates.denied_claims} of {rates.adjudicated_claims} claims, "
        f"{money(rates.denied_cents)} of {money(rates.adjudicated_cents)} adjudicated "
        "(on the merits; duplicates, unprocessable and pended claims are not counted)",
        markup=False,
        soft_wrap=True,
    )
