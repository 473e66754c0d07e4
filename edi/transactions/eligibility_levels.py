"""What a 270 and a 271 have in common: the levels (HL 20 to 23), their parties, and how they are written.

Source: 005010X279A1, loops 2000A to 2000D and 2100A to 2100D, the same in both directions; 004010X092A1 differs in
codes alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from edi.model.eligibility import DatePeriod, Rejection, Trace
from edi.model.party import Address, Person, Provider
from edi.model.remittance import Reference
from edi.transactions.elements import at, parse_date, parse_period, raw
from edi.transactions.levels import (
    DEPENDENT,
    RECEIVER,
    SOURCE,
    SUBSCRIBER,
    Party,
    PartyWriter,
    eight_digits,
)

VERSION: Final = "005010X279A1"
LEVELS: Final = {SOURCE: "source", RECEIVER: "receiver", SUBSCRIBER: "subscriber", DEPENDENT: "dependent"}
"""HL03 and its name in a Rejection."""
_HOME: Final = ("", "US")
_ROLES: Final = frozenset({"PR", "1P", "IL", "03"})
"""NM101 of the usual party of each level; that of another one is kept."""
_MEMBER: Final = ("", "MI")
_TAKEN: Final = frozenset({"nm1", "n3", "n4", "dmg", "ins", "prv", "trn", "ref", "aaa", "dtp"})
"""The segments of which something goes into a field."""


class Level(Party):
    """One HL with what stands on it, while its segments come in. Segments it does not know go to ``kept``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.relationship = ""
        self.traces: list[Trace] = []
        self.references: list[Reference] = []
        self.dates: list[DatePeriod] = []
        self.rejections: list[Rejection] = []

    def take(self, segment: list[str]) -> str | None:
        """Take a segment of the level.

        Returns:
            The element that cannot be read (``DTP03``), or None when all is well.
        """
        name = segment[0].lower()
        if name not in _TAKEN:
            self.kept.append(raw(segment))
            return None
        problem: str | None = getattr(self, f"_{name}")(segment)
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
        self._place(line_1=at(segment, 1), line_2=at(segment, 2))

    def _n4(self, segment: list[str]) -> None:
        city, state, postal, country = (at(segment, place) for place in range(1, 5))
        self._place(city=city, state=state, zip=postal, country=country)
        self._keep_beyond(segment, 4)

    def _place(self, **parts: str) -> None:
        self.address = msgspec.structs.replace(self.address or Address(), **parts)

    def _dmg(self, segment: list[str]) -> str | None:
        self.birth_date, self.sex = parse_date(at(segment, 2)), at(segment, 3)
        self._keep_beyond(segment, 3)
        return self._unread(segment, "DMG02") if at(segment, 2) and self.birth_date is None else None

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


class LevelWriter(PartyWriter):
    """Writes what stands on the levels of a 270 or 271."""

    def provider(self, provider: Provider) -> None:
        """2100B: NM1*1P, and what is known beside."""
        super().provider(provider)
        self._place(provider.address)
        if provider.taxonomy:
            self.add("PRV", "BI", "PXC", self.code[provider.taxonomy])

    def patient(self, role: str, person: Person, identifier: str, references: Iterable[Reference]) -> None:
        """2100C or 2100D up to DMG: NM1, REF, N3, N4, DMG."""
        self.person(role, person, identifier)
        for kind, value in references:
            self.add("REF", self.code[kind], self.code[value])
        self._place(person.address)
        if person.birth_date is not None:
            self.add("DMG", "D8", eight_digits(person.birth_date), self.code[person.sex])

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
