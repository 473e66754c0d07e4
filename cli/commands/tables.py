"""`claimloop tables update FILE...` and `claimloop tables list`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from cli.exits import ExitCode
from cli.jobs.tables.listing import TableRow, list_tables
from cli.jobs.tables.store import tables_of
from cli.jobs.tables.update import REPAIRED, UNCHANGED, TableState, Update, UpdateRequest, update_tables
from cli.options import AsJson, AsOf, Config, DryRun, Output, Quiet, RowFormat, end, today
from cli.render import print_findings, stderr, stdout, write_json, write_rows
from cli.settings import Settings, load_settings
from edi.codes.changes import ADDED, CHANGED, ENDED, Change, Changes

group = typer.Typer(
    name="tables", help="The code tables: NCCI quarters, CARC and RARC lists.", no_args_is_help=True
)
SHOWN: Final = 30
"""Changes of therapy codes that a terminal is shown; --json has all."""
_ORDER: Final = (CHANGED, ADDED, ENDED)
"""What is new or different stands before what is gone."""
_SAME: Final = {
    UNCHANGED: "already loaded, nothing changed",
    REPAIRED: "already loaded, but what was kept of it was missing or damaged: written again",
}
NARROW: Final = ("table", "release", "valid_to", "in_force", "note")
COLUMNS: Final = ("table", "release", "valid_from", "valid_to", "rows", "in_force", "source", "note")


@group.command("update")
def update(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="As CMS and X12 publish them: zip, text, CSV or Excel."),
    ],
    release: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE", help="The quarter (2026Q4) or the day of a list, where no name says it."
        ),
    ] = None,
    parts: Annotated[
        int | None,
        typer.Option(
            min=1, max=9, help="Parts of a PTP release, where they are not CMS's four; 1: the whole quarter."
        ),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    dry_run: DryRun = False,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> None:
    """Load NCCI PTP and MUE (practitioner), CARC and RARC files into the dated tables; nothing is downloaded."""
    result = update_tables(
        UpdateRequest(
            files=tuple(files),
            folder=Path(_settings(config, quiet=quiet).tables.folder),
            release=release,
            parts=parts,
            today=today(as_of),
            dry_run=dry_run,
        )
    )
    if as_json:
        write_json(result)
    else:
        _show(result)
    if not quiet:
        _warn(result)
    end(ExitCode(result.exit_code()))


@group.command("list")
def list_(
    form: RowFormat = "table",
    as_json: AsJson = False,
    config: Config = None,
    output: Output = None,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> None:
    """Show each table: release, dates of service it was made for, rows, where it came from, and what is old."""
    day = today(as_of)
    tables = tables_of(_settings(config, quiet=quiet))
    rows = list_tables(tables, day)
    if as_json or form == "json":
        write_json([msgspec.to_builtins(row) for row in rows], output)
        return
    footer = [f"version {tables.version}", *_footer(rows, day)] if form == "table" else []
    cells = [msgspec.structs.asdict(row) for row in rows]
    write_rows(cells, COLUMNS, form=form, path=output, narrow=NARROW, footer=footer)


def _settings(config: Path | None, *, quiet: bool) -> Settings:
    settings = load_settings(config)
    if settings.findings and not quiet:
        print_findings(settings.findings, stderr())
    return settings


def _footer(rows: list[TableRow], day: date) -> list[str]:
    old = sum(1 for row in rows if row.in_force and row.note)
    return [
        f"{old} tables in force on {day} are old" if old else f"all tables in force on {day} were made for it"
    ]


def _show(result: Update) -> None:
    """Each file, then how its release stands and what it changes."""
    console = stdout()
    for file in result.files:
        part = f" {file.part}" if file.part else ""
        left = f"; {file.left_out:,} that never took effect are left out" if file.left_out else ""
        told = _SAME.get(file.outcome) or f"{file.rows:,} rows{left}"
        console.print(f"{file.file}: {file.table} {file.release}{part}: {told}", markup=False, soft_wrap=True)
    for state in result.tables:
        for line in _state_lines(state):
            console.print(line, markup=False, soft_wrap=True)
    if result.dry_run:
        console.print("dry run: nothing was written", markup=False)
    console.print(f"tables {result.version} in {result.folder}", markup=False, soft_wrap=True)


def _warn(result: Update) -> None:
    """Say on stderr which release has lost most of what the one before had."""
    for state in result.tables:
        changes = state.changes
        if changes is not None and changes.looks_cut_off:
            stderr().print(
                f"claimloop: {state.table} {state.release} lacks {changes.ended:,} of"
                f" {changes.ended + changes.changed + changes.same:,} rows of {changes.against}; is its file whole?",
                style="yellow",
                markup=False,
                soft_wrap=True,
            )


def _state_lines(state: TableState) -> list[str]:
    """A release in a few lines."""
    dates = f" ({state.valid_from} to {state.valid_to})" if state.valid_to else ""
    heading = f"{state.name}, {state.release}{dates}"
    if state.missing:
        missing = ", ".join(state.missing)
        return [f"{heading}: not in force, waits for {missing}; {state.in_force} answers until then"]
    answers = (
        "in force today" if state.in_force == state.release else f"loaded; {state.in_force} is in force today"
    )
    if state.valid_to is not None and not state.covers_today:
        answers += ", though it was not made for today"
    lines = [f"{heading}: {answers}"]
    if state.changes is not None:
        lines += _change_lines(state.changes)
    return lines


def _change_lines(changes: Changes) -> list[str]:
    if changes.against is None:
        return ["  no older release to compare it with"]
    within = f", the {changes.within} codes that both hold" if changes.within is not None else ""
    lines = [
        f"  against {changes.against}{within}: {changes.added:,} added, {changes.ended:,} ended,"
        f" {changes.changed:,} changed"
    ]
    shown = sorted(changes.details, key=lambda one: _ORDER.index(one.change))[:SHOWN]
    lines += [f"    {_said(one)}" for one in shown]
    if len(changes.details) > SHOWN:
        lines.append(f"    … and {len(changes.details) - SHOWN} more; --json lists all")
    return lines


def _said(one: Change) -> str:
    code = one.code if one.column_2 is None else f"{one.code}/{one.column_2}"
    what = "indicator " if one.column_2 is not None else ""
    if one.before is not None and one.after is not None:
        return f"{one.change:<8}{code} {what}{one.before}, now {one.after}"
    return f"{one.change:<8}{code} {what}{one.after or one.before}"
