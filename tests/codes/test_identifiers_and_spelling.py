"""Check digits, forms, and edit distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes.identifiers import diagnosis_is_formed, npi_is_valid
from edi.codes.spelling import distance, nearest

VALID = ("1234567893", "1558598797", "1993999998")
TEXT = st.text(alphabet="0123ABC", max_size=6)


@pytest.mark.parametrize("npi", VALID)
def test_known_npis(npi):
    assert npi_is_valid(npi)


@pytest.mark.parametrize(
    "npi", ["", "123456789", "12345678930", "3234567893", "123456789x", "１234567893", "1.23E+09"]
)
def test_what_is_no_npi(npi):
    assert not npi_is_valid(npi)


@given(st.sampled_from(VALID), st.integers(0, 9), st.integers(1, 9))
def test_any_one_digit_changed_is_seen(npi, place, add):
    digit = str((int(npi[place]) + add) % 10)
    assert not npi_is_valid(npi[:place] + digit + npi[place + 1 :])


@given(st.integers(100_000_000, 299_999_999))
def test_one_check_digit_in_ten_is_right(stem):
    assert sum(npi_is_valid(f"{stem}{digit}") for digit in range(10)) == 1


@pytest.mark.parametrize("code", ["M5450", "Z00", "S83511A", "M1A0710", "C7A00"])
def test_formed_diagnoses(code):
    assert diagnosis_is_formed(code)


@pytest.mark.parametrize("code", ["", "M5", "M54.5", "m5450", "54500", "MM450", "S83511AAA"])
def test_malformed_diagnoses(code):
    assert not diagnosis_is_formed(code)


@pytest.mark.parametrize(
    ("left", "right", "slips"),
    [
        ("", "", 0),
        ("97110", "97110", 0),
        ("971110", "97110", 1),
        ("79110", "97110", 1),
        ("9711", "97110", 1),
        ("", "abc", 3),
    ],
)
def test_distance(left, right, slips):
    assert distance(left, right) == slips


@given(TEXT, TEXT)
def test_distance_is_symmetric_and_bounded(left, right):
    slips = distance(left, right)
    assert slips == distance(right, left)
    assert abs(len(left) - len(right)) <= slips <= max(len(left), len(right))
    assert (slips == 0) is (left == right)


def test_nearest_first_then_by_code_and_no_more_than_asked():
    known = ["97113", "97112", "97110", "97116", "97530"]
    assert nearest("97112", known) == ("97112", "97110", "97113")
    assert nearest("97119", known, most=2) == ("97110", "97112")
    assert nearest("12345", known) == ()
