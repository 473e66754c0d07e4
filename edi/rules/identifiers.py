"""Identifiers: the NPI of everyone on the claim. A missing NPI is the business of the family ``required``."""

from __future__ import annotations

from collections.abc import Iterator

from edi.codes.identifiers import npi_is_valid
from edi.model.claim import Provider
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, rule
from edi.rules.subjects import BILLING, PROVIDERS


def _wrong(provider: Provider | None, context: RuleContext) -> bool:
    """Whether a provider has an NPI that is none; each NPI is worked out once a run."""
    if provider is None or not provider.npi:
        return False
    npi = provider.npi
    return not context.once(("npi", npi), lambda: npi_is_valid(npi))


def _said(role: str, provider: Provider | None) -> str:
    npi = provider.npi if provider is not None else ""
    return f"the {role} NPI {npi!r} is not one: ten digits, the first 1 or 2, the last the check digit"


@rule("NPI001", severity=ERROR, carc="16", subject=BILLING)
def billing_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider's NPI fails its check digit.

    Why: The claim cannot be tied to a payee and is rejected, often as a whole file.
    Fix: Correct npi of the [[practice]] in claimloop.toml.
    Source: 005010X222A1 2010AA NM109; CARC 16 with RARC N257.
    """
    if _wrong(draft.claim.billing, context):
        yield Problem(
            message=_said("billing provider's", draft.claim.billing),
            location=at_claim(draft, "practice.npi", "NM109"),
        )


@rule("NPI002", severity=ERROR, carc="16", subject=PROVIDERS)
def rendering_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A rendering provider's NPI fails its check digit.

    Why: The payer cannot tell who treated.
    Fix: Correct rendering_npi or treating_npi of the row, or npi of the [[provider]].
    Source: 005010X222A1 2310B and 2420A NM109; CARC 16 with RARC N290.
    """
    if _wrong(draft.claim.rendering, context):
        yield Problem(
            message=_said("rendering provider's", draft.claim.rendering),
            location=at_claim(draft, "rendering_npi", "NM109"),
        )
    for line in draft.claim.lines:
        if _wrong(line.rendering, context):
            yield Problem(
                message=_said("line's rendering provider's", line.rendering),
                location=at_line(draft, line, "rendering_npi", "NM109"),
            )


@rule("NPI003", severity=ERROR, carc="16", subject=PROVIDERS)
def referring_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The NPI of who referred or ordered fails its check digit.

    Why: Medicare looks the certifying practitioner up and returns the claim when there is none.
    Fix: Correct referring_npi of the case.
    Source: 005010X222A1 2310A, 2420E and 2420F NM109; CARC 16 with RARC N265.
    """
    claim = draft.claim
    for role, provider in (("referring", claim.referring), ("primary care", claim.primary_care)):
        if _wrong(provider, context):
            yield Problem(
                message=_said(f"{role} provider's", provider),
                location=at_claim(draft, "referring_npi", "NM109"),
            )
    for line in claim.lines:
        for role, provider in (("referring", line.referring), ("ordering", line.ordering)):
            if _wrong(provider, context):
                yield Problem(
                    message=_said(f"line's {role} provider's", provider),
                    location=at_line(draft, line, "referring_npi", "NM109"),
                )


@rule("NPI004", severity=ERROR, carc="16", subject=PROVIDERS)
def facility_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service facility's NPI fails its check digit.

    Why: The payer cannot tell where the service was given.
    Fix: Correct npi of the [[facility]], or leave it out where the facility has none.
    Source: 005010X222A1 2310C and 2420C NM109; CARC 16.
    """
    if _wrong(draft.claim.facility, context):
        yield Problem(
            message=_said("service facility's", draft.claim.facility),
            location=at_claim(draft, "facility.npi", "NM109"),
        )
    for line in draft.claim.lines:
        if _wrong(line.facility, context):
            yield Problem(
                message=_said("line's service facility's", line.facility),
                location=at_line(draft, line, "facility.npi", "NM109"),
            )


@rule("NPI005", severity=ERROR, carc="16", subject=PROVIDERS)
def supervising_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A supervising provider's NPI fails its check digit.

    Why: Payers that want a supervisor for assistants reject the claim without a true one.
    Fix: Correct supervising_npi of the row, or npi of the supervising [[provider]].
    Source: 005010X222A1 2310D and 2420D NM109; CARC 16.
    """
    if _wrong(draft.claim.supervising, context):
        yield Problem(
            message=_said("supervising provider's", draft.claim.supervising),
            location=at_claim(draft, "supervising_npi", "NM109"),
        )
    for line in draft.claim.lines:
        if _wrong(line.supervising, context):
            yield Problem(
                message=_said("line's supervising provider's", line.supervising),
                location=at_line(draft, line, "supervising_npi", "NM109"),
            )
