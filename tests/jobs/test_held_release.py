"""Held money released by hand: what is posted, what stays unexplained, what clears it, and taking it back."""

from __future__ import annotations

import pytest

from cli.jobs.hold_show import show, shown_lines
from cli.jobs.holds import Decider, release, told, undo
from cli.jobs.posting import Tools
from edi.codes.lookup import load_tables
from edi.model.errors import InputError, UsageError
from reconcile.store.holds import unexplained_money
from reconcile.store.listing import held
from reconcile.store.open_work import open_work
from tests.builders import make_claim, make_directory
from tests.jobs.conftest import NOW
from tests.jobs.hand_desk import PAYERS, add, both_lines, paper, table
from tests.jobs.test_payments_add import NAMED
from tests.remits import claim, file_of, line, payment

SHORT = ["CO*45*9"]


def decider(desk, **changes):
    return Decider(**{"store": desk.store, "tools": Tools(load_tables(), {}), "now": NOW, **changes})


def waiting_names(desk):
    with desk.store.read() as connection:
        return [(one.id, one.kind) for one in held(connection)]


def broken_claim(**changes):
    """A claim payment whose first line misses a cent: 50.00 charged, 40.00 paid, 9.00 written off."""
    return claim(
        "A0000001", line("97110", 5000, 4000, adjustments=SHORT), line("97140", 5000, 4000), **changes
    )


@pytest.fixture
def suspended(desk):
    desk.submit(make_claim())
    desk.ingest(file_of(payment([broken_claim()])))
    assert desk.rows("SELECT outcome, claim_id FROM claim_payment") == [("suspense", None)]
    return desk


def sums(desk):
    return desk.rows("SELECT paid, contractual, suspense, open_balance, status FROM claim")


def test_a_released_claim_payment_posts_with_the_difference_in_suspense(suspended):
    before = suspended.digest()
    made = release("claim_payment:1", "payer confirms by phone", decider(suspended))
    assert (made.outcome, made.unexplained) == ("posted", 100)
    assert sums(suspended) == [(8000, 1900, 100, 0, "partly_answered")]
    assert suspended.rows("SELECT account, cents FROM posting WHERE account = 'suspense'") == [
        ("suspense", 100)
    ]
    assert suspended.broken() == []
    with suspended.store.read() as connection:
        (left,) = unexplained_money(connection)
    assert (left.claim_payment_id, left.cents, left.patient_control_number) == (1, 100, "A0000001")
    undo("1", "wrong claim", decider(suspended))
    assert sums(suspended) == [(0, 0, 0, 10000, "submitted")]
    assert suspended.broken() == []
    assert suspended.digest() != before  # the log says what was done
    assert suspended.rows("SELECT kind FROM event WHERE kind <> 'allocation' ORDER BY id") == [
        ("release",),
        ("release_undone",),
    ]
    assert waiting_names(suspended) == [("claim_payment:1", "suspense")]
    assert suspended.rows("SELECT detail FROM claim_payment") == [("BAL001 -1.00; BAL002 -1.00",)]


def test_a_release_that_was_taken_back_can_be_made_again(suspended):
    release("1", "first", decider(suspended))
    after = suspended.rows("SELECT account, cents, line FROM posting ORDER BY ordinal")
    undo("1", "no", decider(suspended))
    assert suspended.rows("SELECT COUNT(*) FROM posting") == [(0,)]
    release("1", "yes", decider(suspended))
    assert suspended.rows("SELECT account, cents, line FROM posting ORDER BY ordinal") == after


def test_a_dry_run_changes_nothing(suspended):
    before = suspended.digest()
    made = release("1", "look", decider(suspended, dry_run=True))
    assert made.unexplained == 100
    assert suspended.digest() == before


def test_the_payers_correction_clears_the_difference(suspended):
    release("1", "by phone", decider(suspended))
    back = claim(
        "A0000001",
        line("97110", -5000, -4000, adjustments=["CO*45*-10"]),
        line("97140", -5000, -4000, adjustments=["CO*45*-10"]),
        status="22",
    )
    right = claim("A0000001", line("97110", 5000, 4100), line("97140", 5000, 4000))
    suspended.ingest(file_of(payment([back, right], trace="T9", day="20260401")))
    assert sums(suspended) == [(8100, 1900, 0, 0, "settled")]
    with suspended.store.read() as connection:
        assert unexplained_money(connection) == []


