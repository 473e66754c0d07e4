"""Loop 2300: the claim's own identifiers, codes and papers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edi.codes.sets import CHIROPRACTIC
from edi.model.claim import Attachment, Claim
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim
from edi.rules.guide.forms import is_filler
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import DAYS, HEADER, NUMBERS, SUMS

MOST_CHARACTERS: Final = 20
FREQUENCIES: Final = frozenset("1678")
"""Original, corrected (some payers), replacement, void: the claim frequencies of a professional claim."""
_CONTROL_NUMBER: Final = re.compile(r"[A-Z0-9]+")
_SENT_APART: Final = frozenset({"BM", "EL", "EM", "FT", "FX"})
"""PWK02: papers that travel outside the claim and are matched to it by their control number."""


@rule("CLM001", severity=ERROR, carc="16", subject=NUMBERS)
def control_number_too_long(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The patient control number has more than twenty characters.

    Why: Payers give back twenty at most; what is cut off cannot be matched to its remittance.
    Fix: Lower numbering.clm01_max, or shorten the prefix of the practice.
    Source: 005010X222A1 CLM01; claim_format_eligibility_rules.md, Limits and structure.
    """
    length = len(draft.claim.patient_control_number)
    if length > MOST_CHARACTERS:
        yield Problem(
            message=f"CLM01 has {length} characters, {MOST_CHARACTERS} come back",
            location=at_claim(draft, "patient_control_number", "CLM01"),
        )


