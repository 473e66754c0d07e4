"""Cells of an exported table changed in its bytes: what is not changed stays byte for byte.

Separator, quotes, encoding, byte order mark, line ends, columns that nobody knows and their order are all kept, because
nothing is written anew: the new cells are put where the old ones stood. Rows are numbered as `edi.intake.table` does.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from json import JSONDecodeError, JSONDecoder
from typing import Final

import msgspec

from edi.intake.sessions import SESSIONS, SPLIT_MODIFIERS
from edi.intake.table import Heading, Row, read_table

_BOM: Final = b"\xef\xbb\xbf"
_SHOWN: Final = frozenset(column.name for column in SESSIONS.columns if not column.phi)
"""Columns whose cells a diff may show."""
_HIDDEN: Final = "•••"
_SEPARATOR: Final = re.compile(r"[\s,:;/|]+")

Value = tuple[str, ...] | int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """New value of one column (``modifiers`` or ``units``) in the row of a session line."""

    row: int
    line_id: str
    field: str
    value: Value


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """The new bytes, what could not be put into them and why, and the changes as unified diff without its head."""

    data: bytes
    refused: tuple[tuple[Change, str], ...]
    hunks: tuple[str, ...]


class _Cell(msgspec.Struct, frozen=True):
    """Where a cell stands in its record, and the text in it. ``absent``: a JSON key that is not there yet."""

    start: int
    end: int
    raw: str
    absent: bool = False


class _Record(msgspec.Struct):
    """The text lines of one row, as Latin-1 so that a character is a byte; ``line`` is the first one's number."""

    line: int
    text: str
    cells: dict[str, _Cell]
    is_json: bool = False
    delimiter: str = ","
    line_id: str = ""


def edited(
    data: bytes, changes: Sequence[Change], columns: Mapping[str, str], *, show_phi: bool = False
) -> Edited:
    """Change cells of a sessions file.

    Args:
        data: the file's bytes, CSV or JSON Lines.
        changes: what to put where.
        columns: a practice's own headings and the names they stand for.
        show_phi: the diff shows cells of every column; else those that may hold PHI, or are not known, are hidden.
    """
    by_row: dict[int, list[Change]] = {}
    for change in changes:
        by_row.setdefault(change.row, []).append(change)
    lines = data.removeprefix(_BOM).splitlines(keepends=True)
    refused: list[tuple[Change, str]] = []
    hunks: list[str] = []
    records = dict(_records(data, lines, columns, by_row))
    for number in sorted(by_row):
        record = records.get(number)
        if record is None or any(one.line_id != record.line_id for one in by_row[number]):
            refused += [(one, "the row could not be found again in the file") for one in by_row[number]]
            continue
        text, failed = _rewritten(record, by_row[number])
        refused += failed
        if text != record.text:
            hunks.append(_hunk(record, text, data, columns, show_phi=show_phi))
            first, count = record.line - 1, len(record.text.encode("latin-1").splitlines())
            lines[first] = text.encode("latin-1")
            lines[first + 1 : first + count] = [b""] * (count - 1)
    head = _BOM if data.startswith(_BOM) else b""
    return Edited(data=head + b"".join(lines), refused=tuple(refused), hunks=tuple(hunks))


def _records(
    data: bytes, lines: Sequence[bytes], columns: Mapping[str, str], wanted: Collection[int]
) -> Iterator[tuple[int, _Record]]:
    """The wanted rows with the place of each cell; one that the intake reads otherwise is left out."""
    heading: tuple[str, ...] = ()
    rows: dict[int, Mapping[str, str]] = {}
    for item in read_table([data], columns=columns):
        if isinstance(item, Heading):
            heading = item.columns
        elif isinstance(item, Row) and item.problem is None and item.number in wanted:
            rows[item.number] = item.cells
    found = _csv_records(lines, heading) if heading else _json_records(lines, columns)
    for number, record in found:
        known = rows.get(number)
        line_id = record.cells.get("line_id")
        if known is None or line_id is None:
            continue
        record.line_id = known.get("line_id", "")
        if _ascii(line_id.raw) == _ascii(record.line_id):
            yield number, record


def _ascii(text: str) -> str:
    """The part of an identifier that is the same whatever the encoding."""
    return "".join(one for one in text.strip() if one.isascii())


def _csv_records(lines: Sequence[bytes], heading: Sequence[str]) -> Iterator[tuple[int, _Record]]:
    texts = [line.decode("latin-1") for line in lines]
    start = 0
    while start < len(texts) and (not texts[start].strip() or texts[start].startswith("#")):
        start += 1
    delimiter = max(",;\t", key=texts[start].count)
    reader = csv.reader(iter(texts[start:]), delimiter=delimiter, strict=True)
    number, before = 0, 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            before = reader.line_num
            continue
        text = "".join(texts[start + before : start + reader.line_num])
        line, before = start + before + 1, reader.line_num
        spans = _csv_cells(text, delimiter)
        if [one.raw for one in spans] == cells and number > 1:
            named = dict(zip(heading, spans, strict=False))
            yield number, _Record(line, text, named, delimiter=delimiter)


def _csv_cells(text: str, delimiter: str) -> list[_Cell]:
    """The cells of one record, quotes included in their place and not in their text."""
    cell = re.compile(rf'"(?:[^"]|"")*"|[^{re.escape(delimiter)}\r\n]*')
    found: list[_Cell] = []
    place = 0
    while True:
        match = cell.match(text, place)
        assert match is not None  # noqa: S101 - the expression matches nothing, too
        raw = match[0]
        plain = raw[1:-1].replace('""', '"') if raw.startswith('"') else raw
        found.append(_Cell(match.start(), match.end(), plain))
        place = match.end()
        if text[place : place + 1] != delimiter:
            return found
        place += 1


