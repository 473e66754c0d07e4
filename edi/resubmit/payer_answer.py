"""What one payer did with a claim, as the claim to the next payer tells it: loops 2320, 2330B and 2430.

Reasons are copied unchanged at the level at which they were given, all of a group (RFI 1535). A payer that wants it on
the claim gets the lines' reasons summed there, and no 2430. Source: facts/remittance_835_rules.md, "837P secondary
claim built from an 835". Money is integer cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from edi.model.claim import Claim, ServiceLine
from edi.model.coordination import LineAdjudication
from edi.model.finding import Finding
from edi.model.remittance import Adjustment, ClaimPayment, RawSegment, ServicePayment
from edi.resubmit.refusals import LINES_UNCLEAR, refusal

PATIENT: Final = "PR"
BUNDLED: Final = "97"
"""CARC of a line whose money stands on another one."""


class AnsweredClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim payment that stands, tied to the claim.

    ``lines`` are, for each line of the payment in its order, the LX01s of the claim's lines that it answers (several
    when the payer merged them, none when it is not known). ``paid_on`` is the payment's date. ``repeated`` are the
    places of lines that deny a duplicate of what was sent before: they decide nothing.
    """

    payment: ClaimPayment
    lines: tuple[tuple[int, ...], ...]
    paid_on: date | None = None
    repeated: frozenset[int] = frozenset()


class Coordination(msgspec.Struct, frozen=True, kw_only=True):
    """A payer's answer, ready for 2320 and 2430.

    Attributes:
        paid: AMT*D. adjustments: CAS of the claim.
        remaining: AMT*EAF of the claim, None where it stands on the lines or nothing remains.
        lines: 2430 by LX01; empty when the answer is told on the claim alone.
        paid_on: DTP*573. outpatient: MOA as sent. payer_number: the payer's control number of the claim.
    """

    paid: int
    adjustments: tuple[Adjustment, ...] = ()
    remaining: int | None = None
    lines: Mapping[int, tuple[LineAdjudication, ...]] = {}
    paid_on: date | None = None
    outpatient: RawSegment = ()
    payer_number: str = ""


class CannotReport(msgspec.Struct, frozen=True):
    """Why a payer's answer cannot be told to the next one."""

    finding: Finding


def coordination(
    claim: Claim, answers: Sequence[AnsweredClaim], wants: Literal["line", "claim"]
) -> Coordination | CannotReport:
    """Gather what a payer answered.

    Args:
        claim: the submission that was answered; its payer's id goes into SVD01.
        answers: the payer's claim payments that stand, newest last; a later one takes the place of an earlier one on
            the same lines, several on different lines are parts of one claim.
        wants: whether the next payer wants reasons on the lines or on the claim.

    Returns:
        The answer, or why it cannot be told (no answer, a line that is tied to none of the claim's).
    """
    chosen = _standing(answers)
    if not chosen:
        return CannotReport(
            refusal(
                LINES_UNCLEAR,
                claim.patient_control_number,
                "no answer of the payer stands",
                "Ingest its 835.",
            )
        )
    number = next((one.payment.payer_claim_control_number for one in chosen[::-1]
                   if one.payment.payer_claim_control_number), "")  # fmt: skip
    common: dict[str, object] = {
        "paid": sum(one.payment.paid for one in chosen),
        "paid_on": chosen[-1].paid_on,
        "outpatient": chosen[-1].payment.outpatient,
        "payer_number": number,
    }
    on_claim = [item for one in chosen for item in one.payment.adjustments]
    clear = all(len(lines) == 1 for one in chosen for lines in one.lines)
    if wants == "claim" or not clear or not any(one.payment.lines for one in chosen):
        every = [
            *on_claim,
            *(item for one in chosen for line in one.payment.lines for item in line.adjustments),
        ]
        return Coordination(adjustments=summed(every), remaining=_remaining(every), **common)  # type: ignore[arg-type]
    missing = {line.number for line in claim.lines} - {
        number for one in chosen for numbers in one.lines for number in numbers
    }
    if missing:
        named = ", ".join(str(number) for number in sorted(missing))
        return CannotReport(
            refusal(
                LINES_UNCLEAR,
                claim.patient_control_number,
                f"the payer's answer says nothing of line {named}",
                "Wait for the answer to the whole claim, or ask the payer for it.",
            )
        )
    on_lines = _remaining(on_claim) is None
    lines: dict[int, list[LineAdjudication]] = {}
    for one in chosen:
        for payment, (lx,) in zip(one.payment.lines, one.lines, strict=True):
            lines.setdefault(lx, []).append(
                _decided(claim, lx, payment, one.paid_on, with_remaining=on_lines)
            )
    every = [*on_claim, *(item for one in chosen for line in one.payment.lines for item in line.adjustments)]
    return Coordination(
        adjustments=summed(on_claim),
        remaining=None if on_lines else _remaining(every),
        lines={number: tuple(found) for number, found in lines.items()},
        **common,  # type: ignore[arg-type]
    )


