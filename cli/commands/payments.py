"""`payments add`: money that no 835 tells of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.jobs.payments import AddRequest, add_payments
from cli.options import AsJson, Config, Database, DryRun, ExitZero, Quiet, end, utc_now
from cli.render import write_json
from cli.summaries import print_manifest
from cli.workspace import workspace

group = typer.Typer(name="payments", help="Money without an 835.", no_args_is_help=True)


@group.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, JSON Lines or TOML.")],
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Take in paper EOBs, virtual cards, patients' payments and opening balances; docs/input.md has the columns.

    What a payer answered is judged, matched and posted as its 835 would be. A
    row that cannot be read keeps its own payment out, and nothing else. The
    same file twice changes nothing.
    """
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        request = AddRequest(
            paths=tuple(files),
            now=utc_now(),
            practices=opened.settings.need_directory().practices,
            payers=opened.settings.payers,
            tables=opened.tables,
            dry_run=dry_run,
        )
        manifest = add_payments(request, opened.store)
    if as_json:
        write_json(manifest)
    else:
        print_manifest(manifest, quiet=quiet)
    end(ExitCode(manifest.exit_code()), exit_zero=exit_zero)
