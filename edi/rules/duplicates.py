"""Duplicates: a service that stands twice in the input, or was billed before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from edi.codes.sets import DISCIPLINE_OF
from edi.model.claim import ServiceLine
from edi.model.draft import ClaimDraft
from edi.model.finding import cut
from edi.model.history import REJECTED, EarlierLine
from edi.model.session import SessionLine
from edi.rules.billed import replaces
from edi.rules.coding.together import is_evaluation
from edi.rules.context import DayLine, Problem, RuleContext, at_line, session_of
from edi.rules.registry import ERROR, WARNING, Subject, rule
from edi.rules.subjects import Parts, whole

DISCIPLINES: Final = frozenset(DISCIPLINE_OF)
"""Modifiers that name the plan of care; claims under two of them are two claims, not one billed twice."""
SAME_THERAPIST, OTHER_THERAPIST = "76", "77"
REPEATS: Final = frozenset({SAME_THERAPIST, OTHER_THERAPIST})
"""Modifiers that say a service was given again that day, by the same or another therapist."""
_OR_TIMES: Final = "or give the times of both if they were two sessions"
_MEANING: Final = {
    "settled": "was paid",
    "denied": "was denied: correct or appeal that claim",
    "partly_denied": "was denied in part: correct or appeal that claim",
    "reversed": "was taken back by the payer",
    "overpaid": "was paid",
    REJECTED: "was rejected: correct it and send it again",
}
"""What the status of an earlier claim means to someone about to bill it again; any other: it waits for its answer."""


def _answer(status: str) -> str:
    return _MEANING.get(status, "is with the payer")


def _before(one: DayLine, draft: ClaimDraft, line: ServiceLine) -> bool:
    """Whether the line of the day comes before this one, so that each pair is told once."""
    if one.draft is draft:
        return one.line.number < line.number
    return _key(one.draft) < _key(draft)


def _key(draft: ClaimDraft) -> tuple[str, str]:
    """The order of two claims of one day: by their first session line."""
    first = draft.sessions[0] if draft.sessions else None
    return (first.visit_id, first.line_id) if first is not None else ("", "")


def _therapist(draft: ClaimDraft, line: ServiceLine) -> str:
    rendering = line.rendering or draft.claim.rendering or draft.claim.billing
    return rendering.npi


def _times(session: SessionLine | None) -> tuple[object, object] | None:
    """Start and end of a session line, None when they are not documented."""
    if session is None or session.start_time is None:
        return None
    return session.start_time, session.end_time


def _repeated(context: RuleContext) -> set[tuple[str, str, date, str]]:
    """Practice, patient, day and code of what the run bills more than once."""
    found: set[tuple[str, str, date, str]] = set()
    for (practice, patient, _, day), lines in context.days.items():
        codes = [at.line.procedure.code for at in lines]
        if len(set(codes)) < len(codes):
            found |= {(practice, patient, day, code) for code in codes if codes.count(code) > 1}
    return found


def _twins(draft: ClaimDraft, context: RuleContext) -> Iterator[tuple[ServiceLine, DayLine, bool]]:
    """The lines that repeat one of the day: line, the one before it, and whether they are alike in everything.

    The same code in the same discipline, without 76 or 77. By another therapist it is a repetition only at the same
    time; at another time it is one no more when the modifiers differ.
    """
    repeated = context.once(("repeated codes",), lambda: _repeated(context))
    for line in draft.claim.lines:
        if line.date_from is None or REPEATS.intersection(line.procedure.modifiers):
            continue
        if is_evaluation(context.tables, line.procedure.code):
            continue  # a second evaluation has a rule of its own
        if (draft.practice_id, draft.patient.patient_id, line.date_from, line.procedure.code) not in repeated:
            continue
        for one in context.day(draft, line.date_from, draft.discipline):
            if one.line.procedure.code != line.procedure.code or not _before(one, draft, line):
                continue
            if REPEATS.intersection(one.line.procedure.modifiers):
                continue
            now, then = _times(session_of(draft, line)), _times(session_of(one.draft, one.line))
            alike = set(line.procedure.modifiers) == set(one.line.procedure.modifiers)
            together = now is not None and now == then
            apart = now is not None and then is not None and now != then
            by_same = _therapist(draft, line) == _therapist(one.draft, one.line)
            if by_same and alike and not apart:
                yield line, one, line.units == one.line.units
                break
            if together or (by_same and not apart):
                yield line, one, False
                break


def _doubtful(draft: ClaimDraft, context: RuleContext) -> Parts:
    repeated = context.once(("repeated codes",), lambda: _repeated(context))
    practice, patient = draft.practice_id, draft.patient.patient_id
    for line in draft.claim.lines:
        day, procedure = line.date_from, line.procedure
        if day is not None and (
            (practice, patient, day, procedure.code) in repeated
            or not REPEATS.isdisjoint(procedure.modifiers)
            or context.history.lines_on(practice, patient, day)
        ):
            return whole(draft)
    return ()


DOUBTFUL: Final = Subject("possible duplicates", _doubtful)
"""A claim with a code that the run bills twice on a day, a line that says it is a repeat, or a day billed before."""


@rule("DUP001", severity=WARNING, carc="18", subject=DOUBTFUL)
def day_billed_before(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An earlier claim to this payer already bills the patient's day.

    Why: A second claim for one day may be denied as a duplicate, or its units counted with the first one's.
    Fix: Consider correcting the earlier claim so that it carries the late line too; else send this as a second claim.
    Source: CARC 18; design/input.md, one day is never split over two claims.
    """
    told: set[date] = set()
    for line in draft.claim.lines:
        day = line.date_from
        if day is None or day in told:
            continue
        told.add(day)
        modifiers = {one for each in draft.claim.lines for one in each.procedure.modifiers}
        earlier = [
            one for one in _billed_on(draft, context, day) if _same_plan(set(one.modifiers), modifiers)
        ]
        if earlier:
            yield Problem(
                message=_told(draft, context, day, earlier),
                location=at_line(draft, line, "date_of_service", "DTP03"),
            )


