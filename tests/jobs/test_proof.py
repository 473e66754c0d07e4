"""`verify --proof` and `ledger`: a cent of the bank down to the lines, and every posting with segment and rule."""

from __future__ import annotations

from datetime import date

import pytest

from cli.jobs.deposits import ImportRequest, import_deposits
from cli.jobs.holds import release
from cli.jobs.ledger import ledger_footer, ledger_rows
from cli.jobs.proof import proof_json, proof_lines, prove
from cli.jobs.verify import verify
from edi.codes.lookup import load_tables
from edi.model.errors import InputError
from reconcile.ledger.names import account_name, adjustment_account, rule_of
from tests.builders import make_claim, make_line
from tests.jobs.conftest import NOW
from tests.jobs.test_held_release import decider
from tests.remits import claim, file_of, line, payment

TODAY = date(2026, 4, 1)
SECOND = (
    make_line(1, line_control_number="L0000011"),
    make_line(2, "97140", line_control_number="L0000012"),
)


@pytest.fixture
def books(desk_lite):
    """A payment with a posted, a held and an unmatched claim payment, a take-back and interest."""
    desk_lite.submit(make_claim(), make_claim(patient_control_number="A0000002", lines=SECOND))
    good = claim(
        "A0000001",
        line("97110", 5000, 4000),
        line("97140", 5000, 2500, adjustments=["CO*45*10", "PR*2*15", "OA*23*0"]),
    )
    broken = claim("A0000002", line("97110", 5000, 4000, adjustments=["CO*45*9"]), line("97140", 5000, 4000))
    lost = claim("NOBODY", line("97530", 7000, 6000))
    desk_lite.ingest(file_of(payment([good, broken, lost], plb=[("WO:X", 500), ("L6", -25)])))
    return desk_lite


def proved(desk, asked):
    with desk.store.read() as connection:
        return prove(connection, asked, load_tables(), today=TODAY)


@pytest.mark.parametrize("asked", ["T0001", "200.25", "$200.25"])
def test_every_level_of_a_payment_sums(books, asked):
    proof = proved(books, asked)
    assert proof.holds
    (one,) = proof.payments
    assert (one.amount, one.posted, one.suspense, one.unmatched, one.adjusted) == (
        20025,
        6500,
        8000,
        6000,
        475,
    )
    assert one.amount == one.posted + one.suspense + one.unmatched - one.adjusted
    assert [(each.account, each.cents) for each in one.adjustments] == [("take-back", 500), ("interest", -25)]
    posted = one.claims[0]
    assert posted.paid == sum(each.cash for each in posted.lines) == 6500
    for each in posted.lines:
        assert each.charge == each.told == sum(posting.cents for posting in each.postings)
        assert each.stated == each.cash
    assert [(each.outcome, sum(len(row.postings) for row in each.lines)) for each in one.claims] == [
        ("posted", 5),
        ("suspense", 0),
        ("unmatched", 0),
    ]


def test_a_proof_begins_at_the_deposit(books):
    day = "2026-03-22"
    rows = f"deposit_date,amount,trace_number\n{day},200.25,T0001\n{day},7.00,T9\n"
    import_deposits(
        ImportRequest(paths=(books.file(rows.encode(), "bank.csv"),), now=NOW, today=TODAY), books.store
    )
    for asked in ("200.25", "T0001"):
        proof = proved(books, asked)
        assert proof.deposit is not None
        assert (proof.deposit.amount, proof.deposit.difference) == (20025, 0)
        assert proof.deposit.deposited_on == date(2026, 3, 22)
    assert next(proof_lines(proof)) == "deposit 2026-03-22  T0001"
    assert proof_json(proof)["deposit"]["amount"] == "200.25"
    with pytest.raises(InputError):
        proved(books, "7.00")


def test_all_deposits_of_an_amount_are_proven(books):
    other = payment([claim("NOBODY3", line("97110", 20025, 20025))], trace="T0002")
    books.ingest(file_of(other, control=9))
    day = "2026-03-22"
    rows = f"deposit_date,amount,trace_number\n{day},200.25,T0001\n{day},200.25,T0002\n"
    import_deposits(
        ImportRequest(paths=(books.file(rows.encode(), "bank.csv"),), now=NOW, today=TODAY), books.store
    )
    proof = proved(books, "200.25")
    found = (proof, *proof.more)
    assert [one.deposit.trace_number for one in found] == ["T0001", "T0002"]
    assert [one.payments[0].trace_number for one in found] == ["T0001", "T0002"]
    assert sum(text.startswith("deposit ") for text in proof_lines(proof)) == 2
    assert proof_json(proof)["more"][0]["deposit"]["trace_number"] == "T0002"
    assert proved(books, "T0002").more == ()


