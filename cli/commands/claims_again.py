"""`claims correct`, `claims void`, `claims secondary`: claims that go out again. `work`: what no file can do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.claims import group as group
from cli.exits import ExitCode, worst
from cli.inputs import RecordFiles, must_be_readable
from cli.jobs.again import AgainRequest, AgainResult, bill_next, correct_claims, void_claims
from cli.jobs.again.request import REFUSALS
from cli.jobs.claim_status.words import status_rows
from cli.jobs.lists import counted, known_word
from cli.jobs.lost import inquiry_rows, lost_rows
from cli.jobs.overpaid import overpaid_rows
from cli.jobs.rejected.explaining import Explainer, footer, rejection_rows
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
    end,
    moment,
    out_folder,
    utc_now,
)
from cli.render import (
    SCHEMA_VERSION,
    Row,
    finding_json,
    money,
    print_findings,
    stderr,
    stdout,
    write_json,
    write_rows,
)
from cli.settings import Settings
from cli.summaries import written_file_json
from cli.trail import trail
from cli.workspace import workspace
from edi.model.errors import InputError, UsageError
from edi.model.finding import Severity
from reconcile.store.claim_status.known import status_work
from reconcile.store.lost_rejections import lost_rejections
from reconcile.store.outgoing import practices_in, refused_inquiries
from reconcile.store.overpaid import overpaid
from reconcile.store.rejections import rejections
from reconcile.store.work_items import DONE, OPEN, WorkItem, close_work_item, work_items

work_group = typer.Typer(name="work", help="Work that no file can do.", no_args_is_help=True)

Claims = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Patient control numbers, in any spelling, or claim ids.")
]
Out = Annotated[
    Path, typer.Option("--out", callback=out_folder, metavar="DIR", help="Folder for the 837P files.")
]
Patients = Annotated[
    Path | None, typer.Option(help="Default: patients.csv beside the sessions, else beside claimloop.toml.")
]
OnlyPractice = Annotated[str | None, typer.Option("--practice", help="Only claims of this practice.")]
OnlyPayer = Annotated[
    str | None, typer.Option("--payer", help="The submission to this payer, not the newest of all.")
]
Force = Annotated[bool, typer.Option("--force", help="Although the last submission has no answer yet.")]
WORK_COLUMNS = (
    "id", "practice_id", "claim", "payer", "payer_claim_control_number", "amount", "kind", "due_date", "status",
    "reason", "next_step", "command",
)  # fmt: skip


@group.command()
def correct(
    claims: Claims,
    out: Out,
    sessions: Annotated[
        list[Path] | None,
        typer.Option("--sessions", metavar="FILE", help="Session rows as they are right; may come often."),
    ] = None,
    patients: Patients = None,
    practice: OnlyPractice = None,
    payer: OnlyPayer = None,
    force: Force = False,
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Send claims again, mended, by their payers' way: replacement (7), new claim, or a reopening to ask for.

    With --sessions a claim is made anew from its rows; without, it goes as it
    was. A rejected claim goes again as it was sent. A claim that waits for an
    answer is refused.
    """
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        files = _records(opened.settings, tuple(sessions or ()), patients)
        must_be_readable([*(sessions or ()), *files.given()])
        request = AgainRequest(
            names=tuple(claims),
            folder=out,
            now=moment(as_of),
            sessions=tuple(sessions or ()),
            records=files,
            practice=practice,
            payer=payer,
            force=force,
            dry_run=dry_run,
        )
        result = correct_claims(request, opened.settings, opened.store)
    _finish(result, as_json=as_json, dry_run=dry_run, quiet=quiet, exit_zero=exit_zero)


