"""`claimloop claims status …`: ask payers about claims (276), read their answers (277), list what they said."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.claims_again import group
from cli.commands.inquiries import (
    AnswerForm,
    asked_exit,
    asked_json,
    print_asked,
    show_list,
    show_read,
)
from cli.exits import ExitCode
from cli.inputs import must_be_readable
from cli.jobs.claim_status.ask import Asked, AskRequest
from cli.jobs.claim_status.ask import ask as ask_payers
from cli.jobs.claim_status.read import (
    COLUMNS,
    NARROW,
    answer_json,
    answer_row,
    last_of_each,
    read_answers,
)
from cli.jobs.claim_status.words import said_of
from cli.jobs.lists import counted, known_word
from cli.options import (
    AsJson,
    AsOf,
    Config,
    Database,
    DryRun,
    ExitZero,
    Output,
    Practice,
    Quiet,
    RowFormat,
    end,
    moment,
    out_folder,
    today,
    utc_now,
)
from cli.render import SCHEMA_VERSION, stdout, write_json
from cli.workspace import Workspace, workspace
from edi.model.control import normalise_control_number
from edi.model.errors import InputError, UsageError
from edi.model.status import STATES
from reconcile.store.claim_status.known import StoredAnswer, status_answers

status_group = typer.Typer(name="status", help="Ask payers what became of claims.", no_args_is_help=True)
group.add_typer(status_group, name="status")
_COUNTS = ("asked", "waiting", "not_asked", "held", "unknown")


@status_group.command()
def ask(
    out: Annotated[
        Path, typer.Option("--out", callback=out_folder, metavar="DIR", help="Folder for the 276 files.")
    ],
    claims: Annotated[
        list[str] | None, typer.Option("--claim", metavar="N", help="Ask about this claim; may be repeated.")
    ] = None,
    silent: Annotated[
        bool, typer.Option("--silent", help="Ask about every claim that its payer is late with.")
    ] = False,
    due: Annotated[
        bool, typer.Option("--due", help="The same, by status.after_days of the payer where it is set.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Ask although the payer was asked a short while ago.")
    ] = False,
    practice: Practice = None,
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Write 276 files about claims that payers are silent on, one for each trading partner."""
    if [bool(claims), silent, due].count(True) != 1:
        raise UsageError("name claims with --claim, or give --silent or --due")
    request = AskRequest(
        folder=out,
        now=moment(as_of),
        claims=tuple(claims or ()),
        due=due,
        practice=practice,
        again=again,
        dry_run=dry_run,
    )
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        asked = ask_payers(request, opened.settings, opened.store)
    if as_json:
        write_json(asked_json(asked, _COUNTS, each="claims"))
    else:
        sums = [*(f"{number} names no claim" for number in asked.unknown), _sums(asked)]
        print_asked(asked, sums, each="claim", dry_run=dry_run, quiet=quiet)
    end(asked_exit(asked, partly=bool(asked.unknown)), exit_zero=exit_zero)


def _sums(asked: Asked) -> str:
    """What was asked about and what was not, in a sentence."""
    return (
        f"{counted(asked.asked, 'claim')} asked about, {asked.waiting} asked a short while ago, "
        f"{asked.held} cannot be asked, {asked.not_asked} of payers that are not asked"
    )


def _form(day: date, opened: Workspace) -> AnswerForm[StoredAnswer]:
    """How answers are shown on a day."""
    known: dict[str, Any] = {"today": day, "tables": opened.tables, "payers": opened.settings.payers}
    return AnswerForm(
        columns=COLUMNS,
        narrow=NARROW,
        to_json=partial(answer_json, **known),
        to_row=partial(answer_row, **known),
        noun="answer",
    )


@status_group.command()
def read(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="277 files, or folders of them.")],
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Take in 277 answers and say what they mean. The same file twice changes nothing."""
    must_be_readable(paths)
    with workspace(config, database, quiet=quiet) as opened:
        done = read_answers(paths, opened.store, now=utc_now())
        form = _form(today(as_of), opened)
    show_read(done, form, as_json=as_json, quiet=quiet)
    end(ExitCode(done.manifest.exit_code()), exit_zero=exit_zero)


@status_group.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATES)}.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also claims that were paid or sent again since.")
    ] = False,
    loose: Annotated[
        bool, typer.Option("--loose", help="Instead: answers that are tied to no claim.")
    ] = False,
    practice: Practice = None,
    form: RowFormat = "table",
    as_json: AsJson = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """List the last answer about each claim that still waits for its payment: state, code, days, check."""
    if state is not None:
        state = known_word("--state", state, STATES)
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        found = status_answers(connection, only_open=not (everything or loose))
        shown = _form(today(as_of), opened)
    answers = [one for one in found if not one.claim_id] if loose else last_of_each(found)
    chosen = [one for one in answers if state in (None, one.state) and practice in (None, one.practice_id)]
    show_list(chosen, shown, row_format="json" if as_json else form, output=output)


@status_group.command()
def show(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="Patient control number.")],
    as_json: AsJson = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
) -> None:
    """Tell everything that payers said of a claim when they were asked, newest first."""
    wanted = normalise_control_number(claim)
    with workspace(config, database, read_only=True) as opened, opened.store.read() as connection:
        found = [
            one
            for one in status_answers(connection)
            if one.claim_id and normalise_control_number(one.patient_control_number) == wanted
        ]
        form = _form(today(as_of), opened)
    if not found:
        raise InputError(
            f"no answer is about claim {claim}; claimloop claims status list shows what there is"
        )
    found.reverse()
    told = [form.to_json(one) for one in found]
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "answers": told}, output)
        return
    console = stdout()
    for one, said in zip(found, told, strict=True):
        console.print(
            f"{one.answered_on or 'unknown day'}  {one.state}: {said_of(one)}", markup=False, soft_wrap=True
        )
        for text in said["statuses"]:
            console.print(f"  {text}", markup=False, soft_wrap=True)
        for line in said["lines"]:
            name = line["line_control_number"] or line["procedure"]
            console.print(f"  line {name}: {'; '.join(line['statuses'])}", markup=False, soft_wrap=True)
        if one.payer_claim_control_number:
            console.print(f"  the payer's number of it is {one.payer_claim_control_number}", markup=False)
        if said["command"]:
            console.print(f"  next: {said['command']}", markup=False, soft_wrap=True)
