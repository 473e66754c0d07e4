"""Required data: what a claim cannot do without, and pyx12 does not miss. No value of a patient is repeated here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edi.codes.sets import THERAPY_MODIFIERS
from edi.model.claim import Address, Person
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim
from edi.rules.registry import ERROR, rule
from edi.rules.subjects import BILLING, HEADER, MEMBER, SUMS

MOST_LINES: Final = 50
_BOX: Final = re.compile(r"\bP\.?\s*O\.?\s*BOX\b|\bLOCK\s?BOX\b", re.IGNORECASE)
_ACCIDENT_DATE: Final = "439"


def _lacking(address: Address | None) -> list[str]:
    """Which parts of an address are missing; state and ZIP only in the US."""
    if address is None:
        return ["address"]
    parts = {"address_1": address.line_1, "city": address.city}
    if address.country in ("", "US"):
        parts |= {"state": address.state, "zip": address.zip}
    return [name for name, value in parts.items() if not value]


def _people(draft: ClaimDraft) -> Iterator[tuple[str, Person]]:
    """The persons whose demographics the claim carries: prefix of their columns, person."""
    claim = draft.claim
    if claim.patient is not None:
        yield "", claim.patient.person
        if not claim.subscriber.organization:
            yield "subscriber_", claim.subscriber.person
    else:
        yield "", claim.subscriber.person


@rule("REQ001", severity=ERROR, carc="16", subject=MEMBER)
def patient_address_incomplete(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The address of the patient is missing or incomplete.

    Why: N3 and N4 are required for a patient; pyx12 passes a claim without them, payers do not.
    Fix: Complete the address in patients.csv.
    Source: 005010X222A1 2010BA and 2010CA N3, N4.
    """
    prefix, person = next(_people(draft))
    missing = _lacking(person.address)
    if missing:
        names = ", ".join(f"{prefix}{name}" for name in missing)
        yield Problem(
            message=f"the patient's address lacks {names}", location=at_claim(draft, missing[0], "N3")
        )


@rule("REQ002", severity=ERROR, carc="16", subject=MEMBER)
def patient_demographics_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The patient's name, birth date or sex is missing.

    Why: DMG is required for a patient; payers identify him by name and birth date.
    Fix: Complete the patient in patients.csv.
    Source: 005010X222A1 2010BA and 2010CA NM1, DMG; CARC 16 with RARC MA61 or N382.
    """
    _, person = next(_people(draft))
    values = {"last_name": person.last_name, "birth_date": person.birth_date, "sex": person.sex}
    missing = [name for name, value in values.items() if not value]
    if missing:
        yield Problem(
            message=f"the patient lacks {', '.join(missing)}", location=at_claim(draft, missing[0], "DMG")
        )


@rule("REQ003", severity=ERROR, carc="16", subject=MEMBER)
def member_id_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The subscriber has no member id.

    Why: The payer finds the coverage by it.
    Fix: Give member_id in patients.csv as it stands on the card.
    Source: 005010X222A1 2010BA NM109; CARC 16 with RARC N382. An employer as subscriber has none.
    """
    subscriber = draft.claim.subscriber
    if not subscriber.member_id.strip() and not subscriber.organization:
        yield Problem(
            message="the subscriber has no member id", location=at_claim(draft, "member_id", "NM109")
        )


@rule("REQ004", severity=ERROR, carc="16", subject=MEMBER)
def subscriber_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The patient is a dependent, and the subscriber's name is missing.

    Why: A claim for a dependent names the person or employer who holds the coverage.
    Fix: Give subscriber_last_name and subscriber_first_name, or subscriber_organization, in patients.csv.
    Source: 005010X222A1 2010BA NM1.
    """
    claim = draft.claim
    if claim.patient is None or claim.subscriber.organization or claim.subscriber.person.last_name:
        return
    yield Problem(
        message="the subscriber of a dependent has no name",
        location=at_claim(draft, "subscriber_last_name", "NM103"),
    )


@rule("REQ005", severity=ERROR, carc="16", subject=BILLING)
def billing_address_unusable(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider's address is incomplete, a PO box, or without a ZIP of nine digits.

    Why: 2010AA wants a street address and nine digits; a PO box belongs to the pay-to address.
    Fix: Correct the address of the [[practice]] in claimloop.toml; put the PO box under [practice.pay_to].
    Source: 005010X222A1 2010AA N3, N4; claim_format_eligibility_rules.md, Charset, amounts, dates.
    """
    address = draft.claim.billing.address
    missing = _lacking(address)
    if address is None or missing:
        said = f"lacks {', '.join(missing)}"
    elif _BOX.search(f"{address.line_1} {address.line_2}"):
        said = "is a PO box"
    elif address.country in ("", "US") and not re.fullmatch(r"[0-9]{9}", address.zip):
        said = "has no ZIP of nine digits"
    else:
        return
    yield Problem(
        message=f"the billing address of practice {draft.practice_id} {said}",
        location=at_claim(draft, "practice.address", "N403"),
    )


