"""A claim payment linked to a claim by hand: what is posted, what is learned for the payer, and taking it back."""

from __future__ import annotations

import pytest

from cli.jobs.holds import release
from cli.jobs.linking import link, parse_ties, unlink
from edi.model.errors import InputError, UsageError
from tests.builders import make_claim, make_line, npi
from tests.jobs.test_held_release import decider
from tests.remits import claim, file_of, line, payment


def strange(number="X99", payer_number="PCN1", **changes):
    """A claim payment under a number that no claim bears."""
    return claim(
        number, line("97110", 5000, 4000), line("97140", 5000, 4000), payer_number=payer_number, **changes
    )


@pytest.fixture
def queued(desk):
    desk.submit(
        make_claim(),
        make_claim(
            patient_control_number="B0000002", lines=(make_line(1, "97530", line_control_number="L0000009"),)
        ),
    )
    desk.ingest(file_of(payment([strange()])))
    assert outcomes(desk) == [("unmatched", "none")]
    return desk


def outcomes(desk):
    return desk.rows("SELECT outcome, evidence FROM claim_payment ORDER BY id")


def paid(desk):
    return desk.rows("SELECT paid, open_balance, status FROM claim ORDER BY id")


AS_SENT = "id, patient_control_number, root, frequency, payer_key, member_ids, charge, content_digest, status, next_actions"
"""What money that came and went leaves as it was."""
NOTHING = [(0, 10000, "submitted"), (0, 5000, "submitted")]


def test_a_link_posts_the_claim_payment_and_its_end_takes_it_back(queued):
    books = queued.rows(f"SELECT {AS_SENT} FROM claim ORDER BY id")
    made = link("1", "A0000001", decider(queued))
    assert (made.outcome, made.claim, made.lines) == ("posted", "A0000001", ("1=1", "2=2"))
    assert outcomes(queued) == [("posted", "by_hand")]
    assert paid(queued)[0] == (8000, 0, "settled")
    assert queued.broken() == []
    ended = unlink("1", "another patient", decider(queued))
    assert ended.outcome == "unmatched"
    assert outcomes(queued) == [("unmatched", "none")]
    assert queued.rows("SELECT reason FROM claim_payment") == [("no_claim",)]
    assert paid(queued) == NOTHING
    assert queued.rows("SELECT COUNT(*) FROM claim_alias") == [(0,)]
    assert queued.rows("SELECT COUNT(*) FROM payer_claim_control_number") == [(0,)]
    assert queued.rows(f"SELECT {AS_SENT} FROM claim ORDER BY id") == books
    assert queued.broken() == []


def test_later_claim_payments_of_the_payer_follow_the_number_if_all_else_agrees(queued):
    link("1", "A0000001", decider(queued))
    back = claim(
        "x-99",
        line("97110", -5000, -4000, adjustments=["CO*45*-10"]),
        line("97140", -5000, -4000, adjustments=["CO*45*-10"]),
        status="22",
        payer_number="PCN7",
    )
    other = claim("X99", line("97010", 700, 700), payer_number="PCN8", member="OTHER1", patient="ELSE*ONE")
    queued.ingest(file_of(payment([back, other], trace="T2", day="20260402")))
    assert outcomes(queued) == [("posted", "by_hand"), ("posted", "alias"), ("unmatched", "none")]
    assert paid(queued)[0][0] == 0
    ended = unlink("1", "no", decider(queued))
    assert ended.followed == (2,)
    assert [outcome for outcome, _ in outcomes(queued)] == ["unmatched"] * 3
    assert paid(queued) == NOTHING
    assert queued.broken() == []


def test_the_number_of_another_payer_is_not_taught(queued):
    link("1", "A0000001", decider(queued))
    queued.ingest(file_of(payment([strange(payer_number="Q1")], trace="T2", payer="1999999999")))
    assert outcomes(queued)[1] == ("unmatched", "none")


def test_what_waited_under_the_same_number_is_posted_with_the_link(queued):
    queued.ingest(file_of(payment([strange(payer_number="PCN5")], trace="T2", day="20260402")))
    made = link("1", "A0000001", decider(queued))
    assert made.followed == (2,)
    assert outcomes(queued) == [("posted", "by_hand"), ("posted", "alias")]


def test_lines_that_fit_nothing_are_tied_line_by_line(desk):
    desk.submit(make_claim())
    coded = claim("X99", line("G0283", 7000, 4000, day="20250101"), line("97140", 5000, 4000))
    desk.ingest(file_of(payment([coded])))
    with pytest.raises(UsageError, match="paid line 1 fits no submitted line"):
        link("1", "A0000001", decider(desk))
    with pytest.raises(UsageError, match="paid line 1"):
        link("1", "A0000001", decider(desk), lines=["1=9"])
    with pytest.raises(UsageError, match="has 2 paid lines"):
        link("1", "A0000001", decider(desk), lines=["3=1"])
    made = link("1", "A0000001", decider(desk), lines=["1=1"])
    assert made.lines == ("1=1", "2=2")
    assert desk.rows("SELECT evidence FROM service_payment ORDER BY ordinal")[0] == ("by_hand",)
    assert desk.broken() == []


