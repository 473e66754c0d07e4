"""The one clock of the command line. A rehearsal sets it; every other run has that of the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from edi.model.errors import SettingsError

VARIABLE: Final = "CLAIMLOOP_CLOCK"
"""Environment variable that sets the clock, in UTC: ``2026-03-20T02:10:00``. What a store notes is then made up."""


def utc_now() -> datetime:
    """Return the time in UTC without zone, as the store keeps first-seen times and events.

    Raises:
        SettingsError: the clock is set to something that is no time.
    """
    return rehearsed() or datetime.now(UTC).replace(tzinfo=None)


def local_now() -> datetime:
    """Return local date and time without zone, to the second."""
    return utc_now().replace(tzinfo=UTC, microsecond=0).astimezone().replace(tzinfo=None)


def as_utc(local: datetime) -> datetime:
    """Return a local time without zone in UTC without zone."""
    return local.astimezone(UTC).replace(tzinfo=None)


def rehearsed(environment: Mapping[str, str] | None = None) -> datetime | None:
    """Return the time that the clock was set to, None when nobody set it.

    Args:
        environment: None is the process's.

    Raises:
        SettingsError: it is no time.
    """
    text = (os.environ if environment is None else environment).get(VARIABLE, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{VARIABLE} is no time; write it like 2026-03-20T02:10:00, in UTC") from None
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def rehearsal_warning(environment: Mapping[str, str] | None = None) -> str:
    """What to say where the clock was set, "" where it was not; argument and error as for `rehearsed`."""
    at = rehearsed(environment)
    return (
        f"{VARIABLE} sets the clock to {at:%Y-%m-%d %H:%M} UTC; unset it unless this is a rehearsal"
        if at
        else ""
    )
