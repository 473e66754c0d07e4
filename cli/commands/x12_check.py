"""`claimloop x12 check FILE`; `cli.commands.x12` puts it into its group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.jobs.x12_check import FileCheck, finding_line, summary_line
from cli.options import AsJson, ExitZero, Output, RowFormat, end
from cli.render import Row, check_target, console_on, finding_json, print_findings, to_json, write_rows
from cli.render import output as to_output

_SHOWN = 200
COLUMNS = ("by", "severity", "code", "transaction", "segment", "element", "claim", "line", "message", "fix")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An X12 file of any kind.")],
    as_json: AsJson = False,
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="fast, or pyx12: plain pyx12, which says the same and takes fifty times as long.",
        ),
    ] = "fast",
    form: RowFormat = "table",
    output: Output = None,
    exit_zero: ExitZero = False,
) -> None:
    """Check a file: envelopes, structure and balances as we see them, conformance as pyx12 sees it.

    Findings are told while the file is read; with --json one a line, and a line about the whole file at the end.
    """
    checked = FileCheck(file, engine=engine)
    check_target(form, output)
    if as_json or form == "json":
        with to_output(output) as stream:
            for by, finding in checked:
                stream.write(to_json(finding_line(checked, by, finding)) + "\n")
                stream.flush()
            stream.write(to_json(summary_line(checked)) + "\n")
    elif form != "table":
        rows: list[Row] = [{"by": by, **finding_json(finding)} for by, finding in checked]
        write_rows(rows, COLUMNS, form=form, path=output)
    else:
        with console_on(output) as console:
            _show(checked, console)
    end(checked.exit_code, exit_zero=exit_zero)


def _show(checked: FileCheck, console: Console) -> None:
    """Findings as they come, then what they amount to."""
    count = {"claimloop": 0, "pyx12": 0}
    for by, finding in checked:
        count[by] += 1
        if sum(count.values()) <= _SHOWN:
            print_findings([finding], console)
    if sum(count.values()) > _SHOWN:
        console.print(f"… and {sum(count.values()) - _SHOWN} more; --json lists all", style="dim")
    sets = ", ".join(f"{number} × {kind}" for kind, number in checked.transactions.items())
    console.print(f"{checked.file}: {sets or 'no transaction set'}", markup=False, soft_wrap=True)
    console.print(f"our checks: {count['claimloop'] or 'nothing'} found")
    judgment = checked.judgment
    said = "conforms" if judgment.passed else "does not conform" if judgment.opinion else "no second opinion"
    console.print(f"{judgment.engine}: {said}")
    if judgment.degraded is not None:
        console.print(f"judged by plain pyx12: {judgment.degraded}", style="dim", markup=False)
