"""Eligibility: what a 270 asks about a patient's coverage, and what a 271 answers. Money is integer cents.

Source: 005010X279A1, loops 2000A to 2110D; service type codes: claim_format_eligibility_rules.md, Eligibility.
"""

from __future__ import annotations

from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.model.party import Person, Provider
from edi.model.remittance import Procedure, RawSegment, Reference

Trace: TypeAlias = tuple[str, str, str]
"""A TRN: TRN01 (1 the writer's own, 2 the number of who asked), TRN02 the number, TRN03 who gave it."""

GENERAL: Final = "30"
"""Service type: the plan as a whole."""
SERVICE_TYPES: Final = {
    "PT": ("PT",),
    "OT": ("AD",),
    "SLP": ("AF",),
    "DC": ("33",),
    "LMT": ("BE",),
    "ACU": ("64",),
    "ATC": ("AE",),
}
"""EQ01 by discipline, beside the general one. BE and PT are less certain than the others (85 %; an RFI of 2010)."""
MEDICARE_SERVICE_TYPES: Final = {"PT": ("AE",), "OT": ("AD",), "SLP": ("AF",)}
"""What Medicare's 271 files therapy under: AE for physical therapy (its published example), AD; AF is unverified."""
SERVICE_TYPES_OF: Final = {
    "PT": ("PT", "AE"),
    "OT": ("AD", "AE"),
    "SLP": ("AF",),
    "DC": ("33",),
    "LMT": ("BE",),
    "ACU": ("64",),
    "ATC": ("AE", "PT"),
}
"""EB03 under which a payer may answer for a discipline: AE is physical medicine as a whole."""


class DatePeriod(msgspec.Struct, frozen=True, gc=False):
    """A DTP: DTP01, first and last day. ``last`` is None when a single day was given (D8)."""

    qualifier: str
    first: date
    last: date | None = None


class EligibilityInquiry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One patient and coverage that a 270 asks about.

    Attributes:
        practice_id, patient_id, payer_key: ours, not written; "" when read back.
        trace_number: TRN02, by which the answer is known. trace_assigner: TRN03, ten characters.
        payer_name, payer_id, payer_id_qualifier: 2100A NM103, NM109, NM108.
        provider: 2100B, who asks: name and NPI.
        subscriber, member_id, group_number: 2100C with NM109 and REF*6P.
        patient: 2100D, None when the patient is the subscriber. relationship: INS02 (01, 19, 34).
        date_from, date_to: DTP*291, the days of service asked about; equal for one day.
        service_types: EQ01, one EQ each.
        kept: segments that the model has no field for.
    """

    practice_id: str = ""
    patient_id: str = ""
    payer_key: str = ""
    trace_number: str = ""
    trace_assigner: str = ""
    payer_name: str = ""
    payer_id: str = ""
    payer_id_qualifier: str = "PI"
    provider: Provider
    subscriber: Person = Person()
    member_id: str = ""
    group_number: str = ""
    patient: Person | None = None
    relationship: str = ""
    date_from: date | None = None
    date_to: date | None = None
    service_types: tuple[str, ...] = (GENERAL,)
    kept: tuple[RawSegment, ...] = ()

    @property
    def patient_person(self) -> Person:
        """The person asked about: the dependent when there is one, else the subscriber."""
        return self.patient if self.patient is not None else self.subscriber


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """An AAA: why the payer did not answer. ``level`` is source, receiver, subscriber, dependent or benefit.

    ``code`` is AAA03, ``follow_up`` AAA04 (C correct and ask again, R ask again, N do not, …), ``valid`` AAA01 = Y.
    """

    level: str
    code: str
    follow_up: str = ""
    valid: bool = False


class RelatedEntity(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 2120: who else has to do with a benefit: another payer, a primary care provider.

    ``role`` is NM101 (PR, PRP, SEP, TTP payers; P3, 1P, X3 … others). ``kept`` is what stands below the NM1.
    """

    role: str
    is_person: bool = False
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    suffix: str = ""
    id_qualifier: str = ""
    id: str = ""
    kept: tuple[RawSegment, ...] = ()


class Benefit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 2110: one EB and what stands below it.

    Attributes:
        code: EB01 (1 active, 6 inactive, C deductible, F limitation, I not covered, R other payer …).
        coverage_level: EB02 (IND, FAM …). service_types: EB03. insurance_type: EB04. plan_name: EB05.
        period: EB06 (23 calendar year, 24 year to date, 27 visit, 29 remaining …).
        amount: EB07 in cents. percent: EB08 as decimal text, .2 for 20 %.
        quantity_qualifier, quantity: EB09 (VS visits …) and EB10 as decimal text.
        authorization: EB11. in_network: EB12 (Y, N, W either, U unknown).
        procedure: EB13. pointers: EB14 as sent.
        dates, references, messages, rejections, entities: DTP, REF, MSG, AAA and 2120.
        kept: HSD, III and whatever else stands in the loop, as sent.
    """

    code: str
    coverage_level: str = ""
    service_types: tuple[str, ...] = ()
    insurance_type: str = ""
    plan_name: str = ""
    period: str = ""
    amount: int | None = None
    percent: str = ""
    quantity_qualifier: str = ""
    quantity: str = ""
    authorization: str = ""
    in_network: str = ""
    procedure: Procedure | None = None
    pointers: str = ""
    dates: tuple[DatePeriod, ...] = ()
    references: tuple[Reference, ...] = ()
    messages: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    entities: tuple[RelatedEntity, ...] = ()
    kept: tuple[RawSegment, ...] = ()


class EligibilityAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a 271 says of one patient, or why it says nothing.

    Attributes:
        reference: BHT03 of the inquiry as the payer repeats it. answered_on: BHT04, else the interchange's date.
        traces: every TRN of the patient's level.
        payer_name, payer_id, payer_id_qualifier: 2100A.
        provider: 2100B.
        subscriber, member_id: 2100C. patient: 2100D, None when the answer is about the subscriber.
        relationship: INS02 of the level answered.
        references, dates, benefits, rejections: REF, DTP, 2110 and AAA; rejections of the levels above count too.
        kept: other segments of the levels, as sent.
    """

    reference: str = ""
    answered_on: date | None = None
    traces: tuple[Trace, ...] = ()
    payer_name: str = ""
    payer_id: str = ""
    payer_id_qualifier: str = ""
    provider: Provider | None = None
    subscriber: Person = Person()
    member_id: str = ""
    patient: Person | None = None
    relationship: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[DatePeriod, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    kept: tuple[RawSegment, ...] = ()

    @property
    def patient_person(self) -> Person:
        """The person the answer is about."""
        return self.patient if self.patient is not None else self.subscriber

    @property
    def asked_traces(self) -> tuple[str, ...]:
        """The numbers of who asked (TRN01 2), ours among them."""
        return tuple(number for kind, number, _ in self.traces if kind == "2" and number)
