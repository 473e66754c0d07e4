"""A file of any of the kinds CMS and X12 publish as rows of cells: text, CSV, Excel, or a zip of them.

Kinds are told by content, not by name. Excel is read by python-calamine, thirteen times as fast as openpyxl.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from python_calamine import CalamineError, CalamineWorkbook

from cli.jobs.tables.store import DAMAGED
from edi.model.errors import AccessError, InputError

Cells = Sequence[str]

_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_PDF: Final = b"%PDF"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE: Final = 65_536
_LARGEST: Final = 2_000_000_000
"""Bytes a file of an archive may have when unpacked; a PTP part has some 60 million."""
_PREFERRED: Final = (".txt", ".csv", ".xlsx", ".xls")
"""CMS packs the same table in several forms; the first of these is read."""


class Sheet(msgspec.Struct, frozen=True):
    """One table of cells. ``names`` are those that may tell the release: the file's, then its archive's."""

    names: tuple[str, ...]
    rows: Iterator[Cells]


def sheets_of(path: Path) -> Iterator[Sheet]:
    """The tables of a file: one, or one for each part that a zip holds.

    Raises:
        InputError: the file is missing, empty, damaged or of a kind that holds no table.
        AccessError: it may not be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder; name the files") from None
    except PermissionError:
        raise AccessError(f"{path}: may not be read") from None
    yield from _sheets(data, (path.name,))


def label(names: tuple[str, ...]) -> str:
    """The names of a table for a person: the file's, then those of the archives it lies in."""
    return " in ".join(dict.fromkeys(names))


def _sheets(data: bytes, names: tuple[str, ...]) -> Iterator[Sheet]:
    """The tables in some bytes. ``names``: the file's own first."""
    if not data.strip():
        raise InputError(f"{label(names)}: empty")
    if data.startswith(_PDF):
        raise InputError(f"{label(names)}: a PDF; load the text, CSV or Excel file")
    if data.startswith(_OLD_EXCEL):
        yield Sheet(names, _excel(data, label(names)))
    elif data.startswith((_ZIP, _EMPTY_ZIP)):
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGED:
            raise InputError(f"{label(names)}: a damaged zip; download it again") from None
        if "xl/workbook.xml" in archive.namelist():
            yield Sheet(names, _excel(data, label(names)))
        else:
            yield from _packed(archive, names)
    else:
        yield Sheet(names, _text(data, label(names)))


def _packed(archive: zipfile.ZipFile, names: tuple[str, ...]) -> Iterator[Sheet]:
    """The tables of an archive: of files that differ in their ending alone, the preferred one."""
    chosen: dict[str, zipfile.ZipInfo] = {}
    for one in archive.infolist():
        name = PurePosixPath(one.filename)
        if name.suffix.lower() not in _PREFERRED or name.name.startswith("."):
            continue
        stem = str(name.with_suffix("")).lower()
        if stem not in chosen or _rank(one) < _rank(chosen[stem]):
            chosen[stem] = one
    if not chosen:
        inside = ", ".join(archive.namelist()[:5]) or "nothing"
        raise InputError(f"{label(names)}: no text, CSV or Excel file in the zip; it holds {inside}")
    for one in chosen.values():
        if one.file_size > _LARGEST:
            raise InputError(f"{label(names)}: {one.filename} is too large to be a table")
        try:
            data = archive.read(one)
        except DAMAGED:
            raise InputError(
                f"{label(names)}: {one.filename} is damaged or locked; download it again"
            ) from None
        yield from _sheets(data, (PurePosixPath(one.filename).name, *names))


def _rank(one: zipfile.ZipInfo) -> int:
    return _PREFERRED.index(PurePosixPath(one.filename).suffix.lower())


def _excel(data: bytes, name: str) -> Iterator[Cells]:
    """The rows of the first sheet that has any."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for index in range(len(book.sheet_names)):
            sheet = book.get_sheet_by_index(index)
            if sheet.total_height:
                for row in sheet.iter_rows():
                    yield [_cell(value) for value in row]
                return
    except CalamineError:
        raise InputError(
            f"{name}: an Excel file that cannot be read; save it again or load the text file"
        ) from None
    raise InputError(f"{name}: empty")


def _cell(value: object) -> str:
    """A cell as text: whole numbers without a point, dates as CCYY-MM-DD."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(data: bytes, name: str) -> Iterator[Cells]:
    """The rows of tab-separated text or CSV in any of the usual encodings."""
    if data.startswith(_UTF16):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data[:_SAMPLE]:
        raise InputError(f"{name}: not a text, CSV, Excel or zip file")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    sample = text[:_SAMPLE]
    separator = max("\t,;", key=lambda one: (sample.count(one) * (10 if one == "\t" else 1), one == ","))
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            yield [cell.strip() for cell in row]
    except csv.Error:
        raise InputError(f"{name}: not a table of cells") from None
