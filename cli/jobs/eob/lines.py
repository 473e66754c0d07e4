"""A readable remittance as JSON Lines, a part a line, written while it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cli.jobs.eob.content import LINE_COLUMNS, Part, PartClaim, PartEnd, PartHead
from cli.render import SCHEMA_VERSION, to_json


def json_lines(parts: Iterable[Part]) -> Iterator[str]:
    """Yield one document a part; docs/contract.md describes them.

    Args:
        parts: as they come.
    """
    for part in parts:
        yield to_json({"schema_version": SCHEMA_VERSION, **_members(part)})


def _members(part: Part) -> dict[str, Any]:
    """What a part says, by name."""
    if isinstance(part, PartHead):
        return {"part": "head", "title": part.title, "facts": dict(part.facts)}
    if isinstance(part, PartClaim):
        return {
            "part": "claim",
            "title": part.title,
            "facts": dict(part.facts),
            "lines": [_row(cells) for cells in part.lines],
            "total": _row(part.total),
            "meanings": dict(part.meanings),
        }
    if isinstance(part, PartEnd):
        names = ("reason", "meaning", "reference", "amount")
        adjustments = [dict(zip(names, one, strict=True)) for one in part.adjustments]
        return {"part": "end", "adjustments": adjustments, "facts": dict(part.facts)}
    return {"part": "note", "text": part.text}


def _row(cells: Iterable[str]) -> dict[str, str]:
    """The cells of a row by the names of their columns."""
    return dict(zip(LINE_COLUMNS, cells, strict=True))
