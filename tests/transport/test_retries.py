"""Retries: what may pass is tried again, with growing waits; what will not is raised at once. And files whole on disk."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from edi.model.errors import AccessError, TemporaryError
from edi.transport.base import NameTakenError, RetryPolicy, with_retries
from edi.transport.whole import put_whole

QUICK = RetryPolicy(attempts=4, first_wait=0, longest_wait=0)


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
