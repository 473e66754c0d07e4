"""The vault as a folder: ``VAULT/ab/cdef…`` (first two digits, then the rest), sealed ones ``cdef….KEY.age``.

Files are 0600, folders 0700, whatever the umask. A file is written under a temporary name while it is hashed, synced,
then renamed, and the folder synced: what has its name is whole. The name of a sealed file says for which key it is, so
that a change of keys knows what is left to do.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import heapq
import io
import os
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from edi.model.errors import AccessError, ClaimloopError, InputError, StoreError, TemporaryError
from reconcile.store.vault.base import (
    BLOCK,
    Held,
    Kept,
    Lock,
    SoughtStream,
    digest_of,
    not_ours,
    perhaps_sealing,
    read_blocks,
)

_SEALED: Final = ".age"
_HEAD: Final = 1 << 16
_PART: Final = ".part-"
_DAY: Final = 86_400
_DIGEST: Final = 64
_LOOKS: Final = 3


class FolderVault:
    """The folder of kept files; see `Vault`."""

    def __init__(self, folder: Path, lock: Lock | None = None) -> None:
        self.folder = folder
        self.lock = lock

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    def path(self, sha256: str, key: str = "") -> Path:
        """Where the bytes of that digest are, or would be, plain or sealed for a key."""
        return self.folder / sha256[:2] / (f"{sha256[2:]}.{key}{_SEALED}" if key else sha256[2:])

    def keep_file(self, source: Path) -> Kept:
        """Keep a file's bytes; see `Vault`."""
        return self.keep(read_blocks(source))

    def keep(self, blocks: Iterable[bytes]) -> Kept:
        """Keep a stream of bytes; see `Vault`."""
        with self._part(blocks) as (part, sha256, size):
            if self.has(sha256):
                return Kept(sha256, size, new=False)
            self._name(part, self._wanted(sha256))
        return Kept(sha256, size, new=True)

    def has(self, sha256: str) -> bool:
        """Whether the file is there; see `Vault`."""
        return any(True for _ in self._copies(sha256))

    def read(self, sha256: str) -> Generator[bytes, None, None]:
        """The bytes of a kept file; see `Vault`. What is missing is said at once."""
        self._readable(sha256)
        return self._blocks(sha256)

    def open(self, sha256: str) -> IO[bytes]:
        """The bytes of a kept file to seek in; see `Vault`."""
        source, key = self._source(sha256)
        if not key:
            return source
        source.close()
        return io.BufferedReader(SoughtStream(lambda: self._blocks(sha256), self.size(sha256)), BLOCK)

    def size(self, sha256: str) -> int:
        """The bytes of a kept file, plain; see `Vault`."""
        path, key = self._readable(sha256)
        stored = path.stat().st_size
        if not key or self.lock is None:
            return stored
        with path.open("rb") as source:
            return self.lock.plain_size(source.read(_HEAD), stored)

    def digests(self) -> Iterator[str]:
        """The digests of all kept files, in order; see `Vault`."""
        last = ""
        for _, sha256, _key in self._all():
            if sha256 != last:
                yield sha256
            last = sha256

    def newest(self, most: int) -> list[str]:
        """The digests of the files that were kept last; see `Vault`."""
        latest = heapq.nlargest(most, self._times())
        return list(dict.fromkeys(sha256 for _, sha256 in latest))

    def _times(self) -> Iterator[tuple[float, str]]:
        for path, sha256, _ in self._all():
            with contextlib.suppress(FileNotFoundError):  # it was sealed anew meanwhile
                yield path.stat().st_mtime, sha256

    def intact(self, sha256: str) -> bool:
        """Whether the bytes are there and still hash to their name; see `Vault`."""
        try:
            return digest_of(self.read(sha256)) == sha256
        except (StoreError, InputError):
            return False

    def held(self) -> Iterator[Held]:
        """How each file is held; see `Vault`."""
        for path, sha256, key in self._all():
            with contextlib.suppress(FileNotFoundError):  # it was sealed anew meanwhile
                yield Held(sha256, key, path.stat().st_size)

    def seal_anew(self, sha256: str) -> bool:
        """Hold a file as the lock says now; see `Vault`."""
        target = self._wanted(sha256)
        others = [path for path, _ in self._copies(sha256) if path != target]
        if not others:
            return False
        if not target.exists() or not self._reads_back(target, sha256):
            with self._part(self.read(sha256)) as (part, found, _size):
                if found != sha256 or not self._reads_back(part, sha256):
                    raise StoreError(
                        f"the file {sha256} of the vault is not what it was; it is left as it is"
                    )
                self._name(part, target)
        for path in others:
            path.unlink(missing_ok=True)
        return True

    def adopt(self, other: FolderVault, sha256: str) -> None:
        """Take a file over from a vault on the same disk and with the same lock; it is whole there."""
        path, key = other._readable(sha256)
        self._name(path, self.path(sha256, key))

    def remove(self, sha256: str) -> None:
        """Let a file go; see `Vault`."""
        for path, _ in list(self._copies(sha256)):
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Let go what killed writers left half-written; see `Vault`."""
        for part in self.folder.glob(f"{_PART}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > _DAY:
                    part.unlink()

    # -- names ---------------------------------------------------------------------------------------------------------

    def _wanted(self, sha256: str) -> Path:
        """Where a new copy goes, sealed or not."""
        return self.path(sha256, self.lock.key if self.lock is not None else "")

    def _copies(self, sha256: str) -> Iterator[tuple[Path, str]]:
        """The copies of a file that are there, with their keys; the one that the lock asks for first."""
        wanted = self._wanted(sha256)
        names = dict.fromkeys([wanted, self.path(sha256)])
        if self.lock is not None:
            names.update(dict.fromkeys(self.path(sha256, key) for key in sorted(self.lock.keys)))
        found = False
        for path in names:
            if path.is_file():
                found = True
                yield path, _key_of(path.name)
        if not found:
            for path in sorted(wanted.parent.glob(f"{sha256[2:]}.*{_SEALED}")):
                yield path, _key_of(path.name)

    def _readable(self, sha256: str) -> tuple[Path, str]:
        """A copy that our keys open, and its key.

        Raises:
            StoreError: the vault lacks the file. AccessError: it is sealed for other keys.
        """
        known = frozenset() if self.lock is None else self.lock.keys
        there = False
        for path, key in self._copies(sha256):
            there = True
            if not key or key in known:
                return path, key
        if there:
            raise not_ours(sha256, self.place)
        raise StoreError(f"the vault lacks {sha256}")

    def _all(self) -> Iterator[tuple[Path, str, str]]:
        """Every copy with its digest and key, in order."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            sha256 = path.parent.name + path.name.partition(".")[0]
            if len(sha256) == _DIGEST:
                yield path, sha256, _key_of(path.name)

    # -- bytes ---------------------------------------------------------------------------------------------------------

    def _source(self, sha256: str) -> tuple[IO[bytes], str]:
        """An open copy that our keys open, and its key; another run may seal it anew between two looks."""
        for _ in range(_LOOKS):
            path, key = self._readable(sha256)
            try:
                return path.open("rb"), key
            except FileNotFoundError:
                continue
            except PermissionError:
                raise AccessError(f"the file {sha256} of the vault may not be read") from None
        raise TemporaryError(f"the file {sha256} of the vault is being sealed anew; try again")

    def _blocks(self, sha256: str) -> Generator[bytes, None, None]:
        """The plain bytes of a file."""
        source, key = self._source(sha256)
        with source:
            yield from self._plain(source, key, sha256)

    def _plain(self, source: IO[bytes], key: str, sha256: str) -> Generator[bytes, None, None]:
        """The plain bytes of an open copy."""
        try:
            if self.lock is None or not key:
                while block := source.read(BLOCK):
                    yield block
                return
            with self.lock.opening(source) as stream:
                while block := stream.read(BLOCK):
                    yield block
        except (InputError, AccessError):
            # The copy is under the name of a key of ours: where none opens it, its head is damaged.
            raise StoreError(f"the file {sha256} of the vault is damaged") from None
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise TemporaryError(f"the file {sha256} of the vault: reading failed ({why})") from None

    def _reads_back(self, path: Path, sha256: str) -> bool:
        """Whether a copy as the lock says now, just written or found, holds the bytes of that digest."""
        key = self.lock.key if self.lock is not None else ""
        try:
            with path.open("rb") as source:
                return digest_of(self._plain(source, key, sha256)) == sha256
        except StoreError:
            return False

    @contextlib.contextmanager
    def _part(self, blocks: Iterable[bytes]) -> Iterator[tuple[Path, str, int]]:
        """A temporary file of a stream's bytes, on the disk, with their digest and size; it goes with the block."""
        with _edge():
            make_folder(self.folder)
            handle, name = tempfile.mkstemp(prefix=_PART, dir=self.folder)  # 0600
        part = Path(name)
        digest, size = hashlib.sha256(), 0
        try:
            with os.fdopen(handle, "wb") as sink:
                with perhaps_sealing(self.lock, sink) as stream:
                    for block in blocks:
                        digest.update(block)
                        size += len(block)
                        with _edge():
                            stream.write(block)
                with _edge():
                    sink.flush()
                    os.fsync(sink.fileno())
            yield part, digest.hexdigest(), size
        finally:
            part.unlink(missing_ok=True)

    def _name(self, part: Path, target: Path) -> None:
        """Give a finished file its name, on the disk too."""
        with _edge():
            make_folder(target.parent)
            part.replace(target)
            _sync_folder(target.parent)


def _key_of(name: str) -> str:
    """The key that the name of a copy says, "" of a plain one."""
    return name.removesuffix(_SEALED).partition(".")[2]


def make_folder(folder: Path) -> None:
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
