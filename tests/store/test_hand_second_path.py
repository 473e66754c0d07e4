"""The second reader of payments.csv sees the rows where the first one does, and the same cents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.intake.payments import read_payments, read_toml
from edi.intake.payments.rows import adjustments, signed_amount
from edi.intake.table import read_table
from edi.model.by_hand import HandRow
from edi.model.money import decimal_text
from reconcile.store.hand_second_path import adjusted_cents, cents_of, rows_by_number

ROW = "patient,A1,2026-04-01,{amount},{note}"
HEAD = "kind,claim,date,amount,note"
ODD = {
    "plain": f"{HEAD}\n{ROW}\n{ROW}\n",
    "comments": f"# ours\n{HEAD}\n# one\n{ROW}\n\n# two\n{ROW}\n",
    "blank lines first": f"\n\n{HEAD}\n{ROW}\n\n{ROW}\n",
    "semicolons": f"{HEAD}\n{ROW}\n".replace(",", ";"),
    "tabs and CR": f"{HEAD}\n{ROW}\n{ROW}\n".replace(",", "\t").replace("\n", "\r\n"),
    "a quoted line break": f"{HEAD}\n{ROW}\n".replace("{note}", '"two\nlines"') + ROW + "\n",
    "a heading of its own spelling": f"{HEAD}\n{ROW}\n".replace("kind,claim", "Kind, CLAIM"),
    "bom": f"\ufeff{HEAD}\n{ROW}\n",
    "json": '\n{"kind": "patient", "claim": "A1", "date": "2026-04-01", "amount": 12.5}\n# x\n\n'
    '{"kind": "patient", "claim": "A1", "date": "2026-04-01", "amount": "{amount}"}\n',
}


def first_path(data: bytes, name: str) -> dict[int, int]:
    items = read_toml(data) if name.endswith("toml") else read_table([data])
    read = read_payments(items, practices=("orchard",), payers=())
    return {one.row: one.amount for one in read if isinstance(one, HandRow)}


def second_path(data: bytes, name: str) -> dict[int, int]:
    return {
        number: cents_of(cells["amount"])
        for number, cells in rows_by_number(data, name).items()
        if cells.get("amount")
    }


@pytest.mark.parametrize("layout", ODD)
def test_rows_have_the_same_numbers(layout):
    data = ODD[layout].replace("{amount}", "-1234.50").replace("{note}", "x").encode()
    found = first_path(data, "payments.csv")
    assert found
    assert second_path(data, "payments.csv") == found


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"], ids=["", "bom", "bom and line"])
def test_windows_1252(before):
    data = f"{HEAD}\n{ROW}\n".replace("{note}", "Muñoz").replace("{amount}", "7").encode("cp1252")
    assert second_path(before + data, "payments.csv") == first_path(before + data, "payments.csv") == {2: 700}


def test_toml():
    data = b'[[payment]]\nkind = "patient"\nclaim = "A1"\ndate = 2026-04-01\namount = 12.50\n'
    assert second_path(data, "payments.toml") == first_path(data, "payments.toml") == {1: 1250}


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[[payment]", b"a\x00b"])
def test_what_cannot_be_read_has_no_rows(data):
    assert rows_by_number(data, "payments.toml") == {}


@given(cents=st.integers(-(10**9), 10**9), form=st.sampled_from(["{}", "${}", "({})", "-{}", " {} "]))
def test_amounts_are_the_same_cents(cents, form):
    text = form.format(decimal_text(abs(cents)))
    cell = signed_amount(text.strip())
    assert cell.problem is None
    assert cell.value == cents_of(text.strip())


@given(
    st.lists(
        st.tuples(st.sampled_from(["CO", "PR", "OA"]), st.integers(1, 299), st.integers(-(10**6), 10**6)),
        max_size=6,
    ),
    st.sampled_from(["; ", ", ", " ", "|"]),
)
def test_adjustments_come_to_the_same_cents(parts, between):
    text = between.join(f"{group}-{reason}={decimal_text(cents)}" for group, reason, cents in parts)
    cell = adjustments(text)
    assert cell.problem is None
    assert sum(one.cents for one in cell.value) == adjusted_cents(text) == sum(cents for _, _, cents in parts)


@pytest.mark.parametrize("text", ["CO=5", "CO-45", "45=5", "CO-45=5.001", "CO-45=five", "XX-45=5"])
def test_what_is_no_adjustment_is_refused(text):
    assert adjustments(text).problem is not None
