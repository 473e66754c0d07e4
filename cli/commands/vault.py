"""`claimloop vault …`: how every file in or out is kept, where, and for which key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from cli.exits import ExitCode
from cli.jobs.lists import counted
from cli.jobs.vault import Kind, MovedVault, both, make_key, move, rekey, show
from cli.options import AsJson, Config, Database, DryRun, Quiet, end
from cli.render import SCHEMA_VERSION, progress, stdout, write_json
from cli.workspace import workspace
from reconcile.store.vault.moving import VaultState, state_of

group = typer.Typer(
    name="vault", help="The bytes of every file in or out: where, and for which key.", no_args_is_help=True
)


def _kind(name: str) -> str:
    if name not in get_args(Kind):
        raise typer.BadParameter(f"{name!r} is none of {', '.join(get_args(Kind))}")
    return name


@group.command("show")
def show_vault(as_json: AsJson = False, config: Config = None, database: Database = None) -> None:
    """Say where the files are, how many, and for which keys they are encrypted."""
    with workspace(config, database, read_only=True) as opened:
        state = show(opened.store)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "vault": state, "stale": state.stale})
    else:
        console = stdout()
        console.print(f"{state.place}: {_held(state)}", markup=False, soft_wrap=True)
        if state.stale:
            console.print("  claimloop vault rekey brings all of them to the key of now", soft_wrap=True)
    end(ExitCode.WORK if state.stale else ExitCode.DONE)


def _held(state: VaultState) -> str:
    """The files by key, in words."""
    parts = [
        f"{count} {'plain' if not key else f'for the key {key}'}{', as new ones are' if key == state.key else ''}"
        for key, count in state.keys.items()
    ]
    return f"{counted(state.files, 'file')}, {state.stored} bytes" + "".join(f"; {part}" for part in parts)


@group.command("move")
def move_vault(
    to: Annotated[str, typer.Option("--to", callback=_kind, metavar="KIND", help="database or folder.")],
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="The folder, where the settings name the database; default: vault."),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
) -> None:
    """Take all files into PostgreSQL or into a folder; killed, it goes on where it stopped.

    It takes two runs. The first copies, while the settings name the old place and others work on. Then change [store]
    vault, and run it again: it takes along what came meanwhile, and lets each old copy go once the new one reads back.
    """
    kind: Kind = "database" if to == "database" else "folder"
    with workspace(config, database, quiet=quiet, dry_run=dry_run) as opened:
        source, target = both(opened.store, opened.settings, kind, folder)
        if dry_run:
            there = set(target.digests())
            missing = sum(1 for sha256 in source.digests() if sha256 not in there)
            done = MovedVault(
                source=source.place, target=target.place, in_use=False, brought=missing, known=0, gone=0
            )
        else:
            with progress("moving", state_of(source).files, quiet=quiet) as advance:
                done = move(source, target, opened.settings, advance)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "moved": done, "dry_run": dry_run})
    else:
        _tell(done, kind, dry_run=dry_run)
    end(ExitCode.DONE if done.in_use or dry_run else ExitCode.WORK)


def _tell(done: MovedVault, kind: Kind, *, dry_run: bool) -> None:
    console = stdout()
    if dry_run:
        console.print(f"{counted(done.brought, 'file')} would be copied to {done.target}", markup=False)
        return
    console.print(
        f"{done.target}: {counted(done.brought, 'file')} brought, {done.known} there already; {done.gone} gone from "
        f"{done.source}",
        markup=False,
        soft_wrap=True,
    )
    if not done.in_use:
        named = "database" if kind == "database" else f"folder:{done.target}"
        console.print(
            f'  now set [store] vault = "{named}" and run it again: the old copies go then',
            markup=False,
            soft_wrap=True,
        )


@group.command("rekey")
def rekey_vault(
    dry_run: DryRun = False,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
) -> None:
    """Bring every file to what [privacy] says now: encrypted for the first key, or plain.

    The first key of key_file or key_env encrypts, all of them open: put the new one first, run this, and drop the old
    one when it has ended with 0. Others work on meanwhile; killed, it goes on where it stopped.
    """
    with workspace(config, database, quiet=quiet, dry_run=dry_run) as opened:
        state = state_of(opened.store.vault)
        if dry_run:
            changed, before, key = state.stale, state.files - state.stale, state.key
        else:
            with progress("encrypting anew", state.files, quiet=quiet) as advance:
                done = rekey(opened.store, advance)
            changed, before, key = done.changed, done.as_before, done.key
    if as_json:
        document = {"vault": state.place, "key": key, "changed": changed, "as_before": before}
        write_json({"schema_version": SCHEMA_VERSION, "rekeyed": document, "dry_run": dry_run})
        return
    now = f"encrypted for the key {key}" if key else "plain"
    word = "would be" if dry_run else "are now"
    stdout().print(
        f"{state.place}: {counted(changed, 'file')} {word} {now}, {before} were before",
        markup=False,
        soft_wrap=True,
    )


@group.command("key")
def make_vault_key(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The secret key to write; nothing is replaced.")
    ],
    as_json: AsJson = False,
) -> None:
    """Make a secret age key in a file that only its owner may read, as age-keygen does; its public key is printed."""
    made = make_key(file)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "key": made})
        return
    stdout().print(
        f"{made.file}: keep a copy elsewhere; without it nothing can be read", markup=False, soft_wrap=True
    )
    stdout().print(made.public, markup=False, soft_wrap=True)
