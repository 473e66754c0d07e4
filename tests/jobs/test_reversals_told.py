"""Reversals that differ from what they take back, come twice, or take a released answer back: posted, held and said."""

from __future__ import annotations

import pytest

from cli.jobs.holds import release, undo
from cli.jobs.ledger import ledger_rows
from cli.jobs.overpaid import overpaid_rows
from edi.codes.lookup import load_tables
from edi.payers.profile import PayerProfile, RemitIdentity
from reconcile.store.overpaid import overpaid
from tests.builders import make_claim
from tests.jobs.test_held_release import decider
from tests.remits import claim, file_of, line, payment

PAYERS = {"acme": PayerProfile(key="acme", name="Acme", remit=RemitIdentity(trn03=("1512345678",)))}


def answer(paid: int = 3000, *, group: str = "CO", sign: int = 1, **options) -> list[str]:
    """An answer to the first line of `make_claim`, 50.00, or its reversal."""
    rest = (5000 - paid) // 100
    one = line(
        "97110", sign * 5000, sign * paid, adjustments=[f"{group}*45*{sign * rest}"], number="L0000001"
    )
    return claim("A0000001", one, status="1" if sign > 0 else "22", **options)


def remit(one: list[str], trace: str, day: str, *, back: int = 0) -> bytes:
    """A file of one claim payment; ``back`` cents are taken back later."""
    plb = [("WO:PCN1", -back)] if back else []
    return file_of(payment([one], trace=trace, day=day, plb=plb))


@pytest.fixture
def books(desk_lite):
    """A claim of one line, paid 30.00."""
    desk_lite.submit(make_claim(lines=make_claim().lines[:1]))
    desk_lite.ingest(remit(answer(), "T1", "20260320"), payers=PAYERS)
    return desk_lite


def said(manifest) -> list[str]:
    return [one.code for file in manifest.files for paid in file.payments for one in paid.findings]


PAID = "SELECT paid, status FROM claim WHERE id = root"


@pytest.mark.parametrize(("paid", "day"), [(3000, "20260501"), (3500, "20260501"), (3500, "20260401")])
def test_a_reversal_that_came_twice_takes_back_nothing_paid_under_another_number(books, paid, day):
    for trace, on in (("T2", "20260410"), ("T3", "20260411")):
        books.ingest(remit(answer(sign=-1), trace, on, back=3000), payers=PAYERS)
    assert books.rows(PAID) == [(0, "reversed")]
    new = answer(paid, payer_number="PCN2")
    books.ingest(remit(new, "T4", day), payers=PAYERS)
    assert books.rows(PAID) == [(paid, "settled")]
    assert books.rows("SELECT reason FROM claim_payment WHERE outcome <> 'posted'") == [("no_original",)]
    assert books.broken() == []


@pytest.mark.parametrize(
    ("original", "number"), [(answer(), "OTHER"), (answer(), ""), (answer(2500), "PCN1")]
)
def test_a_reversal_under_another_number_still_finds_its_exact_opposite(desk_lite, original, number):
    desk_lite.submit(make_claim(lines=make_claim().lines[:1]))
    desk_lite.ingest(remit(original, "T1", "20260320"), payers=PAYERS)
    desk_lite.ingest(remit(answer(sign=-1, payer_number=number), "T2", "20260410", back=3000), payers=PAYERS)
    assert desk_lite.rows("SELECT outcome FROM claim_payment ORDER BY id") == [("posted",), ("posted",)]


@pytest.mark.parametrize("group", ["CR", "PI"])
def test_a_reversal_in_another_group_takes_back_what_the_original_posted(books, group):
    found = books.ingest(remit(answer(group=group, sign=-1), "T2", "20260410", back=3000), payers=PAYERS)
    assert "REVERSAL_DIFFERS" not in said(found)
    assert books.broken() == []
    books.sql("UPDATE posting SET reason = '97' WHERE claim_payment_id = 2 AND account = 'contractual'")
    assert "postings_of_adjustments" in books.broken()


def test_corrupt_cash_and_adjustments_of_a_reversal_are_found(books):
    books.ingest(remit(answer(sign=-1), "T2", "20260410", back=3000), payers=PAYERS)
    books.sql("UPDATE posting SET cents = cents + 1 WHERE claim_payment_id = 2 AND account = 'contractual'")
    assert "postings_of_adjustments" in books.broken()
    books.sql("UPDATE posting SET cents = cents - 1 WHERE claim_payment_id = 2 AND account = 'contractual'")
    assert books.broken() == []
    books.sql("UPDATE posting SET cents = cents + 1 WHERE claim_payment_id = 2 AND account = 'paid'")
    assert "postings_of_adjustments" in books.broken()


