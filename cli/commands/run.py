"""`claimloop run`: the scheduled job."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

import msgspec

from cli.exits import ExitCode, Stopped
from cli.jobs.exchange import trouble_of
from cli.jobs.run import Night, RunRequest
from cli.jobs.run import run as run_night
from cli.jobs.run.notes import Log
from cli.jobs.run.settings import RunSettings, run_settings
from cli.jobs.run.telling import (
    keep_manifest,
    leave_stopped,
    log_file,
    summary,
    tell,
    tell_stopped,
    unended,
)
from cli.jobs.run.values import Progress, Told, stopped_night
from cli.options import AsJson, AsOf, Config, Database, DryRun, ExitZero, Quiet, end, moment, utc_now
from cli.render import stderr, stdout, write_json
from cli.settings import Settings
from cli.trail import trail
from cli.workspace import workspace
from edi.model.errors import ClaimloopError


def run(
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    exit_zero: ExitZero = False,
) -> None:
    """Fetch, ingest, bill, send and say what is new: the nightly job. Safe to start twice; 1 only for new work."""
    with workspace(config, database, dry_run=dry_run, quiet=quiet) as opened:
        settings = opened.settings
        run_settings(settings)
        started = f"{utc_now():%Y-%m-%dT%H-%M-%SZ}"
        request = RunRequest(now=moment(as_of), dry_run=dry_run)
        if dry_run:
            night = run_night(request, settings, opened.store, opened.tables)
        else:
            progress = Progress()
            with log_file(settings, started) as log, _told(settings, started, log, progress):
                night = run_night(
                    request,
                    settings,
                    opened.store,
                    opened.tables,
                    log=_audited(log),
                    deliver=partial(_delivered, settings),
                    progress=progress,
                    unended=partial(unended, settings, started),
                )
            trail().took_in(night.files)
            night = msgspec.structs.replace(night, audit_head=str(trail().head or ""))
            keep_manifest(settings, started, night)
    if as_json:
        write_json(night)
    else:
        stdout().print(summary(night), markup=False, soft_wrap=True, end="")
    code = ExitCode(night.exit_code)
    quieted = settings.table("run", RunSettings).quiet_exits
    end(ExitCode.DONE if code in quieted else code, exit_zero=exit_zero)


def _delivered(settings: Settings, night: Night) -> Told:
    """Tell the end of a run; a summary that reaches nobody is a failure of its own."""
    try:
        return Told(delivered=tell(settings, night, os.environ))
    except ClaimloopError as error:
        said, code = str(error), error.exit_code
    except OSError as error:
        trouble = trouble_of("", error)
        said, code = trouble.message, trouble.exit_code
    stderr().print(f"the summary was not delivered: {said}", markup=False, soft_wrap=True)
    return Told(exit_code=code)


@contextmanager
def _told(settings: Settings, started: str, log: Log, progress: Progress) -> Iterator[None]:
    """Log and tell what stops a run; what may pass is logged alone, since the next run makes up for it.

    A signal is logged and kept in the manifest and the summary's file, and nobody is called: who sent it waits.

    An error that is none of ours is told by the name of its kind, for its text may hold anything.
    """
    began = utc_now().replace(microsecond=0)
    try:
        yield
    except Stopped as stopped:
        with suppress(OSError):
            log("run_stopped", {"exit_code": int(stopped.code), "why": stopped.word})
        night = stopped_night(began, utc_now(), int(stopped.code), stopped.word, progress)
        with suppress(ClaimloopError, OSError):
            keep_manifest(settings, started, night)
        with suppress(ClaimloopError, OSError):
            leave_stopped(settings, started, stopped.word)
        raise
    except Exception as error:
        known = isinstance(error, ClaimloopError)
        code = error.exit_code if isinstance(error, ClaimloopError) else ExitCode.UNEXPECTED
        kind = {} if known else {"error": type(error).__name__}
        why = str(error) if known else f"an unexpected error, {type(error).__name__}"
        with suppress(OSError):
            log("run_stopped", {"exit_code": int(code), "why": why, **kind})
        if code != ExitCode.TEMPORARY:
            with suppress(ClaimloopError, OSError):
                keep_manifest(settings, started, stopped_night(began, utc_now(), int(code), why, progress))
            with suppress(ClaimloopError, OSError):
                tell_stopped(settings, started, why, os.environ)
        raise


_DOES: Final = {"fetch": "fetched", "send": "sent"}
"""What a step does; the others change the store."""
_OF_THE_LOG: Final = ("message", "messages", "refused")
"""Fields that say why, which the audit leaves to the log."""


def _audited(log: Log) -> Log:
    """The log, of whose steps and failures each is in the audit too."""

    def both(name: str, fields: Mapping[str, Any]) -> None:
        log(name, fields)
        counts = {key: value for key, value in fields.items() if isinstance(value, int) and value}
        subjects = {
            key: value
            for key, value in fields.items()
            if not isinstance(value, int) and key not in _OF_THE_LOG
        }
        if counts:
            subjects["counts"] = counts
        if name == "failed":
            trail().step("failed", subjects)
        elif name in ("step", "billed") and fields.get("outcome") != "skipped":
            trail().step(_DOES.get(str(fields["step"]), "changed"), subjects)

    return both
