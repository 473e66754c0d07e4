"""Cents and X12 amounts: a table, a round trip, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.control import normalise_control_number
from edi.model.money import decimal_text, format_amount, parse_cents

CASES = [
    ("0", 0, "0", "0.00"),
    ("85", 8500, "85", "85.00"),
    ("85.5", 8550, "85.5", "85.50"),
    ("85.05", 8505, "85.05", "85.05"),
    ("-.53", -53, "-0.53", "-0.53"),
    ("100", 10000, "100", "100.00"),
    ("10.10", 1010, "10.1", "10.10"),
]


@pytest.mark.parametrize(("text", "cents", "x12", "decimal"), CASES)
def test_amounts_both_ways(text, cents, x12, decimal):
    assert parse_cents(text) == cents
    assert format_amount(cents) == x12
    assert decimal_text(cents) == decimal


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        (".42", 42),
        ("1.", 100),
        ("+5", 500),
        (" 7 ", 700),
        ("1.230", 123),
        ("007", 700),
        ("0" * 20 + "7", 700),
        ("9" * 13, 999_999_999_999_900),
    ],
)
def test_sloppy_spellings_are_read(text, cents):
    assert parse_cents(text) == cents


@pytest.mark.parametrize(
    "text", ["", ".", "-", "1,234", "1.001", "1e5", "abc", "--1", "1.2.3", "9" * 30, "1" + "0" * 13, "١"]
)
def test_what_is_no_amount_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match="amount") as caught:
        parse_cents(text)
    assert not text or text in ".-" or text not in str(caught.value)


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_what_is_written_reads_back(cents):
    assert parse_cents(format_amount(cents)) == cents
    assert parse_cents(decimal_text(cents)) == cents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A0001", "A0001"),
        ("a0001", "A0001"),
        ("00A-0001 ", "A0001"),
        ("0000", "0"),
        ("", ""),
        ("012", "12"),
        ("Ä1", "1"),
    ],
)
def test_control_numbers_have_one_spelling(text, expected):
    assert normalise_control_number(text) == expected
    assert normalise_control_number(expected) == expected
