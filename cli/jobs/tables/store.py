"""The tables of an installation on disk: a list of what is loaded, and one file for each part of a release.

``releases.csv`` is the point of no return: data files carry their digest in their name and are written first, the list
is replaced last, in one step. Whatever breaks before leaves the old list, and with it the old tables, in force. The
files of the list before stay until the next update: a scrub that has read that list finds them still.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from cli.private import private_file
from cli.settings import Settings
from edi.codes import Tables, load_tables
from edi.codes.editions import ALL_BLOCKS, BLOCK, Installed
from edi.codes.values import Edition
from edi.model.errors import AccessError, InputError, TemporaryError

LIST: Final = "releases.csv"
_COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(Edition))
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date of everything in a data file, so that the same rows are the same bytes."""
DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError,
)  # fmt: skip
"""What zipfile raises on a damaged or locked archive: each by the byte that is wrong."""
_DIGITS: Final = 12
"""How much of the digest stands in the name of a data file."""
_DATA: Final = ("ptp-*.zip", "mue-*.csv", "carc-*.csv", "rarc-*.csv")


def tables_of(settings: Settings) -> Tables:
    """The code tables of an installation: those that are shipped, and beside them what `tables update` loaded.

    Raises:
        InputError: the list of what is loaded is damaged.
        AccessError: it may not be read.
    """
    if not settings.tables.folder:
        return load_tables()
    installed = load_installed(Path(settings.tables.folder))
    return Tables(installed=installed) if installed.editions else load_tables()


def load_installed(folder: Path) -> Installed:
    """What an installation loaded; nothing when the folder is not there. Rows are read when they are asked for.

    Raises:
        InputError: the list, or later a file it names, is damaged or missing.
    """
    path = folder / LIST
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Installed()
    except OSError as error:
        raise AccessError(f"{path}: {error.strerror}") from None
    try:
        editions = tuple(_listed(data.decode()))
    except (msgspec.ValidationError, ValueError, csv.Error):
        raise InputError(
            f"{path}: damaged; remove it and run claimloop tables update with the files again"
        ) from None
    return Installed(editions, reader_of(folder))


def _listed(text: str) -> Iterator[Edition]:
    """The rows of the list.

    Raises:
        ValueError, msgspec.ValidationError, csv.Error: it is cut off or is no such list.
    """
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if not {"code", "release", "digest"}.issubset(rows.fieldnames or ()) or not text.endswith("\n"):
        raise ValueError
    for row in rows:
        if None in row or None in row.values():
            raise ValueError
        yield msgspec.convert({name: value for name, value in row.items() if value}, Edition, strict=False)


def reader_of(folder: Path, fresh: Mapping[str, bytes] | None = None) -> Callable[[str, str], str]:
    """Reads kept text by data file and block; archives stay open for the life of the reader.

    Args:
        folder: of the tables.
        fresh: data files that are not written yet, by name.
    """
    unwritten = fresh or {}

    def opened(data: str) -> io.BytesIO | Path:
        return io.BytesIO(unwritten[data]) if data in unwritten else folder / data

    @cache
    def archive(data: str) -> tuple[zipfile.ZipFile, frozenset[str]]:
        found = zipfile.ZipFile(opened(data))
        return found, frozenset(found.namelist())

    def read(data: str, block: str) -> str:
        try:
            if not data.endswith(".zip"):
                return _whole(data, unwritten[data] if data in unwritten else (folder / data).read_bytes())
            found, names = archive(data)
            if block == ALL_BLOCKS:
                return "\n".join(sorted(names))
            return found.read(block).decode() if block in names else ""
        except DAMAGED:
            raise InputError(
                f"{folder / data}: missing or damaged; run claimloop tables update with its file again"
            ) from None

    return read


def _whole(name: str, content: bytes) -> str:
    """The text of a CSV file.

    Raises:
        ValueError: the digest in its name is not its own.
    """
    if not Path(name).stem.endswith(hashlib.sha256(content).hexdigest()[:_DIGITS]):
        raise ValueError(name)
    return content.decode()


def is_sound(folder: Path, edition: Edition) -> bool:
    """Whether the file of an edition's rows is there and its rows have the edition's digest."""
    path = folder / edition.data
    digest = hashlib.sha256()
    try:
        if path.suffix != ".zip":
            digest.update(path.read_bytes())
        else:
            with zipfile.ZipFile(path) as archive:
                for name in sorted(archive.namelist()):
                    _add_block(digest, archive.read(name))
    except DAMAGED:
        return False
    return digest.hexdigest() == edition.digest


def _add_block(digest: hashlib._Hash, block: bytes) -> None:
    digest.update(block + b"\n")


class Data(msgspec.Struct, frozen=True):
    """Rows ready to be kept: the bytes of their file, the digest that names it, and how many rows they are."""

    suffix: str
    content: bytes
    digest: str
    rows: int


def pack_pairs(lines: Iterable[str]) -> Data:
    """NCCI pairs in blocks by column 1, sorted, each once."""
    blocks: dict[str, set[str]] = {}
    for line in lines:
        blocks.setdefault(line[:BLOCK], set()).add(line)
    digest = hashlib.sha256()
    target = io.BytesIO()
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name in sorted(blocks):
            block = sorted(blocks.pop(name))
            count += len(block)
            text = "\n".join(block).encode()
            _add_block(digest, text)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return Data(".zip", target.getvalue(), digest.hexdigest(), count)


def pack_rows(header: str, lines: Iterable[str]) -> Data:
    """Rows as a CSV file, sorted."""
    kept = sorted(lines)
    text = "\n".join((header, *kept)) + "\n"
    return Data(".csv", text.encode(), hashlib.sha256(text.encode()).hexdigest(), len(kept))


def data_name(edition: Edition, suffix: str) -> str:
    """The name of the file that holds an edition's rows: table, release, part and the start of the digest."""
    parts = [edition.code, edition.release, edition.part, edition.digest[:_DIGITS]]
    return "-".join(part for part in parts if part) + suffix


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder against another update at the same time; it is made when it is not there.

    Raises:
        TemporaryError: another update is running.
        AccessError: nothing may be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise AccessError(f"{folder}: nothing may be written there") from None
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except OSError:
        raise TemporaryError(f"{folder}: another update is running; try again when it is done") from None
    else:
        yield
    finally:
        os.close(descriptor)


def commit(
    folder: Path, editions: Sequence[Edition], content: Mapping[str, bytes], before: Sequence[Edition]
) -> None:
    """Put new data files beside the old ones, then the list in one step; what neither list names is removed.

    Args:
        folder: of the tables, locked by the caller.
        editions: all of them, as they are to stand from now on.
        content: the bytes of the new data files by name.
        before: the editions of the list that is there; a run that has read it finds their files still.

    Raises:
        OSError: the disk is full or may not be written; the old tables stay in force.
    """
    for name, data in content.items():
        _replace(folder / name, data)
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in sorted(editions, key=lambda one: (one.code, one.release, one.part)):
        values = msgspec.to_builtins(one)
        writer.writerow(["" if values[name] is None else values[name] for name in _COLUMNS])
    _replace(folder / LIST, target.getvalue().encode())
    named = {one.data for one in (*editions, *before)}
    for pattern in _DATA:
        for path in folder.glob(pattern):
            if path.name not in named:
                path.unlink()


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    try:
        with private_file(temporary) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
