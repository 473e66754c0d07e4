"""Loops 2320 and 2330: other payers of the patient, and what stands of them on the claim. Money is integer cents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from edi.model.coordination import RANKS
from edi.model.draft import ClaimDraft
from edi.model.money import decimal_text
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.guide.forms import decisions_of, is_filler, zip_problem
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import COORDINATION

UNKNOWN_RANK: Final = "U"


@rule("COB001", severity=ERROR, carc="16", subject=COORDINATION)
def rank_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two coverages of the claim have the same rank.

    Why: Only one payer can be first, second or third; with two the payer cannot tell who goes before it.
    Fix: Give each coverage its own coverage_rank.
    Source: 005010X222A1 2000B and 2320 SBR01; pyx12 passes it.
    """
    claim = draft.claim
    if not claim.other_payers:
        return
    counts = Counter([claim.subscriber.rank, *(one.rank for one in claim.other_payers)])
    doubled = sorted(rank for rank, count in counts.items() if count > 1 and rank != UNKNOWN_RANK)
    if doubled:
        yield Problem(
            message=f"rank {', '.join(doubled)} stands more than once on the claim",
            location=at_claim(draft, "coverage_rank", "SBR01"),
        )


@rule("COB002", severity=ERROR, carc="22", subject=COORDINATION)
def earlier_payer_not_named(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim goes to a second or later payer, and does not name the first.

    Why: A payer that is not first wants to see what the first one did; without 2320 it denies.
    Fix: Make the claim from the remittance of the payer before it, or put the coverages in their order.
    Source: 005010X222A1 2320; CARC 22 with RARC MA04.
    """
    claim = draft.claim
    if claim.subscriber.rank in ("P", UNKNOWN_RANK) or any(one.rank == "P" for one in claim.other_payers):
        return
    # A claim that was read may hold the loops of other payers as they were sent.
    if not any(segment[0] == "SBR" for segment in claim.kept):
        yield Problem(
            message=f"rank {claim.subscriber.rank} without another payer of rank P",
            location=at_claim(draft, "coverage_rank", "SBR01"),
        )


@rule("COB003", severity=ERROR, carc="16", subject=COORDINATION)
def payer_id_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two payers of the claim have the same payer id.

    Why: Line adjudications name their payer by that id; with two of one id nobody knows whose they are.
    Fix: Give each payer its own claim_id in payers.toml.
    Source: 005010X222A1 2330B NM109 and SVD01; pyx12 passes it.
    """
    claim = draft.claim
    if not claim.other_payers:
        return
    counts = Counter([claim.payer.id, *(one.payer.id for one in claim.other_payers)])
    doubled = sorted(payer for payer, count in counts.items() if payer and count > 1)
    if doubled:
        yield Problem(
            message=f"payer id {', '.join(doubled)} stands more than once on the claim",
            location=at_claim(draft, "payer.claim_id", "NM109"),
        )


@rule("COB004", severity=ERROR, carc="16", subject=COORDINATION)
def paid_and_never_asked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim says that another payer paid, and that it was never asked.

    Why: AMT*A8 stands for a payer that was lawfully passed over; with AMT*D or a decision they contradict each other.
    Fix: Leave AMT*A8 out where the payer decided.
    Source: 005010X222A1 2320 AMT*D and AMT*A8; pyx12 passes both.
    """
    for payer in draft.claim.other_payers:
        if payer.noncovered is None:
            continue
        if payer.paid is not None or payer.adjustments or any(decisions_of(draft, payer)):
            yield Problem(
                message=f"AMT*A8 of payer {payer.payer.id} beside its decision",
                location=at_claim(draft, "other_payers", "AMT01"),
            )


@rule("COB005", severity=ERROR, carc="16", subject=COORDINATION)
def noncovered_is_not_the_charge(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The charge that another payer was not asked for is not the claim's charge.

    Why: A payer is passed over with the whole claim or not at all.
    Fix: Set AMT*A8 to the claim's charge.
    Source: 005010X222A1 2320 AMT*A8.
    """
    claim = draft.claim
    for payer in claim.other_payers:
        if payer.noncovered is not None and payer.noncovered != claim.charge:
            yield Problem(
                message=(
                    f"AMT*A8 of payer {payer.payer.id} is {decimal_text(payer.noncovered)},"
                    f" the claim charges {decimal_text(claim.charge)}"
                ),
                location=at_claim(draft, "other_payers", "AMT02"),
            )


@rule("COB006", severity=WARNING, carc="22", subject=COORDINATION)
def payer_passed_over(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Another payer was passed over, and nothing says that this payer allows it.

    Why: AMT*A8 needs a policy of the payer that is billed; any other wants the decision of the payer before it.
    Fix: Bill the payer before it first, or set secondary.bypass_allowed where this payer's manual says so.
    Source: 005010X222A1 2320 AMT*A8; payers.toml secondary.bypass_allowed; CARC 22.
    """
    if not draft.claim.other_payers or context.payer(draft).secondary.bypass_allowed:
        return
    for payer in draft.claim.other_payers:
        if payer.noncovered is not None:
            yield Problem(
                message=(
                    f"payer {payer.payer.id} was passed over;"
                    f" payers.toml does not say that {draft.payer_key} allows it"
                ),
                location=at_claim(draft, "other_payers", "AMT01"),
            )


@rule("COB007", severity=ERROR, carc="16", subject=COORDINATION)
def other_payment_out_of_range(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """What another payer paid, or left to the patient, is below zero or above the charge of the claim or line.

    Why: AMT*D and AMT*EAF lower what the next payer owes; an impossible one stops the claim. pyx12 takes any sign.
    Fix: Take the amounts from the last decision of the payer, not from a reversal.
    Source: 005010X222A1 2320 AMT*D and AMT*EAF, 2430 AMT*EAF; claim_format_eligibility_rules.md, Charset, amounts,
        dates.
    """
    charge = draft.claim.charge
    for payer in draft.claim.other_payers:
        for name, cents in (("AMT*D", payer.paid), ("AMT*EAF", payer.remaining_patient_liability)):
            if cents is not None and not 0 <= cents <= charge:
                yield Problem(
                    message=f"{name} of payer {payer.payer.id} is {decimal_text(cents)}, the claim charges"
                    f" {decimal_text(charge)}",
                    location=at_claim(draft, "other_payers", "AMT02"),
                )
        for line, one in decisions_of(draft, payer):
            left = one.remaining_patient_liability
            if left is not None and not 0 <= left <= line.charge:
                yield Problem(
                    message=f"line {line.number}: AMT*EAF of payer {payer.payer.id} is {decimal_text(left)}, the line"
                    f" charges {decimal_text(line.charge)}",
                    location=at_line(draft, line, "adjudications", "AMT02"),
                )


@rule("COB008", severity=WARNING, carc="16", subject=COORDINATION)
def later_payer_decided_first(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A payer that comes after this one has already decided on the claim.

    Why: The order of the coverages is wrong on one of the two claims, and one of them will be taken back.
    Fix: Put the coverages in their order and ask who is first.
    Source: 005010X222A1 2000B and 2320 SBR01.
    """
    claim = draft.claim
    own = RANKS.find(claim.subscriber.rank)
    for payer in claim.other_payers:
        if payer.paid is not None and own >= 0 and RANKS.find(payer.rank) > own:
            yield Problem(
                message=f"payer {payer.payer.id} of rank {payer.rank} decided before rank {claim.subscriber.rank}",
                location=at_claim(draft, "coverage_rank", "SBR01"),
            )


@rule("COB009", severity=ERROR, carc="16", subject=COORDINATION)
def other_subscriber_unusable(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The subscriber of another coverage has no name or member id, a filler for one, or a ZIP that is none.

    Why: 2330A is how the payers find each other's member; without it they cannot coordinate.
    Fix: Complete the subscriber of the other coverage in patients.csv.
    Source: 005010X222A1 2330A NM103, NM109, N403.
    """
    for payer in draft.claim.other_payers:
        address = payer.subscriber.address
        if not (payer.subscriber.last_name or payer.organization):
            said, field = "has no name", "NM103"
        elif not payer.organization and (not payer.member_id.strip() or is_filler(payer.member_id)):
            said, field = "has no member id", "NM109"
        elif address is not None and zip_problem(address, nine=False):
            said, field = f"has a ZIP that {zip_problem(address, nine=False)}", "N403"
        else:
            continue
        yield Problem(
            message=f"the subscriber of other payer {payer.payer.id} {said}",
            location=at_claim(draft, "coverage.member_id", field),
        )
