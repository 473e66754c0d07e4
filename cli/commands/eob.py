"""`eob`: a remittance that a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.inputs import read_chunks
from cli.jobs.eob import Part, of_claim, of_file
from cli.jobs.tables.store import tables_of
from cli.jobs.x12_show import Outcome
from cli.options import AsJson, AsOf, Config, Database, ExitZero, Output, Quiet, ShowPhi, end, today
from cli.private import seal_outputs, write_output
from cli.render import output as written
from cli.render import print_findings, stderr
from cli.settings import load_settings
from cli.workspace import workspace
from edi.model.errors import UsageError
from edi.model.finding import Finding

FORMS = ("text", "html", "pdf")


def _form(name: str) -> str:
    if name not in FORMS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(FORMS)}")
    return name


def eob(
    name: Annotated[str, typer.Argument(metavar="FILE|CLAIM", help="An 835 file, or a claim of the store.")],
    claim: Annotated[
        str | None,
        typer.Option("--claim", metavar="NUMBER", help="Only this patient control number of FILE."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", callback=_form, metavar="FORM", help="text, html or pdf.")
    ] = "text",
    as_json: AsJson = False,
    show_phi: ShowPhi = False,
    as_of: AsOf = None,
    output: Output = None,
    config: Config = None,
    database: Database = None,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Write a remittance for people: payment, claims, lines, and what each code means in plain words.

    Of a file, which touches no store; or of a claim, with every payer's answer
    to it. Where a code has no words of ours, its category and the next action
    stand there. Names and member ids are masked unless --show-phi.
    """
    form = "json" if as_json else form
    if form == "pdf" and output is None:
        raise UsageError("--format pdf: name the file with --output")
    outcome = Outcome()
    findings: list[Finding] = []
    path = Path(name)
    if path.is_file():
        settings = load_settings(config, database=database)
        seal_outputs(settings)
        tables = tables_of(settings)
        items: Iterator[Part | Finding] = of_file(
            read_chunks(path), path.name, tables, show_phi=show_phi, only=claim or ""
        )
    else:
        with workspace(config, database, read_only=True) as opened:
            items = iter(of_claim(opened.store, name, opened.tables, show_phi=show_phi))
    _write(_parts(items, outcome, findings), f"Remittance {path.name}", form, output, today(as_of))
    if findings and not quiet:
        print_findings(findings, stderr())
    end(ExitCode(outcome.exit_code), exit_zero=exit_zero)


def _parts(items: Iterator[Part | Finding], outcome: Outcome, findings: list[Finding]) -> Iterator[Part]:
    """The parts among the items; findings are noted."""
    for item in items:
        if isinstance(item, Finding):
            outcome.note(item)
            findings.append(item)
        else:
            yield item


def _write(parts: Iterator[Part], title: str, form: str, path: Path | None, made_on: date) -> None:
    """Lay the parts out in a form; text and HTML as they come."""
    if form == "pdf" and path is not None:
        from cli.jobs.eob.pdf import pdf_bytes

        write_output(path, pdf_bytes(parts, title, made_on=made_on))
        return
    if form == "json":
        from cli.jobs.eob.lines import json_lines

        with written(path) as stream:
            stream.writelines(f"{line}\n" for line in json_lines(parts))
        return
    if form == "html":
        from cli.jobs.eob.html import html_blocks

        with written(path) as stream:
            stream.writelines(html_blocks(parts, title))
        return
    from cli.jobs.eob.text import text_lines

    with written(path) as stream:
        stream.writelines(f"{line}\n" for line in text_lines(parts))
