"""A clearinghouse that is a pair of folders: a mounted share, or the drop of a vendor's own uploader."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Literal

from edi.model.errors import InputError
from edi.transport.base import DamagedTransferError, Delivery, NameTakenError, RemoteFile

AfterFetch = Literal["archive", "delete", "keep"]
_CHUNK = 1 << 20
_PARTIAL = ".part"


class FolderTransport:
    """Delivers into ``outbound`` and fetches from ``inbound``.

    A file is written under a hidden temporary name in the target folder, flushed to disk, read back, compared in size
    and digest, and only then renamed. Names that start with a dot or end in ``.part``, ``.tmp`` or ``.filepart`` are
    somebody's unfinished work and are left alone.
    """

    def __init__(self, outbound: Path, inbound: Path, *, after_fetch: AfterFetch = "archive") -> None:
        self._outbound = outbound
        self._inbound = inbound
        self._after_fetch = after_fetch

    def put(self, name: str, source: Path, sha256: str) -> Delivery:
        """Deliver ``source`` as ``name``; see `Transport.put`.

        Raises:
            NameTakenError: other content is there under that name.
            DamagedTransferError: what was written does not read back the same; the temporary file is gone.
            OSError: the folder cannot be written.
        """
        target = self._outbound / _plain_name(name)
        size = source.stat().st_size
        if target.exists():
            if _digest(target) == sha256:
                return Delivery(name=name, size=size, sha256=sha256, already_there=True)
            raise NameTakenError(
                f"{name}: the folder holds other content under this name; nothing was overwritten"
            )
        _copy_whole(source, target, sha256)
        return Delivery(name=name, size=size, sha256=sha256)

    def listing(self) -> list[RemoteFile]:
        """Return the finished files in the inbound folder, by name."""
        found = [
            RemoteFile(name=path.name, size=path.stat().st_size)
            for path in self._inbound.iterdir()
            if path.is_file() and not path.is_symlink() and not _unfinished(path.name)
        ]
        return sorted(found, key=lambda file: file.name)

    def get(self, name: str, folder: Path) -> Path:
        """Copy ``name`` whole into ``folder``; an identical file that is already there is left as it is.

        Payers use a name again for another file: the second one gets the first digits of its digest before its name.

        Raises:
            InputError: the name is not a plain file name.
            DamagedTransferError: the copy does not read back the same (the file may still be growing).
            OSError: not there, or not readable.
        """
        source = self._inbound / _plain_name(name)
        target = folder / name
        sha256 = _digest(source)
        if target.exists() and _digest(target) != sha256:
            target = folder / f"{sha256[:12]}-{name}"
        if target.exists():
            return target
        _copy_whole(source, target, sha256)
        return target

    def settle(self, name: str) -> None:
        """Archive (into ``archive/`` beside the file), delete or keep the fetched file."""
        source = self._inbound / _plain_name(name)
        if self._after_fetch == "keep" or not source.exists():
            return
        if self._after_fetch == "delete":
            source.unlink()
            return
        archive = self._inbound / "archive"
        archive.mkdir(exist_ok=True)
        target = archive / name
        if target.exists():
            target = archive / f"{_digest(source)[:12]}-{name}"
        source.replace(target)


def _plain_name(name: str) -> str:
    if not name or name != Path(name).name or name in (".", ".."):
        raise InputError(f"{name!r} is not a plain file name")
    return name


def _unfinished(name: str) -> bool:
    return name.startswith(".") or name.endswith((_PARTIAL, ".tmp", ".filepart"))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copy_whole(source: Path, target: Path, sha256: str) -> None:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}{_PARTIAL}")
    try:
        with source.open("rb") as reader, temporary.open("xb") as writer:
            shutil.copyfileobj(reader, writer, _CHUNK)
            writer.flush()
            os.fsync(writer.fileno())
        if temporary.stat().st_size != source.stat().st_size or _digest(temporary) != sha256:
            raise DamagedTransferError(f"{target.name}: what was written does not read back the same")
        _reveal(temporary, target)
    except FileExistsError:
        if _digest(target) != sha256:
            raise NameTakenError(
                f"{target.name}: another process put other content under this name"
            ) from None
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
