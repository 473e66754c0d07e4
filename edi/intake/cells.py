"""One cell of an exported table to a value: what is accepted as exported, and what is never repaired.

Each reader takes a text that is stripped and not empty and returns a `Cell`: the value, the kind of normalisation
that was needed (said once per file) or the problem. Source: design/input.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, TypeAlias

from edi.model.money import parse_cents


class Problem(NamedTuple):
    """What is wrong with a cell. The message never holds the value."""

    code: str
    message: str
    fix: str


class Cell(NamedTuple):
    """A value read from a cell, or the problem that forbids it. ``note`` is a key of `NORMALISED` or "".

    ``order`` is what a date says of its column: `DAY_FIRST`, `EITHER_ORDER` or "".
    """

    value: Any = None
    note: str = ""
    problem: Problem | None = None
    order: str = ""


CellReader: TypeAlias = Callable[[str], Cell]

DAY_FIRST: Final = "day_first"
"""A date that can only be read day before month."""
EITHER_ORDER: Final = "either"
"""A date that can be read in both orders, as two days; it was read month before day."""
FIX_DAY_FIRST: Final = "Export the column as 2026-01-31, or as month/day/year."

BAD_DATE: Final = "INP021"
TWO_DIGIT_BIRTH_YEAR: Final = "INP022"
SCIENTIFIC: Final = "INP023"
BAD_AMOUNT: Final = "INP024"
MINUS_AMOUNT: Final = "INP025"
BAD_NUMBER: Final = "INP026"
NOT_IN_LIST: Final = "INP027"
BAD_TIME: Final = "INP028"
BAD_MODIFIERS: Final = "INP029"
BAD_POS: Final = "INP030"
BAD_ZIP: Final = "INP031"
BAD_STATE: Final = "INP032"

NORMALISED: Final = {
    "date": "dates were written otherwise than 2026-01-03 and read so (month first)",
    "serial": "dates were spreadsheet serial numbers (46025) and read as dates",
    "time": "times were written with seconds, AM or PM and read as hh:mm",
    "amount": "amounts with a dollar sign or thousands comma were read as plain amounts",
    "number": "whole numbers written with decimals (15.0) were read as whole",
    "place_of_service": "places of service of one digit were padded (1 is 01)",
    "zip": "ZIP codes were padded with their lost zeros or freed of the hyphen (2139 is 02139)",
    "diagnosis": "diagnosis codes were freed of their dot",
    "modifiers": "modifiers written together or with separators were split (GP59 is GP and 59)",
    "case": "codes in lower case were read in upper case",
    "word": "words were read as the codes they stand for (female is F, yes is Y)",
}
"""What a normalisation note means; one info finding per file and kind."""

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_US: Final = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?: 0?0:00(?::00)?)?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL: Final = re.compile(r"(\d{4,5})(?:\.0+)?")
# A sign or a point tells a number from an identifier that happens to hold an E (12E05).
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(?:[.,]\d*[eE][+-]?|[eE][+-])\d+")
_AMOUNT: Final = re.compile(r"\$?\s*(\d{1,3}(?:,\d{3})+|\d*)(\.\d*)?")
_PLAIN_AMOUNT: Final = re.compile(r"\d+(?:\.\d{1,2})?")
# The first digit is the one that counts: looking for any of them takes time in the square of a long cell.
_MINUS: Final = re.compile(r"-[^\d\n]*\d.*|[^\d\n]*\d.*-|\$\s*-.*|\([^\d\n]*\d.*\)")
_WHOLE: Final = re.compile(r"(\d{1,9})(\.0*)?")
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?\s*([aApP][mM])?")
_SEPARATORS: Final = re.compile(r"[\s,:;/|]+")
_SERIAL_DAY_ZERO: Final = date(1899, 12, 30)
_CENTURY_PIVOT: Final = 70
YES: Final = frozenset({"Y", "YES", "TRUE", "1"})
NO: Final = frozenset({"N", "NO", "FALSE", "0"})


def text(raw: str) -> Cell:
    """Free text with single blanks."""
    return Cell(raw if raw.isalnum() else " ".join(raw.split()))


def identifier(raw: str) -> Cell:
    """An identifier that must arrive as written: NPI, member id, account. A spreadsheet's ``1.23E+09`` is refused."""
    if _SCIENTIFIC.fullmatch(raw):
        return Cell(
            problem=Problem(
                SCIENTIFIC,
                "the identifier is in scientific notation; its digits are lost",
                "Format the column as text in the spreadsheet and export again.",
            )
        )
    return Cell(raw)


