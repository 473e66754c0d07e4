"""What inquiries and their answers have in common (270, 271, 276, 277): one payer a set, levels, and parties on them.

Source: 005010X279A1 and 005010X212, loops 2000A to 2100E.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final, NotRequired, TypedDict, TypeVar, Unpack

from edi.model.directory import TradingPartner
from edi.model.finding import Finding, Location, Severity
from edi.model.party import Address, Person, Provider
from edi.model.remittance import RawSegment
from edi.transactions.elements import at
from edi.transactions.outgoing import group_header, interchange_header
from edi.x12.charset import Cleaner
from edi.x12.envelope import TransactionSet
from edi.x12.envelope_writer import InterchangeHeader, segments_text, transaction_text
from edi.x12.envelope_writer import interchange as x12_interchange

SOURCE: Final = "20"
RECEIVER: Final = "21"
PROVIDER: Final = "19"
SUBSCRIBER: Final = "22"
DEPENDENT: Final = "23"
NPI: Final = "XX"
SEXES: Final = frozenset({"F", "M"})
"""DMG03: an inquiry knows no U."""
T = TypeVar("T")


class Party:
    """One HL with the party on it, while its segments come in."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.nm1: list[str] = []
        self.birth_date: date | None = None
        self.sex = ""
        self.taxonomy = ""
        self.address: Address | None = None
        self.kept: list[RawSegment] = []

    @property
    def id(self) -> str:
        """NM109."""
        return at(self.nm1, 9)

    @property
    def name(self) -> str:
        """NM103."""
        return at(self.nm1, 3)

    def person(self) -> Person:
        """The party as a person."""
        return Person(
            last_name=at(self.nm1, 3),
            first_name=at(self.nm1, 4),
            middle_name=at(self.nm1, 5),
            suffix=at(self.nm1, 7),
            birth_date=self.birth_date,
            sex=self.sex,
            address=self.address,
        )

    def provider(self) -> Provider:
        """The party as a provider; an id that is no NPI goes to the references."""
        qualifier = at(self.nm1, 8)
        return Provider(
            is_person=at(self.nm1, 2) == "1",
            last_name=at(self.nm1, 3),
            first_name=at(self.nm1, 4),
            middle_name=at(self.nm1, 5),
            suffix=at(self.nm1, 7),
            npi=self.id if qualifier == NPI else "",
            taxonomy=self.taxonomy,
            address=self.address,
            references=((qualifier, self.id),) if self.id and qualifier != NPI else (),
        )


class SetReader:
    """Reads one transaction set, and says where what it finds stands."""

    def __init__(self, ts: TransactionSet) -> None:
        self._file, self._number = ts.file, ts.control_number

    def finding(self, code: str, segment: int, message: str, element: str) -> Finding:
        """A warning at a segment."""
        place = Location(file=self._file, segment=segment, element=element, transaction=self._number)
        return Finding(code=code, severity=Severity.WARNING, message=message, location=place)


class PartyWriter:
    """Collects the segments of one set and counts the levels. Everything written through it is clean."""

    def __init__(self, header: InterchangeHeader, *, upper_case: bool) -> None:
        self.segments: list[list[str]] = []
        self.text = Cleaner(header.delimiters, upper_case=upper_case)
        self.code = Cleaner(header.delimiters, upper_case=False, filler="")
        self.component, self.repetition = header.delimiters.component, header.delimiters.repetition
        self._levels = 0

    def add(self, *elements: str) -> None:
        """Append a segment."""
        self.segments.append(list(elements))

    def level(self, code: str, parent: str, *, child: bool | None) -> str:
        """Begin an HL below another one ("" for the first); its number. ``child`` None: without HL04."""
        self._levels += 1
        below = () if child is None else ("1" if child else "0",)
        self.add("HL", str(self._levels), parent, code, *below)
        return str(self._levels)

    def organization(self, role: str, name: str, qualifier: str, identifier: str) -> None:
        """NM1 of an organisation."""
        self.add("NM1", role, "2", self.text[name], "", "", "", "", *self._id(qualifier, identifier))

    def provider(self, provider: Provider) -> None:
        """NM1*1P, by NPI, else by the first reference."""
        qualifier, identifier = (NPI, provider.npi) if provider.npi else (*provider.references, ("", ""))[0]
        kind = "1" if provider.is_person else "2"
        self.add("NM1", "1P", kind, *self._names(provider), *self._id(qualifier, identifier))

    def person(self, role: str, person: Person, identifier: str) -> None:
        """NM1 of a subscriber or patient."""
        self.add("NM1", role, "1", *self._names(person), *self._id("MI", identifier))

    def _names(self, one: Person | Provider) -> list[str]:
        names = (one.last_name, one.first_name, one.middle_name, "", one.suffix)
        return [self.text[name] if name else "" for name in names]

    def _id(self, qualifier: str, identifier: str) -> tuple[str, ...]:
        return (self.code[qualifier], self.code[identifier]) if identifier else ()


