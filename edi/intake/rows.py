"""Rows of text to rows of values: required columns, unknown columns, one Finding per cell that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import msgspec

from edi.intake.cells import NORMALISED, Cell, CellReader
from edi.intake.table import COLUMN_TWICE, NO_HEADING, NOT_A_TABLE, Heading, Row
from edi.model.finding import Finding, Location, Severity

MISSING_COLUMN: Final = "INP003"
UNKNOWN_COLUMN: Final = "INP004"
NOT_READ: Final = frozenset({NO_HEADING, NOT_A_TABLE, COLUMN_TWICE, MISSING_COLUMN})
"""Codes of errors after which no row of the file is read."""
NORMALISED_FORMS: Final = "INP010"
MISSING_VALUE: Final = "INP020"

_CACHE_SIZE: Final = 20_000
_LONGEST_SHOWN: Final = 20


class Column(NamedTuple):
    """A column: its name, how a cell is read, whether its values are PHI, whether they repeat (and are kept)."""

    name: str
    read: CellReader
    phi: bool = False
    repeats: bool = True


class Spec(NamedTuple):
    """A table: its columns, and groups of columns of which one must be there and filled in every row."""

    columns: tuple[Column, ...]
    required: tuple[tuple[str, ...], ...]


class RowRejected(msgspec.Struct, frozen=True, gc=False):
    """A row that yielded no value, because of the error findings before it. ``row`` is its number in the file.

    ``practice_id`` and ``visit_id`` are the row's own text where it has them: the rest of that visit must wait.
    """

    row: int
    file: str = ""
    practice_id: str = ""
    visit_id: str = ""


class TableSummary(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The end of one file: rows read, accepted and rejected. ``rows`` is the sum of the other two."""

    file: str = ""
    rows: int = 0
    accepted: int = 0
    rejected: int = 0


