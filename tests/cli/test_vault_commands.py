"""`claimloop vault`: show, move, rekey and key, their exit codes, and what is said where key or database lack."""

from __future__ import annotations

import stat

import pytest

from reconcile.store import FolderVault, Place, open_store
from tests.command_line import claimloop

CONTENTS = (b"one", b"two " * 9000)


class Installation:
    """A new installation, its settings as text, and its vault."""

    def __init__(self, folder):
        assert claimloop("init", folder).code == 0
        self.folder = folder
        self.base = (folder / "claimloop.toml").read_text(encoding="utf-8")
        self.vault = FolderVault(folder / "vault")
        for data in CONTENTS:
            self.vault.keep([data])

    def say(self, *options):
        return claimloop(*options, "--config", self.folder / "claimloop.toml")

    def settings(self, text):
        (self.folder / "claimloop.toml").write_text(f"{self.base}\n{text}\n", encoding="utf-8")


@pytest.fixture
def office(tmp_path):
    return Installation(tmp_path / "office")


def test_from_plain_to_a_key_to_another_and_back(office):
    assert office.say("vault", "show", "--json").json["vault"]["keys"] == {"": 2}
    made = claimloop("vault", "key", office.folder / "key", "--json").json["key"]
    assert made["public"].startswith("age1")
    assert stat.S_IMODE((office.folder / "key").stat().st_mode) == 0o600
    assert claimloop("vault", "key", office.folder / "key").code == 2
    office.settings('[privacy]\nkey_file = "key"')
    shown = office.say("vault", "show", "--json")
    assert (shown.code, shown.json["stale"]) == (1, 2)
    assert office.say("vault", "rekey", "--dry-run", "--json").json["rekeyed"]["changed"] == 2
    assert office.say("vault", "show").code == 1
    done = office.say("vault", "rekey", "--json").json["rekeyed"]
    assert (done["changed"], done["as_before"]) == (2, 0)
    assert office.say("vault", "show", "--json").json["vault"]["keys"] == {done["key"]: 2}
    old = (office.folder / "key").read_text(encoding="ascii")
    (office.folder / "key").unlink()
    claimloop("vault", "key", office.folder / "key")
    with (office.folder / "key").open("a", encoding="ascii") as stream:
        stream.write(old)
    again = office.say("vault", "rekey", "--json").json["rekeyed"]
    assert (again["changed"], again["key"] != done["key"]) == (2, True)
    assert office.say("vault", "rekey", "--json").json["rekeyed"]["as_before"] == 2
    office.settings('[privacy]\nkey_file = "key"\nencrypt_vault = false')
    assert "2 files are now plain" in office.say("vault", "rekey").out
    assert all(office.vault.intact(digest) for digest in office.vault.digests())


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ('key_env = "NO_SUCH_KEY"', 4, "the environment has no NO_SUCH_KEY"),
        ('key_file = "absent"', 4, "no secret key"),
        ('key_file = "loose"', 4, "chmod 600"),
        ('key_file = "nonsense"', 4, "no secret key"),
        ('key_file = "key"\nkey_env = "X"', 2, "name one of them"),
        ('key = "AGE-SECRET-KEY-1"', 2, "key"),
    ],
)
def test_a_key_that_cannot_be_had(office, settings, code, said):
    claimloop("vault", "key", office.folder / "key")
    for name, text in (("loose", (office.folder / "key").read_text()), ("nonsense", "word\n")):
        (office.folder / name).write_text(text, encoding="ascii")
        (office.folder / name).chmod(0o644 if name == "loose" else 0o600)
    office.settings(f"[privacy]\n{settings}")
    for command in (("vault", "rekey"), ("verify",)):
        done = office.say(*command)
        assert (done.code, said in done.err) == (code, True), done
        assert "AGE-SECRET-KEY-1" not in done.err.replace('AGE-SECRET-KEY-1"', "")


def test_an_encrypted_vault_without_its_key(office):
    claimloop("vault", "key", office.folder / "key")
    office.settings('[privacy]\nkey_file = "key"')
    assert office.say("vault", "rekey").code == 0
    office.settings("")
    done = office.say("vault", "rekey")
    assert (done.code, "[privacy] key_file" in done.err) == (4, True)
    assert office.say("vault", "show").code == 1


def test_the_key_may_come_from_the_environment(office, monkeypatch):
    claimloop("vault", "key", office.folder / "key")
    monkeypatch.setenv("OFFICE_KEY", (office.folder / "key").read_text(encoding="ascii"))
    (office.folder / "key").unlink()
    office.settings('[privacy]\nkey_env = "OFFICE_KEY"')
    assert office.say("vault", "rekey").code == 0
    backup = office.folder / "all.age"
    assert office.say("backup", backup, "--quiet", "--json").json["backup"]["encrypted"]
    other = office.folder / "other"
    assert claimloop("init", other).code == 0
    (other / "claimloop.db").unlink()
    with (other / "claimloop.toml").open("a", encoding="utf-8") as stream:
        stream.write('[privacy]\nkey_env = "OFFICE_KEY"\n')
    assert claimloop("restore", backup, "--config", other / "claimloop.toml").code == 0
    assert all(path.suffix == ".age" for path in (other / "vault").glob("??/*"))
    assert len(list((other / "vault").glob("??/*"))) == 2


@pytest.mark.sqlite("only PostgreSQL keeps a vault, as the tests after this one do")
def test_sqlite_has_no_vault_inside(office):
    done = office.say("vault", "move", "--to", "database")
    assert (done.code, "PostgreSQL only" in done.err) == (2, True)
    assert office.say("vault", "move", "--to", "attic").code == 2


@pytest.mark.postgres
def test_to_the_database_and_back(office, postgres_database, monkeypatch):
    monkeypatch.setenv("CLAIMLOOP_DATABASE_URL", postgres_database)
    open_store(postgres_database, Place(None)).close()
    planned = office.say("vault", "move", "--to", "database", "--dry-run", "--json")
    assert (planned.code, planned.json["moved"]["brought"]) == (0, 2)
    first = office.say("vault", "move", "--to", "database", "--json")
    assert (first.code, first.json["moved"]["brought"], first.json["moved"]["in_use"]) == (1, 2, False)
    assert len(list(office.vault.digests())) == 2
    late = office.vault.keep([b"came meanwhile"]).sha256
    monkeypatch.setenv("CLAIMLOOP_VAULT", "database")
    second = office.say("vault", "move", "--to", "database", "--json")
    assert second.code == 0
    assert [second.json["moved"][name] for name in ("brought", "known", "gone")] == [1, 2, 3]
    assert list(office.vault.digests()) == []
    store = open_store(postgres_database, Place(None))
    assert late in list(store.vault.digests())
    store.close()
    assert office.say("vault", "show", "--json").json["vault"]["files"] == 3
    assert "now set [store] vault" in office.say("vault", "move", "--to", "folder").out
    monkeypatch.setenv("CLAIMLOOP_VAULT", "folder:vault")
    assert office.say("vault", "move", "--to", "folder", "--json").json["moved"]["gone"] == 3
    assert len(list(office.vault.digests())) == 3
    assert office.say("vault", "move", "--to", "database", "--folder", "elsewhere").code == 2
