"""`deposits import` and `deposits list`: each deposit once, and what it is for."""

from __future__ import annotations

from datetime import date, datetime
from itertools import permutations

import msgspec
import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.jobs.deposits import ImportRequest, deposit_lines, import_deposits, reassociation
from cli.settings import DepositsSettings
from reconcile.store.deposits import deposit_days
from tests.remits import claim, file_of, line, payment

TODAY = date(2026, 4, 1)
TAKEN = datetime(2026, 5, 2, 8, 0)
HEADING = "deposit_date,amount,trace_number,payer_id,bank_reference,account,description\n"
BAI2 = """01,BANK,CUSTOMER,260322,0600,1,,,2/
02,CUSTOMER,122099999,1,260322,2400,USD,2/
03,000111223344,,,,,/
16,142,8000,Z,BR1,,ACME HEALTH TRN*1*T0001*1512345678\\
49,8000,3/
98,8000,1,5/
99,8000,1,7/
"""


class Bank:
    """A desk with a bank account."""

    def __init__(self, desk):
        self.desk = desk
        self.settings = DepositsSettings()

    def take(self, *files, dry_run=False):
        paths = [self.desk.file(one.encode(), name) for name, one in files]
        request = ImportRequest(
            paths=tuple(paths),
            now=TAKEN,
            today=TODAY,
            settings=self.settings,
            practices=("orchard",),
            dry_run=dry_run,
        )
        return import_deposits(request, self.desk.store)

    def lines(self, today=TODAY, as_of=None):
        with self.desk.store.read() as connection:
            found = reassociation(connection, self.settings, {}, today=today, as_of=as_of)
        return [
            (one.status, one.trace_number, one.difference, one.evidence or one.note)
            for one in deposit_lines(found, today=today)
        ]


@pytest.fixture
def bank(desk):
    return Bank(desk)


def remittance(trace="T0001", cents=8000, number="A0000001", **given):
    return file_of(payment([claim(number, line("97110", 10000, cents))], trace=trace, **given))


def test_a_deposit_finds_its_remittance_whichever_came_first(bank):
    bank.desk.submit()
    bank.desk.ingest(remittance())
    result = bank.take(("a.csv", f"{HEADING}2026-03-22,80.00,T0001,1512345678,BR1,000111223344,\n"))
    assert (result.totals.deposits, result.totals.matched, result.exit_code()) == (1, 1, 0)
    result = bank.take(("b.csv", f"{HEADING}2026-03-29,60.00,T0002,1512345678,BR2,3344,\n"))
    assert (result.totals.deposit_without_era, result.exit_code()) == (1, 1)
    bank.desk.ingest(remittance("T0002", 6000, day="20260327"))
    assert bank.lines() == [("matched", "T0001", 0, "trace"), ("matched", "T0002", 0, "trace")]
    with bank.desk.store.read() as connection:
        assert set(deposit_days(connection, today=TODAY).values()) == {date(2026, 3, 22), date(2026, 3, 29)}


def test_what_is_missing_or_differs_is_listed(bank):
    bank.desk.ingest(remittance(), remittance("T0002", 6000), remittance("T0003", 5000, day="20260330"))
    result = bank.take(
        ("a.csv", f"{HEADING}2026-03-22,79.00,T0001,,BR1,3344,\n2026-03-23,12.00,,,BR2,3344,SMITH JOHN\n")
    )
    assert result.exit_code() == 1
    assert bank.lines() == [
        ("amount_differs", "T0001", -100, "trace"),
        ("deposit_without_era", "", 1200, ""),
        ("era_without_deposit", "T0002", -6000, ""),
        ("awaiting_deposit", "T0003", -5000, ""),
    ]
    assert bank.lines(today=date(2026, 4, 8))[-1][0] == "era_without_deposit"
    assert [one[0] for one in bank.lines(as_of=date(2026, 3, 22), today=date(2026, 3, 22))] == [
        "amount_differs", "awaiting_deposit",
    ]  # fmt: skip


@pytest.mark.parametrize("ahead", ["2026-10-30", "2099-03-22"])
def test_a_deposit_that_lies_ahead_is_left_out_and_the_rest_taken(bank, ahead):
    result = bank.take(
        ("a.csv", f"{HEADING}2026-10-29,80.00,T0001,,BR1,3344,\n{ahead},5.00,,,BR2,3344,CASH\n")
    )
    (file,) = result.files
    assert (file.outcome, file.deposits, result.exit_code()) == ("partial", 1, 3)
    assert [(one.code, one.row, one.field) for one in file.findings] == [("DEP006", 3, "deposit_date")]
    assert ahead in file.findings[0].message


def test_a_remittance_in_quarantine_is_named_as_the_reason(bank):
    bank.desk.ingest(remittance(bank=1))
    bank.take(("a.csv", f"{HEADING}2026-03-22,80.00,T0001,,BR1,3344,\n"))
    assert bank.lines() == [("deposit_without_era", "T0001", 8000, "era_held")]


def test_the_same_file_and_the_same_row_in_another_file_change_nothing(bank):
    first = f"{HEADING}2026-03-22,80.00,T0001,,BR1,3344,\n2026-03-23,5.00,,,,3344,CASH\n2026-03-23,5.00,,,,3344,CASH\n"
    bank.take(("a.csv", first))
    digest = bank.desk.digest()
    again = bank.take(("renamed.csv", first))
    assert again.files[0].outcome == "duplicate"
    longer = first + "2026-03-24,7.00,T9,,BR9,3344,\n2026-03-24,7.00,T9,,BR9,3344,\n"
    result = bank.take(("b.csv", longer))
    assert (result.totals.deposits, result.totals.deposits_known) == (1, 3)
    assert [one.code for one in result.files[0].findings] == ["DEP004"]
    assert [one[2] for one in bank.lines()] == [8000, 500, 500, 700]
    assert bank.desk.digest() != digest


