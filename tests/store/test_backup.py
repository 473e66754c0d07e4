"""Backups: restored on either database they have the same digest; what is cut off, damaged or locked restores nothing."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import shutil
import tarfile
from datetime import datetime
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import text

from edi.model.errors import AccessError, InputError, StoreError, TemporaryError, UsageError
from edi.transport.locked import AgeLock, identities, is_locked, locking, unlocking
from reconcile.store import FolderVault, Place, open_store, store_digest
from reconcile.store import backup as backup_module
from reconcile.store.backup import back_up, restore
from reconcile.store.control_numbers import allocate
from tests.command_line import claimloop
from tests.store.vaults import damage

NOW = datetime(2026, 11, 22, 8, 0)


def digest_of(url: str, vault: Path) -> str:
    store = open_store(url, vault, read_only=True)
    with store.read() as connection:
        digest = store_digest(connection, with_files=True)
    store.close()
    return digest


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    assert claimloop("demo", folder / "office", "--quiet").code == 0
    (config,) = folder.rglob("claimloop.toml")
    return config.parent


@pytest.fixture(scope="module")
def plain(office, tmp_path_factory):
    path = tmp_path_factory.mktemp("backup") / "store.backup"
    assert claimloop("backup", path, "--config", office / "claimloop.toml", "--quiet").code == 0
    return path


def test_a_backup_restored_has_the_same_digest(office, plain, database_url, tmp_path):
    assert plain.stat().st_mode & 0o777 == 0o600
    store = open_store(database_url, tmp_path / "vault")
    with plain.open("rb") as source:
        restore(store, source)
    store.close()
    assert digest_of(database_url, tmp_path / "vault") == digest_of(
        f"sqlite:///{office / 'claimloop.db'}", office / "vault"
    )
    assert claimloop("verify", "--database", database_url, "--config", _config(tmp_path)).code == 0


def _config(folder):
    path = folder / "claimloop.toml"
    path.write_text(f'[store]\nvault = "{folder / "vault"}"\n', encoding="utf-8")
    return path


def left(store):
    """What a restore that failed left: rows, and anything at all in the vault."""
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM claim").scalar()
    if isinstance(store.vault, FolderVault):
        return rows, list(store.vault.folder.rglob("*"))
    return rows, list(store.vault.digests())


@pytest.mark.postgres
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_folder_restored_into_the_database_and_back(office, plain, postgres_database, tmp_path, encrypted):
    """Into the other kind of vault, encrypted or not; verify and rebuild work there, and all of it comes back."""
    secret = "[privacy]\nkey_env = 'OFFICE_KEY'\n" if encrypted else ""
    config = tmp_path / "claimloop.toml"
    text = (office / "claimloop.toml").read_text(encoding="utf-8")
    config.write_text(f"{text}\n[store]\nvault = 'database'\n{secret}", encoding="utf-8")
    shutil.copy(office / "payers.toml", tmp_path)
    key = pyrage.x25519.Identity.generate()
    options = ["--config", config, "--database", postgres_database]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OFFICE_KEY", str(key))
        assert claimloop("restore", plain, *options, "--quiet").code == 0
        assert claimloop("verify", *options).code == 0
        store = open_store(postgres_database, Place(None, AgeLock([key]) if encrypted else None))
        assert all((one.key != "") == encrypted for one in store.vault.held())
        done = claimloop("rebuild", "--into", f"sqlite:///{tmp_path / 'anew.db'}", "--json", *options)
        assert (done.code, done.json["same"]) == (0, True)
        again = tmp_path / "again.backup"
        assert claimloop("backup", again, *options, "--quiet").code == 0
        assert is_locked(again.read_bytes()[:64]) == encrypted
    last = open_store(f"sqlite:///{tmp_path / 'last.db'}", tmp_path / "last")
    digest = taken_in(last, again.read_bytes(), key if encrypted else None).digest
    last.close()
    store.close()
    assert digest == digest_of(f"sqlite:///{office / 'claimloop.db'}", office / "vault")


def taken_in(store, data, key=None):
    """Restore a backup that is encrypted for a key, or for none."""
    if key is None:
        return restore(store, io.BytesIO(data))
    with unlocking(io.BytesIO(data), [key]) as opened:
        return restore(store, opened)


def test_a_damaged_encrypted_file_breaks_verify_and_is_named(plain, tmp_path):
    key = pyrage.x25519.Identity.generate()
    store = open_store(f"sqlite:///{tmp_path / 'claimloop.db'}", Place(tmp_path / "vault", AgeLock([key])))
    taken_in(store, plain.read_bytes())
    with store.read() as connection:
        digest = connection.exec_driver_sql("SELECT sha256 FROM file WHERE kind = '835'").scalar()
    damage(store.vault, digest)
    store.close()
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text(f"{key}\n", encoding="ascii")
    (tmp_path / "claimloop.toml").write_text("[privacy]\nkey_file = 'key'\n", encoding="utf-8")
    done = claimloop("verify", "--config", tmp_path / "claimloop.toml")
    assert done.code == 5
    assert f"file {digest[:12]}: its bytes are missing or changed" in done.out


@pytest.fixture(params=["sqlite-folder", pytest.param("postgresql-database", marks=pytest.mark.postgres)])
def empty_store(request, tmp_path):
    """A store to restore into, its vault of either kind."""
    if request.param == "sqlite-folder":
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
    else:
        store = open_store(request.getfixturevalue("postgres_database"), Place(None))
    yield store
    store.close()


def test_of_a_backup_that_is_not_whole_nothing_stays(plain, empty_store):
    """Cut anywhere, also right behind its last entry, and with a bit turned at its very end; encrypted or not."""
    key, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    data = plain.read_bytes()
    sealed = pyrage.encrypt(data, [key.to_public()])
    flipped = bytearray(sealed)
    flipped[-1] ^= 1
    cases = [(data[:-9], None), (data[: len(data) * 9 // 10], None)]
    cases += [(one, key) for one in (sealed[:-1], sealed[: len(sealed) // 2], bytes(flipped), sealed[:100])]
    for damaged, secret in [*cases, (sealed, other)]:
        with pytest.raises(AccessError if secret is other else InputError):
            taken_in(empty_store, damaged, secret)
        rows, files = left(empty_store)
        assert (rows, files) == (0, [])
    taken_in(empty_store, sealed, key)
    assert all(empty_store.vault.intact(digest) for digest in empty_store.vault.digests())


def test_damage_behind_the_last_entry_is_found_before_anything_is_kept(plain, empty_store):
    """The end of the encryption is looked at before the transaction is."""

    class Late(io.BytesIO):
        def read(self, size=-1):
            data = super().read(size)
            if not data:
                raise InputError("the encrypted file is damaged or was cut off")
            return data

    with pytest.raises(InputError, match="was cut off"):
        restore(empty_store, Late(plain.read_bytes() + bytes(1 << 16)))
    assert left(empty_store) == (0, [])


def test_files_that_were_there_before_a_failed_restore_stay(plain, tmp_path, monkeypatch):
    """A restore takes back what it brought and nothing else, though the last step is the one that fails."""
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
    before = store.vault.keep([b"of before"]).sha256
    real = backup_module.staging

    @contextlib.contextmanager
    def fails(vault, connection):
        with real(vault, connection) as stage:
            yield stage
        assert len(list(vault.digests())) > 1
        raise InputError("the disk went")

    monkeypatch.setattr(backup_module, "staging", fails)
    with plain.open("rb") as source, pytest.raises(InputError, match="disk went"):
        restore(store, source)
    assert list(store.vault.digests()) == [before]
    assert list(store.vault.folder.rglob(".*")) == []
    store.close()


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_stop_in_the_commit_leaves_all_or_nothing(plain, database_url, tmp_path, monkeypatch, after):
    store = open_store(database_url, tmp_path / "vault")
    commit, stopped = store.engine.dialect.do_commit, []

    def stop_once(connection):
        if after or stopped:
            commit(connection)  # as SQLite does: a signal is heard when its commit has ended
        if not stopped:
            stopped.append(True)
            raise KeyboardInterrupt

    monkeypatch.setattr(store.engine.dialect, "do_commit", stop_once)
    with plain.open("rb") as source, pytest.raises(KeyboardInterrupt):
        restore(store, source)
    with store.read() as connection:
        rows = connection.execute(text("SELECT sha256 FROM file")).scalars().all()
    assert bool(rows) is after
    assert sorted(store.vault.digests()) == sorted(rows)
    store.close()


def test_there_and_back_over_the_other_database(plain, database_url, tmp_path):
    store = open_store(database_url, tmp_path / "vault")
    with plain.open("rb") as source:
        restore(store, source)
    again = io.BytesIO()
    back_up(store, again, now=NOW)
    store.close()
    again.seek(0)
    last = open_store(f"sqlite:///{tmp_path / 'last.db'}", tmp_path / "last")
    with plain.open("rb") as source:
        first = restore(open_store(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other"), source)
    assert restore(last, again).digest == first.digest
    last.close()


def test_numbers_given_since_the_backup_are_not_given_again(plain, database_url, tmp_path):
    """An answer to what went out after the backup must not meet another claim of its number."""
    store = open_store(database_url, tmp_path / "vault")
    with plain.open("rb") as source:
        restore(store, source)
    numbers = text("SELECT partner, kind, next_number FROM control_number")
    with store.write() as connection:
        before = {(row[0], row[1]): row[2] for row in connection.execute(numbers)}
        for partner, kind in before:
            (given,) = allocate(connection, partner, kind, 1, at=datetime(2026, 5, 1))
            assert given >= before[partner, kind] + 100_000, kind
            assert list(allocate(connection, partner, kind, 1, at=datetime(2026, 5, 1))) == [given + 1]
    assert {"clm01", "ref6r", "isa13"} <= {kind for _, kind in before}
    store.close()


def test_a_damaged_file_of_the_vault_is_made_good(plain, tmp_path):
    vault = tmp_path / "vault"
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}", vault)
    with plain.open("rb") as source:
        restore(store, source)
    digest = next(iter(store.vault.digests()))
    store.close()
    damaged = vault / digest[:2] / digest[2:]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    again = open_store(f"sqlite:///{tmp_path / 'b.db'}", vault)
    with plain.open("rb") as source:
        restore(again, source)
    assert all(again.vault.intact(one) for one in again.vault.digests())
    again.close()


def test_a_restore_that_fails_leaves_no_empty_store(office, tmp_path):
    """A run would take an empty store for one that has billed nothing."""
    (tmp_path / "bad").write_bytes(b"no backup")
    new = tmp_path / "new.db"
    config = ("--config", office / "claimloop.toml", "--database", f"sqlite:///{new}")
    assert claimloop("restore", tmp_path / "bad", *config).code == 3
    assert not new.exists()


def test_a_store_with_rows_is_left_alone(office, plain):
    before = digest_of(f"sqlite:///{office / 'claimloop.db'}", office / "vault")
    done = claimloop("restore", plain, "--config", office / "claimloop.toml", "--quiet")
    assert (done.code, "holds rows" in done.err) == (2, True)
    assert digest_of(f"sqlite:///{office / 'claimloop.db'}", office / "vault") == before


@pytest.mark.parametrize("part", [0.02, 0.5, 0.9, 0.999])
def test_a_backup_that_was_cut_off_restores_nothing(plain, tmp_path, part):
    data = plain.read_bytes()
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
    with pytest.raises(InputError):
        restore(store, io.BytesIO(data[: int(len(data) * part)]))
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM claim").scalar() == 0
    store.close()


def unpacked(data):
    """The tar of a backup, and where the bytes of an entry are in it."""
    whole = gzip.decompress(data)
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        return whole, {entry.name: (entry.offset_data, entry.size) for entry in tar}


def test_a_changed_byte_in_any_row_is_found(plain, tmp_path):
    """Claims' contents are in no digest of the store, so the backup has one of its own."""
    whole, places = unpacked(plain.read_bytes())
    for name, (start, size) in places.items():
        if not name.startswith("rows/") or not size:
            continue
        damaged = bytearray(whole)
        damaged[start + size // 2] ^= 1
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
        with pytest.raises((InputError, StoreError)):
            restore(store, io.BytesIO(gzip.compress(bytes(damaged), 1)))
        with store.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM claim").scalar() == 0, name
        store.close()


def test_a_store_whose_vault_lacks_a_file_is_not_backed_up(office, tmp_path):
    vault = tmp_path / "vault"
    shutil.copytree(office / "vault", vault)
    next(path for path in vault.glob("??/*") if path.is_file()).unlink()
    store = open_store(f"sqlite:///{office / 'claimloop.db'}", vault)
    with pytest.raises(StoreError, match="lacks 1 of the store's files"):
        back_up(store, io.BytesIO(), now=NOW)
    store.close()


def test_a_disk_that_is_full_is_said_through_the_encryption():
    class Full(io.RawIOBase):
        def writable(self):
            return True

        def write(self, _data):
            raise OSError(errno.ENOSPC, "No space left on device")

    key = pyrage.x25519.Identity.generate().to_public()
    with pytest.raises(TemporaryError, match="may be full"), locking(Full(), [key]) as stream:
        stream.write(bytes(1 << 24))


def test_what_stands_behind_the_end_is_read_too():
    """A reader that has enough leaves the thread no pipe to break on."""
    key = pyrage.x25519.Identity.generate()
    sealed = io.BytesIO(pyrage.encrypt(bytes(1 << 20), [key.to_public()]))
    with unlocking(sealed, [key]) as stream:
        assert stream.read(10) == bytes(10)


@pytest.mark.parametrize("data", [b"", b"Dear practice", b"\x1f\x8b" + bytes(200)])
def test_what_is_no_backup_is_said(tmp_path, data):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
    with pytest.raises(InputError):
        restore(store, io.BytesIO(data))
    store.close()


def test_only_the_key_opens_an_encrypted_backup(office, tmp_path):
    right, second, wrong = (pyrage.x25519.Identity.generate() for _ in range(3))
    for name, key in (("right", right), ("second", second), ("wrong", wrong)):
        (tmp_path / name).write_text(f"# made for a test\n{key}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "store.age"
    config = ["--config", office / "claimloop.toml", "--quiet"]
    keys = ["--recipient", str(right.to_public()), "--recipient", str(second.to_public())]
    assert claimloop("backup", path, *keys, *config).code == 0
    assert path.read_bytes().startswith(b"age-encryption.org/")
    assert claimloop("backup", path, *config).code == 2
    database = f"sqlite:///{tmp_path / 'new.db'}"
    into = ["--database", database, "--config", _config(tmp_path), "--quiet"]
    assert claimloop("restore", path, *into).code == 4
    assert claimloop("restore", path, "--identity", tmp_path / "wrong", *into).code == 4
    damaged = tmp_path / "damaged.age"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    assert claimloop("restore", damaged, "--identity", tmp_path / "right", *into).code == 3
    assert claimloop("restore", path, "--identity", tmp_path / "second", *into).code == 0
    assert digest_of(database, tmp_path / "vault") == digest_of(
        f"sqlite:///{office / 'claimloop.db'}", office / "vault"
    )


def test_a_backup_of_an_older_version_is_upgraded(plain, tmp_path, monkeypatch):
    """The tables are made as they were, filled, and then brought to this version."""
    from reconcile.store import backup, migrate

    store = open_store(f"sqlite:///{tmp_path / 'old.db'}", tmp_path / "old")
    with store.write() as connection:
        backup._make_tables(connection, "0004")
    old = io.BytesIO()
    monkeypatch.setattr(backup, "SCHEMA_VERSION", "0004")
    monkeypatch.setattr(backup, "store_digest", lambda *_, **__: "")
    back_up(store, old, now=NOW)
    monkeypatch.undo()
    old.seek(0)
    new = open_store(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new")
    assert restore(new, old).schema == "0004"
    with new.read() as connection:
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert version == max(migrate.known_versions())
    new.close()
    store.close()


def test_a_backup_of_a_newer_version_is_refused(plain, tmp_path, monkeypatch):
    from reconcile.store import migrate

    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "vault")
    monkeypatch.setattr(migrate, "known_versions", lambda: frozenset({"0001"}))
    with plain.open("rb") as source, pytest.raises(UsageError, match="newer"):
        restore(store, source)
    store.close()


def test_a_backup_is_one_moment_though_others_write(office, tmp_path):
    """Rows written between two tables of the backup are not in it."""
    source = tmp_path / "copy.db"
    shutil.copyfile(office / "claimloop.db", source)
    store = open_store(f"sqlite:///{source}", office / "vault")
    expected = digest_of(f"sqlite:///{source}", office / "vault")
    written = []

    def write_meanwhile(_count: int) -> None:
        if not written:
            written.append(1)
            with store.write() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO practice (id, name, source) VALUES ('late', 'Late', '')"
                )

    sink = io.BytesIO()
    back_up(store, sink, now=NOW, advance=write_meanwhile)
    sink.seek(0)
    restored = open_store(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "vault")
    assert restore(restored, sink).digest == expected
    with restored.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM practice WHERE id = 'late'").scalar() == 0
    restored.close()
    store.close()


def test_a_key_that_is_none_is_said(office, tmp_path):
    config = ["--config", office / "claimloop.toml", "--quiet"]
    assert claimloop("backup", tmp_path / "x", "--recipient", "nonsense", *config).code == 2
    assert not (tmp_path / "x").exists()
    with pytest.raises(AccessError):
        identities(tmp_path / "absent")
