"""Loops 2320 and 2430: what other payers decided, in sums, reasons and dates. Money is integer cents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edi.model.coordination_balance import claim_shortfalls, line_shortfalls
from edi.model.draft import ClaimDraft
from edi.model.money import decimal_text
from edi.model.remittance import Adjustment
from edi.rules.context import Problem, RuleContext, at_claim, at_line, first_day
from edi.rules.guide.forms import decisions_of
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import COORDINATION


def _sum(adjustments: Iterable[Adjustment]) -> int:
    return sum(one.cents for one in adjustments)


@rule("ADJ001", severity=ERROR, carc="16", subject=COORDINATION)
def decision_of_unknown_payer(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line carries the adjudication of a payer that the claim does not name.

    Why: SVD01 must be the id of a 2330B of the same claim; else the amounts belong to nobody.
    Fix: Name the payer among the other payers, under the id that SVD01 has.
    Source: 005010X222A1 2430 SVD01 and 2330B NM109; pyx12 passes it.
    """
    claim = draft.claim
    known = {one.payer.id for one in claim.other_payers}
    for line in claim.lines:
        for one in line.adjudications:
            if one.payer_id not in known:
                yield Problem(
                    message=f"line {line.number} carries a decision of payer {one.payer_id!r}, which the claim lacks",
                    location=at_line(draft, line, "payer.claim_id", "SVD01"),
                )


