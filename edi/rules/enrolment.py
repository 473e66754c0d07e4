"""Enrolment: the therapist, and the practice, stand well with the payer on the date of service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from edi.model.claim import Provider
from edi.model.directory import Enrolment
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line, first_day
from edi.rules.registry import ERROR, WARNING, rule


def _ids(context: RuleContext, npi: str) -> set[str]:
    """What an enrolment row may call the provider of that NPI: the NPI, or the [[provider]]'s id."""
    by_npi = context.once(("clinicians",), lambda: _clinicians(context))
    return {npi, *by_npi.get(npi, ())}


def _clinicians(context: RuleContext) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in context.directory.clinicians.values():
        if one.npi:
            found[one.npi] = (*found.get(one.npi, ()), one.id)
    return found


def _standing(rows: tuple[Enrolment, ...], day: date) -> str:
    """``in``, ``out``, or why neither: none, pending, or the dates do not cover the day."""
    on_the_day = [row.status for row in rows if row.covers(day)]
    for status in ("in", "out", "pending", "none"):
        if status in on_the_day:
            return status
    return "expired or not begun" if rows else "none"


def _rendering(draft: ClaimDraft, context: RuleContext) -> Iterator[tuple[Problem, str]]:
    """Each rendering provider who does not stand ``in`` with the payer: the problem and his standing."""
    rows = context.enrolments.get((draft.practice_id, draft.payer_key, "rendering"), ())
    if not rows:
        return
    claim = draft.claim
    rendering: list[tuple[Provider, date | None, bool]] = [
        (claim.rendering or claim.billing, first_day(draft), False)
    ]
    rendering += [
        (line.rendering, line.date_from, True) for line in claim.lines if line.rendering is not None
    ]
    lines = iter([line for line in claim.lines if line.rendering is not None])
    for provider, day, on_line in rendering:
        place = at_line(draft, next(lines), "rendering_npi", "NM109") if on_line else None
        if day is None or not provider.npi:
            continue
        names = _ids(context, provider.npi)
        standing = _standing(tuple(row for row in rows if row.provider in names), day)
        if standing != "in":
            message = f"rendering NPI {provider.npi} with payer {draft.payer_key} on {day}: {standing}"
            yield (
                Problem(message=message, location=place or at_claim(draft, "rendering_npi", "NM109")),
                standing,
            )


@rule("ENR001", severity=ERROR, carc="B7")
def therapist_not_enrolled(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The rendering therapist is not enrolled with the payer on the date of service.

    Why: Services of a therapist who is not enrolled are denied, and cannot be billed under another's name.
    Fix: Hold the claim until the enrolment is effective, correct its dates, or name who really treated.
    Source: claimloop.toml [[enrolment]] role rendering; CARC B7.
    """
    for problem, standing in _rendering(draft, context):
        if standing != "out":
            yield problem


@rule("ENR002", severity=WARNING, carc="242")
def therapist_out_of_network(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The rendering therapist is out of the payer's network on the date of service.

    Why: The claim may be sent, but is paid less, to the patient, or not at all.
    Fix: Make sure the patient knows, and that the plan has benefits out of network.
    Source: claimloop.toml [[enrolment]] status out; CARC 242.
    """
    for problem, standing in _rendering(draft, context):
        if standing == "out":
            yield problem


@rule("ENR003", severity=ERROR, carc="B7")
def practice_not_enrolled(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The practice that bills is not enrolled with the payer on the date of service.

    Why: Without the group's enrolment no therapist of it is paid.
    Fix: Hold the claims until the enrolment is effective, or correct its dates.
    Source: claimloop.toml [[enrolment]] role billing; CARC B7.
    """
    rows = context.enrolments.get((draft.practice_id, draft.payer_key, "billing"), ())
    day = first_day(draft)
    if not rows or day is None:
        return
    standing = _standing(rows, day)
    if standing not in ("in", "out"):
        yield Problem(
            message=f"practice {draft.practice_id} with payer {draft.payer_key} on {day}: {standing}",
            location=at_claim(draft, "enrolment", "NM109"),
        )
