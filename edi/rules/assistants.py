"""Assistants: CQ and CO mark what a therapist assistant gave, unit by unit, above a tenth of a service.

Source: units_rules.md 6 (CMS billing examples; some bounds from memory, unverified).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from edi.codes import ProcedureCode
from edi.model.claim import ServiceLine
from edi.model.directory import Clinician
from edi.model.draft import ClaimDraft
from edi.model.session import SessionLine
from edi.model.units import assistant_units, beyond_de_minimis
from edi.rules.billed import once_a_claim, own_days, whole_units
from edi.rules.context import Problem, RuleContext, at_line, sessions_of
from edi.rules.registry import ERROR, WARNING, Subject, rule
from edi.rules.subjects import LINES, TREATMENTS, Parts, whole

MARKS: Final = {"CQ": "GP", "CO": "GO"}
"""The assistant's modifier, and the discipline's that it stands with."""
MARK_OF: Final = {"PT": "CQ", "OT": "CO"}
BEGIN: Final = date(2020, 1, 1)
"""First date of service of which Medicare takes CQ and CO."""


class Given(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What an assistant gave of one code on a day, and how many of its units want the mark (``due``) and have it."""

    code: str
    day: date
    minutes: int
    assistant: int
    units: int
    marked: int
    due: int
    first: ServiceLine
    first_marked: ServiceLine | None

    def said(self, mark: str) -> str:
        """The sum a biller can check, and what would pass."""
        own = self.minutes - self.assistant
        passing = " + ".join(
            f"{self.code}{tag} ×{units}"
            for tag, units in ((f"-{mark}", self.due), ("", self.units - self.due))
            if units
        )
        return (
            f"{self.code} on {self.day}: therapist {own} + assistant {self.assistant} = {self.minutes} min,"
            f" {self.units} units, {self.marked} with {mark}; what passes: {passing}"
        )


def _marks(line: ServiceLine) -> list[str]:
    return [one for one in line.procedure.modifiers if one in MARKS]


def _used(draft: ClaimDraft, context: RuleContext) -> bool:
    """Whether the payer wants assistants marked on this discipline's claims."""
    return context.payer(draft).modifiers.assistant == "CQ/CO" and draft.discipline in MARK_OF


def _clinician(session: SessionLine, context: RuleContext) -> Clinician | None:
    """Who treated, as [[provider]] has him."""
    return context.directory.clinician(session.treating_id, session.treating_npi)


def _by_assistant(session: SessionLine, context: RuleContext) -> bool:
    treated = _clinician(session, context)
    return treated is not None and treated.is_assistant


def _given(draft: ClaimDraft, context: RuleContext) -> tuple[Given, ...]:
    """What assistants gave on the claim, worked out once in a run."""
    return once_a_claim(draft, context, "assistants", lambda: tuple(_each_code(draft, context)))


def _each_code(draft: ClaimDraft, context: RuleContext) -> Iterator[Given]:
    """Each code and day of the claim whose minutes and assistant's minutes are all documented, with what is due.

    Only this claim's lines: an assistant's line stands beside the therapist's of the same visit.
    """
    for day in own_days(draft):
        if day < BEGIN:
            continue
        lines: dict[str, list[ServiceLine]] = {}
        for line in draft.claim.lines:
            if line.date_from == day:
                lines.setdefault(line.procedure.code, []).append(line)
        for code, same in lines.items():
            given = _of_code(draft, context, code, day, same)
            if given is not None:
                yield given


def _of_code(
    draft: ClaimDraft, context: RuleContext, code: str, day: date, lines: list[ServiceLine]
) -> Given | None:
    known = context.tables.procedure(code)
    documented = [
        (one.minutes, _assistant_minutes(one, line, context))
        for line in lines
        for one in sessions_of(draft, line)
    ]
    if known is None or not documented:
        return None
    minutes = sum(each for each, _ in documented if each is not None)
    assistant = sum(each for _, each in documented if each is not None)
    if any(None in each for each in documented):
        return None
    units = sum(whole_units(line) or 0 for line in lines)
    due = _due(context, known, minutes, assistant, units) if 0 <= assistant <= minutes else None
    if due is None:
        return None
    marked = [line for line in lines if _marks(line)]
    return Given(
        code=code,
        day=day,
        minutes=minutes,
        assistant=assistant,
        units=units,
        marked=sum(whole_units(line) or 0 for line in marked),
        due=due,
        first=next((line for line in lines if not _marks(line)), lines[0]),
        first_marked=marked[0] if marked else None,
    )


def _assistant_minutes(session: SessionLine, line: ServiceLine, context: RuleContext) -> int | None:
    """Minutes the assistant gave alone; where the row is silent, who treated tells: None when he does not either."""
    if session.assistant_minutes is not None:
        return session.assistant_minutes
    treated = _clinician(session, context)
    if treated is None or not treated.credential:
        return None
    if _by_assistant(session, context):
        return session.minutes if _marks(line) else None
    return None if _marks(line) else 0