def test_every_posting_names_file_segment_and_rule(books):
    (one,) = proved(books, "T0001").payments
    first, second = one.claims[0].lines
    assert [(each.account, each.cents, each.segment, each.line, each.rule) for each in first.postings] == [
        ("paid", 4000, 10, 1, "money: SVC03, CLP04"),
        ("contractual", 1000, 10, 1, "CARC class contractual (CO-45)"),
    ]
    assert {each.file for each in second.postings} == {"remit1.835"}
    assert {each.line_control_number for each in second.postings} == {"L0000002"}
    assert second.postings[2].rule == "CARC class patient (PR-2)"


def test_the_text_and_the_document_say_the_same(books):
    proof = proved(books, "T0001")
    text = "\n".join(proof_lines(proof))
    assert "200.25 = posted 65.00 + suspense 80.00 + unmatched 60.00 - provider adjustments 4.75" in text
    assert text.endswith("every level sums")
    document = proof_json(proof)
    assert document["holds"]
    (one,) = document["payments"]
    assert [row["amount"] for row in one["claims"][0]["lines"][1]["postings"]] == ["25.00", "10.00", "15.00"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE posting SET cents = cents + 1 WHERE account = 'paid' AND line = 0",
        "UPDATE provider_adjustment SET cents = cents + 1 WHERE ordinal = 0",
        "UPDATE remittance SET amount = amount + 1",
    ],
)
def test_a_changed_row_breaks_the_proof(books, change):
    books.sql(change)
    proof = proved(books, "T0001")
    assert not proof.holds
    assert "FAILS" in "\n".join(proof_lines(proof))


def test_what_nobody_paid_cannot_be_proved(books):
    for asked in ("T9", "1.00", "x"):
        with pytest.raises(InputError):
            proved(books, asked)


def test_a_proof_holds_after_a_release_and_verify_tells_of_it(books):
    release("2", "by phone", decider(books))
    proof = proved(books, "T0001")
    assert proof.holds
    assert ("suspense", 100) in [
        (each.account, each.cents) for row in proof.payments[0].claims[1].lines for each in row.postings
    ]
    report = verify(books.store)
    assert report.holds
    assert (report.unexplained, report.unexplained_amount) == (1, "1.00")


def test_a_ledger_lists_charge_and_postings_and_comes_to_nothing_open(books):
    with books.store.read() as connection:
        rows = ledger_rows(connection, "A0000001", load_tables())
        with pytest.raises(InputError):
            ledger_rows(connection, "NOSUCH", load_tables())
    assert [(row["account"], row["amount"]) for row in rows] == [
        ("charge", "50.00"),
        ("charge", "50.00"),
        ("paid", "40.00"),
        ("contractual", "10.00"),
        ("paid", "25.00"),
        ("contractual", "10.00"),
        ("patient", "15.00"),
    ]
    assert rows[2]["claim_payment"] == "claim_payment:1"
    assert ledger_footer(rows) == [
        "charge 100.00 = paid 65.00 + contractual 20.00 + patient 15.00 + open 0.00"
    ]


@pytest.mark.parametrize(
    ("account", "group", "reason", "flags", "rule"),
    [
        ("denied", "CO", "97", {}, "CARC class denial (CO-97)"),
        ("contractual", "CO", "97", {}, "bundled: OA-94 and CO-97 cancel each other (CO-97)"),
        ("contractual", "CO", "24", {}, "payer profile: paid by capitation (CO-24)"),
        ("denied", "CO", "45", {}, "the whole charge with nothing paid is never written off (CO-45)"),
        ("denied", "CO", "XX9", {}, "CARC in no table: denied until a person decides (CO-XX9)"),
        ("memo", "OA", "23", {}, "memo: prior payers (OA-23)"),
        ("memo", "CO", "45", {}, "memo: no room left, or told beside (CO-45)"),
        ("patient", "PR", "45", {}, "group PR (PR-45)"),
        ("suspense", None, None, {}, "released by hand: charge - paid - adjustments"),
        ("patient", "PR", "2", {"transfer": True}, "moved: a later answer changes what stood in patient"),
        ("denied", None, "N687", {"transfer": True}, "reversed and not corrected: denied"),
        ("paid", None, None, {"reversal": True}, "reversal: the opposite of what the original posted"),
    ],
)
def test_the_rule_behind_a_posting(account, group, reason, flags, rule):
    told = {"transfer": False, "reversal": False, **flags}
    assert rule_of(account, group, reason, tables=load_tables(), **told) == rule


def test_accounts_have_the_names_of_a_biller():
    assert account_name("memo", "23") == "other payer"
    assert account_name("memo", "45") == "memo"
    assert account_name("suspense", None) == "suspense"
    assert [adjustment_account(code) for code in ("WO:1", "fb", "L6", "CV")] == [
        "take-back",
        "take-back",
        "interest",
        "provider adjustment",
    ]
