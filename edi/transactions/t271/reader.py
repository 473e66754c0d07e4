"""271 -> answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from edi.model.eligibility import Benefit, DatePeriod, EligibilityAnswer, Rejection, RelatedEntity
from edi.model.finding import Finding
from edi.model.remittance import Procedure, RawSegment, Reference
from edi.transactions.elements import (
    AMOUNTS,
    at,
    never_silent,
    parse_date,
    parse_procedure,
    parse_quantity,
    raw,
)
from edi.transactions.eligibility_levels import LEVELS, Level, date_period, rejection
from edi.transactions.levels import DEPENDENT, RECEIVER, SOURCE, SUBSCRIBER, SetReader
from edi.x12.envelope import TransactionSet

_BENEFIT: Final = "benefit"
_LAST_ELEMENT: Final = 14


@never_silent
def read(ts: TransactionSet) -> Iterator[EligibilityAnswer | Finding]:
    """Read one 271: an answer for each patient, in the file's order.

    Yields:
        Answers; where the payer rejects before any patient is named, one without a patient. Finding SUB005 for a date,
        amount or quantity that cannot be read, ELI003 for an answer that says nothing, ELI005 for a segment outside
        every level.
    """
    reader = _Reader(ts)
    for number, segment in enumerate(ts.segments, 1):
        yield from reader.take(number, segment)


class _OpenBenefit:
    """One EB while what stands below it comes in."""

    def __init__(self, benefit: Benefit) -> None:
        self._benefit = benefit
        self._dates: list[DatePeriod] = []
        self._references: list[Reference] = []
        self._messages: list[str] = []
        self._rejections: list[Rejection] = []
        self._entities: list[RelatedEntity] = []
        self._kept: list[RawSegment] = []
        self._below: list[RawSegment] = []
        self._in_entity = False

    def take(self, segment: list[str]) -> str | None:
        """Take a segment of the loop; the element that cannot be read, or None."""
        name = segment[0]
        if name in ("LS", "LE"):
            self._end_entity()
        elif name == "NM1":
            self._end_entity()
            self._begin_entity(segment)
        elif self._in_entity:
            self._below.append(raw(segment))
        elif name == "DTP":
            return self._dtp(segment)
        elif name == "REF":
            self._references.append((at(segment, 1), at(segment, 2)))
            if any(segment[3:]):
                self._kept.append(raw(segment))
        elif name == "MSG":
            self._messages.append(at(segment, 1))
        elif name == "AAA":
            self._rejections.append(rejection(segment, _BENEFIT))
        else:
            self._kept.append(raw(segment))
        return None

    def _dtp(self, segment: list[str]) -> str | None:
        found = date_period(segment)
        if found is None:
            self._kept.append(raw(segment))
            return "DTP03"
        self._dates.append(found)
        return None

    def _begin_entity(self, nm1: list[str]) -> None:
        self._in_entity = True
        self._entities.append(
            RelatedEntity(
                role=at(nm1, 1),
                is_person=at(nm1, 2) == "1",
                last_name=at(nm1, 3),
                first_name=at(nm1, 4),
                middle_name=at(nm1, 5),
                suffix=at(nm1, 7),
                id_qualifier=at(nm1, 8),
                id=at(nm1, 9),
            )
        )
        if any(nm1[10:]) or at(nm1, 6):
            self._below.append(raw(nm1))

    def _end_entity(self) -> None:
        if self._below:
            self._entities[-1] = msgspec.structs.replace(self._entities[-1], kept=tuple(self._below))
        self._below, self._in_entity = [], False

    def close(self) -> Benefit:
        """The benefit with everything below it."""
        self._end_entity()
        return msgspec.structs.replace(
            self._benefit,
            dates=tuple(self._dates),
            references=tuple(self._references),
            messages=tuple(self._messages),
            rejections=tuple(self._rejections),
            entities=tuple(self._entities),
            kept=(*self._benefit.kept, *self._kept),
        )


class _Reader(SetReader):
    """The levels that are open, and the benefits of the lowest one."""

    def __init__(self, ts: TransactionSet) -> None:
        super().__init__(ts)
        self._component, self._repetition = ts.delimiters.component, ts.delimiters.repetition
        self._answered_on = ts.envelope.interchange_date if ts.envelope is not None else None
        self._reference = ""
        self._levels: dict[str, Level] = {}
        self._level: Level | None = None
        self._open: _OpenBenefit | None = None
        self._benefits: list[Benefit] = []
        self._answered = False

    def take(self, number: int, segment: list[str]) -> Iterator[EligibilityAnswer | Finding]:
        """Take the next segment; yield the answer it completes, or what is wrong with it."""
        name = segment[0]
        if name in ("HL", "SE"):
            following = at(segment, 3) if name == "HL" else ""
            yield from self._flush(number, following)
            if name == "HL":
                yield from self._begin(following, number)
            elif not self._answered:
                yield from self._upper_answer(number)
        elif name == "BHT":
            self._reference = at(segment, 3)
            self._answered_on = parse_date(at(segment, 4)) or self._answered_on
        elif name == "ST":
            return
        elif self._level is None:
            yield self.finding("ELI005", number, "a segment stands outside any level and is not read", name)
        else:
            element = self._segment(segment)
            if element is not None:
                yield self.finding("SUB005", number, f"{element} cannot be read", element)

    def _segment(self, segment: list[str]) -> str | None:
        """Take a segment of a level or of a benefit on it; the element that cannot be read, or None."""
        if segment[0] == "EB":
            self._close_benefit()
            benefit, element = self._benefit(segment)
            self._open = _OpenBenefit(benefit)
            return element
        if self._open is not None:
            return self._open.take(segment)
        return self._level.take(segment) if self._level is not None else None

    def _begin(self, code: str, number: int) -> Iterator[Finding]:
        if code not in LEVELS:
            yield self.finding(
                "ELI005", number, "HL03 is no level of a 271; what stands there is kept", "HL03"
            )
        self._levels = {held: level for held, level in self._levels.items() if held < code}
        self._level = self._levels[code] = Level(code)

    def _benefit(self, segment: list[str]) -> tuple[Benefit, str | None]:
        """An EB as a value, and the element of it that cannot be read."""
        amount, quantity = AMOUNTS[at(segment, 7)], parse_quantity(at(segment, 10))
        unread = "EB07" if at(segment, 7) and amount is None else None
        if at(segment, 10) and quantity is None:
            unread = "EB10"
        procedure: Procedure | None = None
        if at(segment, 13):
            procedure = parse_procedure(at(segment, 13), self._component)
        kinds = at(segment, 3).split(self._repetition) if self._repetition else [at(segment, 3)]
        beyond = unread is not None or any(segment[_LAST_ELEMENT + 1 :])
        benefit = Benefit(
            code=at(segment, 1),
            coverage_level=at(segment, 2),
            service_types=tuple(kind for kind in kinds if kind),
            insurance_type=at(segment, 4),
            plan_name=at(segment, 5),
            period=at(segment, 6),
            amount=amount,
            percent=at(segment, 8),
            quantity_qualifier=at(segment, 9),
            quantity=quantity or "",
            authorization=at(segment, 11),
            in_network=at(segment, 12),
            procedure=procedure,
            pointers=at(segment, 14),
            kept=(raw(segment),) if beyond else (),
        )
        return benefit, unread

    def _close_benefit(self) -> None:
        if self._open is not None:
            self._benefits.append(self._open.close())
        self._open = None

    def _flush(self, number: int, following: str) -> Iterator[EligibilityAnswer | Finding]:
        """The answer of the level that ends, if it is about a patient.

        A subscriber above a dependent has nothing but a name, and perhaps a trace.
        """
        self._close_benefit()
        benefits, self._benefits = tuple(self._benefits), []
        level = self._level
        if level is None or level.code not in (SUBSCRIBER, DEPENDENT):
            return
        said = benefits or level.rejections
        if level.code == SUBSCRIBER and not said and (following == DEPENDENT or not level.traces):
            return
        self._answered = True
        answer = self._answer(level, benefits)
        if not (answer.benefits or answer.rejections):
            yield self.finding("ELI003", number, "an answer says nothing of the coverage", "EB")
        yield answer

    def _upper_answer(self, number: int) -> Iterator[EligibilityAnswer | Finding]:
        """An answer without a patient: the payer rejected the whole inquiry."""
        level = self._level
        if level is None:
            yield self.finding("ELI003", number, "a 271 without any level says nothing", "HL")
            return
        answer = self._answer(level, ())
        if not answer.rejections:
            yield self.finding("ELI003", number, "a 271 names no patient and rejects nothing", "HL")
        yield answer

    def _answer(self, level: Level, benefits: tuple[Benefit, ...]) -> EligibilityAnswer:
        source, receiver, subscriber = (
            self._levels.get(code, Level(code)) for code in (SOURCE, RECEIVER, SUBSCRIBER)
        )
        levels = tuple(dict.fromkeys((source, receiver, subscriber, level)))
        is_dependent = level.code == DEPENDENT
        return EligibilityAnswer(
            reference=self._reference,
            answered_on=self._answered_on,
            traces=tuple(trace for one in levels for trace in one.traces),
            payer_name=source.name,
            payer_id=source.id,
            payer_id_qualifier=at(source.nm1, 8),
            provider=receiver.provider() if receiver.nm1 else None,
            subscriber=subscriber.person(),
            member_id=subscriber.id,
            patient=level.person() if is_dependent else None,
            relationship=level.relationship,
            references=tuple(one for each in levels for one in each.references),
            dates=tuple(one for each in levels for one in each.dates),
            benefits=benefits,
            rejections=tuple(one for each in levels for one in each.rejections),
            kept=tuple(one for each in levels for one in each.kept),
        )
