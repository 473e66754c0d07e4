"""A readable remittance as plain text, a line at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Final

from cli.jobs.eob.content import AMOUNTS, LINE_COLUMNS, Fact, Part, PartClaim, PartEnd, PartHead, PartNote

_WIDTHS: Final = (10, 18, 5, 11, 11, 11, 11, 0)
_ACROSS: Final = 100


def text_lines(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the lines of a remittance.

    Args:
        parts: as they come.
    """
    for part in parts:
        if isinstance(part, PartHead):
            yield part.title
            yield "=" * len(part.title)
            yield from _facts(part.facts)
        elif isinstance(part, PartClaim):
            yield from _claim(part)
        elif isinstance(part, PartEnd):
            yield from _end(part)
        else:
            yield from _note(part)


def _claim(part: PartClaim) -> Iterator[str]:
    yield ""
    yield part.title
    yield "-" * len(part.title)
    yield from _facts(part.facts)
    yield "  " + _row(LINE_COLUMNS)
    for line in (*part.lines, part.total):
        yield "  " + _row(line)
    if part.meanings:
        yield "  What the codes mean:"
    for code, words in part.meanings:
        yield from _hanging(f"    {code:<8} ", words)


def _end(part: PartEnd) -> Iterator[str]:
    yield ""
    if part.adjustments:
        yield "Taken from or added to the payment beside the claims"
    for reason, words, reference, amount in part.adjustments:
        about = f", reference {reference}" if reference else ""
        yield f"  {amount:>12}  {reason}: {words}{about}"
    yield "  ".join(f"{label}: {value}" for label, value in part.facts)
    yield ""


def _note(part: PartNote) -> Iterator[str]:
    yield from _hanging("  Note: ", part.text)


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    wide = max((len(label) for label, _ in facts), default=0)
    for label, value in facts:
        yield from _hanging(f"  {label:<{wide}}  ", value)


def _row(cells: Sequence[str]) -> str:
    made = [
        f"{cell:>{width}}" if name in AMOUNTS else f"{cell:<{width}}"
        for name, cell, width in zip(LINE_COLUMNS, cells, _WIDTHS, strict=True)
    ]
    return "  ".join(made).rstrip()


def _hanging(lead: str, words: str) -> Iterator[str]:
    """Words behind a lead, further lines below the first one."""
    if len(lead) + len(words) <= _ACROSS:
        yield lead + words
        return
    for place, line in enumerate(wrap(words, max(_ACROSS - len(lead), 20)) or [""]):
        yield (lead if place == 0 else " " * len(lead)) + line
