"""sessions.csv to SessionLines: one row a billed line.

Streams; memory grows only by the line_ids seen and the numbers of rows with a date that can be read in both orders.
Columns of cases.csv may stand in the rows; then a Case is yielded before the line that brings it. Source:
design/input.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final

import msgspec

from edi.intake import cells
from edi.intake.records import CASE_COLUMNS, case_problems, practice_problem
from edi.intake.rows import Column, RowParser, RowRejected, Spec, TableSummary
from edi.intake.seen import Seen, SeenIds
from edi.intake.table import Heading, Row
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Case
from edi.model.session import SessionLine

DUPLICATE_LINE: Final = "INP040"
CASE_DISAGREES: Final = "INP042"
MODIFIERS_TWICE: Final = "INP043"
REPEATED: Final = "INP048"

SPLIT_MODIFIERS: Final = ("modifier_1", "modifier_2", "modifier_3", "modifier_4")
NOT_BILLED: Final = frozenset({"unsigned", "cancelled", "no_show"})

NOTE_STATUS: Final = cells.one_of(
    "signed",
    "unsigned",
    "cancelled",
    "no_show",
    words={"canceled": "cancelled", "no show": "no_show", "no-show": "no_show"},
)

_OWN_COLUMNS: Final = (
    Column("practice_id", cells.text),
    Column("visit_id", cells.identifier, repeats=False),
    Column("line_id", cells.identifier, repeats=False),
    Column("note_status", NOTE_STATUS),
    Column("patient_id", cells.identifier, phi=True),
    Column("case_id", cells.identifier),
    Column("date_of_service", cells.day),
    Column("start_time", cells.clock),
    Column("end_time", cells.clock),
    Column("discipline", cells.one_of("PT", "OT", "SLP", "DC", "LMT", "ACU", "ATC", "MD")),
    Column("treating_npi", cells.identifier),
    Column("treating_id", cells.identifier),
    Column("rendering_npi", cells.identifier),
    Column("supervising_npi", cells.identifier),
    Column("procedure_code", cells.code),
    Column("modifiers", cells.modifiers),
    *(Column(name, cells.modifiers) for name in SPLIT_MODIFIERS),
    Column("minutes", cells.whole),
    Column("assistant_minutes", cells.whole),
    Column("visit_timed_minutes", cells.whole),
    Column("visit_total_minutes", cells.whole),
    Column("units", cells.whole),
    Column("group_size", cells.whole),
    Column("charge", cells.amount),
    Column("diagnosis_codes", cells.diagnoses),
    Column("place_of_service", cells.place_of_service),
    Column("facility_id", cells.identifier),
    Column("prior_authorization", cells.identifier),
    Column("kx_attested", cells.yes_no),
    Column("abn", cells.one_of("signed", "voluntary", "none")),
    Column("telehealth", cells.one_of("video", "audio")),
    Column("active_care", cells.yes_no),
    Column("patient_paid", cells.amount),
    Column("claim_key", cells.identifier),
    Column("line_note", cells.text, phi=True),
    Column("do_not_bill", cells.one_of("self_pay", "package", "courtesy", "no_charge")),
)
_OWN_NAMES: Final = frozenset(column.name for column in _OWN_COLUMNS)
_INLINE_CASE: Final = tuple(column for column in CASE_COLUMNS if column.name not in _OWN_NAMES)
_INLINE_NAMES: Final = frozenset(column.name for column in _INLINE_CASE)

SESSIONS: Final = Spec(
    columns=(*_OWN_COLUMNS, *_INLINE_CASE),
    required=(
        ("visit_id",),
        ("line_id",),
        ("patient_id",),
        ("date_of_service",),
        ("treating_npi", "treating_id"),
        ("procedure_code",),
    ),
)
"""The columns of sessions.csv, its own and those of cases.csv that may stand in it."""

_FIX_DUPLICATE: Final = (
    "Keep the row that is right and take the other out. Only another service gets a line_id of its own."
)
_ALWAYS: Final = ("visit_id", "line_id", "patient_id", "date_of_service")


def read_sessions(
    rows: Iterable[Heading | Row | Finding],
    *,
    file: str | None = None,
    practices: Collection[str] = (),
    seen: SeenIds | None = None,
) -> Iterator[SessionLine | Case | Finding | RowRejected | TableSummary]:
    """Read session lines.

    Args:
        rows: the table (`edi.intake.table.read_table` or `rows_of`).
        file: its name, for findings and ``SessionLine.file``.
        practices: ids of claimloop.toml; with one, a blank practice_id is that one; none means all are taken.
        seen: line_ids of files read before in the same run, to be shared among them.

    Yields:
        SessionLines; Cases that stand in the rows, before their first line; Findings; a RowRejected after the errors
        of each row that gives no line; last one TableSummary. An unsigned, cancelled or unbilled row needs only its
        keys, patient and date. At the end a RowRejected that is ``withdrawn`` for each row that gave a line and whose
        date another row of its column puts in doubt (see `without_withdrawn`). A row with the values of one before it
        yields nothing; that is said once.
    """
    only = next(iter(practices)) if len(practices) == 1 else ""
    parser = RowParser(SESSIONS, file, session_key="line_id", only_practice=only)
    reader = _Sessions(parser, file or "", practices, seen or SeenIds())
    for item in parser.rows(rows):
        if isinstance(item, Row):
            yield from reader.read(item)
        else:
            yield item
    if parser.refused:
        return
    yield from parser.withdrawn()
    yield from reader.repeated()
    yield from parser.end()


def without_withdrawn(
    lines: Iterable[SessionLine], rejected: Iterable[RowRejected]
) -> tuple[list[SessionLine], list[RowRejected]]:
    """The lines without those whose rows were withdrawn; each of these as a row refused, with practice and visit."""
    refused = list(rejected)
    doubtful = {(one.file, one.row) for one in refused if one.withdrawn}
    if not doubtful:
        return list(lines), refused
    refused = [one for one in refused if not one.withdrawn]
    kept: list[SessionLine] = []
    for line in lines:
        if (line.file, line.row) not in doubtful:
            kept.append(line)
            continue
        refused.append(
            RowRejected(
                line.row,
                line.file,
                line.practice_id,
                line.visit_id,
                line.case_id,
                line.patient_id,
                line,
            )
        )
    return kept, refused


class _Sessions:
    """The rows of one file, one after the other."""

    def __init__(self, parser: RowParser, file: str, practices: Collection[str], seen: SeenIds) -> None:
        self._parser = parser
        self._file = file
        self._practices = frozenset(practices)
        self._seen = seen
        self._cases: dict[tuple[str, str], Case] = {}
        self._first_repeated: tuple[int, Seen] | None = None

    def read(self, row: Row) -> Iterator[SessionLine | Case | Finding | RowRejected]:
        cells_of_row = row.cells
        status = cells_of_row.get("note_status")
        lenient = bool(
            cells_of_row.get("do_not_bill") or (status and NOTE_STATUS(status).value in NOT_BILLED)
        )
        values, problems = self._parser.row(row, lenient=lenient)
        if row.problem is None:
            if lenient:
                problems += [
                    self._parser.missing(row, name) for name in _ALWAYS if not cells_of_row.get(name)
                ]
            problems += practice_problem(self._parser, row, values, self._practices)
            problems += self._modifiers(row, values)
        content = hash(frozenset(values.items()))
        case: Case | None = None
        if not _INLINE_NAMES.isdisjoint(values):
            problems += case_problems(self._parser, row, values)
            case, problem = self._case(row, values)
            problems += [problem] if problem is not None else []
        errors = [problem for problem in problems if problem.severity == "error"]
        before = self._before(row, values, content, refused=bool(errors))
        if before is not None and before.same:
            self._repeat(row, before, case)
            return
        if before is not None:
            where = _place(before, self._file)
            message = f"line_id stands in {where} already, with other content; a line is billed once"
            errors = [self._parser.error(row, DUPLICATE_LINE, "line_id", message, _FIX_DUPLICATE)]
            problems += errors
        yield from problems
        if errors:
            if case is not None:
                del self._cases[case.practice_id, case.case_id]
            yield self._parser.rejected_row(
                row, _known_line(values, self._file, row.number), values.get("charge")
            )
            return
        if case is not None:
            yield case
        self._parser.accepted += 1
        self._parser.remember_unsure(row)
        yield _line(values, self._file, row.number)

    def _before(self, row: Row, values: dict[str, Any], content: int, *, refused: bool) -> Seen | None:
        """The row read before that has the line_id of this one; for a row that is refused, one with the same cells."""
        if not refused:
            key = (values["practice_id"], values["line_id"])
            return self._seen.remember(*key, content=content, file=self._file, row=row.number)
        if not row.cells.get("line_id"):
            return None
        cells_of_row = hash(frozenset(row.cells.items()))
        return self._seen.remember("refused", str(cells_of_row), file=self._file, row=row.number)

    def _repeat(self, row: Row, before: Seen, case: Case | None) -> None:
        """Count a row that was read before."""
        self._parser.repeated += 1
        self._first_repeated = self._first_repeated or (row.number, before)
        if case is not None:
            del self._cases[case.practice_id, case.case_id]

    def repeated(self) -> Iterator[Finding]:
        """What is said once of the rows that repeat others."""
        if self._first_repeated is None:
            return
        row, seen = self._first_repeated
        count = self._parser.repeated
        many = f"{count} rows have" if count > 1 else "a row has"
        yield Finding(
            code=REPEATED,
            severity=Severity.INFO,
            message=f"{many} the values of a row read before ({_place(seen, self._file)}); each was counted once",
            location=Location(file=self._file or None, row=row),
        )

    def _modifiers(self, row: Row, values: dict[str, Any]) -> list[Finding]:
        """Join modifier_1 to modifier_4 into ``modifiers``; both ways of writing must agree when both are used."""
        split = [one for name in SPLIT_MODIFIERS if name in values for one in values.pop(name)]
        if not split:
            return []
        if values.setdefault("modifiers", tuple(split)) == tuple(split):
            return []
        message = "modifiers and modifier_1 to modifier_4 differ"
        return [self._parser.error(row, MODIFIERS_TWICE, "modifiers", message, "Use one of the two ways.")]

    def _case(self, row: Row, values: dict[str, Any]) -> tuple[Case | None, Finding | None]:
        """The case that stands in the row: new (returned), known (None), or at odds with an earlier row (an error).

        Without case_id the id is made of the content, so equal facts are one case.
        """
        facts = {name: values.pop(name) for name in _INLINE_NAMES if name in values}
        patient, practice = values.get("patient_id", ""), values.get("practice_id", "")
        if not values.get("case_id"):
            content = msgspec.json.encode([patient, sorted(facts.items(), key=lambda item: item[0])])
            values["case_id"] = "row-" + blake2b(content, digest_size=6).hexdigest()
        case = Case(
            practice_id=practice,
            case_id=values["case_id"],
            patient_id=patient,
            file=self._file,
            row=row.number,
            **facts,
        )
        known = self._cases.setdefault((practice, case.case_id), case)
        if known is case:
            return case, None
        if msgspec.structs.replace(known, row=case.row) == case:
            return None, None
        message = "the case columns differ from those of an earlier row with this case_id"
        return None, self._parser.error(
            row,
            CASE_DISAGREES,
            "case_id",
            message,
            "Make them agree, or give the new episode its own case_id.",
        )


def _place(seen: Seen, file: str) -> str:
    """Where a row was read, for a message about a row of ``file``."""
    return f"row {seen.row}" if seen.file == file else f"row {seen.row} of {seen.file}"


def _known_line(values: dict[str, Any], file: str, row: int) -> SessionLine | None:
    """What could be read of a row that is refused, when it says whose service it was, when and what."""
    if all(values.get(name) for name in ("practice_id", *_ALWAYS, "procedure_code")):
        return _line(values, file, row)
    return None


def _line(values: dict[str, Any], file: str, row: int) -> SessionLine:
    values.setdefault("procedure_code", "")
    return SessionLine(file=file, row=row, **values)
