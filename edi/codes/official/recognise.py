"""Which official table a sheet is, by its header. A header that is not known is refused, never guessed.

Sources: the layouts CMS and X12 publish. NCCI PTP practitioner: a banner of two rows, then a header that the text and
Excel files wrap over four rows (``Deletion`` / ``Date`` / ``*=no data``). MUE practitioner: a quoted preamble of
several lines, then one header row with line ends inside cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import msgspec

from edi.codes.official.rows import Cells, Places, is_carc, is_rarc, limit_rows, listed_rows, pair_lines
from edi.model.errors import InputError

HEADER_WITHIN: Final = 80
"""Rows in which a header must come; the longest preamble known has ten."""
_ROWS_LOOKED_AT: Final = 20
"""Rows of a list that tell whether it is of CARCs or of RARCs."""
_ANCHORS: Final = {"carc": ("1", "45", "97"), "rarc": ("M15", "MA130", "N130")}
"""Codes that every list of X12 has. Other lists, such as places of service, have codes of the same form."""

UNDERSTOOD: Final = (
    "NCCI PTP, practitioner: Column 1 | Column 2 | *=in existence prior to 1996 | Effective Date |"
    " Deletion Date *=no data | Modifier 0=not allowed 1=allowed 9=not applicable | PTP Edit Rationale",
    "NCCI MUE, practitioner: HCPCS/CPT Code | Practitioner Services MUE Values | MUE Adjudication Indicator |"
    " MUE Rationale",
    "CARC or RARC list: Code | Description | Start Date | Last Modified | Stop Date",
)
"""The headers that are understood, in words for a person."""

_PTP: Final[dict[str, Callable[[str], bool]]] = {
    "column_1": lambda text: text in ("column 1", "column 1 code", "column1"),
    "column_2": lambda text: text in ("column 2", "column 2 code", "column2"),
    "effective": lambda text: text.startswith("effective"),
    "deletion": lambda text: text.startswith("deletion"),
    "modifier": lambda text: text.startswith("modifier"),
    "rationale": lambda text: "rationale" in text,
}
_MUE: Final[dict[str, Callable[[str], bool]]] = {
    "code": lambda text: text.replace(" ", "") in ("hcpcs/cptcode", "hcpcscode", "cpt/hcpcscode"),
    "units": lambda text: text == "practitioner services mue values",
    "indicator": lambda text: text.endswith("mue adjudication indicator"),
    "rationale": lambda text: text == "mue rationale",
}
_LIST: Final[dict[str, Callable[[str], bool]]] = {
    "code": lambda text: (
        text in ("code", "carc", "rarc", "carc code", "rarc code", "reason code", "remark code")
    ),
    "description": lambda text: "description" in text,
    "start": lambda text: text in ("start", "start date", "effective date"),
    "modified": lambda text: text in ("modified", "last modified", "modified date", "last modified date"),
    "stop": lambda text: text in ("stop", "stop date", "end date", "deactivated", "deactivation date"),
}
_OTHER_PROVIDERS: Final = {
    "outpatient hospital services mue values": "of outpatient hospitals",
    "facility outpatient services mue values": "of outpatient hospitals",
    "dme supplier services mue values": "of DME suppliers",
}


class Official(msgspec.Struct):
    """A recognised table: ``table`` is ptp, mue, carc or rarc.

    Attributes:
        table: which one.
        lines: its rows as we keep them, read once: for ptp the lines of ``edi.codes.editions``; for mue code, units,
            MAI, rationale between commas; for carc and rarc code, start, stop, last modified between commas.
        left_out: rows that are not kept, known when all lines are read.
    """

    table: str
    lines: Iterator[str]
    left_out: int = 0


def recognise(rows: Iterable[Cells]) -> Official:
    """Find the header of a sheet and give its rows.

    Args:
        rows: cells without blanks around them, from the first row of the file on; read once, as needed.

    Raises:
        InputError: no header that is understood, the table of other providers, or no rows; and while the rows are
            read, a row that does not fit.
    """
    numbered = _numbered(rows)
    for number, cells in numbered:
        words = [_plain(cell) for cell in cells]
        for text, whose in _OTHER_PROVIDERS.items():
            if text in words:
                raise InputError(f"this is the MUE table {whose}; load the one of practitioner services")
        if {"column 1", "column 1 code", "column1"} & set(words[:1]):
            return _pairs(cells, numbered)
        if (places := _places(words, _MUE)) is not None:
            return Official("mue", _limits(_first_seen(numbered, places["code"]), places))
        if (listed := _listed_places(words)) is not None:
            return _list(numbered, listed)
        if number >= HEADER_WITHIN:
            break
    raise InputError("no header that is understood; understood are: " + "; ".join(UNDERSTOOD))


def _numbered(rows: Iterable[Cells]) -> Iterator[tuple[int, Cells]]:
    for number, cells in enumerate(rows, 1):
        if any(cells):
            yield number, cells


def _plain(cell: str) -> str:
    return " ".join(cell.split()).lower()


def _places(words: Sequence[str], wanted: dict[str, Callable[[str], bool]]) -> dict[str, int] | None:
    """Which column holds which field, None when one is missing."""
    found = {
        name: place
        for name, fits in wanted.items()
        for place, word in enumerate(words)
        if word and fits(word)
    }
    return found if len(found) == len(wanted) else None


def _listed_places(words: Sequence[str]) -> dict[str, int] | None:
    """The columns of a list of codes: the code, and its dates or the text that holds them."""
    found = {
        name: place for name, fits in _LIST.items() for place, word in enumerate(words) if word and fits(word)
    }
    return found if "code" in found and ("start" in found or "description" in found) else None


def _pairs(first: Cells, rows: Iterator[tuple[int, Cells]]) -> Official:
    """The PTP table: rows under the header with an empty first cell belong to the header."""
    header = [[_plain(cell)] for cell in first]
    after: tuple[int, Cells] | None = None
    for number, cells in rows:
        if cells[0]:
            after = (number, cells)
            break
        for place, cell in enumerate(cells[: len(header)]):
            header[place].append(_plain(cell))
    places = _places([" ".join(part for part in parts if part) for parts in header], _PTP)
    if places is None:
        raise InputError("the header of a PTP file, but not all its columns; understood is: " + UNDERSTOOD[0])
    if after is None:
        raise InputError("a header and no rows under it")

    def leave_out() -> None:
        official.left_out += 1

    official = Official("ptp", iter(()))
    official.lines = pair_lines(_wide_enough(chain([after], rows), places), places, leave_out)
    return official


def _wide_enough(rows: Iterable[tuple[int, Cells]], places: Places) -> Iterator[tuple[int, Cells]]:
    """Rows with a cell for every field: short ones are filled up, footers are left out."""
    width = max(places.values()) + 1
    for number, cells in rows:
        if _is_row(cells):
            yield number, cells if len(cells) >= width else [*cells, *[""] * (width - len(cells))]


def _is_row(cells: Cells) -> bool:
    """Whether a row is one of a table: a footer stands in one cell."""
    return sum(1 for cell in cells if cell) > 1


def _first_seen(rows: Iterable[tuple[int, Cells]], place: int) -> Iterator[tuple[int, Cells]]:
    """Rows with their code, each code once."""
    seen: set[str] = set()
    for number, cells in rows:
        if len(cells) > place and _is_row(cells):
            if cells[place] in seen:
                raise InputError(f"row {number}: {cells[place][:12]!r} is there twice")
            seen.add(cells[place])
            yield number, cells


def _limits(rows: Iterable[tuple[int, Cells]], places: Places) -> Iterator[str]:
    for row in limit_rows(_wide_enough(rows, places), places):
        yield ",".join(row)


def _list(rows: Iterator[tuple[int, Cells]], places: Places) -> Official:
    """A list of codes: CARCs or RARCs, by the form of its first codes."""
    kept = list(_wide_enough(_first_seen(rows, places["code"]), places))
    codes = [cells[places["code"]].upper() for _, cells in kept[:_ROWS_LOOKED_AT]]
    if not codes:
        raise InputError("a header and no rows under it")
    if all(is_carc(code) for code in codes):
        table, fits = "carc", is_carc
    elif all(is_rarc(code) for code in codes):
        table, fits = "rarc", is_rarc
    else:
        raise InputError("a list of codes that are neither all CARCs nor all RARCs")
    lacking = sorted(set(_ANCHORS[table]) - {cells[places["code"]].upper() for _, cells in kept})
    if lacking:
        raise InputError(
            f"its codes have the form of {table.upper()}s, but X12's list has {', '.join(lacking)} too:"
            " another list, or not the whole of it"
        )

    def lines() -> Iterator[str]:
        for (number, _), (code, start, stop, modified) in zip(kept, listed_rows(kept, places), strict=True):
            if not fits(code):
                raise InputError(f"row {number}: {code} is no {table.upper()}")
            yield ",".join((code, *(str(day or "") for day in (start, stop, modified))))

    return Official(table, lines())
