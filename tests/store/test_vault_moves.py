"""Changes of keys and of places: killed between any two steps they lose nothing, and run again they end the same."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path

import pytest

from edi.model.errors import StoreError
from reconcile.store import DatabaseVault, FolderVault, Vault
from reconcile.store.vault.database import _ChunkSink
from reconcile.store.vault.moving import copy_missing, move_all, seal_all, state_of
from tests.store.vaults import damage, key, lock, open_on, with_lock

CONTENTS = [b"one", b"two " * 40_000]
DIGESTS = sorted(hashlib.sha256(data).hexdigest() for data in CONTENTS)
KILLED = 9


def fill(vault: Vault) -> None:
    for data in CONTENTS:
        vault.keep([data])


def whole(vault: Vault) -> bool:
    return list(vault.digests()) == DIGESTS and all(vault.intact(digest) for digest in DIGESTS)


def killed_at(step: int, work) -> bool:
    """Do work in a process that is killed at a step on the disk; whether it came so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    left = step
    try:

        def counted(real):
            def call(*arguments, **options):
                nonlocal left
                left -= 1
                if left < 0:
                    os._exit(KILLED)
                return real(*arguments, **options)

            return call

        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (tempfile, "mkstemp")):
            setattr(owner, name, counted(getattr(owner, name)))
        work()
    except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
        os._exit(1)
    os._exit(0)


OLD, NEW = key(), key()
CHANGES = {
    "encrypted": (None, lock(NEW)),
    "another key": (lock(OLD), lock(NEW, OLD)),
    "plain": (lock(OLD), lock(OLD, seals=False)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_keys_that_is_killed_at_any_step_goes_on(tmp_path, change):
    before, after = CHANGES[change]
    for step in range(200):
        path = tmp_path / str(step)
        fill(FolderVault(path, before))
        vault = FolderVault(path, after)
        came = killed_at(step, lambda vault=vault: seal_all(vault))
        assert whole(vault), step
        seal_all(vault)
        assert whole(vault), step
        state = state_of(vault)
        assert (state.files, state.stale, state.key) == (len(CONTENTS), 0, after.key), step
        if not came:
            break
    assert 6 < step < 199
    needed = None if change == "plain" else lock(NEW)
    assert whole(FolderVault(path, needed))


@pytest.mark.parametrize("held", [None, lock(OLD)])
def test_a_move_between_folders_that_is_killed_at_any_step_goes_on(tmp_path, held):
    for step in range(200):
        source, target = (FolderVault(tmp_path / f"{step}{name}", held) for name in "ab")
        fill(source)
        came = killed_at(step, lambda source=source, target=target: move_all(source, target))
        for digest in DIGESTS:
            assert source.intact(digest) or target.intact(digest), step
        move_all(source, target)
        assert whole(target), step
        assert list(source.digests()) == []
        if not came:
            break
    assert 6 < step < 199


@pytest.mark.postgres
def test_to_the_database_and_back(postgres_database, tmp_path, monkeypatch):
    store = open_on(postgres_database, tmp_path / "vault", "database", lock(OLD))
    files = FolderVault(tmp_path / "files")
    fill(files)
    real, sent = _ChunkSink._send, []

    def fails(self, data):
        sent.append(data)
        if len(sent) == 2:
            raise KeyboardInterrupt
        real(self, data)

    monkeypatch.setattr(_ChunkSink, "_send", fails)
    with pytest.raises(KeyboardInterrupt):
        move_all(files, store.vault)
    kept = set(store.vault.digests())
    assert kept < set(DIGESTS)
    assert kept | set(files.digests()) == set(DIGESTS)
    monkeypatch.undo()
    done = move_all(files, store.vault)
    assert (done.brought, done.known, done.gone) == (2 - len(kept), 0, 2 - len(kept))
    assert whole(store.vault)
    assert list(files.digests()) == []
    assert isinstance(store.vault, DatabaseVault)
    monkeypatch.setattr(_ChunkSink, "finish", lambda _self: (_ for _ in ()).throw(KeyboardInterrupt))
    both = with_lock(store.vault, lock(NEW, OLD))
    with pytest.raises(KeyboardInterrupt):
        seal_all(both)
    assert whole(both)
    monkeypatch.undo()
    assert seal_all(both).brought == 2
    only = with_lock(store.vault, lock(NEW))
    assert whole(only)
    assert move_all(only, files).gone == 2
    assert whole(files)
    assert list(only.digests()) == []
    store.close()


def test_a_copy_leaves_the_old_ones_and_mends_damaged_new_ones(tmp_path):
    source, target = FolderVault(tmp_path / "a"), FolderVault(tmp_path / "b", lock(OLD))
    fill(source)
    assert copy_missing(source, target).brought == 2
    damage(target, DIGESTS[0])
    done = copy_missing(source, target)
    assert (done.brought, done.known, done.gone) == (1, 1, 0)
    assert whole(source)
    assert whole(target)


@pytest.mark.parametrize("work", [move_all, copy_missing])
def test_what_is_damaged_is_not_taken_along_and_does_not_go(tmp_path, work):
    source, target = FolderVault(tmp_path / "a"), FolderVault(tmp_path / "b")
    digest = source.keep([b"as it was"]).sha256
    damage(source, digest)
    with pytest.raises(StoreError, match="not what it was"):
        work(source, target)
    assert list(target.digests()) == []
    assert list(source.digests()) == [digest]


def test_what_killed_writers_left_goes_after_a_day(tmp_path):
    vault = FolderVault(tmp_path / "vault", lock())
    fill(vault)
    old, young = vault.folder / ".part-old", vault.folder / ".part-young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    seal_all(vault)
    assert (old.exists(), young.exists()) == (False, True)
