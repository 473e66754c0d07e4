"""Writing a 276 or a 277: levels, parties, references, days and statuses. Source: 005010X212, loops 2000A to 2220E."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TypeAlias

from edi.model.directory import TradingPartner
from edi.model.money import format_amount
from edi.model.party import Person, Provider
from edi.model.remittance import Reference
from edi.model.status import ClaimStatus, StatusCode, StatusLine
from edi.transactions.outgoing import group_header, interchange_header
from edi.transactions.status_levels import DEPENDENT, LINE_NUMBER, NPI, SERVICE_DATE, VERSION
from edi.x12.charset import Cleaner
from edi.x12.envelope_writer import InterchangeHeader, interchange, segments_text, transaction_text

Fill: TypeAlias = Callable[["StatusWriter"], None]
"""Writes what stands between ST and SE of one transaction set."""


def file_of(
    kind: str,
    functional_id: str,
    sets: Sequence[tuple[str, Fill]],
    *,
    partner: TradingPartner,
    interchange_control_number: int,
    group_control_number: int,
    created: datetime,
    upper_case: bool,
) -> bytes:
    """Return an interchange of one group with a transaction set for each ST02 and what fills it.

    Raises:
        UsageError: the trading partner's delimiters or identifiers do not fit an ISA.
    """
    header = interchange_header(partner, interchange_control_number, created)
    group = group_header(partner, functional_id, VERSION, group_control_number)
    texts: list[str] = []
    for number, fill in sets:
        writer = StatusWriter(header, upper_case=upper_case)
        fill(writer)
        texts.append(transaction_text(kind, number, VERSION, segments_text(writer.segments, header), header))
    return interchange(header, [(group, texts)])


class StatusWriter:
    """Collects the segments of one 276 or 277 and counts the levels. Everything written through it is clean."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        self.segments: list[list[str]] = []
        self.text = Cleaner(header.delimiters, upper_case=upper_case)
        self.code = Cleaner(header.delimiters, upper_case=False, filler="")
        self._component = header.delimiters.component
        self._levels = 0

    def add(self, *elements: str) -> None:
        """Append a segment."""
        self.segments.append(list(elements))

    def level(self, code: str, parent: str, *, child: bool) -> str:
        """Begin an HL below another one ("" for the first); its number. A dependent has no HL04."""
        self._levels += 1
        self.add(
            "HL", str(self._levels), parent, code, *([] if code == DEPENDENT else ["1" if child else "0"])
        )
        return str(self._levels)

    def organization(self, role: str, name: str, qualifier: str, identifier: str) -> None:
        """NM1 of an organisation."""
        self.add(
            "NM1", role, "2", self.text[name], "", "", "", "", self.code[qualifier], self.code[identifier]
        )

    def provider(self, provider: Provider) -> None:
        """NM1*1P."""
        qualifier, identifier = (NPI, provider.npi) if provider.npi else (*provider.references, ("", ""))[0]
        self.add(
            "NM1",
            "1P",
            "1" if provider.is_person else "2",
            *self._names(provider),
            self.code[qualifier],
            self.code[identifier],
        )

    def person(self, role: str, person: Person, identifier: str) -> None:
        """NM1 of a subscriber or patient."""
        member = ("MI", self.code[identifier]) if identifier else ()
        self.add("NM1", role, "1", *self._names(person), *member)

    def references(self, *references: Reference) -> None:
        """A REF for each that has a value."""
        for kind, value in references:
            if value:
                self.add("REF", self.code[kind], self.code[value])

    def period(self, first: date | None, last: date | None) -> None:
        """DTP*472 where the days are known."""
        if first is None:
            return
        if last is None or last == first:
            self.add("DTP", SERVICE_DATE, "D8", f"{first:%Y%m%d}")
        else:
            self.add("DTP", SERVICE_DATE, "RD8", f"{first:%Y%m%d}-{last:%Y%m%d}")

    def charge(self, cents: int | None) -> None:
        """AMT*T3 where the charge is known."""
        if cents is not None:
            self.add("AMT", "T3", format_amount(cents))

    def line(self, line: StatusLine) -> None:
        """2210 or 2220: SVC and what stands below it."""
        procedure = line.procedure
        parts = [self.code[one] for one in (procedure.qualifier, procedure.code, *procedure.modifiers)]
        self.add(
            "SVC",
            self._component.join(parts),
            _amount(line.charge),
            _amount(line.paid),
            self.code[line.revenue_code],
            "",
            "",
            line.units,
        )
        for status in line.statuses:
            self.status(status)
        self.references((LINE_NUMBER, line.line_control_number))
        self.period(line.date_from, line.date_to)

    def status(self, status: ClaimStatus) -> None:
        """STC."""
        first, second, third = [*(self._composite(code) for code in status.codes), "", "", ""][:3]
        self.add(
            "STC",
            first,
            _day(status.effective_on),
            self.code[status.action],
            _amount(status.charge),
            _amount(status.paid),
            _day(status.finalized_on),
            self.code[status.method],
            _day(status.remitted_on),
            self.code[status.check_number],
            second,
            third,
            self.text[status.message] if status.message else "",
        )

    def _composite(self, code: StatusCode) -> str:
        parts = [self.code[one] for one in (code.category, code.status, code.entity, code.code_list)]
        return self._component.join(parts).rstrip(self._component)

    def _names(self, one: Person | Provider) -> list[str]:
        names = (one.last_name, one.first_name, one.middle_name, "", one.suffix)
        return [self.text[name] if name else "" for name in names]


def _amount(cents: int | None) -> str:
    return "" if cents is None else format_amount(cents)


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%Y%m%d}"
