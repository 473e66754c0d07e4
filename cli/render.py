"""Everything a person or a script sees: tables, JSON, CSV, bars, masks. Data on stdout, talk on stderr."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from edi.model.finding import Finding, Severity
from edi.model.money import decimal_text

SCHEMA_VERSION = 1
Cell: TypeAlias = str | int | bool | date | Sequence[str] | None
Row: TypeAlias = Mapping[str, Cell]

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_BAR_WIDTH = 24
_PLAIN_WIDTH = 160


def stdout() -> Console:
    """Return the console for data: as wide as the terminal, and wide enough to keep rows whole in a pipe."""
    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", _PLAIN_WIDTH))
    return Console(width=width, highlight=False, soft_wrap=False)


def stderr() -> Console:
    """Return the console for notes, warnings and progress."""
    return Console(stderr=True, highlight=False)


def mask(text: str | None, show: bool = False) -> str:
    """Return a name or member id with all but its first character hidden, unless ``show``; None gives ""."""
    if not text:
        return ""
    return text if show else text[0] + "•" * min(len(text) - 1, 6)


def to_json(document: Any) -> str:
    """Encode a document: dates ISO 8601, structs as objects; one line."""
    return msgspec.json.encode(document).decode()


@contextmanager
def output(path: Path | None) -> Iterator[IO[str]]:
    """Open ``--output FILE``, or give stdout when there is none."""
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        yield stream


def write_json(document: Any, path: Path | None = None) -> None:
    """Write one JSON document and a line end to ``path`` or stdout."""
    with output(path) as stream:
        stream.write(to_json(document) + "\n")


def write_rows(
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    form: str,
    path: Path | None,
    narrow: Sequence[str] = (),
    footer: Sequence[str] = (),
) -> None:
    """Write rows as ``table``, ``csv`` or ``json`` (a list) to ``path`` or stdout.

    Args:
        rows: mappings that hold at least ``columns``; amounts are already decimal text.
        columns: which of them, in order; the keys of the JSON objects are all keys of the rows.
        form: ``table``, ``csv`` or ``json``.
        path: where to, None for stdout.
        narrow: the columns of a table where the terminal is too narrow for ``columns``.
        footer: lines under a table: totals, what to do next.
    """
    if form == "json":
        write_json(list(rows), path)
    elif form == "csv":
        with output(path) as stream:
            _write_csv(rows, columns, stream)
    else:
        with output(path) as stream:
            width = stdout().width if path is None and sys.stdout.isatty() else None
            _print_table(list(rows), columns, narrow, footer, stream, width)


def _print_table(
    rows: Sequence[Row],
    columns: Sequence[str],
    narrow: Sequence[str],
    footer: Sequence[str],
    stream: IO[str],
    width: int | None,
) -> None:
    """Print a table as wide as ``width`` characters; None, which is no terminal, gives one line a row."""
    table = lay_out(rows, columns, narrow, width)
    wide = max(width or 0, table.width or 0)
    console = stdout() if stream is sys.stdout else Console(file=stream, highlight=False)
    console.print(table, width=wide, crop=False, no_wrap=True)
    if footer:
        console.print()
    for text in footer:
        console.print(text, markup=False, soft_wrap=True)


def _write_csv(rows: Iterable[Row], columns: Sequence[str], stream: IO[str]) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_safe_for_spreadsheets(_text(row.get(column))) for column in columns])


def _safe_for_spreadsheets(text: str) -> str:
    """Keep a spreadsheet from running a cell as a formula; plain negative numbers stay numbers."""
    if text[:1] in "=+@\t\r" and text[:1]:
        return "'" + text
    if text[:1] == "-" and not text[1:].replace(".", "", 1).isdigit():
        return "'" + text
    return text


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str | int | date):
        return str(cell)
    return " ".join(cell)


def lay_out(
    rows: Sequence[Row], columns: Sequence[str], narrow: Sequence[str] = (), width: int | None = None
) -> Table:
    """Return the table of rows, sized to content and to a terminal.

    Control numbers, codes, dates, amounts and the like stand whole. Words and keys (``next_action`` ...) are folded at
    blanks and underscores, never inside a word.

    Args:
        rows: what to show.
        columns: all columns, in order.
        narrow: the columns to fall back on where those do not fit.
        width: characters of the terminal; None is no terminal: nothing is folded.
    """
    fitting = _widths(rows, columns, width)
    if width is not None and _taken(fitting) > width and narrow:
        columns, fitting = narrow, _widths(rows, narrow, width)
        if _taken(fitting) > width:
            fitting = _widths(rows, narrow, width, longest_word=_CUT)
    table = Table(header_style="bold", box=None, pad_edge=False, width=_taken(fitting))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in _MONEY_COLUMNS else "left"
        room = fitting[column]
        table.add_column(_fold(label(column), room), justify=justify, width=room, no_wrap=True)
    for row in rows:
        cells = (_fold(" ".join(_text(row.get(column)).split()), fitting[column]) for column in columns)
        table.add_row(*[Text(cell) for cell in cells])
    return table


def label(column: str) -> str:
    """Return the heading of a column."""
    return _LABELS.get(column, column.replace("_", " "))


def _widths(
    rows: Sequence[Row], columns: Sequence[str], width: int | None, longest_word: int | None = None
) -> dict[str, int]:
    """Characters of each column: what it needs, the widest of words and keys taken in until all fits.

    No column gets narrower than its longest word, or than ``longest_word`` characters of that.
    """
    needed: dict[str, int] = {}
    least: dict[str, int] = {}
    for column in columns:
        texts = [label(column), *(" ".join(_text(row.get(column)).split()) for row in rows)]
        needed[column] = max(map(len, texts))
        words = texts if column not in _FOLDED else [word for text in texts for word in _words(text)]
        least[column] = max((len(word.rstrip()) for word in words), default=1)
        if longest_word is not None and column in _FOLDED:
            least[column] = min(least[column], longest_word)
    if width is None:
        return needed
    while _taken(needed) > width:
        column = max(needed, key=lambda one: (needed[one] - least[one], needed[one]))
        if needed[column] <= least[column]:
            break
        needed[column] -= 1
    return needed


def _taken(widths: Mapping[str, int]) -> int:
    """Characters that columns take with the two blanks between them."""
    return sum(widths.values()) + _GAP * max(len(widths) - 1, 0)


def _words(text: str) -> list[str]:
    """What may stand on a line of its own: words with the blank or underscore behind them."""
    return re.findall(r"[^ _]*[ _]+|[^ _]+", text)


def _fold(text: str, width: int) -> str:
    """Break a text at blanks and underscores into lines of at most ``width``; a longer word ends in an ellipsis."""
    lines = [""]
    for whole in _words(text):
        word = whole if len(whole.rstrip()) <= width else whole[: width - 1] + "…"
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.rstrip() for line in lines)


_GAP = 2
_CUT = 8
_LABELS = {
    "patient_control_number": "control number",
    "procedure_code": "code",
    "date_of_service": "service",
    "date_from": "service",
    "payer_name": "payer",
    "practice_id": "practice",
    "share_percent": "share %",
    "due_date": "due",
    "open_count": "open",
    "preventable_amount": "preventable",
}
_FOLDED = frozenset(
    {
        "payer_name",
        "remarks",
        "category",
        "next_action",
        "guardrails",
        "detail",
        "file",
        "candidates",
        "group",
        "note",
        "source",
    }
)
"""Columns of words, which may take several lines on a terminal."""
_MONEY_COLUMNS = frozenset(
    {
        "amount",
        "charge",
        "paid",
        "contractual",
        "patient",
        "denied",
        "pended",
        "open",
        "expected",
        "count",
        "units",
        "open_count",
        "open_amount",
        "preventable_amount",
        "share_percent",
        "waiting",
        "rows",
    }
)


def place(finding: Finding) -> str:
    """Return where a finding is, in one short phrase: file, row and column, or segment and element."""
    where = finding.location
    parts = [
        where.file or "",
        f"row {where.row}" if where.row is not None else "",
        f"transaction {where.transaction}" if where.transaction else "",
        f"segment {where.segment}" if where.segment is not None else "",
        where.element or "",
        f"claim {where.claim}" if where.claim else "",
        f"line {where.line}" if where.line else "",
        f"session {where.session}" if where.session else "",
        where.field or "",
    ]
    return ", ".join(part for part in parts if part)


def print_findings(findings: Sequence[Finding], console: Console, *, limit: int | None = None) -> None:
    """Print findings, worst first and in the order of the files, each with place, message and fix.

    What is said of several rows of one visit in the same words is printed once. More than ``limit`` are counted, not
    shown.
    """
    groups = _repeated(sorted(findings, key=_rank))
    shown = groups if limit is None else groups[:limit]
    for finding, *others in shown:
        style = _STYLE[finding.severity]
        console.print(f"{finding.severity.value:<7} {finding.code}", style=style, end="  ", markup=False)
        said = [part for part in (place(finding), finding.message) if part]
        more = _more_rows([one.location.row for one in others if one.location.row is not None])
        console.print(": ".join(said) + more, markup=False, soft_wrap=True)
        if finding.fix:
            console.print(f"        fix: {finding.fix}", style="dim", markup=False, soft_wrap=True)
    if len(groups) > len(shown):
        rest = sum(len(group) for group in groups[len(shown) :])
        console.print(f"… and {rest} more; --json lists all", style="dim")


def _rank(finding: Finding) -> tuple[int, str, bool, int]:
    """Errors first, then by file and row; what is said of no row comes last."""
    where = finding.location
    return (list(Severity).index(finding.severity), where.file or "", where.row is None, where.row or 0)


def _repeated(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that say the same of rows of one visit together, each lot where its first one stands."""
    groups: dict[object, list[Finding]] = {}
    for place_in_order, finding in enumerate(findings):
        where = finding.location
        key: object = place_in_order
        if where.visit is not None:
            key = (finding.code, finding.severity, finding.message, where.file, where.field, where.visit)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())