def _standing(answers: Sequence[AnsweredClaim]) -> list[AnsweredClaim]:
    """The newest answer of every line, in their order; one without lines stands alone."""
    chosen: list[AnsweredClaim] = []
    told: set[int] = set()
    for one in reversed(answers):
        numbers = {number for line in one.lines for number in line}
        if chosen and not numbers:
            continue
        rest = one if not (numbers & told or one.repeated) else _rest(one, told)
        if rest is None:
            continue
        chosen.append(rest)
        told.update(number for line in rest.lines for number in line)
        if not numbers:
            break
    return chosen[::-1]


def _rest(answer: AnsweredClaim, told: set[int]) -> AnsweredClaim | None:
    """The lines that an answer decides and no newer one did again; None without any, or when its money is one sum."""
    left = [
        place
        for place, numbers in enumerate(answer.lines)
        if numbers and place not in answer.repeated and not told.intersection(numbers)
    ]
    if not left or answer.payment.adjustments:
        return None
    lines = tuple(answer.payment.lines[place] for place in left)
    payment = msgspec.structs.replace(
        answer.payment,
        charge=sum(line.charge for line in lines),
        paid=sum(line.paid for line in lines),
        lines=lines,
    )
    return msgspec.structs.replace(
        answer, payment=payment, lines=tuple(answer.lines[place] for place in left), repeated=frozenset()
    )


def _decided(
    claim: Claim, lx: int, payment: ServicePayment, paid_on: date | None, *, with_remaining: bool
) -> LineAdjudication:
    """2430 of one adjudicated line."""
    line = next(one for one in claim.lines if one.number == lx)
    adjustments = summed(payment.adjustments)
    return LineAdjudication(
        payer_id=claim.payer.id,
        paid=payment.paid,
        procedure=msgspec.structs.replace(payment.procedure, description=None),
        units=payment.units or line.units,
        bundled_line=_bundled_into(claim, line, payment),
        adjustments=adjustments,
        paid_on=paid_on,
        remaining_patient_liability=_remaining(adjustments) if with_remaining else None,
    )


def _bundled_into(claim: Claim, line: ServiceLine, payment: ServicePayment) -> int | None:
    """LX01 of the line that carries the money of a bundled one (RFI 1814), None when it was not bundled."""
    absorbed = any(one.reason == BUNDLED for one in payment.adjustments) and not payment.paid
    if not absorbed or payment.submitted_procedure is None or payment.procedure.code == line.procedure.code:
        return None
    return next((one.number for one in claim.lines if one.procedure.code == payment.procedure.code), None)


def summed(adjustments: Iterable[Adjustment]) -> tuple[Adjustment, ...]:
    """One adjustment a group and reason, groups and reasons in the order of their first; those of no cents fall away.

    The reasons of a group stand together, for a CAS holds those of one group.
    """
    found: dict[tuple[str, str], Adjustment] = {}
    for one in adjustments:
        held = found.get((one.group, one.reason))
        found[one.group, one.reason] = (
            one if held is None else Adjustment(one.group, one.reason, held.cents + one.cents)
        )
    groups = list(dict.fromkeys(group for group, _ in found))
    return tuple(
        sorted((one for one in found.values() if one.cents), key=lambda one: groups.index(one.group))
    )


def _remaining(adjustments: Iterable[Adjustment]) -> int | None:
    """The patient's share in cents, None when there is none."""
    return sum(one.cents for one in adjustments if one.group == PATIENT) or None
