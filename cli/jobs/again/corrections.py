"""`claims correct` and `claims void`: by the payer's way, from corrected sessions or as the claim was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from cli.clock import as_utc
from cli.jobs.again.drafts import Read, draft_of, read_inputs
from cli.jobs.again.rebuild import rebuilt
from cli.jobs.again.request import ROW_STAYS, UNKNOWN, AgainRequest, AgainResult, refusal
from cli.jobs.again.sending import Plan, send_again
from cli.jobs.again.targets import Target, find_targets, keeps_number
from cli.jobs.posting import Tools
from cli.jobs.tables.store import tables_of
from cli.settings import Settings
from edi.model.days import days_after
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.model.session import SessionLine
from edi.resubmit import (
    Correction,
    Standing,
    corrected,
    correction_of,
    goes_as_it_was,
    needs_change,
    nothing_to_correct,
    same_content,
    voided,
)
from edi.resubmit.refusals import NO_FILE_TAKEN, NOTHING_DENIED
from reconcile.store import Store, billed_sessions, session_hash
from reconcile.store.work_items import WorkItem, open_work_item
from reconcile.values import Again

REOPENING: Final = "reopening"
TAKE_BACK: Final = "take_back"
"""Kinds of work: the payer is asked to correct a claim, or to take it back."""


def correct_claims(request: AgainRequest, settings: Settings, store: Store) -> AgainResult:
    """Send claims again, mended, by their payers' way.

    Args:
        request: the claims, and the session rows that correct them.
        settings: claimloop.toml and payers.toml; a directory is needed.
        store: open for writing.

    Raises:
        SettingsError: no directory, or no trading partner for a practice.
        InputError: a file is missing or cannot be read.
        StoreError, AccessError, TemporaryError: from the store, the vault or the folder.
    """
    run = _Run(request, settings, store)
    plans = [plan for target in run.targets if (plan := run.correct(target)) is not None]
    return run.send(plans)


def void_claims(request: AgainRequest, settings: Settings, store: Store) -> AgainResult:
    """Take claims back (frequency 8). Arguments and errors are those of ``correct_claims``."""
    run = _Run(request, settings, store)
    plans = [plan for target in run.targets if (plan := run.void(target)) is not None]
    return run.send(plans)


class _Run:
    """One call: what it looked up, and what became of each claim."""

    def __init__(self, request: AgainRequest, settings: Settings, store: Store) -> None:
        self._request = request
        self._settings = settings
        self._store = store
        self._tools = Tools(tables_of(settings), settings.payers)
        settings.need_directory()
        self._read: Read = read_inputs(request, settings)
        with store.read() as connection:
            self.targets, self._refused = find_targets(connection, request, settings, self._tools)
        self._work: list[tuple[Target, str, str]] = []

    def correct(self, target: Target) -> Plan | None:
        """The corrected claim to send, or None: then it is refused, held, or work for a person."""
        standing = target.state()
        way = correction_of(standing, target.payer.corrections, force=self._request.force)
        if isinstance(way, Finding):
            self._refused.append(way)
            return None
        changed = bool(self._request.sessions) or self._request.force
        if way is Correction.REOPENING:
            if needs_change(standing, way) and not changed:
                self._refused.append(nothing_to_correct(standing))
                return None
            reason = "the payer takes no replacement claim: ask it to reopen and correct this one"
            self._work.append((target, REOPENING, reason))
            return None
        made = self._made(target, standing)
        if made is None:
            return None
        draft, standing = made
        if not self._request.force and same_content(draft.claim, target.claim):
            if needs_change(standing, way):
                self._refused.append(nothing_to_correct(standing))
                return None
            if not standing.never_came:
                self._read.findings.append(goes_as_it_was(standing))
        repeats = _repeats(target, standing, draft) if way is Correction.DENIED_LINES else ()
        draft = msgspec.structs.replace(
            draft,
            claim=corrected(
                draft.claim, standing, way, same_number=keeps_number(target.payer, self._settings)
            ),
            answered_on=target.answered_on if way is Correction.REPLACEMENT else None,
        )
        if not draft.claim.lines:
            message = "the payer wants only denied lines again, and the rows given bill none of them any more"
            fix = "Nothing, if they are not to be billed; else correct the rows."
            self._refused.append(refusal(NOTHING_DENIED, standing.number, message, fix))
            return None
        kind = Again(way.value)
        sessions = self._read_again(target, draft, kind)
        return Plan(target=target, draft=draft, kind=kind, sessions=sessions, repeats=repeats)

    def _made(self, target: Target, standing: Standing) -> tuple[ClaimDraft, Standing] | None:
        """The claim as it was, or anew from the rows given, and its standing; None when the rows do not make it."""
        if not self._request.sessions:
            return draft_of(target.claim, target.payer.key, self._read.records), standing
        draft = rebuilt(target, self._read, self._settings, self._store, self._tools.tables)
        if isinstance(draft, Finding):
            self._refused.append(draft)
            return None
        return draft, _in_new_lines(target, standing, draft)

    def _read_again(self, target: Target, draft: ClaimDraft, kind: Again) -> tuple[SessionLine, ...]:
        """The rows that count as billed by the submission.

        All of the claim's; where only denied lines go again those of the lines that go out, and the others are told.
        """
        named = {name for line in target.claim.lines for name in line.session_line_ids}
        rows = tuple(
            line
            for line in self._read.lines
            if line.practice_id == draft.practice_id and (line.line_id in named or line in draft.sessions)
        )
        if kind.whole:
            return rows
        going = {name for line in draft.claim.lines for name in line.session_line_ids}
        staying = [line for line in rows if line.line_id not in going]
        with self._store.read() as connection:
            known = billed_sessions(connection, draft.practice_id, [line.line_id for line in staying])
        number = target.claim.patient_control_number
        self._read.findings += [
            _stays(number, line, billed=line.line_id in known)
            for line in staying
            if known.get(line.line_id) != session_hash(line)
        ]
        return tuple(line for line in rows if line.line_id in going)

    def void(self, target: Target) -> Plan | None:
        """The void to send, or None."""
        claim = voided(
            target.claim,
            target.state(),
            target.payer.corrections,
            same_number=keeps_number(target.payer, self._settings),
            force=self._request.force,
        )
        if isinstance(claim, Finding):
            self._refused.append(claim)
            if claim.code == NO_FILE_TAKEN:
                reason = "the payer takes no void: ask it to reopen this claim and take it back"
                self._work.append((target, TAKE_BACK, reason))
            return None
        draft = draft_of(claim, target.payer.key, self._read.records)
        return Plan(target=target, draft=draft, kind=Again.VOID)

    def send(self, plans: list[Plan]) -> AgainResult:
        """Send what can go, open the work items, and sum up."""
        result = send_again(plans, self._read, self._request, self._settings, self._store, self._tools)
        items, opened = self._open_work()
        unknown = [one for one in self._refused if one.code == UNKNOWN]
        return msgspec.structs.replace(
            result,
            work_items=tuple(items),
            opened=opened,
            refused=(*_names(one for one in self._refused if one.code != UNKNOWN), *result.refused),
            unknown=_names(unknown),
            findings=(*self._read.findings, *self._refused, *result.findings),
        )

    def _open_work(self) -> tuple[list[WorkItem], int]:
        """Open an item for each claim whose payer takes no file."""
        items: list[WorkItem] = []
        opened = 0
        if self._request.dry_run:
            for target, _, reason in self._work:
                self._refused.append(
                    refusal(
                        NO_FILE_TAKEN,
                        target.claim.patient_control_number,
                        reason,
                        "A work item would be opened.",
                    )
                )
            return items, opened
        for target, kind, reason in self._work:
            days = target.payer.appeals.reopening_days
            since = target.answered_on
            due = days_after(since, days) if since is not None and days is not None else None
            with self._store.write() as connection:
                item, fresh = open_work_item(
                    connection,
                    root=target.chain.root,
                    kind=kind,
                    reason=reason,
                    due_date=due,
                    at=as_utc(self._request.now),
                )
            items.append(item)
            opened += fresh
        return items, opened


def _stays(number: str, line: SessionLine, *, billed: bool) -> Finding:
    """A row that differs from what was billed, and is of no line that goes out."""
    message, fix = "it is not billed yet, and no denied line bills it", "claimloop claims create bills it."
    if billed:
        message = "it changed since it was billed, and the line that bills it is not denied"
        fix = "Ask the payer to reopen that line, if the change matters to it."
    return refusal(
        ROW_STAYS,
        number,
        f"only denied lines go again: {message}",
        fix,
        Severity.WARNING,
        session=line.line_id,
    )


def _names(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(one.location.claim or "" for one in findings)


def _in_new_lines(target: Target, standing: Standing, draft: ClaimDraft) -> Standing:
    """The denied lines by the numbers they have in the rebuilt claim: those that bill the same session lines."""
    denied = {
        name
        for line in target.claim.lines
        if line.number in standing.denied
        for name in line.session_line_ids
    }
    numbers = frozenset(
        line.number for line in draft.claim.lines if denied.intersection(line.session_line_ids)
    )
    return msgspec.structs.replace(standing, denied=numbers)


def _repeats(target: Target, standing: Standing, draft: ClaimDraft) -> tuple[int, ...]:
    """For each denied line that goes again its LX01 in the claim as it was: of a rebuilt one by its session lines."""
    going = [line for line in draft.claim.lines if line.number in standing.denied]
    was = {name: line.number for line in target.claim.lines for name in line.session_line_ids}
    return tuple(
        next((was[name] for name in line.session_line_ids if name in was), line.number) for line in going
    )
