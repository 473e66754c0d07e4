"""`claimloop x12 …`: look at X12 files; no store is touched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.x12_check import check
from cli.exits import ExitCode
from cli.jobs.x12_show import Outcome, read_chunks, show_json, show_text
from cli.options import AsJson, ExitZero, ShowPhi
from cli.render import print_findings, stdout
from edi.model.finding import Finding

group = typer.Typer(
    name="x12", help="Look at X12 files and check them; no store is touched.", no_args_is_help=True
)


@group.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An X12 file of any supported kind.")],
    as_json: AsJson = False,
    show_phi: ShowPhi = False,
    exit_zero: ExitZero = False,
) -> None:
    """Show what a file says: a table, or JSON Lines with one transaction set a line."""
    outcome = Outcome()
    chunks = read_chunks(file)
    if as_json:
        for text in show_json(chunks, str(file), show_phi=show_phi, outcome=outcome):
            sys.stdout.write(text)
    else:
        console = stdout()
        for piece in show_text(chunks, str(file), show_phi=show_phi, outcome=outcome):
            if isinstance(piece, Finding):
                print_findings([piece], console)
            else:
                console.print(piece, markup=False, soft_wrap=True)
    code = outcome.exit_code
    if code is ExitCode.WORK and exit_zero:
        code = ExitCode.DONE
    if code is not ExitCode.DONE:
        raise typer.Exit(code)


group.command()(check)
