"""`payments add`: the way of an 835 for what payers answered, entries of their own for patients, once."""

from __future__ import annotations

import json

import msgspec
import pytest

from edi.payers.profile import RemitIdentity
from tests.builders import make_claim, make_line
from tests.jobs.hand_desk import PAYERS, add, both_lines, opening, paper, patient, table
from tests.remits import claim, file_of, line, payment

NAMED = {"acme": msgspec.structs.replace(PAYERS["acme"], remit=RemitIdentity(names=("ACME HEALTH",)))}
SUMS = "SELECT billed, paid, contractual, patient, denied, open_balance, status FROM claim WHERE id = root"


def codes(manifest):
    return [one.code for file in manifest.files for one in file.findings] + [
        one.code for file in manifest.files for paid in file.payments for one in paid.findings
    ]


def test_a_paper_eob_posts_as_its_835_would(desk):
    desk.submit()
    done = add(desk, both_lines())
    assert done.files[0].outcome == "posted"
    assert done.totals.lines_matched == 2
    assert desk.rows(SUMS) == [(10000, 7000, 2000, 1000, 0, 0, "settled")]
    assert desk.rows("SELECT payer_key, trace_number, amount, method FROM remittance") == [
        ("acme", "55001", 7000, "CHK")
    ]
    assert desk.rows("SELECT kind FROM file_transaction") == [("paper_eob",)]
    assert desk.broken() == []


