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
from cli.jobs.run.night import Log
from cli.jobs.run.settings import NotifySettings, RunSettings
from cli.jobs.run.values import Night
from cli.private import sealed_output
from cli.settings import Settings
from edi.model.errors import AccessError, ClaimloopError
from edi.transport.webhook import post
from edi.transport.whole import private_folder, replace_whole

_WORDS: Final = {
    "denial": "denial",
    "rejection": "rejected claim",
    "held": "held payment",
    "unmatched": "unmatched payment",
    "work_item": "item of work",
    "overpaid": "overpaid claim",
    "in_doubt": "file in doubt",
    "silence": "silence",
    "unbilled": "unbilled visit",
    "row": "unreadable row",
}


@contextmanager
def log_file(settings: Settings, started: str) -> Iterator[Log]:
    """A log of JSON Lines in the folder of the manifests; each line is on the disk before the next step begins.

    Args:
        settings: claimloop.toml.
        started: UTC time of the run, as file names have it.
    """
    folder = _folder(settings)
    private_folder(folder)
    descriptor = os.open(folder / f"{started}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", buffering=1) as stream:

        def log(name: str, fields: Mapping[str, Any]) -> None:
            stream.write(msgspec.json.encode({"event": name, **fields}).decode() + "\n")

        yield log


def keep_manifest(settings: Settings, started: str, night: Night) -> Path:
    """Write the manifest beside the log, whole or not at all, and return its path."""
    data = msgspec.json.format(msgspec.json.encode(night))
    path, data = sealed_output(_folder(settings) / f"{started}.json", data)
    replace_whole(path, data)
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
    if night.rehearsal:
        lines.append("this is a rehearsal: the clock was set by hand")
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
    _leave(settings, text)
    _post(settings, text, environment, send, wanted=_wanted(settings, night))


def tell_stopped(
    settings: Settings,
    started: str,
    error: ClaimloopError,
    environment: Mapping[str, str],
    send: Callable[[str, str], None] = post,
) -> None:
    """Tell as `tell` does that a run came to no end; arguments and errors are its, ``error`` is what stopped it."""
    text = f"claimloop run of {started} UTC stopped: {error}\n"
    _leave(settings, text)
    _post(settings, text, environment, send, wanted=True)


def _leave(settings: Settings, text: str) -> None:
    """Write the summary's file, if [run] names one."""
    wanted = settings.table("run", RunSettings)
    if wanted.summary:
        path = settings.folder / wanted.summary
        private_folder(path.parent)
        replace_whole(path, text.encode())


def _post(
    settings: Settings,
    text: str,
    environment: Mapping[str, str],
    send: Callable[[str, str], None],
    *,
    wanted: bool,
) -> None:
    """Post a text, if [notify] names a webhook and it is wanted."""
    notify = settings.table("notify", NotifySettings)
    if not notify.webhook_env or not wanted:
        return
    url = environment.get(notify.webhook_env)
    if not url:
        raise AccessError(
            f"claimloop.toml: [notify] webhook_env: the environment has no {notify.webhook_env}"
        )
    send(url, text)


def _wanted(settings: Settings, night: Night) -> bool:
    when = settings.table("notify", NotifySettings).when
    failed = bool(night.failed_practices) or night.exit_code not in (ExitCode.DONE, ExitCode.WORK)
    return when == "always" or failed or (when == "work" and night.exit_code == ExitCode.WORK)