def test_a_link_never_overrides_an_unknown_payee_or_another_practice(desk):
    desk.submit(make_claim())
    desk.ingest(file_of(payment([strange()], npi=npi(77))))
    with pytest.raises(UsageError, match="payee"):
        link("1", "A0000001", decider(desk))
    assert outcomes(desk) == [("unmatched", "none")]


def test_what_does_not_wait_for_a_claim_cannot_be_linked(desk):
    desk.submit(make_claim())
    broken = claim("A0000001", line("97110", 5000, 4000, adjustments=["CO*45*9"]))
    lost = claim("X99", line("97110", 5000, 4000, adjustments=["CO*45*9"]))
    desk.ingest(file_of(payment([broken, lost])))
    with pytest.raises(UsageError, match="held release"):
        link("1", "A0000001", decider(desk))
    with pytest.raises(InputError, match="no claim is named"):
        link("2", "NOSUCH", decider(desk))
    with pytest.raises(UsageError, match="not linked"):
        unlink("2", "why", decider(desk))
    assert release("2", "why", decider(desk)).outcome == "unmatched"
    assert link("2", "1", decider(desk)).outcome == "posted"
    with pytest.raises(UsageError, match="is posted"):
        link("2", "A0000001", decider(desk))
    assert desk.rows("SELECT suspense FROM claim") == [(100,)]
    assert desk.broken() == []


def test_a_predetermination_is_no_payment_to_link(desk_lite):
    desk_lite.submit(make_claim())
    said = claim("X99", line("97110", 5000, 0, adjustments=["CO*101*50"]), status="25")
    desk_lite.ingest(file_of(payment([said])))
    assert desk_lite.rows("SELECT reason FROM claim_payment") == [("predetermination",)]
    with pytest.raises(UsageError, match="cannot be linked"):
        link("1", "A0000001", decider(desk_lite))


def test_a_dry_run_links_nothing(queued):
    before = queued.digest()
    assert link("1", "A0000001", decider(queued, dry_run=True)).outcome == "posted"
    assert queued.digest() == before


@pytest.mark.parametrize("text", ["", "1", "0=1", "1=", "a=b", "1=2;3"])
def test_ties_are_paid_line_and_submitted_lines(text):
    assert parse_ties(["2 = 1,3"]) == {1: (1, 3)}
    with pytest.raises(UsageError):
        parse_ties([text])


def test_a_paid_line_is_tied_once():
    with pytest.raises(UsageError, match="twice"):
        parse_ties(["1=1", "1=2"])


def test_the_end_of_a_link_reaches_what_followed_a_follower(queued):
    link("1", "A0000001", decider(queued))
    back = claim(
        "X99",
        line("97110", -5000, -4000, adjustments=["CO*45*-10"]),
        line("97140", -5000, -4000, adjustments=["CO*45*-10"]),
        status="22",
        payer_number="PCN7",
    )
    queued.ingest(file_of(payment([back], trace="T2", day="20260402")))
    queued.ingest(file_of(payment([strange("Y55", payer_number="PCN7")], trace="T3", day="20260403")))
    assert [outcome for outcome, _ in outcomes(queued)] == ["posted"] * 3
    ended = unlink("1", "no", decider(queued))
    assert ended.followed == (2, 3)
    assert outcomes(queued) == [("unmatched", "none")] * 3
    assert paid(queued) == NOTHING
    assert queued.rows("SELECT COUNT(*) FROM payer_claim_control_number") == [(0,)]
    assert queued.broken() == []


def test_a_linked_reversal_that_waits_can_be_unlinked(desk):
    desk.submit(make_claim())
    back = claim("X99", line("97110", -5000, -4000, adjustments=["CO*45*-10"]), status="22")
    desk.ingest(file_of(payment([back], bank=0, method="NON", plb=[("FB:T0001", -4000)])))
    made = link("1", "A0000001", decider(desk))
    assert (made.outcome, outcomes(desk)) == ("unmatched", [("unmatched", "by_hand")])
    assert unlink("1", "no", decider(desk)).followed == ()
    assert outcomes(desk) == [("unmatched", "none")]
    assert desk.rows("SELECT COUNT(*) FROM claim_alias") == [(0,)]


def test_the_end_of_a_later_link_leaves_what_the_earlier_one_taught(queued):
    link("1", "A0000001", decider(queued))
    other = claim("X99", line("97530", 5000, 4000), payer_number="Q1", member="M2")
    queued.ingest(file_of(payment([other], trace="T2")))
    taught = queued.rows("SELECT * FROM claim_alias")
    link("2", "B0000002", decider(queued))
    assert queued.rows("SELECT * FROM claim_alias") != taught
    unlink("2", "no", decider(queued))
    assert queued.rows("SELECT * FROM claim_alias") == taught
    assert queued.broken() == []
