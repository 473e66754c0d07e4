"""What a 270 and a 271 have in common: the levels (HL 20 to 23), their parties, and how they are written.

Source: 005010X279A1, loops 2000A to 2000D and 2100A to 2100D, the same in both directions; 004010X092A1 differs in
codes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from edi.model.eligibility import DatePeriod, Rejection, Trace
from edi.model.party import Address, Person, Provider
from edi.model.remittance import RawSegment, Reference
from edi.transactions.elements import at, parse_date, parse_period, raw
from edi.x12.charset import Cleaner
from edi.x12.envelope_writer import InterchangeHeader

VERSION: Final = "005010X279A1"
SOURCE: Final = "20"
RECEIVER: Final = "21"
SUBSCRIBER: Final = "22"
DEPENDENT: Final = "23"
LEVELS: Final = {SOURCE: "source", RECEIVER: "receiver", SUBSCRIBER: "subscriber", DEPENDENT: "dependent"}
"""HL03 and its name in a Rejection."""
_HOME: Final = ("", "US")
_ROLES: Final = frozenset({"PR", "1P", "IL", "03"})
"""NM101 of the usual party of each level; that of another one is kept."""
_MEMBER: Final = ("", "MI")
_NPI: Final = "XX"


class Level:
    """One HL with what stands on it, while its segments come in. Segments it does not know go to ``kept``."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.nm1: list[str] = []
        self.taxonomy = ""
        self.relationship = ""
        self.traces: list[Trace] = []
        self.references: list[Reference] = []
        self.dates: list[DatePeriod] = []
        self.rejections: list[Rejection] = []
        self.kept: list[RawSegment] = []
        self._address: dict[str, str] = {}
        self._birth_date: date | None = None
        self._sex = ""

    def take(self, segment: list[str]) -> str | None:
        """Take a segment of the level.

        Returns:
            The element that cannot be read (``DTP03``), or None when all is well.
        """
        taker = getattr(self, f"_{segment[0].lower()}", None)
        if taker is None:
            self.kept.append(raw(segment))
            return None
        problem: str | None = taker(segment)
        return problem

    def _nm1(self, segment: list[str]) -> None:
        if self.nm1:
            self.kept.append(raw(segment))
            return
        self.nm1 = segment
        if at(segment, 1) not in _ROLES or (self.code == SUBSCRIBER and at(segment, 8) not in _MEMBER):
            self.kept.append(raw(segment))
            return
        self._keep_beyond(segment, 8 if self.code == DEPENDENT else 9, but=(6,))

    def _n3(self, segment: list[str]) -> None:
        self._address |= {"line_1": at(segment, 1), "line_2": at(segment, 2)}

    def _n4(self, segment: list[str]) -> None:
        names = ("city", "state", "zip", "country")
        self._address |= {name: at(segment, place) for place, name in enumerate(names, 1)}
        self._keep_beyond(segment, 4)

    def _dmg(self, segment: list[str]) -> str | None:
        self._birth_date, self._sex = parse_date(at(segment, 2)), at(segment, 3)
        self._keep_beyond(segment, 3)
        return self._unread(segment, "DMG02") if at(segment, 2) and self._birth_date is None else None

    def _ins(self, segment: list[str]) -> None:
        self.relationship = at(segment, 2)
        self._keep_beyond(segment, 2)

    def _prv(self, segment: list[str]) -> None:
        if at(segment, 2) == "PXC" and not self.taxonomy:
            self.taxonomy = at(segment, 3)
        else:
            self.kept.append(raw(segment))

    def _trn(self, segment: list[str]) -> None:
        self.traces.append((at(segment, 1), at(segment, 2), at(segment, 3)))
        self._keep_beyond(segment, 3)

    def _ref(self, segment: list[str]) -> None:
        self.references.append((at(segment, 1), at(segment, 2)))
        self._keep_beyond(segment, 2)

    def _aaa(self, segment: list[str]) -> None:
        self.rejections.append(rejection(segment, LEVELS.get(self.code, "")))

    def _dtp(self, segment: list[str]) -> str | None:
        found = date_period(segment)
        if found is None:
            return self._unread(segment, "DTP03")
        self.dates.append(found)
        return None

    def _unread(self, segment: list[str], element: str) -> str:
        self.kept.append(raw(segment))
        return element

    def _keep_beyond(self, segment: list[str], last: int, but: tuple[int, ...] = ()) -> None:
        """Keep the whole segment when it has more than the fields take."""
        if any(segment[last + 1 :]) or any(at(segment, place) for place in but):
            self.kept.append(raw(segment))

    # -- what it is in the end -------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """NM109."""
        return at(self.nm1, 9)

    def person(self) -> Person:
        """The level's NM1, N3, N4 and DMG as a person."""
        return Person(
            last_name=at(self.nm1, 3),
            first_name=at(self.nm1, 4),
            middle_name=at(self.nm1, 5),
            suffix=at(self.nm1, 7),
            birth_date=self._birth_date,
            sex=self._sex,
            address=Address(**self._address) if self._address else None,
        )

    def provider(self) -> Provider:
        """The level's NM1 as a provider; an id that is no NPI goes to the references."""
        qualifier = at(self.nm1, 8)
        return Provider(
            is_person=at(self.nm1, 2) == "1",
            last_name=at(self.nm1, 3),
            first_name=at(self.nm1, 4),
            middle_name=at(self.nm1, 5),
            suffix=at(self.nm1, 7),
            npi=self.id if qualifier == _NPI else "",
            taxonomy=self.taxonomy,
            address=Address(**self._address) if self._address else None,
            references=((qualifier, self.id),) if self.id and qualifier != _NPI else (),
        )


