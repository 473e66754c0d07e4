"""`claimloop held …`: money that is not posted because it does not add up, and what a person decides about it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.jobs.dismissing import dismiss
from cli.jobs.dismissing import undo as undo_dismissal
from cli.jobs.hold_show import show, shown_json, shown_lines
from cli.jobs.holds import Decider, Decision, release, told, undo
from cli.jobs.lists import HELD_COLUMNS, HELD_NARROW, held_rows, waiting_footer
from cli.jobs.posting import Tools
from cli.options import AsJson, Config, Database, DryRun, Output, RowFormat, ShowPhi, end, utc_now
from cli.render import SCHEMA_VERSION, money, stdout, write_json, write_rows
from cli.workspace import Workspace, workspace
from reconcile.store.hold_lists import dismissed, released
from reconcile.store.listing import held

group = typer.Typer(
    name="held", help="Money in suspense and quarantined payments; release it.", no_args_is_help=True
)
HoldId = Annotated[str, typer.Argument(metavar="ID", help="An id of `held list`.")]
Actor = Annotated[str, typer.Option("--by", help="Who decides; kept in the event log.")]


@group.command("list")
def list_held(
    everything: Annotated[bool, typer.Option("--all", help="Also what was dismissed.")] = False,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List what is in suspense or quarantine, with the equation that fails, and what releases left unexplained."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        waiting = list(held(connection))
        left = list(released(connection))
        aside = list(dismissed(connection)) if everything else []
    rows = held_rows([*waiting, *left, *aside])
    cents = sum(one.amount for one in waiting)
    total = waiting_footer(rows[: len(waiting)], cents, "payment", "kind")[0]
    steps = waiting_footer(rows, cents, "payment", "kind")[1:]
    if left:
        steps.insert(0, f"unexplained after releases: {money(sum(one.amount for one in left))}")
    form = "json" if as_json else form
    write_rows(rows, HELD_COLUMNS, form=form, path=output, narrow=HELD_NARROW, footer=[total, *steps])


@group.command("show")
def show_held(
    name: HoldId,
    as_json: AsJson = False,
    show_phi: ShowPhi = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """Show a hold: the equations that fail, by how many cents, and the segments they stand in."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        shown = show(connection, decider_of(opened, by="", dry_run=False), name)
    if as_json:
        write_json(shown_json(shown, show_phi=show_phi), output)
        return
    console = stdout()
    for line in shown_lines(shown, show_phi=show_phi):
        console.print(line, markup=False, soft_wrap=True)


@group.command("release")
def release_held(
    name: HoldId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the event log. No names.")],
    take_back: Annotated[bool, typer.Option("--undo", help="Take an earlier release back.")] = False,
    by: Actor = "",
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
) -> None:
    """Post what is held; what it does not explain goes to the account suspense until a correction clears it.

    A quarantined set is posted with the difference to the bank unexplained; a truncated one never. A possible reissue
    takes the place of the payment that is posted under its trace number. --undo brings back what was before.
    """
    with workspace(config, database, dry_run=dry_run) as opened:
        decider = decider_of(opened, by=by, dry_run=dry_run)
        made = undo(name, reason, decider) if take_back else release(name, reason, decider)
    if as_json:
        write_json(_decision_json(made, dry_run=dry_run))
    else:
        stdout().print(
            f"{'would be: ' if dry_run else ''}{told(made)}", markup=False, soft_wrap=True, highlight=False
        )
    done = made.outcome == "posted" and not (made.unexplained or made.held or made.unmatched)
    end(ExitCode.DONE if done else ExitCode.WORK)


@group.command("dismiss")
def dismiss_held(
    name: HoldId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the event log. No names.")],
    take_back: Annotated[bool, typer.Option("--undo", help="Take an earlier dismissal back.")] = False,
    by: Actor = "",
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
) -> None:
    """Say that a payment in quarantine, or a possible reissue, is never to be posted; it leaves the list.

    So where its payer sent it by mistake, or its correction is posted. A claim payment in suspense is a part of a
    payment that is posted, and cannot be dismissed. --undo brings it back to the list.
    """
    with workspace(config, database, dry_run=dry_run) as opened:
        decider = decider_of(opened, by=by, dry_run=dry_run)
        made = undo_dismissal(name, reason, decider) if take_back else dismiss(name, reason, decider)
    if as_json:
        write_json(_decision_json(made, dry_run=dry_run))
    else:
        stdout().print(
            f"{'would be: ' if dry_run else ''}{told(made)}", markup=False, soft_wrap=True, highlight=False
        )


def decider_of(opened: Workspace, *, by: str, dry_run: bool) -> Decider:
    """Return what a decision works with."""
    tools = Tools(opened.tables, opened.settings.payers)
    directory = opened.settings.directory
    return Decider(
        store=opened.store,
        tools=tools,
        now=utc_now(),
        practices=directory.practices if directory is not None else {},
        actor=by,
        dry_run=dry_run,
    )


def _decision_json(made: Decision, *, dry_run: bool) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "id": made.id,
        "subject": made.subject,
        "outcome": made.outcome,
        "unexplained": money(made.left),
        "replaced": made.replaced or None,
        "claims_held": made.held,
        "claims_unmatched": made.unmatched,
        "dry_run": dry_run,
    }
