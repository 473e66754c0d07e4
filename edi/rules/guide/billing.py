"""Loops 2010AA and 2010AB: who bills, and where the money goes."""

from __future__ import annotations

from collections.abc import Iterator

from edi.codes.identifiers import STATES
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim
from edi.rules.guide.forms import (
    at_home,
    is_filler,
    missing_parts,
    phone_is_formed,
    sounds_like_company,
    ssn_is_formed,
    zip_problem,
)
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import BILLING


@rule("BIL001", severity=ERROR, carc="16", subject=BILLING)
def tax_id_cannot_exist(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider's tax id is no number that was ever given out.

    Why: The payer finds the payee by NPI and tax id together; a filler finds nobody.
    Fix: Correct tax_id, or tax_id_type (EI or SY), of the [[practice]] in claimloop.toml.
    Source: 005010X222A1 2010AA REF*EI and REF*SY; CARC 16 with RARC N280.
    """
    billing = draft.claim.billing
    if len(billing.tax_id) != 9:
        return
    person = billing.tax_id_qualifier == "SY"
    if (person and not ssn_is_formed(billing.tax_id)) or len(set(billing.tax_id)) == 1:
        kind = "social security number" if person else "EIN"
        yield Problem(
            message=f"the {kind} of practice {draft.practice_id} cannot be one",
            location=at_claim(draft, "practice.tax_id", "REF02"),
        )


@rule("BIL002", severity=ERROR, carc="16", subject=BILLING)
def billing_phone_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider's phone is not a number of ten digits.

    Why: PER04 takes ten digits with area code; a payer's desk rejects others, pyx12 does not look.
    Fix: Correct phone of the [[practice]] in claimloop.toml; an extension does not belong there.
    Source: 005010X222A1 2010AA PER04.
    """
    contact = draft.claim.billing.contact
    if contact is not None and contact[1] and not phone_is_formed(contact[1]):
        yield Problem(
            message=f"the phone of practice {draft.practice_id} has not ten digits that can be dialled",
            location=at_claim(draft, "practice.phone", "PER04"),
        )


@rule("BIL003", severity=ERROR, carc="16", subject=BILLING)
def billing_zip_cannot_exist(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider's ZIP has nine digits that are a filler.

    Why: Payers price by the nine digits; 00000 and 99999 are no place, and some reject 0000 or 9999 behind them.
    Fix: Look the ZIP+4 up at the post office and correct the address of the [[practice]].
    Source: 005010X222A1 2010AA N403. The last four digits are from memory, and a warning.
    """
    address = draft.claim.billing.address
    if address is None or len(address.zip) != 9:
        return
    problem = zip_problem(address, nine=True)
    filled = not problem and at_home(address) and address.zip[5:] in ("0000", "9999")
    if problem or filled:
        yield Problem(
            message=f"the ZIP of practice {draft.practice_id} {problem or 'ends in 0000 or 9999'}",
            location=at_claim(draft, "practice.address.zip", "N403"),
            severity=WARNING if filled else None,
        )


@rule("BIL004", severity=ERROR, carc="16", subject=BILLING)
def pay_to_address_incomplete(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The pay-to address lacks a part, or its ZIP is none.

    Why: The cheque and the mail go there; half an address rejects the claim.
    Fix: Complete [practice.pay_to] in claimloop.toml.
    Source: 005010X222A1 2010AB N3, N4.
    """
    address = draft.claim.pay_to
    if address is None:
        return
    missing = missing_parts(address)
    problem = f"lacks {', '.join(missing)}" if missing else zip_problem(address, nine=False)
    if problem:
        said = problem if missing else f"has a ZIP that {problem}"
        yield Problem(
            message=f"the pay-to address of practice {draft.practice_id} {said}",
            location=at_claim(draft, f"practice.pay_to.{missing[0] if missing else 'zip'}", "N4"),
        )


@rule("BIL005", severity=WARNING, carc="16", subject=BILLING)
def pay_to_address_repeats_billing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The pay-to address is the billing address.

    Why: 2010AB is sent when it differs; the same address twice is rejected by strict front ends.
    Fix: Take [practice.pay_to] out of claimloop.toml.
    Source: 005010X222A1 2010AB.
    """
    if draft.claim.pay_to is not None and draft.claim.pay_to == draft.claim.billing.address:
        yield Problem(
            message=f"the pay-to address of practice {draft.practice_id} is its billing address",
            location=at_claim(draft, "practice.pay_to", "NM101"),
        )


@rule("BIL006", severity=WARNING, carc="16", subject=BILLING)
def billing_person_has_company_name(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider goes out as a person and has the name of a company, or no first name.

    Why: NM102 1 with an organisation's name matches neither the NPI registry nor the payer's file.
    Fix: Set kind of the [[practice]] to organization, or give the person's last and first name.
    Source: 005010X222A1 2010AA NM102, NM103, NM104.
    """
    billing = draft.claim.billing
    if billing.is_person and (not billing.first_name or sounds_like_company(billing.last_name)):
        yield Problem(
            message=f"practice {draft.practice_id} is billed as a person without a person's name",
            location=at_claim(draft, "practice.kind", "NM102"),
        )


@rule("BIL007", severity=ERROR, carc="16", subject=BILLING)
def billing_street_is_a_filler(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing address holds a word where the street should be.

    Why: 2010AA names the place the payer enrolled; UNKNOWN or SAME is no place.
    Fix: Correct the address of the [[practice]] in claimloop.toml.
    Source: 005010X222A1 2010AA N301.
    """
    address = draft.claim.billing.address
    if address is not None and (is_filler(address.line_1) or is_filler(address.city)):
        yield Problem(
            message=f"the address of practice {draft.practice_id} is a filler",
            location=at_claim(draft, "practice.address", "N301"),
        )


@rule("BIL008", severity=ERROR, carc="16", subject=BILLING)
def billing_state_cannot_exist(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The state of the billing address is none of the United States.

    Why: Payers route and price by the state; pyx12 checks the codes of other addresses and not of this one.
    Fix: Correct the address of the [[practice]] in claimloop.toml: two letters, as the post office has them.
    Source: 005010X222A1 2010AA N402.
    """
    address = draft.claim.billing.address
    if address is not None and at_home(address) and address.state and address.state.upper() not in STATES:
        yield Problem(
            message=f"the state of practice {draft.practice_id} is none of the United States",
            location=at_claim(draft, "practice.address.state", "N402"),
        )