class RowParser:
    """Reads the rows of one file; holds what is said once per file, and a bounded memory of cells seen before.

    Args:
        spec: the table.
        file: its name, for findings.
        session_key: name of the column whose value goes into ``Location.session``.
        only_practice: what a blank practice_id stands for, or "".
    """

    def __init__(
        self, spec: Spec, file: str | None, *, session_key: str = "", only_practice: str = ""
    ) -> None:
        self._only = only_practice
        self._spec = spec
        self._file = file
        self._session_key = session_key
        self._known = frozenset(column.name for column in spec.columns)
        self._columns = spec.columns
        self._unknown: set[str] = set()
        self._cells: dict[str, dict[str, Cell]] = {column.name: {} for column in spec.columns}
        self._notes: dict[tuple[str, str], tuple[int, int]] = {}
        self.accepted = 0
        self.rejected = 0

    def heading(self, heading: Heading) -> list[Finding]:
        """Check the columns of a CSV: one error for all that are missing, a warning for each unknown one."""
        self._columns = tuple(column for column in self._spec.columns if column.name in heading.columns)
        findings = list(self._unknown_columns(heading.columns))
        if len(findings) > len(heading.columns) // 2:
            findings = [self._no_names(len(findings))]
        absent = [
            " or ".join(group)
            for group in self._spec.required
            if not any(name in heading.columns for name in group)
        ]
        if absent:
            findings.append(
                Finding(
                    code=MISSING_COLUMN,
                    severity=Severity.ERROR,
                    message=f"required columns are absent: {', '.join(absent)}",
                    location=Location(file=self._file, row=1, field=absent[0]),
                    fix="Export them, or map your own headings in [practice.columns].",
                )
            )
        return findings

    def _no_names(self, count: int) -> Finding:
        """The warning for a first row that is a row of values, which may be PHI, rather than of names."""
        return Finding(
            code=UNKNOWN_COLUMN,
            severity=Severity.WARNING,
            message=f"{count} cells of the first row are no column that is known; is it a heading?",
            location=Location(file=self._file, row=1),
            fix="Begin the file with a row of column names, or map yours in [practice.columns].",
        )

    def row(self, row: Row, *, lenient: bool = False) -> tuple[dict[str, Any], list[Finding]]:
        """Read one row.

        Args:
            row: cells by column name.
            lenient: required values may be blank.

        Returns:
            The values of cells that are not blank, and the errors; with an error the values are incomplete.
        """
        if row.problem is not None:
            return {}, [row.problem]
        findings = list(self._unknown_columns(row.cells)) if not self._known.issuperset(row.cells) else []
        cells, values = row.cells, {}
        for column in self._columns:
            name = column.name
            raw = cells.get(name)
            if not raw:
                continue
            cell = self._cell(column, raw)
            if cell.problem is not None:
                findings.append(self._bad_cell(column, raw, cell, row))
                continue
            if cell.note:
                self._note(name, cell.note, row)
            values[name] = cell.value
        if not lenient:
            for group in self._spec.required:
                for name in group:
                    if cells.get(name):
                        break
                else:
                    findings.append(self.missing(row, " or ".join(group)))
        return values, findings

    def reread(self, name: str, read: CellReader, raw: str, row: Row) -> Any:
        """Read a value further when it depends on another column; the value, or the Finding. Never shows it."""
        cell = read(raw)
        if cell.problem is not None:
            return self.error(
                row, cell.problem.code, name, f"{name}: {cell.problem.message}", cell.problem.fix
            )
        self._note(name, cell.note, row)
        return cell.value

    def missing(self, row: Row, name: str, fix: str = "") -> Finding:
        """The error for a required value that is blank."""
        return self.error(
            row, MISSING_VALUE, name, f"{name} is required and blank", fix or f"Fill in {name}."
        )

    def error(self, row: Row, code: str, name: str, message: str, fix: str) -> Finding:
        """An error at a column of the row."""
        return Finding(
            code=code,
            severity=Severity.ERROR,
            message=message,
            location=Location(
                file=self._file,
                row=row.number,
                field=name,
                session=row.cells.get(self._session_key) or None,
            ),
            fix=fix,
        )

    def rejected_row(self, row: Row) -> RowRejected:
        """Count a row that yields nothing, and say which."""
        self.rejected += 1
        practice = row.cells.get("practice_id") or self._only
        return RowRejected(row.number, self._file or "", practice, row.cells.get("visit_id", ""))

    def end(self) -> Iterator[Finding | TableSummary]:
        """What is said once per file: the normalisations, then the counts."""
        for (name, note), (count, first) in sorted(self._notes.items()):
            yield Finding(
                code=NORMALISED_FORMS,
                severity=Severity.INFO,
                message=f"{name}: {NORMALISED[note]} ({count} rows)",
                location=Location(file=self._file, row=first, field=name),
            )
        yield TableSummary(
            file=self._file or "",
            rows=self.accepted + self.rejected,
            accepted=self.accepted,
            rejected=self.rejected,
        )

    def _note(self, name: str, note: str, row: Row) -> None:
        if note:
            count, first = self._notes.get((name, note), (0, row.number))
            self._notes[name, note] = (count + 1, first)

    def _cell(self, column: Column, raw: str) -> Cell:
        if not column.repeats:
            return column.read(raw)
        seen = self._cells[column.name]
        cell = seen.get(raw)
        if cell is None:
            if len(seen) >= _CACHE_SIZE:
                seen.clear()
            cell = seen[raw] = column.read(raw)
        return cell

    def _bad_cell(self, column: Column, raw: str, cell: Cell, row: Row) -> Finding:
        assert cell.problem is not None  # noqa: S101 - the caller has looked
        shown = "" if column.phi or not _harmless(raw) else f" {raw!r}"
        problem = cell.problem
        return self.error(
            row, problem.code, column.name, f"{column.name}{shown}: {problem.message}", problem.fix
        )

    def _unknown_columns(self, names: Mapping[str, str] | tuple[str, ...]) -> Iterator[Finding]:
        for name in names:
            if name in self._known or name in self._unknown or not name:
                continue
            self._unknown.add(name)
            near = get_close_matches(name, self._known, n=1)
            yield Finding(
                code=UNKNOWN_COLUMN,
                severity=Severity.WARNING,
                message=f"column {name} is not known and was not read",
                location=Location(file=self._file, row=1, field=name),
                fix=f"Did you mean {near[0]}?" if near else "Remove it, or map it in [practice.columns].",
            )


def _harmless(raw: str) -> bool:
    """Whether a wrong value may be shown: short and with a digit, so that no name slipped into the wrong column."""
    return len(raw) <= _LONGEST_SHOWN and (len(raw) <= 4 or any(character.isdigit() for character in raw))
