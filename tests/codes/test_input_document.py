"""docs/input.md names every column and setting there is, and says of each whether anything reads it."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from cli.settings import DepositsSettings, PostingSettings, Settings, StoreSettings, TablesSettings
from edi.codes.official import unfit
from edi.intake.deposits import DEPOSITS
from edi.intake.patients import PATIENTS
from edi.intake.payments import PAYMENTS
from edi.intake.records import AUTHORIZATIONS, CASES, FEES
from edi.intake.sessions import SESSIONS, SPLIT_MODIFIERS
from edi.model.directory import (
    Clinician,
    Enrolment,
    Facility,
    License,
    Numbering,
    Practice,
    Submitter,
    TradingPartner,
)
from edi.payers import PayerProfile
from edi.payers.profile import LagDays, RemitIdentity

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/input.md").read_text(encoding="utf-8")
SHORT = {
    "valid_from": "from",
    "valid_to": "to",
    "last_name": "last",
    "first_name": "first",
    "licenses": "license",
}
"""What claimloop.toml calls a field of the directory."""
NOT_KEYS = {"key", "rules", "folder", "file", "directory", "payers", "findings"}
"""Fields that no file sets by this name: [[payer.key.rule]] is looked for as such."""
FILES = {
    "sessions": [column for column in SESSIONS.columns if column.name not in SPLIT_MODIFIERS],
    "patients": PATIENTS.columns,
    "cases": CASES.columns,
    "authorizations": AUTHORIZATIONS.columns,
    "fees": FEES.columns,
    "deposits": DEPOSITS.columns,
    "payments": PAYMENTS.columns,
}
TABLES = (
    Submitter, Numbering, Practice, Facility, Clinician, License, Enrolment, TradingPartner,
    StoreSettings, TablesSettings, PostingSettings, DepositsSettings, Settings,
)  # fmt: skip
READ_UNDER_ANOTHER_NAME = {
    "plan_name", "denials", "run", "per_visit", "visit_maximum", "expected", "address", "attachments", "fax", "portal",
}  # fmt: skip
"""Not used though the word is: it is the name of something else, too."""


def names_of(text):
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))


def policies():
    """The tables of a payer by their key, with what stands inside them."""
    found = {}
    for field in msgspec.structs.fields(PayerProfile):
        if (
            isinstance(field.type, type)
            and issubclass(field.type, msgspec.Struct)
            and field.name != "address"
        ):
            found[field.name] = field.type
    return found


POLICIES = policies()


@pytest.mark.parametrize("file", FILES)
def test_every_column_is_named(file):
    section = next(part for part in PAGE.split("\n## ") if part.startswith(f"{file}.csv"))
    assert {column.name for column in FILES[file]} - names_of(
        section if file != "sessions" else PAGE
    ) == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_of_claimloop_toml_is_named(table):
    section = next(part for part in PAGE.split("\n## ") if part.startswith("claimloop.toml"))
    keys = {field.encode_name for field in msgspec.structs.fields(table)} - NOT_KEYS
    assert {key for key in keys if {key, SHORT.get(key, key)}.isdisjoint(names_of(section))} == set()


@pytest.mark.parametrize("table", [name for name in POLICIES if name != "remit"])
def test_every_setting_of_a_payer_is_named_in_its_own_line(table):
    (line,) = re.findall(rf"^\[payer\.key\.{table}\] .*$", PAGE, re.MULTILINE)
    assert {field.encode_name for field in msgspec.structs.fields(POLICIES[table])} - names_of(line) == set()


def test_every_key_of_a_payer_is_named():
    section = next(part for part in PAGE.split("\n## ") if part.startswith("payers.toml"))
    keys = {
        field.encode_name
        for kind in (PayerProfile, RemitIdentity, LagDays)
        for field in msgspec.structs.fields(kind)
    }
    assert keys - NOT_KEYS - names_of(section) == set()


def said_unused():
    """The names after each "Not used yet:" up to the end of its sentence."""
    sentences = re.findall(r"Not used yet: (.*?)\.(?:\s|$)", PAGE)
    return {name for sentence in sentences for name in re.findall(r"`([a-z0-9_]+)`", sentence)}


def unused():
    """Columns and settings that no code reads as an attribute, but for the readers of the files themselves."""
    readers = (
        "edi/model/records",
        "edi/model/session",
        "edi/model/directory",
        "edi/payers/profile",
        "cli/settings",
    )
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("edi", "reconcile", "cli")
        for path in (ROOT / folder).rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(readers)
    )
    dates_of_cases = names_of((ROOT / "edi/intake/charge/assemble.py").read_text(encoding="utf-8"))
    names = {column.name for columns in FILES.values() for column in columns}
    for kind in (*TABLES, *POLICIES.values(), PayerProfile):
        names |= {field.name for field in msgspec.structs.fields(kind)}
    renamed = {
        "from", "to", "valid_from", "valid_to", "rules", "key", "rule", "practice_id", *SPLIT_MODIFIERS,
        *(name for name in names if name.startswith("subscriber_")),
        "birth_date", "sex", "address_1", "address_2", "middle_name", "suffix", "city", "state", "zip", "country",
        "coverage_rank",
    }  # fmt: skip
    return {
        name
        for name in names - renamed - dates_of_cases
        if re.search(rf"\.{name}\b(?!\s*=[^=])|\.table\(\"{name}\"", code) is None
    }


def test_what_is_not_used_is_what_the_page_says():
    told, found = said_unused(), unused()
    assert found - told == set(), "no code reads these, and the page does not say so"
    assert told - found - READ_UNDER_ANOTHER_NAME == set(), "the page is stale: some code reads these"
    assert "not checked yet" not in PAGE


def test_nobody_is_told_to_load_what_is_refused():
    """Medicaid's own edits have Medicare's layout and are refused by name: Medicare's stand in, as warnings."""
    (line,) = [
        one
        for one in (ROOT / "edi/payers/payers.toml").read_text(encoding="utf-8").splitlines()
        if one.startswith('ncci = "medicaid"')
    ]
    assert unfit("medicaid-ncci-q4-2026-ptp-edits-practitioner-services.txt")
    assert "tables update" not in line
    assert 'edits.ncci = "medicaid"' in PAGE
