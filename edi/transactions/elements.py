"""Element text -> values: what the readers of all transaction sets do with one piece of text.

Amounts, dates and procedures are remembered: a file repeats a few of them very often. The memories are bounded, live
as long as the process and hold nothing else, no name and no id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import wraps
from typing import Final, TypeVar

from edi.model.finding import Finding, Location, Severity
from edi.model.money import parse_cents
from edi.model.remittance import Procedure, RawSegment
from edi.x12.envelope import TransactionSet

_CAPACITY: Final = 1 << 16
_Said = TypeVar("_Said")


def never_silent(
    read: Callable[[TransactionSet], Iterator[_Said | Finding]],
) -> Callable[[TransactionSet], Iterator[_Said | Finding]]:
    """Let a reader give Finding ENV022 for a transaction set of which it would say nothing at all."""

    @wraps(read)
    def reader(ts: TransactionSet) -> Iterator[_Said | Finding]:
        said = False
        for value in read(ts):
            said = True
            yield value
        if not said:
            yield Finding(
                code="ENV022",
                severity=Severity.ERROR,
                message=f"there is nothing in a transaction set {ts.kind} that is read",
                location=Location(file=ts.file, transaction=ts.control_number or None, element="ST"),
            )

    return reader


class _Amounts(dict[str, int | None]):
    """Amount text -> cents, None for what is no amount (or empty)."""

    def __missing__(self, text: str) -> int | None:
        if len(self) >= _CAPACITY:
            self.clear()
        try:
            cents: int | None = parse_cents(text)
        except ValueError:
            cents = None
        self[text] = cents
        return cents


class _Dates(dict[str, "date | None"]):
    """CCYYMMDD (or YYMMDD of this century, as 4010 files may have it) -> date, None for what is no date."""

    def __missing__(self, text: str) -> date | None:
        if len(self) >= _CAPACITY:
            self.clear()
        day = self[text] = _parse_date(text.strip())
        return day


class Procedures(dict[str, Procedure]):
    """Composite text -> procedure, for one component separator."""

    def __init__(self, separator: str) -> None:
        super().__init__()
        self._separator = separator

    def __missing__(self, text: str) -> Procedure:
        if len(self) >= _CAPACITY:
            self.clear()
        procedure = self[text] = _parse_procedure(text, self._separator)
        return procedure


AMOUNTS: Final = _Amounts()
DATES: Final = _Dates()
_PROCEDURES: Final[dict[str, Procedures]] = {}


def procedures(separator: str) -> Procedures:
    """The procedures remembered for a component separator (one of a hundred characters at most)."""
    return _PROCEDURES.setdefault(separator, Procedures(separator))


def _parse_date(text: str) -> date | None:
    if len(text) == 6:
        text = "20" + text
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _parse_procedure(text: str, separator: str) -> Procedure:
    """Read SVC01 or SVC06; a composite without its separator is taken as a code without a qualifier."""
    parts = text.split(separator)
    if len(parts) == 1:
        return Procedure(qualifier="", code=text)
    modifiers = parts[2:6]
    while modifiers and not modifiers[-1]:
        modifiers.pop()
    description = separator.join(parts[6:]).rstrip(separator)
    return Procedure(
        qualifier=parts[0], code=parts[1], modifiers=tuple(modifiers), description=description or None
    )


def at(segment: list[str], place: int) -> str:
    """Return element ``place`` of the segment (0 is its id), "" when it has fewer."""
    return segment[place] if len(segment) > place else ""


def element(segment: list[str], index: int) -> str | None:
    """The element, or None when it is absent or empty."""
    return (segment[index] or None) if len(segment) > index else None


def raw(segment: list[str]) -> RawSegment:
    """The segment to be kept as sent, without empty elements at its end."""
    end = len(segment)
    while end > 1 and not segment[end - 1]:
        end -= 1
    return tuple(segment[:end])


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
