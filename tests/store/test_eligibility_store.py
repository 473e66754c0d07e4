"""Inquiries and answers in the store, on both databases: tied once, known again, the latest one last."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
import pytest

from edi.model.eligibility import Benefit, EligibilityAnswer, EligibilityInquiry, Rejection
from edi.model.party import Person, Provider
from reconcile.store import Store, allocate, open_store, store_digest
from reconcile.store.control_numbers import TRN270, TRN276, trace_number
from reconcile.store.digest import table_digests
from reconcile.store.eligibility import confirmations, save_answers, save_inquiries, waiting_since

NOW = datetime(2026, 3, 20, 12, 0)
BORN = date(1960, 5, 17)
PERSON = Person(last_name="SAMPLE", first_name="MARY", birth_date=BORN)
TWIN = Person(last_name="SAMPLE", first_name="MAUD", birth_date=BORN)
CHILD = Person(last_name="SAMPLE", first_name="MARY", birth_date=date(2015, 5, 5))
STRANGER = Person(last_name="OTHER", first_name="ZOE")
COEVAL = Person(last_name="OTHER", first_name="ZOE", birth_date=BORN)


def inquiry(trace: str, patient: str = "P1", **changes) -> EligibilityInquiry:
    given = {
        "practice_id": "orchard",
        "patient_id": patient,
        "payer_key": "acme",
        "trace_number": trace,
        "payer_id": "87726",
        "provider": Provider(is_person=False, last_name="CLINIC"),
        "subscriber": PERSON,
        "member_id": "W-1",
        "date_from": date(2026, 3, 10),
        "date_to": date(2026, 3, 10),
    }
    return EligibilityInquiry(**{**given, **changes})


def answer(trace: str = "", day: int = 21, code: str = "1", **changes) -> EligibilityAnswer:
    given = {
        "answered_on": date(2026, 3, day),
        "traces": (("2", trace, "1"),) if trace else (),
        "payer_id": "87726",
        "subscriber": PERSON,
        "member_id": "W1",
        "benefits": (Benefit(code=code, service_types=("30",)),),
    }
    return EligibilityAnswer(**{**given, **changes})


@pytest.fixture
def store(database_url, tmp_path):
    made = open_store(database_url, tmp_path / "vault")
    with made.write() as connection:
        save_inquiries(
            connection,
            [inquiry("E000000001"), inquiry("E000000002", "P2", member_id="W2")],
            partner="house",
            file_sha256="a" * 64,
            asked_on=date(2026, 3, 20),
        )
    yield made
    made.close()


def save(store: Store, *answers: EligibilityAnswer, file: str = "f"):
    with store.write() as connection:
        return save_answers(connection, answers, file_sha256=file)


def held(store: Store, files=None):
    with store.read() as connection:
        return list(confirmations(connection, files))


@pytest.mark.parametrize(
    ("given", "patient", "tied"),
    [
        (answer("E000000001"), "P1", "trace"),
        (answer("E000000002", member_id=""), "P2", "trace"),
        (answer("E000000002", member_id="", subscriber=Person()), "", ""),
        (answer("E000000001", subscriber=CHILD), "", ""),
        (answer("E000000001", member_id="W9", subscriber=STRANGER), "", ""),
        (
            answer(
                "E000000001", member_id="W9", subscriber=msgspec.structs.replace(STRANGER, birth_date=BORN)
            ),
            "",
            "",
        ),
        (answer(subscriber=TWIN), "", ""),
        (answer(subscriber=Person(birth_date=BORN)), "", ""),
        (answer(), "P1", "member"),
        (answer("CLEARINGHOUSE9"), "P1", "member"),
        (answer(member_id="W2"), "P2", "member"),
        (answer(payer_id="OTHER"), "", ""),
        (answer(subscriber=Person(birth_date=date(1961, 1, 1))), "", ""),
        (answer(member_id="W3"), "", ""),
        (answer("E000000001", member_id="W9", subscriber=Person(birth_date=date(1900, 1, 1))), "", ""),
        (answer("E000000001", member_id="NEW"), "P1", "trace"),
        (answer(member_id="", subscriber=Person()), "", ""),
    ],
)
def test_an_answer_finds_its_inquiry(store, given, patient, tied):
    (saved,) = save(store, given)
    assert (saved.confirmation.patient_id, saved.tied, saved.new) == (patient, tied, True)
    (one,) = held(store)
    assert one.confirmation == saved.confirmation
    assert one.asked_on == (date(2026, 3, 20) if tied else None)


def test_a_member_of_two_patients_is_not_guessed(store):
    with store.write() as connection:
        save_inquiries(
            connection,
            [inquiry("E000000003", "TWIN")],
            partner="house",
            file_sha256="b",
            asked_on=date(2026, 3, 20),
        )
    assert save(store, answer())[0].tied == ""
    assert save(store, answer("E000000003"))[0].confirmation.patient_id == "TWIN"


def test_twins_are_told_apart_by_name(store):
    """Their member id and birth date are one; an answer without a trace number still finds its own."""
    with store.write() as connection:
        save_inquiries(
            connection,
            [inquiry("E000000003", "TWIN", subscriber=TWIN)],
            partner="house",
            file_sha256="b",
            asked_on=date(2026, 3, 20),
        )
    assert [one.confirmation.patient_id for one in save(store, answer(), answer(subscriber=TWIN))] == [
        "P1",
        "TWIN",
    ]


def test_what_is_tied_to_nobody_waits_no_one_s_answer(store):
    save(store, answer("E000000001", subscriber=CHILD))
    (one,) = held(store)
    assert (one.tied, one.asked_on, one.confirmation.birth_date) == ("", None, CHILD.birth_date)
    with store.read() as connection:
        assert ("orchard", "P1", "acme", "W1") in waiting_since(connection)


def test_the_same_answer_again_changes_nothing(store):
    assert [one.new for one in save(store, answer("E000000001"), answer("E000000001"))] == [True, False]
    with store.read() as connection:
        before = store_digest(connection)
    assert [one.new for one in save(store, answer("E000000001"), file="other")] == [False]
    with store.read() as connection:
        assert store_digest(connection) == before
    assert len(held(store)) == 1
    assert held(store, ["f"])
    assert held(store, ["other"]) == []


def test_answers_come_oldest_first_whatever_order_they_were_saved_in(store):
    save(
        store,
        answer("E000000001", day=25, code="6"),
        answer("E000000001", day=22),
        answer("E000000002", answered_on=None),
        answer("E000000002", day=22),
    )
    assert [(one.confirmation.confirmed_on, one.confirmation.patient_id) for one in held(store)] == [
        (None, "P2"),
        (date(2026, 3, 22), "P1"),
        (date(2026, 3, 22), "P2"),
        (date(2026, 3, 25), "P1"),
    ]


def test_who_waits_for_an_answer(store):
    def waiting():
        with store.read() as connection:
            return waiting_since(connection)

    first = ("orchard", "P1", "acme", "W1")
    assert waiting() == {first: date(2026, 3, 20), ("orchard", "P2", "acme", "W2"): date(2026, 3, 20)}
    save(store, answer("E000000001", benefits=(), rejections=(Rejection("subscriber", "42", "R"),)))
    assert list(waiting()) == [("orchard", "P2", "acme", "W2")]
    with store.write() as connection:
        save_inquiries(
            connection,
            [inquiry("E000000009")],
            partner="house",
            file_sha256="c",
            asked_on=date(2026, 3, 28),
        )
    assert waiting()[first] == date(2026, 3, 28)


def test_trace_numbers_are_given_once(store):
    with store.write() as connection:
        numbers = [*allocate(connection, "", TRN270, 2, at=NOW), *allocate(connection, "", TRN270, 1, at=NOW)]
    assert [trace_number(TRN270, number) for number in numbers] == ["E000000001", "E000000002", "E000000003"]
    assert trace_number(TRN276, 36**9 - 1) == "SZZZZZZZZZ"


def test_both_databases_hold_the_same(postgres_database, tmp_path):
    digests = []
    for url in (postgres_database, f"sqlite:///{tmp_path / 'a.db'}"):
        made = open_store(url, tmp_path / "vault")
        with made.write() as connection:
            asked = [inquiry("E000000001"), inquiry("E000000002", "ü", subscriber=Person())]
            save_inquiries(connection, asked, partner="house", file_sha256="x", asked_on=date(2026, 3, 20))
            save_answers(connection, [answer("E000000001"), answer(answered_on=None)], file_sha256="y")
            digests.append(table_digests(connection))
            assert len(list(confirmations(connection))) == 2
        made.close()
    assert digests[0] == digests[1]
    assert digests[0]["eligibility_answer"].startswith("2:")


def test_the_whole_answer_is_kept(store):
    given = answer("E000000001", kept=(("PER", "IC", "X"),))
    save(store, given)
    with store.read() as connection:
        content = connection.exec_driver_sql("SELECT content FROM eligibility_answer").scalar()
    assert msgspec.msgpack.decode(bytes(content), type=EligibilityAnswer) == given