@rule("ADJ002", severity=ERROR, carc="16", subject=COORDINATION)
def line_decision_unbalanced(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """What another payer paid and adjusted on a line is not the line's charge.

    Why: The guide wants SV102 = SVD02 + the line's CAS; a payer that cannot follow the sum rejects the claim.
    Fix: Take paid amount and every adjustment of the line from the 835.
    Source: 005010X222A1 loop 2430, balancing; edi.model.coordination.
    """
    lines = {line.number: line for line in draft.claim.lines}
    for one in line_shortfalls(draft.claim):
        line = lines[one.line or 0]
        yield Problem(
            message=(
                f"line {line.number} charges {decimal_text(one.charge)}, payer {one.payer_id} paid and adjusted"
                f" {decimal_text(one.total)} (difference {decimal_text(one.charge - one.total)})"
            ),
            location=at_line(draft, line, "adjudications", "SVD02"),
        )


@rule("ADJ003", severity=ERROR, carc="16", subject=COORDINATION)
def claim_decision_unbalanced(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """What another payer paid and adjusted on the claim and its lines is not the claim's charge.

    Why: The guide wants CLM02 = AMT*D + the claim's CAS + those of all lines; else the claim is rejected.
    Fix: Take the paid amount and every adjustment, of the claim and of its lines, from the 835.
    Source: 005010X222A1 loop 2320, balancing; edi.model.coordination.
    """
    for one in claim_shortfalls(draft.claim):
        yield Problem(
            message=(
                f"the claim charges {decimal_text(one.charge)}, payer {one.payer_id} paid and adjusted"
                f" {decimal_text(one.total)} (difference {decimal_text(one.charge - one.total)})"
            ),
            location=at_claim(draft, "other_payers", "AMT02"),
        )


@rule("ADJ004", severity=ERROR, carc="16", subject=COORDINATION)
def patient_share_at_both_levels(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """What the patient still owes stands on the claim and on its lines.

    Why: AMT*EAF belongs to one level, that of the adjudication; at both it counts twice.
    Fix: Keep it on the lines when the payer decided by line, else on the claim.
    Source: 005010X222A1 2320 and 2430 AMT*EAF; pyx12 passes it.
    """
    for payer in draft.claim.other_payers:
        if payer.remaining_patient_liability is not None and any(
            one.remaining_patient_liability is not None for _, one in decisions_of(draft, payer)
        ):
            yield Problem(
                message=f"AMT*EAF of payer {payer.payer.id} stands on the claim and on a line",
                location=at_claim(draft, "other_payers", "AMT01"),
            )


@rule("ADJ005", severity=ERROR, carc="16", subject=COORDINATION)
def decision_date_at_both_levels(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The date of another payer's decision stands on the claim and on its lines.

    Why: DTP*573 belongs to one level; the guide takes it from 2330B when 2430 has none.
    Fix: Keep it on the lines when the payer decided by line, else on the claim.
    Source: 005010X222A1 2330B and 2430 DTP*573; pyx12 passes it.
    """
    for payer in draft.claim.other_payers:
        if payer.paid_on is not None and any(
            one.paid_on is not None for _, one in decisions_of(draft, payer)
        ):
            yield Problem(
                message=f"DTP*573 of payer {payer.payer.id} stands on the claim and on a line",
                location=at_claim(draft, "other_payers", "DTP01"),
            )


@rule("ADJ006", severity=ERROR, carc="16", subject=COORDINATION)
def decision_without_date(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Another payer decided on the claim, and nothing says when.

    Why: The next payer's filing time runs from that date; without DTP*573 the claim is rejected.
    Fix: Take the date from the 835 (BPR16).
    Source: 005010X222A1 2330B and 2430 DTP*573.
    """
    for payer in draft.claim.other_payers:
        if payer.paid_on is not None:
            continue
        dates = [one.paid_on for _, one in decisions_of(draft, payer)]
        if (dates and None in dates) or (not dates and payer.paid is not None):
            yield Problem(
                message=f"the decision of payer {payer.payer.id} has no date",
                location=at_claim(draft, "other_payers", "DTP03"),
            )


@rule("ADJ007", severity=ERROR, carc="16", subject=COORDINATION)
def reason_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Another payer's adjustments of one level name the same group and reason twice.

    Why: A group and reason stand once in a loop; a repetition counts twice or rejects the claim.
    Fix: Add the amounts of the same group and reason.
    Source: 005010X222A1 2320 and 2430 CAS; pyx12 passes it.
    """
    for payer in draft.claim.other_payers:
        twice = _repeats(payer.adjustments)
        if twice:
            yield Problem(
                message=f"the claim's CAS of payer {payer.payer.id} name {twice} twice",
                location=at_claim(draft, "other_payers", "CAS02"),
            )
    for line in draft.claim.lines:
        for one in line.adjudications:
            twice = _repeats(one.adjustments)
            if twice:
                yield Problem(
                    message=f"line {line.number}: the CAS of payer {one.payer_id} name {twice} twice",
                    location=at_line(draft, line, "adjudications", "CAS02"),
                )


def _repeats(adjustments: tuple[Adjustment, ...]) -> str:
    """The first group and reason that stands twice (``CO-45``), or ""."""
    seen: set[tuple[str, str]] = set()
    for one in adjustments:
        if (one.group, one.reason) in seen:
            return f"{one.group}-{one.reason}"
        seen.add((one.group, one.reason))
    return ""


@rule("ADJ008", severity=ERROR, carc="16", subject=COORDINATION)
def adjustment_of_nothing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An adjustment of another payer has the amount zero.

    Why: CAS says how the charge was lowered; zero lowers nothing, and strict payers reject it.
    Fix: Leave the adjustment out.
    Source: 005010X222A1 2320 and 2430 CAS03; pyx12 passes it.
    """
    for payer in draft.claim.other_payers:
        for one in payer.adjustments:
            if not one.cents:
                yield Problem(
                    message=f"CAS {one.group}-{one.reason} of payer {payer.payer.id} is 0",
                    location=at_claim(draft, "other_payers", "CAS03"),
                )
    for line in draft.claim.lines:
        for decision in line.adjudications:
            for one in decision.adjustments:
                if not one.cents:
                    yield Problem(
                        message=f"line {line.number}: CAS {one.group}-{one.reason} is 0",
                        location=at_line(draft, line, "adjudications", "CAS03"),
                    )


@rule("ADJ009", severity=WARNING, carc="16", subject=COORDINATION)
def reason_unknown(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A reason of another payer is no claim adjustment reason code that was in force when it decided.

    Why: The next payer reads the reasons; a dead or invented one rejects the claim.
    Fix: Take the reason from the 835 as it is; of a paper remittance choose the reason that says the same.
    Source: edi/codes/tables/carc.csv.
    """
    reasons = {(one.reason, payer.paid_on) for payer in draft.claim.other_payers for one in payer.adjustments}
    for line in draft.claim.lines:
        reasons |= {(each.reason, one.paid_on) for one in line.adjudications for each in one.adjustments}
    for reason, day in sorted(reasons, key=lambda pair: (pair[0], str(pair[1]))):
        known = context.tables.carc(reason)
        if known is None or (day is not None and not known.holds_on(day)):
            yield Problem(
                message=f"CAS reason {reason!r} is none{'' if known is None else f' on {day}'}",
                location=at_claim(draft, "other_payers", "CAS02"),
            )


@rule("ADJ010", severity=ERROR, carc="16", subject=COORDINATION)
def lines_decided_in_part(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Another payer decided on some lines of the claim, and nothing is said of the others.

    Why: A payer that decides by line decides on each; the sum over the claim cannot come out.
    Fix: Take every line of the claim from the 835, denied ones too.
    Source: 005010X222A1 loop 2430.
    """
    lines = draft.claim.lines
    for payer in draft.claim.other_payers:
        decided = {line.number for line, _ in decisions_of(draft, payer)}
        if decided and len(decided) < len(lines):
            yield Problem(
                message=f"payer {payer.payer.id} decided on {len(decided)} of {len(lines)} lines",
                location=at_claim(draft, "other_payers", "SVD01"),
            )


@rule("ADJ011", severity=ERROR, carc="16", subject=COORDINATION)
def bundled_into_no_line(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line is said to be bundled into itself, or into a line that the claim does not have.

    Why: SVD06 is the LX01 of the line that took it in; the next payer follows it.
    Fix: Give the number of the line it was bundled into.
    Source: 005010X222A1 loop 2430 SVD06.
    """
    numbers = {line.number for line in draft.claim.lines}
    for line in draft.claim.lines:
        for one in line.adjudications:
            into = one.bundled_line
            if into is not None and (into == line.number or into not in numbers):
                yield Problem(
                    message=f"line {line.number} is bundled into line {into}",
                    location=at_line(draft, line, "adjudications", "SVD06"),
                )


@rule("ADJ012", severity=ERROR, carc="16", subject=COORDINATION)
def decided_before_service(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Another payer's decision is dated before the service, or after the day of this check.

    Why: A decision follows the service; the next payer's filing time runs from it.
    Fix: Take the date from the 835 of this claim.
    Source: 005010X222A1 2330B and 2430 DTP*573.
    """
    first = first_day(draft)
    if first is None:
        return
    for payer in draft.claim.other_payers:
        days = [payer.paid_on, *(one.paid_on for _, one in decisions_of(draft, payer))]
        wrong = sorted({day for day in days if day is not None and not first <= day <= context.today})
        if wrong:
            yield Problem(
                message=f"payer {payer.payer.id} decided on {wrong[0]}, the first service was on {first}",
                location=at_claim(draft, "other_payers", "DTP03"),
            )


@rule("ADJ013", severity=ERROR, carc="16", subject=COORDINATION)
def paid_amount_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Another payer decided on the claim or its lines, and the claim does not say what it paid.

    Why: AMT*D is required once the payer decided, with 0 after a denial; the next payer balances the claim by it.
    Fix: Take the paid amount of the claim from the 835 (CLP04).
    Source: 005010X222A1 2320 AMT*D; pyx12 passes it.
    """
    for payer in draft.claim.other_payers:
        decided = bool(payer.adjustments) or any(decisions_of(draft, payer))
        if decided and payer.paid is None and payer.noncovered is None:
            yield Problem(
                message=f"payer {payer.payer.id} decided, and AMT*D is missing",
                location=at_claim(draft, "other_payers", "AMT02"),
            )
