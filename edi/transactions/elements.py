"""Reading single elements: what the readers of 837P and acknowledgments do with one piece of text."""

from __future__ import annotations

from datetime import date

from edi.model.remittance import Procedure
from edi.transactions.t835.elements import DATES, procedures


def at(segment: list[str], place: int) -> str:
    """Return element ``place`` of the segment (0 is its id), "" when it has fewer."""
    return segment[place] if len(segment) > place else ""


def parse_date(text: str) -> date | None:
    """Read CCYYMMDD, or YYMMDD as TA1 writes it (20YY), as a date; None when it is none."""
    return DATES[text]


def parse_period(qualifier: str, text: str) -> tuple[date, date] | None:
    """Read DTP03 under DTP02 D8 or RD8 as first and last day; None when it is neither."""
    first, _, last = text.partition("-") if qualifier == "RD8" else (text, "", text)
    start, end = (DATES[first], DATES[last]) if len(first) == len(last) == 8 else (None, None)
    return (start, end) if start is not None and end is not None else None


def parse_quantity(text: str) -> str | None:
    """Return a decimal as canonical text (``2`` for ``2.0`` and ``02``); None when it is none."""
    whole, _, fraction = text.strip().partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()):
        return None
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def parse_procedure(text: str, component: str) -> Procedure:
    """Read a composite procedure (SV101, SVC01): qualifier, code, up to four modifiers, description."""
    return procedures(component)[text]
