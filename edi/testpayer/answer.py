"""The test payer: claims in, acknowledgments and remittances out, with the truth beside them.

Pure: the same claims, seed, scenario and day give the same answer. It knows nothing of matching: the truth is counted
from what was decided (`bookkeeping`), not from what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random

import msgspec

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.claim import Claim
from edi.model.control import normalise_control_number
from edi.model.remittance import Adjustment
from edi.testpayer.adjudicate import behaviour_of, decide_claim, decide_later, draw, hits
from edi.testpayer.again import answer_again, find_originals, payer_claim_number
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.cases import Case, Sent, claim_payment, reversal_of
from edi.testpayer.control_numbers import mangle
from edi.testpayer.coordination import earlier_decisions
from edi.testpayer.lines import answer_lines
from edi.testpayer.patterns import play
from edi.testpayer.patterns.stage import Stage, later_run
from edi.testpayer.payments import Till, make_files
from edi.testpayer.values import (
    Answer,
    RemittanceFile,
    Scenario,
    Submission,
    Totals,
    TrueFile,
    TruePayment,
    Truth,
)

REVERSAL_REMARKS = ("N694", "N688", "MA67")
"""Why a payment was taken back; one is drawn."""


def answer(
    claims: Sequence[Claim],
    *,
    rng: Random,
    today: date,
    scenario: Scenario,
    submission: Submission | None = None,
) -> Answer:
    """Answer the claims of one 837P file.

    Args:
        claims: as read from the file, in its order. A claim of frequency 8 (void) is acknowledged and not paid.
        rng: all chance there is.
        today: the day of the acknowledgments and of the first payments; later waves follow by the scenario's days.
        scenario: rates, payers and reasons.
        submission: control numbers of the file answered.

    Returns:
        Acknowledgments (TA1, 999, 277CA), 835 files in the order of arrival, and the truth.
    """
    submission = submission or Submission()
    till = Till(scenario, submission, rng, today)
    others = {normalise_control_number(claim.patient_control_number) for claim in claims}
    cases = [Case(number, claim, behaviour_of(claim, scenario)) for number, claim in enumerate(claims)]
    statuses = [_receive(case, till) for case in cases]
    originals = find_originals(cases)
    for case in cases:
        if scenario.spread:
            case.wave = _payment_run(case.claim, scenario, today)
        if case.status == "adjudicated" and case.number not in originals:
            _adjudicate(case, scenario, rng, today, others)
    for case in cases:
        if case.number not in originals:
            continue
        case.goes_again = True
        if case.status != "rejected":
            original = originals[case.number]
            answer_again(case, original, Stage(original, scenario, rng, today, others))
    files = make_files(cases, till)
    return Answer(
        interchange=Acknowledgment(
            kind="TA1",
            level=AcknowledgmentLevel.INTERCHANGE,
            accepted=True,
            code="A",
            status="000",
            interchange_control_number=submission.interchange_control_number,
            date=today,
        ),
        functional=_functional(submission),
        claims=tuple(statuses),
        files=tuple(files),
        truth=_truth(cases, files, scenario, today),
    )


def _payment_run(claim: Claim, scenario: Scenario, today: date) -> int:
    """The run that first answers a claim: two weeks after its first day of service."""
    first = min((line.date_from for line in claim.lines if line.date_from is not None), default=today)
    return max(0, ((first - today).days + 14) // scenario.days_between)


def _functional(submission: Submission) -> tuple[Acknowledgment, ...]:
    """Accept each transaction set and then its group (999), group after group."""
    accepted = []
    for group, numbers in submission.groups:
        for number in (*numbers, None):
            level = AcknowledgmentLevel.GROUP if number is None else AcknowledgmentLevel.TRANSACTION
            accepted.append(
                Acknowledgment(
                    kind="999",
                    level=level,
                    accepted=True,
                    code="A",
                    group_control_number=group,
                    transaction_control_number=number,
                )
            )
    return tuple(accepted)


def _receive(case: Case, till: Till) -> Acknowledgment:
    """Accept or reject a claim into adjudication, give it the payer's number, and return its 277CA status."""
    claim, rng, scenario = case.claim, till.rng, till.scenario
    case.claim_number = payer_claim_number(till.batch, case.number)
    case.acknowledged = hits(rng, scenario.rates.claim_numbers_acknowledged)
    category, status, entity = "A2", "20", "PR"
    if hits(rng, scenario.rates.rejected) and scenario.rejections:
        rejection = draw(rng, scenario.rejections)
        category, status, entity = rejection.category, rejection.status, rejection.entity
        case.status, case.claim_number = "rejected", ""
        case.traits.append("rejected")
    elif claim.frequency == "8":
        case.status = "unanswered"
    return Acknowledgment(
        kind="277CA",
        level=AcknowledgmentLevel.CLAIM,
        accepted=case.status != "rejected",
        code=category,
        status=status,
        entity=entity,
        patient_control_number=claim.patient_control_number,
        payer_claim_control_number=(case.claim_number or None) if case.acknowledged else None,
        charge=claim.charge,
        date=till.today,
    )


