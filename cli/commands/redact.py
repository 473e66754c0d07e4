"""`claimloop redact`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.jobs.redact import NotRedacted, Redacted
from cli.jobs.redact import redact as redact_files
from cli.options import AsJson, end, out_folder
from cli.render import SCHEMA_VERSION, stderr, stdout, write_json


def redact(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="X12 files: 837P, 835, 999, 277CA …")
    ],
    out: Annotated[
        Path, typer.Option("--out", callback=out_folder, metavar="DIR", help="Folder for the copies.")
    ],
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", metavar="FILE", help="Secret bytes: the same key, the same replacements."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write de-identified copies that keep structure, joins and balances; codes and moved dates remain."""
    done: list[Redacted] = []
    failed: list[NotRedacted] = []
    for one in redact_files(files, out, key_file):
        if isinstance(one, NotRedacted):
            failed.append(one)
            stderr().print(f"claimloop: {one.reason}", markup=False, soft_wrap=True)
            continue
        done.append(one)
        for kind in one.left_out:
            stderr().print(f"{one.file}: left out what is no segment ({kind})", markup=False, soft_wrap=True)
        if one.renamed:
            note = f"segment names that X12 does not have were replaced ({one.renamed})"
            stderr().print(f"{one.file}: {note}", markup=False, soft_wrap=True)
        if not as_json:
            stdout().print(f"{one.file} -> {one.copy}", markup=False, soft_wrap=True)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "copies": done, "failed": failed})
    end(ExitCode.PARTLY if failed else ExitCode.DONE)
