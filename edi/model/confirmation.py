"""What a 271 means for a claim: is the coverage in force, who else pays, what is left, what is used.

Source: 005010X279A1 EB01 to EB10, AAA03; claim_format_eligibility_rules.md, Eligibility. How Medicare gives therapy
dollars: its published example of 2009 has EB*F with EB06 29 (what remains of the limit) under AD and AE; that a 5010
answer gives the used amount as EB*D with EB07 is from memory and unverified. Both are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from edi.model.eligibility import GENERAL, Benefit, DatePeriod, EligibilityAnswer, EligibilityInquiry
from edi.model.identity import Name, name_of
from edi.model.spelling import alike

ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
NOT_FOUND: Final = "not_found"
REJECTED: Final = "rejected"
UNKNOWN: Final = "unknown"
STATUSES: Final = (ACTIVE, INACTIVE, NOT_FOUND, REJECTED, UNKNOWN)

PT_SLP: Final = "PT/SLP"
OT: Final = "OT"
BUCKETS: Final = {"PT": PT_SLP, "SLP": PT_SLP, "OT": OT}
"""Whose dollars count together against Medicare's threshold, by discipline."""

_ACTIVE_CODES: Final = frozenset("12345")
_INACTIVE_CODES: Final = frozenset("678")
_WHO: Final = frozenset({"58", "64", "65", "66", "67", "68", "71", "72", "73", "74", "75", "76", "77", "78"})
"""AAA03 that say that the patient as written is not on file."""
_PART_B: Final = "MB"
_PARTS: Final = frozenset({"MA", "MB"})
_MSP: Final = frozenset({"12", "13", "14", "15", "16", "41", "42", "43", "47"})
"""EB04: why Medicare is secondary."""
_MANAGED: Final = frozenset({"HM", "HN", "IN", "PR", "PS"})
"""EB04 of a Medicare Advantage plan in Medicare's own answer."""
_OTHER_BENEFITS: Final = frozenset({"35", "88", "AL"})
"""Dental, pharmacy, vision: not what a therapist bills."""
_PAYERS: Final = frozenset({"PR", "PRP", "SEP", "TTP"})
_BUCKET_OF_TYPE: Final = {"AE": PT_SLP, "AF": PT_SLP, "PT": PT_SLP, "AD": OT}
_CALENDAR_YEAR, _TO_DATE, _REMAINING, _VISITS = "23", "24", "29", "VS"
_BEGIN: Final = ("346", "348", "356")
_END: Final = ("347", "349", "357")
_SPAN: Final = ("291", "307", "292")


class OtherCoverage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Another payer that the answer names.

    ``role`` is NM101 (PRP primary, SEP secondary …), ``insurance_type`` EB04.
    """

    name: str = ""
    id: str = ""
    role: str = ""
    insurance_type: str = ""
    service_types: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None

    @property
    def is_primary(self) -> bool:
        """Whether it pays before the payer that answered."""
        return self.role == "PRP" or self.insurance_type in _MSP

    @property
    def is_managed(self) -> bool:
        """Whether its type is that of a Medicare Advantage plan, when Medicare names it."""
        return self.insurance_type in _MANAGED

    def covers(self, day: date) -> bool:
        """Whether it may cover therapy on that day; a date that is not given limits nothing."""
        if self.service_types and _OTHER_BENEFITS.issuperset(self.service_types):
            return False
        return (self.date_from is None or self.date_from <= day) and (
            self.date_to is None or day <= self.date_to
        )


class TherapyDollars(msgspec.Struct, frozen=True, gc=False):
    """What counts against Medicare's threshold: ``bucket`` is PT/SLP or OT, ``used`` cents of the year."""

    bucket: str
    year: int
    used: int


