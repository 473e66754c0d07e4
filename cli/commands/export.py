"""`export postings`, `close month`: the books handed on, and shut."""

from __future__ import annotations

import sys
from codecs import getincrementaldecoder
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.jobs.closing import close_month, dating_of
from cli.jobs.export import FORMS, ExportRequest, Sink, export_postings, print_again
from cli.jobs.lists import counted, known_word
from cli.options import AsJson, AsOf, Config, Database, DryRun, Output, Quiet, parse_date, today, utc_now
from cli.private import check_output, output_file
from cli.render import SCHEMA_VERSION, money, stderr, stdout, write_json
from cli.settings import Settings
from cli.trail import trail
from cli.workspace import workspace
from edi.model.errors import UsageError

export_group = typer.Typer(
    name="export", help="Postings for the practice's own system.", no_args_is_help=True
)
close_group = typer.Typer(name="close", help="Shut the books of past months.", no_args_is_help=True)

OnlyPractice = Annotated[
    str | None, typer.Option("--practice", help="Only this practice; default: all of claimloop.toml.")
]


def _form(name: str | None) -> str | None:
    if name is not None and name not in FORMS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(FORMS)}")
    return name


@export_group.command("postings")
def postings(
    practice: OnlyPractice = None,
    since: Annotated[
        date | None,
        typer.Option(parser=parse_date, metavar="DATE", help="Only what posted on that day or later."),
    ] = None,
    again: Annotated[
        int | None, typer.Option(min=1, metavar="BATCH", help="Print a batch again, byte by byte.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", callback=_form, metavar="FORM", help="csv or json.")
    ] = None,
    as_json: AsJson = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Tell what was posted and not told yet, as a batch: a row an account movement, with the patient's balance.

    A posting is told once. What changes afterwards, by a reversal, a late
    payment or a newer table, comes in a later batch as the difference.
    """
    form = "json" if as_json else form
    sink = _sink(output)
    if again is not None:
        if practice is not None or since is not None or dry_run:
            raise UsageError("--again prints a batch as it was: leave --practice, --since and --dry-run out")
        with workspace(config, database, read_only=True) as opened:
            trail().note(batch=again)
            print_again(opened.store, again, form, sink)
        return
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        if output is not None:
            check_output(output)  # a batch is told once, so it is not made for a file that cannot be written
        request = ExportRequest(
            practices=_practices(opened.settings, practice),
            known=tuple(opened.settings.need_directory().practices.values()),
            dating=dating_of(opened.settings, today(as_of)),
            now=utc_now(),
            since=since,
            form=form or "csv",
            dry_run=dry_run,
        )
        batch = export_postings(request, opened.store, sink)
    if batch is not None:
        trail().note(batch=batch.number)
    if quiet:
        return
    if batch is None:
        stderr().print("nothing was posted that was not told before")
    else:
        word = "would be told" if dry_run else "told"
        stderr().print(f"batch {batch.number}: {counted(batch.entries, 'posting')} {word}")


@close_group.command("month")
def month(
    through: Annotated[
        date, typer.Option(parser=parse_date, metavar="DATE", help="The last day that is closed.")
    ],
    practice: OnlyPractice = None,
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Close everything through a day: nothing posts on or before it any more.

    A payment that comes later, or a correction of one that was closed, posts on
    the first open day, as an entry of its own.
    """
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        result = close_month(
            opened.store,
            _practices(opened.settings, practice),
            through,
            dating_of(opened.settings, today(as_of)),
            known=tuple(opened.settings.need_directory().practices.values()),
            now=utc_now(),
            dry_run=dry_run,
        )
    if as_json:
        closed = [
            {
                "practice_id": one.practice_id,
                "through": one.through,
                "new_entries": one.new,
                "entries": one.entries,
                "amount": money(one.cents),
            }
            for one in result.closed
        ]
        write_json({"schema_version": SCHEMA_VERSION, "closed": closed, "already_closed": result.already})
        return
    word = "would be closed" if dry_run else "closed"
    for one in result.closed:
        text = (
            f"{one.practice_id}: {word} through {one.through} with {counted(one.entries, 'posting')} up to that day, "
            f"{one.new} of them dated for good now"
        )
        stdout().print(text, markup=False, soft_wrap=True)
    for name in result.already:
        stdout().print(f"{name}: was closed through {through} already", markup=False, soft_wrap=True)


def _practices(settings: Settings, practice: str | None) -> tuple[str, ...]:
    """The practice that was named, else all of claimloop.toml."""
    known = tuple(settings.need_directory().practices)
    return known if practice is None else (known_word("--practice", practice, known),)


def _sink(path: Path | None) -> Sink:
    """Writes bytes to a file, or to stdout."""

    def write(blocks: Iterable[bytes]) -> None:
        if path is None:
            decoder = getincrementaldecoder("utf-8")()
            sys.stdout.writelines(decoder.decode(block) for block in blocks)
            return
        with output_file(path) as stream:
            stream.writelines(blocks)

    return write
