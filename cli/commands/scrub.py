"""`claimloop scrub`: what is wrong with sessions and the claims they would make, before anything is sent."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from cli.exits import ExitCode, worst
from cli.inputs import RecordFiles, must_be_readable
from cli.jobs.lists import counted
from cli.jobs.scrub.check import CheckRequest, Phase, check
from cli.jobs.scrub.fix import Fixed, fix, fix_targets
from cli.jobs.scrub.report import Report, Selection, report_of, selection
from cli.jobs.scrub.sarif import sarif
from cli.jobs.scrub.text import report_lines
from cli.jobs.scrub.workbook import workbook
from cli.options import AsJson, AsOf, Config, Database, ExitZero, Output, Quiet, ShowPhi, end, moment
from cli.private import write_output
from cli.render import Row, finding_json, money, output, progress, stderr, stdout, write_json, write_rows
from cli.settings import Settings
from cli.workspace import looking
from edi.intake import NOT_READ
from edi.model.errors import UsageError
from edi.model.finding import Severity
from reconcile.store import Store

_FORMS = ("table", "csv", "json", "sarif", "xlsx")
_COLUMNS = (
    "severity", "code", "file", "row", "session", "visit", "line", "field", "message", "why", "fix", "carc",
)  # fmt: skip
_MOST_OF_A_CODE = 25
"""How many findings of one code a terminal shows."""


def _form(name: str) -> str:
    if name not in _FORMS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(_FORMS)}")
    return name


def scrub(
    sessions: Annotated[
        list[Path], typer.Argument(metavar="SESSIONS...", help="sessions.csv or .jsonl files.")
    ],
    patients: Annotated[Path | None, typer.Option(help="Default: patients.csv beside SESSIONS.")] = None,
    cases: Annotated[Path | None, typer.Option(help="Default: cases.csv beside SESSIONS.")] = None,
    authorizations: Annotated[Path | None, typer.Option(help="Default: beside SESSIONS.")] = None,
    fees: Annotated[Path | None, typer.Option(help="Default: fees.csv beside SESSIONS.")] = None,
    practice: Annotated[
        str | None, typer.Option(help="Whose files these are, when there are several.")
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="CODE,...", help="Only these codes or beginnings."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE,...", help="Not these codes.")
    ] = None,
    severity: Annotated[str, typer.Option(metavar="LEAST", help="error, warning or info.")] = "info",
    mend: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Mend what is mechanical into a new file; show the diff.",
        ),
    ] = False,
    form: Annotated[
        str,
        typer.Option("--format", callback=_form, metavar="FORM", help="table, csv, json, sarif or xlsx."),
    ] = "table",
    as_json: AsJson = False,
    target: Output = None,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    show_phi: ShowPhi = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Check sessions and the claims they would make; nothing is stored or sent.

    The filters choose what is shown and what the exit code looks at; a claim stays held by whatever holds it.
    --fix writes to --output, else to NAME.fixed.csv beside the file.
    """
    form = "json" if as_json else form
    asked = selection(select or (), ignore or (), severity)
    records = RecordFiles.beside(sessions[0]).replaced(patients, cases, authorizations, fees)
    must_be_readable([*sessions, *records.given()])
    if mend and form not in ("table", "json"):
        raise UsageError(f"--fix tells what it did as table or json, not as {form}")
    if form == "xlsx" and target is None:
        raise UsageError("--format xlsx needs --output FILE")
    targets = fix_targets(sessions, target) if mend else {}
    now = moment(as_of)
    request = CheckRequest(sessions=tuple(sessions), today=now.date(), records=records, practice=practice)
    with looking(config, database, quiet=quiet) as (settings, store):
        phase: Phase = partial(progress, quiet=quiet)
        report = report_of(check(request, settings, store, phase=phase), asked)
        if mend:
            report = _mended(
                request, settings, store, report, targets, asked, phase, form=form, show_phi=show_phi
            )
        elif form == "xlsx":
            assert target is not None  # noqa: S101 - looked at above
            write_output(target, workbook(report, now))
        else:
            _write(report, form, target, {path.name: path for path in (*sessions, *records.given())})
    end(scrub_exit(report), exit_zero=exit_zero)


def scrub_exit(report: Report) -> ExitCode:
    """3 when rows or whole files could not be read, 1 when there are errors or warnings among those asked for."""
    codes = [ExitCode.DONE]
    findings = report.checked.findings
    if report.checked.rejected_rows or any(finding.code in NOT_READ for finding in findings):
        codes.append(ExitCode.PARTLY)
    if any(finding.severity is not Severity.INFO for finding in report.findings):
        codes.append(ExitCode.WORK)
    return worst(codes)


def _write(report: Report, form: str, target: Path | None, files: dict[str, Path]) -> None:
    """Write the report to a file or stdout, in one of the forms of text."""
    if form == "json":
        write_json(report.document(), target)
    elif form == "sarif":
        write_json(sarif(report.findings, files), target)
    elif form == "csv":
        rows: list[Row] = [finding_json(one) for one in report.findings]
        write_rows(rows, _COLUMNS, form="csv", path=target)
    elif target is not None:
        with output(target) as stream:
            stream.writelines(f"{text}\n" for text, _ in report_lines(report))
    else:
        console, terminal = stdout(), sys.stdout.isatty()
        width = console.width if terminal else None
        for text, style in report_lines(report, width=width, most=_MOST_OF_A_CODE if terminal else None):
            console.print(text, style=style or None, markup=False, soft_wrap=not terminal)


def _mended(
    request: CheckRequest,
    settings: Settings,
    store: Store | None,
    before: Report,
    targets: dict[Path, Path],
    asked: Selection,
    phase: Phase,
    *,
    form: str,
    show_phi: bool,
) -> Report:
    """Mend, tell what was changed, and return the report of what is left in the new files."""
    done = fix(before.checked, settings, targets, practice=request.practice, show_phi=show_phi)
    after = before
    if done.files:
        paths = tuple(done.files.get(path, path) for path in request.sessions)
        after = report_of(
            check(msgspec.structs.replace(request, sessions=paths), settings, store, phase=phase), asked
        )
    if form == "json":
        write_json({**after.document(), **_fixed_json(done)})
        return after
    console = stdout()
    for text in done.diff:
        console.print(text, markup=False, soft_wrap=True)
    _tell_fixed(done, after)
    return after


def _fixed_json(done: Fixed) -> dict[str, Any]:
    return {
        "fixes": done.fixes,
        "not_fixed": done.not_fixed,
        "fixed_files": {str(old): str(new) for old, new in done.files.items()},
    }


def _tell_fixed(done: Fixed, after: Report) -> None:
    """Say on stderr where the new files are, what was left to a person, and what is still wrong."""
    notes = stderr()
    for one in done.not_fixed:
        place = f"{one.file}:{one.row}, session {one.session}"
        notes.print(f"not fixed: {one.code} {place}: {one.reason}", markup=False, soft_wrap=True)
    notes.print(f"{counted(len(done.fixes), 'cell')} mended", markup=False)
    for new in done.files.values():
        notes.print(f"  {new}", markup=False, soft_wrap=True)
    held = len(after.checked.held)
    notes.print(
        f"left: {counted(len(after.findings), 'finding')}, {counted(held, 'claim')} held, {money(after.held_charge)}",
        markup=False,
    )
