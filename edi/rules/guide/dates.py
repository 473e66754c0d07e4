"""Dates of the claim and its lines (DTP): each in its order, and none that a therapy claim does not carry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import DAYS, HEADER, LINES, SUMS

PROPERTY_AND_CASUALTY: Final = frozenset({"WC", "AM", "LM"})
"""SBR09 of payers to whom first contact and property and casualty numbers are known."""
_ILLNESS: Final = {"431": "onset_date", "453": "acute_manifestation_date"}
_TREATMENT: Final = {
    "454": "initial_treatment_date",
    "455": "last_xray_date",
    "304": "last_seen_date",
    "444": "first_contact_date",
}
_CERTIFICATES: Final = frozenset({"461", "463", "607"})


def _last_day(draft: ClaimDraft) -> date | None:
    """The latest date of service, None when no line has one."""
    days = [line.date_to or line.date_from for line in draft.claim.lines]
    return max((day for day in days if day is not None), default=None)


def _after_service(draft: ClaimDraft, names: dict[str, str], said: str) -> Iterator[Problem]:
    """A problem for each date of these qualifiers that lies after the last service (the line's own, on a line)."""
    claim = draft.claim
    if claim.dates:
        last = _last_day(draft)
        for kind, day in claim.dates:
            if kind in names and last is not None and day > last:
                yield Problem(
                    message=f"{said} of {day} (DTP*{kind}) lies after the last service of {last}",
                    location=at_claim(draft, names[kind], "DTP03"),
                )
    for line in claim.lines:
        for kind, day in line.other_dates:
            last = line.date_to or line.date_from
            if kind in names and last is not None and day > last:
                yield Problem(
                    message=f"{said} of {day} (DTP*{kind}) lies after the service of line {line.number}",
                    location=at_line(draft, line, names[kind], "DTP03"),
                )


@rule("DAT001", severity=ERROR, carc="16", subject=DAYS)
def illness_after_service(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The onset or acute manifestation of the illness lies after the service.

    Why: A treatment before its illness is rejected at the front door.
    Fix: Correct onset_date or acute_manifestation_date of the case.
    Source: 005010X222A1 DTP*431 and DTP*453; CARC 16 with RARC MA122.
    """
    yield from _after_service(draft, _ILLNESS, "the onset")


@rule("DAT002", severity=ERROR, carc="16", subject=DAYS)
def accident_after_service(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The accident lies after the service that it made necessary.

    Why: The payer cannot relate the service to the accident and rejects the claim.
    Fix: Correct accident_date of the case, or the date of service.
    Source: 005010X222A1 DTP*439; CARC 16 with RARC N305.
    """
    yield from _after_service(draft, {"439": "accident_date"}, "the accident")


@rule("DAT003", severity=ERROR, carc="16", subject=DAYS)
def earlier_care_after_service(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The initial treatment, last x-ray, last visit or first contact lies after the service.

    Why: These dates tell what came before; a later one is rejected.
    Fix: Correct the date on the case.
    Source: 005010X222A1 DTP*454, DTP*455, DTP*304, DTP*444; CARC 16 with RARC MA122.
    """
    yield from _after_service(draft, _TREATMENT, "the earlier care")


@rule("DAT004", severity=ERROR, carc="16", subject=SUMS)
def date_of_an_equipment_certificate(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line carries a date that belongs to a certificate for medical equipment.

    Why: 461, 463 and 607 are dates of equipment; plan-of-care dates of therapy do not go on an 837P.
    Fix: Leave the date out; keep the plan of care in the chart.
    Source: claim_format_eligibility_rules.md, Limits and structure.
    """
    for line in draft.claim.lines:
        for kind, _ in line.other_dates:
            if kind in _CERTIFICATES:
                yield Problem(
                    message=f"line {line.number} carries DTP*{kind}",
                    location=at_line(draft, line, "plan_of_care_from", "DTP01"),
                )


@rule("DAT005", severity=WARNING, carc="16", subject=HEADER)
def returned_before_leaving_work(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The patient returned to work before he last worked.

    Why: Disability dates out of order stop a workers' compensation claim at the adjuster.
    Fix: Correct last_worked_date or return_to_work_date of the case.
    Source: 005010X222A1 DTP*297 and DTP*296.
    """
    dates = dict(draft.claim.dates)
    left, back = dates.get("297"), dates.get("296")
    if left is not None and back is not None and back < left:
        yield Problem(
            message=f"return to work on {back} lies before the last day worked, {left}",
            location=at_claim(draft, "return_to_work_date", "DTP03"),
        )


@rule("DAT006", severity=WARNING, carc="16", subject=HEADER)
def first_contact_on_health_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim carries the date of first contact, and its payer is no property and casualty payer.

    Why: DTP*444 is defined for property and casualty claims alone.
    Fix: Leave first_contact_date out of the case, or bill the liable payer.
    Source: 005010X222A1 DTP*444.
    """
    filing = draft.claim.subscriber.filing_indicator
    if not filing or filing in PROPERTY_AND_CASUALTY:
        return
    if any(kind == "444" for kind, _ in draft.claim.dates):
        yield Problem(
            message=f"DTP*444 on a claim of filing indicator {filing}",
            location=at_claim(draft, "first_contact_date", "DTP01"),
        )


@rule("DAT007", severity=ERROR, carc="16", subject=DAYS)
def history_before_birth(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A service, or the onset or accident behind it, lies before the patient was born.

    Why: The payer holds the birth date against every date of the claim.
    Fix: Correct the patient's birth_date, or the date of the case or service.
    Source: 005010X222A1 DMG02, DTP*431, DTP*439, DTP*472; CARC 16 with RARC N329.
    """
    born = draft.claim.patient_person.birth_date
    if born is None:
        return
    early = [kind for kind, day in draft.claim.dates if day < born]
    early += ["472" for line in draft.claim.lines if line.date_from is not None and line.date_from < born]
    if early:
        kinds = ", ".join(f"DTP*{kind}" for kind in dict.fromkeys(early))
        yield Problem(
            message=f"{kinds} before the patient's birth date",
            location=at_claim(draft, "birth_date", "DMG02"),
        )


@rule("DAT008", severity=ERROR, carc="16", subject=LINES)
def service_ends_before_it_begins(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The last day of a line lies before its first.

    Why: A range that runs backwards is rejected; pyx12 takes it.
    Fix: Correct the dates of the line.
    Source: 005010X222A1 loop 2400 DTP*472 RD8; CARC 16 with RARC M52.
    """
    for line in draft.claim.lines:
        if line.date_from is not None and line.date_to is not None and line.date_to < line.date_from:
            yield Problem(
                message=f"line {line.number} runs from {line.date_from} to {line.date_to}",
                location=at_line(draft, line, "date_of_service", "DTP03"),
            )


@rule("DAT009", severity=ERROR, carc="16", subject=LINES)
def timed_line_of_several_days(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line of a timed code covers more than one day.

    Why: Units of timed codes are judged by day; a range hides on which day the minutes were given.
    Fix: Bill each day on a line of its own.
    Source: claim_format_eligibility_rules.md, Limits and structure; CARC 16 with RARC N345.
    """
    for line in draft.claim.lines:
        first, last = line.date_from, line.date_to
        if first is None or last is None or first >= last or not context.tables.is_timed(line.procedure.code):
            continue
        yield Problem(
            message=f"line {line.number} ({line.procedure.code}) covers {first} to {last}",
            location=at_line(draft, line, "date_of_service", "DTP03"),
        )


@rule("DAT010", severity=WARNING, subject=DAYS)
def onset_is_the_service_date(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The onset of the illness is the date of service itself.

    Why: DTP*431 is sent when it differs from the service; the same date is most often a default of the software.
    Fix: Give the true onset_date, or leave it blank.
    Source: 005010X222A1 DTP*431.
    """
    for kind, day in draft.claim.dates:
        if kind == "431" and all(line.date_from == day for line in draft.claim.lines):
            yield Problem(
                message=f"DTP*431 repeats the date of service {day}",
                location=at_claim(draft, "onset_date", "DTP03"),
            )
