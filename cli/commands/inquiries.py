"""What `eligibility` and `claims status` say: what was asked, what was read, what the store knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from cli.exits import ExitCode, worst
from cli.jobs.inquiries.asking import Asked
from cli.jobs.inquiries.reading import AnswersRead
from cli.jobs.lists import counted
from cli.render import (
    SCHEMA_VERSION,
    Row,
    finding_json,
    print_findings,
    stderr,
    stdout,
    write_json,
    write_rows,
)
from cli.summaries import print_manifest
from edi.model.finding import Severity

A = TypeVar("A")
_FINDINGS_SHOWN = 20


def asked_json(asked: Asked, counts: Sequence[str], *, each: str) -> dict[str, Any]:
    """What came of asking as one document.

    Args:
        asked: the outcome.
        counts: its fields that are told, in order.
        each: what a file counts, in the plural.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        **{name: getattr(asked, name) for name in counts},
        "files": [
            {
                "file": file.path,
                "sha256": file.sha256,
                "trading_partner": file.partner,
                "interchange_control_number": file.interchange_control_number,
                each: file.inquiries,
            }
            for file in asked.files
        ],
        "put_back": asked.put_back,
        "findings": [finding_json(finding) for finding in asked.findings],
    }


def print_asked(asked: Asked, sums: Iterable[str], *, each: str, dry_run: bool, quiet: bool) -> None:
    """Say what came of asking: files, then ``sums``, then the findings unless ``quiet``; ``each`` in the singular."""
    console = stdout()
    word = "would be written" if dry_run else "written"
    lines = [f"{name} of an interrupted run put into the folder" for name in asked.put_back]
    lines += [
        f"{word}: {file.path} ({counted(file.inquiries, each)}, {file.partner})" for file in asked.files
    ]
    for line in [*lines, *sums]:
        console.print(line, markup=False, soft_wrap=True)
    if not quiet:
        print_findings(asked.findings, stderr(), limit=_FINDINGS_SHOWN)


def asked_exit(asked: Asked, *, partly: bool) -> ExitCode:
    """3 when a part could not be taken up, 1 when something is held or warned of, else 0."""
    codes = [ExitCode.PARTLY if partly else ExitCode.DONE]
    if asked.held or any(finding.severity is not Severity.INFO for finding in asked.findings):
        codes.append(ExitCode.WORK)
    return worst(codes)


class AnswerForm(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """How answers of a kind are shown.

    ``columns`` of a table, the ``narrow`` ones; one answer ``to_json`` and ``to_row``; ``noun``: what is listed.
    """

    columns: tuple[str, ...]
    narrow: tuple[str, ...]
    to_json: Callable[[A], dict[str, Any]]
    to_row: Callable[[A], Row]
    noun: str


def show_read(done: AnswersRead[A], form: AnswerForm[A], *, as_json: bool, quiet: bool) -> None:
    """Say which files were taken in and what their answers mean."""
    if as_json:
        files = {name: getattr(done.manifest, name) for name in done.manifest.__struct_fields__}
        write_json({**files, "answers": [form.to_json(one) for one in done.answers]})
        return
    print_manifest(done.manifest, quiet=quiet)
    rows = [form.to_row(one) for one in done.answers]
    if rows:
        write_rows(rows, form.columns, form="table", path=None, narrow=form.narrow)


def show_list(answers: Iterable[A], form: AnswerForm[A], *, row_format: str, output: Path | None) -> None:
    """List answers as ``row_format`` says, to ``output`` or stdout."""
    if row_format == "json":
        write_json([form.to_json(one) for one in answers], output)
        return
    rows = [form.to_row(one) for one in answers]
    footer = [counted(len(rows), form.noun)] if row_format == "table" else []
    write_rows(rows, form.columns, form=row_format, path=output, narrow=form.narrow, footer=footer)
