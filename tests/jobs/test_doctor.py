"""`doctor`: each thing that can be wrong is seen, named, and ends with its own code; a sound office has no complaint."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cli.jobs import doctor
from edi.x12.conformance import state
from reconcile.store import Vault, open_store, record_event
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
    """Exit code, and what is not sound by check."""
    done = claimloop("doctor", "--json", "--config", office.folder / "claimloop.toml", *options)
    wrong = {one["check"]: one for one in done.json["checks"] if one["state"] != "sound"}
    wrong.pop("tables", None)  # as old as the day of the test makes them
    return done.code, wrong


def test_a_sound_office(office, monkeypatch):
    monkeypatch.setattr(doctor, "list_tables", lambda *_: [])
    assert seen(office) == (0, {})
    told = claimloop("doctor", "--config", office.folder / "claimloop.toml").out
    assert "encrypted disk" in told
    assert "house answers" in told


def test_an_old_table_is_a_warning(office):
    done = claimloop("doctor", "--json", "--config", office.folder / "claimloop.toml")
    (old, *_) = [one for one in done.json["checks"] if one["check"] == "tables"]
    assert (old["state"], old["fix"]) == ("warning", "claimloop tables update FILE")
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
    digest = next(iter(Vault(store.vault).digests()))
    path = Vault(store.vault).path(digest)
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
    monkeypatch.setattr(state, "KNOWN_VERSIONS", frozenset())
    code, wrong = seen(office)
    assert (code, wrong["conformance"]["state"]) == (1, "warning")


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
