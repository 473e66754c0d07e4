"""What a kept file of deposits says of a row, by a second path: its cells, and nothing of how they were read.

Shares no code with the readers of ``edi.intake``: ``verify`` looks whether the amount and the day that are stored stand
in the row they are said to come from.
"""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import count
from typing import Final

_MINUS: Final = re.compile(r"(?:-|\().*\d.*|\$?[\d,.]+-")
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
"""A line with its end; other characters that end lines for Python are text."""
_SERIAL_DIGITS: Final = 5
_YEAR_DIGITS: Final = 4
_AMOUNT_DIGITS: Final = 15
_DIGITS: Final = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_DAYS: Final = ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y", "%y%m%d")
_SERIAL: Final = date(1899, 12, 30)
_CREDITS: Final = "123"
_SUMMARIES: Final = frozenset({"100", "200", "300"})
"""BAI2 type codes that begin so are credits; those that end a block of them sum it up."""
_IN, _OUT = "in", "out"
"""The first cell of a BAI2 entry: whether it came in."""


def cells_of(blocks: Iterable[bytes], kind: str) -> dict[int, list[str]]:
    """The cells of every row of a file, by the number that the readers give the row.

    Args:
        blocks: the file's bytes.
        kind: ``BAI2``, where a row is an entry (16) and has the day of its group, or ``deposits``.
    """
    data = b"".join(blocks)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if kind == "BAI2":
        return _entries(text)
    lines: list[str] = _LINE.findall(text)
    while lines and (not lines[0].strip() or lines[0].startswith("#")):
        del lines[0]
    if lines and lines[0].lstrip().startswith("{"):
        return _objects(lines)
    delimiter = max(",;\t", key=(lines[0] if lines else "").count)
    found = dict(_csv_rows(lines, delimiter))
    found.pop(1, None)  # the heading, though it may look like money on a day
    return found


def _csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that can be read, by number; one with a misplaced quote counts and says nothing."""
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    for number in count(1):
        try:
            yield number, next(rows)
        except StopIteration:
            return
        except csv.Error:
            continue


def _entries(text: str) -> dict[int, list[str]]:
    """The entries of a BAI2 file that is read: those of groups that report or correct."""
    found: dict[int, list[str]] = {}
    day, counts = "", False
    for fields in _records(text):
        if fields[0] == "02":
            day, counts = fields[4], fields[3] in ("1", "3")
        elif fields[0] == "16" and counts:
            kind = _IN if fields[1][:1] in _CREDITS and fields[1] not in _SUMMARIES else _OUT
            found[len(found) + 1] = [kind, day, f"{fields[2].lstrip('+')}c", *fields[3:]]
    return found


def _records(text: str) -> list[list[str]]:
    """The records of a BAI2 file, each with its continuations (88); the blanks around a field say nothing."""
    joined: list[str] = []
    for line in filter(None, map(str.strip, _LINE.findall(text))):
        body = f"{line[:-1]}," if line.endswith("/") else f"{line} "
        if line.startswith("88,") and joined:
            joined[-1] += body[3:]
        else:
            joined.append(body)
    return [[field.strip() for field in one[:-1].split(",")] for one in joined]


def _objects(lines: Iterable[str]) -> dict[int, list[str]]:
    """The values of JSON Lines; a line that is no object says nothing."""
    found = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            try:
                said = json.loads(line, parse_float=str, parse_int=str)
            except (ValueError, RecursionError):
                continue
            if isinstance(said, dict):
                found[number] = [str(value) for value in said.values()]
    return found


def brings_money(cells: Iterable[str]) -> bool:
    """Whether a row is money that came in: a day, an amount above zero and none that is not, and no entry that left."""
    listed = [cell.strip() for cell in cells]
    amounts = [cents for cell in listed if (cents := _cents(cell)) is not None]
    left = any(_MINUS.fullmatch(cell) for cell in listed) or _OUT in listed[:1]
    return bool(amounts) and min(amounts) > 0 and not left and any(map(_is_day, listed))


def _is_day(cell: str) -> bool:
    """Whether a cell is written as a day."""
    plain = cell.split(" ")[0].split("T")[0]
    for form in _DAYS:
        try:
            time.strptime(plain, form)
        except ValueError:
            continue
        return True
    return plain.isdecimal() and len(plain) == _SERIAL_DIGITS


def tells(cells: Iterable[str], amount: int, day: date) -> bool:
    """Whether an amount in cents and a day stand among cells; a cell of a BAI2 amount ends in ``c``."""
    listed = [cell.strip() for cell in cells]
    days = {day.strftime(form) for form in _DAYS} | {_plain(day), str((day - _SERIAL) // timedelta(days=1))}
    said = {cell.split(" ")[0].split("T")[0] for cell in listed}
    said |= {_unpadded(cell) for cell in said}
    return not days.isdisjoint(said) and any(_cents(cell) == amount for cell in listed)


def _plain(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _unpadded(cell: str) -> str:
    """A date with slashes or dashes, month first, as ``m/d/yyyy``."""
    parts = re.split(r"[/-]", cell)
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= _YEAR_DIGITS for part in parts):
        return cell
    if len(parts[0]) == 4:
        parts = [parts[1], parts[2], parts[0]]
    year = int(parts[2]) + (2000 if len(parts[2]) == 2 else 0)
    return f"{int(parts[0])}/{int(parts[1])}/{year}"


def _cents(cell: str) -> int | None:
    """A cell as cents: dollars, or cents where a BAI2 amount is marked so; None when it is no amount."""
    if cell.endswith("c") and cell[:-1].isdecimal():
        return _whole(cell[:-1])
    plain = cell.replace("$", "").replace(",", "").replace("+", "").strip()
    if _DIGITS.fullmatch(plain) is None:
        return None
    whole, _, part = plain.partition(".")
    dollars = _whole(whole)
    return None if dollars is None else dollars * 100 + int((part + "00")[:2])


def _whole(digits: str) -> int | None:
    """A whole number; None where it is too long for any amount (Python itself refuses thousands of digits)."""
    counted = digits.lstrip("0")
    return int(counted or "0") if len(counted) <= _AMOUNT_DIGITS else None
