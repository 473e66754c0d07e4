"""The rows of the official tables, as we keep them. Descriptions are licensed text: they are read past, never kept.

A row that does not fit refuses the file: a table that is half understood is worse than the one in force.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from edi.codes.editions import packed_line
from edi.model.errors import InputError

Cells = Sequence[str]
Places = Mapping[str, int]
"""Which cell holds which field."""

_CODE: Final = re.compile(r"[0-9A-Z]{5}")
_CARC: Final = re.compile(r"[0-9]{1,3}|[ABDPWY][0-9]{1,2}")
_RARC: Final = re.compile(r"(?:MA|M|N)[0-9]{1,3}")
_COMPACT: Final = re.compile(r"(?:19|20)[0-9]{6}")
_SLASHED: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_TOLD: Final = re.compile(r"(Start|Last Modified|Stop):\s*([0-9]{1,2}/[0-9]{1,2}/[0-9]{4})")
"""Dates inside the text of a list copied from X12's page."""
_TOLD_FIELDS: Final = {"Start": "start", "Last Modified": "modified", "Stop": "stop"}
_NO_DATE: Final = ("", "*")
NEVER: Final = "9"
"""The modifier indicator of a pair that was taken back on the day it began."""

_RATIONALES: Final = {
    "standards of medical": "practice-standard",
    "misuse of column": "misuse-of-column-2",
    "mutually exclusive": "mutually-exclusive",
    "more extensive": "more-extensive",
    "sequential": "sequential",
    "separate procedure": "separate-procedure",
    "procedure code definition": "code-definition",
    "manual": "coding-instruction",
    "laboratory panel": "laboratory-panel",
    "anesthesia": "anesthesia",
    "gender": "gender",
    "anatomic": "anatomic",
    "data": "clinical-data",
    "workgroup": "cms-workgroup",
    "society": "society-comment",
    "code descriptor": "descriptor",
    "nature of": "nature-of-service",
    "prescribing": "prescribing-information",
    "contractor": "contractor-policy",
    "policy": "cms-policy",
}
"""A few words of CMS's rationale and our own word for it."""


def pair_lines(
    rows: Iterable[tuple[int, Cells]], places: Places, left_out: Callable[[], None]
) -> Iterator[str]:
    """NCCI pairs as lines of ``edi.codes.editions``; a pair that never took effect is left out and told.

    Args:
        rows: row numbers of the file and cells.
        places: of column_1, column_2, effective, deletion, modifier, rationale.
        left_out: called for each pair that is not kept.

    Raises:
        InputError: a row does not fit; the message names it.
    """
    first, second, begin, end, indicator, why = (
        places[name] for name in ("column_1", "column_2", "effective", "deletion", "modifier", "rationale")
    )
    rationales: dict[str, str] = {}
    for number, cells in rows:
        column_1, column_2 = _code(cells[first], number), _code(cells[second], number)
        begins, ends = _compact(cells[begin], number), _compact(cells[end], number)
        told = cells[indicator]
        if told not in ("0", "1", NEVER) or not begins:
            raise InputError(f"row {number}: no modifier indicator or effective date as CMS writes them")
        if told == NEVER or begins == ends:
            left_out()
            continue
        text = cells[why]
        if text not in rationales:
            rationales[text] = rationale_of(text)
        yield packed_line(column_1, column_2, told, begins, ends, rationales[text])


def limit_rows(rows: Iterable[tuple[int, Cells]], places: Places) -> Iterator[tuple[str, str, str, str]]:
    """Units-a-day limits: code, units, MAI (1, 2 or 3), rationale in our words.

    Args:
        rows: row numbers of the file and cells.
        places: of code, units, indicator, rationale.

    Raises:
        InputError: a row does not fit; the message names it.
    """
    for number, cells in rows:
        code, units = _code(cells[places["code"]], number), cells[places["units"]]
        mai = cells[places["indicator"]][:1]
        if not units.isdigit() or mai not in ("1", "2", "3"):
            raise InputError(f"row {number}: no MUE value or adjudication indicator as CMS writes them")
        yield code, str(int(units)), mai, rationale_of(cells[places["rationale"]])


def listed_rows(
    rows: Iterable[tuple[int, Cells]], places: Places
) -> Iterator[tuple[str, date | None, date | None, date | None]]:
    """Codes of a CARC or RARC list: code, start, stop, last modified. Texts are searched for dates, never kept.

    Args:
        rows: row numbers of the file and cells.
        places: of code, and of start, modified and stop or else of description, which then holds the dates.

    Raises:
        InputError: a row does not fit; the message names it.
    """
    for number, cells in rows:
        code = cells[places["code"]].upper()
        if not is_carc(code) and not is_rarc(code):
            raise InputError(f"row {number}: {code[:12]!r} is neither a CARC nor a RARC")
        found = {
            name: _day(cells[places[name]], number)
            for name in ("start", "modified", "stop")
            if name in places
        }
        if "start" not in found:
            told = {_TOLD_FIELDS[name]: text for name, text in _TOLD.findall(cells[places["description"]])}
            found = {name: _day(text, number) for name, text in told.items()}
        yield code, found.get("start"), found.get("stop"), found.get("modified")


def is_carc(code: str) -> bool:
    """Whether a text has the form of a CARC."""
    return _CARC.fullmatch(code) is not None


def is_rarc(code: str) -> bool:
    """Whether a text has the form of a RARC."""
    return _RARC.fullmatch(code) is not None


def rationale_of(text: str) -> str:
    """Our own word for CMS's rationale, ``other`` for one that is not known here."""
    lower = text.lower()
    return next((word for part, word in _RATIONALES.items() if part in lower), "other")


def _code(text: str, number: int) -> str:
    """A procedure code; a spreadsheet drops leading zeros of one that is all digits."""
    code = text.upper().zfill(5) if text.isdigit() else text.upper()
    if _CODE.fullmatch(code) is None:
        raise InputError(f"row {number}: {text[:12]!r} is not a procedure code")
    return code


def _compact(text: str, number: int) -> str:
    """A date as CCYYMMDD, "" for none."""
    if text in _NO_DATE:
        return ""
    if _COMPACT.fullmatch(text) is not None:
        return text
    found = _day(text, number)
    return found.strftime("%Y%m%d") if found is not None else ""


def _day(text: str, number: int) -> date | None:
    """A date written CCYYMMDD, CCYY-MM-DD or M/D/CCYY; None for none.

    Raises:
        InputError: it is none of these.
    """
    if text in _NO_DATE:
        return None
    slashed = _SLASHED.fullmatch(text)
    try:
        if slashed is not None:
            return date(int(slashed[3]), int(slashed[1]), int(slashed[2]))
        return date.fromisoformat(text[:10])
    except ValueError:
        raise InputError(f"row {number}: {text[:12]!r} is not a date") from None
