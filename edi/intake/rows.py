"""Rows of text to rows of values: required columns, unknown columns, one Finding per cell that cannot be read."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from edi.codes.shown import is_harmless
from edi.intake.cells import BAD_DATE, DAY_FIRST, FIX_DAY_FIRST, NORMALISED, Cell, CellReader
from edi.intake.table import COLUMN_TWICE, NO_HEADING, NOT_A_TABLE, OTHER_SEPARATOR, Heading, Row
from edi.model.finding import Finding, Location, Severity, cut
from edi.model.session import SessionLine

MISSING_COLUMN: Final = "INP003"
UNKNOWN_COLUMN: Final = "INP004"
NOT_READ: Final = frozenset({NO_HEADING, NOT_A_TABLE, COLUMN_TWICE, OTHER_SEPARATOR, MISSING_COLUMN})
"""Codes of errors after which no row of the file is read."""
NORMALISED_FORMS: Final = "INP010"
MISSING_VALUE: Final = "INP020"

Value = TypeVar("Value")
_CACHE_SIZE: Final = 20_000


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
    ``case_id`` and ``patient_id`` are too. ``line`` is the session line as far as it could be read, if its keys, date
    and code could; ``charge`` its own charge in cents, if that could. ``withdrawn``: the row did yield a value, which
    a later row of the file shows to be in doubt.
    """

    row: int
    file: str = ""
    practice_id: str = ""
    visit_id: str = ""
    case_id: str = ""
    patient_id: str = ""
    line: SessionLine | None = None
    charge: int | None = None
    withdrawn: bool = False


class TableSummary(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The end of one file: rows read, accepted and rejected; ``rows`` is the sum of these two.

    ``repeated`` rows, the same as one read before, are in none of the others.
    """

    file: str = ""
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    repeated: int = 0


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
        self._day_first: dict[str, int] = {}
        self._either: dict[str, array[int]] = {}
        self.unsure: tuple[str, ...] = ()
        """The columns of the row read last whose date can be read in both orders."""
        self.accepted = 0
        self.rejected = 0
        self.repeated = 0
        self.refused = False
        """Whether the heading was such that no row can be read."""

    def rows(self, items: Iterable[Heading | Row | Finding]) -> Iterator[Row | Finding]:
        """The rows of a table, and findings as they come; a heading that will not do is said, and ends them."""
        for item in items:
            if not isinstance(item, Heading):
                yield item
                continue
            findings = self.heading(item)
            yield from findings
            self.refused = any(finding.severity is Severity.ERROR for finding in findings)
            if self.refused:
                return

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
        self.unsure = ()
        if row.problem is not None:
            return {}, [row.problem]
        findings = list(self._unknown_columns(row.cells)) if not self._known.issuperset(row.cells) else []
        cells, values, known = row.cells, {}, self._cells
        for column in self._columns:
            name = column.name
            raw = cells.get(name)
            if not raw:
                continue
            cell = known[name].get(raw) or self._cell(column, raw)
            if cell.order == DAY_FIRST:
                self._day_first.setdefault(name, row.number)
            elif cell.order:
                self.unsure = (*self.unsure, name)
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

    def rejected_row(
        self, row: Row, line: SessionLine | None = None, charge: int | None = None
    ) -> RowRejected:
        """Count a row that yields nothing, and say which; ``line`` and ``charge`` are what could be read of it."""
        self.rejected += 1
        cells = row.cells
        return RowRejected(
            row.number,
            self._file or "",
            cells.get("practice_id") or self._only,
            cells.get("visit_id", ""),
            cells.get("case_id", ""),
            cells.get("patient_id", ""),
            line,
            charge,
        )

    def order_of_dates(self, number: int, unsure: tuple[str, ...]) -> list[Finding]:
        """An error for each date of a row that is in doubt because another row shows its column to be day first.

        Args:
            number: the row.
            unsure: what `unsure` was when the row was read. To be asked when all rows were read.
        """
        return [
            Finding(
                code=BAD_DATE,
                severity=Severity.ERROR,
                message=f"{name}: month/day or day/month? Row {self._day_first[name]} of the column is day first",
                location=Location(file=self._file, row=number, field=name),
                fix=FIX_DAY_FIRST,
            )
            for name in unsure
            if name in self._day_first
        ]

    def settled(
        self, unsure: Iterable[tuple[Value, Row, tuple[str, ...]]]
    ) -> Iterator[Value | Finding | RowRejected]:
        """When all rows were read: the values that waited, each with its row and what `unsure` was then."""
        for value, row, names in unsure:
            doubts = self.order_of_dates(row.number, names)
            yield from doubts
            if doubts:
                yield self.rejected_row(row)
                continue
            self.accepted += 1
            yield value

    def remember_unsure(self, row: Row) -> None:
        """Note that the row read last gave a value, and which of its dates are unsure (four bytes each)."""
        for name in self.unsure:
            self._either.setdefault(name, array("I")).append(row.number)

    def withdrawn(self) -> Iterator[Finding | RowRejected]:
        """When all rows were read: the rows noted by `remember_unsure` whose dates turned out to be in doubt."""
        doubtful: dict[int, tuple[str, ...]] = {}
        for name in self._day_first:
            for number in self._either.get(name, ()):
                doubtful[number] = (*doubtful.get(number, ()), name)
        for number, names in sorted(doubtful.items()):
            yield from self.order_of_dates(number, names)
            self.accepted -= 1
            self.rejected += 1
            yield RowRejected(number, self._file or "", withdrawn=True)

    def end(self) -> Iterator[Finding | TableSummary]:
        """What is said once per file: the normalisations, then the counts."""
        for (name, note), (count, first) in sorted(self._notes.items()):
            if note == "date" and name in self._day_first:
                continue
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
            repeated=self.repeated,
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
        problem = cell.problem
        harmless = not column.phi and is_harmless(raw, is_date=problem.code == BAD_DATE)
        shown = f" {raw!r}" if harmless else ""
        return self.error(
            row, problem.code, column.name, f"{column.name}{shown}: {problem.message}", problem.fix
        )

    def _unknown_columns(self, names: Mapping[str, str] | tuple[str, ...]) -> Iterator[Finding]:
        for name in names:
            if name in self._known or name in self._unknown or not name:
                continue
            self._unknown.add(name)
            shown = cut(name)
            near = get_close_matches(shown, self._known, n=1)
            yield Finding(
                code=UNKNOWN_COLUMN,
                severity=Severity.WARNING,
                message=f"column {shown} is not known and was not read",
                location=Location(file=self._file, row=1, field=shown),
                fix=f"Did you mean {near[0]}?" if near else "Remove it, or map it in [practice.columns].",
            )
