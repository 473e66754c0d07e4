"""Files that a command writes for people: for their owner alone, and encrypted where [privacy] encrypt_outputs asks.

Every file that a command writes goes through here, through the vault, or through `edi.transport.whole`: none of them
asks the umask.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cli.settings import Settings
    from edi.transport.locked import AgeLock

SEALED: Final = ".age"
_MODE: Final = 0o600
_LOCK: ContextVar[AgeLock | None] = ContextVar("outputs are encrypted with", default=None)


def seal_outputs(settings: Settings) -> None:
    """From now on write outputs as the settings ask; raises what `cli.privacy.lock_of` raises."""
    from cli.privacy import lock_of, privacy_of  # what renders has no need of a store

    _LOCK.set(lock_of(settings) if privacy_of(settings).encrypt_outputs else None)


@contextmanager
def output_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write for people: ``path``, or, encrypted, ``path.age``, which is said on stderr.

    Raises:
        OSError: it cannot be written. TemporaryError: the disk is full, under an encrypted one.
    """
    lock = _LOCK.get()
    if lock is None:
        with private_file(path) as stream:
            yield stream
        return
    target = path if path.suffix == SEALED else path.with_name(path.name + SEALED)
    with ExitStack() as stack:
        sink = stack.enter_context(private_file(target))
        yield stack.enter_context(lock.sealing(sink))
    if target != path:
        print(f"claimloop: encrypted: {target}", file=sys.stderr)


def check_output(path: Path) -> None:
    """See that a file for people can be written, before what it is to hold is decided; raises OSError."""
    target = path if _LOCK.get() is None or path.suffix == SEALED else path.with_name(path.name + SEALED)
    is_new = not target.exists()
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT, _MODE))
    if is_new:
        target.unlink()


def write_output(path: Path, data: bytes) -> None:
    """Write a whole file for people; see `output_file`."""
    with output_file(path) as stream:
        stream.write(data)


def sealed_output(path: Path, data: bytes) -> tuple[Path, bytes]:
    """The path and the bytes of a file for people as they are to be written by who writes it whole or not at all."""
    lock = _LOCK.get()
    if lock is None:
        return path, data
    sink = io.BytesIO()
    with lock.sealing(sink) as stream:
        stream.write(data)
    return path.with_name(path.name + SEALED), sink.getvalue()


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write that only its owner may read, whatever the umask, and whatever stood there before."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    with os.fdopen(descriptor, "wb") as stream:
        told = os.fstat(descriptor)
        if stat.S_ISREG(told.st_mode) and told.st_uid == os.geteuid():
            os.fchmod(descriptor, _MODE)
        yield stream


def write_private(path: Path, data: bytes) -> None:
    """Write a whole file that only its owner may read, never encrypted: settings, and what other programs take."""
    with private_file(path) as stream:
        stream.write(data)
