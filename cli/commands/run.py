"""`claimloop run`: the scheduled job."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec

from cli.exits import ExitCode, worst
from cli.jobs.run import RunRequest
from cli.jobs.run import run as run_night
from cli.jobs.run.night import Log
from cli.jobs.run.settings import RunSettings
from cli.jobs.run.telling import keep_manifest, log_file, summary, tell, tell_stopped
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
        started = f"{utc_now():%Y-%m-%dT%H-%M-%SZ}"
        request = RunRequest(now=moment(as_of), dry_run=dry_run)
        if dry_run:
            night = run_night(request, settings, opened.store, opened.tables)
        else:
            with log_file(settings, started) as log, _told(settings, started, log):
                night = run_night(request, settings, opened.store, opened.tables, log=_audited(log))
            trail().took_in(night.files)
            night = msgspec.structs.replace(night, audit_head=str(trail().head or ""))
            keep_manifest(settings, started, night)
    codes = [ExitCode(night.exit_code)]
    if not dry_run:
        try:
            tell(settings, night, os.environ)
        except ClaimloopError as error:
            stderr().print(f"the summary was not delivered: {error}", markup=False, soft_wrap=True)
            codes.append(ExitCode(error.exit_code))
    if as_json:
        write_json(night)
    else:
        stdout().print(summary(night), markup=False, soft_wrap=True, end="")
    code = worst(codes)
    quieted = settings.table("run", RunSettings).quiet_exits
    end(ExitCode.DONE if code in quieted else code, exit_zero=exit_zero)


@contextmanager
def _told(settings: Settings, started: str, log: Log) -> Iterator[None]:
    """Log and tell what stops a run; what may pass is logged alone, since the next run makes up for it."""
    try:
        yield
    except ClaimloopError as error:
        log("run_stopped", {"exit_code": int(error.exit_code)})
        if error.exit_code != ExitCode.TEMPORARY:
            with suppress(ClaimloopError, OSError):
                tell_stopped(settings, started, error, os.environ)
        raise


_DOES: Final = {"fetch": "fetched", "send": "sent"}
"""What a step does; the others change the store."""


def _audited(log: Log) -> Log:
    """The log, of whose steps and failures each is in the audit too."""

    def both(name: str, fields: Mapping[str, Any]) -> None:
        log(name, fields)
        counts = {key: value for key, value in fields.items() if isinstance(value, int) and value}
        subjects = {key: value for key, value in fields.items() if not isinstance(value, int)}
        if counts:
            subjects["counts"] = counts
        if name == "failed":
            trail().step("failed", subjects)
        elif name in ("step", "billed") and fields.get("outcome") != "skipped":
            trail().step(_DOES.get(str(fields["step"]), "changed"), subjects)

    return both
