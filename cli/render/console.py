"""What every answer is written with: the consoles, JSON, masks, money, bars."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any, TypeAlias

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.private import output_file
from cli.trail import trail
from edi.model.money import decimal_text

SCHEMA_VERSION = 1
Cell: TypeAlias = str | int | bool | date | Sequence[str] | None
Row: TypeAlias = Mapping[str, Cell]

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
    """Return a name or member id with all but its first character hidden, unless ``show``; None gives "".

    Of one character nothing is shown: it would be the whole.
    """
    if not text or show:
        return text or ""
    return "•" if len(text) == 1 else text[0] + "•" * min(len(text) - 1, 6)


def to_json(document: Any) -> str:
    """Encode a document: dates ISO 8601, structs as objects; one line."""
    return msgspec.json.encode(document).decode()


@contextmanager
def output(path: Path | None) -> Iterator[IO[str]]:
    """Open ``--output FILE``, or give stdout when there is none."""
    if path is None:
        yield sys.stdout
        return
    with output_file(path) as sink:
        stream = io.TextIOWrapper(sink, encoding="utf-8", newline="")
        try:
            yield stream
        finally:
            stream.detach()  # flushes, and leaves closing to who opened it


@contextmanager
def console_on(path: Path | None) -> Iterator[Console]:
    """Give the console for data: that of ``--output FILE``, or stdout's when there is none."""
    if path is None:
        yield stdout()
        return
    with output(path) as stream:
        yield Console(file=stream, highlight=False, width=_PLAIN_WIDTH)


def write_json(document: Any, path: Path | None = None) -> None:
    """Write one JSON document and a line end to ``path`` or stdout."""
    trail().document(document)
    with output(path) as stream:
        stream.write(to_json(document) + "\n")


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
