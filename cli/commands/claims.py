"""`claimloop claims …`: make them, take in what another system sent, look at one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.exits import ExitCode, worst
from cli.inputs import RecordFiles, load_records, must_be_readable
from cli.jobs.create_claims import CreateRequest, CreateResult, create_claims
from cli.jobs.import_claims import import_claims
from cli.jobs.lists import CLAIM_COLUMNS, CLAIM_NARROW, CLAIM_STATUSES, claim_rows, counted, known_word
from cli.jobs.rejected.explaining import Explainer
from cli.jobs.scrub.report import held_json
from cli.jobs.scrub.text import one_of_a_kind, waiting_text
from cli.jobs.story_text import story_json, story_lines
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
    utc_now,
)
from cli.render import (
    SCHEMA_VERSION,
    finding_json,
    money,
    print_findings,
    progress,
    stderr,
    stdout,
    write_json,
    write_rows,
)
from cli.summaries import held_text, print_manifest, written_file_json
from cli.trail import trail
from cli.workspace import workspace
from edi.intake import NOT_READ
from edi.model.finding import Severity
from reconcile.store.again import no_claim
from reconcile.store.listing import claim_statuses, practice_names, waiting_by_claim
from reconcile.store.story import claims as stories_of
from reconcile.store.totals import claim_listing

group = typer.Typer(name="claims", help="Make claims, import claims, look at one.", no_args_is_help=True)

_FINDINGS_SHOWN = 20


@group.command()
def create(
    sessions: Annotated[
        list[Path], typer.Argument(metavar="SESSIONS...", help="sessions.csv or .jsonl files.")
    ],
    out: Annotated[
        Path, typer.Option("--out", callback=out_folder, metavar="DIR", help="Folder for the 837P files.")
    ],
    patients: Annotated[Path | None, typer.Option(help="Default: patients.csv beside SESSIONS.")] = None,
    cases: Annotated[Path | None, typer.Option(help="Default: cases.csv beside SESSIONS.")] = None,
    authorizations: Annotated[Path | None, typer.Option(help="Default: beside SESSIONS.")] = None,
    fees: Annotated[Path | None, typer.Option(help="Default: fees.csv beside SESSIONS.")] = None,
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
    """Check sessions, build claims, write 837P files and store them; a claim with an error is held and named."""
    records = RecordFiles.beside(sessions[0]).replaced(patients, cases, authorizations, fees)
    request = CreateRequest(
        sessions=tuple(sessions),
        folder=out,
        now=moment(as_of),
        records=records,
        practice=practice,
        dry_run=dry_run,
    )
    must_be_readable([*sessions, *records.given()])
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        result = create_claims(request, opened.settings, opened.store, phase=partial(progress, quiet=quiet))
    trail().wrote(result.files)
    if as_json:
        write_json(_create_json(result))
    else:
        _print_created(result, dry_run=dry_run)
        if not quiet:
            print_findings(one_of_a_kind(result.findings), stderr(), limit=_FINDINGS_SHOWN)
    end(create_exit(result), exit_zero=exit_zero)


def create_exit(result: CreateResult) -> ExitCode:
    """3 when rows or whole files could not be read, 1 when something is held, changed or warned of, else 0."""
    codes = [ExitCode.DONE]
    if result.rejected_rows or any(finding.code in NOT_READ for finding in result.findings):
        codes.append(ExitCode.PARTLY)
    if result.held or result.held_lines or result.changed:
        codes.append(ExitCode.WORK)
    if any(finding.severity is not Severity.INFO for finding in result.findings):
        codes.append(ExitCode.WORK)
    return worst(codes)


def _create_json(result: CreateResult) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "session_lines": result.lines,
        "rejected_rows": result.rejected_rows,
        "already_billed": result.already_billed,
        "changed_after_billing": result.changed,
        "not_billed": result.not_billed,
        "held_lines": result.held_lines,
        "held_lines_charge": money(result.held_lines_charge),
        "rejected_rows_charge": money(result.refused_charge),
        "lines_without_charge": result.unpriced,
        "held": [held_json(one) for one in result.held],
        "claims": result.claims,
        "lines": result.claim_lines,
        "charge": money(result.charge),
        "files": [written_file_json(file) for file in result.files],
        "put_back": result.put_back,
        "findings": [finding_json(finding) for finding in result.findings],
    }


def _print_created(result: CreateResult, *, dry_run: bool) -> None:
    console = stdout()
    word = "would be written" if dry_run else "written"
    console.print(
        f"{counted(result.lines, 'session line')} read, {counted(result.rejected_rows, 'row')} refused",
        markup=False,
    )
    console.print(
        f"{counted(result.claims, 'claim')} with {counted(result.claim_lines, 'line')} {word}, "
        f"{money(result.charge)} in all",
        markup=False,
    )
    for file in result.files:
        console.print(
            f"  {file.path}  {counted(file.claims, 'claim')}  {money(file.charge)}",
            markup=False,
            soft_wrap=True,
        )
    for name in result.put_back:
        console.print(f"  {name}: was missing in the folder, put back", markup=False)
    counts = {
        "already billed": result.already_billed,
        "changed after billing": result.changed,
        **result.not_billed,
    }
    for reason, count in counts.items():
        if count:
            console.print(f"{counted(count, 'line')} not billed: {reason.replace('_', ' ')}", markup=False)
    if result.held:
        held = money(sum(one.charge for one in result.held))
        console.print(f"{counted(len(result.held), 'claim')} held by errors, {held}", markup=False)
    for text in waiting_text(
        result.held_lines, result.held_lines_charge, result.refused_charge, result.unpriced
    ):
        console.print(text, markup=False)
    if result.held or result.held_lines:
        for text in held_text(result, most=_FINDINGS_SHOWN):
            console.print(f"  {text}", markup=False, soft_wrap=True)


@group.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="837P files or folders of them.")],
    patients: Annotated[
        Path | None, typer.Option(help="patients.csv, for who may never be billed (qmb).")
    ] = None,
    practice: Annotated[
        str | None, typer.Option(help="Whose patients they are, when there are several.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Take in claims that another system submitted; payments that waited for them are matched at once."""
    with workspace(config, database, quiet=quiet) as opened:
        directory = opened.settings.directory
        records = load_records(RecordFiles(patients=patients), directory, practice)
        manifest = import_claims(
            paths,
            opened.store,
            tables=opened.tables,
            payers=opened.settings.payers,
            practices=tuple(directory.practices.values()) if directory is not None else (),
            now=utc_now(),
            largest_megabytes=opened.settings.ingest.largest_megabytes,
            patients=records.records.patients.values(),
        )
    if as_json:
        write_json(manifest)
    else:
        print_manifest(manifest, quiet=quiet)
    if not quiet:
        print_findings(records.findings, stderr(), limit=_FINDINGS_SHOWN)
    refused = any(finding.severity is Severity.ERROR for finding in records.findings)
    codes = [ExitCode(manifest.exit_code()), *([ExitCode.PARTLY] if refused else [])]
    end(worst(codes), exit_zero=exit_zero)