def _json_records(lines: Sequence[bytes], columns: Mapping[str, str]) -> Iterator[tuple[int, _Record]]:
    start = 0
    while start < len(lines) and not lines[start].strip():
        start += 1
    for number, line in enumerate(lines[start:], 1):
        text = line.decode("latin-1")
        if text.lstrip().startswith("{"):
            yield number, _Record(start + number, text, _json_cells(text, columns), is_json=True)


def _json_cells(text: str, columns: Mapping[str, str]) -> dict[str, _Cell]:
    """The values of a JSON object by column name; and where a key would be added that is not there."""
    renamed = {_column(theirs): _column(ours) for theirs, ours in columns.items()}
    decoder, found = JSONDecoder(), {}
    place = text.index("{") + 1
    try:
        while True:
            place = _blank(text, place)
            if text[place] == "}":
                break
            if text[place] == ",":
                place = _blank(text, place + 1)
            key, place = decoder.raw_decode(text, place)
            start = _blank(text, _blank(text, place) + 1)
            _, place = decoder.raw_decode(text, start)
            name = _column(str(key))
            raw = text[start:place]
            plain = json.loads(raw)
            found[renamed.get(name, name)] = _Cell(start, place, plain if isinstance(plain, str) else raw)
    except (JSONDecodeError, IndexError):
        return {}
    end = len(text[:place].rstrip())
    for name in ("modifiers", "units"):
        found.setdefault(name, _Cell(end, end, "", absent=True))
    return found


def _column(heading: str) -> str:
    """A column name as the intake compares it."""
    return "_".join(heading.strip().lower().replace("-", " ").split())


def _blank(text: str, place: int) -> int:
    while text[place] in " \t\r\n":
        place += 1
    return place


def _rewritten(record: _Record, changes: Sequence[Change]) -> tuple[str, list[tuple[Change, str]]]:
    """The record with its new cells, and the changes it has no room for."""
    wanted: list[tuple[_Cell, str]] = []
    refused: list[tuple[Change, str]] = []
    for change in changes:
        cells = record.cells
        split = [cells[name] for name in SPLIT_MODIFIERS if name in cells and not cells[name].absent]
        whole = cells.get(change.field)
        if change.field == "modifiers" and isinstance(change.value, tuple) and split:
            if len(change.value) > len(split):
                refused.append((change, f"the file has {len(split)} columns for modifiers"))
                continue
            padded = [*change.value, *[""] * (len(split) - len(change.value))]
            wanted += [(cell, _cell_text(record, cell, one)) for cell, one in zip(split, padded, strict=True)]
            if whole is None or not whole.raw:
                continue
        if whole is None:
            refused.append((change, f"the row has no cell for {change.field}; add the column"))
            continue
        wanted.append((whole, _new_text(record, change, whole)))
    text = record.text
    for cell, new in sorted(wanted, key=lambda one: -one[0].start):
        text = text[: cell.start] + new + text[cell.end :]
    return text, refused


def _new_text(record: _Record, change: Change, cell: _Cell) -> str:
    """A change as it stands in the file: modifiers separated as they were, a JSON list as a list."""
    old = record.text[cell.start : cell.end]
    if isinstance(change.value, int):
        plain = str(change.value)
        new = plain if record.is_json and not old.startswith('"') else _cell_text(record, cell, plain)
    elif record.is_json and old.startswith("["):
        new = json.dumps(list(change.value))
    else:
        separators = _SEPARATOR.findall(cell.raw.strip())
        glued = len(cell.raw.strip()) > 2 and not separators
        joined = ("" if glued else separators[0] if separators else " ").join(change.value)
        new = _cell_text(record, cell, joined)
    return f', "{change.field}": {new}' if cell.absent else new


def _cell_text(record: _Record, cell: _Cell, plain: str) -> str:
    """A text as a cell, in quotes where the old cell was or the separator asks for them."""
    if record.is_json:
        return json.dumps(plain)
    quoted = record.text[cell.start : cell.start + 1] == '"' or record.delimiter in plain
    return f'"{plain}"' if quoted else plain


def _hunk(record: _Record, text: str, data: bytes, columns: Mapping[str, str], *, show_phi: bool) -> str:
    """One record of the diff, with cells that may hold PHI hidden unless they are asked for."""
    encoding = _encoding(data)
    after = _Record(record.line, text, {}, record.is_json, record.delimiter)
    if record.is_json:
        after.cells = _json_cells(text, columns)
    else:
        after.cells = dict(zip(record.cells, _csv_cells(text, record.delimiter), strict=False))
    old, new = ((one.text if show_phi else _masked(one)) for one in (record, after))
    sides = []
    for mark, side in (("-", old), ("+", new)):
        shown = side.encode("latin-1", errors="replace") if show_phi else None
        said = shown.decode(encoding, errors="replace") if shown is not None else side
        sides += [f"{mark}{line}" for line in said.splitlines()]
    count = len(sides) // 2
    span = str(record.line) if count == 1 else f"{record.line},{count}"
    return "\n".join([f"@@ -{span} +{span} @@", *sides])


def _encoding(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _masked(record: _Record) -> str:
    """The record with every cell hidden whose column may hold PHI or is not known."""
    text = record.text
    for name, cell in sorted(record.cells.items(), key=lambda one: -one[1].start):
        if name not in _SHOWN and cell.raw and not cell.absent:
            hidden = json.dumps(_HIDDEN, ensure_ascii=False) if record.is_json else _HIDDEN
            text = text[: cell.start] + hidden + text[cell.end :]
    return text
