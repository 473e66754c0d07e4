"""A claim mended or taken back: which way the payer wants it, and the claim that goes out.

Source: 005010X222A1 CLM05-3 and REF*F8; facts/claim_format_eligibility_rules.md, resubmission rule: what was rejected
goes again as it was, what was adjudicated is replaced (7), billed anew (1) or reopened, by the payer's profile.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

import msgspec

from edi.model.claim import Claim, ServiceLine
from edi.model.finding import Finding, Severity
from edi.model.frequency import ORIGINAL, REPLACEMENT, VOID
from edi.payers.profile import CorrectionsPolicy
from edi.resubmit.refusals import (
    GOES_AS_IT_WAS,
    NO_ANSWER,
    NO_FILE_TAKEN,
    NO_VOID_NEEDED,
    NOTHING_DENIED,
    NOTHING_TO_CORRECT,
    NUMBER_UNKNOWN,
    VOIDED,
    refusal,
)


class Correction(StrEnum):
    """How a claim goes again."""

    REPLACEMENT = "replacement"
    """Frequency 7 with REF*F8."""
    NEW_CLAIM = "new_claim"
    """Frequency 1 under a new CLM01."""
    DENIED_LINES = "denied_lines"
    """The same, with the denied lines alone."""
    REJECTED = "rejected"
    """As it was: nobody took it in."""
    REOPENING = "reopening"
    """No 837P: a person asks the payer."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where the submission stands that is to go again.

    Attributes:
        number: its CLM01, to name it by.
        frequency: its CLM05-3.
        rejected: a TA1, 999, 277CA or 277 rejected it, or its payer does not have it, and nobody adjudicated it.
        never_came: nobody rejected it, and its payer says (277) that it does not have it: it goes again as it was.
        adjudicated: its payer decided on it, and did not take all of that back.
        unprocessable: the payer says that it could not process it (MA130); a new claim is wanted, no appeal.
        payer_number: the payer's newest control number of the claim, "" when none is known.
        denied: LX01 of its lines with an open denial.
    """

    number: str
    frequency: str = ORIGINAL
    rejected: bool = False
    never_came: bool = False
    adjudicated: bool = False
    unprocessable: bool = False
    payer_number: str = ""
    denied: frozenset[int] = frozenset()


def correction_of(
    standing: Standing, policy: CorrectionsPolicy, *, force: bool = False
) -> Correction | Finding:
    """Decide how a claim is mended.

    Args:
        standing: where it stands.
        policy: [corrections] of its payer.
        force: although the payer has not answered yet.

    Returns:
        The way, or the Finding that refuses it.
    """
    if standing.rejected and standing.frequency != VOID:
        return Correction.REJECTED
    if standing.frequency == VOID:
        if standing.adjudicated and not force:
            message = "it was voided, and the payer has not taken its payment back yet"
            fix = "Wait for the reversal, or give --force."
            return refusal(NO_ANSWER, standing.number, message, fix)
        return Correction.NEW_CLAIM
    if not standing.adjudicated and not force:
        message = "it has no answer yet, so a second submission may come back as a duplicate"
        if standing.frequency == REPLACEMENT:
            message = "it was corrected already, and the correction has no answer yet"
        fix = "Wait for the payer's answer (claims show tells what came), or give --force."
        return refusal(NO_ANSWER, standing.number, message, fix)
    if standing.unprocessable:
        return Correction.NEW_CLAIM
    if policy.method == "reopening":
        return Correction.REOPENING
    if policy.resend_denied_lines_only:
        if standing.denied:
            return Correction.DENIED_LINES
        message = "the payer wants only denied lines again, and no line of it is denied"
        fix = "Appeal a line that was underpaid, or turn corrections.resend_denied_lines_only off for the payer."
        return refusal(NOTHING_DENIED, standing.number, message, fix)
    if policy.method == "new_claim":
        return Correction.NEW_CLAIM
    if not standing.payer_number:
        return _number_unknown(standing)
    return Correction.REPLACEMENT


def needs_change(standing: Standing, way: Correction) -> bool:
    """Whether the claim may only go again with other content: it was paid, and no line of it is denied."""
    stands = standing.adjudicated and not standing.denied and not standing.unprocessable
    mended = way in (Correction.REPLACEMENT, Correction.NEW_CLAIM, Correction.REOPENING)
    return stands and mended and standing.frequency != VOID


def nothing_to_correct(standing: Standing) -> Finding:
    """The Finding that refuses a claim that was decided without a denial and goes again as it was."""
    message = (
        "no line of it is denied and nothing of it changed, so a replacement would only take its payment back"
    )
    fix = "Give the corrected rows with --sessions, appeal what was underpaid, or give --force."
    return refusal(NOTHING_TO_CORRECT, standing.number, message, fix)


def goes_as_it_was(standing: Standing) -> Finding:
    """The warning about a claim that was denied or rejected and goes again without any change."""
    message = (
        "it goes again with nothing changed, so it will be "
        f"{'rejected' if standing.rejected else 'denied'} again unless something changed at the payer"
    )
    fix = "Give the corrected rows with --sessions; or appeal or send records, where denials list says so."
    return refusal(GOES_AS_IT_WAS, standing.number, message, fix, Severity.WARNING)


def same_content(claim: Claim, other: Claim) -> bool:
    """Whether two claims say the same but for the numbers and the frequency they were sent under."""
    return _without_numbers(claim) == _without_numbers(other)


def _without_numbers(claim: Claim) -> Claim:
    return _again(claim, claim.lines, ORIGINAL, "", "")


def _number_unknown(standing: Standing) -> Finding:
    message = "the payer's control number of it (REF*F8) is in no 277CA and no 835"
    fix = "Ingest the payer's 277CA or 835, or ask the payer for the number and have the 277CA sent again."
    return refusal(NUMBER_UNKNOWN, standing.number, message, fix)


def corrected(claim: Claim, standing: Standing, way: Correction, *, same_number: bool) -> Claim:
    """Return the claim that goes out, line control numbers blank.

    Args:
        claim: what is to be sent: the stored claim, or the one rebuilt from corrected sessions.
        standing: where the earlier submission stands.
        way: not REOPENING.
        same_number: CLM01 is kept on a replacement or resend; else blank, for a new one.
    """
    fresh = way in (Correction.NEW_CLAIM, Correction.DENIED_LINES)
    lines = claim.lines
    if way is Correction.DENIED_LINES:
        lines = tuple(line for line in lines if line.number in standing.denied)
    frequency, reference = ORIGINAL, ""
    if way is Correction.REPLACEMENT:
        frequency, reference = REPLACEMENT, standing.payer_number
    elif way is Correction.REJECTED:
        frequency = standing.frequency
        reference = standing.payer_number if standing.frequency == REPLACEMENT else ""
    return _again(
        claim,
        lines,
        frequency,
        reference,
        "" if fresh or not same_number else standing.number,
        renumber=lines != claim.lines,
    )


def voided(
    claim: Claim, standing: Standing, policy: CorrectionsPolicy, *, same_number: bool, force: bool = False
) -> Claim | Finding:
    """Return the claim that takes an earlier one back (frequency 8), all lines as submitted, or why there is none.

    Args:
        claim: as it was submitted.
        standing: where that submission stands.
        policy: [corrections] of its payer.
        same_number: CLM01 is kept.
        force: although the payer has not answered yet.
    """
    number = standing.number
    if standing.frequency == VOID and not standing.rejected:
        message = "it was voided already"
        return refusal(VOIDED, number, message, "Nothing; the void's answer takes the money back.")
    if standing.rejected and standing.frequency == ORIGINAL:
        message = "it was rejected before any payer took it in, so there is nothing to void"
        return refusal(NO_VOID_NEEDED, number, message, "Correct it, or leave it as it is.")
    if not standing.adjudicated and not standing.rejected and not force:
        message = "it has no answer yet"
        return refusal(NO_ANSWER, number, message, "Wait for the payer's answer, or give --force.")
    if not policy.void:
        message = "the payer takes no void (frequency 8)"
        fix = "Ask the payer to reopen the claim; claimloop work list keeps it in sight."
        return refusal(NO_FILE_TAKEN, number, message, fix)
    if not standing.payer_number:
        return _number_unknown(standing)
    kept = claim.patient_control_number if same_number else ""
    return _again(claim, claim.lines, VOID, standing.payer_number, kept)


def _again(
    claim: Claim,
    lines: Collection[ServiceLine],
    frequency: str,
    reference: str,
    number: str,
    *,
    renumber: bool = False,
) -> Claim:
    """The claim with these lines, their control numbers blank; ``renumber`` counts LX01 anew."""
    return msgspec.structs.replace(
        claim,
        patient_control_number=number,
        frequency=frequency,
        original_reference=reference,
        charge=sum(line.charge for line in lines),
        lines=tuple(
            msgspec.structs.replace(line, number=place if renumber else line.number, line_control_number="")
            for place, line in enumerate(lines, 1)
        ),
    )
