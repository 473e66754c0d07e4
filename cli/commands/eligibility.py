"""`claimloop eligibility …`: ask payers about coverage (270), read their answers (271), list what was confirmed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

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
from cli.jobs.manifest import Manifest
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
    today,
    utc_now,
)
from cli.render import SCHEMA_VERSION, finding_json, print_findings, stderr, stdout, write_json, write_rows
from cli.summaries import print_manifest
from cli.workspace import workspace
from edi.intake import NOT_READ
from edi.model.confirmation import ACTIVE, STATUSES
from edi.model.errors import UsageError
from edi.model.finding import Severity

group = typer.Typer(
    name="eligibility", help="Ask payers about coverage, read what they answer.", no_args_is_help=True
)
_FINDINGS_SHOWN = 20


@group.command()
def ask(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the 270 files.")],
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
        write_json(_ask_json(asked))
    else:
        _print_asked(asked, dry_run=dry_run)
        if not quiet:
            print_findings(asked.findings, stderr(), limit=_FINDINGS_SHOWN)
    end(_ask_exit(asked), exit_zero=exit_zero)


def _ask_exit(asked: Asked) -> ExitCode:
    """3 when rows could not be read, 1 when something is held or warned of, else 0."""
    codes = [ExitCode.DONE]
    if any(finding.code in NOT_READ for finding in asked.findings):
        codes.append(ExitCode.PARTLY)
    if asked.held or any(finding.severity is not Severity.INFO for finding in asked.findings):
        codes.append(ExitCode.WORK)
    return worst(codes)


def _ask_json(asked: Asked) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "asked": asked.asked,
        "confirmed": asked.confirmed,
        "waiting": asked.waiting,
        "not_found": asked.not_found,
        "not_asked": asked.not_asked,
        "held": asked.held,
        "files": [
            {
                "file": file.path,
                "sha256": file.sha256,
                "trading_partner": file.partner,
                "interchange_control_number": file.interchange_control_number,
                "patients": file.patients,
            }
            for file in asked.files
        ],
        "put_back": asked.put_back,
        "findings": [finding_json(finding) for finding in asked.findings],
    }


def _print_asked(asked: Asked, *, dry_run: bool) -> None:
    console = stdout()
    word = "would be written" if dry_run else "written"
    for name in asked.put_back:
        console.print(f"{name} of an interrupted run put into the folder", markup=False, soft_wrap=True)
    for file in asked.files:
        console.print(
            f"{word}: {file.path} ({counted(file.patients, 'patient')}, {file.partner})",
            markup=False,
            soft_wrap=True,
        )
    console.print(
        f"{counted(asked.asked, 'coverage')} asked about, {asked.confirmed} confirmed lately, "
        f"{asked.waiting} waiting for an answer, {asked.not_found} not found and unchanged, "
        f"{asked.held} cannot be asked, "
        f"{asked.not_asked} of payers that are not asked",
        markup=False,
        soft_wrap=True,
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
    day = today(as_of)
    if as_json:
        answers = [confirmation_json(one, today=day, show_phi=show_phi) for one in done.answers]
        write_json({**_manifest_json(done.manifest), "answers": answers})
    else:
        print_manifest(done.manifest, quiet=quiet)
        rows = [confirmation_row(one, today=day, show_phi=show_phi) for one in done.answers]
        if rows:
            write_rows(rows, COLUMNS, form="table", path=None, narrow=NARROW)
    codes = [ExitCode(done.manifest.exit_code())]
    if done.manifest.totals.eligibility_answers and any(
        one.confirmation.status != ACTIVE for one in done.answers
    ):
        codes.append(ExitCode.WORK)
    end(worst(codes), exit_zero=exit_zero)


def _manifest_json(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__struct_fields__}


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
    if as_json or form == "json":
        write_json([confirmation_json(one, today=day, show_phi=show_phi) for one in chosen], output)
    else:
        rows = [confirmation_row(one, today=day, show_phi=show_phi) for one in chosen]
        footer = [f"{counted(len(rows), 'coverage')}"] if form == "table" else []
        write_rows(rows, COLUMNS, form=form, path=output, narrow=NARROW, footer=footer)