@group.command()
def void(
    claims: Claims,
    out: Out,
    practice: OnlyPractice = None,
    payer: OnlyPayer = None,
    force: Force = False,
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Take claims back (frequency 8), where their payers take that; else a reopening to ask for."""
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        request = AgainRequest(
            names=tuple(claims),
            folder=out,
            now=moment(as_of),
            practice=practice,
            payer=payer,
            force=force,
            dry_run=dry_run,
        )
        result = void_claims(request, opened.settings, opened.store)
    _finish(result, as_json=as_json, dry_run=dry_run, quiet=quiet, exit_zero=exit_zero)


@group.command()
def secondary(
    out: Out,
    claims: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Patient control numbers, in any spelling, or claim ids."),
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Every claim whose next payer is to be billed.")] = False,
    patients: Patients = None,
    practice: OnlyPractice = None,
    payer: OnlyPayer = None,
    bypass_primary: Annotated[
        str,
        typer.Option(
            "--bypass-primary",
            metavar="REASON",
            help="The law lets the payer before be passed over (AMT*A8).",
        ),
    ] = "",
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Send claims to the next payer with what the one before did, from the posted 835.

    Refused when the payer sent the claim on by itself, has not answered, took
    its payment back, or paid nothing and the next one wants no such claims, and
    when the next one has the claim and has not answered. One that did answer
    gets the changed claim in its way: replacement (7) or new claim.
    """
    if not claims and not due:
        raise UsageError("name a claim, or give --due")
    if due and bypass_primary:
        raise UsageError("--bypass-primary is for claims that are named, not for --due")
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        files = _records(opened.settings, (), patients)
        must_be_readable(files.given())
        request = AgainRequest(
            names=tuple(claims or ()),
            due=due,
            folder=out,
            now=moment(as_of),
            records=files,
            practice=practice,
            payer=payer,
            bypass_reason=bypass_primary,
            dry_run=dry_run,
        )
        result = bill_next(request, opened.settings, opened.store)
    _finish(result, as_json=as_json, dry_run=dry_run, quiet=quiet, exit_zero=exit_zero)


def _records(settings: Settings, sessions: tuple[Path, ...], patients: Path | None) -> RecordFiles:
    """The record files beside the sessions, else beside claimloop.toml."""
    beside = sessions[0] if sessions else settings.folder / "sessions.csv"
    return RecordFiles.beside(beside).replaced(patients, None, None, None)


def again_exit(result: AgainResult) -> ExitCode:
    """3 when a name means no claim, 1 when something is refused, held, warned of or new work, else 0."""
    codes = [ExitCode.DONE]
    if result.unknown:
        codes.append(ExitCode.PARTLY)
    if result.refused or result.held or result.opened:
        codes.append(ExitCode.WORK)
    if any(finding.severity is not Severity.INFO for finding in result.findings):
        codes.append(ExitCode.WORK)
    return worst(codes)


def _finish(result: AgainResult, *, as_json: bool, dry_run: bool, quiet: bool, exit_zero: bool) -> None:
    if as_json:
        write_json(_json(result))
    else:
        trail().document(_json(result))
        _print(result, dry_run=dry_run)
        if not quiet:
            print_findings(result.findings, stderr())
    end(again_exit(result), exit_zero=exit_zero)


def _json(result: AgainResult) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "sent": [
            {
                "claim": one.name,
                "kind": one.kind,
                "practice_id": one.practice_id,
                "payer": one.payer,
                "frequency": one.frequency,
                "patient_control_number": one.patient_control_number or None,
                "original_reference": one.original_reference or None,
                "lines": one.lines,
                "charge": money(one.charge),
            }
            for one in result.sent
        ],
        "work_items": [_work_row(one) for one in result.work_items],
        "held": result.held,
        "refused": list(_refused(result)),
        "unknown": result.unknown,
        "files": [written_file_json(file) for file in result.files],
        "put_back": result.put_back,
        "findings": [finding_json(finding) for finding in result.findings],
    }


def _refused(result: AgainResult) -> Iterator[Row]:
    """Each claim that does not go again, with what refuses it."""
    names = set(result.refused)
    for one in result.findings:
        refuses = one.code.startswith(REFUSALS) and one.severity is Severity.ERROR
        if refuses and one.location.claim in names:
            yield {"code": one.code, "claim": one.location.claim, "message": one.message, "fix": one.fix}


