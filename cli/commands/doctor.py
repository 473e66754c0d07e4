"""`claimloop doctor`."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer

from cli.jobs.doctor import BROKEN, NOTE, SOUND, WARNING, Patient, examine, exit_of
from cli.options import AsJson, Config, Database, ExitZero, end, utc_now
from cli.render import SCHEMA_VERSION, stdout, write_json
from cli.settings import load_settings

_STYLES: Final = {SOUND: "green", NOTE: "cyan", WARNING: "yellow", BROKEN: "bold red"}


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the trading partners.")] = False,
    as_json: AsJson = False,
    config: Config = None,
    database: Database = None,
    exit_zero: ExitZero = False,
) -> None:
    """Say whether this installation is sound: settings, secrets, store, vault, disk, clock, permissions, partners."""
    settings = load_settings(config, database=database)
    found = examine(Patient(settings=settings, environment=os.environ, now=utc_now(), offline=offline))
    code = exit_of(found)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "exit_code": int(code), "checks": found})
    else:
        console = stdout()
        for one in found:
            console.print(f"{one.state:8}", style=_STYLES[one.state], end="")
            console.print(f"{one.check}: {one.message}", markup=False, soft_wrap=True)
            if one.fix:
                console.print(f"        {one.fix}", markup=False, soft_wrap=True)
    end(code, exit_zero=exit_zero)
