"""What a run is asked for, and the manifest that it leaves."""

from __future__ import annotations

from datetime import datetime

import msgspec

from cli.jobs.manifest import FileEntry
from reconcile.store.silence import Silence


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A run: ``now`` is local time for what is written into files, ``dry_run`` only looks."""

    now: datetime
    second_opinion: bool = True
    dry_run: bool = False


class FailedPractice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice whose part of a step could not be done; the others' were.

    ``practice_id`` is "" of a failure of several, which ``practices`` counts. ``partner`` is the trading partner where
    the trouble was with one.
    """

    practice_id: str
    step: str
    message: str
    exit_code: int
    partner: str = ""
    practices: int = 1


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: ``done``, ``partly`` or ``skipped``, and what it counted."""

    name: str
    outcome: str
    counts: dict[str, int] = {}
    messages: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How the telling of a run's end went: the exit code of its failure, and whether somebody was sent the summary."""

    exit_code: int = 0
    delivered: bool = False


class Progress(msgspec.Struct):
    """What a run did so far: it is there when the run comes to no end."""

    steps: list[Step] = []
    failed: list[FailedPractice] = []
    files: tuple[FileEntry, ...] = ()
    sent: tuple[str, ...] = ()


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a run; times are UTC. ``new_work`` and ``open_work`` count by kind.

    ``silence`` is what should have come and has not (the first thousand); ``silent`` counts all of it by what it is.
    ``rehearsal``: the clock was set by hand, so that no time in here or in the store is real. ``audit_head`` is the
    end of the audit's chain when the run ended, ``SEQUENCE:HASH``; "" of a dry run. ``held_by`` counts visits that an
    error holds by its code, ``billed`` claims by practice (``*``: of files of several). ``stopped`` is what ended a run
    before its end, "" for none. ``unended_before`` are the starts of earlier runs that left no end in the log.
    """

    schema_version: int = 1
    started: datetime
    ended: datetime
    exit_code: int
    dry_run: bool
    steps: tuple[Step, ...]
    files: tuple[FileEntry, ...] = ()
    sent: tuple[str, ...] = ()
    failed_practices: tuple[FailedPractice, ...] = ()
    new_work: dict[str, int] = {}
    open_work: dict[str, int] = {}
    new_work_by_practice: dict[str, int] = {}
    silence: tuple[Silence, ...] = ()
    silent: dict[str, int] = {}
    rehearsal: bool = False
    audit_head: str = ""
    held_by: dict[str, int] = {}
    billed: dict[str, int] = {}
    stopped: str = ""
    unended_before: tuple[str, ...] = ()


def stopped_night(started: datetime, ended: datetime, code: int, why: str, progress: Progress) -> Night:
    """The manifest of a run that came to no end: when (UTC), with which exit code, and what stopped it (no PHI)."""
    return Night(
        started=started,
        ended=ended.replace(microsecond=0),
        exit_code=code,
        dry_run=False,
        steps=tuple(progress.steps),
        files=progress.files,
        sent=progress.sent,
        failed_practices=tuple(progress.failed),
        stopped=why,
    )