def _adjudicate(case: Case, scenario: Scenario, rng: Random, today: date, others: set[str]) -> None:
    """Decide a claim and everything that is sent about it: first payment, reversal and correction, later payer."""
    rates = scenario.rates
    before = earlier_decisions(case.claim)
    if before:
        _answer_as_later(case, before, scenario, rng, today)
        return
    if scenario.nasty and hits(rng, scenario.nasty) and play(Stage(case, scenario, rng, today, others)):
        return
    decisions = decide_claim(case.claim, case.payer, scenario, rng)
    crosses = hits(rng, rates.crossed_over) and _may_cross(case, decisions)
    reverses = hits(rng, rates.reversed) and not crosses
    if crosses:
        decisions = _twins_alike(case, decisions)
    if hits(rng, rates.control_number_mangled):
        case.traits.append("mangled")
        number = case.claim.patient_control_number
        case.sent_number, case.readable = mangle(number, rng, others, may_truncate=not crosses)
    if hits(rng, rates.claim_level) and not crosses:
        decisions = _copay_to_claim(case, decisions)
    case.standing = [decisions]
    _send_first(case, decisions, scenario, rng, today, crosses=crosses)
    if reverses:
        _reverse(case, decisions, scenario, rng, today)
    if crosses:
        _cross_over(case, decisions, _later_manner(scenario, rng), rng, scenario, today)


def _answer_as_later(
    case: Case, before: list[Decision], scenario: Scenario, rng: Random, today: date
) -> None:
    """Answer a claim that tells what another payer did: CLP02 2, money for what that one left to the patient."""
    manner = _later_manner(scenario, rng)
    case.traits.extend(("secondary", manner))
    decisions = [decide_later(decision, rng, manner) for decision in before]
    case.standing = [before, decisions]
    lines = answer_lines(case.claim, decisions, scenario.rates, rng, reshape=False)
    payment = claim_payment(
        case,
        lines,
        status="2",
        claim_number=case.claim_number,
        filing_indicator=case.payer.filing_indicator,
        received=today,
    )
    case.sent.append(
        Sent(wave=case.wave, kind="first", account=case.account, payment=payment, lines=tuple(lines))
    )


def _later_manner(scenario: Scenario, rng: Random) -> str:
    """Draw how the later payer decides: it supplements, overstates or denies."""
    drawn = rng.random()
    if drawn < scenario.rates.later_payer_overstates:
        return "overstates"
    if drawn < scenario.rates.later_payer_overstates + scenario.rates.later_payer_denies:
        return "denies"
    return "supplements"


def _may_cross(case: Case, decisions: Sequence[Decision]) -> bool:
    """Whether there is a payer to cross over to and every line was paid with something left to the patient."""
    if case.payer.crosses_over_to is None:
        return False
    settled = all(not d.denied and not any(a.reason == "133" for a in d.adjustments) for d in decisions)
    return settled and any(a.group == "PR" for d in decisions for a in d.adjustments)


def _twins_alike(case: Case, decisions: list[Decision]) -> list[Decision]:
    """Decide identical lines alike, as a payer's pricing does: a later payer's answer may name only one of them."""
    first: dict[tuple[str, date | None, int], Decision] = {}
    alike = []
    for line, decision in zip(case.claim.lines, decisions, strict=True):
        key = (line.procedure.code, line.date_from, line.charge)
        alike.append(first.setdefault(key, decision))
    return alike


def _copay_to_claim(case: Case, decisions: list[Decision]) -> list[Decision]:
    """Move the copay from the lines to a CAS of the claim; the lines then say they paid it."""
    copay = sum(a.cents for d in decisions for a in d.adjustments if a.reason == "3")
    if not copay:
        return decisions
    case.traits.append("claim_level")
    case.copay_at_claim = copay
    moved = []
    for decision in decisions:
        mine = sum(a.cents for a in decision.adjustments if a.reason == "3")
        kept = tuple(a for a in decision.adjustments if a.reason != "3")
        moved.append(msgspec.structs.replace(decision, paid=decision.paid + mine, adjustments=kept))
    return moved


def _send_first(
    case: Case, decisions: list[Decision], scenario: Scenario, rng: Random, today: date, *, crosses: bool
) -> None:
    """Send the first adjudication. CLP02 is 19 when sent on, else 1, or sometimes 4 when all is denied."""
    lines = answer_lines(case.claim, decisions, scenario.rates, rng, pairs=not crosses)
    case.traits.extend(sorted({line.shape for line in lines if line.shape != "plain"}))
    status = "1"
    if all(d.denied and not d.paid for d in decisions) and hits(rng, 0.3):
        status = "4"
    later = case.payer.crosses_over_to if crosses else None
    remarks = [case.payer.claim_remark, *(r for d in decisions for r in d.claim_remarks)]
    if later is not None:
        status = "19"
        remarks.append("MA18")
    copay = case.copay_at_claim
    payment = claim_payment(
        case,
        lines,
        status=status,
        claim_number=case.claim_number,
        claim_adjustments=(Adjustment("PR", "3", copay),) if copay else (),
        remarks=tuple(dict.fromkeys(remark for remark in remarks if remark)),
        filing_indicator=case.payer.filing_indicator,
        later=later,
        received=today,
    )
    sent = Sent(wave=case.wave, kind="first", account=case.account, payment=payment, lines=tuple(lines))
    case.sent.append(sent)


