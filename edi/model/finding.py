"""A problem in data is a Finding: a value with a code, a place and a fix; never an exception."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

LONGEST_SHOWN: Final = 60
"""Characters of a name or value of somebody's file that a Finding shows."""


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """A text of somebody's file as a Finding shows it: its first characters where it has more than ``most``."""
    return text if len(text) <= most else f"{text[:most]} …"


class Severity(StrEnum):
    """How much a Finding weighs: an error holds the claim or payment, a warning and an info do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Location(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where a problem is. Holds only things that may be logged: never a name, member id or birth date.

    Attributes:
        file: file name as given by the caller.
        row: 1-based row of a table, header included.
        field: column name, settings key or domain field (``coverage.member_id``).
        segment: 1-based ordinal of the segment inside its transaction set (ST is 1); inside the file when outside one.
        element: X12 reference of the element (``CLP04``).
        transaction: ST02 of the transaction set.
        claim: patient control number (CLM01, CLP01).
        line: service line: line control number or LX.
        session: the line_id of the session line. visit: its visit_id.
    """

    file: str | None = None
    row: int | None = None
    field: str | None = None
    segment: int | None = None
    element: str | None = None
    transaction: str | None = None
    claim: str | None = None
    line: str | None = None
    session: str | None = None
    visit: str | None = None


NOWHERE = Location()


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One problem in data.

    Attributes:
        code: stable code of the rule or check (``UNT003``, ``BAL001``, ``ENV002``).
        severity: error, warning or info.
        message: what is wrong, in one sentence without PHI.
        location: where.
        fix: what to do about it, or "".
        why: why a payer minds, or "".
        carc: the CARC it would have come back as, or None.
    """

    code: str
    severity: Severity
    message: str
    location: Location = NOWHERE
    fix: str = ""
    why: str = ""
    carc: str | None = None
