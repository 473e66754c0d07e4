"""Every file in or out, as bytes under its SHA-256: written once, synced, never changed.

Layout: ``VAULT/ab/cdef…`` (first two digits, then the rest). Files are 0600, folders 0700. A file is written under a
temporary name while it is hashed, synced, then renamed, and the folder synced: what has its name is whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from edi.model.errors import AccessError, ClaimloopError, InputError, StoreError, TemporaryError

BLOCK: Final = 1 << 20
"""Bytes read at a time."""


class Kept(msgspec.Struct, frozen=True):
    """A file that the vault holds: its digest, its size in bytes, and whether this call brought it."""

    sha256: str
    size: int
    new: bool


class Vault:
    """The folder of kept files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where the bytes of that digest are, or would be."""
        return self.folder / sha256[:2] / sha256[2:]

    def keep_file(self, source: Path) -> Kept:
        """Keep a file's bytes.

        Raises:
            InputError: the file is not there, or went away while it was read.
            AccessError: it may not be read, or the vault may not be written.
            TemporaryError: the vault's disk is full or failed.
        """
        return self.keep(read_blocks(source))

    def keep(self, blocks: Iterable[bytes]) -> Kept:
        """Keep a stream of bytes; raises what ``keep_file`` raises."""
        digest = hashlib.sha256()
        size = 0
        with _edge():
            _make_folder(self.folder)
            handle, name = tempfile.mkstemp(prefix=".part-", dir=self.folder)  # 0600
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as sink:
                for block in blocks:
                    digest.update(block)
                    size += len(block)
                    with _edge():
                        sink.write(block)
                with _edge():
                    sink.flush()
                    os.fsync(sink.fileno())
            sha256 = digest.hexdigest()
            target = self.path(sha256)
            if target.exists():
                return Kept(sha256, size, new=False)
            with _edge():
                _make_folder(target.parent)
                part.replace(target)
                _sync_folder(target.parent)
            return Kept(sha256, size, new=True)
        finally:
            part.unlink(missing_ok=True)

    def read(self, sha256: str) -> Generator[bytes, None, None]:
        """The bytes of a kept file in blocks (close it to let go early); StoreError when the vault lacks it."""
        path = self.path(sha256)
        if not path.is_file():
            raise StoreError(f"the vault lacks {sha256}")
        return read_blocks(path)

    def digests(self) -> Iterator[str]:
        """The digests of all kept files, in order."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            yield path.parent.name + path.name

    def intact(self, sha256: str) -> bool:
        """Whether the bytes are there and still hash to their name."""
        path = self.path(sha256)
        if not path.is_file():
            return False
        digest = hashlib.sha256()
        for block in read_blocks(path):
            digest.update(block)
        return digest.hexdigest() == sha256


def read_blocks(path: Path) -> Generator[bytes, None, None]:
    """A file's bytes in blocks; InputError when it is not there, AccessError when it may not be read."""
    try:
        with path.open("rb") as source:
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


def _make_folder(folder: Path) -> None:
    """Make a folder for us alone, and sync the folder that names it."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in a folder last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _edge() -> Iterator[None]:
    """Turn what the disk says into our exceptions."""
    try:
        yield
    except OSError as error:
        kind: type[ClaimloopError] = TemporaryError
        why = os.strerror(error.errno or 0)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            kind = AccessError
        raise kind(f"the vault cannot be written: {why}") from None
