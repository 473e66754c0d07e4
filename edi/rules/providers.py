"""Providers: licence, taxonomy, who may render, supervise and certify."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from edi.codes.sets import TELEHEALTH_PLACES, THERAPY_MODIFIERS
from edi.model.claim import Provider, ServiceLine
from edi.model.directory import Clinician
from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.payers.profile import ORIGINAL_MEDICARE
from edi.rules.billed import NO_BENEFIT
from edi.rules.context import Problem, RuleContext, at_claim, at_line, sessions_of
from edi.rules.registry import ERROR, INFO, WARNING, rule, run_rule
from edi.rules.subjects import LINES, PROVIDERS

TAXONOMIES: Final = {
    "PT": ("2251",), "OT": ("225X",), "SLP": ("235Z",), "DC": ("111N",), "LMT": ("2257",), "ACU": ("1711",),
    "ATC": ("2255A2300",),
}  # fmt: skip
"""How the taxonomy of each discipline's therapists begins (code_sets.csv TAX); ATC is from memory, unverified."""
ASSISTANT_TAXONOMIES: Final = frozenset({"225200000X", "224Z00000X"})
"""PT and OT assistants."""
MASSAGE: Final = "LMT"
_TAXONOMY: Final = re.compile(r"[0-9A-Z]{9}X")


def _rendering(draft: ClaimDraft) -> Iterator[tuple[Provider, ServiceLine | None]]:
    """The rendering providers: the claim's, then those of lines that have their own."""
    if draft.claim.rendering is not None:
        yield draft.claim.rendering, None
    for line in draft.claim.lines:
        if line.rendering is not None:
            yield line.rendering, line


def _place(draft: ClaimDraft, line: ServiceLine | None, field: str, element: str) -> Location:
    return at_claim(draft, field, element) if line is None else at_line(draft, line, field, element)


def _treating(draft: ClaimDraft, line: ServiceLine, context: RuleContext) -> dict[str, Clinician]:
    """Who treated and who renders a line, by id, as far as claimloop.toml knows them."""
    known = context.directory.clinician
    rendering = line.rendering or draft.claim.rendering
    found = [known("", rendering.npi)] if rendering is not None else []
    for session in sessions_of(draft, line):
        npi = session.treating_npi
        found.append(known("" if npi else session.treating_id, npi))
    return {one.id: one for one in found if one is not None}


def _state(draft: ClaimDraft, line: ServiceLine) -> str:
    """The state of the place of treatment; the patient's for telehealth."""
    claim = draft.claim
    if (line.place_of_service or claim.place_of_service) in TELEHEALTH_PLACES:
        address = claim.patient_person.address
    else:
        facility = claim.facility
        address = (
            facility.address
            if facility is not None and facility.address is not None
            else claim.billing.address
        )
    return address.state if address is not None else ""


def _licensed(
    draft: ClaimDraft, context: RuleContext
) -> Iterator[tuple[ServiceLine, Clinician, str, date, bool]]:
    """Who treated on a day in a state without a licence there: line, clinician, state, day, whether he had one once."""
    if not context.once(
        ("licences",), lambda: any(one.licenses for one in context.directory.clinicians.values())
    ):
        return
    told: set[tuple[str, str, date]] = set()
    for line in draft.claim.lines:
        day, state = line.date_from, _state(draft, line)
        if day is None or not state:
            continue
        for one in _treating(draft, line, context).values():
            if not one.licenses or (one.id, state, day) in told:
                continue
            told.add((one.id, state, day))
            there = [licence for licence in one.licenses if licence.state.upper() == state.upper()]
            if not any(licence.holds_on(day) for licence in there):
                yield line, one, state, day, bool(there)


