"""Minutes against the clock: one-on-one minutes that cannot have been given in the time documented.

A visit may document one time for all its lines, on all of them or on one, or a time for each. Minutes are taken to lie
anywhere inside their time, so only what no order of treatment could fit is a contradiction. Rows without minutes say
nothing, nor do those without a time in a visit that has several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time
from typing import Final, TypeAlias

import msgspec

from edi.codes import Tables
from edi.model.draft import ClaimDraft
from edi.model.finding import cut
from edi.model.session import SessionLine
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, WARNING, Subject, rule
from edi.rules.subjects import TREATMENTS, Parts, whole

GROUP: Final = "group"
"""The kind of procedure that treats several patients at once."""

OWN_TIMES: Final = (
    "Give each row of the visit its own time, or the visit's to all of them; or correct the minutes."
)

LineKey: TypeAlias = tuple[str, str]
"""Practice and line_id of a session line."""


class Work(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Minutes that lie somewhere between two times of one therapist's day. Times are minutes since midnight.

    ``doubtful``: the time is too short for the visit and stands on some of its rows alone; it may be theirs alone.
    """

    start: int
    end: int
    minutes: int
    patients: frozenset[str]
    visits: frozenset[str]
    lines: tuple[LineKey, ...]
    told: tuple[str, ...]
    group: bool
    doubtful: bool = False


