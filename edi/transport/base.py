"""What every transport can do, and when a failure is worth another try."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import IO, Final, Literal, Protocol, TypeVar

import msgspec
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from edi.model.errors import AccessError, ClaimloopError, InputError, TemporaryError

Result = TypeVar("Result")

TEMPORARY_ERRNOS = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EDQUOT,
        errno.EHOSTUNREACH,
        errno.EINTR,
        errno.EIO,
        errno.ENETUNREACH,
        errno.ENOSPC,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)
"""Operating system errors that may pass: busy, unreachable, stale, full."""


class DamagedTransferError(TemporaryError):
    """What arrived is not what was sent: size or digest differ. The partial file was removed; worth another try."""


class NameTakenError(ClaimloopError):
    """The far side already holds other content under that name; nothing was overwritten."""

    exit_code = 3


class LoginRefusedError(AccessError):
    """The far side refuses who we are, or is not who it should be: not worth another try, since it may lock us out."""


class InDoubtError(ClaimloopError):
    """A file was about to get its final name, and now neither it nor what was staged is there to be seen."""

    exit_code = 3


class Whereabouts(StrEnum):
    """What the far side shows of a file of ours."""

    ABSENT = "absent"
    STAGED = "staged"
    """All its bytes are there, under the temporary name."""
    THERE = "there"
    """It is there under its final name."""
    OTHER = "other"
    """Other content has its final name."""


class RemoteFile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A file the far side offers. ``size`` is bytes, ``modified`` seconds since 1970 by the far side's clock."""

    name: str
    size: int
    modified: int = 0


class RetryPolicy(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How often and how patiently to try; seconds.

    Waits grow exponentially up to ``longest_wait``, plus jitter of at most ``first_wait``.
    """

    attempts: int = 5
    first_wait: int = 1
    longest_wait: int = 30


class Source(Protocol):
    """What is sent: a path, or a file of the vault, whatever it is kept in."""

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """Its bytes, from the start; it may be opened again."""
        ...


class Transport(Protocol):
    """Puts and gets whole files. A file of ours never shows under its final name before all of it is there.

    Putting has two steps, so that whoever calls can note in between that the second one is about to be taken: what was
    not revealed yet can be staged again without fear of sending it twice. Every method may be called again.
    """

    def look(self, name: str, sha256: str, size: int) -> Whereabouts:
        """What can be seen of our file now; partners take files away soon."""
        ...

    def stage(self, name: str, source: Source, sha256: str) -> None:
        """Bring all bytes of ``source`` to the far side under a temporary name, and see them there."""
        ...

    def reveal(self, name: str, sha256: str) -> None:
        """Give the staged file its final name, without ever replacing another file."""
        ...

    def listing(self) -> list[RemoteFile]:
        """Return the complete files waiting for us, by name."""
        ...

    def get(self, file: RemoteFile, folder: Path) -> Path:
        """Copy one waiting file whole into ``folder`` and return its path."""
        ...

    def settle(self, file: RemoteFile, sha256: str) -> bool:
        """Do what the partner's profile wants with a file that is safely stored here: archive, delete or keep.

        Only if it still is the file that was copied; else it is left as it is, and the answer is False.
        """
        ...

    def close(self) -> None:
        """Give up the connection, if there is one."""
        ...


PARTIAL: Final = ".part"
_UNFINISHED: Final = (PARTIAL, ".tmp", ".filepart")
_LONGEST_NAME: Final = 200
"""Bytes; a temporary name and the digits of a digest still fit in the 255 of a disk."""


def temporary_name(name: str, sha256: str) -> str:
    """The name a file of ours has on the far side until all of it is there: the same in every run."""
    return f".{name}.{sha256[:12]}{PARTIAL}"


def is_unfinished(name: str) -> bool:
    """Whether a name is that of somebody's unfinished work: hidden, or with the ending of a partial file."""
    return name.startswith(".") or name.endswith(_UNFINISHED)


def is_plain(name: str) -> bool:
    """Whether a name is one of a file and nothing else: no path, no control character, of a length that disks take."""
    return (
        name not in ("", ".", "..")
        and name.isprintable()
        and len(os.fsencode(name)) <= _LONGEST_NAME
        and not any(mark in name for mark in "/\\:")
    )


def plain_name(name: str) -> str:
    """The name again; InputError when it is not plain."""
    if not is_plain(name):
        raise InputError(f"{name[:60]!r} is not a plain file name")
    return name


def is_temporary(error: BaseException) -> bool:
    """Whether trying again may help."""
    if isinstance(error, TemporaryError):
        return True
    return isinstance(error, OSError) and error.errno in TEMPORARY_ERRNOS


def with_retries(
    action: Callable[[], Result],
    policy: RetryPolicy,
    *,
    on_retry: Callable[[int, str], None] | None = None,
    sleep: Callable[[float], None] | None = None,
    worth: Callable[[BaseException], bool] = is_temporary,
) -> Result:
    """Run ``action``, again after temporary errors.

    Args:
        action: what to do; must be safe to repeat.
        policy: attempts and waits.
        on_retry: told the number of the failed attempt and the kind of error (no PHI) before each wait.
        sleep: how to wait; None is the real clock.
        worth: which errors are worth another try.

    Returns:
        What ``action`` returns.

    Raises:
        TemporaryError: still failing after the last attempt.
        AccessError: not permitted; never retried.
        ClaimloopError, OSError: anything else ``action`` raised, at once.
    """

    def note(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if on_retry is not None and error is not None:
            on_retry(state.attempt_number, type(error).__name__)

    retrying = Retrying(
        stop=stop_after_attempt(policy.attempts),
        wait=wait_exponential(multiplier=policy.first_wait, max=policy.longest_wait)
        + wait_random(0, policy.first_wait),
        retry=retry_if_exception(worth),
        before_sleep=note,
        reraise=True,
    )
    if sleep is not None:
        retrying.sleep = sleep
    try:
        return retrying(action)
    except PermissionError as error:
        raise AccessError(f"not permitted: {error.filename}; check who may write there") from error
    except OSError as error:
        if not is_temporary(error):
            raise
        what = error.strerror or type(error).__name__
        raise TemporaryError(f"{what} after {policy.attempts} attempts; try again later") from error
