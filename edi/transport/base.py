"""What every transport can do, and when a failure is worth another try."""

from __future__ import annotations

import errno
import hashlib
import unicodedata
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
    """A file the far side offers. ``size`` is bytes, ``modified`` seconds since 1970 by the far side's clock.

    ``name`` is as the far side has it; bytes of it that are no UTF-8 are surrogates.
    """

    name: str
    size: int
    modified: int = 0

    @property
    def here(self) -> str:
        """The name it gets here, by which people are told of it; see `safe_name`."""
        return safe_name(self.name)


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


_KEPT_OF_LONG: Final = 120
_PATH_MARKS: Final = frozenset("/\\:\u2044\u2215\u2216\u29f5\u29f8\u29f9")
"""What separates the parts of a path, and letters that look like it and are not folded into it."""
_DEVICES: Final = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10)))
)
"""Names that are no files on a share of Windows, whatever their ending."""


def temporary_name(name: str, sha256: str) -> str:
    """The name a file of ours has on the far side until all of it is there: the same in every run."""
    return f".{name}.{sha256[:12]}{PARTIAL}"


def is_unfinished(name: str) -> bool:
    """Whether a name is that of somebody's unfinished work: hidden, or with the ending of a partial file."""
    return name.startswith(".") or name.endswith(_UNFINISHED)


def is_plain(name: str) -> bool:
    """Whether a name is one of a file and nothing else, to a disk, a shell and a person's eye.

    No path and no letter that looks like a part of one, no control character, no device, no option, no blank at either
    end, and of a length that disks take.
    """
    seen = unicodedata.normalize("NFKC", name)
    return (
        name not in ("", ".", "..")
        and name.isprintable()
        and name == name.strip()
        and len(name.encode("utf-8", errors="surrogateescape")) <= _LONGEST_NAME
        and not _PATH_MARKS.intersection(seen)
        and not seen.startswith(("-", ".."))
        and seen.partition(".")[0].upper() not in _DEVICES
    )


def plain_name(name: str) -> str:
    """The name again; InputError when it is not plain."""
    if not is_plain(name):
        raise InputError(f"{name[:60]!r} is not a plain file name")
    return name


def safe_name(name: str) -> str:
    """A plain name for a file of the far side: its own, where that is plain; else one that shows what it was.

    What is not plain in it is written as in a URL (``a%3Ab.835``). One that is too long is its end, after the first
    digits of the digest of all of it.
    """
    if is_plain(name):
        return name
    shown = "".join(letter if _is_harmless(letter) else _escaped(letter) for letter in name)
    if len(shown.encode()) > _LONGEST_NAME:
        digest = hashlib.sha256(bytes_of(name)).hexdigest()
        end = shown.encode()[-_KEPT_OF_LONG:].decode(errors="ignore")
        shown = f"{digest[:12]}-{end}"
    first, last = _escaped(shown[:1]) + shown[1:], shown[:-1] + _escaped(shown[-1:])
    ends = (shown, first, last, _escaped(shown[:1]) + shown[1:-1] + _escaped(shown[-1:]))
    return next((one for one in ends if is_plain(one)), f"{hashlib.sha256(bytes_of(name)).hexdigest()}.file")


def _is_harmless(letter: str) -> bool:
    """Whether a letter may stand in the middle of a plain name."""
    return letter.isprintable() and not _PATH_MARKS.intersection(unicodedata.normalize("NFKC", letter))


def _escaped(text: str) -> str:
    """The bytes of a text as a URL has them."""
    return "".join(f"%{byte:02X}" for byte in bytes_of(text))


def bytes_of(name: str) -> bytes:
    """A name of the far side as it spelled it; what was no UTF-8 came as surrogates."""
    try:
        return name.encode("utf-8", errors="surrogateescape")
    except UnicodeEncodeError:
        return name.encode("utf-8", errors="surrogatepass")


def file_name(name: str) -> str:
    """A name of the far side again, under which it can be asked for a file of its folder.

    Raises:
        InputError: it leads out of the folder.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise InputError(
            f"{safe_name(name)}: the far side lists this name, which is that of no file; ask for it"
        )
    return name


def is_temporary(error: BaseException) -> bool:
    """Whether trying again may help."""
    if isinstance(error, TemporaryError):
        return True
    return isinstance(error, OSError) and error.errno in TEMPORARY_ERRNOS


def said_of(error: BaseException) -> str:
    """The kind of an error, and its text where that is ours or the operating system's: a server's may hold anything."""
    kind = type(error).__name__
    if isinstance(error, ClaimloopError):
        return f"{kind}: {error}"
    return f"{kind}: {error.strerror}" if isinstance(error, OSError) and error.strerror else kind


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
        on_retry: told the number of the failed attempt and what failed (no PHI, no secret) before each wait.
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
            on_retry(state.attempt_number, said_of(error))

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
