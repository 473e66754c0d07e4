"""The scheduled job: fetch, ingest, bill, send, and say what is new. Safe to start twice, and to kill."""

from cli.jobs.run.night import Night, RunRequest, run

__all__ = ["Night", "RunRequest", "run"]
