"""What a run leaves behind: its manifest and log as files, a summary for people, a note to a chat."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.clock import utc_now
from cli.exits import ExitCode
from cli.jobs.lists import counted
from cli.jobs.run.notes import Log
from cli.jobs.run.settings import NotifySettings, RunSettings
from cli.jobs.run.values import FailedPractice, Night, Step
from cli.private import sealed_output
from cli.settings import Settings
from edi.model.errors import AccessError
from edi.transport.webhook import post
from edi.transport.whole import private_folder, replace_whole

_MOST_MESSAGES: Final = 5
_WORDS: Final = {
    "denial": "denial",
    "rejection": "rejected claim",
    "held": "held payment",
    "unmatched": "unmatched payment",
    "work_item": "item of work",
    "overpaid": "overpaid claim",
    "in_doubt": "file in doubt",
    "claim_status": "claim that its payer says to see to",
    "lost_rejection": "lost rejection",
    "inquiries": "rejected inquiry file",
    "silence": "silence",
    "unbilled": "unbilled visit",
    "row": "unreadable row",
}


_LOOK_BACK: Final = 20
"""Logs of earlier runs that are looked at for one without an end."""
_TAIL: Final = 4096


class _Event(msgspec.Struct):
    event: str


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
            at = {"at": f"{utc_now():%Y-%m-%dT%H:%M:%SZ}", "run": started}
            stream.write(msgspec.json.encode({"event": name, **fields, **at}).decode() + "\n")

        yield log


def unended(settings: Settings, started: str) -> tuple[str, ...]:
    """The starts of earlier runs since the last that came to its end, which left neither a last line nor a manifest.

    Args:
        settings: claimloop.toml.
        started: of this run, which holds the turn: no earlier one is still at work.
    """
    folder, found = _folder(settings), []
    earlier = (path for path in folder.glob("*.jsonl") if path.stem < started)
    for path in heapq.nlargest(_LOOK_BACK, earlier, key=lambda one: one.stem):
        last = _last_event(path)
        if last == "run_ended":
            break
        has_manifest = any((folder / f"{path.stem}{end}").exists() for end in (".json", ".json.age"))
        if last != "run_stopped" and not has_manifest:
            found.append(path.stem)
    return tuple(reversed(found))


def _last_event(path: Path) -> str:
    """The name of the event in the last line of a log; "" when there is none, or it was cut off."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL))
        lines = stream.read().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=_Event).event if lines else ""
    except msgspec.DecodeError:
        return ""


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
        _out(night, steps),
        f"new work: {_listed(night.new_work)}; open: {_listed(night.open_work)}",
    ]
    if night.held_by:
        said = ", ".join(f"{code} {count}" for code, count in night.held_by.items())
        lines.append(f"visits held: {said}; claimloop scrub FILE shows them, claimloop explain CODE says why")
    if night.silent:
        said = ", ".join(f"{count} {what}" for what, count in night.silent.items())
        lines.append(f"overdue: {said}")
    if night.rehearsal:
        lines.append("this is a rehearsal: the clock was set by hand")
    lines += [f"the run of {one} UTC came to no end; this one made up for it" for one in night.unended_before]
    lines += _failures(night.failed_practices)
    lines += _refusals(night)
    return "\n".join(lines) + "\n"


def _out(night: Night, steps: Mapping[str, Step]) -> str:
    """What went out; of a dry run, what would be billed and sent."""
    if not night.dry_run:
        return f"out: {counted(len(night.sent), 'file')}"
    made, went = (steps[name].counts if name in steps else {} for name in ("claims create", "send"))
    of = ", ".join(f"{practice} {count}" for practice, count in night.billed.items() if count)
    billed = f"{counted(made.get('claims', 0), 'claim')} in {counted(made.get('files', 0), 'file')}"
    waiting = f"{counted(went.get('files', 0), 'file')} with {counted(went.get('claims', 0), 'claim')}"
    return f"would bill: {billed}{f' ({of})' if of else ''}; would send: these, and {waiting} that wait"


def _failures(failed: Iterable[FailedPractice]) -> Iterator[str]:
    """A line for each partner or practice and step: the first message, and how many more there are."""
    groups: dict[tuple[str, str], list[FailedPractice]] = {}
    for one in failed:
        groups.setdefault(
            (f"partner {one.partner}" if one.partner else one.practice_id, one.step), []
        ).append(one)
    for (who, step), some in groups.items():
        messages = list(dict.fromkeys(one.message for one in some))
        named = {one.practice_id for one in some}
        practices = max(len(named), *(one.practices for one in some))
        more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
        only = named.pop() if practices == 1 else ""
        whose = f"practice {only}" if only else counted(practices, "practice")
        of = f" ({whose})" if some[0].partner else ""
        yield f"failed: {who or 'all practices'}{of}: {step}: {messages[0]}{more}"


def _refusals(night: Night) -> Iterator[str]:
    """What each step says of files and rows that it refused, the first few of them."""
    failed = {one.message.removeprefix(f"{one.partner}: ") for one in night.failed_practices}
    failed |= {one.message for one in night.failed_practices}
    for step in night.steps:
        said = [one for one in step.messages if one not in failed] if step.outcome == "partly" else []
        yield from (f"{step.name}: {one}" for one in said[:_MOST_MESSAGES])
        if len(said) > _MOST_MESSAGES:
            yield f"{step.name}: and {len(said) - _MOST_MESSAGES} more; the manifest has them"


def _ending(code: int) -> str:
    return "done" if code == ExitCode.DONE else f"ended with {code}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(counted(number, _WORDS.get(kind, kind)) for kind, number in counts.items()) or "none"


def tell(
    settings: Settings, night: Night, environment: Mapping[str, str], send: Callable[[str, str], None] = post
) -> bool:
    """Write the summary's file and post it, as [run] and [notify] ask; return whether it was posted.

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
    return _post(settings, text, environment, send, wanted=_wanted(settings, night))


def tell_stopped(
    settings: Settings,
    started: str,
    why: str,
    environment: Mapping[str, str],
    send: Callable[[str, str], None] = post,
) -> None:
    """Tell as `tell` does that a run came to no end; arguments and errors are its, ``why`` is what stopped it."""
    _post(settings, leave_stopped(settings, started, why), environment, send, wanted=True)


def leave_stopped(settings: Settings, started: str, why: str) -> str:
    """Write to the summary's file that a run came to no end, and return the text; nobody is sent it."""
    text = f"claimloop run of {started} UTC stopped: {why}\n"
    _leave(settings, text)
    return text


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
) -> bool:
    """Post a text, if [notify] names a webhook and it is wanted; return whether it was."""
    notify = settings.table("notify", NotifySettings)
    if not notify.webhook_env or not wanted:
        return False
    url = environment.get(notify.webhook_env)
    if not url:
        raise AccessError(
            f"claimloop.toml: [notify] webhook_env: the environment has no {notify.webhook_env}"
        )
    send(url, text)
    return True


def _wanted(settings: Settings, night: Night) -> bool:
    when = settings.table("notify", NotifySettings).when
    failed = bool(night.failed_practices) or night.exit_code not in (ExitCode.DONE, ExitCode.WORK)
    return when == "always" or failed or (when == "work" and night.exit_code == ExitCode.WORK)