class Confirmation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a payer said of one patient's coverage on a day.

    Attributes:
        practice_id, patient_id, payer_key: whose it is; "" while it is tied to no inquiry.
        trace_number: of the inquiry, else the first that the answer repeats.
        payer_id, member_id, birth_date, name: as asked; as answered where nothing was asked. Last name, first name.
        answered_member_id: as answered, when it differs from what was asked, else "".
        confirmed_on: the day of the answer.
        asked_from, asked_to: the days of service it speaks of.
        status: active, inactive, not_found, rejected, or unknown when it says none of these.
        plan_name, insurance_type: of the coverage that decided.
        coverage_from, coverage_to: None where the answer gives no such date.
        not_covered: service types that the plan does not cover (EB01 I).
        visits_left: service type and visits.
        rejections: AAA03 with AAA04.
    """

    practice_id: str = ""
    patient_id: str = ""
    payer_key: str = ""
    trace_number: str = ""
    payer_id: str = ""
    member_id: str = ""
    birth_date: date | None = None
    name: Name = ("", "")
    answered_member_id: str = ""
    confirmed_on: date | None = None
    asked_from: date | None = None
    asked_to: date | None = None
    status: str = UNKNOWN
    plan_name: str = ""
    insurance_type: str = ""
    coverage_from: date | None = None
    coverage_to: date | None = None
    not_covered: tuple[str, ...] = ()
    other_coverages: tuple[OtherCoverage, ...] = ()
    visits_left: tuple[tuple[str, int], ...] = ()
    therapy_dollars: tuple[TherapyDollars, ...] = ()
    rejections: tuple[tuple[str, str], ...] = ()


def confirmation_of(answer: EligibilityAnswer, inquiry: EligibilityInquiry | None = None) -> Confirmation:
    """What an answer means. ``inquiry`` is the one it answers, None when that is not known."""
    deciding = _deciding(answer)
    asked_from = inquiry.date_from if inquiry is not None else None
    asked_to = inquiry.date_to if inquiry is not None else None
    begin, end = _coverage_dates(answer, deciding, (asked_from, asked_to))
    person = inquiry.patient_person if inquiry is not None else answer.patient_person
    asked_member = inquiry.member_id if inquiry is not None else answer.member_id
    differs = answer.member_id and not (
        answer.member_id == asked_member or alike(answer.member_id, asked_member)
    )
    traces = answer.asked_traces
    return Confirmation(
        practice_id=inquiry.practice_id if inquiry is not None else "",
        patient_id=inquiry.patient_id if inquiry is not None else "",
        payer_key=inquiry.payer_key if inquiry is not None else "",
        trace_number=inquiry.trace_number if inquiry is not None else traces[0] if traces else "",
        payer_id=inquiry.payer_id if inquiry is not None else answer.payer_id,
        member_id=asked_member,
        birth_date=person.birth_date,
        name=name_of(person),
        answered_member_id=answer.member_id if differs else "",
        confirmed_on=answer.answered_on,
        asked_from=asked_from or answer.answered_on,
        asked_to=asked_to or answer.answered_on,
        status=_status(answer, deciding),
        plan_name=next((one.plan_name for one in deciding if one.plan_name), ""),
        insurance_type=next((one.insurance_type for one in deciding if one.insurance_type), ""),
        coverage_from=begin,
        coverage_to=end,
        not_covered=_sorted_types(one for one in answer.benefits if one.code == "I"),
        other_coverages=tuple(_other_coverages(answer.benefits)),
        visits_left=tuple(sorted(_visits_left(answer.benefits).items())),
        therapy_dollars=tuple(_therapy_dollars(answer)),
        rejections=tuple(
            dict.fromkeys(
                (one.code, one.follow_up)
                for one in (*answer.rejections, *(aaa for each in answer.benefits for aaa in each.rejections))
            )
        ),
    )


def _deciding(answer: EligibilityAnswer) -> list[Benefit]:
    """The benefits that say whether the coverage is in force, on the level of the plan where there are such.

    Where the answer tells the parts of Medicare apart, Part B decides: therapists bill that one.
    """
    stating = [one for one in answer.benefits if one.code in _ACTIVE_CODES | _INACTIVE_CODES]
    whole = [one for one in stating if not one.service_types or GENERAL in one.service_types]
    chosen = whole or stating
    if {one.insurance_type for one in chosen} & _PARTS:
        chosen = [one for one in chosen if one.insurance_type == _PART_B] or chosen
    return chosen


def _status(answer: EligibilityAnswer, deciding: list[Benefit]) -> str:
    codes = {one.code for one in deciding}
    if codes & _ACTIVE_CODES:
        return ACTIVE
    if codes:
        return INACTIVE
    said = {one.code for one in answer.rejections}
    if said:
        return NOT_FOUND if said & _WHO else REJECTED
    if any(one.rejections or one.code == "V" for one in answer.benefits):
        return REJECTED
    return UNKNOWN


def _coverage_dates(
    answer: EligibilityAnswer, deciding: list[Benefit], asked: tuple[date | None, date | None]
) -> tuple[date | None, date | None]:
    """First and last day of the coverage: of the deciding benefits, else of the patient's level.

    Payers repeat the day that was asked about, or the day itself, as a period of the plan: such a period says nothing
    of the coverage.
    """
    for dates in ([one for benefit in deciding for one in benefit.dates], list(answer.dates)):
        begin = _first(dates, _BEGIN)
        end = _first(dates, _END)
        for one in dates:
            if one.qualifier not in _SPAN or one.first == one.last or (one.first, one.last) == asked:
                continue
            if one.last is None and one.qualifier != "307":
                continue
            begin, end = begin or one.first, end or one.last
        if begin is not None or end is not None:
            return begin, end
    return None, None


def _first(dates: Iterable[DatePeriod], qualifiers: tuple[str, ...]) -> date | None:
    for qualifier in qualifiers:
        for one in dates:
            if one.qualifier == qualifier:
                return one.first
    return None


def _sorted_types(benefits: Iterable[Benefit]) -> tuple[str, ...]:
    return tuple(sorted({kind for one in benefits for kind in one.service_types}))


def _other_coverages(benefits: Iterable[Benefit]) -> Iterator[OtherCoverage]:
    """Other payers: every EB01 R, and any entity whose role says that it is first, second or third."""
    for one in benefits:
        payers = [
            entity
            for entity in one.entities
            if entity.role in _PAYERS and (one.code == "R" or entity.role != "PR")
        ]
        if one.code != "R" and not payers:
            continue
        begin = _first(one.dates, _BEGIN)
        end = _first(one.dates, _END)
        for period in one.dates:
            if period.qualifier in ("290", *_SPAN):
                begin, end = begin or period.first, end or period.last
        for entity in payers or (None,):
            yield OtherCoverage(
                name=entity.last_name if entity is not None else "",
                id=entity.id if entity is not None else "",
                role=entity.role if entity is not None else "",
                insurance_type=one.insurance_type,
                service_types=one.service_types,
                date_from=begin,
                date_to=end,
            )


def _visits_left(benefits: Iterable[Benefit]) -> dict[str, int]:
    """Visits left by service type; the least of what is said for providers in the network, or for any."""
    found: dict[str, tuple[bool, int]] = {}
    for one in benefits:
        for quantity in _remaining_visits(one):
            for kind in one.service_types or (GENERAL,):
                value = (one.in_network == "N", quantity)
                found[kind] = min(found.get(kind, value), value)
    return {kind: visits for kind, (_, visits) in found.items()}


def _remaining_visits(benefit: Benefit) -> Iterator[int]:
    """What an EB, or an HSD below it (HSD01, HSD02, HSD05), counts as visits that remain."""
    if (benefit.period, benefit.quantity_qualifier) == (_REMAINING, _VISITS):
        yield from _whole(benefit.quantity)
    for segment in benefit.kept:
        if segment[0] == "HSD" and len(segment) > 5 and (segment[5], segment[1]) == (_REMAINING, _VISITS):
            yield from _whole(segment[2])


def _whole(text: str) -> Iterator[int]:
    number = text.partition(".")[0]
    if number.isascii() and number.isdigit():
        yield int(number)


def _therapy_dollars(answer: EligibilityAnswer) -> Iterator[TherapyDollars]:
    """Dollars used by bucket and year; the larger one where the answer says it twice."""
    used: dict[tuple[str, int], int] = {}
    limits: dict[tuple[str, int], int] = {}
    left: dict[tuple[str, int], int] = {}
    for one in answer.benefits:
        if one.insurance_type != _PART_B or one.amount is None or one.procedure is not None:
            continue
        period = next((each for each in one.dates if each.qualifier in _SPAN), None)
        day = period.first if period is not None else answer.answered_on
        for bucket in sorted(
            {_BUCKET_OF_TYPE[kind] for kind in one.service_types if kind in _BUCKET_OF_TYPE}
        ):
            key = (bucket, day.year if day is not None else 0)
            if one.code == "D" or (one.code, one.period) == ("F", _TO_DATE):
                used[key] = max(used.get(key, 0), one.amount)
            elif (one.code, one.period) == ("F", _REMAINING):
                left[key] = min(left.get(key, one.amount), one.amount)
            elif (one.code, one.period) == ("F", _CALENDAR_YEAR):
                limits[key] = max(limits.get(key, 0), one.amount)
    for key in left.keys() & limits.keys():
        used.setdefault(key, max(limits[key] - left[key], 0))
    for (bucket, year), cents in sorted(used.items()):
        yield TherapyDollars(bucket, year, cents)
