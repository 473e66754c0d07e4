"""Look-ups by code and date over ``tables/*.csv``: read when first asked, kept, never changed."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import cache, cached_property
from importlib import resources
from typing import Final, TypeVar

import msgspec

from edi.codes.spelling import nearest
from edi.codes.values import (
    Carc,
    Category,
    Combo,
    Dated,
    Family,
    ModifierCode,
    Mue,
    ProcedureCode,
    PtpEdit,
    Rarc,
    Release,
    SetCode,
    Standing,
)

Row = TypeVar("Row", bound=Dated)

FILES: Final = (
    "carc", "carc_rarc", "categories", "code_sets", "families", "modifiers",
    "mue", "procedures", "ptp", "rarc", "releases",
)  # fmt: skip

PROCEDURE_FORMAT: Final = re.compile(r"\d{5}|\d{4}[FTUM]|[A-V]\d{4}")
"""CPT category I, II, III and PLA, and HCPCS level II; source: claim_format_eligibility_rules.md."""

LISTS: Final = {"add_on_to": "|", "successors": "|", "rarcs": "+"}
"""Columns that hold several codes, and what stands between them."""


def _package_text(name: str) -> str:
    return resources.files("edi.codes").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")


class Tables:
    """All code tables of one edition. A value: two with the same text answer the same.

    Args:
        read: gives a table's CSV text by its name (``ptp``); the default reads the tables that are shipped.
    """

    def __init__(self, read: Callable[[str], str] = _package_text) -> None:
        self._read = read

    def rows(self, name: str, kind: type[Row]) -> Iterator[Row]:
        """The rows of a table as values of ``kind``.

        Raises:
            msgspec.ValidationError: a row does not fit; the tables are shipped, so a fault of the installation.
        """
        for row in csv.DictReader(self._read(name).splitlines()):
            filled = {
                column: text.split(LISTS[column]) if column in LISTS else text
                for column, text in row.items()
                if text
            }
            yield msgspec.convert(filled, kind, strict=False)

    # -- editions ------------------------------------------------------------------------------------------------

    @cached_property
    def version(self) -> str:
        """Names this edition, for decisions to store: the newest release and a digest of all tables."""
        digest = hashlib.sha256()
        for name in FILES:
            digest.update(self._read(name).encode())
        newest = max(release.release for release in self.releases.values())
        return f"{newest}+{digest.hexdigest()[:12]}"

    @cached_property
    def releases(self) -> Mapping[str, Release]:
        """The edition of each table, by name: procedures, mpfs, ptp, mue, carc, rarc."""
        return {row.code: row for row in self.rows("releases", Release)}

    def covers(self, table: str, day: date) -> bool:
        """Whether the loaded edition of a table was made for that date of service."""
        return self.releases[table].holds_on(day)

    # -- procedures ----------------------------------------------------------------------------------------------

    @cached_property
    def procedures(self) -> Mapping[str, ProcedureCode]:
        """Every procedure code the table knows, whatever its dates."""
        return {row.code: row for row in self.rows("procedures", ProcedureCode)}

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The ranges of procedure codes that the table holds completely."""
        return tuple(self.rows("families", Family))

    def procedure(self, code: str) -> ProcedureCode | None:
        """The code's row whatever the date, or None."""
        return self.procedures.get(code)

    def procedure_on(self, code: str, day: date) -> ProcedureCode | None:
        """The code's row if it was valid on that date of service, else None."""
        found = self.procedures.get(code)
        return found if found is not None and found.holds_on(day) else None

    def is_timed(self, code: str) -> bool:
        """Whether units of the code come from minutes. A code that is not in the table is not."""
        found = self.procedures.get(code)
        return found is not None and found.time_basis != "untimed"

    def standing(self, code: str, day: date) -> Standing:
        """What is known of a procedure code on a date of service."""
        found = self.procedures.get(code)
        if found is not None:
            if found.holds_on(day):
                return Standing("valid", found)
            begun = found.valid_from is None or found.valid_from <= day
            return Standing("ended" if begun else "not_begun", found)
        if not PROCEDURE_FORMAT.fullmatch(code):
            return Standing("malformed")
        complete = any(
            family.code <= code <= family.last and family.holds_on(day) for family in self.families
        )
        return Standing("unknown" if complete else "unchecked")

    def similar_procedures(self, text: str, day: date) -> tuple[str, ...]:
        """Up to three codes valid on that day that a slip of the finger may have meant, nearest first."""
        return nearest(text, [code for code, row in self.procedures.items() if row.holds_on(day)])

    def successors(self, code: str, day: date) -> tuple[str, ...]:
        """The codes that stand in for this one on that day, each known to be valid then."""
        found = self.procedures.get(code)
        listed = found.successors if found is not None else ()
        return tuple(one for one in listed if self.procedure_on(one, day) is not None)

    # -- modifiers and edits -------------------------------------------------------------------------------------

    @cached_property
    def modifiers(self) -> Mapping[str, ModifierCode]:
        """Modifiers that therapy meets; the table is not complete."""
        return {row.code: row for row in self.rows("modifiers", ModifierCode)}

    def modifier(self, code: str) -> ModifierCode | None:
        """The modifier's row whatever the date, or None when the table does not have it."""
        return self.modifiers.get(code)

    @cached_property
    def _pairs(self) -> Mapping[tuple[str, str], tuple[PtpEdit, ...]]:
        found: dict[tuple[str, str], list[PtpEdit]] = {}
        for row in self.rows("ptp", PtpEdit):
            found.setdefault((row.code, row.column_2), []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: row.valid_to or date.max)
        return {pair: tuple(rows) for pair, rows in found.items()}

    def ptp(self, column_1: str, column_2: str, day: date) -> PtpEdit | None:
        """The NCCI pair in that order that stands on the day, or None.

        Begin dates are not in the source, so an edit counts as standing on every day before its deletion;
        ``covers("ptp", day)`` tells whether the loaded quarter was made for the day.
        """
        for row in self._pairs.get((column_1, column_2), ()):
            if row.holds_on(day):
                return row
        return None

    def pair(self, code: str, other: str, day: date) -> PtpEdit | None:
        """The NCCI pair of two codes whichever is column 1, or None."""
        return self.ptp(code, other, day) or self.ptp(other, code, day)

    @cached_property
    def _mue(self) -> Mapping[str, Mue]:
        return {row.code: row for row in self.rows("mue", Mue)}

    def mue(self, code: str) -> Mue | None:
        """The code's units-a-day limit in the loaded quarter, or None."""
        return self._mue.get(code)

    # -- adjustment and remark codes -----------------------------------------------------------------------------

    @cached_property
    def carcs(self) -> Mapping[str, Carc]:
        """Every CARC, deactivated ones included."""
        return {row.code: row for row in self.rows("carc", Carc)}

    @cached_property
    def rarcs(self) -> Mapping[str, Rarc]:
        """Every RARC."""
        return {row.code: row for row in self.rows("rarc", Rarc)}

    def carc(self, code: str) -> Carc | None:
        """The CARC, or None: unclassified, and to be shown as such."""
        return self.carcs.get(code)

    def rarc(self, code: str) -> Rarc | None:
        """The RARC, or None."""
        return self.rarcs.get(code)

    @cached_property
    def _combos(self) -> Mapping[tuple[str, str], tuple[Combo, ...]]:
        found: dict[tuple[str, str], list[Combo]] = {}
        for row in self.rows("carc_rarc", Combo):
            found.setdefault((row.group, row.code), []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: -len(row.rarcs))  # stable: the first of the file wins among equals
        return {key: tuple(rows) for key, rows in found.items()}

    def combos(self, group: str, carc: str) -> tuple[Combo, ...]:
        """All combinations listed for a group code and CARC, the most specific first."""
        return self._combos.get((group, carc), ())

    def combo(self, group: str, carc: str, rarcs: Collection[str]) -> Combo | None:
        """The most specific combination whose remarks are all among ``rarcs``, or None."""
        given = frozenset(rarcs)
        for row in self.combos(group, carc):
            if row.rarcs <= given:
                return row
        return None

    @cached_property
    def categories(self) -> Mapping[str, Category]:
        """The denial categories that the tables use."""
        return {row.code: row for row in self.rows("categories", Category)}

    # -- small sets ----------------------------------------------------------------------------------------------

    @cached_property
    def _sets(self) -> Mapping[str, Mapping[str, SetCode]]:
        found: dict[str, dict[str, SetCode]] = {}
        for row in self.rows("code_sets", SetCode):
            for name in row.set.split("/"):
                found.setdefault(name, {})[row.code] = row
        return found

    def code_set(self, name: str) -> Mapping[str, SetCode]:
        """The codes of a small set (``CLP02``, ``SBR09``, ``CLP06``, ``PLB``, ``POS``, ``TAX``, ``277CA`` …).

        Raises:
            KeyError: there is no set of that name.
        """
        return self._sets[name]


@cache
def load_tables() -> Tables:
    """The tables that are shipped; the same value at every call."""
    return Tables()
