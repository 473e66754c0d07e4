"""`claimloop x12 check FILE`; `cli.commands.x12` puts it into its group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.jobs.x12_check import CheckResult, check_json
from cli.jobs.x12_check import check as check_file
from cli.options import AsJson, ExitZero
from cli.render import print_findings, stdout, write_json

_SHOWN = 200


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An X12 file of any kind.")],
    as_json: AsJson = False,
    exit_zero: ExitZero = False,
) -> None:
    """Check a file: envelopes, structure and balances as we see them, conformance as pyx12 sees it."""
    result = check_file(file)
    if as_json:
        write_json(check_json(result))
    else:
        _show(result)
    code = result.exit_code
    if code is ExitCode.WORK and exit_zero:
        code = ExitCode.DONE
    if code is not ExitCode.DONE:
        raise typer.Exit(code)


def _show(result: CheckResult) -> None:
    console = stdout()
    sets = ", ".join(
        f"{result.transactions.count(kind)} × {kind}" for kind in dict.fromkeys(result.transactions)
    )
    console.print(f"{result.file}: {sets or 'no transaction set'}", markup=False, soft_wrap=True)
    if result.findings:
        print_findings(result.findings, console, limit=_SHOWN)
    else:
        console.print("our checks: nothing found")
    verdict = result.verdict
    if verdict.findings:
        print_findings(verdict.findings, console, limit=_SHOWN)
    if verdict.passed:
        console.print(f"{verdict.engine}: conforms")
    elif verdict.opinion:
        console.print(f"{verdict.engine}: does not conform")
    else:
        console.print(f"{verdict.engine}: no second opinion")
