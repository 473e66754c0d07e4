"""What a vault promises, in a folder and in PostgreSQL, plain and encrypted: bytes under their digest, once, or not."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import random
import stat
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyrage
import pytest

from edi.model.errors import AccessError, InputError, StoreError, StoreUrlError, TemporaryError
from reconcile.store import DatabaseVault, FolderVault, Vault, open_store
from reconcile.store.vault import KeptFile, Place
from reconcile.store.vault.base import BLOCK, SoughtStream
from tests.store.vaults import damage, empty, key, leftovers, lock, open_on, stored, with_lock

BYTES = random.Random(5).randbytes(3 * BLOCK + 70_001)


@pytest.fixture(scope="module")
def databases(request, tmp_path_factory):
    """The URLs of a store on each kind of database, for all tests here; made when asked for."""
    with contextlib.ExitStack() as stack:
        known = {"sqlite": f"sqlite:///{tmp_path_factory.mktemp('stores') / 'store.db'}"}

        def url(kind):
            if kind not in known:
                cluster = request.getfixturevalue("postgres_cluster")
                known[kind] = cluster.url(stack.enter_context(cluster.database()))
            return known[kind]

        yield url


@pytest.fixture(
    params=[
        "sqlite-folder",
        pytest.param("postgresql-folder", marks=pytest.mark.postgres),
        pytest.param("postgresql-database", marks=pytest.mark.postgres),
    ]
)
def place(request, databases):
    """The URL of a store whose vault is empty, and the kind of that."""
    database, _, kind = request.param.partition("-")
    url = databases(database)
    yield url, kind
    if kind == "database":
        empty(url)


@pytest.fixture(params=["plain", "encrypted"])
def vault(request, place, tmp_path) -> Iterator[Vault]:
    url, kind = place
    store = open_on(url, tmp_path / "vault", kind, lock() if request.param == "encrypted" else None)
    yield store.vault
    store.close()


def blocks(data, size=300_000):
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("data", [b"", b"one two", BYTES[:BLOCK], BYTES])
def test_bytes_come_back_under_the_digest_of_the_plain_ones(vault, data):
    kept = vault.keep(blocks(data))
    assert (kept.sha256, kept.size, kept.new) == (hashlib.sha256(data).hexdigest(), len(data), True)
    assert b"".join(vault.read(kept.sha256)) == data
    assert max((len(block) for block in vault.read(kept.sha256)), default=0) <= BLOCK
    assert (vault.size(kept.sha256), vault.intact(kept.sha256), vault.has(kept.sha256)) == (
        len(data),
        True,
        True,
    )
    assert list(vault.digests()) == vault.newest(5) == [kept.sha256]


def test_encrypted_is_encrypted_and_only_then(vault):
    vault.keep([b"a patient's name " * 1000])
    assert (b"a patient's name" in stored(vault)) == (vault.lock is None)
    (held,) = vault.held()
    assert (held.key != "") == (vault.lock is not None)
    assert held.stored == len(stored(vault))


def test_the_same_bytes_are_kept_once(vault):
    first = vault.keep([b"same"])
    before = stored(vault)
    again = vault.keep([b"sa", b"me"])
    assert (again.new, again.sha256, again.size) == (False, first.sha256, 4)
    assert stored(vault) == before
    assert leftovers(vault) == 0


def test_what_breaks_while_it_is_read_leaves_nothing(vault):
    def breaks():
        yield from blocks(BYTES)
        raise InputError("gone")

    with pytest.raises(InputError, match="gone"):
        vault.keep(breaks())
    assert list(vault.digests()) == []
    assert (leftovers(vault), stored(vault)) == (0, b"")


def test_what_is_missing_is_said_before_it_is_read(vault):
    for ask in (vault.read, vault.open, vault.size):
        with pytest.raises(StoreError, match="lacks"):
            ask("0" * 64)
    assert not vault.has("0" * 64)
    assert not vault.intact("0" * 64)


def test_changed_bytes_are_seen(vault):
    digest = vault.keep([b"as sent " * 100]).sha256
    assert vault.intact(digest)
    damage(vault, digest)
    assert not vault.intact(digest)
    if vault.lock is not None:
        with pytest.raises(StoreError, match="damaged"):
            b"".join(vault.read(digest))


def test_damage_at_any_place_of_an_encrypted_file_is_damage_and_not_another_key(place, tmp_path):
    url, kind = place
    store = open_on(url, tmp_path / "vault", kind, lock())
    vault = store.vault
    digest = vault.keep([b"as sent"]).sha256
    for at in range(0, len(stored(vault)), 5):
        damage(vault, digest, at)
        assert not vault.intact(digest), at
        with pytest.raises(StoreError, match="damaged"):
            b"".join(vault.read(digest))
        damage(vault, digest, at)
    assert vault.intact(digest)
    store.close()


def test_it_can_be_sought_in(vault):
    digest = vault.keep(blocks(BYTES)).sha256
    rng = random.Random(7)
    with KeptFile(vault, digest).open("rb") as stream:
        assert stream.seek(0, os.SEEK_END) == len(BYTES)
        for _ in range(25):
            start = rng.randrange(len(BYTES) + 10)
            stream.seek(start)
            assert stream.read(500) == BYTES[start : start + 500]
        stream.seek(0)
        assert stream.read() == BYTES
        assert (stream.read(1), stream.tell()) == (b"", len(BYTES))


def test_an_archive_is_read_where_it_lies(vault):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.835", BYTES[number * 1000 :][:100_000])
    digest = vault.keep([made.getvalue()]).sha256
    with vault.open(digest) as stream, zipfile.ZipFile(stream) as archive:
        assert archive.testzip() is None
        assert [archive.read(f"{number}.835")[:3] for number in (3, 0, 19)] == [
            BYTES[3000:3003], BYTES[:3], BYTES[19000:19003],
        ]  # fmt: skip


def test_reading_can_stop_early(vault):
    digest = vault.keep(blocks(BYTES)).sha256
    for _ in range(30):  # more than a pool of connections has
        with closing(vault.read(digest)) as found:
            assert next(found)


def test_many_keep_the_same_bytes_at_once(vault):
    kept, failed = [], []
    start = threading.Barrier(6)

    def work(number):
        try:
            start.wait()
            kept.append(vault.keep(blocks(BYTES[: 2 * BLOCK])))
            kept.append(vault.keep([b"file %d" % number]))
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(list(vault.digests())) == 7
    assert all(vault.intact(digest) for digest in vault.digests())
    assert leftovers(vault) == 0


def test_it_is_kept_though_the_rows_around_it_are_not(place, tmp_path):
    """Its own transaction, inside which the writers' lock has no say."""
    store = open_on(place[0], tmp_path / "vault", place[1])
    with contextlib.suppress(InputError), store.write():
        digest = store.vault.keep([b"kept"]).sha256
        raise InputError("the rows go")
    assert store.vault.intact(digest)
    store.close()


