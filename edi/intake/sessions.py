"""sessions.csv to SessionLines: one row a billed line. Streams; memory grows only by the line_ids seen.

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
from edi.intake.seen import SeenIds
from edi.intake.table import Heading, Row
from edi.model.finding import Finding
from edi.model.records import Case
from edi.model.session import SessionLine

DUPLICATE_LINE: Final = "INP040"
CASE_DISAGREES: Final = "INP042"
MODIFIERS_TWICE: Final = "INP043"

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
        keys, patient and date.
    """
    only = next(iter(practices)) if len(practices) == 1 else ""
    parser = RowParser(SESSIONS, file, session_key="line_id", only_practice=only)
    reader = _Sessions(parser, file or "", practices, seen or SeenIds())
    for item in rows:
        if isinstance(item, Row):
            yield from reader.read(item)
        elif isinstance(item, Heading):
            findings = parser.heading(item)
            yield from findings
            if any(finding.severity == "error" for finding in findings):
                return
        else:
            yield item
    yield from parser.end()


class _Sessions:
    """The rows of one file, one after the other."""

    def __init__(self, parser: RowParser, file: str, practices: Collection[str], seen: SeenIds) -> None:
        self._parser = parser
        self._file = file
        self._practices = frozenset(practices)
        self._seen = seen
        self._cases: dict[tuple[str, str], Case] = {}

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
        case: Case | None = None
        if not _INLINE_NAMES.isdisjoint(values):
            problems += case_problems(self._parser, row, values)
            case, problem = self._case(row, values)
            problems += [problem] if problem is not None else []
        errors = [problem for problem in problems if problem.severity == "error"]
        if not errors and not self._seen.add(values["practice_id"], values["line_id"]):
            message = "line_id stands in the input already; a line is billed once"
            fix = "Give each line its own line_id for ever, for instance visit_id and line number."
            errors = [self._parser.error(row, DUPLICATE_LINE, "line_id", message, fix)]
            problems += errors
        yield from problems
        if errors:
            if case is not None:
                del self._cases[case.practice_id, case.case_id]
            yield self._parser.rejected_row(row)
            return
        if case is not None:
            yield case
        self._parser.accepted += 1
        yield _line(values, self._file, row.number)

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
            practice_id=practice, case_id=values["case_id"], patient_id=patient, row=row.number, **facts
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


def _line(values: dict[str, Any], file: str, row: int) -> SessionLine:
    values.setdefault("procedure_code", "")
    return SessionLine(file=file, row=row, **values)