def _reverse(case: Case, decisions: list[Decision], scenario: Scenario, rng: Random, today: date) -> None:
    """Take the first payment back in the second wave and correct it there or in the third."""
    rates = scenario.rates
    case.traits.append("reversed")
    first = case.sent[0]
    payment = reversal_of(first, rng.choice(REVERSAL_REMARKS))
    run = later_run(case.wave, scenario, rng)
    case.sent.append(
        Sent(wave=run, kind="reversal", account=first.account, payment=payment, lines=first.lines)
    )
    if not hits(rng, rates.corrected_alike):
        case.copay_at_claim = 0
        decisions = decide_claim(case.claim, case.payer, scenario, rng, final=True)
    else:
        case.traits.append("corrected_alike")
    case.standing = [decisions]
    wave = run if hits(rng, rates.corrected_in_same_file) else later_run(run, scenario, rng)
    renumbered = hits(rng, 0.5) and case.readable
    copay = case.copay_at_claim
    lines = answer_lines(case.claim, decisions, rates, rng, reshape=False)
    corrected = claim_payment(
        case,
        lines,
        status="1",
        claim_number=f"{case.claim_number}C" if renumbered else case.claim_number,
        claim_adjustments=(Adjustment("PR", "3", copay),) if copay else (),
        filing_indicator=case.payer.filing_indicator,
        received=today,
    )
    case.sent.append(
        Sent(wave=wave, kind="correction", account=first.account, payment=corrected, lines=tuple(lines))
    )


def _cross_over(
    case: Case, decisions: list[Decision], manner: str, rng: Random, scenario: Scenario, today: date
) -> None:
    """Let the later payer answer in the second wave, under CLP02 2 and a number of its own."""
    later = case.payer.crosses_over_to
    if later is None:
        return
    case.traits.extend(("crossed_over", manner))
    second = [decide_later(decision, rng, manner) for decision in decisions]
    case.standing.append(second)
    lines = answer_lines(case.claim, second, scenario.rates, rng, reshape=False)
    payment = claim_payment(
        case,
        lines,
        status="2",
        claim_number=f"S{case.claim_number[1:]}",
        filing_indicator=later.filing_indicator,
        received=today,
    )
    account = case.later_account(later)
    run = later_run(case.wave, scenario, rng)
    case.sent.append(Sent(wave=run, kind="later", account=account, payment=payment, lines=tuple(lines)))


def _truth(cases: Sequence[Case], files: Sequence[RemittanceFile], scenario: Scenario, today: date) -> Truth:
    """Sum up: every claim's end state, every file's expected outcome, and totals that must agree with the bank."""
    claims = tuple(case.truth(scenario) for case in cases)
    lines = [line for claim in claims for line in claim.lines]
    true_files = tuple(_true_file(file) for file in files)
    posted = [p for file in true_files if file.outcome == "posted" for p in file.payments]
    totals = Totals(
        claims=len(claims),
        rejected=sum(claim.status == "rejected" for claim in claims),
        lines=len(lines),
        undecidable=sum(not line.decidable for line in lines),
        charge=sum(line.charge for line in lines),
        cash=sum(line.cash for line in lines),
        contractual=sum(line.contractual for line in lines),
        patient=sum(line.patient for line in lines),
        denied=sum(line.denied for line in lines),
        pended=sum(line.pended for line in lines),
        memo=sum(line.memo for line in lines),
        open=sum(line.open for line in lines),
        bank=sum(payment.amount for payment in posted),
        provider_adjustments=sum(payment.provider_adjustments for payment in posted),
        strangers=sum(sent.payment.paid for case in cases for sent in case.sent if sent.kind == "stranger"),
    )
    return Truth(scenario=scenario.name, as_of=today, totals=totals, claims=claims, files=true_files)


def _true_file(file: RemittanceFile) -> TrueFile:
    """Say what must become of a file and of each payment in it."""
    payments = []
    for one in file.sets:
        payment = one.header.payment
        payments.append(
            TruePayment(
                transaction=one.header.st_control_number,
                trace_number=payment.trace_number or "",
                payer_id=payment.payer_id or "",
                payment_date=payment.date or date.min,
                amount=payment.amount,
                claims=one.trailer.claims,
                lines=one.trailer.lines,
                claims_paid=one.trailer.paid_total,
                provider_adjustments=sum(item.cents for item in one.trailer.provider_adjustments),
                outcome=file.outcome,
            )
        )
    return TrueFile(file=file.name, outcome=file.outcome, why=file.why, payments=tuple(payments))