@rule("PRO001", severity=ERROR, carc="B7")
def licence_not_in_force(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The therapist's licence of the state of treatment was not in force on the date of service.

    Why: A service without a licence may not be billed at all; what was paid is taken back.
    Fix: Correct the dates of the licence in claimloop.toml if it was renewed; else do not bill the service.
    Source: claimloop.toml [[provider.license]]; CARC B7 with RARC M143 or N665.
    """
    for line, one, state, day, there in _licensed(draft, context):
        if there:
            yield Problem(
                message=f"the {state} licence of provider {one.id} was not in force on {day}",
                location=at_line(draft, line, "provider.license"),
            )


@rule("PRO002", severity=WARNING, carc="B7")
def licence_of_another_state(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The therapist has licences, and none of the state of treatment.

    Why: A licence holds in its state, and where a compact privilege carries it.
    Fix: Add the licence or the compact privilege to claimloop.toml, or correct the place of treatment.
    Source: claimloop.toml [[provider.license]]; CARC B7 with RARC N665.
    """
    for line, one, state, day, there in _licensed(draft, context):
        if not there:
            yield Problem(
                message=f"provider {one.id} has no licence of {state}, where the service of {day} was given",
                location=at_line(draft, line, "provider.license"),
            )


@run_rule("PRO003", severity=INFO, carc="B7")
def licences_not_recorded(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: claimloop.toml has no licence of therapists whose services are billed.

    Why: Nothing says whether they were licensed on the day, in the state.
    Fix: Add [[provider.license]] with state, number, from and to.
    Source: claimloop.toml [[provider.license]].
    """
    without: dict[str, set[str]] = {}
    seen: set[tuple[str, Provider | None, tuple[tuple[str, str], ...]]] = set()
    for draft in drafts:
        for line in draft.claim.lines:
            treated = tuple([(one.treating_id, one.treating_npi) for one in sessions_of(draft, line)])
            who = (draft.practice_id, line.rendering or draft.claim.rendering, treated)
            if who in seen:
                continue
            seen.add(who)
            names = [one.id for one in _treating(draft, line, context).values() if not one.licenses]
            if names:
                without.setdefault(draft.practice_id, set()).update(names)
    for practice, names_of in sorted(without.items()):
        yield Problem(
            message=f"UNCHECKED: no licence of {len(names_of)} therapists of practice {practice} is recorded",
            location=Location(field="provider.license"),
        )


@rule("PRO004", severity=ERROR, carc="16", subject=PROVIDERS)
def taxonomy_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The payer asks for taxonomies, and the billing or rendering provider has none.

    Why: Payers that hold several enrolments under one NPI find the right one by the taxonomy.
    Fix: Give taxonomy of the [[practice]] or [[provider]] in claimloop.toml, as it is on file with the payer.
    Source: payers.toml providers.taxonomy_required; CARC 16 with RARC N255 or N288.
    """
    if not context.payer(draft).providers.taxonomy_required:
        return
    if not draft.claim.billing.taxonomy:
        yield Problem(
            message=f"practice {draft.practice_id} has no taxonomy",
            location=at_claim(draft, "practice.taxonomy", "PRV03"),
        )
    for provider, line in _rendering(draft):
        if not provider.taxonomy:
            yield Problem(
                message=f"rendering NPI {provider.npi} has no taxonomy",
                location=_place(draft, line, "provider.taxonomy", "PRV03"),
            )


@rule("PRO005", severity=ERROR, carc="16", subject=PROVIDERS)
def taxonomy_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A taxonomy is not nine signs and an X.

    Why: pyx12 passes it, and the payer finds no such provider type.
    Fix: Copy the code from the NPI registry.
    Source: claim_format_eligibility_rules.md, Identifiers; CARC 16 with RARC N255 or N288.
    """
    billing = draft.claim.billing.taxonomy
    if billing and _TAXONOMY.fullmatch(billing) is None:
        yield Problem(
            message=f"the taxonomy {billing!r} of practice {draft.practice_id} is not one",
            location=at_claim(draft, "practice.taxonomy", "PRV03"),
        )
    for provider, line in _rendering(draft):
        if provider.taxonomy and _TAXONOMY.fullmatch(provider.taxonomy) is None:
            yield Problem(
                message=f"the taxonomy {provider.taxonomy!r} of rendering NPI {provider.npi} is not one",
                location=_place(draft, line, "provider.taxonomy", "PRV03"),
            )


@rule("PRO006", severity=WARNING, carc="8", subject=PROVIDERS)
def taxonomy_of_another_discipline(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The rendering therapist's taxonomy is that of another discipline than the claim's.

    Why: Payers pay a code to the provider types that may give it.
    Fix: Correct the discipline of the session, or the taxonomy of the [[provider]].
    Source: code_sets.csv TAX; CARC 8 with RARC N94 or N95.
    """
    own = TAXONOMIES.get(draft.discipline)
    if own is None:
        return
    for provider, line in _rendering(draft):
        of = [name for name, begins in TAXONOMIES.items() if provider.taxonomy.startswith(begins)]
        if of and draft.discipline not in of and not provider.taxonomy.startswith(own):
            yield Problem(
                message=f"rendering NPI {provider.npi} has a taxonomy of {of[0]}; the claim is of {draft.discipline}",
                location=_place(draft, line, "provider.taxonomy", "PRV03"),
            )


@rule("PRO007", severity=ERROR, carc="170", subject=PROVIDERS)
def assistant_renders(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An assistant stands on the claim as rendering provider, and the payer does not take that.

    Why: Assistants cannot enrol; their work is billed under the therapist who supervises them.
    Fix: Leave rendering_npi blank, or give the supervising therapist's.
    Source: payers.toml providers.assistant_may_render; claim_format_eligibility_rules.md, Credentialing signals.
    """
    if context.payer(draft).providers.assistant_may_render:
        return
    for provider, line in _rendering(draft):
        known = context.directory.clinician("", provider.npi)
        if provider.taxonomy in ASSISTANT_TAXONOMIES or (known is not None and known.is_assistant):
            yield Problem(
                message=f"rendering NPI {provider.npi} is an assistant; payer {draft.payer_key} takes therapists only",
                location=_place(draft, line, "rendering_npi", "NM109"),
            )


@rule("PRO008", severity=ERROR, carc="16")
def supervisor_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An assistant treated, the payer wants the supervisor named, and nobody but the assistant is.

    Why: The payer cannot see that the assistant was supervised.
    Fix: Give supervising_npi in sessions.csv, or supervisor of the [[provider]] in claimloop.toml.
    Source: payers.toml providers.supervising_required; 005010X222A1 2310D.
    """
    claim = draft.claim
    if not context.payer(draft).providers.supervising_required or claim.supervising is not None:
        return
    for line in claim.lines:
        rendering = line.rendering or claim.rendering
        assistants = [one for one in _treating(draft, line, context).values() if one.is_assistant]
        # A therapist who renders in the assistant's place is the supervisor, and named.
        renders = rendering is None or rendering.npi in {one.npi for one in assistants}
        if assistants and renders and line.supervising is None:
            yield Problem(
                message=f"assistant {assistants[0].id} treated, and no supervising provider is named",
                location=at_line(draft, line, "supervising_npi", "NM109"),
            )


@rule("PRO009", severity=ERROR, carc="170", subject=LINES)
def massage_not_payable(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A massage therapist renders, and the payer does not pay massage therapists: a warning but for Medicare.

    Why: Medicare does not enrol massage therapists; of others the contract decides.
    Fix: Bill the patient after telling him, with GY where a denial is wanted for the next payer; or set
        providers.lmt_payable in payers.toml where the contract pays.
    Source: payers.toml providers.lmt_payable; modifiers.csv GY; claim_format_eligibility_rules.md, Eligibility (from
        memory).
    """
    payer = context.payer(draft)
    if draft.discipline != MASSAGE or payer.providers.lmt_payable:
        return
    if all(NO_BENEFIT in line.procedure.modifiers for line in draft.claim.lines):
        return
    yield Problem(
        message=f"massage therapy is billed to payer {draft.payer_key}, which is not said to pay massage therapists",
        location=at_claim(draft, "rendering_npi", "NM109"),
        severity=None if payer.is_original_medicare else WARNING,
    )


@rule("PRO010", severity=ERROR, carc="16", subject=PROVIDERS)
def group_as_therapist(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The NPI of a group or a site stands where the therapist's own belongs.

    Why: The rendering provider is a person; a group that bills names the one who treated.
    Fix: Give the therapist his own NPI in [[provider]], or the practice kind individual if he bills himself.
    Source: 005010X222A1 2310B; CARC 16 with RARC N290.
    """
    if draft.claim.rendering is None and not draft.claim.billing.is_person:
        yield Problem(
            message=f"practice {draft.practice_id} bills as an organization and names no therapist",
            location=at_claim(draft, "rendering_npi", "NM109"),
        )
    groups = context.once(("group NPIs",), lambda: _group_npis(context))
    for provider, line in _rendering(draft):
        if not provider.is_person or provider.npi in groups:
            yield Problem(
                message=f"rendering NPI {provider.npi} is that of an organization",
                location=_place(draft, line, "rendering_npi", "NM109"),
            )


def _group_npis(context: RuleContext) -> frozenset[str]:
    """The NPIs of practices that are organizations, and of their sites."""
    directory = context.directory
    alone = {one.npi for one in directory.practices.values() if one.kind != "organization"}
    groups = {one.npi for one in directory.practices.values() if one.kind == "organization"}
    sites = {one.npi for one in directory.facilities.values()}
    return frozenset((groups | sites) - alone - {""})


@rule("PRO011", severity=ERROR, carc="183", payers=ORIGINAL_MEDICARE, subject=PROVIDERS)
def certifier_is_therapist(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The practitioner named as certifying the plan of care is a therapist of the practice.

    Why: Medicare wants a physician or another who may order therapy; a therapist cannot certify his own plan.
    Fix: Give referring_npi of the practitioner who signed the plan.
    Source: claim_format_eligibility_rules.md, Subscriber and patient loops (2310A DN); CARC 183 with RARC N574.
    """
    referring = draft.claim.referring
    if referring is None or not referring.npi or draft.discipline not in THERAPY_MODIFIERS:
        return
    known = context.directory.clinician("", referring.npi)
    if known is not None and (known.credential.upper() in THERAPY_MODIFIERS or known.is_assistant):
        yield Problem(
            message=f"referring NPI {referring.npi} is therapist {known.id} of this practice",
            location=at_claim(draft, "referring_npi", "NM109"),
        )