def test_the_same_books_as_the_835(desk_lite, tmp_path):
    desk_lite.submit()
    add(desk_lite, both_lines())
    by_hand = desk_lite.rows("SELECT line, line_id, account, cents, group_code, reason FROM posting")
    desk_lite.sql("DELETE FROM posting")
    other = type(desk_lite)(f"sqlite:///{tmp_path / 'other.db'}", tmp_path)
    other.submit()
    lines = line("97110", 5000, 4000), line("97140", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"])
    other.ingest(file_of(payment([claim("A0000001", *lines)], trace="55001")), payers=PAYERS)
    assert other.rows("SELECT line, line_id, account, cents, group_code, reason FROM posting") == by_hand
    other.store.close()


def test_a_denial_on_paper_is_worked(desk_lite):
    desk_lite.submit()
    done = add(desk_lite, table(paper("97110", "0", "CO-197=50.00"), paper("97140", "40", "CO-45=10")))
    assert done.totals.denials == 1
    assert desk_lite.rows("SELECT group_code, reason, amount FROM denial") == [("CO", "197", 5000)]
    assert done.exit_code() == 1


@pytest.mark.parametrize("again", [both_lines(), both_lines() + b"\n"])
def test_twice_changes_nothing(desk, again):
    desk.submit()
    add(desk, both_lines())
    before = desk.digest()
    done = add(desk, again, "again.csv")
    assert done.files[0].outcome == "duplicate"
    assert desk.digest() == before
    assert desk.broken() == []


def test_the_835_of_a_check_that_was_keyed_is_not_posted_twice(desk_lite):
    desk_lite.submit()
    add(desk_lite, both_lines())
    lines = line("97110", 5000, 4000), line("97140", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"])
    remit = payment([claim("A0000001", *lines)], trace="55001", day="20260330", payer="")
    before = desk_lite.rows(SUMS)
    done = desk_lite.ingest(file_of(remit), payers=NAMED)
    assert done.files[0].payments[0].outcome == "conflict"
    assert desk_lite.rows(SUMS) == before


def test_what_does_not_add_up_waits_in_suspense(desk_lite):
    desk_lite.submit()
    done = add(desk_lite, table(paper("97110", "40.00", "CO-45=5.00", charge="50.00")))
    assert done.totals.claims_held == 1
    assert desk_lite.rows("SELECT outcome FROM claim_payment") == [("suspense",)]
    found = done.files[0].payments[0].findings
    assert {(one.code, one.row, one.segment) for one in found} >= {("BAL001", 2, None)}
    assert desk_lite.broken() == []


def test_a_refused_row_keeps_its_payment_out_and_no_other(desk_lite):
    desk_lite.submit()
    done = add(
        desk_lite,
        table(
            paper("97110", "40.00", "CO45"),
            paper("97140", "40.00", "CO-45=10.00"),
            paper("97140", "40.00", "CO-45=10.00", reference="55002"),
        ),
    )
    assert done.files[0].outcome == "partial"
    assert done.exit_code() == 3
    assert codes(done) == ["PAY003", "PAY013"]
    assert [(one.row, one.field) for one in done.files[0].findings] == [(2, "adjustments"), (3, "reference")]
    assert all(one.fix for one in done.files[0].findings)
    assert desk_lite.rows("SELECT trace_number FROM remittance") == [("55002",)]
    mended = table(
        paper("97110", "40.00", "CO-45=10.00"),
        paper("97140", "0.00", "CO-45=10.00"),
        paper("97140", "40.00", "CO-45=10.00", reference="55002"),
    )
    again = add(desk_lite, mended, "mended.csv")
    assert sorted(one.outcome for one in again.files[0].payments) == ["duplicate", "posted"]


def test_a_row_that_is_there_twice_is_not_posted_on_another_line(desk_lite):
    desk_lite.submit(make_claim(lines=(make_line(1, "97110"), make_line(2, "97110"), make_line(3, "97140"))))
    row = paper("97110", "40.00", "CO-45=10.00")
    done = add(desk_lite, table(row, {**row, "note": "again"}, paper("97140", "40.00", reference="55002")))
    assert (codes(done), done.files[0].findings[0].row, done.exit_code()) == (["PAY028"], 2, 3)
    assert "says in row 3 what row 2 says" in done.files[0].findings[0].message
    assert desk_lite.rows("SELECT trace_number FROM remittance") == [("55002",)]
    named = add(desk_lite, table({**row, "line": "1"}, {**row, "line": "2"}), "named.csv")
    assert (codes(named), named.totals.lines_matched) == ([], 2)
    assert desk_lite.broken() == []


def test_a_dry_run_tells_all_and_changes_nothing(desk):
    desk.submit()
    before, kept = desk.digest(with_files=True), sorted((desk.folder / "vault").rglob("*"))
    done = add(desk, both_lines(), dry_run=True)
    assert done.totals.lines_matched == 2
    assert desk.digest(with_files=True) == before
    assert sorted((desk.folder / "vault").rglob("*")) == kept


def test_a_recoupment_inside_a_check(desk_lite):
    desk_lite.submit()
    rows = [
        paper("97110", "40.00", "CO-45=10.00", payment_amount="25.00"),
        {"kind": "paper_eob", "practice_id": "orchard", "payer": "acme", "date": "2026-03-30", "reference": "55001",
         "provider_adjustment": "WO", "amount": "-15.00", "note": "CLAIM77"},
    ]  # fmt: skip
    done = add(desk_lite, table(*rows))
    assert done.files[0].payments[0].amount == "25.00"
    assert desk_lite.rows("SELECT reason, identifier, cents FROM provider_adjustment") == [
        ("WO", "CLAIM77", 1500)
    ]
    assert desk_lite.broken() == []


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (paper("97110", "40.00", payer="nobody"), "PAY001", "payer"),
        (paper("97110", "40.00", reference=""), "PAY010", "reference"),
        (paper("97110", "40.00", payment_amount="41.00"), "PAY011", "payment_amount"),
        (paper("97110", "forty"), "INP024", "amount"),
        (paper("97110", "40.00", claim=""), "INP020", "claim"),
        (paper("97110", "40.00", date_of_service=""), "INP020", "date_of_service"),
        (paper("97110", "40.00", provider_adjustment="WO"), "PAY002", "claim"),
        (patient("10.00", payer="acme"), "PAY002", "payer"),
        (patient("10.00", adjustments="PR-2=10.00"), "PAY002", "adjustments"),
        (patient("10.00", claim="NOBODY"), "PAY020", "claim"),
        (patient("10.00", claim="", patient_id=""), "INP020", "claim or patient_id"),
        (patient("10.00", line="L9999999"), "PAY022", "line"),
        (opening("-5.00"), "PAY005", "amount"),
        (opening("5.00", claim="A0000001"), "PAY023", "claim"),
        (opening("5.00", procedure_code=""), "INP020", "procedure_code"),
    ],
)
def test_a_bad_row_is_named_with_row_field_and_fix(desk_lite, row, code, field):
    desk_lite.submit()
    done = add(desk_lite, table(row))
    assert done.files[0].outcome == "rejected"
    found = done.files[0].findings[0]
    assert (found.code, found.row, found.field) == (code, 2, field)
    assert found.fix
    assert desk_lite.rows("SELECT * FROM remittance") == desk_lite.rows("SELECT * FROM patient_entry") == []


