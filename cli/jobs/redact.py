"""`redact`: de-identified copies of X12 files; see `edi.x12.redact`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from edi.model.errors import InputError, UsageError
from edi.transport.whole import stream_whole
from edi.x12.redact import Redactor, Renamed
from edi.x12.tokenizer import SyntaxProblem
from reconcile.store.vault import read_blocks

_SHORTEST_KEY: Final = 16


class NotRedacted(msgspec.Struct, frozen=True, kw_only=True):
    """A file of which there is no copy, and why."""

    file: str
    reason: str


class Redacted(msgspec.Struct, frozen=True, kw_only=True):
    """A file and its copy.

    Attributes:
        left_out: kinds of what was no segment, and is not in the copy.
        renamed: how many segments have another name in the copy, since theirs is none of X12.
    """

    file: str
    copy: str
    left_out: tuple[str, ...] = ()
    renamed: int = 0


def redact(
    files: Sequence[Path], out: Path, key_file: Path | None = None
) -> Iterator[Redacted | NotRedacted]:
    """Write a de-identified copy of each file.

    Args:
        files: X12 files of any kind.
        out: the folder of the copies; they have the names of the files.
        key_file: secret bytes that make the same value the same in later calls; None is a key for this call alone,
            which nobody keeps.

    Yields:
        Each file when its copy stands, or when it cannot be read or holds no X12.

    Raises:
        InputError: the key cannot be read.
        UsageError: a key that is too short, two files of one name, or a copy that would replace a file.
    """
    redactor = Redactor(secrets.token_bytes(32) if key_file is None else _key(key_file))
    names = [path.name for path in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two files are named {twice[0]}; copy them in two calls, with one --key-file")
    for path in files:
        target = out / path.name
        if target.exists():
            raise UsageError(f"{target} is there already; nothing was replaced")
        told: list[SyntaxProblem | Renamed] = []
        try:
            stream_whole(target, _copied(path, redactor, told))
        except InputError as error:
            yield NotRedacted(file=str(path), reason=str(error))
            continue
        yield Redacted(
            file=str(path),
            copy=str(target),
            left_out=tuple(dict.fromkeys(one.kind for one in told if isinstance(one, SyntaxProblem))),
            renamed=sum(one.segments for one in told if isinstance(one, Renamed)),
        )


def _copied(path: Path, redactor: Redactor, told: list[SyntaxProblem | Renamed]) -> Iterator[bytes]:
    """The bytes of a file's copy; what is to be told of it goes to ``told``, one of each kind."""
    empty = True
    for piece in redactor.copy(read_blocks(path)):
        if isinstance(piece, bytes):
            empty = False
            yield piece
        elif piece not in told:
            told.append(piece)
    if empty:
        raise InputError(f"{path.name}: there is no X12 in it; redact copies nothing else")


def _key(path: Path) -> bytes:
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if len(key) < _SHORTEST_KEY:
        raise UsageError(
            f"{path}: a key has {_SHORTEST_KEY} bytes at least; head -c 32 /dev/urandom makes one"
        )
    return key
