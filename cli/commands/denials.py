"""`denials list` and `denials show`: what was denied, why, and what to do next."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.denial_options import (
    Like,
    OfCategory,
    OfCode,
    OfKind,
    OfOwner,
    OfPayer,
    OfPractice,
    OfReason,
    OfState,
)
from cli.jobs.denial_work import (
    COLUMNS,
    CSV,
    NARROW,
    Case,
    Choice,
    Desk,
    Known,
    because,
    choose,
    csv_rows,
    deed_row,
    denial_row,
    footer,
    hints,
    pool,
    read_contract,
    table_rows,
)
from cli.options import AsJson, AsOf, Config, Database, Output, RowFormat, today
from cli.render import SCHEMA_VERSION, Row, check_target, write_json, write_rows
from cli.render import output as to_output
from cli.trail import trail
from cli.workspace import Workspace, workspace
from reconcile.store import Connection
from reconcile.store.listing import practice_names
from reconcile.store.priced_lines import UNDERPAID
from reconcile.store.rejections import count_rejected
from reconcile.worklist import SETTLED

group = typer.Typer(name="denials", help="The denials worklist.", no_args_is_help=True)


@group.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    category: OfCategory = None,
    payer: OfPayer = None,
    reason: OfReason = None,
    code: OfCode = None,
    practice: OfPractice = None,
    state: OfState = None,
    owner: OfOwner = None,
    kind: OfKind = None,
    like: Like = None,
    underpaid: Annotated[bool, typer.Option("--underpaid", help="Underpaid lines instead.")] = False,
    snoozed: Annotated[bool, typer.Option("--snoozed", help="Those put aside too.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Why, under each denial.")] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="Rows at most; 0 is all.")] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List denials in the order to work them: what each may bring, what to do, and by when.

    The order is expected cents x chance x urgency (docs/denials.md). Due is
    the day that somebody set, else the payer's last day; it is empty where
    nothing runs, or where the payer's days are not known.
    """
    choice = Choice(
        payer=payer,
        category=category,
        reason=reason,
        code=code,
        practice=practice,
        state=state,
        owner=owner,
        kind=kind,
        like=like,
    )
    day = today(as_of)
    check_target(form, output)
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        desk = Desk(read_contract(opened.settings), day)
        settled = everything or state is not None
        underpaid = underpaid or kind == UNDERPAID
        cases = (
            desk.underpaid(connection, as_of)
            if underpaid
            else desk.cases(connection, everything=settled, as_of=as_of)
        )
        chosen = choose(cases, choice, known(opened, connection))
        rejected = count_rejected(connection)
    if not settled:
        chosen = [one for one in chosen if one.work.state not in SETTLED]
    awake = chosen if snoozed or settled else [one for one in chosen if not one.work.asleep(day)]
    plain = not as_json and form == "table"
    most = limit if limit is not None else _ROWS if plain else 0
    shown = awake[:most] if most else awake
    rows: list[Row] = [denial_row(one, day) for one in shown]
    if as_json or form == "json":
        write_json(rows, output)
    elif form != "table":
        write_rows(csv_rows(rows), CSV, form=form, path=output, kinds={"priority": "cents"})
    else:
        under = footer(
            awake,
            day,
            shown=len(shown),
            asleep=len(chosen) - len(awake),
            rejected=0 if underpaid or choice.by_filter else rejected,
            everything=settled,
        )
        if explain:
            under = [*_explained(shown, day), *under]
        write_rows(table_rows(rows), COLUMNS, form=form, path=output, narrow=NARROW, footer=under)


_ROWS = 200
"""Rows of a table where nothing else is asked for."""


def known(opened: Workspace, connection: Connection) -> Known:
    """What a word of a filter may be."""
    return Known(
        tables=opened.tables,
        payers=opened.settings.payers,
        practices=practice_names(connection),
    )


def _explained(cases: list[Case], day: date) -> list[str]:
    """Why each denial stands where it does."""
    lines = []
    for case in cases:
        lines.append(case.denial.work)
        lines += [f"  {one}" for one in because(case, day)]
    return lines


@group.command()
def show(
    denial: Annotated[str, typer.Argument(metavar="ID", help="Id of the denial, or its beginning.")],
    as_json: AsJson = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """Show one denial: why, what it may bring, the payer's days, what was done, and the commands that come next."""
    day = today(as_of)
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        desk = Desk(read_contract(opened.settings), day)
        choice = Choice(names=(denial,))
        (case,) = choose(pool(desk, connection, choice), choice, known(opened, connection))
        appeals = desk.appeals(case)
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        **denial_row(case, day),
        "deadlines": [{"what": one.what, "on": one.on} for one in case.deadlines],
        "appeal_levels": appeals,
        "history": [deed_row(one) for one in case.item.deeds],
        "next": list(hints(case)),
    }
    if as_json:
        write_json(document, output)
    else:
        trail().document(document)
        _print_case(document, output)


_SHOWN = (
    "status", "since", "owner", "patient_control_number", "line_control_number", "payer_claim_control_number",
    "procedure_code", "date_of_service", "payer_name", "group", "reason", "remarks", "category", "cause", "kind",
    "extent", "charge", "amount", "expected", "next_action", "guardrails", "due_date", "days_left", "snoozed_until",
    "preventable_by", "appeal_level", "written_off", "denied_times", "reopened", "remitted_on", "trace_number",
)  # fmt: skip


def _print_case(document: dict[str, Any], path: Path | None) -> None:
    """A denial as text, one fact a line."""
    lines = [str(document["denial_id"])]
    for name in _SHOWN:
        cell = document[name]
        if cell not in (None, "", ()):
            said = " ".join(cell) if isinstance(cell, tuple) else str(cell)
            lines.append(f"  {name.replace('_', ' ')}: {said}")
    for one in document["appeal_levels"]:
        last = f"by {one['by']}" if one["by"] else f"{one['days']} days from the decision before it"
        lines.append(f"  appeal level {one['level']}: {last}")
    lines += [f"  last day of {one['what']}: {one['on']}" for one in document["deadlines"]]
    lines += [f"  because: {one}" for one in document["because"]]
    for one in document["history"]:
        rest = ", ".join(
            f"{name.replace('_', ' ')} {value}" for name, value in one.items() if name not in _HEAD
        )
        lines.append(f"  {one['on']} {one['what'].replace('_', ' ')}{f': {rest}' if rest else ''}")
    lines += [f"  next: {one}" for one in document["next"]]
    with to_output(path) as stream:
        stream.write("\n".join(lines) + "\n")


_HEAD = ("on", "what")
