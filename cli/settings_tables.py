"""The tables of claimloop.toml that say who bills, where and through whom, to one Directory.

Keys are the field names of ``edi.model.directory``, with the short forms of design/input.md (``last``, ``first``,
``from``, ``to``, ``license``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeVar

import msgspec

from edi.model.directory import (
    Clinician,
    Directory,
    Enrolment,
    Facility,
    Numbering,
    Practice,
    Submitter,
    TradingPartner,
)
from edi.model.finding import Finding, Location, Severity, cut
from edi.payers.convert import convert_table

WRONG_VALUE: Final = "SET002"
MISSING_TABLE: Final = "SET006"
ID_TWICE: Final = "SET007"
UNKNOWN_REFERENCE: Final = "SET008"
NOT_AN_IDENTIFIER: Final = "SET009"

Value = TypeVar("Value", bound=msgspec.Struct)

_SHORT_FORMS: Final = {
    "provider": {"last": "last_name", "first": "first_name", "license": "licenses"},
    "enrolment": {"from": "valid_from", "to": "valid_to"},
    "license": {"from": "valid_from", "to": "valid_to"},
}
_CLM01_MOST: Final = 20


def read_directory(document: Mapping[str, Any], file: str | None) -> tuple[Directory | None, list[Finding]]:
    """Make the Directory of a claimloop.toml; None when [submitter] or every [[practice]] is missing or wrong.

    Findings name table, key and fix: unknown keys (warnings), wrong values, ids twice, references to nothing, NPIs
    and tax ids that are not digits (errors).
    """
    findings: list[Finding] = []
    practices = _by_id(_rows(document, "practice", Practice, findings, file), "practice", findings, file)
    facilities = _by_id(_rows(document, "facility", Facility, findings, file), "facility", findings, file)
    clinicians = _by_id(_rows(document, "provider", Clinician, findings, file), "provider", findings, file)
    partners = _by_id(
        _rows(document, "trading_partner", TradingPartner, findings, file), "trading_partner", findings, file
    )
    enrolments = tuple(_rows(document, "enrolment", Enrolment, findings, file))
    submitter: Submitter | None = None
    for table in ("submitter", "practice"):
        if table not in document:
            fix = f"Add [{table}]." if table == "submitter" else "Add one [[practice]] at least."
            findings.append(wrong(table, "the table is missing", fix, file, code=MISSING_TABLE))
    if "submitter" in document:
        submitter, more = convert_table(document["submitter"], Submitter, "submitter", file)
        findings += more
    numbering, more = convert_table(document.get("numbering", {}), Numbering, "numbering", file)
    findings += more
    if submitter is None or numbering is None or not practices:
        return None, findings
    if not 1 <= numbering.clm01_max <= _CLM01_MOST:
        fix = "Write 20 or less; 17 is advised."
        findings.append(wrong("numbering.clm01_max", "CLM01 holds at most 20 characters", fix, file))
    directory = Directory(
        submitter=submitter,
        practices=practices,
        facilities=facilities,
        clinicians=clinicians,
        enrolments=enrolments,
        trading_partners=partners,
        numbering=numbering,
    )
    findings += _references(directory, file)
    findings += _identifiers(directory, file)
    return directory, findings


def wrong(key: str, message: str, fix: str, file: str | None, *, code: str = WRONG_VALUE) -> Finding:
    """An error at a key of the settings."""
    return Finding(
        code=code, severity=Severity.ERROR, message=message, location=Location(file=file, field=key), fix=fix
    )


def _rows(
    document: Mapping[str, Any], table: str, kind: type[Value], findings: list[Finding], file: str | None
) -> list[Value]:
    rows = document.get(table, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        findings.append(wrong(table, "not a list of tables", f"Write [[{table}]], with two brackets.", file))
        return []
    made = []
    for row in rows:
        where = f"{table}.{cut(row['id'])}" if isinstance(row.get("id"), str) else table
        value, more = convert_table(_long_forms(row, table), kind, where, file)
        findings += more
        if value is not None:
            made.append(value)
    return made


def _long_forms(row: Mapping[str, Any], table: str) -> dict[str, Any]:
    forms = _SHORT_FORMS.get(table, {})
    renamed = {forms.get(key, key): value for key, value in row.items()}
    licenses = renamed.get("licenses")
    if table == "provider" and isinstance(licenses, list):
        renamed["licenses"] = [
            _long_forms(each, "license") if isinstance(each, Mapping) else each for each in licenses
        ]
    return renamed


def _by_id(rows: Iterable[Value], table: str, findings: list[Finding], file: str | None) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for row in rows:
        key: str = getattr(row, "id")  # noqa: B009 - every kind given here has an id
        if key in found:
            message = f"two [[{table}]] have the id {cut(key)}"
            findings.append(
                wrong(f"{table}.{cut(key)}.id", message, "Give each its own id.", file, code=ID_TWICE)
            )
        found[key] = row
    return found


def _references(directory: Directory, file: str | None) -> list[Finding]:
    """Every id that names another table must be found there."""
    wanted: list[tuple[str, str, Iterable[str]]] = []
    for practice in directory.practices.values():
        place = f"practice.{cut(practice.id)}"
        wanted.append((f"{place}.default_facility", practice.default_facility, directory.facilities))
        wanted += [
            (f"{place}.trading_partners", one, directory.trading_partners)
            for one in practice.trading_partners
        ]
    for facility in directory.facilities.values():
        wanted.append((f"facility.{cut(facility.id)}.practice", facility.practice, directory.practices))
    for clinician in directory.clinicians.values():
        wanted.append(
            (f"provider.{cut(clinician.id)}.supervisor", clinician.supervisor, directory.clinicians)
        )
    for row in directory.enrolments:
        wanted.append(("enrolment.practice", row.practice, directory.practices))
        wanted.append(("enrolment.provider", row.provider, directory.clinicians))
    for key in directory.numbering.clm01_prefix:
        wanted.append(("numbering.clm01_prefix", key, directory.practices))
    return [_unknown(key, value, known, file) for key, value, known in wanted if value and value not in known]


def _unknown(key: str, value: str, known: Iterable[str], file: str | None) -> Finding:
    near = get_close_matches(cut(value), list(known), n=1)
    fix = f"Did you mean {cut(near[0])}?" if near else "Correct it, or add the table it names."
    return wrong(key, f"{cut(value)} is not defined", fix, file, code=UNKNOWN_REFERENCE)


def _identifiers(directory: Directory, file: str | None) -> list[Finding]:
    """NPIs of ten digits, tax ids of nine; the check digit is for the rules."""
    wanted: list[tuple[str, str, int]] = []
    for practice in directory.practices.values():
        wanted.append((f"practice.{cut(practice.id)}.npi", practice.npi, 10))
        wanted.append((f"practice.{cut(practice.id)}.tax_id", practice.tax_id, 9))
    wanted += [(f"facility.{cut(one.id)}.npi", one.npi, 10) for one in directory.facilities.values()]
    wanted += [(f"provider.{cut(one.id)}.npi", one.npi, 10) for one in directory.clinicians.values()]
    return [
        wrong(key, f"not {length} digits", f"Write {length} digits in quotes.", file, code=NOT_AN_IDENTIFIER)
        for key, value, length in wanted
        if value and not (len(value) == length and value.isascii() and value.isdigit())
    ]