def test_a_row_for_the_claim_beside_rows_of_its_lines(desk_lite):
    rows = paper("97110", "40.00"), paper("", "10.00", date_of_service="")
    assert codes(add(desk_lite, table(*rows))) == ["PAY012"]


def test_toml_and_json_lines_are_read_alike(desk_lite):
    desk_lite.submit()
    rows = [
        {**paper("97110", "40.00", "CO-45=10.00"), "date": "2026-03-30"},
        {**paper("97140", "30.00", "CO-45=10.00; PR-2=10.00")},
    ]
    text = (
        "".join(
            "[[payment]]\n" + "".join(f'{key} = "{value}"\n' for key, value in row.items() if value)
            for row in rows
        )
        .replace('amount = "40.00"', "amount = 40.00")
        .replace('date = "2026-03-30"', "date = 2026-03-30")
    )
    assert add(desk_lite, text.encode(), "check.toml").files[0].outcome == "posted"
    lines = "\n".join(json.dumps(row) for row in rows)
    assert add(desk_lite, lines.encode(), "check.jsonl").files[0].outcome == "duplicate"
    assert desk_lite.rows(SUMS)[0][:4] == (10000, 7000, 2000, 1000)


def test_a_broken_toml_is_refused(desk_lite):
    assert codes(add(desk_lite, b"[[payment]\n", "check.toml")) == ["PAY004"]


def test_what_patients_pay_leaves_the_books_of_payers_alone(desk):
    desk.submit()
    add(desk, both_lines())
    before = desk.rows("SELECT * FROM claim"), desk.rows("SELECT * FROM posting")
    done = add(desk, table(patient("6.00"), patient("6.00"), patient("-2.00"), patient("3.00", claim="", patient_id="P1")),
               "desk.csv")  # fmt: skip
    assert done.totals.patient_entries == 4
    assert done.files[0].outcome == "posted"
    assert (desk.rows("SELECT * FROM claim"), desk.rows("SELECT * FROM posting")) == before
    assert desk.rows("SELECT kind, cents FROM patient_entry ORDER BY id") == [
        ("payment", 600), ("payment", 600), ("payment", -200), ("payment", 300),
    ]  # fmt: skip
    digest = desk.digest()
    again = add(desk, table(patient("6.00"), patient("6.00"), patient("-2.00")), "again.csv")
    assert (again.files[0].outcome, codes(again)) == ("duplicate", ["PAY025"] * 3)
    assert {one.severity for one in again.files[0].findings} == {"warning"}
    assert "row 4 is left out: row 4 of desk.csv says the same" in again.files[0].findings[2].message
    assert desk.digest() == digest
    assert desk.broken() == []


def test_a_claim_from_before_is_brought_forward_and_then_paid(desk):
    waiting = file_of(
        payment([claim("OLD1", line("97110", 8500, 6000, day="20251103"), patient="X*Y", member="M1")])
    )
    desk.ingest(waiting, payers=PAYERS)
    done = add(
        desk,
        table(opening("60.00", charge="85.00"), opening("25.00", payer="", claim="OLD1", procedure_code="")),
        "open.csv",
    )
    assert (done.totals.opening_balances, done.totals.patient_entries) == (1, 1)
    assert done.totals.retried_matched == 1
    assert desk.rows("SELECT source, billed, paid, contractual, open_balance FROM claim") == [
        ("opening_balance", 8500, 6000, 2500, 0)
    ]
    assert desk.rows("SELECT outcome FROM claim_payment") == [("posted",), ("posted",)]
    assert add(desk, table(opening("60.00", charge="85.00")), "twice.csv").files[0].outcome == "duplicate"
    assert codes(add(desk, table(opening("61.00")), "changed.csv")) == ["PAY024"]
    assert desk.broken() == []


