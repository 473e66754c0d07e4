"""What the store tells of earlier claims, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edi.model.claim import ClaimPayer
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
from tests.builders import DAY, make_claim, make_dependent, make_directory, make_line, make_subscriber


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path / "vault")
    with opened.write() as connection:
        register_practices(connection, make_directory().practices.values())
    yield opened
    opened.close()


def save(store, *claims, hashes=None):
    with store.write() as connection:
        return save_claims(connection, claims, ClaimOrigin(source="created"), hashes).new


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
    hashes = {("orchard", name): "hash" for name in ("V1-1", "V1-3", "V1-4")}
    (number,) = save(store, make_claim(lines=(make_line(1, units="3"), shared)), hashes=hashes)
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


def test_a_rejected_claim_used_no_authorization(store):
    (number,) = save(store, make_claim(authorization="AUTH"))
    with store.write() as connection:
        connection.exec_driver_sql(f"UPDATE claim SET status = 'rejected' WHERE id = {number}")
    with store.read() as connection:
        assert authorized_days(connection, "orchard", {"P1"}) == {}
    assert {one.counts for one in lines_of(store)} == {False}


# -- what became of them, and to whom they were billed -----------------------------------------------------------------


def test_the_status_is_that_of_the_books_once_answered(store):
    (first,) = save(store, make_claim())
    assert [one.status for one in lines_of(store)] == ["submitted", "submitted"]
    with store.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE claim SET status = 'denied', adjudications = 1 WHERE id = {first}"
        )
    assert {one.status for one in lines_of(store)} == {"denied"}
    save(store, make_claim(frequency="7", lines=(make_line(1, "97112"),)))
    assert [one.status for one in lines_of(store)] == ["submitted"], "nobody answered the replacement yet"


def test_a_claim_to_the_next_payer_does_not_hide_the_first(store):
    save(store, make_claim())
    second = make_claim(
        subscriber=make_subscriber(rank="S"), payer=ClaimPayer(name="NEXT", id="9", key="next")
    )
    save(store, second)
    found = [(one.payer, one.procedure_code, one.later_payer) for one in lines_of(store)]
    assert found == [
        ("acme", "97110", False),
        ("acme", "97140", False),
        ("next", "97110", True),
        ("next", "97140", True),
    ]


def test_numbers_of_authorizations_where_they_are_asked_for(store):
    lines = (make_line(1), make_line(2, "97140", authorization="OWN"))
    save(store, make_claim(authorization="AUTH", lines=lines))
    with store.read() as connection:
        asked, silent = (
            [
                one.authorization
                for one in earlier_lines(connection, "orchard", ("P1",), DAY, DAY, authorized=authorized)
            ]
            for authorized in ({"P1"}, ())
        )
    assert (asked, silent) == (["AUTH", "OWN"], ["", ""])


# -- imported claims, which do not say whose they are ------------------------------------------------------------------

BORN = make_claim().patient_person.birth_date


def imported_lines(store, members, first=DAY, last=DAY):
    with store.read() as connection:
        return [
            (one.patient_id, one.procedure_code, one.authorization)
            for one in earlier_lines(connection, "orchard", ("P1",), first, last, members=members)
        ]


def test_an_imported_claim_is_found_by_member_id_and_birth_date(store):
    save(store, make_claim(patient_id="", authorization="AUTH", lines=(make_line(1),)))
    assert imported_lines(store, {("W123456789", BORN): "P1"}) == [("P1", "97110", "AUTH")]
    for members in (
        {},
        {("W123456780", BORN): "P1"},
        {("W123456789", BORN + timedelta(days=1)): "P1"},
    ):
        assert imported_lines(store, members) == []
    tomorrow = DAY + timedelta(days=1)
    assert imported_lines(store, {("W123456789", BORN): "P1"}, tomorrow, tomorrow) == []


def test_an_imported_claim_of_a_dependent_with_an_id_of_his_own(store):
    child = make_dependent(member_id="W123456789-02")
    save(store, make_claim(patient_id="", patient=child, lines=(make_line(1),)))
    members = {
        ("W123456789-02", child.person.birth_date): "P1",
        ("W123456789", child.person.birth_date): "P1",
    }
    assert imported_lines(store, members) == [("P1", "97110", "")], "found by two ids, told once"
    assert imported_lines(store, {("W123456789", BORN): "P1"}) == [], "the subscriber is another person"
