"""The practices' exports that [run] names: session files by pattern, and the records beside them."""

from __future__ import annotations

import os
from glob import escape, glob
from pathlib import Path
from typing import Final

import msgspec

from cli.inputs import RECORD_FILES, SUFFIXES, RecordFiles

_RECORDS: Final = frozenset(f"{name}{suffix}" for name in RECORD_FILES for suffix in SUFFIXES)


def matching(folder: Path, pattern: str) -> tuple[Path, ...]:
    """What a shell pattern names, sorted; hidden files are left out.

    Args:
        folder: where claimloop.toml lies; patterns that are no absolute path start there.
        pattern: of [run] sessions or deposits.
    """
    whole = os.path.join(escape(str(folder)), pattern)  # noqa: PTH118 - an absolute pattern stays as it is
    found = glob(whole, recursive=True)  # noqa: PTH207 - of pathlib it must be relative
    return tuple(sorted(Path(one) for one in found))


def sessions_of(folder: Path, pattern: str) -> tuple[Path, ...]:
    """The session files that a pattern names; patients, cases, authorizations and fees among them are none."""
    return tuple(path for path in matching(folder, pattern) if path.name.lower() not in _RECORDS)


def records_of(folder: Path, sessions: Path) -> RecordFiles:
    """The record files of a sessions file: each of them beside it, or else beside claimloop.toml."""
    usual = RecordFiles.beside(folder / "sessions.csv")
    return usual.replaced(**msgspec.structs.asdict(RecordFiles.beside(sessions)))
