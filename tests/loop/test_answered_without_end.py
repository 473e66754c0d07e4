"""One claim answered again and again: posted up to a limit, then held, whatever the number of payments and files."""

from __future__ import annotations

import pytest

from cli.jobs import chain_books
from reconcile.store import submissions
from tests.builders import make_claim, make_line
from tests.jobs.conftest import Desk
from tests.jobs.hand_desk import PAYERS
from tests.remits import claim, file_of, line, payment


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A desk with one claim, on which four answers may stand."""
    for module in (submissions, chain_books):
        monkeypatch.setattr(module, "MOST_ANSWERS", 4)
    made = Desk(f"sqlite:///{tmp_path / 'claimloop.db'}", tmp_path)
    made.submit(make_claim(lines=(make_line(1, "97110", line_control_number="L000000001"),)))
    yield made
    made.store.close()


def answer(place, sign=1):
    told = line("97110", sign * 5000, sign * 4000, number="L000000001")
    return claim("A0000001", told, status="1" if sign > 0 else "22", payer_number=f"P{place}")


OUTCOMES = "SELECT outcome, reason, COUNT(*) FROM claim_payment GROUP BY outcome, reason ORDER BY outcome"


@pytest.mark.parametrize("sets", [1, 7])
def test_what_comes_beyond_the_limit_waits_with_its_claim(desk, sets):
    answers = [answer(place) for place in range(7)]
    groups = [answers] if sets == 1 else [[one] for one in answers]
    payments = [
        payment(some, trace=f"T{place}", control=f"{place + 1:04d}") for place, some in enumerate(groups)
    ]
    told = desk.ingest(file_of(*payments), payers=PAYERS)
    assert desk.rows(OUTCOMES) == [("posted", "", 4), ("unmatched", "too_many_answers", 3)]
    assert (told.totals.unmatched, told.exit_code()) == (3, 1)
    assert desk.rows("SELECT DISTINCT candidates FROM claim_payment WHERE outcome <> 'posted'") == [("1",)]
    assert desk.rows("SELECT paid FROM claim") == [(16000,)]
    assert desk.broken() == []


def test_reversals_without_end_wait_and_one_is_posted_when_the_original_comes(desk):
    for place in range(7):
        back = payment([answer(0, -1)], trace=f"T{place}", bank=0, plb=[("FB:T", -4000)])
        desk.ingest(file_of(back), payers=PAYERS)
    assert desk.rows(OUTCOMES) == [("unmatched", "no_original", 7)]
    desk.ingest(file_of(payment([answer(0)], trace="T9")), payers=PAYERS)
    assert desk.rows(OUTCOMES) == [("posted", "", 2), ("unmatched", "no_original", 6)]
    assert desk.rows("SELECT paid FROM claim") == [(0,)]
    assert desk.broken() == []
