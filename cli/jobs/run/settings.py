"""[run] and [notify] of claimloop.toml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal, TypeVar

import msgspec

from edi.model.errors import SettingsError

ALL: Final = "*"
"""The key of [run.sessions] for files that several practices share."""
Table = TypeVar("Table", bound=msgspec.Struct)


class RunSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[run]. Paths start where claimloop.toml lies.

    ``sessions`` are shell patterns of session files by practice id, ``*`` for files of several: what is new in them is
    billed. ``out`` and ``inbox`` are where 837P files are written and answers fetched to. ``secondary`` bills the next
    payer where one is due. ``no_sending`` are days on which nothing leaves. ``quiet_exits`` are exit codes that are
    reported as 0. ``summary`` is the file of the summary, ``manifests`` the folder of the manifests.
    """

    sessions: dict[str, str] = {}
    out: str = "out"
    inbox: str = "inbox"
    secondary: bool = False
    no_sending: tuple[date, ...] = ()
    quiet_exits: tuple[Literal[1, 3, 75], ...] = ()
    summary: str = ""
    manifests: str = "runs"


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[notify]. ``webhook_env`` names the environment variable with the URL that the summary is posted to.

    ``when`` is always, work (there is new work, or a step failed) or failure.
    """

    webhook_env: str = ""
    when: Literal["always", "work", "failure"] = "work"


def read_table(table: Mapping[str, Any], kind: type[Table], name: str) -> Table:
    """Convert a table of the settings.

    Raises:
        SettingsError: an unknown key or a wrong value, named.
    """
    try:
        return msgspec.convert(dict(table), kind)
    except msgspec.ValidationError as error:
        raise SettingsError(f"claimloop.toml: [{name}]: {error}") from None
