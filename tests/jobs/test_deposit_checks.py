"""The checks of deposits and of chains fail when a row is changed behind the store's back, and only they do."""

from __future__ import annotations

import pytest

from cli.jobs.deposits import ImportRequest, import_deposits
from cli.jobs.verify import verify
from tests.jobs.test_deposits import BAI2, HEADING, TAKEN, TODAY
from tests.remits import claim, file_of, line, payment

CORRUPTIONS = {
    "deposits": ["UPDATE deposit SET amount = amount + 1 WHERE bank_reference = 'BR2'"],
    "takebacks": ["UPDATE provider_adjustment SET identifier = 'OTHER' WHERE reason = 'WO'"],
}
MEDICARE = f"WO:{'2225300000210':<19}A0000001"


@pytest.fixture
def books(desk):
    """Deposits of a CSV, of JSON Lines and of a BAI2 file, and payments with provider adjustments."""
    desk.submit()
    desk.ingest(
        file_of(
            payment([claim("A0000001", line("97110", 10000, 8000))], plb=[(MEDICARE, 500), ("L6:X", -42)])
        ),
        file_of(
            payment(
                [claim("N2", line("97110", 5000, 4000))],
                trace="T2",
                plb=[("CS:A:B", 100), ("ZZ", 5), (":ONLY A REFERENCE", 0), ("WO:É 7", 3)],
            ),
            component=">",
        ),
    )
    files = {
        "a.csv": f'# exported\n{HEADING}03/22/2026,"$1,080.00",T0001,,BR2,3344,\n\n2026-03-23,5,,,BR3,3344,CASH\n',
        "b.jsonl": '{"deposit_date": "20260324", "amount": 7.5, "bank_reference": "BR4"}\n',
        "c.bai": BAI2,
    }
    paths = tuple(desk.file(text.encode(), name) for name, text in files.items())
    assert (
        import_deposits(ImportRequest(paths=paths, now=TAKEN, today=TODAY), desk.store).totals.deposits == 4
    )
    return desk


def test_sound_books_pass(books):
    assert books.broken() == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("16,142,8000,Z,BR1,,ACME", "16,142,8000 ,Z,BR1,,ACME"),
        ("16,142,8000,Z,BR1,,ACME", "16,142, +8000,Z,BR1,,ACME"),
        ("16,142,8000,Z,BR1,,ACME", "16,142,008000,Z, BR1,,ACME"),
        ("16,142,8000,Z,BR1,,ACME", "  16,142,8000,V,260325,1200,BR1,,ACME"),
    ],
)
def test_an_entry_with_blanks_reads_alike_on_both_paths(desk, written, said):
    path = desk.file(BAI2.replace(written, said).encode(), "blank.bai")
    assert (
        import_deposits(ImportRequest(paths=(path,), now=TAKEN, today=TODAY), desk.store).totals.deposits == 1
    )
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("amount", "account", "deposits"),
    [("80.00", "9" * 5000, 1), ("0" * 5000 + "80.00", "1", 0), ("80.00", f"1/2/{'7' * 5000}", 1)],
)
def test_a_cell_of_thousands_of_digits_reads_alike_on_both_paths(desk, amount, account, deposits):
    rows = f"deposit_date,amount,trace_number,account\n2026-03-20,{amount},T1,{account}\n"
    path = desk.file(rows.encode(), "long.csv")
    done = import_deposits(ImportRequest(paths=(path,), now=TAKEN, today=TODAY), desk.store)
    assert done.totals.deposits == deposits
    assert desk.broken() == []


@pytest.mark.parametrize(
    "odd",
    ["{", "[1]", '{"a":' * 3000 + "1" + "}" * 3000, f'{{"deposit_date":"2026-03-20","amount":{"7" * 5000}}}'],
    ids=["cut off", "no object", "deep", "long"],
)
def test_an_odd_line_of_json_reads_alike_on_both_paths(desk_lite, odd):
    good = '{"deposit_date":"2026-03-20","amount":"80.00","trace_number":"T1"}'
    path = desk_lite.file(f"{good}\n{odd}\n".encode(), "bank.jsonl")
    done = import_deposits(ImportRequest(paths=(path,), now=TAKEN, today=TODAY), desk_lite.store)
    assert done.totals.deposits == 1
    assert desk_lite.broken() == []


