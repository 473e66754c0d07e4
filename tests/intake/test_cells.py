"""Every accepted and every refused form of a cell that design/input.md names, and some more."""

from __future__ import annotations

from datetime import date, time
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.intake import cells

DAY = date(2026, 1, 3)

ACCEPTED = [
    # dates
    (cells.day, "2026-01-03", DAY, ""),
    (cells.day, "2026-1-3", DAY, "date"),
    (cells.day, "2026-01-03 00:00:00", DAY, "date"),
    (cells.day, "2026-01-03T00:00:00.000", DAY, "date"),
    (cells.day, "01/03/2026", DAY, "date"),
    (cells.day, "1/3/26", DAY, "date"),
    (cells.day, "1-3-2026", DAY, "date"),
    (cells.day, "20260103", DAY, "date"),
    (cells.day, "46025", DAY, "serial"),
    (cells.day, "46025.0", DAY, "serial"),
    (cells.day, "12/31/99", date(1999, 12, 31), "date"),
    (cells.birth_day, "05/17/1960", date(1960, 5, 17), "date"),
    (cells.birth_day, "22053", date(1960, 5, 17), "serial"),
    # places, ZIP, states
    (cells.place_of_service, "1", "01", "place_of_service"),
    (cells.place_of_service, "11", "11", ""),
    (cells.zip_code, "2139", "02139", "zip"),
    (cells.zip_code, "02139", "02139", ""),
    (cells.zip_code, "02139-0001", "021390001", "zip"),
    (cells.zip_code, "21390001", "021390001", "zip"),
    (cells.zip_code, "021390001", "021390001", ""),
    (cells.state, "ma", "MA", "case"),
    # diagnoses
    (cells.diagnoses, "M54.50", ("M5450",), "diagnosis"),
    (cells.diagnoses, "M5450;R26.2", ("M5450", "R262"), "diagnosis"),
    (cells.diagnoses, "m5450 r262", ("M5450", "R262"), "case"),
    (cells.diagnoses, "M5450, R262|S83511A", ("M5450", "R262", "S83511A"), ""),
    # modifiers
    (cells.modifiers, "GP", ("GP",), ""),
    (cells.modifiers, "gp", ("GP",), "case"),
    (cells.modifiers, "GP59", ("GP", "59"), "modifiers"),
    (cells.modifiers, "GP 59", ("GP", "59"), "modifiers"),
    (cells.modifiers, "GP,59", ("GP", "59"), "modifiers"),
    (cells.modifiers, "GP:59:KX", ("GP", "59", "KX"), "modifiers"),
    (cells.modifiers, "GP59KXCQ", ("GP", "59", "KX", "CQ"), "modifiers"),
    # codes
    (cells.code, "97110", "97110", ""),
    (cells.code, "g0283", "G0283", "case"),
    (cells.codes, "97110 97140", ("97110", "97140"), ""),
    # amounts
    (cells.amount, "85", 8500, ""),
    (cells.amount, "85.5", 8550, ""),
    (cells.amount, "85.00", 8500, ""),
    (cells.amount, "$1,234.50", 123450, "amount"),
    (cells.amount, "1,234", 123400, "amount"),
    (cells.amount, "85.0000", 8500, "amount"),
    (cells.amount, ".5", 50, "amount"),
    (cells.amount, "0", 0, ""),
    (cells.percent_or_amount, "85%", 8500, ""),
    # numbers, times, words
    (cells.whole, "15", 15, ""),
    (cells.whole, "15.0", 15, "number"),
    (cells.whole, "0", 0, ""),
    (cells.clock, "09:30", time(9, 30), ""),
    (cells.clock, "9:30", time(9, 30), ""),
    (cells.clock, "9:30 PM", time(21, 30), "time"),
    (cells.clock, "12:05 am", time(0, 5), "time"),
    (cells.clock, "14:00:00", time(14, 0), "time"),
    (cells.yes_no, "Y", True, ""),
    (cells.yes_no, "no", False, "word"),
    (cells.one_of("PT", "OT"), "pt", "PT", "case"),
    (cells.one_of("F", "M", words={"female": "F"}), "Female", "F", "word"),
    # identifiers stay as they are
    (cells.identifier, "1234567893", "1234567893", ""),
    (cells.identifier, "1EG4-TE5-MK73", "1EG4-TE5-MK73", ""),
    (cells.identifier, "12E05", "12E05", ""),
    (cells.text, "two   words", "two words", ""),
]

