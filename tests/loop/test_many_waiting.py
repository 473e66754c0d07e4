"""What waits for a payer's claim number is read once a command, and tried again only when the number is learnt."""

from __future__ import annotations

import pytest

from reconcile.store import concerned
from tests.builders import make_claim, make_line
from tests.jobs.conftest import Desk
from tests.jobs.hand_desk import PAYERS
from tests.remits import claim, file_of, line, payment

WAITING, FILES = 6, 5


def ours(number):
    """A claim of ours by its number, of 97110 for 50.00."""
    return make_claim(
        patient_control_number=f"A000000{number}",
        lines=(make_line(1, "97110", line_control_number=f"L00000000{number}", session_line_ids=()),),
    )


def answer(name, number, reference="", *, trace, paid=4000):
    told = claim(name, line("97110", 5000, paid), payer_number=number)
    return file_of(payment([[told[0], f"REF*F8*{reference}", *told[1:]] if reference else told], trace=trace))


@pytest.fixture
def waiting(database_url, tmp_path):
    """A desk with claims, and claim payments that refer to payers' numbers which nobody has told yet."""
    made = Desk(database_url, tmp_path)
    made.submit(*(ours(number) for number in range(1, FILES + 1)))
    made.ingest(
        *(answer(f"Q{place}", f"Q{place}", f"UNTOLD{place}", trace=f"W{place}") for place in range(WAITING)),
        answer("R1", "R1", "P3", trace="R1"),
        *(answer(f"S{place}", f"S{place}", trace=f"S{place}") for place in range(WAITING)),
        payers=PAYERS,
    )
    yield made
    made.store.close()


def test_a_command_of_many_files_reads_each_once_and_only_those_that_refer(waiting, monkeypatch):
    read, tried = [], []
    unpack, concerned_ = concerned.unpack_claim_payment, concerned.Referring.concerned

    def unpacked(content):
        read.append(unpack(content).patient_control_number)
        return unpack(content)

    def found(self, connection):
        tried.append(concerned_(self, connection))
        return tried[-1]

    monkeypatch.setattr(concerned, "unpack_claim_payment", unpacked)
    monkeypatch.setattr(concerned.Referring, "concerned", found)
    told = waiting.ingest(
        *(answer(f"A000000{n}", f"P{n}", trace=f"T{n}", paid=3000) for n in range(1, FILES + 1)),
        payers=PAYERS,
    )
    assert sorted(read) == [*(f"Q{place}" for place in range(WAITING)), "R1"]
    assert [len(one) for one in tried if one] == [1], "once, after the file that told its number"
    assert told.totals.retried_matched == 1
    rows = waiting.rows(
        "SELECT patient_control_number FROM claim_payment WHERE outcome = 'posted' ORDER BY id"
    )
    assert ("R1",) in rows
    assert waiting.broken() == []


def test_what_a_rolled_back_transaction_looked_at_is_looked_at_again(waiting):
    look = concerned.Referring()
    waiting.ingest(answer("A0000001", "UNTOLD1", trace="T1"), payers=PAYERS)
    with waiting.store.write() as connection:
        assert (
            look.concerned(connection) == look.concerned(connection) == []
        )  # it was posted or tried just now
        look.forget()
        connection.exec_driver_sql(
            "INSERT INTO payer_claim_control_number (number, claim_id) VALUES ('UNTOLD2', 1)"
        )
        (first,) = look.concerned(connection)
        assert look.concerned(connection) == []
        look.forget()
        assert look.concerned(connection) == [first]
