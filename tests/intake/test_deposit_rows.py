"""Bank exports to deposits: CSV in the words of banks, and BAI2."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.intake.bank_statements import is_bai2, read_bai2
from edi.intake.deposits import last_four, read_deposits, trace_in
from edi.intake.rows import RowRejected, TableSummary
from edi.intake.table import read_table
from edi.model.deposit import Deposit
from edi.model.finding import Finding

BAI2 = """01,BANK,CUSTOMER,260322,0600,1,,,2/
02,CUSTOMER,122099999,1,260320,2400,USD,2/
03,000111223344,,010,500000,,/
16,142,806700,V,260319,,REF001,,ORIG CO NAME:ACME HEALTH   DESC:HCCLAIMPMT
88,ADDENDA:TRN*1*EFT0001*1999999999\\
16,475,10000,0,BR2,1234,CHECK PAID/
16,301,5000,0,BR3,4711,DEPOSIT/
49,1321700,6/
98,1321700,1,8/
99,1321700,1,10/
"""


def csv(text, **given):
    rows = read_table([text.encode()], file="bank.csv", columns=given.pop("columns", None))
    return list(read_deposits(rows, file="bank.csv", **given))


def parts(read):
    found = list(read)
    return (
        [one for one in found if isinstance(one, Deposit)],
        [one.code for one in found if isinstance(one, Finding)],
        next((one for one in found if isinstance(one, TableSummary)), None),
    )


def test_a_row_with_every_column():
    found, codes, summary = parts(
        csv(
            "practice_id,account,deposit_date,amount,bank_reference,trace_number,payer_id,payer_name,description\n"
            "orchard,000111223344,2026-03-20,8067.00,BR1,EFT1,1999999999,ACME,HCCLAIMPMT\n",
            practices=("orchard", "willow"),
        )
    )
    assert found == [
        Deposit(
            practice_id="orchard",
            account="3344",
            deposited_on=date(2026, 3, 20),
            amount=806700,
            bank_reference="BR1",
            trace_number="EFT1",
            payer_id="1999999999",
            payer_text="ACME HCCLAIMPMT",
            file="bank.csv",
            row=2,
        )
    ]
    assert codes == []
    assert (summary.rows, summary.accepted) == (1, 1)


def test_a_banks_own_headings_and_the_trace_number_in_its_description():
    text = (
        "Posting Date;Credit;Memo\n"
        "03/20/2026;$1,234.50;ACME HEALTH HCCLAIMPMT TRN*1*EFT0001*1999999999\\\n"
        "03/21/2026;-12.00;FEE\n03/21/2026;(3.00);FEE\n03/21/2026;0;NOTHING\n"
    )
    columns = {"Posting Date": "deposit_date", "Credit": "amount", "Memo": "description"}
    (one,), codes, summary = parts(csv(text, columns=columns))
    assert (one.trace_number, one.payer_id, one.amount) == ("EFT0001", "1999999999", 123450)
    assert codes == ["DEP001", "INP010", "INP010"]
    assert summary.rejected == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2026-03-20,eleven", "INP024"),
        ("someday,8.00", "INP021"),
        (",8.00", "INP020"),
        ("2026-03-20,1e5-", "INP024"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_and_the_others_are_not(row, code):
    found = csv(f"deposit_date,amount\n{row}\n2026-03-21,5.00\n")
    deposits, codes, summary = parts(found)
    assert [one.amount for one in deposits] == [500]
    assert codes == [code]
    assert sum(isinstance(one, RowRejected) for one in found) == summary.rejected == 1


def test_dates_that_may_be_read_in_two_ways_wait_for_the_whole_column():
    deposits, codes, _ = parts(csv("deposit_date,amount\n03/02/2026,5\n13/02/2026,6\n"))
    assert deposits == []
    assert "INP021" in codes


def test_without_its_columns_nothing_is_read():
    deposits, codes, summary = parts(csv("day,dollars\n2026-03-20,5\n"))
    assert (deposits, summary) == ([], None)
    assert "INP003" in codes


def test_what_a_bank_says_is_not_shown_when_it_is_wrong():
    found = csv("deposit_date,amount,payer_name\n2026-03-20,x,SMITH JOHN\n")
    assert not any("SMITH" in one.message for one in found if isinstance(one, Finding))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TRN*1*EFT0001*1999999999\\", ("EFT0001", "1999999999")),
        ("X TRN*1*EFT 1*1999999999*REF~", ("EFT 1", "1999999999")),
        ("TRN*1*882233", ("882233", "")),
        ("TRN*2*882233*1", ("", "")),
        ("nothing", ("", "")),
    ],
)
def test_the_trace_number_of_the_addenda(text, found):
    assert trace_in(text) == found


@pytest.mark.parametrize(("account", "end"), [("000111223344", "3344"), ("12-34 a", "234A"), ("", "")])
def test_of_an_account_number_only_the_end_is_kept(account, end):
    assert last_four(account) == end


def test_the_credits_of_a_bai2_file():
    deposits, codes, summary = parts(read_bai2([BAI2.encode()], file="bank.bai"))
    assert [
        (one.amount, one.trace_number, one.payer_id, one.bank_reference, one.row) for one in deposits
    ] == [
        (806700, "EFT0001", "1999999999", "REF001", 1),
        (5000, "4711", "", "BR3", 3),
    ]
    assert [one.deposited_on for one in deposits] == [date(2026, 3, 19), date(2026, 3, 20)]
    assert {one.account for one in deposits} == {"3344"}
    assert "ORIG CO NAME:ACME HEALTH" in deposits[0].payer_text
    assert codes == ["DEP001"]
    assert summary.accepted == 2


@pytest.mark.parametrize(
    "change",
    [
        ("49,1321700,6", "49,1321701,6"),
        ("99,1321700,1,10", "99,1321700,1,11"),
        ("16,301", "16,998"),
        ("16,142", "17,142"),
    ],
)
def test_a_bai2_file_that_does_not_add_up_is_refused_whole(change):
    assert BAI2.replace(*change) != BAI2
    assert parts(read_bai2([BAI2.replace(*change).encode()])) == ([], ["DEP002"], None)


@pytest.mark.parametrize(
    "change", [("16,301,", "16,301,0_"), (",260320,2400", ",26320,2400")], ids=["amount", "day"]
)
def test_a_bai2_number_that_only_the_library_takes_is_refused(change):
    assert BAI2.replace(*change) != BAI2
    assert parts(read_bai2([BAI2.replace(*change).encode()])) == ([], ["DEP002"], None)


def test_an_entry_without_a_type_code_is_no_credit():
    text = BAI2.replace("16,301,5000,0,BR3,4711,DEPOSIT/", "16,,5000,,,/")
    assert text != BAI2
    deposits, codes, summary = parts(read_bai2([text.encode()]))
    assert [one.bank_reference for one in deposits] == ["REF001"]
    assert codes == ["DEP001"]
    assert summary.accepted == 1


def test_groups_that_delete_or_test_and_other_currencies_are_no_deposits():
    deposits, _, _ = parts(read_bai2([BAI2.replace("122099999,1,", "122099999,4,").encode()]))
    assert deposits == []
    deposits, codes, _ = parts(read_bai2([BAI2.replace("2400,USD", "2400,CAD").encode()]))
    assert deposits == []
    assert codes == ["DEP003"] * 3


@given(st.data())
def test_a_bai2_file_that_is_cut_or_garbled_is_refused_and_never_an_exception(data):
    whole = BAI2.encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    text = whole[:start] + data.draw(st.binary(max_size=6)) + whole[end:]
    deposits, codes, summary = parts(read_bai2([text]))
    assert "DEP002" in codes or summary is not None
    assert all(one.amount > 0 for one in deposits)


def test_a_bai2_file_is_told_by_its_first_record():
    assert is_bai2(b"01,BANK,")
    assert is_bai2(b"\xef\xbb\xbf01,BANK,")
    assert not is_bai2(b"deposit_date,amount")