REFUSED = [
    (cells.identifier, "1.23E+09", cells.SCIENTIFIC),
    (cells.identifier, "1.23457E+09", cells.SCIENTIFIC),
    (cells.identifier, "1,23e+09", cells.SCIENTIFIC),
    (cells.identifier, "9E+10", cells.SCIENTIFIC),
    (cells.birth_day, "5/17/60", cells.TWO_DIGIT_BIRTH_YEAR),
    (cells.birth_day, "05-17-60", cells.TWO_DIGIT_BIRTH_YEAR),
    (cells.birth_day, "1960", cells.BAD_DATE),
    (cells.amount, "-85.00", cells.MINUS_AMOUNT),
    (cells.amount, "-$85.00", cells.MINUS_AMOUNT),
    (cells.amount, "$-85.00", cells.MINUS_AMOUNT),
    (cells.amount, "(85.00)", cells.MINUS_AMOUNT),
    (cells.amount, "85.00-", cells.MINUS_AMOUNT),
    (cells.amount, "1.5E+03", cells.SCIENTIFIC),
    (cells.amount, "85,00", cells.BAD_AMOUNT),
    (cells.amount, "1.234,50", cells.BAD_AMOUNT),
    (cells.amount, "85.005", cells.BAD_AMOUNT),
    (cells.amount, "$", cells.BAD_AMOUNT),
    (cells.amount, "free", cells.BAD_AMOUNT),
    (cells.day, "2026-02-30", cells.BAD_DATE),
    (cells.day, "13/45/2026", cells.BAD_DATE),
    (cells.day, "31/01/2026", cells.BAD_DATE),
    (cells.day, "2026-01-03 14:30", cells.BAD_DATE),
    (cells.day, "yesterday", cells.BAD_DATE),
    (cells.day, "12", cells.BAD_DATE),
    (cells.day, "0001-01-01", cells.BAD_DATE),
    (cells.place_of_service, "111", cells.BAD_POS),
    (cells.place_of_service, "office", cells.BAD_POS),
    (cells.zip_code, "12", cells.BAD_ZIP),
    (cells.zip_code, "021390", cells.BAD_ZIP),
    (cells.zip_code, "02139-000A", cells.BAD_ZIP),
    (cells.state, "Mass", cells.BAD_STATE),
    (cells.modifiers, "GP5", cells.BAD_MODIFIERS),
    (cells.modifiers, "G P", cells.BAD_MODIFIERS),
    (cells.modifiers, "G.59", cells.BAD_MODIFIERS),
    (cells.whole, "-3", cells.BAD_NUMBER),
    (cells.whole, "15.5", cells.BAD_NUMBER),
    (cells.whole, "1E+02", cells.BAD_NUMBER),
    (cells.clock, "25:00", cells.BAD_TIME),
    (cells.clock, "13:00 PM", cells.BAD_TIME),
    (cells.clock, "0.395", cells.BAD_TIME),
    (cells.yes_no, "maybe", cells.NOT_IN_LIST),
    (cells.one_of("PT", "OT"), "XX", cells.NOT_IN_LIST),
]


@pytest.mark.parametrize(("read", "raw", "value", "note"), ACCEPTED)
def test_accepted(read, raw, value, note):
    assert read(raw)._replace(order="") == cells.Cell(value, note)


@pytest.mark.parametrize(
    ("raw", "order"),
    [
        ("01/03/2026", cells.EITHER_ORDER), ("12/11/26", cells.EITHER_ORDER), ("3-1-2026", cells.EITHER_ORDER),
        ("13/02/2026", cells.DAY_FIRST), ("31/01/2026", cells.DAY_FIRST), ("31/02/2026", ""), ("02/13/2026", ""),
        ("2/2/2026", ""), ("2026-01-03", ""), ("20260103", ""), ("46025", ""),
    ],
)  # fmt: skip
def test_what_a_date_says_of_the_order_of_its_column(raw, order):
    assert cells.day(raw).order == cells.birth_day(raw if raw != "12/11/26" else "12/11/2026").order == order


@pytest.mark.parametrize(("read", "raw", "code"), REFUSED)
def test_refused(read, raw, code):
    cell = read(raw)
    assert cell.value is None
    assert cell.problem is not None
    assert cell.problem.code == code
    assert raw not in cell.problem.message
    assert cell.problem.fix


def test_every_note_is_explained():
    assert {note for _, _, _, note in ACCEPTED if note} <= set(cells.NORMALISED)


def test_a_near_miss_is_named():
    problem = cells.one_of("cancelled", "signed")("cancelledd").problem
    assert problem is not None
    assert "Did you mean cancelled?" in problem.fix


READERS = [
    cells.day, cells.birth_day, cells.clock, cells.amount, cells.percent_or_amount, cells.whole, cells.yes_no,
    cells.place_of_service, cells.zip_code, cells.state, cells.diagnoses, cells.codes, cells.modifiers, cells.code,
    cells.identifier, cells.text,
]  # fmt: skip


@given(st.sampled_from(READERS), st.text(min_size=1, max_size=30).map(str.strip).filter(bool))
def test_no_cell_raises(read, raw):
    cell = read(raw)
    assert (cell.problem is None) or cell.value is None


@given(st.dates(date(1955, 1, 1), date(2099, 12, 31)))
def test_every_date_in_every_form(day):
    serial = (day - date(1899, 12, 30)).days
    for raw in (
        day.isoformat(),
        f"{day:%m/%d/%Y}",
        f"{day.month}/{day.day}/{day.year}",
        f"{day:%Y%m%d}",
        str(serial),
    ):
        assert cells.day(raw).value == day


@given(st.integers(0, 10**9))
def test_every_amount_in_every_form(cents):
    for raw in (f"{cents / 100:.2f}", f"${cents / 100:,.2f}"):
        assert cells.amount(raw).value == cents


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("9" * 50_000, cells.BAD_AMOUNT),
        ("-" + "9" * 50_000 + "\n9", cells.BAD_AMOUNT),
        ("(" + "9" * 50_000, cells.BAD_AMOUNT),
        ("9" * 50_000 + "-", cells.MINUS_AMOUNT),
    ],
    ids=["digits", "minus and a line break", "open bracket", "minus at the end"],
)
def test_refusing_a_long_amount_is_linear(cell, code):
    begun = process_time()
    problem = cells.amount(cell).problem
    assert problem is not None
    assert problem.code == code
    assert process_time() - begun < 0.2, "looking for each digit anew takes seconds"
