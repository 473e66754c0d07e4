"""The vault: bytes under their digest, kept once, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from edi.model.errors import InputError, StoreError, TemporaryError
from reconcile.store import Vault


def test_bytes_come_back_under_their_digest(tmp_path):
    vault = Vault(tmp_path / "vault")
    kept = vault.keep([b"one ", b"two"])
    assert kept.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert kept.size == 7
    assert kept.new
    assert b"".join(vault.read(kept.sha256)) == b"one two"
    assert list(vault.digests()) == [kept.sha256]


def test_the_same_bytes_are_not_written_again(tmp_path):
    vault = Vault(tmp_path / "vault")
    first = vault.keep([b"same"])
    path = vault.path(first.sha256)
    before = path.stat().st_ino
    again = vault.keep([b"sa", b"me"])
    assert not again.new
    assert again.sha256 == first.sha256
    assert path.stat().st_ino == before
    assert [item.name for item in vault.folder.iterdir() if item.is_file()] == []


def test_only_the_owner_may_read(tmp_path):
    vault = Vault(tmp_path / "vault")
    path = vault.path(vault.keep([b"private"]).sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(vault.folder.stat().st_mode) == 0o700


def test_what_breaks_while_it_is_read_leaves_nothing(tmp_path):
    vault = Vault(tmp_path / "vault")

    def breaks():
        yield b"half"
        raise InputError("gone")

    with pytest.raises(InputError):
        vault.keep(breaks())
    assert list(vault.digests()) == []
    assert [item for item in vault.folder.iterdir() if item.is_file()] == []


def test_a_full_disk_is_temporary_and_leaves_nothing(tmp_path, monkeypatch):
    vault = Vault(tmp_path / "vault")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TemporaryError, match="No space left"):
        vault.keep([b"much"])
    assert [item for item in vault.folder.rglob("*") if item.is_file()] == []


def test_file_and_folder_are_synced_before_it_counts(tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os,
        "fsync",
        lambda handle: (synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())), real(handle)),
    )
    vault = Vault(tmp_path / "vault")
    path = vault.path(vault.keep([b"safe"]).sha256)
    assert any(".part-" in name for name in synced)
    assert str(path.parent) in synced


def test_changed_bytes_are_seen(tmp_path):
    vault = Vault(tmp_path / "vault")
    digest = vault.keep([b"as sent"]).sha256
    assert vault.intact(digest)
    vault.path(digest).write_bytes(b"as forged")
    assert not vault.intact(digest)
    vault.path(digest).unlink()
    assert not vault.intact(digest)
    with pytest.raises(StoreError, match="lacks"):
        vault.read(digest)


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"gone\.835"):
        Vault(tmp_path / "vault").keep_file(Path(tmp_path / "gone.835"))
