"""What a vault is, whatever keeps its bytes, and how files reach one: the words that its implementations share."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from stat import S_ISREG
from typing import IO, TYPE_CHECKING, Final, Literal, Protocol, runtime_checkable

import msgspec

from edi.model.errors import AccessError, InputError, TemporaryError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK: Final = 1 << 20
"""Bytes read at a time."""
_TAIL: Final = 9 << 20
"""Bytes at the end of a file that are remembered once they were read: the directory of an archive is there."""


class Kept(msgspec.Struct, frozen=True):
    """A file that the vault holds: its digest, its size in bytes, and whether this call brought it."""

    sha256: str
    size: int
    new: bool


class Held(msgspec.Struct, frozen=True):
    """How a vault holds a file: the digest of its plain bytes, the key it is sealed for ("" when plain), bytes kept."""

    sha256: str
    key: str
    stored: int


class Lock(Protocol):
    """Seals files for a key, and opens those sealed for any key that it has. The bytes stream through it."""

    @property
    def key(self) -> str:
        """The name of the key that new files are sealed for; "" when they are kept plain."""
        ...

    @property
    def keys(self) -> frozenset[str]:
        """The names of the keys that it has."""
        ...

    def sealing(self, sink: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
        """A stream to write plain bytes to; what reaches ``sink`` is sealed."""
        ...

    def opening(self, source: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
        """A stream to read the plain bytes of a sealed file from.

        Raises:
            AccessError: no key of ours opens it. InputError: it is damaged or cut off.
        """
        ...

    def plain_size(self, head: bytes, stored: int) -> int:
        """The size of the plain bytes of a sealed file, from its first bytes and its size."""
        ...


@runtime_checkable
class Vault(Protocol):
    """Every file in or out, under the SHA-256 of its plain bytes: written once, whole or not at all, never changed."""

    @property
    def lock(self) -> Lock | None:
        """What seals and opens its files; None where no key is given."""
        ...

    @property
    def place(self) -> str:
        """Where the files are, in words."""
        ...

    def keep_file(self, source: Path) -> Kept:
        """Keep a file's bytes.

        Raises:
            InputError: the file is not there, or went away while it was read.
            AccessError: it may not be read, or the vault may not be written.
            TemporaryError: the vault's disk is full or failed, or its database is away.
        """
        ...

    def keep(self, blocks: Iterable[bytes]) -> Kept:
        """Keep a stream of bytes, in a transaction of its own; raises what ``keep_file`` raises."""
        ...

    def has(self, sha256: str) -> bool:
        """Whether the file is there, whole or not."""
        ...

    def read(self, sha256: str) -> Generator[bytes, None, None]:
        """The bytes of a kept file in blocks (close it to let go early).

        Raises:
            StoreError: the vault lacks it, or what was sealed is damaged.
            AccessError: it is sealed for a key that is not given.
        """
        ...

    def open(self, sha256: str) -> IO[bytes]:
        """The bytes of a kept file as a stream that can be sought in; raises what ``read`` raises, when it is read."""
        ...

    def size(self, sha256: str) -> int:
        """The bytes of a kept file, plain; StoreError when the vault lacks it."""
        ...

    def digests(self) -> Iterator[str]:
        """The digests of all kept files, in order."""
        ...

    def newest(self, most: int) -> list[str]:
        """The digests of the files that were kept last."""
        ...

    def intact(self, sha256: str) -> bool:
        """Whether the bytes are there and still hash to their name; AccessError without their key."""
        ...

    def held(self) -> Iterator[Held]:
        """How each file is held, in order of their digests; one held twice comes twice."""
        ...

    def seal_anew(self, sha256: str) -> bool:
        """Hold a file as the lock says now: for its key, or plain. False when it was so already.

        The new copy is read back and its digest compared before the old one goes; a kill leaves one of them whole.

        Raises:
            StoreError: the file is not what it was; it is left as it is. AccessError: its key is not given.
        """
        ...

    def remove(self, sha256: str) -> None:
        """Let a file go, however it is held; it is elsewhere by now."""
        ...

    def tidy(self) -> None:
        """Let go what killed writers left half-written; what is younger than a day may be somebody's work."""
        ...


class KeptFile(msgspec.Struct, frozen=True):
    """A file of a vault, for those who open what they send as they open a path."""

    vault: Vault
    sha256: str

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """Its bytes, from the start; raises what ``Vault.open`` raises."""
        del mode
        return self.vault.open(self.sha256)


