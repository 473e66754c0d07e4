"""The inbox of `run`: only what was read moves, and one file in trouble stops no other."""

from __future__ import annotations

from hashlib import sha256

import pytest

from cli.jobs.manifest import FileEntry
from cli.jobs.run import inbox as inboxes
from cli.jobs.run import night as steps
from reconcile.store.vault import base
from tests.command_line import claimloop
from tests.jobs.test_held_release import paid
from tests.jobs.test_run import nightly, office  # noqa: F401
from tests.remits import file_of, payment

FIRST = file_of(payment([paid()], trace="T1"), control=1)
SECOND = file_of(payment([paid("B0000002")], trace="T2"), control=2)


@pytest.fixture
def inbox(office, monkeypatch):  # noqa: F811
    monkeypatch.setattr(inboxes, "_QUIET", 0)
    folder = office.folder / "inbox"
    folder.mkdir()
    return folder


def after_ingest(monkeypatch, then):
    real = steps.ingest

    def ingest(*args, **named):
        done = real(*args, **named)
        then()
        return done

    monkeypatch.setattr(steps, "ingest", ingest)


def unreadable(monkeypatch, name, error=None):
    real = base._at_once

    def opened(path, flags):
        if str(path).endswith(name):
            raise error or PermissionError(13, "Permission denied", str(path))
        return real(path, flags)

    monkeypatch.setattr(base, "_at_once", opened)


def step(done):
    return next(one for one in done.json["steps"] if one["name"] == "ingest")


def test_another_file_under_the_name_waits_for_the_next_night(office, inbox, monkeypatch):  # noqa: F811
    (inbox / "era.835").write_bytes(FIRST)
    with monkeypatch.context() as patch:
        after_ingest(patch, lambda: (inbox / "era.835").write_bytes(SECOND))
        assert step(nightly(office, "--json"))["counts"]["waiting"] == 1
    assert (inbox / "era.835").read_bytes() == SECOND
    again = nightly(office, "--json")
    assert again.json["files"][0]["outcome"] != "duplicate"
    assert (inbox / "taken" / "era.835").read_bytes() == SECOND


def test_a_file_that_went_away_stops_nothing(office, inbox, monkeypatch):  # noqa: F811
    (inbox / "era.835").write_bytes(FIRST)
    after_ingest(monkeypatch, (inbox / "era.835").unlink)
    assert len(nightly(office, "--json").json["sent"]) == 2


def test_an_unreadable_file_stays_and_stops_nothing(office, inbox, monkeypatch):  # noqa: F811
    (inbox / "a.835").write_bytes(FIRST)
    (inbox / "b.835").write_bytes(SECOND)
    unreadable(monkeypatch, "a.835")
    done = nightly(office, "--json")
    assert (done.code, len(done.json["sent"])) == (4, 2)
    assert done.json["files"][0]["findings"][0]["code"] == "ING015"
    assert (inbox / "a.835").exists()
    assert (inbox / "taken" / "b.835").exists()


def test_ingest_takes_the_others_and_leaves_what_was_put_aside(office, inbox, monkeypatch):  # noqa: F811
    aside = inbox / "not-taken"
    aside.mkdir()
    (aside / "old.835").write_bytes(b"%PDF")
    (inbox / "a.835").write_bytes(FIRST)
    (inbox / "b.835").write_bytes(SECOND)
    unreadable(monkeypatch, "a.835")
    config = ("--json", "--config", office.folder / "claimloop.toml")
    done = claimloop("ingest", inbox, *config)
    assert (done.code, [one["file"] for one in done.json["files"]]) == (4, ["a.835", "b.835"])
    assert [one["file"] for one in claimloop("ingest", aside, *config).json["files"]] == ["old.835"]


def test_a_file_whose_disk_fails_stays(office, inbox, monkeypatch):  # noqa: F811
    (inbox / "a.835").write_bytes(FIRST)
    unreadable(monkeypatch, "a.835", OSError(5, "Input/output error"))
    done = nightly(office, "--json")
    assert (done.code, len(done.json["sent"])) == (4, 2)
    assert "reading failed (Input/output error)" in done.json["files"][0]["findings"][0]["message"]
    assert (inbox / "a.835").exists()


def test_a_folder_that_may_not_be_listed_stops_no_billing(office, inbox, monkeypatch):  # noqa: F811
    def refused(*_named):
        raise PermissionError(13, "Permission denied", str(inbox / "sub"))

    monkeypatch.setattr(inboxes, "files_of", refused)
    done = nightly(office, "--json")
    assert (done.code, len(done.json["sent"])) == (4, 2)
    assert [one["step"] for one in done.json["failed_practices"]] == ["ingest"]


def test_a_file_without_an_end_of_a_line_is_put_aside_once(office, inbox):  # noqa: F811
    (inbox / "endless.txt").write_bytes(b"A" * (9 << 20))
    assert nightly(office).code == 3
    assert (inbox / "not-taken" / "endless.txt").exists()
    assert nightly(office).code == 0


def test_a_file_that_becomes_a_folder_moves_nothing(office, inbox, monkeypatch):  # noqa: F811
    (inbox / "a.835").write_bytes(FIRST)
    (inbox / "b.835").write_bytes(SECOND)
    real = steps.ingest

    def ingest(paths, *args, **named):
        (inbox / "a.835").unlink()
        (inbox / "a.835").mkdir()
        return real(paths, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(steps, "ingest", ingest)
        done = nightly(office, "--json")
    assert (step(done)["counts"]["waiting"], len(done.json["sent"])) == (2, 2)
    assert (inbox / "b.835").exists()
    assert nightly(office, "--json").json["files"][0]["outcome"] == "duplicate"


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_that_is_replaced_while_it_moves_is_put_back(inbox, monkeypatch, taken):
    path = inbox / "a.835"
    path.write_bytes(FIRST)
    ((file,), _) = inboxes.waiting_files(inbox, (str(path),))
    real = inboxes.digest_of

    def digest(one):
        found = real(one)
        path.write_bytes(SECOND)
        return found

    rename = type(path).rename

    def renamed(self, target):
        moved = rename(self, target)
        if taken and self == path:
            path.write_bytes(b"a third")
        return moved

    monkeypatch.setattr(inboxes, "digest_of", digest)
    monkeypatch.setattr(type(path), "rename", renamed)
    entry = FileEntry(file="a.835", sha256=sha256(FIRST).hexdigest(), kind="835", outcome="posted")
    assert not inboxes.move_aside(inbox, file, entry)
    left = sorted(one.read_bytes() for one in inbox.rglob("*") if one.is_file())
    assert left == sorted([SECOND, b"a third"] if taken else [SECOND])
    assert not list((inbox / "taken").iterdir())


def test_what_is_being_written_waits(inbox, monkeypatch):
    monkeypatch.setattr(inboxes, "_QUIET", 1000)
    for name in ("grows.835", "done.835", "half.835.filepart"):
        (inbox / name).write_bytes(FIRST)
    found, left = inboxes.waiting_files(inbox, (), sleep=lambda _: (inbox / "grows.835").write_bytes(b"more"))
    assert ([one.path.name for one in found], left) == (["done.835"], 2)


def test_nobody_waits_for_files_that_were_fetched(inbox):
    (inbox / "done.835").write_bytes(FIRST)
    found, left = inboxes.waiting_files(
        inbox, (str(inbox / "done.835"),), sleep=lambda _: pytest.fail("slept")
    )
    assert (len(found), left) == (1, 0)
