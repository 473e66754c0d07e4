"""`claimloop rebuild` and `replay`: the store out of its sources, and what other rules or tables would decide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cli.exits import ExitCode
from cli.jobs.lists import counted
from cli.jobs.rebuild import Rebuilt, open_beside, rebuild, remove_sqlite, sqlite_file, steps, swap
from cli.jobs.replay import decisions_changed, replay
from cli.options import AsJson, Config, Database, DryRun, Output, Quiet, RowFormat, end
from cli.render import SCHEMA_VERSION, progress, stdout, write_json, write_rows
from cli.workspace import workspace
from edi.model.errors import UsageError


def rebuild_store(
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="URL", help="An empty database; default: a file beside the store."),
    ] = None,
    swapping: Annotated[
        bool,
        typer.Option(
            "--swap", help="Put the new store in the place of the old one, which is kept beside it."
        ),
    ] = False,
    accepting: Annotated[
        bool,
        typer.Option("--accept-changes", help="With --swap: also when today's tables decide otherwise."),
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
) -> None:
    """Build the store anew from its sources, and compare.

    The sources are vault, submissions and event log. The same digest means that every row follows from them. Where
    rows differ it says how many decisions are others, and --swap needs --accept-changes. --swap refuses when
    the store changed meanwhile.
    """
    if accepting and not swapping:
        raise UsageError("--accept-changes goes with --swap")
    with workspace(config, database, read_only=True, upgrade=True, quiet=quiet) as opened:
        url = opened.settings.store.database
        current = sqlite_file(url)
        if swapping and (current is None or into is not None):
            raise UsageError("--swap is for a store that is a file, rebuilt beside it (without --into)")
        target, name = open_beside(url, opened.store.vault, into)
        try:
            with progress("rebuild", steps(opened.store), quiet=quiet) as advance:
                made = rebuild(opened.store, target, opened.settings, opened.tables, advance)
            changed = {} if made.same else decisions_changed(opened.store, target)
        finally:
            target.close()
        built = sqlite_file(name)
        kept = None
        if into is None and built is not None:
            if swapping and (made.same or (accepting and not made.unplayed)):
                kept = swap(opened.store, built, made.source_digest)
            elif not swapping and made.same:
                remove_sqlite(built)
    left = kept is None and (into is not None or not made.same)
    _tell(made, changed, kept, as_json=as_json, left=left)
    codes = ExitCode.DONE
    if not made.same:
        codes = ExitCode.WORK if made.tables_changed or kept is not None else ExitCode.UNBALANCED
    end(codes)


def _tell(made: Rebuilt, changed: Mapping[str, int], kept: Path | None, *, as_json: bool, left: bool) -> None:
    """Print what a rebuild came to."""
    if as_json:
        write_json(
            {
                "schema_version": SCHEMA_VERSION,
                "same": made.same,
                "into": made.into if left else None,
                "claims": made.claims,
                "files": made.files,
                "decisions": made.decisions,
                "differs": list(made.differs),
                "unplayed": list(made.unplayed),
                "tables_changed": made.tables_changed,
                "changes": changed,
                "swapped": kept is not None,
                "old_store": None if kept is None else str(kept),
            }
        )
        return
    console = stdout()
    done = f"{counted(made.claims, 'claim')}, {counted(made.files, 'file')}, {counted(made.decisions, 'decision')}"
    word = "the same rows" if made.same else f"other rows in: {', '.join(made.differs) or 'none'}"
    console.print(f"rebuilt from {done}: {word}", markup=False, soft_wrap=True)
    for one in made.unplayed:
        console.print(f"  could not be decided again: {one}", markup=False, soft_wrap=True)
    if changed:
        counts = ", ".join(counted(number, kind) for kind, number in changed.items())
        console.print(f"  decided otherwise: {counts}", markup=False, soft_wrap=True)
    if made.tables_changed and not made.same:
        console.print(
            "  the code tables are others than those of the store: claimloop replay --dry-run shows what they change"
        )
    if kept is not None:
        console.print(f"  the new store is in use; the old one is {kept}", markup=False, soft_wrap=True)
    elif left:
        console.print(f"  the new store is {made.into}", markup=False, soft_wrap=True)


REPLAY_COLUMNS = ("kind", "trace_number", "patient_control_number", "line", "codes", "before", "after")


def replay_store(
    dry_run: DryRun = False,
    form: RowFormat = "table",
    as_json: AsJson = False,
    output: Output = None,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
) -> None:
    """Show what today's rules and tables decide otherwise.

    Needs --dry-run: it writes nothing. `rebuild --swap --accept-changes` puts the new decisions into force.
    """
    if not dry_run:
        raise UsageError(
            "replay only looks: write replay --dry-run; claimloop rebuild --swap --accept-changes decides anew"
        )
    with (
        workspace(config, database, read_only=True, upgrade=True, quiet=quiet) as opened,
        progress("replay", steps(opened.store), quiet=quiet) as advance,
    ):
        made = replay(opened.store, opened.settings, opened.tables, advance)
    rows = [msgspec.structs.asdict(one) for one in made.changes]
    counts = ", ".join(f"{counted(number, kind)}" for kind, number in made.counts().items())
    footer = [f"would change: {counts or 'nothing'}", *made.rebuilt.unplayed]
    write_rows(rows, REPLAY_COLUMNS, form="json" if as_json else form, path=output, footer=footer)
    end(ExitCode.WORK if made.changes or made.rebuilt.unplayed else ExitCode.DONE)
