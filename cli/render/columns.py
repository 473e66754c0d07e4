"""What a column is called on a screen, and what its cells are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal["text", "date", "cents", "count", "percent", "days"]
"""``cents``: decimal text with two places; ``percent`` and ``days``: decimal text with one."""

_LABELS: Final = {
    "patient_control_number": "control number",
    "procedure_code": "code",
    "date_of_service": "service",
    "date_from": "service",
    "payer_name": "payer",
    "practice_id": "practice",
    "share_percent": "share %",
    "due_date": "due",
    "open_count": "open",
    "preventable_amount": "preventable",
}
MONEY: Final = frozenset(
    {
        "amount", "charge", "paid", "contractual", "patient", "denied", "pended", "open", "expected", "open_amount",
        "preventable_amount", "waiting",
    }
)  # fmt: skip
"""Columns of amounts, wherever rows have them."""
NUMBERS: Final = MONEY | {"count", "units", "open_count", "share_percent", "rows"}
"""Columns that stand at the right."""


def label(column: str) -> str:
    """Return the heading of a column."""
    return _LABELS.get(column, column.replace("_", " "))


def kind_of(column: str, cells: Iterable[Any]) -> Kind:
    """Return what a column holds whose kind nobody named: by its name, else by its cells."""
    if column in MONEY:
        return "cents"
    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, int) and not isinstance(cell, bool) for cell in known):
        return "count"
    if known and all(isinstance(cell, date) for cell in known):
        return "date"
    return "text"


def kinds_of(
    columns: Iterable[str], rows: Iterable[Mapping[str, Any]], named: Mapping[str, Kind]
) -> dict[str, Kind]:
    """Return the kind of each column: the one named, else what its name and cells tell."""
    held = list(rows)
    return {
        column: named[column] if column in named else kind_of(column, (row.get(column) for row in held))
        for column in columns
    }


def number(cell: Any) -> Decimal | None:
    """Return a cell of a number as an exact decimal; None where it is empty.

    Raises:
        decimal.InvalidOperation: it is no number.
    """
    return None if cell is None or cell == "" else Decimal(str(cell))
