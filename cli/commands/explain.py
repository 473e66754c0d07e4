"""`claimloop explain CODE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.exits import ExitCode
from cli.jobs.explain import Explanation, similar
from cli.jobs.explain import explain as explain_code
from cli.jobs.tables.store import tables_of
from cli.options import AsJson, Config
from cli.render import SCHEMA_VERSION, stderr, stdout, write_json
from cli.settings import load_settings
from edi.codes import Tables, load_tables
from edi.model.errors import SettingsError
from edi.payers import PayerProfile
from edi.rules import RULES

_KINDS = {"carc": "CARC", "rarc": "RARC", "999_code": "999 code", "acknowledgment_category": "277CA category"}
"""How a kind is written where it is not its own name with blanks."""


def explain(
    code: Annotated[
        str,
        typer.Argument(
            help="UNT003, CHG020, 97, CO-97, M15, A7, bundling_ncci, write_off, no_claim, bank, 75 …"
        ),
    ],
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say what a code or word means: CARC, RARC, finding, category, next action, state, check, exit code.

    Of a rule it also says which payers of the nearest payers.toml turn it off, up or down.
    """
    tables, payers = _known_here(config)
    found = explain_code(code, tables, RULES, payers)
    if not found:
        near = similar(code, tables, RULES)
        question = f"; did you mean {' or '.join(near)}?" if near else ""
        stderr().print(f"claimloop: {code!r} is no code known here{question}", markup=False, soft_wrap=True)
        raise typer.Exit(ExitCode.USAGE)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "code": code, "explanations": found})
        return
    console = stdout()
    for one in found:
        _show(one, console)


def _known_here(config: Path | None) -> tuple[Tables, dict[str, PayerProfile]]:
    """The code tables and payers of the installation around this folder, or of --config.

    Where there is none, or none that can be read and none was named: the shipped tables and no payers.
    """
    try:
        settings = load_settings(config)
    except SettingsError:
        if config is not None:
            raise
        return load_tables(), {}
    return tables_of(settings), settings.payers


def _show(one: Explanation, console: Console) -> None:
    """A heading, then one fact a line."""
    console.print(
        f"{_KINDS.get(one.kind, one.kind.replace('_', ' '))} {one.code}: {one.title}",
        style="bold",
        markup=False,
        soft_wrap=True,
    )
    for name, said in one.facts.items():
        label = name.replace("_", " ")
        if isinstance(said, str):
            console.print(f"  {label}: {said}", markup=False, soft_wrap=True)
            continue
        console.print(f"  {label}:", markup=False)
        for each in said:
            console.print(f"    {each}", markup=False, soft_wrap=True)
