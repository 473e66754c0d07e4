"""Identifiers: the NPI of everyone on the claim. A missing NPI is the business of the family ``required``."""

from __future__ import annotations

from collections.abc import Iterator

from edi.codes.identifiers import npi_is_valid
from edi.model.claim import Provider
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line
from edi.rules.registry import ERROR, rule


def _wrong(provider: Provider | None) -> bool:
    return provider is not None and bool(provider.npi) and not npi_is_valid(provider.npi)


def _said(role: str, provider: Provider | None) -> str:
    npi = provider.npi if provider is not None else ""
    return f"the {role} NPI {npi!r} is not one: ten digits, the first 1 or 2, the last the check digit"


@rule("NPI001", severity=ERROR, carc="16")
def billing_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The billing provider's NPI fails its check digit.

    Why: The claim cannot be tied to a payee and is rejected, often as a whole file.
    Fix: Correct npi of the [[practice]] in claimloop.toml.
    Source: 005010X222A1 2010AA NM109; CARC 16 with RARC N257.
    """
    if _wrong(draft.claim.billing):
        yield Problem(
            message=_said("billing provider's", draft.claim.billing),
            location=at_claim(draft, "practice.npi", "NM109"),
        )


@rule("NPI002", severity=ERROR, carc="16")
def rendering_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A rendering provider's NPI fails its check digit.

    Why: The payer cannot tell who treated.
    Fix: Correct rendering_npi or treating_npi of the row, or npi of the [[provider]].
    Source: 005010X222A1 2310B and 2420A NM109; CARC 16 with RARC N290.
    """
    if _wrong(draft.claim.rendering):
        yield Problem(
            message=_said("rendering provider's", draft.claim.rendering),
            location=at_claim(draft, "rendering_npi", "NM109"),
        )
    for line in draft.claim.lines:
        if _wrong(line.rendering):
            yield Problem(
                message=_said("line's rendering provider's", line.rendering),
                location=at_line(draft, line, "rendering_npi", "NM109"),
            )


@rule("NPI003", severity=ERROR, carc="16")
def referring_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The referring provider's NPI fails its check digit.

    Why: Medicare looks the certifying practitioner up and returns the claim when there is none.
    Fix: Correct referring_npi of the case.
    Source: 005010X222A1 2310A NM109; CARC 16 with RARC N265.
    """
    if _wrong(draft.claim.referring):
        yield Problem(
            message=_said("referring provider's", draft.claim.referring),
            location=at_claim(draft, "referring_npi", "NM109"),
        )


@rule("NPI004", severity=ERROR, carc="16")
def facility_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The service facility's NPI fails its check digit.

    Why: The payer cannot tell where the service was given.
    Fix: Correct npi of the [[facility]], or leave it out where the facility has none.
    Source: 005010X222A1 2310C NM109; CARC 16.
    """
    if _wrong(draft.claim.facility):
        yield Problem(
            message=_said("service facility's", draft.claim.facility),
            location=at_claim(draft, "facility.npi", "NM109"),
        )


@rule("NPI005", severity=ERROR, carc="16")
def supervising_npi_wrong(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A supervising provider's NPI fails its check digit.

    Why: Payers that want a supervisor for assistants reject the claim without a true one.
    Fix: Correct supervising_npi of the row, or npi of the supervising [[provider]].
    Source: 005010X222A1 2310D and 2420D NM109; CARC 16.
    """
    if _wrong(draft.claim.supervising):
        yield Problem(
            message=_said("supervising provider's", draft.claim.supervising),
            location=at_claim(draft, "supervising_npi", "NM109"),
        )
    for line in draft.claim.lines:
        if _wrong(line.supervising):
            yield Problem(
                message=_said("line's supervising provider's", line.supervising),
                location=at_line(draft, line, "supervising_npi", "NM109"),
            )
