"""A rebuild makes every decision again where it was made: between the files."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from cli.jobs.holds import release, undo
from cli.jobs.linking import link, unlink
from cli.jobs.posting import Tools
from cli.jobs.retrying import retry_for_claims, retry_unmatched
from cli.jobs.taking import begin_kept_file
from edi.codes.lookup import load_tables
from edi.model.errors import UsageError
from tests.builders import make_claim
from tests.jobs.conftest import NOW
from tests.jobs.hand_desk import PAYERS, add, paper, patient, table
from tests.jobs.test_held_release import decider, paid, waiting_names
from tests.jobs.test_rebuild import lines, rebuilt
from tests.loop.loop_stage import write_837
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


def answer(first, second):
    """A payment of both lines of the claim."""
    rest = [(5000 - cents) // 100 for cents in (first, second)]
    told = [
        line(code, 5000, cents, adjustments=[f"PR*1*{left}"] if left else [])
        for code, cents, left in zip(("97110", "97140"), (first, second), rest, strict=True)
    ]
    return payment([claim("A0000001", *told)])


@pytest.mark.parametrize("spoil", [wrong_count, bytes], ids=["quarantined", "conflicts"])
def test_releases_in_each_others_place_are_taken_back_in_turn(desk_with_claims, spoil):
    desk = desk_with_claims
    for number, content in enumerate((answer(4000, 4000), answer(3000, 5000), answer(5000, 3000)), 1):
        desk.ingest((spoil if number > 1 else bytes)(file_of(content, control=number)))
    books = desk.rows("SELECT paid, patient, status FROM claim ORDER BY id")
    (second, _), (third, _) = waiting_names(desk)
    for name in (second, third):
        release(name, "this one", decider(desk))
    with pytest.raises(UsageError, match="take that back first"):
        undo(second, "no", decider(desk))
    undo(third, "no", decider(desk))
    undo(second, "no", decider(desk))
    assert desk.rows("SELECT paid, patient, status FROM claim ORDER BY id") == books
    assert {name for name, _ in waiting_names(desk)} == {second, third}
    assert desk.broken() == []
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_file_that_was_begun_and_taken_up_later_is_taken_there_again(desk_with_claims):
    desk = desk_with_claims
    first = desk.file(file_of(answer(4000, 4000)))
    kept = desk.store.vault.keep([first.read_bytes()])
    begin_kept_file(desk.store, kept, first.name, NOW, takes_reports=True)
    told = answer(3000, 5000)
    desk.ingest(wrong_count(file_of(told, control=2)))
    release(held(desk), "right", decider(desk))
    desk.ingest(first)
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_decision_after_a_file_that_said_nothing_yet_is_made_before_it(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(wrong_count(file_of(answer(3000, 5000), control=2)))
    first = desk.file(file_of(answer(4000, 4000)))
    kept = desk.store.vault.keep([first.read_bytes()])
    begin_kept_file(desk.store, kept, first.name, NOW, takes_reports=True)
    release(held(desk), "right", decider(desk))
    desk.ingest(file_of(payment([paid("NOBODY")], trace="T9"), control=9))
    desk.ingest(first)
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_row_that_was_refused_until_its_claim_came_is_there_again(desk_lite):
    rows = table(patient("10.00"))
    assert add(desk_lite, rows, "p.csv").files[0].outcome == "rejected"
    desk_lite.import_claims(desk_lite.file(write_837([make_claim()], 3), "claims.837"))
    assert add(desk_lite, rows, "p.csv").files[0].outcome == "posted"
    made, _, _ = rebuilt(desk_lite, payers=PAYERS)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_link_of_a_reversal_that_waits_outlives_what_comes(desk_with_claims):
    desk = desk_with_claims
    back = line("97530", -5000, -4000, adjustments=["CO*45*-10"])
    taken = claim("X99", back, status="22", payer_number="P1")
    desk.ingest(file_of(payment([taken], bank=0, plb=[("WO:1", -4000)])))
    (number,) = desk.rows("SELECT id FROM claim_payment")[0]
    link(str(number), "B0000002", decider(desk))
    new = desk.submit(make_claim(patient_control_number="Z0000009", lines=lines(30, "97110")))
    with desk.store.write() as connection:
        retry_for_claims(connection, new, Tools(load_tables(), {}))
    assert desk.rows("SELECT evidence FROM claim_payment") == [("by_hand",)]
    assert desk.broken() == []
    unlink(str(number), "another", decider(desk))
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


@pytest.mark.parametrize("number", ["X99", "B0000002"], ids=["by alias", "by its number"])
def test_what_a_payment_teaches_finds_what_comes_before_it_in_its_file(desk_with_claims, number):
    desk = desk_with_claims
    desk.ingest(file_of(payment([claim("X99", line("97530", 5000, 4000), payer_number="P1")])))
    link(str(desk.rows("SELECT id FROM claim_payment")[0][0]), "B0000002", decider(desk))
    back = line("97530", -5000, -4500, adjustments=["OA*23*-5"])
    again = line("97530", 5000, 4500, adjustments=["OA*23*5"])
    both = [claim("LOST7", back, status="22", payer_number="P7"), claim(number, again, payer_number="P7")]
    desk.ingest(file_of(payment(both, trace="T3", day="20260402"), control=2))
    assert desk.rows("SELECT DISTINCT outcome FROM claim_payment") == [("posted",)]
    assert retry_unmatched(desk.store, Tools(load_tables(), {})) == 0
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


WARNED = "SELECT claim_id, code FROM claim_finding ORDER BY claim_id"
WAITS = "REVERSAL_WITHOUT_ORIGINAL"


def taken_back(number, code, payer_number="P1", **changes):
    """A reversal of one line of 50.00, of which 40.00 was paid."""
    back = line(code, -5000, -4000, adjustments=["CO*45*-10"])
    return claim(number, back, status="22", payer_number=payer_number, **changes)


def test_a_reversal_linked_to_another_claim_waits_at_the_first_no_more(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(file_of(payment([taken_back("B0000002", "97530")])))
    assert desk.rows(WARNED) == [(2, WAITS)]
    link("1", "A0000001", decider(desk), lines=["1=1"])
    assert desk.rows(WARNED) == [(1, WAITS)]
    answer = claim("B0000002", line("97530", 5000, 4000), payer_number="P2")
    over = claim("B0000002", line("97530", 5000, 4500), payer_number="P3")
    desk.ingest(file_of(payment([answer, over], trace="T2"), control=2))
    assert desk.rows("SELECT outcome FROM claim_payment WHERE id > 1") == [("posted",), ("posted",)]
    assert desk.broken() == []
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_set_taken_back_leaves_no_warning_of_its_reversal(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(wrong_count(file_of(payment([taken_back("B0000002", "97530")]))))
    name = held(desk)
    release(name, "the count is wrong", decider(desk))
    assert desk.rows(WARNED) == [(2, WAITS)]
    undo(name, "not so", decider(desk))
    assert desk.rows(WARNED) == []
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


@pytest.mark.parametrize("by", ["a release", "a file"])
def test_what_fitted_no_claim_of_a_number_is_tried_when_it_names_another(desk_with_claims, by):
    desk = desk_with_claims
    both = (line("97110", 5000, 4000), line("97140", 5000, 4000))
    desk.ingest(file_of(payment([claim("A0000001", *both, payer_number="P7")])))
    desk.ingest(file_of(payment([taken_back("LOST7", "97530", "P7")], trace="T2"), control=2))
    assert desk.rows("SELECT reason FROM claim_payment WHERE id = 2") == [("lines_unmatched",)]
    of_b = file_of(
        payment([claim("B0000002", line("97530", 5000, 4000), payer_number="P7")], trace="T3"), control=3
    )
    if by == "a file":
        desk.ingest(of_b)
    else:
        desk.ingest(wrong_count(of_b))
        release(held(desk), "the count is wrong", decider(desk))
    assert desk.rows("SELECT outcome, claim_id FROM claim_payment WHERE id = 2") == [("posted", 2)]
    assert retry_unmatched(desk.store, Tools(load_tables(), {})) == 0
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_decision_after_the_newest_file_before_it_said_anything_is_made_before_it(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(file_of(payment([taken_back("Y77", "97530", "P9")])))
    told = claim("B0000002", line("97530", 5000, 4000), payer_number="P9")
    later = desk.file(file_of(payment([told], trace="T2"), control=2))
    kept = desk.store.vault.keep([later.read_bytes()])
    begin_kept_file(desk.store, kept, later.name, NOW, takes_reports=True)
    link("1", "B0000002", decider(desk))
    desk.ingest(later)
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed) == ((), ())


def test_a_file_taken_in_part_and_added_again_keeps_its_decisions(desk_lite):
    desk = desk_lite
    desk.import_claims(desk.file(write_837([make_claim()], 3), "claims.837"))
    rows = table(
        patient("6.00", claim="B0000002"),
        paper("97110", "40.00", "CO-45=10.00", claim="A000OOO1", charge="50.00"),
    )
    assert add(desk, rows, "p.csv").files[0].outcome == "partial"
    desk.ingest(file_of(payment([claim("NOBODY", line("97110", 5000, 5000))], trace="T9"), control=9))
    link("1", "A0000001", decider(desk))
    desk.import_claims(desk.file(write_837([make_claim(patient_control_number="B0000002")], 4), "more.837"))
    assert add(desk, rows, "p.csv").files[0].outcome == "posted"
    assert desk.rows("SELECT COUNT(*) FROM patient_entry") == [(1,)]
    made, (digest, with_files), _ = rebuilt(desk, payers=PAYERS)
    assert (made.differs, made.unplayed) == ((), ())
    assert (digest, with_files) == (desk.digest(), desk.digest(with_files=True))
