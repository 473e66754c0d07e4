"""A PostgreSQL server of the tests' own, which ends with the process that started it, however that ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.on_postgres import Server

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    # Nothing of it outlives the tests.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
# Its input ends when the tests let go of it, or are no more: a kill, a second Ctrl-C, a test that hung.
KEEPER = 'cat; folder=$1; shift; "$@"; rm -rf "$folder"'


def postgres_tools() -> Path | None:
    """The folder of initdb and pg_ctl, the newest if there are several; None without a server."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: float(path.parents[1].name), default=None)
    return newest.parent if newest else None


class PostgresCluster(Server):
    """A private server on a unix socket, in a folder of its own, gone when the tests end."""

    def __init__(self, tools: Path) -> None:
        self._tools = tools
        self._databases = 0
        # Not pytest's tmp_path: its parents are 0700, and root must hand the folder to another user.
        super().__init__(Path(tempfile.mkdtemp(prefix="claimloop-pg-")))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "keeper", self.folder, *self._command("pg_ctl", "-m", "immediate", "stop")],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _command(self, tool: str, *arguments: str) -> list[str]:
        command = [str(self._tools / tool), "-D", str(self.folder / "data"), *arguments]
        return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command

    def _run(self, tool: str, *arguments: str) -> None:
        output = self.folder / "out"
        # To a file, not a pipe: the server inherits the descriptor and would hold a pipe open for ever.
        with output.open("w") as sink:
            done = subprocess.run(
                self._command(tool, *arguments), cwd="/", stdout=sink, stderr=subprocess.STDOUT, timeout=60
            )
        if done.returncode:
            log = self.folder / "log"
            said = output.read_text() + (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{tool} ended with {done.returncode}:\n{said}")

    def start(self) -> None:
        """Make the server and wait until it answers; RuntimeError with what it said if it does not."""
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        with (self.folder / "data" / "postgresql.conf").open("a") as configuration:
            for name, value in {**SETTINGS, "unix_socket_directories": str(self.folder)}.items():
                configuration.write(f"{name} = '{value}'\n")
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._keeper.communicate(timeout=60)

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """A database of one's own, empty or a copy of a template; yields its name."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.create(name, template)
        try:
            yield name
        finally:
            self.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