def code(raw: str) -> Cell:
    """A code in upper case; its existence is for the rules."""
    upper = raw.upper()
    return Cell(upper, "" if upper == raw else "case")


def day(raw: str) -> Cell:
    """A date: ISO, month/day/year with two or four digits, CCYYMMDD, or a spreadsheet serial number."""
    return _date(raw, birth=False)


def birth_day(raw: str) -> Cell:
    """A birth date: as `day`, but a year of two digits is refused, the century being anyone's guess."""
    return _date(raw, birth=True)


def clock(raw: str) -> Cell:
    """A time of day, hh:mm, with AM or PM if need be."""
    match = _TIME.fullmatch(raw)
    if match is not None:
        hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").upper()
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "PM" else 0)
        elif half:
            hour = 24
        if hour < 24 and minute < 60:
            plain = f"{hour:02d}:{minute:02d}"
            return Cell(time(hour, minute), "" if raw in (plain, plain.removeprefix("0")) else "time")
    return Cell(problem=Problem(BAD_TIME, "not a time", "Write hh:mm, 24 hours."))


def amount(raw: str) -> Cell:
    """An amount in dollars as integer cents; a minus amount is refused."""
    if _PLAIN_AMOUNT.fullmatch(raw):
        return _cents(raw)
    if _SCIENTIFIC.fullmatch(raw):
        return Cell(problem=Problem(SCIENTIFIC, "the amount is in scientific notation", "Write 85.00."))
    if _MINUS.fullmatch(raw):
        return Cell(
            problem=Problem(
                MINUS_AMOUNT,
                "a minus amount is never billed",
                "Take the row out; a refund or correction is made on the claim, not in the export.",
            )
        )
    match = _AMOUNT.fullmatch(raw)
    if match is not None and (match[1] or (match[2] or ".").strip(".")):
        return _cents(match[1].replace(",", "") + (match[2] or ""), "amount")
    return Cell(problem=Problem(BAD_AMOUNT, "not an amount", "Write 85.00."))


def _cents(plain: str, note: str = "") -> Cell:
    """Digits and a point as cents; what is no amount of dollars and cents after all is refused."""
    try:
        return Cell(parse_cents(plain), note)
    except ValueError as reason:
        said = str(reason).removeprefix("not an X12 amount") or "amount is not written in digits 0 to 9"
        return Cell(problem=Problem(BAD_AMOUNT, f"the {said}", "Write 85.00."))


def percent_or_amount(raw: str) -> Cell:
    """An amount, or a percentage (``85%``) as hundredths of a percent."""
    return amount(raw.removesuffix("%").rstrip())


def whole(raw: str) -> Cell:
    """A whole number of minutes, units, visits; a minus is refused."""
    match = _WHOLE.fullmatch(raw)
    if match is not None:
        return Cell(int(match[1]), "number" if match[2] else "")
    return Cell(problem=Problem(BAD_NUMBER, "not a whole number of zero or more", "Write digits only."))


def yes_no(raw: str) -> Cell:
    """Y or N as a bool."""
    upper = raw.upper()
    if upper in YES:
        return Cell(True, "" if raw == "Y" else "word")
    if upper in NO:
        return Cell(False, "" if raw == "N" else "word")
    return Cell(problem=Problem(NOT_IN_LIST, "neither Y nor N", "Write Y or N."))


def one_of(*choices: str, words: dict[str, str] | None = None) -> CellReader:
    """A reader of a fixed list, whatever the case; ``words`` are synonyms (in lower case) and what they stand for."""
    by_lower = {choice.lower(): choice for choice in choices}
    synonyms = words or {}

    def read(raw: str) -> Cell:
        lower = raw.lower()
        found = by_lower.get(lower)
        if found is not None:
            return Cell(found, "" if found == raw else "case")
        if lower in synonyms:
            return Cell(synonyms[lower], "word")
        near = get_close_matches(lower, by_lower, n=1)
        hint = f"Did you mean {by_lower[near[0]]}? " if near else ""
        return Cell(
            problem=Problem(
                NOT_IN_LIST, "not one of the values allowed", f"{hint}Allowed: {', '.join(choices)}."
            )
        )

    return read


def place_of_service(raw: str) -> Cell:
    """A place of service of two digits; a lost zero is put back."""
    if raw.isdigit() and raw.isascii() and len(raw) <= 2:
        return Cell(raw.zfill(2), "" if len(raw) == 2 else "place_of_service")
    return Cell(problem=Problem(BAD_POS, "not a place of service", "Write two digits, like 11 or 02."))


