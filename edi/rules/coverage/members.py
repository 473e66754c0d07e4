"""Member ids of their payer's shape, and relationships that the id and the payer allow. No id is repeated here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edi.codes.identifiers import mbi_is_formed
from edi.model.draft import ClaimDraft
from edi.payers.profile import ORIGINAL_MEDICARE
from edi.rules.context import Problem, RuleContext, at_claim
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import MEMBER

PLACEHOLDERS: Final = frozenset(
    {
        "NONE", "NA", "N/A", "NULL", "UNKNOWN", "UNK", "PENDING", "TBD", "TEST", "SELF", "SAME", "MISSING", "APPLIED",
        "123456789", "1234567890", "12345678", "1234567", "123456", "12345", "1234",
    }
)  # fmt: skip
"""What is written where an id is not known."""
_ONE_SIGN: Final = re.compile(r"(.)\1*")
_SCIENTIFIC: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?E[+-]?[0-9]+", re.IGNORECASE)
_SEPARATORS: Final = str.maketrans("", "", "- ")


def _member_id(draft: ClaimDraft) -> str:
    """The subscriber's id in capitals, "" when he is an employer or has none (a rule of its own)."""
    subscriber = draft.claim.subscriber
    return "" if subscriber.organization else subscriber.member_id.strip().upper()


def _at_id(draft: ClaimDraft, message: str, fix: str = "") -> Problem:
    return Problem(message=message, location=at_claim(draft, "coverage.member_id", "NM109"), fix=fix)


@rule("COV010", severity=ERROR, carc="31", payers=ORIGINAL_MEDICARE, subject=MEMBER)
def medicare_number_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The member id of a Medicare claim is not a Medicare beneficiary identifier (MBI).

    Why: Medicare finds the patient by it alone; the old numbers ended with 2019, and a plan's id is not one.
    Fix: Copy the eleven signs of the red, white and blue card; where the card is a plan's, bill the plan.
    Source: claim_format_eligibility_rules.md, Identifiers (97 %); CARC 31 and 140.
    """
    number = _member_id(draft)
    if not number or mbi_is_formed(number) or _stands_for_none(number):
        return
    if mbi_is_formed(number.translate(_SEPARATORS)):
        yield _at_id(
            draft, "the Medicare number is written with hyphens or spaces", "Write its 11 signs only."
        )
    else:
        yield _at_id(draft, f"a Medicare number of {len(number)} signs that does not have the form of one")


@rule("COV011", severity=WARNING, carc="31", subject=MEMBER)
def medicare_number_to_another_payer(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The member id has the form of a Medicare number, and the payer is not Medicare.

    Why: Advantage plans and others give ids of their own and do not find the patient by his Medicare number.
    Fix: Take the id from the plan's own card; where the patient has original Medicare, bill that.
    Source: claim_format_eligibility_rules.md, Identifiers and Eligibility (plan type).
    """
    payer = context.payer(draft)
    if not payer.is_original_medicare and not payer.coverage.member_id and mbi_is_formed(_member_id(draft)):
        yield _at_id(
            draft, f"the member id looks like a Medicare number; payer {draft.payer_key} is {payer.kind}"
        )


@rule("COV012", severity=ERROR, carc="31", subject=MEMBER)
def member_id_is_a_placeholder(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The member id stands for one that is not known: one sign repeated, a word, a counted-up number, or 1.23E+09.

    Why: The payer finds nobody under it.
    Fix: Take the id from the card or from an eligibility answer.
    Source: CARC 31.
    """
    said = _stands_for_none(_member_id(draft))
    if said:
        yield _at_id(draft, said)


def _stands_for_none(number: str) -> str:
    """What is wrong with an id that stands for one that is not known, "" for any other and for none."""
    plain = number.translate(_SEPARATORS)
    if number in PLACEHOLDERS or plain in PLACEHOLDERS or _ONE_SIGN.fullmatch(plain) is not None:
        return "the member id is a placeholder"
    if _SCIENTIFIC.fullmatch(number) is not None and "." in number:
        return "the member id went through a spreadsheet; its digits are lost"
    return ""


@rule("COV013", severity=ERROR, carc="31", subject=MEMBER)
def member_id_of_another_shape(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The member id does not have the shape that payers.toml gives for the payer.

    Why: The payer finds nobody under it.
    Fix: Compare it with the card; where the card is right, widen coverage.member_id of the payer.
    Source: payers.toml coverage.member_id; CARC 31.
    """
    number = _member_id(draft)
    shape = context.payer(draft).coverage.member_id
    if not number or not shape or _stands_for_none(number):
        return
    pattern = context.once(("member id", shape), lambda: _compiled(shape))
    if pattern is not None and pattern.fullmatch(number) is None:
        yield _at_id(draft, f"the member id does not have the shape {shape} of payer {draft.payer_key}")


def _compiled(shape: str) -> re.Pattern[str] | None:
    """The pattern, None when it is none: settings say that, not a claim."""
    try:
        return re.compile(shape, re.IGNORECASE)
    except re.error:
        return None


@rule("COV016", severity=ERROR, carc="31", payers=ORIGINAL_MEDICARE, subject=MEMBER)
def dependent_of_medicare(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A Medicare coverage is held by somebody else than the patient.

    Why: Everybody in Medicare has a number of his own; there are no dependents.
    Fix: Set relationship to self and give the patient's own Medicare number.
    Source: 005010X222A1 SBR02; payers.toml of Medicare Part B: dependents none.
    """
    if draft.coverage.relationship != "self":
        yield Problem(
            message=f"the Medicare coverage has the relationship {draft.coverage.relationship}",
            location=at_claim(draft, "relationship", "SBR02"),
        )


@rule("COV017", severity=WARNING, carc="32", subject=MEMBER)
def relationship_contradicted(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The relationship contradicts the subscriber or the payer.

    Why: The claim names the wrong person as subscriber, and the payer does not find the patient under him.
    Fix: Compare relationship and the subscriber in patients.csv with the card.
    Source: claim_format_eligibility_rules.md, Subscriber and patient loops; CARC 31 and 32.
    """
    coverage, payer = draft.coverage, context.payer(draft)
    holder, patient = coverage.subscriber, draft.patient.person
    said = ""
    if (
        coverage.relationship == "self"
        and holder is not None
        and holder.birth_date not in (None, patient.birth_date)
    ):
        said = "the relationship is self, and the subscriber has another birth date than the patient"
    elif coverage.relationship == "employee" and payer.kind not in ("workers_comp", "auto"):
        said = f"the relationship is employee, and payer {draft.payer_key} is {payer.kind}"
    if said:
        yield Problem(message=said, location=at_claim(draft, "relationship", "SBR02"))
