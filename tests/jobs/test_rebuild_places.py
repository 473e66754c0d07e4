"""A rebuild makes every decision again where it was made: between the files."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from cli.jobs.holds import release, undo
from cli.jobs.linking import link, unlink
from tests.builders import make_claim
from tests.jobs.conftest import NOW
from tests.jobs.test_held_release import decider, paid, waiting_names
from tests.jobs.test_rebuild import lines, rebuilt
from tests.remits import claim, file_of, line, payment

WRONG_AMOUNT = payment([paid()], bank=17900)
FIRST = payment([paid()])
LAST_FILE = "WHERE ordinal = (SELECT MAX(ordinal) FROM file)"


def held(desk):
    ((name, _),) = waiting_names(desk)
    return name


def wrong_count(data):
    """The file with an SE01 that is one too many."""
    return re.sub(rb"SE\*(\d+)\*", lambda found: b"SE*%d*" % (int(found[1]) + 1), data)


def released_then_sent_right(desk):
    desk.ingest(wrong_count(file_of(FIRST)))
    release(held(desk), "only the count is wrong", decider(desk))
    desk.ingest(file_of(FIRST, control=2))


def released_then_corrected(desk):
    desk.ingest(file_of(WRONG_AMOUNT))
    release(held(desk), "the bank has it", decider(desk))
    desk.ingest(file_of(FIRST, control=2))


def released_then_corrected_then_undone(desk):
    desk.ingest(file_of(WRONG_AMOUNT))
    name = held(desk)
    release(name, "the bank has it", decider(desk))
    desk.ingest(file_of(FIRST, control=2))
    undo(name, "the right one came", decider(desk))


def linked_then_the_number_is_learned(desk):
    desk.ingest(file_of(payment([claim("X99", line("97530", 5000, 4000), payer_number="P1")])))
    (number,) = desk.rows("SELECT id FROM claim_payment")[0]
    link(str(number), "B0000002", decider(desk))
    later = claim("B0000002", line("97530", 5000, 500, adjustments=["OA*23*45"]), payer_number="P1")
    desk.ingest(file_of(payment([later], trace="T3", day="20260402"), control=2))


def one_put_in_the_place_of_another_and_back(desk):
    other = payment(
        [claim("A0000001", line("97110", 5000, 3000, adjustments=["PR*1*20"]), line("97140", 5000, 5000))]
    )
    desk.ingest(file_of(FIRST), file_of(other, control=2))
    release(held(desk), "the second is right", decider(desk))
    desk.ingest(file_of(FIRST, control=3))
    release(held(desk), "the first was right", decider(desk))


def linked_and_ended_around_a_file(desk):
    desk.ingest(file_of(payment([claim("X99", line("97530", 5000, 4000), payer_number="P1")])))
    (number,) = desk.rows("SELECT id FROM claim_payment")[0]
    link(str(number), "B0000002", decider(desk))
    later = claim("X99", line("97530", 5000, 500, adjustments=["OA*23*45"]), payer_number="P2")
    desk.ingest(file_of(payment([later], trace="T3", day="20260402"), control=2))
    unlink(str(number), "another patient", decider(desk))


FLOWS = [
    released_then_sent_right,
    released_then_corrected,
    released_then_corrected_then_undone,
    linked_then_the_number_is_learned,
    one_put_in_the_place_of_another_and_back,
    linked_and_ended_around_a_file,
]


@pytest.fixture
def desk_with_claims(desk_lite):
    desk_lite.submit(make_claim(), make_claim(patient_control_number="B0000002", lines=lines(10, "97530")))
    return desk_lite


@pytest.mark.parametrize("flow", FLOWS)
def test_a_decision_between_files_is_made_again_between_them(desk_with_claims, flow):
    desk = desk_with_claims
    flow(desk)
    assert desk.broken() == []
    made, (digest, with_files), _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())
    assert (digest, with_files) == (desk.digest(), desk.digest(with_files=True))


def test_a_decision_of_long_ago_is_placed_by_its_time(desk_with_claims):
    desk = desk_with_claims
    released_then_corrected(desk)
    desk.sql("UPDATE event SET after_file = ''")
    for when, which in ((NOW - timedelta(hours=1), ""), (NOW + timedelta(hours=1), LAST_FILE)):
        desk.sql(f"UPDATE file SET first_seen = '{when:%Y-%m-%d %H:%M:%S}.000000' {which}")
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_set_that_is_not_there_any_more_is_told(desk_with_claims):
    desk = desk_with_claims
    released_then_corrected(desk)
    desk.sql("UPDATE event SET subject = 'transaction:abcdef0123456789/0' WHERE kind = 'release'")
    made, _, _ = rebuilt(desk)
    (told,) = made.unplayed
    assert told.startswith("release transaction:abcdef0123456789/0: ")
