"""`claimloop unmatched …`: claim payments that found no claim, what they could mean, and joining them by hand."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from cli.commands.held import Actor, decider_of
from cli.exits import ExitCode
from cli.jobs.linking import Link, link, unlink
from cli.jobs.lists import UNMATCHED_COLUMNS, UNMATCHED_NARROW, unmatched_rows, waiting_footer
from cli.jobs.posting import Tools
from cli.options import AsJson, Config, Database, DryRun, Output, RowFormat, end
from cli.render import SCHEMA_VERSION, Row, stdout, write_json, write_rows
from cli.workspace import workspace
from reconcile.match.ranking import Ranked
from reconcile.store import UNMATCHED
from reconcile.store.adjudications import waiting
from reconcile.store.candidates import ranked_candidates
from reconcile.store.listing import unmatched as unmatched_listing

group = typer.Typer(
    name="unmatched",
    help="Payments that found no claim, why, and linking them by hand.",
    no_args_is_help=True,
)
_MOST = 10_000
"""So many claim payments get their candidates ranked."""
PaymentId = Annotated[str, typer.Argument(metavar="CLAIM_PAYMENT", help="An id of `unmatched list`.")]


@group.command("list")
def list_unmatched(
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List claim payments that found no claim, why, and the claims they could mean, the likeliest first."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        unmatched = list(unmatched_listing(connection))
        tools = Tools(opened.tables, opened.settings.payers)
        queue = waiting(connection, UNMATCHED, tools.capitated, limit=_MOST)
        ranked = ranked_candidates(connection, queue)
    form = "json" if as_json else form
    rows = [_with_ranked(row, ranked.get(int(str(row["id"])), ()), form) for row in unmatched_rows(unmatched)]
    footer = waiting_footer(rows, sum(one.paid for one in unmatched), "claim payment", "reason")
    write_rows(rows, UNMATCHED_COLUMNS, form=form, path=output, narrow=UNMATCHED_NARROW, footer=footer)


def _with_ranked(row: Row, ranked: tuple[Ranked, ...], form: str) -> Row:
    """A row with its ranked candidates: whole in JSON, else the numbers with their points."""
    if form == "json":
        told: Any = [msgspec.to_builtins(one) for one in ranked]
        return {**row, "ranked": told}
    named = [f"{one.patient_control_number} ({one.score}, +{one.margin})" for one in ranked[:3]]
    return {**row, "candidates": named or row["candidates"]}


@group.command("link")
def link_payment(
    payment: PaymentId,
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="Patient control number or claim id.")],
    line: Annotated[
        list[str] | None,
        typer.Option(
            "--line", metavar="PAID=SUBMITTED", help="Tie a paid line to lines of the claim: 2=1 or 2=1,3."
        ),
    ] = None,
    practice: Annotated[
        str | None, typer.Option(help="Whose claim, where two practices use one number.")
    ] = None,
    by: Actor = "",
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
) -> None:
    """Post a claim payment on the claim you name; later ones of the payer under its number follow.

    An unknown payee is never posted, whatever is linked.
    """
    with workspace(config, database, dry_run=dry_run) as opened:
        decider = decider_of(opened, by=by, dry_run=dry_run)
        made = link(payment, claim, decider, lines=line or (), practice=practice)
    _tell(made, as_json=as_json, dry_run=dry_run)
    end(ExitCode.DONE if made.outcome == "posted" else ExitCode.WORK)


@group.command("unlink")
def unlink_payment(
    payment: PaymentId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the event log. No names.")],
    by: Actor = "",
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
) -> None:
    """End a link: the claim payment, and what followed it, looks for its claim again."""
    with workspace(config, database, dry_run=dry_run) as opened:
        made = unlink(payment, reason, decider_of(opened, by=by, dry_run=dry_run))
    _tell(made, as_json=as_json, dry_run=dry_run)
    end(ExitCode.DONE if made.outcome == "posted" else ExitCode.WORK)


def _tell(made: Link, *, as_json: bool, dry_run: bool) -> None:
    """Print what a link or its end did."""
    if as_json:
        write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "id": made.id,
                "subject": made.subject,
                "outcome": made.outcome,
                "claim": made.claim or None,
                "lines": list(made.lines),
                "followed": [f"claim_payment:{number}" for number in made.followed],
                "dry_run": dry_run,
            }
        )
        return
    where = f" on {made.claim} (lines {' '.join(made.lines)})" if made.claim else ""
    others = f"; {len(made.followed)} others with it" if made.followed else ""
    text = f"{'would be: ' if dry_run else ''}{made.id} is {made.outcome} now{where}{others}"
    stdout().print(text, markup=False, soft_wrap=True, highlight=False)
