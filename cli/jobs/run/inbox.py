"""The inbox of a run: what was taken in, or refused, moves aside, so that it is not read every night."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from typing import Final

import msgspec

from cli.jobs.exchange import quiet
from cli.jobs.ingest import files_of
from cli.jobs.manifest import REJECTED, FileEntry, unreadable
from cli.jobs.put_aside import NOT_TAKEN, TAKEN
from edi.transport.base import PARTIAL, is_unfinished
from edi.transport.whole import digest_of, place_for, private_folder, reveal_whole

_QUIET: Final = 1
"""Seconds that size and time of a file must stay the same, as of a trading partner's file where nothing is set."""


class Found(msgspec.Struct, frozen=True):
    """A file of the inbox, and what tells it from another under its name (device, number, size, time, mode)."""

    path: Path
    stamp: tuple[int, int, int, int, int]


def waiting_files(
    inbox: Path, whole: Collection[str], *, sleep: Callable[[float], None] = time.sleep
) -> tuple[list[Found], int]:
    """The files to take in, by name, and how many must wait because somebody may still be writing them.

    Args:
        inbox: the folder; it need not be there.
        whole: paths of files that this run fetched, which came under their names whole.
        sleep: how to wait until files are quiet; only where one has just changed.
    """
    if not inbox.is_dir():
        return [], 0
    latest: dict[Path, Found] = {}

    def look() -> list[Found]:
        listed = ((path, _stamp(path)) for path in files_of([inbox], inbox))
        found = [Found(path, stamp) for path, stamp in listed if stamp is not None]
        latest.update((one.path, one) for one in found)
        return [one for one in found if not is_unfinished(one.path.name)]

    def young(one: Found) -> bool:
        return (
            S_ISREG(one.stamp[4]) and str(one.path) not in whole and time.time() - one.stamp[3] / 1e9 < _QUIET
        )

    still = quiet(look, _QUIET, sleep, young)
    return still, len(latest) - len(still)


def move_aside(inbox: Path, file: Found, entry: FileEntry) -> bool:
    """Move a file to those that were taken in, or that were not; it replaces none of other content.

    Only what was looked at moves: a file that cannot be read stays, and so does another that came under its name.

    Returns:
        Whether the place is clear; False where something waits there for the next run.

    Raises:
        OSError: it cannot be moved.
    """
    path = file.path
    stamp = _stamp(path)
    if stamp is None:
        return True
    regular = S_ISREG(stamp[4])
    if stamp != file.stamp or unreadable(entry):
        return False
    if entry.sha256 is not None and (not regular or digest_of(path) != entry.sha256):
        return False
    target = inbox / (NOT_TAKEN if entry.outcome == REJECTED else TAKEN) / path.relative_to(inbox)
    private_folder(target.parent)
    aside = target.with_name(f".{token_hex(6)}-{path.name}{PARTIAL}")
    path.rename(aside)
    if _stamp(aside) != stamp:
        _put_back(aside, path)
        return False
    if regular:  # nothing of a link or pipe is read, here either
        aside.replace(place_for(target.parent, target.name, digest_of(aside)))
    else:
        aside.rename(target.with_name(f"{token_hex(6)}-{path.name}"))
    return True


def _put_back(aside: Path, path: Path) -> None:
    """Give a file its name in the inbox again, or one beside it where yet another has come under that."""
    try:
        reveal_whole(aside, path)
    except FileExistsError:
        aside.rename(path.with_name(f"{token_hex(6)}-{path.name}"))


def _stamp(path: Path) -> tuple[int, int, int, int, int] | None:
    try:
        told = path.lstat()
    except FileNotFoundError:
        return None
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_mode
