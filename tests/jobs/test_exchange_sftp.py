"""`send` and `fetch` with a real SFTP server that fails at random, and a client that is killed: every file exactly once."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest

from cli.jobs.exchange import fetch
from cli.settings import load_settings
from edi.transport.sftp import SftpTransport
from tests.command_line import COMMAND
from tests.jobs.office import SETTINGS, Office, session
from tests.transport.sftp_server import PASSWORD, USER, Faults, SftpServer

# A connection that the server drops takes no care of the files that the server had open for it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)

SIDES = ("out", "in")


class Desk:
    """An office with files to send, one claim each, and a clearinghouse that offers as many."""

    def __init__(self, folder: Path, files: int, seed: int, rate: float) -> None:
        self.random = random.Random(seed)
        self.house = folder / "house"
        for side in SIDES:
            (self.house / side).mkdir(parents=True)
        self.server = SftpServer(self.house, Faults(seed, rate))
        self.server.faults.stall = 3.0
        self.office = Office(folder / "office", {f"P{number}": {} for number in range(files)})
        (self.office.folder / "claimloop.toml").write_text(self._settings(), encoding="utf-8")
        self.office.create(*(session(f"V{number}", patient=f"P{number}") for number in range(files)))
        self.waiting = {
            f"answer-{number}.835": self.random.randbytes(self.random.randrange(1, 120_000))
            for number in range(files)
        }
        for name, content in self.waiting.items():
            (self.house / "in" / name).write_bytes(content)

    def _settings(self) -> str:
        transport = (
            f'transport = {{ kind = "sftp", host = "127.0.0.1", port = {self.server.port}, user = "{USER}", '
            f'password_env = "HOUSE_PASSWORD", host_key = ["{self.server.host_key}"], outbound = "/out", '  # pragma: allowlist secret
            'inbound = "/in", timeout = 2, attempts = 8, first_wait = 0, longest_wait = 1, quiet_seconds = 0 }\n'
        )
        return SETTINGS.replace("max_claims_per_st = 2", "max_claims_per_st = 1") + transport

    def call(self, command: str, *, kill_after: float | None = None) -> int:
        """Run a command; or kill it after so many seconds."""
        process = subprocess.Popen(
            [COMMAND, command, "--config", self.office.folder / "claimloop.toml", "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOUSE_PASSWORD": PASSWORD},
        )
        try:
            return process.wait(kill_after if kill_after is not None else 300)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def arrived(self) -> dict[str, bytes]:
        """What the clearinghouse can see under a final name."""
        return {
            path.name: path.read_bytes()
            for path in (self.house / "out").iterdir()
            if not path.name.startswith(".")
        }

    def fetched(self) -> Counter[bytes]:
        """The contents in the inbox."""
        inbox = self.office.folder / "inbox" / "house"
        return Counter(path.read_bytes() for path in inbox.iterdir() if not path.name.startswith("."))

    def outcomes(self) -> Counter[str]:
        """How many files stand how in the store."""
        return Counter(row[0] for row in self.office.rows("SELECT outcome FROM file"))


def exchange(desk: Desk, *, kills: int, longest: float) -> None:
    """Kill the client so often, restart the server meanwhile, then run until nothing is left."""
    with desk.server:
        ended = threading.Event()
        restarts = threading.Thread(target=_restart_now_and_then, args=(desk, ended))
        restarts.start()
        try:
            for number in range(kills):
                desk.call("fetch" if number % 2 else "send", kill_after=desk.random.uniform(0.4, longest))
            for command, side in (("send", "out"), ("fetch", "in")):
                for _ in range(60):
                    if desk.call(command) == 0:
                        break
                else:
                    pytest.fail(f"{command} never came to its end ({side})")
        finally:
            ended.set()
            restarts.join()


def _restart_now_and_then(desk: Desk, ended: threading.Event) -> None:
    chance = random.Random(desk.random.random())
    while not ended.wait(chance.uniform(1.0, 6.0)):
        desk.server.restart()


def check(desk: Desk) -> None:
    """Every file exactly once, byte for byte, on both sides, and nothing half done left visible."""
    assert desk.arrived() == desk.office.written()
    assert desk.fetched() == Counter(desk.waiting.values())
    assert desk.outcomes() == {"sent": len(desk.waiting)}
    assert sorted(path.name for path in (desk.house / "in" / "archive").iterdir()) == sorted(desk.waiting)
    print(f"faults seen: {desk.server.faults.seen}")


def test_every_file_arrives_once_though_server_and_client_fail(tmp_path, seed):
    desk = Desk(tmp_path, 12, seed, rate=0.02)
    exchange(desk, kills=2, longest=1.2)
    check(desk)


def test_a_wrong_password_ends_with_four_and_sends_nothing(tmp_path, seed):
    desk = Desk(tmp_path, 1, seed, rate=0)
    with desk.server:
        code = subprocess.run(
            [COMMAND, "send", "--config", desk.office.folder / "claimloop.toml"],
            env={**os.environ, "HOUSE_PASSWORD": "other"},  # pragma: allowlist secret
            capture_output=True,
            check=False,
        )
    assert code.returncode == 4
    assert b"refuses" in code.stderr
    assert desk.outcomes() == {"placed": 1}


@pytest.mark.soak
def test_a_thousand_files_each_way(tmp_path, seed):
    desk = Desk(tmp_path, 1_000, seed, rate=0.01)
    exchange(desk, kills=50, longest=4.0)
    check(desk)
    assert all(desk.server.faults.seen.values()), desk.server.faults.seen


def test_a_login_that_is_refused_underway_is_not_tried_for_every_file(tmp_path, seed, monkeypatch):
    """Too many refused logins lock an account."""
    desk = Desk(tmp_path, 5, seed, rate=0)
    get, tries = SftpTransport.get, []

    def lose_the_line(self, file, folder):
        tries.append(file.name)
        self.close()
        desk.server.password = desk.server.password[::-1]
        return get(self, file, folder)

    monkeypatch.setattr(SftpTransport, "get", lose_the_line)
    monkeypatch.setenv("HOUSE_PASSWORD", PASSWORD)
    settings = load_settings(desk.office.folder / "claimloop.toml", environment={})
    partners = list(settings.directory.trading_partners.values())
    with desk.server:
        got = fetch(partners, desk.office.folder, desk.office.folder / "inbox")
    assert (got.fetched, [one.exit_code for one in got.troubles], len(tries)) == ((), [4], 1)
