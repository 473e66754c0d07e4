"""Look-ups by code and date over ``tables/*.csv`` and what an installation loaded: read when first asked, kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import cache, cached_property
from typing import Final, TypeVar

import msgspec

from edi.codes.diagnoses import Diagnoses, package_diagnoses
from edi.codes.editions import NOTHING_INSTALLED, Installed, Pairs, installed_pairs, shipped_pairs
from edi.codes.lookup.reading import Releases, package_text
from edi.codes.spelling import nearest
from edi.codes.values import (
    Carc,
    Category,
    Combo,
    DiagnosisDates,
    DiagnosisStanding,
    Family,
    KxThreshold,
    ListedCode,
    ModifierCode,
    Mue,
    ProcedureCode,
    PtpEdit,
    Rarc,
    Release,
    SetCode,
    Standing,
)

FILES: Final = (
    "carc", "carc_rarc", "categories", "code_sets", "diagnoses", "families", "kx", "modifiers",
    "mue", "procedures", "ptp", "rarc", "releases",
)  # fmt: skip

PROCEDURE_FORMAT: Final = re.compile(r"\d{5}|\d{4}[FTUM]|[A-V]\d{4}")
"""CPT category I, II, III and PLA, and HCPCS level II; source: claim_format_eligibility_rules.md."""

UNCLASSIFIED: Final = "unclassified"
"""The category of a code that a list names and nobody has judged yet."""
NOT_JUDGED: Final = "listed by X12, not classified here yet"


class Tables(Releases):
    """All code tables of an installation. A value: two with the same text answer the same.

    Args:
        read: gives a table's CSV text by its name (``ptp``); the default reads the tables that are shipped.
        installed: what the installation loaded from official files; it stands beside the shipped, release by release.
    """

    def __init__(
        self, read: Callable[[str], str] = package_text, installed: Installed = NOTHING_INSTALLED
    ) -> None:
        super().__init__(read, installed)
        self._pairs: dict[str, Pairs] = {}
        self._limits: dict[str, Mapping[str, Mue]] = {}
        self._diagnosed: dict[str, DiagnosisStanding] = {}

    @cached_property
    def version(self) -> str:
        """Names what is in force, for decisions to store: the newest release and a digest of all tables."""
        digest = hashlib.sha256()
        for name in FILES:
            digest.update(self._read(name).encode())
        for one in sorted(one.digest for one in self.installed.editions):
            digest.update(one.encode())
        digest.update(self.diagnoses.release.release.encode())
        newest = max(release.release for release in self.releases.values())
        return f"{newest}+{digest.hexdigest()[:12]}"

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

    def counts_by_quarter_hour(self, code: str) -> bool:
        """Whether a unit of the code is 15 one-on-one minutes that pool with other codes; not when it is unknown."""
        found = self.procedures.get(code)
        return found is not None and found.counts_by_quarter_hour

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

    def pairs(self, release: Release) -> Pairs:
        """The NCCI pairs of one of the releases in ``editions["ptp"]``."""
        found = self._pairs.get(release.release)
        if found is None:
            parts = self._parts(release)
            found = (
                installed_pairs(parts, self.installed.read)
                if parts
                else shipped_pairs(lambda: self.rows("ptp", PtpEdit), release)
            )
            self._pairs[release.release] = found
        return found

    def ptp(self, column_1: str, column_2: str, day: date) -> PtpEdit | None:
        """The NCCI pair in that order that stands on the day, by the release that answers for it, or None.

        Begin dates are not in the shipped release, so there an edit counts as standing on every day before its
        deletion; ``covers("ptp", day)`` tells whether the release was made for the day.
        """
        for row in self.pairs(self.release_on("ptp", day)).of(column_1, column_2):
            if row.holds_on(day):
                return row
        return None

    def pair(self, code: str, other: str, day: date) -> PtpEdit | None:
        """The NCCI pair of two codes whichever is column 1, or None."""
        return self.ptp(code, other, day) or self.ptp(other, code, day)

    def limits(self, release: Release) -> Mapping[str, Mue]:
        """The units-a-day limits of one of the releases in ``editions["mue"]``, by code."""
        found = self._limits.get(release.release)
        if found is None:
            parts = self._parts(release)
            text = self.installed.read(parts[0].data, "") if parts else self._read("mue")
            found = self._limits[release.release] = {row.code: row for row in self._converted(text, Mue)}
        return found

    def mue(self, code: str, day: date | None = None) -> Mue | None:
        """The code's units-a-day limit by the release that answers for the day (the newest without one), or None."""
        release = self.releases["mue"] if day is None else self.release_on("mue", day)
        return self.limits(release).get(code)

    @cached_property
    def _kx(self) -> Mapping[str, KxThreshold]:
        return {row.code: row for row in self.rows("kx", KxThreshold)}

    def kx(self, year: int) -> KxThreshold | None:
        """Medicare's therapy threshold of a calendar year, or None when the table does not have it."""
        return self._kx.get(str(year))

    # -- diagnoses -----------------------------------------------------------------------------------------------

    @cached_property
    def diagnoses(self) -> Diagnoses:
        """The codes of the ICD-10-CM release that is installed."""
        return package_diagnoses()

    @cached_property
    def _own_diagnoses(self) -> Mapping[str, DiagnosisDates]:
        return {row.code: row for row in self.rows("diagnoses", DiagnosisDates)}

    def diagnosis(self, code: str, day: date) -> DiagnosisStanding:
        """What is known of a diagnosis (ICD-10-CM, no dot) on a date of service; our own dates come first."""
        own = self._own_diagnoses.get(code)
        if own is not None:
            if own.holds_on(day):
                return DiagnosisStanding("billable")
            return DiagnosisStanding("ended", own.successors, own.valid_to)
        found = self._diagnosed.get(code)
        if found is None:
            known = self.diagnoses.known(code)
            found = self._diagnosed[code] = DiagnosisStanding(known.state, known.meant)
        return found

    # -- adjustment and remark codes -----------------------------------------------------------------------------

    @cached_property
    def carcs(self) -> Mapping[str, Carc]:
        """Every CARC, deactivated ones included. Dates are those of the newest list; one it adds is unclassified."""
        found = {row.code: row for row in self.rows("carc", Carc)}
        for listed in self._listed("carc"):
            known = found.get(listed.code) or Carc(
                code=listed.code,
                label=NOT_JUDGED,
                category=UNCLASSIFIED,
                posting_class="denial",
                default_action="review_unknown_code",
            )
            found[listed.code] = _redated(known, listed)
        return found

    @cached_property
    def rarcs(self) -> Mapping[str, Rarc]:
        """Every RARC. Dates are those of the newest list; one it adds is unclassified and changes no category."""
        found = {row.code: row for row in self.rows("rarc", Rarc)}
        for listed in self._listed("rarc"):
            known = found.get(listed.code) or Rarc(
                code=listed.code, label=NOT_JUDGED, category=UNCLASSIFIED, effect="none"
            )
            found[listed.code] = _redated(known, listed)
        return found

    def _listed(self, table: str) -> Iterator[ListedCode]:
        """The rows of the newest installed list of codes, none when there is none."""
        for part in self._parts(self.releases[table]) if self.installed.editions else ():
            yield from self._converted(self.installed.read(part.data, ""), ListedCode)

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

    def combo(self, group: str, carc: str, rarcs: Collection[str], day: date | None = None) -> Combo | None:
        """The most specific combination whose remarks are all among ``rarcs``, in force on that day if given."""
        given = frozenset(rarcs)
        for row in self.combos(group, carc):
            if row.rarcs <= given and (day is None or row.holds_on(day)):
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


Listed = TypeVar("Listed", Carc, Rarc)


def _redated(row: Listed, listed: ListedCode) -> Listed:
    """The row with the dates of a newer list; a date that the list leaves out stays."""
    return msgspec.structs.replace(
        row,
        valid_from=listed.valid_from or row.valid_from,
        valid_to=listed.valid_to or row.valid_to,
        last_modified=listed.last_modified or row.last_modified,
        source=listed.source,
    )


@cache
def load_tables() -> Tables:
    """The tables that are shipped; the same value at every call. ``cli.jobs.tables`` gives an installation's."""
    return Tables()
