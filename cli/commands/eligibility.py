"""`claimloop eligibility …`: ask payers about coverage (270), read their answers (271), list what was confirmed."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.inquiries import (
    AnswerForm,
    asked_exit,
    asked_json,
    print_asked,
    show_list,
    show_read,
)
from cli.exits import ExitCode, worst
from cli.inputs import RecordFiles, must_be_readable
from cli.jobs.eligibility.ask import Asked, AskRequest
from cli.jobs.eligibility.ask import ask as ask_payers
from cli.jobs.eligibility.read import (
    COLUMNS,
    NARROW,
    confirmation_json,
    confirmation_row,
    last_confirmations,
    read_answers,
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
    moment,
    out_folder,
    today,
    utc_now,
)
from cli.render import write_json
from cli.workspace import workspace
from edi.intake import NOT_READ
from edi.model.confirmation import ACTIVE, STATUSES
from edi.model.errors import UsageError
from reconcile.store.eligibility import StoredConfirmation

group = typer.Typer(
    name="eligibility", help="Ask payers about coverage, read what they answer.", no_args_is_help=True
)
_COUNTS = ("asked", "confirmed", "waiting", "not_found", "not_asked", "held")


@group.command()
def ask(
    out: Annotated[
        Path, typer.Option("--out", callback=out_folder, metavar="DIR", help="Folder for the 270 files.")
    ],
    sessions: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SESSIONS]...", help="Ask about the patients and days of these sessions."),
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--all", help="Ask about every patient of patients.csv, for today.")
    ] = False,
    patients: Annotated[
        Path | None, typer.Option(help="Default: patients.csv beside SESSIONS, or here with --all.")
    ] = None,
    within: Annotated[
        int | None,
        typer.Option(
            "--days", metavar="N", help="Ask when the last answer is older; default: the payer's setting."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Ask although an answer is awaited, or was not found.")
    ] = False,
    practice: Annotated[
        str | None, typer.Option(help="Whose files these are, when there are several.")
    ] = None,
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Write 270 files for coverages that were not confirmed lately, one for each trading partner."""
    if everyone == bool(sessions):
        raise UsageError("name SESSIONS files, or give --all")
    beside = RecordFiles.beside((sessions or [Path("sessions.csv")])[0])
    records = RecordFiles(patients=patients or beside.patients, cases=beside.cases)
    if records.patients is None:
        raise UsageError("there is no patients.csv; name it with --patients")
    must_be_readable([*(sessions or []), *records.given()])
    request = AskRequest(
        sessions=tuple(sessions or ()),
        folder=out,
        now=moment(as_of),
        records=records,
        practice=practice,
        within=within,
        again=again,
        dry_run=dry_run,
    )
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        asked = ask_payers(request, opened.settings, opened.store)
    if as_json:
        write_json(asked_json(asked, _COUNTS, each="patients"))
    else:
        print_asked(asked, [_sums(asked)], each="patient", dry_run=dry_run, quiet=quiet)
    unread = any(finding.code in NOT_READ for finding in asked.findings)
    end(asked_exit(asked, partly=unread), exit_zero=exit_zero)


def _sums(asked: Asked) -> str:
    """What was asked about and what was not, in a sentence."""
    return (
        f"{counted(asked.asked, 'coverage')} asked about, {asked.confirmed} confirmed lately, "
        f"{asked.waiting} waiting for an answer, {asked.not_found} not found and unchanged, "
        f"{asked.held} cannot be asked, "
        f"{asked.not_asked} of payers that are not asked"
    )


def _form(day: date, *, show_phi: bool) -> AnswerForm[StoredConfirmation]:
    """How confirmations are shown on a day."""
    return AnswerForm(
        columns=COLUMNS,
        narrow=NARROW,
        to_json=partial(confirmation_json, today=day, show_phi=show_phi),
        to_row=partial(confirmation_row, today=day, show_phi=show_phi),
        noun="coverage",
    )


@group.command()
def read(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="271 files, or folders of them.")],
    as_json: AsJson = False,
    as_of: AsOf = None,
    show_phi: ShowPhi = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Take in 271 answers and say what they mean. The same file twice changes nothing."""
    with workspace(config, database, quiet=quiet) as opened:
        done = read_answers(paths, opened.store, now=utc_now())
    show_read(done, _form(today(as_of), show_phi=show_phi), as_json=as_json, quiet=quiet)
    codes = [ExitCode(done.manifest.exit_code())]
    if done.manifest.totals.eligibility_answers and any(
        one.confirmation.status != ACTIVE for one in done.answers
    ):
        codes.append(ExitCode.WORK)
    end(worst(codes), exit_zero=exit_zero)


@group.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATUSES)}.")] = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", metavar="DAYS", help="Only answers older than that.")
    ] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    as_of: AsOf = None,
    show_phi: ShowPhi = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List the last answer about each patient's coverage: status, age, other payers, visits and dollars."""
    if status is not None:
        status = known_word("--status", status, STATUSES)
    with workspace(config, database, read_only=True) as opened:
        answers = last_confirmations(opened.store)
    day = today(as_of)
    chosen = [
        one
        for one in answers
        if status in (None, one.confirmation.status)
        and (
            older_than is None
            or one.confirmation.confirmed_on is None
            or (day - one.confirmation.confirmed_on).days > older_than
        )
    ]
    shown = _form(day, show_phi=show_phi)
    show_list(chosen, shown, row_format="json" if as_json else form, output=output)
