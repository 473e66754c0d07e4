"""What a biller does with denials: each verb checked against state, guardrails and days, then written to the event log.

A deed that is refused is named with its reason and leaves the others alone. Findings DEN001 to DEN009.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from cli.jobs.denial_work.desk import Case, Desk
from edi.model.finding import Finding, Location, Severity
from reconcile.deadlines import appeal_by, appeal_levels
from reconcile.store import Connection
from reconcile.store.denial_work import record_deeds
from reconcile.store.priced_lines import UNDERPAID
from reconcile.worklist import ALLOWED, Deed, Verb, WorkState, takes_back_appeal

WRONG_STATE: Final = "DEN001"
TAKES_NO_APPEAL: Final = "DEN002"
NO_SUCH_LEVEL: Final = "DEN003"
NOT_SENT_AGAIN: Final = "DEN004"
NOT_ATTESTED: Final = "DEN005"
TOO_LATE: Final = "DEN006"
PAST_THE_DEADLINE: Final = "DEN007"
NOTHING_DENIED: Final = "DEN008"
NOT_AHEAD: Final = "DEN009"
_ATTESTED: Final = ("kx_is_an_attestation", "document_before_59")
"""Guardrails under which the therapist has the last word before anything is sent again."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a deed: the cases it was done to, and what was refused or is to be known."""

    cases: tuple[Case, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> tuple[str, ...]:
        """Ids of the denials it was not done to."""
        return tuple(
            dict.fromkeys(one.location.field or "" for one in self.findings if one.severity is Severity.ERROR)
        )


def do(
    connection: Connection,
    desk: Desk,
    cases: Sequence[Case],
    deed: Deed,
    *,
    at: datetime,
    dry_run: bool = False,
) -> Done:
    """Do a deed to denials, as far as it may be done.

    Args:
        connection: a write transaction; with ``dry_run`` nothing is written.
        desk: days and payers.
        cases: the denials.
        deed: what is done; level and cents are filled in for each denial.
        at: UTC without zone, for the log.
        dry_run: look only.
    """
    done: list[tuple[Case, Deed]] = []
    findings: list[Finding] = []
    for case in cases:
        filled = _filled(case, deed)
        said = list(_problems(desk, case, filled))
        findings += said
        if not any(one.severity is Severity.ERROR for one in said):
            done.append((case, filled))
    if not dry_run:
        record_deeds(connection, [(case.denial.work, one) for case, one in done], at=at)
    return Done(cases=tuple(case for case, _ in done), findings=tuple(findings))


def _filled(case: Case, deed: Deed) -> Deed:
    """The deed for one denial: the next level of appeal, the cents that are written off."""
    if deed.verb is Verb.APPEAL and not deed.level:
        return msgspec.structs.replace(deed, level=case.work.appealed_level + 1)
    if deed.verb is Verb.WRITE_OFF:
        return msgspec.structs.replace(deed, cents=case.denial.amount, denied=case.denial.amount)
    return deed


def _problems(desk: Desk, case: Case, deed: Deed) -> Iterator[Finding]:
    """What speaks against the deed: errors refuse it, warnings do not."""
    state = case.work.state
    if state not in ALLOWED[deed.verb] and not takes_back_appeal(case.work, deed):
        yield _finding(
            WRONG_STATE,
            case,
            f"it is {_words(state)}, which {_SAID[deed.verb]} does not fit",
            _FIXES.get(state, "Look at it with claimloop denials show."),
        )
    elif deed.verb is Verb.REOPEN and case.work.sent_again:
        message = "the claim was sent again and has no answer yet, which keeps the denial corrected"
        yield _finding(WRONG_STATE, case, message, "Wait for the answer; a denial of it opens it again.")
    elif deed.verb is Verb.APPEAL:
        yield from _of_appeal(desk, case, deed)
    elif deed.verb is Verb.CORRECT:
        yield from _of_correction(case, deed)
    elif deed.verb is Verb.WRITE_OFF and case.denial.kind == UNDERPAID:
        message = "nothing of an underpaid line is denied: what is short was written off as contractual"
        yield _finding(NOTHING_DENIED, case, message, "Use claimloop denials resolve --as upheld.")
    elif deed.verb in (Verb.SNOOZE, Verb.DUE):
        yield from _of_day(case, deed)


def _of_appeal(desk: Desk, case: Case, deed: Deed) -> Iterator[Finding]:
    denial, work, profile = case.denial, case.work, desk.profile(case.denial)
    if denial.kind in ("unprocessable", "duplicate") or "no_appeal" in denial.guardrails:
        message = "the payer takes no appeal of it"
        yield _finding(TAKES_NO_APPEAL, case, message, f"Do what the next action says: {denial.next_action}.")
        return
    if work.state is WorkState.APPEALED and deed.level != work.appealed_level:
        message = f"level {work.appealed_level} is with the payer"
        yield _finding(
            WRONG_STATE, case, message, "Resolve it as upheld first, with the day of the decision."
        )
        return
    levels = appeal_levels(profile, denial.guardrails, denial.kind)
    if levels and deed.level > levels:
        message = (
            f"the payer has {levels} level{'s' * (levels > 1)} of appeal, and this is number {deed.level}"
        )
        fix = "Write it off, or add the level to payers.toml; an appeal noted by mistake: denials reopen --mistaken."
        yield _finding(NO_SUCH_LEVEL, case, message, fix)
        return
    last = appeal_by(profile, deed.level, denial.remitted_on, work.decided_on)
    if last is not None and deed.on > last:
        message = f"the last day of level {deed.level} was {last}"
        fix = "Ask the payer for good cause, and note what it said."
        yield _finding(TOO_LATE, case, message, fix, Severity.WARNING)


def _of_correction(case: Case, deed: Deed) -> Iterator[Finding]:
    denial = case.denial
    if "no_resubmit" in denial.guardrails:
        message = "the payer has the claim, or does not take it twice"
        yield _finding(NOT_SENT_AGAIN, case, message, f"Do what the next action says: {denial.next_action}.")
    elif any(one in denial.guardrails for one in _ATTESTED) and not deed.attested_by:
        message = "KX and 59 say something of the treatment that only the therapist can stand for"
        yield _finding(NOT_ATTESTED, case, message, "Ask the therapist, and give --attested-by NAME.")
    last = next((one.on for one in case.deadlines if one.what in ("new claim", "corrected claim")), None)
    if last is not None and deed.on > last:
        message = f"the payer took it until {last}"
        yield _finding(TOO_LATE, case, message, "Keep the proof of what was sent when.", Severity.WARNING)


def _of_day(case: Case, deed: Deed) -> Iterator[Finding]:
    day = deed.day
    if deed.verb is Verb.SNOOZE and day is not None and day <= deed.on:
        message = f"--until {day} is not after {deed.on}, so nothing would be put aside"
        yield _finding(NOT_AHEAD, case, message, "Choose a day to come; without --until it is back at once.")
        return
    if day is not None and day < deed.on:
        message = f"--on {day} is before {deed.on}"
        yield _finding(
            NOT_AHEAD, case, message, "Choose that day or a later one; without --on it is the payer's."
        )
        return
    last = case.deadlines[0] if case.deadlines else None
    if last is not None and day is not None and day > last.on:
        message = f"{day} is after the last day of the {last.what}, {last.on}"
        yield _finding(PAST_THE_DEADLINE, case, message, "Choose an earlier day.", Severity.WARNING)


def _finding(code: str, case: Case, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    denial = case.denial
    place = Location(
        claim=denial.patient_control_number, line=denial.line_control_number or None, field=denial.work
    )
    return Finding(code=code, severity=severity, message=message, location=place, fix=fix)


def _words(state: WorkState) -> str:
    return state.value.replace("_", " ")


_SAID: Final = {
    Verb.ASSIGN: "an owner",
    Verb.NOTE: "a note",
    Verb.APPEAL: "an appeal",
    Verb.CORRECT: "a correction",
    Verb.UPHOLD: "a payer's decision",
    Verb.WRITE_OFF: "a write-off",
    Verb.REOPEN: "to open it again",
    Verb.SNOOZE: "to put it aside",
    Verb.DUE: "a day to act by",
}
_FIXES: Final = {
    WorkState.RECOVERED: "Nothing: money came for it. It opens by itself when the payer takes that back.",
    WorkState.REVERSED: "Nothing: the payer took the denial back. What comes next opens a new one.",
    WorkState.SUPERSEDED: "Work the newer denial of the line.",
    WorkState.WRITTEN_OFF: "Open it again first: claimloop denials reopen.",
    WorkState.UPHELD: "Open it again first: claimloop denials reopen.",
    WorkState.OPEN: "Nothing: it is open.",
    WorkState.IN_WORK: "Nothing: it is being worked.",
}
