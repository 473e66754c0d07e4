"""Chains in the store: which saved claims are submissions of one and the same."""

from __future__ import annotations

import pytest

from cli.jobs.posting import Tools, recompute
from edi.codes.lookup import load_tables
from edi.model.claim import Person
from edi.model.directory import Practice
from reconcile.store import ClaimOrigin, open_store, register_practices, save_claims
from tests.builders import make_claim, make_line, make_subscriber, npi

IMPORTED = ClaimOrigin(source="imported")
PT = make_claim(lines=(make_line(1, "97110", line_control_number="1"),))
OT = make_claim(lines=(make_line(1, "97530", ("GO",), charge=6000, line_control_number="1"),))
OTHER = make_subscriber(member_id="OTHER", person=Person(last_name="A", first_name="B"))


@pytest.fixture
def store(database_url, tmp_path):
    made = open_store(database_url, tmp_path / "vault")
    with made.write() as connection:
        register_practices(
            connection,
            [
                Practice(id=name, name=name.upper(), npi=npi(number), tax_id=f"{number}23456789")
                for number, name in enumerate(("orchard", "beach"), 1)
            ],
        )
    yield made
    made.close()


def save(store, *claims):
    """Each claim in a transaction of its own, its books computed when it joins a chain."""
    found = []
    for claim in claims:
        with store.write() as connection:
            saved = save_claims(connection, [claim], IMPORTED)
            recompute(connection, saved.extended, Tools(load_tables(), {}))
        found.append(saved)
    return found


def know(store, claim, number):
    """The payer has named a claim by its own number."""
    with store.write() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO payer_claim_control_number (number, claim_id) VALUES ('{number}', {claim})"
        )


def rows(store):
    with store.read() as connection:
        query = "SELECT id, root, sequence, billed FROM claim ORDER BY id"
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def again(claim, **changes):
    """A replacement."""
    fields = {name: getattr(claim, name) for name in claim.__struct_fields__}
    return make_claim(**{**fields, "frequency": "7", **changes})


def test_a_second_visit_under_one_number_is_another_claim(store):
    save(store, PT, OT)
    assert rows(store) == [(1, 1, 1, 5000), (2, 2, 2, 6000)]


def test_a_resend_and_the_claim_to_the_next_payer_join(store):
    resent = make_claim(lines=(make_line(1, "97110", ("GP", "KX"), line_control_number="2"),))
    save(store, PT, resent)
    assert [row[:3] for row in rows(store)] == [(1, 1, 1), (2, 1, 2)]


def test_a_replacement_joins_the_visit_whose_lines_it_bills(store):
    save(store, PT, OT, again(OT, lines=(make_line(1, "97530", ("GO",), charge=5500),)))
    assert [row[1] for row in rows(store)] == [1, 2, 2]


def test_a_replacement_joins_the_visit_its_reference_names(store):
    save(store, PT, OT)
    know(store, 1, "PCN1")
    save(store, again(OT, original_reference="PCN1", lines=(make_line(1, "97535", ("GO",)),)))
    assert [row[1] for row in rows(store)] == [1, 2, 1]


def test_a_replacement_that_fits_two_visits_joins_none_and_is_told(store):
    *_, last = save(store, PT, OT, again(OT, lines=(make_line(1, "97535", ("GO",)),)))
    assert [row[1] for row in rows(store)] == [1, 2, 3]
    assert last.unchained == (3,)


@pytest.mark.parametrize(
    ("changes", "root"),
    [
        ({}, 1),
        ({"practice_id": "beach"}, 2),
        ({"subscriber": OTHER}, 2),
        ({"practice_id": "beach", "subscriber": OTHER}, 2),
    ],
)
def test_a_reference_is_of_one_practice_and_patient(store, changes, root):
    save(store, PT)
    know(store, 1, "PCN1")
    (saved,) = save(store, again(PT, patient_control_number="NEW", original_reference="PCN1", **changes))
    assert rows(store)[1][1] == root
    assert saved.unchained == ()


def test_a_reference_to_two_chains_joins_none(store):
    save(store, PT, make_claim(patient_control_number="B"))
    know(store, 1, "PCN1")
    know(store, 2, "PCN1")
    (saved,) = save(store, again(PT, patient_control_number="NEW", original_reference="PCN1"))
    assert rows(store)[2][:2] == (3, 3)
    assert saved.unchained == (3,)