@rule("REQ006", severity=ERROR, carc="16", subject=BILLING)
def billing_identity_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider has no NPI, or no tax id of nine digits.

    Why: Payers find the payee by the two together; pyx12 does not look at the tax id.
    Fix: Give npi and tax_id of the [[practice]] in claimloop.toml.
    Source: 005010X222A1 2010AA NM109 and REF*EI or REF*SY.
    """
    billing = draft.claim.billing
    missing = [] if billing.npi else ["NPI"]
    if not re.fullmatch(r"[0-9]{9}", billing.tax_id):
        missing.append("tax id of nine digits")
    if missing:
        yield Problem(
            message=f"practice {draft.practice_id} has no {' and no '.join(missing)}",
            location=at_claim(draft, "practice.tax_id" if billing.npi else "practice.npi", "NM109"),
        )


@rule("REQ007", severity=ERROR, carc="16", subject=MEMBER)
def payer_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer has no name or no claim id.

    Why: 2010BB NM109 tells the clearinghouse where the claim goes.
    Fix: Give name and claim_id of the payer in payers.toml.
    Source: 005010X222A1 2010BB NM1.
    """
    payer = draft.claim.payer
    missing = [name for name, value in (("name", payer.name), ("claim_id", payer.id)) if not value]
    if missing:
        yield Problem(
            message=f"payer {draft.payer_key} has no {' and no '.join(missing)}",
            location=at_claim(draft, f"payer.{missing[0]}", "NM109"),
        )


@rule("REQ008", severity=ERROR, carc="16", subject=SUMS)
def line_count_out_of_range(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim has no service line, or more than fifty (a payer's own limit has a rule of its own).

    Why: Loop 2400 stands one to fifty times.
    Fix: Split the claim.
    Source: 005010X222A1 loop 2400.
    """
    count = len(draft.claim.lines)
    if not count or MOST_LINES < count <= context.payer(draft).claim.max_lines:
        yield Problem(
            message=f"the claim has {count} service lines, 1 to {MOST_LINES} fit",
            location=at_claim(draft, "lines", "LX01"),
        )


@rule("REQ009", severity=ERROR, carc="16", subject=HEADER)
def referring_provider_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer wants a referring provider with an NPI, and the claim has none.

    Why: For Medicare therapy the practitioner who certifies the plan of care stands in 2310A; else it is returned.
    Fix: Give referring_npi and his name on the case.
    Source: payers.toml providers.referring_required; CARC 16 with RARC N264, N265 or N286.
    """
    referring = draft.claim.referring
    if referring is not None and referring.npi:
        return
    if draft.discipline in THERAPY_MODIFIERS and context.payer(draft).providers.referring_required:
        yield Problem(
            message="the claim has no referring provider with an NPI; this payer wants one",
            location=at_claim(draft, "referring_npi", "NM109"),
        )


@rule("REQ010", severity=ERROR, carc="16", subject=HEADER)
def accident_facts_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The claim says accident, and not when, or for an auto accident not where.

    Why: CLM11 wants DTP*439, and AA the state; pyx12 passes a claim without them.
    Fix: Give accident_date, and accident_state, on the case.
    Source: 005010X222A1 CLM11, DTP*439; CARC 16 with RARC N305.
    """
    claim = draft.claim
    if not claim.accident_causes:
        return
    missing = [] if any(qualifier == _ACCIDENT_DATE for qualifier, _ in claim.dates) else ["accident_date"]
    if "AA" in claim.accident_causes and not claim.accident_state:
        missing.append("accident_state")
    if missing:
        yield Problem(
            message=f"an accident is claimed without {' and '.join(missing)}",
            location=at_claim(draft, missing[0], "CLM11"),
        )


@rule("REQ011", severity=ERROR, carc="16", subject=HEADER)
def original_reference_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A replacement or void does not name the claim it stands for.

    Why: Frequency 7 and 8 need the payer's control number of the original; without it they are rejected.
    Fix: Send it once the original's payer claim control number is known from a 277CA or 835.
    Source: 005010X222A1 CLM05-3, REF*F8; CARC 16 with RARC M47.
    """
    claim = draft.claim
    if claim.frequency in ("7", "8") and not claim.original_reference:
        yield Problem(
            message=f"frequency {claim.frequency} without the payer's control number of the original",
            location=at_claim(draft, "original_reference", "REF02"),
        )
