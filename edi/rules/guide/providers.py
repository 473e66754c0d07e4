"""Loops 2310 and 2420: who treated, referred and supervised, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edi.model.claim import Claim, Provider
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.guide.forms import (
    has_digit,
    is_box,
    is_filler,
    missing_parts,
    sounds_like_company,
    zip_problem,
)
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import HEADER, PROVIDERS

ELSEWHERE: Final = frozenset({"12", "99"})
"""Places of service that are never the billing address: the patient's home, and any other place."""
_ELEMENTS: Final = {"line_1": "N301", "city": "N401", "state": "N402", "zip": "N403"}


def _people(claim: Claim) -> Iterator[tuple[str, str, Provider]]:
    """The claim's providers who are written as persons: role, column, provider."""
    for role, field, provider in (
        ("referring", "referring_npi", claim.referring),
        ("rendering", "rendering_npi", claim.rendering),
        ("supervising", "supervising_npi", claim.supervising),
    ):
        if provider is not None and provider.is_person:
            yield role, field, provider


@rule("PVD001", severity=WARNING, carc="16", subject=PROVIDERS)
def rendering_repeats_billing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider is named again as the rendering provider.

    Why: 2310B is sent when somebody else treated; a practitioner who bills for himself leaves it out.
    Fix: Leave the rendering provider out where he bills himself.
    Source: 005010X222A1 2310B; pyx12 passes it.
    """
    claim = draft.claim
    if (
        claim.rendering is not None
        and claim.billing.is_person
        and claim.rendering.npi == claim.billing.npi != ""
    ):
        yield Problem(
            message="2310B repeats the billing provider", location=at_claim(draft, "rendering_npi", "NM109")
        )


@rule("PVD002", severity=ERROR, carc="16", subject=PROVIDERS)
def person_has_the_groups_npi(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A person who referred or supervised has the NPI of the group.

    Why: Persons have NPIs of type 1, groups of type 2; a group can neither refer nor supervise.
    Fix: Give the person's own NPI.
    Source: claim_format_eligibility_rules.md, Identifiers; CARC 16 with RARC N290 or N265.
    """
    claim = draft.claim
    if claim.billing.is_person or not claim.billing.npi:
        return
    for role, field, provider in _people(claim):
        if role != "rendering" and provider.npi == claim.billing.npi:
            yield Problem(
                message=f"the {role} provider has the NPI of the billing group",
                location=at_claim(draft, field, "NM109"),
            )


@rule("PVD003", severity=WARNING, subject=PROVIDERS)
def line_provider_repeats_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line names the same rendering or supervising provider as the claim.

    Why: 2420 is sent when the line's provider differs; strict front ends reject a repetition.
    Fix: Leave the provider of the line out.
    Source: 005010X222A1 2420A and 2420D.
    """
    claim = draft.claim
    for line in claim.lines:
        for role, own, above in (
            ("rendering", line.rendering, claim.rendering),
            ("supervising", line.supervising, claim.supervising),
        ):
            if own is not None and above is not None and own.npi and own.npi == above.npi:
                yield Problem(
                    message=f"line {line.number} repeats the claim's {role} provider",
                    location=at_line(draft, line, f"{role}_npi", "NM109"),
                )


@rule("PVD004", severity=WARNING, carc="16", subject=PROVIDERS)
def provider_name_doubtful(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The name of a referring, rendering or supervising person has a digit, is a filler, or sounds like a company.

    Why: Medicare compares NPI and name letter by letter; a clinic's name under a person's NPI fails.
    Fix: Write the name as the NPI registry has it.
    Source: 005010X222A1 2310A, 2310B, 2310D NM103; CARC 16 with RARC N264 or N289.
    """
    for role, field, provider in _people(draft.claim):
        name = provider.last_name
        if name and (has_digit(name) or (len(name) > 2 and is_filler(name)) or sounds_like_company(name)):
            yield Problem(
                message=f"the {role} provider's last name is no person's",
                location=at_claim(draft, field.replace("npi", "last_name"), "NM103"),
            )


@rule("PVD005", severity=ERROR, carc="16", subject=PROVIDERS)
def facility_address_unusable(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service facility's address lacks a part or is a PO box, or its ZIP has not nine digits.

    Why: 2310C names the place of treatment; Medicare prices by its nine digits, and pyx12 takes five.
    Fix: Correct the address of the [[facility]] in claimloop.toml.
    Source: claim_format_eligibility_rules.md, Charset, amounts, dates; 005010X222A1 2310C N3, N4.
    """
    facility = draft.claim.facility
    if facility is None or facility.address is None:
        return
    missing, problem = missing_parts(facility.address), zip_problem(facility.address, nine=True)
    if missing:
        said, element = f"lacks {', '.join(missing)}", _ELEMENTS[missing[0]]
    elif problem:
        said, element = f"has a ZIP that {problem}", "N403"
    elif is_box(facility.address):
        said, element = "is a PO box", "N301"
    else:
        return
    yield Problem(
        message=f"the service facility's address {said}",
        location=at_claim(draft, "facility.address", element),
    )


@rule("PVD006", severity=WARNING, carc="16", subject=PROVIDERS)
def facility_repeats_billing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service facility is the billing provider: same address, or same NPI.

    Why: 2310C is sent when the service was given elsewhere; a part of the billing provider has no NPI of its own there.
    Fix: Leave the facility out, or its NPI.
    Source: 005010X222A1 2310C; claim_format_eligibility_rules.md, Limits and structure.
    """
    facility, billing = draft.claim.facility, draft.claim.billing
    if facility is None:
        return
    same = [] if facility.address is None or facility.address != billing.address else ["address"]
    if facility.npi and facility.npi == billing.npi:
        same.append("NPI")
    if same:
        yield Problem(
            message=f"the service facility has the {' and '.join(same)} of the billing provider",
            location=at_claim(draft, "facility", "NM109"),
        )


@rule("PVD007", severity=WARNING, carc="16", subject=HEADER)
def place_of_service_without_address(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service was given at home or at another place, and the claim does not say where.

    Why: For places that are not the billing address payers price and audit by the address in 2310C.
    Fix: Give facility_id on the row, and the [[facility]] its address.
    Source: 005010X222A1 2310C; design of sessions.csv, facility_id.
    """
    claim = draft.claim
    if claim.place_of_service in ELSEWHERE and claim.facility is None:
        yield Problem(
            message=f"place of service {claim.place_of_service} without a service facility",
            location=at_claim(draft, "facility_id", "NM101"),
        )
