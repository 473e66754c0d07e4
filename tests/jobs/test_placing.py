"""Files get into their folder once, whoever places them at one moment, takes them away, or is killed on the way."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from contextlib import closing, suppress
from datetime import datetime

import pytest

from cli.jobs import placing
from reconcile.store import open_store
from reconcile.store.files import OUTGOING, PLACED, files, move_file, register_file

BEFORE = "written"
NOW = datetime(2026, 3, 20, 12, 0)
MACHINES = 4


class Place:
    """A store on either database, and the folder that its files go to."""

    def __init__(self, url, folder):
        self.url, self.folder, self.out = url, folder, folder / "out"
        self.out.mkdir()
        self.taken = Counter()

    def open(self):
        return open_store(self.url, self.folder / "vault")

    def commit(self, *names):
        """Note files as written, as a command does before it places them; return their bytes by name."""
        made = {name: f"{name} {'x' * 2000}".encode() for name in names}
        with closing(self.open()) as store, store.write() as connection:
            for name, data in made.items():
                store.vault.keep([data])
                register_file(
                    connection,
                    hashlib.sha256(data).hexdigest(),
                    size=len(data),
                    direction=OUTGOING,
                    kind="837P",
                    name=name,
                    outcome=BEFORE,
                    at=NOW,
                )
        return made

    def put_back(self):
        with closing(self.open()) as store:
            return list(placing.put_back(store, self.out, before=BEFORE))

    def take(self):
        """What an uploader does: it takes away every file that stands there whole, and never a hidden one."""
        for path in self.out.glob("*.837"):
            with suppress(FileNotFoundError):  # two of them may be at it: who unlinks it took it
                data = path.read_bytes()
                assert data.startswith(f"{path.name} ".encode())
                assert len(data) > 2000
                path.unlink()
                self.taken[path.name] += 1

    def outcomes(self):
        with closing(self.open()) as store, store.read() as connection:
            return {one.name: one.outcome for one in files(connection)}


@pytest.fixture
def place(database_url, tmp_path):
    return Place(database_url, tmp_path)


def one_file(store, place, name):
    """Place a committed file, as the command that made it does."""
    data = f"{name} {'x' * 2000}".encode()
    return placing.place(store, place.out / name, hashlib.sha256(data).hexdigest(), data, before=BEFORE)


def test_a_file_taken_while_another_command_looked_is_not_placed_again(place, monkeypatch):
    """The worst moment: the other has seen that it is not placed, and comes to place it when it was and is gone."""
    place.commit("a.837")
    with closing(place.open()) as first, closing(place.open()) as second:
        read = second.vault.read

        def meanwhile(sha256):
            assert one_file(first, place, "a.837")
            place.take()
            return read(sha256)

        monkeypatch.setattr(second.vault, "read", meanwhile)
        assert list(placing.put_back(second, place.out, before=BEFORE)) == []
    assert place.put_back() == []
    assert (place.taken, list(place.out.iterdir())) == ({"a.837": 1}, [])


@pytest.mark.parametrize("hook", ["write_synced", "sync_folder", "_reveal"])
def test_two_at_the_same_step_place_it_once(place, monkeypatch, hook):
    """The second comes when the first is within its transaction, or has noted the file and not yet named it."""
    place.commit("a.837")
    original, inside, other = getattr(placing, hook), threading.Event(), threading.Event()

    def slow(*arguments, **named):
        if threading.current_thread().name == "first" and not inside.is_set():
            inside.set()
            other.wait(0.4)
        return original(*arguments, **named)

    monkeypatch.setattr(placing, hook, slow)
    placed = Counter()

    def work(first):
        with closing(place.open()) as store:
            placed[first] = one_file(store, place, "a.837") if first else len(place.put_back())
        place.take()
        other.set()

    threads = [threading.Thread(target=work, args=(True,), name="first")]
    threads[0].start()
    assert inside.wait(30)
    threads.append(threading.Thread(target=work, args=(False,)))
    threads[1].start()
    for thread in threads:
        thread.join(60)
    assert sum(placed.values()) == 1
    assert (place.taken, list(place.out.iterdir())) == ({"a.837": 1}, [])
    assert place.outcomes() == {"a.837": PLACED}


def test_many_machines_and_an_uploader(place):
    names = [f"f{number}.837" for number in range(12)]
    place.commit(*names)
    at_once, told, errors = threading.Barrier(MACHINES), Counter(), []
    over = threading.Event()

    def machine():
        try:
            at_once.wait(30)
            told.update(place.put_back())
        except BaseException as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    def uploader():
        while not over.is_set():
            place.take()

    threads = [threading.Thread(target=machine) for _ in range(MACHINES)]
    taking = threading.Thread(target=uploader)
    for thread in (*threads, taking):
        thread.start()
    for thread in threads:
        thread.join(60)
    over.set()
    taking.join(60)
    place.take()
    once = dict.fromkeys(names, 1)
    assert (errors, place.taken, told) == ([], once, once)
    assert list(place.out.iterdir()) == []


@pytest.mark.parametrize("hook", ["write_synced", "sync_folder", "_reveal"])
def test_what_a_kill_left_is_placed_by_the_next_one(place, monkeypatch, hook):
    """Killed before it is staged, before that is noted, before it has its name: it comes, and it comes once."""
    place.commit("a.837")

    def killed(*_arguments, **_named):
        raise KeyboardInterrupt

    with closing(place.open()) as store, monkeypatch.context() as patched:
        patched.setattr(placing, hook, killed)
        with pytest.raises(KeyboardInterrupt):
            one_file(store, place, "a.837")
    place.take()
    assert place.taken == {}
    assert place.put_back() == ["a.837"]
    place.take()
    assert place.put_back() == []
    assert (place.taken, list(place.out.iterdir())) == ({"a.837": 1}, [])


def test_what_is_being_sent_is_not_placed(place):
    """A `send` on another machine takes a file from the vault as soon as it is committed."""
    made = place.commit("a.837")
    with closing(place.open()) as store:
        with store.write() as connection:
            digest = hashlib.sha256(made["a.837"]).hexdigest()
            assert move_file(connection, digest, before=BEFORE, outcome="uploading")
        assert not one_file(store, place, "a.837")
    assert place.put_back() == []
    assert place.outcomes() == {"a.837": "uploading"}
    assert list(place.out.iterdir()) == []
