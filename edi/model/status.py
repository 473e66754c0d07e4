"""Claim status: what a 276 asks about a claim, and what a 277 answers. Money is integer cents.

Source: 005010X212, loops 2000A to 2220E. Categories A0 to A8: facts/code_sets.csv (277CA); that F1 is a payment and F2
a denial is from memory, unverified, so the amount paid decides before them.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from edi.model.control import normalise_control_number
from edi.model.party import Person, Provider
from edi.model.remittance import Procedure, RawSegment, Reference

NOT_FOUND, REJECTED, RECEIVED, PENDED, INFORMATION, PAID, DENIED, FINISHED, FAILED, UNKNOWN = (
    "not_found", "rejected", "received", "pended", "information", "paid", "denied", "finished", "failed", "unknown",
)  # fmt: skip
STATES: Final = (
    INFORMATION, PAID, DENIED, FINISHED, PENDED, REJECTED, NOT_FOUND, RECEIVED, FAILED, UNKNOWN,
)  # fmt: skip
"""What a payer may say of a claim; where it says several things at once, the first of these counts."""
_CATEGORIES: Final = {
    "A0": RECEIVED, "A1": RECEIVED, "A2": RECEIVED, "A5": RECEIVED, "A4": NOT_FOUND,
    "A3": REJECTED, "A6": REJECTED, "A7": REJECTED, "A8": REJECTED, "F1": PAID, "F2": DENIED,
}  # fmt: skip
_FAMILIES: Final = {"D": NOT_FOUND, "E": FAILED, "F": FINISHED, "P": PENDED, "R": INFORMATION}

RECEIVER, PROVIDER, CLAIM = "receiver", "provider", "claim"
"""The levels that a 277 answers on."""


class StatusCode(msgspec.Struct, frozen=True, gc=False):
    """A composite of an STC (STC01, 10, 11): category, claim status code, entity, and the list of the status code."""

    category: str
    status: str = ""
    entity: str = ""
    code_list: str = ""


class ClaimStatus(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One STC.

    Attributes:
        codes: STC01, STC10, STC11, as far as they are there.
        effective_on: STC02. action: STC03. charge, paid: STC04 and STC05 in cents.
        finalized_on: STC06, when the claim was decided. method: STC07.
        remitted_on, check_number: STC08 and STC09, the payment and its check or trace number.
        message: STC12.
    """

    codes: tuple[StatusCode, ...] = ()
    effective_on: date | None = None
    action: str = ""
    charge: int | None = None
    paid: int | None = None
    finalized_on: date | None = None
    method: str = ""
    remitted_on: date | None = None
    check_number: str = ""
    message: str = ""

    @property
    def state(self) -> str:
        """What the STC comes to: one of ``STATES``."""
        found = {_state(code.category) for code in self.codes} or {UNKNOWN}
        first = next(state for state in STATES if state in found)
        return PAID if first in (DENIED, FINISHED) and self.paid else first


def _state(category: str) -> str:
    return _CATEGORIES.get(category) or _FAMILIES.get(category[:1], UNKNOWN)


class StatusLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Loop 2210 (asked) or 2220 (answered): SVC, its dates (DTP*472), REF*FJ and, in an answer, its statuses."""

    procedure: Procedure
    charge: int | None = None
    paid: int | None = None
    revenue_code: str = ""
    units: str = ""
    line_control_number: str = ""
    date_from: date | None = None
    date_to: date | None = None
    statuses: tuple[ClaimStatus, ...] = ()
    kept: tuple[RawSegment, ...] = ()


class StatusInquiry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One claim that a 276 asks about.

    Attributes:
        practice_id, payer_key: ours, not written; "" when read back.
        trace_number: TRN02, by which the answer is known.
        payer_name, payer_id, payer_id_qualifier: 2100A. receiver_name, receiver_id: 2100B, who takes the answer.
        provider: 2100C, who billed.
        subscriber, member_id: 2100D. patient: 2100E, None when the patient is the subscriber.
        payer_claim_control_number, patient_control_number: REF*1K and REF*EJ.
        references: REF BLT (type of bill), LU (application or location), 6P (group), XZ, D9 (clearinghouse's number).
        charge: AMT*T3. date_from, date_to: DTP*472 of the claim, equal for one day.
        lines: 2210. kept: segments that the model has no field for.
    """

    practice_id: str = ""
    payer_key: str = ""
    trace_number: str = ""
    payer_name: str = ""
    payer_id: str = ""
    payer_id_qualifier: str = "PI"
    receiver_name: str = ""
    receiver_id: str = ""
    provider: Provider
    subscriber: Person = Person()
    member_id: str = ""
    patient: Person | None = None
    payer_claim_control_number: str = ""
    patient_control_number: str = ""
    references: tuple[Reference, ...] = ()
    charge: int | None = None
    date_from: date | None = None
    date_to: date | None = None
    lines: tuple[StatusLine, ...] = ()
    kept: tuple[RawSegment, ...] = ()

    @property
    def patient_person(self) -> Person:
        """The person treated: the dependent when there is one, else the subscriber."""
        return self.patient if self.patient is not None else self.subscriber


class StatusAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a 277 says of one claim, or why it says nothing of any.

    Attributes:
        level: ``receiver`` or ``provider`` where all that was asked below is answered as one, else ``claim``.
        reference: BHT03. answered_on: BHT04, else the interchange's date.
        trace_number: TRN02; on the receiver's level it is BHT03 of the 276.
        statuses: STC in order. lines: 2220.
        references: REF other than 1K and EJ. Other fields as of ``StatusInquiry``.
    """

    level: str = CLAIM
    reference: str = ""
    answered_on: date | None = None
    trace_number: str = ""
    payer_name: str = ""
    payer_id: str = ""
    payer_id_qualifier: str = ""
    receiver_name: str = ""
    receiver_id: str = ""
    provider: Provider | None = None
    subscriber: Person = Person()
    member_id: str = ""
    patient: Person | None = None
    statuses: tuple[ClaimStatus, ...] = ()
    payer_claim_control_number: str = ""
    patient_control_number: str = ""
    references: tuple[Reference, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    lines: tuple[StatusLine, ...] = ()
    kept: tuple[RawSegment, ...] = ()

    @property
    def leading(self) -> ClaimStatus:
        """The status that counts: of the claim's own the first of ``STATES``; an empty one where none is given."""
        return min(self.statuses, key=lambda one: STATES.index(one.state), default=ClaimStatus())

    @property
    def state(self) -> str:
        """What it comes to: one of ``STATES``."""
        return self.leading.state


def contradicts(answer: StatusAnswer, asked: StatusInquiry) -> bool:
    """Whether an answer cannot be to an inquiry, whatever its trace number: another claim, payer or time of service.

    What either of them does not say contradicts nothing. Every store counts its trace numbers from one, so a number
    alone is no proof.
    """
    theirs, ours = answer.patient_control_number, asked.patient_control_number
    if theirs and ours:
        return normalise_control_number(theirs) != normalise_control_number(ours)
    if answer.payer_id and asked.payer_id and answer.payer_id != asked.payer_id:
        return True
    if answer.member_id and asked.member_id and answer.member_id.upper() != asked.member_id.upper():
        return True
    return not days_meet((answer.date_from, answer.date_to), (asked.date_from, asked.date_to))


def days_meet(one: tuple[date | None, date | None], other: tuple[date | None, date | None]) -> bool:
    """Whether two spans of days have a day in common; one that is not known meets all."""
    (start, end), (first, last) = one, other
    if start is None or end is None or first is None or last is None:
        return True
    return start <= last and first <= end