def test_an_entry_that_goes_on_in_a_second_record_reads_alike_on_both_paths(desk):
    split = BAI2.replace("16,142,8000,Z,BR1", "16,142/\n88,8000,Z,BR1").replace("49,8000,3", "49,8000,4")
    split = split.replace("98,8000,1,5", "98,8000,1,6").replace("99,8000,1,7", "99,8000,1,8")
    path = desk.file(split.encode(), "split.bai")
    assert (
        import_deposits(ImportRequest(paths=(path,), now=TAKEN, today=TODAY), desk.store).totals.deposits == 1
    )
    assert desk.broken() == []
    desk.sql("UPDATE deposit SET amount = amount + 1")
    assert desk.broken() == ["deposits"]


@pytest.mark.parametrize("check", CORRUPTIONS)
def test_one_changed_row_fails_exactly_its_check(books, check):
    books.sql(*CORRUPTIONS[check])
    assert books.broken() == [check]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("UPDATE deposit SET deposited_on = '2026-03-25' WHERE bank_reference = 'BR1'", "deposits"),
        ("UPDATE deposit SET amount = 751 WHERE bank_reference = 'BR4'", "deposits"),
        ("DELETE FROM deposit WHERE bank_reference = 'BR4'", "deposits"),
        ("UPDATE deposit SET amount = 8001 WHERE bank_reference = 'BR1'", "deposits"),
        ("UPDATE provider_adjustment SET reason = 'CS' WHERE reason = 'L6'", "takebacks"),
    ],
)
def test_other_changes_of_the_same(books, change, check):
    books.sql(change)
    assert books.broken() == [check]


def test_provider_adjustments_that_are_gone_are_missed_even_where_they_net_to_zero(desk):
    desk.submit()
    paid = [claim("A0000001", line("97110", 10000, 8000))]
    alike = [claim("N2", line("97110", 5000, 4000))]
    desk.ingest(file_of(payment(paid, plb=[("WO:X1", 500), ("L6:X2", -500)]), payment(alike, trace="T2")))
    assert desk.broken() == []
    desk.sql("DELETE FROM provider_adjustment")
    assert desk.broken() == ["takebacks"]


@pytest.mark.parametrize("reference", ["BR1", "BR2", "BR3", "BR4"])
def test_a_deposit_that_is_gone_is_found_in_its_files_bytes(books, reference):
    """Also where the manifest was made to agree: the row that told of it is still in the vault."""
    books.sql(
        f"DELETE FROM deposit WHERE bank_reference = '{reference}'",
        "UPDATE file SET manifest = replace(replace(replace(manifest, '\"deposits\":1', '\"deposits\":0'),"
        " '\"deposits\":2', '\"deposits\":1'), 'x', 'x') WHERE kind IN ('deposits', 'BAI2')",
    )
    (found,) = [one for one in verify(books.store, ["deposits"]).checks if not one.holds]
    assert any("is gone" in one.message for one in found.findings)


def test_rows_that_are_no_deposit_are_not_missed(desk):
    """Money out, a row that repeats another, and one that was refused."""
    rows = (
        "2026-03-22,10.00,T1,,BR1,3344,\n2026-03-22,10.00,T1,,BR1,3344,\n"
        "2026-03-22,-4.00,,,BR2,3344,FEE\n2026-03-22,abc,,,BR3,3344,\n2026-99-22,5.00,,,BR4,3344,\n"
    )
    path = desk.file(f"{HEADING}{rows}".encode(), "a.csv")
    assert (
        import_deposits(ImportRequest(paths=(path,), now=TAKEN, today=TODAY), desk.store).totals.deposits == 1
    )
    assert desk.broken() == []


def test_a_heading_that_looks_like_money_is_no_deposit_that_is_gone(desk):
    path = desk.file(b"deposit_date,amount,00123\n2026-03-22,10.00,\n", "a.csv")
    assert (
        import_deposits(ImportRequest(paths=(path,), now=TAKEN, today=TODAY), desk.store).totals.deposits == 1
    )
    assert desk.broken() == []


def test_a_row_that_repeats_another_but_for_what_is_not_read_is_not_missed(desk):
    rows = b"2026-03-22,10.00,BR1,one\n2026-03-22,10.00,BR1,two\n"
    path = desk.file(b"deposit_date,amount,bank_reference,remark\n" + rows, "a.csv")
    assert (
        import_deposits(ImportRequest(paths=(path,), now=TAKEN, today=TODAY), desk.store).totals.deposits == 1
    )
    assert desk.broken() == []