def zip_code(raw: str) -> Cell:
    """A US ZIP of five or nine digits, without hyphen; lost leading zeros are put back (2139, 21390001)."""
    digits = raw.replace("-", "").replace(" ", "")
    if digits.isdigit() and digits.isascii():
        for length, shortest in ((5, 3), (9, 7)):
            if shortest <= len(digits) <= length:
                padded = digits.zfill(length)
                return Cell(padded, "" if padded == raw else "zip")
    return Cell(
        problem=Problem(BAD_ZIP, "not a ZIP code", "Write five digits, or nine with or without hyphen.")
    )


def state(raw: str) -> Cell:
    """A state of two letters."""
    if len(raw) == 2 and raw.isalpha() and raw.isascii():
        return code(raw)
    return Cell(problem=Problem(BAD_STATE, "not a state", "Write the two letters, like MA."))


def diagnoses(raw: str) -> Cell:
    """Diagnosis codes in priority order, separated by blank, comma, semicolon, colon or bar; dots are dropped."""
    codes = tuple(part.replace(".", "").upper() for part in _SEPARATORS.split(raw) if part.strip("."))
    note = "diagnosis" if "." in raw else "case" if raw.upper() != raw else ""
    return Cell(codes, note)


def codes(raw: str) -> Cell:
    """A list of procedure codes."""
    upper = raw.upper()
    return Cell(tuple(part for part in _SEPARATORS.split(upper) if part), "" if upper == raw else "case")


def modifiers(raw: str) -> Cell:
    """Modifiers of two characters: with separators, or written together (``GP59``)."""
    upper = raw.upper()
    found: list[str] = []
    for part in _SEPARATORS.split(upper):
        if len(part) % 2 or not part.isalnum():
            if not part:
                continue
            return Cell(
                problem=Problem(
                    BAD_MODIFIERS,
                    "modifiers have two characters each; these cannot be split",
                    "Write GP 59, or use modifier_1 to modifier_4.",
                )
            )
        found += [part[start : start + 2] for start in range(0, len(part), 2)]
    note = "modifiers" if len(raw) > 2 else "" if upper == raw else "case"
    return Cell(tuple(found), note)


def _date(raw: str, *, birth: bool) -> Cell:
    match = _ISO.fullmatch(raw)
    if match is not None:
        return _calendar(int(match[1]), int(match[2]), int(match[3]), "" if len(raw) == 10 else "date")
    match = _US.fullmatch(raw)
    if match is not None:
        year = int(match[3])
        if len(match[3]) == 2:
            if birth:
                return Cell(
                    problem=Problem(
                        TWO_DIGIT_BIRTH_YEAR,
                        "the year of birth has two digits, so the century is not known",
                        "Export birth dates with four digits of year.",
                    )
                )
            year += 2000 if year < _CENTURY_PIVOT else 1900
        return _slashed(year, int(match[1]), int(match[2]))
    match = _COMPACT.fullmatch(raw)
    if match is not None:
        return _calendar(int(match[1]), int(match[2]), int(match[3]), "date")
    match = _SERIAL.fullmatch(raw)
    # A year alone (1957) is no serial; without birth dates nothing here is older than 1954.
    if match is not None and int(match[1]) > (2100 if birth else 20000):
        return Cell(_SERIAL_DAY_ZERO + timedelta(days=int(match[1])), "serial")
    return _no_date()


def _slashed(year: int, first: int, second: int) -> Cell:
    """A date of two parts and a year, month before day; says when the parts could stand the other way round."""
    month_first = _calendar(year, first, second, "date")
    if first == second or second > 12:
        return month_first
    if month_first.problem is None:
        return month_first._replace(order=EITHER_ORDER)
    if _calendar(year, second, first, "date").problem is not None:
        return month_first
    problem = Problem(BAD_DATE, "the day stands before the month", FIX_DAY_FIRST)
    return Cell(problem=problem, order=DAY_FIRST)


def _calendar(year: int, month: int, day_of_month: int, note: str) -> Cell:
    try:
        found = date(year, month, day_of_month)
    except ValueError:
        return _no_date()
    return Cell(found, note) if year >= 1850 else _no_date()


def _no_date() -> Cell:
    return Cell(problem=Problem(BAD_DATE, "not a date", "Write 2026-01-03, or month/day/year."))
