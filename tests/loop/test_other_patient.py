"""A claim payment of another patient through the store: held, linked, followed, taken back; in any order."""

from __future__ import annotations

from itertools import permutations

import pytest

from cli.jobs.holds import Decider, release, undo
from cli.jobs.linking import link, unlink
from cli.jobs.posting import Tools
from cli.jobs.rebuild import open_beside, rebuild
from cli.jobs.retrying import retry_for_claims
from edi.codes.lookup import load_tables
from tests.builders import make_claim, make_line, make_person, make_subscriber
from tests.jobs.conftest import NOW, Desk
from tests.jobs.hand_desk import PAYERS
from tests.jobs.test_rebuild import settings_of
from tests.remits import claim, file_of, line, payment

OURS = make_claim(lines=(make_line(1, "97110", line_control_number="L000000001"),))


def of_the_stranger(number, line_number):
    """A claim of the one who is a stranger to ours."""
    person = make_person(last_name="STRANGER", first_name="ODD")
    return make_claim(
        patient_control_number=number,
        lines=(make_line(1, "97110", line_control_number=line_number, session_line_ids=()),),
        patient_id="P2",
        subscriber=make_subscriber(person=person, member_id="Z987654321"),
    )


THEIRS = of_the_stranger("C0000003", "L000000009")
OUTCOMES = "SELECT outcome, reason FROM claim_payment ORDER BY id"
PAID = "SELECT paid FROM claim WHERE id = root"


@pytest.fixture
def desk(tmp_path):
    """A desk that holds the claim of one patient."""
    made = Desk(f"sqlite:///{tmp_path / 'claimloop.db'}", tmp_path)
    made.submit(OURS)
    yield made
    made.store.close()


