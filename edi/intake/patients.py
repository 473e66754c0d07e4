"""patients.csv to PatientRecords: one row a patient and coverage, gathered by patient.

Patient columns repeat and must agree. A patient of whom any row is refused is refused whole: with a coverage missing,
the next one would be billed as if it came first. Source: design/input.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, Final

from edi.intake import cells
from edi.intake.records import practice_problem
from edi.intake.rows import Column, RowParser, RowRejected, Spec, TableSummary
from edi.intake.table import Heading, Row
from edi.model.claim import Address, Person
from edi.model.finding import Finding, Severity
from edi.model.records import Coverage, PatientRecord

PATIENT_DISAGREES: Final = "INP050"
TWO_COVERAGES: Final = "INP051"
BAD_RANK: Final = "INP052"
COVERAGE_DATES: Final = "INP053"
PATIENT_REFUSED: Final = "INP054"

SELF_PAY: Final = "SELF"
"""In the payer column: nobody is billed."""

_SEX: Final = cells.one_of("F", "M", "U", words={"female": "F", "male": "M", "unknown": "U"})

_PATIENT: Final = (
    Column("patient_id", cells.identifier),
    Column("practice_id", cells.text),
    Column("last_name", cells.text),
    Column("first_name", cells.text),
    Column("middle_name", cells.text),
    Column("suffix", cells.text),
    Column("birth_date", cells.birth_day),
    Column("sex", _SEX),
    Column("address_1", cells.text),
    Column("address_2", cells.text),
    Column("city", cells.text),
    Column("state", cells.text),
    Column("zip", cells.text),
    Column("country", cells.code),
    Column("phone", cells.text),
    Column("death_date", cells.day),
    Column("signature_on_file", cells.yes_no),
    Column("release_of_information", cells.one_of("Y", "I")),
    Column("qmb", cells.yes_no),
)
_COVERAGE: Final = (
    Column("coverage_rank", cells.whole),
    Column("payer", cells.text),
    Column("member_id", cells.identifier),
    Column("group_number", cells.identifier),
    Column("group_name", cells.text),
    Column("plan_name", cells.text),
    Column("coverage_from", cells.day),
    Column("coverage_to", cells.day),
    Column("last_verified", cells.day),
    Column("relationship", cells.one_of("self", "spouse", "child", "employee", "other")),
    Column("patient_has_own_member_id", cells.yes_no),
    Column("assignment_of_benefits", cells.yes_no),
    Column("msp_type", cells.one_of("12", "13", "14", "15", "16", "41", "42", "43", "47")),
    Column("subscriber_last_name", cells.text),
    Column("subscriber_first_name", cells.text),
    Column("subscriber_birth_date", cells.birth_day),
    Column("subscriber_sex", _SEX),
    Column("subscriber_address_1", cells.text),
    Column("subscriber_city", cells.text),
    Column("subscriber_state", cells.state),
    Column("subscriber_zip", cells.zip_code),
    Column("subscriber_organization", cells.text),
)
PATIENTS: Final = Spec(
    # No value of this file is repeated: one separator too many, and names stand under any heading.
    columns=tuple(column._replace(phi=True) for column in (*_PATIENT, *_COVERAGE)),
    required=(
        ("patient_id",),
        ("last_name",),
        ("first_name",),
        ("birth_date",),
        ("sex",),
        ("address_1",),
        ("city",),
    ),
)
_PATIENT_NAMES: Final = tuple(column.name for column in _PATIENT)
_COVERAGE_REQUIRED: Final = ("coverage_rank", "member_id", "coverage_from", "relationship")


class _Gathered:
    """The rows of one patient so far."""

    def __init__(self, row: Row, values: dict[str, Any]) -> None:
        self.row = row
        self.patient = {name: values[name] for name in _PATIENT_NAMES if name in values}
        self.coverages: list[Coverage] = []
        self.rows: list[Row] = []
        self.unsure: list[tuple[int, tuple[str, ...]]] = []
        self.refused = False


def read_patients(
    rows: Iterable[Heading | Row | Finding], *, file: str | None = None, practices: Collection[str] = ()
) -> Iterator[PatientRecord | Finding | RowRejected | TableSummary]:
    """Read patients with their coverages. Holds the file in memory, for a patient's rows need not stand together.

    Args:
        rows: the table (`edi.intake.table.read_table` or `rows_of`).
        file: its name, for findings.
        practices: ids of claimloop.toml; with one, a blank practice_id is that one; none means all are taken.

    Yields:
        Findings; PatientRecords with coverages by rank and start (none: self-pay); a RowRejected for every row of a
        patient with an error; last one TableSummary.
    """
    parser = RowParser(PATIENTS, file)
    patients: dict[tuple[str, str], _Gathered] = {}
    for item in parser.rows(rows):
        if isinstance(item, Row):
            yield from _gather(item, parser, patients, practices)
        else:
            yield item
    if parser.refused:
        return
    for gathered in patients.values():
        yield from _finish(gathered, parser)
    yield from parser.end()


def _gather(
    row: Row, parser: RowParser, patients: dict[tuple[str, str], _Gathered], practices: Collection[str]
) -> Iterator[Finding | RowRejected]:
    values, problems = parser.row(row)
    if row.problem is None:
        problems += practice_problem(parser, row, values, practices)
        problems += _address(parser, row, values)
    key = (values.get("practice_id", ""), values.get("patient_id", ""))
    if not key[1]:
        yield from problems
        yield parser.rejected_row(row)
        return
    gathered = patients.setdefault(key, _Gathered(row, values))
    gathered.rows.append(row)
    if parser.unsure:
        gathered.unsure.append((row.number, parser.unsure))
    if not any(problem.severity == Severity.ERROR for problem in problems):
        if not gathered.refused:
            problems += _same_patient(parser, row, values, gathered)
        coverage, more = _coverage(parser, row, values)
        problems += more
        if coverage is not None:
            problems += _one_rank_a_day(parser, row, coverage, gathered)
            gathered.coverages.append(coverage)
    gathered.refused |= any(problem.severity == Severity.ERROR for problem in problems)
    yield from problems


def _finish(gathered: _Gathered, parser: RowParser) -> Iterator[PatientRecord | Finding | RowRejected]:
    for number, names in gathered.unsure:
        doubts = parser.order_of_dates(number, names)
        yield from doubts
        gathered.refused |= bool(doubts)
    if gathered.refused:
        if len(gathered.rows) > 1:
            message = f"the patient of this row is refused with all {len(gathered.rows)} rows, because of one of them"
            yield parser.error(
                gathered.row, PATIENT_REFUSED, "patient_id", message, "Correct the rows named."
            )
        for row in gathered.rows:
            yield parser.rejected_row(row)
        return
    parser.accepted += len(gathered.rows)
    values = gathered.patient
    person = Person(
        last_name=values["last_name"],
        first_name=values["first_name"],
        middle_name=values.get("middle_name", ""),
        suffix=values.get("suffix", ""),
        birth_date=values["birth_date"],
        sex=values["sex"],
        address=Address(
            line_1=values["address_1"],
            line_2=values.get("address_2", ""),
            city=values["city"],
            state=values.get("state", ""),
            zip=values.get("zip", ""),
            country=values.get("country", ""),
        ),
    )
    yield PatientRecord(
        practice_id=values.get("practice_id", ""),
        patient_id=values["patient_id"],
        person=person,
        phone=values.get("phone", ""),
        death_date=values.get("death_date"),
        signature_on_file=values.get("signature_on_file", True),
        release_of_information=values.get("release_of_information", "Y"),
        qmb=values.get("qmb", False),
        coverages=tuple(sorted(gathered.coverages, key=lambda one: (one.rank, one.coverage_from))),
        row=gathered.row.number,
    )


def _address(parser: RowParser, row: Row, values: dict[str, Any]) -> list[Finding]:
    """State and ZIP are required, and of the US form, unless another country is named."""
    if values.get("country", "US") not in ("US", "USA"):
        return []
    values.pop("country", None)
    problems = []
    for name, read in (("state", cells.state), ("zip", cells.zip_code)):
        if not values.get(name):
            problems.append(parser.missing(row, name))
            continue
        cell = parser.reread(name, read, values[name], row)
        if isinstance(cell, Finding):
            problems.append(cell)
        else:
            values[name] = cell
    return problems


def _same_patient(parser: RowParser, row: Row, values: dict[str, Any], gathered: _Gathered) -> list[Finding]:
    differing = [name for name in _PATIENT_NAMES if values.get(name) != gathered.patient.get(name)]
    if not differing:
        return []
    message = f"{', '.join(differing)} differ from row {gathered.row.number} of the same patient"
    fix = "The patient's own columns repeat on each of his coverages: make them agree."
    return [parser.error(row, PATIENT_DISAGREES, differing[0], message, fix)]


def _coverage(parser: RowParser, row: Row, values: dict[str, Any]) -> tuple[Coverage | None, list[Finding]]:
    """The coverage of a row; None for self-pay (no payer and no rank, or payer SELF)."""
    payer = values.get("payer", "")
    if payer.upper() == SELF_PAY or not (payer or "coverage_rank" in values or "member_id" in values):
        return None, []
    problems = [parser.missing(row, name) for name in ("payer", *_COVERAGE_REQUIRED) if name not in values]
    if values.get("coverage_rank", 1) not in (1, 2, 3):
        problems.append(
            parser.error(row, BAD_RANK, "coverage_rank", "coverage_rank is not 1, 2 or 3", "Use 1 to 3.")
        )
    end: date | None = values.get("coverage_to")
    if end is not None and end < values.get("coverage_from", end):
        message = "coverage_to is before coverage_from"
        problems.append(parser.error(row, COVERAGE_DATES, "coverage_to", message, "Correct the dates."))
    organization = values.get("subscriber_organization", "")
    if values.get("relationship") not in ("self", None) and not organization:
        # An employee's employer may stand in the case instead.
        wanted = (
            () if values["relationship"] == "employee" else ("subscriber_last_name", "subscriber_first_name")
        )
        problems += [parser.missing(row, name) for name in wanted if name not in values]
    if problems:
        return None, problems
    return _make_coverage(values, row.number, organization), []


def _make_coverage(values: dict[str, Any], row: int, organization: str) -> Coverage:
    return Coverage(
        rank=values["coverage_rank"],
        payer=values["payer"],
        member_id=values["member_id"],
        group_number=values.get("group_number", ""),
        group_name=values.get("group_name", ""),
        plan_name=values.get("plan_name", ""),
        coverage_from=values["coverage_from"],
        coverage_to=values.get("coverage_to"),
        last_verified=values.get("last_verified"),
        relationship=values["relationship"],
        patient_has_own_member_id=values.get("patient_has_own_member_id"),
        assignment_of_benefits=values.get("assignment_of_benefits", True),
        msp_type=values.get("msp_type", ""),
        subscriber=_subscriber(values),
        subscriber_organization=organization,
        row=row,
    )


def _subscriber(values: dict[str, Any]) -> Person | None:
    if "subscriber_last_name" not in values:
        return None
    address = None
    if "subscriber_address_1" in values:
        address = Address(
            line_1=values["subscriber_address_1"],
            city=values.get("subscriber_city", ""),
            state=values.get("subscriber_state", ""),
            zip=values.get("subscriber_zip", ""),
        )
    return Person(
        last_name=values["subscriber_last_name"],
        first_name=values.get("subscriber_first_name", ""),
        birth_date=values.get("subscriber_birth_date"),
        sex=values.get("subscriber_sex", ""),
        address=address,
    )


def _one_rank_a_day(parser: RowParser, row: Row, coverage: Coverage, gathered: _Gathered) -> list[Finding]:
    for other in gathered.coverages:
        if other.rank != coverage.rank:
            continue
        starts = max(other.coverage_from, coverage.coverage_from)
        if other.covers(starts) and coverage.covers(starts):
            message = f"two coverages of rank {coverage.rank} on {starts} (see row {other.row})"
            fix = "End the old coverage with coverage_to, or give the second one its own rank."
            return [parser.error(row, TWO_COVERAGES, "coverage_rank", message, fix)]
    return []