LATE_ANSWERS = {
    # the payer's line, then paid, contractual, patient, denied, open
    "paid as expected": (line("97110", 8500, 6000, day="20251103"), (6000, 2500, 0, 0, 0)),
    "the patient owes a part": (
        line("97110", 8500, 5000, adjustments=["CO*45*25", "PR*2*10"], day="20251103"),
        (5000, 2500, 1000, 0, 0),
    ),
    "more is written off": (
        line("97110", 8500, 5000, adjustments=["CO*45*35"], day="20251103"),
        (5000, 3500, 0, 0, 0),
    ),
    "denied": (line("97110", 8500, 0, adjustments=["CO*197*85"], day="20251103"), (0, 0, 0, 8500, 0)),
}


@pytest.mark.parametrize("name", LATE_ANSWERS)
def test_what_was_settled_before_stands_until_the_payer_answers(desk_lite, name):
    desk = desk_lite
    books = "SELECT paid, contractual, patient, denied, open_balance FROM claim"
    done = add(desk, table(opening("60.00", charge="85.00")), "open.csv")
    assert (done.files[0].outcome, codes(done), done.exit_code()) == ("posted", [], 0)
    assert desk.rows(books) == [(0, 2500, 0, 0, 6000)]
    assert desk.rows("SELECT status, suspense FROM claim") == [("submitted", 0)]
    said, then = LATE_ANSWERS[name]
    answered = claim("OLD1", said, patient="X*Y", member="M1")
    manifest = desk.ingest(file_of(payment([answered])), payers=PAYERS)
    assert (manifest.totals.lines_matched, manifest.files[0].payments[0].findings) == (1, ())
    assert desk.rows(books) == [then]
    assert desk.broken() == []


@pytest.mark.parametrize("answered_first", [True, False])
def test_what_was_settled_before_of_a_line_without_an_answer_stands(desk_lite, answered_first):
    desk = desk_lite
    forward = table(
        opening("60.00", charge="85.00"), opening("30.00", charge="40.00", procedure_code="97140")
    )
    said = line("97110", 8500, 5000, adjustments=["CO*45*25", "PR*2*10"], day="20251103")
    answered = file_of(payment([claim("OLD1", said, patient="X*Y", member="M1")]))
    if answered_first:
        desk.ingest(answered, payers=PAYERS)
    add(desk, forward, "open.csv")
    if not answered_first:
        desk.ingest(answered, payers=PAYERS)
    assert desk.rows("SELECT billed, paid, contractual, patient, open_balance FROM claim") == [
        (12500, 5000, 3500, 1000, 3000)
    ]
    assert desk.rows("SELECT COUNT(*) FROM claim_finding") == [(0,)]
    assert desk.broken() == []


def test_what_was_settled_before_stands_again_when_the_answer_is_taken_back(desk_lite):
    desk = desk_lite
    add(desk, table(opening("60.00", charge="85.00")), "open.csv")
    paid, back = (
        claim(
            "OLD1",
            line("97110", sign * 8500, sign * 6000, adjustments=[f"CO*45*{sign * 25}"], day="20251103"),
            status=status,
            patient="X*Y",
            member="M1",
        )
        for sign, status in ((1, "1"), (-1, "22"))
    )
    reversal = file_of(payment([back], trace="T2", day="20260401"), control=2)
    desk.ingest(reversal, payers=PAYERS)
    assert desk.rows("SELECT outcome, reason FROM claim_payment ORDER BY id")[1] == (
        "unmatched",
        "no_original",
    )
    desk.ingest(file_of(payment([paid])), payers=PAYERS)
    assert desk.rows("SELECT paid, contractual, open_balance FROM claim") == [(0, 2500, 6000)]
    assert desk.rows("SELECT COUNT(*) FROM claim_finding") == [(0,)]
    assert desk.broken() == []


def test_an_answer_on_paper_is_taken_back_by_a_row_of_status_22(desk):
    desk.submit()
    add(desk, both_lines())
    back = (
        paper("97110", "-40.00", "CO-45=-10.00", status="22", reference="55009", date="2026-04-10"),
        paper(
            "97140", "-30.00", "CO-45=-10.00; PR-2=-10.00", status="22", reference="55009", date="2026-04-10"
        ),
    )
    done = add(desk, table(*back), "back.csv")
    assert done.totals.lines_matched == 2
    assert desk.rows(SUMS) == [(10000, 0, 0, 0, 0, 10000, "reversed")]
    assert desk.broken() == []


