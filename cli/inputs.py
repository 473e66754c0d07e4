"""Opens the files a practice exports and hands them to the readers of ``edi.intake``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from edi.intake import (
    Heading,
    Row,
    RowRejected,
    SeenIds,
    TableSummary,
    read_authorizations,
    read_cases,
    read_fees,
    read_patients,
    read_sessions,
    read_table,
)
from edi.intake.sessions import CASE_DISAGREES
from edi.model.directory import Directory
from edi.model.errors import InputError
from edi.model.finding import Finding, Location, Severity
from edi.model.records import Authorization, Case, Fee, PatientRecord, Records
from edi.model.session import SessionLine

COLUMNS_DISAGREE: Final = "SET014"
CASE_TWICE: Final = "INP047"

_CHUNK: Final = 1 << 18
RECORD_FILES: Final = ("patients", "cases", "authorizations", "fees")
"""Names of the record files beside the sessions; each as .csv, .jsonl or .txt."""
SUFFIXES: Final = (".csv", ".jsonl", ".txt", ".tsv")


class RecordFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Where the records of a run lie; None is no such file."""

    patients: Path | None = None
    cases: Path | None = None
    authorizations: Path | None = None
    fees: Path | None = None

    @staticmethod
    def beside(sessions: Path) -> RecordFiles:
        """The record files in the folder of a sessions file."""
        folder = sessions.resolve().parent
        found: dict[str, Path] = {}
        for name in RECORD_FILES:
            for suffix in SUFFIXES:
                path = folder / f"{name}{suffix}"
                if path.is_file():
                    found.setdefault(name, path)
        return RecordFiles(**found)

    def replaced(
        self, patients: Path | None, cases: Path | None, authorizations: Path | None, fees: Path | None
    ) -> RecordFiles:
        """The same with those that the command line names; None keeps the one there is."""
        return RecordFiles(
            patients=patients or self.patients,
            cases=cases or self.cases,
            authorizations=authorizations or self.authorizations,
            fees=fees or self.fees,
        )

    def given(self) -> tuple[Path, ...]:
        """The files there are to read."""
        return tuple(path for path in msgspec.structs.astuple(self) if path is not None)


class LoadedRecords(msgspec.Struct, frozen=True, kw_only=True):
    """Records with what was said while reading them; ``summaries`` one per file."""

    records: Records
    findings: tuple[Finding, ...]
    summaries: tuple[TableSummary, ...]


def read_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file in pieces.

    Raises:
        InputError: it is missing or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except FileNotFoundError:
        raise InputError(f"{path.name}: no such file") from None
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror})") from None


def must_be_readable(paths: Iterable[Path]) -> None:
    """See that files are there and can be opened, before anything is made of them.

    Raises:
        InputError: one is missing, a folder, or cannot be read.
    """
    for path in paths:
        for _ in read_chunks(path):
            break