def test_removed_is_gone(vault):
    first, second = (vault.keep([data]).sha256 for data in (b"first", b"second"))
    vault.remove(first)
    assert list(vault.digests()) == [second]
    assert leftovers(vault) == 0
    vault.remove(first)


# -- keys ----------------------------------------------------------------------------------------------------------


def test_without_the_key_the_setting_is_named(vault):
    vault = with_lock(vault, vault.lock or lock())
    digest = vault.keep([b"private"]).sha256
    for held in (None, lock()):
        stranger = with_lock(vault, held)
        for ask in (stranger.read, stranger.open, stranger.size, stranger.intact):
            with pytest.raises(AccessError, match=r"\[privacy\] key_file"):
                ask(digest)
        assert not stranger.keep([b"private"]).new
        assert list(stranger.digests()) == [digest]
    assert vault.intact(digest)


def change(vault, to):
    """Bring every file to what a lock says; returns the vault as its holder sees it."""
    new = with_lock(vault, to)
    for digest in list(new.digests()):
        new.seal_anew(digest)
    return new


def test_keys_change_and_go_and_the_bytes_stay(vault):
    old, new = key(), key()
    contents = [b"", b"small", BYTES]
    digests = {with_lock(vault, lock(old)).keep(blocks(data)).sha256: data for data in contents}
    both = with_lock(vault, lock(new, old))
    late = both.keep([b"kept meanwhile"]).sha256
    assert {one.key for one in both.held()} == both.lock.keys
    assert all(b"".join(both.read(digest)) == data for digest, data in digests.items())
    done = change(vault, lock(new, old))
    assert [done.seal_anew(digest) for digest in done.digests()] == [False] * 4
    only = with_lock(vault, lock(new))
    assert all(b"".join(only.read(digest)) == data for digest, data in digests.items())
    assert only.intact(late)
    with pytest.raises(AccessError):
        with_lock(vault, lock(old)).intact(late)
    plain = change(vault, lock(new, seals=False))
    assert {one.key for one in plain.held()} == {""}
    assert all(b"".join(with_lock(vault, None).read(digest)) == data for digest, data in digests.items())
    again = change(vault, lock(old))
    assert {one.key for one in again.held()} == {again.lock.key}
    assert leftovers(vault) == 0


