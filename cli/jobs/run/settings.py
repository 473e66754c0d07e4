"""[run] and [notify] of claimloop.toml."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

import msgspec

ALL: Final = "*"
"""The key of [run.sessions] for files that several practices share."""


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[run]. Paths start where claimloop.toml lies.

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