def test_cash_that_no_line_tells_of_is_posted_and_taken_out_of_suspense(desk):
    desk.submit(make_claim())
    more = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000), paid=8500)
    desk.ingest(file_of(payment([more])))
    made = release("1", "interest in it", decider(desk))
    assert made.unexplained == -500
    assert sums(desk) == [(8500, 2000, -500, 0, "partly_answered")]
    assert desk.broken() == []


def test_a_claim_payment_without_lines_and_of_no_claim_waits_after_its_release(desk):
    desk.submit(make_claim())
    whole = claim("NOBODY", charge=10000, paid=7000)
    desk.ingest(file_of(payment([whole])))
    made = release("1", "ours", decider(desk))
    assert (made.outcome, made.unexplained, made.left) == ("unmatched", 3000, 0)
    assert told(made) == "claim_payment:1 is unmatched now; it waits for its claim: see unmatched list"
    assert desk.broken() == []
    undo("1", "not ours", decider(desk))
    assert desk.rows("SELECT outcome FROM claim_payment") == [("suspense",)]


@pytest.mark.parametrize("name", ["2", "claim_payment:77", "nonsense", "transaction:ff/0"])
def test_what_is_not_there_cannot_be_released(suspended, name):
    with pytest.raises(InputError):
        release(name, "why", decider(suspended))


@pytest.mark.parametrize("name", ["transaction:xx", f"transaction:abcdef/{'9' * 20}", "transaction:ab/²"])
def test_an_id_that_is_none_is_a_usage_error(suspended, name):
    with pytest.raises(UsageError):
        release(name, "why", decider(suspended))


def test_a_release_needs_a_reason_and_happens_once(suspended):
    with pytest.raises(UsageError, match="reason"):
        release("1", " ", decider(suspended))
    with pytest.raises(UsageError, match="nothing to take back"):
        undo("1", "why", decider(suspended))
    release("1", "why", decider(suspended))
    with pytest.raises(UsageError, match="released already"):
        release("1", "why", decider(suspended))


def quarantined(desk):
    desk.submit(make_claim())
    good = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
    desk.ingest(file_of(payment([good], bank=7900)))
    ((name, kind),) = waiting_names(desk)
    assert kind == "quarantined"
    return name


def test_a_quarantined_set_posts_with_the_difference_to_the_bank_unexplained(desk):
    name = quarantined(desk)
    before = desk.rows("SELECT outcome, record FROM file_transaction")
    made = release(name, "bank has 79.00", decider(desk))
    assert (made.outcome, made.unexplained) == ("posted", -100)
    assert sums(desk) == [(8000, 2000, 0, 0, "settled")]
    assert desk.rows("SELECT amount, paid_total, unexplained FROM remittance") == [(7900, 8000, -100)]
    assert desk.broken() == []
    with desk.store.read() as connection:
        (left,) = unexplained_money(connection)
    assert (left.claim_payment_id, left.cents) == (0, -100)
    undo(name, "the payer sends another", decider(desk))
    assert desk.rows("SELECT outcome, record FROM file_transaction") == before
    assert desk.rows("SELECT COUNT(*) FROM remittance") == [(0,)]
    assert sums(desk) == [(0, 0, 0, 10000, "submitted")]
    assert desk.broken() == []


def test_a_truncated_set_is_never_posted(desk):
    desk.submit(make_claim())
    good = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
    desk.ingest(file_of(payment([good], truncated=True)))
    ((name, _),) = waiting_names(desk)
    before = desk.digest(with_files=True)
    with pytest.raises(UsageError, match="truncated"):
        release(name, "post it", decider(desk))
    assert desk.digest(with_files=True) == before


@pytest.fixture
def reissued(desk):
    """A payment that is posted, and a possible reissue of it with another split."""
    desk.submit(make_claim())
    first = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
    second = claim(
        "A0000001",
        line("97110", 5000, 5000),
        line("97140", 5000, 3000, adjustments=["PR*1*20"]),
    )
    desk.ingest(file_of(payment([first])), file_of(payment([second]), control=2))
    return desk


