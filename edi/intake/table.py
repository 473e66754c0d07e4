"""An exported table as rows of text: CSV or JSON Lines, whatever the separator and encoding. Streams.

CSV with comma, semicolon or tab (seen from the heading), UTF-8 with or without BOM, else Windows-1252; or JSON Lines
with the same names. A line that begins with ``#`` is a comment. Source: design/input.md.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from edi.model.finding import Finding, Location, Severity

NO_HEADING: Final = "INP001"
NOT_A_TABLE: Final = "INP002"
COLUMN_TWICE: Final = "INP005"
TOO_MANY_CELLS: Final = "INP006"
TOO_FEW_CELLS: Final = "INP007"
UNREADABLE: Final = "INP008"
BAD_BYTES: Final = "INP009"
WINDOWS_1252: Final = "INP011"
COMMENTS: Final = "INP012"
OTHER_SEPARATOR: Final = "INP013"

_BINARY: Final = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a spreadsheet workbook or another zip file",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet workbook",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"ISA": "an X12 file",
}
_FIX_BINARY: Final = "Save it as CSV UTF-8."
_LONGEST_LINE: Final = 1 << 20
_SHOWN: Final = 20


class Row(NamedTuple):
    """One row of the table: its number (the heading is row 1) and its cells by column name, blanks stripped.

    ``problem`` is set instead of cells when the row could not be read.
    """

    number: int
    cells: Mapping[str, str]
    problem: Finding | None = None


class Heading(NamedTuple):
    """The columns of a CSV, in order; yielded once, before the rows. JSON Lines have none."""

    columns: tuple[str, ...]


def read_table(
    chunks: Iterable[bytes], *, file: str | None = None, columns: Mapping[str, str] | None = None
) -> Iterator[Heading | Row | Finding]:
    """Read a table.

    Args:
        chunks: the bytes of the file, in pieces of any size.
        file: name of the file for findings.
        columns: a practice's own headings and the names they stand for.

    Yields:
        A Heading (CSV), then Rows, and Findings: not a table, another separator or a column twice (errors after which
        nothing follows); at the end, once per file, cells missing at the end of rows (warning), another encoding than
        UTF-8 (info). A row that could not be read is a Row with its problem.
    """
    lines = _Lines(chunks)
    first = next(lines, None)
    while first is not None and not first.strip():
        first = next(lines, None)
    problem = _not_a_table(first, lines.head, file)
    if problem is not None or first is None:
        yield problem or _file_problem(
            NO_HEADING, "the file is empty", "Export it again, with its heading.", file
        )
        return
    renamed = {_name(theirs): _name(ours) for theirs, ours in (columns or {}).items()}
    reader = _json_rows if first.lstrip().startswith("{") else _csv_rows
    for item in reader(first, lines, renamed):
        yield _named(item, file)
    if lines.windows:
        yield Finding(
            code=WINDOWS_1252,
            severity=Severity.INFO,
            message="the file is not UTF-8 and was read as Windows-1252",
            location=Location(file=file),
            fix="Export as UTF-8 to be sure of accented letters.",
        )
    if lines.comments:
        yield Finding(
            code=COMMENTS,
            severity=Severity.INFO,
            message=f"{lines.comments} lines begin with # and were skipped as comments",
            location=Location(file=file),
        )


def rows_of(
    records: Iterable[Mapping[str, object]], columns: Mapping[str, str] | None = None
) -> Iterator[Row | Finding]:
    """The same rows from dicts that are already in memory; numbers start at 1. See `read_table`."""
    renamed = {_name(theirs): _name(ours) for theirs, ours in (columns or {}).items()}
    for number, record in enumerate(records, 1):
        yield _json_row(number, record, renamed)


class _Lines(Iterator[str]):
    """Lines of text out of chunks of bytes. After the first line that is not UTF-8 all are Windows-1252.

    A line that is neither holds U+FFFD. ``head`` is the beginning of the file, ``number`` the current text line,
    ``comments`` the lines skipped so far.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._pending: list[bytes] = []
        self._rest = b""
        self.head = b""
        self.windows = False
        self.number = 0
        self.comments = 0

    def __next__(self) -> str:
        while not self._pending:
            chunk = next(self._chunks, None)
            self._rest += chunk or b""
            if not self.head and (chunk is None or len(self._rest) >= 4):
                self.head = self._rest[:16]
                self._rest = self._rest.removeprefix(b"\xef\xbb\xbf")
            if chunk is None:
                if not self._rest:
                    raise StopIteration
                self._pending, self._rest = self._rest.splitlines(keepends=True)[::-1], b""
            elif self.head:
                self._split()
        self.number += 1
        return self._decode(self._pending.pop())

    def _split(self) -> None:
        """Move whole lines out of the rest; a CR at its end waits, for its LF may be in the next chunk."""
        parts = self._rest.splitlines(keepends=True)
        last_is_whole = not parts or parts[-1].endswith(b"\n") or len(parts[-1]) > _LONGEST_LINE
        self._rest = b"" if last_is_whole else parts.pop()
        self._pending = parts[::-1]

    def _decode(self, line: bytes) -> str:
        if not self.windows:
            try:
                return line.decode("utf-8")
            except UnicodeDecodeError:
                self.windows = True
        return line.decode("cp1252", errors="replace")