def answer(
    trace,
    day,
    *,
    paid=4000,
    sign=1,
    status="1",
    patient="STRANGER*ODD",
    member="Z987654321",
    number="L000000001",
    **more,
):
    """A payment of one claim payment about the claim, of somebody else by default."""
    one = claim(
        "A0000001",
        line("97110", sign * 5000, sign * paid, number=number),
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
    new = desk.submit(of_the_stranger("A0000001", "1"), source="imported")
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


@pytest.mark.parametrize("order", [1, -1])
def test_in_one_set_the_number_of_the_patients_own_claim_may_be_learnt_later(desk, order):
    desk.submit(THEIRS)
    told = line("97110", 5000, 1000, number="L000000009")
    theirs = claim("C0000003", told, patient="STRANGER*ODD", member="Z987654321", payer_number="Q1")
    lost = claim(
        "A0000001",
        line("97110", 5000, 2000),
        patient="STRANGER*ODD",
        member="Z987654321",
        payer_number="Q1",
    )
    desk.ingest(file_of(payment([theirs, lost][::order])), payers=PAYERS)
    assert desk.rows(OUTCOMES) == [("posted", "")] * 2
    assert desk.rows("SELECT paid FROM claim ORDER BY id") == [(0,), (3000,)]


def nameless(trace, *, balanced=True):
    """An answer that tells an id alone, so that charge and lines decide; out of balance it waits for a release."""
    told = line("97110", 5000, 4000, number="L000000001", adjustments=None if balanced else ["CO*45*9"])
    one = claim("A0000001", told, patient="*", member="Z987654321", payer_number="PCN0")
    return file_of(payment([one], trace=trace))


def numbered(trace, number, *, payer_number="PCN0", reference="", patient="STRANGER*ODD"):
    """An answer under another number than the claim's, which the payer's own number ties to it."""
    told = claim(
        number, line("97110", 5000, 2000), patient=patient, member="Z987654321", payer_number=payer_number
    )
    if reference:
        told.insert(1, f"REF*F8*{reference}")
    return file_of(payment([told], trace=trace, day="20260412"))


def own(trace):
    """The answer to the claim of the one who is a stranger to the other."""
    told = line("97110", 5000, 1000, number="L000000009")
    one = claim("C0000003", told, patient="STRANGER*ODD", member="Z987654321", payer_number="Q1")
    return file_of(payment([one], trace=trace))


def number_of(desk, trace):
    query = f"SELECT p.id FROM claim_payment p JOIN remittance r ON r.id = p.remittance_id WHERE trace_number = '{trace}'"
    return f"claim_payment:{desk.rows(query)[0][0]}"


def on(done, trace):
    """A decision about the claim payment of a trace number."""
    return lambda desk: done(number_of(desk, trace), desk)


def linked(name, desk):
    link(name, "A0000001", decide(desk))


def unlinked(name, desk):
    unlink(name, "wrong", decide(desk))


def released(name, desk):
    release(name, "phone", decide(desk))


def undone(name, desk):
    undo(name, "wrong", decide(desk))


def file(content):
    return lambda desk: desk.ingest(content, payers=PAYERS)


BY_TRACE = """SELECT trace_number, outcome, reason, p.paid FROM claim_payment p
    JOIN remittance r ON r.id = p.remittance_id ORDER BY trace_number"""
HELD = ("unmatched", "other_patient")
STEPS = {
    "a reversal, a correction and one without a name": (
        (
            file(nameless("T1")),
            file(answer("T2", "20260410", sign=-1)),
            file(answer("T3", "20260411", paid=3000)),
        ),
        (),
        {"T1": ("posted", ""), "T2": HELD, "T3": HELD},
    ),
    "a reversal under the payer's number": (
        (
            file(answer("T1", "20260320", patient="PATIENT*TEST", member="W123456789")),
            file(answer("T2", "20260410", sign=-1)),
            file(answer("T3", "20260411", sign=-1, payer_number="OTHER")),
        ),
        (),
        {"T1": ("posted", ""), "T2": HELD, "T3": HELD},
    ),
    "found by what another taught": (
        (
            file(nameless("T1")),
            file(numbered("T2", "LOST")),
            file(numbered("T3", "GONE", payer_number="X", reference="PCN0")),
        ),
        (),
        {"T1": ("posted", ""), "T2": HELD, "T3": HELD},
    ),
    "the patient's own claim, by a number that is learnt": (
        (
            file(own("T1")),
            file(answer("T2", "20260411", payer_number="Q1", number="")),
            file(numbered("T3", "GONE", payer_number="X", reference="Q1")),
        ),
        (),
        {"T1": ("posted", ""), "T2": ("posted", ""), "T3": ("posted", "")},
    ),
    "a link, and what comes under its number": (
        (
            file(answer("T1", "20260320")),
            file(answer("T2", "20260410", sign=-1)),
            file(answer("T3", "20260411", patient="THIRD*ONE", member="Y555555555")),
            on(linked, "T1"),
        ),
        ((0, 3),),
        {"T1": ("posted", ""), "T2": ("posted", ""), "T3": HELD},
    ),
    "a link, and what refers to the payer's number": (
        (
            file(answer("T1", "20260320")),
            file(numbered("T2", "LOST", payer_number="X", reference="PCN1", patient="*")),
            file(numbered("T3", "GONE", payer_number="PCN1")),
            on(linked, "T1"),
        ),
        ((0, 3),),
        {"T1": ("posted", ""), "T2": ("posted", ""), "T3": HELD},
    ),
    "two links of two patients under one number": (
        (
            file(answer("T1", "20260320")),
            file(answer("T2", "20260410", patient="THIRD*ONE", member="Y555555555")),
            file(answer("T3", "20260411", paid=3000)),
            on(linked, "T1"),
            on(linked, "T2"),
        ),
        ((0, 3), (1, 4)),
        {"T1": ("posted", ""), "T2": ("posted", ""), "T3": ("posted", "")},
    ),
    "a link that ended": (
        (
            file(answer("T1", "20260320")),
            file(answer("T2", "20260410", sign=-1, payer_number="X")),
            file(numbered("T3", "GONE", payer_number="Y", reference="PCN1", patient="*")),
            on(linked, "T1"),
            on(unlinked, "T1"),
        ),
        ((0, 3), (3, 4)),
        {"T1": HELD, "T2": HELD, "T3": ("unmatched", "no_claim")},
    ),
    "a release that was undone": (
        (
            file(nameless("T1", balanced=False)),
            file(answer("T2", "20260411", paid=3000)),
            on(released, "T1"),
            on(undone, "T1"),
        ),
        ((0, 2), (2, 3)),
        {"T1": ("suspense", "unbalanced"), "T2": HELD},
    ),
}


def rebuilt(desk):
    """What a rebuild of the desk's store says."""
    target, _ = open_beside(desk.url, desk.folder / "vault", None)
    try:
        return rebuild(desk.store, target, settings_of(desk), load_tables())
    finally:
        target.close()


def books(desk):
    """What became of each claim payment, and the digest of the store."""
    return desk.rows(BY_TRACE), desk.digest()


@pytest.mark.parametrize("most", [3, pytest.param(60, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", STEPS)
def test_files_and_decisions_in_any_order_make_the_same_books_and_so_does_a_rebuild(tmp_path, name, most):
    steps, after, outcomes = STEPS[name]
    seen = []
    orders = [
        order
        for order in permutations(range(len(steps)))
        if all(order.index(first) < order.index(then) for first, then in after)
    ]
    for place, order in enumerate(orders[:: -(-len(orders) // most)] + orders[-1:]):
        folder = tmp_path / str(place)
        folder.mkdir()
        made = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
        made.submit(OURS, THEIRS)
        for step in order:
            steps[step](made)
        assert made.broken() == []
        seen.append(books(made))
        assert seen[-1] == seen[0], order
        if not place or most > len(orders):
            again = rebuilt(made)
            assert again.same, (order, again.differs)
        made.store.close()
    assert {trace: (outcome, reason) for trace, outcome, reason, _ in seen[0][0]} == outcomes
