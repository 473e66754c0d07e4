"""A clearinghouse that is a pair of folders: a mounted share, or the drop of a vendor's own uploader."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal

from edi.transport.base import (
    DamagedTransferError,
    InDoubtError,
    NameTakenError,
    RemoteFile,
    Source,
    Whereabouts,
    file_name,
    is_unfinished,
    plain_name,
    temporary_name,
)
from edi.transport.whole import copy_whole, digest_of, place_for, reveal_whole, write_synced

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

    def look(self, name: str, sha256: str, size: int) -> Whereabouts:
        """What the outbound folder shows of our file; see `Transport.look`.

        Raises:
            OSError: the folder cannot be read.
        """
        target = self._outbound / plain_name(name)
        if target.exists():
            return Whereabouts.THERE if digest_of(target) == sha256 else Whereabouts.OTHER
        staged = self._outbound / temporary_name(name, sha256)
        whole = staged.exists() and staged.stat().st_size == size
        return Whereabouts.STAGED if whole else Whereabouts.ABSENT

    def stage(self, name: str, source: Source, sha256: str) -> None:
        """Write ``source`` beside its place; see `Transport.stage`.

        Raises:
            DamagedTransferError: what was written does not read back the same; the temporary file is gone.
            OSError: the folder cannot be written.
        """
        with source.open("rb") as reader:
            write_synced(
                reader, self._outbound / temporary_name(plain_name(name), sha256), sha256, mode=0o666
            )

    def reveal(self, name: str, sha256: str) -> None:
        """Give the staged file its name; see `Transport.reveal`.

        Raises:
            NameTakenError: other content is there under that name.
            InDoubtError: neither it nor what was staged is there.
            OSError: the folder cannot be written.
        """
        target = self._outbound / plain_name(name)
        staged = self._outbound / temporary_name(name, sha256)
        if not target.exists() and not staged.exists():
            raise InDoubtError(f"{name}: neither the file nor what was staged of it is in the folder")
        if not target.exists():
            with suppress(FileExistsError):
                reveal_whole(staged, target)
                return
        if digest_of(target) != sha256:
            raise NameTakenError(
                f"{name}: the folder holds other content under this name; nothing was overwritten"
            )
        staged.unlink(missing_ok=True)

    def listing(self) -> list[RemoteFile]:
        """Return the finished files in the inbound folder, by name."""
        found = []
        for path in self._inbound.iterdir():
            if path.is_file() and not path.is_symlink() and not is_unfinished(path.name):
                told = path.stat()
                found.append(RemoteFile(name=path.name, size=told.st_size, modified=int(told.st_mtime)))
        return sorted(found, key=lambda file: file.name)

    def get(self, file: RemoteFile, folder: Path) -> Path:
        """Copy a file whole into ``folder``, under `safe_name`; an identical one that is there already stays as it is.

        Payers use a name again for another file: the second one gets the first digits of its digest before its name.

        Raises:
            InputError: the name leads out of the folder.
            DamagedTransferError: it is not as large as when it was listed, or the copy does not read back the same.
            OSError: not there, or not readable.
        """
        source = self._inbound / file_name(file.name)
        if source.stat().st_size != file.size:
            raise DamagedTransferError(f"{file.here}: it changed while it was being fetched")
        sha256 = digest_of(source)
        target = place_for(folder, file.here, sha256)
        if not target.exists():
            copy_whole(source, target, sha256)
        return target

    def settle(self, file: RemoteFile, sha256: str) -> bool:
        """Archive (into ``archive/`` beside the file), delete or keep the file that was fetched.

        A file that is no longer the one fetched (it grew, or another took its name) is left for the next fetch.
        """
        source = self._inbound / file_name(file.name)
        if not source.exists() or digest_of(source) != sha256:
            return False
        if self._after_fetch == "keep":
            return True
        if self._after_fetch == "delete":
            source.unlink()
            return True
        archive = self._inbound / "archive"
        archive.mkdir(exist_ok=True)
        target = archive / file.name
        if target.exists():
            target = archive / f"{sha256[:12]}-{file.here}"
        source.replace(target)
        return True

    def close(self) -> None:
        """Nothing is held open."""
