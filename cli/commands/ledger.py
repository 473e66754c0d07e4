"""`claimloop ledger`: the postings of a claim."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.jobs.ledger import LEDGER_COLUMNS, LEDGER_NARROW, ledger_footer, ledger_rows
from cli.options import AsJson, Config, Database, Output, RowFormat
from cli.render import write_rows
from cli.workspace import workspace


def ledger(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="Patient control number or claim id.")],
    practice: Annotated[
        str | None, typer.Option(help="Whose claim, where two practices use one number.")
    ] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List the postings of a claim, with file, segment and rule."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        rows = ledger_rows(connection, claim, opened.tables, practice=practice)
    form = "json" if as_json else form
    footer = ledger_footer(rows)
    write_rows(rows, LEDGER_COLUMNS, form=form, path=output, narrow=LEDGER_NARROW, footer=footer)
