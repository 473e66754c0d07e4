"""What the loop's store does not have: patients who pay, imported claims, rejections, days of payment in the future."""

from __future__ import annotations

from datetime import date

import pytest

from fixtures.report_store import Rows
from reconcile.reports.registry import GROUP, Scope, report
from reconcile.store import open_store
from reconcile.store.report_rows import balances
from reconcile.store.schema import (
    AcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    PatientEntryRow,
    PostingRow,
    PracticeRow,
    RemittanceRow,
    ServiceLineRow,
)

SERVED, TODAY = date(2026, 1, 10), date(2026, 3, 1)
CLAIMS = ("id", "practice_id", "patient_control_number", "root", "payer_key", "charge", "billed", "date_from", "date_to",
          "source", "content_digest", "acknowledged", "paid", "patient", "open_balance", "adjudications")  # fmt: skip


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path / 'edges.db'}", tmp_path / "vault")
    yield opened
    opened.close()


def put(connection, model, names, *rows):
    """Rows of a table, the columns that are not named by default."""
    held = Rows(model, *names)
    for row in rows:
        held.add(*row)
    held.flush(connection)


def fill(connection):
    """Claim 1 paid in February but for what the patient owes; 2 rejected, sent again as 3; 4 without any word."""
    put(connection, PracticeRow, ("id",), ("quill",))
    put(
        connection, ClaimRow, CLAIMS,
        (1, "quill", "A1", 1, "larkspur", 10_000, 10_000, SERVED, SERVED, "imported", "d1", "277CA:accepted:A2", 8_000, 2_000, 0, 1),
        (2, "quill", "A2", 2, "larkspur", 5_000, 5_000, SERVED, SERVED, "imported", "d2", "277CA:rejected:A3", 0, 0, 5_000, 0),
        (3, "quill", "A2", 2, "larkspur", 5_000, 0, SERVED, SERVED, "imported", "d3", "277CA:accepted:A2", 0, 0, 0, 0),
        (4, "quill", "A4", 4, "", 700, 700, None, None, "imported", "d4", "", 0, 0, 700, 0),
    )  # fmt: skip
    put(connection, ServiceLineRow, ("id", "claim_id", "number", "charge"), (1, 1, 1, 10_000))
    put(
        connection, AcknowledgmentRow,
        ("set_digest", "ordinal", "kind", "level", "accepted", "code", "stated_on", "claims", "claim_id"),
        ("s1", 0, "277CA", "claim", True, "A2", date(2026, 1, 12), 1, 1),
        ("s1", 1, "277CA", "claim", False, "A3", date(2026, 1, 12), 1, 2),
        ("s2", 0, "277CA", "claim", True, "A2", date(2026, 1, 20), 1, 3),
    )  # fmt: skip
    put(
        connection, RemittanceRow, ("id", "payment_key", "practice_id", "payer_key", "trace_number", "payment_date", "amount"),
        (1, "k1", "quill", "larkspur", "T1", date(2026, 2, 1), 8_000),
    )  # fmt: skip
    put(
        connection, ClaimPaymentRow, ("id", "remittance_id", "patient_control_number", "charge", "paid", "outcome", "claim_id"),
        (1, 1, "A1", 10_000, 8_000, "posted", 1),
    )  # fmt: skip
    put(
        connection, PostingRow, ("claim_payment_id", "ordinal", "line", "line_id", "account", "cents"),
        (1, 0, 0, 1, "paid", 8_000), (1, 1, 0, 1, "patient", 2_000),
    )  # fmt: skip
    put(
        connection, PatientEntryRow,
        ("id", "digest", "practice_id", "claim_id", "kind", "entry_date", "cents"),
        (1, "e1", "quill", 1, "payment", date(2026, 2, 15), 500),
        (2, "e2", "quill", None, "opening_balance", date(2026, 1, 1), 300),
        (3, "e3", "quill", None, "payment", date(2026, 2, 20), 100),
    )  # fmt: skip


@pytest.fixture
def told(store):
    with store.write() as connection:
        fill(connection)

    def ask(name, by=None, as_of=None, **scope):
        one = report(name)
        with store.read() as connection:
            return one.read(connection, Scope(today=as_of or TODAY, as_of=as_of, **scope), one.grouping(by))

    return ask


def groups(answer, column):
    return {row[GROUP]: row[column] for row in answer.rows}


