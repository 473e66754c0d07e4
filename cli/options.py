"""Options that several commands share, declared once."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from cli import clock
from cli.exits import ExitCode
from cli.render.rows import FORMS


def parse_date(text: str) -> date:
    """Read an ISO 8601 date given on the command line.

    Raises:
        typer.BadParameter: not a date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it like 2026-01-31") from None


def out_folder(path: Path) -> Path:
    """Look at a folder given on the command line before any work is done for it; it may be yet to be made.

    Raises:
        typer.BadParameter: it, or what it would lie in, is no folder.
    """
    nearest = next((one for one in (path, *path.parents) if one.exists()), path)
    if nearest.exists() and not nearest.is_dir():
        raise typer.BadParameter(f"{nearest} is a file; name a folder")
    return path


def today(as_of: date | None) -> date:
    """Return the day that counts as today: ``--as-of``, else the clock's."""
    return as_of if as_of is not None else clock.local_now().date()


def moment(as_of: date | None) -> datetime:
    """Return local date and time: noon of ``--as-of``, so that a repeated run writes the same, else the clock's."""
    if as_of is not None:
        return datetime.combine(as_of, time(12))
    return clock.local_now()


def utc_now() -> datetime:
    """Return the clock's time in UTC without zone, as the store keeps first-seen times and events."""
    return clock.utc_now()


def end(code: ExitCode, *, exit_zero: bool = False) -> None:
    """End the command with an exit code; ``--exit-zero`` turns 1 into 0.

    Raises:
        typer.Exit: unless the code is 0.
    """
    if code is ExitCode.WORK and exit_zero:
        return
    if code is not ExitCode.DONE:
        raise typer.Exit(code)


def _row_form(name: str) -> str:
    if name not in FORMS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(FORMS)}")
    return name


RowFormat = Annotated[
    str,
    typer.Option(
        "--format",
        callback=_row_form,
        metavar="FORM",
        help="table, csv, json, parquet or xlsx; the last two need --output.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document (JSON Lines where it is a stream).")]
ShowPhi = Annotated[
    bool, typer.Option("--show-phi", help="Show names and member ids instead of masking them.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, notes or warnings on stderr.")]
ExitZero = Annotated[
    bool, typer.Option("--exit-zero", help="End 0 where it would be 1 (new work), for schedulers.")
]
AsOf = Annotated[
    date | None,
    typer.Option("--as-of", parser=parse_date, metavar="DATE", help="The day that counts as today."),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help="Store to use; default: the SQLite file beside claimloop.toml."
    ),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="claimloop.toml to use; default: the nearest one upwards."),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, not to stdout.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Walk the real path, write nothing, send nothing.")]

By = Annotated[str | None, typer.Option("--by", metavar="WORD", help="What the rows have in common.")]
Since = Annotated[
    date | None, typer.Option("--since", parser=parse_date, metavar="DATE", help="From this day on.")
]
Until = Annotated[
    date | None, typer.Option("--until", parser=parse_date, metavar="DATE", help="Up to this day.")
]
Practice = Annotated[str | None, typer.Option("--practice", help="Only this practice's.")]
Payer = Annotated[str | None, typer.Option("--payer", help="Only this payer's: key, name or a part of it.")]
Rows = Annotated[
    str | None, typer.Option("--rows", metavar="ROWS", help="The rows behind the figures, one set of them.")
]
Group = Annotated[
    str | None, typer.Option("--group", metavar="NAME", help="With --rows: those of one group.")
]
Picture = Annotated[
    Path | None, typer.Option("--picture", metavar="FILE", help="Draw it too: FILE.png or FILE.svg.")
]
