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
    """A practice whose part of a step could not be done; the others' were."""

    practice_id: str
    step: str
    message: str
    exit_code: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: ``done``, ``partly`` or ``skipped``, and what it counted."""

    name: str
    outcome: str
    counts: dict[str, int] = {}
    messages: tuple[str, ...] = ()


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a run; times are UTC. ``new_work`` and ``open_work`` count by kind.

    ``silence`` is what should have come and has not (the first thousand); ``silent`` counts all of it by what it is.
    ``rehearsal``: the clock was set by hand, so that no time in here or in the store is real. ``audit_head`` is the
    end of the audit's chain when the run ended, ``SEQUENCE:HASH``; "" of a dry run.
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