def test_a_patient_owes_less_what_the_patient_paid(told):
    assert groups(told("aging", "responsibility"), "total") == {"payers": 5_700, "(patients)": 1_500}
    before = told("aging", "responsibility", as_of=date(2026, 2, 10))
    assert groups(before, "total") == {"payers": 5_700, "(patients)": 2_000}
    assert told("aging").more["patient_accounts"]["amount"] == 300 - 100
    assert told("aging", as_of=date(2026, 2, 10)).more["patient_accounts"]["amount"] == 300


def test_what_was_paid_too_much_is_a_credit_and_lowers_no_balance(told, store):
    with store.write() as connection:
        for statement in (
            "UPDATE claim SET paid = 18000, open_balance = -10000 WHERE id = 1",
            "UPDATE posting SET cents = 18000 WHERE account = 'paid'",
            "UPDATE patient_entry SET cents = 2600 WHERE id = 1",
        ):
            connection.exec_driver_sql(statement)
    for scope in ({}, {"as_of": date(2026, 2, 20)}):
        aging = told("aging", "responsibility", **scope)
        assert groups(aging, "total") == {"payers": 5_700, "(patients)": 0}
        assert groups(aging, "credits") == {"payers": 10_000, "(patients)": 600}
        assert aging.total["balances"] == 2
        with store.read() as connection:
            (rows,) = [one for one in report("aging").row_sets if one.name == "credits"]
            behind = list(rows.read(connection, Scope(today=TODAY), "responsibility"))
        assert sum(row["amount"] for row in behind) == aging.total["credits"]
    assert {row[GROUP]: row["amount"] for row in told("kpi").rows}["credits of payers and patients"] == 10_600
    collected = told("collection", "payer").rows
    assert {row[GROUP]: (row["collected"], row["overpaid"]) for row in collected} == {
        "larkspur": (10_000, 10_600), "(unknown)": (0, 0)
    }  # fmt: skip


def test_a_write_off_beside_a_credit_moves_no_more_than_is_there(store, monkeypatch):
    """20.00 denied of a claim that holds 5.00 too much leaves 15.00 open; written off, the 5.00 are a credit."""
    with store.write() as connection:
        fill(connection)
        connection.exec_driver_sql("UPDATE claim SET denied = 2000, open_balance = -500 WHERE id = 4")
    report_aging = report("aging")

    def amounts():
        with store.read() as connection:
            (row,) = [
                row for row in report_aging.read(connection, Scope(today=TODAY), "payer").rows
                if row[GROUP] == "(unknown)"
            ]  # fmt: skip
        return row["balances"], row["total"], row["credits"], row["written_off"]

    assert amounts() == (1, 1_500, 0, 0)
    monkeypatch.setattr(balances, "written_off", lambda connection, as_of: {4: 2000})
    assert amounts() == (0, 0, 500, 2_000)


def test_before_the_payment_all_of_it_is_open(told):
    before = told("aging", "payer", as_of=date(2026, 1, 31))
    assert groups(before, "total") == {"larkspur": 15_000, "(unknown)": 700}
    assert before.total["days_0_30"] == 15_000  # 21 days; what has no day is as old as can be
    assert before.total["days_over_120"] == 700
    assert told("collection", as_of=date(2026, 1, 31)).total["paid"] == 0
    assert told("collection").total["collected"] == 8_500
    assert told("collection").total["net_collection"] == 541  # 8,500 of 15,700


def test_a_claim_that_went_out_twice_counts_once_and_its_first_answer_counts(told):
    accepted = told("acceptance").total
    assert (accepted["sent"], accepted["answered"], accepted["accepted"], accepted["rejected_277ca"]) == (
        3,
        2,
        1,
        1,
    )
    assert told("acceptance", as_of=date(2026, 1, 11)).total["answered"] == 0


def test_the_last_submission_says_how_far_a_silent_claim_came(told):
    assert groups(told("silence"), "claims") == {"accepted, not paid": 1, "no acknowledgment": 1}
    early = told("silence", as_of=date(2026, 1, 15))
    assert groups(early, "claims") == {"accepted, not paid": 1, "no acknowledgment": 2}


def test_an_imported_claim_went_out_when_its_277ca_says(told):
    row = next(row for row in told("payers").rows if row[GROUP] == "larkspur")
    assert (row["lags"], row["lag_p50"], row["lag_p90"]) == (1, 20, 20)


def test_payers_and_practices_are_kept_apart(told):
    assert told("collection", payer="larkspur").total["charge"] == 15_000
    assert told("collection", practice="other").rows == []
    assert told("payments", practice="quill").total["amount"] == 8_000
    assert told("payments", practice="qui").total["amount"] == 0