def test_an_835_is_sent_to_its_own_command(desk_lite):
    remit = file_of(payment([claim("A0000001", line("97110", 5000, 4000))]))
    done = add(desk_lite, remit, "remit.835")
    assert (done.files[0].outcome, codes(done)) == ("rejected", ["INP002"])
    assert desk_lite.ingest(remit, payers=PAYERS).files[0].outcome == "posted"


def test_a_file_that_comes_again_because_a_row_was_refused_is_told_as_seen_before(desk_lite):
    desk_lite.submit()
    rows = [
        paper("97110", "40", "CO-45=10"),
        paper("97140", "40", "CO-45=10"),
        patient("6.00"),
        patient("x", claim="N"),
    ]
    first = add(desk_lite, table(*rows))
    assert (first.totals.posted, first.totals.patient_entries, first.files[0].outcome) == (1, 1, "partial")
    before = desk_lite.digest()
    for _ in range(2):
        again = add(desk_lite, table(*rows))
        assert (again.totals.posted, again.totals.duplicates) == (0, 1)
        assert (again.totals.patient_entries, again.totals.patient_entries_known) == (0, 1)
        assert (again.files[0].outcome, again.exit_code()) == ("partial", 3)
    assert desk_lite.digest() == before
    assert desk_lite.broken() == []


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (patient("6.00", date="2026-05-03"), "date"),
        (paper("97110", "40.00", "CO-45=10.00", date="2026-05-03"), "date"),
        (paper("97110", "40.00", "CO-45=10.00", date_of_service="2027-03-10"), "date_of_service"),
    ],
)
def test_a_day_to_come_is_refused(desk_lite, row, column):
    desk_lite.submit()
    done = add(desk_lite, table(row))
    found = done.files[0].findings[0]
    assert (found.code, found.row, found.field, done.files[0].outcome) == ("PAY006", 2, column, "rejected")
    assert found.message.startswith(f"{column}: {row[column]} is after 2026-05-02")
    assert found.fix


def test_more_than_the_patient_owes_is_warned_of(desk_lite):
    desk_lite.submit()
    add(desk_lite, both_lines())
    assert codes(add(desk_lite, table(patient("10.00")), "right.csv")) == []
    done = add(desk_lite, table(patient("490.00"), patient("10.00", reference="2")), "much.csv")
    found = done.files[0].findings
    assert [(one.code, one.severity, one.row) for one in found] == [("PAY026", "warning", 3)]
    assert "a credit of 500.00" in found[0].message
    assert (done.totals.patient_entries, done.exit_code()) == (2, 1)


def test_what_is_paid_ahead_of_any_answer_is_no_credit(desk_lite):
    desk_lite.submit()
    assert codes(add(desk_lite, table(patient("25.00")))) == []
    assert codes(add(desk_lite, both_lines() + b"\n", "later.csv")) == []


def test_a_remark_that_no_table_has_is_warned_of(desk_lite):
    desk_lite.submit()
    done = add(
        desk_lite,
        table(
            paper("97110", "40", "CO-45=10", remarks="N130 QQ77"),
            paper("97140", "40", "CO-45=10", remarks="N130"),
        ),
    )
    found = [one for one in done.files[0].findings if one.code == "PAY027"]
    assert [(one.row, one.severity, one.message) for one in found] == [
        (2, "warning", "remarks: QQ77 is no RARC that the tables have")
    ]
    assert done.totals.lines_matched == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "CO-99999=10.00",
            "CO-99999=10.00 cannot be read: the reason after the group has not the form of a CARC",
        ),
        ("CO-45=5.00; XX-45=5.00", "XX-45=5.00 cannot be read: the group is none of CO, PR, OA, PI, CR"),
        ("CO-45", "CO-45 cannot be read: the amount after = is no amount"),
        ("PATIENT", "an adjustment cannot be read: the group is none of CO, PR, OA, PI, CR"),
    ],
)
def test_which_part_of_an_adjustment_is_wrong(desk_lite, text, said):
    done = add(desk_lite, table(paper("97110", "40.00", text)))
    assert done.files[0].findings[0].code == "PAY003"
    assert said in done.files[0].findings[0].message
