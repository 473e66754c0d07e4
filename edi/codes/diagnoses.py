"""ICD-10-CM: which diagnoses exist and can be billed, from the data files of the package simple-icd-10-cm.

The package builds a tree of the whole classification when it is imported (1.6 s, 190 MB). Only its two data files are
read here: the list of codes at the first question (25 ms), the tabular list (0.2 s) when a side may be unspecified.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from typing import Final

import msgspec

from edi.codes.values import Release

PACKAGE: Final = "simple-icd-10-cm"
TABLE: Final = "icd10cm"
"""The name of the release among the others."""
LONGEST: Final = 7
PLACEHOLDER: Final = "X"

_CODE: Final = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}")
_LIST: Final = re.compile(r"code-list-([A-Z][a-z]+)-(\d{4})\.txt")
_MONTHS: Final = ("January", "April", "July", "October")
_DESCRIBED: Final = re.compile(r"<name>([A-Z][0-9][0-9A-Z.]*)</name>\s*<desc>([^<]*)</desc>")
_SIDED: Final = re.compile(r"\b(right|left|bilateral)\b")
_WORD: Final = re.compile(r"[a-z]+")
_OPEN: Final = frozenset({"right", "left", "bilateral", "unspecified"})


class Known(msgspec.Struct, frozen=True, gc=False):
    """What a release says of a code.

    ``state`` is billable, header (``meant``: the codes under it), misplaced (a 7th character in the wrong place, or one
    the code does not take; ``meant``: the codes that may be meant) or unknown.
    """

    state: str
    meant: tuple[str, ...] = ()


class Diagnoses:
    """The codes of one ICD-10-CM release.

    Args:
        release: which one, and the dates it was made for.
        codes: gives the list of codes, one a line; headings of chapters and blocks among them are left out.
        tabular: gives the tabular list (XML).
    """

    def __init__(self, release: Release, codes: Callable[[], str], tabular: Callable[[], str]) -> None:
        self.release = release
        self._text = codes
        self._tabular = tabular
        self._answers: dict[str, Known] = {}

    @cached_property
    def _codes(self) -> list[str]:
        return sorted(code for code in self._text().split() if _CODE.fullmatch(code))

    @cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(self._codes)

    @property
    def count(self) -> int:
        """How many codes the release has, headings included."""
        return len(self._codes)

    def known(self, code: str) -> Known:
        """What the release says of a code, written without its dot."""
        found = self._answers.get(code)
        if found is None:
            found = self._answers[code] = self._judged(code)
        return found

    def has_unspecified_side(self, code: str) -> bool:
        """Whether the code leaves the side open although the release has one for right and one for left."""
        return code[: LONGEST - 1] in self._unspecified

    def _judged(self, code: str) -> Known:
        if code in self._all:
            under = tuple(self._under(code))
            return Known("header", under) if under else Known("billable")
        if len(code) == LONGEST:
            meant = tuple(one for one in self._under(code[:-1]) if len(one) == LONGEST)
        else:
            meant = (code[:-1].ljust(LONGEST - 1, PLACEHOLDER) + code[-1:],)
        meant = tuple(one for one in meant if one in self._all)
        return Known("misplaced", meant) if meant else Known("unknown")

    def _under(self, code: str) -> Iterator[str]:
        """The codes right under a code: of those that begin with it, the ones that none between begins."""
        last = ""
        for one in self._codes[bisect_left(self._codes, code) :]:
            if not one.startswith(code):
                return
            if one != code and not (last and one.startswith(last)):
                last = one
                yield one

    @cached_property
    def _unspecified(self) -> frozenset[str]:
        """The codes of up to six characters that leave open a side which their sisters name, in the same words."""
        described = {name.replace(".", ""): text for name, text in _DESCRIBED.findall(self._tabular())}
        found = set()
        for code, text in described.items():
            if "nspecified" not in text or _SIDED.search(text) is not None:
                continue
            sides = {
                side[0]
                for digit in "0123456789"
                if (sister := described.get(code[:-1] + digit)) is not None
                and (side := _SIDED.findall(sister))
                and _unsided(sister) == _unsided(text)
            }
            if {"right", "left"} <= sides:
                found.add(code)
        return frozenset(found)


def _unsided(text: str) -> frozenset[str]:
    """The words of a description without those that say which side."""
    return frozenset(_WORD.findall(text.lower())) - _OPEN


def package_diagnoses() -> Diagnoses:
    """The release that the installed package holds; its files are read when first asked."""
    from importlib.metadata import distribution  # 20 ms that most commands need not spend

    found = distribution(PACKAGE)
    files = {file.name: file for file in found.files or () if "/data/" in str(file)}
    listed = next(name for name in files if _LIST.fullmatch(name))
    tabular = next(name for name in files if name.endswith(".xml"))

    def text(name: str) -> str:
        return files[name].read_text(encoding="utf-8")

    return Diagnoses(release_of(listed, found.version), lambda: text(listed), lambda: text(tabular))


def release_of(file: str, version: str) -> Release:
    """The release that a list of codes is, and the dates of service it was made for.

    Updates come on October 1 and April 1: a release holds until the day before the next.

    Args:
        file: ``code-list-April-2026.txt``.
        version: of the package.
    """
    found = _LIST.fullmatch(file)
    if found is None or found[1] not in _MONTHS:
        return Release(code=TABLE, release=file, valid_from=date.max, source=f"{PACKAGE} {version}")
    month, year = _MONTHS.index(found[1]) * 3 + 1, int(found[2])
    ends = date(year + 1, 3, 31) if month == 10 else date(year, 3, 31) if month == 1 else date(year, 9, 30)
    return Release(
        code=TABLE,
        release=f"{year}-{month:02d}",
        valid_from=date(year, month, 1),
        valid_to=ends,
        name=f"ICD-10-CM of {found[1]} {year}",
        source=f"{PACKAGE} {version}",
    )