def _billed_on(draft: ClaimDraft, context: RuleContext, day: date) -> list[EarlierLine]:
    """What earlier claims to this payer bill of the patient's day, but the one that this claim replaces."""
    lines = context.history.lines_on(draft.practice_id, draft.patient.patient_id, day)
    return [
        one
        for one in lines
        if one.payer == draft.payer_key and not replaces(draft, one.patient_control_number)
    ]


def _same_plan(modifiers: set[str], others: set[str]) -> bool:
    """Whether two lots of modifiers may be of one plan of care: they share its modifier, or one lot names none."""
    one, other = modifiers & DISCIPLINES, others & DISCIPLINES
    return not one or not other or bool(one & other)


def _told(draft: ClaimDraft, context: RuleContext, day: date, earlier: list[EarlierLine]) -> str:
    codes: dict[tuple[str, str], list[str]] = {}
    for one in earlier:
        codes.setdefault((one.patient_control_number, one.status), []).append(one.procedure_code)
    claims = "; ".join(
        f"claim {number} has {', '.join(found)} and {_answer(status)}"
        for (number, status), found in codes.items()
    )
    known = {one.line.procedure_code for one in draft.earlier}
    unknown = {
        one.procedure_code for one in earlier if context.tables.counts_by_quarter_hour(one.procedure_code)
    } - known
    rest = ""
    if unknown:
        rest = f"; the minutes of {', '.join(sorted(unknown))} are not in this input, so units were checked without"
    return f"{day} was billed before: {claims}{rest}"


