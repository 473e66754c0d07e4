"""What the store tells of earlier claims, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reconcile.store import (
    ClaimOrigin,
    Store,
    authorized_days,
    billed_sessions,
    billed_units,
    earlier_lines,
    open_store,
    register_practices,
    save_claims,
    save_sessions_without_line,
)
from tests.builders import DAY, make_claim, make_directory, make_line


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path / "vault")
    with opened.write() as connection:
        register_practices(connection, make_directory().practices.values())
    yield opened
    opened.close()


def save(store, *claims):
    with store.write() as connection:
        return save_claims(connection, claims, ClaimOrigin(source="created")).new


def lines_of(store, *patients, first=DAY, last=DAY):
    with store.read() as connection:
        return list(earlier_lines(connection, "orchard", patients or ("P1",), first, last))


def test_earlier_lines_of_the_patients_and_days(store):
    later = make_line(1, "97112", date_from=DAY + timedelta(days=1), date_to=DAY + timedelta(days=1))
    save(store, make_claim(), make_claim(patient_control_number="A2", patient_id="P2", lines=(later,)))
    (first, second) = lines_of(store, "P1", "P2")
    assert (first.procedure_code, first.modifiers, first.units, first.charge) == ("97110", ("GP",), "1", 5000)
    assert (first.patient_control_number, first.payer, first.date_of_service) == ("A0000001", "acme", DAY)
    assert second.procedure_code == "97140"
    assert [one.patient_id for one in lines_of(store, "P1", "P2", last=DAY + timedelta(days=1))] == [
        "P1",
        "P1",
        "P2",
    ]
    assert lines_of(store, "P3") == []
    with store.read() as connection:
        assert list(earlier_lines(connection, "elsewhere", ("P1",), DAY, DAY)) == []


def test_only_the_newest_submission_counts_and_no_void(store):
    save(store, make_claim())
    save(store, make_claim(frequency="7", lines=(make_line(1, "97112"),)))
    assert [one.procedure_code for one in lines_of(store)] == ["97112"]
    save(store, make_claim(frequency="8", lines=(make_line(1, "97112"),)))
    assert lines_of(store) == []


def test_units_of_session_lines(store):
    shared = make_line(3, "97530", units="2", session_line_ids=("V1-3", "V1-4"))
    (number,) = save(store, make_claim(lines=(make_line(1, units="3"), shared)))
    with store.write() as connection:
        save_sessions_without_line(connection, [("orchard", "V1-9", "hash", number)])
    with store.read() as connection:
        found = billed_units(connection, "orchard", ["V1-1", "V1-3", "V1-4", "V1-9", "V1-10"])
        assert found == {"V1-1": 3, "V1-3": 2, "V1-4": 0, "V1-9": 0}
        assert billed_sessions(connection, "orchard", ["V1-9"]) == {"V1-9": "hash"}


def test_days_on_which_authorizations_were_used(store):
    lines = (make_line(1), make_line(2, date_from=DAY + timedelta(days=1), authorization="OWN"))
    save(store, make_claim(authorization="AUTH", lines=lines))
    save(store, make_claim(patient_control_number="A2", authorization="", lines=(make_line(1),)))
    with store.read() as connection:
        found = authorized_days(connection, "orchard", {"P1", "P2"})
    assert found == {
        ("orchard", "P1", "AUTH"): {DAY},
        ("orchard", "P1", "OWN"): {DAY + timedelta(days=1)},
    }