def rejection(segment: list[str], level: str) -> Rejection:
    """An AAA as a value."""
    return Rejection(level, at(segment, 3), at(segment, 4), at(segment, 1) == "Y")


def date_period(segment: list[str]) -> DatePeriod | None:
    """A DTP as a value, None when its date cannot be read."""
    qualifier, form, text = at(segment, 1), at(segment, 2), at(segment, 3)
    found = parse_period(form, text)
    if found is None:
        return None
    return DatePeriod(qualifier, found[0], found[1] if form == "RD8" else None)


class LevelWriter:
    """Collects the segments of one 270 or 271 and counts the levels. Everything written through it is clean."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        self.segments: list[list[str]] = []
        self.text = Cleaner(header.delimiters, upper_case=upper_case)
        self.code = Cleaner(header.delimiters, upper_case=False, filler="")
        self._levels = 0

    def add(self, *elements: str) -> None:
        """Append a segment."""
        self.segments.append(list(elements))

    def level(self, code: str, parent: str, *, child: bool) -> str:
        """Begin an HL below another one ("" for the first); its number."""
        self._levels += 1
        self.add("HL", str(self._levels), parent, code, "1" if child else "0")
        return str(self._levels)

    def organization(self, role: str, name: str, qualifier: str, identifier: str) -> None:
        """NM1 of an organisation."""
        self.add("NM1", role, "2", self.text[name], "", "", "", "", *self._id(qualifier, identifier))

    def provider(self, provider: Provider) -> None:
        """2100B: NM1*1P, and what is known beside."""
        qualifier, identifier = (_NPI, provider.npi) if provider.npi else (*provider.references, ("", ""))[0]
        self.add(
            "NM1",
            "1P",
            "1" if provider.is_person else "2",
            *self._names(provider),
            *self._id(qualifier, identifier),
        )
        self._place(provider.address)
        if provider.taxonomy:
            self.add("PRV", "BI", "PXC", self.code[provider.taxonomy])

    def person(self, role: str, person: Person, identifier: str, references: Iterable[Reference]) -> None:
        """2100C or 2100D up to DMG: NM1, REF, N3, N4, DMG."""
        self.add("NM1", role, "1", *self._names(person), *self._id("MI", identifier))
        for kind, value in references:
            self.add("REF", self.code[kind], self.code[value])
        self._place(person.address)
        if person.birth_date is not None:
            self.add("DMG", "D8", eight_digits(person.birth_date), self.code[person.sex])

    def _names(self, person: Person | Provider) -> list[str]:
        text = self.text
        names = (person.last_name, person.first_name, person.middle_name, "", person.suffix)
        return [text[name] if name else "" for name in names]

    def _id(self, qualifier: str, identifier: str) -> tuple[str, ...]:
        return (self.code[qualifier], self.code[identifier]) if identifier else ()

    def _place(self, address: Address | None) -> None:
        if address is None:
            return
        text, code = self.text, self.code
        if address.line_1:
            self.add("N3", text[address.line_1], text[address.line_2] if address.line_2 else "")
        country = "" if address.country in _HOME else code[address.country]
        self.add("N4", text[address.city], code[address.state], code[address.zip], country)

    def dates(self, dates: Iterable[DatePeriod]) -> None:
        """A DTP each."""
        for one in dates:
            form = "D8" if one.last is None else "RD8"
            last = "" if one.last is None else f"-{eight_digits(one.last)}"
            self.add("DTP", self.code[one.qualifier], form, f"{eight_digits(one.first)}{last}")


def eight_digits(day: date) -> str:
    """CCYYMMDD."""
    return day.isoformat().replace("-", "")


def grouped(values: Iterable[Any], key: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Values with one key, in the order in which the keys come first."""
    groups: dict[Any, list[Any]] = {}
    for value in values:
        groups.setdefault(key(value), []).append(value)
    yield from groups.items()