@rule("DUP002", severity=ERROR, carc="18", subject=DOUBTFUL)
def service_twice_in_the_input(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two lines of the input bill one service: patient, day, code, modifiers, units and therapist are the same.

    Why: The payer pays one of them and denies the other as an exact duplicate.
    Fix: Take one row out; give their times if they were two sessions, or 76 if a service without units of time was
        repeated.
    Source: CARC 18; modifiers.csv 76 and 77.
    """
    for line, one, exact in _twins(draft, context):
        if exact:
            yield Problem(
                message=f"{line.procedure.code} of {line.date_from} stands twice, as session lines {_names(line, one)}",
                location=at_line(draft, line, "line_id", "SV101"),
                fix=f"Take one row out, {_OR_TIMES}." if _is_timed(context, line) else "",
            )


@rule("DUP003", severity=WARNING, carc="18", subject=DOUBTFUL)
def service_nearly_twice(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Two lines of the input bill one code of a day, and differ in modifiers, units or therapist alone.

    Why: Payers take the second for a duplicate; units of one code belong on one line.
    Fix: Make them one line with all units, or take the wrong one out; give their times if they were two sessions.
    Source: CARC 18; same code, day and discipline, and the same time where times are given.
    """
    for line, one, exact in _twins(draft, context):
        if not exact:
            yield Problem(
                message=(
                    f"{line.procedure.code} of {line.date_from} stands on two lines that differ little:"
                    f" session lines {_names(line, one)}"
                ),
                location=at_line(draft, line, "line_id", "SV101"),
            )


def _names(line: ServiceLine, one: DayLine) -> str:
    return " and ".join(cut(name) for name in (*one.line.session_line_ids, *line.session_line_ids))


@rule("DUP004", severity=ERROR, carc="18", subject=DOUBTFUL)
def service_billed_before(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An earlier claim to this payer bills the very service: day, code, modifiers, units and charge.

    Why: The payer has decided on it, or will, and denies the second claim as an exact duplicate.
    Fix: Take the row out; after a denial correct or appeal the earlier claim; 76 or 77 if a service without units of
        time was given again that day.
    Source: CARC 18; claims that were rejected before a payer took them do not count.
    """
    for line in draft.claim.lines:
        if line.date_from is None or REPEATS.intersection(line.procedure.modifiers):
            continue
        same = [one for one in _billed_on(draft, context, line.date_from) if _is_service(one, line)]
        if same and not _at_another_time(draft, line, same):
            yield Problem(
                message=(
                    f"{line.procedure.code} of {line.date_from} stands on claim {same[0].patient_control_number},"
                    f" which {_answer(same[0].status)}"
                ),
                location=at_line(draft, line, "line_id", "SV101"),
                fix=(
                    f"Take the row out; correct the earlier claim, {_OR_TIMES}."
                    if _is_timed(context, line)
                    else ""
                ),
            )


def _is_timed(context: RuleContext, line: ServiceLine) -> bool:
    """Whether the code counts time: more of it is more units on one line, never a repetition (76)."""
    known = context.tables.procedure(line.procedure.code)
    return known is not None and known.time_basis != "untimed"


def _is_service(one: EarlierLine, line: ServiceLine) -> bool:
    return (
        one.procedure_code == line.procedure.code
        and set(one.modifiers) == set(line.procedure.modifiers)
        and (one.units, one.charge) == (line.units, line.charge)
        and one.counts
    )


def _at_another_time(draft: ClaimDraft, line: ServiceLine, same: Sequence[EarlierLine]) -> bool:
    """Whether the input still has the rows of all the earlier services, each with another time than this one."""
    now = _times(session_of(draft, line))
    billed = [
        _times(one.line)
        for one in draft.earlier
        if one.line.procedure_code == line.procedure.code and one.line.date_of_service == line.date_from
    ]
    return now is not None and len(billed) >= len(same) and None not in billed and now not in billed


@rule("DUP005", severity=WARNING, carc="4", subject=DOUBTFUL)
def repeat_without_a_first(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line says that its service was repeated (76, 77), and nothing of the day is repeated by it.

    Why: Payers look for the first service; 76 is for the same therapist, 77 for another, neither for further units.
    Fix: Take the modifier off, or 76 for 77 and 77 for 76; bill more units of a timed code on one line.
    Source: modifiers.csv 76 and 77.
    """
    for line in draft.claim.lines:
        given = REPEATS.intersection(line.procedure.modifiers)
        if not given or line.date_from is None:
            continue
        first = [
            one
            for one in context.day(draft, line.date_from)
            if one.line is not line and one.line.procedure.code == line.procedure.code
        ]
        earlier = [
            one
            for one in _billed_on(draft, context, line.date_from)
            if one.procedure_code == line.procedure.code
        ]
        wanted = {
            SAME_THERAPIST if _therapist(one.draft, one.line) == _therapist(draft, line) else OTHER_THERAPIST
            for one in first
        }
        if not first and not earlier:
            said = f"{line.procedure.code} is billed as a repetition, and nothing of {line.date_from} comes before it"
        elif not earlier and not given & wanted:
            said = f"{line.procedure.code} has {min(given)}, and the first one is by {_whom(wanted)}"
        else:
            continue
        yield Problem(message=said, location=at_line(draft, line, "modifiers", "SV101"))


def _whom(wanted: set[str]) -> str:
    return "the same therapist" if SAME_THERAPIST in wanted else "another therapist"
