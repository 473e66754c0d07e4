"""Zip archives that came in: looked at before anything is unpacked, then taken member by member, never onto the disk.

What an archive says of itself is checked against limits, so that one that would unpack into more than it may is refused
whole. A member is read no further than the size that was checked.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Final

import msgspec

from edi.model.errors import InputError
from edi.transport.base import is_plain

KIND: Final = "zip"
_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_BLOCK: Final = 1 << 20
_END: Final = b"PK\x05\x06"
_END_SIZE: Final = 22
_LONGEST_COMMENT: Final = 65_535
_LARGE_END: Final = b"PK\x06\x07"
_LARGE_END_SIZE: Final = 20
_DIRECTORY_LIMIT: Final = 8 << 20
_ENCRYPTED: Final = 0x1
_FILES_AND_FOLDERS: Final = (0, 0o100000, 0o040000)
_FILE_TYPE: Final = 0o170000
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)
_READABLE: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much an archive may hold: members, bytes in all, and bytes for each packed byte."""

    members: int = 10_000
    size: int = 2 << 30
    ratio: int = 200


class Member(msgspec.Struct, frozen=True):
    """A file in an archive: its own name without folders, its size in bytes, and how the archive names it."""

    name: str
    size: int
    inside: str


def is_archive(head: bytes) -> bool:
    """Whether a file with those first bytes begins as a zip archive does."""
    return head.startswith(_MAGIC)


def members(source: IO[bytes], limits: Limits) -> list[Member] | str:
    """The members of an archive in its order, folders left out; or why it is refused, in words.

    Args:
        source: the archive, a stream that can be sought in.
        limits: what it may hold.
    """
    size = source.seek(0, os.SEEK_END)
    refusal = _end_refused(source, size, limits)
    if refusal:
        return refusal
    try:
        with zipfile.ZipFile(source) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, EOFError):
        return "it is damaged"
    refusal = _refused(listed, size, limits)
    if refusal:
        return refusal
    return [
        Member(PurePosixPath(one.filename.replace("\\", "/")).name, one.file_size, one.filename)
        for one in listed
        if not one.is_dir()
    ]


def _end_refused(source: IO[bytes], size: int, limits: Limits) -> str:
    """Judge the record at the end of the file, before the directory that it names is read into memory."""
    source.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _LARGE_END_SIZE))
    tail = source.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_SIZE:
        return "it is damaged"
    if _LARGE_END in tail[:place]:
        return "it is a zip64 archive, of which the size cannot be limited"
    count = int.from_bytes(tail[place + 10 : place + 12], "little")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    if count > limits.members or directory > _DIRECTORY_LIMIT:
        return f"it has more than {limits.members} members"
    return ""


def _refused(listed: list[zipfile.ZipInfo], packed: int, limits: Limits) -> str:
    """Why the members are not unpacked, "" when they are."""
    if len(listed) > limits.members:
        return f"it has more than {limits.members} members"
    if sum(one.compress_size for one in listed) > packed:
        return "its members overlap"
    unpacked = sum(one.file_size for one in listed)
    if unpacked > limits.size:
        return f"it unpacks into more than {limits.size >> 20} megabytes"
    if any(one.file_size > max(one.compress_size, 1) * limits.ratio + _BLOCK for one in listed):
        return f"a member unpacks into more than {limits.ratio} times its size"
    if any(one.header_offset < 0 for one in listed):
        return "it is damaged"  # its beginning is missing, and members with it
    for one in listed:
        if _tricks(one):
            return "a member's name or type points out of the archive"
        if one.flag_bits & _ENCRYPTED:
            return "it is encrypted"
        if one.compress_type not in _READABLE:
            return "a member is packed in a way that is not read"
    return ""


def _tricks(one: zipfile.ZipInfo) -> bool:
    """Whether a member would be no file or folder, lie elsewhere than below the archive, or have a tricky name."""
    path = PurePosixPath(one.orig_filename.replace("\\", "/"))
    return (
        (one.external_attr >> 16) & _FILE_TYPE not in _FILES_AND_FOLDERS
        or path.is_absolute()
        or not path.name
        or not all(is_plain(part) for part in path.parts)
    )


def opened(source: IO[bytes]) -> zipfile.ZipFile:
    """Open an archive that ``members`` did not refuse, once for all of them: each time reads its whole directory."""
    return zipfile.ZipFile(source)


def is_nested(archive: zipfile.ZipFile, member: Member) -> bool:
    """Whether a member is itself an archive; of a damaged one nothing is known."""
    try:
        with archive.open(member.inside) as inside:
            return is_archive(inside.read(len(_END)))
    except _DAMAGED:
        return False


def blocks(archive: zipfile.ZipFile, member: Member) -> Iterator[bytes]:
    """A member's bytes in blocks, no more than its size.

    Raises:
        InputError: it is damaged.
    """
    left = member.size
    try:
        with archive.open(member.inside) as inside:
            while left >= 0 and (block := inside.read(min(_BLOCK, left + 1))):
                left -= len(block)
                if left < 0:
                    raise InputError(f"{member.name}: is larger than its archive says")
                yield block
    except _DAMAGED:
        raise InputError(f"{member.name}: its part of the archive is damaged") from None
