"""`ingest` and `verify`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.exits import ExitCode
from cli.jobs.ingest import ingest as ingest_files
from cli.jobs.lists import counted
from cli.jobs.proof import proof_json, proof_lines, prove
from cli.jobs.run.settings import RunSettings
from cli.jobs.verify import CHECK_COLUMNS, Verification, check_rows
from cli.jobs.verify import verify as verify_store
from cli.options import (
    AsJson,
    AsOf,
    Config,
    Database,
    ExitZero,
    Output,
    Quiet,
    RowFormat,
    end,
    today,
    utc_now,
)
from cli.render import check_target, console_on, write_json, write_rows
from cli.summaries import print_manifest
from cli.trail import trail
from cli.workspace import Workspace, workspace
from edi.model.errors import UsageError
from reconcile.store.report_rows.payments import taken_in

_FINDINGS_SHOWN = 10


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
            second_opinion_megabytes=opened.settings.ingest.second_opinion_megabytes,
            largest_megabytes=opened.settings.ingest.largest_megabytes,
            inbox=opened.settings.folder / opened.settings.table("run", RunSettings).inbox,
        )
        with opened.store.read() as connection:
            taken = taken_in(connection, manifest.remittance_files())
    trail().took_in(manifest.files)
    if as_json:
        write_json(manifest)
    else:
        print_manifest(manifest, quiet=quiet, money_of=taken)
    end(ExitCode(manifest.exit_code()), exit_zero=exit_zero)


def verify(
    checks: Annotated[
        list[str] | None, typer.Argument(metavar="[CHECK]...", help="Only these checks.")
    ] = None,
    proof: Annotated[
        str | None,
        typer.Option("--proof", metavar="AMOUNT|TRACE", help="Walk a deposit or payment down to its lines."),
    ] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """Check every invariant of the ledger over the whole store, by name; 5 when one does not hold.

    --proof walks one amount instead: deposit or BPR02, claim payments and provider adjustments, lines, postings.
    """
    form = "json" if as_json else form
    check_target(form, output)
    with workspace(config, database, read_only=True, upgrade=True) as opened:
        if proof is not None:
            _show_proof(opened, proof, today(as_of), form=form, path=output)
            return
        verification = verify_store(opened.store, checks or (), opened.tables)
    if form == "json":
        write_json(verification, output)
    elif form == "table":
        with console_on(output) as console:
            _show_checks(verification, console)
    else:
        write_rows(check_rows(verification), CHECK_COLUMNS, form=form, path=output)
    end(ExitCode(verification.exit_code()))


def _show_checks(verification: Verification, console: Console) -> None:
    """Print each check, and of one that fails the first findings."""
    for check in verification.checks:
        word, style = ("holds", "green") if check.holds else ("fails", "bold red")
        console.print(word, style=style, end="  ")
        console.print(f"{check.name}: {check.asks}", markup=False, soft_wrap=True)
        for finding in check.findings[:_FINDINGS_SHOWN]:
            console.print(f"       {finding.message}", markup=False, soft_wrap=True)
    if verification.unexplained:
        left = counted(verification.unexplained, "released hold")
        console.print(
            f"{verification.unexplained_amount} unexplained in {left}: see claimloop held list", markup=False
        )


def _show_proof(opened: Workspace, asked: str, day: date, *, form: str, path: Path | None) -> None:
    """Print a proof; 5 when a level of it does not sum.

    Raises:
        UsageError: a form that a proof does not have.
    """
    if form not in ("table", "json"):
        raise UsageError(f"--proof is a table or json, not {form}")
    with opened.store.read() as connection:
        proof = prove(connection, asked, opened.tables, today=day, settings=opened.settings)
    if form == "json":
        write_json(proof_json(proof), path)
    else:
        trail().document(proof_json(proof))
        with console_on(path) as console:
            for line in proof_lines(proof):
                console.print(line, markup=False, soft_wrap=True)
    end(ExitCode.DONE if proof.holds else ExitCode.UNBALANCED)
