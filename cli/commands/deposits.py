"""`deposits import` and `deposits list`: what the bank says came in, and the remittances it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.jobs.deposits import (
    ATTENTION,
    DepositLine,
    ImportRequest,
    ImportResult,
    deposit_lines,
    import_deposits,
    reassociation,
)
from cli.jobs.lists import counted, known_word
from cli.options import (
    AsJson,
    AsOf,
    Config,
    Database,
    DryRun,
    ExitZero,
    Output,
    Quiet,
    RowFormat,
    ShowPhi,
    end,
    today,
    utc_now,
)
from cli.render import Row, mask, money, stderr, stdout, write_json, write_rows
from cli.summaries import print_file_findings
from cli.workspace import workspace
from reconcile.deposits import DepositStatus
from reconcile.store.listing import practice_names

group = typer.Typer(
    name="deposits", help="Bank deposits and the remittances they are for.", no_args_is_help=True
)
COLUMNS = (
    "status", "deposit_date", "deposit_amount", "payment_date", "payment_amount", "difference", "payer",
    "trace_number", "bank_reference", "bank_text", "evidence", "note",
)  # fmt: skip
NARROW = ("status", "deposit_date", "deposit_amount", "payment_amount", "payer", "trace_number")


@group.command("import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV, JSON Lines or BAI2 of a bank account.")
    ],
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Take in the credits of a bank account; docs/input.md has the columns, and how headings of a bank are mapped.

    The same file twice changes nothing, nor does the same deposit in another
    file. Money that leaves the account is no deposit. Of an account number only
    the last four characters are kept in the store.
    """
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        directory = opened.settings.directory
        request = ImportRequest(
            paths=tuple(files),
            now=utc_now(),
            today=today(as_of),
            settings=opened.settings.deposits,
            practices=tuple(directory.practices) if directory is not None else (),
            payers=opened.settings.payers,
            dry_run=dry_run,
        )
        result = import_deposits(request, opened.store)
    if as_json:
        write_json(result)
    else:
        _print(result, quiet=quiet)
    end(ExitCode(result.exit_code()), exit_zero=exit_zero)


@group.command("list")
def list_(
    everything: Annotated[
        bool, typer.Option("--all", help="Matched ones and payments whose deposit is not late yet, too.")
    ] = False,
    status: Annotated[str | None, typer.Option(help=f"Only this status: {', '.join(DepositStatus)}.")] = None,
    practice: Annotated[str | None, typer.Option(help="Only this practice's.")] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    as_of: AsOf = None,
    show_phi: ShowPhi = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List deposits without a remittance, remittances without a deposit, and amounts that differ.

    A deposit is for a remittance when their trace numbers (TRN02) and payers
    agree; else when amount, date and payer leave one of each; else when one set
    of payments alone adds up to it. What two answers fit is left to a person.
    """
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        if practice is not None:
            practice = known_word("--practice", practice, practice_names(connection))
        if status is not None:
            status = known_word("--status", status, set(DepositStatus))
        day = today(as_of)
        found = reassociation(
            connection, opened.settings.deposits, opened.settings.payers, today=day, as_of=as_of
        )
    lines = [
        line
        for line in deposit_lines(found, today=day)
        if practice is None or practice in line.practice_id.split()
    ]
    shown = [
        line
        for line in lines
        if (line.status == status if status else everything or line.status in ATTENTION)
    ]
    footer = [f"{counted(len(shown), 'line')} of {len(lines)}; {_sums(lines)}"]
    form = "json" if as_json else form
    rows = [_row(line, show_phi=show_phi) for line in shown]
    write_rows(rows, COLUMNS, form=form, path=output, narrow=NARROW, footer=footer)


def _row(line: DepositLine, *, show_phi: bool) -> Row:
    """A line as the list shows it; the bank's words may name a person and are masked."""
    return {
        "status": line.status,
        "practice_id": line.practice_id,
        "deposit_date": line.deposit_date,
        "deposit_amount": money(line.deposit_amount),
        "payment_date": line.payment_date,
        "payment_amount": money(line.payment_amount),
        "difference": money(line.difference),
        "payments": line.payments,
        "payer": line.payer,
        "trace_number": line.trace_number,
        "bank_reference": line.bank_reference,
        "account": line.account,
        "bank_text": mask(line.bank_text, show_phi),
        "days": line.days,
        "evidence": line.evidence,
        "note": line.note,
        "file": line.file,
    }


def _sums(lines: list[DepositLine]) -> str:
    """How many lines there are of each status, and what they come to."""
    parts = []
    for status in DepositStatus:
        of_it = [line for line in lines if line.status == status]
        if of_it:
            cents = sum(line.deposit_amount or line.payment_amount or 0 for line in of_it)
            parts.append(f"{len(of_it)} {status.value.replace('_', ' ')} ({money(cents)})")
    return ", ".join(parts) or "nothing imported yet"


def _print(result: ImportResult, *, quiet: bool) -> None:
    """Print files and totals on stdout, findings on stderr."""
    console = stdout()
    if not quiet:
        if not result.files:
            stderr().print("there was no file to take in")
        print_file_findings(result.files)
    for file in result.files:
        again = f"  (taken in before as {file.duplicate_of})" if file.duplicate_of is not None else ""
        said = f"{counted(file.deposits, 'deposit')} new, {file.deposits_known} known" if not again else ""
        text = f"{file.outcome:<11} {file.kind or '-':<8} {file.file}{again}" + (
            f"  ({said})" if said else ""
        )
        console.print(text, markup=False, soft_wrap=True)
    totals = result.totals
    if totals.deposits:
        console.print(
            f"of {counted(totals.deposits, 'new deposit')} {totals.matched} matched, "
            f"{totals.amount_differs} with another amount, {totals.deposit_without_era} without an ERA",
            markup=False,
            soft_wrap=True,
        )
