"""270, eligibility inquiry (005010X279A1): is a patient's coverage in force, and what is left of it. Both directions.

One transaction set asks one payer about many patients: payer (20), practice (21), a subscriber each (22), a dependent
below him where the patient is one (23). pyx12 has no 5010 map for it; what we write is checked by ``problems`` and by
reading it back. Source: 005010X279A1; facts/claim_format_eligibility_rules.md, Eligibility and Charset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, Unpack

import msgspec

from edi.model.eligibility import DatePeriod, EligibilityInquiry
from edi.model.finding import Finding, Location, Severity
from edi.model.party import Person
from edi.model.remittance import RawSegment
from edi.transactions.elements import at, never_silent, raw
from edi.transactions.eligibility_levels import VERSION, Level, LevelWriter
from edi.transactions.levels import (
    DEPENDENT,
    RECEIVER,
    SEXES,
    SOURCE,
    SUBSCRIBER,
    Interchange,
    SetReader,
    eight_digits,
    file_of,
    grouped,
    payer_of,
    sets_of,
)
from edi.x12.charset import unspellable
from edi.x12.envelope import TransactionSet

KIND: Final = "270"
MOST_PATIENTS: Final = 99
"""Patients in one transaction set: what the guide advises for batches (from memory)."""
_SERVICE_DATE: Final = "291"
_GROUP_NUMBER: Final = "6P"


def problems(inquiry: EligibilityInquiry) -> Iterator[Finding]:
    """Why an inquiry cannot be asked: ELI001 for each field that is missing, SUB020 for a name with lost letters.

    A payer searches by member id, name and birth date; with the id, the subscriber's may be missing, without it none.
    The fields are named as in the records; the location has nothing else.
    """
    person, asked = inquiry.patient_person, inquiry.subscriber
    needed: dict[str, object] = {
        "payer.eligibility_id": inquiry.payer_id,
        "practice.npi": inquiry.provider.npi,
        "last_name": person.last_name,
        "birth_date": person.birth_date,
        "member_id": inquiry.member_id or (asked.last_name and asked.first_name and asked.birth_date),
        "relationship": inquiry.patient is None or inquiry.relationship,
    }
    for field, value in needed.items():
        if not value:
            yield Finding(
                code="ELI001",
                severity=Severity.WARNING,
                message=f"the payer cannot be asked about a coverage: {field} is missing",
                location=Location(field=field),
                fix="Fill it in and ask again; until then nothing confirms the coverage.",
            )
    for prefix, each in (("subscriber_", asked), ("", person)):
        if inquiry.patient is None and prefix:
            continue
        for field in ("last_name", "first_name", "middle_name", "suffix"):
            if unspellable(getattr(each, field)):
                yield Finding(
                    code="SUB020",
                    severity=Severity.WARNING,
                    message=f"{prefix}{field} has a letter that the X12 character set cannot spell; it is not asked",
                    location=Location(field=f"{prefix}{field}"),
                    fix="Write it in Latin letters, as it stands on the member card.",
                )


# -- writing -----------------------------------------------------------------------------------------------------------


def plan_sets(inquiries: Iterable[EligibilityInquiry]) -> list[list[EligibilityInquiry]]:
    """Divide the inquiries of one file into transaction sets: one payer each, ``MOST_PATIENTS`` at most."""
    return sets_of(inquiries, lambda one: (one.payer_id, one.payer_name), MOST_PATIENTS)


def write(
    transactions: Sequence[tuple[str, Sequence[EligibilityInquiry]]], **interchange: Unpack[Interchange]
) -> bytes:
    """Write one interchange of one group; as ``levels.file_of``.

    Args:
        transactions: each ST02 (allocated) with its inquiries, of which ``problems`` says nothing.
        interchange: what stands around them.
    """
    return file_of((KIND, "HS", VERSION), _Writer, _fill, transactions, **interchange)


def _fill(
    writer: _Writer, reference: str, created: datetime, inquiries: Iterable[EligibilityInquiry]
) -> None:
    """What stands between ST and SE."""
    writer.add("BHT", "0022", "13", reference, f"{created:%Y%m%d}", f"{created:%H%M}")
    for payer, asked in grouped(inquiries, payer_of):
        writer.payer(payer, asked)


class _Writer(LevelWriter):
    """The segments of one 270."""

    def payer(self, payer: tuple[str, str, str], inquiries: Iterable[EligibilityInquiry]) -> None:
        """2000A and all below it."""
        name, qualifier, identifier = payer
        source = self.level(SOURCE, "", child=True)
        self.organization("PR", name, qualifier, identifier)
        for provider, asked in grouped(inquiries, lambda one: one.provider):
            receiver = self.level(RECEIVER, source, child=True)
            self.provider(provider)
            for inquiry in asked:
                self._subscriber(receiver, inquiry)

    def _subscriber(self, receiver: str, inquiry: EligibilityInquiry) -> None:
        """2000C, and 2000D when the patient is a dependent; trace, dates and EQ stand with the patient."""
        patient = inquiry.patient
        own = self.level(SUBSCRIBER, receiver, child=patient is not None)
        group = ((_GROUP_NUMBER, inquiry.group_number),) if inquiry.group_number else ()
        if patient is None:
            self._trace(inquiry)
        self.patient("IL", _known(inquiry.subscriber), inquiry.member_id, group)
        if patient is not None:
            self.level(DEPENDENT, own, child=False)
            self._trace(inquiry)
            self.patient("03", _known(patient), "", ())
            self.add("INS", "N", self.code[inquiry.relationship])
        if inquiry.date_from is not None:
            last = inquiry.date_to if inquiry.date_to != inquiry.date_from else None
            self.dates((DatePeriod(_SERVICE_DATE, inquiry.date_from, last),))
        for kind in inquiry.service_types:
            self.add("EQ", self.code[kind])

    def _trace(self, inquiry: EligibilityInquiry) -> None:
        self.add("TRN", "1", self.code[inquiry.trace_number], self.code[inquiry.trace_assigner])


def _known(person: Person) -> Person:
    """The person as the payer is to search him: without an address, and without a sex that the 270 does not know."""
    return msgspec.structs.replace(person, address=None, sex=person.sex if person.sex in SEXES else "")


# -- reading -----------------------------------------------------------------------------------------------------------


@never_silent
def read(ts: TransactionSet) -> Iterator[EligibilityInquiry | Finding]:
    """Read one 270: each patient asked about, in the file's order.

    Yields:
        Inquiries; their own keys (practice, patient, payer) are "". Finding SUB005 for a date that cannot be read.
    """
    reader = _Reader(ts)
    for number, segment in enumerate(ts.segments, 1):
        yield from reader.take(number, segment)


class _Reader(SetReader):
    """The levels that are open, and what is asked on the lowest one."""

    def __init__(self, ts: TransactionSet) -> None:
        super().__init__(ts)
        self._repetition = ts.delimiters.repetition
        self._levels: dict[str, Level] = {}
        self._level: Level | None = None
        self._asked: list[str] = []

    def take(self, number: int, segment: list[str]) -> Iterator[EligibilityInquiry | Finding]:
        """Take the next segment; yield the inquiry it completes, or what is wrong with it."""
        name = segment[0]
        if name in ("HL", "SE"):
            yield from self._flush()
            if name == "HL":
                self._begin(at(segment, 3))
        elif name in ("ST", "BHT"):
            return
        elif self._level is None:
            yield self.finding("ELI005", number, "a segment stands outside any level and is not read", name)
        elif name == "EQ":
            kinds = at(segment, 1).split(self._repetition) if self._repetition else [at(segment, 1)]
            self._asked += kinds
            if any(segment[2:]):
                self._level.kept.append(raw(segment))
        else:
            element = self._level.take(segment)
            if element is not None:
                yield self.finding("SUB005", number, f"{element} cannot be read", element)

    def _begin(self, code: str) -> None:
        self._levels = {held: level for held, level in self._levels.items() if held < code}
        self._level = self._levels[code] = Level(code)

    def _flush(self) -> Iterator[EligibilityInquiry]:
        """The inquiry of the level that ends, if anything is asked on it."""
        level, asked = self._level, tuple(self._asked)
        self._asked = []
        if level is None or level.code not in (SUBSCRIBER, DEPENDENT):
            return
        if level.code == SUBSCRIBER and not (asked or level.traces):
            return
        source, receiver, subscriber = (
            self._levels.get(code, Level(code)) for code in (SOURCE, RECEIVER, SUBSCRIBER)
        )
        trace = next((one for one in level.traces if one[0] == "1"), ("", "", ""))
        period = next((one for one in level.dates if one.qualifier == _SERVICE_DATE), None)
        yield EligibilityInquiry(
            trace_number=trace[1],
            trace_assigner=trace[2],
            payer_name=source.name,
            payer_id=source.id,
            payer_id_qualifier=at(source.nm1, 8) or "PI",
            provider=receiver.provider(),
            subscriber=subscriber.person(),
            member_id=subscriber.id,
            group_number=next((value for kind, value in subscriber.references if kind == _GROUP_NUMBER), ""),
            patient=level.person() if level.code == DEPENDENT else None,
            relationship=level.relationship if level.code == DEPENDENT else "",
            date_from=period.first if period is not None else None,
            date_to=(period.last or period.first) if period is not None else None,
            service_types=asked,
            kept=tuple(_kept((source, receiver, subscriber), level, trace)),
        )


def _kept(above: Iterable[Level], level: Level, trace: tuple[str, str, str]) -> Iterator[RawSegment]:
    """What the inquiry has no field for: other traces, references and dates, and the segments kept."""
    for one in dict.fromkeys((*above, level)):
        yield from (("REF", *each) for each in one.references if each[0] != _GROUP_NUMBER)
        yield from one.kept
    yield from (("TRN", *each) for each in level.traces if each != trace)
    for each in level.dates:
        if each.qualifier != _SERVICE_DATE:
            last = f"-{eight_digits(each.last)}" if each.last else ""
            form = "RD8" if each.last else "D8"
            yield ("DTP", each.qualifier, form, f"{eight_digits(each.first)}{last}")