def column_mapping(
    directory: Directory | None, practice: str | None = None
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """The headings that stand for ours, of one practice or of all of them together.

    Returns:
        The mapping, and an error for each heading that two practices map differently (name the practice then).
    """
    practices = directory.practices.values() if directory is not None else ()
    mapping: dict[str, str] = {}
    findings: list[Finding] = []
    for one in practices:
        if practice is not None and one.id != practice:
            continue
        for theirs, ours in one.columns.items():
            if mapping.setdefault(theirs, ours) != ours:
                findings.append(
                    Finding(
                        code=COLUMNS_DISAGREE,
                        severity=Severity.ERROR,
                        message="two practices map one heading to different columns",
                        location=Location(field=f"practice.{one.id}.columns.{theirs}"),
                        fix="Read the files of one practice at a time.",
                    )
                )
    return mapping, tuple(findings)


def load_records(
    files: RecordFiles, directory: Directory | None = None, practice: str | None = None
) -> LoadedRecords:
    """Read patients, cases, authorizations and fees.

    Args:
        files: where they lie.
        directory: practices and their columns.
        practice: whose rows to take, when a directory has several; those of the others are passed over.

    Raises:
        InputError: a file cannot be read.
    """
    mapping, said = column_mapping(directory, practice)
    findings, summaries = list(said), []
    practices = _practices(directory, practice)
    others = frozenset(directory.practices if directory is not None else ()) - set(practices)
    loaded: dict[str, list[Any]] = {}
    refused_cases: dict[tuple[str, str], str] = {}
    readers: Mapping[str, Callable[..., Iterable[Any]]] = {
        "patients": read_patients,
        "cases": read_cases,
        "authorizations": read_authorizations,
        "fees": read_fees,
    }
    for name, reader in readers.items():
        path: Path | None = getattr(files, name)
        values = loaded.setdefault(name, [])
        if path is None:
            continue
        table = read_table(read_chunks(path), file=path.name, columns=mapping)
        rows = _but_of(others, table) if others else table
        for item in reader(rows, file=path.name, practices=practices):
            if isinstance(item, Finding):
                findings.append(item)
            elif isinstance(item, TableSummary):
                summaries.append(item)
            elif not isinstance(item, RowRejected):
                values.append(item)
            elif name == "cases":
                refused_cases[item.practice_id, item.case_id] = item.patient_id
    patients: list[PatientRecord] = loaded["patients"]
    cases: list[Case] = loaded["cases"]
    authorizations: list[Authorization] = loaded["authorizations"]
    fees: list[Fee] = loaded["fees"]
    records = Records(
        patients={(one.practice_id, one.patient_id): one for one in patients},
        cases={(one.practice_id, one.case_id): one for one in cases},
        authorizations=tuple(authorizations),
        fees=tuple(fees),
        refused_cases=refused_cases,
    )
    return LoadedRecords(records=records, findings=tuple(findings), summaries=tuple(summaries))


def _but_of(
    others: Collection[str], items: Iterable[Heading | Row | Finding]
) -> Iterator[Heading | Row | Finding]:
    """What a table gives, without the rows of practices that were not asked for."""
    for item in items:
        if not isinstance(item, Row) or item.cells.get("practice_id", "") not in others:
            yield item


def session_items(
    paths: Iterable[Path], directory: Directory | None = None, practice: str | None = None
) -> Iterator[SessionLine | Case | Finding | RowRejected | TableSummary]:
    """The items of `read_sessions` over several files, whose line_ids must differ. Streams.

    Raises:
        InputError: a file cannot be read.
    """
    mapping, said = column_mapping(directory, practice)
    yield from said
    if said:
        return
    seen = SeenIds()
    practices = _practices(directory, practice)
    for path in paths:
        rows: Iterator[Heading | Row | Finding] = read_table(
            read_chunks(path), file=path.name, columns=mapping
        )
        yield from read_sessions(rows, file=path.name, practices=practices, seen=seen)


def with_cases(records: Records, cases: Iterable[Case]) -> tuple[Records, tuple[Finding, ...]]:
    """Add the cases that stood in the sessions.

    One that cases.csv or another sessions file has with other content is an error: it is taken out, for nobody knows
    which of the two is right, and what depends on it waits (``Records.refused_cases``).
    """
    merged, refused = dict(records.cases), dict(records.refused_cases)
    given = {*records.cases, *records.refused_cases}
    findings = []
    for case in cases:
        key = (case.practice_id, case.case_id)
        if key not in merged and key not in refused:
            merged[key] = case
            continue
        known = records.cases.get(key, merged.get(key))
        if known is not None and msgspec.structs.replace(case, file=known.file, row=known.row) == known:
            continue
        findings.append(_disagreement(case, known, CASE_TWICE if key in given else CASE_DISAGREES))
        merged.pop(key, None)
        refused[key] = case.patient_id
    return msgspec.structs.replace(records, cases=merged, refused_cases=refused), tuple(findings)


def _disagreement(case: Case, known: Case | None, code: str) -> Finding:
    """The error for a case of the sessions that stands elsewhere with other content, or was refused there."""
    other = (
        f"with other content, in row {known.row} of {known.file}"
        if known is not None
        else "refused, elsewhere"
    )
    return Finding(
        code=code,
        severity=Severity.ERROR,
        message=f"the case stands in the columns of the sessions and, {other}; its days wait",
        location=Location(file=case.file or None, row=case.row or None, field="case_id"),
        fix="Keep the case columns in one of the two files.",
    )


def _practices(directory: Directory | None, practice: str | None) -> Collection[str]:
    if practice is not None:
        return (practice,)
    return tuple(directory.practices) if directory is not None else ()