def _due(context: RuleContext, known: ProcedureCode, minutes: int, assistant: int, units: int) -> int | None:
    """Units that want the mark, None where no rule tells."""
    if known.counts_by_quarter_hour:
        share = assistant_units(minutes, assistant, units)
        return share.marked if share is not None else None
    if known.time_basis == "untimed":
        return units if beyond_de_minimis(minutes, assistant) else 0
    return None


def _marked(draft: ClaimDraft, context: RuleContext) -> Parts:
    return whole(draft) if _used(draft, context) else ()


ASSISTED: Final = Subject("assistants", _marked)
"""A claim to a payer that wants assistants marked, in a discipline that has them."""


@rule("AST001", severity=ERROR, carc="4", subject=ASSISTED)
def assistant_modifier_missing(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Units that an assistant gave go out without CQ or CO.

    Why: They are paid at 85 %; billed without the modifier they are overpaid, and taken back after an audit.
    Fix: Put CQ (physical) or CO (occupational) on the units the message names, on a line of their own if need be.
    Source: units_rules.md 6; payers.toml modifiers.assistant; dates of service from 2020-01-01.
    """
    if not _used(draft, context):
        return
    mark = MARK_OF[draft.discipline]
    for given in _given(draft, context):
        if given.due > given.marked:
            yield Problem(
                message=f"{given.said(mark)}; {given.due - given.marked} lack {mark}",
                location=at_line(draft, given.first, "modifiers", "SV101-3"),
            )


@rule("AST002", severity=ERROR, carc="4", subject=LINES)
def assistant_modifier_without_discipline(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """CQ without GP, or CO without GO.

    Why: The assistant's modifier stands beside the discipline's; alone or with another one the line is returned.
    Fix: Add GP beside CQ, or GO beside CO; or correct the one that is wrong.
    Source: modifiers.csv CQ, CO.
    """
    for line in draft.claim.lines:
        for mark in _marks(line):
            if MARKS[mark] not in line.procedure.modifiers:
                yield Problem(
                    message=f"{line.procedure.code} has {mark} without {MARKS[mark]}",
                    location=at_line(draft, line, "modifiers", "SV101-3"),
                )


@rule("AST003", severity=WARNING, subject=ASSISTED)
def assistant_modifier_not_due(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """CQ or CO stands on units that the therapist gave.

    Why: No payer objects; it pays 15 % less than is due. A last unit with 8 of the therapist's minutes is his.
    Fix: Take the modifier off the units the message names.
    Source: units_rules.md 6; modifiers.csv CQ, CO.
    """
    if not _used(draft, context):
        return
    mark = MARK_OF[draft.discipline]
    for given in _given(draft, context):
        if given.due < given.marked and given.first_marked is not None:
            yield Problem(
                message=f"{given.said(mark)}; {given.marked - given.due} need no {mark}",
                location=at_line(draft, given.first_marked, "modifiers", "SV101-3"),
            )


@rule("AST004", severity=WARNING, carc="182", subject=LINES)
def assistant_modifier_before_2020(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """CQ or CO on a date of service before 2020.

    Why: Payers take these modifiers for dates of service from 2020-01-01 on.
    Fix: Leave it out, or correct the date.
    Source: modifiers.csv CQ, CO.
    """
    for line in draft.claim.lines:
        if line.date_from is not None and line.date_from < BEGIN and _marks(line):
            yield Problem(
                message=f"{' '.join(_marks(line))} on {line.procedure.code} of {line.date_from}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
            )


@rule("AST005", severity=WARNING, carc="4", subject=ASSISTED)
def assistant_minutes_unknown(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: an assistant treated, and nothing says how many of the minutes were the assistant's.

    Why: Whether CQ or CO is due cannot be told; without it the service counts as the therapist's.
    Fix: Give assistant_minutes, 0 if the therapist gave all.
    Source: sessions.csv assistant_minutes; payers.toml modifiers.assistant.
    """
    if not _used(draft, context):
        return
    for line in draft.claim.lines:
        if _marks(line) or line.date_from is None or line.date_from < BEGIN:
            continue
        sessions = sessions_of(draft, line)
        if any(one.assistant_minutes is None and _by_assistant(one, context) for one in sessions):
            yield Problem(
                message=f"UNCHECKED: an assistant treated {line.procedure.code} on {line.date_from},"
                " assistant_minutes is blank",
                location=at_line(draft, line, "assistant_minutes", "SV101-3"),
            )


@rule("AST006", severity=ERROR, carc="16", subject=TREATMENTS)
def assistant_minutes_impossible(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An assistant's minutes are more than the minutes of the service.

    Why: They are a part of them; nothing can be worked out from these numbers.
    Fix: Correct minutes or assistant_minutes.
    Source: sessions.csv minutes, assistant_minutes.
    """
    for line in draft.claim.lines:
        for one in sessions_of(draft, line):
            if (
                one.minutes is not None
                and one.assistant_minutes is not None
                and one.assistant_minutes > one.minutes
            ):
                yield Problem(
                    message=f"{line.procedure.code}: {one.assistant_minutes} of {one.minutes} min by the assistant",
                    location=at_line(draft, line, "assistant_minutes", "SV104"),
                )
