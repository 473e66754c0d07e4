"""[run] and [notify] of claimloop.toml."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

import msgspec

from cli.settings import FILE_NAME, Settings
from edi.model.errors import SettingsError

ALL: Final = "*"
"""The key of [run.sessions] for files that several practices share."""


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[run]. Paths start where claimloop.toml lies, unless they are absolute.

    ``sessions`` are shell patterns of session files by practice id, ``*`` for files of several: what is new in them is
    billed. ``deposits`` is a shell pattern of the bank's files. ``out`` and ``inbox`` are where 837P files are written
    and answers fetched to. ``secondary`` bills the next payer where one is due, ``claim_status`` asks payers
    about claims they are silent on. ``no_sending`` are days on which
    nothing leaves. ``quiet_exits`` are exit codes that are reported as 0. ``summary`` is the file of the summary,
    ``manifests`` the folder of the manifests.
    """

    sessions: dict[str, str] = {}
    out: str = "out"
    inbox: str = "inbox"
    secondary: bool = False
    claim_status: bool = False
    deposits: str = ""
    no_sending: tuple[date, ...] = ()
    quiet_exits: tuple[Literal[1, 3, 75], ...] = ()
    summary: str = ""
    manifests: str = "runs"


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True):
    """[notify]. ``webhook_env`` names the environment variable with the URL that the summary is posted to.

    ``when`` is always, work (there is new work, or a step failed) or failure.
    """

    webhook_env: str = ""
    when: Literal["always", "work", "failure"] = "work"


def run_settings(settings: Settings) -> RunSettings:
    """[run], with every practice and pattern in it seen to be one.

    Raises:
        SettingsError: a wrong key or value; the message names each.
    """
    wanted = settings.table("run", RunSettings)
    practices = settings.directory.practices if settings.directory is not None else {}
    wrong = [
        f"sessions: there is no [[practice]] {key}; there are: {', '.join(practices)}"
        for key in wanted.sessions
        if key != ALL and key not in practices
    ]
    patterns = {f"sessions.{key}": one for key, one in wanted.sessions.items()}
    needed = {**patterns, "out": wanted.out, "inbox": wanted.inbox, "manifests": wanted.manifests}
    wrong += [f"{key} is empty: name files or a folder" for key, one in needed.items() if not one.strip()]
    paths = {**needed, "deposits": wanted.deposits, "summary": wanted.summary}
    wrong += [f"{key} has a character that no path has" for key, one in paths.items() if "\0" in one]
    if wrong:
        raise SettingsError("\n".join(f"{FILE_NAME}: [run] {one}" for one in wrong))
    return wanted