def _print(result: AgainResult, *, dry_run: bool) -> None:
    console = stdout()
    word = "would be sent" if dry_run else "written"
    for one in result.sent:
        renamed = one.patient_control_number not in ("", one.name)
        name = f"{one.name} as {one.patient_control_number}" if renamed else one.name
        console.print(
            f"{name}  {one.kind.replace('_', ' ')} to {one.payer}, frequency {one.frequency}, "
            f"{counted(one.lines, 'line')}, {money(one.charge)} {word}",
            markup=False,
            soft_wrap=True,
        )
    for item in result.work_items:
        due = f", due {item.due_date}" if item.due_date is not None else ""
        console.print(
            f"{item.patient_control_number}  {item.kind}: {item.reason}{due} (work item {item.id})",
            markup=False,
            soft_wrap=True,
        )
    for file in result.files:
        console.print(
            f"  {file.path}  {counted(file.claims, 'claim')}  {money(file.charge)}",
            markup=False,
            soft_wrap=True,
        )
    for name in result.put_back:
        console.print(f"  {name}: was missing in the folder, put back", markup=False)
    left = len(result.refused) + len(result.unknown)
    console.print(
        f"{counted(len(result.sent), 'claim')} {word}, {counted(len(result.held), 'claim')} held, "
        f"{counted(left, 'claim')} refused",
        markup=False,
    )


@work_group.command("list")
def list_work(
    status: Annotated[str, typer.Option(help=f"{OPEN}, {DONE} or all.")] = OPEN,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List what a person has to do about claims, most pressing first.

    That is what payers take no file for, and claims that were rejected before
    a payer took them in: what is wrong, in which field, and the command that
    sends them again. A rejected claim has no id: it leaves the list when it
    is sent again or accepted after all. So does a claim that is overpaid, or
    that one payer answered twice, when the money is taken back. What a payer
    said of a claim when it was asked (277) ends with the claim's 835, or when
    the claim goes again; a rejected file of inquiries when they are asked
    again; a rejection of what is not here when it is imported, or in 30 days.
    """
    chosen = known_word("--status", status, (OPEN, DONE, "all"))
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        items = work_items(connection, status=None if chosen == "all" else chosen)
        refused = rejections(connection) if chosen != DONE else ()
        over = overpaid_rows(overpaid(connection)) if chosen != DONE else []
        explainer = Explainer(opened.store.vault, opened.tables)
        rejected = rejection_rows(refused, explainer, opened.settings.payers)
        asked = list(status_work(connection)) if chosen != DONE else []
        told = status_rows(asked, opened.tables, opened.settings.payers)
        unasked = refused_inquiries(connection) if chosen != DONE else []
        of = practices_in(connection, [one.sha256 for one in unasked])
        again = inquiry_rows(unasked, of)
        lost = lost_rows(lost_rejections(connection, utc_now())) if chosen != DONE else []
    rows = [_work_row(one) for one in items] + rejected + over + told + again + lost
    rows.sort(key=lambda row: str(row["due_date"] or date.max))
    form = "json" if as_json else form
    write_rows(
        rows,
        WORK_COLUMNS,
        form=form,
        path=output,
        footer=footer(len(items), len(rejected), len(over), len(told), len(again), len(lost)),
    )


@work_group.command("done")
def done_work(
    number: Annotated[int, typer.Argument(metavar="ID", help="Id of the item, as work list shows it.")],
    note: Annotated[str, typer.Option(help="What came of it.")] = "",
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
) -> None:
    """Mark a work item as done; the note goes to the event log."""
    with workspace(config, database) as opened, opened.store.write() as connection:
        item = close_work_item(connection, number, note=note, at=utc_now())
    if item is None:
        raise InputError(f"no work item has the id {number}; claimloop work list shows what there is")
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, **_work_row(item)})
    else:
        stdout().print(f"work item {number} of claim {item.patient_control_number} is done", markup=False)


def _work_row(one: WorkItem) -> Row:
    return {
        "id": one.id,
        "practice_id": one.practice_id,
        "claim": one.patient_control_number,
        "payer": one.payer,
        "kind": one.kind,
        "reason": one.reason,
        "opened_on": one.opened_on,
        "due_date": one.due_date,
        "status": one.status,
        "amount": money(one.amount),
        "payer_claim_control_number": one.payer_claim_control_number or None,
        "next_step": None,
        "command": None,
    }
