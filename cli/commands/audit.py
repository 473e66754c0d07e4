"""`claimloop audit …`: who saw or changed what, and whether that record is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.jobs.audit import (
    COLUMNS,
    CSV,
    NARROW,
    check,
    checked_json,
    checked_lines,
    csv_rows,
    end_of_chain,
    footer,
    listed,
    perhaps,
    table_rows,
    waits,
)
from cli.options import AsJson, Config, Database, Output, Practice, RowFormat, Since, end
from cli.render import SCHEMA_VERSION, check_target, stderr, stdout, write_json, write_rows
from cli.workspace import workspace
from reconcile.store.audit import Wanted

group = typer.Typer(name="audit", help="Who saw or changed what; a chain of hashes.", no_args_is_help=True)

_MOST_SHOWN = 200
"""Entries of a table; files have all."""


@group.command("list")
def list_(
    since: Since = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="WHO", help="Or a part of it.")] = None,
    claim: Annotated[
        str | None,
        typer.Option("--claim", metavar="NUMBER", help="Entries that name this patient control number."),
    ] = None,
    practice: Practice = None,
    command: Annotated[
        str | None, typer.Option("--command", metavar="WORDS", help="Like ledger, denials or 'claims show'.")
    ] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List who saw, changed, sent or took out what; a table has the last entries, files have all."""
    form = "json" if as_json else form
    check_target(form, output)
    wanted = Wanted(since=since, actor=actor, command=command, practice=practice, claim=claim)
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        found = listed(connection, wanted)
    if form == "table":
        shown = found.rows[-_MOST_SHOWN:]
        under = footer(found, len(shown))
        write_rows(table_rows(shown), COLUMNS, form=form, path=output, narrow=NARROW, footer=under)
        return
    rows = csv_rows(found.rows) if form != "json" else found.rows
    write_rows(rows, CSV, form=form, path=output)
    for line in perhaps(found):
        stderr().print(line, markup=False, soft_wrap=True)


@group.command()
def verify(
    heads: Annotated[
        list[str] | None,
        typer.Option(
            "--head", metavar="FILE|HASH", help="An end that was kept elsewhere; a manifest of run has one."
        ),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
) -> None:
    """Check the whole chain: 5 when an entry was changed, deleted, inserted or reordered, or the end cut off.

    It compares the end that is kept beside the store, those in the manifests of runs, and each --head. Calls that
    began and have no end are listed; they leave the exit code as it is.
    """
    with workspace(config, database, read_only=True) as opened:
        with opened.store.read() as connection:
            checked = check(connection, opened.settings, heads or ())
        late = waits(opened.settings)
    if as_json:
        write_json(checked_json(checked, late))
    else:
        for line in checked_lines(checked, late):
            stdout().print(line, markup=False, soft_wrap=True)
    end(ExitCode.DONE if checked.broken is None else ExitCode.UNBALANCED)


@group.command()
def head(as_json: AsJson = False, config: Config = None, database: Database = None) -> None:
    """Print number and hash of the last entry, to be kept where nobody who writes to the store can change it."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        last = end_of_chain(connection)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "sequence": last.sequence, "hash": last.hash})
    else:
        stdout().print(str(last), markup=False, soft_wrap=True)
