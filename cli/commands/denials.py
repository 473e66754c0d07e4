"""`denials list` and `report denials`: what was denied, why, and what to do next."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.jobs.lists import DENIAL_COLUMNS, denial_rows
from cli.options import AsJson, Config, Database, Output, RowFormat
from cli.render import SCHEMA_VERSION, Row, bar, money, stdout, write_json, write_rows
from cli.workspace import workspace
from reconcile.reports.denials import GROUPINGS, DenialGroup, DenialRate, by_group, rate
from reconcile.store.listing import denials as denial_listing
from reconcile.store.totals import adjudicated

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
    everything: Annotated[bool, typer.Option("--all", help="Recovered and reversed ones too.")] = False,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    payer: Annotated[str | None, typer.Option(help="Only this payer: its key or name.")] = None,
    practice: Annotated[str | None, typer.Option(help="Only this practice's.")] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List denials, largest first: category, why, next action, guardrails and the last day to appeal."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        rows = denial_rows(
            (
                denial
                for denial in denial_listing(connection, open_only=not everything)
                if (category is None or denial.category == category)
                and (payer is None or payer in (denial.payer, denial.payer_name))
                and (practice is None or denial.practice_id == practice)
            ),
            opened.settings.payers,
        )
    write_rows(rows, DENIAL_COLUMNS, form="json" if as_json else form, path=output)


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
    """Count and sum denials by what they have in common, with the denial rate in claims and dollars."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        denials = list(denial_listing(connection))
        claims, cents = adjudicated(connection)
    groups = by_group(denials, by)
    rows = [_row(one) for one in groups]
    rates = rate(denials, claims, cents)
    if as_json or form == "json":
        write_json(
            {"schema_version": SCHEMA_VERSION, "by": by, "rows": rows, "rate": _rate_json(rates)}, output
        )
        return
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
        "(on the merits; duplicates and unprocessable claims are worked but not counted)",
        markup=False,
        soft_wrap=True,
    )
