"""270, eligibility inquiry (005010X279A1): is a patient's coverage in force, and what is left of it. Both directions.

One transaction set asks one payer about many patients: payer (20), practice (21), a subscriber each (22), a dependent
below him where the patient is one (23). pyx12 has no 5010 map for it; what we write is checked by ``problems`` and by
reading it back. Source: 005010X279A1; facts/claim_format_eligibility_rules.md, Eligibility and Charset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from edi.model.directory import TradingPartner
from edi.model.eligibility import DatePeriod, EligibilityInquiry
from edi.model.finding import Finding, Location, Severity
from edi.model.party import Person
from edi.model.remittance import RawSegment
from edi.transactions.elements import at, never_silent, raw
from edi.transactions.eligibility_levels import (
    DEPENDENT,
    RECEIVER,
    SOURCE,
    SUBSCRIBER,
    VERSION,
    Level,
    LevelWriter,
    eight_digits,
    grouped,
)
from edi.transactions.outgoing import group_header, interchange_header
from edi.x12.charset import unspellable
from edi.x12.envelope import TransactionSet
from edi.x12.envelope_writer import interchange, segments_text, transaction_text

KIND: Final = "270"
MOST_PATIENTS: Final = 99
"""Patients in one transaction set: what the guide advises for batches (from memory)."""
_SERVICE_DATE: Final = "291"
_GROUP_NUMBER: Final = "6P"
_SEXES: Final = frozenset({"F", "M"})
"""DMG03: the 270 knows no U."""


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
    sets: list[list[EligibilityInquiry]] = []
    for _, members in grouped(inquiries, lambda one: (one.payer_id, one.payer_name)):
        sets += [members[first : first + MOST_PATIENTS] for first in range(0, len(members), MOST_PATIENTS)]
    return sets


def write(
    transactions: Sequence[tuple[str, Sequence[EligibilityInquiry]]],
    *,
    partner: TradingPartner,
    interchange_control_number: int,
    group_control_number: int,
    created: datetime,
) -> bytes:
    """Write one interchange of one group. The same arguments give the same bytes.

    Args:
        transactions: each ST02 (allocated) with its inquiries, of which ``problems`` says nothing. BHT03 is ISA13 and
            ST02.
        partner: envelope fields, delimiters, case, line ends.
        interchange_control_number: ISA13.
        group_control_number: GS06.
        created: time of ISA09, GS04 and BHT04, in the submitter's time zone.

    Raises:
        UsageError: the trading partner's delimiters or identifiers do not fit an ISA.
    """
    header = interchange_header(partner, interchange_control_number, created)
    group = group_header(partner, "HS", VERSION, group_control_number)
    texts: list[str] = []
    for number, inquiries in transactions:
        writer = _Writer(header, upper_case=partner.upper_case)
        writer.begin(f"{interchange_control_number:09d}{number}", created)
        for payer, asked in grouped(inquiries, _payer_of):
            writer.payer(payer, asked)
        texts.append(transaction_text(KIND, number, VERSION, segments_text(writer.segments, header), header))
    return interchange(header, [(group, texts)])


def _payer_of(inquiry: EligibilityInquiry) -> tuple[str, str, str]:
    return inquiry.payer_name, inquiry.payer_id_qualifier, inquiry.payer_id


class _Writer(LevelWriter):
    """The segments of one 270."""

    def begin(self, reference: str, created: datetime) -> None:
        """BHT."""
        self.add("BHT", "0022", "13", reference, f"{created:%Y%m%d}", f"{created:%H%M}")

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
        self.person("IL", _known(inquiry.subscriber), inquiry.member_id, group)
        if patient is not None:
            self.level(DEPENDENT, own, child=False)
            self._trace(inquiry)
            self.person("03", _known(patient), "", ())
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
    return msgspec.structs.replace(person, address=None, sex=person.sex if person.sex in _SEXES else "")


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


class _Reader:
    """The levels that are open, and what is asked on the lowest one."""

    def __init__(self, ts: TransactionSet) -> None:
        self._file, self._number = ts.file, ts.control_number
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
            yield self._finding(number, "ELI005", "a segment stands outside any level and is not read", name)
        elif name == "EQ":
            kinds = at(segment, 1).split(self._repetition) if self._repetition else [at(segment, 1)]
            self._asked += kinds
            if any(segment[2:]):
                self._level.kept.append(raw(segment))
        else:
            element = self._level.take(segment)
            if element is not None:
                yield self._finding(number, "SUB005", f"{element} cannot be read", element)

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
            payer_name=at(source.nm1, 3),
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

    def _finding(self, segment: int, code: str, message: str, element: str) -> Finding:
        place = Location(file=self._file, segment=segment, element=element, transaction=self._number)
        return Finding(code=code, severity=Severity.WARNING, message=message, location=place)


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
