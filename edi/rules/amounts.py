"""Amounts: what a line charges and what the claim adds up to. All cents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.model.draft import ClaimDraft
from edi.model.money import decimal_text
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import SUMS

MOST_CENTS: Final = 99_999_999_99
"""Ten digits, cents among them: what HIPAA lets an amount of money have."""
HIGH_LINE: Final = 10_000_00
"""A charge for one therapy line above this, in cents, is more likely a slip than a fee."""


@rule("AMT001", severity=ERROR, carc="16", subject=SUMS)
def line_charge_not_positive(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A service line charges nothing or less than nothing.

    Why: A line without a charge cannot be adjudicated; a minus sign is not allowed in SV102.
    Fix: Give the line its charge in sessions.csv or fees.csv, or mark the row do_not_bill.
    Source: 005010X222A1 SV102; CARC 16 with RARC M79.
    """
    for line in draft.claim.lines:
        if line.charge <= 0:
            yield Problem(
                message=f"line {line.number} ({line.procedure.code}) charges {decimal_text(line.charge)}",
                location=at_line(draft, line, "charge", "SV102"),
            )


@rule("AMT002", severity=ERROR, carc="16", subject=SUMS)
def claim_charge_not_sum_of_lines(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim's charge is not the sum of its lines' charges.

    Why: Payers reject a claim whose total is not the sum of its lines.
    Fix: Correct the charge of the line that is wrong; the claim's total follows from the lines.
    Source: 005010X222A1 CLM02 and SV102.
    """
    total = sum(line.charge for line in draft.claim.lines)
    if total != draft.claim.charge:
        yield Problem(
            message=(
                f"CLM02 is {decimal_text(draft.claim.charge)}, the lines add up to {decimal_text(total)}"
                f" (difference {decimal_text(draft.claim.charge - total)})"
            ),
            location=at_claim(draft, "charge", "CLM02"),
        )


@rule("AMT003", severity=WARNING, subject=SUMS)
def line_charge_very_high(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A service line charges far more than therapy costs.

    Why: A slipped decimal point goes out unseen and comes back as an overpayment or an audit.
    Fix: Look at the charge and its decimal point; the charge is the total of the line, not of one unit.
    Source: our own limit of 10,000.00 a line.
    """
    for line in draft.claim.lines:
        if line.charge > HIGH_LINE:
            yield Problem(
                message=(
                    f"line {line.number} ({line.procedure.code}) charges {decimal_text(line.charge)},"
                    f" more than {decimal_text(HIGH_LINE)}"
                ),
                location=at_line(draft, line, "charge", "SV102"),
            )


@rule("AMT004", severity=ERROR, carc="16", subject=SUMS)
def patient_paid_out_of_range(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """What the patient paid is below zero or above the claim's charge.

    Why: AMT*F5 may neither be negative nor exceed the charge; payers lower their payment by it.
    Fix: Correct patient_paid; a refund or an advance for other visits does not belong on the claim.
    Source: 005010X222A1 loop 2300 AMT*F5.
    """
    paid = draft.claim.patient_paid
    if paid is not None and not 0 <= paid <= draft.claim.charge:
        yield Problem(
            message=(
                f"the patient's payment of {decimal_text(paid)} is not between 0.00"
                f" and the charge of {decimal_text(draft.claim.charge)}"
            ),
            location=at_claim(draft, "patient_paid", "AMT02"),
        )


@rule("AMT005", severity=ERROR, carc="16", subject=SUMS)
def charge_has_too_many_digits(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The charge of the claim or of a line has more than ten digits.

    Why: Money has at most ten digits, cents among them; a longer amount is cut off or rejected, and pyx12 takes it.
    Fix: Correct the charge.
    Source: claim_format_eligibility_rules.md, Charset, amounts, dates (from memory); 005010X222A1 CLM02, SV102.
    """
    claim = draft.claim
    if claim.charge > MOST_CENTS:
        yield Problem(
            message=f"CLM02 has {len(str(claim.charge))} digits, 10 fit",
            location=at_claim(draft, "charge", "CLM02"),
        )
    for line in claim.lines:
        if line.charge > MOST_CENTS:
            yield Problem(
                message=f"line {line.number} charges an amount of {len(str(line.charge))} digits, 10 fit",
                location=at_line(draft, line, "charge", "SV102"),
            )
