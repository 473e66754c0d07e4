"""A table on a terminal or in a file: as wide as it needs, folded at blanks where the terminal is narrow."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.render.columns import NUMBERS, Kind, label
from cli.render.console import Row, stdout
from cli.render.csv_text import text_of

_NOTHING: Final[Mapping[str, Any]] = {}
_RIGHT: Final = ("cents", "count", "percent", "days")
_GAP = 2
_CUT = 8
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


def print_table(
    rows: Sequence[Row],
    columns: Sequence[str],
    narrow: Sequence[str],
    footer: Sequence[str],
    stream: IO[str],
    width: int | None,
    titles: Mapping[str, str],
    kinds: Mapping[str, Kind],
) -> None:
    """Print a table as wide as ``width`` characters; None, which is no terminal, gives one line a row."""
    table = lay_out(rows, columns, narrow, width, titles, kinds)
    wide = max(width or 0, table.width or 0)
    console = stdout() if stream is sys.stdout else Console(file=stream, highlight=False)
    console.print(table, width=wide, crop=False, no_wrap=True)
    if footer:
        console.print()
    for text in footer:
        console.print(text, markup=False, soft_wrap=True)


def lay_out(
    rows: Sequence[Row],
    columns: Sequence[str],
    narrow: Sequence[str] = (),
    width: int | None = None,
    titles: Mapping[str, str] = _NOTHING,
    kinds: Mapping[str, Kind] = _NOTHING,
) -> Table:
    """Return the table of rows, sized to content and to a terminal.

    Control numbers, codes, dates, amounts and the like stand whole. Words and keys (``next_action`` ...) are folded at
    blanks and underscores, never inside a word.

    Args:
        rows: what to show.
        columns: all columns, in order.
        narrow: the columns to fall back on where those do not fit.
        width: characters of the terminal; None is no terminal: nothing is folded.
        titles: headings that are not the columns' own.
        kinds: columns that hold numbers, whatever their name.
    """
    headings = {column: titles.get(column) or label(column) for column in (*columns, *narrow)}
    fitting = _widths(rows, columns, headings, width)
    if width is not None and _taken(fitting) > width and narrow:
        columns, fitting = narrow, _widths(rows, narrow, headings, width)
        if _taken(fitting) > width:
            fitting = _widths(rows, narrow, headings, width, longest_word=_CUT)
    table = Table(header_style="bold", box=None, pad_edge=False, width=_taken(fitting))
    for column in columns:
        justify: Literal["left", "right"] = (
            "right" if column in NUMBERS or kinds.get(column) in _RIGHT else "left"
        )
        room = fitting[column]
        table.add_column(_fold(headings[column], room), justify=justify, width=room, no_wrap=True)
    for row in rows:
        cells = (_fold(" ".join(text_of(row.get(column)).split()), fitting[column]) for column in columns)
        table.add_row(*[Text(cell) for cell in cells])
    return table


def _widths(
    rows: Sequence[Row],
    columns: Sequence[str],
    headings: Mapping[str, str],
    width: int | None,
    longest_word: int | None = None,
) -> dict[str, int]:
    """Characters of each column: what it needs, the widest of words and keys taken in until all fits.

    No column gets narrower than its longest word, or than ``longest_word`` characters of that.
    """
    needed: dict[str, int] = {}
    least: dict[str, int] = {}
    for column in columns:
        texts = [headings[column], *(" ".join(text_of(row.get(column)).split()) for row in rows)]
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
