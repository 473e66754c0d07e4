"""The inbox of a run: what was taken in, or refused, moves aside, so that it is not read every night."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex
from typing import Final

from edi.transport.whole import digest_of, place_for, private_folder

_TAKEN: Final = "taken"
_NOT_TAKEN: Final = "not-taken"


def was_put_aside(inbox: Path, path: Path) -> bool:
    """Whether a file of the inbox was moved aside by an earlier run."""
    return path.relative_to(inbox).parts[0] in (_TAKEN, _NOT_TAKEN)


def move_aside(inbox: Path, path: Path, *, taken: bool) -> None:
    """Move a file of the inbox to those that were taken in, or that were not; it replaces none of other content.

    Raises:
        OSError: it cannot be moved.
    """
    target = inbox / (_TAKEN if taken else _NOT_TAKEN) / path.relative_to(inbox)
    private_folder(target.parent)
    if path.is_symlink() or not path.is_file():  # nothing of it is read, here either
        path.rename(target.with_name(f"{token_hex(6)}-{path.name}"))
        return
    path.replace(place_for(target.parent, target.name, digest_of(path)))
