"""Files that mean harm, each by its name: refused in good time, before anything of them is in the vault."""

from __future__ import annotations

import io
import os
import socket
import struct
import time
import zipfile
from pathlib import Path

import pytest

from cli.jobs import loops, one_line, taking
from cli.jobs.archives import Limits, members
from cli.jobs.ingest import ingest
from edi.codes.lookup import load_tables
from edi.model.errors import InputError
from reconcile.store.vault import read_blocks
from tests.jobs.conftest import NOW
from tests.jobs.test_archives import GOOD, PLAIN, REPORT, endless_835, forged, packed

HEAD = GOOD[: GOOD.index(b"GS*")]
MEGABYTE = 1 << 20


def kept(desk) -> list[str]:
    return list(desk.store.vault.digests())


def taken(desk, path: Path):
    """The entry of one file, and the seconds of CPU it took."""
    begun = time.process_time()
    (entry,) = desk.ingest(path).files
    return entry, time.process_time() - begun


# -- lines and loops without end -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "filling"),
    [
        (b"", b"A"),
        (b"name,amount\n", b"A"),
        (HEAD, b"A"),
        (HEAD, b"A*"),
        (HEAD.replace(b"*", b"|"), b"A|"),
        (b"\xef\xbb\xbf" + HEAD.replace(b"~", b"\n"), b"B*C:"),
    ],
)
def test_a_line_of_ten_gigabytes_is_refused_after_a_few_megabytes(desk_lite, monkeypatch, head, filling):
    given = 0

    def ten_gigabytes(_path):
        nonlocal given
        yield head + filling
        for _ in range(10 << 10):
            given += 1
            yield filling * (MEGABYTE // len(filling))

    monkeypatch.setattr(taking, "read_blocks", ten_gigabytes)
    entry, seconds = taken(desk_lite, desk_lite.file(b"small"))
    assert (entry.outcome, entry.findings[0].code) == ("rejected", "ING001")
    assert "more than 8 megabytes" in entry.findings[0].message
    assert given <= 10
    assert seconds < 1
    assert kept(desk_lite) == []
    assert not list((desk_lite.folder / "vault").rglob(".part-*"))


@pytest.mark.parametrize(
    "block",
    [b"A" * 900 + b"\n", b"A*" * 400 + b"~", HEAD + b"A|" * 400 + b"~", b"%PDF" + bytes(range(256))],
)
def test_files_with_ends_of_lines_may_be_as_long_as_they_are(block):
    blocks = [block * (MEGABYTE // len(block))] * 30
    assert sum(map(len, one_line.with_ends(blocks, "x"))) == 30 * len(blocks[0])


def test_an_archive_has_no_lines_and_its_members_have():
    head, rest = b"PK\x03\x04" + bytes([1]) * 100, [bytes([1]) * MEGABYTE] * 20
    assert len(list(one_line.with_ends([head, *rest], "x"))) == 21
    with pytest.raises(InputError):
        list(one_line.with_ends(rest, "x"))


def test_a_million_segments_in_a_loop_are_refused_in_linear_time(desk_lite):
    desk_lite.submit()
    before = desk_lite.digest()
    entry, seconds = taken(desk_lite, desk_lite.file(endless_835(1_000_000)))
    assert (entry.outcome, [one.code for one in entry.findings][:1]) == ("rejected", [loops.CODE])
    assert seconds < 15
    assert desk_lite.digest() == before


# -- archives --------------------------------------------------------------------------------------------------------


def quine_like(levels: int) -> bytes:
    """An archive in an archive in an archive."""
    data = packed(("zeros", bytes(MEGABYTE)))
    for level in range(levels):
        data = packed((f"{level}.zip", data), method=zipfile.ZIP_STORED)
    return data


def overlapping_members(count: int) -> bytes:
    """Many entries of the directory that are all the same bytes, none of them larger than it may be."""
    data = packed(("a.txt", bytes(range(256)) * 40), method=zipfile.ZIP_STORED)
    start, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry, tail = data[start:end], bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, count, count, count * len(entry))
    return data[:start] + entry * count + bytes(tail)


BOMBS = {
    "ratio": (packed(("zeros", bytes(30 * MEGABYTE))), "times its size"),
    "many members": (packed(*((f"{number}", b"") for number in range(10_001))), "more than 10000 members"),
    "overlapping members": (overlapping_members(5_000), "overlap"),
    "unpacks into too much": (
        forged(PLAIN, field=24, value=3 << 30),
        "more than 2048 megabytes",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_zip_bomb_is_refused_whole_and_unread(desk_lite, monkeypatch, name):
    data, why = BOMBS[name]
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_a, **_k: pytest.fail("a member was opened"))
    entry, seconds = taken(desk_lite, desk_lite.file(data, "bomb.zip"))
    assert (entry.outcome, entry.findings[0].code) == ("rejected", "ING007")
    assert why in entry.findings[0].message
    assert seconds < 2
    assert kept(desk_lite) == [entry.sha256]  # the archive as it came, none of its members


def test_a_nested_zip_bomb_is_opened_once_and_no_further(desk_lite):
    manifest = desk_lite.ingest(desk_lite.file(quine_like(40), "nested.zip"))
    assert [(one.file, one.outcome) for one in manifest.files] == [
        ("nested.zip", "kept"),
        ("39.zip", "rejected"),
    ]
    assert len(kept(desk_lite)) == 1


# -- names -----------------------------------------------------------------------------------------------------------

NAMES = {
    "parent": "../a.835",
    "parent inside": "in/../../a.835",
    "absolute": "/etc/cron.d/a",
    "backslash": "..\\a.835",
    "drive": "c:a.835",
    "NUL byte": "a.835\0.txt",
    "line break": "a\nb.835",
    "escape": "a\x1b[2J.835",
    "device": "NUL.835",
    "device in small letters": "in/com1.txt",
    "leading dash": "-rf",
    "very long": "a" * 201,
    "full width dots": "\uff0e\uff0e/a.835",
    "two dot leader": "\u2025",
    "full width slash": "a\uff0fb.835",
    "division slash": "a\u2215b.835",
    "fraction slash": "..\u2044a.835",
    "right to left": "a\u202e538.exe",
    "zero width": "a\u200b.835",
}


@pytest.mark.parametrize("trick", NAMES)
def test_a_member_with_a_tricky_name_stops_its_archive(trick):
    found = members(io.BytesIO(with_name(NAMES[trick])), Limits())
    assert found == "a member's name or type points out of the archive"


def with_name(name: str) -> bytes:
    """An archive whose one member has that name, even one that zipfile itself would cut at a NUL."""
    data = packed((name.replace("\0", "\x01"), REPORT))
    return data.replace(name.replace("\0", "\x01").encode(), name.encode()) if "\0" in name else data


@pytest.mark.parametrize(
    "name", ["a.835", "Report (3).txt", "in/b.835", "caf\u00e9.txt", ".DS_Store", "null.txt", "a-b..c"]
)
def test_an_honest_name_is_no_trick(name):
    assert isinstance(members(io.BytesIO(packed((name, REPORT))), Limits()), list)


@pytest.mark.parametrize("kind", [0o120777, 0o010666, 0o020666, 0o060666, 0o140777])
def test_a_member_that_is_a_link_pipe_or_device_stops_its_archive(kind):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        info = zipfile.ZipInfo("a.txt")
        info.external_attr = kind << 16
        archive.writestr(info, b"/etc/passwd")
    assert isinstance(members(sink, Limits()), str)
    assert isinstance(members(io.BytesIO(PLAIN), Limits()), list)


# -- what is no file -------------------------------------------------------------------------------------------------


def test_links_pipes_and_sockets_in_the_inbox_are_named_and_not_read(desk_lite, tmp_path):
    inbox, secret = tmp_path / "inbox", tmp_path / "secret.txt"
    inbox.mkdir()
    secret.write_bytes(REPORT)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.txt").write_bytes(REPORT + b"!")
    (inbox / "a-link.txt").symlink_to(secret)
    (inbox / "b-folder").symlink_to(tmp_path / "elsewhere")
    (inbox / "c-gone.txt").symlink_to(tmp_path / "not there")
    (inbox / "d-device").symlink_to("/dev/zero")
    os.mkfifo(inbox / "e-pipe.835")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(inbox / "f-socket"))
        (inbox / "g.835").write_bytes(GOOD)
        desk_lite.submit()
        manifest = desk_lite.ingest(inbox)
    assert [(one.file[0], one.outcome) for one in manifest.files] == [
        *((letter, "rejected") for letter in "abcdef"),
        ("g", "posted"),
    ]
    assert {one.findings[0].code for one in manifest.files[:-1]} == {"ING001"}
    incoming = {one.sha256 for one in manifest.files if one.sha256}
    assert incoming == {manifest.files[-1].sha256}


@pytest.mark.parametrize("make", ["pipe", "device"])
def test_a_pipe_or_device_is_never_waited_for(tmp_path, make):
    path = tmp_path / "pipe"
    if make == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/zero")
    with pytest.raises(InputError, match="no file"):
        next(read_blocks(path))


def test_a_file_that_grows_without_end_while_it_is_read_is_given_up(desk_lite, monkeypatch, tmp_path):
    path = tmp_path / "growing.835"
    path.write_bytes(GOOD)

    def growing(source):
        for block in read_blocks(source):
            with source.open("ab") as more:
                more.write(GOOD * 50)
            yield block

    monkeypatch.setattr(taking, "read_blocks", growing)
    manifest = ingest([path], desk_lite.store, tables=load_tables(), payers={}, now=NOW, largest_megabytes=1)
    assert "more than 1 megabytes" in manifest.files[0].findings[0].message
    assert kept(desk_lite) == []


def test_a_sparse_file_of_ten_gigabytes_is_not_read_at_all(desk_lite, tmp_path):
    path = tmp_path / "sparse.835"
    with path.open("wb") as sink:
        sink.truncate(10 << 30)
    entry, seconds = taken(desk_lite, path)
    assert (entry.outcome, entry.findings[0].code) == ("rejected", "ING006")
    assert seconds < 0.5
    assert kept(desk_lite) == []
