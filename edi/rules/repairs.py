"""What of the findings is mechanical to mend on the session lines, and with what.

Only what follows from data that is there: a modifier given twice, the payer's order, the discipline's modifier, units
beyond what the documented minutes decide, or on the wrong code. Never more units of a day than were billed: what the
record supports beyond them a person must say. Never what a therapist must attest or judge: KX, 59 and the X modifiers,
AT, GA, CQ and CO. A repair is proposed for a line whose rule has spoken; the rule itself says whether anything is
wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.codes import Tables
from edi.codes.sets import THERAPY_MODIFIERS
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.model.history import History, NoHistory
from edi.model.session import SessionLine
from edi.model.units import allocate
from edi.payers import PayerProfile
from edi.rules.context import sessions_of
from edi.rules.modifiers.form import MOST, in_order

Judged: TypeAlias = tuple[ClaimDraft, Sequence[Finding]]
"""A claim and what the rules said of it."""


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """A change to one column of a session line. ``value`` is the modifiers, or the units."""

    session: SessionLine
    field: str
    value: tuple[str, ...] | int
    codes: tuple[str, ...]


class NotMended(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of a mechanical kind that a person must mend all the same, and why."""

    session: SessionLine
    code: str
    reason: str


ModifierStep: TypeAlias = Callable[[tuple[str, ...], ClaimDraft, PayerProfile, Tables], tuple[str, ...]]


def _once(
    given: tuple[str, ...], _draft: ClaimDraft, _payer: PayerProfile, _tables: Tables
) -> tuple[str, ...]:
    """Each modifier once, where it stood first."""
    return tuple(dict.fromkeys(given))


def _with_discipline(
    given: tuple[str, ...], draft: ClaimDraft, payer: PayerProfile, tables: Tables
) -> tuple[str, ...]:
    """GP, GO or GN of the claim's discipline added; where the others are in the payer's order, at its place in it."""
    wanted = THERAPY_MODIFIERS.get(draft.discipline)
    if wanted is None or wanted in given:
        return given
    order = payer.modifiers.order
    added = (*given, wanted)
    return in_order(added, order, tables) if in_order(given, order, tables) == given else added


def _ordered(
    given: tuple[str, ...], _draft: ClaimDraft, payer: PayerProfile, tables: Tables
) -> tuple[str, ...]:
    """The modifiers in the payer's order."""
    return in_order(given, payer.modifiers.order, tables)


DISCIPLINE_MISSING: Final = "DSC001"
MODIFIER_STEPS: Final[Mapping[str, ModifierStep]] = {
    "MOD002": _once,
    DISCIPLINE_MISSING: _with_discipline,
    "MOD006": _ordered,
}
"""How a rule's finding on the modifiers of a line is mended; applied in this order."""
UNIT_CODES: Final = frozenset({"UNT003", "UNT004"})
"""Rules whose finding on a day's units is mended by what the minutes earn; too few are for a person to raise."""
DOUBTED: Final = {
    "UNT011": "the minutes do not fit the times",
    "UNT012": "the therapist's minutes with several patients do not fit the times",
    "UNT013": "the minutes do not fit the totals of the visit",
}
"""Rules that doubt the minutes themselves: then they decide no units."""
NOTHING_BEFORE: Final = NoHistory()
"""The history of a run that has none."""
MENDED: Final = frozenset({*MODIFIER_STEPS, *UNIT_CODES})
"""Every rule that has a mechanical repair."""


def repairs(
    judged: Iterable[Judged],
    payers: Mapping[str, PayerProfile],
    tables: Tables,
    history: History = NOTHING_BEFORE,
) -> tuple[list[Repair], list[NotMended]]:
    """What is mechanical to mend.

    Args:
        judged: the claims of a run, all of a patient's day among them.
        payers: profiles by key.
        tables: the code tables.
        history: what was billed before.

    Returns:
        The repairs, at most one for a session line and column, and what looked mechanical and is not.
    """
    everything = list(judged)
    made: list[Repair] = []
    left: list[NotMended] = []
    proposed = [
        *(
            one
            for draft, said in everything
            for one in _modifiers(draft, said, payers[draft.payer_key], tables)
        ),
        *(one for day in _days(everything, history) for one in _units(day, payers, tables)),
    ]
    for one in proposed:
        if isinstance(one, Repair):
            made.append(one)
        else:
            left.append(one)
    return made, left


def _modifiers(
    draft: ClaimDraft, findings: Sequence[Finding], payer: PayerProfile, tables: Tables
) -> Iterator[Repair | NotMended]:
    """The repairs of the modifiers of a claim's lines."""
    spoken: dict[str, dict[str, Severity]] = {}
    for finding in findings:
        if finding.code in MODIFIER_STEPS and finding.location.line is not None:
            spoken.setdefault(finding.location.line, {})[finding.code] = finding.severity
    for line in draft.claim.lines:
        said = spoken.get(str(line.number), {})
        codes = tuple(code for code in MODIFIER_STEPS if code in said)
        for session in sessions_of(draft, line) if codes else ():
            if said.get(DISCIPLINE_MISSING) not in (None, Severity.ERROR):
                reason = "the code is therapy only sometimes; see whether it was given under a plan of care"
                yield NotMended(session=session, code=DISCIPLINE_MISSING, reason=reason)
                codes = tuple(code for code in codes if code != DISCIPLINE_MISSING)
            value = session.modifiers
            for code in codes:
                value = MODIFIER_STEPS[code](value, draft, payer, tables)
            if value == session.modifiers:
                continue
            if len(value) > MOST:
                reason = f"the line would have {len(value)} modifiers; it takes {MOST}"
                yield NotMended(session=session, code=codes[0], reason=reason)
            else:
                yield Repair(session=session, field="modifiers", value=value, codes=codes)


