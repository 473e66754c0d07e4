"""Files that only a key opens, in the age format (age-encryption.org): a stream in, a stream out.

The only import of pyrage. Recipients are public keys; whoever has one of the identities opens the file, with the
``age`` tool too. Keys are changed by adding the new recipient, and writing again what only the old one opens.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pyrage

from edi.model.errors import AccessError, SettingsError, TemporaryError

_HEAD: Final = b"age-encryption.org/"
_BLOCK: Final = 1 << 16


def is_locked(head: bytes) -> bool:
    """Whether a file that begins so is an age file."""
    return head.startswith(_HEAD)


def recipients(texts: Sequence[str]) -> list[Any]:
    """Public keys from their texts (``age1…``).

    Raises:
        SettingsError: one is none.
    """
    try:
        return [pyrage.x25519.Recipient.from_str(text.strip()) for text in texts]
    except pyrage.RecipientError:
        raise SettingsError(
            "a recipient is not a key; age-keygen makes one, its public key begins with age1"
        ) from None


def identities(path: Path) -> list[Any]:
    """Secret keys from a file as age-keygen writes it.

    Raises:
        AccessError: it cannot be read, or has none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError):
        raise AccessError(f"{path}: no secret key can be read from it") from None
    if not found:
        raise AccessError(f"{path}: there is no secret key in it")
    return found


@contextmanager
def locking(sink: IO[bytes], keys: Sequence[Any]) -> Iterator[IO[bytes]]:
    """A stream to write to; what reaches ``sink`` is encrypted to the keys. Nothing is kept in the clear.

    Raises:
        TemporaryError: ``sink`` took no more.
    """
    try:
        with _through(lambda reader: pyrage.encrypt_io(reader, sink, list(keys))) as writer:
            yield writer
    except pyrage.EncryptError:
        raise TemporaryError("the encrypted file could not be written; the disk may be full") from None


@contextmanager
def _through(work: Any) -> Iterator[IO[bytes]]:
    """A pipe whose reading end is worked on in a thread; its failure comes out at the end."""
    read, write = os.pipe()
    failed: list[BaseException] = []

    def run() -> None:
        with os.fdopen(read, "rb") as reader:
            try:
                work(reader)
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    broken: BrokenPipeError | None = None
    try:
        with os.fdopen(write, "wb") as writer:
            yield writer
    except BrokenPipeError as error:
        broken = error  # the reading end gave up, and knows why
    finally:
        thread.join()
    if failed:
        raise failed[0]
    if broken is not None:
        raise broken


@contextmanager
def unlocking(source: IO[bytes], keys: Sequence[Any]) -> Iterator[IO[bytes]]:
    """A stream to read what an age file holds.

    Raises:
        AccessError: none of the keys opens it, or it is damaged.
    """
    read, write = os.pipe()
    failed: list[BaseException] = []

    def run() -> None:
        with os.fdopen(write, "wb") as writer:
            try:
                pyrage.decrypt_io(source, writer, list(keys))
            except BaseException as error:  # noqa: BLE001 - told below
                failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    reader = os.fdopen(read, "rb")
    try:
        yield reader
    except BaseException:
        reader.close()
        thread.join()
        if failed and isinstance(failed[0], pyrage.DecryptError):
            raise AccessError("none of the keys opens the file, or it is damaged") from None
        raise
    while reader.read(_BLOCK):
        pass  # what stands behind the end: the thread would break on a closed pipe
    reader.close()
    thread.join()
    if failed:
        raise AccessError("none of the keys opens the file, or it is damaged")
