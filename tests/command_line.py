"""The command line inside the test's own process, and a small practice to run it on. Nobody in it exists."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from cli import app as shell
from reconcile.store import open_store, store_digest

DEMO = Path(__file__).resolve().parents[1] / "cli" / "demo_data"
COMMAND = Path(sys.executable).with_name("claimloop")
AS_OF = "2026-03-31"
_VISITS = ("V0001-", "V0002-", "V0003-", "V0004-", "V0005-", "V0006-")


class Run(NamedTuple):
    """What one command did: its exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """stdout as one JSON document."""
        return msgspec.json.decode(self.out)

    @property
    def json_lines(self):
        """stdout as JSON Lines."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


@contextlib.contextmanager
def _argv(arguments: list[str]) -> Iterator[None]:
    before, handlers = sys.argv, {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    sys.argv = ["claimloop", *arguments]
    try:
        yield
    finally:
        sys.argv = before
        for number, handler in handlers.items():
            signal.signal(number, handler)


def claimloop(*arguments: object) -> Run:
    """Run one command as the script does, from ``main`` on; a traceback or any other way out fails the test."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        _argv([str(one) for one in arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            shell.main()
        except SystemExit as left:
            code = int(left.code or 0)
    run = Run(code, out.getvalue(), err.getvalue())
    assert "Traceback" not in run.out + run.err, run
    return run


class Office:
    """A folder with claimloop.toml, payers.toml and the CSVs of a few visits, and commands that run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in (
            "claimloop.toml",
            "payers.toml",
            "patients.csv",
            "cases.csv",
            "authorizations.csv",
            "fees.csv",
        ):
            shutil.copyfile(DEMO / name, folder / name)
        rows = (DEMO / "sessions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [row for row in rows[1:] if any(visit in row for visit in _VISITS)]
        self.sessions = folder / "sessions.csv"
        self.sessions.write_text("".join([rows[0], *kept]), encoding="utf-8")
        self.store = folder / "claimloop.db"

    def __call__(self, *arguments: object) -> Run:
        """Run a command on this office's settings and store."""
        words = [str(one) for one in arguments]
        if "--config" not in words and words[0] not in ("x12", "simulate", "explain"):
            words += ["--config", str(self.folder / "claimloop.toml")]
        return claimloop(*words)

    def create(self, *more: object) -> Run:
        """Make the claims of the sessions into the folder ``out``."""
        return self("claims", "create", self.sessions, "--out", self.folder / "out", "--as-of", AS_OF, *more)

    @property
    def submitted(self) -> Path:
        """The one 837P that `create` wrote."""
        (file,) = (self.folder / "out").glob("*.837")
        return file

    def answer(self) -> Path:
        """Have the test payer answer what was sent, without trouble; the folder of its files."""
        folder = self.folder / "answers"
        run = claimloop("simulate", self.submitted, "--out", folder, "--scenario", "clean", "--as-of", AS_OF)
        assert run.code == 0, run
        return folder

    def digest(self) -> str:
        """The digest of the books, without what is known of files; "" without a store."""
        if not self.store.exists():
            return ""
        store = open_store(f"sqlite:///{self.store}", read_only=True)
        try:
            with store.read() as connection:
                return store_digest(connection)
        finally:
            store.close()

    def outcomes(self) -> dict[str, str]:
        """The outcome of every file the store knows, by name."""
        store = open_store(f"sqlite:///{self.store}", read_only=True)
        try:
            with store.read() as connection:
                return dict(map(tuple, connection.exec_driver_sql("SELECT name, outcome FROM file")))
        finally:
            store.close()


STORE = "claimloop.db"
"""Every look changes the file: it leaves its entries in the audit. `Office.digest` tells when the books change."""


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below a folder, files with size and time of change; SQLite's two side files left out."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if not name.endswith(("-wal", "-shm", ".audit-head")):
                path = Path(root) / name
                about = path.lstat()
                is_file = name in files and name != STORE
                found[str(path.relative_to(folder))] = (
                    (about.st_size, about.st_mtime_ns) if is_file else (0, 0)
                )
    return found
