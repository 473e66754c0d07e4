"""Which release a file holds, by its name: CMS says it nowhere inside.

Sources: file names as CMS publishes them: ``ccipra-v322r0-f1.txt`` (version 32.2, revision 0, part 1),
``medicare-ncci-2026q2-practitioner-ptp-edits-ccipra-v321r0-f1.zip``,
``MCR_MUE_PractitionerServices_Eff_01-01-2026.csv``.
Version 30.2 is the third quarter of 2024: the major number counts years from 1994, the minor one quarters from 0.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Final

import msgspec

_VERSION: Final = re.compile(r"(?<![a-z0-9])v(\d{2})([0-3])r(\d)(?!\d)")
_QUARTER: Final = re.compile(r"(20\d{2})[-_ ]?q([1-4])(?!\d)")
_EFFECTIVE: Final = re.compile(r"eff[-_ ]*(\d{2})[-_](\d{2})[-_](20\d{2})")
_DAY: Final = re.compile(r"(20\d{2})-(\d{2})-(\d{2})")
_PART: Final = re.compile(r"(?:(?<![a-z0-9])f|(?<![a-z])part[-_ ]*)([1-9])(?![0-9])")
_FIRST_YEAR: Final = 1994
_OTHERS: Final = {
    "ccioph": "the edits of outpatient hospitals",
    "hospital": "the edits of outpatient hospitals",
    "medicaid": "the edits of Medicaid",
    "mcd": "the edits of Medicaid",
    "additions": "a list of changes only",
}
"""Parts of the names of files that look like the practitioner tables of Medicare and are not."""


class FileRelease(msgspec.Struct, frozen=True, gc=False):
    """What a name says of a release. ``part`` is 0 where the release is not published in parts."""

    release: str
    valid_from: date
    valid_to: date | None
    part: int = 0


def release_of_name(*names: str) -> FileRelease | None:
    """The quarter and part that the first telling one of some file names stands for, or None.

    Args:
        names: of the file, then of the archive it lies in.
    """
    part = part_of_name(*names)
    for name in names:
        quarter = _quarter(name.lower())
        if quarter is not None:
            return _quarter_release(*quarter, part)
    return None


def part_of_name(*names: str) -> int:
    """The part of a PTP release that the first telling one of some file names stands for (``-f1``, ``part 1``), or 0.

    Args:
        names: of the file, then of the archive it lies in.
    """
    return next((int(found[1]) for name in names if (found := _PART.search(name.lower()))), 0)


def unfit(*names: str) -> str:
    """What a file is by its names, if it has the layout of a table that is loaded here and is another; "" if it is fit.

    Args:
        names: of the file, and of the archive it lies in.
    """
    for name in names:
        for part, what in _OTHERS.items():
            if part in name.lower():
                return what
    return ""


def release_of_text(text: str) -> FileRelease | None:
    """The release that a person names: a quarter like ``2026Q4``, or the day of a list (``2026-11-01``); else None."""
    quarter = _QUARTER.fullmatch(text.lower())
    if quarter is not None:
        return _quarter_release(int(quarter[1]), int(quarter[2]), 0)
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return FileRelease(text, date.fromisoformat(text), None)
    except ValueError:
        return None


def _quarter(name: str) -> tuple[int, int] | None:
    """Year and quarter that a lower-case name holds."""
    version = _VERSION.search(name)
    if version is not None:
        return _FIRST_YEAR + int(version[1]), int(version[2]) + 1
    named = _QUARTER.search(name)
    if named is not None:
        return int(named[1]), int(named[2])
    effective = _EFFECTIVE.search(name)
    if effective is not None and 1 <= int(effective[1]) <= 12:
        return int(effective[3]), (int(effective[1]) + 2) // 3
    return None


def _quarter_release(year: int, quarter: int, part: int) -> FileRelease:
    last = quarter * 3
    return FileRelease(
        f"{year}Q{quarter}", date(year, last - 2, 1), date(year, last, monthrange(year, last)[1]), part
    )
