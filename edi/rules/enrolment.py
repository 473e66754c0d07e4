"""Enrolment: the therapist, and the practice, stand well with the payer on the date of service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from edi.model.claim import Provider, ServiceLine
from edi.model.directory import Enrolment
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, at_line, first_day
from edi.rules.registry import ERROR, WARNING, Subject, rule
from edi.rules.subjects import Parts, whole


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


def _rows_of(context: RuleContext, draft: ClaimDraft, npi: str) -> list[Enrolment]:
    """The rows of one rendering provider with the claim's practice and payer."""

    def by_provider() -> dict[str, list[Enrolment]]:
        found: dict[str, list[Enrolment]] = {}
        for row in context.enrolments.get((draft.practice_id, draft.payer_key, "rendering"), ()):
            found.setdefault(row.provider, []).append(row)
        return found

    rows = context.once(("enrolled", draft.practice_id, draft.payer_key), by_provider)
    return [row for name in _ids(context, npi) for row in rows.get(name, ())]


def _standing(rows: Sequence[Enrolment], day: date) -> str:
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
    yield from _judged(draft, context, claim.rendering or claim.billing, None)
    for line in claim.lines:
        if line.rendering is not None:
            yield from _judged(draft, context, line.rendering, line)


def _judged(
    draft: ClaimDraft,
    context: RuleContext,
    provider: Provider,
    line: ServiceLine | None,
) -> Iterator[tuple[Problem, str]]:
    """The problem of one rendering provider, the claim's or a line's, who does not stand ``in``."""
    day = line.date_from if line is not None else first_day(draft)
    if day is None or not provider.npi:
        return
    standing = _standing(_rows_of(context, draft, provider.npi), day)
    if standing == "in":
        return
    field = ("rendering_npi", "NM109")
    place = at_line(draft, line, *field) if line is not None else at_claim(draft, *field)
    message = f"rendering NPI {provider.npi} with payer {draft.payer_key} on {day}: {standing}"
    yield Problem(message=message, location=place), standing


def _not_in(draft: ClaimDraft, context: RuleContext) -> Parts:
    return whole(draft) if any(True for _ in _rendering(draft, context)) else ()


NOT_IN: Final = Subject("not in the network", _not_in)
"""A claim with a rendering provider who does not stand in the payer's network on the day."""


def _days_of_practice(draft: ClaimDraft, context: RuleContext) -> Parts:
    return ((draft.practice_id, first_day(draft)),)


PRACTICE: Final = Subject("practice", _days_of_practice)
"""The practice and the claim's first day."""


@rule("ENR001", severity=ERROR, carc="B7", subject=NOT_IN)
def therapist_not_enrolled(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The rendering therapist is not enrolled with the payer on the date of service.

    Why: Services of a therapist who is not enrolled are denied, and cannot be billed under another's name.
    Fix: Hold the claim until the enrolment is effective, correct its dates, or name who really treated.
    Source: claimloop.toml [[enrolment]] role rendering; CARC B7.
    """
    for problem, standing in _rendering(draft, context):
        if standing != "out":
            yield problem


@rule("ENR002", severity=WARNING, carc="242", subject=NOT_IN)
def therapist_out_of_network(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The rendering therapist is out of the payer's network on the date of service.

    Why: The claim may be sent, but is paid less, to the patient, or not at all.
    Fix: Make sure the patient knows, and that the plan has benefits out of network.
    Source: claimloop.toml [[enrolment]] status out; CARC 242.
    """
    for problem, standing in _rendering(draft, context):
        if standing == "out":
            yield problem


@rule("ENR003", severity=ERROR, carc="B7", subject=PRACTICE)
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