W = TypeVar("W", bound=PartyWriter)


class Interchange(TypedDict):
    """What stands around transaction sets.

    ``partner``: envelope fields, delimiters, case, line ends, seen from the writer. ``interchange_control_number``:
    ISA13. ``group_control_number``: GS06, ISA13 where it is missing. ``created``: time of ISA09, GS04 and BHT04, in
    the writer's time zone.
    """

    partner: TradingPartner
    interchange_control_number: int
    group_control_number: NotRequired[int]
    created: datetime


def file_of(
    kind: tuple[str, str, str],
    writer: type[W],
    fill: Callable[[W, str, datetime, Any], None],
    transactions: Iterable[tuple[str, Any]],
    *,
    upper_case: bool | None = None,
    **interchange: Unpack[Interchange],
) -> bytes:
    """Return an interchange of one group. The same arguments give the same bytes.

    Args:
        kind: ST01, GS01 and ST03.
        writer: collects the segments of one set.
        fill: writes what stands between ST and SE, of BHT03 for an inquiry, the time, and the values of the set.
        transactions: each ST02 with its values.
        upper_case: whether texts are written in capitals, None as the partner has it.
        interchange: see there.

    Raises:
        UsageError: the trading partner's delimiters or identifiers do not fit an ISA.
    """
    code, functional_id, version = kind
    partner, created = interchange["partner"], interchange["created"]
    number = interchange["interchange_control_number"]
    header = interchange_header(partner, number, created)
    group = group_header(partner, functional_id, version, interchange.get("group_control_number", number))
    texts: list[str] = []
    for st, values in transactions:
        one = writer(header, upper_case=partner.upper_case if upper_case is None else upper_case)
        fill(one, set_reference(number, st), created, values)
        texts.append(transaction_text(code, st, version, segments_text(one.segments, header), header))
    return x12_interchange(header, [(group, texts)])


def set_reference(interchange_control_number: int, number: str) -> str:
    """BHT03 of a set of inquiries, by which a payer answers all of it at once: ISA13 and ST02."""
    return f"{interchange_control_number:09d}{number}"


def payer_of(one: Any) -> tuple[str, str, str]:
    """NM1*PR of an inquiry or answer: name, qualifier of the id, id."""
    return one.payer_name, one.payer_id_qualifier, one.payer_id


def sets_of(inquiries: Iterable[T], key: Callable[[T], Any], most: int) -> list[list[T]]:
    """Divide inquiries into transaction sets: one key each, ``most`` at most."""
    sets: list[list[T]] = []
    for _, members in grouped(inquiries, key):
        sets += [members[first : first + most] for first in range(0, len(members), most)]
    return sets


def grouped(values: Iterable[Any], key: Callable[[Any], Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Values with one key, in the order in which the keys come first."""
    groups: dict[Any, list[Any]] = {}
    for value in values:
        groups.setdefault(key(value), []).append(value)
    yield from groups.items()


def eight_digits(day: date) -> str:
    """CCYYMMDD."""
    return day.isoformat().replace("-", "")
