"""The scheduled job: fetch, ingest, bill, send, and say what is new. Safe to start twice, and to kill."""

from cli.jobs.run.night import run
from cli.jobs.run.values import Night, RunRequest

__all__ = ["Night", "RunRequest", "run"]