def test_the_order_of_files_does_not_matter_and_one_fills_in_what_another_lacks(database_url, tmp_path, desk):
    csv = f"{HEADING}2026-03-22,80.00,,,BR1,3344,ACME\n"
    digests = []
    for order in ([("a.csv", csv), ("b.bai", BAI2)], [("b.bai", BAI2), ("a.csv", csv)]):
        desk.sql("DELETE FROM deposit", "DELETE FROM file")
        result = Bank(desk).take(*order)
        assert (result.totals.deposits, result.totals.deposits_known) == (1, 1)
        digests.append(desk.digest())
    assert digests[0] == digests[1]
    with desk.store.read() as connection:
        (found,) = reassociation(connection, DepositsSettings(), {}, today=TODAY).deposits.values()
    assert (found.trace_number, found.payer_id, found.account) == ("T0001", "1512345678", "3344")


ROWS = {"a.csv": "80.00,,,R1", "b.csv": "80.00,T1,,", "c.csv": "80.00,T1,,R1"}


@pytest.mark.parametrize("order", list(permutations(ROWS)))
def test_rows_with_one_number_each_are_one_deposit_whenever_the_row_with_both_comes(bank, order):
    bank.take(*((name, f"{HEADING}2026-03-22,{ROWS[name]},3344,\n") for name in order))
    assert bank.lines() == [("deposit_without_era", "T1", 8000, "")]
    assert bank.desk.broken() == []


def test_a_deposit_that_may_be_known_under_another_number_is_added_and_said(bank):
    bank.take(("a.csv", f"{HEADING}2026-03-22,80.00,,,BR1,3344,\n"))
    result = bank.take(("b.csv", f"{HEADING}2026-03-22,80.00,,,BR2,3344,\n"))
    assert (result.totals.deposits, [one.code for one in result.files[0].findings]) == (1, ["DEP005"])


def test_a_row_that_cannot_be_read_leaves_the_others_in(bank):
    result = bank.take(("a.csv", f"{HEADING}never,80.00,,,BR1,,\n2026-03-22,9.00,,,BR2,,\n"))
    assert (result.files[0].outcome, result.totals.deposits, result.exit_code()) == ("partial", 1, 3)
    bank.desk.sql("UPDATE file SET outcome = 'started'")
    again = bank.take(("a.csv", f"{HEADING}never,80.00,,,BR1,,\n2026-03-22,9.00,,,BR2,,\n"))
    assert (again.totals.deposits, again.totals.deposits_known, len(bank.lines())) == (0, 1, 1)
    assert bank.take(("b.bai", "01,cut/\n")).files[0].outcome == "rejected"


def test_a_dry_run_says_the_same_and_stores_nothing(bank):
    file = ("a.csv", f"{HEADING}2026-03-22,80.00,T0001,,BR1,3344,\n")
    before = bank.desk.digest(with_files=True)
    assert bank.take(file, dry_run=True).totals.deposits == 1
    assert bank.desk.digest(with_files=True) == before
    assert bank.take(file).totals.deposits == 1


def test_the_vault_has_the_bytes_and_the_books_are_sound(bank):
    bank.desk.ingest(remittance())
    bank.take(
        ("a.csv", f"{HEADING}3/22/26,$80.00,T0001,,BR1,3344,\n"), ("b.bai", BAI2.replace("8000", "9100"))
    )
    assert {kind for (kind,) in bank.desk.rows("SELECT kind FROM file")} == {"835", "deposits", "BAI2"}
    assert bank.desk.broken() == []


def test_the_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    assert runner.invoke(app, ["init", "."]).exit_code == 0
    with (tmp_path / "claimloop.toml").open("a") as settings:
        settings.write(
            '\n[deposits]\ncolumns = { "Posting Date" = "deposit_date", Credit = "amount", Memo = "description" }\n'
        )
    (tmp_path / "r.835").write_bytes(remittance())
    (tmp_path / "bank.csv").write_text(
        "Posting Date,Credit,Memo\n03/22/2026,80.00,ACME TRN*1*T0001*1512345678\n03/23/2026,5.00,SMITH JOHN\n"
    )
    runner.invoke(app, ["ingest", "r.835"])
    done = runner.invoke(app, ["deposits", "import", "bank.csv", "--json", "--as-of", "2026-04-01"])
    assert done.exit_code == 1
    told = msgspec.json.decode(done.stdout)
    assert told["totals"] == {
        "files": 1, "deposits": 2, "deposits_known": 0, "matched": 1, "amount_differs": 0, "deposit_without_era": 1,
    }  # fmt: skip
    listed = runner.invoke(app, ["deposits", "list", "--json"])
    (row,) = msgspec.json.decode(listed.stdout)
    assert (row["status"], row["deposit_amount"], row["bank_text"][:1]) == (
        "deposit_without_era",
        "5.00",
        "S",
    )
    assert "SMITH" not in listed.stdout
    everything = runner.invoke(app, ["deposits", "list", "--all", "--show-phi"])
    assert "SMITH JOHN" in everything.stdout
    assert "1 matched (80.00), 1 deposit without era (5.00)" in everything.stdout
    only = runner.invoke(app, ["deposits", "list", "--status", "matched", "--format", "csv"])
    assert only.stdout.count("\n") == 2