def test_a_reissue_takes_the_place_of_what_it_reissues_and_gives_it_back(reissued):
    ((name, kind),) = waiting_names(reissued)
    assert kind == "conflict"
    before = reissued.rows("SELECT outcome FROM file_transaction ORDER BY file_sha256")
    old = sums(reissued)
    made = release(name, "payer says the second is right", decider(reissued))
    assert made.replaced
    assert reissued.rows("SELECT paid, contractual, patient FROM claim") == [(8000, 0, 2000)]
    assert reissued.rows("SELECT COUNT(*) FROM claim_payment") == [(1,)]
    assert waiting_names(reissued) == []
    assert reissued.broken() == []
    undo(name, "no, the first", decider(reissued))
    assert sums(reissued) == old
    assert reissued.rows("SELECT outcome FROM file_transaction ORDER BY file_sha256") == before
    assert waiting_names(reissued) == [(name, "conflict")]
    assert reissued.broken() == []


def test_an_835_takes_the_place_of_the_paper_it_was_keyed_from_and_gives_it_back(desk_lite):
    desk = desk_lite
    desk.submit()
    add(desk, both_lines())
    lines = line("97110", 5000, 4000), line("97140", 5000, 3000, adjustments=["CO*45*20"])
    remit = payment([claim("A0000001", *lines)], trace="55001", day="20260330", payer="", method="CHK")
    desk.ingest(file_of(remit), payers=NAMED)
    old = sums(desk)
    ((name, kind),) = waiting_names(desk)
    assert kind == "conflict"
    with_payers = decider(desk, tools=Tools(load_tables(), NAMED), practices=make_directory().practices)
    assert release(name, "the payer's file is right", with_payers).outcome == "posted"
    assert desk.rows("SELECT kind, outcome FROM file_transaction ORDER BY kind") == [
        ("835", "posted"),
        ("paper_eob", "replaced"),
    ]
    assert sums(desk) == [(7000, 3000, 0, 0, "settled")]
    assert desk.broken() == []
    undo(name, "the paper is", with_payers)
    assert sums(desk) == old
    assert waiting_names(desk) == [(name, "conflict")]
    assert desk.broken() == []


def test_a_payment_written_by_hand_that_is_held_is_shown(desk_lite):
    desk = desk_lite
    desk.submit()
    add(desk, both_lines())
    add(desk, table(paper("97110", "50.00", "CO-45=1.00", charge="51.00"), paper("97140", "20.00")), "b.csv")
    ((name, kind),) = waiting_names(desk)
    assert kind == "conflict"
    reader = decider(desk, tools=Tools(load_tables(), PAYERS), practices=make_directory().practices)
    with desk.store.read() as connection:
        shown = show(connection, reader, name)
    assert (shown.file, shown.amount, shown.claims, shown.complete) == ("b.csv", 7000, 1, True)
    assert "1 claim payments, written by hand" in "\n".join(shown_lines(shown, show_phi=False))


def test_a_released_set_says_what_of_it_is_still_held(desk_lite):
    desk = desk_lite
    desk.submit()
    unknown = claim("NOBODY", line("97110", 5000, 1000))
    desk.ingest(file_of(payment([broken_claim(), unknown], bank=1)))
    ((name, _),) = waiting_names(desk)
    made = release(name, "the bank has it", decider(desk))
    assert (made.outcome, made.held, made.unmatched) == ("posted", 1, 1)
    assert "1 of its claim payments is in suspense: see held list; 1 of its" in told(made)
    assert desk.broken() == []


def test_decisions_about_the_replaced_payment_stand_in_the_way(desk):
    desk.submit(make_claim())
    desk.ingest(file_of(payment([broken_claim()])))
    right = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
    desk.ingest(file_of(payment([right]), control=2))
    release("1", "why", decider(desk))
    ((name, _),) = [one for one in waiting_names(desk) if one[1] == "conflict"]
    with pytest.raises(UsageError, match="claim_payment:1"):
        release(name, "why", decider(desk))


