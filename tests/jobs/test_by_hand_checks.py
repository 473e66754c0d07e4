"""Each check of money without an 835 and of the journal fails when a row is changed behind the store's back."""

from __future__ import annotations

from datetime import date

import pytest

from cli.jobs.verify import verify
from tests.jobs.hand_desk import add, both_lines, opening, patient, table
from tests.jobs.test_export_postings import close, export

CORRUPTIONS = {
    "by_hand_sums": ["UPDATE file SET manifest = '', name = 'payments.toml' WHERE name = 'payments.csv'"],
    "patient_entries": ["UPDATE patient_entry SET source_row = 99 WHERE kind = 'opening_balance'"],
    "closed_months": ["UPDATE journal_entry SET posting_date = '2026-03-30' WHERE batch IS NOT NULL"],
    "exported_once": [
        "UPDATE journal_entry SET batch = NULL WHERE id = (SELECT MAX(id) FROM journal_entry WHERE batch IS NOT NULL)"
    ],
    "journal_entries": [
        "UPDATE journal_entry SET payment_key = '' WHERE payment_key <> '' AND batch IS NULL"
    ],
}
OTHERS = {
    "a payment's digits": ("by_hand_sums", "UPDATE remittance SET amount = amount + 1, unexplained = unexplained + 1"),
    "an entry of another practice's claim": (
        "patient_entries", "UPDATE patient_entry SET practice_id = 'willow' WHERE claim_id IS NOT NULL",
    ),
    "a payment that is gone": ("by_hand_sums", "UPDATE remittance SET position = 77"),
    "an entry in a closed month": (
        "closed_months",
        "UPDATE journal_entry SET cents = cents + 5 WHERE posting_date = '2026-03-30' AND batch IS NULL"
        " AND payment_key <> ''",
    ),
    "a batch that nobody told": ("exported_once", "UPDATE journal_entry SET batch = 9 WHERE batch IS NULL"),
    "an event of a batch": ("exported_once", "UPDATE event SET data = replace(data, '\"form\":\"csv\"', '\"form\":\"csv\",\"entries\":0') WHERE kind = 'export'"),
    "an entry of a patient that stands twice": (
        "journal_entries",
        "INSERT INTO journal_entry (id, practice_id, payment_key, ordinal, patient_entry_id, account, cents,"
        " posting_date) SELECT id + 1000, practice_id, '', 0, patient_entry_id, account, cents, '2026-06-01'"
        " FROM journal_entry WHERE patient_entry_id IS NOT NULL",
    ),
}  # fmt: skip


@pytest.fixture
def books(desk):
    """A desk with a closed month, an exported batch, and something in neither."""
    desk.submit()
    add(desk, both_lines())
    close(desk, date(2026, 3, 31))
    add(
        desk,
        table(patient("4.00"), opening("9.00", payer="", claim="OLD7", procedure_code="", date="2026-04-02")),
        "desk.csv",
    )
    export(desk, since=date(2026, 4, 1))
    return desk


def test_sound_books_pass(books):
    assert books.broken() == []


@pytest.mark.parametrize("check", CORRUPTIONS)
def test_a_changed_row_is_found_by_its_check(books, check):
    books.sql(*CORRUPTIONS[check])
    assert books.broken() == [check]


@pytest.mark.parametrize("name", OTHERS)
def test_other_changes_are_found_too(books, name):
    check, statement = OTHERS[name]
    books.sql(statement)
    assert check in books.broken()


def test_changed_bytes_of_a_batch_are_found(books):
    ((digest,),) = books.rows("SELECT sha256 FROM file WHERE kind = 'postings'")
    path = books.folder / "vault" / digest[:2] / digest[2:]
    path.chmod(0o600)
    path.write_text(path.read_text().replace("4.00", "5.00"))
    assert books.broken() == ["exported_once", "vault_bytes"]


def test_an_entry_that_is_gone_is_missed(desk):
    desk.submit()
    add(desk, table(patient("4.00"), patient("5.00")), "desk.csv")
    assert desk.broken() == []
    desk.sql("DELETE FROM patient_entry WHERE cents = 400")
    assert desk.broken() == ["patient_entries"]


def test_an_entry_that_is_gone_is_found_in_its_files_bytes(books):
    """Also where the manifest was made to agree: the row that told of it is still in the vault."""
    books.sql(
        "DELETE FROM journal_entry WHERE patient_entry_id IS NOT NULL",
        "DELETE FROM patient_entry WHERE kind = 'payment'",
        "UPDATE file SET manifest = replace(manifest, '\"patient_entries\":2', '\"patient_entries\":1')",
    )
    (found,) = [one for one in verify(books.store, ["patient_entries"]).checks if not one.holds]
    assert ["is gone" in one.message for one in found.findings] == [True]


def test_entries_that_were_known_or_refused_are_not_missed(desk):
    desk.submit()
    add(desk, table(patient("4.00"), patient("5.00", claim="NOBODY", patient_id="")), "a.csv")
    add(desk, table(patient("4.00"), patient("6.00")), "b.csv")
    assert len(desk.rows("SELECT id FROM patient_entry")) == 2
    assert desk.broken() == []