@group.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="Only claims of this status.")] = None,
    practice: Annotated[str | None, typer.Option(help="Only this practice's.")] = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List claims with what was paid, denied and is open, newest service first.

    Waiting is money in suspense or unmatched that names the claim: held list
    and unmatched list say why. It is in none of the other sums. A claim that
    went out again has a row for each time; its sums stand with the first.
    """
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        if status is not None:
            status = known_word("--status", status, (*CLAIM_STATUSES, *claim_statuses(connection)))
        if practice is not None:
            practice = known_word("--practice", practice, practice_names(connection))
        claims = list(claim_listing(connection, status=status, practice_id=practice))
        rows = claim_rows(claims, waiting_by_claim(connection))
    first = [one for one in claims if not one.again]
    charge, left = sum(one.billed for one in claims), sum(one.open for one in claims)
    sent_again = f", {len(claims) - len(first)} of them sent again" if len(first) < len(claims) else ""
    footer = [f"{counted(len(first), 'claim')}{sent_again}, charge {money(charge)}, open {money(left)}"]
    form = "json" if as_json else form
    write_rows(rows, CLAIM_COLUMNS, form=form, path=output, narrow=CLAIM_NARROW, footer=footer)


@group.command()
def show(
    claim: Annotated[str, typer.Argument(metavar="ID", help="Patient control number, in any spelling.")],
    as_json: AsJson = False,
    show_phi: ShowPhi = False,
    config: Config = None,
    database: Database = None,
) -> None:
    """Tell one claim's whole story: lines, files, acknowledgments, payments, denials."""
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        stories = stories_of(connection, claim)
        explainer = Explainer(opened.store.vault, opened.tables)
        payers = opened.settings.payers
    if not stories:
        raise no_claim(claim)
    if as_json:
        write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "claims": [
                    story_json(one, payers, show_phi=show_phi, explainer=explainer) for one in stories
                ],
            }
        )
        return
    console = stdout()
    for text in story_lines(stories, payers, show_phi=show_phi, explainer=explainer):
        console.print(text, markup=False, soft_wrap=True)