def test_a_damaged_file_is_not_sealed_anew(vault):
    held = lock(key())
    seen = with_lock(vault, held)
    digest = seen.keep([b"as it was " * 50]).sha256
    damage(vault, digest)
    before = stored(vault)
    with pytest.raises(StoreError):
        change(vault, lock(key(), *held._identities))
    assert stored(vault) == before
    assert leftovers(vault) == 0


def test_a_reader_goes_on_while_keys_change(vault):
    digest = vault.keep(blocks(BYTES)).sha256
    found = vault.read(digest)
    data = next(found)
    held = vault.lock._identities if vault.lock is not None else []
    change(vault, lock(key(), *held))
    assert data + b"".join(found) == BYTES


# -- each kind -----------------------------------------------------------------------------------------------------


@pytest.mark.sqlite("only PostgreSQL keeps a vault, as the tests after this one do")
def test_sqlite_keeps_no_files(tmp_path):
    with pytest.raises(StoreUrlError, match="PostgreSQL only"):
        open_store(f"sqlite:///{tmp_path / 'store.db'}", Place(None))


@pytest.mark.postgres
def test_chunks_are_at_most_a_mebibyte(databases):
    store = open_store(databases("postgresql"), Place(None))
    assert isinstance(store.vault, DatabaseVault)
    store.vault.keep([BYTES])
    with store.read() as connection:
        sizes = (
            connection.exec_driver_sql("SELECT length(data) FROM vault_chunk ORDER BY number").scalars().all()
        )
    assert sizes == [BLOCK, BLOCK, BLOCK, 70_001]
    store.close()
    empty(databases("postgresql"))


@pytest.mark.parametrize("held", [None, lock()])
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_may_read(tmp_path, held, umask):
    before = os.umask(umask)
    try:
        vault = FolderVault(tmp_path / "vault", held)
        vault.keep([b"private"])
    finally:
        os.umask(before)
    (path,) = (path for path in vault.folder.rglob("*") if path.is_file())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(vault.folder.stat().st_mode) == 0o700


def test_a_full_disk_is_temporary_and_leaves_nothing(tmp_path, monkeypatch):
    vault = FolderVault(tmp_path / "vault")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TemporaryError, match="No space left"):
        vault.keep([b"much"])
    assert [item for item in vault.folder.rglob("*") if item.is_file()] == []


@pytest.mark.parametrize("held", [None, lock()])
def test_file_and_folder_are_synced_before_it_counts(tmp_path, monkeypatch, held):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os,
        "fsync",
        lambda handle: (synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())), real(handle)),
    )
    vault = FolderVault(tmp_path / "vault", held)
    path = vault.path(vault.keep([b"safe"]).sha256)
    assert any(".part-" in name for name in synced)
    assert str(path.parent) in synced


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"gone\.835"):
        FolderVault(tmp_path / "vault").keep_file(Path(tmp_path / "gone.835"))


def test_the_age_tool_and_we_read_each_other(tmp_path):
    """What is kept is a plain age file: it opens without claimloop."""
    secret = key()
    vault = FolderVault(tmp_path / "vault", lock(secret))
    vault.keep([BYTES])
    (path,) = (path for path in vault.folder.rglob("*.age"))
    assert pyrage.decrypt(path.read_bytes(), [secret]) == BYTES
    assert path.name.endswith(f".{vault.lock.key}.age")


def test_a_stream_that_ends_early_is_no_endless_one():
    stream = SoughtStream(lambda: (block for block in [b"ab"]), 20 << 20)
    assert stream.read(10) == b"ab"
    with pytest.raises(EOFError):
        stream.read(10)


def test_who_reads_on_reads_once_and_who_seeks_twice():
    """The end of an archive is remembered, and its members come in order."""
    size, passes = 30 << 20, []

    def read():
        passes.append(1)
        return (bytes([number % 251]) * BLOCK for number in range(30))

    whole = io.BufferedReader(SoughtStream(read, size), BLOCK)
    assert sum(len(part) for part in iter(lambda: whole.read(700_000), b"")) == size
    assert len(passes) == 1
    archive = io.BufferedReader(SoughtStream(read, size), BLOCK)
    archive.seek(-100, os.SEEK_END)
    assert archive.read(1) == bytes([29])
    for start in range(0, 29 << 20, 600_000):
        archive.seek(start)
        assert archive.read(4) == bytes([(start >> 20) % 251]) * 4 or start % BLOCK > BLOCK - 4
        archive.seek(start)
        assert len(archive.read(500_000)) == 500_000
    assert len(passes) == 3
