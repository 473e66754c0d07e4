"""Parts of a claim that many rules judge alone: judged once in a run where they are equal, not at all where absent.

A part holds everything that the rules of its subject look at. No control number is in one: they are never equal.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final

from edi.model.draft import ClaimDraft
from edi.rules.context import RuleContext, sessions_of
from edi.rules.registry import Subject

Parts = tuple[Hashable, ...]


def whole(draft: ClaimDraft) -> Parts:
    """The claim as one part that no other equals, for rules that are not asked about most claims."""
    return (object(),)  # not its id(), which a claim has again that is made when this one is gone


def _billing(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim = draft.claim
    return ((draft.practice_id, claim.billing, claim.pay_to),)


def _member(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim = draft.claim
    return (
        (
            claim.subscriber,
            claim.patient,
            claim.payer,
            draft.coverage,
            draft.other_coverages,
            draft.patient.person,
        ),
    )


def _header(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim = draft.claim
    return (
        (
            draft.discipline,
            claim.subscriber.filing_indicator,
            claim.place_of_service,
            claim.frequency,
            claim.original_reference,
            claim.authorization,
            claim.referral_number,
            claim.provider_signature,
            claim.accident_causes,
            claim.accident_state,
            claim.dates,
            claim.diagnoses,
            claim.facility is None,
            claim.referring.npi if claim.referring is not None else "",
        ),
    )


def _providers(draft: ClaimDraft, context: RuleContext) -> Iterator[Hashable]:
    claim = draft.claim
    above = (
        draft.practice_id,
        draft.discipline,
        claim.billing,
        claim.rendering,
        claim.facility,
        claim.supervising,
        claim.referring,
        claim.primary_care,
    )
    yield above
    for line in claim.lines:
        own = (line.rendering, line.facility, line.supervising, line.referring, line.ordering)
        if own != _NOBODY:
            yield (above, own)


_NOBODY: Final = (None, None, None, None, None)


def _diagnoses(draft: ClaimDraft, context: RuleContext) -> Parts:
    days = frozenset([line.date_from for line in draft.claim.lines])
    return tuple([(code, days) for code in draft.claim.diagnoses])


def _lines(draft: ClaimDraft, context: RuleContext) -> Parts:
    place, discipline = draft.claim.place_of_service, draft.discipline
    return tuple(
        [
            (
                discipline,
                place,
                line.place_of_service,
                line.procedure,
                line.date_from,
                line.date_to,
                line.units,
                line.unit_basis,
                line.notes,
            )
            for line in draft.claim.lines
        ]
    )


def _treatments(draft: ClaimDraft, context: RuleContext) -> Parts:
    place, discipline = draft.claim.place_of_service, draft.discipline
    return tuple(
        [
            (
                discipline,
                line.place_of_service or place,
                line.procedure,
                line.date_from,
                tuple(
                    [
                        (
                            one.telehealth,
                            one.abn,
                            one.active_care,
                            one.kx_attested,
                            one.line_note,
                            one.group_size,
                            one.assistant_minutes,
                            one.minutes if one.assistant_minutes is not None else None,
                        )
                        for one in sessions_of(draft, line)
                    ]
                ),
            )
            for line in draft.claim.lines
        ]
    )


def _sums(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim = draft.claim
    lines = [
        (
            line.charge,
            line.pointers,
            line.procedure.code,
            line.attachments,
            line.other_dates,
            line.authorization and (line.authorization, claim.authorization),
        )
        for line in claim.lines
    ]
    return (
        (claim.charge, claim.patient_paid, len(claim.diagnoses), claim.attachments, claim.spinal, *lines),
    )


def _numbers(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim = draft.claim
    if claim.patient_control_number or any(line.line_control_number for line in claim.lines):
        return whole(draft)
    return ()


def _days(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim, coverage, born = draft.claim, draft.coverage, draft.claim.patient_person.birth_date
    days = {day for line in claim.lines for day in (line.date_from, line.date_to)} - {None}
    day = days.pop() if len(days) == 1 else None
    if (
        day is None
        or day > context.today
        or day < coverage.coverage_from
        or (coverage.coverage_to is not None and day > coverage.coverage_to)
        or (draft.patient.death_date is not None and day > draft.patient.death_date)
        or (born is not None and day < born)
        or any(before >= day or (born is not None and before < born) for _, before in claim.dates)
        or any(line.other_dates for line in claim.lines)
    ):
        return whole(draft)
    return ()


def _coordination(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim = draft.claim
    if claim.subscriber.rank != "P" or claim.other_payers or any(line.adjudications for line in claim.lines):
        return whole(draft)
    return ()


def _property(draft: ClaimDraft, context: RuleContext) -> Parts:
    claim = draft.claim
    if (
        claim.subscriber.filing_indicator in ("WC", "AM")
        or claim.subscriber.references
        or (claim.patient is not None and claim.patient.references)
    ):
        return whole(draft)
    return ()


BILLING: Final = Subject("billing", _billing)
"""2010AA and 2010AB."""
MEMBER: Final = Subject("member", _member)
"""2010BA, 2010BB and 2010CA, and the coverages behind them: who the patient is, and who holds the coverage."""
HEADER: Final = Subject("header", _header)
"""2300 but amounts, papers and control number: the claim's own codes, dates, references and diagnoses."""
PROVIDERS: Final = Subject("providers", _providers)
"""Who bills, renders, supervises and refers, and where, with the line's own beside the claim's."""
DIAGNOSES: Final = Subject("diagnoses", _diagnoses)
"""Each diagnosis with the claim's days of service."""
LINES: Final = Subject("lines", _lines)
"""Each service line by itself: code, modifiers, place, days, units and notes, in its discipline."""
TREATMENTS: Final = Subject("treatments", _treatments)
"""Each service line's code, place and day with what its session lines say of the treatment (not of its time)."""
COORDINATION: Final = Subject("coordination", _coordination)
"""A claim that has or wants other payers: loops 2320, 2330 and 2430."""
PROPERTY: Final = Subject("property and casualty", _property)
"""A claim of workers' compensation or an auto insurer, or with references of persons (REF*Y4)."""
SUMS: Final = Subject("sums", _sums)
"""Amounts, pointers, papers and dates of the lines, beside the claim's: whether they add up and fit."""
NUMBERS: Final = Subject("numbers", _numbers)
"""A claim that has its control numbers."""
DAYS: Final = Subject("days", _days)
"""A claim of several days, or of one that does not lie in the coverage, in the patient's life and after the illness."""
