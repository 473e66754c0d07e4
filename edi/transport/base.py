"""What every transport can do, and when a failure is worth another try."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from edi.model.errors import AccessError, ClaimloopError, TemporaryError

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


class RemoteFile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A file the far side offers. ``size`` is bytes."""

    name: str
    size: int


class Delivery(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A file the far side was seen to hold whole. ``already_there`` says that an earlier try had delivered it."""

    name: str
    size: int
    sha256: str
    already_there: bool = False


class RetryPolicy(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How often and how patiently to try; seconds.

    Waits grow exponentially up to ``longest_wait``, plus jitter of at most ``first_wait``.
    """

    attempts: int = 5
    first_wait: int = 1
    longest_wait: int = 30


class Transport(Protocol):
    """Puts and gets whole files. Implementations never show a partial file under its final name."""

    def put(self, name: str, source: Path, sha256: str) -> Delivery:
        """Deliver the file at ``source``; the far side holds size and digest before its final name appears."""
        ...

    def listing(self) -> list[RemoteFile]:
        """Return the complete files waiting for us, by name."""
        ...

    def get(self, name: str, folder: Path) -> Path:
        """Copy one waiting file whole into ``folder`` and return its path."""
        ...

    def holds(self, name: str, sha256: str) -> bool:
        """Whether the far side can be seen to hold this very file now; partners take files away soon."""
        ...

    def settle(self, name: str, sha256: str) -> bool:
        """Do what the partner's profile wants with a file that is safely stored here: archive, delete or keep.

        Only if it still is the file of that digest; else it is left as it is, and the answer is False.
        """
        ...


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
) -> Result:
    """Run ``action``, again after temporary errors.

    Args:
        action: what to do; must be safe to repeat.
        policy: attempts and waits.
        on_retry: told the number of the failed attempt and the kind of error (no PHI) before each wait.
        sleep: how to wait; None is the real clock.

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
        retry=retry_if_exception(is_temporary),
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
