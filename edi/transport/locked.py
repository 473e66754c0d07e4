"""Files that only a key opens, in the age format (age-encryption.org): a stream in, a stream out.

The only import of pyrage. Recipients are public keys; whoever has one of the identities opens the file, with the
``age`` tool too. The first identity of a key file seals, all of them open: keys are changed by putting the new one
first, and writing again what only the old one opens.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

import pyrage

from edi.model.errors import AccessError, InputError, SettingsError, TemporaryError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Value = TypeVar("Value")
_HEAD: Final = b"age-encryption.org/"
_MAC: Final = b"\n--- "
_NO_MATCH: Final = "No matching keys"
_CHUNK: Final = 1 << 16
_TAG: Final = 16
_NONCE: Final = 16
_NAME: Final = 12


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
    """Secret keys from a file as age-keygen writes it, for its owner alone.

    Raises:
        AccessError: it cannot be read, has none, or others may read it.
    """
    try:
        with path.open("rb") as source:
            loose = stat.S_IMODE(os.fstat(source.fileno()).st_mode) & 0o077
            text = source.read().decode()
    except (OSError, UnicodeDecodeError):
        raise AccessError(f"{path}: no secret key can be read from it") from None
    if loose:
        raise AccessError(f"{path}: others may read this secret key; chmod 600 {path}")
    return identities_in(text, str(path))


def identities_in(text: str, where: str) -> list[Any]:
    """Secret keys from a text, one a line, comments left out.

    Raises:
        AccessError: it has none, or a line is none; the message says where, never what.
    """
    lines = (line.strip() for line in text.splitlines())
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        raise AccessError(f"{where}: no secret key can be read from it") from None
    if not found:
        raise AccessError(f"{where}: there is no secret key in it")
    return found


def new_identity() -> tuple[str, str]:
    """A new secret key and its public key, as texts."""
    made = pyrage.x25519.Identity.generate()
    return str(made), str(made.to_public())


class AgeLock:
    """Seals for the first of some secret keys, and opens what is sealed for any of them.

    Args:
        keys: secret keys, at least one.
        seals: False where new files are kept plain, and sealed ones only opened.
    """

    def __init__(self, keys: Sequence[Any], *, seals: bool = True) -> None:
        self._identities = list(keys)
        self._public = [keys[0].to_public()]
        self._names = [name_of(str(one.to_public())) for one in keys]
        self._seals = seals

    @property
    def key(self) -> str:
        """The name of the key that new files are sealed for; "" when they are kept plain."""
        return self._names[0] if self._seals else ""

    @property
    def keys(self) -> frozenset[str]:
        """The names of the keys that it has."""
        return frozenset(self._names)

    @property
    def public(self) -> str:
        """The public key that new files are sealed for."""
        return str(self._public[0])

    @contextmanager
    def sealing(self, sink: IO[bytes]) -> Iterator[IO[bytes]]:
        """A stream to write to; what reaches ``sink`` is encrypted. TemporaryError when it took no more."""
        with locking(sink, self._public) as stream:
            yield stream

    @contextmanager
    def opening(self, source: IO[bytes]) -> Iterator[IO[bytes]]:
        """A stream to read from; errors as of ``unlocking``."""
        with unlocking(source, self._identities) as stream:
            yield stream

    def plain_size(self, head: bytes, stored: int) -> int:
        """The size of the plain bytes: what is stored less the header, a nonce, and a tag for each 64 KiB.

        Source: age-encryption.org/v1, "Payload".

        Raises:
            InputError: the head is of no age file.
        """
        end = head.find(b"\n", head.find(_MAC) + 1) + 1
        payload = stored - end - _NONCE
        if not is_locked(head) or end <= 0 or payload < _TAG:
            raise InputError("what should be an age file is none")
        return payload - _TAG * -(-payload // (_CHUNK + _TAG))


def name_of(public: str) -> str:
    """A short name of a public key, for names of files and lists: nobody can find the key from it."""
    return hashlib.sha256(public.encode()).hexdigest()[:_NAME]


class _Remembered:
    """A stream that remembers why it failed: what is raised in it does not come out of the encryption as it was."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.failed: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        return self._done(lambda: self._stream.read(size))

    def write(self, data: bytes) -> int:
        return self._done(lambda: self._stream.write(data))

    def flush(self) -> None:
        self._done(self._stream.flush)

    def _done(self, work: Callable[[], Value]) -> Value:
        try:
            return work()
        except BaseException as error:
            self.failed = error
            raise


@contextmanager
def locking(sink: IO[bytes], keys: Sequence[Any]) -> Iterator[IO[bytes]]:
    """A stream to write to; what reaches ``sink`` is encrypted to the keys. Nothing is kept in the clear.

    Raises:
        TemporaryError: ``sink`` took no more; what else it raised comes out as it is.
    """
    remembered = _Remembered(sink)
    try:
        with _through(lambda reader: pyrage.encrypt_io(reader, remembered, list(keys))) as writer:
            yield writer
    except (pyrage.EncryptError, OSError):
        if remembered.failed is not None and not isinstance(remembered.failed, OSError):
            raise remembered.failed from None
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


class _Unlocked(io.RawIOBase):
    """The plain bytes of an age file; its end is told only when all of it was found whole."""

    def __init__(self, source: IO[bytes], keys: Sequence[Any]) -> None:
        super().__init__()
        self._source = _Remembered(source)
        self._failed: BaseException | None = None
        read, write = os.pipe()
        self._read = read
        self._thread = threading.Thread(target=self._decrypt, args=(write, list(keys)), daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what comes next; 0 at the end.

        Raises:
            AccessError: none of the keys opens it. InputError: it is damaged or cut off.
        """
        view = memoryview(buffer).cast("B")
        data = os.read(self._read, len(view))
        view[: len(data)] = data
        if not data and len(view):
            self._thread.join()
            self._judge()
        return len(data)

    def close(self) -> None:
        """Let go; a thread that still decrypts ends at the closed pipe."""
        if not self.closed:
            os.close(self._read)
            self._thread.join()
        super().close()

    def _decrypt(self, write: int, keys: list[Any]) -> None:
        with os.fdopen(write, "wb") as writer:
            try:
                pyrage.decrypt_io(self._source, writer, keys)
            except BaseException as error:  # noqa: BLE001 - told to who reads
                self._failed = error

    def _judge(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._failed is None:
            return
        if self._source.failed is not None:
            raise self._source.failed
        if _NO_MATCH in str(self._failed):
            raise AccessError("none of the keys opens the file, or its head is damaged")
        raise InputError("the encrypted file is damaged or was cut off")


@contextmanager
def unlocking(source: IO[bytes], keys: Sequence[Any]) -> Iterator[IO[bytes]]:
    """A stream to read what an age file holds. Who has read to its end knows that it is whole; damage is raised there.

    Raises:
        AccessError: none of the keys opens it.
        InputError: it is damaged or cut off.
    """
    with _Unlocked(source, keys) as raw, io.BufferedReader(raw, _CHUNK) as stream:
        yield stream