def _csv_rows(first: str, lines: _Lines, renamed: Mapping[str, str]) -> Iterator[Heading | Row | Finding]:
    while first.startswith("#"):
        lines.comments += 1
        first = next(lines, "")
    delimiter = max(",;\t", key=first.count)

    def text_lines() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(text_lines(), delimiter=delimiter, strict=True)
    try:
        heading = next(reader)
    except (csv.Error, StopIteration):
        yield _file_problem(NO_HEADING, "the heading cannot be read", "Write one row of column names.", None)
        return
    if len(heading) == 1 and heading[0].count("|") > 1:
        fix = "Export with comma, semicolon or tab between the columns."
        message = "the columns are separated by |, which is not read"
        yield _file_problem(OTHER_SEPARATOR, message, fix, None)
        return
    names = [renamed.get(_name(cell), _name(cell)) for cell in heading]
    while names and not names[-1]:
        names.pop()
    counts = Counter(names)
    twice = [place for place, name in enumerate(names, 1) if counts[name] > 1]
    if twice:
        # Not by name: in a file without a heading these are values.
        fix = "Name each column once; look at [practice.columns] too."
        shown = ", ".join(map(str, twice[:_SHOWN]))
        more = f" and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""
        message = f"the heading has a column twice: columns {shown}{more}"
        yield _file_problem(COLUMN_TWICE, message, fix, None)
        return
    yield Heading(tuple(names))
    yield from _csv_body(reader, lines, names)


def _csv_body(reader: Any, lines: _Lines, names: list[str]) -> Iterator[Row | Finding]:
    number, width = 1, len(names)
    short = first_short = 0
    while True:
        number += 1
        before = lines.number
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            swallowed = f" (text lines {before + 1} to {lines.number})" if lines.number > before + 1 else ""
            yield _bad_row(
                number,
                UNREADABLE,
                f"the row cannot be read: a quote is open or misplaced{swallowed}",
                "Mend the quotes.",
            )
            continue
        if not any(cells):
            continue
        if cells[0].startswith("#"):
            lines.comments += 1
            continue
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            fix = "Put quotes around a value that holds the separator."
            yield _bad_row(number, TOO_MANY_CELLS, f"{len(cells)} cells under {width} columns", fix)
            continue
        found = dict(zip(names, [cell.strip() for cell in cells], strict=False))
        if lines.windows and any("\ufffd" in cell for cell in cells):
            yield _bad_row(
                number, BAD_BYTES, "bytes that are neither UTF-8 nor Windows-1252", "Export as UTF-8."
            )
            continue
        if len(cells) < width:
            short += 1
            first_short = first_short or number
        yield Row(number, found)
    if short:
        many = f"{short} rows have" if short > 1 else "a row has"
        yield Finding(
            code=TOO_FEW_CELLS,
            severity=Severity.WARNING,
            message=f"{many} fewer cells than the {width} columns; the rest was read as blank",
            location=Location(row=first_short),
            fix="See whether the file was cut off, or a column is missing in the rows.",
        )


