"""Claims that go again in the same file as their original: replacements, voids and resends, and the answers to them.

A replacement is answered by the reversal of the original and a correction under either control number (RFI 1945, 2150);
a void by the reversal alone; a resend as a duplicate (CO-18), or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random

import msgspec

from edi.model.claim import Claim, ServiceLine
from edi.model.control import normalise_control_number
from edi.model.remittance import Adjustment
from edi.testpayer.adjudicate import decide_claim, hits
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.cases import Case
from edi.testpayer.lines import answer_lines
from edi.testpayer.patterns.stage import Stage

REPLACES, VOIDS = "7", "8"


def payer_claim_number(batch: str, place: int) -> str:
    """The number that the test payer gives the claim at that place (from 0) of a file."""
    return f"P{batch}{place + 1:06d}"


def claims_again(
    rng: Random, claims: Sequence[Claim], share: float, *, batch: str, renumber: bool = False
) -> Iterator[Claim]:
    """Yield replacements, voids and resends of a share of claims, to be submitted after them in the same file.

    Args:
        rng: all chance there is.
        claims: as submitted.
        share: of the claims that go again.
        batch: `Submission.batch` of the file, which decides the payer's numbers.
        renumber: every replacement has a CLM01 of its own.
    """
    for place, claim in enumerate(claims):
        if not hits(rng, share):
            continue
        way = rng.choice((REPLACES, REPLACES, VOIDS, "1"))
        key = claim.patient_control_number
        lines = tuple(
            msgspec.structs.replace(
                line,
                line_control_number=f"{line.line_control_number}A" if line.line_control_number else "",
            )
            for line in claim.lines
        )
        if way == REPLACES:
            lines = (_mended(lines[0]), *lines[1:])
        yield msgspec.structs.replace(
            claim,
            patient_control_number=f"{key}R" if renumber and way == REPLACES else key,
            frequency=way,
            original_reference="" if way == "1" else payer_claim_number(batch, place),
            lines=lines,
            charge=sum(line.charge for line in lines),
        )


def _mended(line: ServiceLine) -> ServiceLine:
    """The line with a modifier that was forgotten."""
    procedure = line.procedure
    more = (*procedure.modifiers, "59")
    return msgspec.structs.replace(line, procedure=msgspec.structs.replace(procedure, modifiers=more))


def find_originals(cases: Sequence[Case]) -> Mapping[int, Case]:
    """Number of a case -> the earlier case of the same file that it goes again for."""
    first: dict[tuple[str, str, str], Case] = {}
    by_payer_number = {case.claim_number: case for case in cases if case.claim_number}
    found: dict[int, Case] = {}
    for case in cases:
        claim = case.claim
        number = normalise_control_number(claim.patient_control_number)
        # Practices and patients may share a number: a claim of another is no resend.
        held = first.setdefault((number, claim.billing.npi, claim.subscriber.member_id), case)
        if held is case and case.claim.frequency in (REPLACES, VOIDS):
            held = by_payer_number.get(case.claim.original_reference, case)
        if held is not case:
            found[case.number] = held
    return found


def answer_again(case: Case, original: Case, stage: Stage) -> None:
    """Answer a claim that goes again; what is sent goes with the original, whose lines hold the truth."""
    case.status = "again"
    if original.status != "adjudicated" or len(original.sent) != 1 or not original.readable:
        if case.claim.frequency == VOIDS and "reversed_for_lost_coverage" in original.traits:
            stage.stands()  # nothing is billed any more, so nothing is left to be denied
        return
    if case.claim.frequency not in (REPLACES, VOIDS):
        _as_duplicate(case, original, stage)
        return
    first = original.sent[0]
    original.copay_at_claim = original.written_off_at_claim = 0
    original.one_sum = original.one_sum or bool(first.payment.adjustments)
    run = stage.after(first.wave)
    taken_back = stage.take_back(run, first)
    if case.claim.frequency == VOIDS:
        original.sent[-1] = msgspec.structs.replace(
            taken_back, payment=msgspec.structs.replace(taken_back.payment, frequency=VOIDS)
        )
        original.traits.append("voided")
        stage.stands()
        return
    decisions = decide_claim(case.claim, case.payer, stage.scenario, stage.rng, final=True)
    lines = answer_lines(case.claim, decisions, stage.scenario.rates, stage.rng, reshape=False)
    number = stage.rng.choice((original.sent_number, case.claim.patient_control_number))
    payment = msgspec.structs.replace(
        stage.payment(lines, claim_number=case.claim_number),
        patient_control_number=number,
        frequency=REPLACES,
    )
    stage.send(run, "correction", payment, lines)
    original.traits.append("replaced")
    original.charges = [line.charge for line in case.claim.lines]
    stage.stands(decisions)


def _as_duplicate(case: Case, original: Case, stage: Stage) -> None:
    """Refuse a resend as a duplicate of the first submission, or say nothing of it."""
    original.traits.append("resent")
    if stage.rng.random() < 0.3:
        return
    refused = [
        Decision(charge=line.charge, paid=0, adjustments=(Adjustment("OA", "18", line.charge),), units=0)
        for line in case.claim.lines
    ]
    lines = answer_lines(case.claim, refused, stage.scenario.rates, stage.rng, reshape=False)
    payment = stage.payment(lines, claim_number=case.claim_number)
    stage.send(stage.after(original.sent[0].wave), "duplicate", payment, lines)
