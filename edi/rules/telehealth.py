"""Telehealth: the place of service, the modifier and the row say the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.codes.sets import TELEHEALTH_PLACES, THERAPY_MODIFIERS
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.payers.profile import MEDICARE
from edi.rules.context import Problem, RuleContext, at_line, session_of
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import LINES, TREATMENTS

VIDEO: Final = frozenset({"95", "GT"})
AUDIO: Final = frozenset({"93"})
ANY: Final = VIDEO | AUDIO | {"GQ"}
MODIFIER_OF: Final = {"video": "95", "audio": "93"}
"""The modifier that says what sessions.csv telehealth does."""
MEDICARE_LAST_DAY: Final = date(2027, 12, 31)
"""Therapists may bill Medicare for telehealth until then (claim_format_eligibility_rules.md, Telehealth)."""


def _place(draft: ClaimDraft, line: ServiceLine) -> str:
    return line.place_of_service or draft.claim.place_of_service


def _documented(draft: ClaimDraft, line: ServiceLine) -> str:
    """``video``, ``audio``, or "" where the row says nothing."""
    session = session_of(draft, line)
    return session.telehealth if session is not None else ""


def _is_remote(draft: ClaimDraft, line: ServiceLine) -> bool:
    return (
        _place(draft, line) in TELEHEALTH_PLACES
        or bool(_documented(draft, line))
        or not ANY.isdisjoint(line.procedure.modifiers)
    )


@rule("TEL001", severity=ERROR, carc="4", subject=TREATMENTS)
def telehealth_not_on_claim(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The row says telehealth, and neither place of service nor modifier of the line does.

    Why: The claim would say that the patient was in the clinic.
    Fix: Set place_of_service to 02 or 10, or add 95 (video) or 93 (audio) where the payer wants the usual place.
    Source: sessions.csv telehealth; modifiers.csv 95, 93; payers.toml modifiers.telehealth_at_usual_place.
    """
    for line in draft.claim.lines:
        said = _documented(draft, line)
        if said and _place(draft, line) not in TELEHEALTH_PLACES and ANY.isdisjoint(line.procedure.modifiers):
            yield Problem(
                message=f"{line.procedure.code}: telehealth by {said}, place {_place(draft, line)}, no modifier",
                location=at_line(draft, line, "place_of_service", "SV105"),
            )


@rule("TEL002", severity=WARNING, carc="4", subject=TREATMENTS)
def telehealth_place_without_modifier(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Place of service 02 or 10 without a telehealth modifier.

    Why: Most payers want 95 for video or 93 for audio beside the place; some deny the line without it.
    Fix: Add the modifier, or turn the rule off for a payer who does not want it.
    Source: modifiers.csv 95, 93 (depends on payer and place, hence a warning).
    """
    for line in draft.claim.lines:
        if _place(draft, line) in TELEHEALTH_PLACES and ANY.isdisjoint(line.procedure.modifiers):
            wanted = MODIFIER_OF.get(_documented(draft, line), "95 or 93")
            yield Problem(
                message=f"{line.procedure.code}: place {_place(draft, line)} without {wanted}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("TEL003", severity=WARNING, carc="5", subject=LINES)
def telehealth_modifier_in_person(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A telehealth modifier with a place of service where the patient comes in person.

    Why: The line says two things; payers that want 02 or 10 deny it.
    Fix: Set place_of_service to 02 or 10, or take the modifier off.
    Source: modifiers.csv 95 (in-person place unless the payer says so): payers.toml
        modifiers.telehealth_at_usual_place.
    """
    if context.payer(draft).modifiers.telehealth_at_usual_place:
        return
    for line in draft.claim.lines:
        given = [one for one in line.procedure.modifiers if one in ANY]
        if given and _place(draft, line) not in TELEHEALTH_PLACES:
            yield Problem(
                message=f"{line.procedure.code}: {' '.join(given)} with place {_place(draft, line)}",
                location=at_line(draft, line, "place_of_service", "SV105"),
            )


@rule("TEL004", severity=ERROR, carc="4", subject=TREATMENTS)
def telehealth_by_other_means(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The modifier says video and the row audio, or the other way round.

    Why: Audio alone is paid for fewer services; the wrong modifier is a false statement about how care was given.
    Fix: Correct the modifier, or the telehealth column, from the note.
    Source: modifiers.csv 93, 95, GT; sessions.csv telehealth.
    """
    for line in draft.claim.lines:
        said = _documented(draft, line)
        against = {"video": AUDIO, "audio": VIDEO}.get(said, frozenset())
        wrong = [one for one in line.procedure.modifiers if one in against]
        if wrong:
            yield Problem(
                message=f"{line.procedure.code}: {' '.join(wrong)}, the row says {said}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("TEL005", severity=WARNING, carc="96", payers=MEDICARE, subject=TREATMENTS)
def telehealth_after_its_term(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Therapy by telehealth after the last day on which therapists may bill Medicare for it.

    Why: Congress has lengthened the term several times; until it does again the claim is denied.
    Fix: Check whether the term was lengthened before sending.
    Source: claim_format_eligibility_rules.md, Telehealth (through 2027-12-31).
    """
    if draft.discipline not in THERAPY_MODIFIERS:
        return
    for line in draft.claim.lines:
        if line.date_from is not None and line.date_from > MEDICARE_LAST_DAY and _is_remote(draft, line):
            yield Problem(
                message=f"{line.procedure.code} by telehealth on {line.date_from}, the term ends {MEDICARE_LAST_DAY}",
                location=at_line(draft, line, "place_of_service", "SV105"),
            )
