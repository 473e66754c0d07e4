"""Sets that were put aside and that a person dismissed: they wait for nobody, in this store as in one that is rebuilt."""

from __future__ import annotations

import pytest

from cli.jobs.dismissing import dismiss
from cli.jobs.dismissing import undo as undo_dismissal
from cli.jobs.hold_show import show
from cli.jobs.holds import release, undo
from edi.model.errors import InputError, UsageError
from reconcile.store.hold_lists import dismissed
from reconcile.store.open_work import open_work
from tests.builders import make_claim
from tests.jobs.conftest import NOW
from tests.jobs.test_held_release import broken_claim, decider, waiting_names
from tests.jobs.test_rebuild import rebuilt
from tests.remits import claim, file_of, line, payment

PAID = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
PAID_OTHERWISE = claim(
    "A0000001", line("97110", 5000, 5000), line("97140", 5000, 3000, adjustments=["PR*1*20"])
)
DECIDED = "SELECT kind FROM event WHERE kind IN ('dismissal', 'dismissal_undone') ORDER BY id"
PUT_ASIDE = {
    "quarantined beside its correction": (payment([PAID], bank=17900), payment([PAID])),
    "a possible reissue": (payment([PAID]), payment([PAID_OTHERWISE])),
    "cut off": (payment([PAID], trace="T0009", truncated=True),),
}


@pytest.fixture(params=PUT_ASIDE)
def put_aside(desk, request):
    """A store with one set in `held list`, that set's name and kind there, and what was ingested."""
    desk.submit(make_claim())
    payments = PUT_ASIDE[request.param]
    for number, one in enumerate(payments, 1):
        desk.ingest(file_of(one, control=number))
    ((name, kind),) = waiting_names(desk)
    return desk, name, kind, payments


def held_work(desk):
    with desk.store.read() as connection:
        return [one for one in open_work(connection, now=NOW) if one.startswith("held:")]


def listed(desk):
    with desk.store.read() as connection:
        return [(one.id, one.kind, one.detail) for one in dismissed(connection)]


def test_a_dismissed_set_waits_for_nobody_until_that_is_taken_back(put_aside):
    desk, name, kind, _ = put_aside
    books = desk.rows("SELECT paid, patient, open_balance, status FROM claim")
    assert len(held_work(desk)) == 1
    assert dismiss(name, "sent by mistake", decider(desk, actor="ANN")).outcome == "dismissed"
    assert (waiting_names(desk), held_work(desk)) == ([], [])
    assert listed(desk) == [(name, "dismissed", "sent by mistake")]
    with desk.store.read() as connection:
        assert show(connection, decider(desk), name).dismissed == "sent by mistake"
    assert desk.rows("SELECT paid, patient, open_balance, status FROM claim") == books
    assert desk.broken() == []
    assert undo_dismissal(name, "it was meant", decider(desk)).outcome == kind
    assert (waiting_names(desk), listed(desk), desk.broken()) == ([(name, kind)], [], [])
    assert desk.rows(DECIDED) == [
        ("dismissal",),
        ("dismissal_undone",),
    ]


@pytest.mark.parametrize("name", PUT_ASIDE)
def test_a_rebuilt_store_has_it_dismissed_too(desk_lite, name):
    desk = desk_lite
    desk.submit(make_claim())
    for number, one in enumerate(PUT_ASIDE[name], 1):
        desk.ingest(file_of(one, control=number))
    ((hold, _),) = waiting_names(desk)
    dismiss(hold, "sent by mistake", decider(desk))
    made, digests, _ = rebuilt(desk)
    assert (made.differs, made.unplayed, made.decisions) == ((), (), 1)
    assert digests == (desk.digest(), desk.digest(with_files=True))
    undo_dismissal(hold, "it was meant", decider(desk))
    made, _, _ = rebuilt(desk)
    assert (made.differs, made.unplayed, made.decisions) == ((), (), 2)


def test_the_same_set_in_another_envelope_is_dismissed_with_it(put_aside):
    desk, name, kind, payments = put_aside
    dismiss(name, "sent by mistake", decider(desk))
    again = payments[-1] if kind == "conflict" else payments[0]
    manifest = desk.ingest(file_of(again, control=77))
    assert manifest.files[0].payments[0].outcome == kind
    assert waiting_names(desk) == []


def test_a_dismissed_set_is_not_released_nor_a_released_one_dismissed(desk_lite):
    desk = desk_lite
    desk.submit(make_claim())
    desk.ingest(file_of(payment([PAID], bank=17900)))
    ((name, _),) = waiting_names(desk)
    dismiss(name, "sent by mistake", decider(desk))
    with pytest.raises(UsageError, match="held dismiss --undo"):
        release(name, "post it", decider(desk))
    with pytest.raises(UsageError, match="not released"):
        undo(name, "back", decider(desk))
    with pytest.raises(UsageError, match="dismissed already"):
        dismiss(name, "again", decider(desk))
    undo_dismissal(name, "it was meant", decider(desk))
    release(name, "the bank has it", decider(desk))
    with pytest.raises(UsageError, match="released already"):
        dismiss(name, "no", decider(desk))
    with pytest.raises(UsageError, match="not dismissed"):
        undo_dismissal(name, "no", decider(desk))
    assert desk.broken() == []


def test_what_cannot_be_dismissed(desk_lite):
    desk = desk_lite
    desk.submit(make_claim())
    desk.ingest(file_of(payment([broken_claim()])))
    before = desk.digest(with_files=True)
    with pytest.raises(UsageError, match="its money is in the bank"):
        dismiss("claim_payment:1", "no", decider(desk))
    posted = desk.rows("SELECT file_sha256 FROM file_transaction")[0][0]
    with pytest.raises(UsageError, match="not held: it is posted"):
        dismiss(f"transaction:{posted}/0", "no", decider(desk))
    with pytest.raises(InputError, match="names no transaction set"):
        dismiss("transaction:abc/0", "no", decider(desk))
    for decide in (dismiss, undo_dismissal):
        with pytest.raises(UsageError, match="--reason is empty"):
            decide(f"transaction:{posted}/0", " ", decider(desk))
    assert desk.digest(with_files=True) == before


def test_a_dry_run_dismisses_nothing(desk_lite):
    desk = desk_lite
    desk.ingest(file_of(payment([PAID], bank=17900)))
    ((name, kind),) = waiting_names(desk)
    before = desk.digest(with_files=True)
    assert dismiss(name, "sent by mistake", decider(desk, dry_run=True)).outcome == "dismissed"
    assert (desk.digest(with_files=True), waiting_names(desk)) == (before, [(name, kind)])


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM hold_release",
        "UPDATE hold_release SET kind = 'conflict'",
        "UPDATE hold_release SET reason = 'another'",
        "DELETE FROM event WHERE kind = 'dismissal'",
    ],
)
def test_a_dismissal_that_the_log_does_not_bear_out_is_seen(desk_lite, change):
    desk_lite.submit(make_claim())
    desk_lite.ingest(file_of(payment([PAID], bank=17900)))
    ((name, _),) = waiting_names(desk_lite)
    dismiss(name, "sent by mistake", decider(desk_lite))
    assert desk_lite.broken() == []
    desk_lite.sql(change)
    assert "releases" in desk_lite.broken()