def _json_rows(first: str, lines: _Lines, renamed: Mapping[str, str]) -> Iterator[Row | Finding]:
    number = 0
    line: str | None = first
    while line is not None:
        number += 1
        if line.startswith("#"):
            lines.comments += 1
        elif line.strip():
            yield _json_line(number, line, renamed)
        line = next(lines, None)


def _json_line(number: int, line: str, renamed: Mapping[str, str]) -> Row:
    if "\ufffd" in line:
        return _bad_row(
            number, BAD_BYTES, "bytes that are neither UTF-8 nor Windows-1252", "Export as UTF-8."
        )
    try:
        # Numbers stay text: an NPI must not turn into a float on the way.
        record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return _bad_row(number, UNREADABLE, "the line is not JSON", "Write one JSON object a line.")
    if not isinstance(record, dict):
        return _bad_row(number, UNREADABLE, "the line is not a JSON object", "Write one JSON object a line.")
    return _json_row(number, record, renamed)


def _json_row(number: int, record: Mapping[str, object], renamed: Mapping[str, str]) -> Row:
    cells: dict[str, str] = {}
    for key, value in record.items():
        name = renamed.get(_name(key), _name(key))
        text = _json_text(value)
        if text is None:
            return _bad_row(number, UNREADABLE, "a value is an object, not text", "Write text.", name)
        if name in cells:
            return _bad_row(number, COLUMN_TWICE, "the row has a column twice", "Name it once.", name)
        cells[name] = text
    return Row(number, cells)


def _json_text(value: object) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, list | tuple):
        parts = [_json_text(each) for each in value]
        return None if None in parts else ",".join(part for part in parts if part)
    return None if isinstance(value, Mapping) else str(value).strip()


def _name(heading: str) -> str:
    """A column name as it is compared: lower case, underscores."""
    return "_".join(heading.strip().lower().replace("-", " ").split())


def _not_a_table(first: str | None, head: bytes, file: str | None) -> Finding | None:
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            return _file_problem(NOT_A_TABLE, f"the file is {what}, not a table of text", _FIX_BINARY, file)
    if first is not None and "\0" in first:
        return _file_problem(
            NOT_A_TABLE, "the file holds zero bytes and is not a table of text", _FIX_BINARY, file
        )
    return None


def _file_problem(code: str, message: str, fix: str, file: str | None, field: str | None = None) -> Finding:
    return Finding(
        code=code,
        severity=Severity.ERROR,
        message=message,
        location=Location(file=file, row=1 if field else None, field=field),
        fix=fix,
    )


def _bad_row(number: int, code: str, message: str, fix: str, field: str | None = None) -> Row:
    return Row(
        number,
        {},
        Finding(
            code=code,
            severity=Severity.ERROR,
            message=message,
            location=Location(row=number, field=field),
            fix=fix,
        ),
    )


def _named(item: Heading | Row | Finding, file: str | None) -> Heading | Row | Finding:
    """Put the file's name into a finding."""
    if file is None or isinstance(item, Heading):
        return item
    if isinstance(item, Row):
        return item if item.problem is None else item._replace(problem=_in_file(item.problem, file))
    return _in_file(item, file)


def _in_file(finding: Finding, file: str) -> Finding:
    place = finding.location
    return Finding(
        code=finding.code,
        severity=finding.severity,
        message=finding.message,
        location=Location(file=file, row=place.row, field=place.field),
        fix=finding.fix,
    )
