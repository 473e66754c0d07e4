"""`doctor`: each thing that can be wrong is seen, named, and ends with its own code; a sound office has no complaint."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta

import pytest

from cli.jobs import doctor
from edi.x12.conformance import state
from reconcile.store import open_store, record_event
from tests.command_line import claimloop
from tests.jobs.office import SETTINGS, Office, session
from tests.transport.sftp_server import PASSWORD, USER, SftpServer

TRANSPORT = 'transport = { kind = "folder", outbound = "drop", inbound = "back" }\n'


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    (tmp_path / "claimloop.toml").write_text(SETTINGS + TRANSPORT, encoding="utf-8")
    for name in ("drop", "back"):
        (tmp_path / name).mkdir()
    made.create(session("V1"))
    return made


def seen(office, *options):
    """Exit code, and what is work by check."""
    done = claimloop("doctor", "--json", "--config", office.folder / "claimloop.toml", *options)
    wrong = {one["check"]: one for one in done.json["checks"] if one["state"] not in ("sound", "note")}
    wrong.pop("tables", None)  # as old as the day of the test makes them
    return done.code, wrong


@pytest.fixture
def sealed(office):
    """The office with a key, and all of its vault encrypted for it."""
    assert claimloop("vault", "key", office.folder / "key").code == 0
    settings(office, '[privacy]\nkey_file = "key"\n')
    assert claimloop("vault", "rekey", "--config", office.folder / "claimloop.toml").code == 0
    return office


def settings(office, text):
    with (office.folder / "claimloop.toml").open("a", encoding="utf-8") as stream:
        stream.write(text)


def test_a_sound_office(sealed, monkeypatch):
    monkeypatch.setattr(doctor, "list_tables", lambda *_: [])
    assert seen(sealed) == (0, {})
    told = claimloop("doctor", "--config", sealed.folder / "claimloop.toml").out
    assert "never encrypts the rows" in told
    assert "the vault is encrypted for the key" in told
    assert "house answers" in told


def test_a_plain_vault_is_a_note_that_is_no_work(office, monkeypatch):
    monkeypatch.setattr(doctor, "list_tables", lambda *_: [])
    assert seen(office) == (0, {})
    told = claimloop("doctor", "--config", office.folder / "claimloop.toml").out
    assert "note    encryption: the vault is not encrypted" in told
    assert "vault key FILE" in told


def test_files_for_an_old_key_are_a_warning(sealed):
    new = sealed.folder / "new"
    assert claimloop("vault", "key", new).code == 0
    key = sealed.folder / "key"
    key.write_text(new.read_text() + key.read_text(), encoding="utf-8")
    code, wrong = seen(sealed)
    assert (code, wrong["encryption"]["fix"]) == (1, "claimloop vault rekey")


def test_an_encrypted_vault_without_its_key(sealed):
    config = sealed.folder / "claimloop.toml"
    config.write_text(config.read_text().replace("[privacy]\n", "").replace('key_file = "key"\n', ""))
    code, wrong = seen(sealed)
    assert (code, wrong["store"]["state"]) == (4, "broken")
    assert "[privacy] key_file" in wrong["store"]["message"]


@pytest.mark.parametrize(
    "place", ["key", "vault", "inbox", "runs", "out", "backups", "runs/log.jsonl", "word"]
)
def test_what_others_may_read_is_named(sealed, place):
    transport = TRANSPORT.replace("}", ', password_file = "word" }')
    config = sealed.folder / "claimloop.toml"
    config.write_text(config.read_text().replace(TRANSPORT, transport))
    for name in ("inbox", "runs", "backups"):
        (sealed.folder / name).mkdir(mode=0o700)
    for name in ("runs/log.jsonl", "word"):
        (sealed.folder / name).touch(mode=0o600)
    assert "permissions" not in seen(sealed, "--offline")[1]
    path = sealed.folder / place
    loose = 0o750 if path.is_dir() else 0o640
    path.chmod(loose)
    code, wrong = seen(sealed, "--offline")
    assert wrong["permissions"]["fix"] == f"chmod {'700' if path.is_dir() else '600'} {path}"
    if place == "key":
        assert (code, wrong["store"]["state"]) == (4, "broken")


def test_an_old_table_is_a_warning(office):
    done = claimloop("doctor", "--json", "--config", office.folder / "claimloop.toml")
    (old, *others) = [one for one in done.json["checks"] if one["check"] == "tables"]
    assert (old["state"], old["fix"]) == ("warning", "claimloop tables update FILE")
    (diagnoses,) = [one for one in others if "ICD-10-CM" in one["message"]]
    assert diagnoses["fix"].startswith("it comes with simple-icd-10-cm")
    assert done.code == 1


def test_a_folder_that_is_gone(office):
    (office.folder / "back").rmdir()
    code, wrong = seen(office)
    assert (code, wrong["partners"]["state"]) == (2, "broken")
    assert "no folder back" in wrong["partners"]["message"]


def test_no_store_yet_is_no_fault(office):
    for path in office.folder.glob("claimloop.db*"):
        path.unlink()
    code, wrong = seen(office)
    assert (code, wrong["store"]["state"]) == (1, "warning")


def test_a_damaged_file_of_the_vault(office):
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}", read_only=True)
    digest = next(iter(store.vault.digests()))
    path = store.vault.path(digest)
    store.close()
    path.chmod(0o600)
    path.write_bytes(b"other")
    code, wrong = seen(office)
    assert (code, wrong["vault"]["state"]) == (5, "broken")


def test_a_clock_that_is_behind(office):
    store = open_store(f"sqlite:///{office.folder / 'claimloop.db'}")
    with store.write() as connection:
        record_event(connection, kind="note", subject="x", at=datetime.now() + timedelta(days=2))
    store.close()
    code, wrong = seen(office)
    assert (code, wrong["clock"]["state"]) == (3, "broken")


def test_a_store_that_others_may_read(office):
    (office.folder / "claimloop.db").chmod(0o644)
    code, wrong = seen(office)
    assert (code, wrong["permissions"]["fix"]) == (1, f"chmod 600 {office.folder / 'claimloop.db'}")


def test_what_a_killed_command_left_is_named_after_a_day(sealed):
    for name, age in ((".claimloop-replay-old", 90_000), (".claimloop-replay-young", 10)):
        (sealed.folder / name).mkdir(mode=0o700)
        os.utime(sealed.folder / name, (time.time() - age,) * 2)
    code, wrong = seen(sealed)
    assert (code, wrong["leftovers"]["fix"]) == (1, f"rm -r {sealed.folder / '.claimloop-replay-old'}")


def test_a_disk_that_is_nearly_full(office, monkeypatch):
    monkeypatch.setattr(doctor, "_LEAST_FREE", 1 << 62)
    code, wrong = seen(office)
    assert (code, wrong["disk"]["state"]) == (1, "warning")


def test_a_check_that_the_system_refuses_is_no_sound_one(office, monkeypatch):
    def refused(_settings):
        raise PermissionError(13, "Permission denied", "vault")

    monkeypatch.setattr(doctor, "_private", refused)
    code, wrong = seen(office)
    assert (code, wrong["permissions"]["message"]) == (4, "vault: Permission denied")


def test_a_pyx12_that_is_not_known(office, monkeypatch):
    monkeypatch.setattr(state, "KNOWN_VERSIONS", {})
    code, wrong = seen(office)
    assert (code, wrong["conformance"]["state"]) == (1, "warning")


def test_a_pyx12_whose_files_were_changed(office, monkeypatch):
    monkeypatch.setattr(state, "KNOWN_VERSIONS", dict.fromkeys(state.KNOWN_VERSIONS, "0" * 64))
    code, wrong = seen(office)
    assert (code, wrong["conformance"]["state"]) == (1, "warning")
    assert "files of pyx12 are not those" in wrong["conformance"]["message"]


def test_a_webhook_without_address(office, monkeypatch):
    monkeypatch.delenv("HOOK", raising=False)
    with (office.folder / "claimloop.toml").open("a", encoding="utf-8") as stream:
        stream.write('[notify]\nwebhook_env = "HOOK"\n')
    code, wrong = seen(office)
    assert (code, wrong["settings"]["state"]) == (4, "broken")


def test_partners_behind_sftp(office, tmp_path, monkeypatch):
    for name in ("out", "in"):
        (tmp_path / "house" / name).mkdir(parents=True)
    with SftpServer(tmp_path / "house") as server:
        variable = "HOUSE_WORD"
        transport = (
            f'transport = {{ kind = "sftp", host = "127.0.0.1", port = {server.port}, user = "{USER}", '
            f'password_env = "{variable}", host_key = "{server.host_key}", inbound = "/in", timeout = 5 }}\n'
        )
        (office.folder / "claimloop.toml").write_text(SETTINGS + transport, encoding="utf-8")
        monkeypatch.delenv("HOUSE_WORD", raising=False)
        code, wrong = seen(office)
        assert (code, "HOUSE_WORD" in wrong["partners"]["message"]) == (4, True)
        monkeypatch.setenv("HOUSE_WORD", "other")
        assert seen(office)[0] == 4
        assert "partners" not in seen(office, "--offline")[1]
        monkeypatch.setenv("HOUSE_WORD", PASSWORD)
        assert "partners" not in seen(office)[1]
    assert seen(office)[0] == 75
