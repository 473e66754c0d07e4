"""What a run leaves behind: its manifest and log as files, a summary for people, a note to a chat."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.exits import ExitCode
from cli.jobs.lists import counted
from cli.jobs.run.night import Log, Night
from cli.jobs.run.settings import NotifySettings, RunSettings
from cli.settings import Settings
from edi.model.errors import AccessError
from edi.transport.webhook import post

_WORDS: Final = {
    "denial": "denial",
    "rejection": "rejected claim",
    "held": "held payment",
    "unmatched": "unmatched payment",
    "work_item": "item of work",
    "overpaid": "overpaid claim",
    "in_doubt": "file in doubt",
    "silence": "silence",
}


@contextmanager
def log_file(settings: Settings, started: str) -> Iterator[Log]:
    """A log of JSON Lines in the folder of the manifests; each line is on the disk before the next step begins.

    Args:
        settings: claimloop.toml.
        started: UTC time of the run, as file names have it.
    """
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / f"{started}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", buffering=1) as stream:

        def log(name: str, fields: Mapping[str, Any]) -> None:
            stream.write(msgspec.json.encode({"event": name, **fields}).decode() + "\n")

        yield log


def keep_manifest(settings: Settings, started: str, night: Night) -> Path:
    """Write the manifest beside the log and return its path."""
    path = _folder(settings) / f"{started}.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(night)))
    return path


def _folder(settings: Settings) -> Path:
    return settings.folder / settings.table("run", RunSettings).manifests


def summary(night: Night) -> str:
    """The run in a few lines for mail or chat: what came, what went, what is new, what failed. No PHI."""
    steps = {step.name: step for step in night.steps}
    got = steps["ingest"].counts if "ingest" in steps else {}
    lines = [
        f"claimloop run of {night.started:%Y-%m-%d %H:%M} UTC: "
        + ("work is waiting" if night.exit_code == ExitCode.WORK else _ending(night.exit_code)),
        f"in: {counted(got.get('files', 0), 'file')}, {counted(got.get('claims', 0), 'claim payment')}, "
        f"{counted(got.get('acknowledgments', 0), 'acknowledgment')}",
        f"out: {counted(len(night.sent), 'file')}",
        f"new work: {_listed(night.new_work)}; open: {_listed(night.open_work)}",
    ]
    if night.silent:
        said = ", ".join(f"{count} {what}" for what, count in night.silent.items())
        lines.append(f"overdue: {said}")
    lines += [
        f"failed: {one.practice_id or 'all practices'}: {one.step}: {one.message}"
        for one in night.failed_practices
    ]
    return "\n".join(lines) + "\n"


def _ending(code: int) -> str:
    return "done" if code == ExitCode.DONE else f"ended with {code}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(counted(number, _WORDS.get(kind, kind)) for kind, number in counts.items()) or "none"


def tell(
    settings: Settings, night: Night, environment: Mapping[str, str], send: Callable[[str, str], None] = post
) -> None:
    """Write the summary's file and post it, as [run] and [notify] ask.

    Args:
        settings: claimloop.toml.
        night: what happened.
        environment: holds the webhook's URL.
        send: posts a text to a URL.

    Raises:
        AccessError: the environment lacks the URL, or the other side refuses.
        TemporaryError: the other side cannot be reached.
    """
    text = summary(night)
    wanted = settings.table("run", RunSettings)
    if wanted.summary:
        path = settings.folder / wanted.summary
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    notify = settings.table("notify", NotifySettings)
    if not notify.webhook_env or not _wanted(notify.when, night):
        return
    url = environment.get(notify.webhook_env)
    if not url:
        raise AccessError(
            f"claimloop.toml: [notify] webhook_env: the environment has no {notify.webhook_env}"
        )
    send(url, text)


def _wanted(when: str, night: Night) -> bool:
    failed = bool(night.failed_practices) or night.exit_code not in (ExitCode.DONE, ExitCode.WORK)
    return when == "always" or failed or (when == "work" and night.exit_code == ExitCode.WORK)
