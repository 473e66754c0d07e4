"""`ingest`, `verify`, and the lists of what waits: `held list`, `unmatched list`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.jobs.ingest import ingest as ingest_files
from cli.jobs.lists import (
    HELD_COLUMNS,
    HELD_NARROW,
    UNMATCHED_COLUMNS,
    UNMATCHED_NARROW,
    held_rows,
    unmatched_rows,
    waiting_footer,
)
from cli.jobs.verify import verify as verify_store
from cli.options import AsJson, Config, Database, ExitZero, Output, Quiet, RowFormat, end, utc_now
from cli.render import stdout, write_json, write_rows
from cli.summaries import print_manifest
from cli.workspace import workspace
from reconcile.store.listing import held as held_listing
from reconcile.store.listing import unmatched as unmatched_listing

_FINDINGS_SHOWN = 10
held_group = typer.Typer(
    name="held", help="Money in suspense and quarantined payments.", no_args_is_help=True
)
unmatched_group = typer.Typer(
    name="unmatched", help="Payments that found no claim, and why.", no_args_is_help=True
)


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="835, 277CA, 999, TA1, 271 files or folders.")
    ],
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Take in what came back, by content; then match, post and categorise. The same file twice changes nothing."""
    with workspace(config, database, quiet=quiet) as opened:
        directory = opened.settings.directory
        manifest = ingest_files(
            paths,
            opened.store,
            tables=opened.tables,
            payers=opened.settings.payers,
            practices=tuple(directory.practices.values()) if directory is not None else (),
            now=utc_now(),
        )
    if as_json:
        write_json(manifest)
    else:
        print_manifest(manifest, quiet=quiet)
    end(ExitCode(manifest.exit_code()), exit_zero=exit_zero)


def verify(
    checks: Annotated[
        list[str] | None, typer.Argument(metavar="[CHECK]...", help="Only these checks.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
) -> None:
    """Check every invariant of the ledger over the whole store, by name; 5 when one does not hold."""
    with workspace(config, database, read_only=True, upgrade=True) as opened:
        verification = verify_store(opened.store, checks or (), opened.tables)
    if as_json:
        write_json(verification)
    else:
        console = stdout()
        for check in verification.checks:
            word, style = ("holds", "green") if check.holds else ("fails", "bold red")
            console.print(word, style=style, end="  ")
            console.print(f"{check.name}: {check.asks}", markup=False, soft_wrap=True)
            for finding in check.findings[:_FINDINGS_SHOWN]:
                console.print(f"       {finding.message}", markup=False, soft_wrap=True)
    end(ExitCode(verification.exit_code()))


@held_group.command("list")
def held_list(
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List claim payments in suspense and transaction sets in quarantine, with the equation that fails."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        held = list(held_listing(connection))
    rows = held_rows(held)
    footer = waiting_footer(rows, sum(one.amount for one in held), "payment", "kind")
    form = "json" if as_json else form
    write_rows(rows, HELD_COLUMNS, form=form, path=output, narrow=HELD_NARROW, footer=footer)


@unmatched_group.command("list")
def unmatched_list(
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List claim payments that found no claim, why, and the claims they could mean."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        unmatched = list(unmatched_listing(connection))
    rows = unmatched_rows(unmatched)
    footer = waiting_footer(rows, sum(one.paid for one in unmatched), "claim payment", "reason")
    form = "json" if as_json else form
    write_rows(rows, UNMATCHED_COLUMNS, form=form, path=output, narrow=UNMATCHED_NARROW, footer=footer)