def _more_rows(rows: Sequence[int]) -> str:
    if not rows:
        return ""
    word = "row" if len(rows) == 1 else "rows"
    return f" (and {len(rows)} more {word}: {', '.join(str(row) for row in rows)})"


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the contract shows it: flat, without empty places."""
    where = {key: value for key, value in msgspec.to_builtins(finding.location).items() if value is not None}
    more = {"fix": finding.fix, "why": finding.why, "carc": finding.carc}
    known = {"code": finding.code, "severity": finding.severity.value, "message": finding.message}
    return {**known, **where, **{key: value for key, value in more.items() if value}}


def money(cents: int | None) -> str | None:
    """Return cents as the contract's decimal string, None as None."""
    return None if cents is None else decimal_text(cents)


def bar(value: int, largest: int, width: int = _BAR_WIDTH) -> str:
    """Return a bar whose length is ``value`` in proportion to ``largest``; never empty for a positive value."""
    if value <= 0 or largest <= 0:
        return ""
    eighths = max(1, value * width * 8 // largest)
    return "█" * (eighths // 8) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]


@contextmanager
def progress(label: str, total: int | None, *, quiet: bool = False) -> Iterator[Any]:
    """Show a progress bar on stderr while the block runs, only on a terminal; yields a function ``advance(n)``."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=stderr(),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )
    with bars:
        task = bars.add_task(label, total=total)
        yield lambda count=1: bars.advance(task, count)
