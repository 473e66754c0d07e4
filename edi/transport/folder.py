"""A clearinghouse that is a pair of folders: a mounted share, or the drop of a vendor's own uploader."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from edi.model.errors import InputError
from edi.transport.base import Delivery, NameTakenError, RemoteFile
from edi.transport.whole import PARTIAL, copy_whole, digest_of

AfterFetch = Literal["archive", "delete", "keep"]


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
            if digest_of(target) == sha256:
                return Delivery(name=name, size=size, sha256=sha256, already_there=True)
            raise NameTakenError(
                f"{name}: the folder holds other content under this name; nothing was overwritten"
            )
        copy_whole(source, target, sha256)
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
        sha256 = digest_of(source)
        if target.exists() and digest_of(target) != sha256:
            target = folder / f"{sha256[:12]}-{name}"
        if target.exists():
            return target
        copy_whole(source, target, sha256)
        return target

    def holds(self, name: str, sha256: str) -> bool:
        """Whether the outbound folder has this very file under the name."""
        target = self._outbound / _plain_name(name)
        return target.is_file() and digest_of(target) == sha256

    def settle(self, name: str, sha256: str) -> bool:
        """Archive (into ``archive/`` beside the file), delete or keep the file that was fetched.

        A file that is no longer the one fetched (it grew, or another took its name) is left for the next fetch.
        """
        source = self._inbound / _plain_name(name)
        if not source.exists() or digest_of(source) != sha256:
            return False
        if self._after_fetch == "keep":
            return True
        if self._after_fetch == "delete":
            source.unlink()
            return True
        archive = self._inbound / "archive"
        archive.mkdir(exist_ok=True)
        target = archive / name
        if target.exists():
            target = archive / f"{sha256[:12]}-{name}"
        source.replace(target)
        return True


def _plain_name(name: str) -> str:
    if not name or name != Path(name).name or name in (".", ".."):
        raise InputError(f"{name!r} is not a plain file name")
    return name


def _unfinished(name: str) -> bool:
    return name.startswith(".") or name.endswith((PARTIAL, ".tmp", ".filepart"))
