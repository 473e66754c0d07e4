"""`claimloop init [DIR]`."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from cli.jobs.init import initialise
from cli.options import AsJson
from cli.render import SCHEMA_VERSION, stdout, write_json
from cli.summaries import this_command


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Default: this folder.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Start an installation: settings, header-only tables with an example row, an empty store."""
    made = initialise(folder)
    if as_json:
        write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "folder": made.folder,
                "files": made.files,
                "database": made.database,
            }
        )
        return
    console = stdout()
    for name in made.files:
        console.print(f"wrote {Path(made.folder) / name}", markup=False)
    console.print(
        "next: put your practice into claimloop.toml and payers.toml, your rows into the tables "
        "(docs/input.md has every column), then\n"
        f"      cd {quote(made.folder)}; {this_command()} claims create sessions.csv --out out --dry-run",
        markup=False,
        soft_wrap=True,
    )
