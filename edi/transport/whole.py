"""Files that are whole or not there: written beside their place, flushed, read back, and only then given their name."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from edi.transport.base import PARTIAL, DamagedTransferError, NameTakenError

_CHUNK: Final = 1 << 20


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex; OSError when it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_whole(source: Path, target: Path, sha256: str) -> None:
    """Copy a file to ``target``, which only its owner may read; see `_write_whole`.

    DamagedTransferError too when the source is not ``sha256``.
    """
    with source.open("rb") as reader:
        _write_whole(reader, target, sha256, mode=0o600)


def put_whole(path: Path, data: bytes) -> None:
    """Write bytes to a file that only its owner may read, making its folder if need be; see `_write_whole`."""
    private_folder(path.parent)
    _write_whole(io.BytesIO(data), path, hashlib.sha256(data).hexdigest(), mode=0o600)


def stream_whole(path: Path, blocks: Iterable[bytes]) -> None:
    """Write blocks to a file that only its owner may read, as they come, making its folder if need be.

    Whatever stops it, an error of ``blocks`` too, leaves nothing behind. Raises as `put_whole` does, and NameTakenError
    whatever stands under the name.
    """
    private_folder(path.parent)
    temporary = path.with_name(f".{secrets.token_hex(12)}{PARTIAL}")
    digest = hashlib.sha256()
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb", buffering=_CHUNK) as writer:
            for block in blocks:
                writer.write(block)
                digest.update(block)
            writer.flush()
            os.fsync(writer.fileno())
        if digest_of(temporary) != digest.hexdigest():
            raise DamagedTransferError(f"{path.name}: what was written does not read back the same")
        reveal_whole(temporary, path)
    except FileExistsError:
        raise NameTakenError(f"{path.name}: another process put a file under this name") from None
    finally:
        temporary.unlink(missing_ok=True)


def replace_whole(path: Path, data: bytes) -> None:
    """Write bytes to a file that only its owner may read, in place of what stands there, whole or not at all.

    Raises:
        DamagedTransferError: what was written does not read back the same; what stood there still does.
        OSError: the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{PARTIAL}")
    try:
        write_synced(io.BytesIO(data), temporary, hashlib.sha256(data).hexdigest(), mode=0o600)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for its owner alone."""
    for one in (*reversed(folder.parents), folder):
        if not one.is_dir():
            one.mkdir(exist_ok=True, mode=0o700)


def place_for(folder: Path, name: str, sha256: str) -> Path:
    """Where a file of that content belongs: under its name, unless another content has it."""
    target = folder / name
    if target.exists() and digest_of(target) != sha256:
        return folder / f"{sha256[:12]}-{name}"
    return target


def write_synced(reader: IO[bytes], path: Path, sha256: str, *, mode: int) -> None:
    """Write what ``reader`` gives to a temporary file, flush it to the disk and read it back.

    Raises:
        DamagedTransferError: what was written does not read back as ``sha256``; nothing is left of it.
        OSError: the folder cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as writer:
        shutil.copyfileobj(reader, writer, _CHUNK)
        writer.flush()
        os.fsync(writer.fileno())
    if digest_of(path) != sha256:
        path.unlink(missing_ok=True)
        raise DamagedTransferError(f"{path.name}: what was written does not read back the same")


def reveal_whole(temporary: Path, target: Path) -> None:
    """Give a finished temporary file its final name, on the disk too; FileExistsError when the name is taken."""
    _reveal(temporary, target)
    temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def _write_whole(reader: IO[bytes], target: Path, sha256: str, *, mode: int) -> None:
    """Write what ``reader`` gives; file and folder are synced to the disk, and no other file is ever replaced.

    Raises:
        DamagedTransferError: what was written does not read back as ``sha256``; nothing is left of it.
        NameTakenError: another process put other content under the name.
        OSError: the folder cannot be written.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}{PARTIAL}")
    try:
        write_synced(reader, temporary, sha256, mode=mode)
        reveal_whole(temporary, target)
    except FileExistsError:
        if digest_of(target) != sha256:
            raise NameTakenError(
                f"{target.name}: another process put other content under this name"
            ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _reveal(temporary: Path, target: Path) -> None:
    """Give the finished file its final name without ever replacing another; shares without hard links rename."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK):
            raise
        if target.exists():
            raise FileExistsError(error.errno, "file exists", str(target)) from None
        temporary.rename(target)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last over a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
