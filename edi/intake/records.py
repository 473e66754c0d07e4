"""patients.csv, cases.csv, authorizations.csv and fees.csv to the values of ``edi.model.records``.

Every reader takes the rows of ``edi.intake.table``, yields values and Findings, a RowRejected for each row that gives
nothing, and last one TableSummary. Source: design/input.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, TypeAlias, TypeVar

from edi.intake import cells
from edi.intake.rows import Column, RowParser, RowRejected, Spec, TableSummary
from edi.intake.table import Heading, Row
from edi.model.finding import Finding
from edi.model.records import Authorization, Case, Fee

UNKNOWN_PRACTICE: Final = "INP041"
RECORD_TWICE: Final = "INP044"
DATES_REVERSED: Final = "INP045"
FEE_BASIS: Final = "INP046"

Value = TypeVar("Value")
Items: TypeAlias = Iterable[Heading | Row | Finding]

CASE_COLUMNS: Final = (
    Column("practice_id", cells.text),
    Column("case_id", cells.identifier, repeats=False),
    Column("patient_id", cells.identifier, phi=True),
    Column("discipline", cells.one_of("PT", "OT", "SLP", "DC", "LMT", "ACU", "ATC", "MD")),
    Column("diagnosis_codes", cells.diagnoses),
    Column("onset_date", cells.day),
    Column("initial_treatment_date", cells.day),
    Column("last_xray_date", cells.day),
    Column("last_seen_date", cells.day),
    Column("spinal_condition", cells.one_of("A", "C", "D", "E", "F", "G", "M")),
    Column("acute_manifestation_date", cells.day),
    Column("accident_type", cells.one_of("auto", "work", "other")),
    Column("accident_date", cells.day),
    Column("accident_state", cells.state),
    Column("claim_number", cells.identifier, phi=True),
    Column("employer", cells.text, phi=True),
    Column("adjuster_name", cells.text, phi=True),
    Column("adjuster_phone", cells.text, phi=True),
    Column("first_contact_date", cells.day),
    Column("last_worked_date", cells.day),
    Column("return_to_work_date", cells.day),
    Column("referring_npi", cells.identifier),
    Column("referring_last_name", cells.text, phi=True),
    Column("referring_first_name", cells.text, phi=True),
    Column("plan_of_care_from", cells.day),
    Column("plan_of_care_to", cells.day),
    Column("plan_of_care_certified_on", cells.day),
    Column("plan_of_care_visits", cells.whole),
    Column("last_progress_report", cells.day),
    Column("referral_number", cells.identifier),
    Column("therapy_dollars_used", cells.amount),
    Column("therapy_dollars_as_of", cells.day),
)
CASES: Final = Spec(
    columns=CASE_COLUMNS,
    required=(("case_id",), ("patient_id",), ("discipline",), ("diagnosis_codes",)),
)
AUTHORIZATIONS: Final = Spec(
    columns=(
        Column("practice_id", cells.text),
        Column("authorization_number", cells.identifier, repeats=False),
        Column("patient_id", cells.identifier, phi=True),
        Column("payer", cells.text),
        Column("case_id", cells.identifier),
        Column("codes", cells.codes),
        Column("from", cells.day),
        Column("to", cells.day),
        Column("visits", cells.whole),
        Column("units", cells.whole),
        Column("visits_used_elsewhere", cells.whole),
        Column("status", cells.text),
        Column("requested_on", cells.day),
    ),
    required=(("authorization_number",), ("patient_id",), ("payer",), ("from",), ("to",)),
)
FEES: Final = Spec(
    columns=(
        Column("kind", cells.one_of("charge", "expected")),
        Column("practice_id", cells.text),
        Column("payer", cells.text),
        Column("code", cells.code),
        Column("modifier", cells.code),
        Column("credential", cells.code),
        Column("place_of_service", cells.place_of_service),
        Column(
            "basis", cells.one_of("per_unit", "per_line", "per_visit", "visit_maximum", "percent_of_charge")
        ),
        Column("amount", cells.percent_or_amount),
        Column("pe_amount", cells.amount),
        Column("from", cells.day),
        Column("to", cells.day),
        Column("source", cells.text),
    ),
    required=(("kind",), ("code",), ("basis",), ("amount",), ("from",)),
)


def read_cases(
    rows: Items, *, file: str | None = None, practices: Collection[str] = ()
) -> Iterator[Case | Finding | RowRejected | TableSummary]:
    """Read episodes of care. ``practices`` as in ``read_sessions``; a case_id is unique in its practice.

    Here and in the other readers of this module, rows with a date that can be read in both orders come last, for a
    later row may show that the column is day first.
    """

    def make(values: dict[str, Any], row: Row, parser: RowParser) -> tuple[Case | None, list[Finding]]:
        problems = case_problems(parser, row, values)
        return (None if problems else Case(**values, file=file or "", row=row.number)), problems

    return _read(rows, CASES, file, practices, make, key="case_id")


def read_authorizations(
    rows: Items, *, file: str | None = None, practices: Collection[str] = ()
) -> Iterator[Authorization | Finding | RowRejected | TableSummary]:
    """Read prior authorizations. A number may stand in several rows (other codes, other dates)."""

    def make(
        values: dict[str, Any], row: Row, parser: RowParser
    ) -> tuple[Authorization | None, list[Finding]]:
        problems = _reversed(parser, row, values, "from", "to")
        if problems:
            return None, problems
        begin, end = values.pop("from"), values.pop("to")
        return Authorization(**values, valid_from=begin, valid_to=end, row=row.number), []

    return _read(rows, AUTHORIZATIONS, file, practices, make)


def read_fees(
    rows: Items, *, file: str | None = None, practices: Collection[str] = ()
) -> Iterator[Fee | Finding | RowRejected | TableSummary]:
    """Read fees. A blank practice_id stands for all practices."""

    def make(values: dict[str, Any], row: Row, parser: RowParser) -> tuple[Fee | None, list[Finding]]:
        problems = _reversed(parser, row, values, "from", "to")
        if values["kind"] == "expected" and "payer" not in values:
            problems.append(parser.missing(row, "payer", "An expected amount belongs to a payer: name it."))
        if values["kind"] == "charge" and values["basis"] not in ("per_unit", "per_line"):
            fix = "A charge is per_unit or per_line; the other bases are for expected amounts."
            message = f"basis {values['basis']} is not one of a charge"
            problems.append(parser.error(row, FEE_BASIS, "basis", message, fix))
        if problems:
            return None, problems
        begin, end = values.pop("from"), values.pop("to", None)
        return Fee(**values, valid_from=begin, valid_to=end, row=row.number), []

    return _read(rows, FEES, file, practices, make, all_practices=True)


def case_problems(parser: RowParser, row: Row, values: dict[str, Any]) -> list[Finding]:
    """Errors of the case columns: what one of them demands of another."""
    problems = _reversed(parser, row, values, "plan_of_care_from", "plan_of_care_to")
    wanted = [("accident_type", "accident_date"), ("referring_npi", "referring_last_name")]
    if values.get("accident_type") == "auto":
        wanted.append(("accident_type", "accident_state"))
    for given, needed in wanted:
        if given in values and needed not in values:
            problems.append(parser.missing(row, needed, f"Fill in {needed}, because {given} is given."))
    return problems


def practice_problem(
    parser: RowParser,
    row: Row,
    values: dict[str, Any],
    practices: Collection[str],
    *,
    all_practices: bool = False,
) -> list[Finding]:
    """Fill in a blank practice_id where there is only one practice; an error where it is blank or unknown."""
    if all_practices and "practice_id" not in values:
        return []
    only = next(iter(practices)) if len(practices) == 1 else ""
    practice = values.setdefault("practice_id", only)
    if not practices or practice in practices:
        return []
    if not practice:
        return [parser.missing(row, "practice_id", "claimloop.toml has several practices: name one.")]
    fix = "Use the id of a [[practice]] in claimloop.toml."
    return [parser.error(row, UNKNOWN_PRACTICE, "practice_id", "practice_id is not in claimloop.toml", fix)]


def _read(
    rows: Items,
    spec: Spec,
    file: str | None,
    practices: Collection[str],
    make: Callable[[dict[str, Any], Row, RowParser], tuple[Value | None, list[Finding]]],
    *,
    key: str = "",
    all_practices: bool = False,
) -> Iterator[Value | Finding | RowRejected | TableSummary]:
    """The common walk: heading, rows, summary. ``key`` names a column that is unique in its practice."""
    only = next(iter(practices)) if len(practices) == 1 else ""
    parser = RowParser(spec, file, only_practice=only)
    taken: set[tuple[str, str]] = set()
    unsure: list[tuple[Value, Row, tuple[str, ...]]] = []
    for item in parser.rows(rows):
        if not isinstance(item, Row):
            yield item
            continue
        values, problems = parser.row(item)
        if item.problem is None:
            problems += practice_problem(parser, item, values, practices, all_practices=all_practices)
        if key and key in values and (values.get("practice_id", ""), values[key]) in taken:
            fix = f"Keep one row for each {key}."
            problems.append(parser.error(item, RECORD_TWICE, key, f"{key} stands in the file already", fix))
        value: Value | None = None
        if not any(problem.severity == "error" for problem in problems):
            value, more = make(values, item, parser)
            problems += more
        yield from problems
        if value is None:
            yield parser.rejected_row(item)
            continue
        if key:
            taken.add((values.get("practice_id", ""), values[key]))
        if parser.unsure:
            unsure.append((value, item, parser.unsure))
            continue
        parser.accepted += 1
        yield value
    if not parser.refused:
        yield from parser.settled(unsure)
        yield from parser.end()


def _reversed(parser: RowParser, row: Row, values: dict[str, Any], begin: str, end: str) -> list[Finding]:
    first, last = values.get(begin), values.get(end)
    if first is None or last is None or first <= last:
        return []
    return [parser.error(row, DATES_REVERSED, end, f"{end} is before {begin}", "Correct the dates.")]