def test_a_reversal_of_another_amount_is_said_and_is_work(books):
    found = books.ingest(remit(answer(2000, sign=-1), "T2", "20260410", back=2000), payers=PAYERS)
    assert ("REVERSAL_DIFFERS" in said(found), found.exit_code()) == (True, 1)
    assert books.broken() == []
    with books.store.read() as connection:
        (row,) = overpaid_rows(overpaid(connection))
        rules = [(one["amount"], one["rule"]) for one in ledger_rows(connection, "A0000001", load_tables())]
    assert row["reason"].startswith("the reversal takes back another amount than was paid: 30.00")
    assert rules[-3:] == [
        ("-30.00", "reversal: the opposite of what the original posted"),
        ("-20.00", "reversal: the opposite of what the original posted"),
        ("10.00", "reversal: its cash differs from what the original paid by this"),
    ]
    later = books.ingest(remit(answer(payer_number="PCN2"), "T3", "20260501"), payers=PAYERS)
    assert "REVERSAL_DIFFERS" not in said(later)


def test_an_equal_reversal_says_nothing(books):
    found = books.ingest(remit(answer(sign=-1), "T2", "20260410", back=3000), payers=PAYERS)
    assert "REVERSAL_DIFFERS" not in said(found)
    with books.store.read() as connection:
        assert overpaid(connection) == ()


def test_a_line_that_stands_for_all_codes_of_a_claim_is_shared_over_them(desk_lite):
    """The patient's share of a payer that merged the whole claim into its first code is not lost."""
    desk_lite.submit(make_claim())
    merged = line("97110", 10000, 8001, adjustments=["PR*2*19.99"])
    found = desk_lite.ingest(file_of(payment([claim("A0000001", merged)])), payers=PAYERS)
    assert (said(found), found.exit_code()) == ([], 0)
    assert desk_lite.rows("SELECT paid, contractual, patient, open_balance FROM claim") == [
        (8001, 0, 1999, 0)
    ]
    assert desk_lite.rows("SELECT line_id, account, cents FROM posting ORDER BY line_id, account DESC") == [
        (1, "patient", 1000),
        (1, "paid", 4000),
        (2, "patient", 999),
        (2, "paid", 4001),
    ]
    assert desk_lite.broken() == []


def test_a_higher_charge_that_nothing_explains_is_said_and_is_work(desk_lite):
    desk_lite.submit(make_claim())
    higher = [line("97110", 9000, 8000, adjustments=["PR*2*10"]), line("97140", 5000, 5000)]
    found = desk_lite.ingest(file_of(payment([claim("A0000001", *higher)])), payers=PAYERS)
    assert ("CHARGE_DIFFERS" in said(found), found.exit_code()) == (True, 1)
    with desk_lite.store.read() as connection:
        assert [one.patient_control_number for one in overpaid(connection)] == ["A0000001"]


def odd(sign: int = 1) -> list[str]:
    """An answer of 50.00 to which a dollar is missing, or its reversal."""
    one = line("97110", sign * 5000, sign * 3000, adjustments=[f"CO*45*{sign * 19}"], number="L0000001")
    return claim("A0000001", one, status="1" if sign > 0 else "22")


CORRECTED = payment([odd(-1), answer(3500, payer_number="PCN2")], trace="T2", day="20260410")
STANDING = "SELECT paid, contractual, suspense, open_balance, status FROM claim WHERE id = root"


@pytest.fixture
def suspended(desk):
    """A claim of one line, and its answer that does not balance, in suspense."""
    desk.submit(make_claim(lines=make_claim().lines[:1]))
    desk.ingest(remit(odd(), "T1", "20260320"), payers=PAYERS)
    return desk


@pytest.mark.parametrize("released_first", [True, False])
def test_the_reversal_of_a_released_answer_takes_the_suspense_back(suspended, released_first):
    if released_first:
        release("1", "the payer confirms it", decider(suspended))
    found = suspended.ingest(file_of(CORRECTED, control=2), payers=PAYERS)
    if released_first:
        assert (said(found), found.totals.posted, found.exit_code()) == ([], 1, 0)
    else:
        assert [one for (one,) in suspended.rows("SELECT outcome FROM claim_payment ORDER BY id")] == [
            "suspense", "suspense", "posted"
        ]  # fmt: skip
        release("1", "the payer confirms it", decider(suspended))
    assert suspended.rows(STANDING) == [(3500, 1500, 0, 0, "settled")]
    assert suspended.rows("SELECT outcome FROM claim_payment") == [("posted",)] * 3
    assert suspended.broken() == []
    undo("1", "no", decider(suspended))
    assert suspended.rows("SELECT outcome, detail FROM claim_payment ORDER BY id") == [
        ("suspense", "BAL001 -1.00; BAL002 -1.00"),
        ("suspense", "BAL001 1.00; BAL002 1.00"),
        ("posted", ""),
    ]
    assert suspended.rows(STANDING) == [(3500, 1500, 0, 0, "settled")]
    assert suspended.broken() == []


def test_a_reversal_of_other_figures_than_the_released_answer_is_held(suspended):
    release("1", "the payer confirms it", decider(suspended))
    other = claim("A0000001", line("97110", -5000, -3000, adjustments=["CO*45*-18"]), status="22")
    suspended.ingest(remit(other, "T2", "20260410", back=3000), payers=PAYERS)
    assert suspended.rows("SELECT outcome FROM claim_payment ORDER BY id") == [("posted",), ("suspense",)]