class Clash(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A stretch of the clock that holds more minutes than it has."""

    start: int
    end: int
    works: tuple[Work, ...]

    @property
    def doubtful(self) -> bool:
        """Whether it rests on a time that may be of some rows of a visit alone."""
        return any(work.doubtful for work in self.works)

    def said(self) -> str:
        """The sum a biller can check, with the visits."""
        each = " + ".join(told for work in self.works for told in work.told)
        total = sum(work.minutes for work in self.works)
        visits = ", ".join(sorted({cut(visit) for work in self.works for visit in work.visits}))
        return (
            f"{_clock(self.start)} to {_clock(self.end)} is {self.end - self.start} min and cannot hold"
            f" {each} = {total} min of one therapist (visits {visits}); what passes: {self.end - self.start} min in all"
        )


def clash_in(works: Sequence[Work]) -> Clash | None:
    """The shortest stretch that holds more minutes than it has, or None: then some order of treatment fits them all."""
    return _shortest(works, _sum)


def clash_between(works: Sequence[Work]) -> Clash | None:
    """The shortest stretch that cannot hold several patients, or None.

    Nobody counts with more minutes than his own times have: what does not fit there is no matter of the others.
    """
    return _shortest(works, _sum_of_patients)


def _sum(works: Sequence[Work]) -> int:
    return sum(work.minutes for work in works)


def _sum_of_patients(works: Sequence[Work]) -> int:
    """Minutes that patients need of one therapist; none when all works are of one patient."""
    of_patients: dict[frozenset[str], list[Work]] = {}
    for work in works:
        of_patients.setdefault(work.patients, []).append(work)
    if len(frozenset().union(*of_patients)) < 2:
        return 0
    return sum(min(_sum(same), _covered(same)) for same in of_patients.values())


def _covered(works: Sequence[Work]) -> int:
    """Minutes of the clock that lie in any of these times."""
    total = reached = 0
    for work in sorted(works, key=lambda one: one.start):
        total += max(0, work.end - max(work.start, reached))
        reached = max(reached, work.end)
    return total


def _shortest(works: Sequence[Work], needed: Callable[[Sequence[Work]], int]) -> Clash | None:
    """The shortest stretch whose works need more minutes than it has."""
    if _fit_apart(works):
        return None
    found: list[Clash] = []
    for start in {work.start for work in works}:
        for end in {work.end for work in works}:
            inside = tuple(work for work in works if work.start >= start and work.end <= end)
            if inside and needed(inside) > end - start:
                found.append(Clash(start=start, end=end, works=inside))
    return min(found, key=lambda one: (one.end - one.start, one.start), default=None)


def _fit_apart(works: Sequence[Work]) -> bool:
    """Whether each work fits into its own time, and no two of these times overlap: the usual day."""
    free = 0
    for work in sorted(works, key=lambda one: one.start):
        if work.start < free or work.minutes > work.end - work.start:
            return False
        free = work.end
    return True


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _window(session: SessionLine) -> tuple[int, int] | None:
    """The row's time, None without one or when it ends before it begins."""
    if session.start_time is None or session.end_time is None or session.start_time >= session.end_time:
        return None
    return _minute(session.start_time), _minute(session.end_time)


def _works(counted: Sequence[SessionLine], kinds: Mapping[str, str]) -> Iterator[Work]:
    """The works of one visit with one therapist: each line's when the lines have times of their own, else all lines'.

    ``counted`` are the session lines that bind the therapist, ``kinds`` the kind of each code (``_kind``).
    """
    windows = {one.line_id: window for one in counted if (window := _window(one)) is not None}
    lines = [one for one in counted if one.minutes]
    if len(set(windows.values())) > 1:
        for one in lines:
            if one.line_id in windows:
                yield _work([one], windows[one.line_id], kinds)
        return
    for window in set(windows.values()):
        length = window[1] - window[0]
        own = sum(one.minutes or 0 for one in lines if one.line_id in windows)
        doubtful = own <= length < sum(one.minutes or 0 for one in lines)
        for group in (True, False):
            part = [one for one in lines if (kinds[one.procedure_code] == GROUP) is group]
            if part:
                yield _work(part, window, kinds, doubtful=doubtful)


def _work(
    part: Sequence[SessionLine], window: tuple[int, int], kinds: Mapping[str, str], *, doubtful: bool = False
) -> Work:
    """Lines of one visit and kind as a work."""
    return Work(
        start=window[0],
        end=window[1],
        minutes=sum(one.minutes or 0 for one in part),
        patients=frozenset(one.patient_id for one in part),
        visits=frozenset(one.visit_id for one in part),
        lines=tuple((one.practice_id, one.line_id) for one in part),
        told=tuple(f"{one.procedure_code} {one.minutes}" for one in part),
        group=kinds[part[0].procedure_code] == GROUP,
        doubtful=doubtful,
    )


def _kind(code: str, tables: Tables) -> str:
    """``group``, ``one``, or "" for a code that does not bind the therapist minute by minute."""
    known = tables.procedure(code)
    if known is not None and known.kind == GROUP:
        return GROUP
    return "one" if tables.counts_by_quarter_hour(code) else ""


class Clashes(msgspec.Struct, kw_only=True):
    """Where the clock of a run is overfull, by session line: inside one patient's day, and between patients."""

    within: dict[LineKey, Clash] = {}
    between: dict[LineKey, Clash] = {}


def clashes_of(context: RuleContext) -> Clashes:
    """The clashes of all claims of the run, worked out once."""
    return context.once(("clashes",), lambda: _clashes(context))


def _clashes(context: RuleContext) -> Clashes:
    visits: dict[tuple[str, str, str, date, str], dict[LineKey, SessionLine]] = {}
    kinds: dict[str, str] = {}
    therapists: dict[tuple[str, str], str] = {}
    drafts = {id(at.draft): at.draft for lines in context.days.values() for at in lines}
    for draft in drafts.values():
        for one in draft.sessions:
            named = (one.treating_id, one.treating_npi)
            who = therapists.get(named)
            if who is None:
                who = therapists[named] = _therapist(one, context)
            key = (one.practice_id, who, one.patient_id, one.date_of_service, one.visit_id)
            visit = visits.setdefault(key, {})
            kind = kinds.get(one.procedure_code)
            if kind is None:
                kind = kinds[one.procedure_code] = _kind(one.procedure_code, context.tables)
            if kind:
                visit[one.practice_id, one.line_id] = one
    of_patient: dict[tuple[str, str, str, date], list[Work]] = {}
    of_therapist: dict[tuple[str, str, date], list[Work]] = {}
    for (practice, who, patient, day, _), sessions in visits.items():
        for work in _works(list(sessions.values()), kinds):
            of_patient.setdefault((practice, who, patient, day), []).append(work)
            if who:
                of_therapist.setdefault((practice, who, day), []).append(work)
    found = Clashes()
    for works in of_patient.values():
        _note(clash_in(works), found.within)
    for works in of_therapist.values():
        _note(clash_between(_groups_once(works)), found.between)
    return found


def _therapist(session: SessionLine, context: RuleContext) -> str:
    """Who treated, by his id in [[provider]] whether the row has that or the NPI; as the row has it when unknown."""
    known = context.directory.clinician(session.treating_id, session.treating_npi)
    return known.id if known is not None else session.treating_id or session.treating_npi


def _note(clash: Clash | None, into: dict[LineKey, Clash]) -> None:
    if clash is not None:
        into.update({line: clash for work in clash.works for line in work.lines})


def _groups_once(works: Sequence[Work]) -> list[Work]:
    """Group therapy of several patients at one time is the therapist's time once."""
    found = [work for work in works if not work.group]
    groups: dict[tuple[int, int], list[Work]] = {}
    for work in works:
        if work.group:
            groups.setdefault((work.start, work.end), []).append(work)
    for (start, end), same in groups.items():
        longest = max(same, key=lambda work: work.minutes)
        found.append(
            Work(
                start=start,
                end=end,
                minutes=longest.minutes,
                patients=frozenset().union(*(work.patients for work in same)),
                visits=frozenset().union(*(work.visits for work in same)),
                lines=tuple(line for work in same for line in work.lines),
                told=longest.told,
                group=True,
            )
        )
    return found


def _told(draft: ClaimDraft, clashes: dict[LineKey, Clash]) -> Iterator[Problem]:
    """One problem a clash, at the first line of the claim that is in it."""
    told: list[Clash] = []
    if not clashes:
        return
    for line in draft.claim.lines:
        for line_id in line.session_line_ids:
            clash = clashes.get((draft.practice_id, line_id))
            if clash is not None and clash not in told:
                told.append(clash)
                yield Problem(
                    message=f"{line.procedure.code} on {line.date_from}: {clash.said()}",
                    location=at_line(draft, line, "start_time", "SV104"),
                    fix=OWN_TIMES if clash.doubtful else "",
                    severity=WARNING if clash.doubtful else None,
                )


def _clashing(draft: ClaimDraft, context: RuleContext) -> Parts:
    clashes = clashes_of(context)
    for line_id in {line_id for line in draft.claim.lines for line_id in line.session_line_ids}:
        key = (draft.practice_id, line_id)
        if key in clashes.within or key in clashes.between:
            return whole(draft)
    return ()


CLASHING: Final = Subject("clashing", _clashing)
"""A claim with a session line whose minutes do not fit the clock."""


@rule("UNT011", severity=ERROR, carc="151", subject=CLASHING)
def minutes_of_patient_overlap(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """One patient's minutes are more than the time documented for them, or two services share minutes of the clock.

    Why: A minute counts for one code alone; group minutes are no one-on-one minutes.
    Fix: Correct the times or the minutes; bill only what lies outside the shared time.
    Source: units_rules.md 2.9; sessions.csv start_time, end_time, minutes. A warning where some rows of the visit alone
        have the time, and it may be theirs.
    """
    yield from _told(draft, clashes_of(context).within)


@rule("UNT012", severity=WARNING, carc="151", subject=CLASHING)
def therapist_with_two_patients_at_once(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """One therapist's one-on-one minutes with different patients do not fit into the time documented.

    Why: One-on-one codes for two patients at the same minutes are what auditors look for first.
    Fix: Correct the times, or bill group therapy (97150) for the shared time.
    Source: units_rules.md 2.9. Which of the patients' claims is wrong cannot be known, so it is a warning.
    """
    yield from _told(draft, clashes_of(context).between)


@rule("UNT013", severity=WARNING, carc="151")
def visit_totals_contradict(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The visit's totals are less than what its lines add up to.

    Why: Both totals must be in the record; when they disagree with the lines, the smaller one counts in an audit.
    Fix: Correct visit_timed_minutes, visit_total_minutes or the minutes of the lines.
    Source: units_rules.md 2.7.
    """
    visits: dict[str, list[SessionLine]] = {}
    for one in draft.sessions:
        visits.setdefault(one.visit_id, []).append(one)
    for visit, sessions in visits.items():
        timed, total = sessions[0].visit_timed_minutes, sessions[0].visit_total_minutes
        if timed is None and total is None:
            continue
        lines = [one for one in sessions if context.tables.counts_by_quarter_hour(one.procedure_code)]
        each = " + ".join(f"{one.procedure_code} {one.minutes}" for one in lines if one.minutes)
        summed = sum(one.minutes or 0 for one in lines)
        if timed is not None and summed > timed:
            said = f"{each} = {summed} min, visit_timed_minutes is {timed}"
        elif total is not None and max(timed or 0, summed) > total:
            said = f"{max(timed or 0, summed)} timed min, visit_total_minutes is {total}"
        else:
            continue
        place = next(
            (line for line in draft.claim.lines if sessions[0].line_id in line.session_line_ids), None
        )
        if place is not None:
            yield Problem(
                message=f"visit {cut(visit)}: {said}",
                location=at_line(draft, place, "visit_timed_minutes", "SV104"),
            )


@rule("UNT014", severity=ERROR, carc="150", subject=TREATMENTS)
def group_of_one(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Group therapy with one patient.

    Why: A group has two patients or more; one patient alone is one-on-one treatment under a code of its own.
    Fix: Correct group_size, or bill the one-on-one code that was given.
    Source: input.md group_size; cpt_therapy.csv 97150.
    """
    for line in draft.claim.lines:
        known = context.tables.procedure(line.procedure.code)
        if known is None or known.kind != GROUP:
            continue
        if any(one.group_size == 1 for one in draft.sessions if one.line_id in line.session_line_ids):
            yield Problem(
                message=f"{known.code} on {line.date_from} has group_size 1",
                location=at_line(draft, line, "group_size", "SV101-2"),
            )
