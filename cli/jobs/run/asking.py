"""The step of a run that asks payers about claims they are silent on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cli.jobs.claim_status.ask import AskRequest, ask
from cli.settings import Settings
from edi.model.finding import Severity
from reconcile.store import Store

NAME = "claims status ask"


def ask_what_is_due(
    settings: Settings, store: Store, *, folder: Path, now: datetime, dry_run: bool
) -> tuple[dict[str, int], list[str]]:
    """Write the 276 files that are due; what was counted, and what a person should see of it.

    Args:
        settings: claimloop.toml and payers.toml.
        store: open for writing.
        folder: where the files go.
        now: local time of the files.
        dry_run: only look.

    Raises:
        ClaimloopError: as ``cli.jobs.claim_status.ask.ask``.
    """
    done = ask(AskRequest(folder=folder, now=now, due=True, dry_run=dry_run), settings, store)
    counts = {
        "claims": done.asked,
        "files": len(done.files),
        "waiting": done.waiting,
        "not_asked": done.not_asked,
        "held": done.held,
    }
    return counts, [
        f"{one.location.claim}: {one.message}"
        for one in done.findings
        if one.location.claim and one.severity is not Severity.INFO
    ]