@rule("CLM002", severity=WARNING, subject=NUMBERS)
def control_number_has_odd_characters(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The patient control number has characters other than A to Z and 0 to 9.

    Why: Clearinghouses change or drop them, and the remittance comes back under another number.
    Fix: Make CLM01 of capital letters and digits.
    Source: claim_format_eligibility_rules.md, Limits and structure.
    """
    number = draft.claim.patient_control_number
    if number and not _CONTROL_NUMBER.fullmatch(number):
        yield Problem(
            message="CLM01 has other characters than capital letters and digits",
            location=at_claim(draft, "patient_control_number", "CLM01"),
        )


@rule("CLM003", severity=ERROR, carc="16", subject=HEADER)
def frequency_unknown(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim frequency is none of a professional claim.

    Why: The payer cannot tell whether the claim is new, a replacement or a void; pyx12 takes any character.
    Fix: Use 1 for a new claim, 7 to replace, 8 to void.
    Source: code_sets.csv CLM05-3; CARC 16 with RARC MA30.
    """
    frequency = draft.claim.frequency
    if frequency and frequency not in FREQUENCIES:
        yield Problem(
            message=f"the claim frequency is {frequency!r}; 1, 6, 7 and 8 are known",
            location=at_claim(draft, "frequency", "CLM05-3"),
        )


@rule("CLM004", severity=ERROR, carc="16", subject=HEADER)
def original_reference_on_new_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A new claim names a payer's control number of an original.

    Why: With frequency 1 nothing is replaced; payers reject REF*F8, or take the claim for a duplicate.
    Fix: Leave REF*F8 out, or send the claim with frequency 7 if it replaces one.
    Source: code_sets.csv CLM05-3 1; 005010X222A1 REF*F8.
    """
    if draft.claim.frequency == "1" and draft.claim.original_reference:
        yield Problem(
            message="frequency 1 with a payer's control number of an original (REF*F8)",
            location=at_claim(draft, "original_reference", "REF02"),
        )


@rule("CLM005", severity=ERROR, carc="16", subject=HEADER)
def frequency_not_taken_by_payer(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim replaces or voids another, and the payer takes no such claim.

    Why: Medicare Part B takes neither 7 nor 8 on the 837P; the claim is rejected and the time runs on.
    Fix: Ask for a reopening, or send a new claim, as payers.toml corrections says for this payer.
    Source: payers.toml corrections.method and void; claim_format_eligibility_rules.md, Timely filing.
    """
    corrections = context.payer(draft).corrections
    frequency = draft.claim.frequency
    if (frequency == "7" and corrections.method != "replace") or (frequency == "8" and not corrections.void):
        yield Problem(
            message=f"payer {draft.payer_key} takes no claim of frequency {frequency} ({corrections.method})",
            location=at_claim(draft, "frequency", "CLM05-3"),
        )


@rule("CLM006", severity=ERROR, carc="16", subject=NUMBERS)
def original_reference_is_ours(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The reference to the original is our own control number.

    Why: REF*F8 wants the number the payer gave the original; ours finds nothing and the claim is rejected.
    Fix: Take the payer claim control number from the 835 or 277CA of the original.
    Source: 005010X222A1 REF*F8; CARC 16 with RARC M47.
    """
    claim = draft.claim
    if claim.original_reference and claim.original_reference == claim.patient_control_number:
        yield Problem(
            message="REF*F8 repeats CLM01; the payer's number of the original belongs there",
            location=at_claim(draft, "original_reference", "REF02"),
        )


@rule("CLM007", severity=ERROR, carc="16", subject=HEADER)
def reference_is_a_filler(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An authorization, referral or original reference holds a word instead of a number.

    Why: NONE or PENDING is looked up as a number, not found, and denied; without a number REF is left out.
    Fix: Give the number, or leave it blank.
    Source: 005010X222A1 loop 2300 REF*G1, REF*9F, REF*F8.
    """
    claim = draft.claim
    given = (
        ("prior_authorization", claim.authorization),
        ("referral_number", claim.referral_number),
        ("original_reference", claim.original_reference),
    )
    for field, value in given:
        if value and is_filler(value):
            yield Problem(message=f"{field} is no number", location=at_claim(draft, field, "REF02"))


@rule("CLM008", severity=WARNING, carc="197", subject=HEADER)
def referral_repeats_authorization(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The referral number and the prior authorization are the same.

    Why: They are two numbers of two processes; one of them is missing, and the payer looks up both.
    Fix: Keep it where the payer's letter says it belongs, and leave the other out.
    Source: 005010X222A1 loop 2300 REF*9F and REF*G1.
    """
    claim = draft.claim
    if claim.referral_number and claim.referral_number == claim.authorization:
        yield Problem(
            message="REF*9F and REF*G1 are the same", location=at_claim(draft, "referral_number", "REF02")
        )


@rule("CLM009", severity=WARNING, carc="16", subject=HEADER)
def provider_signature_not_on_file(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim says that the provider's signature is not on file.

    Why: CLM06 N tells the payer that nobody vouches for the services; most return the claim.
    Fix: Sign the payer's agreement; then set provider_signature_on_file of the [[practice]].
    Source: 005010X222A1 CLM06; CARC 16 with RARC MA81.
    """
    if draft.claim.provider_signature == "N":
        yield Problem(
            message="CLM06 says that the provider's signature is not on file",
            location=at_claim(draft, "practice.provider_signature_on_file", "CLM06"),
        )


@rule("CLM010", severity=WARNING, carc="16", subject=HEADER)
def accident_cause_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim names the same accident cause twice.

    Why: CLM11 has a place for each cause once; a repetition points to another cause that was meant.
    Fix: Give each cause once.
    Source: 005010X222A1 CLM11-1 to -3.
    """
    causes = draft.claim.accident_causes
    if len(set(causes)) < len(causes):
        yield Problem(
            message=f"CLM11 has {':'.join(causes)}", location=at_claim(draft, "accident_type", "CLM11")
        )


@rule("CLM011", severity=WARNING, carc="16", subject=HEADER)
def accident_state_without_auto(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim names the state of an auto accident, and no auto accident.

    Why: CLM11-4 belongs to cause AA alone; with it the claim goes to the accident desk and waits.
    Fix: Set accident_type of the case to auto, or leave accident_state out.
    Source: 005010X222A1 CLM11-4.
    """
    claim = draft.claim
    if claim.accident_state and "AA" not in claim.accident_causes:
        yield Problem(
            message="CLM11 has a state without the cause AA",
            location=at_claim(draft, "accident_state", "CLM11-4"),
        )


@rule("CLM012", severity=WARNING, carc="16", subject=HEADER)
def accident_date_without_cause(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim has the date of an accident, and no accident.

    Why: DTP*439 belongs to the causes of CLM11; alone it makes the payer ask who else must pay.
    Fix: Give accident_type on the case, or leave accident_date out.
    Source: 005010X222A1 DTP*439 and CLM11.
    """
    claim = draft.claim
    if not claim.accident_causes and any(kind == "439" for kind, _ in claim.dates):
        yield Problem(
            message="DTP*439 without a cause in CLM11", location=at_claim(draft, "accident_type", "CLM11")
        )


@rule("CLM013", severity=ERROR, carc="252", subject=SUMS)
def attachment_without_control_number(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Papers are said to follow, and the claim lacks the number to find them by.

    Why: The payer files what comes by mail, fax or portal under PWK06; without it the papers reach no claim.
    Fix: Give the attachment its control number, and write it on the papers.
    Source: 005010X222A1 loops 2300 and 2400 PWK05, PWK06.
    """
    claim = draft.claim
    for place, papers in (("the claim", claim.attachments), *_papers_of_lines(claim)):
        for paper in papers:
            if paper.transmission in _SENT_APART and not paper.control_number:
                yield Problem(
                    message=f"{place} sends papers by {paper.transmission} without a control number",
                    location=at_claim(draft, "attachments", "PWK06"),
                )


def _papers_of_lines(claim: Claim) -> Iterator[tuple[str, tuple[Attachment, ...]]]:
    for line in claim.lines:
        if line.attachments:
            yield f"line {line.number}", line.attachments


@rule("CLM014", severity=WARNING, carc="16", subject=SUMS)
def spinal_segment_without_manipulation(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim has a spinal manipulation segment, and bills no manipulation.

    Why: CR2 belongs to chiropractic claims; on another it sends the claim to the wrong desk.
    Fix: Leave CR2 out.
    Source: 005010X222A1 loop 2300 CR2.
    """
    claim = draft.claim
    if claim.spinal is not None and not any(line.procedure.code in CHIROPRACTIC for line in claim.lines):
        yield Problem(
            message="CR2 on a claim without chiropractic manipulation",
            location=at_claim(draft, "spinal", "CR2"),
        )


@rule("CLM015", severity=ERROR, carc="16", subject=SUMS)
def more_lines_than_payer_takes(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim has more lines than the payer takes on one claim.

    Why: What is beyond the limit is cut off or rejected with the whole claim.
    Fix: Split the claim by date of service.
    Source: payers.toml claim.max_lines.
    """
    most = context.payer(draft).claim.max_lines
    if len(draft.claim.lines) > most:
        yield Problem(
            message=f"the claim has {len(draft.claim.lines)} lines, payer {draft.payer_key} takes {most}",
            location=at_claim(draft, "lines", "LX01"),
        )


@rule("CLM016", severity=WARNING, carc="16", subject=DAYS)
def claim_wider_than_payer_takes(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim holds more days of service than the payer takes on one claim.

    Why: Half of the payers deny or split a claim that mixes days they want apart.
    Fix: Send a claim for each day, week or month, as payers.toml claim.span says for this payer.
    Source: payers.toml claim.span; CARC 16 with RARC N74 or N800.
    """
    days = {line.date_from for line in draft.claim.lines if line.date_from is not None}
    if len(days) < 2:
        return
    span = context.payer(draft).claim.span
    if span == "day":
        wide = True
    elif span == "week":
        wide = len({day.isocalendar()[:2] for day in days}) > 1
    else:
        wide = len({(day.year, day.month) for day in days}) > 1
    if wide:
        yield Problem(
            message=f"{len(days)} days from {min(days)} to {max(days)} on one claim; the payer wants one a {span}",
            location=at_claim(draft, "date_of_service", "DTP03"),
        )
