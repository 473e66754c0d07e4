"""`claimloop backup` and `claimloop restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.jobs.backup import restore_backup, write_backup
from cli.options import AsJson, Config, Database, Quiet, utc_now
from cli.render import SCHEMA_VERSION, progress, stdout, write_json
from cli.settings import load_settings
from cli.trail import trail
from cli.workspace import workspace


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write.")],
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            "--recipient",
            metavar="KEY",
            help="Encrypt to this age key; default: [privacy] recipients, else the own key.",
        ),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
) -> None:
    """Write the whole store, vault and all, to one file while others go on working; encrypted when a key is given."""
    with (
        workspace(config, database, read_only=True) as opened,
        progress("backing up", None, quiet=quiet) as advance,
    ):
        done = write_backup(
            opened.store, opened.settings, file, tuple(recipient or ()), now=utc_now(), advance=advance
        )
    trail().note(rows=done.rows, stored_files=done.files, encrypted=done.encrypted)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "backup": done})
        return
    locked = "encrypted" if done.encrypted else "not encrypted; [privacy] recipients or --recipient would"
    stdout().print(
        f"{done.file}: {done.rows} rows, {done.files} files, {done.size} bytes, {locked}",
        markup=False,
        soft_wrap=True,
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What claimloop backup wrote.")],
    identity: Annotated[
        Path | None,
        typer.Option("--identity", metavar="FILE", help="The secret age key, when it is encrypted."),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
) -> None:
    """Fill an empty store from a backup, on SQLite or PostgreSQL; all of it or nothing, its digest compared."""
    settings = load_settings(config, database=database)
    with progress("restoring", None, quiet=quiet) as advance:
        manifest = restore_backup(settings, file, identity, advance=advance)
    trail().restored(settings, digest=manifest.digest)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "restored": str(file), "manifest": manifest})
    else:
        stdout().print(
            f"restored {file} of {manifest.made_at:%Y-%m-%d %H:%M} UTC; control numbers go on with a gap. What was "
            "sent after that moment is not in this store: claims import takes the files that went out",
            markup=False,
            soft_wrap=True,
        )