def test_a_decision_that_is_cut_off_leaves_nothing_behind(reissued, monkeypatch):
    """The event is the last thing written, in the transaction of all that follows from it."""
    ((name, _),) = waiting_names(reissued)
    before = reissued.digest(with_files=True)

    def killed(*_arguments, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.jobs.holds.record_event", killed)
    with pytest.raises(KeyboardInterrupt):
        release(name, "payer says the second is right", decider(reissued))
    assert reissued.digest(with_files=True) == before


# -- one payment under two names -----------------------------------------------------------------------------------------


def paid(number: str = "A0000001", cents: int = 4000) -> list[str]:
    """A claim payment that settles the claim, unless its first line is paid otherwise."""
    rest = [f"CO*45*{(5000 - cents) // 100}"] if cents != 5000 else []
    return claim(number, line("97110", 5000, cents, adjustments=rest), line("97140", 5000, 4000))


def ingested(desk, *payments):
    """The outcome of each payment, each in a file of its own."""
    files = [file_of(one, control=number) for number, one in enumerate(payments, 1)]
    return [desk.ingest(data).files[0].payments[0].outcome for data in files]


@pytest.mark.parametrize("wrong_first", [True, False])
def test_a_set_of_the_wrong_amount_is_not_posted_beside_its_correction(desk, wrong_first):
    desk.submit(make_claim())
    both = [payment([paid()], bank=17900), payment([paid()])]
    ingested(desk, *(both if wrong_first else both[::-1]))
    before, old = desk.digest(with_files=True), sums(desk)
    ((name, _),) = waiting_names(desk)
    with pytest.raises(UsageError, match="a second time"):
        release(name, "the bank has it", decider(desk))
    assert (desk.digest(with_files=True), sums(desk)) == (before, old)
    assert desk.broken() == []


def test_a_set_that_fails_and_differs_from_the_posted_one_is_held_and_takes_its_place(desk):
    desk.submit(make_claim())
    right = payment([paid()], bank=17900)
    fuller = payment([paid(), paid("B0000002", 5000)], bank=17900)
    assert ingested(desk, right) == ["quarantined"]
    ((name, _),) = waiting_names(desk)
    release(name, "the bank has it", decider(desk))
    books = sums(desk)
    manifest = desk.ingest(file_of(fuller, control=2))
    assert manifest.files[0].payments[0].outcome == "quarantined"
    ((other, kind),) = waiting_names(desk)
    assert (other == name, kind) == (False, "quarantined")
    with desk.store.read() as connection:
        assert [one for one in open_work(connection, now=NOW) if one.startswith("held:")] != []
    made = release(other, "this is the whole list", decider(desk))
    assert (made.outcome, made.unexplained, made.replaced != "") == ("posted", 17900 - 8000 - 9000, True)
    assert desk.rows("SELECT COUNT(*) FROM remittance") == [(1,)]
    assert (waiting_names(desk), desk.broken()) == ([], [])
    undo(other, "it was not", decider(desk))
    assert (sums(desk), desk.broken()) == (books, [])
    assert [one for one, _ in waiting_names(desk)] == [other]


@pytest.mark.parametrize("wrong_first", [True, False])
def test_a_set_that_was_cut_off_is_not_held_once_the_whole_one_is_posted(desk, wrong_first):
    desk.submit(make_claim())
    whole = payment([paid(), paid("B0000002")])
    both = [payment([paid()], bank=16000, truncated=True), whole]
    ingested(desk, *(both if wrong_first else both[::-1]))
    assert waiting_names(desk) == []
    with desk.store.read() as connection:
        assert [one for one in open_work(connection, now=NOW) if one.startswith("held:")] == []


@pytest.mark.parametrize(
    "first",
    [
        payment([paid("B0000002", 3000)]),
        payment([paid()], trace="T0002"),
        payment([paid()], day="20260321"),
        payment([paid(cents=5000)]),
        payment([paid()], payer="1999999999"),
    ],
    ids=["claims", "trace", "day", "answer", "payer"],
)
def test_a_set_that_shares_less_than_that_with_a_posted_one_is_released(desk, first):
    desk.submit(make_claim())
    assert ingested(desk, first, payment([paid()], bank=17900)) == ["posted", "quarantined"]
    ((name, _),) = waiting_names(desk)
    assert release(name, "the bank has it", decider(desk)).outcome == "posted"
    assert desk.broken() == []