class _Day(msgspec.Struct):
    """The claims of one patient, payer, discipline and date whose units a rule objects to.

    ``codes_before`` are those that earlier claims bill of the day, ``doubt`` why its minutes are not to be trusted.
    """

    code: str
    payer_key: str
    day: date
    sessions: list[SessionLine]
    codes_before: set[str]
    doubt: str = ""


def _days(judged: Sequence[Judged], history: History) -> Iterator[_Day]:
    """The days whose units a rule objects to, with all their session lines."""
    objected: dict[tuple[object, ...], str] = {}
    doubted: dict[tuple[object, ...], str] = {}
    days: dict[tuple[object, ...], _Day] = {}
    for draft, findings in judged:
        rows = {session.line_id: session for session in draft.sessions}
        for finding in findings:
            session = rows.get(finding.location.session or "")
            if session is None:
                continue
            key = (*_party(draft), session.date_of_service)
            if finding.code in UNIT_CODES:
                objected.setdefault(key, finding.code)
            elif finding.code in DOUBTED:
                doubted.setdefault(key, DOUBTED[finding.code])
    wanted = {key[:-1] for key in objected}
    for draft, _ in judged:
        if _party(draft) not in wanted:
            continue
        for session in draft.sessions:
            key, on = (*_party(draft), session.date_of_service), session.date_of_service
            if key in objected:
                day = days.get(key)
                if day is None:
                    day = days[key] = _Day(
                        objected[key], draft.payer_key, on, [], set(), doubted.get(key, "")
                    )
                day.sessions.append(session)
                day.codes_before.update(_billed_before(draft, on, history))
    yield from days.values()


def _billed_before(draft: ClaimDraft, day: date, history: History) -> Iterator[str]:
    """Codes that earlier claims to the payer bill of the patient's day, as this input or the history knows."""
    yield from (one.line.procedure_code for one in draft.earlier if one.line.date_of_service == day)
    for line in history.lines_on(draft.practice_id, draft.patient.patient_id, day):
        if line.payer == draft.payer_key:
            yield line.procedure_code


def _party(draft: ClaimDraft) -> tuple[object, ...]:
    return (draft.practice_id, draft.patient.patient_id, draft.payer_key, draft.discipline)


def _units(day: _Day, payers: Mapping[str, PayerProfile], tables: Tables) -> Iterator[Repair | NotMended]:
    """The units that the minutes of a day earn, for the rows that give others; nothing where it takes a person."""
    policy = payers[day.payer_key].units
    pool = [one for one in day.sessions if tables.counts_by_quarter_hour(one.procedure_code)]
    given = [one for one in pool if one.units is not None]
    if not given:
        return
    reason = _not_decided(day, pool, tables)
    wrong: list[tuple[SessionLine, int]] = []
    if not reason:
        allocation = allocate(policy.method, [(one.procedure_code, one.minutes or 0) for one in pool])
        earned = [min(units, 1) if policy.one_unit_per_code else units for units in allocation.units]
        pairs = list(zip(pool, earned, strict=True))
        wrong = [(one, units) for one, units in pairs if one.units not in (None, units)]
        reason = _not_to_write(day, pairs, wrong, tables)
        if allocation.tied:
            reason = "codes have equal minutes left; choose which of them gets the unit"
    if reason:
        yield NotMended(session=given[0], code=day.code, reason=reason)
        return
    for one, units in wrong:
        yield Repair(session=one, field="units", value=units, codes=(day.code,))


def _not_decided(day: _Day, pool: Sequence[SessionLine], tables: Tables) -> str:
    """Why the minutes of a day do not decide its units, or ""."""
    if any(one.minutes is None for one in pool):
        return "not every line of the day has its minutes"
    if any(tables.counts_by_quarter_hour(code) for code in day.codes_before):
        return "an earlier claim billed a part of the day"
    return day.doubt


def _not_to_write(
    day: _Day,
    earned: Sequence[tuple[SessionLine, int]],
    wrong: Sequence[tuple[SessionLine, int]],
    tables: Tables,
) -> str:
    """Why a person must write the units that the minutes of a day earn, or ""."""
    if any(not units for _, units in wrong):
        return "the minutes of a line earn no unit"
    if any(one.charge is not None for one, _ in wrong):
        return "the row gives the charge of the line, which would not fit other units"
    if sum(units for _, units in wrong) > sum(one.units or 0 for one, _ in wrong):
        return "the minutes allow more units than are billed; whether to bill more is for a person"
    sums: dict[str, int] = {}
    for one, units in earned:
        sums[one.procedure_code] = sums.get(one.procedure_code, 0) + units
    for code, units in sums.items():
        limit = tables.mue(code, day.day)
        if limit is not None and units > limit.units:
            return f"the minutes earn more units of {code} than the limit of a day ({limit.units})"
    return ""