class Place(msgspec.Struct, frozen=True):
    """Where a store keeps its files: a folder, or the database itself (None); ``lock`` seals and opens them."""

    folder: Path | None
    lock: Lock | None = None


def _at_once(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def read_blocks(path: Path) -> Generator[bytes, None, None]:
    """A file's bytes in blocks; InputError when it is no file or not there, AccessError when it may not be read."""
    try:
        with open(path, "rb", opener=_at_once) as source:
            if not S_ISREG(os.fstat(source.fileno()).st_mode):
                raise InputError(f"{path.name}: is a pipe or device and no file")
            while block := source.read(BLOCK):
                yield block
    except FileNotFoundError:
        raise InputError(f"{path.name}: no such file, or it went away") from None
    except PermissionError:
        raise AccessError(f"{path.name}: may not be read") from None
    except IsADirectoryError:
        raise InputError(f"{path.name}: is a folder") from None
    except OSError as error:
        raise TemporaryError(f"{path.name}: reading failed ({os.strerror(error.errno or 0)})") from None


def digest_of(blocks: Generator[bytes, None, None]) -> str:
    """The SHA-256 of a stream of bytes in hex; it is closed whatever happens."""
    digest = hashlib.sha256()
    with closing(blocks):
        for block in blocks:
            digest.update(block)
    return digest.hexdigest()


def not_ours(sha256: str, place: str) -> AccessError:
    """What to say where a file is sealed for a key that is not given."""
    return AccessError(
        f"the file {sha256[:12]}… of the vault {place} is encrypted for a key that is not given: set [privacy] "
        "key_file or key_env in claimloop.toml"
    )


@contextlib.contextmanager
def perhaps_sealing(lock: Lock | None, sink: IO[bytes]) -> Iterator[IO[bytes]]:
    """A stream whose bytes reach ``sink`` sealed when the lock has a key for new files, else as they are."""
    if lock is None or not lock.key:
        yield sink
        return
    with lock.sealing(sink) as stream:
        yield stream


class SoughtStream(io.RawIOBase):
    """A stream that can only be read on, made one that can be sought in: by reading it again from the start.

    Two blocks back and the end of the file are remembered, so that who reads a zip archive in order reads it twice.
    """

    def __init__(self, read: Callable[[], Generator[bytes, None, None]], size: int) -> None:
        super().__init__()
        self._read = read
        self._size = size
        self._position = 0
        self._blocks: Generator[bytes, None, None] | None = None
        self._before = self._block = b""
        self._start = 0
        """Where ``_block`` begins; ``_before`` ends there."""
        self._tail: bytes | None = None

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def seekable(self) -> bool:
        """It can be sought in."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; nothing is read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what comes next into a buffer; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if self._position >= self._size or not len(view):
            return 0
        data, offset = self._here()
        part = data[offset : offset + len(view)]
        view[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        """Let the stream go."""
        if self._blocks is not None:
            self._blocks.close()
            self._blocks = None
        super().close()

    def _here(self) -> tuple[bytes, int]:
        """Bytes that hold the next one, and where in them it is."""
        tail_start, end = max(0, self._size - _TAIL), self._start + len(self._block)
        sought = self._blocks is None or self._position > end  # who reads on needs no second pass
        if self._position >= max(tail_start, end) and (sought or self._tail is not None):
            if self._tail is None:
                self._tail = self._last()
            return self._tail, self._position - tail_start
        if self._blocks is None or self._position < self._start - len(self._before):
            self._begin()
        while self._position >= self._start + len(self._block):
            self._next()
        if self._position >= self._start:
            return self._block, self._position - self._start
        return self._before, self._position - (self._start - len(self._before))

    def _begin(self) -> None:
        """Read from the start."""
        if self._blocks is not None:
            self._blocks.close()
        self._blocks = self._read()
        self._before = self._block = b""
        self._start = 0

    def _next(self) -> None:
        """Take the next block of the stream; EOFError where it has less than was said."""
        block = next(self._blocks, b"") if self._blocks is not None else b""
        if not block:
            raise EOFError
        self._start += len(self._block)
        self._before, self._block = self._block, block

    def _last(self) -> bytes:
        """The end of the file."""
        kept = bytearray()
        with closing(self._read()) as blocks:
            for block in blocks:
                kept += block
                del kept[:-_TAIL]
        return bytes(kept)
