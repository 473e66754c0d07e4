"""ICD-10-CM: which codes exist, can be billed, and what a wrong one may have meant."""

from __future__ import annotations

import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes import load_tables
from edi.codes.diagnoses import Diagnoses, package_diagnoses, release_of
from edi.codes.values import Release

TABLES = load_tables()
DAY = date(2026, 5, 1)

LISTED = (
    "1\nA00-A09\nA00\nA000\nB01\nB0101\nB0101A\nB0101D\nC10\nC10XXXA\nC10XXXS\nD110\nD11\nD111\nD112\nD119\n"
)
TABULAR = """
<name>D11</name>
<desc>Made up pain</desc>
<name>D11.0</name> <desc>Made up pain, other</desc>
<name>D11.1</name> <desc>Made up pain in right knee</desc>
<name>D11.2</name> <desc>Made up pain in left knee</desc>
<name>D11.9</name> <desc>Made up pain in unspecified knee</desc>
<name>E22.10</name> <desc>Unspecified ache of unspecified hip</desc>
<name>E22.11</name> <desc>Unspecified ache of right hip</desc>
<name>E22.12</name> <desc>Unspecified ache of left hip</desc>
<name>E22.19</name> <desc>Unspecified ache of unspecified toe</desc>
"""


def made(listed=LISTED, tabular=TABULAR):
    return Diagnoses(Release(code="icd10cm", release="x"), lambda: listed, lambda: tabular)


@pytest.mark.parametrize(
    ("code", "state", "meant"),
    [
        ("A000", "billable", ()),
        ("A00", "header", ("A000",)),
        ("B01", "header", ("B0101",)),
        ("B0101", "header", ("B0101A", "B0101D")),
        ("C10", "header", ("C10XXXA", "C10XXXS")),
        ("C10A", "misplaced", ("C10XXXA",)),
        ("C10XA", "misplaced", ("C10XXXA",)),
        ("C10XXXD", "misplaced", ("C10XXXA", "C10XXXS")),
        ("C10D", "unknown", ()),
        ("A001", "unknown", ()),
        ("A00-A09", "unknown", ()),
        ("1", "unknown", ()),
        ("", "unknown", ()),
    ],
)
def test_what_a_release_says_of_a_code(code, state, meant):
    found = made().known(code)
    assert (found.state, found.meant) == (state, meant)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("M5450", "billable"),
        ("M54", "header"),
        ("S83511A", "billable"),
        ("S83511", "header"),
        ("S335XXA", "billable"),
        ("S335A", "misplaced"),
        ("S83511Z", "misplaced"),
        ("M54501", "unknown"),
        ("Z9181", "billable"),
    ],
)
def test_the_installed_release(code, state):
    assert TABLES.diagnosis(code, DAY).state == state


def test_our_own_dates_come_before_the_release():
    last = TABLES.diagnosis("M545", date(2021, 9, 30))
    after = TABLES.diagnosis("M545", date(2021, 10, 1))
    assert last.state == "billable"
    assert (after.state, after.ended, after.meant) == (
        "ended",
        date(2021, 9, 30),
        ("M5450", "M5451", "M5459"),
    )


def test_our_own_dates_name_codes_that_exist():
    for row in TABLES._own_diagnoses.values():
        assert {TABLES.diagnoses.known(code).state for code in row.successors} == {"billable"}


@pytest.mark.parametrize(
    ("code", "is_open"),
    [
        ("D119", True),
        ("D111", False),
        ("D110", False),
        ("E2210", True),
        ("E2219", False),
        ("E2211", False),
        ("D11", False),
        ("Z999", False),
    ],
)
def test_a_side_that_the_sisters_name(code, is_open):
    assert made().has_unspecified_side(code) is is_open


@pytest.mark.parametrize(
    ("code", "is_open"),
    [
        ("M25519", True),
        ("M25511", False),
        ("M79606", True),
        ("M1710", True),
        ("S83509A", True),
        ("S83501A", False),
        ("M5450", False),
        ("C3491", False),
        ("R262", False),
    ],
)
def test_sides_of_the_installed_release(code, is_open):
    assert TABLES.diagnoses.has_unspecified_side(code) is is_open


def test_the_package_is_never_imported():
    assert package_diagnoses().known("M5450").state == "billable"
    assert "simple_icd_10_cm" not in sys.modules


def test_the_tabular_list_is_read_only_for_sides():
    def unread():
        raise AssertionError("read")

    diagnoses = Diagnoses(Release(code="icd10cm", release="x"), lambda: LISTED, unread)
    assert diagnoses.known("A000").state == "billable"
    with pytest.raises(AssertionError):
        diagnoses.has_unspecified_side("D119")


@pytest.mark.parametrize(
    ("file", "begins", "ends"),
    [
        ("code-list-April-2026.txt", date(2026, 4, 1), date(2026, 9, 30)),
        ("code-list-October-2026.txt", date(2026, 10, 1), date(2027, 3, 31)),
        ("code-list-January-2025.txt", date(2025, 1, 1), date(2025, 3, 31)),
        ("code-list-July-2023.txt", date(2023, 7, 1), date(2023, 9, 30)),
    ],
)
def test_the_dates_a_release_is_made_for(file, begins, ends):
    found = release_of(file, "1.5.0")
    assert (found.valid_from, found.valid_to) == (begins, ends)


def test_a_list_of_another_name_is_made_for_no_date():
    assert not release_of("codes.txt", "2.0").holds_on(DAY)


@given(st.text(alphabet="MSXZ0123459AD", max_size=8))
def test_any_text_has_a_standing_and_what_it_may_mean_exists(code):
    found = TABLES.diagnoses.known(code)
    assert found.state in ("billable", "header", "misplaced", "unknown")
    assert bool(found.meant) is (found.state in ("header", "misplaced"))
    assert all(TABLES.diagnoses.known(one).state in ("billable", "header") for one in found.meant)
