"""The amounts of payments.csv by a second path: raw bytes of the vault, a reader of its own, decimal arithmetic.

Shares no code with ``edi.intake``: ``verify`` compares what that stored with this.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

_CENTS: Final = Decimal(100)
_BLANK_LINES: Final = re.compile(r"\A(?:[ \t]*\r?\n)+")
_BREAK: Final = re.compile(r"\r\n|\n|\r")
_DIGITS: Final = re.compile(r"[0-9.]+")


def rows_by_number(data: bytes, name: str) -> dict[int, dict[str, str]]:
    """The rows of a file of payments.

    Args:
        data: its bytes.
        name: its name, which tells TOML from the other forms.

    Returns:
        Cells by column, by the number of the row: below a heading from 2, else from 1. Empty where it cannot be read.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    try:
        if name.lower().endswith(".toml"):
            return _plain(enumerate(tomllib.loads(text, parse_float=str).get("payment", []), 1))
        text = _BLANK_LINES.sub("", text)
        lines = [line for line in _BREAK.split(text) if not line.startswith("#")]
        if lines and lines[0].lstrip().startswith("{"):
            return _plain(_numbered_json(text))
        return _plain(_numbered_csv(text))
    except (ValueError, csv.Error, AttributeError, RecursionError):
        return {}


def of_patient(cells: Mapping[str, str]) -> bool:
    """Whether a row says what a patient paid, or owed before without a payer; it says something."""
    kind = "_".join(cells.get("kind", "").strip().lower().replace("-", " ").split())
    if not cells.get("amount", "").strip():
        return False
    return kind == "patient" or (kind == "opening_balance" and not cells.get("payer", "").strip())


def cents_of(cell: str) -> int:
    """The cents of an amount as a person writes it: a minus or brackets before, dollar sign and commas inside."""
    sign = -1 if cell.lstrip()[:1] in ("-", "(") else 1
    digits = "".join(_DIGITS.findall(cell))
    return sign * int(Decimal(digits or "0") * _CENTS)


def adjusted_cents(cell: str) -> int:
    """The sum of ``CO-45=10.00; PR-2=20.00``."""
    return sum(cents_of(part) for part in re.findall(r"=\s*(-?[0-9.]+)", cell))


def _numbered_csv(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Rows below the heading; blank rows and comments count, but for comments above the heading."""
    while text.startswith("#"):
        text = text.partition("\n")[2]
    heading = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count))
    names = ["_".join(name.strip().lower().replace("-", " ").split()) for name in next(rows, [])]
    for number, cells in enumerate(rows, 2):
        yield number, dict(zip(names, cells, strict=False))


def _numbered_json(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(_BREAK.split(text), 1):
        if line.strip() and not line.startswith("#"):
            yield number, json.loads(line, parse_float=str, parse_int=str)


def _plain(rows: Iterator[tuple[int, Any]]) -> dict[int, dict[str, str]]:
    """Every cell as text."""
    return {
        number: {
            str(name): ";".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in row.items()
            if value is not None
        }
        for number, row in rows
    }
