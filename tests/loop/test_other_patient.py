"""A claim payment of another patient through the store: held, linked, followed, taken back; in any order."""

from __future__ import annotations

from itertools import permutations

import pytest

from cli.jobs.holds import Decider
from cli.jobs.linking import link, unlink
from cli.jobs.posting import Tools
from cli.jobs.retrying import retry_for_claims
from edi.codes.lookup import load_tables
from tests.builders import make_claim, make_line, make_person, make_subscriber
from tests.jobs.conftest import NOW, Desk
from tests.jobs.hand_desk import PAYERS
from tests.remits import claim, file_of, line, payment

OURS = make_claim(lines=(make_line(1, "97110", line_control_number="L000000001"),))
OUTCOMES = "SELECT outcome, reason FROM claim_payment ORDER BY id"
PAID = "SELECT paid FROM claim WHERE id = root"


@pytest.fixture
def desk(tmp_path):
    """A desk that holds the claim of one patient."""
    made = Desk(f"sqlite:///{tmp_path / 'claimloop.db'}", tmp_path)
    made.submit(OURS)
    yield made
    made.store.close()


def answer(trace, day, *, paid=4000, sign=1, status="1", patient="STRANGER*ODD", member="Z987654321", **more):
    """A payment of one claim payment about the claim, of somebody else by default."""
    one = claim(
        "A0000001",
        line("97110", sign * 5000, sign * paid, number="L000000001"),
        status="22" if sign < 0 else status,
        patient=patient,
        member=member,
        **more,
    )
    return file_of(payment([one], trace=trace, day=day, plb=[("WO", -4000)] if sign < 0 else ()))


def decide(desk):
    return Decider(store=desk.store, tools=Tools(load_tables(), PAYERS), now=NOW, actor="ann")


def test_it_is_held_with_its_claim_and_the_next_step(desk):
    told = desk.ingest(answer("T1", "20260320"), payers=PAYERS)
    assert (told.totals.unmatched, told.exit_code()) == (1, 1)
    assert desk.rows(OUTCOMES) == [("unmatched", "other_patient")]
    assert desk.rows(PAID) == [(0,)]
    ((detail, candidates),) = desk.rows("SELECT detail, candidates FROM claim_payment")
    assert candidates == "1"
    assert not {"STRANGER", "Z987654321", "W123456789"} & set(detail.upper().replace(",", " ").split())
    assert desk.broken() == []


def test_the_claim_it_means_takes_it_when_that_comes(desk):
    desk.ingest(answer("T1", "20260320"), payers=PAYERS)
    person = make_person(last_name="STRANGER", first_name="ODD")
    theirs = make_claim(
        lines=(make_line(1, "97110", line_control_number="1", session_line_ids=()),),
        patient_id="P2",
        subscriber=make_subscriber(person=person, member_id="Z987654321"),
    )
    new = desk.submit(theirs, source="imported")
    with desk.store.write() as connection:
        assert retry_for_claims(connection, new, Tools(load_tables(), PAYERS)) == 1
    assert desk.rows("SELECT paid FROM claim ORDER BY id") == [(0,), (4000,)]
    assert desk.broken() == []


def test_a_link_posts_it_and_what_tells_the_same_patient_follows_until_the_link_ends(desk):
    desk.ingest(answer("T1", "20260320"), answer("T2", "20260327", payer_number="PCN2"), payers=PAYERS)
    made = link("claim_payment:1", "A0000001", decide(desk))
    assert made.followed == (2,)
    desk.ingest(answer("T3", "20260403", payer_number="PCN3"), payers=PAYERS)
    desk.ingest(answer("T4", "20260410", patient="THIRD*ONE", member="Y555555555"), payers=PAYERS)
    assert [outcome for outcome, _ in desk.rows(OUTCOMES)] == ["posted"] * 3 + ["unmatched"]
    assert desk.broken() == []
    unlink("claim_payment:1", "wrong claim", decide(desk))
    assert desk.rows(OUTCOMES) == [("unmatched", "other_patient")] * 4
    assert desk.rows(PAID) == [(0,)]
    assert desk.broken() == []


def test_the_reversal_and_the_correction_of_a_linked_one_are_posted(desk):
    desk.ingest(answer("T1", "20260320"), payers=PAYERS)
    link("claim_payment:1", "A0000001", decide(desk))
    desk.ingest(answer("T2", "20260410", sign=-1), payers=PAYERS)
    assert desk.rows(PAID) == [(0,)]
    desk.ingest(answer("T3", "20260411", paid=3000), payers=PAYERS)
    assert desk.rows(PAID) == [(3000,)]
    assert desk.rows(OUTCOMES) == [("posted", "")] * 3
    assert desk.broken() == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_evidence_of_the_original_counts_whichever_came_first(desk, order):
    files = [
        answer("T1", "20260320", patient="*", member="Z987654321"),  # no name: charge and lines agree
        answer("T2", "20260410", sign=-1),
        answer("T3", "20260411", paid=3000),
    ]
    for place in order:
        desk.ingest(files[place], payers=PAYERS)
        assert desk.broken() == []
    assert desk.rows(OUTCOMES) == [("posted", "")] * 3
    assert desk.rows(PAID) == [(3000,)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_reversal_under_the_payers_number_takes_back_whoever_it_names(desk, order):
    files = [
        answer("T1", "20260320", patient="PATIENT*TEST", member="W123456789"),
        answer("T2", "20260410", sign=-1),
    ]
    for place in order:
        desk.ingest(files[place], payers=PAYERS)
    assert desk.rows(OUTCOMES) == [("posted", "")] * 2
    assert desk.rows(PAID) == [(0,)]
    assert desk.broken() == []


def test_a_reversal_of_somebody_else_takes_nothing_back(desk):
    desk.ingest(answer("T1", "20260320", patient="PATIENT*TEST", member="W123456789"), payers=PAYERS)
    desk.ingest(answer("T2", "20260410", sign=-1, payer_number="OTHER"), payers=PAYERS)
    assert desk.rows(OUTCOMES) == [("posted", ""), ("unmatched", "other_patient")]
    assert desk.rows(PAID) == [(4000,)]


def test_in_one_file_the_correction_may_stand_before_the_original(desk):
    correction = claim(
        "A0000001",
        line("97110", 5000, 3000, number="L000000001"),
        patient="STRANGER*ODD",
        member="Z987654321",
        payer_number="PCN2",
    )
    original = claim(
        "A0000001", line("97110", 5000, 4000, number="L000000001"), patient="*", member="Z987654321"
    )
    desk.ingest(file_of(payment([correction, original])), payers=PAYERS)
    assert desk.rows(OUTCOMES) == [("posted", "")] * 2
