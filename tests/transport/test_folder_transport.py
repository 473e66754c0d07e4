"""The folder transport against real folders: whole files or nothing, never overwritten, temporary errors retried."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from edi.model.errors import AccessError, InputError, TemporaryError
from edi.transport.base import DamagedTransferError, NameTakenError, RetryPolicy, with_retries
from edi.transport.folder import FolderTransport
from edi.transport.whole import put_whole

QUICK = RetryPolicy(attempts=4, first_wait=0, longest_wait=0)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    made = (tmp_path / "out", tmp_path / "in", tmp_path / "here")
    for folder in made:
        folder.mkdir()
    return made


def source_of(folder: Path, content: bytes) -> tuple[Path, str]:
    path = folder / "source"
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def test_put_delivers_the_whole_file_and_leaves_no_partial(folders):
    outbound, inbound, here = folders
    source, digest = source_of(here, b"ISA" * 100_000)
    delivery = FolderTransport(outbound, inbound).put("a.837", source, digest)
    assert (delivery.size, delivery.sha256, delivery.already_there) == (300_000, digest, False)
    assert (outbound / "a.837").read_bytes() == source.read_bytes()
    assert [path.name for path in outbound.iterdir()] == ["a.837"]


def test_put_again_is_recognised_and_other_content_is_never_overwritten(folders):
    outbound, inbound, here = folders
    transport = FolderTransport(outbound, inbound)
    source, digest = source_of(here, b"one")
    transport.put("a.837", source, digest)
    assert transport.put("a.837", source, digest).already_there
    other, other_digest = source_of(here, b"two")
    with pytest.raises(NameTakenError, match="nothing was overwritten"):
        transport.put("a.837", other, other_digest)
    assert (outbound / "a.837").read_bytes() == b"one"


def test_put_of_a_file_that_changed_underway_is_damaged_and_removed(folders):
    outbound, inbound, here = folders
    source, _ = source_of(here, b"now")
    with pytest.raises(DamagedTransferError):
        FolderTransport(outbound, inbound).put("a.837", source, hashlib.sha256(b"then").hexdigest())
    assert list(outbound.iterdir()) == []


@pytest.mark.parametrize("name", ["../a", "a/b", "", "..", "/etc/x"])
def test_a_name_with_a_path_in_it_is_refused(folders, name):
    outbound, inbound, here = folders
    source, digest = source_of(here, b"x")
    with pytest.raises(InputError):
        FolderTransport(outbound, inbound).put(name, source, digest)
    with pytest.raises(InputError):
        FolderTransport(outbound, inbound).get(name, here)


def test_listing_leaves_unfinished_files_alone(folders):
    outbound, inbound, _ = folders
    for name in ("b.835", "a.835", ".hidden", "c.835.part", "d.tmp", "e.filepart"):
        (inbound / name).write_bytes(b"1234")
    (inbound / "folder").mkdir()
    found = FolderTransport(outbound, inbound).listing()
    assert [(file.name, file.size) for file in found] == [("a.835", 4), ("b.835", 4)]


@pytest.mark.parametrize(
    ("after", "left", "archived"), [("archive", [], ["a.835"]), ("delete", [], []), ("keep", ["a.835"], [])]
)
def test_get_then_settle(folders, after, left, archived):
    outbound, inbound, here = folders
    (inbound / "a.835").write_bytes(b"money")
    transport = FolderTransport(outbound, inbound, after_fetch=after)
    assert transport.get("a.835", here).read_bytes() == b"money"
    assert transport.get("a.835", here).read_bytes() == b"money", "the same file twice is no error"
    transport.settle("a.835", hashlib.sha256(b"money").hexdigest())
    assert [path.name for path in inbound.iterdir() if path.is_file()] == left
    archive = inbound / "archive"
    assert ([path.name for path in archive.iterdir()] if archive.exists() else []) == archived


def test_a_name_that_is_used_again_keeps_both_files(folders):
    outbound, inbound, here = folders
    transport = FolderTransport(outbound, inbound)
    for content in (b"monday", b"tuesday", b"tuesday"):
        (inbound / "a.835").write_bytes(content)
        assert transport.get("a.835", here).read_bytes() == content
    assert sorted(path.read_bytes() for path in here.iterdir()) == [b"monday", b"tuesday"]


def test_archive_keeps_two_files_of_one_name(folders):
    outbound, inbound, _ = folders
    transport = FolderTransport(outbound, inbound)
    for content in (b"monday", b"tuesday"):
        (inbound / "a.835").write_bytes(content)
        transport.settle("a.835", hashlib.sha256(content).hexdigest())
    assert sorted(path.read_bytes() for path in (inbound / "archive").iterdir()) == [b"monday", b"tuesday"]


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ESTALE, errno.ENOSPC, errno.ECONNRESET])
def test_temporary_errors_are_retried_until_they_pass(number):
    failures = [OSError(number, "for now"), OSError(number, "for now")]
    told: list[tuple[int, str]] = []

    def action() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert (
        with_retries(action, QUICK, on_retry=lambda *seen: told.append(seen), sleep=lambda _: None) == "done"
    )
    assert [attempt for attempt, _ in told] == [1, 2]


def test_after_the_last_attempt_it_is_a_temporary_error():
    attempts: list[int] = []

    def action() -> None:
        attempts.append(1)
        raise OSError(errno.ETIMEDOUT, "timed out")

    with pytest.raises(TemporaryError, match="after 4 attempts"):
        with_retries(action, QUICK, sleep=lambda _: None)
    assert len(attempts) == 4


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(errno.EACCES, "no", "drop"), AccessError),
        (FileNotFoundError(errno.ENOENT, "no", "drop"), FileNotFoundError),
        (NameTakenError("taken"), NameTakenError),
    ],
)
def test_lasting_errors_are_raised_at_once(error, expected):
    attempts: list[int] = []

    def action() -> None:
        attempts.append(1)
        raise error

    with pytest.raises(expected):
        with_retries(action, QUICK, sleep=lambda _: None)
    assert len(attempts) == 1


def test_waits_grow_with_jitter_and_stay_under_the_limit():
    waits: list[float] = []

    def action() -> None:
        raise OSError(errno.EBUSY, "busy")

    policy = RetryPolicy(attempts=6, first_wait=1, longest_wait=8)
    with pytest.raises(TemporaryError):
        with_retries(action, policy, sleep=waits.append)
    assert len(waits) == 5
    assert all(wait <= 8 + 1 for wait in waits)
    assert waits[0] < waits[-1]


@pytest.mark.parametrize("after", ["archive", "delete", "keep"])
def test_settle_leaves_a_file_that_is_not_the_one_fetched(folders, after):
    outbound, inbound, _ = folders
    (inbound / "a.835").write_bytes(b"grown")
    fetched = hashlib.sha256(b"gro").hexdigest()
    assert not FolderTransport(outbound, inbound, after_fetch=after).settle("a.835", fetched)
    assert (inbound / "a.835").read_bytes() == b"grown"
    assert not (inbound / "archive").exists()


def test_holds_only_the_very_file(folders):
    outbound, inbound, here = folders
    transport = FolderTransport(outbound, inbound)
    source, digest = source_of(here, b"one")
    assert not transport.holds("a.837", digest)
    transport.put("a.837", source, digest)
    assert transport.holds("a.837", digest)
    assert not transport.holds("a.837", hashlib.sha256(b"two").hexdigest())


def test_put_whole_syncs_file_and_folder_and_replaces_nothing(tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)), real(fd)))
    path = tmp_path / "out" / "a.837"
    put_whole(path, b"one")
    assert synced == [False, True]
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o600)
    put_whole(path, b"one")
    with pytest.raises(NameTakenError):
        put_whole(path, b"two")
    assert [one.name for one in path.parent.iterdir()] == ["a.837"]
    assert path.read_bytes() == b"one"
